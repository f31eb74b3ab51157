"""One load: every source read by its format, imports followed, then one graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from kgml import artifacts
from kgml.config import GraphConfig
from kgml.errors import OntologyError, UsageError, one_of
from kgml.kg.assemble import assemble
from kgml.kg.collected import Collected
from kgml.kg.findings import imports
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.parse import formats, safety
from kgml.kg.parse.namespaces import Declare, ignore
from kgml.kg.parse.obo import OboFile
from kgml.kg.parse.packing import plain
from kgml.kg.parse.rdf import FORMATS, SMALL, Triples, ntriples
from kgml.kg.projection import PROJECTIONS, project
from kgml.kg.sources.find import Source, find
from kgml.kg.words import read_words
from kgml.progress import warn

MERGES = ("iri", "matches", "xrefs")
_ADAPTERS = {formats.OWLFUNCTIONAL: "owlapi", formats.OWLXML: "owlapi",
             formats.OBOGRAPHS: "obographs", formats.EDGELIST: "edgelists",
             formats.PARQUET: "edgelists"}  # fmt: skip


class Reading:
    """`read` each source, `follow_imports`, then ask for the `graph`.

    Raises:
        UsageError: an option's value is not known.
    """

    def __init__(self, config: GraphConfig) -> None:
        if config.projection not in PROJECTIONS:
            hint = one_of(PROJECTIONS, config.projection)
            raise UsageError(f"no projection named '{config.projection}'; {hint}")
        if config.merge not in MERGES:
            raise UsageError(
                f"no way to merge named '{config.merge}'; {one_of(MERGES, config.merge)}"
            )
        self.config = config
        self.projection = PROJECTIONS[config.projection]
        self.collected = Collected(config.language, config.max_literal)
        self._xrefs = config.merge == "xrefs"
        self._triples = Triples(self.collected)
        self._paths: list[Path] = []
        self._kinds: list[str] = []
        self._blocks_read: list[bytes] = []
        """Kept for inference alone."""
        self.unresolved: list[tuple[str, str, str]] = []
        """(IRI, importer, why) of imports that could not be read."""
        self.inferred = 0
        self._hashes: dict[str, str] = {}
        self._names: Counter[str] = Counter()

    def read(self, source: Source) -> None:
        """Take in one file.

        Raises:
            OntologyError: malformed, truncated, unsafe or too large.
        """
        file = len(self.collected.files)
        self._name(source)
        with plain(source, self.config) as path:
            self._read(replace(source, path=path, name=source.plain_name), file)

    def _read(self, source: Source, file: int) -> None:
        limit = self.config.max_triples - self.collected.statements
        inferring = self.config.reason != "none"
        small = source.kind in FORMATS and source.path.stat().st_size < SMALL and not inferring
        if not small:
            self._triples.release()  # outside `worded`, which would name the wrong file
        with worded(source):
            if source.kind == formats.OBO:
                OboFile(source.path, source.name, self.collected, limit, self.projection,
                        file=file, xrefs=self._xrefs).read(source.skip)  # fmt: skip
                return
            apart = inferring or small  # two files may both have a _:b1
            declare = self.collected.namespaces.add
            blocks = statements(source, self.config, rename_blank_nodes=apart, declare=declare)
            if inferring:
                blocks = self._kept(blocks)
            take = self._triples.hold if small else self._triples.read
            self.collected.statements += take(blocks, file, limit)

    def _kept(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._blocks_read.append(block)
            yield block

    def _name(self, source: Source) -> None:
        """Enter a file: the second one of one name is called ``name (2)``."""
        self._names[source.name] += 1
        times = self._names[source.name]
        name = source.name + (f" ({times})" if times > 1 else "")
        self.collected.files.append(name)
        self._paths.append(source.path)
        self._kinds.append(source.kind)
        self._hashes[name] = artifacts.sha256(source.path)

    def follow_imports(self, given: Sequence[Path]) -> None:
        """Read what the files so far import, and what that imports.

        Args:
            given: the files and folders the user named.
        """
        self._triples.release()
        if not self.config.imports or not self.collected.imports:
            return
        from kgml.kg.sources.imports import Imports

        known = Imports(self.config, [*given, *self._paths])
        told = done = 0
        asked: set[tuple[str, Path]] = set()
        while done < len(self.collected.imports):
            for iri, file in self.collected.names[told:]:
                known.loaded_ontology(iri, "", self._paths[file])
            told = len(self.collected.names)
            iri, file = self.collected.imports[done]
            done += 1
            importer = self._paths[file]
            if (iri, importer.parent) in asked:
                continue
            asked.add((iri, importer.parent))
            path = known.resolve(iri, importer)
            if path is not None:
                for source in find([path], self.config.max_bytes)[0]:
                    self.read(source)
                self._triples.release()  # what it imports is asked next
        self.unresolved = known.unresolved

    def infer(self) -> None:
        """Add what follows from the RDF files read so far."""
        if self.config.reason == "none":
            return
        from kgml.kg.axioms.reason import infer

        limit = self.config.max_triples - self.collected.statements
        blocks = list(infer(self._blocks_read, self.config.reason, limit))
        self._blocks_read.clear()
        self.collected.files.append(f"inferred ({self.config.reason})")
        file = len(self.collected.files) - 1
        self.inferred = self._triples.read(blocks, file, limit)
        skipped = sum(kind == formats.OBO for kind in self._kinds)
        if skipped:
            warn(f"nothing is inferred from {skipped:,} OBO file{'s' * (skipped != 1)}: "
                 "inference reads RDF. Convert them, for instance with 'robot convert'.")  # fmt: skip

    def graph(self, skipped: int) -> KnowledgeGraph:
        """The graph of all that was read."""
        self.infer()
        self._triples.finish()
        project(self._triples, self.collected, self.projection)
        read_words(self._triples, self.collected, xrefs=self._xrefs)
        graph = assemble(
            self.collected, skipped, self._hashes, merge=self.config.merge,
            obsolete=self.config.obsolete, everything=self.projection.name == "rdf",
        )  # fmt: skip
        graph.report |= {"inferred": self.inferred, "unresolved_imports": len(self.unresolved)}
        graph.findings["unresolved_imports"] = imports(self.unresolved)
        return graph


def statements(
    source: Source, config: GraphConfig, *, rename_blank_nodes: bool = False,
    declare: Declare = ignore,
) -> Iterator[bytes]:  # fmt: skip
    """What a plain file of any format but OBO says, as blocks of N-Triples.

    ``declare`` is told the prefixes of the file when all of it is read.

    Raises:
        OntologyError: nested too deep, truncated or unsafe; other errors as `worded` words them.
    """
    if source.kind not in FORMATS:
        return _adapter(source.kind)(source.path, source.name, config, declare)
    safety.check(source.path, source.kind, config)
    return ntriples(
        source.path, source.name, source.kind, skip=source.skip,
        rename_blank_nodes=rename_blank_nodes, declare=declare,
    )  # fmt: skip


@contextmanager
def worded(source: Source) -> Iterator[None]:
    """What goes wrong while a plain file is read becomes an `OntologyError` that names it."""
    path = source.path
    try:
        yield
    except SyntaxError as error:
        raise safety.explain(path, source.kind, error) from None
    except UnicodeDecodeError:
        raise safety.not_utf8(path, safety.invalid_utf8(path) or 0) from None
    except OSError as error:
        raise OntologyError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except OntologyError as error:
        named = str(error).startswith(str(path))
        raise error if named else OntologyError(f"{path}: {error}") from None


def _adapter(kind: str) -> Callable[[Path, str, GraphConfig, Declare], Iterator[bytes]]:
    """What turns a format that is no RDF syntax into N-Triples."""
    found: Callable[[Path, str, GraphConfig, Declare], Iterator[bytes]] = import_module(
        f"kgml.kg.parse.{_ADAPTERS[kind]}"
    ).ntriples
    return found

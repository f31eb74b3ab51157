"""One load: every source read by its format, imports followed, then one graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from kgml import artifacts
from kgml.config import GraphConfig
from kgml.errors import OntologyError, UsageError, one_of
from kgml.kg import formats, safety
from kgml.kg.assemble import assemble
from kgml.kg.collected import Collected
from kgml.kg.find import Source
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.obo import OboFile
from kgml.kg.projection import PROJECTIONS, project
from kgml.kg.rdf import FORMATS, Triples, ntriples
from kgml.kg.words import read_words

MERGES = ("iri", "matches", "xrefs")


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
        self._triples = Triples(self.collected, xrefs=self._xrefs)
        self._hashes: dict[str, str] = {}
        self._names: Counter[str] = Counter()

    def read(self, source: Source) -> None:
        """Take in one file.

        Raises:
            OntologyError: malformed, truncated, unsafe or too large.
        """
        path, file = source.path, len(self.collected.files)
        self._name(source)
        limit = self.config.max_triples - self.collected.statements
        try:
            if source.kind == formats.OBO:
                OboFile(path, source.name, self.collected, limit, self.projection, file=file,
                        xrefs=self._xrefs).read(source.skip)  # fmt: skip
                return
            read = self._triples.read(self._blocks(source), file, limit)
            self.collected.statements += read
        except SyntaxError as error:
            raise safety.explain(path, source.kind, error) from None
        except UnicodeDecodeError:
            raise safety.not_utf8(path, safety.invalid_utf8(path) or 0) from None
        except OSError as error:
            raise OntologyError(f"{path}: cannot be read ({error.strerror or error}).") from None
        except OntologyError as error:
            named = str(error).startswith(str(path))
            raise error if named else OntologyError(f"{path}: {error}") from None

    def _blocks(self, source: Source) -> Iterator[bytes]:
        if source.kind in FORMATS:
            if source.kind == formats.RDFXML:
                safety.check_xml(source.path)
            return ntriples(source.path, source.name, source.kind, skip=source.skip)
        return _adapter(source.kind)(source.path, source.name, self.config)

    def _name(self, source: Source) -> None:
        """Enter a file: the second one of one name is called ``name (2)``."""
        self._names[source.name] += 1
        times = self._names[source.name]
        name = source.name + (f" ({times})" if times > 1 else "")
        self.collected.files.append(name)
        self._hashes[name] = artifacts.sha256(source.path)

    def follow_imports(self) -> None:
        """Read what the files so far import, and what that imports."""

    def graph(self, skipped: int) -> KnowledgeGraph:
        """The graph of all that was read."""
        self._triples.finish()
        project(self._triples, self.collected, self.projection)
        read_words(self._triples, self.collected)
        return assemble(
            self.collected, skipped, self._hashes, merge=self.config.merge,
            obsolete=self.config.obsolete, everything=self.projection.name == "rdf",
        )  # fmt: skip


def _adapter(kind: str) -> Callable[[Path, str, GraphConfig], Iterator[bytes]]:
    """What turns a format that is no RDF syntax into N-Triples."""
    raise NotImplementedError(kind)

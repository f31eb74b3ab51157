"""Ontologies against SHACL shapes: what a file must say of each thing, checked by pySHACL.

Nothing is fetched or run: data and shapes are unpacked, checked and read as for a graph, imports
and SHACL-JS are not followed, rules and functions (SHACL Advanced Features) are off, and a SPARQL
constraint sees only the data: ``SERVICE`` and ``FROM`` are refused here, ``MINUS`` and ``VALUES``
by SHACL itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgml.config import GraphConfig
from kgml.errors import MissingExtraError, OntologyError, UsageError, one_of
from kgml.progress import track, warn

if TYPE_CHECKING:
    import rdflib

    from kgml.kg.sources.find import Source

SH = "http://www.w3.org/ns/shacl#"
OWL_IMPORTS = "http://www.w3.org/2002/07/owl#imports"
SEVERITIES = ("Violation", "Warning", "Info")
NOT_RUN = ("js", "jsLibrary", "rule", "target", "entailment")
"""Parts of a shapes file that are passed over, with a warning."""


@dataclass(frozen=True)
class Report:
    """What a validation found."""

    conforms: bool
    """No result of any severity, as SHACL defines it."""
    results: list[dict[str, str]]
    """``focus, path, value, severity, message, constraint, shape, source`` (the file) of each;
    empty texts where SHACL gives none. Worst first, then by focus."""
    triples: int
    """Of the data, what was inferred included."""
    files: int


def validate_files(
    data: Sequence[str | Path] | str | Path, shapes: str | Path, *,
    config: GraphConfig, inference: str = "none",
) -> Report:  # fmt: skip
    """Check the files in ``data``, taken together, against the shapes in ``shapes``.

    Args:
        data: files, folders, globs, names of shipped ontologies, or saved graphs; an OBO file is
            checked as the graph that kgml makes of it.
        shapes: a file or folder; ``kgml`` names the shapes that kgml's own ontologies keep to.
        config: limits, of the data and of the shapes.
        inference: none, or a level of `kgml.kg.axioms.reason.infer`, before the check.

    Raises:
        MissingExtraError: pySHACL is not installed.
        UsageError: no such level of inference.
        OntologyError: a file cannot be read, is truncated, unsafe or too large, or ``shapes``
            holds no usable shape.
    """
    from kgml.kg.axioms.owl2rl import ill_typed_in_silence
    from kgml.kg.axioms.reason import LEVELS

    if inference not in ("none", *LEVELS):
        hint = one_of(["none", *LEVELS], inference)
        raise UsageError(f"no level of inference named '{inference}'; {hint}")
    run = _pyshacl()
    with ill_typed_in_silence():
        return _validate(run, data, shapes, config, inference)


def _validate(
    run: Any, data: Any, shapes: str | Path, config: GraphConfig, inference: str
) -> Report:
    from kgml.kg.sources.find import find

    shapes_graph = _Filled(config)
    for source in find([_shapes_file(shapes)], config.max_bytes)[0]:
        shapes_graph.read(source)
    _check_shapes(str(shapes), shapes_graph.graph)
    filled = _Filled(config)
    for source in track(list(_sources(data, config)), "Reading data"):
        filled.read(source)
    if inference != "none":
        filled.infer(inference)
    found = _results(run, str(shapes), filled, shapes_graph.graph)
    return Report(not found, found, len(filled.graph), filled.files)


def _shapes_file(shapes: str | Path) -> Path:
    """``kgml`` names the shapes we ship, unless there is a file of that name."""
    from kgml.resources import folder

    path = Path(shapes)
    return folder() / "shapes" / "kgml.ttl" if str(shapes) == "kgml" and not path.exists() else path


def _pyshacl() -> Any:
    try:
        import pyshacl
    except ImportError:
        raise MissingExtraError("shacl", "validation with SHACL shapes") from None
    return pyshacl.validate


def _sources(data: Sequence[str | Path] | str | Path, config: GraphConfig) -> Iterator[Any]:
    """Sources of files, and paths of saved graphs."""
    from kgml.artifacts import MANIFEST
    from kgml.kg.sources.find import find

    given = [data] if isinstance(data, str | Path) else list(data)
    saved = [path for path in given if (Path(path) / MANIFEST).is_file()]
    yield from (Path(path) for path in saved)
    others = [path for path in given if path not in saved]
    if others or not saved:
        yield from find(others, config.max_bytes)[0]


class _Filled:
    """An rdflib graph filled from files, and which file named each subject first."""

    def __init__(self, config: GraphConfig) -> None:
        self.graph = local_graph()
        self.origin: dict[Any, str] = {}
        self.files = 0
        self._config = config
        self._blocks: list[bytes] = []

    def read(self, source: Source | Path) -> None:
        """Add a file, or a graph that kgml saved."""
        from kgml.kg.graph import KnowledgeGraph
        from kgml.kg.load import load_graph
        from kgml.kg.parse.packing import plain
        from kgml.kg.parse.rdf import FORMATS

        self.files += 1
        if isinstance(source, Path):
            self._add(KnowledgeGraph.load(source).to_rdflib(), source.name)
        elif source.kind not in FORMATS:
            alone = replace(self._config, imports=False)
            self._add(load_graph(source.path, alone).to_rdflib(), source.name)
        else:
            with plain(source, self._config) as path:
                unpacked = replace(source, path=path, name=source.plain_name)
                self._add(self._parsed(unpacked), source.name)

    def infer(self, level: str) -> None:
        """Add what follows; blank nodes keep their labels."""
        from kgml.kg.axioms.reason import infer

        stated = self.graph.serialize(format="nt", encoding="utf-8")
        for block in infer([_canonical(stated)], level, self._config.max_triples):
            self._add(_triples([block], ""), "inferred")

    def _add(self, triples: Any, name: str) -> None:
        graph, origin = self.graph, self.origin
        for triple in triples:
            graph.add(triple)
            origin.setdefault(triple[0], name)
            if len(graph) > self._config.max_triples:
                raise OntologyError(
                    f"{name}: more than {self._config.max_triples:,} triples. "
                    "Raise max_triples in [graph] of kgml.toml, or validate fewer files."
                )

    def _parsed(self, source: Source) -> Iterator[Any]:
        from kgml.kg.reading import statements, worded

        with worded(source):
            yield from _triples(statements(source, self._config), f"f{self.files}")


def _canonical(text: bytes) -> bytes:
    import pyoxigraph as ox

    parsed = ox.parse(text, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return ox.serialize(parsed, format=ox.RdfFormat.N_TRIPLES) or b""


def _triples(blocks: Any, scope: str) -> Iterator[Any]:
    """rdflib's triples of N-Triples blocks; ``scope`` keeps the blank nodes of files apart."""
    import pyoxigraph as ox
    import rdflib

    from kgml.kg.axioms.owl2rl import to_rdflib

    known: dict[Any, Any] = {}
    for block in blocks:
        for quad in ox.parse(block, format=ox.RdfFormat.N_TRIPLES, lenient=True):
            for term in quad.triple:
                if term not in known:
                    blank = type(term) is ox.BlankNode
                    known[term] = rdflib.BNode(scope + term.value) if blank else to_rdflib(term)
            triple = tuple(known[term] for term in quad.triple)
            if None not in triple:
                yield triple


def local_graph() -> rdflib.Graph:
    """A graph whose queries never leave it: the one place every SPARQL constraint passes."""
    import rdflib
    from rdflib.plugins.sparql.algebra import translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    class LocalGraph(rdflib.Graph):
        """An rdflib graph that refuses SERVICE and FROM."""

        _prepared: dict[tuple[str, str], Any]

        def query(self, query_object: Any, *args: Any, **more: Any) -> Any:
            """As rdflib's, each query parsed once."""
            prepared = self.__dict__.setdefault("_prepared", {})
            if query_object not in prepared:
                parsed = translateQuery(parseQuery(query_object), None, dict(self.namespaces()))
                if parsed.algebra.datasetClause:
                    raise OntologyError(_outside("FROM", query_object))
                if "ServiceGraphPattern" in _names(parsed.algebra):
                    raise OntologyError(_outside("SERVICE", query_object))
                prepared[query_object] = parsed
            return super().query(prepared[query_object], *args, **more)

    return LocalGraph(bind_namespaces="core")


def _outside(word: str, query: str) -> str:
    return (
        f"a SPARQL constraint uses {word}, which reads from elsewhere and is not run: "
        f"'{' '.join(query.split())[:80]}'. Take it out of the shapes file."
    )


def _names(part: Any) -> set[str]:
    """Names of all the parts of a query's algebra."""
    from rdflib.plugins.sparql.parserutils import CompValue

    found: set[str] = set()
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if isinstance(part, CompValue):
            found.add(str(part.name))
            waiting += part.values()
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple | set):
            waiting += part
    return found


def _check_shapes(name: str, graph: rdflib.Graph) -> None:
    import rdflib

    kinds = [rdflib.URIRef(SH + kind) for kind in ("NodeShape", "PropertyShape")]
    if not any((None, rdflib.RDF.type, kind) in graph for kind in kinds) and not any(
        (None, rdflib.URIRef(SH + p), None) in graph
        for p in ("property", "targetClass", "targetNode")
    ):
        raise OntologyError(
            f"{name}: no SHACL shape found; wanted at least one sh:NodeShape. Check that it is the "
            "shapes file you mean."
        )
    passed = {p: sum(1 for _ in graph.triples((None, rdflib.URIRef(SH + p), None)))
              for p in NOT_RUN}  # fmt: skip
    passed["owl:imports"] = sum(1 for _ in graph.triples((None, rdflib.URIRef(OWL_IMPORTS), None)))
    listed = ", ".join(f"{n} {p if ':' in p else 'sh:' + p}" for p, n in passed.items() if n)
    if listed:
        warn(f"{name}: not followed or run: {listed}")


def _results(run: Any, name: str, filled: _Filled, shapes: rdflib.Graph) -> list[dict[str, str]]:
    from pyparsing import ParseException
    from pyshacl.errors import ReportableRuntimeError

    try:
        _, report, text = run(
            filled.graph, shacl_graph=shapes, inference="none", inplace=True, advanced=False,
            js=False, meta_shacl=False, do_owl_imports=False,
        )  # fmt: skip
    except (ReportableRuntimeError, ParseException, NotImplementedError, re.error) as error:
        raise OntologyError(_unusable(name, str(error))) from None
    except RecursionError:
        raise OntologyError(_unusable(name, "its shapes nest too deep")) from None
    except Exception as error:
        if type(error) is not Exception:  # as rdflib raises for a prefix it does not know
            raise
        raise OntologyError(_unusable(name, str(error))) from None
    if isinstance(report, Exception):
        raise OntologyError(_unusable(name, text))
    return _rows(report, shapes, filled.origin)


def _unusable(name: str, found: str) -> str:
    first = " ".join(found.split())[:300].rstrip(".")
    return f"{name}: not a usable shapes file ({first}). Correct the shape."


def _rows(report: Any, shapes: rdflib.Graph, origin: dict[Any, str]) -> list[dict[str, str]]:
    import rdflib

    def one(node: Any, name: str) -> Any:
        return min(report.objects(node, rdflib.URIRef(SH + name)), default=None)

    rows = []
    for node in report.objects(None, rdflib.URIRef(SH + "result")):
        focus, shape = one(node, "focusNode"), one(node, "sourceShape")
        rows.append({
            "focus": _text(focus),
            "path": _text(one(node, "resultPath")),
            "value": _text(one(node, "value")),
            "severity": _end(one(node, "resultSeverity")),
            "message": _text(one(node, "resultMessage")),
            "constraint": _end(one(node, "sourceConstraintComponent")),
            "shape": _text(_named(shape, shapes)),
            "source": origin.get(focus, ""),
        })  # fmt: skip
    rank = {severity: i for i, severity in enumerate(SEVERITIES)}
    return sorted(rows, key=lambda r: (rank.get(r["severity"], 0), *r.values()))


def _text(node: Any) -> str:
    """IRIs and texts as they are; a blank node has no name that means anything to a reader."""
    import rdflib

    if node is None:
        return ""
    return "[]" if isinstance(node, rdflib.BNode) else str(node)


def _end(node: Any) -> str:
    return re.split(r"[#/]", _text(node))[-1].removesuffix("ConstraintComponent")


def _named(shape: Any, shapes: rdflib.Graph) -> Any:
    """The nearest shape with a name: a property shape is mostly a blank node within one."""
    import rdflib

    seen = set()
    while isinstance(shape, rdflib.BNode) and shape not in seen:
        seen.add(shape)
        shape = min(shapes.subjects(None, shape), key=str, default=shape)
    return shape

"""The W3C test suites for RDF formats: what rdflib, pyoxigraph and kgml read and refuse rightly.

    pip download rdflib --no-binary rdflib --no-deps && tar xzf rdflib-*.tar.gz
    python benchmarks/w3c.py --suites rdflib-*/test [--failures kgml] [--json]

The source distribution of rdflib brings the suites (``test/data/suites/w3c``, and the JSON-LD 1.1
suite in ``test/jsonld/1.1``); any other folder with their manifests will do. Nothing is
downloaded, and while the tests run no connection can be made.

A positive test passes when the file is read, a negative one when it is refused, an evaluation when
the result is the expected graph, blank nodes renamed (RDFC-1.0). kgml leaves out the names of
graphs, so there they are left out of what is expected, too. rdflib keeps the spelling of literals
here, which it changes by default. JSON-LD tests that ask for another version, generalised RDF or an
option no parser here has are skipped and counted.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kgml.errors import KGMLError

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
RDFT = "http://www.w3.org/ns/rdftest#Test"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FORMATS = {
    # name in the manifests: ours, pyoxigraph's, rdflib's, base of the suite
    "Turtle": ("Turtle", ox.RdfFormat.TURTLE, "turtle", "http://www.w3.org/2013/TurtleTests/"),
    "Trig": ("TriG", ox.RdfFormat.TRIG, "trig", "http://www.w3.org/2013/TriGTests/"),
    "NTriples": ("N-Triples", ox.RdfFormat.N_TRIPLES, "nt", "http://www.w3.org/2013/NTriplesTests/"),
    "NQuads": ("N-Quads", ox.RdfFormat.N_QUADS, "nquads", "http://www.w3.org/2013/NQuadsTests/"),
    "XML": ("RDF/XML", ox.RdfFormat.RDF_XML, "xml", "http://www.w3.org/2013/RDFXMLTests/"),
    "JSONLD": ("JSON-LD", ox.RdfFormat.JSON_LD, "json-ld", ""),
}  # fmt: skip
EXPECTED = {".nt": ox.RdfFormat.N_TRIPLES, ".nq": ox.RdfFormat.N_QUADS, ".ttl": ox.RdfFormat.TURTLE}
KINDS = ("positive", "negative", "eval")
OPTIONS = {"base", "useJCS", "specVersion", "normative"}
REFUSALS = (SyntaxError, ValueError, OSError, KGMLError)
"""What a refusal may be; from kgml anything else is a fault and stops the benchmark."""


@dataclass(frozen=True)
class Case:
    """One test: ``kind`` is positive, negative or eval; ``expected`` is a file for eval."""

    name: str
    format: str
    kind: str
    action: Path
    base: str
    expected: Path | None


def cases(folder: Path, skipped: Counter[str]) -> Iterator[Case]:
    """All tests of the manifests below ``folder``, the non-normative ones left out."""
    for manifest in sorted(folder.rglob("manifest*.ttl")):
        if "non-normative" not in str(manifest):
            yield from turtle_cases(manifest)
    for manifest in sorted(folder.rglob("toRdf-manifest.jsonld")):
        yield from jsonld_cases(manifest, skipped)


def turtle_cases(manifest: Path) -> Iterator[Case]:
    """The tests of a manifest in Turtle; none if it is of another kind of suite."""
    root = manifest.parent.resolve().as_uri() + "/"
    facts: dict[Any, dict[str, Any]] = {}
    with suppress(SyntaxError):  # a manifest that is itself a test
        for s, p, o, _ in ox.parse(path=str(manifest), format=ox.RdfFormat.TURTLE, base_iri=root):
            facts.setdefault(s, {})[p.value] = o
    for test, fact in facts.items():
        kind = getattr(fact.get(RDF + "type"), "value", "").removeprefix(RDFT)
        name = next((f for f in FORMATS if kind.startswith(f)), None)
        if name is None or MF + "action" not in fact:
            continue
        action = fact[MF + "action"].value.removeprefix(root)
        result = fact.get(MF + "result")
        kind = kind.removeprefix(name)
        yield Case(
            test.value.rpartition("#")[2], FORMATS[name][0],
            "negative" if "Negative" in kind else "eval" if kind == "Eval" else "positive",
            manifest.parent / action, FORMATS[name][3] + action,
            manifest.parent / result.value.removeprefix(root) if result is not None else None,
        )  # fmt: skip


def jsonld_cases(manifest: Path, skipped: Counter[str]) -> Iterator[Case]:
    """The tests of the manifest of JSON-LD 1.1 to RDF."""
    table = json.loads(manifest.read_text(encoding="utf-8"))
    if "json-ld-api" not in table["baseIri"]:
        return  # the suite of JSON-LD 1.0, whose tests are among those of 1.1
    for test in table["sequence"]:
        option = test.get("option", {})
        if set(option) - OPTIONS or option.get("specVersion") == "json-ld-1.0":
            skipped["JSON-LD"] += 1
            continue
        kind = "".join(test["@type"])
        yield Case(
            test["@id"].lstrip("#"), "JSON-LD",
            "negative" if "Negative" in kind else "eval" if "Evaluation" in kind else "positive",
            manifest.parent / test["input"], option.get("base", table["baseIri"] + test["input"]),
            manifest.parent / test["expect"] if "expect" in test else None,
        )  # fmt: skip


# The parsers: a case to its quads, or a refusal

Quads = Iterable[Any]


def by_pyoxigraph(case: Case, lenient: bool = False) -> Quads:
    """pyoxigraph as it is."""
    kind = next(f[1] for f in FORMATS.values() if f[0] == case.format)
    return ox.parse(path=str(case.action), format=kind, base_iri=case.base, lenient=lenient)


def by_kgml(case: Case) -> Quads:
    """What kgml makes of a file before anything becomes a graph."""
    from kgml.kg.parse import formats, rdf, safety

    if case.format == formats.RDFXML:
        safety.check_xml(case.action)
    for block in rdf.ntriples(case.action, case.action.name, case.format, base=case.base):
        yield from ox.parse(block, format=ox.RdfFormat.N_TRIPLES, lenient=True)


def by_rdflib(case: Case) -> Quads:
    """rdflib's parsers into its own store."""
    import rdflib

    kind = next(f[2] for f in FORMATS.values() if f[0] == case.format)
    if kind in ("trig", "nquads", "json-ld"):
        graph = rdflib.Dataset()
        graph.parse(case.action, format=kind, publicID=case.base)
        default = graph.default_graph.identifier
        for s, p, o, g in graph.quads():
            named = [] if g is None or g == default else [from_rdflib(g)]
            yield ox.Quad(*map(from_rdflib, (s, p, o)), *named)
        return
    for triple in rdflib.Graph().parse(case.action, format=kind, publicID=case.base):
        yield ox.Quad(*map(from_rdflib, triple))


def from_rdflib(term: Any) -> Any:
    """A term of rdflib as one of pyoxigraph."""
    import rdflib

    if isinstance(term, rdflib.URIRef):
        line = f"<{term}> <{term}> <{term}> ."  # read leniently: some tests have odd code points
        return next(ox.parse(line, format=ox.RdfFormat.N_TRIPLES, lenient=True)).subject
    if isinstance(term, rdflib.BNode):
        return ox.BlankNode("b" + str(term).encode().hex())
    if term.language:
        return ox.Literal(str(term), language=term.language)
    return ox.Literal(
        str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None
    )


PARSERS: dict[str, Callable[[Case], Quads]] = {
    "rdflib": by_rdflib,
    "pyoxigraph": by_pyoxigraph,
    "pyoxigraph lenient": lambda case: by_pyoxigraph(case, lenient=True),
    "kgml": by_kgml,
}


def passes(case: Case, parser: str) -> bool:
    """Whether ``parser`` does what the test asks for."""
    quads = None
    with suppress(Exception if parser == "rdflib" else REFUSALS):
        quads = list(PARSERS[parser](case))
    if case.kind == "negative" or quads is None:
        return (quads is None) == (case.kind == "negative")
    if case.expected is None:
        return True
    kind = EXPECTED[case.expected.suffix]
    # lenient: an expected file of TriG has a code point that no IRI may
    wanted = list(ox.parse(path=str(case.expected), format=kind, lenient=True))
    if parser == "kgml":
        wanted = [ox.Quad(q.subject, q.predicate, q.object) for q in wanted]
    return canonical(quads) == canonical(wanted)


def canonical(quads: Quads) -> ox.Dataset:
    """The same quads with canonical blank nodes."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def no_network() -> None:
    """From here on no connection can be made."""

    def refuse(*_: Any) -> None:
        raise OSError("no network while testing")

    socket.socket.connect = refuse  # type: ignore[method-assign]


def main() -> None:
    """Run all tests and print a table of passes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--suites", type=Path, required=True, metavar="DIR")
    parser.add_argument("--failures", choices=PARSERS, action="append", default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import rdflib

    rdflib.NORMALIZE_LITERALS = False
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    no_network()
    skipped: Counter[str] = Counter()
    found = list(cases(options.suites, skipped))
    if not found:
        sys.exit(f"{options.suites}: no manifest of a W3C suite found below this folder")
    total = Counter((case.format, case.kind) for case in found)
    passed: Counter[tuple[str, str, str]] = Counter()
    failed: dict[str, list[str]] = {name: [] for name in PARSERS}
    for case in found:
        for name in PARSERS:
            if passes(case, name):
                passed[name, case.format, case.kind] += 1
            else:
                failed[name].append(f"{case.format} {case.kind} {case.name}")
    if options.json:
        print(json.dumps({
            "tests": {f"{f} {k}": n for (f, k), n in total.items()},
            "passed": {name: {f"{f} {k}": passed[name, f, k] for f, k in total} for name in PARSERS},
            "failed": failed, "skipped": dict(skipped),
        }, indent=2))  # fmt: skip
        return
    print(f"{'':22}{'tests':>6}" + "".join(f"{name:>20}" for name in PARSERS))
    for (kind, what), count in total.items():
        row = "".join(f"{passed[name, kind, what]:>20}" for name in PARSERS)
        print(f"{kind + ' ' + what:22}{count:>6}{row}")
    row = "".join(f"{sum(n for k, n in passed.items() if k[0] == name):>20}" for name in PARSERS)
    print(f"{'all':22}{len(found):>6}{row}")
    for kind, count in skipped.items():
        print(f"skipped: {count} of {kind}")
    for name in options.failures:
        print(f"\nnot passed by {name}:", *failed[name], sep="\n  ")


if __name__ == "__main__":
    main()

"""Broken ontology files by the thousand: nothing but a graph or a refusal may come of them.

    python benchmarks/fuzz.py [FORMAT ...] [--cpu-minutes 10] [--corpus ../shared/data/ontologies]

Per format: real files of the corpus are cut into small documents, some written anew in that
format, and each input is one of them with bytes flipped, cut, doubled, swapped, spliced with
another, or with tokens of the format thrown in. `load_graph` reads it in a worker whose memory is
limited. A `KGMLError` is the wanted answer to nonsense; any other exception, a dead worker, and
more than `SLOW` CPU seconds for one input count as crashes, and the input is kept in ``--keep``.
Every second input is read in the blocks that large files are read in. May be stopped and continued
by signal: only processor time counts.
Prints, per format: inputs, graphs, refusals, crashes, slowest input, CPU seconds.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import lzma
import multiprocessing
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SLOW = 10.0
KILLED = 60.0
"""CPU seconds on one input after which a worker is killed."""
MEMORY = 4 << 30
PIECE = 6_000
"""Bytes of a corpus document, about."""

TOKENS: dict[str, list[bytes]] = {
    "ttl": [b"@prefix", b"[", b"]", b"(", b")", b'"""', b"<", b">", b"^^", b"@en", b"a ", b";", b".",
            b"\\u0041", b"\\uD800", b"<<", b">>", b"{|", b"_:b", b"#"],
    "rdf": [b"<!DOCTYPE a [", b"<!ENTITY a 'b'>", b"&a;", b"]]>", b"<![CDATA[", b"rdf:nodeID=", b"/>",
            b"rdf:parseType='Collection'", b"</", b"xml:lang=''", b"&#0;", b"&#x110000;", b"<!--"],
    "json": [b"{", b"}", b"[", b"]", b'"@context"', b'"@id"', b'"@graph"', b'"@list"', b"null", b"1e999",
             b'"\\ud800"', b'"nodes"', b'"edges"', b":", b","],
    "obo": [b"[Term]\n", b"[Typedef]\n", b"id: ", b"is_a: ", b'def: "', b"{a=", b"}", b"!", b"\\",
            b"relationship: ", b"xref: ", b"[", b"alt_id: ", b"replaced_by: "],
    "ofn": [b"Prefix(", b"Ontology(", b"SubClassOf(", b"(", b")", b"ObjectSomeValuesFrom(", b'"', b"<", b":="],
    "csv": [b",", b"\t", b'"', b"\n", b"head,relation,tail\n", b"\0", b"HP:0000001"],
}  # fmt: skip
GENERAL = [
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\xc3",
    b"\xed\xa0\x80",
    b" " * 50,
    b"9" * 400,
]
FORMATS: dict[str, tuple[str, str]] = {
    "turtle": ("ttl", "ttl"), "trig": ("trig", "ttl"), "ntriples": ("nt", "ttl"),
    "nquads": ("nq", "ttl"), "rdfxml": ("rdf", "rdf"), "jsonld": ("jsonld", "json"),
    "obo": ("obo", "obo"), "obographs": ("json", "json"), "functional": ("ofn", "ofn"),
    "owlxml": ("owx", "rdf"), "csv": ("csv", "csv"), "parquet": ("parquet", "csv"),
    "gzip": ("ttl.gz", "ttl"), "bzip2": ("ttl.bz2", "ttl"), "xz": ("ttl.xz", "ttl"),
    "zstd": ("ttl.zst", "ttl"),
}  # fmt: skip
"""Format to file ending and to the tokens thrown in."""


# The corpus


def corpus(folder: Path, kind: str, rng: random.Random) -> list[bytes]:
    """Small documents of one format, from real ones."""
    if kind == "obo":
        return list(_obo_pieces(folder, rng))
    if kind == "rdfxml":
        files = sorted((folder / "fibo").rglob("*.rdf"), key=lambda path: path.stat().st_size)[:60]
        return [path.read_bytes() for path in files] + [_written(folder, "rdf", rng)]
    return [WRITERS[kind](folder, rng) for _ in range(20)]


def _obo_pieces(folder: Path, rng: random.Random) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*.obo")):
        header, *stanzas = path.read_bytes().split(b"\n\n")
        for _ in range(10):
            start = rng.randrange(len(stanzas))
            yield b"\n\n".join([header, *stanzas[start : start + 12]]) + b"\n"


def _triples(folder: Path, rng: random.Random) -> list[Any]:
    """Some triples of FIBO and of our own ontologies, whole subjects."""
    import pyoxigraph as ox

    files = [
        *sorted((folder / "fibo").rglob("*.rdf")),
        *sorted((ROOT / "ontologies").glob("*.ttl")),
    ]
    path = rng.choice(files)
    kind = ox.RdfFormat.TURTLE if path.suffix == ".ttl" else ox.RdfFormat.RDF_XML
    found = [quad.triple for quad in ox.parse(path=str(path), format=kind, base_iri="http://e/")]
    start = rng.randrange(len(found))
    return found[start : start + 60]


def _written(folder: Path, ending: str, rng: random.Random) -> bytes:
    import pyoxigraph as ox

    kind = {"ttl": ox.RdfFormat.TURTLE, "nt": ox.RdfFormat.N_TRIPLES, "rdf": ox.RdfFormat.RDF_XML,
            "trig": ox.RdfFormat.TRIG, "nq": ox.RdfFormat.N_QUADS, "jsonld": ox.RdfFormat.JSON_LD}  # fmt: skip
    triples = _triples(folder, rng)
    if ending in ("trig", "nq"):
        graph = ox.NamedNode("http://e/graph")
        triples = [ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples]
    prefixes = (
        {"owl": "http://www.w3.org/2002/07/owl#"} if ending in ("ttl", "rdf", "trig") else None
    )
    return bytes(ox.serialize(triples, format=kind[ending], prefixes=prefixes))


def _obograph(folder: Path, rng: random.Random) -> bytes:
    classes = [f"http://e/C{i}" for i in range(12)]
    nodes = [
        {"id": iri, "lbl": f"thing {i}", "type": "CLASS",
         "meta": {"definition": {"val": "A thing."}, "synonyms": [{"pred": "hasExactSynonym", "val": "it"}],
                  "deprecated": i == 3, "xrefs": [{"val": "X:1"}]}}
        for i, iri in enumerate(classes)
    ]  # fmt: skip
    edges = [
        {"sub": a, "pred": rng.choice(["is_a", "http://e/p"]), "obj": rng.choice(classes)}
        for a in classes
    ]
    logical = [{"definedClassId": classes[0], "genusIds": [classes[1]],
                "restrictions": [{"propertyId": "http://e/p", "fillerId": classes[2]}]}]  # fmt: skip
    graph = {"id": "http://e/o", "nodes": nodes, "edges": edges, "logicalDefinitionAxioms": logical,
             "equivalentNodesSets": [{"nodeIds": classes[4:6]}]}  # fmt: skip
    return json.dumps({"graphs": [graph]}).encode()


def _functional(folder: Path, rng: random.Random) -> bytes:
    lines = [
        f'Declaration(Class(:C{i}))\nAnnotationAssertion(rdfs:label :C{i} "thing {i}"@en)'
        for i in range(10)
    ]
    lines += [
        f"SubClassOf(:C{rng.randrange(10)} ObjectSomeValuesFrom(:p :C{rng.randrange(10)}))"
        for _ in range(6)
    ]
    lines += ["EquivalentClasses(:C1 ObjectIntersectionOf(:C2 ObjectUnionOf(:C3 :C4)))",
              "DisjointClasses(:C5 :C6)", "SubObjectPropertyOf(ObjectPropertyChain(:p :q) :r)"]  # fmt: skip
    head = ("Prefix(:=<http://e/>)\nPrefix(owl:=<http://www.w3.org/2002/07/owl#>)\n"
            "Prefix(rdfs:=<http://www.w3.org/2000/01/rdf-schema#>)\nOntology(<http://e/o>\n")  # fmt: skip
    return (head + "\n".join(lines) + "\n)\n").encode()


def _owlxml(folder: Path, rng: random.Random) -> bytes:
    lines = [f'<Declaration><Class IRI="#C{i}"/></Declaration>' for i in range(8)]
    lines += [
        f'<SubClassOf><Class IRI="#C{rng.randrange(8)}"/><ObjectSomeValuesFrom><ObjectProperty IRI="#p"/>'
        f'<Class IRI="#C{rng.randrange(8)}"/></ObjectSomeValuesFrom></SubClassOf>' for _ in range(6)
    ]  # fmt: skip
    head = ('<?xml version="1.0"?>\n<Ontology xmlns="http://www.w3.org/2002/07/owl#" '
            'xml:base="http://e/o" ontologyIRI="http://e/o">\n')  # fmt: skip
    return (head + "\n".join(lines) + "\n</Ontology>\n").encode()


def _rows(rng: random.Random) -> list[tuple[str, str, str]]:
    ids = [f"HP:{i:07d}" for i in range(20)]
    return [(rng.choice(ids), rng.choice(["is_a", "part_of"]), rng.choice(ids)) for _ in range(30)]


def _csv(folder: Path, rng: random.Random) -> bytes:
    return ("head,relation,tail\n" + "".join(f"{a},{r},{b}\n" for a, r, b in _rows(rng))).encode()


def _parquet(folder: Path, rng: random.Random) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    columns = dict(zip(("head", "relation", "tail"), zip(*_rows(rng), strict=True), strict=True))
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), sink)
    return bytes(sink.getvalue())


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[Path, random.Random], bytes]:
    return lambda folder, rng: pack(_written(folder, "ttl", rng))


WRITERS: dict[str, Callable[[Path, random.Random], bytes]] = {
    **{name: (lambda folder, rng, e=ending: _written(folder, e, rng))
       for name, (ending, _) in FORMATS.items() if ending in ("ttl", "nt", "trig", "nq", "jsonld")},
    "obographs": _obograph, "functional": _functional, "owlxml": _owlxml, "csv": _csv,
    "parquet": _parquet, "gzip": _packed(gzip.compress), "bzip2": _packed(bz2.compress),
    "xz": _packed(lzma.compress), "zstd": _packed(_zstd),
}  # fmt: skip


# The inputs


def mutated(documents: list[bytes], tokens: list[bytes], rng: random.Random) -> bytes:
    """One document with one to six things done to it."""
    data = bytearray(rng.choice(documents))
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        if not data:
            break
        a = rng.randrange(len(data))
        b = min(len(data), a + int(rng.expovariate(1 / 60)) + 1)
        action = rng.randrange(8)
        if action == 0:
            data[a] ^= 1 << rng.randrange(8)
        elif action == 1:
            del data[a:b]
        elif action == 2:
            del data[a:]
        elif action == 3:
            data[a:a] = data[a:b] * rng.choice([1, 2, 300])
        elif action == 4:
            data[a:a] = rng.choice(tokens)
        elif action == 5:
            data[a:a] = rng.choice(tokens) * rng.choice([2, 50, 3000])
        elif action == 6:
            other = rng.choice(documents)
            data[a:b] = other[rng.randrange(len(other)) :][: b - a + 200]
        else:
            data[a:b] = bytes(rng.randrange(256) for _ in range(b - a))
    return bytes(data)


def worker(kind: str, seed: int, corpus_folder: Path, scratch: Path, connection: Any) -> None:
    """Load inputs until told to stop; say what became of each before the next begins."""
    sys.path.insert(0, str(ROOT))
    warnings.simplefilter("ignore")
    from kgml.config import GraphConfig
    from kgml.errors import KGMLError
    from kgml.kg import reading
    from kgml.kg.load import load_graph
    from kgml.kg.parse.rdf import SMALL
    from kgml.progress import set_quiet

    set_quiet(True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rng = random.Random(seed)
    documents = corpus(corpus_folder, kind, rng)
    tokens = [*TOKENS[FORMATS[kind][1]], *GENERAL]
    config = GraphConfig(max_bytes=20_000_000, max_triples=200_000, imports=False)
    path = scratch / f"input.{FORMATS[kind][0]}"
    while True:
        data = mutated(documents, tokens, rng)
        path.write_bytes(data)
        reading.SMALL = rng.choice([0, SMALL])  # type: ignore[attr-defined]
        signal.setitimer(signal.ITIMER_PROF, KILLED)  # its signal ends the process
        started, outcome = time.process_time(), "graph"
        try:
            load_graph(path, config)
        except KGMLError as error:
            outcome = "refused" if str(error).strip() else "crash: an empty message"
        except Exception:  # noqa: BLE001 - what this looks for
            outcome = "crash: " + traceback.format_exc(limit=-3)
        took = time.process_time() - started
        kept = outcome.startswith("crash") or took > SLOW
        connection.send((outcome, took, data if kept else b""))


def fuzz(kind: str, seconds: float, options: argparse.Namespace) -> dict[str, Any]:
    """Inputs for ``seconds`` of CPU time of the workers."""
    found: dict[str, Any] = {
        "format": kind,
        "inputs": 0,
        "graph": 0,
        "refused": 0,
        "crashes": {},
        "slowest": 0.0,
    }
    spent, seed = 0.0, options.seed
    with tempfile.TemporaryDirectory() as box:
        while spent < seconds:
            seed += 1
            here, there = multiprocessing.Pipe()
            arguments = (kind, seed, options.corpus, Path(box), there)
            process = multiprocessing.get_context("spawn").Process(
                target=worker, args=arguments, daemon=True
            )
            process.start()
            there.close()
            while spent < seconds:
                try:
                    if not here.poll(3600):
                        raise EOFError
                    outcome, took, data = here.recv()
                except EOFError:
                    outcome, took = "crash: the process died", SLOW
                    data = (Path(box) / f"input.{FORMATS[kind][0]}").read_bytes()
                spent += max(took, 0.0005)
                found["inputs"] += 1
                found["slowest"] = max(found["slowest"], took)
                if took > SLOW and not outcome.startswith("crash"):
                    outcome = f"crash: {took:.0f} s"
                if outcome in ("graph", "refused"):
                    found[outcome] += 1
                    continue
                _keep(found, outcome, data, options.keep / f"{kind}.{FORMATS[kind][0]}")
                if "died" in outcome:
                    break
            process.kill()
            process.join()
    return {**found, "cpu_s": round(spent, 1)}


def _keep(found: dict[str, Any], outcome: str, data: bytes, path: Path) -> None:
    """Count a crash by its last line; keep the first input of each kind."""
    name = outcome.strip().splitlines()[-1][:200]
    found["crashes"][name] = found["crashes"].get(name, 0) + 1
    if found["crashes"][name] == 1:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = len(list(path.parent.iterdir()))
        path.with_name(f"{number:03d}-{path.name}").write_bytes(data)
        path.with_name(f"{number:03d}-{path.name}.txt").write_text(outcome)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("formats", nargs="*", choices=[*FORMATS, []], default=[])
    parser.add_argument("--cpu-minutes", type=float, default=10.0)
    parser.add_argument(
        "--corpus", type=Path, default=ROOT.parent / "shared" / "data" / "ontologies"
    )
    parser.add_argument("--keep", type=Path, default=Path("fuzz-crashes"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for kind in options.formats or FORMATS:
        row = fuzz(kind, options.cpu_minutes * 60, options)
        results.append(row)
        print(f"{kind:11} {row['inputs']:8,} inputs  {row['graph']:7,} graphs  {row['refused']:7,} refused  "
              f"{sum(row['crashes'].values()):4} crashes  slowest {row['slowest']:.2f} s  {row['cpu_s']:.0f} CPU s",
              file=sys.stderr, flush=True)  # fmt: skip
        for name, times in row["crashes"].items():
            print(f"    {times} x {name}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

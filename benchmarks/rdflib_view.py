"""The rdflib view of a graph beside rdflib's own store filled with the same triples, in one run.

    python benchmarks/rdflib_view.py
    python benchmarks/rdflib_view.py --data ontologies/my.ttl --runs 5

Each task runs in a fresh process per store, the stores taking turns. Imports are done by the same
task on five entities. Then CPU seconds are taken of the first use, in which the view makes its
indexes and terms, and of --warm more; shown are medians over --runs processes. rdflib's store was
filled before its first use; what that took is shown, and counted in the column "with filling". A
ratio is rdflib's time by the view's: above 1, the view is faster. Answers are compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
HPO = ROOT.parent / "shared" / "data" / "ontologies" / "hpo" / "hp.obo"
LOOKUPS = 1_000
TINY = """
@prefix : <https://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:a a owl:Class ; rdfs:label "a" ; rdfs:subClassOf :b ; skos:definition "the a" ; skos:altLabel "aa" .
:b a owl:Class ; rdfs:label "b" ; rdfs:subClassOf :c . :c a owl:Class ; rdfs:label "c" .
:d a owl:Class ; rdfs:label "d" ; rdfs:subClassOf :c . :e a owl:Class ; rdfs:label "e" .
"""
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
IS_A = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
TWO = "SELECT ?x ?l { ?x rdfs:subClassOf ?y . ?y rdfs:label ?l }"
THREE = "SELECT ?x ?l ?d { ?x rdfs:subClassOf ?y . ?y rdfs:label ?l . ?x skos:definition ?d }"
NAMES = {
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}

Task = Callable[[Any], list[Any]]


# In the fresh process


def tasks(graph: Any) -> dict[str, Task]:
    """Name to work; what it gives is consumed."""
    from rdflib import Literal, URIRef

    draw = random.Random(0)
    count = min(LOOKUPS, len(graph))
    subjects = [URIRef(iri) for iri in draw.sample(graph.iris, count)]
    rows = draw.choices(graph.triples.tolist(), k=LOOKUPS // 2)
    pairs = [(URIRef(graph.relation_iris[r]), URIRef(graph.iris[t])) for _, r, t in rows]
    pairs += [(URIRef(LABEL), Literal(text)) for text in draw.choices(graph.labels, k=LOOKUPS // 2)]
    label = URIRef(LABEL)
    return {
        "labels of all entities": lambda view: list(view.subject_objects(label)),
        f"{LOOKUPS:,} subjects": lambda view: [t for s in subjects for t in view.triples((s, None, None))],
        f"{LOOKUPS:,} predicates with object": lambda view: [
            t for p, o in pairs for t in view.triples((None, p, o))
        ],
        "all triples": list,
        "SPARQL, 2 patterns": lambda view: list(view.query(TWO, initNs=NAMES)),
        "SPARQL, 3 patterns": lambda view: list(view.query(THREE, initNs=NAMES)),
    }  # fmt: skip


def filled(triples: Iterable[Any]) -> Any:
    """rdflib's own store with the same triples."""
    import rdflib

    copy = rdflib.Graph()
    for triple in triples:
        copy.add(triple)
    return copy


def child(store: str, task: str, folder: Path, warm: int) -> None:
    """Measure one task on one store and print what was found as JSON."""
    from kgml import KnowledgeGraph

    fill = 0.0
    for name in ("tiny", "whole"):
        graph = KnowledgeGraph.load(folder / name)
        work = tasks(graph)[task]
        graph = KnowledgeGraph.load(
            folder / name
        )  # drawing the sample has made lists of its columns
        if store == "rdflib":
            triples = list(graph.to_rdflib())
            fill, view = timed(filled, triples)
            del triples
        else:
            view = graph.to_rdflib()
        first, found = timed(work, view)
        again = [timed(work, view)[0] for _ in range(warm if name == "whole" else 1)]
    digest = hashlib.sha256("\n".join(sorted(map(repr, map(tuple, found)))).encode()).hexdigest()
    print(json.dumps({"fill": fill, "first": first, "warm": statistics.median(again),
                      "rows": len(found), "sha256": digest}))  # fmt: skip


def timed(work: Callable[[Any], Any], argument: Any) -> tuple[float, Any]:
    """CPU seconds, and what was made."""
    started = time.process_time()
    made = work(argument)
    return time.process_time() - started, made


# In the process that asks


def measure(folder: Path, runs: int, warm: int) -> list[dict[str, Any]]:
    """One row per task."""
    from kgml import KnowledgeGraph

    rows = []
    for task in tasks(KnowledgeGraph.load(folder / "tiny")):
        found: dict[str, list[dict[str, Any]]] = {"rdflib": [], "view": []}
        for _ in range(runs):
            for store, results in found.items():
                results.append(ask(store, task, folder, warm))
        answers = {result["sha256"] for results in found.values() for result in results}
        if len(answers) > 1:
            raise SystemExit(f"{task}: the stores give different answers")
        rows.append({"task": task, "rows": found["view"][0]["rows"], **{
            f"{store} {what}": statistics.median(result[what] for result in results)
            for store, results in found.items() for what in ("fill", "first", "warm")
        }})  # fmt: skip
        show(rows[-1])
    return rows


def ask(store: str, task: str, folder: Path, warm: int) -> dict[str, Any]:
    """Run `child` as its own process."""
    command = [sys.executable, __file__, "--child", store, task, str(folder), "--warm", str(warm)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def show(row: dict[str, Any]) -> None:
    """One line of the table; milliseconds."""
    ours, theirs, filling = row["view first"], row["rdflib first"], row["rdflib fill"]
    cells = [
        f"{row['task']:<32}", f"{row['rows']:>7,}", f"{theirs * 1e3:>8.0f}", f"{ours * 1e3:>8.0f}",
        f"{theirs / ours:>7.1f}", f"{(filling + theirs) / ours:>13.1f}",
        f"{row['rdflib warm'] * 1e3:>8.1f}", f"{row['view warm'] * 1e3:>8.1f}",
        f"{row['rdflib warm'] / row['view warm']:>7.1f}",
    ]  # fmt: skip
    print(" ".join(cells), flush=True)


def main() -> None:
    """Parse the arguments, prepare the graphs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HPO, help="an ontology; default: HPO")
    parser.add_argument("--runs", type=int, default=3, help="processes per task and store")
    parser.add_argument("--warm", type=int, default=5, help="uses after the first")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    parser.add_argument(
        "--child", nargs=3, metavar=("STORE", "TASK", "FOLDER"), help=argparse.SUPPRESS
    )
    given = parser.parse_args()
    if given.child:
        child(given.child[0], given.child[1], Path(given.child[2]), given.warm)
        return
    if not given.data.exists():
        raise SystemExit(f"{given.data}: not there; name an ontology with --data")
    from kgml import load_graph

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny.ttl").write_text(TINY, encoding="utf-8")
        load_graph(folder / "tiny.ttl").save(folder / "tiny")
        graph = load_graph(given.data)
        graph.save(folder / "whole")
        print(
            f"{given.data.name}: {len(graph.to_rdflib()):,} triples; ms of CPU, medians of {given.runs}"
        )
        print(
            f"{'':<32} {'':>7} {'first use':>17} {'ratio':>7} {'with filling':>13} {'warm':>17} {'ratio':>7}"
        )
        print(
            f"{'task':<32} {'rows':>7} {'rdflib':>8} {'view':>8} {'':>7} {'':>13} {'rdflib':>8} {'view':>8}"
        )
        rows = measure(folder, given.runs, given.warm)
    filling = statistics.median(row["rdflib fill"] for row in rows)
    print(f"filling rdflib's store: {filling * 1e3:.0f} ms")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

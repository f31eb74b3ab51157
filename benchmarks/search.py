"""How well `kgml search` finds an entity by a name it has not seen, and how fast.

    python benchmarks/search.py [--ontology FILE] [--entities 1000] [--seed 0] [--json]
    python benchmarks/search.py --labels 1000000        # memory and seconds of a large graph

Of a random sample of entities, one exact synonym each is taken out of the graph (one that reads
otherwise than every other name of its entity), and then searched for. ``bm25``: words alone.
``dense``: cosine to the nearest name alone. ``hybrid``: both. ``before``: what `kgml search` did
until 0.1: labels by cosine, above 20,000 names labels alone, a name as spelled first. Entities
that share the hidden name count as missed. What was tuned (weight of names, k1, rank constant) was
tuned on the sample of ``--seed 1``.

``--labels N`` makes N labels of HPO's words with random unit vectors, so that nothing is encoded,
and reports BM25 and each kind of index: seconds to build, MiB, milliseconds a query, recall@10.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kgml.encoders.index import EntityIndex
from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph, Scope
from kgml.kg.load import load_graph
from kgml.search.bm25 import BM25
from kgml.search.engine import GraphSearch
from kgml.search.names import spelling, terms

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
Find = Callable[[str], Sequence[int]]
MISSED = 100
"""How many are searched for each name; a name found later counts as not found."""


def hidden(graph: KnowledgeGraph, size: int, seed: int) -> tuple[KnowledgeGraph, dict[int, str]]:
    """The graph without one synonym of each of ``size`` entities, and these synonyms."""
    forms = graph.forms
    rows: dict[int, list[int]] = {}
    for row, entity in enumerate(forms.entity.tolist()):
        rows.setdefault(entity, []).append(row)
    own: dict[int, list[int]] = {}
    for entity, names in rows.items():
        read = [spelling(forms.text[row]) for row in names]
        exact = [row for row, text in zip(names, read, strict=True)
                 if forms.scope[row] == Scope.EXACT and read.count(text) == 1]  # fmt: skip
        if exact:
            own[entity] = exact
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.choice(sorted(own), min(size, len(own)), replace=False).tolist())
    taken = {entity: int(rng.choice(own[entity])) for entity in chosen}
    kept = np.ones(len(forms), dtype=bool)
    kept[list(taken.values())] = False
    columns = replace(graph.columns, forms=graph.columns.forms.filter(pa.array(kept.tolist())))
    asked = {entity: forms.text[row] for entity, row in taken.items()}
    return KnowledgeGraph(columns, graph.report), asked


def before(graph: KnowledgeGraph, encoder: TextEncoder) -> Find:
    """What `search_graph` was."""
    forms, labels, searched = graph.forms, graph.labels, 20_000
    names, owners = list(labels), np.arange(len(labels))
    if len(forms) < searched:
        exact = np.flatnonzero((forms.scope == Scope.EXACT) | (forms.scope == Scope.ABBREVIATION))
        names += [forms.text[i] for i in exact]
        owners = np.concatenate([owners, forms.entity[exact]])
    index = EntityIndex.build(encoder.encode(names), owners)
    folded = [text.casefold() for text in forms.text]

    def find(query: str) -> list[int]:
        wanted = query.strip().casefold()
        same = [i for i, text in enumerate(folded) if text == wanted]
        first = [int(forms.entity[i]) for i in sorted(same, key=lambda i: int(forms.scope[i]))]
        _, entities = index.search(encoder.encode([query]), MISSED)
        return list(dict.fromkeys([*first, *entities[0].tolist()]))

    return find


def measure(find: Find, asked: dict[int, str]) -> dict[str, float]:
    """hit@1, hit@10, mean reciprocal rank and seconds a query."""
    started = time.perf_counter()
    ranks = []
    for entity, name in asked.items():
        found = list(find(name))
        ranks.append(found.index(entity) + 1 if entity in found else np.inf)
    seconds = (time.perf_counter() - started) / len(asked)
    rank = np.array(ranks)
    return {"hit@1": float((rank <= 1).mean()), "hit@10": float((rank <= 10).mean()),
            "mrr": float((1 / rank).mean()), "seconds": seconds}  # fmt: skip


def quality(given: argparse.Namespace) -> dict[str, Any]:
    """One row for each contestant."""
    graph, asked = hidden(load_graph(given.ontology), given.entities, given.seed)
    encoder = TextEncoder()
    encoder.encode(list(asked.values()))  # so that seconds are those of searching
    engine = GraphSearch.build(graph, encoder)

    def by(method: str) -> Find:
        return lambda query: [h.entity for h in engine.search(query, MISSED, method=method)]

    contestants = {"before": before(graph, encoder)} | {
        name: by(name) for name in ("bm25", "dense", "hybrid")
    }
    return {name: measure(find, asked) for name, find in contestants.items()}


def scale(given: argparse.Namespace) -> dict[str, Any]:
    """Build and search ``given.labels`` labels."""
    rng = np.random.default_rng(given.seed)
    words = sorted({word for text in load_graph(given.ontology).labels for word, _ in terms(text)})
    labels = [" ".join(row) for row in rng.choice(words, (given.labels, 4))]
    results: dict[str, Any] = {}
    started, held = time.process_time(), mib()
    bm25 = BM25.build({stem: 3 for _, stem in terms(label)} for label in labels)
    results["bm25"] = {"build": time.process_time() - started, "mib": mib() - held}
    stems = [[stem for _, stem in terms(label)] for label in labels[:50]]
    started = time.process_time()
    for row in stems:
        bm25.scores(row).argmax()
    results["bm25"]["query"] = (time.process_time() - started) / len(stems)
    centres = rng.normal(size=(max(1, given.labels // 20), 64)).astype(np.float32)
    spread = rng.normal(size=(64, 384)).astype(np.float32)
    near = centres[rng.integers(len(centres), size=given.labels)]
    near += 0.5 * rng.normal(size=near.shape).astype(np.float32)
    vectors = near @ spread
    del near
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for kind in given.kinds:
        held, started = mib(), time.process_time()
        index = EntityIndex.build(vectors, kind=kind)
        row = {"build": time.process_time() - started, "mib": mib() - held, "recall": index.recall}
        started = time.process_time()
        for query in vectors[:50]:
            index.search(query[None], 10)
        row["query"] = (time.process_time() - started) / 50
        with tempfile.TemporaryDirectory() as box:
            index.save(Path(box) / "i")
            del index
            held, started = mib(), time.process_time()
            EntityIndex.load(Path(box) / "i", mapped=True, verify=False).search(vectors[:1], 10)
            row |= {"load_mapped": time.process_time() - started, "mib_mapped": mib() - held}
        results[kind] = row
        print(kind, row, file=sys.stderr, flush=True)
    results["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return results


def mib() -> float:
    """What this process holds in memory that is not backed by a file (of Linux alone)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no RssAnon in /proc/self/status: run this on Linux.")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ontology", type=Path, default=SHARED / "ontologies" / "hpo" / "hp.obo")
    parser.add_argument("--entities", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--labels", type=int, help="measure a graph of so many labels instead")
    parser.add_argument("--kinds", nargs="+", default=["flat", "ivf-sq8", "hnsw"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = scale(given) if given.labels else quality(given)
    if given.json:
        print(json.dumps(results, indent=2))
        return
    for name, row in results.items():
        values = row.items() if isinstance(row, dict) else [("", row)]
        print(f"{name:8}", "  ".join(f"{key} {value:.4f}" for key, value in values))


if __name__ == "__main__":
    main()

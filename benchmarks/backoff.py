"""Does back-off cover what it was asked for? Real abstracts whose labels are entities of a graph.

    python benchmarks/backoff.py                      # Ohsumed by DOID
    python benchmarks/backoff.py --graph mesh --train 1500 --seeds 5

Ohsumed's categories are no ids, so they are mapped by hand: to DOID (20 of the 23; the rows of the
others are left out) or to the MeSH descriptors of today (all 23). A category that is several
entities there takes the first of them. ``--graph ncbi``: the documents of the NCBI disease corpus, their
label the MeSH descriptor that most of their gold mentions have, classes with five documents or more.

Rows are dealt by --seed: --train of them to training, the rest to the test. Of each coverage: the
share of test rows whose class is among those predicted, mean over seeds with its 95% interval
(Student's t) and each seed's; classes a row; the share of rows backed off and of those for which
any class is possible; the share that the best class alone has right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import documents as benchmark
import numpy as np
from scipy import stats
from zero import IDS

from kgml.data.annotations import read_gold
from kgml.data.corpus import draw_split, read_corpus
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.models.backoff import measure_cover
from kgml.models.classifier import KGTextClassifier

LEAST = 5
"""Documents of a class of the NCBI disease corpus."""


def rows_of(given: argparse.Namespace, graph: KnowledgeGraph) -> tuple[list[str], list[str]]:
    """Texts and labels, ids of the graph."""
    if given.graph == "ncbi":
        return ncbi(given.shared / "linking" / "ncbi_disease" / "data.jsonl", graph)
    corpus = read_corpus(given.shared / "labels" / benchmark.DATA["ohsumed"], seed=0)
    entity = {label: ids[0] for label, ids in IDS[given.graph].items()}
    kept = [i for i, label in enumerate(corpus.labels) if label in entity]
    return [corpus.texts[i] for i in kept], [entity[corpus.labels[i]] for i in kept]


def ncbi(path: Path, graph: KnowledgeGraph) -> tuple[list[str], list[str]]:
    """Documents by the descriptor that most of their gold mentions have, the first of equals."""
    texts, gold = read_gold(path)
    found = []
    for text, mentions in zip(texts, gold, strict=True):
        ids = Counter(f"MESH:{m.id}" for m in mentions if f"MESH:{m.id}" in graph)
        if ids:
            found.append((text, ids.most_common(1)[0][0]))
    size = Counter(label for _, label in found)
    kept = [(text, label) for text, label in found if size[label] >= LEAST]
    return [text for text, _ in kept], [label for _, label in kept]


def run(given: argparse.Namespace) -> dict[str, Any]:
    """All seeds."""
    name = "mesh" if given.graph == "ncbi" else given.graph
    graph = load_graph([given.shared / "ontologies" / f for f in benchmark.ONTOLOGIES[name]])
    texts, labels = rows_of(given, graph)
    y = np.array(labels)
    made = KGTextClassifier(graph)
    documents, vectors = made.featurizer().documents(texts), made.entity_vectors()
    share = 1 - given.train / len(texts)
    found: dict[float, list[dict[str, Any]]] = {coverage: [] for coverage in given.coverage}
    right = []
    for seed in range(given.seeds):
        train, test = draw_split(texts, labels, share, seed)
        model = KGTextClassifier(graph, fusion=given.fusion, random_state=seed)
        model._featurizer, model._made_for = made._featurizer, made._made_for
        model.fit_documents(documents.take(train), y[train], vectors)
        held = documents.take(test)
        codes = model.codes_documents(held)
        right.append(float((model.classes_[codes] == y[test]).mean()))
        for coverage in given.coverage:
            covered = model.cover_documents(held, coverage)
            row = measure_cover(covered, y[test].tolist(), model.target_.every(), coverage)
            found[coverage].append(row)
            print(seed, round(right[-1], 4), row, file=sys.stderr, flush=True)
    sizes = {
        "rows": len(texts),
        "train": len(train),
        "test": len(test),
        "classes": len(set(labels)),
    }
    return {**sizes, "right": mean(right)} | {
        str(coverage): {
            key: mean([row[key] for row in rows])
            for key in ("covered", "classes", "backed_off", "everything")
        }
        for coverage, rows in found.items()
    }


def mean(values: list[float]) -> dict[str, Any]:
    """Mean, its 95% interval, and the values."""
    middle = float(np.mean(values))
    half = 0.0
    if len(values) > 1:
        half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1))
    return {
        "mean": round(middle, 4), "interval": [round(middle - half, 4), round(middle + half, 4)],
        "each": [round(value, 4) for value in values],
    }  # fmt: skip


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--graph", default="doid", choices=["doid", "mesh", "ncbi"])
    parser.add_argument("--fusion", default="concat")
    parser.add_argument("--train", type=int, default=1500, help="training rows")
    parser.add_argument("--coverage", nargs="+", type=float, default=[0.8, 0.9, 0.95])
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    print(json.dumps(run(given), indent=2))


if __name__ == "__main__":
    main()

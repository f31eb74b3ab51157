"""Heads beside each other, out of fold on training rows: text + TF-IDF, no knowledge.

    python benchmarks/heads.py                                   # Ohsumed's training rows
    python benchmarks/heads.py --data fomc_hawkish_dovish --order dovish neutral hawkish
    python benchmarks/heads.py --table T.csv --label-separator "|"

Test rows are read and left alone. Of several labels and of ordered classes the thresholds are
chosen on the same out-of-fold decisions that are scored, for every head alike. ``seconds`` are
processor seconds of all folds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from kgml.data.corpus import read_corpus
from kgml.evaluation.metrics import measure
from kgml.models.assembly import Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import out_of_fold
from kgml.models.light import Head
from kgml.registry import resolve

HEADS = ("logistic", "svm", "centroid", "boosting")


def main() -> None:
    """Parse, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", default="ohsumed_single23")
    parser.add_argument("--table", type=Path, help="instead of --shared and --data")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--label-separator")
    parser.add_argument("--order", nargs="+", default=[])
    parser.add_argument("--heads", nargs="+", default=list(HEADS))
    parser.add_argument("--regularization")
    parser.add_argument("--class-weight")
    parser.add_argument("--per-class", type=int)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    name = "multi" if given.label_separator else "ordinal" if given.order else "single"
    target = resolve("target", name)(given.order)
    corpus = read_corpus(
        given.table or given.shared / "labels" / given.data / "data.csv",
        label_column=given.label_column, per_class=given.per_class,
        kind=target.kind(given.label_separator, given.order),
    )  # fmt: skip
    texts, labels = corpus.part(corpus.train)
    model = KGTextClassifier(None)
    documents, vectors = model.featurizer().documents(texts), model.entity_vectors()
    codes = target.learn(target.check(labels))
    strength = given.regularization
    results = []
    for head in given.heads:
        recipe = Recipe(
            "none", head, True, 0, float(strength) if strength not in (None, "auto") else strength,
            given.class_weight,
        )  # fmt: skip
        started = time.process_time()
        held = out_of_fold(documents, codes, {"plain": recipe}, vectors, given.folds, target)
        seconds = time.process_time() - started
        of: Any = target.settled(Head(), held["plain"], codes)
        guess = target.names(of.decide(Head(), held["plain"]))
        found = measure(target.scored(target.names(codes)), target.scored(guess), 0, target.scorer)
        sure = round(float(np.mean(target.sure(held["plain"], codes))), 4)
        results.append({"head": head, **found, "sure": sure, "seconds": round(seconds, 1)})
        print(results[-1], file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

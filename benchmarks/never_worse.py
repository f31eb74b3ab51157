"""Does kgml lose to its own baseline where an ontology is useless? Shipped model minus text + TF-IDF.

    python benchmarks/never_worse.py [--shared DIR] [--cases NAME ...] [--per-class 8 16 32 64 0]
                                     [--fusion concat] [--seeds 10] [--runs FILE] [--json]

Useless: FIBO on banking77, financial_phrasebank and fomc_hawkish_dovish; any ontology whose linked
entities are permuted, in training and test rows alike, before kgml sees them (Ohsumed with HPO +
DOID, and FIBO on the three). Useful: HPO + DOID on Ohsumed. Each draw of training rows is fitted on the
same numbers as shipped, where kgml decides from the training rows alone, with fusion ``none`` and with
knowledge always on; macro-F1 and accuracy on the same test rows, mean difference in points over the
draws, its 95% interval (Student's t), how often knowledge was used (``half``: and counted half). A
quarter is held out where a set brings no split, at most 4,000 test rows are asked. ``--per-class 0`` is
the whole training part, one draw. With ``--runs FILE`` a draw is a line of it, and what is there is
not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import ledger
import numpy as np
from scipy import stats

from kgml.data.corpus import draw_per_class, read_corpus
from kgml.evaluation.metrics import scores
from kgml.kg.load import load_graph
from kgml.models.assembly import Assembly, Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import Documents, permutation, relabelled
from kgml.models.folds import row_order

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FIBO, BIO = ["fibo"], ["hpo/hp.obo", "doid/doid_assembled.obo"]
FINANCE = ("banking77", "financial_phrasebank", "fomc_hawkish_dovish")
CASES: dict[str, tuple[str, list[str], bool]] = {
    **{name: (name, FIBO, False) for name in FINANCE},
    **{f"{name} permuted": (name, FIBO, True) for name in FINANCE},
    "ohsumed permuted": ("ohsumed_single23", BIO, True),
    "ohsumed": ("ohsumed_single23", BIO, False),
}
"""Data, ontologies, and whether their entities are permuted; the last alone is useful."""
MOST_TESTED = 4_000


def fitted(
    base: KGTextClassifier, documents: Documents, labels: np.ndarray, rows: np.ndarray,
    test: np.ndarray, vectors: Any, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Scores of each system, and how much knowledge counts in the shipped one."""
    model = KGTextClassifier(**{**base.get_params(), "random_state": seed})
    learn, asked = documents.take(rows), documents.take(test)
    model.fit_documents(learn, labels[rows], vectors)
    order = row_order(learn.texts, labels[rows])  # as the model takes them
    learn, codes = learn.take(order), np.searchsorted(model.classes_, labels[rows][order])

    def predicted(stack: Assembly) -> list[str]:
        best: list[str] = model.classes_[stack.decision(asked).argmax(axis=1)].tolist()
        return best

    def alone(recipe: Recipe) -> list[str]:
        """What `knowledge="always"` or fusion ``none`` ship: fitted, no evidence asked."""
        return predicted(Assembly(recipe, vectors, len(model.classes_)).fit(learn, codes))

    used, recipe, shipped = model.strength_, model.recipe_, predicted(model.assembly_)
    found = {"shipped": shipped, "plain": alone(recipe.plain),
             "always": shipped if used == 1 else alone(recipe)}  # fmt: skip
    truth = labels[test].tolist()
    return {"used": used, **{name: scores(truth, guess) for name, guess in found.items()}}


def difference(runs: list[dict[str, Any]], system: str, metric: str) -> dict[str, Any]:
    """Mean of ``system`` minus plain in points, and its interval (None of one draw)."""
    gain = np.array([100 * (run[system][metric] - run["plain"][metric]) for run in runs])
    row: dict[str, Any] = {"mean": round(float(gain.mean()), 2), "interval": None}
    if len(gain) > 1:
        spread = stats.sem(gain) * stats.t.ppf(0.975, len(gain) - 1)
        row["interval"] = [round(float(gain.mean() + side * spread), 2) for side in (-1, 1)]
    return row


def case(name: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each size."""
    data, files, permuted = CASES[name]
    corpus = read_corpus(given.shared / "labels" / data / "data.csv", seed=0)
    paths = [given.shared / "ontologies" / file for file in files]
    graph = load_graph(paths[0] if len(paths) == 1 else paths)
    base = KGTextClassifier(graph, fusion=given.fusion)
    documents, vectors = base.featurizer().documents(corpus.texts), base.entity_vectors()
    if permuted:  # as if the ontology were wrong throughout
        documents = relabelled(documents, permutation(documents, 0, graph.vocabularies), graph)
    vectors.prepare(documents, fusion=given.fusion)
    labels, test = np.array(corpus.labels), corpus.test
    if len(test) > MOST_TESTED:
        test = np.sort(np.random.default_rng(0).choice(test, MOST_TESTED, replace=False))
    rows, there = [], ledger.read(given.runs)
    for size in given.per_class:
        runs = []
        for seed in range(given.seeds if size else 1):
            told = {"case": name, "per_class": size, "seed": seed, "fusion": given.fusion}
            run = next((run for run in there if told.items() <= run.items()), None)
            if run is None:
                drawn = corpus.train
                if size:
                    drawn = draw_per_class(corpus.labels, corpus.train, size, seed)
                run = told | fitted(base, documents, labels, drawn, test, vectors, seed)
                ledger.keep(given.runs, run)
            runs.append(run)
        row = {
            "case": name, "per_class": size or "full", "draws": len(runs),
            "plain": round(float(np.mean([run["plain"]["macro_f1"] for run in runs])), 4),
            "used": sum(run["used"] > 0 for run in runs), "half": sum(run["used"] == 0.5 for run in runs),
            **{s: difference(runs, s, "macro_f1") for s in ("shipped", "always")},
            "accuracy": difference(runs, "shipped", "accuracy"),
        }  # fmt: skip
        print(line(row), file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def line(row: dict[str, Any]) -> str:
    """One row of the table."""

    def cell(of: dict[str, Any]) -> str:
        between = of["interval"]
        return f"{of['mean']:+6.2f} " + (
            f"[{between[0]:+.2f}, {between[1]:+.2f}]" if between else ""
        )

    return (
        f"{row['case']:30} {row['per_class']!s:>5} {row['plain']:.3f}  {row['used']:2}/{row['draws']:<2} "
        f"{cell(row['shipped']):24} always {cell(row['always'])}"
    )


def main() -> None:
    """Parse, run, print."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--per-class", nargs="+", type=int, default=[8, 16, 32, 64, 0])
    parser.add_argument("--fusion", default="concat")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--runs", type=Path, help="JSON lines, added to")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print(f"{'':30} {'size':>5} macro-F1 of text + TF-IDF, used, shipped minus it (points)",
          file=sys.stderr)  # fmt: skip
    results = [row for name in given.cases for row in case(name, given)]
    if given.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

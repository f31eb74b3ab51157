"""How far the forecasts of `kgml assess` are off, and how many planted wrong labels it finds.

    python benchmarks/assess.py curve --draws 5                # from 8, 16, 32 per class to 64 and full
    python benchmarks/assess.py errors                         # 5% wrong labels in two sets
    python benchmarks/assess.py curve --sets banking77 --per-class 8 --draws 1

curve: of each draw of 8, 16 or 32 training rows per class the curve is measured on these rows alone, as
`kgml assess` does; then the light stack learns from 64 per class and from all training rows and is asked for
the test rows. Told are the mean absolute error of macro-F1 and how often the 95% interval held the score.
errors: 5% of the training labels are replaced by another class's; precision and recall of the suspects, and
precision among as many as were planted, the likeliest first. Errors that the set had before count as wrong.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from kgml.config import Config
from kgml.data.corpus import draw_per_class
from kgml.data.quality.table import LabelledTable, read_labelled_table
from kgml.evaluation.metrics import scores
from kgml.models.assess.labels import suspects
from kgml.models.assess.measured import Material, fit, held_out, learning_curve_of, material
from kgml.models.learn import some_rows
from kgml.models.train import make_classifier

SETS = {
    "ohsumed": "ohsumed_single23/data.csv", "r52": "reuters21578/r52_single.csv",
    "banking77": "banking77/data.csv",
}  # fmt: skip
WRONG = 0.05


def main() -> None:
    """Parse, run, print a line of JSON for each run and a summary."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("curve", "errors"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data/labels"))
    parser.add_argument("--sets", nargs="+", choices=list(SETS))
    parser.add_argument("--per-class", nargs="+", type=int, default=[8, 16, 32])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--rows", type=int, help="at most so many training and test rows")
    given = parser.parse_args()
    names = given.sets or (list(SETS) if given.what == "curve" else ["ohsumed", "banking77"])
    for name in names:
        table = read_labelled_table(given.shared / SETS[name])
        learn, test = (_part(table, part, given.rows) for part in ("train", "test"))
        if given.what == "curve":
            curve(name, learn, test, given)
        else:
            errors(name, learn, given.draws)


def _part(table: LabelledTable, part: str, most: int | None) -> Material:
    rows = table.usable(part)
    if most is not None:
        codes = np.unique([table.labels[i] for i in rows], return_inverse=True)[1]
        rows = rows[some_rows(codes, most, 0)]
    model = make_classifier(None, Config())
    return material(
        model, [table.texts[i] for i in rows], [table.labels[i] for i in rows], rows, seed=0
    )


def curve(name: str, learn: Material, test: Material, given: argparse.Namespace) -> None:
    """Forecasts against what is reached."""
    off, held = defaultdict(list), defaultdict(list)
    full = reached(learn, np.arange(len(learn.codes)), test)
    for draw in range(given.draws):
        more = drawn(learn, 64, draw)
        goals = {"64": (len(more), reached(learn, more, test)), "full": (len(learn.codes), full)}
        for count in given.per_class:
            forecast = learning_curve_of(learn.take(drawn(learn, count, draw)), "macro_f1").forecast
            for goal, (labels, score) in goals.items():
                said = forecast.score(labels)
                off[count, goal].append(abs(said.value - score))
                held[count, goal].append(said.interval[0] <= score <= said.interval[1])
                line: dict[str, Any] = {
                    "set": name, "draw": draw, "from": count, "to": goal, "score": round(score, 4),
                    "said": round(said.value, 4), "interval": [round(x, 4) for x in said.interval],
                }  # fmt: skip
                print(json.dumps(line), flush=True)
    for count, goal in off:
        wrong, share = np.mean(off[count, goal]), np.mean(held[count, goal])
        print(f"{name}: {count} per class to {goal}: mean error {wrong:.3f}, held {share:.0%}")


def drawn(learn: Material, count: int, draw: int) -> np.ndarray:
    """Rows of a draw, so many per class."""
    return draw_per_class(learn.labels, np.arange(len(learn.codes)), count, draw)


def reached(learn: Material, rows: np.ndarray, test: Material) -> float:
    """Macro-F1 on the test rows of a stack that learned from ``rows``."""
    decisions = fit(learn, rows).decision(test.documents)
    return scores(test.labels, [learn.classes[i] for i in decisions.argmax(axis=1)])["macro_f1"]


def errors(name: str, learn: Material, draws: int) -> None:
    """Planted wrong labels, found or not."""
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        n, classes = len(learn.codes), len(learn.classes)
        planted = rng.choice(n, round(WRONG * n), replace=False)
        codes = learn.codes.copy()
        codes[planted] = (codes[planted] + rng.integers(1, classes, len(planted))) % classes
        dirty = Material(
            learn.model, learn.documents, codes, learn.classes, learn.rows, learn.vectors, draw
        )
        found = suspects(held_out(dirty))
        hit = np.isin(found, planted)
        first = hit[: len(planted)].mean() if len(hit) else 0.0
        line = {
            "set": name, "draw": draw, "planted": len(planted), "suspects": len(found),
            "precision": round(float(hit.mean()), 3), "recall": round(float(hit.sum() / len(planted)), 3),
            "precision_of_the_first": round(float(first), 3),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

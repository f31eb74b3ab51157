"""How far the forecasts of `kgml assess` are off, and how many planted wrong labels it finds.

    python benchmarks/assess.py curve --draws 5                # from 8, 16, 32 per class to 64 and full
    python benchmarks/assess.py errors                         # 5% wrong labels in two sets
    python benchmarks/assess.py curve --sets banking77 --per-class 8 --draws 1
    python benchmarks/assess.py costs --sets financial_phrasebank   # minutes told beside minutes taken
    python benchmarks/assess.py size                                # 100,000 documents

curve: of each draw of 8, 16 or 32 training rows per class the curve is measured on these rows alone, as
`kgml assess` does; then the light stack learns from 64 per class and from all training rows and is asked for
the test rows. Told are the mean absolute error of macro-F1 and how often the 95% interval held the score.
errors: 5% of the training labels are replaced by another class's; precision and recall of the suspects, and
precision among as many as were planted, the likeliest first. Errors that the set had before count as wrong.
costs: the minutes that `kgml assess` tells of a light, a fine-tuned and a from-scratch run of the table, and
those that each then took, in a process that has imported everything and with an empty cache; the language model
is the largest sensible one, trained on ``--tokens`` tokens, what is told being in proportion. size: what
looking at 100,000 texts takes that are sentences of the set, drawn and put together, without models (labels are
drawn): seconds and the most memory. With ``--runs FILE`` forecasts are lines of it, and draws that are
there are not made again.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import tempfile
import time
from itertools import product
from pathlib import Path

import ledger
import numpy as np

from kgml.config import Config
from kgml.data.corpus import draw_per_class
from kgml.data.quality.look import look
from kgml.data.quality.table import LabelledTable, read_labelled_table
from kgml.evaluation.metrics import scores
from kgml.lm.run import pretrain
from kgml.models.assess.labels import suspects
from kgml.models.assess.measured import Material, fit, held_out, learning_curve_of, material
from kgml.models.assess.run import assess
from kgml.models.assess.verdict import EMBEDDINGS, FINE_TUNE, SCRATCH
from kgml.models.learn import some_rows
from kgml.models.train import make_classifier, train

SETS = {
    "ohsumed": "labels/ohsumed_single23/data.csv", "r52": "labels/reuters21578/r52_single.csv",
    "banking77": "labels/banking77/data.csv", "financial_phrasebank": "labels/financial_phrasebank/data.csv",
}  # fmt: skip
DEFAULT = {
    "curve": ["ohsumed", "r52", "banking77"], "errors": ["ohsumed", "banking77"],
    "costs": ["financial_phrasebank"], "size": ["financial_phrasebank"],
}  # fmt: skip
DOCUMENTS, SENTENCES = 100_000, 5
"""Of size, and in each."""
GOALS = ("64", "full")
"""Of curve: what is forecast, labels per class."""
WRONG = 0.05


def main() -> None:
    """Parse, run, print a line of JSON for each run and a summary."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("curve", "errors", "costs", "size"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="+", choices=list(SETS))
    parser.add_argument("--per-class", nargs="+", type=int, default=[8, 16, 32])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--rows", type=int, help="at most so many training and test rows")
    parser.add_argument("--runs", type=Path, help="JSON lines of curve, added to")
    parser.add_argument("--tokens", type=int, default=500_000, help="of costs")
    given = parser.parse_args()
    names = given.sets or DEFAULT.get(given.what, list(SETS))
    if given.what in ("costs", "size"):
        for name in names:
            {"costs": costs, "size": size}[given.what](given.shared / SETS[name], given)
        return
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
    runs = [run for run in ledger.read(given.runs) if run["set"] == name]
    full = None
    for draw in range(given.draws):
        there = [run["from"] for run in runs if run["draw"] == draw]
        missing = [count for count in given.per_class if there.count(count) < len(GOALS)]
        if not missing:
            continue
        full = full or reached(learn, np.arange(len(learn.codes)), test)
        more = drawn(learn, 64, draw)
        goals = (len(more), reached(learn, more, test)), (len(learn.codes), full)
        for count in missing:
            forecast = learning_curve_of(learn.take(drawn(learn, count, draw)), "macro_f1").forecast
            for goal, (labels, score) in zip(GOALS, goals, strict=True):
                if any((r["draw"], r["from"], r["to"]) == (draw, count, goal) for r in runs):
                    continue
                said = forecast.score(labels)
                run = {
                    "set": name, "draw": draw, "from": count, "to": goal, "score": round(score, 4),
                    "said": round(said.value, 4), "interval": [round(x, 4) for x in said.interval],
                }  # fmt: skip
                print(json.dumps(run), flush=True)
                ledger.keep(given.runs, run)
                runs.append(run)
    for count, goal in product(given.per_class, GOALS):
        mine = [run for run in runs if (run["from"], run["to"]) == (count, goal)]
        wrong = np.mean([abs(run["said"] - run["score"]) for run in mine])
        held = np.mean([run["interval"][0] <= run["score"] <= run["interval"][1] for run in mine])
        print(f"{name}: {count} per class to {goal}: mean error {wrong:.3f}, held {held:.0%}")


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


def costs(data: Path, given: argparse.Namespace) -> None:
    """Minutes told and minutes taken."""
    with tempfile.TemporaryDirectory() as box:
        os.environ["KGML_CACHE"] = str(Path(box) / "cache")
        report = assess(data, config=Config())
        told = report["costs"]
        for regime, head in ((EMBEDDINGS, "auto"), (FINE_TUNE, "transformer")):
            os.environ["KGML_CACHE"] = str(Path(box) / regime)
            config = Config().override("fusion", name="none").override("train", head=head)
            clock = time.perf_counter()
            train(data=data, output=Path(box) / f"{regime}.model", config=config)
            compare(regime, told[regime]["minutes"], (time.perf_counter() - clock) / 60)
        largest = report["language_model"]["largest"]
        config = Config().override(
            "pretrain", parameters=largest["parameters"], max_tokens=given.tokens
        )
        clock = time.perf_counter()
        pretrain([data], Path(box) / "lm", config.pretrain)
        share = given.tokens / largest["tokens_trained"]
        compare(SCRATCH, share * told[SCRATCH]["minutes"], (time.perf_counter() - clock) / 60)


def compare(regime: str, told: float, took: float) -> None:
    """One line."""
    line = {"regime": regime, "told_minutes": round(told, 2), "took_minutes": round(took, 2)}
    print(json.dumps(line | {"took_of_told": round(took / told, 2)}), flush=True)


def size(data: Path, given: argparse.Namespace) -> None:
    """Seconds and memory of looking at many texts."""
    table = read_labelled_table(data)
    rng, labels = np.random.default_rng(0), sorted(set(table.labels))
    drawn = rng.integers(len(table), size=(DOCUMENTS, SENTENCES))
    with tempfile.TemporaryDirectory() as box:
        path = Path(box) / "large.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "label"])
            for rows in drawn.tolist():
                text = " ".join(table.texts[i] for i in rows)
                writer.writerow([text, labels[rng.integers(len(labels))]])
        clock = time.perf_counter()
        findings = look(read_labelled_table(path), 0)
        taken = time.perf_counter() - clock
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10
    line = {
        "documents": DOCUMENTS,
        "seconds": round(taken, 1),
        "most_mib": most,
        "findings": len(findings),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

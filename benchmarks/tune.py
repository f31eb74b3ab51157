"""What `kgml tune` gives on test rows over the defaults, beside what it says out of fold.

    python benchmarks/tune.py                                          # both sets, 3 seeds
    python benchmarks/tune.py --sets phrasebank --seeds 0 1 2 --trials 40

ohsumed: official split, DOID, 32 training rows per class · phrasebank: financial_phrasebank, a quarter
held out, 64 rows per class, text alone (``--fusion none``). Each draw is a call of the command line,
as a user makes it, with ``--always``, so that the tuned model is asked for the test rows even where
kgml would have kept the defaults; ``kept`` is what it would have kept. Macro-F1; differences in
points, paired over rows; the last line of a set is the mean over seeds with Student's 95% interval.
``seconds`` are processor seconds of the whole call, all processes. Nothing is chosen by looking at
test rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS: dict[str, tuple[str, str | None, list[object]]] = {
    "phrasebank": ("financial_phrasebank", None, ["--per-class", 64, "--fusion", "none"]),
    "ohsumed": ("ohsumed_single23", "doid/doid_assembled.obo", ["--per-class", 32]),
}
"""Data, ontology (None: the shipped one, unused) and options."""


def kgml(*arguments: object, folder: Path) -> tuple[dict[str, Any], float]:
    """The JSON of one command, and its processor seconds."""
    command = [sys.executable, "-m", "kgml", *map(str, arguments), "--json", "--quiet"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), spent


def draw(name: str, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    """One call of `kgml tune`."""
    data, ontology, options = SETS[name]
    graph = "fin" if ontology is None else given.shared / "ontologies" / ontology
    with tempfile.TemporaryDirectory() as box:
        found, seconds = kgml(
            "tune", "--data", given.shared / "labels" / data / "data.csv", "--graph", graph,
            *options, "--seed", seed, "--trials", given.trials, "--always", "-o", "out",
            folder=Path(box),
        )  # fmt: skip
    outer, test = found["outer"], found["test"]
    defaults = test["defaults"]["macro_f1"]
    row = {
        "set": name, "seed": seed, "trials": given.trials,
        "outer": _points(outer["difference"], outer["interval"]),
        "defaults": defaults, "tuned": test.get("tuned", test["defaults"])["macro_f1"],
        "test": _points(test.get("difference", 0.0), test.get("interval", [0.0, 0.0])),
        "kept": "tuned" if outer["worth"] and found["best"]["number"] else "defaults",
        "inside": _points(found["best"]["value"] - found["defaults"], None),
        "best": found["best"]["options"], "pruned": found["pruned"], "seconds": round(seconds),
    }  # fmt: skip
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def _points(value: float, interval: list[float] | None) -> Any:
    scaled = [round(100 * number, 2) for number in (value, *(interval or ()))]
    return scaled if interval else scaled[0]


def mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over the seeds of a set."""
    found: dict[str, Any] = {"set": rows[0]["set"], "seeds": len(rows)}
    for name in ("outer", "test"):
        gains = np.array([row[name][0] for row in rows])
        row = [round(float(gains.mean()), 2)]
        if len(gains) > 1:
            spread = stats.sem(gains) * stats.t.ppf(0.975, len(gains) - 1)
            row += [round(float(gains.mean() + side * spread), 2) for side in (-1, 1)]
        found[name] = row
    found["inside"] = round(float(np.mean([row["inside"] for row in rows])), 2)
    found["seconds"] = round(float(np.mean([row["seconds"] for row in rows])))
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Parse, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=16)
    given = parser.parse_args()
    given.shared = given.shared.resolve()
    rows, means = [], []
    for name in given.sets:
        of_set = [draw(name, seed, given) for seed in given.seeds]
        rows += of_set
        means.append(mean(of_set))
    print(json.dumps({"draws": rows, "means": means}, indent=2))


if __name__ == "__main__":
    main()

"""Finished cells become numbers: scores, differences, calibration, curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.corpus import Corpus
from kgml.evaluation.answers import FULL, PLAIN, SHIPPED, TEXT
from kgml.evaluation.calibration import BINS, reliability
from kgml.evaluation.learning_curve import labels_saved, learning_curve
from kgml.evaluation.paired import discordant, holm, mcnemar, twice_median
from kgml.evaluation.resample import (
    Comparison,
    Scores,
    compare_scores,
    enough_resamples,
    score_classes,
    score_runs,
    summary,
)
from kgml.models.compare.fits import class_names
from kgml.models.compare.question import PLACEBOS, Cell, Question, systems
from kgml.models.compare.store import Folder, Outcome, Plan

METRICS = ("accuracy", "macro_f1")
DIGITS = 6
Table = dict[str, Any]


class Tally:
    """All that is said of one comparison, read from its cells."""

    def __init__(self, question: Question, corpus: Corpus, folder: Folder, plan: Plan) -> None:
        self.question, self.corpus, self.folder, self.plan = question, corpus, folder, plan
        self.classes = class_names(corpus.labels)
        self.truth = np.searchsorted(self.classes, np.array(corpus.labels)[corpus.test])
        self.seed = question.config.seed
        pairs = len(question.sizes) * (len(question.fusions) + 1 + len(PLACEBOS))
        self.resamples = enough_resamples(pairs)

    def results(self) -> Table:
        """Everything but the answers in words, in plain numbers and names."""
        sizes = [self._size(size) for size in self.question.sizes]
        _correct(sizes)
        return {
            "fusion": self.question.main, "fusions": list(self.question.fusions),
            "graphs": self.question.graph_names, "seed": self.seed, "seeds": self.question.seeds,
            "rows": {"train": len(self.corpus.train), "test": len(self.corpus.test)},
            "classes": len(self.classes), "coverage": self.plan.coverage, "bins": BINS,
            "sizes": sizes, "curves": self._curves(sizes), "saved": self._saved(sizes),
        }  # fmt: skip

    def _size(self, size: str) -> Table:
        names = systems(self.question, self.plan.parts)
        runs = {name: self._outcomes(size, name) for name in names}
        scores = {name: self._scores([o.predicted for o in found]) for name, found in runs.items()}
        pairs = [(name, PLAIN) for name in (*self.question.fusions, SHIPPED)]
        pairs += [(self.question.main, placebo) for placebo in PLACEBOS]
        shown = [name for name in names if name not in {part.name for part in self.plan.parts}]
        return {
            "per_class": size, "rows": self._rows(size), "draws": self.question.draws(size, PLAIN),
            "systems": {name: self._system(scores[name], runs[name]) for name in shown},
            "comparisons": [self._pair(a, b, scores, runs) for a, b in pairs],
            "per_class_f1": self._classes(runs), "without": self._without(scores),
        }  # fmt: skip

    def _outcomes(self, size: str, system: str) -> list[Outcome]:
        cells = [Cell(size, d, system) for d in range(self.question.draws(size, system))]
        return [self.folder.read(cell, len(self.truth)) for cell in cells]

    def _scores(self, predicted: list[NDArray[np.int32]]) -> dict[str, Scores]:
        codes = np.stack(predicted).astype(np.int64)
        return score_runs(self.truth, codes, len(self.classes), self.seed, self.resamples)

    def _rows(self, size: str) -> int:
        """Training rows of a draw; each draw has as many."""
        labels = np.array(self.corpus.labels)[self.corpus.train]
        counts = np.unique(labels, return_counts=True)[1]
        return int(counts.sum() if size == FULL else np.minimum(counts, int(size)).sum())

    def _system(self, scores: dict[str, Scores], runs: list[Outcome]) -> Table:
        found: Table = {
            metric: {
                **_rounded(summary(scores[metric], self.seed)),
                "draws": [round(float(v), DIGITS) for v in scores[metric].whole],
            }
            for metric in METRICS
        }
        found["used"] = sum(run.used for run in runs)
        if len(runs[0].confidence):
            found["calibration"] = self._calibration(runs)
        return found

    def _calibration(self, runs: list[Outcome]) -> Table:
        """Errors of each draw; the curve of the rows of all draws together."""
        right = [run.predicted == self.truth for run in runs]
        each = [reliability(run.confidence.astype(float), hit).ece
                for run, hit in zip(runs, right, strict=True)]  # fmt: skip
        rows = [float(run.brier.astype(float).mean()) for run in runs]
        together = reliability(
            np.concatenate([run.confidence for run in runs]).astype(float), np.concatenate(right)
        )
        return {
            "ece": _mean(each),
            "brier": _mean(rows),
            "curve": [list(p) for p in together.curve],
        }

    def _pair(
        self, name: str, against: str, scores: dict[str, dict[str, Scores]],
        runs: dict[str, list[Outcome]],
    ) -> Table:  # fmt: skip
        found: Table = {"system": name, "against": against}
        for metric in METRICS:
            compared = compare_scores(scores[against][metric], scores[name][metric], self.seed)
            found[metric] = {**_difference(compared), "p": round(compared.p, DIGITS)}
        ours, theirs = runs[name], runs[against]
        draws = max(len(ours), len(theirs))
        rows = [
            discordant(
                self.truth, theirs[min(i, len(theirs) - 1)].predicted,
                ours[min(i, len(ours) - 1)].predicted,
            )
            for i in range(draws)
        ]  # fmt: skip
        found["mcnemar"] = {
            "p": float(f"{twice_median([mcnemar(a, b) for a, b in rows]):.6g}"),
            "only_against": [a for a, _ in rows],
            "only_system": [b for _, b in rows],
        }
        return found

    def _classes(self, runs: dict[str, list[Outcome]]) -> list[Table]:
        """F1 of each class with the main fusion, and how much it gains over text + TF-IDF."""
        each = {
            name: score_classes(
                self.truth, np.stack([o.predicted for o in runs[name]]).astype(np.int64),
                len(self.classes), self.seed,
            )
            for name in (PLAIN, self.question.main)
        }  # fmt: skip
        rows = np.bincount(self.truth, minlength=len(self.classes))
        found = []
        for number, plain in each[PLAIN].items():
            ours = each[self.question.main][number]
            found.append({
                "label": str(self.classes[number]), "rows": int(rows[number]),
                "f1": round(float(ours.whole.mean()), DIGITS),
                **_difference(compare_scores(plain, ours, self.seed)),
            })  # fmt: skip
        return found

    def _without(self, scores: dict[str, dict[str, Scores]]) -> list[Table]:
        """What each part carries: the main fusion with all knowledge minus without the part."""
        return [
            {
                "kind": part.kind, "id": part.id, "label": part.label, "documents": part.documents,
                **_difference(compare_scores(
                    scores[part.name]["macro_f1"], scores[self.question.main]["macro_f1"], self.seed
                )),
            }
            for part in self.plan.parts
        ]  # fmt: skip

    def _curves(self, sizes: list[Table]) -> Table:
        """A fitted learning curve of macro-F1 for each system but the placebos."""
        kept = _rising(sizes)
        if len(kept) < 2:
            return {}
        found = {}
        for name in (TEXT, PLAIN, *self.question.fusions, SHIPPED):
            curve = learning_curve(
                [s["rows"] for s in kept],
                [s["systems"][name]["macro_f1"]["draws"] for s in kept], self.seed,
            )  # fmt: skip
            law = curve.law
            found[name] = {
                "points": [[n, round(s, DIGITS)] for n, s in curve.points],
                "c": _short(law.c), "a": _short(law.a), "b": _short(law.b),
                "worst": _short(curve.worst), "labels_for_a_point": _count(curve.buys),
                "interval": curve.interval and [_count(v) for v in curve.interval],
                "doubts": curve.doubts,
            }  # fmt: skip
        return found

    def _saved(self, sizes: list[Table]) -> list[Table]:
        """How many labels the main fusion saves at each size, beside text + TF-IDF."""
        kept = _rising(sizes)
        plain = [s["systems"][PLAIN]["macro_f1"]["draws"] for s in kept]
        rows = [s["rows"] for s in kept]
        found = []
        for at, size in enumerate(kept[:-1]):
            better = size["systems"][self.question.main]["macro_f1"]["draws"]
            value, interval = labels_saved(plain, rows, better, at, self.seed)
            found.append({
                "per_class": size["per_class"], "rows": rows[at], "labels": _count(value),
                "interval": interval and [_count(v) for v in interval], "most": rows[-1] - rows[at],
            })  # fmt: skip
        return found


def _correct(sizes: list[Table]) -> None:
    """Holm's correction over all comparisons of all sizes, for each test."""
    pairs = [pair for size in sizes for pair in size["comparisons"]]
    for test in (*METRICS, "mcnemar"):
        for pair, p in zip(pairs, holm([pair[test]["p"] for pair in pairs]), strict=True):
            pair[test]["p_holm"] = float(f"{p:.6g}")


def _rising(sizes: list[Table]) -> list[Table]:
    """Sizes that have more training rows than the one before: a class may have too few for two."""
    kept: list[Table] = []
    for size in sizes:
        if not kept or size["rows"] > kept[-1]["rows"]:
            kept.append(size)
    return kept


def _difference(compared: Comparison) -> Table:
    return {
        "difference": round(compared.difference, DIGITS),
        "interval": [round(value, DIGITS) for value in compared.interval],
    }


def _rounded(found: Table) -> Table:
    low, high = found["interval"]
    sd = found["sd"]
    return {
        "mean": round(found["mean"], DIGITS),
        "sd": None if sd is None else round(sd, DIGITS),
        "interval": [round(low, DIGITS), round(high, DIGITS)],
    }


def _mean(values: list[float]) -> Table:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": round(float(np.mean(values)), DIGITS), "sd": sd and round(sd, DIGITS)}


def _short(value: float) -> float:
    """Five significant digits: a search for a minimum gives no more that repeat."""
    return float(f"{value:.5g}")


def _count(labels: float) -> int | None:
    """Whole labels; None for more than can be said, since JSON has no infinity."""
    return round(labels) if np.isfinite(labels) and labels < 1e9 else None

"""The light stack on parts of the training rows: how its score grows, and what it says of each row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.errors import UsageError, one_of
from kgml.evaluation.forecast import Expected, Forecast
from kgml.evaluation.metrics import METRICS, called, measure, scores
from kgml.models.assembly import Assembly
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import out_of_fold
from kgml.models.features import Documents, EntityVectors
from kgml.models.folds import assign_folds
from kgml.models.learn import some_rows
from kgml.models.light import Head
from kgml.models.parallel import in_parallel
from kgml.models.targets.single import SingleTarget

FOLDS, HALVINGS, REPEATS = 4, 4, 3
"""A size is asked of all rows, in folds, so often; each size is half of the next."""
FEW_ROWS, MOST_ROWS = 1_000, 3_000
"""From the first on a size is asked twice; of more than the second, so many are drawn."""
MOST_HELD = 20_000
"""Rows of which likely errors are told, at most; of more, so many are drawn."""
LEAST = 2
"""Rows of a class at the smallest size."""


@dataclass(frozen=True)
class Material:
    """n training rows as numbers, ``codes`` (n,) of ``classes``; ``rows``: where they stand in the table."""

    model: KGTextClassifier
    documents: Documents
    codes: NDArray[np.int64]
    classes: list[str]
    rows: NDArray[np.int64]
    vectors: EntityVectors
    seed: int

    @property
    def labels(self) -> list[str]:
        """The label of each row."""
        return [self.classes[code] for code in self.codes]

    def take(self, rows: NDArray[np.int64]) -> Material:
        """Some rows; all classes stay."""
        return Material(
            self.model, self.documents.take(rows), self.codes[rows], self.classes, self.rows[rows],
            self.vectors, self.seed,
        )  # fmt: skip


def material(
    model: KGTextClassifier, texts: Sequence[str], labels: Sequence[str], rows: NDArray[np.int64],
    seed: int,
) -> Material:  # fmt: skip
    """Encode and link ``texts`` (n,), which are ``rows`` (n,) of the table."""
    classes, codes = np.unique(np.array(labels), return_inverse=True)
    documents = model.featurizer().documents(texts).grouped()
    return Material(model, documents, codes, classes.tolist(), rows, model.entity_vectors(), seed)


def target_metric(text: str | None) -> tuple[str, float | None]:
    """``macro_f1=0.85``: the metric, and the score that is wanted.

    >>> target_metric("accuracy=0.9"), target_metric(None)
    (('accuracy', 0.9), ('macro_f1', None))
    """
    if text is None:
        return "macro_f1", None
    name, _, value = text.partition("=")
    if name not in METRICS:
        raise UsageError(f"--target-metric {text}: no metric '{name}'; {one_of(METRICS, name)}")
    try:
        wanted = float(value)
    except ValueError:
        wanted = -1.0
    if not 0 < wanted < 1:
        raise UsageError(
            f"--target-metric {text}: wanted a score between 0 and 1, such as {name}=0.85."
        )
    return name, wanted


@dataclass(frozen=True)
class Curve:
    """``scores`` of each of ``labels`` (k,) training rows, and what follows; ``seconds`` of a fit at
    the largest size."""

    metric: str
    labels: list[float]
    scores: list[list[float]]
    forecast: Forecast
    seconds: float

    def with_errors(self, times: NDArray[np.float64]) -> Curve:
        """That of a model with so many times the errors at any size, by draws; its points are not
        measured."""
        return replace(self, labels=[], scores=[], forecast=self.forecast.with_errors(times))

    def to_json(self, now: int, wanted: float | None) -> dict[str, Any]:
        """Points, law, and expectations at ``now`` labels, at twice as many, and for a score."""
        law = self.forecast.law
        return {
            "metric": self.metric, "title": called(self.metric),
            "points": [
                {"labels": round(n), "mean": round(float(np.mean(s)), 6), "scores": [round(x, 6) for x in s]}
                for n, s in zip(self.labels, self.scores, strict=True)
            ],
            "law": {"c": round(law.c, 6), "a": round(law.a, 6), "b": round(law.b, 6)},
            "now": {"labels": now, **expected(self.forecast.score(now))},
            "twice": {"labels": 2 * now, **expected(self.forecast.score(2 * now))},
            "target": None if wanted is None else {
                "score": wanted, "reached": round(self.forecast.reaches(wanted), 6),
                **expected(self.forecast.labels(wanted), 0),
            },
        }  # fmt: skip


def expected(found: Expected, digits: int = 6) -> dict[str, Any]:
    """As JSON; None for out of reach."""
    value, low, high = (
        None if np.isinf(x) else round(x, digits) for x in (found.value, *found.interval)
    )
    return {"value": value, "interval": [low, high]}


def learning_curve_of(given: Material, metric: str) -> Curve:
    """Scores at up to five sizes; each row is asked when it was held out."""
    some = given
    if len(given.codes) > MOST_ROWS:
        some = given.take(some_rows(given.codes, MOST_ROWS, given.seed))
    repeats = REPEATS if len(some.codes) <= FEW_ROWS else REPEATS - 1
    jobs = [(share, repeat) for share in _shares(some.codes) for repeat in range(repeats)]
    found = in_parallel(lambda job: _ask(some, *job), jobs, "Measuring the learning curve")
    labels, all_scores = [], []
    for start in range(0, len(jobs), repeats):
        labels.append(float(np.mean([one[0] for one in found[start : start + repeats]])))
        all_scores.append([
            scores(some.labels, [some.classes[c] for c in one[1]])[metric]
            for one in found[start : start + repeats]
        ])  # fmt: skip
    last = [some.classes[c] for c in found[-1][1]]
    low, high = measure(some.labels, last, given.seed)["interval"][metric]
    forecast = Forecast(labels, all_scores, noise=(high - low) / 3.92, seed=given.seed)
    return Curve(metric, labels, all_scores, forecast, found[-1][2])


def _shares(codes: NDArray[np.int64]) -> list[float]:
    """Halvings that leave most classes `LEAST` rows, small ones first; two sizes at least."""
    usual = float(np.median(np.bincount(codes))) * (FOLDS - 1) / FOLDS
    found = [2.0**-i for i in range(HALVINGS, -1, -1) if usual * 2.0**-i >= LEAST]
    return found if len(found) > 1 else [0.5, 1.0]


def _ask(some: Material, share: float, repeat: int) -> tuple[float, NDArray[np.int64], float]:
    """Rows learned from, the predicted class of each row, seconds of a fit."""
    fold = assign_folds(some.codes, FOLDS, [some.seed, repeat], some.documents.near)
    predicted, sizes = np.zeros(len(some.codes), dtype=np.int64), []
    clock = time.perf_counter()
    for k in range(int(fold.max()) + 1):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        rows = part_of_each(some.codes, inside, share, [some.seed, repeat, k])
        sizes.append(len(rows))
        predicted[outside] = fit(some, rows).decision(some.documents.take(outside)).argmax(axis=1)
    return float(np.mean(sizes)), predicted, (time.perf_counter() - clock) / (int(fold.max()) + 1)


def fit(some: Material, rows: NDArray[np.int64]) -> Assembly:
    """The light stack without knowledge on ``rows``, its head as that many rows have it."""
    codes = some.codes[rows]
    recipe = some.model.recipe(len(rows) / len(np.unique(codes))).plain
    stack = Assembly(recipe, some.vectors, len(some.classes))
    return stack.fit(some.documents.take(rows), codes)


def part_of_each(
    codes: NDArray[np.int64], inside: NDArray[np.int64], share: float, seed: Sequence[int]
) -> NDArray[np.int64]:
    """That share of the rows ``inside`` of each class, `LEAST` at least where there are."""
    order = np.random.default_rng(seed).permutation(inside)
    kept = []
    for code in np.unique(codes[inside]):
        mine = order[codes[order] == code]
        kept.append(mine[: max(LEAST, round(share * len(mine)))])
    return np.sort(np.concatenate(kept))


@dataclass(frozen=True)
class Held:
    """Probabilities (m, c) of ``of``, by stacks that have not seen the row."""

    of: Material
    probabilities: NDArray[np.float64]

    @property
    def predicted(self) -> list[str]:
        """The most probable class of each row."""
        return [self.of.classes[code] for code in self.probabilities.argmax(axis=1)]


def held_out(given: Material) -> Held:
    """Of every row, or of `MOST_HELD` that are drawn."""
    some = given
    if len(given.codes) > MOST_HELD:
        some = given.take(some_rows(given.codes, MOST_HELD, given.seed))
    recipe = some.model.recipe(len(some.codes) / len(some.classes)).plain
    # rows in an order of their own, so that the table's says nothing
    decisions = out_of_fold(
        some.documents,
        some.codes,
        {"plain": recipe},
        some.vectors,
        some.model.folds,
        SingleTarget(),
    )["plain"]
    head = Head().calibrate(decisions, some.codes)
    return Held(some, head.probabilities(decisions))

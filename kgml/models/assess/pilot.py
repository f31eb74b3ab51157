"""Fine-tuning tried on a part of the rows, beside the light stack on the same: does it pay on these data?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.config import Config
from kgml.evaluation.metrics import (
    Difference,
    OneLabelEach,
    paired_difference,
    resample,
    scores,
)
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assess.measured import FOLDS, Curve, Material, fit, part_of_each
from kgml.models.classifier import KGTextClassifier
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.folds import assign_folds
from kgml.models.train import ALONE, make_classifier
from kgml.progress import note

LEAST_ROWS = 100
"""Of fewer fine-tuning says nothing of what it does with all."""
DEALING = 11
"""The folds of the pilot are not those of the curve."""


@dataclass(frozen=True)
class Pilot:
    """Both on ``held`` rows that neither has seen, after ``labels`` rows.

    ``times``: errors of fine-tuning by those of the light stack, drawn by resampling the held rows.
    """

    labels: int
    held: int
    light: float
    tuned: float
    difference: Difference
    times: NDArray[np.float64]
    seconds: float

    def curve(self, of: Curve) -> Curve:
        """That of fine-tuning, were its errors so many times the light stack's at any size."""
        return of.with_errors(self.times)

    def to_json(self) -> dict[str, Any]:
        low, high = self.difference.interval
        return {
            "labels": self.labels, "held_out": self.held, "light": self.light, "fine_tuned": self.tuned,
            "difference": {"value": self.difference.value, "interval": [low, high]},
            "seconds": round(self.seconds, 3),
        }  # fmt: skip


def fine_tuned(config: Config) -> KGTextClassifier:
    """What is tried, unfitted: the transformer head without an ontology."""
    asked = config.override("train", head=TRANSFORMER).override("fusion", name=ALONE)
    return make_classifier(KnowledgeGraph.empty(), asked)


def pilot(
    given: Material, config: Config, metric: str, minutes: float, cost: Mapping[str, Any]
) -> Pilot | str:
    """Fine-tune on as many rows as ``minutes`` hold, without an ontology, a quarter being held out.

    Args:
        cost: what `fine_tuning_cost` says of all rows.

    Returns:
        What came of it, or why it was not tried.
    """
    fold = assign_folds(given.codes, FOLDS, [given.seed, DEALING], given.documents.near)
    inside, outside = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    whole = cost["minutes"] / cost["trainings"] * len(inside) / len(given.codes)
    rows = part_of_each(given.codes, inside, min(1.0, minutes / whole), [given.seed, DEALING])
    if len(rows) < LEAST_ROWS:
        why = f"{minutes:g} minutes hold" if len(rows) < len(inside) else "the table leaves"
        return f"{why} a fine-tuning of {len(rows):,} rows; wanted at least {LEAST_ROWS}"
    note(f"fine-tuning on {len(rows):,} rows, some {whole * len(rows) / len(inside):.1f} minutes")
    learn, asked = given.take(rows), given.take(outside)
    clock = time.perf_counter()
    model = fine_tuned(config)
    model.fit(learn.documents.texts, learn.labels)
    found = [str(label) for label in model.predict(asked.documents.texts)]
    seconds = time.perf_counter() - clock
    decided = fit(given, rows).decision(asked.documents).argmax(axis=1)
    light = [given.classes[code] for code in decided]
    return Pilot(
        len(rows), len(outside), scores(asked.labels, light)[metric],
        scores(asked.labels, found)[metric],
        paired_difference(asked.labels, light, found, metric, given.seed),
        _times(asked.labels, light, found, metric, given.seed), seconds,
    )  # fmt: skip


def _times(
    truth: list[str], light: list[str], tuned: list[str], metric: str, seed: int
) -> NDArray[np.float64]:
    """Errors of ``tuned`` by those of ``light``, of each resample of the rows."""
    drawn = resample(len(truth), seed)
    errors = [1 - OneLabelEach(truth, found).metric(metric, drawn) for found in (light, tuned)]
    least = 1 / len(truth)
    times: NDArray[np.float64] = np.maximum(errors[1], least) / np.maximum(errors[0], least)
    return times


def told(found: Mapping[str, Any], title: str) -> str:
    """What `Pilot.to_json` and its curve say, or why there is none, in words."""
    if "left_out" in found:
        return f"fine-tuning was not tried: {found['left_out']}"
    now, by = found["curve"]["now"], found["difference"]
    (low, high), (least, most) = by["interval"], now["interval"]
    return (
        f"fine-tuning on {found['labels']:,} rows: {title} {found['fine_tuned']:.3f} on {found['held_out']:,} "
        f"held-out rows, the light stack {found['light']:.3f}, {100 * by['value']:+.1f} points "
        f"[{100 * low:+.1f}, {100 * high:+.1f}]; of {now['labels']:,} rows {now['value']:.3f} "
        f"[{least:.3f}, {most:.3f}] is expected"
    )

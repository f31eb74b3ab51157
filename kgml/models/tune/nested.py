"""What tuning is worth: rows that no trial has seen are asked of the tuned model and of the default.

Each outer fold has a search of its own on the other rows, and the model that follows from it is
made as `kgml train` makes one, evidence for knowledge and all (Varma and Simon 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.config import Config
from kgml.evaluation.metrics import Difference
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import Documents, EntityVectors
from kgml.models.folds import assign_folds
from kgml.models.parallel import Waves
from kgml.models.targets.base import Target
from kgml.models.train import make_classifier
from kgml.models.tune.bench import Bench, Fold
from kgml.models.tune.metric import LOG_LOSS, Held, Metric, losses
from kgml.models.tune.study import Found, Search

OUTER_SEED = 1_000_003
"""Keeps the outer folds' draw apart from the inner ones'."""
DEFAULTS, TUNED = "defaults", "tuned"


@dataclass(frozen=True)
class Outer:
    """One outer fold: what its search found, and what both models say of its rows."""

    fold: Fold
    found: Found
    answers: dict[str, Held]


def outer_folds(
    target: Target, codes: Any, folds: int, seed: int, near: NDArray[np.int64]
) -> list[Fold]:
    """Rows to search on and rows to be asked, as often as there are folds."""
    if not folds:
        return []
    fold = assign_folds(target.strata(codes), folds, (seed + OUTER_SEED) % 2**32, near)
    return [
        Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k))
        for k in range(int(fold.max()) + 1)
    ]


def outer_waves(
    search: Search, bench: Bench, fold: Fold, labels: Sequence[Any], graph: KnowledgeGraph
) -> Waves[Outer]:
    """The trials of an outer fold's search, then the two models it is for."""
    found = yield from search.waves()
    wanted = {DEFAULTS: bench.first, TUNED: found.best.params}
    if found.best.number == 0:
        del wanted[TUNED]

    def answer(name: str) -> Held:
        params = wanted[name]
        config = bench.configured(params)
        kept = search.folder.answers(f"{search.name}-{name}", config.to_dict())
        if kept is None:
            documents, vectors = bench.readings.of(params)
            model = fitted(graph, config, documents.take(fold.inside),
                           [labels[i] for i in fold.inside], vectors)  # fmt: skip
            kept = held(model, documents.take(fold.outside), [labels[i] for i in fold.outside],
                        bench.metric)  # fmt: skip
            search.folder.write_answers(f"{search.name}-{name}", config.to_dict(), kept)
        return kept

    said: list[Held] = yield [partial(answer, name) for name in wanted]
    answers = dict(zip(wanted, said, strict=True))
    return Outer(fold, found, {DEFAULTS: answers[DEFAULTS], TUNED: said[-1]})


def fitted(
    graph: KnowledgeGraph, config: Config, documents: Documents, labels: Sequence[Any],
    vectors: EntityVectors,
) -> KGTextClassifier:  # fmt: skip
    """The model that `kgml train` makes of these rows."""
    model = make_classifier(graph, config)
    target = model.make_target()
    return model.fit_documents(documents, target.check(labels), vectors, target)


def held(
    model: KGTextClassifier, documents: Documents, labels: Sequence[Any], metric: Metric
) -> Held:
    """What a model says of rows with ``labels`` that it has not seen."""
    names = model.target_.names(model.codes_documents(documents))
    if metric.name != LOG_LOSS:
        return Held(names, [])
    shares = model.proba_documents(documents)
    known = [str(name) for name in model.classes_]
    every = [*known, *sorted({str(one) for row in labels for one in _listed(row)} - set(known))]
    wide = np.zeros((len(shares), len(every)))
    wide[:, : len(known)] = shares
    truth: NDArray[Any] = np.array([[str(name) in map(str, _listed(row)) for name in every]
                                    for row in labels])  # fmt: skip
    codes = truth if model.target == "multi" else truth.argmax(axis=1)
    return Held(names, [round(float(one), 10) for one in losses(wide, codes)])


def _listed(label: Any) -> Sequence[Any]:
    return label if isinstance(label, list | tuple) else [label]


@dataclass(frozen=True)
class Worth:
    """Defaults and tuned on the rows of all outer folds, each by the model that has not seen them.

    difference: above 0 where tuned is better · worth: its interval is above 0.
    """

    scores: dict[str, dict[str, Any]]
    difference: Difference

    @property
    def worth(self) -> bool:
        """Whether tuning is sure to be better than nothing."""
        return self.difference.interval[0] > 0


def worth(
    outer: Sequence[Outer], labels: Sequence[Any], target: Target, metric: Metric, seed: int
) -> Worth:
    """Put the outer folds together; ``labels`` of all training rows."""
    truth = [labels[i] for one in outer for i in one.fold.outside]
    both = {}
    for name in (DEFAULTS, TUNED):
        answers = [one.answers[name] for one in outer]
        both[name] = Held(
            [n for a in answers for n in a.names], [n for a in answers for n in a.losses]
        )
    scores = {name: metric.measure(target, truth, said, seed) for name, said in both.items()}
    return Worth(scores, metric.gain(target, truth, both[DEFAULTS], both[TUNED], seed))

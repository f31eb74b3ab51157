"""What the trials of one search share: rows, folds, and the features that other trials made."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.config import Config
from kgml.models.assembly import Assembly, Recipe
from kgml.models.features import Documents, EntityVectors
from kgml.models.folds import assign_folds
from kgml.models.targets.base import Codes, Target
from kgml.models.train import make_classifier
from kgml.models.tune.metric import Metric
from kgml.models.tune.space import Params, Space
from kgml.models.tune.study import Report
from kgml.models.tune.usual import usual

MOST_BYTES = 1_000_000_000
"""Of features that are kept; those used longest ago go first."""
Pair = tuple[sparse.csr_matrix, sparse.csr_matrix]


class Readings:
    """The training texts in every way in which they are to be read, made before any trial runs.

    What is encoded together is rounded so: nothing may be encoded when a trial happens to want it.

    Args:
        texts: of the training rows, and no others.
    """

    def __init__(self, space: Space, config: Config, graph: Any, texts: list[str]) -> None:
        self._dear = space.dear
        self._made: dict[Any, tuple[Documents, EntityVectors]] = {}
        fusions = {config.fusion.name}
        for option in space.options:
            if option.name == "fusion":
                fusions |= set(getattr(option.values, "values", ()))
        for values in space.readings():
            model = make_classifier(graph, space.apply(config, values))
            documents = model.featurizer().documents(texts).grouped()
            vectors = model.entity_vectors()
            for fusion in sorted(fusions):
                vectors.prepare(documents, fusion=fusion)
            self._made[self.key(values)] = documents, vectors

    def of(self, params: Params) -> tuple[Documents, EntityVectors]:
        """Documents (n) and vectors as a trial reads them."""
        return self._made[self.key(params)]

    @property
    def near(self) -> NDArray[np.int64]:
        """(n,): near duplicates among the texts share a number."""
        documents, _ = next(iter(self._made.values()))
        assert documents.near is not None
        return documents.near

    def key(self, params: Params) -> tuple[Any, ...]:
        """What tells one reading from another."""
        return tuple(params[option.label] for option in self._dear)


@dataclass(frozen=True)
class Fold:
    """Rows (numbers of the search's) to fit on and to ask for."""

    inside: NDArray[np.int64]
    outside: NDArray[np.int64]


class Bench:
    """The training rows of one search, dealt to folds.

    Args:
        rows: (m,) numbers of the readings' documents.
        codes: (m,) or (m, c) of these rows.
        keep: where features are kept.
    """

    def __init__(
        self, readings: Readings, rows: NDArray[np.int64], codes: Codes, target: Target,
        space: Space, config: Config, metric: Metric, folds: int, keep: Kept,
    ) -> None:  # fmt: skip
        self.readings, self.rows, self.codes, self.target = readings, rows, codes, target
        self.space, self.config, self.metric, self.keep = space, config, metric, keep
        self.classes = target.width(codes)
        self.per_class = len(rows) / max(self.classes, 1)
        self.given, self.first = usual(space, config, self.per_class)
        self.near = readings.near[rows]
        fold = assign_folds(target.strata(codes), folds, config.seed, self.near)
        self.folds = [
            Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k))
            for k in range(int(fold.max()) + 1)
        ]

    def configured(self, params: Params) -> Config:
        """The options of a trial; those of the first are the defaults, as they are."""
        return self.config if params == self.first else self.space.apply(self.config, params)

    def run(self, params: Params, report: Report) -> tuple[float | None, float]:
        """Fit and ask each fold; the score of all rows, None where the trial was given up."""
        started = time.thread_time()
        recipe = make_classifier(None, self.configured(params)).recipe(self.per_class)
        held = np.zeros((len(self.rows), self.target.columns(self.classes)))
        for number, fold in enumerate(self.folds):
            learn, ask = self.features(recipe, params, number)
            head = recipe.make_head()
            head.group = self.near[fold.inside]
            self.target.fit(head, learn, self.codes[fold.inside], self.classes)
            held[fold.outside] = head.decision(ask)
            score = self.score(held[fold.outside], self.codes[fold.outside])
            last = number == len(self.folds) - 1
            if report(score) and not last:
                return None, time.thread_time() - started
        return self.score(held, self.codes), time.thread_time() - started

    def score(self, held: NDArray[np.float64], codes: Codes) -> float:
        """To ten digits: sums of floats in another order are no other score."""
        return round(self.metric.of(self.target, held, codes, self.config.seed), 10)

    def features(self, recipe: Recipe, params: Params, number: int) -> Pair:
        """Features of both parts of a fold; heads and their options have no part in them."""
        bare = replace(recipe, head="", regularization=None, class_weight=None)
        fold = self.folds[number]

        def make() -> Pair:
            documents, vectors = self.readings.of(params)
            learn, ask = (documents.take(self.rows[r]) for r in (fold.inside, fold.outside))
            stack = Assembly(bare, vectors, self.classes, self.target)
            stack.fit_features(learn, self.codes[fold.inside])
            return stack.features(learn), stack.features(ask)

        return self.keep.get((id(self), number, bare, self.readings.key(params)), make)


class Kept:
    """Features made once, up to `MOST_BYTES`; another thread that wants the same waits."""

    def __init__(self) -> None:
        self._lock, self._pairs = Lock(), OrderedDict[Any, Pair]()
        self._making: dict[Any, Lock] = {}

    def get(self, key: Any, make: Callable[[], Pair]) -> Pair:
        """What ``make`` gives for ``key``."""
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._pairs:
                    self._pairs.move_to_end(key)
                    return self._pairs[key]
            made = make()
            with self._lock:
                self._pairs[key] = made
                while len(self._pairs) > 1 and sum(map(_size, self._pairs.values())) > MOST_BYTES:
                    self._pairs.popitem(last=False)
            return made


def _size(pair: Pair) -> int:
    return sum(part.nbytes for one in pair for part in (one.data, one.indices, one.indptr))

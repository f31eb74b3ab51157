"""The contract of a target: all that depends on what is predicted, in one place.

A target turns labels into codes and predictions back into labels; says which groups of rows folds
keep in proportion, what a fusion's leave-one-out error is measured against, how a head is fitted
and its decisions become predictions; and scores rows, so that evidence and report need not know
what they compare. What it learns (classes, calibration, thresholds) it learns from training rows:
from labels in `Target.learn`, from out-of-fold decisions in `Target.settle`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import accuracy_score

from kgml.data.labels import LabelKind
from kgml.evaluation.metrics import (
    Difference,
    Scorer,
    measure,
    measure_mean,
    paired_difference,
    paired_mean_difference,
)
from kgml.models.light import Decisions, Head
from kgml.registry import resolve

Codes = NDArray[Any]
"""Labels as numbers, a row each: (n,) classes, (n, c) bool, (n,) floats."""

Labels: TypeAlias = Sequence[Any] | NDArray[Any]
"""One entry per row, checked."""


class Target:
    """Base class; n rows, c classes, k columns of decisions."""

    name: ClassVar[str]
    scorer: ClassVar[type[Scorer]]
    weighed: ClassVar[str]
    """The metric of the evidence, greater is better."""
    tested: ClassVar[str]
    """The metric of the difference on test rows, likewise."""
    settles: ClassVar[bool] = True
    """Whether predictions need `settle` (out-of-fold decisions), and not probabilities alone."""
    link: ClassVar[str]
    """What turns decisions into what `hot` says, where they are trained by gradient: softmax,
    logistic or identity."""
    classes_: NDArray[Any]

    def __init__(self, order: Sequence[Any] = ()) -> None:
        self.order = tuple(order)

    # Labels in

    @classmethod
    def kind(cls, separator: str | None = None, order: Sequence[str] = ()) -> LabelKind:
        """How a table's label column is read."""
        raise NotImplementedError

    def check(self, y: Any) -> Labels:
        """``y`` of `KGTextClassifier.fit`, one entry per row.

        Raises:
            CorpusError: entries missing or of another kind.
        """
        raise NotImplementedError

    def learn(self, y: Labels) -> Codes:
        """Learn the classes of checked labels; return their codes.

        Raises:
            CorpusError: nothing to tell apart.
        """
        raise NotImplementedError

    def width(self, codes: Codes) -> int:
        """Number of classes, as `fit` and `hot` want it."""
        return int(codes.max()) + 1

    # Fitting

    def columns(self, classes: int) -> int:
        """Number of columns of decisions."""
        return classes

    def strata(self, codes: Codes) -> NDArray[np.int64]:
        """(n,) numbers of the groups that folds keep in proportion."""
        groups: NDArray[np.int64] = codes
        return groups

    def hot(self, codes: Codes, classes: int) -> NDArray[np.float32]:
        """(n, k) what a leave-one-out residual is taken from."""
        raise NotImplementedError

    def head(self, name: str, rows_per_class: float) -> str:
        """The head for the name an option gives, ``auto`` resolved."""
        chosen: str = resolve("head", name).choose(rows_per_class)
        return chosen

    def fit(self, head: Head, features: sparse.csr_matrix, codes: Codes, classes: int) -> Head:
        """Fit ``head`` on ``features`` (n, d)."""
        return head.fit(features, codes, classes)

    # Decisions to predictions

    def settle(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> None:
        """Learn calibration and thresholds from out-of-fold ``decisions`` (n, k)."""
        raise NotImplementedError

    def settled(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> Self:
        """A copy settled on other decisions, such as a baseline's."""
        other = copy.copy(self)
        other.settle(head, decisions, codes, seed)
        return other

    def probabilities(self, head: Head, decisions: Decisions) -> NDArray[np.float64]:
        """``decisions`` (n, k) -> (n, c)."""
        raise NotImplementedError

    def decide(self, head: Head, decisions: Decisions) -> Codes:
        """``decisions`` (n, k) -> codes of the predicted labels."""
        raise NotImplementedError

    def labels(self, codes: Codes) -> Any:
        """Codes -> what `KGTextClassifier.predict` returns."""
        found: NDArray[Any] = self.classes_[codes]
        return found

    def names(self, codes: Codes) -> list[Any]:
        """Codes -> labels as JSON and tables hold them, one per row."""
        return [str(name) for name in self.classes_[codes]]

    def every(self) -> list[Any]:
        """Labels in which each class occurs, as tables hold them."""
        return [str(name) for name in self.classes_]

    # Scores

    def sure(self, decisions: Decisions, codes: Codes) -> NDArray[np.float64]:
        """(n,) how good each row's out-of-fold decision is, greater is better."""
        raise NotImplementedError

    def weigh(
        self, codes: Codes, a: Sequence[Decisions], b: Sequence[Decisions], seed: int
    ) -> Difference:
        """Mean `weighed` of out-of-fold decisions ``b``, (n, k) each, minus that of ``a``."""
        one, other = ([self._weighable(codes, held, seed) for held in runs] for runs in (a, b))
        truth = self._scored(codes)
        return paired_mean_difference(truth, one, other, self.weighed, seed, self.scorer)

    def scored(self, names: Sequence[Any]) -> Sequence[Any]:
        """Labels as tables hold them, ready for `scorer`.

        Raises:
            CorpusError: labels that cannot be scored.
        """
        return names

    def measure(
        self, truth: Sequence[Any], predicted: Sequence[Any], seed: int = 0
    ) -> dict[str, Any]:
        """Scores with intervals; both as `names` gives them."""
        return measure(self.scored(truth), self.scored(predicted), seed, self.scorer)

    def measure_mean(
        self, truth: Sequence[Any], runs: Sequence[Sequence[Any]], seed: int = 0
    ) -> dict[str, Any]:
        """`measure` of the mean score of several runs, `per_label` and the like left out."""
        scored = [self.scored(run) for run in runs]
        return measure_mean(self.scored(truth), scored, seed, self.scorer)

    def difference(
        self, truth: Sequence[Any], a: Sequence[Any], b: Sequence[Any], seed: int = 0
    ) -> Difference:
        """`tested` of ``b`` minus that of ``a``."""
        return paired_difference(
            self.scored(truth), self.scored(a), self.scored(b), self.tested, seed, self.scorer
        )

    def _weighable(self, codes: Codes, decisions: Decisions, seed: int) -> Sequence[Any]:
        """Out-of-fold predictions, ready for `scorer`."""
        head = Head()
        return self._scored(self.settled(head, decisions, codes, seed).decide(head, decisions))

    def _scored(self, codes: Codes) -> Sequence[Any]:
        """Codes, ready for `scorer`."""
        return list(codes.tolist())

    def score(self, y: Any, codes: Codes, sample_weight: Any = None) -> float:
        """Share of rows of which the prediction ``codes`` is the label ``y``, as `fit` takes it."""
        return float(accuracy_score(y, self.labels(codes), sample_weight=sample_weight))

    # Saved

    def state(self) -> dict[str, Any]:
        """What was learned, as JSON; empty where ``model.json`` says it anyway."""
        return {}

    def restore(self, state: dict[str, Any], classes: Sequence[Any]) -> Self:
        """Take up what `state` and ``classes_`` gave."""
        self.classes_ = np.asarray(classes)
        return self

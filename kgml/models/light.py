"""Light heads: classifiers that train in seconds on a CPU. The linear ones and the contract.

A head gives decision values; `Head.probabilities` turns them into probabilities with one
temperature (Guo et al. 2017), fitted by whoever holds out-of-fold decisions. The most probable
class is always the one with the largest decision value.

Of several labels (`Head.fit_labels`) a head decides each against the rest: its decision values are
margins, -inf for a label that no training row has and inf for one that all have.
"""

from __future__ import annotations

from contextlib import nullcontext
from threading import Lock
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from kgml.models.heads.choose import choose
from kgml.models.heads.platt import fit_platt, log_likelihood
from kgml.models.heads.solve import solve

AUTO = "auto"
WEIGHTS = ("none", "balanced")
ONE_AT_A_TIME = Lock()
"""LIBLINEAR draws from one generator of the whole process: two fits at once, other numbers."""
Decisions = NDArray[np.float64]


class Head:
    """Base class: ``make`` returns the scikit-learn estimator.

    Args:
        regularization: C of logistic and svm (the smaller, the more is held back), alpha of ridge
            (the larger); None for what the head has by itself, "auto" for the one of `GRID` whose
            log-loss is least in three folds of the rows given to `fit`.
        class_weight: "none" or "balanced"; None for what the head has by itself.
    """

    name: ClassVar[str]
    targets: ClassVar[frozenset[str]] = frozenset({"single", "multi", "ordinal"})
    options: ClassVar[frozenset[str]] = frozenset({"regularization", "class_weight"})
    GRID: ClassVar[tuple[float, ...]] = ()
    C: ClassVar[float] = 1.0
    WEIGHT: ClassVar[str] = "none"
    own_numbers: ClassVar[bool] = False
    """Whether a fit draws nothing from a generator of the process, so that others may go on beside it."""
    loss: ClassVar[str | None] = None
    """Of `heads.solve`, for several labels; None: the estimator is fitted label by label."""
    group: NDArray[np.int64] | None = None
    """(n,) of the rows to fit: near duplicates share a number. Folds in which ``regularization`` is
    chosen do not part them."""

    @classmethod
    def choose(cls, rows_per_class: float) -> str:
        """The name of the head to train: itself, for all but ``auto``."""
        return cls.name

    def __init__(
        self,
        seed: int = 0,
        regularization: float | str | None = None,
        class_weight: str | None = None,
    ) -> None:
        self.seed, self.regularization, self.class_weight = seed, regularization, class_weight
        self.temperature = 1.0
        self.C_ = (
            self.C if regularization is None or regularization == AUTO else float(regularization)
        )

    @property
    def used_regularization(self) -> float | None:
        """The C or alpha of the last fit, given or chosen; None where the head has neither."""
        return self.C_ if "regularization" in self.options else None

    @property
    def weight(self) -> str | None:
        """``class_weight`` as scikit-learn's estimators take it."""
        return "balanced" if (self.class_weight or self.WEIGHT) == "balanced" else None

    def make(self) -> Any:
        """A fresh estimator."""
        raise NotImplementedError

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``."""
        if self.regularization == AUTO:
            self.C_ = self._chosen(features, y, classes)
        if len(np.unique(y)) == 1:  # a fold may lack every other class
            none = {"coef": np.zeros((1, features.shape[1])), "intercept": np.zeros(1)}
            return self.restore({**none, "seen": y[:1]}, classes, 1.0)
        with nullcontext() if self.own_numbers else ONE_AT_A_TIME:
            estimator = self.make().fit(features, y)
        coef, intercept = estimator.coef_, estimator.intercept_
        if len(coef) == 1 and len(estimator.classes_) == 2:  # scikit-learn keeps one row for two
            coef, intercept = np.vstack([-coef, coef]) / 2, np.append(-intercept, intercept) / 2
        seen = {"coef": coef, "intercept": intercept, "seen": estimator.classes_.astype(np.int64)}
        return self.restore(seen, classes, 1.0)

    def fit_labels(self, features: sparse.csr_matrix, Y: NDArray[np.bool_]) -> Head:
        """``features`` (n, d), ``Y`` (n, c): whether row i has label k."""
        if self.regularization == AUTO:
            self.C_ = self._chosen_for_labels(features, Y)
        if self.loss is not None:
            balanced = self.weight == "balanced"
            coef, intercept = solve(features, Y, self.loss, self.C_, balanced)
        else:
            coef = np.zeros((Y.shape[1], features.shape[1]))
            intercept = np.where(Y.any(axis=0), np.inf, -np.inf)
            for k in np.flatnonzero(Y.any(axis=0) & ~Y.all(axis=0)):
                one = self._like(self.C_).fit(features, Y[:, k].astype(np.int64), 2)
                coef[k] = one.coef_[1] - one.coef_[0]
                intercept[k] = one.intercept_[1] - one.intercept_[0]
        arrays = {"coef": coef, "intercept": intercept, "seen": np.arange(Y.shape[1])}
        return self.restore(arrays, Y.shape[1], 1.0)

    def fit_values(self, features: sparse.csr_matrix, y: NDArray[np.float64]) -> Head:
        """``features`` (n, d), ``y`` (n,) numbers: for heads whose ``targets`` have regression."""
        raise NotImplementedError

    def restore(self, arrays: dict[str, NDArray[Any]], classes: int, temperature: float) -> Head:
        """Take up what `arrays` gave."""
        self.coef_, self.intercept_ = arrays["coef"], arrays["intercept"]
        self.seen_, self.classes, self.temperature = arrays["seen"], classes, temperature
        return self

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned: coef (k, d), intercept (k,), seen (k,) class numbers."""
        return {"coef": self.coef_, "intercept": self.intercept_, "seen": self.seen_}

    def decision(self, features: sparse.csr_matrix) -> Decisions:
        """(n, classes) decision values; a class without training rows never wins."""
        placed = np.full((features.shape[0], self.classes), -np.inf)
        placed[:, self.seen_] = features @ self.coef_.T + self.intercept_
        return placed

    def calibrate(self, decisions: Decisions, y: NDArray[np.int64]) -> Head:
        """Fit the temperature to held-out decisions (n, classes) of a head like this one."""
        self.temperature = fit_temperature(decisions, y)
        return self

    def probabilities(self, decisions: Decisions) -> Decisions:
        """Rows that sum to 1."""
        shares: Decisions = special.softmax(decisions / self.temperature, axis=1)
        return shares

    def check(self, width: int) -> None:
        """Raise ValueError where what was restored does not fit ``width`` columns."""
        if (
            self.coef_.shape != (len(self.seen_), width)
            or self.seen_.max(initial=0) >= self.classes
        ):
            raise ValueError(f"coefficients {self.coef_.shape} for {width} columns")

    def _like(self, C: float) -> Head:
        return type(self)(self.seed, C, self.class_weight)

    def _chosen(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> float:
        def decide(C: float, inside: NDArray[Any], outside: NDArray[Any]) -> Decisions:
            return (
                self._like(C).fit(features[inside], y[inside], classes).decision(features[outside])
            )

        return choose(self.GRID, decide, lambda held: log_loss(held, y), y, self.seed, self.group)

    def _chosen_for_labels(self, features: sparse.csr_matrix, Y: NDArray[np.bool_]) -> float:
        def decide(C: float, inside: NDArray[Any], outside: NDArray[Any]) -> Decisions:
            head = self._like(C).fit_labels(features[inside], Y[inside])
            return head.decision(features[outside])

        def loss(held: Decisions) -> float:
            return -float(log_likelihood(fit_platt(held, Y, own=False)(held), Y).mean())

        return choose(self.GRID, decide, loss, rarest(Y), self.seed, self.group)


class SVMHead(Head):
    """Linear support vector machine, one against the rest, classes weighed alike."""

    name = "svm"
    GRID = (0.03, 0.1, 0.3, 1.0, 3.0)
    C, WEIGHT = 0.5, "balanced"
    loss = "squared_hinge"

    def make(self) -> Any:
        """C as in the measurements before kgml; balanced, for macro-F1 on skewed labels."""
        return LinearSVC(C=self.C_, class_weight=self.weight, random_state=self.seed)


class LogisticHead(Head):
    """Multinomial logistic regression."""

    name = "logistic"
    GRID = (0.3, 1.0, 3.0, 10.0, 30.0)
    C = 10.0
    loss = "logistic"
    own_numbers = True

    def make(self) -> Any:
        """C as in the measurements before kgml."""
        return LogisticRegression(
            C=self.C_, class_weight=self.weight, max_iter=1000, random_state=self.seed
        )


class AutoHead(Head):
    """Not a head of its own: logistic below `FEW` training rows per class, svm from there on.

    Measured on parts of Ohsumed's training rows, HPO: macro-F1 at 8 and 32 per class .458 and
    .464 against .444 and .457, on 2,500 skewed rows .648 against .645 in a fifth of the time.
    """

    name = "auto"
    targets = frozenset({"single", "multi", "ordinal", "regression"})
    FEW = 50

    @classmethod
    def choose(cls, rows_per_class: float) -> str:
        """``logistic`` or ``svm``; for one label per row `SingleTarget` takes ``blend`` for the second."""
        return LogisticHead.name if rows_per_class < cls.FEW else SVMHead.name


def fit_temperature(decisions: Decisions, y: NDArray[np.int64]) -> float:
    """The temperature in [0.02, 20] with the least negative log-likelihood."""
    known = np.isfinite(decisions[np.arange(len(y)), y])
    if not known.any():
        return 1.0
    below = decisions[known] - decisions[known].max(axis=1, keepdims=True)
    picked = below[np.arange(len(below)), y[known]]

    def loss(log_temperature: float) -> float:
        # two to eight times as fast as scipy's logsumexp; every fold asks some thirty times
        scale = np.exp(-log_temperature)
        return float(np.mean(np.log(np.exp(below * scale).sum(axis=1)) - picked * scale))

    found = optimize.minimize_scalar(loss, bounds=(np.log(0.02), np.log(20)), method="bounded")
    return float(np.exp(found.x))


LEAST = 1e-6
"""A class that a fold's training rows lacked has probability 0; its log is taken of this."""


def log_loss(decisions: Decisions, y: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of classes ``y`` (n,) at the temperature that suits best."""
    head = Head().calibrate(decisions, y)
    picked = head.probabilities(decisions)[np.arange(len(y)), y]
    return -float(np.mean(np.log(np.maximum(picked, LEAST))))


def rarest(Y: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rarest label of each row of ``Y`` (n, c), c where it has none: (n,)."""
    order = np.argsort(Y.sum(axis=0), kind="stable")
    found = Y[:, order].argmax(axis=1) if Y.shape[1] else np.zeros(len(Y), dtype=np.int64)
    picked: NDArray[np.int64] = np.where(
        Y.any(axis=1), order[found] if len(order) else 0, Y.shape[1]
    )
    return picked

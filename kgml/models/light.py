"""Light heads: linear classifiers that train in seconds on a CPU.

A head gives decision values; `Head.probabilities` turns them into probabilities with one
temperature (Guo et al. 2017), fitted by whoever holds out-of-fold decisions. The most probable
class is always the one with the largest decision value.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

ONE_AT_A_TIME = Lock()
"""LIBLINEAR draws from one generator of the whole process: two fits at once, other numbers."""
Decisions = NDArray[np.float64]


class Head:
    """Base class: ``make`` returns the scikit-learn estimator."""

    name: ClassVar[str]

    @classmethod
    def choose(cls, rows_per_class: float) -> str:
        """The name of the head to train: itself, for all but ``auto``."""
        return cls.name

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.temperature = 1.0

    def make(self) -> Any:
        """A fresh estimator."""
        raise NotImplementedError

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``."""
        if len(np.unique(y)) == 1:  # a fold may lack every other class
            none = {"coef": np.zeros((1, features.shape[1])), "intercept": np.zeros(1)}
            return self.restore({**none, "seen": y[:1]}, classes, 1.0)
        with ONE_AT_A_TIME:
            estimator = self.make().fit(features, y)
        coef, intercept = estimator.coef_, estimator.intercept_
        if len(coef) == 1 and len(estimator.classes_) == 2:  # scikit-learn keeps one row for two
            coef, intercept = np.vstack([-coef, coef]) / 2, np.append(-intercept, intercept) / 2
        seen = {"coef": coef, "intercept": intercept, "seen": estimator.classes_.astype(np.int64)}
        return self.restore(seen, classes, 1.0)

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


class SVMHead(Head):
    """Linear support vector machine, one against the rest, classes weighed alike."""

    name = "svm"

    def make(self) -> Any:
        """C as in the measurements before kgml; balanced, for macro-F1 on skewed labels."""
        return LinearSVC(C=0.5, class_weight="balanced", random_state=self.seed)


class LogisticHead(Head):
    """Multinomial logistic regression."""

    name = "logistic"

    def make(self) -> Any:
        """C as in the measurements before kgml."""
        return LogisticRegression(C=10.0, max_iter=1000, random_state=self.seed)


class AutoHead(Head):
    """Not a head of its own: logistic below `FEW` training rows per class, svm from there on.

    Measured on parts of Ohsumed's training rows, HPO: macro-F1 at 8 and 32 per class .458 and
    .464 against .444 and .457, on 2,500 skewed rows .648 against .645 in a fifth of the time.
    """

    name = "auto"
    FEW = 50

    @classmethod
    def choose(cls, rows_per_class: float) -> str:
        """``logistic`` or ``svm``."""
        return LogisticHead.name if rows_per_class < cls.FEW else SVMHead.name


def fit_temperature(decisions: Decisions, y: NDArray[np.int64]) -> float:
    """The temperature in [0.02, 20] with the least negative log-likelihood."""
    known = np.isfinite(decisions[np.arange(len(y)), y])
    if not known.any():
        return 1.0

    def loss(log_temperature: float) -> float:
        scaled = decisions[known] / np.exp(log_temperature)
        picked = scaled[np.arange(known.sum()), y[known]]
        return float(np.mean(special.logsumexp(scaled, axis=1) - picked))

    found = optimize.minimize_scalar(loss, bounds=(np.log(0.02), np.log(20)), method="bounded")
    return float(np.exp(found.x))

"""The classifier of a fine-tuned transformer: linear, as every other, once it is trained."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.light import Decisions, Head, fit_temperature


class TransformerHead(Head):
    """Decision values of the columns of `Assembly.features`, whose text vectors are those of the
    encoder that was trained with it.

    It is not fitted on features: `kgml.models.finetuned.run` trains it, and restores it from arrays.
    """

    name = "transformer"
    targets: ClassVar[frozenset[str]] = frozenset({"single", "multi", "ordinal", "regression"})
    options: ClassVar[frozenset[str]] = frozenset({"class_weight"})

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        raise NotImplementedError("trained with the text encoder: kgml.models.finetuned.run")

    def decision(self, features: sparse.csr_matrix) -> Decisions:
        """(n, columns) decision values; of numbers, the numbers."""
        decided: Decisions = np.asarray(features @ self.coef_.T + self.intercept_)
        return decided

    def calibrate(self, decisions: Decisions, y: NDArray[np.int64]) -> Head:
        """The temperature of held-out decisions, at least 1: these rows chose the step that is kept, and
        a few of them that are all right would call everything certain."""
        self.temperature = max(1.0, fit_temperature(decisions, y))
        return self

    def arrays(self) -> dict[str, NDArray[Any]]:
        """coef (k, d), intercept (k,), seen (k,)."""
        return {"coef": self.coef_, "intercept": self.intercept_, "seen": self.seen_}

"""A number per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import r2_score

from kgml.data.labels import LabelKind, Number, number_bins
from kgml.errors import CorpusError
from kgml.evaluation.numbers import Numbers
from kgml.models.light import Decisions, Head
from kgml.models.targets.base import Codes, Labels, Target


class RegressionTarget(Target):
    """Codes (n,) the numbers themselves, one column of decisions, no probabilities.

    Evidence: minus the absolute error of a row, in the unit of the target.
    """

    name = "regression"
    scorer = Numbers
    weighed, tested = "r2", "r2"
    link = "identity"
    settles = False

    @classmethod
    def kind(cls, separator: str | None = None, order: Sequence[str] = ()) -> LabelKind:
        return Number()

    def check(self, y: Any) -> Labels:
        return np.array(Number().read(list(y), "labels"))

    def learn(self, y: Labels) -> Codes:
        self.classes_ = np.zeros(0)
        codes = np.asarray(y, dtype=np.float64)
        if len(np.unique(codes)) < 2:
            raise CorpusError(f"the same number in all of {len(codes)} rows; wanted several.")
        return codes

    def width(self, codes: Codes) -> int:
        return 1

    def strata(self, codes: Codes) -> NDArray[np.int64]:
        """The bin that each number lies in, `number_bins`."""
        return number_bins(codes)

    def hot(self, codes: Codes, classes: int) -> NDArray[np.float32]:
        """Standardised, (n, 1)."""
        spread = codes.std() or 1.0
        scaled: NDArray[np.float32] = ((codes - codes.mean()) / spread)[:, None].astype(np.float32)
        return scaled

    def head(self, name: str, rows_per_class: float) -> str:
        return "ridge" if name == "auto" else name

    def fit(self, head: Head, features: sparse.csr_matrix, codes: Codes, classes: int) -> Head:
        return head.fit_values(features, codes)

    def settle(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> None:
        return None

    def probabilities(self, head: Head, decisions: Decisions) -> NDArray[np.float64]:
        return np.zeros((len(decisions), 0))

    def decide(self, head: Head, decisions: Decisions) -> Codes:
        return decisions[:, 0]

    def labels(self, codes: Codes) -> Any:
        return codes

    def names(self, codes: Codes) -> list[Any]:
        return [round(float(value), 6) for value in codes]

    def score(self, y: Any, codes: Codes, sample_weight: Any = None) -> float:
        """R2."""
        return float(r2_score(self.check(y), codes, sample_weight=sample_weight))

    def sure(self, decisions: Decisions, codes: Codes) -> NDArray[np.float64]:
        return -np.abs(decisions[:, 0] - codes)

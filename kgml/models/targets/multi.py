"""Several labels per row, or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.data.labels import LabelKind, Several, check_label_sets, check_some_label
from kgml.errors import CorpusError
from kgml.evaluation.several import LabelSets, per_label
from kgml.models.heads.platt import Platt, fit_platt, log_likelihood
from kgml.models.heads.threshold import Thresholds, fit_thresholds
from kgml.models.light import Decisions, Head, rarest
from kgml.models.targets.base import Codes, Labels, Target


class MultiTarget(Target):
    """Codes (n, c) bool; each label is decided against the rest.

    A label is predicted from its threshold on, chosen for F1 on out-of-fold probabilities
    (`Thresholds`). Evidence: the log-likelihood of a row's label vector, one scale for all labels
    fitted to these rows.
    """

    name = "multi"
    scorer = LabelSets
    weighed, tested = "micro_f1", "macro_f1"
    link = "logistic"
    platt_: Platt
    thresholds_: Thresholds

    @classmethod
    def kind(cls, separator: str | None = None, order: Sequence[str] = ()) -> LabelKind:
        return Several(separator)

    def check(self, y: Any) -> Labels:
        """A list of lists of labels, or an array or sparse matrix (n, c) of 0 and 1."""
        self.indicator_ = getattr(y, "ndim", 1) == 2  # of numpy, scipy or pandas
        if not self.indicator_:
            if isinstance(y, str) or not hasattr(y, "__len__"):
                raise CorpusError(
                    "labels: wanted a list of labels for each text, or an array of 0 and 1."
                )
            return check_label_sets(list(y))
        hot = np.asarray(y.toarray() if sparse.issparse(y) else y)  # type: ignore[attr-defined]
        if not np.isin(hot, [0, 1]).all():
            raise CorpusError(
                f"labels: an array {hot.shape} that holds other values than 0 and 1; wanted an "
                "indicator of each label, or a list of lists of labels."
            )
        return list(hot.astype(bool))

    def learn(self, y: Labels) -> Codes:
        if getattr(self, "indicator_", False):
            hot = np.array(y, dtype=bool).reshape(len(y), -1)
            self.classes_ = np.arange(hot.shape[1])
        else:
            self.indicator_ = False
            self.classes_ = _sorted({label for row in y for label in row})
            place = {str(label): k for k, label in enumerate(self.classes_)}
            hot = np.zeros((len(y), len(place)), dtype=bool)
            for i, row in enumerate(y):
                hot[i, [place[str(label)] for label in row]] = True
        check_some_label("y", [np.flatnonzero(row).tolist() for row in hot])
        return hot

    def width(self, codes: Codes) -> int:
        return int(codes.shape[1])

    def strata(self, codes: Codes) -> NDArray[np.int64]:
        """The rarest label of each row."""
        return rarest(codes)

    def hot(self, codes: Codes, classes: int) -> NDArray[np.float32]:
        return np.asarray(codes, dtype=np.float32)

    def fit(self, head: Head, features: sparse.csr_matrix, codes: Codes, classes: int) -> Head:
        return head.fit_labels(features, codes)

    def settle(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> None:
        self.platt_ = fit_platt(decisions, codes)
        self.thresholds_ = fit_thresholds(self.platt_(decisions), codes)

    def probabilities(self, head: Head, decisions: Decisions) -> NDArray[np.float64]:
        return self.platt_(decisions)

    def decide(self, head: Head, decisions: Decisions) -> Codes:
        return self.thresholds_(self.platt_(decisions))

    def labels(self, codes: Codes) -> Any:
        if self.indicator_:
            return codes.astype(np.int64)
        names = self.classes_.tolist()
        return [[names[k] for k in np.flatnonzero(row)] for row in codes]

    def every(self) -> list[Any]:
        return [[str(name) for name in self.classes_]]

    def names(self, codes: Codes) -> list[Any]:
        names = [str(name) for name in self.classes_]
        return [[names[k] for k in np.flatnonzero(row)] for row in codes]

    def sure(self, decisions: Decisions, codes: Codes) -> NDArray[np.float64]:
        return log_likelihood(fit_platt(decisions, codes, own=False)(decisions), codes)

    def measure(
        self, truth: Sequence[Any], predicted: Sequence[Any], seed: int = 0
    ) -> dict[str, Any]:
        return {
            **super().measure(truth, predicted, seed),
            "per_label": per_label(truth, predicted, seed),
        }

    def score(self, y: Any, codes: Codes, sample_weight: Any = None) -> float:
        """Share of rows whose labels are all right, none too many."""
        other = type(self)()
        rows = other.check(y)
        if other.indicator_:
            hot = np.array(rows).reshape(len(rows), -1)
            if hot.shape != codes.shape:
                raise CorpusError(f"labels: shape {hot.shape}; wanted {codes.shape}.")
            right = (hot == codes).all(axis=1)
        else:
            found = self.names(codes)
            right = [
                {str(label) for label in row} == set(of)
                for row, of in zip(rows, found, strict=True)
            ]
        return float(np.average(right, weights=sample_weight))

    def _scored(self, codes: Codes) -> Sequence[Any]:
        return [np.flatnonzero(row).tolist() for row in codes]

    def state(self) -> dict[str, Any]:
        return {
            "indicator": self.indicator_,
            "scale": self.platt_.scale.tolist(),
            "offset": self.platt_.offset.tolist(),
            "threshold": self.thresholds_.least.tolist(),
            "always": self.thresholds_.always,
        }

    def restore(self, state: dict[str, Any], classes: Sequence[Any]) -> Self:
        super().restore(state, classes)
        self.indicator_ = bool(state["indicator"])
        self.platt_ = Platt(np.array(state["scale"]), np.array(state["offset"]))
        self.thresholds_ = Thresholds(np.array(state["threshold"]), bool(state["always"]))
        sizes = {
            len(classes),
            len(self.platt_.scale),
            len(self.platt_.offset),
            len(self.thresholds_.least),
        }
        if len(sizes) != 1:
            raise ValueError(f"labels, scales and thresholds differ in number: {sorted(sizes)}")
        return self


def _sorted(labels: Collection[Any]) -> NDArray[Any]:
    """Labels as an array, sorted.

    Raises:
        CorpusError: they are not of one type.
    """
    kinds = sorted({type(label).__name__ for label in labels})
    if len(kinds) > 1:
        raise CorpusError(f"labels of several types ({', '.join(kinds)}); wanted all of one type.")
    return np.array(sorted(labels))

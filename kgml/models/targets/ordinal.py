"""One class per row, and the classes have an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.data.labels import LabelKind, Ordered, check_labels, class_order
from kgml.errors import CorpusError
from kgml.evaluation.ordered import OrderedClasses
from kgml.models.heads.platt import Platt, fit_platt
from kgml.models.light import Decisions, Head
from kgml.models.targets.base import Codes, Labels, Target


class OrdinalTarget(Target):
    """Codes (n,) places in the order; c - 1 questions "above class k?" (Frank and Hall 2001).

    Any head that decides a label against the rest answers them; their probabilities are made to
    fall, and the class predicted is the median: as many classes up as there are questions with
    more yes than no, which keeps the expected distance in classes least. Evidence: minus the
    ranked probability score of a row (Epstein 1969), the error that counts how far off.
    """

    name = "ordinal"
    scorer = OrderedClasses
    weighed, tested = "kappa", "kappa"
    link = "logistic"
    platt_: Platt

    @classmethod
    def kind(cls, separator: str | None = None, order: Sequence[str] = ()) -> LabelKind:
        return Ordered(order)

    def check(self, y: Any) -> Labels:
        return check_labels(y)

    def learn(self, y: Labels) -> Codes:
        given = {str(v): v for v in np.asarray(y).tolist()}
        order = class_order([str(v) for v in np.asarray(y).tolist()], [str(v) for v in self.order])
        if len(given) < 2:
            raise CorpusError(f"{len(given)} class in {len(y)} rows; wanted at least two classes.")
        kinds = {str(v): v for v in self.order} | given
        self.classes_ = np.array([kinds[name] for name in order])
        place = {name: k for k, name in enumerate(order)}
        return np.array([place[str(v)] for v in np.asarray(y).tolist()])

    def width(self, codes: Codes) -> int:
        return len(self.classes_)

    def columns(self, classes: int) -> int:
        return classes - 1

    def hot(self, codes: Codes, classes: int) -> NDArray[np.float32]:
        """Whether each row is above each class but the last, (n, c - 1)."""
        return self._above(codes, classes).astype(np.float32)

    def fit(self, head: Head, features: sparse.csr_matrix, codes: Codes, classes: int) -> Head:
        return head.fit_labels(features, self._above(codes, classes))

    def settle(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> None:
        self.platt_ = fit_platt(decisions, self._above(codes, decisions.shape[1] + 1))

    def probabilities(self, head: Head, decisions: Decisions) -> NDArray[np.float64]:
        above = falling(self.platt_(decisions))
        ends = np.ones((len(above), 1))
        shares: NDArray[np.float64] = np.hstack([ends, above]) - np.hstack([above, 0 * ends])
        return shares

    def decide(self, head: Head, decisions: Decisions) -> Codes:
        steps: Codes = (falling(self.platt_(decisions)) > 0.5).sum(axis=1)
        return steps

    def sure(self, decisions: Decisions, codes: Codes) -> NDArray[np.float64]:
        above = self._above(codes, decisions.shape[1] + 1)
        shares = falling(fit_platt(decisions, above)(decisions))
        score: NDArray[np.float64] = -np.square(shares - above).mean(axis=1)
        return score

    def scored(self, names: Sequence[Any]) -> Sequence[Any]:
        place = {str(name): k for k, name in enumerate(self.classes_)}
        unseen = sorted({str(name) for name in names} - set(place))
        if unseen:
            raise CorpusError(
                f"label '{unseen[0]}' is not among the classes {' < '.join(place)}, so how far off a "
                "prediction is cannot be said. Train with --order, or remove its rows."
            )
        return [place[str(name)] for name in names]

    def state(self) -> dict[str, Any]:
        return {"scale": self.platt_.scale.tolist(), "offset": self.platt_.offset.tolist()}

    def restore(self, state: dict[str, Any], classes: Sequence[Any]) -> Self:
        super().restore(state, classes)
        self.platt_ = Platt(np.array(state["scale"]), np.array(state["offset"]))
        if not len(self.platt_.scale) == len(self.platt_.offset) == len(classes) - 1:
            raise ValueError(f"{len(classes)} classes, {len(self.platt_.scale)} scales")
        return self

    def _above(self, codes: Codes, classes: int) -> NDArray[np.bool_]:
        above: NDArray[np.bool_] = codes[:, None] > np.arange(classes - 1)
        return above


def falling(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (n, c - 1) of lying above each class, none greater than the one before.

    Each is the mean of the least before it and the greatest after it (its own value where they
    fall already), so that no question has the last word.
    """
    down = np.minimum.accumulate(above, axis=1)
    up = np.maximum.accumulate(above[:, ::-1], axis=1)[:, ::-1]
    middle: NDArray[np.float64] = (down + up) / 2
    return middle

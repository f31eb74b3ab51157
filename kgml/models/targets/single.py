"""One label per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.labels import LabelKind, OneLabel, check_labels
from kgml.errors import CorpusError
from kgml.evaluation.metrics import OneLabelEach
from kgml.models.heads.blend import BlendHead
from kgml.models.light import AUTO, Decisions, Head, SVMHead
from kgml.models.targets.base import Codes, Labels, Target


class SingleTarget(Target):
    """Codes (n,) class numbers; the most probable class is predicted.

    Evidence: the probability of a row's own class, the temperature fitted to these rows.
    """

    name = "single"
    scorer = OneLabelEach
    weighed, tested = "accuracy", "macro_f1"
    link = "softmax"
    settles = False

    @classmethod
    def kind(cls, separator: str | None = None, order: Sequence[str] = ()) -> LabelKind:
        return OneLabel()

    def check(self, y: Any) -> Labels:
        return check_labels(y)

    def learn(self, y: Labels) -> Codes:
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            found = f"one class only ('{self.classes_[0]}')" if len(y) else "no text"
            raise CorpusError(f"{found} in {len(y)} rows; wanted at least two classes.")
        return codes

    def head(self, name: str, rows_per_class: float) -> str:
        chosen = super().head(name, rows_per_class)
        return BlendHead.name if name == AUTO and chosen == SVMHead.name else chosen

    def hot(self, codes: Codes, classes: int) -> NDArray[np.float32]:
        return np.eye(int(codes.max()) + 1, dtype=np.float32)[codes]

    def settle(self, head: Head, decisions: Decisions, codes: Codes, seed: int = 0) -> None:
        head.calibrate(decisions, codes)

    def probabilities(self, head: Head, decisions: Decisions) -> NDArray[np.float64]:
        return head.probabilities(decisions)

    def decide(self, head: Head, decisions: Decisions) -> Codes:
        best: Codes = head.probabilities(decisions).argmax(axis=1)
        return best

    def sure(self, decisions: Decisions, codes: Codes) -> NDArray[np.float64]:
        head = Head().calibrate(decisions, codes)
        picked: NDArray[np.float64] = head.probabilities(decisions)[np.arange(len(codes)), codes]
        return picked

    def _weighable(self, codes: Codes, decisions: Decisions, seed: int) -> Sequence[Any]:
        return self._scored(decisions.argmax(axis=1))

    def _scored(self, codes: Codes) -> Sequence[Any]:
        return [str(c) for c in codes]

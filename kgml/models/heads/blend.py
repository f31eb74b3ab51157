"""Two linear heads as one: a support vector machine and ridge regression, each right elsewhere."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.heads.ridge import RidgeHead
from kgml.models.light import Head, SVMHead


class BlendHead(Head):
    """The mean of the decisions of `SVMHead` and `RidgeHead`, each divided by its spread over the
    training rows; linear again, so it is two heads to train and one to keep. ``regularization`` is C
    of the first; alpha of the second is chosen by leave-one-out.

    Folds of training rows, accuracy / macro-F1 in points over svm alone: fomc +.9 / +1.5, Ohsumed
    +.7 / +.9, with concepts +.5 / +.5, medical_abstracts +.1 / +.6, financial_phrasebank -.4 / -.3;
    ridge alone +1.0 / +2.0, +.6 / +.4, +.7 / +.8, -.5 / +.7, -1.0 / -.9.
    """

    name = "blend"
    targets: ClassVar[frozenset[str]] = frozenset({"single"})
    C: ClassVar[float] = SVMHead.C
    WEIGHT: ClassVar[str] = SVMHead.WEIGHT

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``."""
        made = (SVMHead(self.seed, self.regularization, self.class_weight),
                RidgeHead(self.seed, None, self.class_weight))  # fmt: skip
        made[0].group = self.group
        parts = [head.fit(features, y, classes) for head in made]
        self.C_ = parts[0].C_
        seen = parts[0].seen_
        spread = [float(part.decision(features)[:, seen].std()) or 1.0 for part in parts]
        summed = {
            name: sum(getattr(part, name) / of / 2 for part, of in zip(parts, spread, strict=True))
            for name in ("coef_", "intercept_")
        }
        arrays = {"coef": summed["coef_"], "intercept": summed["intercept_"], "seen": seen}
        return self.restore(arrays, classes, 1.0)

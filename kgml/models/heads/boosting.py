"""Gradient boosted trees on a dense, reduced form of the features."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from kgml.models.heads.columns import full_columns
from kgml.models.heads.trees import NODE, Trees, collect, trees_of
from kgml.models.light import Decisions, Head

SHORT = 1e-9
"""A component below this share of the first is rounding."""


class BoostingHead(Head):
    """scikit-learn's ``HistGradientBoostingClassifier``; several labels: one model for each.

    A truncated SVD keeps `COMPONENTS` directions of the columns filled in half of the rows (the
    text vector) and as many of the others (words, concepts), learned on the same rows. Trees cut
    one column at a time and a text's topic lies along none: for topics, take a linear head
    (``benchmarks/heads.py`` has them beside each other). It serves where classes are few, rows are
    thousands, and what decides is a threshold or an interplay of few columns.
    """

    name = "boosting"
    options: ClassVar[frozenset[str]] = frozenset({"class_weight"})
    COMPONENTS: ClassVar[int] = 50
    ROUNDS: ClassVar[int] = 100

    def make(self) -> Any:
        """An estimator for dense rows."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.ROUNDS, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=5,
            early_stopping=False, class_weight=self.weight,
            random_state=self.seed,
        )  # fmt: skip

    def fit(self, features: sparse.csr_matrix, y: NDArray[np.int64], classes: int) -> Head:
        """``features`` (n, d), ``y`` (n,) class numbers below ``classes``."""
        seen = np.unique(y).astype(np.int64)
        self._reduce(features)
        if len(seen) == 1:
            trees = collect([], np.zeros(1))
        else:
            with threadpool_limits(1, user_api="openmp"):  # another number, other last digits
                trees = trees_of(self.make().fit(self._dense(features), y))
        return self._keep(trees, seen, classes)

    def fit_labels(self, features: sparse.csr_matrix, Y: NDArray[np.bool_]) -> Head:
        """``features`` (n, d), ``Y`` (n, c)."""
        self._reduce(features)
        dense = self._dense(features)
        start = np.where(Y.any(axis=0), np.inf, -np.inf)
        leaf = np.zeros(1, dtype=NODE)
        leaf["is_leaf"] = 1
        rounds = [[leaf] * Y.shape[1] for _ in range(self.ROUNDS)]
        with threadpool_limits(1, user_api="openmp"):
            for k in np.flatnonzero(Y.any(axis=0) & ~Y.all(axis=0)):
                grown = self.make().fit(dense, Y[:, k])
                start[k] = np.asarray(grown._baseline_prediction).item()
                for number, (tree,) in enumerate(grown._predictors):
                    rounds[number][k] = tree.nodes[list(NODE.names or ())].astype(NODE)
        return self._keep(collect(rounds, start), np.arange(Y.shape[1]), Y.shape[1])

    def decision(self, features: sparse.csr_matrix) -> Decisions:
        """(n, classes) raw scores; a class without training rows never wins."""
        raw = self.trees_.raw(self._dense(features))
        if raw.shape[1] < len(self.seen_):  # one column for two classes
            raw = np.concatenate([-raw, raw], axis=1) / 2
        placed = np.full((features.shape[0], self.classes), -np.inf)
        placed[:, self.seen_] = raw
        return placed

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Trees, the directions the columns are reduced to, and the classes seen."""
        reduced = {"components": self.components_, "seen": self.seen_}
        return {**reduced, **self.trees_.arrays()}

    def restore(self, arrays: dict[str, NDArray[Any]], classes: int, temperature: float) -> Head:
        """Take up what `arrays` gave."""
        self.components_, reduced = arrays["components"], {"components", "seen"}
        self.trees_ = Trees(**{k: v for k, v in arrays.items() if k not in reduced})
        self.seen_, self.classes, self.temperature = arrays["seen"], classes, temperature
        return self

    def check(self, width: int) -> None:
        """Raise ValueError where the arrays do not fit ``width`` columns or each other."""
        trees, d = self.trees_, len(self.components_)
        nodes = len(trees.feature)
        sized = all(
            len(a) == nodes for a in (trees.threshold, trees.left, trees.right, trees.value)
        )
        inside = all(
            a.min(initial=0) >= 0 and a.max(initial=-1) < most
            for a, most in ((trees.feature, max(d, 1)), (trees.left, nodes), (trees.right, nodes),
                            (trees.root, nodes), (self.seen_, self.classes))
        )  # fmt: skip
        own = np.arange(nodes)
        deeper = ((trees.left > own) & (trees.right > own)) | (
            (trees.left == own) & (trees.right == own)
        )  # so that every walk ends
        if not (sized and inside and deeper.all() and self.components_.shape[1] == width):
            raise ValueError("the trees do not fit together")

    def _keep(self, trees: Trees, seen: NDArray[np.int64], classes: int) -> Head:
        reduced = {"components": self.components_, "seen": seen}
        return self.restore({**reduced, **trees.arrays()}, classes, 1.0)

    def _reduce(self, features: sparse.csr_matrix) -> None:
        """Learn the directions (k, d) of full columns, then of the others."""
        full = np.zeros(features.shape[1], dtype=bool)
        full[full_columns(features)] = True
        parts = [self._directions(features, kept) for kept in (full, ~full)]
        self.components_ = np.concatenate(parts)

    def _directions(
        self, features: sparse.csr_matrix, kept: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        some = sparse.csr_matrix(features[:, kept], dtype=np.float64)
        directions = np.zeros((0, features.shape[1]))
        most = min(self.COMPONENTS, *some.shape)
        if some.nnz and most:
            from sklearn.utils.extmath import randomized_svd

            _, length, found = randomized_svd(some, most, random_state=self.seed)
            found = found[length > SHORT * length[0]]
            directions = np.zeros((len(found), features.shape[1]))
            directions[:, kept] = found
        return directions

    def _dense(self, features: sparse.csr_matrix) -> NDArray[np.float64]:
        dense: NDArray[np.float64] = features @ self.components_.T
        return dense

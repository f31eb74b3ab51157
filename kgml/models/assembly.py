"""One trained stack: lexical view, concept view, fusion, head. Everything in it is fitted on the
rows given to `Assembly.fit` and on no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from kgml.fusion.base import Fusion
from kgml.models.concepts import ConceptView
from kgml.models.features import Documents, EntityVectors, bag_of
from kgml.models.learn import MOST_ROWS, fit_fusion, make_batch, some_rows
from kgml.models.lexical import LexicalView, no_columns
from kgml.models.light import Decisions, Head
from kgml.models.targets.base import Codes, Target
from kgml.models.targets.single import SingleTarget
from kgml.registry import resolve

BATCH = 256


@dataclass(frozen=True)
class Recipe:
    """The names that make a stack."""

    fusion: str = "concat"
    head: str = "svm"
    lexical: bool = True
    seed: int = 0
    regularization: float | str | None = None
    class_weight: str | None = None

    def make_head(self) -> Head:
        """A fresh head."""
        return make_head(self.head, self.seed, self.regularization, self.class_weight)


def make_head(
    name: str,
    seed: int = 0,
    regularization: float | str | None = None,
    class_weight: str | None = None,
) -> Head:
    """The head ``name``; heads of other packages may know neither of the last two options."""
    given = {"regularization": regularization, "class_weight": class_weight}
    made: Head = resolve("head", name)(
        seed=seed, **{k: v for k, v in given.items() if v is not None}
    )
    return made


class Assembly:
    """``fit(documents, y)``, then ``decision(documents)``.

    Args:
        target: what ``y`` is; None for one label per row.
    """

    def __init__(
        self, recipe: Recipe, vectors: EntityVectors, classes: int, target: Target | None = None
    ) -> None:
        self.recipe, self.vectors, self.classes = recipe, vectors, classes
        self.target = target or SingleTarget()
        self.lexical_: LexicalView | None = None

    def fit(self, documents: Documents, y: Codes, strength: float = 1.0) -> Assembly:
        """Learn from ``documents`` (n) and codes ``y`` of the target, (n,) class numbers or (n, c).

        Args:
            strength: 0 leaves knowledge out altogether.
        """
        if self.recipe.lexical:
            self.lexical_ = LexicalView().fit(documents.terms)
        self.view_ = ConceptView().fit(documents.counts, self.vectors.graph.vocabularies)
        make = resolve("fusion", self.recipe.fusion)
        self.fusion_: Fusion = make(documents.text.shape[1], self.vectors.d_node)
        self.fusion_.strength.fill_(strength)
        if not self.fusion_.idle:
            self._learn(documents, y)
        self.fusion_.requires_grad_(False)
        self.head_: Head = self.recipe.make_head()
        self.target.fit(self.head_, self.features(documents), y, self.classes)
        return self

    def features(self, documents: Documents) -> sparse.csr_matrix:
        """``[fused vector | lexical view | concept view]``, (n, d) float32."""
        documents = self._as_used(documents)
        vector, weights, gate = self._fused(documents)
        views = [sparse.csr_matrix(vector), self.view_.transform(documents.counts, weights, gate)]
        if self.lexical_ is not None:
            views.insert(1, self.lexical_.transform(documents.terms))
        return sparse.csr_matrix(sparse.hstack(views, format="csr"))

    def concept_columns(self) -> tuple[int, NDArray[np.int64]]:
        """Where the concept view begins among the columns of `features`, and the entity number of
        each of its columns."""
        terms = len(self.lexical_.terms_) if self.lexical_ is not None else 0
        return self.fusion_.d_out + terms, self.view_.columns_

    def attention(self, documents: Documents) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
        """What the fusion makes of n documents: how much each concept counts, CSR (n, e) at the
        places of ``documents.counts``, 1 meaning as counted; and how much knowledge does, (n,)."""
        documents = self._as_used(documents)
        _, weights, gate = self._fused(documents)
        counts = documents.counts
        return sparse.csr_matrix((weights, counts.indices, counts.indptr), shape=counts.shape), gate

    def decision(self, documents: Documents) -> Decisions:
        """(n, classes) decision values."""
        return self.head_.decision(self.features(documents))

    def _as_used(self, documents: Documents) -> Documents:
        return documents.without_links() if self.fusion_.idle else documents

    def _fused(self, documents: Documents) -> tuple[NDArray[np.float32], ...]:
        """Vector (n, d_out), weights in the order of ``counts.data``, gate (n,)."""
        n = len(documents)
        parts = [self._fused_batch(documents.take(np.arange(i, min(i + BATCH, n))))
                 for i in range(0, max(n, 1), BATCH)]  # fmt: skip
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    def _fused_batch(self, documents: Documents) -> tuple[NDArray[np.float32], ...]:
        bag = bag_of(documents, self.vectors, self.fusion_.needs_keys)
        fused = self.fusion_(torch.from_numpy(documents.text), bag)
        weights = fused.concept_weights[bag.mask]
        return fused.vector.numpy(), weights.numpy(), fused.gate.numpy()

    def _learn(self, documents: Documents, y: Codes) -> None:
        rows = some_rows(self.target.strata(y), MOST_ROWS, self.recipe.seed)
        some = documents.take(rows)
        lexical = self.lexical_.transform(some.terms) if self.lexical_ else no_columns(len(rows))
        bag = bag_of(some, self.vectors, self.fusion_.needs_keys)
        hot = self.target.hot(y[rows], self.classes)
        batch = make_batch(some.text, bag, lexical, self.view_, documents.own.shape[1], hot)
        fit_fusion(self.fusion_, batch)

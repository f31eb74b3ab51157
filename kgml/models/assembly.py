"""One trained stack: views of text and lead, fusion, head. Everything in it is fitted on the
rows given to `Assembly.fit` and on no others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from kgml.fusion.base import Fusion
from kgml.models.features import Documents, EntityVectors, aligned, bag_of, of_some
from kgml.models.learn import MOST_ROWS, concepts_of, fit_fusion, make_batch, some_rows
from kgml.models.light import Decisions, Head
from kgml.models.targets.base import Codes, Target
from kgml.models.targets.single import SingleTarget
from kgml.models.views import Views
from kgml.registry import resolve

BATCH = 256
PARTED = 0.5
"""Share of training texts that have words after their lead from which on leads are used."""


@dataclass(frozen=True)
class Recipe:
    """The names that make a stack."""

    fusion: str = "concat"
    head: str = "svm"
    lexical: bool = True
    seed: int = 0
    regularization: float | str | None = None
    class_weight: str | None = None
    lead: bool = True

    @property
    def plain(self) -> Recipe:
        """The same without knowledge: text + TF-IDF, which knowledge has to beat."""
        return replace(self, fusion="none")

    @property
    def text(self) -> Recipe:
        """The text vector alone."""
        return replace(self, fusion="none", lexical=False, lead=False)

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
        self.lead_: Views | None = None

    def fit(self, documents: Documents, y: Codes, strength: float = 1.0) -> Assembly:
        """Learn from ``documents`` (n) and codes ``y`` of the target, (n,) class numbers or (n, c).

        Args:
            strength: 0 leaves knowledge out altogether.
        """
        lexical, vocabularies = self.recipe.lexical, self.vectors.graph.vocabularies
        self.whole_ = Views().fit(documents, lexical, vocabularies)
        if self.recipe.lead and documents.lead is not None and has_leads(documents):
            self.lead_ = Views().fit(documents.lead, lexical, vocabularies)
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
        """``[fused vector | words | concepts]`` and, of the lead, ``[vector | words | concepts]``:
        (n, d) float32.

        Raises:
            ValueError: leads were learned from, and these documents have none.
        """
        documents = self._as_used(documents)
        vector, weights, gate = self._fused(documents)
        views = [sparse.csr_matrix(vector), self.whole_.words(documents),
                 self.whole_.concepts_.transform(documents.counts, weights, gate)]  # fmt: skip
        if self.lead_ is not None:
            lead = self._lead(documents)
            inside = of_some(weights, documents.counts, lead.counts)
            views += [*self._fixed(lead), self.lead_.concepts_.transform(lead.counts, inside, gate)]
        return sparse.csr_matrix(sparse.hstack(views, format="csr"))

    @property
    def width(self) -> int:
        """d, the number of columns of `features`."""
        return len(self.of_columns())

    def of_columns(self) -> NDArray[np.int64]:
        """The entity that each column of `features` counts, -1 for the others, (d,)."""
        parts = [np.full(self.fusion_.d_out, -1), self.whole_.of_columns()]
        if self.lead_ is not None:
            parts += [np.full(self.fusion_.d_text, -1), self.lead_.of_columns()]
        return np.concatenate(parts)

    @property
    def words(self) -> set[str]:
        """The words that are counted."""
        return {*self.whole_.terms, *(self.lead_.terms if self.lead_ else ())}

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

    def _lead(self, documents: Documents) -> Documents:
        if documents.lead is None:
            raise ValueError("documents without leads; make them with Featurizer.documents")
        return documents.lead

    def _fixed(self, lead: Documents) -> list[sparse.csr_matrix]:
        """Of leads what no fusion weighs: vectors and words."""
        return [sparse.csr_matrix(lead.text), self.lead_.words(lead)] if self.lead_ else []

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
        bag = bag_of(some, self.vectors, self.fusion_.needs_keys)
        entities = documents.own.shape[1]
        fixed = [self.whole_.words(some)]
        concepts = [concepts_of(bag, bag.counts, self.whole_.concepts_, entities)]
        if self.lead_ is not None:
            lead = self._lead(some)
            fixed += self._fixed(lead)
            counts = torch.zeros_like(bag.counts)
            counts[bag.mask] = torch.from_numpy(aligned(lead.counts, some.counts))
            concepts.append(concepts_of(bag, counts, self.lead_.concepts_, entities))
        hot = self.target.hot(y[rows], self.classes)
        rest = sparse.csr_matrix(sparse.hstack(fixed, format="csr"))
        fit_fusion(self.fusion_, make_batch(some.text, bag, rest, concepts, hot))


def has_leads(documents: Documents) -> bool:
    """Whether `PARTED` of the documents have words after their lead: else it is the text again."""
    if documents.lead is None or not len(documents):
        return False
    whole, lead = (part.terms.matrix.sum(axis=1) for part in (documents, documents.lead))
    return bool(np.mean(np.asarray(lead < whole)) >= PARTED)

"""One trained stack: views of text and lead, fusion, head. Everything in it is fitted on the
rows given to `Assembly.fit` and on no others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from kgml.fusion.base import EntityBag, Fusion
from kgml.models.balance import balance
from kgml.models.concepts import ConceptView
from kgml.models.features import Documents, EntityVectors, aligned, bag_of, of_some
from kgml.models.heads.blend import BlendHead
from kgml.models.learn import MOST_ROWS, Concepts, concepts_of, fit_fusion, make_batch, some_rows
from kgml.models.lexical import LexicalView, no_columns
from kgml.models.light import Decisions, Head, SVMHead
from kgml.models.targets.base import Codes, Target
from kgml.models.targets.single import SingleTarget
from kgml.registry import resolve

BATCH = 256
PARTED = 0.5
"""Share of training texts that have words after their lead from which on leads are used."""
LEAD = 0.7
"""What the lead's vector and concepts count, the text's being 1. Ohsumed's training rows, HPO + DOID +
MeSH, macro-F1 at 8 and 32 per class: without leads .530 and .609, with .7 .546 and .628, with 1 .544
and .628; the lead's words, counted too, make it .538 and .630."""


@dataclass(frozen=True)
class Recipe:
    """The names that make a stack."""

    fusion: str = "concat"
    head: str = "svm"
    lexical: bool | float = True
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
        head = without_words(self.head)
        return replace(self, fusion="none", head=head, lexical=False, lead=False)

    def make_head(self) -> Head:
        """A fresh head."""
        return make_head(self.head, self.seed, self.regularization, self.class_weight)


def without_words(head: str) -> str:
    """The head that ``auto`` takes where vectors are all there is, for ``head`` where words are too.

    Least squares of many classes needs columns: Ohsumed's training rows, text vector alone, accuracy
    .664 with svm, .629 with ridge, .652 with their blend (financial_phrasebank .768, .747, .761).
    """
    return SVMHead.name if head == BlendHead.name else head


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
        self.lead_: ConceptView | None = None

    def fit(self, documents: Documents, y: Codes, strength: float = 1.0) -> Assembly:
        """Learn from ``documents`` (n) and codes ``y`` of the target, (n,) class numbers or (n, c).

        Args:
            strength: 0 leaves knowledge out altogether.
        """
        self.fit_features(documents, y, strength)
        self.head_: Head = self.recipe.make_head()
        self.head_.group = documents.near
        self.target.fit(self.head_, self.features(documents), y, self.classes)
        return self

    def fit_features(self, documents: Documents, y: Codes, strength: float = 1.0) -> Assembly:
        """All of `fit` but the head: what `features` needs, whatever head is to see them."""
        vocabularies = self.vectors.graph.vocabularies
        if self.recipe.lexical:
            self.lexical_ = LexicalView().fit(documents.terms)
        self.view_ = ConceptView().fit(documents.counts, vocabularies)
        if self.recipe.lead and has_leads(documents):
            self.lead_ = ConceptView().fit(lead_of(documents).counts, vocabularies)
        if self.lexical_ is not None:
            given = self.recipe.lexical
            self.lexical_.scale_ = self._balance(documents, y) if given is True else float(given)
        make = resolve("fusion", self.recipe.fusion)
        self.fusion_: Fusion = make(documents.text.shape[1], self.vectors.d_node)
        self.fusion_.strength.fill_(strength)
        if not self.fusion_.idle:
            self._learn(documents, y)
        self.fusion_.requires_grad_(False)
        return self

    def features(self, documents: Documents) -> sparse.csr_matrix:
        """``[fused vector | words | concepts]`` and, of the lead, ``[vector | concepts]``: (n, d)
        float32.

        Raises:
            ValueError: leads were learned from, and these documents have none.
        """
        documents = self._as_used(documents)
        vector, weights, gate = self._fused(documents)
        views = [sparse.csr_matrix(vector), self.words(documents),
                 self.view_.transform(documents.counts, weights, gate)]  # fmt: skip
        if self.lead_ is not None:
            lead = lead_of(documents)
            inside = of_some(weights, documents.counts, lead.counts)
            views += [sparse.csr_matrix(LEAD * lead.text),
                      self.lead_.transform(lead.counts, inside, LEAD * gate)]  # fmt: skip
        return sparse.csr_matrix(sparse.hstack(views, format="csr"))

    def of_columns(self) -> NDArray[np.int64]:
        """The entity that each column of `features` counts, -1 for the others, (d,)."""
        terms = 0 if self.lexical_ is None else len(self.lexical_.terms_)
        parts = [np.full(self.fusion_.d_out + terms, -1), self.view_.columns_]
        if self.lead_ is not None:
            parts += [np.full(self.fusion_.d_text, -1), self.lead_.columns_]
        return np.concatenate(parts)

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

    def words(self, documents: Documents) -> sparse.csr_matrix:
        if self.lexical_ is None:
            return no_columns(len(documents))
        return self.lexical_.transform(documents.terms)

    def _fused(self, documents: Documents) -> tuple[NDArray[np.float32], ...]:
        """Vector (n, d_out), weights in the order of ``counts.data``, gate (n,)."""
        n = len(documents)
        parts = [self._fused_batch(documents.take(np.arange(i, min(i + BATCH, n))))
                 for i in range(0, max(n, 1), BATCH)]  # fmt: skip
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    def _fused_batch(self, documents: Documents) -> tuple[NDArray[np.float32], ...]:
        bag = self._bag(documents)
        fused = self.fusion_(torch.from_numpy(documents.text), bag)
        weights = fused.concept_weights[bag.mask]
        return fused.vector.numpy(), weights.numpy(), fused.gate.numpy()

    def _balance(self, documents: Documents, y: Codes) -> float:
        """What words count: the same with knowledge as without."""
        rows = some_rows(self.target.strata(y), MOST_ROWS, self.recipe.seed)
        some = documents.take(rows)
        text = some.text
        if self.lead_ is not None:
            text = np.hstack([text, LEAD * lead_of(some).text])
        return balance(text, self.words(some), self.target.hot(y[rows], self.classes))

    def _bag(self, documents: Documents) -> EntityBag:
        wants = self.fusion_
        return bag_of(
            documents, self.vectors, wants.needs_keys, wants.needs_values, wants.needs_names
        )

    def _learn(self, documents: Documents, y: Codes) -> None:
        rows = some_rows(self.target.strata(y), MOST_ROWS, self.recipe.seed)
        some = documents.take(rows)
        bag = self._bag(some)
        fixed, concepts = [self.words(some)], [self._concepts(bag, bag.counts, self.view_)]
        if self.lead_ is not None:
            lead = lead_of(some)
            fixed.append(sparse.csr_matrix(LEAD * lead.text))
            counts = torch.zeros_like(bag.counts)
            counts[bag.mask] = torch.from_numpy(aligned(lead.counts, some.counts))
            concepts.append(self._concepts(bag, counts, self.lead_, LEAD))
        hot = self.target.hot(y[rows], self.classes)
        rest = sparse.csr_matrix(sparse.hstack(fixed, format="csr"))
        fit_fusion(self.fusion_, make_batch(some.text, bag, rest, concepts, hot))

    def _concepts(
        self, bag: EntityBag, counts: Tensor, view: ConceptView, scale: float = 1.0
    ) -> Concepts:
        return concepts_of(bag, counts, view, len(self.vectors.graph), scale)


def lead_of(documents: Documents) -> Documents:
    """The leads of ``documents``.

    Raises:
        ValueError: they have none.
    """
    if documents.lead is None:
        raise ValueError("documents without leads; make them with Featurizer.documents")
    return documents.lead


def has_leads(documents: Documents) -> bool:
    """Whether `PARTED` of the documents have words after their lead: else it is the text again."""
    if documents.lead is None or not len(documents):
        return False
    whole, lead = (part.terms.matrix.sum(axis=1) for part in (documents, documents.lead))
    return bool(np.mean(np.asarray(lead < whole)) >= PARTED)

"""A document without some of what it holds, and what the model then says. No approximation: the
whole model predicts again, all removals of a document in one batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.errors import UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.linking.mentions import Mention
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import Documents, with_mentions
from kgml.models.lexical import TermCounts

Probabilities = NDArray[np.float64]
Lost = NDArray[np.float64]
TINY = 1e-300


@dataclass(frozen=True)
class Cut:
    """What is taken out of a document: mentions by their place in its list, entities wherever
    they are linked in it, words by their column. Vectors of the text and of its lead, which read
    all of it, stay."""

    mentions: frozenset[int] = frozenset()
    entities: frozenset[int] = frozenset()
    words: frozenset[int] = frozenset()


def check_single(model: KGTextClassifier) -> None:
    """Refuse a model of which a text has not one label: nothing is lost of no single probability."""
    if model.target != "single":
        raise UsageError(
            f"the model's target is '{model.target}': only predictions of one label per text are "
            "explained. `kgml predict` shows what is linked."
        )


def one_document(documents: Documents, row: int) -> Documents:
    """Row ``row`` alone, with the columns of the words that it has."""
    one = documents.take(np.array([row]))
    present = one.terms.matrix.indices[one.terms.matrix.data > 0]
    kept = np.sort(present)
    terms = TermCounts(one.terms.matrix[:, kept], [one.terms.terms[i] for i in kept.tolist()])
    return replace(one, terms=terms)


def cut(one: Documents, cuts: Sequence[Cut], graph: KnowledgeGraph) -> Documents:
    """The document ``one`` (1 row) once for each of ``cuts`` (k), without what it takes out."""
    rows = one.take(np.zeros(len(cuts), dtype=np.int64))
    counts = np.repeat(one.terms.matrix.toarray(), len(cuts), axis=0)
    for row, what in enumerate(cuts):
        counts[row, sorted(what.words)] = 0
    rows = replace(rows, terms=TermCounts(sparse.csr_matrix(counts), one.terms.terms))
    return with_mentions(rows, [list(_left(one.mentions[0], what)) for what in cuts], graph)


def probabilities(model: KGTextClassifier, one: Documents, cuts: Sequence[Cut]) -> Probabilities:
    """(k, c) probabilities of every class for the document ``one`` without each of ``cuts`` (k)."""
    return model.proba_documents(cut(one, cuts, model.featurizer().graph))


def lost(shares: Probabilities, full: Probabilities, label: int) -> tuple[Lost, Lost]:
    """What (k, c) probabilities ``shares`` lack of those with nothing taken out, ``full`` (c,).

    Of class ``label``: its probability, and its log-odds, which go on telling removals apart where
    the probability is as good as 1; (k,) each, rounded.
    """
    both = np.vstack([shares, full])
    against = np.delete(both, label, axis=1).sum(axis=1)  # 1 - p would be 0 long before
    odds = np.log(np.maximum(both[:, label], TINY)) - np.log(np.maximum(against, TINY))
    # + 0.0 makes 0 of -0
    return (np.round(full[label] - shares[:, label], 6) + 0.0,
            np.round(odds[-1] - odds[:-1], 6) + 0.0)  # fmt: skip


def _left(mentions: Iterable[Mention], what: Cut) -> Iterable[Mention]:
    for place, mention in enumerate(mentions):
        if place in what.mentions:
            continue
        candidates = tuple(c for c in mention.candidates if c.entity not in what.entities)
        if candidates:
            changed = len(candidates) < len(mention.candidates)
            yield replace(mention, candidates=candidates) if changed else mention

"""Mentions compared with gold mentions: precision, recall, F1, and the errors by kind.

A predicted mention is right when it overlaps a gold mention and its first candidate is the gold
entity (Groza et al. 2015; Lobo et al. 2017); a gold mention is found when such a prediction
exists. Of a document, the sets of entities are compared. All counts are summed over the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from kgml.linking.mentions import Mention

T = TypeVar("T")


class Span(NamedTuple):
    """A mention; ``entities`` are alternatives: any of them is right.

    A number for what the graph knows, the id itself for what it does not.
    """

    start: int
    end: int
    entities: frozenset[int | str]


def predictions(mentions: Iterable[Mention]) -> list[Span]:
    """Mentions with their first candidates; what was linked to nothing (NIL) is left out."""
    return [
        Span(m.start, m.end, frozenset({m.candidates[0].entity})) for m in mentions if m.candidates
    ]


def compare(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]
) -> dict[str, dict[str, Any]]:
    """Scores over mentions and over the entities of a document, and the errors by kind.

    ``boundary``: found, so no loss, but at other offsets; ``wrong_sense``: overlapped by other
    entities only; ``missed``: overlapped by nothing; ``spurious``: a prediction where no gold is.

    >>> one = [[Span(0, 5, frozenset({1})), Span(9, 12, frozenset({2}))]]
    >>> compare(one, [[Span(0, 4, frozenset({1}))]])["mention"]
    {'precision': 1.0, 'recall': 0.5, 'f1': 0.6667}
    """
    mention, document = _Counts(), _Counts()
    errors = dict.fromkeys(("boundary", "wrong_sense", "missed", "spurious"), 0)
    for golds, found in zip(gold, predicted, strict=True):
        mention.add(found, golds, _agree)
        names = [frozenset({name}) for name in {name for p in found for name in p.entities}]
        document.add(names, {g.entities for g in golds}, lambda a, b: not a.isdisjoint(b))
        for g in golds:
            kind = _kind(g, found)
            if kind is not None:
                errors[kind] += 1
        errors["spurious"] += sum(not any(_overlap(p, g) for g in golds) for p in found)
    return {"mention": mention.scores(), "document": document.scores(), "errors": errors}


class _Counts:
    """How many predictions are right and how many gold items are found."""

    def __init__(self) -> None:
        self.right = self.predicted = self.found = self.gold = 0

    def add(
        self, predicted: Collection[T], gold: Collection[T], agree: Callable[[T, T], bool]
    ) -> None:
        """Count those of one document."""
        self.right += sum(any(agree(p, g) for g in gold) for p in predicted)
        self.found += sum(any(agree(p, g) for p in predicted) for g in gold)
        self.predicted += len(predicted)
        self.gold += len(gold)

    def scores(self) -> dict[str, float]:
        """Precision, recall and F1; 0 where there is nothing to divide by."""
        precision, recall = self.right / max(self.predicted, 1), self.found / max(self.gold, 1)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _agree(one: Span, other: Span) -> bool:
    return _overlap(one, other) and not one.entities.isdisjoint(other.entities)


def _kind(gold: Span, predicted: Sequence[Span]) -> str | None:
    """What went wrong with a gold mention, None if nothing."""
    near = [p for p in predicted if _overlap(p, gold)]
    agreeing = [p for p in near if _agree(p, gold)]
    if agreeing:
        exact = any((p.start, p.end) == (gold.start, gold.end) for p in agreeing)
        return None if exact else "boundary"
    return "wrong_sense" if near else "missed"

"""How well a linker does on texts with gold mentions: scores, accuracy, errors by kind.

A predicted mention is right when it overlaps a gold mention and its first candidate is the gold
entity (Groza et al. 2015; Lobo et al. 2017); a gold mention is found when such a prediction
exists. Of a document, the sets of entities are compared. All counts are summed over the documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from kgml.linking.mentions import Mention
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph
    from kgml.linking.linker import EntityLinker

T = TypeVar("T")
Written: TypeAlias = tuple[int, int, str, str]
"""A gold mention as its file has it: start, end, text, id."""
_BREAK = "\n\n"
"""No mention crosses a paragraph."""


class Span(NamedTuple):
    """A mention; ``entities`` are alternatives: any of them is right.

    A number for what the graph knows, the id itself for what it does not.
    """

    start: int
    end: int
    entities: frozenset[int | str]


def branches(graph: KnowledgeGraph, roots: Iterable[str]) -> list[int]:
    """Numbers of ``roots`` and of everything below them, ascending.

    Raises:
        InputError: the graph has no such entity.
    """
    return sorted({n for root in roots for n in (graph.number(root), *graph.descendants_of(root))})


def evaluate(
    graph: KnowledgeGraph,
    linker: EntityLinker,
    texts: Sequence[str],
    gold: Sequence[Sequence[Written]],
) -> dict[str, Any]:
    """Link ``texts`` and compare with ``gold``, a list of mentions for each text.

    An id may be any name of an entity: its id, IRI or CURIE, one it had before it was merged or
    replaced, or a CURIE without its prefix where just one of the graph's prefixes fits. Several
    joined by "|" or "+" count as right when one of them is found. An id that the graph does not
    know stays in the gold and cannot be found.

    Returns:
        ``mention`` and ``document`` (precision, recall, f1), ``accuracy_at_1``, ``errors`` as
        `compare` counts them, and how many ``documents``, ``mentions``, ``unknown_ids`` (distinct)
        and ``unknown_mentions`` there are.
    """
    found = Names(graph)
    spans = [[Span(m[0], m[1], found.entities(m[3])) for m in mentions] for mentions in gold]
    unknown = [
        m[3]
        for mentions, known in zip(gold, spans, strict=True)
        for m, span in zip(mentions, known, strict=True)
        if not any(isinstance(entity, int) for entity in span.entities)
    ]
    total = sum(map(len, gold))
    if unknown:
        some = ", ".join(sorted(set(unknown))[:3])
        warn(
            f"{len(unknown):,} of {total:,} gold mentions have an id that the graph does not know "
            f"({len(set(unknown)):,} ids, such as {some}); they count as not found"
        )
    return {
        **compare(spans, [predictions(mentions) for mentions in linker.link(texts)]),
        "accuracy_at_1": accuracy_at_1(linker, texts, gold, spans),
        "documents": len(texts), "mentions": total,
        "unknown_ids": len(set(unknown)), "unknown_mentions": len(unknown),
    }  # fmt: skip


class Names:
    """What the ids of a gold file stand for in ``graph``."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._known: dict[str, frozenset[int | str]] = {}

    def entities(self, written: str) -> frozenset[int | str]:
        """The alternatives that ``written`` names."""
        if written not in self._known:
            parts = filter(None, (part.strip() for part in re.split(r"[|+]", written)))
            whole = self._number(written)  # an IRI may have a plus in it
            self._known[written] = (
                frozenset(self._one(part) for part in parts)
                if whole is None
                else frozenset({whole})
            )
        return self._known[written]

    def _one(self, name: str) -> int | str:
        number = self._number(name)
        if number is None and ":" not in name:
            fitting = {self._number(f"{prefix}:{name}") for prefix in self._graph.prefixes} - {None}
            number = fitting.pop() if len(fitting) == 1 else None
        return name if number is None else number

    def _number(self, name: str) -> int | None:
        entity = self._graph.get(name)
        return None if entity is None else entity.number


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


def accuracy_at_1(
    linker: EntityLinker,
    texts: Sequence[str],
    gold: Sequence[Sequence[Written]],
    spans: Sequence[Sequence[Span]],
) -> float:
    """Share of gold mentions whose words, set off from the rest, link to their entity first.

    So that only the entity is asked for and not the boundaries, the words of each gold mention
    are linked as a paragraph of their own below their document, which gives the context; the
    longest mention in that paragraph counts. NIL and nothing are wrong.
    """
    right = total = 0
    rows: list[str] = []
    places: list[list[tuple[int, int]]] = []
    for text, mentions in zip(texts, gold, strict=True):
        found = []
        for _, _, words, _ in mentions:
            text += _BREAK
            found.append((len(text), len(text) + len(words)))
            text += words
        rows.append(text)
        places.append(found)
    for linked, inside, wanted in zip(linker.link(rows), places, spans, strict=True):
        total += len(wanted)
        for (start, end), span in zip(inside, wanted, strict=True):
            own = [m for m in linked if start <= m.start and m.end <= end]
            best = max(own, key=lambda m: m.end - m.start, default=None)
            if best is not None and best.candidates:
                right += best.candidates[0].entity in span.entities
    return round(right / max(1, total), 4)


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

"""How well a linker does on texts with gold mentions: `kgml.linking.scores` and accuracy at 1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from kgml.linking.scores import Span, compare, predictions
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph
    from kgml.linking.linker import EntityLinker

Written: TypeAlias = tuple[int, int, str, str]
"""A gold mention as its file has it: start, end, text, id."""
_BREAK = "\n\n"
"""No mention crosses a paragraph."""


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
        ``mention`` and ``document`` (precision, recall, f1) and ``errors`` as
        `kgml.linking.scores.compare` gives them, ``accuracy_at_1``, and how many ``documents``,
        ``mentions``, ``unknown_ids`` (distinct) and ``unknown_mentions`` there are.
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

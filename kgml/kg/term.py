"""Which entity a user means by what they typed: an id, IRI, CURIE, label or synonym."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kgml.errors import InputError
from kgml.kg.vocabulary import Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

SHOWN = 10
"""Most candidates listed."""


def find_term(graph: KnowledgeGraph, text: str) -> int:
    """The number of the entity that ``text`` names.

    Tried in this order: id, IRI or CURIE; label in any case; synonym in any case.

    Raises:
        InputError: no entity has that name, or several have it equally: then they are listed.
    """
    if text in graph:
        return graph.number(text)
    for candidates in _candidates(graph, text):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise _ambiguous(graph, text, candidates)
    return graph.number(text)  # refuses it, with a hint


def _candidates(graph: KnowledgeGraph, text: str) -> list[list[int]]:
    """Entities by label, by synonym, and by label where that is only the end of an IRI."""
    lower, forms = text.lower(), graph.forms
    rows = [row for row, form in enumerate(forms.text) if form.lower() == lower]

    def entities(wanted: Callable[[int], bool]) -> list[int]:
        return sorted({int(forms.entity[row]) for row in rows if wanted(row)})

    return [
        entities(lambda row: bool(forms.scope[row] == Scope.LABEL)),
        entities(lambda row: True),
        [number for number, label in enumerate(graph.labels) if label.lower() == lower],
    ]


def _ambiguous(graph: KnowledgeGraph, text: str, candidates: list[int]) -> InputError:
    lines = [f"  {graph.ids[n]}  {' '.join(graph.labels[n].split())}" for n in candidates[:SHOWN]]
    if len(candidates) > SHOWN:
        lines.append(f"  … {len(candidates) - SHOWN:,} more")
    listed = "\n".join(lines)
    return InputError(f"'{text}' may be any of {len(candidates):,}; give an id:\n{listed}")

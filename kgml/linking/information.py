"""How much a single word says: "disease" in a vocabulary of diseases hardly names one.

A form of one word is weighed down when the ontology has the word in many entities' forms, the
more the more (an inverse document frequency, the entities being the documents), and further when
it is a common English word: so much that the default threshold leaves it out. A text, a line or a
sentence that is nothing but the word is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log

from kgml.linking.choose import Span
from kgml.linking.fold import Folded
from kgml.linking.stem import stem
from kgml.linking.tokens import content
from kgml.linking.words import EVERYDAY

_MANY = 0.03
"""Share of the entities from which on a word is generic, be it common English or not."""
_FEW = 20
"""Entities up to which no word is generic: a small ontology says nothing about frequency."""
_EVERYDAY, _FREQUENT = 0.32, 0.3
"""How much of its score a word loses for being common English, and for being in all forms."""

_ENDS = frozenset(".;:!?|/\t\n\r\x0b\x0c\x85\u2028\u2029")
"""What ends a line, a sentence or a cell."""
_BESIDE = 8
"""Characters that are neither and stand between it and a word, at most: "- ", quotes, brackets."""


class Information:
    """Factors for forms of one word.

    Args:
        forms: entity, scope and folded lower-case text of every form.
    """

    def __init__(self, forms: Iterable[tuple[int, int, str]]) -> None:
        owners: dict[str, set[int]] = {}
        entities: set[int] = set()
        for entity, _, text in forms:
            entities.add(entity)
            for _, own in content(text):
                owners.setdefault(own, set()).add(entity)
        self._entities = len(entities)
        self._frequency = {own: len(found) for own, found in owners.items()}

    def factor(self, word: str) -> float:
        """1 for a word that says enough, less for a generic one (folded, lower case)."""
        own = stem(word)
        frequency = self._frequency.get(own, 0)
        many = max(_FEW, _MANY * self._entities)
        everyday = word in EVERYDAY
        if not everyday and frequency < many:
            return 1.0
        share = log(1 + frequency) / log(1 + max(self._entities, _FEW))
        return round(1 - _EVERYDAY * everyday - _FREQUENT * share, 4)

    def weigh(self, folded: Folded, spans: Sequence[Span]) -> list[Span]:
        """``spans`` with the candidates of single words weighed."""
        kept = []
        for span in spans:
            word = folded.lower[span.start : span.end]
            as_written = folded.plain[span.start + 1 : span.end] != word[1:]  # "ALL"
            factor = 1.0 if " " in word or as_written else self.factor(word)
            if factor == 1.0 or _alone(folded, span):
                kept.append(span)
                continue
            candidates = tuple(
                replace(c, score=round(c.score * factor, 4), method=f"{c.method}, generic word")
                for c in span.candidates
            )
            kept.append(span._replace(candidates=candidates))
        return kept


def _alone(folded: Folded, span: Span) -> bool:
    """Whether nothing else stands in the line, sentence or cell."""
    text = folded.text
    start, end = folded.original(span.start), folded.original(span.end)
    before, after = reversed(text[max(0, start - _BESIDE) : start]), text[end : end + _BESIDE]
    return _nothing(before, start < _BESIDE) and _nothing(after, end + _BESIDE > len(text))


def _nothing(beside: Iterable[str], whole: bool) -> bool:
    """Whether an end comes before the next word; ``whole``: the text ends with ``beside``."""
    for character in beside:
        if character in _ENDS:
            return True
        if character.isalnum():
            return False
    return whole

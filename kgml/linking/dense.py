"""Spans that no form covers, linked to the form that a text encoder finds nearest.

Nearest names by an encoder tuned on synonyms are SapBERT's way to link (Liu et al., NAACL 2021); the
spans, which it takes as given, are here all runs of a few words in what the other stages leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kgml.linking.choose import Span
from kgml.linking.fold import Folded
from kgml.linking.mentions import METHODS, Candidate
from kgml.linking.tokens import LINK, WORD, Token, segments
from kgml.linking.words import EVERYDAY

if TYPE_CHECKING:
    from kgml.encoders.text import TextEncoder

MOST_WORDS = 5
"""In a span."""
_AT_ONCE = 512
"""Spans compared with all forms in one product."""
_REMEMBERED = 500_000


class Near(NamedTuple):
    """The form nearest to a text, as its row, and the cosine, to four decimals."""

    cosine: float
    row: int


class Nearest:
    """Forms by their vectors.

    Args:
        forms: text, entity and scope of each; one at least.
        encoder: gives the vectors of forms and spans, both in lower case.
    """

    def __init__(self, forms: Sequence[tuple[str, int, int]], encoder: TextEncoder) -> None:
        self.forms, self.encoder = forms, encoder
        self._vectors = encoder.encode([text.lower() for text, _, _ in forms]).T
        self._known: dict[str, Near] = {}

    def find(self, texts: Sequence[str]) -> dict[str, Near]:
        """The nearest form of each of ``texts`` (lower case); of equally near ones the first."""
        if len(self._known) + len(texts) > _REMEMBERED:
            self._known.clear()
        new = sorted(set(texts) - self._known.keys())
        vectors = self.encoder.encode(new) if new else np.zeros((0, 0), np.float32)
        for first in range(0, len(new), _AT_ONCE):
            cosines = vectors[first : first + _AT_ONCE] @ self._vectors
            best = cosines.argmax(axis=1)
            for text, row, column in zip(new[first:], cosines, best.tolist(), strict=False):
                self._known[text] = Near(round(float(row[column]), 4), column)
        return {text: self._known[text] for text in texts}


class Dense:
    """Candidates by meaning.

    Args:
        similar: the least cosine.
    """

    def __init__(self, nearest: Nearest, similar: float) -> None:
        self.nearest, self.similar = nearest, similar

    def find(self, folded: Folded, taken: Sequence[Span]) -> list[Span]:
        """Spans between those ``taken``, in folded offsets: the nearest first, then the longest."""
        places = list(free(folded, [(span.start, span.end) for span in taken]))
        found = self.nearest.find([folded.lower[start:end] for start, end in places])
        near = [(found[folded.lower[a:b]], a, b) for a, b in places]
        near = [one for one in near if one[0].cosine >= self.similar]
        near.sort(key=lambda one: (-one[0].cosine, one[1] - one[2], one[1]))
        kept: list[Span] = []
        for (cosine, row), start, end in near:
            if all(end <= span.start or span.end <= start for span in kept):
                text, entity, scope = self.nearest.forms[row]
                method, score = METHODS[scope]
                reason = f"{method}, near '{text}' (cosine {cosine:.2f})"
                candidate = Candidate(entity, round(score * cosine, 4), reason)
                kept.append(Span(start, end, ((start, end),), (candidate,), False))
        return kept


def free(folded: Folded, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Runs of up to `MOST_WORDS` words that touch no span ``taken``, one of them no everyday word."""
    for segment in segments(folded):
        for i, first in enumerate(segment):
            for j in range(i, min(i + MOST_WORDS, len(segment))) if first.kind == WORD else ():
                last = segment[j]
                if last.kind > LINK:
                    break
                if last.kind != WORD or not any(map(_says_something, segment[i : j + 1])):
                    continue
                if all(end <= first.start or last.end <= start for start, end in taken):
                    yield first.start, last.end


def _says_something(token: Token) -> bool:
    return token.kind == WORD and len(token.word) > 3 and token.word not in EVERYDAY

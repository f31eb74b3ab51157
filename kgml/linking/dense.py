"""Spans that no form covers, linked to the form that a text encoder finds nearest.

Nearest names by an encoder tuned on synonyms are SapBERT's way to link (Liu et al., NAACL 2021); the
spans, which it takes as given, are here all runs of a few words in what the other stages leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kgml.encoders.text import TextEncoder
from kgml.linking.choose import Span
from kgml.linking.dictionary import prefixed
from kgml.linking.fold import Folded
from kgml.linking.mentions import METHODS, Candidate
from kgml.linking.tokens import LINK, WORD, Token, segments
from kgml.linking.words import EVERYDAY

MOST_WORDS = 5
"""In a span."""
_AT_ONCE = 512
"""Spans compared with all forms in one product."""
_REMEMBERED = 500_000


class Near(NamedTuple):
    """The cosine of a text to the form nearest to it, to four decimals, and which form that is."""

    cosine: float
    row: int


class Nearest:
    """Forms by their vectors.

    Args:
        forms: text, entity and scope of each.
        encoder: gives the vectors of forms and spans, both in lower case.

    Attributes:
        owners: (text, entity, scope) of those that read alike, for each distinct form.
    """

    def __init__(self, forms: Iterable[tuple[str, int, int]], encoder: TextEncoder) -> None:
        owners: dict[str, list[tuple[str, int, int]]] = {}
        for form in forms:
            owners.setdefault(form[0].lower(), []).append(form)
        self.owners = list(owners.values())
        self._vectors = encoder.encode(list(owners), description="Encoding forms").T
        self._encoder = encoder
        self._known: dict[str, Near] = {}

    def find(self, texts: Sequence[str]) -> dict[str, Near]:
        """The nearest form of each of ``texts`` (lower case); of equally near ones the first.

        Empty where there are no forms.
        """
        if len(self._known) + len(texts) > _REMEMBERED:
            self._known.clear()
        new = sorted(set(texts) - self._known.keys())
        if not self.owners:
            return {}
        # What is read in texts would drive the corpus from the cache: it is remembered here alone.
        vectors = self._encoder.encode(new, keep=False) if new else np.zeros((0, 0), np.float32)
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
        text = folded.lower
        covered = bytearray(len(text))
        for span in taken:
            covered[span.start : span.end] = b"\1" * (span.end - span.start)
        places = [place for place in free(folded, covered) if not prefixed(text, place[0])]
        found = self.nearest.find([text[start:end] for start, end in places])
        near = [(found[text[a:b]], a, b) for a, b in places if text[a:b] in found]
        near = [one for one in near if one[0].cosine >= self.similar]
        near.sort(key=lambda one: (-one[0].cosine, one[1] - one[2], one[1]))
        kept: list[Span] = []
        for (cosine, row), start, end in near:
            if 1 not in covered[start:end]:
                covered[start:end] = b"\1" * (end - start)
                kept.append(Span(start, end, ((start, end),), self._candidates(row, cosine), False))
        return kept

    def _candidates(self, row: int, cosine: float) -> tuple[Candidate, ...]:
        """Those who own a form, best first, each entity once."""
        best: dict[int, Candidate] = {}
        for text, entity, scope in self.nearest.owners[row]:
            method, score = METHODS[scope]
            reason = f"{method}, near '{text}' (cosine {cosine:.2f})"
            candidate = Candidate(entity, round(score * cosine, 4), reason)
            if entity not in best or candidate.score > best[entity].score:
                best[entity] = candidate
        return tuple(sorted(best.values(), key=lambda c: (-c.score, c.entity)))


def free(folded: Folded, covered: bytearray) -> Iterator[tuple[int, int]]:
    """Runs of up to `MOST_WORDS` words, one of them no everyday word, that are not ``covered``."""
    for segment in segments(folded):
        for i, first in enumerate(segment):
            for j in range(i, min(i + MOST_WORDS, len(segment))) if first.kind == WORD else ():
                last = segment[j]
                if last.kind > LINK or 1 in covered[first.start : last.end]:
                    break
                if last.kind == WORD and any(map(_says_something, segment[i : j + 1])):
                    yield first.start, last.end


def _says_something(token: Token) -> bool:
    return token.kind == WORD and len(token.word) > 3 and token.word not in EVERYDAY

"""Which entities own a form, and what a surface therefore means: case, number and order.

An abbreviation is meant as it is written, any other form in any case. Regular plurals are known by
their endings, irregular ones and inverted forms ("Kidney, Polycystic") are entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kgml.linking.fold import fold, lower
from kgml.linking.match import singulars
from kgml.linking.mentions import METHODS, Candidate
from kgml.linking.words import (
    COMMON,
    WORDS,
    eponym,
    irregular_plurals,
    is_abbreviation,
    singular,
    turned,
)

VARIANT = 0.99
"""Factor for each way in which the text differs from the form: its case, its number, its order."""


class Entry(NamedTuple):
    """One owner of a key: the form as written (folded, case kept) and how the key came from it."""

    entity: int
    scope: int
    written: str
    variant: str


_Owner = tuple[Entry, bool]
"""An owner of a key that was found, and whether with a regular plural ending."""
_Table = dict[str, list[Entry]]


class Meaning(NamedTuple):
    """What a surface means, as nearly every place where it stands has it mean."""

    candidates: tuple[Candidate, ...]
    word: tuple[Candidate, ...] | None = None
    """The same where the surface is a common word in a heading or at the start of a sentence; None:
    no difference."""


class Entries:
    """Two tables: ``cased`` for what must match as written (abbreviations, forms shorter than
    ``min_length``, forms spelled like a common English word), ``folded`` for the rest.

    Args:
        texts, entities, scopes: three columns of equal length, as in ``graph.forms``.
    """

    def __init__(
        self,
        texts: Sequence[str],
        entities: Sequence[int],
        scopes: Sequence[int],
        min_length: int,
    ) -> None:
        self._min_length = min_length
        self.cased: _Table = {}
        self.folded: _Table = {}
        self._shouts = _mostly_capitals(texts)
        self._eponyms: _Table = {}
        for text, entity, scope in zip(texts, entities, scopes, strict=True):
            self._add(text, int(entity), int(scope))
        self._add_variants()

    def _add(self, text: str, entity: int, scope: int) -> None:
        """Put one form under its key, and under its natural order if it is inverted."""
        for form, variant in ((text, ""), (turned(text), "inverted")):
            if form is None:
                continue
            plain, key = _key(form)
            entry = Entry(entity, scope, plain, variant)
            if len(key) < 2 or not any(c.isalpha() for c in key):
                continue
            if not self.as_written(form.strip(), key):
                self.folded.setdefault(key, []).append(entry)
            elif plain != key or key not in COMMON:
                self.cased.setdefault(plain, []).append(entry)
            names = eponym(form)
            if names is not None:
                self._eponyms.setdefault(_key(names)[1], []).append(_varied(entry, "eponym"))

    def as_written(self, form: str, key: str) -> bool:
        """Whether a form (its key: folded, lower case) is found only in its own case."""
        if len(form) < self._min_length or key in COMMON:
            return True
        return not self._shouts and is_abbreviation(form)

    def _add_variants(self) -> None:
        """Singular and irregular plural of the folded keys, and eponyms without "syndrome"; the
        regular plural is matched."""
        table = self.folded
        added = {key: entries for key, entries in self._eponyms.items() if key not in table}
        for key, entries in table.items():
            one = singular(key)
            found = [(many, "plural") for many in irregular_plurals(key)]
            for other, variant in [*found, (one, "singular")] if one else found:
                if other in table or other in COMMON or len(other) < self._min_length:
                    continue
                added.setdefault(other, []).extend(_varied(entry, variant) for entry in entries)
        table.update(added)

    def meaning(self, surface: str) -> Meaning:
        """What ``surface`` (folded, in its own case) stands for; no candidates for nothing."""
        key = lower(surface)
        words: list[_Owner] = [(entry, False) for entry in self.folded.get(key, ())]
        if len(surface) > 3 and key not in COMMON:
            for one in singulars(key):
                words += [(entry, True) for entry in self.folded.get(one, ())]
        cased: list[_Owner] = [(entry, False) for entry in self.cased.get(surface, ())]
        plural: list[_Owner] = [
            (entry, True)
            for one in singulars(surface)
            if one[-1].isupper() or one[-1].isdigit()
            for entry in self.cased.get(one, ())
        ]
        candidates = _ranked(surface, [*words, *cased, *plural])
        if cased and key in WORDS:
            return Meaning(candidates, _ranked(surface, [*words, *plural]))
        return Meaning(candidates)


def folded_forms(
    entries: Entries, columns: Iterable[tuple[str, int, int]]
) -> Iterator[tuple[int, int, str]]:
    """Entity, scope and key of the forms that may be found in another wording."""
    for text, entity, scope in columns:
        _, key = _key(text)
        if len(key) > 3 and not entries.as_written(text.strip(), key):
            yield entity, scope, key


def _varied(entry: Entry, variant: str) -> Entry:
    return entry._replace(variant=f"{entry.variant}, {variant}".lstrip(", "))


def _key(form: str) -> tuple[str, str]:
    folded = fold(form.strip())
    return folded.plain.strip(), folded.lower.strip()


def _mostly_capitals(texts: Sequence[str]) -> bool:
    """Whether the vocabulary is written in capitals, so that case tells no abbreviation."""
    long = [text for text in texts if len(text) > 8]
    return sum(text.isupper() for text in long) > len(long) / 2


def _ranked(surface: str, found: list[_Owner]) -> tuple[Candidate, ...]:
    """One candidate per entity, best first; variants only where no real form matches."""
    real = [(entry, plural) for entry, plural in found if not (entry.variant or plural)]
    best: dict[int, Candidate] = {}
    for entry, plural in real or found:
        candidate = _candidate(surface, entry, plural)
        other = best.get(entry.entity)
        if other is None or candidate.score > other.score:
            best[entry.entity] = candidate
    return tuple(sorted(best.values(), key=lambda c: (-c.score, c.entity)))


def _candidate(surface: str, entry: Entry, plural: bool) -> Candidate:
    method, score = METHODS[entry.scope]
    changes = [change for change in (entry.variant, "plural" if plural else "") if change]
    score *= VARIANT ** len(changes)
    if "plural" not in entry.variant and "singular" not in entry.variant:
        same = surface.startswith(entry.written)
        score *= 1.0 if same else VARIANT
    return Candidate(entry.entity, round(score, 4), ", ".join([method, *changes]))

"""Which entities own a form, and what a surface therefore means: case, number and order.

An abbreviation is meant as it is written, any other form in any case. Regular plurals are known by
their endings, irregular ones and inverted forms ("Kidney, Polycystic") are entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kgml.linking.fold import fold, lower
from kgml.linking.greek import respelled
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


_Table = dict[str, list[int]]
_Owner = tuple[int, bool]
"""A row of `Entries` whose key was found, and whether with a regular plural ending."""


class Meaning(NamedTuple):
    """What a surface means, as nearly every place where it stands has it mean."""

    candidates: tuple[Candidate, ...]
    word: tuple[Candidate, ...] | None = None
    """The same where the surface is a common word in a heading or at the start of a sentence; None:
    no difference."""


class Entries:
    """Two tables: ``cased`` for what must match as written (abbreviations, forms shorter than
    ``min_length``, forms spelled like a common English word), ``folded`` for the rest. Both give
    the rows of a key in columns: what is many is no object of its own, for the garbage collector
    looks through objects.

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
        self._entity: list[int] = []
        self._scope: list[int] = []
        self._written: list[str] = []
        """As written: folded, case kept."""
        self._variant: list[str] = []
        """How the key came from it."""
        self._shouts = _mostly_capitals(texts)
        cased: _Table = {}
        folded: _Table = {}
        eponyms: _Table = {}
        for text, entity, scope in zip(texts, entities, scopes, strict=True):
            self._add(text, int(entity), int(scope), cased, folded, eponyms)
        self._add_variants(folded, eponyms)
        self._respell(folded, lower)
        self._respell(cased, str)
        self.cased = {key: tuple(rows) for key, rows in cased.items()}
        self.folded = {key: tuple(rows) for key, rows in folded.items()}

    def _add(
        self, text: str, entity: int, scope: int, cased: _Table, folded: _Table, eponyms: _Table
    ) -> None:
        """Put one form under its key, and under its natural order if it is inverted."""
        for form, variant in ((text, ""), (turned(text), "inverted")):
            if form is None:
                continue
            plain, key = _key(form)
            if len(key) < 2 or not any(c.isalpha() for c in key):
                continue
            row = self._row(entity, scope, plain, variant)
            if not self.as_written(form.strip(), key):
                folded.setdefault(key, []).append(row)
            elif plain != key or key not in COMMON:
                cased.setdefault(plain, []).append(row)
            names = eponym(form)
            if names is not None:
                eponyms.setdefault(_key(names)[1], []).append(self._varied(row, "eponym"))

    def _row(self, entity: int, scope: int, written: str, variant: str) -> int:
        self._entity.append(entity)
        self._scope.append(scope)
        self._written.append(written)
        self._variant.append(variant)
        return len(self._entity) - 1

    def _varied(self, row: int, variant: str) -> int:
        """A new row, one step further from what was written."""
        changes = f"{self._variant[row]}, {variant}".lstrip(", ")
        return self._row(self._entity[row], self._scope[row], self._written[row], changes)

    def as_written(self, form: str, key: str) -> bool:
        """Whether a form (its key: folded, lower case) is found only in its own case."""
        if len(form) < self._min_length or key in COMMON:
            return True
        return not self._shouts and is_abbreviation(form)

    def _add_variants(self, table: _Table, eponyms: _Table) -> None:
        """Singular and irregular plural of the folded keys, and eponyms without "syndrome"; the
        regular plural is matched."""
        added = {key: rows for key, rows in eponyms.items() if key not in table}
        for key, rows in table.items():
            one = singular(key)
            found = [(many, "plural") for many in irregular_plurals(key)]
            for other, variant in [*found, (one, "singular")] if one else found:
                if other in table or other in COMMON or len(other) < self._min_length:
                    continue
                added.setdefault(other, []).extend(self._varied(row, variant) for row in rows)
        table.update(added)

    def _respell(self, table: _Table, key_of: Callable[[str], str]) -> None:
        """Other ways to write the Greek letters of the keys."""
        added: _Table = {}
        for rows in table.values():
            for way in respelled(self._written[rows[0]]):
                if (other := key_of(way)) not in table:
                    added.setdefault(other, []).extend(
                        self._varied(row, "Greek letter") for row in rows
                    )
        table.update(added)

    def meaning(self, surface: str) -> Meaning:
        """What ``surface`` (folded, in its own case) stands for; no candidates for nothing."""
        key = lower(surface)
        words, cased = self.folded.get(key, ()), self.cased.get(surface, ())
        if len(words) == 1 and not cased and not self._variant[words[0]]:  # nearly always
            return Meaning((self._candidate(surface, words[0], False),))
        owners: list[_Owner] = [(row, False) for row in words]
        if len(surface) > 3 and key not in COMMON:
            for one in singulars(key):
                owners += [(row, True) for row in self.folded.get(one, ())]
        plural: list[_Owner] = [
            (row, True)
            for one in singulars(surface)
            if one[-1].isupper() or one[-1].isdigit()
            for row in self.cased.get(one, ())
        ]
        candidates = self._ranked(surface, [*owners, *((row, False) for row in cased), *plural])
        if cased and key in WORDS:
            return Meaning(candidates, self._ranked(surface, [*owners, *plural]))
        return Meaning(candidates)

    def _ranked(self, surface: str, found: list[_Owner]) -> tuple[Candidate, ...]:
        """One candidate per entity, best first; variants only where no real form matches."""
        real = [(row, plural) for row, plural in found if not (plural or self._variant[row])]
        best: dict[int, Candidate] = {}
        for row, plural in real or found:
            candidate = self._candidate(surface, row, plural)
            other = best.get(candidate.entity)
            if other is None or candidate.score > other.score:
                best[candidate.entity] = candidate
        if len(best) < 2:
            return tuple(best.values())
        return tuple(sorted(best.values(), key=lambda c: (-c.score, c.entity)))

    def _candidate(self, surface: str, row: int, plural: bool) -> Candidate:
        variant = self._variant[row]
        method, score = METHODS[self._scope[row]]
        if not (variant or plural) and surface.startswith(self._written[row]):
            return Candidate(self._entity[row], score, method)
        changes = [change for change in (variant, "plural" if plural else "") if change]
        score *= VARIANT ** len(changes)
        if "plural" not in variant and "singular" not in variant:
            same = surface.startswith(self._written[row])
            score *= 1.0 if same else VARIANT
        return Candidate(self._entity[row], round(score, 4), ", ".join([method, *changes]))


def folded_forms(
    entries: Entries, columns: Iterable[tuple[str, int, int]]
) -> Iterator[tuple[int, int, str]]:
    """Entity, scope and key of the forms that may be found in another wording; an inverted one in
    its natural order."""
    for text, entity, scope in columns:
        _, key = _key(turned(text) or text)
        if len(key) > 3 and not entries.as_written(text.strip(), key):
            yield entity, scope, key


def _key(form: str) -> tuple[str, str]:
    folded = fold(form.strip())
    return folded.plain.strip(), folded.lower.strip()


def _mostly_capitals(texts: Sequence[str]) -> bool:
    """Whether the vocabulary is written in capitals, so that case tells no abbreviation."""
    long = [text for text in texts if len(text) > 8]
    return sum(text.isupper() for text in long) > len(long) / 2

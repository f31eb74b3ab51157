"""Spans of a text that are known surface forms, each with the entities that own the form.

Whole words, plural, inverted forms ("Kidney, Polycystic"), and case rules: an abbreviation
matches as it is written, any other form in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kgml.config import LinkingConfig
from kgml.linking.choose import Span
from kgml.linking.fold import Folded, fold, is_word, lower
from kgml.linking.match import WordMatcher, longest, singulars
from kgml.linking.mentions import METHODS, Candidate
from kgml.linking.words import (
    COMMON,
    WORDS,
    irregular_plurals,
    is_abbreviation,
    is_plain_word,
    singular,
    turned,
)

DEFAULT = LinkingConfig()

VARIANT = 0.99
"""Factor for each way in which the text differs from the form: its case, its number, its order."""

_REMEMBERED = 100_000
_PREFIXES = ("non ", "anti ", "pseudo ", "pre ")
"""After these a form means something else: "non-small cell lung cancer"."""


class Entry(NamedTuple):
    """One owner of a key: the form as written (folded, case kept) and how the key came from it."""

    entity: int
    scope: int
    written: str
    variant: str


_Owner = tuple[Entry, bool]
"""An owner of a key that was found, and whether with a regular plural ending."""
_Table = dict[str, list[Entry]]


class _Meaning(NamedTuple):
    """What a surface means, as nearly every place where it stands has it mean."""

    candidates: tuple[Candidate, ...]
    word: tuple[Candidate, ...] | None = None
    """The same where the surface is a common word in a heading or at the start of a sentence; None:
    no difference."""


class Dictionary:
    """Surface forms of a graph, ready to be found in texts.

    Two tables under one automaton: ``cased`` for what must match as written (abbreviations, forms
    shorter than ``config.min_length``, forms spelled like a common English word), ``folded`` for the
    rest. What a surface means is looked up once.

    Args:
        texts, entities, scopes: three columns of equal length, as in ``graph.forms``.
        config: ``min_length``.
    """

    def __init__(
        self,
        texts: Sequence[str],
        entities: Sequence[int],
        scopes: Sequence[int],
        config: LinkingConfig = DEFAULT,
    ) -> None:
        self.config = config
        self._known: dict[str, _Meaning] = {}
        self._cased: _Table = {}
        self._folded: _Table = {}
        self._shouts = _mostly_capitals(texts)
        for text, entity, scope in zip(texts, entities, scopes, strict=True):
            self._add(text, int(entity), int(scope))
        self._add_variants()
        self._matcher = WordMatcher([*self._folded, *map(lower, self._cased)], plural=True)

    def __len__(self) -> int:
        """Number of distinct keys, variants included."""
        return len(self._cased) + len(self._folded)

    def find(self, folded: Folded) -> list[Span]:
        """The longest forms, in folded offsets; no overlaps but with ``config.nested``."""
        plain, known = folded.plain, self._known
        found: dict[tuple[int, int], tuple[Candidate, ...]] = {}
        for start, end in self._matcher.find(folded.words):
            surface = plain[start:end]
            meaning = known.get(surface)
            if meaning is None:
                meaning = self._remember(surface)
            candidates, word = meaning
            if word is not None:
                place = folded.original(start), folded.original(end)
                candidates = word if is_plain_word(folded.text, *place) else candidates
            if candidates and not prefixed(folded.lower, start):
                found[start, end] = candidates
        spans = sorted(found) if self.config.nested else longest(found)
        return [Span(*span, (span,), found[span], True) for span in spans]

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
                self._folded.setdefault(key, []).append(entry)
            elif plain != key or key not in COMMON:
                self._cased.setdefault(plain, []).append(entry)

    def as_written(self, form: str, key: str) -> bool:
        """Whether a form (its key: folded, lower case) is found only in its own case."""
        if len(form) < self.config.min_length or key in COMMON:
            return True
        return not self._shouts and is_abbreviation(form)

    def _add_variants(self) -> None:
        """Singular and irregular plural of the folded keys; the regular plural is matched."""
        table = self._folded
        added: _Table = {}
        for key, entries in table.items():
            one = singular(key)
            found = [(many, "plural") for many in irregular_plurals(key)]
            for other, variant in [*found, (one, "singular")] if one else found:
                if other in table or other in COMMON or len(other) < self.config.min_length:
                    continue
                added.setdefault(other, []).extend(
                    e._replace(variant=f"{e.variant}, {variant}".lstrip(", ")) for e in entries
                )
        table.update(added)

    def _remember(self, surface: str) -> _Meaning:
        """`_meaning`, kept, as texts repeat themselves."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        meaning = self._known[surface] = self._meaning(surface)
        return meaning

    def _meaning(self, surface: str) -> _Meaning:
        key = lower(surface)
        words: list[_Owner] = [(entry, False) for entry in self._folded.get(key, ())]
        if len(surface) > 3 and key not in COMMON:
            for one in singulars(key):
                words += [(entry, True) for entry in self._folded.get(one, ())]
        cased: list[_Owner] = [(entry, False) for entry in self._cased.get(surface, ())]
        plural: list[_Owner] = [
            (entry, True)
            for one in singulars(surface)
            if one[-1].isupper() or one[-1].isdigit()
            for entry in self._cased.get(one, ())
        ]
        candidates = _ranked(surface, [*words, *cased, *plural])
        if cased and key in WORDS:
            return _Meaning(candidates, _ranked(surface, [*words, *plural]))
        return _Meaning(candidates)


def folded_forms(
    dictionary: Dictionary, columns: Iterable[tuple[str, int, int]]
) -> Iterator[tuple[int, int, str]]:
    """Entity, scope and key of the forms that may be found in another wording."""
    for text, entity, scope in columns:
        _, key = _key(text)
        if len(key) > 3 and not dictionary.as_written(text.strip(), key):
            yield entity, scope, key


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


def prefixed(text: str, start: int) -> bool:
    """Whether a form at ``start`` (folded, lower case) follows "non-" or the like."""
    if not text.endswith(_PREFIXES, 0, start):
        return False
    before = start - next(len(p) for p in _PREFIXES if text.endswith(p, 0, start)) - 1
    return before < 0 or not is_word(text[before])

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
from kgml.linking.match import WordMatcher, longest
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


_Owned = tuple[list[Entry], bool]
"""The owners of a key that was found, and whether with a regular plural ending."""


class _Table:
    """Keys and their owners; real forms first, variants only under keys that are no real form."""

    def __init__(self) -> None:
        self.owners: dict[str, list[Entry]] = {}
        self.keys: list[str] = []
        self.matcher = WordMatcher(())

    def add(self, key: str, entry: Entry) -> None:
        self.owners.setdefault(key, []).append(entry)

    def close(self) -> None:
        self.keys = list(self.owners)
        self.matcher = WordMatcher(self.keys, plural=True)


class Dictionary:
    """Surface forms of a graph, ready to be found in texts.

    Two automata: ``cased`` for what must match as written (abbreviations, forms shorter than
    ``config.min_length``, forms spelled like a common English word), ``folded`` for the rest.

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
        self._known: dict[tuple[str, int], tuple[Candidate, ...]] = {}
        self._cased, self._folded = _Table(), _Table()
        self._shouts = _mostly_capitals(texts)
        for text, entity, scope in zip(texts, entities, scopes, strict=True):
            self._add(text, int(entity), int(scope))
        self._add_variants()
        self._cased.close()
        self._folded.close()

    def __len__(self) -> int:
        """Number of distinct keys, variants included."""
        return len(self._cased.keys) + len(self._folded.keys)

    def find(self, folded: Folded) -> list[Span]:
        """The longest forms, in folded offsets; no overlaps but with ``config.nested``."""
        spans: dict[tuple[int, int], list[_Owned]] = {}
        for start, end, entries, plural in self._hits(folded):
            spans.setdefault((start, end), []).append((entries, plural))
        return [
            Span(
                start, end, ((start, end),),
                self._candidates(folded.plain[start:end], spans[start, end]), True,
            )
            for start, end in (sorted(spans) if self.config.nested else longest(spans))
        ]  # fmt: skip

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
                self._folded.add(key, entry)
            elif plain != key or key not in COMMON:
                self._cased.add(plain, entry)

    def as_written(self, form: str, key: str) -> bool:
        """Whether a form (its key: folded, lower case) is found only in its own case."""
        if len(form) < self.config.min_length or key in COMMON:
            return True
        return not self._shouts and is_abbreviation(form)

    def _add_variants(self) -> None:
        """Singular and irregular plural of the folded keys; the regular plural is matched."""
        table = self._folded
        added: dict[str, list[Entry]] = {}
        for key, entries in table.owners.items():
            one = singular(key)
            found = [(many, "plural") for many in irregular_plurals(key)]
            for other, variant in [*found, (one, "singular")] if one else found:
                if other in table.owners or other in COMMON or len(other) < self.config.min_length:
                    continue
                added.setdefault(other, []).extend(
                    e._replace(variant=f"{e.variant}, {variant}".lstrip(", ")) for e in entries
                )
        table.owners.update(added)

    def _candidates(self, surface: str, found: list[_Owned]) -> tuple[Candidate, ...]:
        """Remembered, as texts repeat themselves; the heading rule may make ``found`` shorter."""
        key = surface, len(found)
        candidates = self._known.get(key)
        if candidates is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            candidates = self._known[key] = _ranked(surface, found)
        return candidates

    def _hits(self, folded: Folded) -> Iterator[tuple[int, int, list[Entry], bool]]:
        """Every span that may be a mention, in folded offsets."""
        keys, owners = self._folded.keys, self._folded.owners
        for key, start, end, plural in self._folded.matcher.find(folded.lower):
            if plural and (end - start < 4 or folded.lower[start:end] in COMMON):
                continue
            if not prefixed(folded.lower, start):
                yield start, end, owners[keys[key]], plural
        keys, owners = self._cased.keys, self._cased.owners
        for key, start, end, plural in self._cased.matcher.find(folded.plain):
            surface = keys[key]
            if plural and not (surface[-1].isupper() or surface[-1].isdigit()):
                continue
            span = folded.original(start), folded.original(end)
            if not plural and lower(surface) in WORDS and is_plain_word(folded.text, *span):
                continue
            if not prefixed(folded.lower, start):
                yield start, end, owners[surface], plural


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


def _ranked(surface: str, found: list[_Owned]) -> tuple[Candidate, ...]:
    """One candidate per entity, best first; variants only where no real form matches."""
    pairs = [(entry, plural) for entries, plural in found for entry in entries]
    real = [(entry, plural) for entry, plural in pairs if not (entry.variant or plural)]
    best: dict[int, Candidate] = {}
    for entry, plural in real or pairs:
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

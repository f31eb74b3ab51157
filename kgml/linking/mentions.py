"""Spans of a text that are known surface forms, each with the entities that own the form.

Whole words, the longest match, plural, inverted forms ("Kidney, Polycystic"), and case rules:
an abbreviation matches as it is written, any other form in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kgml.config import LinkingConfig
from kgml.kg.vocabulary import Scope
from kgml.linking.fold import Folded, fold, is_word, lower
from kgml.linking.match import WordMatcher, longest
from kgml.linking.words import (
    COMMON,
    WORDS,
    irregular_plurals,
    is_abbreviation,
    is_plain_word,
    singular,
    turned,
)

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

METHODS: dict[int, tuple[str, float]] = {
    Scope.LABEL: ("label", 1.0),
    Scope.EXACT: ("exact synonym", 0.95),
    Scope.ABBREVIATION: ("abbreviation", 0.9),
    Scope.NARROW: ("narrow synonym", 0.85),
    Scope.RELATED: ("related synonym", 0.8),
    Scope.BROAD: ("broad synonym", 0.75),
}
"""Name and score of a match by the scope of the form."""

DEFAULT = LinkingConfig()

VARIANT = 0.99
"""Factor for each way in which the text differs from the form: its case, its number, its order."""

_REMEMBERED = 100_000
_PREFIXES = ("non ", "anti ", "pseudo ", "pre ")
"""After these a form means something else: "non-small cell lung cancer"."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity a mention may mean; ``score`` in (0, 1], ``method`` says what matched."""

    entity: int
    score: float
    method: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of the original text; ``text == original[start:end]``.

    ``candidates`` has the best first and is empty for a mention that is no known entity (NIL).
    """

    start: int
    end: int
    text: str
    candidates: tuple[Candidate, ...]
    negated: bool


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

    @classmethod
    def from_graph(cls, graph: KnowledgeGraph, config: LinkingConfig = DEFAULT) -> Dictionary:
        """The dictionary of all labels and synonyms of ``graph``."""
        forms = graph.forms
        return cls(forms.text, forms.entity.tolist(), forms.scope.tolist(), config)

    def __len__(self) -> int:
        """Number of distinct keys, variants included."""
        return len(self._cased.keys) + len(self._folded.keys)

    def find(self, folded: Folded) -> list[tuple[int, int, tuple[Candidate, ...]]]:
        """Start, end (in the original text) and candidates of each mention; no overlaps."""
        spans: dict[tuple[int, int], list[_Owned]] = {}
        for start, end, entries, plural in self._hits(folded):
            spans.setdefault((start, end), []).append((entries, plural))
        return [
            (
                folded.original(start),
                folded.original(end),
                self._candidates(folded.plain[start:end], spans[start, end]),
            )
            for start, end in longest(spans)
        ]

    def _add(self, text: str, entity: int, scope: int) -> None:
        """Put one form under its key, and under its natural order if it is inverted."""
        for form, variant in ((text, ""), (turned(text), "inverted")):
            if form is None:
                continue
            plain, key = _key(form)
            entry = Entry(entity, scope, plain, variant)
            if len(key) < 2 or not any(c.isalpha() for c in key):
                continue
            if not self._as_written(form.strip(), key):
                self._folded.add(key, entry)
            elif plain != key or key not in COMMON:
                self._cased.add(plain, entry)

    def _as_written(self, form: str, key: str) -> bool:
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
            if not _prefixed(folded.lower, start):
                yield start, end, owners[keys[key]], plural
        keys, owners = self._cased.keys, self._cased.owners
        for key, start, end, plural in self._cased.matcher.find(folded.plain):
            surface = keys[key]
            if plural and not (surface[-1].isupper() or surface[-1].isdigit()):
                continue
            span = folded.original(start), folded.original(end)
            if not plural and lower(surface) in WORDS and is_plain_word(folded.text, *span):
                continue
            if not _prefixed(folded.lower, start):
                yield start, end, owners[surface], plural


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


def _prefixed(text: str, start: int) -> bool:
    if not text.endswith(_PREFIXES, 0, start):
        return False
    before = start - next(len(p) for p in _PREFIXES if text.endswith(p, 0, start)) - 1
    return before < 0 or not is_word(text[before])

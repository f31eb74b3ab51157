"""Spans of a text that are known surface forms, whole words, with the entities they may mean."""

from __future__ import annotations

from collections.abc import Sequence

from kgml.config import LinkingConfig
from kgml.linking.choose import Span
from kgml.linking.entries import Entries, Meaning
from kgml.linking.fold import Folded, is_word, lower
from kgml.linking.match import BLANKS, WordMatcher, longest
from kgml.linking.mentions import Candidate
from kgml.linking.words import is_plain_word

DEFAULT = LinkingConfig()

_REMEMBERED = 100_000
_PREFIXES = ("non ", "anti ", "pseudo ", "pre ")
"""After these a form means something else: "non-small cell lung cancer"."""
_LAST = frozenset(prefix[-2] for prefix in _PREFIXES)


class Dictionary:
    """Surface forms of a graph, ready to be found in texts.

    One automaton finds spans that may be a form, `entries` says what they mean; what a surface
    means is looked up once.

    Args:
        texts, entities, scopes: three columns of equal length, as in ``graph.forms``.
        config: ``min_length`` and ``nested``.
    """

    def __init__(
        self,
        texts: Sequence[str],
        entities: Sequence[int],
        scopes: Sequence[int],
        config: LinkingConfig = DEFAULT,
    ) -> None:
        self.config = config
        self.entries = Entries(texts, entities, scopes, config.min_length)
        self._known: dict[str, Meaning] = {}
        keys = [*self.entries.folded, *map(lower, self.entries.cased)]
        self._matcher = WordMatcher(keys, plural=True)

    def __len__(self) -> int:
        """Number of distinct keys, variants included."""
        return len(self.entries.cased) + len(self.entries.folded)

    def find(self, folded: Folded) -> list[Span]:
        """The longest forms, in folded offsets; no overlaps but with ``config.nested``."""
        plain, text, known = folded.plain, folded.lower, self._known
        found: dict[tuple[int, int], tuple[Candidate, ...]] = {}
        for _, start, stop in self._matcher.hits(folded.words):
            end = stop - BLANKS
            surface = plain[start:end]
            try:
                candidates, word = known[surface]
            except KeyError:
                candidates, word = self._remember(surface)
            if word is not None:
                place = folded.original(start), folded.original(end)
                candidates = word if is_plain_word(folded.text, *place) else candidates
            if candidates and not (text[start - 2] in _LAST and prefixed(text, start)):
                found[start, end] = candidates
        spans = sorted(found) if self.config.nested else longest(found)
        new = tuple.__new__  # half the time of `Span(...)`, and there are many
        return [new(Span, (*span, (span,), found[span], True)) for span in spans]

    def _remember(self, surface: str) -> Meaning:
        """`Entries.meaning`, kept, as texts repeat themselves."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        meaning = self._known[surface] = self.entries.meaning(surface)
        return meaning


def prefixed(text: str, start: int) -> bool:
    """Whether a form at ``start`` (folded, lower case) follows "non-" or the like."""
    if start < 4 or not text.endswith(_PREFIXES, 0, start):
        return False
    before = start - next(len(p) for p in _PREFIXES if text.endswith(p, 0, start)) - 1
    return before < 0 or not is_word(text[before])

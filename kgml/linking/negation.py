"""Which mentions the text denies: triggers before and after, their scope, what only looks like one.

After NegEx (Chapman, Bridewell, Hanbury, Cooper and Buchanan: A simple algorithm for identifying
negated findings and diseases in discharge summaries, J Biomed Inform 34, 2001), with a shorter
table. A trigger reaches over at most 6 tokens, to the end of its sentence at the farthest, and no
further than a word that starts a new thought.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from kgml.linking.fold import Folded, fold
from kgml.linking.match import WordMatcher, longest

REACH = 6
"""Tokens between the trigger and the mention, at most."""

BEFORE = (
    "no", "not", "without", "denies", "denied", "denying", "deny", "no evidence of",
    "no evidence for", "no sign of", "no signs of", "no history of", "no complaints of",
    "no indication of", "no suspicion of", "no findings of", "negative for", "was negative for", "were negative for",
    "is negative for", "are negative for", "absence of",
    "lack of", "lacked", "lacking", "free of", "free from", "never", "never had", "neither", "nor",
    "ruled out", "rule out", "rules out", "ruling out", "excluded", "excludes", "fails to reveal",
    "failed to reveal", "cannot", "can't", "doesn't", "didn't", "does not have", "did not have",
    "don't", "isn't", "wasn't", "aren't", "weren't", "hasn't", "haven't", "hadn't", "none of",
    "instead of", "rather than", "unremarkable for", "resolved without", "test negative for",
)  # fmt: skip
AFTER = (
    "was ruled out", "were ruled out", "is ruled out", "are ruled out", "been ruled out",
    "be ruled out", "was excluded", "were excluded", "is excluded", "been excluded", "is absent",
    "are absent", "was absent", "were absent", "be absent", "been absent", "not seen",
    "not present", "not found",
    "not observed", "not detected", "not identified", "not noted", "not demonstrated",
    "not evident", "never seen", "never observed", "never developed", "was negative",
    "were negative", "is negative", "are negative", "was denied", "were denied", "is unlikely",
    "was unlikely", "unlikely", "did not occur", "did not develop",
)  # fmt: skip
PSEUDO = (
    "no increase", "no decrease", "no change", "no changes", "no significant change",
    "no significant changes", "no further", "no interval change", "not only", "not just",
    "not merely", "not simply", "not necessarily", "not certain if", "not certain whether",
    "not clear if", "not clear whether", "not ruled out", "not been ruled out", "not rule out",
    "cannot be ruled out", "could not be ruled out", "cannot rule out", "cannot be excluded",
    "could not be excluded", "not excluded", "not been excluded", "not exclude", "no doubt",
    "without doubt", "without difficulty", "without delay", "gram negative", "no more than",
    "not less than", "no less than", "not uncommon", "not unusual", "not infrequently",
    "no longer than", "with or without", "whether or not", "presence or absence of",
    "not found to be", "no wonder", "not surprisingly", "not to mention",
)  # fmt: skip
STOP = (
    "but", "however", "although", "though", "nevertheless", "nonetheless", "yet", "whereas",
    "while", "except", "except for", "apart from", "aside from", "other than", "besides",
    "secondary to", "due to", "because", "because of", "as a cause of", "as the cause of",
    "suggesting", "until", "which", "who",
)  # fmt: skip

_KEYS = [fold(trigger).lower for trigger in BEFORE + AFTER + PSEUDO + STOP]
_KIND = (
    ["before"] * len(BEFORE) + ["after"] * len(AFTER) + ["pseudo"] * len(PSEUDO)
    + ["stop"] * len(STOP)
)  # fmt: skip
_MATCHER = WordMatcher(_KEYS)
_SENTENCE = re.compile(r"[.!?][\])\"']*(?=\s|$)|[;\u2029]|\n\s*\n")
_TOKEN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_WINDOW = 400
"""Characters looked at between trigger and mention; bounds the work where nothing stops."""


def negated(folded: Folded, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether the text denies each of ``spans``.

    Args:
        spans: start and end in the original text; sorted, without overlaps.

    >>> negated(fold("No fever, but cough."), [(3, 8), (14, 19)])
    [True, False]
    """
    denied = [False] * len(spans)
    if not spans:
        return denied
    text = folded.text
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    triggers, stops = _triggers(folded, spans, starts)
    for kind, start, end in triggers:
        if kind == "before":
            first = bisect_left(starts, end)
            if first == len(spans) or starts[first] > end + _WINDOW:
                continue
            limit = _next(text, stops, end)
            for i in range(first, len(spans)):
                if starts[i] >= limit or not _near(text, end, starts[i]):
                    break
                denied[i] = True
        else:
            last = bisect_right(ends, start) - 1
            if last < 0 or ends[last] < start - _WINDOW:
                continue
            limit = _previous(text, stops, start)
            for i in range(last, -1, -1):
                if starts[i] < limit or not _near(text, ends[i], start):
                    break
                denied[i] = True
    return denied


def _triggers(
    folded: Folded, spans: Sequence[tuple[int, int]], starts: list[int]
) -> tuple[list[tuple[str, int, int]], list[int]]:
    """Triggers as (kind, start, end) outside the mentions, and where words stop a scope."""
    found = {(hit.start, hit.end): _KIND[hit.key] for hit in _MATCHER.find(folded.lower)}
    triggers: list[tuple[str, int, int]] = []
    stops: list[int] = []
    for span in longest(found):
        kind, start, end = found[span], folded.original(span[0]), folded.original(span[1])
        i = bisect_left(starts, end) - 1
        if i >= 0 and spans[i][1] > start:
            continue  # a word of a mention: "absence of radius", "no light perception"
        if kind == "stop":
            stops.append(start)
        elif kind != "pseudo":
            triggers.append((kind, start, end))
    return triggers, stops


def _next(text: str, stops: list[int], position: int) -> int:
    """Where a scope that starts at ``position`` ends."""
    i = bisect_left(stops, position)
    limit = min(stops[i] if i < len(stops) else len(text), position + _WINDOW)
    sentence = _SENTENCE.search(text, position, limit)
    return sentence.start() if sentence else limit


def _previous(text: str, stops: list[int], position: int) -> int:
    """Where a scope that ends at ``position`` starts."""
    i = bisect_right(stops, position)
    limit = max(stops[i - 1] if i else 0, position - _WINDOW)
    return max((match.end() for match in _SENTENCE.finditer(text, limit, position)), default=limit)


def _near(text: str, start: int, end: int) -> bool:
    return sum(1 for _ in _TOKEN.finditer(text, start, end)) <= REACH

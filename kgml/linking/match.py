"""Whole-word matches of many keys in one text, and the choice among those that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from kgml.linking.fold import is_word


class Hit(NamedTuple):
    """Key number ``key`` stands at ``text[start:end]``; ``plural``: with a regular -s or -es."""

    key: int
    start: int
    end: int
    plural: bool


class WordMatcher:
    """Aho-Corasick over ``keys``, asked for overlapping matches and filtered to whole words.

    The automaton's own leftmost-longest choice is not used: a longer match that crosses a word
    border would hide a shorter one that is a whole word.

    Args:
        keys: distinct, not empty, folded like the texts.
        plural: also accept a key followed by its regular plural ending.
    """

    def __init__(self, keys: Sequence[str], *, plural: bool = False) -> None:
        self._automaton = AhoCorasick(keys, store_patterns=False) if keys else None
        self._plural = plural

    def find(self, text: str) -> Iterator[Hit]:
        """All whole-word hits, those that overlap too, in the order of their unextended ends."""
        if self._automaton is None:
            return
        size = len(text)
        for key, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            # a blank is what stands there most often, and asking for it is cheap
            if (
                start
                and text[start - 1] != " "
                and is_word(text[start - 1])
                and is_word(text[start])
            ):
                continue
            if (
                end == size
                or text[end] == " "
                or not is_word(text[end])
                or not is_word(text[end - 1])
            ):
                yield Hit(key, start, end, False)
            elif self._plural and text[end] in "se":
                longer = _plural_end(text, start, end)
                if longer:
                    yield Hit(key, start, longer, True)


def longest(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that stay when each longer one removes those it overlaps; sorted by start.

    Of equally long ones the first stays. n log n, whatever the overlaps.

    >>> longest([(0, 5), (3, 12), (12, 14), (13, 15)])
    [(3, 12), (12, 14)]
    """
    kept: list[tuple[int, int]] = []
    cluster: list[tuple[int, int]] = []
    reach = -1
    for span in sorted(set(spans)):
        if span[0] >= reach:
            kept += _settle(cluster)
            cluster = []
        cluster.append(span)
        reach = max(reach, span[1])
    return kept + _settle(cluster)


def _settle(cluster: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A kept span is never shorter, so it covers an end of each span that it overlaps."""
    if len(cluster) < 2:
        return cluster
    kept: list[tuple[int, int]] = []
    base = cluster[0][0]
    taken = bytearray(max(end for _, end in cluster) - base)
    for start, end in sorted(cluster, key=lambda span: (span[0] - span[1], span[0])):
        if not (taken[start - base] or taken[end - base - 1]):
            taken[start - base : end - base] = b"\1" * (end - start)
            kept.append((start, end))
    return sorted(kept)


def _plural_end(text: str, start: int, end: int) -> int | None:
    """Where the regular plural of the word ending at ``end`` ends, or None if it is none."""
    last = text[end - 1]
    if end - start < 2 or not last.isalnum():
        return None
    if text[end] == "s":
        longer = end + 1 if last not in "sxz" else 0
    else:
        longer = end + 2 if last in "sxzho" and text.startswith("es", end) else 0
    if not longer or (longer < len(text) and is_word(text[longer])):
        return None
    return longer

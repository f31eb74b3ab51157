"""Whole-word matches of many keys in one text, and the choice among those that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Never

from ahocorasick_rs import BytesAhoCorasick

from kgml.linking.fold import spaced

BLANKS = 2
"""One at each end of a pattern."""


class WordMatcher:
    """Where the words of ``keys`` stand in a text, whatever is between them.

    Aho-Corasick over each key with a blank at both ends, in texts where everything that is no word
    is a blank: the automaton itself sees to whole words, and hits cost little as there are few. Its
    own leftmost-longest choice is not used: it keeps one of two matches that overlap by accident.

    Args:
        keys: folded like the texts; one without a word is never found.
        plural: also find a key's regular plural.
    """

    def __init__(self, keys: Iterable[str], *, plural: bool = False) -> None:
        patterns: dict[str, int] = {}
        self._edges: dict[int, set[tuple[int, int]]] = {}
        """Pattern to the characters that its keys have before and after, where that is not 0, 0."""
        for key in keys:
            core = spaced(key)[1:-1]
            words = core.strip()
            if not words:
                continue
            edges = len(core) - len(core.lstrip()), len(core) - len(core.rstrip())
            pattern = patterns.setdefault(f" {words} ", len(patterns))
            if edges != (0, 0) or pattern in self._edges:
                self._edges.setdefault(pattern, {(0, 0)}).add(edges)
            if plural and not edges[1]:
                for ending in _endings(words):
                    pattern = patterns.setdefault(f" {words}{ending} ", len(patterns))
                    if edges[0] or pattern in self._edges:
                        self._edges.setdefault(pattern, {(0, 0)}).add(edges)
        self._automaton = BytesAhoCorasick(map(str.encode, patterns)) if patterns else None

    def __getstate__(self) -> Never:
        """The automaton lives outside Python."""
        raise TypeError(
            "a linker is not pickled: its automaton cannot be. Build one in each process, with "
            "EntityLinker.from_graph(graph)."
        )

    def find(self, words: bytes) -> list[tuple[int, int]]:
        """Spans that may be a key, in no order: look ``text[start:end]`` up.

        Args:
            words: the text as `kgml.linking.fold.spaced` gives it, in UTF-8.
        """
        return [(start, end - BLANKS) for _, start, end in self.hits(words)]

    def hits(self, words: bytes) -> list[tuple[int, int, int]]:
        """What `find` gives as the automaton does: pattern, start, and `BLANKS` more than end."""
        if self._automaton is None:
            return []
        hits = self._automaton.find_matches_as_indexes(words, overlapping=True)
        if not words.isascii():
            hits = _characters(words, hits)
        edges = self._edges
        odd = [hit for hit in hits if hit[0] in edges]
        if odd:
            length = len(words if words.isascii() else words.decode())
            hits = [hit for hit in hits if hit[0] not in edges]
            hits += [
                (pattern, start - before, end + after)
                for pattern, start, end in odd
                for before, after in edges[pattern]
                if start >= before and end + after <= length
            ]
        return hits


def _characters(words: bytes, hits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """``hits``, by ascending end, counted in characters rather than bytes."""
    found, done, passed = [], 0, 0
    for pattern, start, end in hits:
        passed += len(words[done:end].decode())
        done = end
        found.append((pattern, passed - len(words[start:end].decode()), passed))
    return found


def singulars(surface: str) -> Iterator[str]:
    """What ``surface`` may be the regular plural of.

    >>> list(singulars("masses")), list(singulars("arms")), list(singulars("mass"))
    (['mass', 'masse'], ['arm'], [])
    """
    if surface.endswith("es") and surface[-3:-2] in tuple("sxzho"):
        yield surface[:-2]
    if surface.endswith("s") and surface[-2:-1] not in tuple("sxz") and surface[-2:-1].isalnum():
        yield surface[:-1]


def _endings(key: str) -> Iterator[str]:
    last = key[-1]
    if len(key) < 2 or not last.isalnum():
        return
    if last not in "sxz":
        yield "s"
    if last in "sxzho":
        yield "es"


def longest(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that stay when each longer one removes those it overlaps; sorted by start.

    Of equally long ones the first stays. n log n, whatever the overlaps.

    >>> longest([(0, 5), (3, 12), (12, 14), (13, 15)])
    [(3, 12), (12, 14)]
    """
    kept: list[tuple[int, int]] = []
    cluster: list[tuple[int, int]] = []
    reach = -1
    for span in sorted(spans):
        if span[0] < reach:
            cluster.append(span)
            reach = max(reach, span[1])
            continue
        kept += _settle(cluster) if len(cluster) > 1 else cluster
        cluster, reach = [span], span[1]
    return kept + _settle(cluster)


def _settle(cluster: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A kept span is never shorter, so it covers an end of each span that it overlaps."""
    if len(cluster) < 2:
        return cluster
    if len(cluster) == 2:
        (a, b), (c, d) = cluster
        return [cluster[b - a < d - c]]
    kept: list[tuple[int, int]] = []
    base = cluster[0][0]
    taken = bytearray(max(end for _, end in cluster) - base)
    for start, end in sorted(cluster, key=lambda span: (span[0] - span[1], span[0])):
        if not (taken[start - base] or taken[end - base - 1]):
            taken[start - base : end - base] = b"\1" * (end - start)
            kept.append((start, end))
    return sorted(kept)

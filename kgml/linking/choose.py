"""Which spans stay where several overlap: the one that uses most of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kgml.linking.mentions import Candidate

IsKind = Callable[[int, int], bool]
"""Whether the first entity is a kind of the second."""


class Span(NamedTuple):
    """Candidates at ``[start, end)``; ``used``: the pieces of it that belong to the form.

    ``used`` leaves out the other members of a coordination and nothing else.
    """

    start: int
    end: int
    used: tuple[tuple[int, int], ...]
    candidates: tuple[Candidate, ...]
    exact: bool

    @property
    def length(self) -> int:
        """Characters used."""
        return sum(end - start for start, end in self.used)


def choose(text: str, spans: Iterable[Span], nested: IsKind | None = None) -> list[Span]:
    """The spans that stay, sorted by start, then end.

    Longer ones first, the exact before the variant, then the better score. Two that share a word
    exclude each other, unless a coordination explains it: "short and broad fingers" is two spans
    that share "fingers" and have a word of their own each. A coordination removes the single words
    that it takes up: "acute" in "acute and chronic pancreatitis".

    Args:
        text: what the spans are of, folded.
        nested: keep the exact end of a longer span too, where the longer one is a kind of it:
            "colitis" of "ulcerative colitis", not "nevus" of "basal cell nevus", a carcinoma.
    """
    kept: list[Span] = []
    cluster: list[Span] = []
    reach = -1
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if span.start >= reach:
            kept += _settle(text, cluster, nested)
            cluster = []
        cluster.append(span)
        reach = max(reach, span.end)
    return kept + _settle(text, cluster, nested)


def _settle(text: str, cluster: list[Span], nested: IsKind | None) -> list[Span]:
    if len(cluster) < 2:
        return cluster
    kept: list[Span] = []
    taken = {
        (start, end)
        for span in cluster
        if len(span.used) > 1
        for start, end in span.used
        if " " not in text[start:end]
    }
    for span in sorted(
        cluster,
        key=lambda s: (
            2 if (s.start, s.end) in taken else len(s.used) > 1,
            -s.length,
            not s.exact,
            -s.candidates[0].score,
            s.start,
        ),
    ):
        if all(_agree(span, other) or (nested and _kind(span, other, nested)) for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: (span.start, span.end))


def _agree(one: Span, other: Span) -> bool:
    """Whether both may stay."""
    if one.end <= other.start or other.end <= one.start:
        return True
    shared = sum(
        max(0, min(a_end, b_end) - max(a_start, b_start))
        for a_start, a_end in one.used
        for b_start, b_end in other.used
    )
    if not shared:
        return True
    coordinated = len(one.used) > 1 or len(other.used) > 1
    return coordinated and shared < min(one.length, other.length)


def _kind(inner: Span, outer: Span, is_kind: IsKind) -> bool:
    """Whether one exact span is the end of another, longer one, which is a kind of it."""
    if not (inner.exact and outer.start < inner.start and inner.end == outer.end):
        return False
    best = outer.candidates[0].entity
    return any(is_kind(best, candidate.entity) for candidate in inner.candidates)


def together(parts: Sequence[Sequence[Span]]) -> list[Span]:
    """The spans of several vocabularies, sorted by start, then end; equal ones become one."""
    if len(parts) == 1:
        return list(parts[0])
    found: dict[tuple[int, int, tuple[tuple[int, int], ...]], Span] = {}
    for span in (span for part in parts for span in part):
        other = found.setdefault(span[:3], span)
        if other is not span:
            best = sorted([*other.candidates, *span.candidates], key=lambda c: (-c.score, c.entity))
            exact = other.exact or span.exact
            found[span[:3]] = span._replace(candidates=tuple(best), exact=exact)
    return [found[place] for place in sorted(found)]

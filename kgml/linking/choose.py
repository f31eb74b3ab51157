"""Which spans stay where several overlap: the one that uses most of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kgml.linking.mentions import Candidate

IsKind = Callable[[int, int], bool]
"""Whether the first entity is a kind of the second."""


_OF = (" of ", " in ")
_ABOUT = 0.95


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
        nested: keep the exact head of a longer span too, where the longer one is a kind of it:
            "colitis" of "ulcerative colitis", not "nevus" of "basal cell nevus", a carcinoma.
    """
    spans = sorted(spans, key=_place)
    kept = _longest(text, spans)
    return (
        kept if nested is None else sorted([*kept, *_heads(text, spans, kept, nested)], key=_place)
    )


def _longest(text: str, spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    cluster: list[Span] = []
    reach = -1
    for span in spans:
        if span.start >= reach:
            kept += _settle(text, cluster)
            cluster = []
        cluster.append(span)
        reach = max(reach, span.end)
    return kept + _settle(text, cluster)


def _settle(text: str, cluster: list[Span]) -> list[Span]:
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
        if all(_agree(span, other) for other in kept):
            kept.append(span)
    return sorted(kept, key=_place)


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


def _heads(
    text: str, spans: Sequence[Span], kept: Sequence[Span], is_kind: IsKind
) -> Iterator[Span]:
    """Exact spans that are the head of one that is ``kept`` and a kind of them."""
    known = {(span.start, span.end) for span in kept}
    ends: dict[int, list[Span]] = {}
    starts: dict[int, list[Span]] = {}
    for span in kept:
        ends.setdefault(span.end, []).append(span)
        starts.setdefault(span.start, []).append(span)
    for span in spans:
        if not span.exact or (span.start, span.end) in known:
            continue
        outer = [one for one in ends.get(span.end, ()) if one.start < span.start]
        if text.startswith(_OF, span.end):  # "fracture of the femur"
            outer += [one for one in starts.get(span.start, ()) if one.end > span.end]
        above = tuple(
            inner for inner in span.candidates
            if any(is_kind(c.entity, inner.entity) for one in outer for c in _best(one))
        )  # fmt: skip
        if above:
            yield span._replace(candidates=above)


def _best(span: Span) -> list[Candidate]:
    """The candidates that are about as good as the first: which it is, the document will tell."""
    return [c for c in span.candidates if c.score >= _ABOUT * span.candidates[0].score]


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end


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

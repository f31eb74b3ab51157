from __future__ import annotations

import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kgml.linking.fold import fold, lower
from kgml.linking.match import longest


def test_lower_case_keeps_the_length_of_every_character() -> None:
    text = "".join(chr(c) for c in range(sys.maxunicode + 1))
    assert len(lower(text)) == len(text)
    assert [c for c in text if len(c.lower()) != 1] == ["\u0130"]
    assert lower("\u0130") == "i"


def test_the_final_sigma_is_the_same_letter_wherever_it_stands() -> None:
    assert lower("ΣΟΦΟΣ") == lower("σοφος") == "σοφοσ"


@given(st.text())
def test_original_offsets_rise_and_end_at_the_end(text: str) -> None:
    folded = fold(text)
    assert len(folded.plain) == len(folded.lower)
    offsets = [folded.original(i) for i in range(len(folded.plain) + 1)]
    assert all(0 <= offset <= len(text) for offset in offsets)
    assert offsets[-1] == len(text)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda p: (p[0], sum(p)))))
def test_the_longest_spans_do_not_overlap_and_leave_no_room(spans: list[tuple[int, int]]) -> None:
    kept = longest(spans)
    assert all(a[1] <= b[0] for a, b in pairwise(kept))
    for start, end in spans:
        rivals = [k for k in kept if k[0] < end and start < k[1]]
        assert any(k[1] - k[0] >= end - start for k in rivals)

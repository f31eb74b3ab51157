"""The lead of a text: its first sentence, which says what the rest is about.

The title of an abstract, the headline or first sentence of a report. Where in a document a word
stands says how much it is worth (weighted zones: Manning, Raghavan and Schütze 2008, 6.1), so vector
and concepts of the lead are features of their own beside those of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kgml.linking.mentions import Mention

LEAST, MOST = 20, 400
"""Characters of a lead: what ends before is an abbreviation or a heading ("Dr.", "OBJECTIVE."),
what goes on for longer no sentence."""
END = re.compile(r"[.?!][\"')\]]*\s|\n")


def lead_ends(texts: Sequence[str]) -> NDArray[np.int64]:
    """Where the first sentence of each of ``texts`` ends, (n,) offsets.

    >>> lead_ends(["Dr. Who had a stroke of luck. He lived.", "One sentence", ""]).tolist()
    [29, 12, 0]
    """
    return np.array([_end(text) for text in texts], dtype=np.int64)


def _end(text: str) -> int:
    found = END.search(text, LEAST - 1, MOST)
    return min(found.end() - 1 if found else MOST, len(text))


def mentions_before(
    mentions: Sequence[Sequence[Mention]], ends: NDArray[np.int64]
) -> list[list[Mention]]:
    """Of each text the mentions that end no later than ``ends`` (n,)."""
    return [
        [mention for mention in of_text if mention.end <= end]
        for of_text, end in zip(mentions, ends.tolist(), strict=True)
    ]

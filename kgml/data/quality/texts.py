"""Damaged, empty, repeated and odd texts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kgml.data.quality.finding import Finding, first_rows, shown, weigh

MOJIBAKE = re.compile(
    "[ÃÂ][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|â[\u0080\u20ac][\u0080-\u02dc\u2013-\u2122]|ï»¿|ðŸ"
)
"""UTF-8 read as Latin-1 or Windows-1252: "Ã©" for "é", "â€™" for "’"."""
REPLACED = re.compile("\ufffd")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
LEAST_WORDS = 4
"""Of a sentence that may be boilerplate."""
COMMON, FEWEST = 0.05, 5
"""A sentence that stands in this share of the texts, and in so many, is boilerplate."""
FAR = 3.5
"""Robust standard deviations of the logarithm of the length."""


def find_in_texts(texts: Sequence[str]) -> Iterator[Finding]:
    """Of ``texts`` (n,): encoding damage, blanks, boilerplate, lengths."""
    for name, pattern, what, step in DAMAGE:
        rows = [i for i, text in enumerate(texts) if pattern.search(text)]
        found = pattern.search(texts[rows[0]]) if rows else None
        yield Finding(
            name, "consistency", weigh(len(rows), len(texts), 0.02), len(rows),
            f"{len(rows):,} texts hold {what}",
            f"row {rows[0] + 1}: {_around(texts[rows[0]], found.start())}" if found else "",
            step if rows else "", first_rows(rows),
        )  # fmt: skip
    blank = [i for i, text in enumerate(texts) if not re.search(r"\w", text)]
    yield Finding(
        "empty text", "consistency", weigh(len(blank), len(texts), 0.01), len(blank),
        f"{len(blank):,} texts have no word", "", "Remove or fill these rows; they cannot be trained on."
        if blank else "", first_rows(blank),
    )  # fmt: skip
    yield _boilerplate(texts)
    yield _lengths(texts)


DAMAGE = (
    ("mojibake", MOJIBAKE, "UTF-8 that was read as Latin-1 or Windows-1252",
     "Read the source again as UTF-8, or repair: text.encode('cp1252').decode('utf-8')."),
    ("replacement characters", REPLACED, "U+FFFD, which stands where bytes were lost",
     "Export these rows again: what was lost is not in the table."),
    ("control characters", CONTROL, "control characters", "Remove them from the texts."),
)  # fmt: skip


def _around(text: str, place: int) -> str:
    return shown(text[max(0, place - 20) : place + 40])


def _boilerplate(texts: Sequence[str]) -> Finding:
    """Sentences that stand in many texts."""
    of: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        for sentence in {" ".join(s.split()) for s in SENTENCE.split(text)}:
            if sentence.count(" ") >= LEAST_WORDS - 1 and sentence != " ".join(text.split()):
                of[sentence].append(i)
    least = max(FEWEST, COMMON * len(texts))
    common = sorted(((len(rows), s) for s, rows in of.items() if len(rows) >= least), reverse=True)
    rows = sorted({i for _, sentence in common for i in of[sentence]})
    return Finding(
        "boilerplate", "consistency", weigh(len(rows), len(texts), 0.5), len(rows),
        f"{len(common):,} sentences stand in 5% of the texts or more",
        f"{common[0][0]:,} times: {shown(common[0][1])}" if common else "",
        "Cut them out, unless they tell the classes apart where the model will be used."
        if common else "", first_rows(rows),
    )  # fmt: skip


def _lengths(texts: Sequence[str]) -> Finding:
    words = word_counts(texts)
    filled = words[words > 0]
    logs = np.log(filled) if len(filled) else np.zeros(1)
    middle = float(np.median(logs))
    spread = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.1)
    far = np.abs(np.log(np.maximum(words, 1)) - middle) > FAR * spread
    rows = np.flatnonzero(far & (words > 0)).tolist()
    ends = f"shortest {int(filled.min()):,}, longest {int(filled.max()):,}" if len(filled) else ""
    return Finding(
        "length outliers", "consistency", weigh(len(rows), len(texts), 0.05), len(rows),
        f"{len(rows):,} texts are far shorter or longer than the others",
        f"median {round(np.exp(middle)):,} words, {ends}",
        "Look at them: cut-off texts, and documents that were glued together, look like this."
        if rows else "", first_rows(rows),
    )  # fmt: skip


def word_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Words of each text, (n,).

    >>> word_counts(["a red fox", ""]).tolist()
    [3, 0]
    """
    return np.array([len(re.findall(r"\w+", text)) for text in texts], dtype=np.int64)


def words_of(text: str) -> Counter[str]:
    """Lower-case words and how often each stands in the text."""
    return Counter(re.findall(r"\w+", text.lower()))

"""Imbalance, and what gives the label away without being about it: length, a column, one token."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kgml.data.quality.finding import FINE, SERIOUS, WORTH_A_LOOK, Finding, first_rows
from kgml.data.quality.table import LabelledTable
from kgml.data.quality.texts import word_counts

UNEVEN, VERY_UNEVEN = 10, 50
"""Rows of the largest class to one of the smallest."""
FEW_ROWS = 10
"""Of a class: below that neither training nor a score says much."""
PURE, COVERS, LEAST = 0.95, 0.3, 8
"""A token gives a class away where so many of its texts are of that class, it stands in so many of that
class's texts, and in so many texts at all."""
GAIN = 0.15
"""How much better than the largest class a column or the length must guess, as a share of what is left."""
BINS = 10
VALUES = 50
"""Most values of a column that may be a source."""


def find_bias(table: LabelledTable) -> Iterator[Finding]:
    """Of the rows that have a text and a label."""
    yield _imbalance(table)
    rows = [i for i, label in enumerate(table.labels) if label and table.texts[i].strip()]
    labels = [table.labels[i] for i in rows]
    lengths = word_counts([table.texts[i] for i in rows])
    yield _guess("length", "the length of a text", [str(b) for b in _bins(lengths)], labels)
    for name, column in table.others.items():
        values = [column[i] for i in rows]
        if 1 < len(set(values)) <= min(VALUES, max(2, len(rows) // 4)):
            yield _guess("source column", f"the column '{name}'", values, labels)
    yield _tokens([table.texts[i] for i in rows], labels, rows)


def _imbalance(table: LabelledTable) -> Finding:
    counts = table.classes.most_common()
    (large, most), (small, least) = counts[0], counts[-1]
    ratio = most / least
    few = [name for name, count in counts if count < FEW_ROWS]
    weight = SERIOUS if ratio > VERY_UNEVEN else WORTH_A_LOOK if ratio > UNEVEN or few else FINE
    return Finding(
        "imbalance", "bias", weight, len(few),
        f"{len(few):,} of {len(counts):,} classes have fewer than {FEW_ROWS} rows",
        f"'{large}' {most:,}, '{small}' {least:,}: {ratio:.1f} to 1",
        "Label more of the small classes, merge them, and judge by macro-F1." if weight != FINE else "",
    )  # fmt: skip


def _bins(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Deciles of the lengths, (n,)."""
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BINS + 1)[1:-1]))
    found: NDArray[np.int64] = np.searchsorted(edges, lengths)
    return found


def _guess(name: str, what: str, values: Sequence[str], labels: Sequence[str]) -> Finding:
    """How well the label is guessed by the commonest one of each value, seen on other rows."""
    right, base = _held_out_accuracy(values, labels)
    gain = (right - base) / max(1 - base, 1e-9)
    weight = SERIOUS if gain > 3 * GAIN else WORTH_A_LOOK if gain > GAIN else FINE
    return Finding(
        name, "bias", weight, round(right * len(labels)) if weight != FINE else 0,
        f"{what} alone guesses {right:.0%} of the labels, the largest class {base:.0%}",
        _purest(values, labels) if weight != FINE else "",
        "Will it be so where the model is used? If not, balance it, or remove it." if weight != FINE else "",
    )  # fmt: skip


def _held_out_accuracy(values: Sequence[str], labels: Sequence[str]) -> tuple[float, float]:
    """Accuracy of the commonest label of a value, and of all, told from every other row."""
    right = base = 0
    for half in (0, 1):
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        overall: Counter[str] = Counter()
        for i in range(1 - half, len(labels), 2):
            seen[values[i]][labels[i]] += 1
            overall[labels[i]] += 1
        usual = overall.most_common(1)[0][0] if overall else ""
        for i in range(half, len(labels), 2):
            of = seen.get(values[i])
            right += labels[i] == (of.most_common(1)[0][0] if of else usual)
            base += labels[i] == usual
    return right / len(labels), base / len(labels)


def _purest(values: Sequence[str], labels: Sequence[str]) -> str:
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for value, label in zip(values, labels, strict=True):
        of[value][label] += 1
    value, counts = max(of.items(), key=lambda pair: (pair[1].most_common(1)[0][1], pair[0]))
    label, count = counts.most_common(1)[0]
    return f"'{value}' has {count:,} of {sum(counts.values()):,} rows in '{label}'"


def _tokens(texts: Sequence[str], labels: Sequence[str], rows: Sequence[int]) -> Finding:
    """Single tokens, signs included, of which the label follows."""
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in zip(texts, labels, strict=True):
        for token in set(re.findall(r"\S+", text.lower())):
            of[token][label] += 1
    sizes, share = Counter(labels), max(Counter(labels).values()) / len(labels)
    found = []
    for token, counts in of.items():
        (label, inside), total = counts.most_common(1)[0], counts.total()
        pure = inside / total
        # a token says something only if it is purer than any token of that class would be
        if (
            total >= LEAST
            and pure >= max(PURE, (1 + share) / 2)
            and inside >= COVERS * sizes[label]
        ):
            found.append((inside / sizes[label], token, label, inside, total))
    found.sort(key=lambda one: (-one[0], one[1]))
    given = {(token, label) for _, token, label, _, _ in found}
    hit = [
        row for row, text, label in zip(rows, texts, labels, strict=True)
        if any((token, label) in given for token in text.lower().split())
    ] if found else []  # fmt: skip
    evidence = "; ".join(
        f"'{token}': {inside:,} of {total:,} texts are '{label}', {covered:.0%} of that class"
        for covered, token, label, inside, total in found[:3]
    )
    covers_most = found and found[0][0] > 2 * COVERS
    return Finding(
        "give-away tokens", "bias", SERIOUS if covers_most else WORTH_A_LOOK if found else FINE, len(hit),
        f"{len(found):,} single tokens give a class away", evidence,
        "A word of the subject is fine. A header, a name or a mark is not: cut it out, or the model "
        "learns it and nothing else." if found else "", first_rows(hit),
    )  # fmt: skip

"""Equal and nearly equal texts: within the table, with other labels, on both sides of the split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kgml.data.quality.finding import SERIOUS, Finding, first_rows, shown, weigh
from kgml.data.quality.table import LabelledTable

Groups = Mapping[int, Sequence[int]]


def find_copies(table: LabelledTable, near: NDArray[np.int64]) -> Iterator[Finding]:
    """Duplicates, conflicts and leaks. Blank texts count nothing here.

    Args:
        near: what `kgml.data.near.near_groups` found.
    """
    filled = [i for i, text in enumerate(table.texts) if text.strip()]
    same = _groups({i: " ".join(table.texts[i].split()) for i in filled})
    alike = _groups({i: str(near[i]) for i in filled})
    exact = [i for rows in same.values() for i in rows[1:]]
    told = set(exact)
    close = [i for rows in alike.values() for i in rows[1:] if i not in told]
    yield _copies("exact duplicates", "equal an earlier text", exact, table, "Keep one of each.")
    yield _copies(
        "near duplicates", "nearly equal an earlier one (MinHash, Jaccard index of .8)",
        sorted(close), table, "Keep one of each, or keep them on one side of every split.",
    )  # fmt: skip
    yield _conflicts("conflicting labels", "equal texts", same, table)
    yield _conflicts("near conflicts", "nearly equal texts", _without(alike, same), table)
    yield _leak(table, alike)


def _groups(key: Mapping[int, str]) -> dict[int, list[int]]:
    """Rows by what is the same of them, two at least, by the first row."""
    found: dict[str, list[int]] = defaultdict(list)
    for row, name in key.items():
        found[name].append(row)
    return {rows[0]: rows for rows in found.values() if len(rows) > 1}


def _copies(name: str, what: str, rows: Sequence[int], table: LabelledTable, step: str) -> Finding:
    rows = sorted(rows)
    return Finding(
        name, "consistency", weigh(len(rows), len(table), 0.05), len(rows),
        f"{len(rows):,} texts {what}", f"row {rows[0] + 1}: {shown(table.texts[rows[0]])}" if rows else "",
        step if rows else "", first_rows(rows),
    )  # fmt: skip


def _labels(rows: Sequence[int], table: LabelledTable) -> set[str]:
    return {table.labels[i] for i in rows if table.labels[i]}


def _without(groups: Groups, same: Groups) -> dict[int, list[int]]:
    """Groups that are more than equal texts, of which `_conflicts` has told already."""
    told = {tuple(rows) for rows in same.values()}
    return {first: list(rows) for first, rows in groups.items() if tuple(rows) not in told}


def _conflicts(name: str, what: str, groups: Groups, table: LabelledTable) -> Finding:
    wrong = [rows for rows in groups.values() if len(_labels(rows, table)) > 1]
    rows = sorted(i for group in wrong for i in group)
    evidence = ""
    if wrong:
        said = ", ".join(f"row {i + 1} {shown(table.labels[i], 30)!r}" for i in wrong[0][:3])
        evidence = f"{said}: {shown(table.texts[wrong[0][0]])}"
    return Finding(
        name, "accuracy", weigh(len(rows), len(table), 0.01), len(rows),
        f"{len(wrong):,} groups of {what} have different labels", evidence,
        "Decide on one label for each group: no model can be right on both." if rows else "",
        first_rows(rows),
    )  # fmt: skip


def _leak(table: LabelledTable, alike: Groups) -> Finding:
    """Test rows that have an equal or near text in training."""
    test = [i for i, part in enumerate(table.parts) if part == "test"]
    leaked = sorted(
        i for rows in alike.values() if any(table.parts[j] == "train" for j in rows)
        for i in rows if table.parts[i] == "test"
    )  # fmt: skip
    weight = weigh(len(leaked), max(len(test), 1), 0.01)
    return Finding(
        "leakage", "consistency", weight, len(leaked),
        f"{len(leaked):,} of {len(test):,} test texts have an equal or near one in training"
        if test else "the table has no test part, so nothing can leak into it",
        f"row {leaked[0] + 1}: {shown(table.texts[leaked[0]])}" if leaked else "",
        "Take them out of the test part: scores on it are too high."
        if weight == SERIOUS else "Take them out of the test part." if leaked else "",
        first_rows(leaked),
    )  # fmt: skip

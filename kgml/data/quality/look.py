"""All that a table says about its own quality."""

from __future__ import annotations

from kgml.data.near import near_groups
from kgml.data.quality.copies import find_copies
from kgml.data.quality.drift import find_drift
from kgml.data.quality.finding import Finding, first_rows, weigh
from kgml.data.quality.languages import language_mix
from kgml.data.quality.shortcuts import find_bias
from kgml.data.quality.table import LabelledTable
from kgml.data.quality.texts import find_in_texts


def look(table: LabelledTable, seed: int = 0) -> list[Finding]:
    """Every finding, also those that found nothing: a report says what was looked for."""
    blank = [i for i, label in enumerate(table.labels) if not label]
    missing = Finding(
        "missing labels", "accuracy", weigh(len(blank), len(table), 0.05), len(blank),
        f"{len(blank):,} rows have no label", "",
        "Label or remove them; nothing is learned from them." if blank else "", first_rows(blank),
    )  # fmt: skip
    return [
        missing, *find_copies(table, near_groups(table.texts)), *find_in_texts(table.texts),
        language_mix(table.texts, seed), *find_drift(table, seed), *find_bias(table),
    ]  # fmt: skip

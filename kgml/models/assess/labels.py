"""Likely wrong labels, by confident learning (Northcutt, Jiang and Chuang 2021), and scores by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kgml.data.quality.finding import FINE, SERIOUS, SHOWN, WORTH_A_LOOK, Finding, shown, weigh
from kgml.evaluation.metrics import measure
from kgml.models.assess.measured import Held

LISTED = 50
"""Suspects in the report."""
LEAST_ROWS = 10
"""Of a group that is told of."""
SURE = 0.05
"""Chance, over all groups, that one is told to differ where none does."""


def suspects(held: Held) -> NDArray[np.int64]:
    """Rows of ``held`` whose label is likely wrong, the likeliest first."""
    from cleanlab.filter import find_label_issues

    found: NDArray[np.int64] = find_label_issues(
        held.of.codes, held.probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return np.asarray(found, dtype=np.int64)


def label_errors(held: Held) -> tuple[Finding, list[dict[str, Any]]]:
    """What is told of them, and the first `LISTED`: row, label, what the other rows suggest."""
    rows = suspects(held)
    listed = [_suspect(held, int(i)) for i in rows[:LISTED]]
    evidence = "; ".join(
        f"row {one['row']} '{shown(one['label'], 30)}', the other rows say '{shown(one['suggested'], 30)}' "
        f"({one['probability']:.2f}): {one['text']}" for one in listed[:2]
    )  # fmt: skip
    finding = Finding(
        "likely label errors", "accuracy", weigh(len(rows), len(held.of.codes), 0.05), len(rows),
        f"{len(rows):,} of {len(held.of.codes):,} labels are likely wrong", evidence,
        "Look at these rows first, the likeliest before the others." if len(rows) else "",
        tuple(one["row"] for one in listed[:SHOWN]),
    )  # fmt: skip
    return finding, listed


def _suspect(held: Held, i: int) -> dict[str, Any]:
    best = int(held.probabilities[i].argmax())
    return {
        "row": int(held.of.rows[i]) + 1, "label": held.of.labels[i],
        "suggested": held.of.classes[best], "probability": round(float(held.probabilities[i, best]), 6),
        "text": shown(held.of.documents.texts[i]),
    }  # fmt: skip


def by_group(
    held: Held, column: str, values: Sequence[str]
) -> tuple[Finding, list[dict[str, Any]]]:
    """Scores of each value of ``column``, and how accuracy differs from that of all other rows.

    Args:
        values: of all rows of the table.
    """
    of = np.array([values[row] for row in held.of.rows])
    truth, said = np.array(held.of.labels), np.array(held.predicted)
    hit = truth == said
    names = [
        v for v in np.unique(of).tolist() if LEAST_ROWS <= (of == v).sum() <= len(of) - LEAST_ROWS
    ]
    z = float(stats.norm.ppf(1 - SURE / 2 / max(len(names), 1)))
    groups = []
    for name in names:
        mine = of == name
        difference, error = _difference(hit[mine], hit[~mine])
        groups.append({
            "value": name, "rows": int(mine.sum()), **measure(truth[mine].tolist(), said[mine].tolist()),
            "difference": round(difference, 6),
            "difference_interval": [round(difference + s * z * error, 6) for s in (-1, 1)],
        })  # fmt: skip
    return _groups_finding(column, groups), groups


def _difference(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[float, float]:
    """Of two shares, and its standard error (Agresti and Caffo 2000: one of each is added)."""
    shares = [(x.sum() + 1) / (len(x) + 2) for x in (one, other)]
    error = sum(p * (1 - p) / (len(x) + 2) for p, x in zip(shares, (one, other), strict=True))
    return float(one.mean() - other.mean()), float(np.sqrt(error))


def _groups_finding(column: str, groups: Sequence[Mapping[str, Any]]) -> Finding:
    apart = [
        g for g in groups if not g["difference_interval"][0] <= 0 <= g["difference_interval"][1]
    ]
    apart = sorted(apart, key=lambda g: -abs(g["difference"]))
    weight = FINE
    if apart:
        weight = SERIOUS if abs(apart[0]["difference"]) > 0.1 else WORTH_A_LOOK
    said = [
        f"'{shown(str(g['value']), 30)}' {100 * g['difference']:+.1f} points of accuracy "
        f"[{100 * g['difference_interval'][0]:+.1f}, {100 * g['difference_interval'][1]:+.1f}]"
        for g in apart[:3]
    ]  # fmt: skip
    return Finding(
        "groups", "bias", weight, len(apart),
        f"{len(apart):,} of {len(groups):,} groups of '{column}' are predicted better or worse than the rest",
        "; ".join(said), "Label more rows of the groups that are worse off." if apart else "",
    )  # fmt: skip

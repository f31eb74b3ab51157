"""Whether predictions move when the people in a text are others: counterfactual fairness of words.

The light stack is asked of rows it has not seen, as they are, with the words for who a person is swapped
(Garg et al. 2019), and with as many other words, as frequent, swapped: a control, since any other word
moves a prediction a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kgml.data.quality.finding import FINE, SERIOUS, WORTH_A_LOOK, Finding, first_rows, shown
from kgml.data.quality.identity import AXES, Axis, Frequencies, swap
from kgml.models.assess.measured import MOST_ROWS, Material, fit
from kgml.models.folds import assign_folds
from kgml.models.learn import some_rows
from kgml.models.light import Head

FOLDS = 3
MOST, LEAST = 100, 10
"""Rows of an axis that are asked, and without which it is not told of."""
SURE = 0.05
"""Chance, over all axes, that one is told to move predictions where none does."""
FLIPS, MOVES = 0.05, 0.01
"""More flips, or more movement of a probability, than by the control, that are worth a word."""


@dataclass(frozen=True)
class Swapped:
    """Rows (m,) of the material, their texts with the words of ``axis`` swapped, and the controls."""

    axis: Axis
    rows: NDArray[np.int64]
    texts: list[str]
    controls: list[str]


def identity_terms(given: Material) -> tuple[Finding, list[dict[str, Any]]]:
    """What is told of them, and the numbers of each axis that enough rows have."""
    some = given
    if len(given.codes) > MOST_ROWS:
        some = given.take(some_rows(given.codes, MOST_ROWS, given.seed))
    swapped = [one for axis in AXES if len((one := _swapped(some, axis)).rows) >= LEAST]
    if not swapped:
        return _finding([]), []
    before, after = _ask(some, swapped)
    axes, start = [], 0
    for one in swapped:
        end = start + len(one.rows)
        moved = [part[start:end] for part in after]
        axes.append(_measure(some, one, before[one.rows], moved, len(swapped)))
        start = end
    return _finding(axes), axes


def _swapped(some: Material, axis: Axis) -> Swapped:
    texts = some.documents.texts
    rows = np.array(
        [i for i, text in enumerate(texts) if axis.pattern.search(text)], dtype=np.int64
    )
    rng = np.random.default_rng([some.seed, AXES.index(axis)])
    rows = np.sort(rng.permutation(rows)[:MOST])
    found: list[str] = []
    controls: list[str] = []
    if len(rows) < LEAST:
        return Swapped(axis, rows, found, controls)
    frequencies = Frequencies(texts)
    for i in rows.tolist():
        text, became = swap(texts[i], axis, int(rng.integers(100)))
        found.append(text)
        controls.append(frequencies.like(texts[i], became, rng))
    return Swapped(axis, rows, found, controls)


def _ask(
    some: Material, swapped: Sequence[Swapped]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Probabilities (n, c) of all rows, and of the texts with words swapped and the controls, in the
    order of ``swapped``, each by a stack that has not seen the row."""
    rows = np.concatenate([one.rows for one in swapped])
    maker = some.model.featurizer()
    asked = [
        maker.documents([text for one in swapped for text in one.texts]),
        maker.documents([text for one in swapped for text in one.controls]),
    ]
    fold = assign_folds(some.codes, FOLDS, [some.seed, FOLDS], some.documents.near)
    shape = len(some.codes), len(some.classes)
    before = np.zeros(shape)
    after = [np.zeros((len(rows), shape[1])) for _ in asked]
    for k in range(int(fold.max()) + 1):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        stack = fit(some, inside)
        before[outside] = stack.decision(some.documents.take(outside))
        here = np.flatnonzero(fold[rows] == k)
        for decisions, documents in zip(after, asked, strict=True):
            if len(here):
                decisions[here] = stack.decision(documents.take(here))
    head = Head().calibrate(before, some.codes)
    return head.probabilities(before), [head.probabilities(one) for one in after]


def _measure(
    some: Material, of: Swapped, before: NDArray[np.float64], after: Sequence[NDArray[np.float64]],
    axes: int,
) -> dict[str, Any]:  # fmt: skip
    """Flips, and how far the probability of the class that was predicted moves; by the words, by the
    control, and by the words more than by the control. Intervals hold for all ``axes`` together."""
    m, best = np.arange(len(before)), before.argmax(axis=1)
    flips = [(probabilities.argmax(axis=1) != best).astype(float) for probabilities in after]
    moved = [np.abs(probabilities[m, best] - before[m, best]) for probabilities in after]
    most = int(np.argmax(moved[0] + flips[0]))
    told = [
        {"flips": int(flip.sum()), "share": _mean(flip, axes), "moved": _mean(move, axes)}
        for flip, move in zip(flips, moved, strict=True)
    ]
    return {
        "axis": of.axis.name, "rows": len(m), **told[0], "control": told[1],
        "more_flips": _mean(flips[0] - flips[1], axes), "more_moved": _mean(moved[0] - moved[1], axes),
        "most": {
            "row": int(some.rows[of.rows[most]]) + 1, "predicted": some.classes[best[most]],
            "swapped": some.classes[int(after[0][most].argmax())], "text": shown(of.texts[most]),
        },
    }  # fmt: skip


def _mean(values: NDArray[np.float64], axes: int) -> dict[str, Any]:
    """The mean and its interval by Student's t; of no variance the rule of three."""
    m, mean = len(values), float(values.mean())
    spread = float(values.std(ddof=1))
    half = float(stats.t.ppf(1 - SURE / 2 / axes, m - 1)) * spread / m**0.5 if spread else 3 / m
    return {"value": round(mean, 6), "interval": [round(mean - half, 6), round(mean + half, 6)]}


def _finding(axes: Sequence[dict[str, Any]]) -> Finding:
    apart = [
        one for one in axes
        if one["more_flips"]["interval"][0] > 0
        or (one["more_moved"]["interval"][0] > 0 and one["more_moved"]["value"] > MOVES)
    ]  # fmt: skip
    weight = WORTH_A_LOOK if apart else FINE
    if any(
        one["more_flips"]["value"] > FLIPS and one["more_flips"]["interval"][0] > 0 for one in apart
    ):
        weight = SERIOUS
    names = f" ({', '.join(one['axis'] for one in axes)})" if axes else ""
    return Finding(
        "identity terms", "bias", weight, sum(one["flips"] for one in apart),
        f"words for who a person is move predictions more than other words do in {len(apart)} of "
        f"{len(axes)} groups{names}", "; ".join(map(_said, apart or axes)),
        "Where such a word is no part of the subject, label rows in which it stands with other classes, or "
        "add copies of the training rows with the words swapped." if apart else "",
        first_rows([one["most"]["row"] - 1 for one in apart]),
    )  # fmt: skip


def _said(one: dict[str, Any]) -> str:
    low, high = one["more_moved"]["interval"]
    return (
        f"{one['axis']}: {one['flips']} of {one['rows']} predictions flip, {one['control']['flips']} by as many "
        f"other words; the probability moves by {one['moved']['value']:.3f}, by other words "
        f"{one['control']['moved']['value']:.3f} (difference [{low:+.3f}, {high:+.3f}])"
    )

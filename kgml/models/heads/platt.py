"""Margins of one label against the rest become probabilities (Platt 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
ENOUGH = 10
"""Rows with the label, and without it, from which on a label has a scale of its own."""
LEAST = 1e-6
"""No probability of a label is said to be less, nor 1 minus it, when it is scored."""


@dataclass(frozen=True)
class Platt:
    """``p = expit(scale x margin + offset)``, ``scale`` and ``offset`` (c,)."""

    scale: Floats
    offset: Floats

    def __call__(self, margins: Floats) -> Floats:
        """``margins`` (n, c) -> probabilities (n, c); -inf gives 0, inf gives 1."""
        shares: Floats = special.expit(self.scale * margins + self.offset)
        return shares


def fit_platt(margins: Floats, Y: NDArray[np.bool_], own: bool = True) -> Platt:
    """Fit to held-out ``margins`` (n, c) with labels ``Y`` (n, c).

    Margins that are not finite (a label that a fold's training rows lacked) say nothing of the
    scale. All labels together have one, which a label with fewer than `ENOUGH` rows takes.

    Args:
        own: False: every label takes it.
    """
    c = margins.shape[1]
    known = np.isfinite(margins)
    scale, offset = _fit(margins[known], Y[known]) or (1.0, 0.0)
    scales, offsets = np.full(c, scale), np.full(c, offset)
    for k in range(c) if own else ():
        row = known[:, k]
        with_label = int(Y[row, k].sum())
        if min(with_label, int(row.sum()) - with_label) >= ENOUGH:
            found = _fit(margins[row, k], Y[row, k])
            if found is not None:
                scales[k], offsets[k] = found
    return Platt(scales, offsets)


def log_likelihood(probabilities: Floats, Y: NDArray[np.bool_]) -> Floats:
    """(n,) log of the probability of each row's whole label vector."""
    p = np.clip(probabilities, LEAST, 1 - LEAST)
    total: Floats = np.where(Y, np.log(p), np.log1p(-p)).sum(axis=1)
    return total


def _fit(margin: Floats, y: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Scale and offset by Newton's method, targets smoothed as by Platt; None if it turns round.

    The scale is fitted on standardised margins and held by a weak prior towards 1 there, so that
    rows that part without error leave it finite.
    """
    if not len(margin) or y.all() or not y.any():
        return None
    mean, spread = float(margin.mean()), float(margin.std()) or 1.0
    x = np.stack([(margin - mean) / spread, np.ones_like(margin)])
    with_label = int(y.sum())
    high, low = (with_label + 1) / (with_label + 2), 1 / (len(y) - with_label + 2)
    wanted = np.where(y, high, low)
    theta = np.array([1.0, np.log(wanted.mean() / (1 - wanted.mean()))])

    def lost(at: Floats) -> float:
        f = at @ x
        return float(np.sum(np.logaddexp(0, f) - wanted * f)) + 0.005 * float((at[0] - 1) ** 2)

    for _ in range(100):
        p = special.expit(theta @ x)
        gradient = x @ (p - wanted) + [0.01 * (theta[0] - 1), 0]
        curved = (x * (p * (1 - p))) @ x.T + np.diag([0.01, 1e-12])
        step = np.linalg.solve(curved, gradient)
        size = 1.0
        while size > 1e-8 and lost(theta - size * step) > lost(theta):
            size /= 2
        theta = theta - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    if theta[0] <= 0:
        return None
    scale = float(theta[0]) / spread
    return scale, float(theta[1]) - scale * mean

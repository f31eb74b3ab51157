"""McNemar's exact test and Holm's correction beside closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kgml.evaluation.paired import discordant, holm, mcnemar, twice_median


@pytest.mark.parametrize(("b", "c"), [(0, 1), (3, 3), (1, 9), (40, 61), (7, 0), (250, 200)])
def test_mcnemar_is_the_two_sided_binomial_test(b: int, c: int) -> None:
    assert mcnemar(b, c) == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue)
    assert mcnemar(b, c) == mcnemar(c, b)


def test_mcnemar_without_a_row_that_tells_is_1() -> None:
    assert mcnemar(0, 0) == 1


def test_discordant_rows_are_counted_for_each_side() -> None:
    y = np.array([0, 0, 0, 1, 1])
    assert discordant(y, np.array([0, 0, 1, 1, 0]), np.array([0, 1, 0, 0, 0])) == (2, 1)


def test_holm_worked_out_by_hand() -> None:
    """Smallest first: .005 x 4, .01 x 3, .03 x 2, .04 x 1, never less than the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stays_within_1_and_keeps_one() -> None:
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_holm_rejects_what_the_definition_rejects() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(8) ** 3
        ordered = np.sort(p)
        stops = [i for i in range(8) if ordered[i] > 0.05 / (8 - i)]
        rejected = set(ordered[: stops[0] if stops else 8])
        assert {v for v, h in zip(p, holm(list(p)), strict=True) if h <= 0.05} == rejected


def test_twice_the_median_is_a_p_value_for_dependent_draws() -> None:
    """All draws the same test, or all of them apart: rejected at most as often as the level."""
    rng = np.random.default_rng(0)
    same = rng.random(4000)
    assert np.mean([twice_median([p] * 5) <= 0.1 for p in same]) <= 0.12
    assert np.mean([twice_median(list(rng.random(5))) <= 0.1 for _ in range(4000)]) <= 0.12
    assert twice_median([0.3]) == 0.3
    assert twice_median([0.9, 0.8]) == 1

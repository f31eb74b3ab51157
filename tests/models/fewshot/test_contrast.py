"""Supervised contrast: its loss by hand, its batches by number, siblings from a graph."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from kgml.config import FewShotConfig
from kgml.models.fewshot.contrast import (
    ClassTuner,
    multiplies_bfloat16,
    rows_of_step,
    supervised_contrast,
)
from kgml.models.fewshot.tuning import siblings_of

THREE = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def test_the_loss_of_three_rows_is_that_worked_out_by_hand() -> None:
    """Rows 0 and 1 are one class with cosine 1; row 2 is at cosine 0 and no one's positive."""
    loss = supervised_contrast(THREE, torch.tensor([0, 0, 1]), temperature=1.0)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    cold = supervised_contrast(THREE, torch.tensor([0, 0, 1]), temperature=0.5)
    assert float(cold) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_a_sibling_counts_twice_among_the_negatives() -> None:
    y = torch.tensor([0, 0, 1])
    harder = y[:, None] != y[None, :]
    loss = supervised_contrast(THREE, y, 1.0, harder)
    assert float(loss) == pytest.approx(math.log(1 + 2 * math.exp(-1)), abs=1e-6)


def test_rows_without_a_positive_teach_nothing_and_break_nothing() -> None:
    vectors = torch.eye(3, requires_grad=True)
    loss = supervised_contrast(vectors, torch.tensor([0, 1, 2]), 0.1)
    loss.backward()
    assert float(loss.detach()) == 0
    assert vectors.grad is not None
    assert not vectors.grad.any()


def test_gradients_are_finite_where_rows_are_equal() -> None:
    vectors = torch.ones(4, 2, requires_grad=True)
    supervised_contrast(vectors, torch.tensor([0, 0, 1, 1]), 0.1).backward()
    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()


def test_a_step_has_even_classes_and_no_row_twice() -> None:
    y = np.repeat([0, 1, 2], [200, 20, 3])
    rows = rows_of_step(y, 24, number=3, seed=0)
    assert len(set(rows.tolist())) == 24
    assert sorted(np.bincount(y[rows]).tolist()) == [3, 10, 11]


def test_with_more_classes_than_places_each_that_has_one_has_a_positive() -> None:
    y = np.repeat(np.arange(50), 5)
    counts = np.bincount(y[rows_of_step(y, 64, number=1, seed=0)])
    assert set(counts.tolist()) == {0, 2}
    other = rows_of_step(y, 64, number=2, seed=0)
    assert other.tolist() != rows_of_step(y, 64, number=1, seed=0).tolist()


@pytest.mark.skipif(not multiplies_bfloat16("cpu"), reason="no bfloat16 in this processor")
def test_steps_in_bfloat16_have_nearly_the_loss_of_float32_and_leave_float32(
    encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, y = ["Gilts rose.", "Bunds fell.", "Oil fell.", "Gold rose."], np.array([0, 0, 1, 1])

    def run() -> tuple[float, set[torch.dtype]]:
        tuner = ClassTuner(encoder.load(), texts, y, FewShotConfig(), seed=0, steps=2)
        loss = tuner.step(1)
        return loss, {value.dtype for value in tuner.weights().values()}

    fast, kinds = run()
    monkeypatch.setattr("kgml.models.fewshot.contrast.multiplies_bfloat16", lambda _: False)
    exact, _ = run()
    assert kinds == {torch.float32}
    assert fast != exact
    assert fast == pytest.approx(exact, rel=0.03)


def test_few_rows_are_all_there_in_every_step() -> None:
    y = np.array([0, 1, 0, 1])
    assert rows_of_step(y, 64, number=9, seed=1).tolist() == [0, 1, 2, 3]


def test_classes_that_are_entities_of_one_parent_are_siblings(five) -> None:
    two, three = "https://example.org/2", "https://example.org/3"
    found = siblings_of([two, three, "https://example.org/1", "a word"], five)
    assert found is not None
    assert found.tolist() == [
        [False, True, False, False], [True, False, False, False], [False] * 4, [False] * 4,
    ]  # fmt: skip
    assert siblings_of(["a word", "another"], five) is None

"""Lower blocks computed once: the same vectors and gradients as the whole model gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgml.encoders.text import TextEncoder
from kgml.encoders.tuning import batches
from kgml.encoders.tuning import lower as lower_module
from kgml.encoders.tuning.lower import Lower, above, blocks_of
from kgml.encoders.tuning.trainee import Trainee

TEXTS = ["red heart disease", "blue", "an illness: green liver", "skin disorder of white bone", ""]
ALL = np.arange(len(TEXTS))


@pytest.fixture
def trainee(tiny_encoder: Path) -> Trainee:
    """One of two blocks tuned."""
    return Trainee(TextEncoder(str(tiny_encoder), cache=False).load(), 0.01, top=1)


def kept(trainee: Trainee, top: int = 1) -> Lower:
    found = Lower.of(trainee.model, trainee.tokens(TEXTS), top)
    assert found is not None
    return found


def gradients(trainee: Trainee, vectors: torch.Tensor) -> dict[str, torch.Tensor]:
    trainee.optimizer.zero_grad()
    weights = torch.arange(vectors.numel()).view(vectors.shape)
    (vectors * weights).sum().backward()  # type: ignore[no-untyped-call]
    return {name: p.grad.clone() for name, p in trainee.parameters.items() if p.grad is not None}


def test_vectors_and_gradients_are_those_of_the_whole_model(trainee: Trainee) -> None:
    lower = kept(trainee)
    with torch.no_grad():  # the blocks above have changed since the states were kept
        for parameter in trainee.parameters.values():
            parameter.mul_(1.1)
    whole, short = trainee.rows(trainee.model, TEXTS), lower.rows(ALL)
    torch.testing.assert_close(short, whole, rtol=0, atol=1e-6)
    wanted, found = gradients(trainee, whole), gradients(trainee, short)
    assert wanted.keys() == found.keys() != set()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.parametrize("most", [1.2, 0.4])
def test_of_half_the_blocks_twice_the_tokens_are_kept_and_gradients_are_the_same(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch, most: float
) -> None:
    """``most``: of the tokens of the step, what may be kept of all blocks."""
    lower = kept(trainee)
    wanted = gradients(trainee, lower.rows(ALL))
    again: list[int] = []

    def checkpoint(compute: Any, rows: torch.Tensor, **more: Any) -> Any:
        again.append(len(rows))
        return torch.utils.checkpoint.checkpoint(compute, rows, **more)

    monkeypatch.setattr(batches, "checkpoint", checkpoint)
    monkeypatch.setattr(batches, "KEPT_TOKENS", most * int(lower.read.sum()))
    found = gradients(trainee, lower.rows(ALL))
    assert bool(again) == (most == 0.4)
    for name, value in wanted.items():
        assert torch.equal(found[name], value), name
    again.clear()
    monkeypatch.setattr(batches, "KEPT_TOKENS", 0.8 * int(lower.read.sum()))
    lower.rows(ALL)
    assert not again
    trainee.rows(trainee.model, TEXTS)
    assert again


def test_some_rows_are_theirs_in_the_order_asked(trainee: Trainee) -> None:
    lower, rows = kept(trainee), np.array([3, 0, 3])
    with torch.no_grad():
        torch.testing.assert_close(lower.rows(rows), lower.rows(ALL)[rows], rtol=0, atol=1e-6)


def test_the_model_has_its_own_blocks_again_afterwards(trainee: Trainee) -> None:
    before = [id(block) for block in blocks_of(trainee.model)]
    kept(trainee).rows(ALL)
    assert [id(block) for block in blocks_of(trainee.model)] == before


def test_only_blocks_above_are_tuned(trainee: Trainee) -> None:
    bottom, top = blocks_of(trainee.model)
    tuned = {id(p) for p in trainee.parameters.values()}
    assert tuned == {id(p) for p in top.parameters()} == above(trainee.model, 1)
    assert not tuned & {id(p) for p in bottom.parameters()}


@pytest.mark.parametrize("top", [0, 2, 9])
def test_where_all_blocks_are_tuned_nothing_is_kept(trainee: Trainee, top: int) -> None:
    assert Lower.of(trainee.model, trainee.tokens(TEXTS), top) is None


def test_too_many_numbers_are_not_kept(trainee: Trainee, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lower_module, "MOST_BYTES", 100)
    assert Lower.of(trainee.model, trainee.tokens(TEXTS), 1) is None


@pytest.mark.parametrize("more", [False, True])
def test_blocks_that_hand_on_a_tuple_are_stood_in_for_if_it_holds_one_tensor(
    trainee: Trainee, more: bool
) -> None:
    """As older transformers' blocks do, and T5's with more."""
    for block in blocks_of(trainee.model):
        block.register_forward_hook(lambda _, __, output: (output, 1) if more else (output,))
    first: Any = trainee.model[0]
    encoder = first.auto_model.encoder
    encoder.forward = lambda *a, **o: _run(encoder, *a, **o)
    found = Lower.of(trainee.model, trainee.tokens(TEXTS), 1)
    assert (found is None) == more


def _run(encoder: Any, hidden: torch.Tensor, mask: Any = None, **options: Any) -> Any:
    from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

    mask = options.get("attention_mask", mask)
    for block in encoder.layer:
        hidden = block(hidden, mask)[0]
    return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=hidden)

"""The fused loss of a language model is the plain one, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from kgml.lm import loss
from kgml.lm.loss import IGNORED, CausalLoss, MaskedLoss, linear_cross_entropy
from kgml.lm.network import make_network
from kgml.lm.sizes import Shape
from kgml.lm.tokenizer import Tokenizer

SHAPE = Shape(2, 32, 2, 300, 16)


def drawn(n: int = 50, d: int = 8, v: int = 21) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    hidden, weight = torch.randn(n, d, generator=draw), 3 * torch.randn(v, d, generator=draw)
    wanted = torch.randint(v, (n,), generator=draw)
    return hidden.requires_grad_(), weight.requires_grad_(), wanted


@pytest.mark.parametrize("at_once", [1, 100, 2**20])
def test_loss_and_gradients_are_those_of_a_matrix_and_a_cross_entropy(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(loss, "AT_ONCE", at_once)
    monkeypatch.setattr(loss, "ROWS", 1)
    hidden, weight, wanted = drawn()
    found = linear_cross_entropy(hidden, weight, wanted)
    gradients = torch.autograd.grad(0.3 * found, (hidden, weight))
    plain = cross_entropy(hidden @ weight.T, wanted, reduction="sum")
    torch.testing.assert_close(found, plain)
    for one, other in zip(
        gradients, torch.autograd.grad(0.3 * plain, (hidden, weight)), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_without_gradients_it_is_the_same_and_large_decisions_are_no_infinity() -> None:
    hidden, weight, wanted = drawn()
    with torch.no_grad():
        plain = cross_entropy(hidden @ weight.T, wanted, reduction="sum")
        torch.testing.assert_close(linear_cross_entropy(hidden, weight, wanted), plain)
        assert linear_cross_entropy(1e4 * hidden, weight, wanted).isfinite()


def test_in_bfloat16_it_is_near() -> None:
    hidden, weight, wanted = drawn()
    with torch.autocast("cpu", torch.bfloat16):
        found = linear_cross_entropy(hidden, weight, wanted)
    assert found.dtype == torch.float32
    exact = cross_entropy(hidden @ weight.T, wanted, reduction="sum")
    torch.testing.assert_close(found, exact, rtol=0.02, atol=0)
    gradients = [torch.autograd.grad(one, (hidden, weight)) for one in (found, exact)]
    for one, other in zip(*gradients, strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.03 * other.norm()


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_a_decoder_loses_what_its_decisions_say(architecture: str) -> None:
    tokenizer = Tokenizer.learn(["a heart and a liver"], 300, "causal")
    network = make_network(SHAPE, architecture, tokenizer, 0)
    tokens, wanted = torch.randint(300, (2, 3, 16), generator=torch.Generator().manual_seed(1))
    logits = network(input_ids=tokens).logits
    plain = cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
    torch.testing.assert_close(CausalLoss(network)(tokens, wanted), plain, rtol=1e-5, atol=1e-4)


def test_a_bert_is_asked_of_hidden_tokens_alone() -> None:
    tokenizer = Tokenizer.learn(["a heart and a liver"], 300, "masked")
    network = make_network(SHAPE, "bert", tokenizer, 0)
    tokens = torch.randint(4, 300, (3, 16), generator=torch.Generator().manual_seed(1))
    wanted = torch.full_like(tokens, IGNORED)
    wanted[:, 3:5] = tokens[:, 3:5]
    logits = network(input_ids=tokens).logits
    plain = cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    torch.testing.assert_close(MaskedLoss(network)(tokens, wanted), plain, rtol=1e-5, atol=1e-4)

"""Sizes by name, number and part; the count is that of the network."""

from __future__ import annotations

import pytest

from kgml.config import PretrainConfig
from kgml.errors import UsageError
from kgml.lm.network import make_network
from kgml.lm.sizes import SIZES, Shape, count_parameters, nearest, shape_of
from kgml.lm.tokenizer import Tokenizer


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "bert"])
def test_parameters_are_counted_as_the_network_has_them(architecture: str) -> None:
    objective = "masked" if architecture == "bert" else "causal"
    tokenizer = Tokenizer.learn(["a b"], 300, objective)
    shape = Shape(3, 48, 2, 300, 64)
    network = make_network(shape, architecture, tokenizer, 0)
    assert sum(p.numel() for p in network.parameters()) == count_parameters(shape, architecture)
    assert network.config._attn_implementation == "sdpa"
    again = make_network(shape, architecture, tokenizer, 0).state_dict()
    assert all((value == again[name]).all() for name, value in network.state_dict().items())


@pytest.mark.parametrize("wanted", [100_000, 1_000_000, 12_345_678, 124_000_000, 1_500_000_000])
def test_a_number_of_parameters_is_met_within_five_in_a_hundred(wanted: int) -> None:
    shape = nearest(wanted, "llama")
    assert count_parameters(shape, "llama") == pytest.approx(wanted, rel=0.05)
    assert 20 <= shape.width / shape.depth <= 80


def test_parts_that_are_given_win_over_the_size() -> None:
    shape = shape_of(PretrainConfig(size="mini", width=96, depth=2))
    assert shape == Shape(2, 96, 3, SIZES["mini"].vocabulary, SIZES["mini"].context)


def test_a_width_that_does_not_fall_into_its_heads_is_refused() -> None:
    with pytest.raises(UsageError, match=r"width 100 in 3 heads: .* Choose heads 2"):
        shape_of(PretrainConfig(width=100, heads=3))

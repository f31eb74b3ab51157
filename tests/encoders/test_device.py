"""Which processor: the GPU where there is one, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kgml.encoders.device import choose_device
from kgml.encoders.text import TextEncoder
from kgml.errors import UsageError

GPU = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
needs_gpu = pytest.mark.skipif(GPU is None, reason="torch finds no GPU")


def test_auto_is_the_gpu_if_there_is_one() -> None:
    assert choose_device("auto") == (GPU or "cpu")
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda:97", "cuda", "mps"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name) -> None:
    if name == GPU:
        pytest.skip(f"{name} is here")
    with pytest.raises(UsageError, match=rf"no device '{name}' here: torch .* finds cpu"):
        choose_device(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpu", "no device named 'gpu'; choose from auto, cpu, cuda, mps"),
        ("cuda:x", "no device named 'cuda:x'"),
        ("cpu:1", "no device named 'cpu:1'"),
        ("cdua", r"Did you mean 'cuda'\?"),
    ],
)
def test_a_device_that_is_not_known_is_refused_without_torch(name, words) -> None:
    with pytest.raises(UsageError, match=words):
        TextEncoder(device=name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_device_that_is_not_there_is_refused_even_if_nothing_is_computed(tiny_encoder, tmp_path):
    TextEncoder(str(tiny_encoder), cache=tmp_path).encode(["red"])
    one = TextEncoder(str(tiny_encoder), cache=tmp_path, device="cuda")
    with pytest.raises(UsageError, match="no device 'cuda' here"):
        one.encode_query("red")
    with pytest.raises(UsageError, match="no device 'cuda' here"):
        one.encode(["red"])


@needs_gpu
def test_on_a_gpu_the_vectors_are_the_same(tiny_encoder) -> None:
    texts = [f"{'red ' * i}heart disease" for i in range(50)]
    rows, wanted = (
        TextEncoder(str(tiny_encoder), cache=False, device=name).encode(texts)
        for name in (GPU, "cpu")
    )
    np.testing.assert_allclose(rows, wanted, atol=1e-5)

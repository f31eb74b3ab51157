"""A checkpoint's weights: all there or refused, and read alike by torch and by numpy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError

Change = Callable[[dict[str, Any]], None]


def changed(model: Path, to: Path, change: Change) -> str:
    """A copy of ``model`` whose weights ``change`` has changed."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, to)
    weights = load_file(to / "model.safetensors")
    change(weights)
    save_file(weights, to / "model.safetensors", metadata={"format": "pt"})
    return str(to)


def without(part: str) -> Change:
    def change(weights: dict[str, Any]) -> None:
        for name in [name for name in weights if part in name]:
            del weights[name]

    return change


def test_a_model_without_some_of_its_weights_is_refused(tiny_encoder, tmp_path) -> None:
    bad = changed(tiny_encoder, tmp_path / "m", without("layer.1.attention"))
    with pytest.raises(
        ArtifactError,
        match=r"m: 10 weights that the model needs are not there: encoder\.layer\.1\.attention\."
        r"output\.LayerNorm\.bias, .* and 7 more; its vectors would be random",
    ):
        TextEncoder(bad, cache=False).encode(["red heart"])


def test_a_model_with_weights_of_another_shape_is_refused(tiny_encoder, tmp_path) -> None:
    def cut(weights):
        name = "encoder.layer.0.output.dense.weight"
        weights[name] = weights[name][:, :60].contiguous()

    with pytest.raises(ArtifactError, match=r"output\.dense\.weight \(32x60, wanted 32x64\)"):
        TextEncoder(changed(tiny_encoder, tmp_path / "m", cut), cache=False).encode(["red heart"])


def test_weights_that_no_vector_depends_on_may_be_missing(tiny_encoder, tmp_path) -> None:
    wanted = TextEncoder(str(tiny_encoder), cache=False).encode(["red heart"])
    for part in ("pooler", "position_ids"):
        one = changed(tiny_encoder, tmp_path / part, without(part))
        assert TextEncoder(one, cache=False).encode(["red heart"]).tobytes() == wanted.tobytes()


def in_(kind: str) -> Change:
    def change(weights: dict[str, Any]) -> None:
        import torch

        for name in weights:
            if weights[name].is_floating_point():
                weights[name] = weights[name].to(getattr(torch, kind))

    return change


def renamed(weights: dict[str, Any]) -> None:
    for name in list(weights):
        weights[f"bert.{name}"] = weights.pop(name)


@pytest.fixture(scope="module")
def plain(tiny_encoder, tmp_path_factory) -> Path:
    """The tiny encoder as numpy wants it: 64 tokens at least, no prompts."""
    folder = tmp_path_factory.mktemp("plain") / "m"
    shutil.copytree(tiny_encoder, folder)
    about = json.loads((folder / "config_sentence_transformers.json").read_text())
    (folder / "config_sentence_transformers.json").write_text(json.dumps({**about, "prompts": {}}))
    config = json.loads((folder / "config.json").read_text())
    config.pop("dtype", None)
    (folder / "config.json").write_text(json.dumps(config))
    length = json.loads((folder / "sentence_bert_config.json").read_text())
    length = json.dumps({**length, "max_seq_length": 64})
    (folder / "sentence_bert_config.json").write_text(length)
    return folder


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        (without("nothing"), True), (renamed, True), (in_("float16"), True),
        (in_("bfloat16"), False), (without("layer.1"), False),
    ],
)  # fmt: skip
def test_numpy_computes_what_torch_does_or_leaves_it_alone(plain, tmp_path, change, fits) -> None:
    one = TextEncoder(changed(plain, tmp_path / "m", change), cache=False)
    assert SmallBERT.fits(one.checkpoint.folder) is fits
    if change.__qualname__.startswith("without") and not fits:
        with pytest.raises(ArtifactError, match="weights that the model needs are not there"):
            one.encode_query("red heart")
    else:
        query = one.encode_query("red heart")
        assert ("_loaded" in vars(one)) is not fits
        np.testing.assert_allclose(query, one.encode(["red heart"])[0], atol=2e-6)


def test_numbers_that_torch_would_round_are_left_to_it(plain, tmp_path) -> None:
    shutil.copytree(plain, tmp_path / "m")
    config = json.loads((plain / "config.json").read_text())
    (tmp_path / "m" / "config.json").write_text(json.dumps({**config, "dtype": "float16"}))
    assert not SmallBERT.fits(tmp_path / "m")


def test_a_damaged_tokenizer_is_one_message_for_a_query_too(plain, tmp_path) -> None:
    shutil.copytree(plain, tmp_path / "m")
    (tmp_path / "m" / "tokenizer.json").write_text("{")
    with pytest.raises(ArtifactError, match="cannot load it"):
        TextEncoder(str(tmp_path / "m"), cache=False).encode_query("red heart")

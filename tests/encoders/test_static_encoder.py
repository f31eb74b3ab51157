"""The static encoder: a table distilled once, read without torch, the same as sentence-transformers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgml.encoders.checkpoint import Checkpoint, open_checkpoint
from kgml.encoders.distil import SIF, distil
from kgml.encoders.static import StaticModel
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError, UsageError
from kgml.progress import KGMLWarning

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "red heart disease",
    "skin",
    "",
    "an illness: blue liver",
    "red heart disease",
    "bone " * 99,
]


@pytest.fixture(scope="module")
def static(tiny_encoder, tmp_path_factory) -> TextEncoder:
    return TextEncoder(f"static:{tiny_encoder}", cache=tmp_path_factory.mktemp("static"))


def test_without_a_base_it_is_of_the_packaged_encoder(tiny_encoder, tmp_path, monkeypatch) -> None:
    """Asked with a small table in its place: half a minute less."""
    asked = []

    def small(base: Checkpoint) -> Any:
        asked.append(base.fingerprint)
        return distil(open_checkpoint(str(tiny_encoder)))

    monkeypatch.setattr("kgml.encoders.distil.distil", small)
    assert TextEncoder("static", cache=tmp_path).encode(["red"]).any()
    assert asked == [open_checkpoint("all-MiniLM-L6-v2").fingerprint]


def test_vectors_are_those_of_sentence_transformers(static) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(static.checkpoint.folder), device="cpu")
    rows = static.encode(TEXTS)
    np.testing.assert_allclose(rows, model.encode(TEXTS, normalize_embeddings=True), atol=1e-6)
    assert (rows.dtype, rows.shape) == (np.float32, (len(TEXTS), static.dimension))


def test_rows_have_length_one_but_a_text_without_words_is_zero(static) -> None:
    lengths = np.linalg.norm(static.encode(TEXTS), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0, 1, 1, 1], atol=1e-6)
    assert not static.encode(["", "  "]).any()
    assert static.encode([]).shape == (0, static.dimension)


def test_a_text_is_the_mean_of_its_words_by_their_weights(static) -> None:
    table = StaticModel(static.checkpoint.folder)._table
    words = static.checkpoint.folder / "tokenizer.json"
    number = json.loads(words.read_text(encoding="utf-8"))["model"]["vocab"]
    mean = table[number["heart"]] + table[number["disease"]]
    np.testing.assert_allclose(
        static.encode(["heart disease"])[0], mean / np.linalg.norm(mean), atol=1e-6
    )


def test_a_frequent_word_weighs_less(tiny_encoder, static) -> None:
    table, tokenizer = distil(TextEncoder(str(tiny_encoder)).checkpoint)
    assert len(table) == tokenizer.get_vocab_size()
    assert not table[:5].any()  # marks of no text
    share = 1 / np.arange(2, len(table) + 2)
    assert (SIF / (SIF + share / share.sum()))[5] < (SIF / (SIF + share / share.sum()))[-1]


def test_it_is_distilled_once_and_to_the_same_bytes(static, tiny_encoder, tmp_path) -> None:
    folder = static.checkpoint.folder
    before = (folder / "model.safetensors").stat().st_mtime_ns
    again = TextEncoder(f"static:{tiny_encoder}", cache=static.cache)
    other = TextEncoder(f"static:{tiny_encoder}", cache=tmp_path)
    assert again.fingerprint == static.fingerprint == other.fingerprint
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert static.fingerprint != TextEncoder(str(tiny_encoder)).fingerprint


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_damaged_file_is_one_warning_and_made_again(tiny_encoder, tmp_path, file) -> None:
    first = TextEncoder(f"static:{tiny_encoder}", cache=tmp_path)
    rows = first.encode(TEXTS)
    (first.checkpoint.folder / file).write_bytes(b"{}")
    with pytest.warns(KGMLWarning, match=r"changed since it was saved.*It is built again"):
        again = TextEncoder(f"static:{tiny_encoder}", cache=tmp_path).encode(TEXTS)
    assert again.tobytes() == rows.tobytes()


def test_where_its_folder_cannot_be_written_there_is_no_static_encoder(
    tiny_encoder, tmp_path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"could not be written .* Set KGML_CACHE to a folder"):
        TextEncoder(f"static:{tiny_encoder}", cache=tmp_path / "file").encode(["a"])


def test_a_damaged_folder_of_another_static_model_is_refused(static, tmp_path) -> None:
    for file, data in (("tokenizer.json", b"{}"), ("model.safetensors", b"abc")):
        copy = tmp_path / file
        shutil.copytree(static.checkpoint.folder, copy)
        (copy / file).write_bytes(data)
        with pytest.raises(ArtifactError, match=r"cannot (be read|load it)"):
            TextEncoder(str(copy)).encode(["a"])


def test_a_table_as_model2vec_saves_it_is_read_as_sentence_transformers_does(
    static, tmp_path
) -> None:
    from safetensors.numpy import load_file, save_file
    from sentence_transformers import SentenceTransformer

    shutil.copytree(static.checkpoint.folder, tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    table = load_file(weights)["embedding.weight"]
    shared = np.arange(len(table)) // 2
    save_file(
        {
            "embeddings": table[::2].astype(np.float16), "mapping": shared,
            "weights": np.linspace(0.5, 2, len(table)),
        },
        weights,
    )  # fmt: skip
    model = SentenceTransformer(str(tmp_path / "m"), device="cpu")
    ours = TextEncoder(str(tmp_path / "m")).encode(TEXTS)
    np.testing.assert_allclose(ours, model.encode(TEXTS, normalize_embeddings=True), atol=2e-3)
    assert np.abs(ours - static.encode(TEXTS)).max() > 0.1


def test_its_vectors_are_not_kept_since_they_are_made_as_fast(static) -> None:
    static.encode(TEXTS)
    assert not (static.cache / "vectors").exists()


def test_it_is_not_computed_with_so_it_has_no_precision(static, tiny_encoder) -> None:
    one = TextEncoder(f"static:{tiny_encoder}", cache=static.cache, precision="bf16")
    with pytest.raises(UsageError, match="precision bf16 exclude each other"):
        one.encode(["a"])


def test_of_a_table_nothing_is_distilled(static) -> None:
    with pytest.raises(ArtifactError, match="nothing can be distilled"):
        TextEncoder(f"static:{static.checkpoint.folder}", cache=static.cache).encode(["a"])


def test_once_distilled_neither_torch_nor_sentence_transformers_is_needed(static) -> None:
    code = f"""
import sys
from pathlib import Path
from kgml.encoders.text import TextEncoder
encoder = TextEncoder({static.model!r}, cache=Path({str(static.cache)!r}))
print(encoder.encode({TEXTS!r}).shape, encoder.encode_query("skin").shape)
print([m for m in ("torch", "sentence_transformers", "transformers") if m in sys.modules])
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


def test_a_table_of_word_vectors_is_not_tuned(static) -> None:
    from kgml.config import AdaptConfig
    from kgml.encoders.tuning.tuner import Tuner

    with pytest.raises(ArtifactError, match="no transformer"):
        Tuner(static.load(), static.load(), [], [], AdaptConfig(), seed=0)

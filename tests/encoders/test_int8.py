"""The transformer in int8: near float32, made once, refused where it is damaged or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from kgml.encoders import int8, quantize
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError, MissingExtraError, UsageError
from kgml.progress import KGMLWarning

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["red heart disease", "an illness: blue liver disorder", "skin", "", "grey bone illness"]
needs_openvino = pytest.mark.skipif(
    not all(map(find_spec, int8.EXTRA)), reason="the extra openvino is not installed"
)


def test_without_the_extra_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(int8, "EXTRA", ("no-such-package",))
    with pytest.raises(MissingExtraError, match=r"precision int8 .*pip install 'kgml\[openvino\]'"):
        TextEncoder(precision="int8").encode(["a"])


def test_it_runs_on_the_processor_only() -> None:
    with pytest.raises(UsageError, match="int8 and device cuda exclude each other"):
        TextEncoder(precision="int8", device="cuda")


def test_calibration_texts_are_ours_of_every_length_and_always_the_same() -> None:
    texts = quantize.calibration_texts()
    assert texts == quantize.calibration_texts()
    assert len(texts) == 166
    words = sorted(len(text.split()) for text in texts)
    assert (words[0], words[len(words) // 2] < 30, words[-10] > 100) == (0, True, True)


@pytest.fixture(scope="module")
def quantised(tiny_encoder, tmp_path_factory) -> TextEncoder:
    one = TextEncoder(
        str(tiny_encoder), cache=tmp_path_factory.mktemp("int8"), precision="int8", device="cpu"
    )
    one.encode(["a"])
    return one


@needs_openvino
def test_vectors_are_near_those_of_float32_and_kept_apart(quantised, tiny_encoder) -> None:
    plain = TextEncoder(str(tiny_encoder), cache=False)
    rows, wanted = quantised.encode(TEXTS), plain.encode(TEXTS)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert 0.985 < (rows * wanted).sum(axis=1).min() < 1
    assert quantised.fingerprint != plain.fingerprint


@needs_openvino
def test_one_by_one_or_in_a_batch_the_vectors_are_alike(quantised) -> None:
    layers = quantised._inference
    alone = np.concatenate([layers.forward([text]) for text in TEXTS])
    assert (alone * layers.forward(TEXTS)).sum(axis=1).min() > 0.999


@needs_openvino
def test_it_is_quantised_once_and_to_the_same_bytes(quantised, tiny_encoder, tmp_path) -> None:
    (made,) = (quantised.cache / "int8").iterdir()
    before = (made / "model.bin").stat().st_mtime_ns
    again = TextEncoder(str(tiny_encoder), cache=quantised.cache, precision="int8")
    other = TextEncoder(str(tiny_encoder), cache=tmp_path, precision="int8")
    texts = ["not encoded before", "nor this"]
    assert again.encode(texts).tobytes() == other.encode(texts).tobytes()
    assert (made / "model.bin").stat().st_mtime_ns == before
    files = {file.name: file.read_bytes() for file in made.iterdir()}
    assert sorted(files) == ["manifest.json", "model.bin", "model.xml"]
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "int8" / made.name).iterdir()}  # fmt: skip


@needs_openvino
@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_a_damaged_file_is_one_warning_and_made_again(tiny_encoder, tmp_path, file) -> None:
    def encode() -> np.ndarray:
        (tmp_path / "vectors").exists() and [f.unlink() for f in (tmp_path / "vectors").iterdir()]
        return TextEncoder(str(tiny_encoder), cache=tmp_path, precision="int8").encode(TEXTS)

    rows = encode()
    (made,) = (tmp_path / "int8").iterdir()
    data = bytearray((made / file).read_bytes())
    data[len(data) // 2] ^= 1
    (made / file).write_bytes(data)
    with pytest.warns(KGMLWarning, match=r"(changed since it was saved|damaged).*built again"):
        assert encode().tobytes() == rows.tobytes()


@needs_openvino
def test_without_a_cache_nothing_is_written(tiny_encoder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path / "c"))
    TextEncoder(str(tiny_encoder), cache=False, precision="int8").encode(["a"])
    assert not (tmp_path / "c").exists()


@needs_openvino
def test_what_changes_too_much_is_refused(tiny_encoder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(quantize, "LEAST_COSINE", 1.0)
    with pytest.raises(ArtifactError, match=r"in int8 .* gives other vectors .*wanted 1.0"):
        TextEncoder(str(tiny_encoder), cache=tmp_path, precision="int8").encode(["a"])
    assert not (tmp_path / "int8").exists()


@needs_openvino
def test_nothing_is_reported_over_the_network(tiny_encoder, tmp_path) -> None:
    """openvino sends its use to its makers where openvino_telemetry can be imported."""
    code = f"""
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a connection was tried")
socket.socket.connect = refuse
from kgml.encoders.text import TextEncoder
TextEncoder({str(tiny_encoder)!r}, cache=False, precision="int8").encode(["a"])
print("openvino" in sys.modules, [m for m in sys.modules if m.startswith("openvino_telemetry")])
"""
    env = {**os.environ, "HOME": str(tmp_path), "CI": ""}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "True []\n", done.stderr
    assert not (tmp_path / "intel").exists()


@needs_openvino
def test_the_packaged_encoder_keeps_its_vectors_on_abstracts(encoder) -> None:
    texts = [text for text in quantize.calibration_texts()[1:150:7] if text.strip()]
    small = TextEncoder(cache=encoder.cache, precision="int8")
    assert (small.encode(texts) * encoder.encode(texts)).sum(axis=1).min() > 0.985

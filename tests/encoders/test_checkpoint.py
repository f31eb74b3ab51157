"""Which model a folder holds: every file that it may read counts, and damage is one message."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest

from kgml.encoders.checkpoint import open_checkpoint
from kgml.errors import ArtifactError


@pytest.mark.parametrize("content", ["[{}]", '["x"]', "[]", '[{"type": 1, "path": ""}]'])
def test_a_damaged_list_of_modules_is_refused(tiny_encoder, tmp_path, content) -> None:
    shutil.copytree(tiny_encoder, tmp_path / "m")
    (tmp_path / "m" / "modules.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"modules\.json: wanted a list of modules"):
        open_checkpoint(str(tmp_path / "m"))


def test_weights_of_modules_within_modules_change_the_fingerprint(tiny_encoder, tmp_path) -> None:
    router = tmp_path / "router"
    (router / "query_0_X" / "deeper").mkdir(parents=True)
    module = {"path": "", "type": "sentence_transformers.base.modules.router.Router"}
    (router / "modules.json").write_text(json.dumps([module]))
    shutil.copy(tiny_encoder / "model.safetensors", router / "query_0_X")
    found = [open_checkpoint(str(router)).fingerprint]
    for file in ("query_0_X/model.safetensors", "query_0_X/deeper/vocab", "router_config.json"):
        (router / file).write_text(file)
        found.append(open_checkpoint(str(router)).fingerprint)
    assert len(set(found)) == 4
    for file in ("README.md", ".gitattributes", "query_0_X/deeper/README.md", "onnx/model.onnx"):
        (router / file).parent.mkdir(exist_ok=True)
        (router / file).write_text(file)
    (router / "query_0_X" / "back").symlink_to(router)
    assert open_checkpoint(str(router)).fingerprint == found[-1]


def test_weights_changed_behind_an_old_date_are_seen(tiny_encoder, tmp_path) -> None:
    shutil.copytree(tiny_encoder, tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    before, dated = open_checkpoint(str(tmp_path / "m")).fingerprint, weights.stat().st_mtime_ns
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    time.sleep(0.05)  # longer than a file system's clock stands still
    weights.write_bytes(content)
    os.utime(weights, ns=(dated, dated))
    assert open_checkpoint(str(tmp_path / "m")).fingerprint != before


def test_weights_are_hashed_once_while_they_stay(tiny_encoder, tmp_path, monkeypatch) -> None:
    shutil.copytree(tiny_encoder, tmp_path / "m")
    before = open_checkpoint(str(tmp_path / "m"))
    monkeypatch.setattr("kgml.encoders.checkpoint.sha256", lambda file: pytest.fail(f"read {file}"))
    assert open_checkpoint(str(tmp_path / "m")) == before


def test_what_documents_a_model_is_no_part_of_the_packaged_ones_fingerprint() -> None:
    assert open_checkpoint("all-MiniLM-L6-v2").fingerprint.startswith("287c2a8567c08b58")

"""A saved model: the same bits from anywhere, the same bytes each time, every change refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kgml.artifacts import read_manifest, writing
from kgml.config import LinkingConfig
from kgml.errors import ArtifactError
from kgml.models.classifier import KGTextClassifier
from kgml.registry import names

ELSEWHERE = """\
import hashlib, json, resource, signal, sys
from kgml.errors import ArtifactError
from kgml.models.classifier import KGTextClassifier

folder, texts = json.loads(sys.stdin.read())
model = KGTextClassifier.load(folder)
print(hashlib.sha256(model.predict_proba(texts).tobytes()).hexdigest())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    model.save(folder)
except ArtifactError as error:
    print(error)
"""
ROOT = Path(__file__).resolve().parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_another_process_in_another_folder_predicts_the_same_bits_and_a_full_disk_loses_nothing(
    fitted: KGTextClassifier, saved: Path, words, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the full disk."""
    folder = tmp_path / "below" / "m"
    shutil.copytree(saved, folder)
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], cwd=folder.parent.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, input=json.dumps(["below/m", words.texts]),
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    digest, message = done.stdout.splitlines()
    assert digest == hashlib.sha256(fitted.predict_proba(words.texts).tobytes()).hexdigest()
    assert message.startswith("below/m: could not be written (File too large)")
    assert "what was there before is unchanged" in message
    assert contents(tmp_path) == before
    again = KGTextClassifier.load(folder)
    np.testing.assert_array_equal(
        again.predict_proba(words.texts), fitted.predict_proba(words.texts)
    )


def test_a_loaded_model_knows_what_the_fitted_one_knew(
    fitted: KGTextClassifier, saved: Path, words
) -> None:
    again = KGTextClassifier.load(saved)
    assert {k: v for k, v in again.get_params().items() if k != "graph"} == {
        k: v for k, v in fitted.get_params().items() if k != "graph"
    }
    assert again.graph.fingerprint == fitted.graph.fingerprint
    assert again.classes_.tolist() == fitted.classes_.tolist()
    assert again.strength_ == fitted.strength_ == 1
    assert again.explain(words.texts[:5]) == fitted.explain(words.texts[:5])


@pytest.mark.parametrize("fusion", names("fusion"))
@pytest.mark.parametrize("head", ["logistic", "svm"])
def test_save_then_load_predicts_the_same_bits(
    kinds, words, tmp_path: Path, fusion: str, head: str
) -> None:
    model = KGTextClassifier(
        kinds, fusion=fusion, head=head, lexical=head == "svm", folds=2, knowledge="always",
        linking=LinkingConfig(min_length=4),
    ).fit(words.texts[:30], words.labels[:30])  # fmt: skip
    model.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    np.testing.assert_array_equal(
        again.predict_proba(words.texts), model.predict_proba(words.texts)
    )
    again.save(tmp_path / "n")
    assert contents(tmp_path / "n") == contents(tmp_path / "m")


@pytest.mark.parametrize("options", [
    {"fusion": "attention", "node_encoder": "sage"}, {"fusion": "gated"}, {"head": "svm"},
], ids=lambda options: "-".join(options.values()))  # fmt: skip
def test_two_fits_with_one_seed_are_saved_as_the_same_bytes(
    kinds, words, tmp_path: Path, options: dict[str, str]
) -> None:
    for name in ("one", "two"):
        model = KGTextClassifier(kinds, folds=3, random_state=5, **options)
        model.fit(words.texts, words.labels).save(tmp_path / name)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert set(one) == set(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_the_folder_holds_no_pickle_and_says_what_it_was_made_from(
    fitted: KGTextClassifier, saved: Path
) -> None:
    manifest = read_manifest(saved, "model")
    assert set(manifest.made_from) >= {"graph", "encoder"}
    assert manifest.made_from["graph"] == fitted.graph.fingerprint
    assert manifest.seed == 0
    known = (".json", ".safetensors", ".arrow", ".faiss", ".skops")
    assert all(name.endswith(known) for name in manifest.files)
    assert "graph/manifest.json" in manifest.files


FILES = ("manifest.json", "model.json", "arrays.safetensors", "fusion.safetensors",
         "graph/manifest.json", "graph/entities.arrow", "graph/forms.arrow",
         "graph/relations.arrow", "graph/triples.arrow", "graph/origins.arrow",
         "graph/aliases.arrow", "graph/disjoint.arrow", "graph/obsolete.arrow",
         "graph/notes.arrow", "graph/report.json")  # fmt: skip


def test_every_file_of_the_folder_is_in_the_list_below(saved: Path) -> None:
    assert set(contents(saved)) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_with_one_byte_changed_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "m"
    shutil.copytree(saved, folder)
    whole = (folder / name).read_bytes()
    for place in {0, len(whole) // 3, len(whole) // 2, len(whole) - 2}:
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        (folder / name).write_bytes(changed)
        with pytest.raises(ArtifactError, match=f"{name}.*(changed since|damaged)"):
            KGTextClassifier.load(folder)
    (folder / name).write_bytes(whole)
    KGTextClassifier.load(folder)


@pytest.mark.parametrize("name", [n for n in FILES if n != "manifest.json"])
def test_a_folder_with_a_file_missing_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(saved, tmp_path / "m")
    (tmp_path / "m" / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name}: missing, though manifest"):
        KGTextClassifier.load(tmp_path / "m")


def test_a_folder_that_is_no_model_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is a kgml graph; wanted a model"):
        KGTextClassifier.load(saved / "graph")
    with pytest.raises(ArtifactError, match="no such folder; wanted a kgml model"):
        KGTextClassifier.load(tmp_path / "none")


def test_a_model_is_not_saved_over_something_else(fitted: KGTextClassifier, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ArtifactError, match="not a kgml model; it is left alone"):
        fitted.save(tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def rewritten(saved: Path, folder: Path, **changed: object) -> Path:
    """A copy, its manifest in order, with other values in ``model.json``."""
    manifest = read_manifest(saved)
    with writing(folder, "model", made_from=manifest.made_from, seed=manifest.seed) as inner:
        shutil.copytree(saved, inner, dirs_exist_ok=True)
        (inner / "manifest.json").unlink()
        described = json.loads((inner / "model.json").read_text(encoding="utf-8")) | changed
        (inner / "model.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {"colour": "red"}}, {"linking": {"colour": 1}}, {"linking": None},
        {"options": {"fusion": "gated"}}, {"options": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_model_json_that_makes_no_sense_is_refused(
    saved: Path, tmp_path: Path, changed: dict[str, object]
) -> None:
    with pytest.raises(ArtifactError, match="not a model this kgml can read"):
        KGTextClassifier.load(rewritten(saved, tmp_path / "m", **changed))


def test_another_text_encoder_than_the_one_trained_with_is_refused(
    saved: Path, tmp_path: Path
) -> None:
    with writing(tmp_path / "m", "model", made_from={"encoder": "0" * 64}) as inner:
        shutil.copytree(saved, inner, dirs_exist_ok=True)
        (inner / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"another text encoder.*000000000000….*Train it again"):
        KGTextClassifier.load(tmp_path / "m")

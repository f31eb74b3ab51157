"""What several rooms' tests use: a cache of text vectors, the command line as its own process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .commands import command

# Tests are small: on a busy machine, threads that wait for each other took five times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Text vectors are kept for one run of the tests, by all its processes, not in the user's own cache."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "vectors"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGML_CACHE", str(folder))
        yield folder


COLOURS = ["red", "blue", "green", "white", "black", "grey", "pink", "amber"]
ORGANS = ["heart", "liver", "lung", "skin", "bone"]


@pytest.fixture(scope="session")
def named_obo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 diseases in 5 families, each with two synonyms and a definition; 46 entities."""
    lines = ["format-version: 1.2", "ontology: x", "", *_term("X:9", "disease", [], None)]
    for i, organ in enumerate(ORGANS):
        lines += _term(f"X:1{i}", f"{organ} disease", [], "X:9")
        for j, colour in enumerate(COLOURS):
            names = [f"{colour} {organ} {word}" for word in ("disease", "disorder", "illness")]
            lines += _term(f"X:2{i}{j}", names[0], names[1:], f"X:1{i}")
    path = tmp_path_factory.mktemp("named") / "named.obo"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _term(name: str, label: str, synonyms: list[str], parent: str | None) -> list[str]:
    lines = ["[Term]", f"id: {name}", f"name: {label}", f'def: "an illness: {label}" []']
    lines += [f'synonym: "{text}" EXACT []' for text in synonyms]
    return [*lines, *([f"is_a: {parent}"] if parent else []), ""]


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder: two random layers of 32 numbers over 30 words and letters."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import (
        Normalize,
        Pooling,
        Transformer,
    )
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    letters = "abcdefghijklmnopqrstuvwxyz:"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "disease", "disorder", "illness", "an",
             *COLOURS, *ORGANS, *letters, *(f"##{letter}" for letter in letters)]  # fmt: skip
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=64, initializer_range=0.2,
        )  # fmt: skip
        BertModel(config).save_pretrained(folder / "bert")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    layers = Transformer(str(folder / "bert"), max_seq_length=32)
    model = SentenceTransformer(modules=[layers, Pooling(32), Normalize()], device="cpu")
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.fixture(scope="session")
def kgml_in() -> Run:
    """Run ``python -m kgml`` in a folder: ``kgml_in(folder, "info", "m")``."""

    def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        return command(folder, *map(str, arguments))

    return run


@pytest.fixture
def kgml(kgml_in: Run, tmp_path: Path) -> Run:
    """Run ``python -m kgml`` with the arguments given, in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return kgml_in(tmp_path, *arguments)

    return run

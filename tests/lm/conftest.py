"""A corpus of a few words that a tiny model can learn something of."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kgml.config import PretrainConfig

VERBS = ["shows", "has", "lacks", "gained", "lost"]
NOUNS = ["patient", "heart", "liver", "fever", "pain", "disease", "drug", "doctor"]


@pytest.fixture(scope="session")
def tiny() -> PretrainConfig:
    """Twelve steps of a model of some 20,000 parameters, saved after each."""
    return PretrainConfig(
        depth=1, width=32, vocabulary=300, context=32, micro_batch=4, global_batch=8, max_steps=12,
        checks=3, valid=0.05, save_every=1, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="session")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``corpus.txt``: 300 documents of ten short sentences, one a line."""
    draw = random.Random(0)
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    with path.open("w", encoding="utf-8") as out:
        for _ in range(300):
            said = (
                f"the {draw.choice(NOUNS)} {draw.choice(VERBS)} the {draw.choice(NOUNS)}."
                for _ in range(10)
            )
            out.write(" ".join(said) + "\n")
    return path

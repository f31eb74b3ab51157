"""Texts to tokens and back, and tokens to windows: nothing is lost and each is dealt once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kgml.config import PretrainConfig
from kgml.errors import ArtifactError, CorpusError, UsageError
from kgml.kg.load import load_graph
from kgml.lm.corpus import Prepared, prepare
from kgml.lm.packed import Mixture, Packed, write_tokens
from kgml.lm.sizes import Shape
from kgml.lm.tokenizer import FILE, Tokenizer
from kgml.lm.verbalise import verbalise

ODD = [
    "naïve café",
    "\u0000\t\n",
    "日本語",
    "a<|endoftext|>b [MASK]",
    "🫀",
    "  two  blanks ",
    "\ud800",
]
SHAPE = Shape(1, 32, 1, 300, 32)


@pytest.fixture(scope="module")
def tokenizer(lines: Path) -> Tokenizer:
    return Tokenizer.learn(lines.read_text().splitlines(), 300, "causal")


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_every_text_comes_back(lines: Path, objective: str) -> None:
    found = Tokenizer.learn(lines.read_text().splitlines(), 300, objective)
    assert len(found) == 300
    for text, numbers in zip(ODD, found.encode(ODD), strict=True):
        assert found.decode(numbers) == text.encode("utf-8", "replace").decode()
        assert not {found.end} & set(numbers)  # what looks like a special token is text


def test_learning_twice_gives_the_same_bytes_and_they_are_read_again(
    lines: Path, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    again = Tokenizer.learn(lines.read_text().splitlines(), 300, "causal")
    assert again.to_json() == tokenizer.to_json()
    (tmp_path / FILE).write_text(tokenizer.to_json(), encoding="utf-8")
    assert Tokenizer.load(tmp_path / FILE, "causal").encode(ODD) == tokenizer.encode(ODD)
    with pytest.raises(ArtifactError, match="no tokenizer"):
        Tokenizer.load(tmp_path / "none.json", "causal")


def test_a_vocabulary_below_the_bytes_is_refused() -> None:
    with pytest.raises(UsageError, match=r"vocabulary 256: wanted at least 257"):
        Tokenizer.learn(["a"], 256, "causal")


def test_tokens_on_disk_are_the_texts_with_ends_between(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    texts = ["the heart", "the liver"]
    count = write_tokens(tmp_path / "t", texts, tokenizer)
    end, (one, other) = tokenizer.end, tokenizer.encode(texts)
    packed = Packed(tmp_path / "t", 300, 4, 3)
    assert packed.tokens.tolist() == [end, *one, end, *other, end]
    assert count == len(packed.tokens)
    assert packed.window(1).tolist() == packed.tokens[3:7].tolist()


def test_each_round_deals_every_window_once_in_another_order(tmp_path: Path) -> None:
    np.arange(1_000, dtype=np.uint16).tofile(tmp_path / "t")
    packed = Packed(tmp_path / "t", 1_000, 11, 10)
    assert len(packed) == 99
    rounds = [[packed.dealt(98 * turn + i, 0) for i in range(98)] for turn in range(2)]
    for dealt in rounds:
        starts = sorted(int(window[0]) for window in dealt)
        assert all((window == np.arange(window[0], window[0] + 11)).all() for window in dealt)
        assert np.diff(starts).tolist() == [10] * 97  # none is left out, none overlaps
    assert [w[0] for w in rounds[0]] != [w[0] for w in rounds[1]]
    assert (packed.dealt(150, 0) == rounds[1][52]).all()  # by its number alone


def test_the_share_of_knowledge_is_kept_to_the_row(tmp_path: Path) -> None:
    for name, first in (("a", 0), ("b", 500)):
        np.arange(first, first + 400, dtype=np.uint16).tofile(tmp_path / name)
    corpus, knowledge = (Packed(tmp_path / name, 1_000, 5, 4) for name in "ab")
    mixture = Mixture(corpus, knowledge, 0.3, 0)
    told = [int(mixture.row(draw)[0]) >= 500 for draw in range(100)]
    assert sum(told) == 30
    assert all(2 <= sum(told[i : i + 10]) <= 4 for i in range(90))  # spread evenly


def test_what_a_graph_says(named_obo: Path) -> None:
    said = verbalise(load_graph(named_obo))
    assert len(said) == 46
    assert (
        "disease. an illness: disease. Kinds of it are heart disease, liver disease, lung disease, "
        "skin disease and bone disease."
    ) in said
    assert (
        "red heart disease, also called red heart disorder and red heart illness, is a kind of "
        "heart disease. an illness: red heart disease."
    ) in said


def test_near_duplicates_are_left_out_before_the_split(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    twice = tmp_path / "twice.txt"
    text = lines.read_text()
    twice.write_text(text + text.upper())
    found = prepare([twice], [], tiny, 300, tmp_path / "tokens")
    assert (found.counts["documents"], found.counts["near"]) == (600, 300)
    assert found.counts["valid"]["documents"] == 15
    every = prepare([twice], [], replace(tiny, near=0.0), 300, tmp_path / "every")
    assert (every.counts["near"], every.counts["valid"]["documents"]) == (0, 30)


def test_the_parts_are_the_corpus_and_share_no_document(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    found = prepare([lines], [], tiny, 300, tmp_path / "tokens", seed=3)
    texts = Counter[str]()
    for name in ("train.bin", "valid.bin"):
        stream = Packed(found.folder / name, 300, 1, 1).tokens.tolist()
        ends = [i for i, number in enumerate(stream) if number == found.tokenizer.end]
        pairs = pairwise(ends)
        texts.update(found.tokenizer.decode(stream[a + 1 : b]) for a, b in pairs)
    assert texts == Counter(lines.read_text().splitlines())


def test_what_was_prepared_is_taken_again_unless_it_changed(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    def made(**options: object) -> tuple[Prepared, int]:
        given = replace(tiny, **options)  # type: ignore[arg-type]
        found = prepare([lines], [], given, 300, tmp_path / "tokens")
        return found, (tmp_path / "tokens" / FILE).stat().st_ctime_ns

    first, at = made()
    assert made()[1] == at
    other, later = made(valid=0.1)
    assert later > at
    assert other.fingerprint != first.fingerprint
    (tmp_path / "tokens" / "valid.bin").write_bytes(b"")  # damaged
    assert made(valid=0.1)[0].fingerprint == other.fingerprint


def test_too_little_text_is_refused_with_what_there_is(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    found = prepare([lines], [], tiny, 300, tmp_path / "tokens")
    large = replace(SHAPE, context=100_000)
    with pytest.raises(
        CorpusError, match=r"the corpus has [\d,]+ tokens, fewer than one context of"
    ):
        found.mixture(large, tiny, 0)
    with pytest.raises(CorpusError, match=r"the validation part has .* or a larger --valid"):
        found.held_out(large)
    one = tmp_path / "one.txt"
    one.write_text("a single line\n")
    with pytest.raises(CorpusError, match="the corpus is one document, and one has to be held out"):
        prepare([one], [], tiny, 300, tmp_path / "none")
    one.write_text(" \n\n \n")
    with pytest.raises(CorpusError, match="no text in it, only blanks"):
        prepare([one], [], tiny, 300, tmp_path / "none")

"""A verdict as a command: its words and what it writes are what the same words, typed, write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from kgml.config import Config
from kgml.models.assess.kept import Kept
from kgml.models.assess.order import Wanted, order_of

Run = Callable[..., subprocess.CompletedProcess[str]]
DATA, OUT = Path("t.csv"), Path("m")


def assessment(regime: str) -> dict[str, Any]:
    largest = {"parameters": 20_000, "tokens_trained": 40_000}
    return {
        "verdict": {"regime": regime}, "costs": {"fine-tune": {"trainings": 2}},
        "language_model": {"largest": largest},
    }  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``t.csv``, 48 rows with a split, which is the current one."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"a {colour} {organ} {word},{organ},{split}"
        for colour, organ, word, split in product(
            ["red", "blue", "grey", "pink"], ["heart", "lung"],
            ["illness", "disorder", "disease"], ["Training", "test"],
        )
    ]  # fmt: skip
    DATA.write_text("\n".join(["text,label,split", *rows]), encoding="utf-8")
    return tmp_path


def files_of(model: Path) -> dict[str, bytes]:
    return {str(f.relative_to(model)): f.read_bytes() for f in model.rglob("*") if f.is_file()}


def test_fine_tuning_within_hours_is_what_its_command_is(
    kgml_in: Run, here: Path, tiny_encoder: Path
) -> None:
    config = Config(seed=3).override("encoder", model=str(tiny_encoder))
    wanted = Wanted(DATA, OUT, budget_hours=1, config=config)
    order = order_of(assessment("fine-tune"), wanted)
    assert order.command == (
        "kgml train --data t.csv --fusion none --head transformer --minutes 30.0 "
        f"--encoder {tiny_encoder} --seed 3 -o m"
    )
    result = order.run(wanted)
    assert result["head"] == "transformer"
    built = files_of(OUT)
    done = kgml_in(here, *order.words[1:])
    assert done.returncode == 0, done.stderr
    assert files_of(OUT) == built


def test_from_scratch_learns_a_masked_model_of_the_training_rows_and_says_what_is_next(
    kgml_in: Run, here: Path
) -> None:
    wanted = Wanted(DATA, OUT)
    order = order_of(assessment("from-scratch"), wanted)
    assert order.command == (
        "kgml pretrain t.csv --objective masked --parameters 20000 --split Training -o m"
    )
    assert order.then == (
        "kgml train --data t.csv --fusion none --head transformer --encoder m -o m-classifier"
    )
    config = order.config.override("pretrain", context=16, valid=0.2, near=0.0)
    (here / "kgml.toml").write_text(
        "[pretrain]\ncontext = 16\nvalid = 0.2\nnear = 0.0\n", encoding="utf-8"
    )
    result = type(order)(order.words, config).run(wanted)
    assert (result["objective"], result["corpus"]["documents"]) == ("masked", 24)
    built = files_of(OUT)
    done = kgml_in(here, *order.words[1:])
    assert done.returncode == 0, done.stderr
    assert files_of(OUT) == built


def test_from_scratch_within_hours_is_limited_by_time_and_by_the_text(here: Path) -> None:
    config = Config().override("train", text_column="body")
    wanted = Wanted(
        DATA, OUT, graph=Path("g.kg"), budget_hours=2, corpus=(Path("notes"),), config=config
    )
    order = order_of(assessment("from-scratch"), wanted)
    assert order.command == (
        "kgml pretrain notes --objective masked --parameters 20000 --max-time 2h --text-column body "
        "--max-tokens 40000 --graph g.kg -o m"
    )
    options = order.config.pretrain
    assert (options.max_minutes, options.max_tokens, options.split) == (120, 40_000, None)


def test_embeddings_take_the_light_head_where_the_settings_name_a_transformer() -> None:
    usual = Config().override("train", head="transformer")
    order = order_of(
        assessment("embeddings"), Wanted(DATA, OUT, Path("g.kg"), config=usual, usual=usual)
    )
    assert order.command == "kgml train --data t.csv --graph g.kg --head auto -o m"
    assert order.config.train.head == "auto"


def test_an_assessment_is_kept_until_data_or_options_are_others(tmp_path: Path) -> None:
    data, output = tmp_path / "t.csv", tmp_path / "m"
    data.write_text("text,label\na,up\n")
    made: list[int] = []

    def assess() -> dict[str, Any]:
        made.append(1)
        return {"number": len(made)}

    def ask(budget: float | None = None) -> Any:
        return Kept.beside(output, [data], {"budget_hours": budget}).get(assess)["number"]

    assert [ask(), ask(), ask(2.0), ask(2.0)] == [1, 1, 2, 2]
    data.write_text("text,label\nb,up\n")
    assert ask(2.0) == 3
    (tmp_path / "m.assessment.json").write_text('{"key": "cut off')
    assert ask(2.0) == 4
    Kept.beside(output, [data], {"budget_hours": 2.0}).forget()
    assert not (tmp_path / "m.assessment.json").exists()

"""A search of short runs: the usual first, those behind ended, gone on with from what is on disk."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from kgml.config import Config, PretrainConfig
from kgml.errors import ArtifactError, UsageError
from kgml.lm.corpus import prepare
from kgml.lm.run import base_rate
from kgml.lm.search import STARTUP, _bars, search
from kgml.lm.trial import Job, Trial, run_trial


@pytest.fixture(scope="module")
def short(tiny: PretrainConfig) -> PretrainConfig:
    return replace(tiny, max_steps=6, save_every=None)


def test_a_search_in_two_processes_is_gone_on_with_and_ends_with_the_same(
    lines: Path, short: PretrainConfig, tmp_path: Path
) -> None:
    whole = search([lines], tmp_path / "s", short, trials=5, processes=2)
    usual = {"learning_rate": base_rate(32), "width": 32, "depth": 1}
    assert whole["usual"]["params"] == usual
    assert whole["best"]["value"] == min(one["value"] for one in whole["all"])
    assert len({json.dumps(one["params"]) for one in whole["all"]}) == 5
    rows = list(csv.DictReader((tmp_path / "s" / "trials.csv").open()))
    assert [row["number"] for row in rows] == list("01234")

    table = (tmp_path / "s" / "trials.csv").read_text()
    for name in ("0002.json", "0004.json"):  # as if it had been stopped
        (tmp_path / "s" / "trials" / name).unlink()
    again = search([lines], tmp_path / "s", short, trials=5, processes=1)
    for one, other in zip(whole["all"], again["all"], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}  # to the last bit
    assert len(table.splitlines()) == 6

    config = Config.from_toml(tmp_path / "s" / "kgml.toml").pretrain
    best = {name: getattr(config, name) for name in whole["best"]["params"]}
    assert best == whole["best"]["params"]
    assert config.max_steps is None  # a trial's limit is none of a run

    with pytest.raises(UsageError, match="holds a search of another corpus, seed or options"):
        search([lines], tmp_path / "s", short, trials=5, seed=1)
    (tmp_path / "s" / "trials" / "0001.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"0001\.json: damaged"):
        search([lines], tmp_path / "s", short, trials=5)


def test_a_trial_behind_the_bar_ends_there(
    lines: Path, short: PretrainConfig, tmp_path: Path
) -> None:
    tokens = prepare([lines], [], short, 300, tmp_path / "tokens").folder
    job = Job(3, tokens, short, {"width": 32}, seed=0, threads=1)
    whole = run_trial(job)
    assert (len(whole.losses), whole.steps) == (3, 6)
    assert whole.value == whole.losses[-1] < whole.losses[0]
    behind = run_trial(replace(job, bars=(whole.losses[0] + 1, whole.losses[1] - 0.01)))
    assert (behind.losses, behind.value, behind.steps) == (whole.losses[:2], None, 4)


def test_bars_are_medians_of_finished_trials_and_none_stands_before_the_end() -> None:
    done = [Trial(i, {}, [3.0 + i, 2.0 + i, 1.0 + i], 1.0 + i) for i in range(STARTUP - 1)]
    assert _bars(done) == ()
    ended = Trial(9, {}, [99.0], None)
    assert _bars([*done, ended]) == (5.0, 4.0)


def test_a_search_without_a_limit_is_refused(lines: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a trial wants a limit: --max-tokens, --max-steps or"):
        search([lines], tmp_path / "s", PretrainConfig(), trials=2)

"""One search on made-up scores: what is tried, what is given up, and that nothing depends on order."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kgml.errors import ArtifactError
from kgml.models.parallel import in_waves
from kgml.models.tune.space import Choice, Option, Params, Range, Space
from kgml.models.tune.study import BATCH, Found, Report, Search, hushed
from kgml.models.tune.trials import Folder

FOLDS = 5
DEPTH = Option("depth", "train", "folds", Choice((1, 2, 3)))
RATE = Option("rate", "train", "lexical", Range(0.01, 100.0), ("depth", (2, 3)))
SPACE = Space((DEPTH, RATE))
LABEL = "rate of 2 or 3"
FIRST: list[Params] = [{"depth": 1}, {"depth": 2, LABEL: 1.0}]


def score(params: Params, fold: int) -> float:
    """Folds differ more than trials do; depth 3 is best, with a rate near 10."""
    off = abs(params.get(LABEL, 1.0) - 10.0) / 100
    return round(0.1 * fold + 0.1 * params["depth"] - off + 0.001 * (fold * params["depth"] % 3), 6)


def run_with(calls: list[Params]) -> Callable[[Params, Report], tuple[float | None, float]]:
    def run(params: Params, report: Report) -> tuple[float | None, float]:
        calls.append(dict(params))
        total = 0.0
        for fold in range(FOLDS):
            total += score(params, fold)
            if report(score(params, fold)) and fold < FOLDS - 1:
                return None, 0.1
        return round(total / FOLDS, 6), 0.1

    return run


def search(path: Path, calls: list[Params] | None = None, **given: Any) -> Search:
    folder = Folder(path, {"question": 1})
    folder.open()
    options = {
        "trials": 24,
        "seed": 0,
        "lower": False,
        "run": run_with([] if calls is None else calls),
    }
    return Search(
        name="all", space=SPACE, given={}, first=FIRST, folder=folder, **{**options, **given}
    )


def finish(one: Search) -> Found:
    with hushed():
        return in_waves([one.waves()], "Searching", one.trials)[0]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return finish(search(tmp_path_factory.mktemp("study") / "s"))


def test_the_given_trials_come_first_and_the_best_is_found(found: Found) -> None:
    assert [trial.params for trial in found.trials[:2]] == FIRST
    assert [trial.number for trial in found.trials] == list(range(24))
    assert found.best.params["depth"] == 3
    assert found.best.value == max(t.value for t in found.trials if t.value is not None)
    assert found.ranked()[0] == found.best


def test_what_does_not_apply_is_not_suggested(found: Found) -> None:
    for trial in found.trials:
        assert (LABEL in trial.params) == (trial.params["depth"] > 1)
        assert 0.01 <= trial.params.get(LABEL, 1.0) <= 100


def test_losers_are_given_up_after_three_folds_and_none_that_is_best(found: Found) -> None:
    """With depth 1 every fold is lost to whatever has depth 2."""
    pruned = [trial for trial in found.trials if trial.pruned]
    assert pruned
    assert {len(trial.scores) for trial in pruned} == {3}
    for trial in pruned:
        before = [t for t in found.trials if t.number < trial.number and t.value is not None]
        assert all(
            any(mine < other for mine, other in zip(trial.scores, better.scores, strict=False))
            for better in [max(before, key=lambda t: t.value or 0)]
        )
    assert not found.trials[0].pruned
    assert found.importances == {}  # fewer than ten were finished


def test_what_told_good_trials_from_others_sums_to_one(tmp_path: Path) -> None:
    every = search(tmp_path / "s", run=lambda params, report: (score(params, 0), 0.0))
    found = finish(every)
    assert set(found.importances) == {"depth", LABEL}
    assert sum(found.importances.values()) == pytest.approx(1.0, abs=1e-3)


def test_jobs_done_one_by_one_and_last_first_give_the_same_trials(
    found: Found, tmp_path: Path
) -> None:
    """As on a machine of another speed."""
    waves = search(tmp_path / "s").waves()
    with hushed():
        jobs = next(waves)
        while True:
            done = [job() for job in jobs[::-1]][::-1]
            try:
                jobs = waves.send(done)
            except StopIteration as stop:
                end = stop
                break
    assert end.value.trials == found.trials


def test_a_finished_trial_is_read_and_the_rest_is_as_in_an_unbroken_run(
    found: Found, tmp_path: Path
) -> None:
    """Killed in the middle of a batch: trial 7 is there, 6 is not."""
    finish(search(tmp_path / "s", trials=10))
    for number in (6, 8, 9):
        (tmp_path / "s" / "trials" / "all" / f"{number:04}.json").unlink()
    calls: list[Params] = []
    again = finish(search(tmp_path / "s", calls))
    assert again == found
    assert len(calls) == 24 - 7


def test_another_seed_tries_other_values(found: Found, tmp_path: Path) -> None:
    other = finish(search(tmp_path / "s", seed=1))
    assert other.trials[:2] == found.trials[:2]
    assert [t.params for t in other.trials[2:]] != [t.params for t in found.trials[2:]]


def test_of_equal_trials_the_first_is_best(tmp_path: Path) -> None:
    one = search(tmp_path / "s", trials=6, run=lambda params, report: (0.5, 0.0))
    assert finish(one).best.number == 0


def test_when_the_time_is_up_no_further_batch_begins(tmp_path: Path) -> None:
    over = iter([False, True])
    assert len(finish(search(tmp_path / "s", over=lambda: next(over))).trials) == 2 + BATCH


def test_nothing_is_said_by_optuna(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        finish(search(tmp_path / "s"))
    assert capfd.readouterr() == ("", "")
    assert [str(one.message) for one in recwarn] == []


def test_a_trial_of_other_values_is_refused(tmp_path: Path) -> None:
    finish(search(tmp_path / "s", trials=2))
    folder = Folder(tmp_path / "s", {"question": 1})
    with pytest.raises(ArtifactError, match=r"0001.json: damaged \(its values are not those"):
        folder.read("all", 1, {"depth": 3})
    file = tmp_path / "s" / "trials" / "all" / "0001.json"
    assert json.loads(file.read_text("utf-8"))["params"] == {"depth": 2, LABEL: 1.0}

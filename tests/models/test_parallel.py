"""Jobs side by side: their order, jobs within jobs, and what a failure stops."""

from __future__ import annotations

import os
import threading
import time
from functools import partial

import pytest
import torch

from kgml.models import parallel
from kgml.models.parallel import Waves, cores, in_parallel, in_waves


@pytest.fixture(autouse=True)
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are held to one core; these are of several."""
    monkeypatch.setattr(parallel, "cores", lambda: 4)


@pytest.mark.parametrize(("asked", "found"), [("1", 1), ("1,4", 1), ("", None), ("x", None)])
def test_no_more_cores_than_the_libraries_may_use(
    asked: str, found: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    most = os.cpu_count() or 1
    assert 1 <= cores() <= most
    assert found is None or cores() == found
    monkeypatch.setenv("OMP_NUM_THREADS", str(most + 1))  # there are no more than there are
    assert cores() <= most


def test_results_come_in_the_order_of_the_jobs() -> None:
    def slow_first(job: int) -> int:
        time.sleep(0.05 * (job == 0))
        return job * job

    assert in_parallel(slow_first, range(6), "x") == [0, 1, 4, 9, 16, 25]


def test_a_call_within_a_job_stays_in_its_thread() -> None:
    def outer(job: int) -> set[int]:
        return {threading.get_ident(), *in_parallel(lambda _: threading.get_ident(), "abc", "y")}

    assert [len(found) for found in in_parallel(outer, range(4), "x")] == [1] * 4


def test_torch_has_its_threads_back_afterwards() -> None:
    before = torch.get_num_threads()
    in_parallel(lambda _: torch.get_num_threads(), "ab", "x")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_a_failure_no_other_job_begins(error: type[BaseException]) -> None:
    begun: list[int] = []

    def fails(job: int) -> None:
        begun.append(job)
        time.sleep(0.02)
        if job == 0:
            raise error("stop")

    with pytest.raises(error):
        in_parallel(fails, range(500), "x")
    assert len(begun) < 250


def test_a_series_gets_its_own_results_in_order_and_waits_for_no_other() -> None:
    def counts(name: str, waves: int) -> Waves[list[str]]:
        seen: list[str] = []
        for wave in range(waves):
            jobs = [partial(lambda k: time.sleep(0.02 * (k == 0)) or k, k) for k in range(3)]
            found = yield jobs
            assert found == [0, 1, 2]
            seen.append(f"{name}{wave}")
        return seen

    found = in_waves([counts("a", 1), counts("b", 3)], "x", 12)
    assert found == [["a0"], ["b0", "b1", "b2"]]


def test_a_job_that_fails_ends_all_series() -> None:
    def fails() -> Waves[None]:
        yield [lambda: 1 // 0]

    with pytest.raises(ZeroDivisionError):
        in_waves([fails()], "x", 1)

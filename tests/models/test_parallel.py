"""Jobs side by side: their order, jobs within jobs, and what a failure stops."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from kgml.models.parallel import in_parallel


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

"""Independent fits at the same time, one core each."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import local
from typing import Any, TypeVar

import torch
from threadpoolctl import threadpool_limits

from kgml.progress import track

Job = TypeVar("Job")
Result = TypeVar("Result")
End = TypeVar("End")
Waves = Generator[Sequence[Callable[[], Any]], list[Any], End]
"""Yields jobs, is sent their results in the same order, and yields the next jobs."""
_thread = local()


def cores() -> int:
    """How many this process may use: those it is held to (``taskset``, containers), at most
    ``OMP_NUM_THREADS`` as in the libraries below."""
    held_to = getattr(os, "sched_getaffinity", None)
    count = len(held_to(0)) if held_to is not None else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]  # of the outermost, if nested
    return min(count, int(asked)) if asked.isdecimal() and int(asked) else count


def in_parallel(
    run: Callable[[Job], Result], jobs: Sequence[Job], description: str
) -> list[Result]:
    """``run`` of each job, in the order of ``jobs``, as many at a time as there are `cores`.

    Heads and leave-one-out spend their time outside the interpreter's lock. The libraries below
    are held to one thread each: nested pools of threads were measured 4 to 8 times slower on a
    busy machine. So a call from within a job stays on that job's core, and draws no bar. After
    Ctrl-C, or where a job fails, those that have begun end and no other begins.
    """
    if getattr(_thread, "at_work", False):
        return [run(job) for job in jobs]
    with _pool() as pool:
        return list(track(pool.map(run, jobs), description, total=len(jobs)))


def in_waves(series: Sequence[Waves[End]], description: str, total: int) -> list[End]:
    """What each of ``series`` returns, their jobs side by side as in `in_parallel`.

    A series waits for all of its own jobs before it is asked for more, and for nobody else's: what
    it sees does not depend on how many cores there are or which job ends first.

    Args:
        total: how many jobs there will be, for the bar.
    """
    ends: dict[int, End] = {}
    results: list[list[Any]] = [[] for _ in series]
    waiting: dict[Future[Any], tuple[int, int]] = {}

    def go_on(i: int, found: list[Any] | None) -> None:
        try:
            jobs = series[i].send(found)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as end:
            ends[i] = end.value
            return
        results[i] = [None] * len(jobs)
        waiting.update((pool.submit(job), (i, j)) for j, job in enumerate(jobs))

    def finished() -> Iterator[None]:
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                i, j = waiting.pop(future)
                results[i][j] = future.result()
                if all(i != other for other, _ in waiting.values()):
                    go_on(i, results[i])
                yield

    with _pool() as pool:
        for i in range(len(series)):
            go_on(i, None)
        for _ in track(finished(), description, total):
            pass
    return [ends[i] for i in range(len(series))]


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # OpenBLAS is limited for the process, OpenMP for each thread: hence both
        pool = ThreadPoolExecutor(cores(), initializer=_begin)
        with threadpool_limits(1), pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(threads)


def _begin() -> None:
    _thread.at_work = True
    threadpool_limits(1)

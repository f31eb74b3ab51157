"""Independent fits at the same time, one core each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

from kgml.progress import track

Job = TypeVar("Job")
Result = TypeVar("Result")
_thread = local()


def in_parallel(
    run: Callable[[Job], Result], jobs: Sequence[Job], description: str
) -> list[Result]:
    """``run`` of each job, in the order of ``jobs``, as many at a time as there are cores.

    Heads and leave-one-out spend their time outside the interpreter's lock. The libraries below
    are held to one thread each: nested pools of threads were measured 4 to 8 times slower on a
    busy machine. So a call from within a job stays on that job's core, and draws no bar. After
    Ctrl-C, or where a job fails, those that have begun end and no other begins.
    """
    if getattr(_thread, "at_work", False):
        return [run(job) for job in jobs]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # OpenBLAS is limited for the process, OpenMP for each thread: hence both
        pool = ThreadPoolExecutor(os.cpu_count(), initializer=_begin)
        with threadpool_limits(1), pool:
            try:
                return list(track(pool.map(run, jobs), description, total=len(jobs)))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(threads)


def _begin() -> None:
    _thread.at_work = True
    threadpool_limits(1)

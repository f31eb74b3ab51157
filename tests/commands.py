"""Commands of the tests: each a process of its own, forked from one that has imported the libraries.

Importing torch and its like takes a command five times as long as what most tests ask of it.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = [
    "faiss", "networkx", "pyarrow.parquet", "rdflib", "rich.progress", "scipy.stats",
    "sentence_transformers", "sklearn.ensemble", "sklearn.linear_model", "sklearn.svm", "torch.optim",
    "torch_geometric.nn", "typer",
]  # fmt: skip
"""None of kgml, whose files may lie elsewhere in that process."""
LONGEST = 300
"""Seconds."""


def command(
    folder: Path, *arguments: str, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``python -m kgml`` with ``arguments`` in ``folder``, as `subprocess.run` would give it.

    Args:
        more: variables of its environment.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}
    if os.name == "nt":  # which knows no fork
        return subprocess.run(
            [sys.executable, "-m", "kgml", *arguments], cwd=folder, env=environment,
            capture_output=True, text=True, encoding="utf-8", timeout=LONGEST, check=False,
        )  # fmt: skip
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))  # where the new process looks for `_run`
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(LIBRARIES)
    with tempfile.TemporaryDirectory() as box:
        said = [Path(box) / name for name in ("stdout", "stderr")]
        process = fork.Process(target=_run, args=(folder, arguments, environment, *said))
        process.start()
        process.join(LONGEST)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(arguments, LONGEST)
        texts = [path.read_text(encoding="utf-8") for path in said]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


def commands(
    folder: Path, count: int, *arguments: str
) -> Sequence[subprocess.CompletedProcess[str]]:
    """The same `command` in ``count`` processes that are to find each other, as torchrun starts them."""
    with ThreadPoolExecutor(count) as at_once:
        started = [at_once.submit(command, folder, *arguments, more=more) for more in ranks(count)]
        return [one.result() for one in started]


def ranks(count: int) -> list[dict[str, str]]:
    """The variables by which ``count`` processes of this machine find each other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    all_have = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                "OMP_NUM_THREADS": "1"}  # fmt: skip
    return [all_have | {"RANK": str(n), "LOCAL_RANK": str(n)} for n in range(count)]


def _run(
    folder: Path, arguments: tuple[str, ...], environment: dict[str, str], out: Path, err: Path
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(ROOT))
    streams = (
        os.open(os.devnull, os.O_RDONLY),
        *(os.open(path, os.O_WRONLY | os.O_CREAT) for path in (out, err)),
    )
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))
    sys.argv = ["kgml", *arguments]
    try:
        runpy.run_module("kgml", run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()

"""Commands of the tests: each a process of its own, forked from one that has imported the libraries.

Importing torch and its like takes a command five times as long as what most tests ask of it.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
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


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m kgml`` with ``arguments`` in ``folder``, as `subprocess.run` would give it."""
    if os.name == "nt":  # which knows no fork
        return subprocess.run(
            [sys.executable, "-m", "kgml", *arguments], cwd=folder, env=_environment(),
            capture_output=True, text=True, encoding="utf-8", timeout=LONGEST, check=False,
        )  # fmt: skip
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))  # where the new process looks for `_run`
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(LIBRARIES)
    with tempfile.TemporaryDirectory() as box:
        said = [Path(box) / name for name in ("stdout", "stderr")]
        process = fork.Process(target=_run, args=(folder, arguments, _environment(), *said))
        process.start()
        process.join(LONGEST)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(arguments, LONGEST)
        texts = [path.read_text(encoding="utf-8") for path in said]
    assert process.exitcode is not None
    return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


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

"""What several rooms' tests use: a cache of text vectors, the command line as its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Tests are small: on a busy machine, threads that wait for each other took five times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Text vectors are kept for one run of the tests, not in the user's own cache."""
    folder = tmp_path_factory.mktemp("vectors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGML_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def kgml_in() -> Run:
    """Run ``python -m kgml`` in a folder: ``kgml_in(folder, "info", "m")``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kgml", *map(str, arguments)],
            cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8",
            timeout=300, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def kgml(kgml_in: Run, tmp_path: Path) -> Run:
    """Run ``python -m kgml`` with the arguments given, in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return kgml_in(tmp_path, *arguments)

    return run

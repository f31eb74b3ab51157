"""What several rooms' tests use: the command line as its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


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

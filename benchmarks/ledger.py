"""Runs of benchmarks, a line of JSON each: what is there is not done again.

A line says the commit it was measured at (``+`` behind it: with changes to more than kept runs) and
the processor.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

Run = dict[str, Any]


def read(file: Path | None) -> list[Run]:
    """The runs that are there; none without a file."""
    if file is None or not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def keep(file: Path | None, run: Run) -> None:
    """Add a line, on the disk when this returns; nothing without a file."""
    if file is None:
        return
    told = {**run, "commit": commit(), "processor": processor()}
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(told) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def commit() -> str:
    """Of the kgml that is imported, so of what was measured; ``unknown`` outside a checkout."""
    import kgml

    git = ["git", "-C", str(Path(kgml.__file__).parent)]
    but_runs = ["--", ":/", ":(top,exclude)benchmarks/measured"]
    try:
        asked = [*git, "describe", "--always", "--exclude=*"]
        name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", *but_runs], check=False)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + "+" * bool(changed.returncode)


def processor() -> str:
    """Its name as the system tells it, and how many cores there are."""
    name = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {os.cpu_count()} cores"

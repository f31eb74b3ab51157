"""``kgml tune pretrain`` is a command of two words beside ``kgml tune``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from kgml.cli.tune_pretrain import human

Run = Callable[..., subprocess.CompletedProcess[str]]
OPTIONS = """[pretrain]
depth = 1
width = 32
vocabulary = 300
context = 32
global_batch = 4
checks = 2
"""


def test_it_searches_and_writes_options_that_pretrain_reads(kgml: Run, tmp_path: Path) -> None:
    lines = [f"the heart number {i} is in the {i % 7} th place of all" for i in range(200)]
    (tmp_path / "corpus.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "kgml.toml").write_text(OPTIONS + "valid = 0.1\n")
    call = ["tune", "pretrain", "corpus.txt", "-o", "s", "--trials", "2"]
    refused = kgml(*call)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "a trial wants a limit: --max-tokens, --max-steps or --max-time" in refused.stderr
    done = kgml(*call, "--max-steps", "4", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [one["number"] for one in result["all"]] == [0, 1]
    assert "usual" in human(result)
    assert (tmp_path / "s" / "kgml.toml").read_text().startswith("[pretrain]\n")


def test_both_commands_have_their_own_help(kgml: Run) -> None:
    assert "Search learning rate, width and depth" in kgml("tune", "pretrain", "--help").stdout
    assert "Search learning rate, width and depth" not in kgml("tune", "--help").stdout

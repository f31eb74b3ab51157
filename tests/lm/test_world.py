"""Two processes train what one does; a launcher that started fewer than asked for is found out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from kgml.config import PretrainConfig
from kgml.errors import UsageError
from kgml.lm.world import check_world, leads

from ..commands import command, commands

ROOT = Path(__file__).resolve().parents[2]
CALL = ["--depth", "1", "--width", "32", "--vocabulary", "300", "--context", "32", "--batch", "2",
        "--global-batch", "8", "--max-steps", "6", "--checks", "2", "--json", "--device", "cpu"]  # fmt: skip


def machine(count: int) -> Any:
    return SimpleNamespace(count=count)


def started(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "RANK"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_two_processes_train_the_parameters_of_one_at_the_same_global_batch_dealt_out_or_not(
    lines: Path, tmp_path: Path
) -> None:
    """Within 1e-6, which is rounding: four parts are added up in another order."""
    one = command(tmp_path, "pretrain", str(lines), "-o", "one", *CALL)
    assert one.returncode == 0, one.stderr
    expected = load_file(tmp_path / "one" / "model.safetensors")
    two = ("pretrain", str(lines), "--processes", "2", *CALL)
    launched = started(
        tmp_path, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "--no-python", sys.executable, "-m", "kgml", *two, "-o", "two",
    )  # fmt: skip
    dealt, silent = commands(tmp_path, 2, *two, "-o", "dealt", "--shard")
    assert (silent.returncode, silent.stdout) == (0, "")
    for name, done in (("two", launched), ("dealt", dealt)):
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)  # one document: of the first process
        assert result["processes"] == 2
        assert result["held_out"] == pytest.approx(json.loads(one.stdout)["held_out"], rel=1e-5)
        found = load_file(tmp_path / name / "model.safetensors")
        assert found.keys() == expected.keys()
        for weight, value in expected.items():
            torch.testing.assert_close(value, found[weight], atol=1e-6, rtol=0)
        samples = [line for line in done.stderr.splitlines() if line.startswith("note: sample")]
        assert len(samples) == 3  # of both processes together
    held = re.search(r"shared by 2 processes; this one holds ([\d,]+) parameters", dealt.stderr)
    assert held is not None
    assert int(held[1].replace(",", "")) < 0.6 * sum(value.numel() for value in expected.values())
    assert "shared by" not in launched.stderr


def test_another_number_of_processes_than_asked_for_is_refused() -> None:
    check_world(machine(1), None, {})
    check_world(machine(2), 2, {"WORLD_SIZE": "2"})
    for count, wanted, environment, words in (
        (1, 2, {}, r"--processes 2: 1 here\. Start them with torchrun --nproc-per-node 2"),
        (1, None, {"WORLD_SIZE": "4"}, r"the launcher says 4 processes \(WORLD_SIZE\), and 1 found"),
        (
            1, None, {"ACCELERATE_USE_CPU": "True", "MASTER_ADDR": "127.0.0.1"},
            "accelerate launch was asked for several processes and started one",
        ),
        (2, 2, {"WORLD_SIZE": "2", "ACCELERATE_USE_FSDP": "true"}, "and give kgml pretrain --shard"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            check_world(machine(count), wanted, environment)


def test_a_model_is_not_shared_with_itself_nor_in_fp16() -> None:
    with pytest.raises(UsageError, match=r"--shard: one process .*, or leave it out\."):
        check_world(machine(1), None, {}, shard=True)
    check_world(machine(2), 2, {"WORLD_SIZE": "2"}, shard=True)
    with pytest.raises(UsageError, match="fp16 and --shard exclude each other"):
        PretrainConfig(shard=True, precision="fp16").check()


def test_accelerate_launch_that_starts_one_process_on_a_cpu_is_found_out(
    lines: Path, tmp_path: Path
) -> None:
    done = started(
        tmp_path, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "-m", "kgml",
        "pretrain", str(lines), "-o", "one", *CALL,
    )  # fmt: skip
    assert done.returncode != 0
    assert "error: accelerate launch was asked for several processes and started one" in done.stderr
    assert not (tmp_path / "one").exists()


def test_the_first_process_of_each_host_prepares() -> None:
    assert leads({})
    assert leads({"LOCAL_RANK": "0", "RANK": "8"})
    assert not leads({"LOCAL_RANK": "1"})

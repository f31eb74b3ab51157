"""What is told of a run, and how fast a processor is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgml.errors import MissingExtraError
from kgml.lm.speed import peak
from kgml.lm.watch import Watch, bits_of
from kgml.progress import set_notes


def watch(folder: Path, **more: object) -> Watch:
    given = {"steps": 4, "tokens": 100, "flops": 2e6, "peak": 1e9, "rate": 0.5, "bits": 0.5,
             "samples": lambda: ["a\nsample"], **more}  # fmt: skip
    return Watch(folder / "steps.jsonl", **given)  # type: ignore[arg-type]


def test_lines_speed_and_samples(tmp_path: Path) -> None:
    told: list[str] = []
    set_notes(told.append)
    one = watch(tmp_path)
    one.begin(0)
    one.check(0, None, -4.0)
    one.step(1, 3.5, 0.5)
    one.check(1, 3.5, -3.0)
    one.close()
    set_notes(None)
    (row,) = map(json.loads, (tmp_path / "steps.jsonl").read_text().splitlines())
    assert row == {"step": 1, "tokens": 100, "loss": 3.5, "rate": 0.25}
    assert told[0] == "step 0 of 4: held out 4.000, 2.000 bits per byte"
    assert told[1] == told[3] == 'sample: "a\\nsample"'
    assert told[2].startswith("step 1 of 4: loss 3.500, held out 3.000, 1.500 bits per byte, ")
    speed = one.result()
    assert speed is not None
    assert speed["mfu"] == pytest.approx(speed["tokens_per_second"] * 2e6 / 1e9)


def test_going_on_keeps_the_lines_up_to_the_step(tmp_path: Path) -> None:
    lines = [json.dumps({"step": i}) + "\n" for i in range(1, 6)]
    (tmp_path / "steps.jsonl").write_text("".join(lines) + '{"st')
    one = watch(tmp_path)
    one.begin(3)
    one.close()
    assert (tmp_path / "steps.jsonl").read_text() == "".join(lines[:3])
    assert one.result() is None


def test_bits_per_byte_are_nats_of_a_token_over_its_bytes() -> None:
    assert bits_of(1, 1) == pytest.approx(1.442695)
    assert bits_of(100, 400) == pytest.approx(1.442695 / 4)


def test_the_peak_of_a_processor_is_measured() -> None:
    operations, source = peak("cpu", "no")
    assert 1e8 < operations < 1e14
    assert source == "matrix products timed here"


def test_tensorboard_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"--tensorboard needs an extra: .*tensorboard"):
        watch(tmp_path, board=tmp_path / "board")


def test_tensorboard_gets_curves_and_samples(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    one = watch(tmp_path, board=tmp_path / "board")
    one.begin(0)
    one.step(1, 3.5, 0.5)
    one.check(1, 3.5, -3.0)
    one.close()
    events = EventAccumulator(str(tmp_path / "board")).Reload()
    tags = events.Tags()
    assert {"train/loss", "train/rate", "valid/loss", "valid/bits_per_byte"} <= set(tags["scalars"])
    assert events.Scalars("train/loss")[0].value == 3.5
    assert tags["tensors"] == ["sample/0/text_summary"]

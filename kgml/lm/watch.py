"""What is told of a run: losses on disk, speed and samples as notes, both for TensorBoard."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from kgml.errors import MissingExtraError
from kgml.progress import note

LOG = "steps.jsonl"
"""One line for each step: number, tokens so far, loss and learning rate. No times: a run that was
stopped has the lines of one that was not."""


class Watch:
    """A `kgml.training.task.Watch`.

    Args:
        path: of the log; None where another process writes it.
        tokens: in a step.
        flops: of a token.
        peak: operations a second of all processes.
        rate: the highest learning rate.
        bits: nats of a token to bits of a byte; None where they are of hidden tokens alone.
        samples: texts that the model goes on with now; none where another process has them.
        board: folder for TensorBoard.
    """

    def __init__(
        self, path: Path | None, *, steps: int, tokens: int, flops: float, peak: float, rate: float,
        bits: float | None, samples: Callable[[], list[str]], board: Path | None = None,
    ) -> None:  # fmt: skip
        self.path, self.of, self.tokens, self.flops, self.peak = path, steps, tokens, flops, peak
        self.rate, self.bits, self.samples = rate, bits, samples
        self.board: Any = None if board is None or path is None else _board(board)
        self.stream: IO[str] | None = None
        self.seconds, self.done, self.clock = 0.0, 0, 0.0
        self.since = (0.0, 0)

    def begin(self, step: int) -> None:
        """Keep the lines up to ``step``."""
        if self.path is not None:
            kept = _lines(self.path, step)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.stream = self.path.open("w", encoding="utf-8")
            self.stream.write("".join(kept))
            self.stream.flush()
        self.clock = time.perf_counter()

    def step(self, step: int, loss: float, rate: float) -> None:
        """A line; time between steps counts, that of validations and samples does not."""
        now = time.perf_counter()
        self.seconds, self.done, self.clock = self.seconds + now - self.clock, self.done + 1, now
        row = {"step": step, "tokens": step * self.tokens, "loss": loss, "rate": rate * self.rate}
        if self.stream is not None:
            self.stream.write(json.dumps(row) + "\n")
            self.stream.flush()
        if self.board is not None:
            for name in ("loss", "rate"):
                self.board.add_scalar(f"train/{name}", row[name], row["tokens"])

    def check(self, step: int, loss: float | None, score: float) -> None:
        """Losses, speed since the validation before, and a sample."""
        speed = self._speed()
        parts = [f"step {step:,} of {self.of:,}"]
        if loss is not None:
            parts.append(f"loss {loss:.3f}")
        parts.append(f"held out {-score:.3f}")
        if self.bits is not None:
            parts.append(f"{-score * self.bits:.3f} bits per byte")
        if speed is not None:
            parts.append(f"{speed['tokens_per_second']:,.0f} tokens/s, MFU {speed['mfu']:.0%}")
        shown = self.samples()
        note(": ".join([parts[0], ", ".join(parts[1:])]))
        for text in shown:
            note(f"sample: {json.dumps(text, ensure_ascii=False)}")
        if self.board is not None:
            self._tell(step, score, speed, shown)
        self.clock = time.perf_counter()

    def result(self) -> dict[str, float] | None:
        """Speed of the whole run; None where no step was done."""
        return self._over(self.seconds, self.done)

    def close(self) -> None:
        """No more lines."""
        if self.stream is not None:
            self.stream.close()
        if self.board is not None:
            self.board.close()

    def _speed(self) -> dict[str, float] | None:
        seconds, done = self.seconds - self.since[0], self.done - self.since[1]
        self.since = (self.seconds, self.done)
        return self._over(seconds, done)

    def _over(self, seconds: float, steps: int) -> dict[str, float] | None:
        if not steps or not seconds:
            return None
        speed = steps * self.tokens / seconds
        return {"tokens_per_second": speed, "mfu": speed * self.flops / self.peak}

    def _tell(
        self, step: int, score: float, speed: dict[str, float] | None, shown: list[str]
    ) -> None:
        at = step * self.tokens
        self.board.add_scalar("valid/loss", -score, at)
        if self.bits is not None:
            self.board.add_scalar("valid/bits_per_byte", -score * self.bits, at)
        for name, value in (speed or {}).items():
            self.board.add_scalar(f"speed/{name}", value, at)
        for number, text in enumerate(shown):
            self.board.add_text(f"sample/{number}", text, at)


def bits_of(tokens: int, size: int) -> float:
    """What nats of a token are multiplied by to be bits of a byte.

    >>> round(bits_of(100, 400), 4)
    0.3607
    """
    return tokens / size / math.log(2)


def _lines(path: Path, step: int) -> list[str]:
    """Of a log that may end amid a line, those of the steps up to ``step``."""
    if not path.is_file():
        return []
    found = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in found[:step] if line.endswith("\n")]


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("tensorboard", "--tensorboard") from None
    return SummaryWriter(str(folder))

"""Documents on disk, one after the other, each found again by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kgml.data.near import SIZE, first_of_each, signature

TEXTS, ENDS, MINIMA = "texts", "ends", "minima"


class Spool:
    """What a corpus was read into: memory holds eight bytes of each document, the disk the rest.

    Args:
        folder: where ``texts`` (UTF-8), ``ends`` (int64) and ``minima`` (uint32) are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ends: NDArray[np.int64] = np.fromfile(folder / ENDS, dtype=np.int64)

    @classmethod
    def write(cls, folder: Path, texts: Iterable[str], *, compare: bool) -> Spool:
        """Read all of ``texts``.

        Args:
            compare: whether near duplicates will be asked for.
        """
        folder.mkdir(parents=True, exist_ok=True)
        end = 0
        with (
            (folder / TEXTS).open("wb") as out,
            (folder / ENDS).open("wb") as ends,
            (folder / MINIMA).open("wb") as minima,
        ):
            for text in texts:
                data = text.encode("utf-8", "replace")
                end += len(data)
                out.write(data)
                ends.write(np.int64(end).tobytes())
                if compare:
                    minima.write(signature(text).tobytes())
        return cls(folder)

    def __len__(self) -> int:
        return len(self.ends)

    def sizes(self) -> NDArray[np.int64]:
        """(n,) bytes of each document."""
        found: NDArray[np.int64] = np.diff(self.ends, prepend=0)
        return found

    def texts(self, numbers: Iterable[int]) -> Iterator[str]:
        """The documents ``numbers``."""
        with (self.folder / TEXTS).open("rb") as stream:
            for number in numbers:
                start = int(self.ends[number - 1]) if number else 0
                stream.seek(start)
                yield stream.read(int(self.ends[number]) - start).decode("utf-8")

    def groups(
        self, similar: float, tell: Callable[[int], None] = lambda band: None
    ) -> NDArray[np.int64]:
        """(n,) the first document of each one's group, as `kgml.data.near.first_of_each`."""
        if not similar:
            return np.arange(len(self), dtype=np.int64)
        minima = np.memmap(self.folder / MINIMA, dtype=np.uint32, mode="r").reshape(-1, SIZE)
        return first_of_each(minima, similar, tell)

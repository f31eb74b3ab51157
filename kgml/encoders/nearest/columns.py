"""What an index knows of its rows beside their vectors: whose each is, and of which text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from kgml.encoders.cache import text_key
from kgml.encoders.nearest.base import Floats, Integers, Mask
from kgml.encoders.nearest.checks import zero_rows
from kgml.errors import ArtifactError, InputError

Keys = NDArray[np.uint8]


@dataclass(frozen=True)
class Columns:
    """A value for each row; columns of equal length r.

    Attributes:
        owners: (r,) the entity of each.
        live: (r,) whether it may be found.
        zero: (r,) whether it points nowhere.
        names: (r,) which of its owners' names it is, -1 for none; row i is name i unless said.
        keys: (r, 16) `text_key` of the text that it is the vector of; None: not known.
    """

    owners: Integers
    live: Mask
    zero: Mask
    names: Integers
    keys: Keys | None

    @classmethod
    def of(
        cls, rows: Floats, owners: Integers, texts: Sequence[str] | None, start: int = 0
    ) -> Self:
        """Of new ``rows`` (m, d), which come after ``start`` others.

        Raises:
            InputError: not a text for each.
        """
        if texts is not None and len(texts) != len(rows):
            raise InputError(f"{len(texts):,} texts: wanted one for each of {len(rows):,} vectors.")
        live = np.ones(len(rows), dtype=bool)
        keys = None if texts is None else keys_of(texts)
        return cls(owners, live, zero_rows(rows), np.arange(start, start + len(rows)), keys)

    def __len__(self) -> int:
        return len(self.owners)

    def followed_by(self, more: Columns) -> Columns:
        """These rows, then ``more``."""
        known = None if self.keys is None or more.keys is None else [self.keys, more.keys]
        return Columns(
            np.concatenate([self.owners, more.owners]), np.concatenate([self.live, more.live]),
            np.concatenate([self.zero, more.zero]), np.concatenate([self.names, more.names]),
            None if known is None else np.concatenate(known),
        )  # fmt: skip

    def without(self, rows: NDArray[Any]) -> Columns:
        """These ``rows`` (numbers or mask) may be found no more."""
        live = self.live.copy()
        live[rows] = False
        return replace(self, live=live)

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        columns: dict[str, NDArray[Any]] = {
            "owners": self.owners, "live": self.live, "zero": self.zero
        }  # fmt: skip
        if not np.array_equal(self.names, np.arange(len(self))):
            columns["names"] = self.names
        if self.keys is not None:
            columns["keys"] = self.keys
        save_file({name: np.ascontiguousarray(values) for name, values in columns.items()}, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote.

        Raises:
            ArtifactError: missing or damaged.
        """
        try:
            columns = load_file(path)
            owners, live, zero = (columns[name] for name in ("owners", "live", "zero"))
        except (OSError, SafetensorError, KeyError) as error:
            raise ArtifactError(f"{path}: cannot be read ({error}). Make it again.") from error
        names, keys = columns.get("names", np.arange(len(owners))), columns.get("keys")
        if len({len(owners), len(live), len(zero), len(names)}) > 1 or (
            keys is not None and keys.shape != (len(owners), 16)
        ):
            raise ArtifactError(f"{path}: its columns are of different lengths. Make it again.")
        return cls(owners, live, zero, names, keys)


def keys_of(texts: Sequence[str]) -> Keys:
    """`text_key` of each of ``texts``: (n, 16)."""
    return np.frombuffer(b"".join(map(text_key, texts)), dtype=np.uint8).reshape(-1, 16)


def read_keys(path: Path) -> Keys | None:
    """The column ``keys`` alone, of a file that may be missing, damaged or without it."""
    try:
        with safe_open(path, framework="numpy") as columns:
            keys: Keys = columns.get_tensor("keys")
    except (OSError, SafetensorError):
        return None
    return keys if keys.ndim == 2 and keys.shape[1] == 16 else None

"""The contract of an index: rows in, the nearest rows of a query out. FAISS keeps the rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from kgml.errors import ArtifactError, UsageError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
FAISS: Any = faiss
"""Its published types leave out how a search is steered."""
SELECTIVE = 0.5
"""Where less than this share of the rows is allowed, a search that looks only at some rows would
mostly meet others: it looks at all that are allowed."""


class Nearest(ABC):
    """Rows of length d under inner product, in the order they were added.

    Attributes:
        mapped: whether the rows lie in a file, from where they are read when they are needed.
    """

    name: ClassVar[str]
    faiss_types: ClassVar[tuple[type, ...]]

    def __init__(self, index: Any, mapped: bool = False) -> None:
        self._index = index
        self.mapped = mapped

    @classmethod
    def build(cls, rows: Floats) -> Self:
        """Index ``rows`` (r, d)."""
        index = cls(cls._empty(rows))
        if len(rows):
            index.add(rows)
        return index

    @classmethod
    @abstractmethod
    def _empty(cls, rows: Floats) -> Any:
        """A FAISS index made for ``rows`` (r, d), trained on them if it learns, without them."""

    @abstractmethod
    def search(self, queries: Floats, k: int, allowed: Mask | None) -> tuple[Floats, Integers]:
        """Scores (n, k) and row numbers (n, k), best first; a row of -1 means that none was found.

        ``allowed`` (r,): only these rows, None for all. ``k`` is at most the rows allowed.
        """

    @abstractmethod
    def rows(self) -> Floats | None:
        """The rows (r, d), not copied; None where they are kept only roughly."""

    @property
    @abstractmethod
    def exact(self) -> bool:
        """Whether `search` finds the nearest rows for certain."""

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """d, the length of a row."""
        return int(self._index.d)

    def add(self, rows: Floats) -> None:
        """Add ``rows`` (m, d) after those there are.

        Raises:
            UsageError: the index is mapped. FAISS would end the process.
        """
        if self.mapped:
            raise UsageError(
                "an index that is mapped from a file takes no more rows. Load it with mapped=False."
            )
        self._index.add(rows)

    def write(self, path: Path) -> None:
        """Write a FAISS file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def read(cls, path: Path, mapped: bool = False) -> Self:
        """Read what `write` wrote.

        Raises:
            ArtifactError: damaged, or an index of another kind.
        """
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ArtifactError(f"{path}: cannot be read ({reason}). Make it again.") from error
        if not isinstance(index, cls.faiss_types):
            wanted = " or ".join(one.__name__ for one in cls.faiss_types)
            raise ArtifactError(
                f"{path}: a {type(index).__name__}; wanted {wanted}. Make it again."
            )
        return cls(index, mapped)


def selector(allowed: Mask) -> Any:
    """``allowed`` (r,) as FAISS takes it."""
    bits = np.packbits(allowed, bitorder="little")
    return FAISS.IDSelectorBitmap(bits)


def stored(flat: Any) -> Floats:
    """The rows (r, d) of a FAISS flat index, not copied: valid until rows are added."""
    if flat.ntotal == 0:
        return np.zeros((0, flat.d), dtype=np.float32)
    rows: Floats = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(-1, flat.d)
    return rows

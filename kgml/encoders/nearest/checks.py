"""What an index may be given: finite rows, and an owner for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.nearest.base import Floats, Integers, Mask
from kgml.errors import InputError


def checked_owners(owners: NDArray[Any], size: int) -> Integers:
    """``owners`` (r,) as numbers, or `InputError`: not one for each of ``size`` rows."""
    numbers = np.asarray(owners, dtype=np.int64)
    if numbers.shape != (size,) or (size and numbers.min() < 0):
        raise InputError(
            f"owners of shape {numbers.shape}: wanted the number of an entity for each of "
            f"{size:,} vectors."
        )
    return numbers


def zero_rows(rows: Floats) -> Mask:
    """Which ``rows`` (r, d) point nowhere: a mask (r,)."""
    return np.logical_not(rows.any(axis=1))


def checked_rows(values: NDArray[Any], what: str) -> Floats:
    """``values`` (r, d) as float32, or `InputError`: other dimensions, NaN or infinity."""
    rows = np.ascontiguousarray(values, dtype=np.float32)
    if rows.ndim != 2:
        raise InputError(f"{what}: wanted two dimensions, found shape {rows.shape}.")
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise InputError(
            f"{what}: {len(wrong):,} of {len(rows):,} rows hold NaN or infinity, the first is row "
            f"{wrong[0]}. Encode them again."
        )
    return rows

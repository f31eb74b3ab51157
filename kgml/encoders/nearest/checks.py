"""What an index may be given: finite rows, an owner for each, numbers of what is there."""

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


def checked_numbers(numbers: NDArray[Any], size: int, what: str) -> Integers:
    """``numbers`` of ``size`` things, or `InputError`: no whole numbers, or of none of them.

    A mask (size,) stands for the numbers where it is true.
    """
    given = np.asarray(numbers)
    if given.dtype == bool and given.shape == (size,):
        return np.flatnonzero(given)
    if given.size == 0 and given.dtype != bool:
        return np.zeros(0, dtype=np.int64)
    wrong = given.dtype.kind not in "iu" or given.ndim != 1
    if wrong or given.min() < 0 or given.max() >= size:
        found = (
            f"{given.dtype} of shape {given.shape}" if wrong else f"{given.min()} to {given.max()}"
        )
        raise InputError(
            f"{what}: found {found}; wanted numbers from 0 to {size - 1:,}, or a mask of {size:,}."
        )
    return given.astype(np.int64)


def checked_mask(only: NDArray[Any], size: int) -> Mask:
    """``only``, or `InputError`: not True or False for each of ``size`` entities at least."""
    mask = np.asarray(only)
    if mask.dtype != bool or mask.ndim != 1 or len(mask) < size:
        raise InputError(
            f"only: found {mask.dtype} of shape {mask.shape}; wanted True or False for each of "
            f"{size:,} entities."
        )
    return mask


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

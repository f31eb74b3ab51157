"""numpy arrays as Arrow arrays, without a copy.

``pyarrow.array(an_ndarray)`` does the same, but asks first whether it is a pandas series, and so
imports pandas: a fifth of a second and 30 MiB.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def column(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Integers or booleans (n,) as an Arrow array of the same type; null where ``missing``.

    >>> column(np.array([3, 4]), np.array([False, True])).to_pylist()
    [3, None]
    """
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    if values.dtype == np.bool_:
        data = np.packbits(values, bitorder="little")
    else:
        data = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])


def strings(values: Iterable[str | None]) -> pa.Array:
    """Texts as an Arrow array.

    >>> strings(["a", None]).to_pylist()
    ['a', None]
    """
    builder = pa.lib.StringBuilder()
    builder.append_values(list(values))
    return builder.finish()


def values(array: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Numbers or booleans (n,) without nulls as numpy sees them; numbers are not copied.

    ``to_numpy`` does the same, and imports pandas too.

    >>> values(column(np.array([True, False]))).tolist()
    [True, False]
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not len(array):
        return np.zeros(0, dtype=array.type.to_pandas_dtype())
    data = array.buffers()[1]
    first, last = array.offset, array.offset + len(array)
    if pa.types.is_boolean(array.type):
        bits = np.frombuffer(data, dtype=np.uint8)
        found: NDArray[Any] = np.unpackbits(bits, bitorder="little")[first:last].astype(bool)
        return found
    numbers: NDArray[Any] = np.frombuffer(data, dtype=array.type.to_pandas_dtype())[first:last]
    return numbers

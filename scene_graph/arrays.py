"""Read-only numpy arrays: what the frozen records of this package hold."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["frozen_array"]


def frozen_array(values: Any, dtype: Any, shape: tuple[int | None, ...], name: str) -> np.ndarray:
    """Returns `values` as a read-only contiguous array of `dtype`.

    An array that is already read-only, contiguous and of that dtype is returned as it is; anything else is
    copied, so that no caller keeps a writable view of a frozen record.

    Args:
        values: anything `numpy.asarray` takes.
        dtype: the dtype to hold.
        shape: the expected shape; None stands for any length.
        name: what the array is called in the error.

    Raises:
        ValueError: the shape is another one.
    """
    array = np.asarray(values, dtype=dtype)
    if array.ndim == 1 and array.size == 0 and len(shape) > 1 and shape[0] in (None, 0):
        array = array.reshape(0, *(0 if n is None else n for n in shape[1:]))
    fits = array.ndim == len(shape) and all(
        want is None or got == want for got, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("*" if n is None else str(n) for n in shape)
        raise ValueError(f"{name}: expected shape ({wanted}), received {array.shape}")
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C", copy=True)
        array.setflags(write=False)
    return array

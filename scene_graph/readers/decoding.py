"""JSON and npy files decoded, so that damage is reported with its file."""

from __future__ import annotations

import io
import json
import tokenize
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from scene_graph.errors import SceneError

__all__ = ["parse_json", "parse_npy", "read_file"]


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        SceneError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=path) from error


def parse_json(data: bytes, where: str) -> Any:
    """The JSON value of `data`.

    Raises:
        SceneError: the bytes are not JSON; `where` names their file.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SceneError(f"expected JSON, but {error}", where=where, remedy="fetch the file again") from error


def parse_npy(data: bytes, where: str) -> Shaped[np.ndarray, "..."]:
    """The numeric array of an npy file's bytes (no pickles), read-only.

    Raises:
        SceneError: the bytes are not such a file, or fewer or more than its header says; `where` names the file.
    """
    stream = io.BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header that numpy must guess at is a damaged one
            version = np.lib.format.read_magic(stream)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read_header is None:
                raise ValueError(f"its version is {version}")
            shape, fortran_order, dtype = read_header(stream)
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, Warning) as error:
        raise SceneError(f"expected an npy array, but {error}", where=where, remedy="fetch the file again") from error
    if dtype.kind not in "fiu":
        raise SceneError(f"expected an npy array of real numbers, received {dtype}", where=where)
    count = 1
    for length in shape:
        count *= length
    size = len(data) - stream.tell()
    if count < 0 or count * dtype.itemsize != size:
        raise SceneError(
            f"expected {count} numbers of {dtype.itemsize} bytes, received {size} bytes",
            where=where,
            remedy="fetch the file again",
        )
    flat = np.frombuffer(data, dtype=dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if fortran_order else "C")

"""The globals that a pickle of plain data names, and what stands in for them."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Shaped

__all__ = ["Global", "Unfinished", "find_global", "plain_key", "reduced"]


class Global(Enum):
    """A global by what it makes; none of them is the function itself."""

    ARRAY = "an empty array, to be filled"
    ARRAY_FROM_BYTES = "an array"
    DTYPE = "a type of numbers"
    SCALAR = "a number of an array's type"
    ENCODED = "bytes from a text"
    BYTES = "empty bytes"
    DICT = "an empty dictionary"
    SET = "a set from a list"
    NAME_ONLY = "nothing, it is only named"


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_BUILTINS = ("builtins", "__builtin__")
_FACTORIES = ("int", "long", "float", "str", "list", "dict")
_GLOBALS: Mapping[tuple[str, str], Global] = MappingProxyType(
    {
        **{(module, "_reconstruct"): Global.ARRAY for module in _MULTIARRAY},
        **{(module, "scalar"): Global.SCALAR for module in _MULTIARRAY},
        **{(module, "_frombuffer"): Global.ARRAY_FROM_BYTES for module in _NUMERIC},
        **{(module, name): Global.SET for module in _BUILTINS for name in ("set", "frozenset")},
        **{(module, "bytes"): Global.BYTES for module in _BUILTINS},
        **{(module, name): Global.NAME_ONLY for module in _BUILTINS for name in _FACTORIES},
        ("numpy", "ndarray"): Global.NAME_ONLY,
        ("numpy", "dtype"): Global.DTYPE,
        ("_codecs", "encode"): Global.ENCODED,
        ("collections", "defaultdict"): Global.DICT,
        ("collections", "OrderedDict"): Global.DICT,
    }
)

_DTYPE = re.compile(r"f[248]|[iu][1248]|b1|[US]\d{1,4}", re.ASCII)
_KEY_TYPES = (str, int, float, bytes, type(None))
_MAX_DIMENSIONS = 8
_MAX_LENGTH = 1 << 31


def find_global(module: str, name: str) -> Global | None:
    """What stands in for a global, None where plain data has no use for it."""
    return _GLOBALS.get((module, name))


def plain_key(value: Any) -> Any:
    """The value, which may be a dictionary's key.

    Raises:
        ValueError: it is no text, number or bytes.
    """
    if not isinstance(value, _KEY_TYPES):
        raise ValueError(f"it uses a {type(value).__name__} as a key; expected a text, a number or bytes")
    return value


def reduced(function: Global, arguments: tuple[Any, ...]) -> Any:
    """What a global makes of its arguments.

    Raises:
        ValueError: the arguments are not those that a pickle of plain data has.
    """
    if function is Global.DICT and (not arguments or arguments == (Global.NAME_ONLY,)):
        return {}
    if function is Global.BYTES and not arguments:
        return b""
    if function is Global.SET and len(arguments) == 1 and isinstance(arguments[0], list):
        return {plain_key(value) for value in arguments[0]}
    if function is Global.ENCODED and len(arguments) == 2 and isinstance(arguments[0], str):
        return arguments[0].encode("latin-1")
    if function is Global.ARRAY and len(arguments) == 3 and arguments[0] is Global.NAME_ONLY:
        return _UnfinishedArray()
    if function is Global.ARRAY_FROM_BYTES and len(arguments) == 4:
        data, dtype, shape, order = arguments
        return _array(data, dtype, shape, is_fortran=order == "F")
    if function is Global.DTYPE and arguments and isinstance(arguments[0], str):
        if not _DTYPE.fullmatch(arguments[0]):
            raise ValueError(f"it holds an array of type {arguments[0][:20]!r}; expected numbers or texts")
        return _UnfinishedDtype(arguments[0])
    if function is Global.SCALAR and len(arguments) == 2:
        return _array(arguments[1], arguments[0], (1,), is_fortran=False)[0].item()
    raise ValueError(f"the arguments of what makes {function.value} are not understood")


class Unfinished(ABC):
    """A value that a later instruction completes.

    Attributes:
        memo_indices: where the pickle keeps it meanwhile.
    """

    def __init__(self) -> None:
        self.memo_indices: list[int] = []

    @abstractmethod
    def finished(self, state: Any) -> Any:
        """The value.

        Raises:
            ValueError: the state is not understood.
        """


class _UnfinishedArray(Unfinished):
    def finished(self, state: Any) -> Shaped[np.ndarray, "..."]:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise ValueError("the state of an array is not understood")
        shape, dtype, is_fortran, data = state[-4:]
        return _array(data, dtype, shape, is_fortran=is_fortran is True)


class _UnfinishedDtype(Unfinished):
    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    def finished(self, state: Any) -> np.dtype:
        if not isinstance(state, tuple) or len(state) < 5 or state[1] not in ("<", ">", "|", "="):
            raise ValueError("the state of a type of numbers is not understood")
        if any(part is not None for part in state[2:5]):
            raise ValueError("it holds an array of records; expected numbers or texts")
        return np.dtype(self._code if state[1] == "|" else state[1] + self._code)


def _array(data: Any, dtype: Any, shape: Any, *, is_fortran: bool) -> Shaped[np.ndarray, "..."]:
    """The array of these bytes, read-only."""
    if not isinstance(data, (bytes, bytearray)) or not isinstance(dtype, np.dtype):
        raise ValueError("an array is made of something else than bytes and a type")
    if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"the shape of an array is no tuple of at most {_MAX_DIMENSIONS} lengths")
    if not all(type(length) is int and 0 <= length < _MAX_LENGTH for length in shape):
        raise ValueError("the shape of an array holds something else than lengths")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array of {math.prod(shape)} values of {dtype.itemsize} bytes has {len(data)} bytes")
    if dtype.kind == "b":
        flat = np.frombuffer(data, dtype=np.uint8) != 0
    elif data:
        flat = np.frombuffer(bytes(data), dtype=dtype)
    else:
        flat = np.zeros(0, dtype=dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C")

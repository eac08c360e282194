"""Values of a decoded ScenarioNet record: numbers, points and ids, whether lists or arrays, each checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.readers.vertices import MAX_COORDINATE_M

__all__ = ["id_text", "id_texts", "is_text", "mapping", "number", "numbers", "points", "sequence", "text"]

_SURROGATES = re.compile("[\ud800-\udfff]")


def mapping(value: Any, name: str) -> Mapping[Any, Any]:
    """The value, which is a dictionary.

    Raises:
        ValueError: it is not; `name` is what the error calls it, as in all functions here.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {_kind(value)}; expected a dictionary")
    return value


def sequence(value: Any, name: str) -> list[Any]:
    """The members of a list, tuple or array of one dimension.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.tolist()
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name} is {_kind(value)}; expected a list")
    return list(value)


def numbers(value: Any, name: str) -> Float[np.ndarray, "..."]:
    """The float64 array of a (nested) list or an array of numbers or truth values; NaN and infinity may be among them.

    Raises:
        ValueError: it holds something else, or lists of different lengths.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind not in "fiub":
        raise ValueError(f"{name} is an array of {value.dtype}; expected numbers")
    if not isinstance(value, (np.ndarray, list, tuple)):
        raise ValueError(f"{name} is {_kind(value)}; expected a list of numbers")
    try:
        with np.errstate(invalid="ignore"):
            array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: expected lists of numbers, all of one length") from None
    array[np.isnan(array)] = np.nan  # a signalling NaN would raise warnings wherever it is used
    return array


def points(value: Any, name: str) -> Float[np.ndarray, "p 3"]:
    """Points `p 3` m of places (x, y) or (x, y, z); z is 0 where there is none.

    Raises:
        ValueError: it holds something else, NaN, or a coordinate beyond 1e8 m.
    """
    array = numbers(value, name)
    if array.size == 0:
        return np.zeros((0, 3))
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise ValueError(f"{name} has shape {array.shape}; expected points of two or three numbers")
    if not (np.abs(array) <= MAX_COORDINATE_M).all():
        raise ValueError(f"{name} holds NaN, infinity or a coordinate beyond 1e8 m; expected places on Earth")
    return array if array.shape[1] == 3 else np.pad(array, ((0, 0), (0, 1)))


def number(value: Any, name: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= MAX_COORDINATE_M:
        raise ValueError(f"{name} is {_shown(value)}; expected an ordinary number")
    return float(value)


def text(value: Any, name: str) -> str:
    """A text that is not empty.

    Raises:
        ValueError: it is something else.
    """
    if not is_text(value):
        raise ValueError(f"{name} is {_shown(value)}; expected a text")
    return value


def is_text(value: Any) -> bool:
    """Whether the value is a text that is not empty and can be written as UTF-8: half a surrogate pair cannot."""
    return isinstance(value, str) and value != "" and not _SURROGATES.search(value)


def id_text(value: Any, name: str) -> str:
    """The text of an id, which may be a whole number.

    Raises:
        ValueError: it is something else.
    """
    if not is_text(value) and (isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 64):
        raise ValueError(f"{name} is {_shown(value)}; expected an id")
    return str(value)


def id_texts(value: Any, name: str) -> tuple[str, ...]:
    """The texts of a list of ids; of None, nothing.

    Raises:
        ValueError: it is something else.
    """
    if value is None:
        return ()
    return tuple(id_text(member, name) for member in sequence(value, name))


def _kind(value: Any) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def _shown(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        return repr(value[:60])
    return repr(value)[:60] if isinstance(value, (int, float, type(None))) else _kind(value)

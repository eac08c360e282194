"""The arguments of an operation, read with their types and limits checked."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields

__all__ = [
    "above_zero",
    "arguments",
    "at_least_zero",
    "flag_or_false",
    "identity",
    "number",
    "one_or_more",
    "only_one_of",
    "or_none",
    "seconds",
    "similar",
    "unknown",
    "vector",
]

_LARGEST = 1e9
_LONGEST_S = 1e5
_LISTED_AT_MOST = 8


def arguments(value: Any, where: str, known: Collection[str], name: str = "") -> Fields:
    """A mapping whose keys are all known.

    Raises:
        SceneError: it is no mapping, or has another key.
    """
    fields = Fields({} if value is None else value, where, name)
    for key in {} if value is None else value:
        if key not in known:
            of = f" of {name}" if name else ""
            raise SceneError(unknown(f"argument{of}", str(key), known, listed=True), where=where)
    return fields


def identity(fields: Fields, key: str) -> str:
    """An id: a text, or a whole number that stands for its digits."""
    value = fields.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return fields.text(key)


def one_or_more(fields: Fields, key: str) -> list[Fields]:
    """A value or a list of values, each as the field `key` of its own."""
    value = fields.get(key)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise SceneError(f"{fields.path(key)} is an empty list; expected at least one", where=fields.where)
    return [Fields({key: one}, fields.where) for one in values]


def number(fields: Fields, key: str, default: float | None = None) -> float:
    """A finite number of at most 1e9, the default where it is absent."""
    if default is not None and key not in fields:
        return default
    value = fields.number(key)
    if abs(value) > _LARGEST:
        raise _limit(fields, key, value, f"at most {_LARGEST:g}")
    return value


def above_zero(fields: Fields, key: str, default: float | None = None) -> float:
    """A number above 0."""
    value = number(fields, key, default)
    if not value > 0:
        raise _limit(fields, key, value, "more than 0")
    return value


def at_least_zero(fields: Fields, key: str, default: float | None = None) -> float:
    """A number that is not negative."""
    value = number(fields, key, default)
    if value < 0:
        raise _limit(fields, key, value, "at least 0")
    return value


def seconds(fields: Fields, key: str, default: float | None = None) -> float:
    """A time of at most 1e5 s."""
    value = number(fields, key, default)
    if abs(value) > _LONGEST_S:
        raise _limit(fields, key, value, f"at most {_LONGEST_S:g} s")
    return value


def vector(fields: Fields, key: str, *, positive: bool = False) -> tuple[float, float, float]:
    """Three numbers, as large as `number` takes; lengths above 0 where `positive`."""
    x, y, z = fields.numbers(key, 3)
    for value in (x, y, z):
        if abs(value) > _LARGEST or (positive and not value > 0):
            raise _limit(fields, key, [x, y, z], "three positive lengths" if positive else f"at most {_LARGEST:g}")
    return x, y, z


def flag_or_false(fields: Fields, key: str) -> bool:
    """True or false; false where it is absent."""
    return fields.flag(key) if key in fields else False


def or_none(fields: Fields, key: str, read: Any) -> Any:
    """What `read(fields, key)` gives; None where the key is absent."""
    return read(fields, key) if key in fields else None


def only_one_of(fields: Fields, keys: tuple[str, ...]) -> str:
    """Which one of some keys is there.

    Raises:
        SceneError: none or several are.
    """
    found = [key for key in keys if key in fields]
    if len(found) != 1:
        received = " and ".join(found) or "none of them"
        raise SceneError(f"expected exactly one of {', '.join(keys)}; received {received}", where=fields.where)
    return found[0]


def unknown(what: str, received: str, known: Iterable[str], *, listed: bool = False) -> str:
    """A sentence that there is no such thing, with the most similar names; with all of them where `listed`."""
    names = list(known)
    alike = similar(received, names)
    parts = [f"no {what} {received!r}"]
    if not names:
        parts.append("there are none")
    elif listed or len(names) <= _LISTED_AT_MOST:
        parts.append(f"expected one of {', '.join(names)}")
    elif not alike:
        parts.append(f"there are {len(names)}, such as {', '.join(repr(name) for name in names[:3])}")
    if alike:
        parts.append(f"did you mean {alike}?")
    return "; ".join(parts)


def similar(received: str, known: Iterable[str]) -> str:
    """Up to three names that look like the one received, quoted, or ""."""
    matches = difflib.get_close_matches(received, list(known), n=3, cutoff=0.5)
    return " or ".join(repr(match) for match in matches)


def _limit(fields: Fields, key: str, value: Any, expected: str) -> SceneError:
    shown = f"{value:g}" if isinstance(value, float) else f"{value}"
    return SceneError(f"{fields.path(key)} is {shown}; expected {expected}", where=fields.where)

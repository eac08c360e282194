"""Fields of JSON objects, read with their types checked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeVar

from scene_graph.errors import SceneError

__all__ = ["Fields"]

_Choice = TypeVar("_Choice", bound=Enum)
_ABSENT = object()


class Fields:
    """One object of a JSON document, which is found at `where`.

    Every method raises SceneError, naming the field from the top of the document, where it is absent or of another
    type.

    Args:
        value: the parsed object.
        where: file (and member) that it comes from.
        name: the object's name in the document, "" for the whole.
    """

    def __init__(self, value: Any, where: str, name: str = "") -> None:
        self.where = where
        self._name = name
        if not isinstance(value, dict):
            raise self._wrong(name or "the document", value, "an object")
        self._values: dict[str, Any] = value

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def get(self, key: str) -> Any:
        """The value of a field, as it is."""
        if key not in self._values:
            raise SceneError(f"{self.path(key)} is missing", where=self.where)
        return self._values[key]

    def path(self, key: str) -> str:
        """The name of a field from the top of the document."""
        return f"{self._name}.{key}" if self._name else key

    def text(self, key: str) -> str:
        """A text."""
        return self._typed(key, str, "a text")

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._typed(key, bool, "true or false")

    def integer(self, key: str) -> int:
        """A whole number."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(self.path(key), value, "a whole number")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        return self._number(self.path(key), self.get(key))

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """A list of `count` finite numbers."""
        values = self._typed(key, list, f"{count} numbers")
        if len(values) != count:
            raise self._wrong(self.path(key), values, f"{count} numbers")
        return tuple(self._number(f"{self.path(key)}[{index}]", value) for index, value in enumerate(values))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._typed(key, list, "a list of texts")
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self._wrong(f"{self.path(key)}[{index}]", value, "a text")
        return tuple(values)

    def text_map(self, key: str) -> dict[str, str]:
        """An object whose values are texts."""
        values = self._typed(key, dict, "an object of texts")
        for name, value in values.items():
            if not isinstance(value, str):
                raise self._wrong(f"{self.path(key)}.{name}", value, "a text")
        return dict(values)

    def choice(self, key: str, choices: type[_Choice]) -> _Choice:
        """One of the values of an enumeration of texts."""
        return self._chosen(self.path(key), self.get(key), choices)

    def choices(self, key: str, choices: type[_Choice]) -> tuple[_Choice, ...]:
        """A list of values of an enumeration of texts."""
        values = self._typed(key, list, "a list of texts")
        return tuple(self._chosen(f"{self.path(key)}[{index}]", value, choices) for index, value in enumerate(values))

    def child(self, key: str) -> Fields:
        """An object."""
        return Fields(self.get(key), self.where, self.path(key))

    def children(self, key: str) -> Iterator[Fields]:
        """A list of objects."""
        for index, value in enumerate(self._typed(key, list, "a list of objects")):
            yield Fields(value, self.where, f"{self.path(key)}[{index}]")

    def span(self, key: str, length: int) -> slice:
        """A pair [start, stop] of places in a list of `length`."""
        return self._span(self.path(key), self.get(key), length)

    def spans(self, key: str, length: int) -> tuple[slice, ...]:
        """A list of pairs [start, stop] of places in a list of `length`."""
        values = self._typed(key, list, "a list of pairs")
        return tuple(self._span(f"{self.path(key)}[{index}]", value, length) for index, value in enumerate(values))

    def _span(self, name: str, value: Any, length: int) -> slice:
        whole = isinstance(value, list) and len(value) == 2 and all(type(place) is int for place in value)
        if not whole or not 0 <= value[0] <= value[1] <= length:
            raise self._wrong(name, value, f"[start, stop] within 0 to {length}")
        return slice(value[0], value[1])

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < math.inf:
            raise self._wrong(name, value, "a finite number")
        try:
            return float(value)
        except OverflowError as error:
            raise self._wrong(name, value, "a finite number") from error

    def _chosen(self, name: str, value: Any, choices: type[_Choice]) -> _Choice:
        for choice in choices:
            if choice.value == value:
                return choice
        raise self._wrong(name, value, f"one of {', '.join(str(choice.value) for choice in choices)}")

    def _typed(self, key: str, kind: type, expected: str) -> Any:
        value = self.get(key)
        if not isinstance(value, kind):
            raise self._wrong(self.path(key), value, expected)
        return value

    def _wrong(self, name: str, value: Any, expected: str) -> SceneError:
        shown = json.dumps(value, default=str)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return SceneError(f"{name} is {shown}; expected {expected}", where=self.where)

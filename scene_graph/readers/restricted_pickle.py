"""Pickles read as data: an interpreter of the instructions that build plain containers and numpy arrays.

A pickle is a program: Python's own loader runs it, and with it whatever function it names. Here nothing is called. The
few globals that plain data needs are names for what this package makes itself; every other global and instruction is
refused. Protocols 2 to 5 (PEP 307, PEP 3154; PEP 574 without buffers outside the file).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from scene_graph.errors import SceneError
from scene_graph.readers.restricted_pickle_globals import Global, Unfinished, find_global, plain_key, reduced

__all__ = ["MAX_PICKLE_INSTRUCTIONS", "parse_pickle"]

MAX_PICKLE_INSTRUCTIONS = 2_000_000
"""A pickle of more instructions is refused: each may make an object of a hundred bytes."""

_MAX_DEPTH = 100
_MAX_VALUES = 1 << 24
_MAX_INTEGER_BYTES = 16
_CONTAINERS = (list, tuple, dict, set)
_OPENED = (*_CONTAINERS, Unfinished, Global)


def parse_pickle(data: bytes, where: str) -> Any:
    """The value of a pickle: None, truth values, numbers, texts, bytes, numpy arrays, and containers of these.

    Frozen sets come as `set`, the dictionaries of `collections` as `dict`.

    Raises:
        SceneError: the bytes are no pickle, name a global other than those of numpy arrays and plain containers, are
            nested more than 100 deep or hold a container that contains itself; `where` names their file.
    """
    try:
        value = _Machine(data).run()
        _require_plain(value)
    except (ValueError, struct.error) as error:
        remedy = "fetch the file again, or convert it to JSON with the software that wrote it"
        raise SceneError(f"expected a pickle of plain data, but {error}", where=where, remedy=remedy) from error
    return value


class _Machine:
    """Runs the instructions of one pickle on a stack of values."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value on top of the stack when the pickle stops."""
        for _ in range(MAX_PICKLE_INSTRUCTIONS):
            opcode = self.take(1)
            if opcode == b".":
                return self.pop()
            instruction = _INSTRUCTIONS.get(opcode)
            if instruction is None:
                raise ValueError(f"byte {self._position - 1}, {opcode!r}, is no instruction that plain data needs")
            instruction(self)
        raise ValueError(f"it has more than {MAX_PICKLE_INSTRUCTIONS} instructions")

    def take(self, count: int) -> bytes:
        start, end = self._position, self._position + count
        if end > len(self._data):
            raise ValueError(f"it ends early: {count} bytes were expected after byte {start}")
        self._position = end
        return self._data[start:end]

    def number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self.take(layout.size))[0]

    def line(self) -> str:
        end = self._data.find(b"\n", self._position)
        if end < 0:
            raise ValueError("it ends within a name")
        text = self.take(end - self._position).decode("utf-8")
        self._position += 1
        return text

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError("it takes a value that is not there")
        return self._stack.pop()

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise ValueError("it goes back to a mark that is not there")
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def pop_or_unmark(self) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self.pop()

    def put(self, index: int) -> None:
        value = self.pop()
        self.push(value)
        self._memo[index] = value
        if isinstance(value, Unfinished):
            value.memo_indices.append(index)

    def memoize(self) -> None:
        self.put(len(self._memo))

    def get(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError(f"it recalls value {index}, which it did not keep")
        self.push(self._memo[index])

    def extend(self, values: list[Any]) -> None:
        self._top(list).extend(values)

    def add(self, values: list[Any]) -> None:
        self._top(set).update(plain_key(value) for value in values)

    def set_items(self, values: list[Any]) -> None:
        self._top(dict).update(_pairs(values))

    def push_last(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))

    def push_global(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("the name of a global is no text")
        found = find_global(module, name)
        if found is None:
            raise ValueError(f"it asks for the global {module[:100]}.{name[:100]}, which was not called")
        self.push(found)

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not (isinstance(function, Global) and isinstance(arguments, tuple)):
            raise ValueError("it calls something that is no function")
        self.push(reduced(function, arguments))

    def build(self) -> None:
        state, target = self.pop(), self.pop()
        if not isinstance(target, Unfinished):
            raise ValueError("it sets the state of an object that is no array")
        finished = target.finished(state)
        for index in target.memo_indices:
            if self._memo[index] is target:
                self._memo[index] = finished
        self.push(finished)

    def _top(self, kind: type) -> Any:
        value = self.pop()
        self.push(value)
        if type(value) is not kind:
            raise ValueError(f"it adds to a {type(value).__name__} as if it were a {kind.__name__}")
        return value


def _pairs(values: list[Any]) -> dict[Any, Any]:
    if len(values) % 2:
        raise ValueError("a dictionary has a key without a value")
    return {plain_key(key): value for key, value in zip(values[::2], values[1::2], strict=True)}


def _whole_number(data: bytes) -> int:
    if len(data) > _MAX_INTEGER_BYTES:
        raise ValueError(f"it holds a whole number of {len(data)} bytes; expected at most {_MAX_INTEGER_BYTES}")
    return int.from_bytes(data, "little", signed=True)


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _old_text(data: bytes) -> str:
    return data.decode("latin-1")


def _swapped_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push_global(module, name)


def _sized(layout: struct.Struct, make: Callable[[bytes], Any]) -> Callable[[_Machine], None]:
    """Pushes what `make` makes of as many bytes as a number says."""
    return lambda m: m.push(make(m.take(max(m.number(layout), 0))))


_U1, _U2, _U4, _U8 = (struct.Struct(code) for code in ("<B", "<H", "<I", "<Q"))
_I4, _F8 = struct.Struct("<i"), struct.Struct(">d")

_INSTRUCTIONS: Mapping[bytes, Callable[[_Machine], None]] = MappingProxyType(
    {
        b"\x80": lambda m: _require_protocol(m.number(_U1)),
        b"\x95": lambda m: _discard(m.number(_U8)),
        b"N": lambda m: m.push(None),
        b"\x88": lambda m: m.push(True),
        b"\x89": lambda m: m.push(False),
        b"K": lambda m: m.push(m.number(_U1)),
        b"M": lambda m: m.push(m.number(_U2)),
        b"J": lambda m: m.push(m.number(_I4)),
        b"\x8a": _sized(_U1, _whole_number),
        b"\x8b": _sized(_I4, _whole_number),
        b"G": lambda m: m.push(m.number(_F8)),
        b"\x8c": _sized(_U1, _text),
        b"X": _sized(_U4, _text),
        b"\x8d": _sized(_U8, _text),
        b"U": _sized(_U1, _old_text),
        b"T": _sized(_I4, _old_text),
        b"C": _sized(_U1, bytes),
        b"B": _sized(_U4, bytes),
        b"\x8e": _sized(_U8, bytes),
        b"\x96": _sized(_U8, bytes),
        b"(": _Machine.mark,
        b"0": _Machine.pop_or_unmark,
        b"1": lambda m: _discard(m.pop_to_mark()),
        b"]": lambda m: m.push([]),
        b"l": lambda m: m.push(m.pop_to_mark()),
        b"a": lambda m: m.extend([m.pop()]),
        b"e": lambda m: m.extend(m.pop_to_mark()),
        b")": lambda m: m.push(()),
        b"t": lambda m: m.push(tuple(m.pop_to_mark())),
        b"\x85": lambda m: m.push_last(1),
        b"\x86": lambda m: m.push_last(2),
        b"\x87": lambda m: m.push_last(3),
        b"}": lambda m: m.push({}),
        b"d": lambda m: m.push(_pairs(m.pop_to_mark())),
        b"s": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
        b"u": lambda m: m.set_items(m.pop_to_mark()),
        b"\x8f": lambda m: m.push(set()),
        b"\x90": lambda m: m.add(m.pop_to_mark()),
        b"\x91": lambda m: m.push({plain_key(value) for value in m.pop_to_mark()}),
        b"q": lambda m: m.put(m.number(_U1)),
        b"r": lambda m: m.put(m.number(_U4)),
        b"\x94": _Machine.memoize,
        b"h": lambda m: m.get(m.number(_U1)),
        b"j": lambda m: m.get(m.number(_U4)),
        b"c": lambda m: m.push_global(m.line(), m.line()),
        b"\x93": _swapped_global,
        b"R": _Machine.reduce,
        b"b": _Machine.build,
    }
)
"""What each instruction of plain data does (the names are those of Python's `pickletools`)."""


def _require_protocol(version: int) -> None:
    if not 2 <= version <= 5:
        raise ValueError(f"its protocol is {version}; expected 2 to 5")


def _discard(value: Any) -> None:
    """Does nothing: with the lengths of frames, which nothing here needs, and with values that are dropped."""


def _require_plain(root: Any) -> None:
    """Raises ValueError where a value is half built, nested too deep, holds itself, or unfolds to too many values."""
    sizes: dict[int, int] = {}  # container -> number of values in it, counted again wherever one appears again
    open_ids: set[int] = set()
    work: list[Any] = [root]
    while work:
        value = work[-1]
        if isinstance(value, (Unfinished, Global)):
            raise ValueError("it holds a half-built object")
        members = value.values() if isinstance(value, dict) else value if isinstance(value, _CONTAINERS) else ()
        inner = [member for member in members if isinstance(member, _OPENED) and id(member) not in sizes]
        if inner and id(value) not in open_ids:
            open_ids.add(id(value))
            if len(open_ids) > _MAX_DEPTH:
                raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
            work += inner
        elif inner:
            raise ValueError("a container in it contains itself")
        else:
            work.pop()
            open_ids.discard(id(value))
            sizes[id(value)] = 1 + sum(_size(member, sizes) for member in members)
            if sizes[id(value)] > _MAX_VALUES:
                raise ValueError(f"it unfolds to more than {_MAX_VALUES} values")


def _size(value: Any, sizes: Mapping[int, int]) -> int:
    return value.size if isinstance(value, np.ndarray) else sizes.get(id(value), 1)

"""Messages in the protocol buffers wire format, decoded by tables of their fields.

The format is a sequence of fields, each a varint key (field number * 8 + wire type) and its content: a varint, eight
bytes, a length with that many bytes, or four bytes (protobuf.dev, Encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["Field", "MessageType", "Scalar", "decode_message", "iterate_fields"]

_VARINT, _EIGHT_BYTES, _DELIMITED, _FOUR_BYTES = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")


class Scalar(Enum):
    """How a field that is no message is written."""

    DOUBLE = "double"
    FLOAT = "float"
    INT = "int"  # int32, int64 and enumerations
    BOOL = "bool"
    TEXT = "string"


_WIRE_TYPES = {
    Scalar.DOUBLE: _EIGHT_BYTES,
    Scalar.FLOAT: _FOUR_BYTES,
    Scalar.INT: _VARINT,
    Scalar.BOOL: _VARINT,
    Scalar.TEXT: _DELIMITED,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a reader wants.

    Attributes:
        name: key of its value in the decoded message.
        kind: how it is written.
        repeated: whether the message holds a list of them.
    """

    name: str
    kind: Scalar | MessageType
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message.

    Attributes:
        name: what errors call it.
        fields: those that are decoded, by their numbers; others are passed over.
    """

    name: str
    fields: Mapping[int, Field]


def decode_message(data: bytes | memoryview, message: MessageType) -> dict[str, Any]:
    """The fields of a message as name -> value: a number, a text, a dictionary (of a message), or a list of these.

    Repeated fields are always there; others only where the message has them, and of several the last counts.

    Raises:
        ValueError: the bytes are not such a message.
    """
    return _decode(memoryview(data), message)


def iterate_fields(data: memoryview, name: str) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and content (an int, or bytes) of each field of a message; `name` is what errors call it.

    Raises:
        ValueError: a field is damaged or ends early.
    """
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position, name)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise ValueError(f"{name} has a field of number 0; expected 1 or more")
        content: int | memoryview
        if wire_type == _VARINT:
            content, position = _varint(data, position, name)
        else:
            if wire_type == _DELIMITED:
                size, position = _varint(data, position, name)
            elif wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
                size = 8 if wire_type == _EIGHT_BYTES else 4
            else:
                raise ValueError(f"{name} has a field of wire type {wire_type}; expected 0, 1, 2 or 5")
            if size > end - position:
                raise ValueError(f"{name} ends early: field {number} has {size} bytes, {end - position} are left")
            content = data[position : position + size]
            position += size
        yield number, wire_type, content


def _decode(data: memoryview, message: MessageType) -> dict[str, Any]:
    values: dict[str, Any] = {field.name: [] for field in message.fields.values() if field.repeated}
    fields = message.fields
    for number, wire_type, content in iterate_fields(data, message.name):
        field = fields.get(number)
        if field is None:
            continue
        kind = field.kind
        if isinstance(kind, MessageType):
            if wire_type != _DELIMITED:
                raise _wrong_wire_type(message, field, wire_type)
            value: Any = _decode(content, kind)
        elif wire_type == _WIRE_TYPES[kind]:
            value = _scalar(kind, content, message, field)
        elif wire_type == _DELIMITED and field.repeated:
            values[field.name] += _packed(kind, content, message, field)
            continue
        else:
            raise _wrong_wire_type(message, field, wire_type)
        if field.repeated:
            values[field.name].append(value)
        else:
            values[field.name] = value
    return values


def _scalar(kind: Scalar, content: Any, message: MessageType, field: Field) -> Any:
    if kind is Scalar.DOUBLE:
        return _DOUBLE.unpack(content)[0]
    if kind is Scalar.FLOAT:
        return _FLOAT.unpack(content)[0]
    if kind is Scalar.BOOL:
        return content != 0
    if kind is Scalar.INT:
        return content - (1 << 64) if content >= 1 << 63 else content
    try:
        return bytes(content).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{message.name}.{field.name} is no text in UTF-8") from error


def _packed(kind: Scalar, content: memoryview, message: MessageType, field: Field) -> list[Any]:
    """The numbers of a repeated field that is written as one block."""
    if kind in (Scalar.DOUBLE, Scalar.FLOAT):
        layout = _DOUBLE if kind is Scalar.DOUBLE else _FLOAT
        if len(content) % layout.size:
            raise ValueError(f"{message.name}.{field.name} is a block of {len(content)} bytes; expected whole numbers")
        return [number for (number,) in layout.iter_unpack(content)]
    values = []
    position = 0
    while position < len(content):
        number, position = _varint(content, position, f"{message.name}.{field.name}")
        values.append(_scalar(kind, number, message, field))
    return values


def _varint(data: memoryview, position: int, name: str) -> tuple[int, int]:
    """An unsigned number of up to 64 bits, and the position after it."""
    end = len(data)
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
        if shift == 7 * _MAX_VARINT_BYTES:
            raise ValueError(f"{name} has a number of more than {_MAX_VARINT_BYTES} bytes; expected at most that")
    raise ValueError(f"{name} ends within a number")


def _wrong_wire_type(message: MessageType, field: Field, wire_type: int) -> ValueError:
    kind = field.kind.name if isinstance(field.kind, MessageType) else field.kind.value
    return ValueError(f"{message.name}.{field.name} has wire type {wire_type}; expected that of a {kind}")

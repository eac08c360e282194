"""Messages in the protocol buffers wire format, decoded by tables of their fields.

The format is a sequence of fields, each a varint key (field number * 8 + wire type) and its content: a varint, eight
bytes, a length with that many bytes, or four bytes (protobuf.dev, Encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["MAX_VALUES", "Field", "MessageType", "Scalar", "decode_message"]

MAX_VALUES = 10_000_000
"""A message of more values, those of the messages inside it counted, is refused."""

_VARINT, _EIGHT_BYTES, _DELIMITED, _FOUR_BYTES = 0, 1, 2, 5
_SIZES = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_MAX_VARINT_BYTES = 10
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")


class Scalar(Enum):
    """How a field that is no message is written."""

    DOUBLE = "double"
    FLOAT = "float"
    INT = "int"  # int32, int64 and enumerations
    BOOL = "bool"
    TEXT = "string"


_PACKABLE = (Scalar.DOUBLE, Scalar.FLOAT, Scalar.INT, Scalar.BOOL)


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class MessageType:
    """A message.

    Attributes:
        name: what errors call it.
        fields: those that are decoded, by their numbers; others are passed over.
    """

    name: str
    fields: Mapping[int, Field]


def decode_message(data: bytes, message: MessageType) -> dict[str, Any]:
    """The fields of a message as name -> value: a number, a text, a dictionary (of a message), or a list of these.

    Repeated fields are always there; others only where the message has them, and of several the last counts.

    Raises:
        ValueError: the bytes are not such a message, or hold more than MAX_VALUES.
    """
    return _Decoder(data).message(0, len(data), message)


class _Decoder:
    """Decodes one message with those inside it.

    A scenario has some hundred thousand fields: the loop over them calls functions only for what is rare.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values_left = MAX_VALUES

    def message(self, position: int, end: int, message: MessageType) -> dict[str, Any]:
        """The message between two places of the data."""
        data, fields = self._data, message.fields
        values: dict[str, Any] = {field.name: [] for field in fields.values() if field.repeated}
        self._values_left -= len(fields)  # a dictionary is as large as a few numbers
        while position < end:
            key = data[position]
            position += 1
            if key > 0x7F:
                key, position = self._varint(position - 1, end, message)
            if key < 8:
                raise ValueError(f"{message.name} has a field of number 0; expected 1 or more")
            field, wire_type = fields.get(key >> 3), key & 7
            start = position
            value: Any
            if wire_type == _VARINT:
                value = data[position] if position < end else 0x80
                position += 1
                if value > 0x7F:
                    value, position = self._varint(start, end, message)
            else:
                start, position = self._extent(position, end, key, message)
            if field is None:
                continue
            self._values_left -= 1
            kind = field.kind
            if isinstance(kind, MessageType) and wire_type == _DELIMITED:
                value = self.message(start, position, kind)
            elif kind is Scalar.DOUBLE and wire_type == _EIGHT_BYTES:
                value = _DOUBLE.unpack_from(data, start)[0]
            elif kind is Scalar.FLOAT and wire_type == _FOUR_BYTES:
                value = _FLOAT.unpack_from(data, start)[0]
            elif kind is Scalar.INT and wire_type == _VARINT:
                value = value if value < 1 << 63 else value - (1 << 64)
            elif kind is Scalar.BOOL and wire_type == _VARINT:
                value = value != 0
            elif field.repeated and kind in _PACKABLE and wire_type == _DELIMITED:
                values[field.name] += self._packed(start, position, message, field)
                continue
            else:
                value = self._text(start, position, wire_type, message, field)
            if field.repeated:
                values[field.name].append(value)
            else:
                values[field.name] = value
        if self._values_left < 0:
            raise ValueError(f"{message.name} is one value too many; expected at most {MAX_VALUES} in all")
        return values

    def _extent(self, position: int, end: int, key: int, message: MessageType) -> tuple[int, int]:
        """First place of a field's content, which is no varint, and the place after it."""
        number, wire_type = key >> 3, key & 7
        size = _SIZES.get(wire_type)
        if wire_type == _DELIMITED:
            size, position = self._varint(position, end, message)
        if size is None:
            raise ValueError(f"{message.name}: field {number} has wire type {wire_type}; expected 0, 1, 2 or 5")
        if size > end - position:
            raise ValueError(f"{message.name} ends early: field {number} has {size} bytes, {end - position} are left")
        return position, position + size

    def _packed(self, position: int, end: int, message: MessageType, field: Field) -> list[Any]:
        """The numbers of a repeated field that is written as one block."""
        self._values_left -= end - position
        if field.kind in (Scalar.DOUBLE, Scalar.FLOAT):
            layout = _DOUBLE if field.kind is Scalar.DOUBLE else _FLOAT
            if (end - position) % layout.size:
                raise ValueError(f"{message.name}.{field.name} is a block of {end - position} bytes; expected numbers")
            return [number for (number,) in layout.iter_unpack(self._data[position:end])]
        numbers = []
        while position < end:
            number, position = self._varint(position, end, message)
            number = number if number < 1 << 63 else number - (1 << 64)
            numbers.append(number != 0 if field.kind is Scalar.BOOL else number)
        return numbers

    def _text(self, start: int, end: int, wire_type: int, message: MessageType, field: Field) -> str:
        if field.kind is not Scalar.TEXT or wire_type != _DELIMITED:
            kind = field.kind.name if isinstance(field.kind, MessageType) else field.kind.value
            raise ValueError(f"{message.name}.{field.name} has wire type {wire_type}; expected that of a {kind}")
        try:
            return self._data[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{message.name}.{field.name} is no text in UTF-8") from error

    def _varint(self, position: int, end: int, message: MessageType) -> tuple[int, int]:
        """An unsigned number of up to 64 bits, and the place after it."""
        value = 0
        for shift in range(0, 7 * _MAX_VARINT_BYTES, 7):
            if position >= end:
                raise ValueError(f"{message.name} ends within a number")
            byte = self._data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte <= 0x7F:
                return value & 0xFFFFFFFFFFFFFFFF, position
        raise ValueError(f"{message.name} has a number of more than {_MAX_VARINT_BYTES} bytes; expected at most that")

"""How much a parquet file says that it holds, from its footer.

The footer is a Thrift record in the compact protocol (Apache Parquet's format, parquet.thrift). It is read here, and
not by pyarrow, whose accessors of a column's metadata end the process on some damaged files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, no_type_check

__all__ = ["Claim", "read_claim"]

_MAGIC = b"PAR1"
_MAX_FOOTER_BYTES = 1 << 24
_MAX_DEPTH = 16

# places of the fields in FileMetaData, RowGroup, ColumnChunk and ColumnMetaData
_ROW_GROUPS, _COLUMNS, _META_DATA = 4, 1, 3
_TYPE, _NUM_VALUES, _UNCOMPRESSED_BYTES = 1, 5, 6
_BYTE_ARRAY = 6

# kinds of values
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET = range(1, 11)
_STRUCT = 12


class Claim(NamedTuple):
    """What a file says that it holds.

    Attributes:
        num_values: the sum over all columns of the number of values, elements of lists included.
        text_bytes: bytes of the largest column of texts, packed as in the file but not compressed: no text is longer.
    """

    num_values: int
    text_bytes: int


def read_claim(path: Path) -> Claim:
    """What a parquet file says that it holds.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no footer as parquet files have, or the footer is damaged.
    """
    try:
        footer = _Compact(_footer(path)).struct(0)
    except IndexError:
        raise ValueError("its footer ends early") from None
    num_values = text_bytes = 0
    for group in _records(footer.get(_ROW_GROUPS)):
        for column in _records(group.get(_COLUMNS)):
            claimed = _record(column.get(_META_DATA))
            count, size = claimed.get(_NUM_VALUES), claimed.get(_UNCOMPRESSED_BYTES)
            if not (isinstance(count, int) and count >= 0 and isinstance(size, int) and size >= 0):
                raise ValueError(f"a column claims {count} values in {size} bytes")
            num_values += count
            if claimed.get(_TYPE) == _BYTE_ARRAY:
                text_bytes = max(text_bytes, size)
    return Claim(num_values=num_values, text_bytes=text_bytes)


def _footer(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 8, 0))
        tail = file.read()
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != _MAGIC or not 0 < length <= min(size - 12, _MAX_FOOTER_BYTES):
            raise ValueError("it does not end as parquet files do")
        file.seek(size - 8 - length)
        return file.read(length)


def _records(value: Any) -> list[dict[int, Any]]:
    if not isinstance(value, list):
        raise ValueError("its footer has no list of row groups and columns")
    return [_record(one) for one in value]


def _record(value: Any) -> dict[int, Any]:
    if not isinstance(value, dict):
        raise ValueError("its footer has no records of row groups and columns")
    return value


@no_type_check  # the tests' check of every call would take ten times as long as the reading
class _Compact:
    """Reads records of the compact protocol; IndexError where the data end early.

    Args:
        data: the records.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def struct(self, depth: int) -> dict[int, Any]:
        """A record as field id -> value: numbers, lists and records; what is of no interest here is None."""
        if depth > _MAX_DEPTH:
            raise ValueError("its footer is nested too deeply")
        fields: dict[int, Any] = {}
        field = 0
        while True:
            header = self._data[self._place]
            self._place += 1
            if header == 0:
                return fields
            field = field + (header >> 4) if header >> 4 else self._integer()
            kind = header & 0x0F
            fields[field] = None if kind in (_TRUE, _FALSE) else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return self._integer()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            header = self._data[self._place]
            self._place += 1
            count = header >> 4 if header >> 4 != 15 else self._count()
            return [self._value(header & 0x0F, depth + 1) for _ in range(count)]
        if kind in (_TRUE, _FALSE, _BYTE):  # in a list flags are bytes
            self._place += 1
        elif kind == _DOUBLE:
            self._place += 8
        elif kind == _BINARY:
            length = self._count()  # which moves the place
            self._place += length
        else:
            raise ValueError(f"its footer has a field of the type {kind}")
        return None

    def _count(self) -> int:
        """A length; whatever is counted takes at least a byte."""
        count = self._varint()
        if count > len(self._data) - self._place:
            raise ValueError("its footer ends early")
        return count

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)  # zigzag

    def _varint(self) -> int:
        data, place, value = self._data, self._place, 0
        for shift in range(0, 70, 7):
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self._place = place
                return value
        raise ValueError("its footer has a number of more than 64 bits")

"""Records of a tfrecord file: each is its length (8 bytes), a checksum of that, its bytes, and a checksum of those."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scene_graph.errors import SceneError
from scene_graph.readers.waymo_motion_crc32c import masked_crc32c

__all__ = ["MAX_RECORD_BYTES", "RecordPlace", "record_bytes", "record_places"]

MAX_RECORD_BYTES = 1 << 26
"""A record that claims to be longer is refused unread."""

_LENGTH, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
_REMEDY = "fetch the file again"


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record lies.

    Attributes:
        path: its file.
        index: its place in the file, from 0.
        start: position of its first byte.
        num_bytes: its length.
    """

    path: Path
    index: int
    start: int
    num_bytes: int

    @property
    def where(self) -> str:
        """What errors call it."""
        return f"{self.path}, record {self.index}"


def record_places(path: Path) -> tuple[list[RecordPlace], str]:
    """The records of a file, and what is wrong after the last of them ("" where nothing is).

    Only the lengths and their checksums are read.

    Raises:
        SceneError: the file cannot be read.
    """
    places: list[RecordPlace] = []
    problem = ""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            position = 0
            while position < size and not problem:
                file.seek(position)
                num_bytes, problem = _length(file, size)
                if not problem:
                    start = position + _LENGTH.size + _CHECKSUM.size
                    places.append(RecordPlace(path, len(places), start, num_bytes))
                    position = start + num_bytes + _CHECKSUM.size
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=path) from error
    if problem:
        problem = f"{path}, record {len(places)}: expected a tfrecord file, but {problem}"
    return places, problem


def record_bytes(place: RecordPlace, *, checked: bool = True) -> bytes:
    """The bytes of a record, whose checksum holds unless it is not `checked`.

    Raises:
        SceneError: they cannot be read, or the checksum does not hold.
    """
    try:
        with place.path.open("rb") as file:
            file.seek(place.start)
            data, checksum = file.read(place.num_bytes), file.read(_CHECKSUM.size)
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=place.where) from error
    if len(data) != place.num_bytes or len(checksum) != _CHECKSUM.size:
        raise SceneError("the file ends within the record", where=place.where, remedy=_REMEDY)
    if checked and masked_crc32c(data) != _CHECKSUM.unpack(checksum)[0]:
        raise SceneError("the checksum of the record's bytes does not hold", where=place.where, remedy=_REMEDY)
    return data


def _length(file: BinaryIO, size: int) -> tuple[int, str]:
    """Length of the record that starts here, and what is wrong with it."""
    header = file.read(_LENGTH.size + _CHECKSUM.size)
    if len(header) < _LENGTH.size + _CHECKSUM.size:
        return 0, "it ends within a record's length"
    if masked_crc32c(header[: _LENGTH.size]) != _CHECKSUM.unpack(header[_LENGTH.size :])[0]:
        return 0, "the checksum of a record's length does not hold"
    num_bytes = _LENGTH.unpack(header[: _LENGTH.size])[0]
    if num_bytes > MAX_RECORD_BYTES:
        return 0, f"a record claims {num_bytes} bytes; expected at most {MAX_RECORD_BYTES}"
    if num_bytes + _CHECKSUM.size > size - file.tell():
        return 0, "it ends within a record"
    return num_bytes, ""

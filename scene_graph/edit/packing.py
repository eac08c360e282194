"""Recordings as the bytes of `.scenario` files, when many share most of their content."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.native import _DOCUMENT, _MAX_MEMBER_BYTES, _MAX_RATIO, _document_text
from scene_graph.native_document import recording_to_document
from scene_graph.recording import Recording

__all__ = ["SharedPacking"]

_REMEMBERED = 64
_ZIP_VERSION = 20
_UNIX = 3
_DATE_1980 = (1 << 5) | 1
_FILE_MODE = 0o644 << 16


class SharedPacking:
    """Packs recordings into the bytes that `scene_graph.native.save_recording` writes; equal arrays are packed once."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Member] = {}

    def packed(self, recording: Recording, content_hash: str) -> bytes:
        """The bytes of a recording's file.

        Args:
            recording: a recording with a valid graph and rig.
            content_hash: the graph's hash.
        """
        names = (column.name for column in fields(ScenarioGraph))
        graph = _HashedGraph(**{name: getattr(recording.graph, name) for name in names}, known_hash=content_hash)
        document, arrays = recording_to_document(replace(recording, graph=graph))
        members = [(_DOCUMENT, _deflated(_document_text(document).encode("utf-8", errors="surrogatepass")))]
        members += [(f"{name}.npy", self._array_member(array)) for name, array in arrays.items()]
        return _archive(members)

    def _array_member(self, array: np.ndarray) -> _Member:
        content = io.BytesIO()
        np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
        digest = hashlib.sha256(content.getbuffer()).digest()
        member = self._known.get(digest)
        if member is None:
            member = _deflated(content.getvalue())
            while len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
            self._known[digest] = member
        return member


class _Member(NamedTuple):
    """The packed content of a member, and what an archive says of it."""

    packed: bytes
    method: int
    crc32: int
    num_bytes: int

    def described(self) -> tuple[int, ...]:
        """Flags, method, time, date, checksum and sizes, in the order of both of its headers."""
        return 0, self.method, 0, _DATE_1980, self.crc32, len(self.packed), self.num_bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _HashedGraph(ScenarioGraph):
    """A scenario whose hash is known."""

    known_hash: str

    def hash(self) -> str:
        return self.known_hash


def _deflated(content: bytes) -> _Member:
    if len(content) > _MAX_MEMBER_BYTES:
        raise SceneError(f"a member has {len(content)} bytes; expected at most 2 GiB", remedy="crop the scenario")
    compressor = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = compressor.compress(content) + compressor.flush()
    # what packs too well is stored: readers take it for a zip bomb (6: what zlib puts around a stream)
    if len(content) > 0.9 * _MAX_RATIO * (len(packed) + 6):
        return _Member(content, zipfile.ZIP_STORED, zlib.crc32(content), len(content))
    return _Member(packed, zipfile.ZIP_DEFLATED, zlib.crc32(content), len(content))


def _archive(members: list[tuple[str, _Member]]) -> bytes:
    """A zip archive (PKWARE, APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16)."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name_text, member in members:
        name = name_text.encode("ascii")
        local = struct.pack("<4s5H3L2H", b"PK\3\4", _ZIP_VERSION, *member.described(), len(name), 0)
        made_by = (_ZIP_VERSION, _UNIX, _ZIP_VERSION, 0)
        found_at = (len(name), 0, 0, 0, 0, _FILE_MODE, offset)
        directory += [struct.pack("<4s4B4H3L5H2L", b"PK\1\2", *made_by, *member.described(), *found_at), name]
        body += [local, name, member.packed]
        offset += len(local) + len(name) + len(member.packed)
    listed = b"".join(directory)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(members), len(members), len(listed), offset, 0)
    return b"".join([*body, listed, end])

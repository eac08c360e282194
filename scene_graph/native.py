"""The native format: a recording without its images in one file.

A `.scenario` file is a zip archive of `scenario.json`, which a person can read, and of the arrays that it refers to
(`scene_graph.native_document`), as .npy members. The same recording gives the same bytes, and it is read back exactly.
"""

from __future__ import annotations

import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from scene_graph.atomic_file import write_file
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.native_document import ARRAYS, FORMAT, VERSION, recording_from_document, recording_to_document
from scene_graph.recording import Recording

__all__ = ["NATIVE_SUFFIX", "read_native", "save_recording"]

NATIVE_SUFFIX = ".scenario"

_DOCUMENT = "scenario.json"
_MAX_MEMBER_BYTES = 2 * 1024**3
_MAX_RATIO = 1000
_DAMAGED = "the file is damaged or incomplete; write or copy it again"
# what zipfile raises for an archive that is not as it should be
_CORRUPT_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)


def save_recording(recording: Recording, path: str | Path) -> None:
    """Writes a recording to one file, all of it or none; its images stay where they are.

    Raises:
        ValueError: the graph or the rig is not valid.
        SceneError: the file cannot be written.
    """
    recording.graph.validate()
    if recording.rig is not None:
        recording.rig.validate()
    document, arrays = recording_to_document(recording)
    members = {_DOCUMENT: _document_text(document).encode("utf-8", errors="surrogatepass")}
    for name, array in arrays.items():
        content = io.BytesIO()
        np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
        members[f"{name}.npy"] = content.getvalue()
    for name, content_bytes in members.items():
        if len(content_bytes) > _MAX_MEMBER_BYTES:
            raise SceneError(f"{name} has {len(content_bytes)} bytes; expected at most 2 GiB", where=path)
    write_file(path, _archive(members))


def read_native(path: str | Path) -> Recording:
    """The recording in a `.scenario` file, without images.

    Raises:
        SceneError: the file cannot be read, is damaged, was changed after it was written, or is of another version.
    """
    where = f"{path} ({_DOCUMENT})"
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            fields = Fields(_parsed(_member(archive, path, _DOCUMENT), where), where)
            _require_version(fields, where)
            arrays = {name: _array(_member(archive, path, f"{name}.npy"), path, name) for name in ARRAYS}
    except SceneError:
        raise
    except OSError as error:
        raise SceneError(f"cannot read: {error.strerror or error}", where=path) from error
    except _CORRUPT_ZIP as error:
        raise SceneError(f"not a readable zip archive ({error})", where=path, remedy=_DAMAGED) from error
    return _checked_recording(fields, arrays, where)


def _checked_recording(fields: Fields, arrays: dict[str, np.ndarray], where: str) -> Recording:
    try:
        recording = recording_from_document(fields, arrays)
        recording.graph.validate()
    except SceneError:
        raise
    except ValueError as error:
        raise SceneError(str(error), where=where, remedy=_DAMAGED) from error
    expected, received = fields.text("hash"), recording.graph.hash()
    if received != expected:
        raise SceneError(
            f"the scenario's hash is {received}, but the file says {expected}",
            where=where,
            remedy="the file was changed after it was written; write it again",
        )
    return recording


def _document_text(document: dict[str, Any]) -> str:
    """The document as JSON text, one record a line."""

    def dumped(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    lines = []
    for key, value in document.items():
        text = dumped(value)
        if isinstance(value, list) and value:
            text = "[\n  " + ",\n  ".join(dumped(record) for record in value) + "\n ]"
        lines.append(f" {dumped(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _archive(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # the same bytes on every system
            info.external_attr = 0o644 << 16
            # what packs too well is stored: readers take it for a zip bomb
            bomb = len(data) > 0.9 * _MAX_RATIO * len(zlib.compress(data))
            info.compress_type = zipfile.ZIP_STORED if bomb else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return content.getvalue()


def _member(archive: zipfile.ZipFile, path: str | Path, name: str) -> bytes:
    where = f"{path} ({name})"
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise SceneError("the member is missing", where=where, remedy=_DAMAGED) from error
    if info.file_size > _MAX_MEMBER_BYTES or info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise SceneError(
            f"the member claims {info.file_size} bytes in {info.compress_size}; "
            f"expected at most 2 GiB and {_MAX_RATIO} times its packed size",
            where=where,
        )
    try:
        return archive.read(info)
    except _CORRUPT_ZIP as error:
        raise SceneError(f"cannot unpack ({error})", where=where, remedy=_DAMAGED) from error


def _parsed(data: bytes, where: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a number of JSON")

    try:
        return json.loads(data.decode("utf-8", errors="surrogatepass"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SceneError(f"not readable as JSON ({error})", where=where, remedy=_DAMAGED) from error


def _require_version(fields: Fields, where: str) -> None:
    if fields.text("format") != FORMAT:
        raise SceneError(f"format is {fields.text('format')!r}; expected {FORMAT!r}", where=where)
    version = fields.integer("version")
    if version > VERSION:
        raise SceneError(
            f"format version {version} is newer than {VERSION}, the one this drivesim reads",
            where=where,
            remedy="install a newer drivesim",
        )
    if version < VERSION:
        raise SceneError(
            f"format version {version} is older than {VERSION}, the one this drivesim reads",
            where=where,
            remedy="convert the scenario again from its source",
        )


def _array(data: bytes, path: str | Path, name: str) -> np.ndarray:
    """The array in a .npy member, read-only; nothing of the size that its header claims is allocated."""
    dtype, row = ARRAYS[name]
    where = f"{path} ({name}.npy)"
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"version {version} of the npy format; expected (1, 0)")
        shape, fortran_order, received = np.lib.format.read_array_header_1_0(stream)
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise SceneError(f"not readable as an array ({error})", where=where, remedy=_DAMAGED) from error
    if received != np.dtype(dtype) or len(shape) != 1 + len(row) or shape[1:] != row or fortran_order:
        raise SceneError(
            f"holds {received} of shape {shape}; expected {np.dtype(dtype)} of shape {('n', *row)}", where=where
        )
    num_bytes = len(data) - stream.tell()
    wanted_bytes = math.prod(shape) * received.itemsize
    if shape[0] < 0 or num_bytes != wanted_bytes:
        raise SceneError(
            f"holds {num_bytes} bytes; expected {wanted_bytes} for shape {shape}", where=where, remedy=_DAMAGED
        )
    return np.frombuffer(data, dtype=dtype, offset=stream.tell()).reshape(shape)

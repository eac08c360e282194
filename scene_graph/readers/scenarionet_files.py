"""Files of ScenarioNet scenes: which there are, and what is in one."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from scene_graph.errors import SceneError
from scene_graph.readers.decoding import parse_json, read_file
from scene_graph.readers.restricted_pickle import parse_pickle

__all__ = ["MAX_SCENE_BYTES", "decode_scene", "is_scene_name", "scene_files"]

MAX_SCENE_BYTES = 1 << 26
"""A file that holds more, compressed or not, is refused: a scene of 20 s has a few million bytes."""

_SUFFIXES = (".json.gz", ".json", ".pkl")
"""Of files that differ in these only, the first is read."""

_PREFIX = "sd_"
_GZIP = 16 + zlib.MAX_WBITS


def scene_files(path: Path) -> dict[str, Path]:
    """Name -> file of each scene of a file, a folder, or the folders in a folder; names are sorted.

    A scene's name is its file's, without the suffix and with the folder before it where that lies in `path`. Files
    that hold a data base's summary are no scenes.
    """
    if path.is_file():
        suffix = _suffix(path.name)
        return {path.name.removesuffix(suffix): path} if suffix else {}
    if not path.is_dir():
        return {}
    files = {}
    for folder in (path, *(child for child in path.iterdir() if child.is_dir())):
        for suffix in reversed(_SUFFIXES):
            for file in folder.glob(f"*{suffix}"):
                if is_scene_name(file.name):
                    files[file.relative_to(path).as_posix().removesuffix(suffix)] = file
    return dict(sorted(files.items()))


def is_scene_name(name: str) -> bool:
    """Whether ScenarioNet calls files of scenes like this: sd_<data set>_<version>_<scene>, or a number."""
    suffix = _suffix(name)
    stem = name.removesuffix(suffix)
    return bool(suffix) and (stem.startswith(_PREFIX) or (suffix == ".pkl" and stem.isdecimal()))


def decode_scene(path: Path) -> Any:
    """The decoded content of a file.

    Raises:
        SceneError: it cannot be read, is larger than a scene, or is no JSON or pickle of plain data.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=path) from error
    if size > MAX_SCENE_BYTES:
        raise _too_large(path)
    data = read_file(path)
    if path.name.endswith(".gz"):
        data = _decompressed(data, path)
    return parse_pickle(data, str(path)) if path.name.endswith(".pkl") else parse_json(data, str(path))


def _decompressed(data: bytes, path: Path) -> bytes:
    decompressor = zlib.decompressobj(_GZIP)
    try:
        content = decompressor.decompress(data, MAX_SCENE_BYTES)
    except zlib.error as error:
        raise SceneError(f"expected a gzip file, but {error}", where=path, remedy="fetch the file again") from error
    if decompressor.unconsumed_tail:
        raise _too_large(path)
    if not decompressor.eof or decompressor.unused_data:
        raise SceneError("the gzip file ends early, or goes on after its end", where=path, remedy="fetch it again")
    return content


def _too_large(path: Path) -> SceneError:
    return SceneError(f"holds more than {MAX_SCENE_BYTES} bytes; expected one scene", where=path)


def _suffix(name: str) -> str:
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")

"""Our own scenario files, and folders of them, as a format like any other."""

from __future__ import annotations

from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.native import NATIVE_SUFFIX, read_native
from scene_graph.readers.reader import Reader
from scene_graph.recording import Recording

__all__ = ["READER"]


def _recognises(path: Path) -> bool:
    return path.suffix == NATIVE_SUFFIX if path.is_file() else any(path.glob(f"*{NATIVE_SUFFIX}"))


def _scenes(path: Path) -> list[str]:
    return [path.stem] if path.is_file() else sorted(file.stem for file in path.glob(f"*{NATIVE_SUFFIX}"))


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    """A native file is whole or refused: there is nothing to skip."""
    if path.is_file():
        return read_native(path)
    if scene is None:
        raise SceneError("several scenarios and none named", where=path, remedy="name one")
    return read_native(path / f"{scene}{NATIVE_SUFFIX}")


READER = Reader(
    name="native",
    looks_like=f"a file NAME{NATIVE_SUFFIX}, or a folder of them",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

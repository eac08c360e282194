"""Files that appear under their name only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scene_graph.errors import SceneError

__all__ = ["atomic_path", "partial_path", "write_file", "write_text"]


def partial_path(path: Path) -> Path:
    """The temporary name beside `path` that its content is written to."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path; what was written there gets the name `path` at the end, or is removed on any failure.

    Raises:
        OSError: the disk is full or the folder cannot be written; its `filename` is `path`.
    """
    partial = partial_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except BaseException:  # Ctrl-C too must leave no half-written file
        partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8 to `path`, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_file(path: str | Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all.

    Raises:
        SceneError: the system refuses (no room, no permission).
    """
    path = Path(path)
    try:
        with atomic_path(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise SceneError(
            f"cannot write: {error.strerror or error}",
            where=path,
            remedy=f"choose a folder that exists, may be written and has {len(content) / 1e6:.1f} MB of room",
        ) from error

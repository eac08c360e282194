"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from scene_graph.errors import SceneError

__all__ = ["write_file"]


def write_file(path: str | Path, content: bytes) -> None:
    """Writes a file under a temporary name in its folder, then renames it; on any failure nothing is left behind.

    Raises:
        SceneError: the system refuses (no room, no folder, no permission).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:  # Ctrl-C too must leave no half-written file
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SceneError(
            f"cannot write: {error.strerror or error}",
            where=path,
            remedy=f"choose a folder that exists, may be written and has {len(content) / 1e6:.1f} MB of room",
        ) from error

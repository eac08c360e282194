"""Folders whose new files appear together or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scene_graph.errors import SceneError

__all__ = ["refuse_taken", "safe_name", "staged_folder"]

_MAX_NAME = 100


def safe_name(text: str) -> str:
    """The text as a part of file names: letters that every system and loader takes, at least one, at most 100."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:_MAX_NAME] or "scenario"


def refuse_taken(root: Path, taken: Iterable[Path], what: str) -> None:
    """Raises SceneError where one of the paths `taken` exists: `root` already holds `what`."""
    for path in taken:
        if path.exists():
            problem = f"already holds {what} ({path.name})"
            raise SceneError(problem, where=root, remedy="choose another folder, or remove what is there")


@contextmanager
def staged_folder(root: Path) -> Iterator[Path]:
    """Yields an empty folder; what was written there is in `root` at the end, or nowhere on any failure.

    Where `root` does not exist, one rename makes it. Where it does, each file is renamed into it, and those already
    there are taken out again if one cannot be.

    Raises:
        SceneError: the system refuses, or `root` holds a file of one of the names.
    """
    root = root.resolve()
    staging = root.parent / f".{root.name}.{os.getpid()}.partial"
    try:
        try:
            staging.mkdir(parents=True)
            yield staging
            if root.exists():
                _move_into(root, staging)
            else:
                staging.rename(root)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise SceneError(
            f"cannot write: {error.strerror or error}",
            where=root,
            remedy="choose a folder that may be written and has room",
        ) from error


def _move_into(root: Path, staging: Path) -> None:
    moved: list[Path] = []
    try:
        for file in sorted(path for path in staging.rglob("*") if path.is_file()):
            target = root / file.relative_to(staging)
            if target.exists():
                raise SceneError("is already there", where=target, remedy="choose another folder, or remove it")
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
            moved.append(target)
    except BaseException:  # Ctrl-C too must leave no half clip
        for target in moved:
            target.unlink(missing_ok=True)
        raise

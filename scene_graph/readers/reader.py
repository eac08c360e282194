"""What a reader of one format offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from scene_graph.recording import Recording

__all__ = ["ReadScene", "Reader"]


@runtime_checkable
class ReadScene(Protocol):
    """Reads one scene of a path that its reader recognises."""

    def __call__(self, path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
        """The recording of `scene` (None: the path holds only one).

        Raises:
            SceneError: the source is damaged, or holds a bad record and `skip_bad_records` is False.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One format.

    Attributes:
        name: what `--format` calls it.
        looks_like: how its files lie on disk, one phrase.
        recognises: whether an existing path holds this format; opens no file.
        scenes: names of the scenes of a recognised path, sorted.
        read: reads one of them.
    """

    name: str
    looks_like: str
    recognises: Callable[[Path], bool]
    scenes: Callable[[Path], list[str]]
    read: ReadScene

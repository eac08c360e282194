"""What a writer of one format offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from scene_graph.recording import Recording

__all__ = ["MAX_LENS_ERROR_PX", "LeftOut", "WriteRecording", "WriteReport", "Writer"]

MAX_LENS_ERROR_PX = 0.05
"""How far pixels may move, by default, where a format has no such lens and takes the nearest that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """What became of a recording.

    Attributes:
        path: the file or folder that was written to.
        written: what it holds, as name -> count.
        left_out: what the format does not keep, or keeps in another form, one sentence each.
    """

    path: str
    written: Mapping[str, int]
    left_out: tuple[str, ...]


@runtime_checkable
class WriteRecording(Protocol):
    """Writes one recording."""

    def __call__(
        self, recording: Recording, path: str | Path, *, max_lens_error_px: float = MAX_LENS_ERROR_PX
    ) -> WriteReport:
        """Writes a recording, all of it or nothing.

        Args:
            recording: what to write; its images stay where they are.
            path: the file or folder to write to.
            max_lens_error_px: how far pixels may move where the format has no such lens and takes the nearest that
                it has.

        Raises:
            ValueError: the recording is not valid.
            SceneError: the format cannot hold it, the place is taken, or it cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """One format.

    Attributes:
        name: what `--to` calls it.
        write: writes a recording.
        holds: what it writes, one phrase.
    """

    name: str
    write: WriteRecording
    holds: str


class LeftOut:
    """Collects what a format does not keep.

    Attributes:
        counts: sentence, with {} where the count belongs -> count.
    """

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, sentence: str, count: int = 1) -> None:
        """Notes that this happened `count` times more."""
        if count:
            self.counts[sentence] += count

    def sentences(self) -> tuple[str, ...]:
        """What was noted, in the order in which it first was."""
        return tuple(sentence.replace("{}", str(count)) for sentence, count in self.counts.items())

"""Bad records of a source: an error at the first, or skipped and listed where the caller asked for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scene_graph.errors import SceneError

__all__ = ["Records"]


class Records:
    """Decides what happens to a bad record, and remembers those that were skipped.

    Attributes:
        skip: whether bad records are skipped.
        skipped: one sentence for each skipped record.
    """

    __slots__ = ("skip", "skipped")

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.skipped: list[str] = []

    @contextmanager
    def checking(self, where: str) -> Iterator[None]:
        """A block that reads one record; a ValueError in it means that the record is bad.

        Raises:
            SceneError: the record is bad and bad records are not skipped.
        """
        try:
            yield
        except ValueError as error:
            self.bad(error.problem if isinstance(error, SceneError) else str(error), where)

    def bad(self, problem: str, where: str) -> None:
        """Notes a bad record.

        Raises:
            SceneError: bad records are not skipped.
        """
        if not self.skip:
            raise SceneError(problem, where=where, remedy="repair the record, or ask for bad records to be skipped")
        self.skipped.append(f"{where}: {problem}")

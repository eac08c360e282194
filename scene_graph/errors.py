"""The error that a user's input can cause."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SceneError"]


class SceneError(ValueError):
    """Bad input from outside: one line that says what, where, and the remedy.

    Args:
        problem: what was expected and what was received.
        where: file (with member, row or record) the problem was found in.
        remedy: what the user can do about it.
    """

    def __init__(self, problem: str, *, where: str | Path | None = None, remedy: str | None = None) -> None:
        self.problem = problem
        self.where = None if where is None else str(where)
        self.remedy = remedy
        location = "" if where is None else f"{where}: "
        advice = "" if remedy is None else f"; {remedy}"
        super().__init__(" ".join(f"{location}{problem}{advice}".split()))

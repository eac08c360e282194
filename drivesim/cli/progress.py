"""Progress on long work: a bar on a terminal, plain lines in a pipe; always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Report", "show_progress"]

Report = Callable[[str, int, int], None]
"""Takes a stage such as "drawing frames", how much of it is done, and how much there is."""

_PART_EACH = 0.1  # after this part of a stage a pipe gets another line
_SECONDS_EACH = 2.0  # and no sooner than this


@contextmanager
def show_progress() -> Iterator[Report]:
    """Yields a function that shows what it is told until the block ends."""
    if sys.stderr.isatty():
        with _bars() as report:
            yield report
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report


def _lines() -> Report:
    shown: dict[str, tuple[float, float]] = {}

    def report(stage: str, done: int, total: int) -> None:
        part, now_s = done / max(total, 1), time.monotonic()
        shown_part, shown_s = shown.setdefault(stage, (0.0, now_s))
        if part - shown_part >= _PART_EACH and now_s - shown_s >= _SECONDS_EACH and done < total:
            shown[stage] = (part, now_s)
            print(f"{stage}: {done} of {total} ({part:.0%})", file=sys.stderr, flush=True)

    return report

"""`drivesim demo`: control videos of the bundled scenario and a page that shows them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from drivesim.cli import options

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "demo",
        help="draw the bundled scenario and make a page that shows it",
        description="Draw the bundled scenario into DIR: a lossless mp4 a camera, a manifest, and the page index.html, "
        "which opens offline.",
    )
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="folder (default: demo)")
    parser.add_argument(
        "--style", default="world_scenario", metavar="NAME|PATH", help="how it looks (default: world_scenario)"
    )
    parser.add_argument("--jobs", type=options.positive_int, metavar="N", help="threads (default: one a core)")
    parser.add_argument("--overwrite", action="store_true", help="replace another render that DIR holds")
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Makes the demo; prints where the page is."""
    from drivesim.cli.progress import show_progress
    from drivesim.demo import run_demo

    with show_progress() as report:
        page = run_demo(args.out, style=args.style, overwrite=args.overwrite, jobs=args.jobs, report=report)
    print(f"{page.resolve()}: open it in a browser")
    return 0

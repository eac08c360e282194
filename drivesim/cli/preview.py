"""`drivesim preview`: pictures of a recording, and a page to look around in it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from drivesim.cli import options

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "preview",
        help="pictures of a recording: from above, over its images, and a page",
        description="Write DIR/topdown.png, an overlay_CAMERA.png for each camera with an image near the time (or "
        "views.png, the control views, where none has one), and viewer.html, which opens offline in a browser.",
    )
    options.add_scene(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the pictures")
    parser.add_argument(
        "--time-s", type=options.number, metavar="S", help="seconds after the first frame (default: the middle frame)"
    )
    parser.add_argument(
        "--radius-m", type=options.positive_number, metavar="M", help="metres around the ego (default: its whole path)"
    )
    parser.add_argument(
        "--size", type=options.image_size, default=(1600, 1000), metavar="WxH", help="top-down pixels (1600x1000)"
    )
    parser.add_argument("--video", action="store_true", help="also DIR/topdown.mp4, every frame from above")
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draws; prints the files."""
    from drivesim.cli.progress import show_progress
    from drivesim.preview import write_preview_pictures

    recording = options.read_scene(args)
    with show_progress() as report:
        written = write_preview_pictures(
            recording,
            args.out,
            time_s=args.time_s,
            radius_m=args.radius_m,
            size=args.size,
            video=args.video,
            report=report,
        )
    for path in written:
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0

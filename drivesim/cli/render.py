"""`drivesim render`: control videos of a recording, one file a camera, with a manifest."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from drivesim.cli import options

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "render",
        help="draw control videos of a recording",
        description="Draw each camera's control video into DIR/<camera>.mp4 (lossless), with DIR/manifest.json. "
        "A stopped run is continued by the same command.",
    )
    options.add_scene(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the videos")
    parser.add_argument("--cameras", type=options.names, metavar="A,B", help="which cameras (default: all)")
    parser.add_argument("--rig", metavar="NAME|PATH", help="see the world through this rig (default: the recording's)")
    parser.add_argument(
        "--style", default="world_scenario", metavar="NAME|PATH", help="how it looks (default: world_scenario)"
    )
    parser.add_argument("--size", type=options.image_size, metavar="WxH", help="pixels (default: each camera's own)")
    parser.add_argument(
        "--start-s", type=options.number, default=0.0, metavar="S", help="seconds after the first frame"
    )
    parser.add_argument(
        "--duration-s", type=options.positive_number, metavar="S", help="seconds to draw (default: all that is left)"
    )
    parser.add_argument("--fps", type=options.positive_number, metavar="N", help="frames a second (default: own times)")
    parser.add_argument("--jobs", type=options.positive_int, metavar="N", help="threads (default: one a core)")
    parser.add_argument("--overwrite", action="store_true", help="replace another render that DIR holds")
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draws; prints where the videos are."""
    from drivesim.cli.progress import show_progress
    from drivesim.frame_times import choose_timestamps
    from drivesim.render_job import render_to_files

    started_s = time.monotonic()
    recording = options.read_scene(args)
    if args.rig is not None:
        from scene_graph.cameras.rig_yaml import load_rig

        recording = replace(recording, rig=load_rig(args.rig))
    times_us = choose_timestamps(recording, start_s=args.start_s, duration_s=args.duration_s, frame_rate_hz=args.fps)
    with show_progress() as report:
        manifest = render_to_files(
            recording,
            args.out,
            style=args.style,
            cameras=args.cameras,
            size=args.size,
            timestamps_us=times_us,
            jobs=args.jobs,
            overwrite=args.overwrite,
            report=partial(report, "drawing frames"),
        )
    count = len(manifest.cameras)
    print(
        f"{args.out}: {count} camera{'s' if count != 1 else ''}, {len(times_us)} frames each, "
        f"style {manifest.style}, {time.monotonic() - started_s:.1f} s"
    )
    return 0

"""`drivesim convert`: a recording in another format."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivesim.cli import options

__all__ = ["add_parser", "run"]

_NATIVE, _NATIVE_SUFFIX = "native", ".scenario"


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "convert",
        help="write a recording in another format",
        description="Write a recording to OUT in another format, all of it or nothing, and tell what that format does "
        "not keep. An OUT that ends in .scenario is a file of the native format, which keeps everything but images.",
    )
    options.add_scene(parser)
    parser.add_argument("out", metavar="OUT", type=Path, help="file or folder to write; a folder may hold other scenes")
    parser.add_argument(
        "--to",
        metavar="NAME",
        help="format to write, such as native, rds_hq or clipgt (default: native for .scenario)",
    )
    parser.add_argument("--rig", metavar="NAME|PATH", help="cameras to write (default: the recording's)")
    parser.add_argument(
        "--max-lens-error-px",
        type=options.positive_number,
        metavar="PX",
        help="how far pixels may move where the format takes the nearest lens that it has (default: 0.05)",
    )
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Converts; prints what was written and what was left out."""
    from scene_graph.errors import SceneError
    from scene_graph.writers import MAX_LENS_ERROR_PX, write_recording, writers

    format = args.to or (_NATIVE if args.out.suffix == _NATIVE_SUFFIX else None)
    if format is None:
        known = ", ".join(writer.name for writer in writers())
        raise SceneError("no format to write is given", remedy=f"name one of {known} with --to NAME")
    recording = options.read_scene(args)
    if args.rig is not None:
        from scene_graph.cameras.rig_yaml import load_rig

        recording = replace(recording, rig=load_rig(args.rig))
    error_px = MAX_LENS_ERROR_PX if args.max_lens_error_px is None else args.max_lens_error_px
    report = write_recording(recording, args.out, format=format, max_lens_error_px=error_px)
    counts = ", ".join(f"{count} {name}" for name, count in report.written.items() if count)
    print(f"{report.path}: {format}, {counts}")
    for sentence in recording.source.skipped:
        print(f"skipped: {_printable(sentence)}")
    for sentence in report.left_out:
        print(f"left out: {_printable(sentence)}")
    return 0


def _printable(text: str) -> str:
    """A source's own words without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)

"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scene_graph.recording import Recording

__all__ = [
    "add_debug",
    "add_json",
    "add_scene",
    "add_seed",
    "image_size",
    "names",
    "number",
    "positive_int",
    "positive_number",
    "read_scene",
]


def add_debug(parser: argparse.ArgumentParser, *, default: object = argparse.SUPPRESS) -> None:
    """Adds `--debug`; a command's parser suppresses the default, so that `drivesim --debug COMMAND` holds."""
    parser.add_argument("--debug", action="store_true", default=default, help="show the traceback of a failure")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds `--json`: one object on standard output, its keys named by units."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Adds `--seed`."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything random (default: 0)")


def add_scene(parser: argparse.ArgumentParser) -> None:
    """Adds SCENE and how to read it; `read_scene` reads it."""
    parser.add_argument("scene_path", metavar="SCENE", type=Path, help="file or folder of a recording")
    parser.add_argument("--format", metavar="NAME", help="its format (default: recognised)")
    parser.add_argument("--scene", metavar="NAME", help="which scene, where SCENE holds several")
    parser.add_argument(
        "--skip-bad-records", action="store_true", help="leave out damaged records, and list them, instead of stopping"
    )


def read_scene(args: argparse.Namespace) -> Recording:
    """The recording that the options of `add_scene` name."""
    from scene_graph.readers import read_recording

    return read_recording(args.scene_path, format=args.format, scene=args.scene, skip_bad_records=args.skip_bad_records)


def image_size(text: str) -> tuple[int, int]:
    """(width, height) in pixels of "1280x720"."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT such as 1280x720, received {text!r}")
    return int(width), int(height)


def names(text: str) -> tuple[str, ...]:
    """The parts of "a,b"."""
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts) or len(set(parts)) != len(parts):
        raise argparse.ArgumentTypeError(f"expected different names separated by commas, received {text!r}")
    return parts


def positive_int(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, received {text!r}")
    return int(text)


def number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, received {text!r}")
    return value


def positive_number(text: str) -> float:
    """A finite number above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, received {text!r}")
    return value

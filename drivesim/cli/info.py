"""`drivesim info`: what a recording holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from drivesim.cli import options

__all__ = ["add_parser", "run"]


class Section(NamedTuple):
    """A titled table; `columns` are its headings, none for a list of names and values."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "info",
        help="what a recording holds",
        description="Tell what a recording holds: its span, the ego's motion, map, actors, lights, cameras, images, "
        "and what was derived, absent or skipped.",
    )
    options.add_scene(parser)
    options.add_json(parser)
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the summary: tables on a terminal, plain lines in a pipe, or JSON."""
    from drivesim.recording_summary import summarise

    summary = summarise(options.read_scene(args))
    if args.json:
        print(json.dumps(summary, indent=2))
    elif sys.stdout.isatty():
        _print_tables(_sections(summary))
    else:
        _print_lines(_sections(summary))
    return 0


def _sections(summary: dict[str, Any]) -> list[Section]:
    sections = [
        Section("scenario", (), _scenario(summary)),
        Section("map", ("kind", "count", "extent"), [_element(*item) for item in summary["elements"].items()]),
        Section("actors", (), _counts(summary["actors"])),
        Section("signals", (), [("tracks", str(summary["signals"]["count"])), *_counts(summary["signals"]["states"])]),
        Section("relations", (), _counts(summary["relations"])),
        Section(
            "cameras",
            ("name", "model", "size px", "fov deg", "x, y, z m", "yaw deg", "images"),
            [_camera(record) for record in summary["cameras"] or ()],
        ),
        Section("found", (), [(name, str(text)) for name, text in summary["source"]["present"].items()]),
        *(
            Section(name, (), [("", str(text)) for text in summary["source"][name]])
            for name in ("derived", "absent", "skipped")
        ),
    ]
    return [section for section in sections if section.rows]


def _scenario(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    source, ego, frames, environment = (summary[key] for key in ("source", "ego", "frames", "environment"))
    rate = "" if frames["rate_hz"] is None else f" at {frames['rate_hz']:.4g} Hz"
    speeds = f"mean {ego['mean_speed_mps']:.1f} m/s, at most {ego['max_speed_mps']:.1f} m/s"
    rows: list[tuple[str, ...]] = [
        ("id", summary["scenario_id"]),
        ("source", f"{source['format']}, {source['path']}"),
        ("hash", summary["graph_hash"]),
        ("span", f"{summary['duration_s']:.2f} s, from {summary['start_us']} us to {summary['end_us']} us"),
        ("frames", f"{frames['count']}{rate}"),
        ("ego", f"{ego['num_poses']} poses, {ego['distance_m']:.1f} m, {speeds}"),
        ("weather", f"{environment['weather']}, {environment['time_of_day']}"),
    ]
    if environment["prompt"]:
        rows.append(("prompt", environment["prompt"]))
    return rows


def _element(kind: str, record: dict[str, Any]) -> tuple[str, ...]:
    extent = ""
    if "length_m" in record:
        extent = f"{record['length_m']:.0f} m"
    elif "area_m2" in record:
        extent = f"{record['area_m2']:.0f} m2"
    return kind, str(record["count"]), extent


def _counts(counts: dict[str, int]) -> list[tuple[str, ...]]:
    return [(name, str(count)) for name, count in counts.items()]


def _camera(record: dict[str, Any]) -> tuple[str, ...]:
    return (
        record["name"],
        record["model"],
        f"{record['width_px']}x{record['height_px']}",
        f"{record['horizontal_fov_deg']:.1f}",
        ", ".join(f"{value:.2f}" for value in record["position_ego_m"]),
        f"{record['yaw_deg']:.1f}",
        str(record["num_images"] or "none"),
    )


def _print_lines(sections: Iterable[Section]) -> None:
    """One line a row: section, then the fields, tab-separated."""
    for section in sections:
        for row in section.rows:
            print("\t".join((section.title, *(_printable(text) for text in row if text))))


def _print_tables(sections: Iterable[Section]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for section in sections:
        table = Table(title=section.title, title_justify="left", show_header=bool(section.columns), box=None)
        num_columns = max(len(row) for row in section.rows)
        for heading in section.columns or ("",) * num_columns:
            table.add_column(heading, overflow="fold")
        for row in section.rows:
            table.add_row(*(Text(_printable(text)) for text in row))
        console.print(table)
        console.print()


def _printable(text: str) -> str:
    """A source's own words without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)

"""A page that shows videos and tables: one HTML file that holds everything and opens offline."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from scene_graph.atomic_file import write_text

__all__ = ["PageVideo", "write_page"]

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVideo:
    """One video of a page.

    Attributes:
        title, caption: what it shows.
        path: an mp4 file that browsers play (`drivesim.video_io.PREVIEW`).
    """

    title: str
    caption: str
    path: Path


def write_page(
    path: Path,
    *,
    title: str,
    introduction: str,
    videos: Iterable[PageVideo],
    colours: Mapping[str, tuple[Rgb, ...]],
    tables: Mapping[str, Mapping[str, str]],
) -> None:
    """Writes the page.

    Args:
        path: the HTML file.
        title, introduction: plain text.
        videos: played together, in this order.
        colours: what is drawn -> its RGB colour, or the colours that it runs through.
        tables: heading -> (name -> value).
    """
    template = Template((files("drivesim") / "assets" / "page.html").read_text("utf-8"))
    page = template.substitute(
        title=escape(title),
        introduction=escape(introduction),
        videos="\n".join(_figure(video) for video in videos),
        colours="\n".join(_colour(name, run) for name, run in colours.items()),
        tables="\n".join(_table(heading, rows) for heading, rows in tables.items()),
    )
    write_text(path, page)


def _figure(video: PageVideo) -> str:
    content = base64.b64encode(video.path.read_bytes()).decode("ascii")
    return (
        f'<figure><video muted playsinline preload="auto" aria-label="{escape(video.title)}" '
        f'src="data:video/mp4;base64,{content}"></video>'
        f"<figcaption><b>{escape(video.title)}</b> {escape(video.caption)}</figcaption></figure>"
    )


def _colour(name: str, run: tuple[Rgb, ...]) -> str:
    stops = ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in (run if len(run) > 1 else run * 2))
    return f'<li><span style="background: linear-gradient(to right, {stops})"></span>{escape(name)}</li>'


def _table(heading: str, rows: Mapping[str, str]) -> str:
    lines = "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    return f"<h2>{escape(heading)}</h2>\n<table>\n{lines}\n</table>"

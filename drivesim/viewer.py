"""The viewer: one HTML file that holds a recording and shows it from above, offline."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from drivesim.viewer_data import viewer_data
from scene_graph.atomic_file import write_text
from scene_graph.recording import Recording
from scene_graph.render.style import load_style

__all__ = ["viewer_page", "write_viewer"]


def write_viewer(recording: Recording, path: Path) -> None:
    """Writes the page; it loads nothing from elsewhere.

    After `#` its address takes `t=SECONDS` and `id=ELEMENT`: the time it shows and what is selected.
    """
    write_text(path, viewer_page(recording))


def viewer_page(recording: Recording) -> str:
    """The page's HTML."""
    data = viewer_data(recording, load_style("topdown"))
    return Template(_asset("viewer.html")).substitute(
        title=escape(f"{recording.graph.scenario_id} - drivesim"),
        leaflet_license=_asset("leaflet_license.txt"),
        leaflet_css=_asset("leaflet.css"),
        leaflet_script=_asset("leaflet.js"),
        viewer_script=_asset("viewer.js"),
        data=_json_for_html(data),
    )


def _json_for_html(data: dict[str, Any]) -> str:
    """JSON in which no text can end the page's script element."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (files("drivesim") / "assets" / name).read_text("utf-8")

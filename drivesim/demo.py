"""The demonstration: the bundled scenario drawn into control videos, and a page that shows them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from drivesim.html_page import PageVideo, write_page
from drivesim.manifest import Manifest
from drivesim.preview_video import write_preview
from drivesim.recording_summary import summarise
from drivesim.render_job import render_to_files
from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind
from scene_graph.native import read_native
from scene_graph.recording import Recording
from scene_graph.render.style import Rgb, Style, load_style
from scene_graph.signals import SignalState

__all__ = ["bundled_recording", "run_demo"]


def bundled_recording() -> Recording:
    """The scenario that comes with the package (made by `scene_graph.example`)."""
    with as_file(files("drivesim") / "assets" / "street.scenario") as path:
        return read_native(path)


def run_demo(
    out: Path,
    *,
    style: str = "world_scenario",
    overwrite: bool = False,
    jobs: int | None = None,
    report: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Path:
    """Draws the bundled scenario into `out`: a lossless mp4 a camera, a manifest, and the page `index.html`.

    Args:
        out: the folder, made if absent; a run that was stopped there is continued.
        style: name or path of a style.
        overwrite: replace another render that `out` holds.
        jobs: threads; the number of cores by default.
        report: called with (stage, done, total).

    Returns:
        The path of the page.
    """
    recording = bundled_recording()
    chosen = load_style(style)
    started_s, num_drawn = time.perf_counter(), 0

    def frame_drawn(done: int, total: int) -> None:
        nonlocal num_drawn
        num_drawn += 1
        report("drawing frames", done, total)

    manifest = render_to_files(recording, out, style=chosen, jobs=jobs, overwrite=overwrite, report=frame_drawn)
    drawing = f"{num_drawn} frames in {time.perf_counter() - started_s:.1f} s on {os.cpu_count()} cores"
    page = out / "index.html"
    summary = summarise(recording)
    with tempfile.TemporaryDirectory() as folder:
        previews = _previews(manifest, out, Path(folder), jobs or os.cpu_count() or 1, report)
        write_page(
            page,
            title="drivesim demo",
            introduction=f"A made-up street of {summary['duration_s']:g} seconds, described as a scenario graph and "
            f"drawn into the {len(manifest.cameras)} cameras of a car. The files beside this page hold the same "
            "pictures without loss.",
            videos=[
                PageVideo(title=camera["name"], caption=_caption(camera), path=previews[camera["name"]])
                for camera in summary["cameras"]
            ],
            colours=_colours(chosen, recording),
            tables=_tables(summary, manifest, drawing),
        )
    return page


def _previews(
    manifest: Manifest, out: Path, folder: Path, jobs: int, report: Callable[[str, int, int], None]
) -> dict[str, Path]:
    previews = {camera: folder / f"{camera}.mp4" for camera in manifest.cameras}
    with ThreadPoolExecutor(jobs) as pool:
        running = [
            pool.submit(write_preview, out / manifest.videos[camera].file, previews[camera]) for camera in previews
        ]
        try:
            for done, preview in enumerate(running, start=1):
                preview.result()
                report("making previews", done, len(running))
        finally:
            pool.shutdown(cancel_futures=True)
    return previews


def _caption(camera: dict[str, Any]) -> str:
    return f"{camera['model']}, {camera['horizontal_fov_deg']:.0f} degrees wide"


def _colours(style: Style, recording: Recording) -> dict[str, tuple[Rgb, ...]]:
    """Names and colours of what the style draws of this recording; an actor's run from its front to its back."""
    graph = recording.graph
    colours: dict[str, tuple[Rgb, ...]] = {}
    for line in graph.elements_of(ElementKind.LANE_LINE) if ElementKind.LANE_LINE in style.layers else ():
        if line.mark is not None:
            colours[f"{line.mark.colour.value} lane line"] = (style.mark_of(line).rgb,)
    for kind, layer in style.layers.items():
        if layer.rgb is not None and graph.elements_of(kind):
            colours[_words(kind)] = (layer.rgb,)
    for state in SignalState:
        if any(state in signal.states for signal in graph.signals):
            colours[f"{state.value} light"] = (style.signals[state],)
    for category in ActorCategory:
        if any(actor.category is category for actor in graph.actors):
            colours[_words(category)] = style.boxes.rgb[category]
    return colours


def _tables(summary: dict[str, Any], manifest: Manifest, drawing: str) -> dict[str, dict[str, str]]:
    elements = (f"{_words(kind)} {record['count']}" for kind, record in summary["elements"].items())
    actors = (f"{_words(category)} {count}" for category, count in summary["actors"].items())
    return {
        "Scenario": {
            "name": summary["scenario_id"],
            "graph hash": summary["graph_hash"],
            "span": f"{summary['duration_s']:g} s, {summary['frames']['count']} frames",
            "ego": f"{summary['ego']['distance_m']:.0f} m at {summary['ego']['mean_speed_mps']:.1f} m/s on average",
            "map": ", ".join(elements),
            "actors": ", ".join(actors),
            "relations": ", ".join(f"{_words(kind)} {count}" for kind, count in summary["relations"].items()),
        },
        "This run": {
            "drivesim": manifest.drivesim_version,
            "style": f"{manifest.style} ({manifest.style_hash[:12]})",
            "drawn": drawing,
        },
        "Files": {
            video.file: f"{video.width_px}x{video.height_px}, {video.num_frames} frames, {video.num_bytes / 1e6:.1f} MB"
            for video in manifest.videos.values()
        },
    }


def _words(name: str | ElementKind | ActorCategory) -> str:
    return str(getattr(name, "value", name)).replace("_", " ")

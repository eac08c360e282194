"""How fast control frames are drawn, stage by stage, beside OpenCV painters of the same things."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from scene_graph.cameras.rig import CameraRig
from scene_graph.graph import ScenarioGraph
from scene_graph.render.control import ControlRenderer
from scene_graph.render.painter import ScenePainter, paint_primitives
from scene_graph.render.style import Style

__all__ = ["CameraTiming", "benchmark_camera"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTiming:
    """Medians over frames of one thread's CPU time, milliseconds a frame.

    Attributes:
        camera: its name.
        model: its lens.
        primitives: screen primitives in the median frame.
        scene_ms: the scene of the instant: poses, boxes, lights.
        setup_ms: projection, clipping, subdivision.
        sort_ms: sorting into bands.
        raster_ms: depth test, shading, averaging, output.
        total_ms: median of the frames' sums of these four (not the sum of the medians).
        fastest_ms: the fastest frame's sum.
        encode_ms: lossless video encoding of the frame.
        painter_ms: an OpenCV painter of the same lines and areas in space (`painter.ScenePainter`).
        painter_ratio: median over frames of painter_ms / (setup_ms + sort_ms + raster_ms).
        flat_painter_ms: OpenCV drawing our own screen primitives, found by our setup, in one colour and width each.
        flat_painter_ratio: median over frames of flat_painter_ms / raster_ms.
    """

    camera: str
    model: str
    primitives: int
    scene_ms: float
    setup_ms: float
    sort_ms: float
    raster_ms: float
    total_ms: float
    fastest_ms: float
    encode_ms: float
    painter_ms: float
    painter_ratio: float
    flat_painter_ms: float
    flat_painter_ratio: float


def benchmark_camera(
    graph: ScenarioGraph,
    rig: CameraRig,
    view: int,
    style: Style,
    timestamps_us: Sequence[int],
    encode: Callable[[UInt8[np.ndarray, "h w 3"], int], None],
) -> CameraTiming:
    """Draws frames of one camera and times each stage by the CPU clock of this thread.

    First all frames are drawn, as in production; then each is encoded, and painted by OpenCV on one thread.

    Args:
        graph, rig, style: what is drawn; the camera has its final size.
        view: the camera's index.
        timestamps_us: the frames; the first is drawn once more beforehand, to compile.
        encode: takes a drawn frame and its timestamp, which increase.
    """
    renderer = ControlRenderer(graph, rig, style)
    renderer.draw(view, int(timestamps_us[0]))
    drawn = np.array([_time_drawing(renderer, view, int(time_us)) for time_us in timestamps_us])
    baselines = _time_baselines(renderer, view, timestamps_us, encode)
    counts, scene, setup, sort, raster = drawn.T
    encoding, painting, flat_painting = baselines.T
    total = scene + setup + sort + raster
    return CameraTiming(
        camera=rig.names[view],
        model=type(rig.cameras[view]).__name__,
        primitives=int(np.median(counts)),
        scene_ms=float(np.median(scene)),
        setup_ms=float(np.median(setup)),
        sort_ms=float(np.median(sort)),
        raster_ms=float(np.median(raster)),
        total_ms=float(np.median(total)),
        fastest_ms=float(total.min()),
        encode_ms=float(np.median(encoding)),
        painter_ms=float(np.median(painting)),
        painter_ratio=float(np.median(painting / (setup + sort + raster))),
        flat_painter_ms=float(np.median(flat_painting)),
        flat_painter_ratio=float(np.median(flat_painting / raster)),
    )


def _time_drawing(renderer: ControlRenderer, view: int, time_us: int) -> list[float]:
    """Number of primitives of one frame, and the milliseconds of scene, setup, sort and raster."""
    rasteriser = renderer.rasteriser()
    camera = renderer.rig.cameras[view]
    image = np.empty((camera.height_px, camera.width_px, 3), dtype=np.uint8)
    clock = [time.thread_time()]
    camera_from_world = renderer.camera_from_world(view, time_us)
    layers = renderer.layers_at(view, time_us, camera_from_world)
    clock.append(time.thread_time())
    count = rasteriser.set_up(renderer.lens(view), renderer.shading(view), camera_from_world, layers)
    clock.append(time.thread_time())
    rasteriser.sort(count, camera.height_px)
    clock.append(time.thread_time())
    rasteriser.fill(image)
    clock.append(time.thread_time())
    return [float(count), *(np.diff(clock) * 1e3)]


def _time_baselines(
    renderer: ControlRenderer,
    view: int,
    timestamps_us: Sequence[int],
    encode: Callable[[UInt8[np.ndarray, "h w 3"], int], None],
) -> np.ndarray:
    """Milliseconds of encoding, of painting the scene and of painting our primitives, a row a frame."""
    camera = renderer.rig.cameras[view]
    rasteriser = renderer.rasteriser()
    painted = np.empty((camera.height_px, camera.width_px, 3), dtype=np.uint8)
    painter = ScenePainter(renderer.static_layers)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rows = []
    for time_us in timestamps_us:
        camera_from_world = renderer.camera_from_world(view, int(time_us))
        layers = renderer.layers_at(view, int(time_us), camera_from_world)
        count = rasteriser.set_up(renderer.lens(view), renderer.shading(view), camera_from_world, layers)
        primitives = rasteriser.primitives(count)
        image = renderer.draw(view, int(time_us))
        clock = [time.thread_time()]
        encode(image, int(time_us))
        clock.append(time.thread_time())
        moving = layers[len(renderer.static_layers) :]
        painter.paint(camera, camera_from_world, moving, renderer.style.far_m, painted)
        clock.append(time.thread_time())
        paint_primitives(primitives, painted)
        clock.append(time.thread_time())
        rows.append(np.diff(clock) * 1e3)
    cv2.setNumThreads(threads)
    return np.array(rows)

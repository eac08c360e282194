"""How fast control frames are drawn, stage by stage, beside an OpenCV painter of the same primitives."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from scene_graph.cameras.rig import CameraRig
from scene_graph.graph import ScenarioGraph
from scene_graph.render.control import ControlRenderer
from scene_graph.render.kernels.primitive import CAPSULE
from scene_graph.render.raster import Rasteriser
from scene_graph.render.style import Style

__all__ = ["CameraTiming", "benchmark_camera", "peak_memory_mb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTiming:
    """Medians over frames of one thread's CPU time, milliseconds a frame.

    Attributes:
        camera: its name.
        primitives: screen primitives in the median frame.
        scene_ms: the scene of the instant: poses, boxes, lights.
        setup_ms: projection, clipping, subdivision.
        sort_ms: sorting into bands.
        raster_ms: depth test, shading, averaging, output.
        total_ms: median of the frames' sums (not the sum of the medians).
        fastest_ms: the fastest frame's sum.
        painter_ms: OpenCV's anti-aliased painter on the same screen primitives, without depth; setup not counted.
        speedup: median over frames of painter_ms / (setup_ms + sort_ms + raster_ms) of the same frame.
        encode_ms: lossless video encoding of the frame.
    """

    camera: str
    primitives: int
    scene_ms: float
    setup_ms: float
    sort_ms: float
    raster_ms: float
    total_ms: float
    fastest_ms: float
    painter_ms: float
    speedup: float
    encode_ms: float


def benchmark_camera(
    graph: ScenarioGraph,
    rig: CameraRig,
    view: int,
    style: Style,
    timestamps_us: Sequence[int],
    encode: Callable[[UInt8[np.ndarray, "h w 3"]], None],
) -> CameraTiming:
    """Draws frames of one camera and times each stage by the CPU clock of this thread.

    Args:
        graph, rig, style: what is drawn; the camera has its final size.
        view: the camera's index.
        timestamps_us: the frames; the first is drawn once more beforehand, to compile.
        encode: takes a drawn frame.
    """
    renderer = ControlRenderer(graph, rig, style)
    rasteriser = Rasteriser()
    camera = rig.cameras[view]
    image = np.empty((camera.height_px, camera.width_px, 3), dtype=np.uint8)
    painted = np.empty_like(image)
    rows = []
    for time_us in (timestamps_us[0], *timestamps_us):
        clock = [time.thread_time()]
        camera_from_world = renderer.camera_from_world(view, int(time_us))
        layers = renderer.layers_at(view, int(time_us), camera_from_world)
        clock.append(time.thread_time())
        count = rasteriser.set_up(renderer.lens(view), renderer.shading(view), camera_from_world, layers)
        clock.append(time.thread_time())
        rasteriser.sort(count, camera.height_px)
        clock.append(time.thread_time())
        rasteriser.fill(image)
        clock.append(time.thread_time())
        encode(image)
        clock.append(time.thread_time())
        paint(rasteriser.primitives(count), painted)
        clock.append(time.thread_time())
        rows.append([count, *(np.diff(clock) * 1e3)])
    counts, scene, setup, sort, raster, encoding, painting = np.array(rows[1:]).T
    total = scene + setup + sort + raster
    return CameraTiming(
        camera=rig.names[view],
        primitives=int(np.median(counts)),
        scene_ms=float(np.median(scene)),
        setup_ms=float(np.median(setup)),
        sort_ms=float(np.median(sort)),
        raster_ms=float(np.median(raster)),
        total_ms=float(np.median(total)),
        fastest_ms=float(total.min()),
        painter_ms=float(np.median(painting)),
        speedup=float(np.median(painting / (setup + sort + raster))),
        encode_ms=float(np.median(encoding)),
    )


def paint(primitives: np.ndarray, image: UInt8[np.ndarray, "h w 3"]) -> None:
    """Paints screen primitives with OpenCV, anti-aliased, far ones first: the baseline, without a depth buffer.

    Each primitive gets the colour, the width and the depth of its middle; positions have OpenCV's finest step, 1/16 px.
    """
    image.fill(0)
    middle = np.stack([np.ones(len(primitives)), *_middle(primitives)])
    depth_key = np.einsum("nc,cn->n", primitives["depth"], middle)
    colour = np.stack([np.einsum("nc,cn->n", primitives[name], middle) for name in ("red", "green", "blue")], axis=-1)
    colours = np.clip(colour, 0, 255).astype(np.uint8).tolist()
    shape = primitives["shape"].astype(np.float64)
    is_line = primitives["kind"] == CAPSULE
    axis = shape[:, 2:4] / np.stack([np.ones(len(shape)), np.where(is_line, shape[:, 7], 1.0)], axis=1)
    ends = np.clip(np.stack([shape[:, 0:2], shape[:, 0:2] + axis], axis=1) * 16, -2e6, 2e6).astype(np.int32).tolist()
    thickness = np.clip(np.rint(2 * shape[:, 5] + shape[:, 6]), 1, 100).astype(int).tolist()
    corners = np.clip(_corners(shape) * 16, -2e6, 2e6).astype(np.int32)
    for i in np.argsort(depth_key, kind="stable").tolist():
        if is_line[i]:
            cv2.line(image, *ends[i], colours[i], thickness[i], cv2.LINE_AA, 4)
        else:
            cv2.fillConvexPoly(image, corners[i], colours[i], cv2.LINE_AA, 4)


def _middle(primitives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (primitives["left"] + primitives["right"]) / 2, (primitives["top"] + primitives["bottom"]) / 2


def _corners(shape: np.ndarray) -> np.ndarray:
    """Vertices `n 3 2` of triangles from their edges a x + b y + c = 0, each vertex where two edges meet."""
    edges = shape.reshape(-1, 3, 3)
    before, after = np.roll(edges, 1, axis=1), edges
    cross = np.cross(before, after)
    w = np.where(np.abs(cross[..., 2:]) > 1e-12, cross[..., 2:], 1.0)
    return cross[..., :2] / w


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

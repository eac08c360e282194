"""Baselines for the benchmark: the same things painted with OpenCV's anti-aliased lines and polygons, without depth."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from scene_graph.cameras.rig import Camera
from scene_graph.render.kernels.faces import Faces
from scene_graph.render.kernels.primitive import CAPSULE
from scene_graph.render.kernels.strips import Strips
from scene_graph.render.lens import NEAR_M
from scene_graph.se3 import SE3

__all__ = ["SPACING_M", "ScenePainter", "paint_primitives"]

SPACING_M = 0.8
"""Distance at which a painter without a lens model cuts lines, as NVIDIA's renderers do."""
_FINEST = 16  # OpenCV's positions have steps of 1/16 px (shift 4)


class ScenePainter:
    """Paints lines and triangles in space: far things first, each short piece in one colour and one whole width.

    Args:
        layers: what does not change from frame to frame; lines are cut at SPACING_M here, once.
    """

    def __init__(self, layers: tuple[Strips | Faces, ...]) -> None:
        self._static = [_pieces(layer) if isinstance(layer, Strips) else _triangles(layer) for layer in layers]

    def paint(
        self,
        camera: Camera,
        camera_from_world: SE3,
        moving: tuple[Strips | Faces, ...],
        far_m: float,
        image: UInt8[np.ndarray, "h w 3"],
    ) -> None:
        """Projects everything with the camera, sorts it by depth, and paints it into `image`."""
        image.fill(0)
        parts = [*self._static, *(_pieces(x) if isinstance(x, Strips) else _triangles(x) for x in moving)]
        jobs: list[tuple[float, np.ndarray, list[int], int]] = []
        for points, rgb, width in parts:
            seen = camera_from_world.apply(points.reshape(-1, 3)).reshape(points.shape)
            kept = (seen[..., 2] > NEAR_M).all(axis=1) & (seen[..., 2] < far_m).all(axis=1)
            seen = seen[kept]
            if not len(seen):
                continue
            pixels, depth_m, _ = camera.project(seen)
            on_screen = ((pixels.min(axis=1) < (camera.width_px, camera.height_px)) & (pixels.max(axis=1) > 0)).all(
                axis=1
            )
            middle_m = depth_m[on_screen].mean(axis=1)
            cue = 1 - middle_m / far_m
            colours = (rgb[kept][on_screen] * cue[:, None]).astype(int).tolist()
            widths = np.maximum(1, np.rint(width[kept][on_screen] * cue)).astype(int).tolist()
            places = np.clip(pixels[on_screen] * _FINEST, -2e6, 2e6).astype(np.int32)
            jobs += zip(middle_m.tolist(), places, colours, widths, strict=True)
        for _, corners, colour, width_px in sorted(jobs, key=lambda job: -job[0]):
            if len(corners) == 2:
                cv2.line(image, corners[0].tolist(), corners[1].tolist(), colour, width_px, cv2.LINE_AA, 4)
            else:
                cv2.fillConvexPoly(image, corners, colour, cv2.LINE_AA, 4)


def _pieces(strips: Strips) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line pieces `n 2 3` m of at most SPACING_M, their colours `n 3` and widths `n` px."""
    ends = np.flatnonzero(~strips.starts)
    start, end = strips.vertices[ends - 1], strips.vertices[ends]
    count = np.maximum(1, np.ceil(np.linalg.norm(end - start, axis=1) / SPACING_M).astype(int))
    owner = np.repeat(np.arange(len(ends)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    from_here = (step / count[owner])[:, None]
    to_there = ((step + 1) / count[owner])[:, None]
    way = end[owner] - start[owner]
    points = np.stack([start[owner] + way * from_here, start[owner] + way * to_there], axis=1)
    return points, strips.rgb[ends][owner].astype(np.float64), strips.width[ends][owner].astype(np.float64)


def _triangles(faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return faces.vertices, faces.rgb.mean(axis=1).astype(np.float64), np.ones(len(faces.vertices))


def paint_primitives(primitives: np.ndarray, image: UInt8[np.ndarray, "h w 3"]) -> None:
    """Paints screen primitives (dtype PRIMITIVE), far ones first, each in the colour and width of its middle."""
    image.fill(0)
    middle = np.stack([np.ones(len(primitives)), *_middle(primitives)])
    depth_key = np.einsum("nc,cn->n", primitives["depth"], middle)
    colour = np.stack([np.einsum("nc,cn->n", primitives[name], middle) for name in ("red", "green", "blue")], axis=-1)
    colours = np.clip(colour, 0, 255).astype(np.uint8).tolist()
    shape = primitives["shape"].astype(np.float64)
    is_line = primitives["kind"] == CAPSULE
    axis = shape[:, 2:4] / np.stack([np.ones(len(shape)), np.where(is_line, shape[:, 7], 1.0)], axis=1)
    ends = np.stack([shape[:, 0:2], shape[:, 0:2] + axis], axis=1)
    places = np.clip(ends * _FINEST, -2e6, 2e6).astype(np.int32).tolist()
    widths = np.clip(np.rint(2 * shape[:, 5] + shape[:, 6]), 1, 100).astype(int).tolist()
    corners = np.clip(_corners(shape) * _FINEST, -2e6, 2e6).astype(np.int32)
    for i in np.argsort(depth_key, kind="stable").tolist():
        if is_line[i]:
            cv2.line(image, places[i][0], places[i][1], colours[i], widths[i], cv2.LINE_AA, 4)
        else:
            cv2.fillConvexPoly(image, corners[i], colours[i], cv2.LINE_AA, 4)


def _middle(primitives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (primitives["left"] + primitives["right"]) / 2, (primitives["top"] + primitives["bottom"]) / 2


def _corners(shape: Float[np.ndarray, "n 9"]) -> Float[np.ndarray, "n 3 2"]:
    """Vertices of triangles from their edges a x + b y + c = 0, each vertex where two edges meet."""
    edges = shape.reshape(-1, 3, 3)
    cross = np.cross(np.roll(edges, 1, axis=1), edges)
    w = np.where(np.abs(cross[..., 2:]) > 1e-12, cross[..., 2:], 1.0)
    return cross[..., :2] / w

"""A scenario seen from above: the map, who is where, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int64, UInt8

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorCategory
from scene_graph.boxes import CORNER_SIGNS
from scene_graph.cameras.rig import CameraRig
from scene_graph.graph import ScenarioGraph
from scene_graph.render.style import Rgb, Style
from scene_graph.render.topdown_map import SUPERSAMPLING, Canvas, draw_map, signal_marks
from scene_graph.se3 import SE3

__all__ = [
    "EGO_RGB",
    "PATH_RGB",
    "TRAIL_US",
    "TopDownRenderer",
    "TopDownView",
    "camera_wedge",
    "footprints",
    "view_of_route",
]

EGO_RGB: Rgb = (255, 76, 76)
PATH_RGB: Rgb = (214, 96, 96)
WEDGE_RGB: Rgb = (150, 190, 255)
TRAIL_US = 2_000_000
_TRAIL_STEP_US = 100_000
_LEAST_SIZE_PX = 4.0  # so that people stay visible on a large map
_LEAST_ARROW_PX = 5.0  # smaller boxes are drawn without an arrowhead
_WEDGE_LENGTH_M = 14.0
_BOTTOM_CORNERS = CORNER_SIGNS[[4, 5, 6, 7], :2] / 2  # front left, front right, rear right, rear left


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopDownView:
    """Which part of the ground a picture shows: x to the right and y up, at one scale.

    Attributes:
        center_world: `2`, x and y of the picture's centre, metres.
        px_per_m: scale.
        width_px, height_px: size of the picture.
    """

    center_world: Float[np.ndarray, "2"]
    px_per_m: float
    width_px: int
    height_px: int

    def project(self, points_world: Float[np.ndarray, "*n d"]) -> Float[np.ndarray, "*n 2"]:
        """Pixels `*n 2` of points `*n 2` or `*n 3` m, world frame; continuous, the first one's centre at (0.5, 0.5)."""
        offset_m = np.asarray(points_world, dtype=np.float64)[..., :2] - self.center_world
        return offset_m * (self.px_per_m, -self.px_per_m) + (self.width_px / 2, self.height_px / 2)


def view_of_route(
    graph: ScenarioGraph, *, width_px: int, height_px: int, margin_m: float = 35.0, max_px_per_m: float = 12.0
) -> TopDownView:
    """The view of the ego's whole path and `margin_m` metres around it."""
    path = graph.ego.trajectory.world_from_body.translation[:, :2]
    low, high = path.min(axis=0) - margin_m, path.max(axis=0) + margin_m
    scale = min(width_px / (high[0] - low[0]), height_px / (high[1] - low[1]), max_px_per_m)
    return TopDownView(center_world=(low + high) / 2, px_per_m=float(scale), width_px=width_px, height_px=height_px)


class TopDownRenderer:
    """Draws a scenario from above at any time; the map is drawn once.

    Attributes:
        graph, view, style, rig: what is drawn, which part of it, how, and whose cameras' fields of view (None: none).
    """

    def __init__(self, graph: ScenarioGraph, view: TopDownView, style: Style, rig: CameraRig | None = None) -> None:
        self.graph, self.view, self.style, self.rig = graph, view, style, rig
        self._actors = ActorTable(graph.actors)
        self._wedges_ego = [] if rig is None else [camera_wedge(rig, index) for index in range(len(rig))]
        self._marks = signal_marks(graph)
        canvas = self._canvas(np.full(self._fine_shape, 0, dtype=np.uint8))
        draw_map(canvas, graph, style)
        self._background = canvas.image

    @property
    def _fine_shape(self) -> tuple[int, int, int]:
        return (self.view.height_px * SUPERSAMPLING, self.view.width_px * SUPERSAMPLING, 3)

    def _canvas(self, image: UInt8[np.ndarray, "h w 3"]) -> Canvas:
        return Canvas(image, self.view.project, self.view.px_per_m)

    def draw(self, timestamp_us: int) -> UInt8[np.ndarray, "h w 3"]:
        """The picture at one time, microseconds, inside the ego's track: uint8 `h w 3`, RGB."""
        canvas = self._canvas(self._background.copy())
        world_from_ego = self.graph.ego.trajectory.at(timestamp_us)
        self._draw_path(canvas, timestamp_us)
        for wedge_ego in self._wedges_ego:
            canvas.fill(world_from_ego.apply(wedge_ego), WEDGE_RGB, alpha=0.10)
            canvas.line(world_from_ego.apply(wedge_ego), WEDGE_RGB, width_m=0.0, closed=True, alpha=0.45)
        self._draw_actors(canvas, timestamp_us)
        self._draw_ego(canvas, world_from_ego)
        for mark in self._marks:
            mark.draw(canvas, self.style.signals[mark.track.at(timestamp_us)])
        return cv2.resize(canvas.image, (self.view.width_px, self.view.height_px), interpolation=cv2.INTER_AREA)

    def _draw_path(self, canvas: Canvas, timestamp_us: int) -> None:
        """What the ego has driven as a line, what lies ahead as dots."""
        trajectory = self.graph.ego.trajectory
        times_us = trajectory.timestamps_us
        positions = trajectory.world_from_body.translation
        here = trajectory.at(timestamp_us).translation[None]
        canvas.line(np.concatenate([positions[times_us < timestamp_us], here]), PATH_RGB, width_m=0.5)
        canvas.dots(np.concatenate([here, positions[times_us > timestamp_us]]), PATH_RGB, radius_m=0.25, spacing_m=2.0)

    def _draw_actors(self, canvas: Canvas, timestamp_us: int) -> None:
        boxes = self._actors.boxes_at(timestamp_us)
        colours = {category: self.style.boxes.rgb[category][0] for category in ActorCategory}
        for index, trail in self._trails(timestamp_us).items():
            canvas.fading_line(trail, colours[self.graph.actors[index].category], width_m=0.35)
        outlines = footprints(boxes.frame_from_box, boxes.size_lwh_m, least_m=_LEAST_SIZE_PX / self.view.px_per_m)
        for category, outline in zip(boxes.categories, outlines, strict=True):
            self._draw_box(canvas, outline, colours[ActorCategory(category)])

    def _draw_box(self, canvas: Canvas, outline: Float[np.ndarray, "4 3"], rgb: Rgb) -> None:
        """A filled footprint with an arrowhead at its front."""
        canvas.fill(outline, rgb)
        length_px, width_px = np.linalg.norm(np.diff(outline[:3], axis=0), axis=1)[::-1] * self.view.px_per_m
        if min(length_px, width_px) < _LEAST_ARROW_PX:
            canvas.line(outline, self.style.boxes.edge_rgb, width_m=0.0, closed=True, alpha=0.4)
            return
        canvas.line(outline, self.style.boxes.edge_rgb, width_m=0.0, closed=True)
        front, rear = outline[:2].mean(axis=0), outline[2:].mean(axis=0)
        shoulder = front + (rear - front) * 0.38
        half_width = (outline[0] - outline[1]) * 0.38
        head = np.array([front + (rear - front) * 0.06, shoulder + half_width, shoulder - half_width])
        canvas.fill(head, self.style.boxes.edge_rgb, alpha=0.6)

    def _draw_ego(self, canvas: Canvas, world_from_ego: SE3) -> None:
        ego = self.graph.ego
        center = world_from_ego @ SE3(rotation=np.eye(3), translation=np.array([ego.rear_axle_to_center_m, 0.0, 0.0]))
        pose = SE3(rotation=center.rotation[None], translation=center.translation[None])
        (outline,) = footprints(pose, ego.size_lwh_m[None], least_m=_LEAST_SIZE_PX / self.view.px_per_m)
        self._draw_box(canvas, outline, EGO_RGB)
        canvas.line(outline, (255, 255, 255), width_m=0.0, closed=True)

    def _trails(self, timestamp_us: int) -> dict[int, Float[np.ndarray, "p 3"]]:
        """Where each present actor that moves has been in the last two seconds, oldest first."""
        trails = {}
        for index, actor in enumerate(self.graph.actors):
            if actor.present_at(timestamp_us):
                times_us = _trail_times(actor.trajectory.start_us, timestamp_us, actor.absent_us)
                points = actor.trajectory.at(times_us).translation
                if np.linalg.norm(points[-1, :2] - points[0, :2]) > 0.5:
                    trails[index] = points
        return trails


def _trail_times(start_us: int, timestamp_us: int, absent_us: Int64[np.ndarray, "g 2"]) -> Int64[np.ndarray, "t"]:
    """Times up to `timestamp_us`, back to the newest absence and not over TRAIL_US."""
    seen_again = absent_us[absent_us[:, 1] <= timestamp_us, 1]
    first_us = max(start_us, timestamp_us - TRAIL_US, int(seen_again.max(initial=start_us)))
    count = max(1, -(-(timestamp_us - first_us) // _TRAIL_STEP_US))
    return np.linspace(first_us, timestamp_us, count + 1).round().astype(np.int64)


def footprints(
    world_from_box: SE3, size_lwh_m: Float[np.ndarray, "n 3"], *, least_m: float = 0.0
) -> Float[np.ndarray, "n 4 3"]:
    """Bottom outlines of boxes, world frame: front left, front right, rear right, rear left; no side below least_m."""
    size_m = np.maximum(size_lwh_m[:, None, :2], least_m)
    height_m = np.broadcast_to(-size_lwh_m[:, None, 2:] / 2, (len(size_lwh_m), 4, 1))
    return world_from_box.apply(np.concatenate([_BOTTOM_CORNERS * size_m, height_m], axis=-1))


def camera_wedge(rig: CameraRig, index: int, *, length_m: float = _WEDGE_LENGTH_M) -> Float[np.ndarray, "p 3"]:
    """Outline of what a camera sees at half height, ego frame, from its centre out to `length_m` metres."""
    camera, ego_from_camera = rig.cameras[index], rig.ego_from_camera[index]
    across_px = np.linspace(0.0, camera.width_px, 25)
    rays = camera.unproject(np.stack([across_px, np.full(25, camera.height_px / 2)], axis=-1))
    directions = rays @ ego_from_camera.rotation.T
    directions[:, 2] = 0.0
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    center = ego_from_camera.translation
    return np.concatenate([center[None], center + length_m * directions])

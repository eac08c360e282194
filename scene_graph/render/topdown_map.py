"""The map and the traffic lights of a scenario, painted from above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from scene_graph import polylines
from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.graph import RelationKind, ScenarioGraph
from scene_graph.render.primitives import stroke_pieces
from scene_graph.render.style import Rgb, Style
from scene_graph.signals import SignalState, SignalTrack

__all__ = ["BACKGROUND_RGB", "SUPERSAMPLING", "Canvas", "SignalMark", "draw_map", "lane_surface", "signal_marks"]

BACKGROUND_RGB: Rgb = (20, 22, 27)
SUPERSAMPLING = 2
"""Side of the square of painted pixels that one pixel of the picture is the mean of."""

_FRACTION_BITS = 4  # of the pixel positions that OpenCV is given
_ARROW_SPACING_M = 14.0
_ARROW_LENGTH_M = 1.6


class Canvas:
    """An image, SUPERSAMPLING times as fine as the picture, that takes shapes in world coordinates.

    Args:
        image: uint8 `h w 3`, painted on.
        project: world points `*n 3` m -> pixels of the picture.
        px_per_m: the picture's scale.
    """

    def __init__(
        self, image: UInt8[np.ndarray, "h w 3"], project: Callable[[np.ndarray], np.ndarray], px_per_m: float
    ) -> None:
        self.image, self._project, self._px_per_m = image, project, px_per_m

    def _pixels(self, points_world: Float[np.ndarray, "p 3"]) -> np.ndarray:
        # OpenCV has the first pixel's centre at 0
        fine = self._project(points_world) * SUPERSAMPLING - 0.5
        return np.round(np.clip(fine, -1e6, 1e6) * (1 << _FRACTION_BITS)).astype(np.int32)

    def sees(self, points_world: Float[np.ndarray, "p 3"]) -> bool:
        """Whether the points' bounding box, with some pixels around it, touches the picture."""
        pixels = self._project(points_world) * SUPERSAMPLING
        height_px, width_px = self.image.shape[:2]
        low, high = pixels.min(axis=0) - 20, pixels.max(axis=0) + 20
        return bool((high >= 0).all() and low[0] <= width_px and low[1] <= height_px)

    def fill(
        self,
        ring: Float[np.ndarray, "p 3"],
        rgb: Rgb,
        *,
        holes: Sequence[Float[np.ndarray, "_ 3"]] = (),
        alpha: float = 1.0,
    ) -> None:
        """Fills an outline but its holes."""
        if self.sees(ring):
            self._paint(
                [self._pixels(outline) for outline in (ring, *holes)],
                alpha,
                lambda image, outlines: cv2.fillPoly(image, outlines, rgb, cv2.LINE_AA, _FRACTION_BITS),
            )

    def line(
        self, points: Float[np.ndarray, "p 3"], rgb: Rgb, *, width_m: float, closed: bool = False, alpha: float = 1.0
    ) -> None:
        """Draws a line of a width in metres, at least one pixel of the picture."""
        if self.sees(points):
            width_px = max(SUPERSAMPLING, round(width_m * self._px_per_m * SUPERSAMPLING))
            self._paint(
                [self._pixels(points)],
                alpha,
                lambda image, outlines: cv2.polylines(
                    image, outlines, closed, rgb, width_px, cv2.LINE_AA, _FRACTION_BITS
                ),
            )

    def fading_line(self, points: Float[np.ndarray, "p 3"], rgb: Rgb, *, width_m: float) -> None:
        """Draws a line that is faint at its first point and full at its last."""
        pixels = self._pixels(points)
        left, top, right, bottom = self._part([pixels])
        if left >= right or top >= bottom:
            return
        pixels = pixels - (np.array([left, top], dtype=np.int32) << _FRACTION_BITS)
        strength = np.zeros((bottom - top, right - left), dtype=np.uint8)
        width_px = max(SUPERSAMPLING, round(width_m * self._px_per_m * SUPERSAMPLING))
        for index in range(len(points) - 1):
            level = 25 + 205 * (index + 1) // (len(points) - 1)
            cv2.polylines(strength, [pixels[index : index + 2]], False, (level,), width_px, cv2.LINE_AA, _FRACTION_BITS)
        part = self.image[top:bottom, left:right]
        share = strength[..., None].astype(np.float32) / 255
        part[:] = np.round(part * (1 - share) + np.array(rgb, dtype=np.float32) * share).astype(np.uint8)

    def dots(self, points: Float[np.ndarray, "p 3"], rgb: Rgb, *, radius_m: float, spacing_m: float) -> None:
        """Draws dots along a line."""
        length_m = polylines.arc_length_m(points)[-1] if len(points) > 1 else 0.0
        if length_m > spacing_m:
            for point in polylines.points_at(points, np.arange(spacing_m, length_m, spacing_m)):
                self.disc(point, rgb, radius_px=max(1.0, radius_m * self._px_per_m))

    def disc(self, center: Float[np.ndarray, "3"], rgb: Rgb, *, radius_px: float) -> None:
        """Draws a filled circle of a radius in pixels of the picture."""
        if self.sees(center[None]):
            (x, y) = (int(value) for value in self._pixels(center[None])[0])
            radius = round(radius_px * SUPERSAMPLING * (1 << _FRACTION_BITS))
            cv2.circle(self.image, (x, y), radius, rgb, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)

    def _paint(
        self, outlines: list[np.ndarray], alpha: float, draw: Callable[[np.ndarray, list[np.ndarray]], object]
    ) -> None:
        """Draws outlines of pixels with fraction bits; see-through, by way of a copy of the part they touch."""
        if alpha >= 1.0:
            draw(self.image, outlines)
            return
        left, top, right, bottom = self._part(outlines)
        if left < right and top < bottom:
            part = self.image[top:bottom, left:right]
            painted = part.copy()
            draw(painted, [outline - (np.array([left, top], dtype=np.int32) << _FRACTION_BITS) for outline in outlines])
            part[:] = cv2.addWeighted(painted, alpha, part, 1.0 - alpha, 0.0)

    def _part(self, outlines: Sequence[np.ndarray]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom pixel of the part of the image that outlines touch, with room for line widths."""
        touched = np.concatenate(outlines) >> _FRACTION_BITS
        height_px, width_px = self.image.shape[:2]
        left, top = (int(edge) for edge in np.clip(touched.min(axis=0) - 20, 0, (width_px, height_px)))
        right, bottom = (int(edge) for edge in np.clip(touched.max(axis=0) + 20, 0, (width_px, height_px)))
        return left, top, right, bottom


def draw_map(canvas: Canvas, graph: ScenarioGraph, style: Style) -> None:
    """Paints the background and every kind of element that the style names, lights aside; areas first."""
    canvas.image[:] = BACKGROUND_RGB
    surface = style.layers.get(ElementKind.DRIVABLE_AREA)
    for kind, layer in style.layers.items():
        for element in graph.elements_of(kind):
            if kind.geometry is Geometry.POLYGON and layer.rgb is not None:
                canvas.fill(element.vertices_world, layer.rgb, holes=element.holes_world)
        if kind is ElementKind.DRIVABLE_AREA and surface is not None and surface.rgb is not None:
            for lane in graph.elements_of(ElementKind.LANE):
                if lane.lane is not None:
                    canvas.fill(lane_surface(lane), surface.rgb)
    for kind, layer in style.layers.items():
        for element in graph.elements_of(kind):
            _draw_above_areas(canvas, element, layer.rgb, layer.width_m or 0.0, style)


def _draw_above_areas(canvas: Canvas, element: MapElement, rgb: Rgb | None, width_m: float, style: Style) -> None:
    kind, points = element.kind, element.vertices_world
    if kind.geometry is Geometry.POLYGON or kind is ElementKind.TRAFFIC_LIGHT:
        return
    if kind.geometry is Geometry.CUBOID:
        if rgb is not None:
            canvas.disc(points.mean(axis=0), rgb, radius_px=2.5)
    elif not canvas.sees(points):
        return
    elif kind is ElementKind.LANE:
        if rgb is not None:
            _draw_arrows(canvas, points, rgb, width_m)
    elif rgb is not None:
        canvas.line(points, rgb, width_m=width_m, closed=element.closed)
    else:
        _draw_mark(canvas, element, style, width_m)


def _draw_mark(canvas: Canvas, line: MapElement, style: Style, width_m: float) -> None:
    points = polylines.closed_loop(line.vertices_world) if line.closed else line.vertices_world
    mark = style.mark_of(line)
    for stroke in mark.strokes:
        for piece in stroke_pieces(points, stroke):
            canvas.line(piece, mark.rgb, width_m=width_m * mark.width_factor)


def _draw_arrows(canvas: Canvas, centerline: Float[np.ndarray, "p 3"], rgb: Rgb, width_m: float) -> None:
    """Open arrowheads along a lane, at least one."""
    length_m = float(polylines.arc_length_m(centerline)[-1])
    if length_m < 2 * _ARROW_LENGTH_M:
        return
    count = max(1, round(length_m / _ARROW_SPACING_M))
    places_m = (np.arange(count) + 0.5) * length_m / count
    tips = polylines.points_at(centerline, places_m)
    for tip, heading_rad in zip(tips, polylines.headings_at(centerline, places_m), strict=True):
        forward = np.array([np.cos(heading_rad), np.sin(heading_rad), 0.0])
        left = np.array([-forward[1], forward[0], 0.0])
        back = tip - _ARROW_LENGTH_M * forward
        canvas.line(np.array([back + 0.55 * left, tip, back - 0.55 * left]), rgb, width_m=width_m)


def lane_surface(lane: MapElement) -> Float[np.ndarray, "p 3"]:
    """Outline of the ground between a lane's edges, world frame; its centreline where it has no edges."""
    if lane.lane is None:
        return lane.vertices_world
    return np.concatenate([lane.lane.left_world, lane.lane.right_world[::-1]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalMark:
    """Where the states of one signal are shown.

    Attributes:
        track: the states.
        lights_world: `n 3` m, centres of the lights.
        bars_world: across the starts of the lanes it controls, `2 3` m each.
    """

    track: SignalTrack
    lights_world: Float[np.ndarray, "n 3"]
    bars_world: tuple[Float[np.ndarray, "2 3"], ...]

    def draw(self, canvas: Canvas, rgb: Rgb) -> None:
        """Paints the lights and bars in one colour."""
        for bar in self.bars_world:
            canvas.line(bar, rgb, width_m=0.6)
        for center in self.lights_world:
            canvas.disc(center, (12, 13, 16), radius_px=5.5)
            canvas.disc(center, rgb, radius_px=4.0)


def signal_marks(graph: ScenarioGraph) -> tuple[SignalMark, ...]:
    """The marks of all lights: those with states, and those without as unknown ones."""
    elements = {element.element_id: element for element in graph.elements}
    controlled: dict[str, list[MapElement]] = {}
    for relation in graph.relations:
        lane = elements.get(relation.target_id)
        if relation.kind is RelationKind.CONTROLS and lane is not None:
            controlled.setdefault(relation.source_id, []).append(lane)
    tracks = {light.element_id: _unknown(light) for light in graph.elements_of(ElementKind.TRAFFIC_LIGHT)}
    tracks |= {track.element_id: track for track in graph.signals}
    return tuple(
        _mark(track, elements.get(track.element_id), controlled.get(track.element_id, [])) for track in tracks.values()
    )


def _unknown(light: MapElement) -> SignalTrack:
    return SignalTrack(
        element_id=light.element_id, timestamps_us=np.zeros(1, dtype=np.int64), states=(SignalState.UNKNOWN,)
    )


def _mark(track: SignalTrack, owner: MapElement | None, controlled: list[MapElement]) -> SignalMark:
    """A light at its place and bars at the lanes it controls; a lane's own signal as a bar there."""
    lanes, lights = list(controlled), np.zeros((0, 3))
    if owner is not None and owner.kind is ElementKind.LANE:
        lanes.append(owner)
    elif owner is not None:
        lights = owner.vertices_world.mean(axis=0)[None]
    bars = tuple(_start_bar(lane) for lane in lanes if lane.kind is ElementKind.LANE)
    return SignalMark(track=track, lights_world=lights, bars_world=bars)


def _start_bar(lane: MapElement) -> Float[np.ndarray, "2 3"]:
    """Across the start of a lane: from edge to edge, or 3 m where it has none."""
    start = lane.vertices_world[0]
    if lane.lane is not None:
        left, right = lane.lane.left_world[0], lane.lane.right_world[0]
        return np.stack([left + 0.1 * (right - left), right + 0.1 * (left - right)])
    heading_rad = float(polylines.headings_at(lane.vertices_world, np.zeros(1))[0])
    across = np.array([-np.sin(heading_rad), np.cos(heading_rad), 0.0])
    return np.stack([start + 1.5 * across, start - 1.5 * across])

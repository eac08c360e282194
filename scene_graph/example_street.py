"""The road of the example scenario: a four-lane street that dips, climbs and bends, with a signalled crossing.

Street coordinates: s along the middle of the street and l to its left, metres; "forward" is the direction of
increasing s, traffic keeps to the right. The side street crosses at s = CROSSING_S_M, where the street is straight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.se3 import SE3

__all__ = ["CROSSING_S_M", "LIGHTS", "STOP_S_M", "pose_at", "street_elements", "street_points", "tidy"]

LENGTH_M = 250.0
LANE_M = 3.5
CROSSING_S_M = 120.0
STOP_S_M = (105.8, 134.2)  # stop lines of the forward and of the oncoming lanes
SIDE_STOP_M = 17.8  # stop lines of the side street, to either side of the middle
SIDE_END_M = 45.0
EDGE_LINE_M, CURB_M, WALKWAY_M = 7.1, 7.6, 10.1
SIDE_CURB_M = 4.2
CORNER_M = 5.0  # radius of the curbs at the crossing

_GRID_M = np.arange(-60.0, LENGTH_M + 60.25, 0.25)
_BEND_M, _BEND_END_M, _BEND_RADIUS_M = 140.0, 225.0, 170.0

# light -> (s, l, height) of its middle, the heading that it faces relative to forward (turns of 90 degrees), its pole's
# foot (s, l), and the lanes that it holds, by the beginning of their names
LIGHTS: dict[str, tuple[tuple[float, float, float], int, tuple[float, float], str]] = {
    "light_forward_arm": ((136.0, -3.5, 5.6), 2, (136.0, -8.7), "lane_forward"),
    "light_forward_pole": ((136.0, -8.4, 3.2), 2, (136.0, -8.7), "lane_forward"),
    "light_oncoming_arm": ((104.0, 3.5, 5.6), 0, (104.0, 8.7), "lane_oncoming"),
    "light_oncoming_pole": ((104.0, 8.4, 3.2), 0, (104.0, 8.7), "lane_oncoming"),
    "light_side_left": ((125.4, 12.4, 3.2), 3, (125.6, 12.6), "lane_side_left"),
    "light_side_right": ((114.6, -12.4, 3.2), 1, (114.4, -12.6), "lane_side_right"),
}


def tidy(values: Any, decimals: int) -> np.ndarray:
    """Rounded values without negative zeros: the same on every machine, whatever the last bit of its sine is."""
    return np.round(np.asarray(values, dtype=np.float64), decimals) + 0.0


def street_points(s_m: Any, l_m: Any, up_m: Any = 0.0) -> Float[np.ndarray, "*n 3"]:
    """World points `*n 3` m at street coordinates (broadcast), `up_m` above the road."""
    s_m, l_m, up_m = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (s_m, l_m, up_m)))
    heading_rad = _heading_rad(s_m)
    x = np.interp(s_m, _GRID_M, _middle(np.cos)) - l_m * np.sin(heading_rad)
    y = np.interp(s_m, _GRID_M, _middle(np.sin)) + l_m * np.cos(heading_rad)
    return np.stack([x, y, _height_m(s_m) + up_m], axis=-1)


def pose_at(s_m: Any, l_m: Any, turn_rad: Any = 0.0, up_m: float = 0.0) -> SE3:
    """Poses `n` that stand on the road: x turned by `turn_rad` `n` from forward, z along the road's normal."""
    s_m, l_m, turn_rad = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (s_m, l_m, turn_rad)))
    heading_rad = _heading_rad(s_m)
    cos, sin, slope = np.cos(heading_rad), np.sin(heading_rad), _slope(s_m)
    forward = np.stack([cos, sin, slope], axis=-1) / np.sqrt(1 + slope**2)[..., None]
    left = np.stack([-sin, cos, np.zeros_like(cos)], axis=-1)
    up = np.cross(forward, left)
    turned = np.cos(turn_rad)[..., None] * forward + np.sin(turn_rad)[..., None] * left
    rotation = np.stack([turned, np.cross(up, turned), up], axis=-1)
    return SE3(rotation=tidy(rotation, 9), translation=tidy(street_points(s_m, l_m) + up_m * up, 4))


def street_elements() -> tuple[MapElement, ...]:
    """Lanes, marks, curbs, areas, lights, signs and poles."""
    return (
        *_lanes(),
        *_lane_lines(),
        *_curbs_and_walkways(),
        *_areas(),
        *_wait_lines(),
        *_arrows(),
        *_lights(),
        *_signs(),
        *_lamps(),
    )


def _heading_rad(s_m: np.ndarray) -> np.ndarray:
    return np.asarray((np.clip(s_m, _BEND_M, _BEND_END_M) - _BEND_M) / _BEND_RADIUS_M)


def _middle(part: Any) -> np.ndarray:
    """A coordinate (x by cos, y by sin) of the street's middle on _GRID_M, 0 at s = 0, by the trapezoidal rule."""
    rate = part(_heading_rad(_GRID_M))
    along = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(_GRID_M))])
    return along - np.interp(0.0, _GRID_M, along)


def _height_m(s_m: np.ndarray) -> np.ndarray:
    return np.asarray(2.5 * (1 - np.cos((s_m - 100.0) * (2 * np.pi / 360.0))))


def _slope(s_m: np.ndarray) -> np.ndarray:
    return np.asarray(2.5 * (2 * np.pi / 360.0) * np.sin((s_m - 100.0) * (2 * np.pi / 360.0)))


def _steps(start: float, stop: float, spacing: float = 2.0) -> np.ndarray:
    return np.linspace(start, stop, max(2, int(np.ceil(abs(stop - start) / spacing)) + 1))


def _element(element_id: str, kind: ElementKind, s_m: Any, l_m: Any, up_m: Any = 0.0, **fields: Any) -> MapElement:
    vertices = tidy(street_points(s_m, l_m, up_m), 4)
    return MapElement(element_id=element_id, kind=kind, vertices_world=vertices, **fields)


def _lane(
    lane_id: str, s_m: np.ndarray, l_m: np.ndarray, side: tuple[float, float], *, in_crossing: bool
) -> MapElement:
    """A lane along (s, l); `side` is the unit step (s, l) to its left."""
    left, right = (
        tidy(street_points(s_m + sign * side[0] * LANE_M / 2, l_m + sign * side[1] * LANE_M / 2), 4) for sign in (1, -1)
    )
    shape = LaneShape(left_world=left, right_world=right, in_intersection=in_crossing, speed_limit_mps=13.9)
    return _element(lane_id, ElementKind.LANE, s_m, l_m, lane=shape)


def _lanes() -> list[MapElement]:
    """In driving direction, each in three parts: _in, _crossing, _out."""
    lanes = []
    parts = (("in", 0.0, STOP_S_M[0]), ("crossing", *STOP_S_M), ("out", STOP_S_M[1], LENGTH_M))
    for place, offset_m in (("inner", LANE_M / 2), ("outer", LANE_M * 3 / 2)):
        for part, start, stop in parts:
            s_m = _steps(start, stop)
            back = {"in": "out", "crossing": "crossing", "out": "in"}[part]
            l_m = np.full(len(s_m), offset_m)
            for name, along, across, left in (
                (f"lane_forward_{place}_{part}", s_m, -l_m, 1.0),
                (f"lane_oncoming_{place}_{back}", s_m[::-1], l_m, -1.0),
            ):
                lanes.append(_lane(name, along, across, (0.0, left), in_crossing=part == "crossing"))
    parts = (
        ("in", -SIDE_END_M, -SIDE_STOP_M),
        ("crossing", -SIDE_STOP_M, SIDE_STOP_M),
        ("out", SIDE_STOP_M, SIDE_END_M),
    )
    for part, start, stop in parts:
        l_m = _steps(start, stop)
        for name, sign in (("left", 1.0), ("right", -1.0)):
            s_m = np.full(len(l_m), CROSSING_S_M + sign * LANE_M / 2)
            lanes.append(
                _lane(f"lane_side_{name}_{part}", s_m, sign * l_m, (-sign, 0.0), in_crossing=part == "crossing")
            )
    return lanes


def _lane_lines() -> list[MapElement]:
    white, yellow = MarkColour.WHITE, MarkColour.YELLOW
    solid, dashed = MarkPattern.SOLID_SINGLE, MarkPattern.DASHED_SINGLE
    before, after = STOP_S_M
    pieces = [
        ("centre_before", 0.0, before, 0.0, yellow, MarkPattern.SOLID_DOUBLE),
        ("centre_after", after, LENGTH_M, 0.0, yellow, MarkPattern.SOLID_DOUBLE),
    ]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        # dashed, and solid on the last metres before a stop line
        turns_solid = {"left": (before, after + 30.0), "right": (before - 30.0, after)}[side]
        pieces += [
            (f"divider_{side}_far_before", 0.0, turns_solid[0], sign * LANE_M, white, dashed),
            (f"divider_{side}_far_after", turns_solid[1], LENGTH_M, sign * LANE_M, white, dashed),
            (f"edge_{side}_before", 0.0, before, sign * EDGE_LINE_M, white, solid),
            (f"edge_{side}_after", after, LENGTH_M, sign * EDGE_LINE_M, white, solid),
        ]
    pieces += [
        ("divider_right_near", before - 30.0, before, -LANE_M, white, solid),
        ("divider_left_near", after, after + 30.0, LANE_M, white, solid),
    ]
    lines = []
    for name, start, stop, l_m, colour, pattern in pieces:
        mark = LaneMark(colour=colour, pattern=pattern)
        lines.append(_element(f"line_{name}", ElementKind.LANE_LINE, _steps(start, stop), l_m, mark=mark))
    mark = LaneMark(colour=yellow, pattern=MarkPattern.SOLID_SINGLE)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        across = sign * _steps(SIDE_STOP_M, SIDE_END_M)
        lines.append(_element(f"line_side_{side}", ElementKind.LANE_LINE, CROSSING_S_M, across, mark=mark))
    return lines


def _corner(along: float, side: float, inset_m: float) -> tuple[np.ndarray, np.ndarray]:
    """(s, l) of the curb, `inset_m` behind it, from the street's end around one corner into the side street.

    `along` is -1 before and 1 after the crossing, `side` 1 to the left and -1 to the right.
    """
    center_s, center_l = CROSSING_S_M + along * (SIDE_CURB_M + CORNER_M), side * (CURB_M + CORNER_M)
    radius_m, angle_rad = CORNER_M - inset_m, np.linspace(0.0, np.pi / 2, 9)
    straight = _steps(0.0 if along < 0 else LENGTH_M, center_s)[:-1]
    arc_s = center_s - along * radius_m * np.sin(angle_rad)
    arc_l = center_l - side * radius_m * np.cos(angle_rad)
    s_m = np.concatenate([straight, arc_s, arc_s[-1:]])
    l_m = np.concatenate([np.full(len(straight), arc_l[0]), arc_l, [side * SIDE_END_M]])
    return s_m, l_m


def _curbs_and_walkways() -> list[MapElement]:
    elements = []
    for along_name, along in (("before", -1.0), ("after", 1.0)):
        for side_name, side in (("left", 1.0), ("right", -1.0)):
            front, back = _corner(along, side, 0.0), _corner(along, side, WALKWAY_M - CURB_M)
            ring = [np.concatenate([near, far[::-1]]) for near, far in zip(front, back, strict=True)]
            name = f"{side_name}_{along_name}"
            elements.append(_element(f"curb_{name}", ElementKind.ROAD_BOUNDARY, *front))
            elements.append(_element(f"walkway_{name}", ElementKind.WALKWAY, *ring))
    return elements


def _areas() -> list[MapElement]:
    before, after = STOP_S_M
    corners = [_corner(along, side, 0.0) for along, side in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))]
    rounded = [(s_m[-10:-1], l_m[-10:-1]) for s_m, l_m in corners]  # the nine points of each arc
    ring_s = np.concatenate([s_m[:: 1 if i % 2 == 0 else -1] for i, (s_m, _) in enumerate(rounded)])
    ring_l = np.concatenate([l_m[:: 1 if i % 2 == 0 else -1] for i, (_, l_m) in enumerate(rounded)])
    areas = [_element("intersection", ElementKind.INTERSECTION_AREA, ring_s, ring_l)]
    start_s, stop_s = CROSSING_S_M - SIDE_CURB_M - CORNER_M, CROSSING_S_M + SIDE_CURB_M + CORNER_M
    for name, start, stop in (("before", 0.0, start_s), ("after", stop_s, LENGTH_M)):
        s_m = _steps(start, stop)
        l_m = np.concatenate([np.full(len(s_m), CURB_M), np.full(len(s_m), -CURB_M)])
        areas.append(_element(f"road_{name}", ElementKind.DRIVABLE_AREA, np.concatenate([s_m, s_m[::-1]]), l_m))
    for name, start, stop in (("near", before + 1.2, before + 4.2), ("far", after - 4.2, after - 1.2)):
        corners_s = np.array([start, stop, stop, start])
        areas.append(_element(f"crosswalk_{name}", ElementKind.CROSSWALK, corners_s, np.repeat([CURB_M, -CURB_M], 2)))
    side_s = CROSSING_S_M + np.repeat([-SIDE_CURB_M, SIDE_CURB_M], 2)
    for name, sign in (("left", 1.0), ("right", -1.0)):
        near, far = sign * (SIDE_STOP_M - 4.2), sign * (SIDE_STOP_M - 1.2)
        areas.append(_element(f"crosswalk_side_{name}", ElementKind.CROSSWALK, side_s, [near, far, far, near]))
    return areas


def _wait_lines() -> list[MapElement]:
    side = [0.2, LANE_M]
    return [
        _element("stop_forward", ElementKind.WAIT_LINE, STOP_S_M[0], [-0.2, -EDGE_LINE_M]),
        _element("stop_oncoming", ElementKind.WAIT_LINE, STOP_S_M[1], [0.2, EDGE_LINE_M]),
        _element("stop_side_left", ElementKind.WAIT_LINE, CROSSING_S_M + np.array(side), -SIDE_STOP_M),
        _element("stop_side_right", ElementKind.WAIT_LINE, CROSSING_S_M - np.array(side), SIDE_STOP_M),
    ]


def _arrows() -> list[MapElement]:
    """Arrows straight on in every lane; the outline is concave."""
    along = np.array([0.0, 2.2, 2.2, 4.0, 2.2, 2.2, 0.0])
    across = np.array([0.08, 0.08, 0.4, 0.0, -0.4, -0.08, -0.08])
    arrows = []
    for index, s_m in enumerate((66.0, 88.0)):
        for place, l_m in (("inner", -LANE_M / 2), ("outer", -LANE_M * 3 / 2)):
            name = f"arrow_forward_{place}_{index}"
            arrows.append(_element(name, ElementKind.ROAD_MARKING, s_m + along, l_m + across))
    for place, l_m in (("inner", LANE_M / 2), ("outer", LANE_M * 3 / 2)):
        name = f"arrow_oncoming_{place}"
        arrows.append(_element(name, ElementKind.ROAD_MARKING, 156.0 - along, l_m - across))
    return arrows


def _cuboid(
    element_id: str, kind: ElementKind, place: tuple[float, float, float], quarter_turns: int, size_lwh_m: Any
) -> MapElement:
    s_m, l_m, up_m = place
    pose = pose_at([s_m], [l_m], [quarter_turns * np.pi / 2], up_m)
    corners = tidy(box_corners(pose, np.array([size_lwh_m]))[0], 4)
    return MapElement(element_id=element_id, kind=kind, vertices_world=corners)


def _lights() -> list[MapElement]:
    elements = []
    for name, (place, quarter_turns, (foot_s, foot_l), _) in LIGHTS.items():
        elements.append(_cuboid(name, ElementKind.TRAFFIC_LIGHT, place, quarter_turns, (0.3, 0.4, 1.1)))
        if name.endswith("_arm"):
            up = [0.0, place[2] + 0.6, place[2] + 0.6]
            elements.append(_element(f"{name}_mast", ElementKind.POLE, [foot_s] * 3, [foot_l, foot_l, place[1]], up))
        elif not name.endswith("_pole"):
            elements.append(_element(f"{name}_mast", ElementKind.POLE, foot_s, [foot_l] * 2, [0.0, 3.8]))
    return elements


def _signs() -> list[MapElement]:
    elements = []
    places = (
        ("speed_limit_start", 62.0, -8.3, 2, (0.05, 0.6, 0.8)),
        ("crossing_ahead", 82.0, -8.3, 2, (0.05, 0.8, 0.8)),
        ("no_stopping", 148.0, -8.3, 2, (0.05, 0.5, 0.5)),
        ("bend_ahead", 172.0, -8.3, 2, (0.05, 0.8, 0.8)),
        ("speed_limit_oncoming", 176.0, 8.3, 0, (0.05, 0.6, 0.8)),
        ("crossing_ahead_oncoming", 158.0, 8.3, 0, (0.05, 0.8, 0.8)),
        ("street_name", 96.0, 8.3, 0, (0.05, 1.2, 0.3)),
    )
    for name, s_m, l_m, quarter_turns, size_lwh_m in places:
        elements.append(_cuboid(f"sign_{name}", ElementKind.TRAFFIC_SIGN, (s_m, l_m, 2.5), quarter_turns, size_lwh_m))
        elements.append(_element(f"sign_{name}_pole", ElementKind.POLE, s_m, [l_m] * 2, [0.0, 2.9]))
    return elements


def _lamps() -> list[MapElement]:
    """Street lamps along both walkways, their arms over the road."""
    lamps = []
    for index, s_m in enumerate((10.0, 40.0, 70.0, 98.0, 142.0, 170.0, 200.0, 230.0)):
        for side, sign in (("left", 1.0), ("right", -1.0)):
            l_m = sign * np.array([9.6, 9.6, 7.4])
            lamps.append(_element(f"lamp_{side}_{index}", ElementKind.POLE, [s_m] * 3, l_m, [0.0, 7.0, 7.3]))
    return lamps

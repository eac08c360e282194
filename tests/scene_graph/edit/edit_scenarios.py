"""A small road for edits, and edits as the YAML that people write."""

from __future__ import annotations

from typing import Any

import numpy as np

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.boxes import CORNER_SIGNS
from scene_graph.edit import EditResult, apply_edits, parse_edits
from scene_graph.edit.edit_file import parse_yaml
from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.polylines import ribbon
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory

START_US = 5_000_000
"""The first time of the road's scenario: not 0, so that seconds and microseconds are told apart."""


def edited(graph: ScenarioGraph, text: str) -> EditResult:
    """What the edits of a YAML text make of a scenario."""
    return apply_edits(graph, parse_edits(parse_yaml(text)))


def us(*times_s: float) -> list[int]:
    """Times after the road's first, in microseconds."""
    return [START_US + round(time_s * 1e6) for time_s in times_s]


def straight(first_m: Any, velocity_mps: Any, times_s: Any, yaw_rad: float = 0.0) -> Trajectory:
    """A motion at one velocity and heading."""
    times_s = np.array(times_s, dtype=np.float64)
    places = np.array(first_m, dtype=np.float64) + (times_s - times_s[0])[:, None] * np.array(velocity_mps)
    return Trajectory(
        timestamps_us=np.array(us(*times_s)), world_from_body=SE3.from_yaw(np.full(len(times_s), yaw_rad), places)
    )


def actor(
    track_id: str,
    x_m: float,
    y_m: float,
    *,
    speed_mps: float = 0.0,
    yaw_rad: float = 0.0,
    size_lwh_m: tuple[float, float, float] = (4.0, 2.0, 1.5),
    category: ActorCategory = ActorCategory.CAR,
    times_s: Any = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
    **fields: Any,
) -> ActorTrack:
    """An actor on the ground that drives straight on."""
    velocity = [speed_mps * np.cos(yaw_rad), speed_mps * np.sin(yaw_rad), 0.0]
    return ActorTrack(
        track_id=track_id,
        category=category,
        size_lwh_m=np.array(size_lwh_m),
        trajectory=straight([x_m, y_m, size_lwh_m[2] / 2], velocity, times_s, yaw_rad),
        **fields,
    )


def lane(lane_id: str, centreline: Any) -> MapElement:
    """A lane 3.5 m wide."""
    left, right = ribbon(np.array(centreline, dtype=np.float64), 3.5)
    return MapElement(
        element_id=lane_id,
        kind=ElementKind.LANE,
        vertices_world=np.array(centreline, dtype=np.float64),
        lane=LaneShape(left_world=left, right_world=right),
    )


def line(line_id: str, y_m: float, **fields: Any) -> MapElement:
    """A lane line along x."""
    mark = LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.DASHED_SINGLE, width_m=0.1)
    return MapElement(
        element_id=line_id,
        kind=ElementKind.LANE_LINE,
        vertices_world=np.array([[-50.0, y_m, 0], [100, y_m, 0]]),
        **{"mark": mark, **fields},
    )


def light(light_id: str, x_m: float) -> MapElement:
    """A traffic light of 1 m beside the road."""
    corners = CORNER_SIGNS / 2 + np.array([x_m, -6.0, 4.0])
    return MapElement(element_id=light_id, kind=ElementKind.TRAFFIC_LIGHT, vertices_world=corners)


def road(*actors: ActorTrack, **fields: Any) -> ScenarioGraph:
    """A scenario of 8 s in which the ego drives east from the origin at 10 m/s, its middle 1 m ahead of its rear axle.

    Lane `near` runs east along y = 0 from x = -50 to 60; `ahead` follows it, uphill, 30 m long, `off` branches to the
    left, and `beside` runs along y = 3.5. Lane lines `left_line` and `right_line` lie at y = 1.75 and -1.75. `lamp`
    controls `near`: green from the start, red from 4 s. `far_lamp` stands at x = 300 and shows nothing.
    """
    times_s = np.arange(0.0, 8.25, 0.5)
    return ScenarioGraph(
        scenario_id="road",
        **{
            "ego": EgoTrack(
                trajectory=straight([0, 0, 0], [10, 0, 0], times_s),
                size_lwh_m=np.array([4.0, 2.0, 1.5]),
                rear_axle_to_center_m=1.0,
            ),
            "elements": (
                lane("near", [[-50, 0, 0], [10, 0, 0], [60, 0, 0]]),
                lane("ahead", [[60, 0, 0], [84, 0, 18]]),
                lane("off", [[60, 0, 0], [70, 2, 0], [75, 10, 0]]),
                lane("beside", [[-50, 3.5, 0], [60, 3.5, 0]]),
                line("left_line", 1.75, attributes={"style": "WHITE LONG_DASHED_SINGLE", "width": "0.1", "id": "7"}),
                line("right_line", -1.75, attributes={"mark_type": "DASH_SOLID_WHITE", "side": "right"}),
                light("lamp", 20.0),
                light("far_lamp", 300.0),
            ),
            "signals": (
                SignalTrack(
                    element_id="lamp",
                    timestamps_us=np.array(us(0.0, 4.0)),
                    states=(SignalState.GREEN, SignalState.RED),
                ),
            ),
            "relations": (
                Relation(source_id="near", target_id="ahead", kind=RelationKind.SUCCESSOR),
                Relation(source_id="near", target_id="off", kind=RelationKind.SUCCESSOR),
                Relation(source_id="near", target_id="beside", kind=RelationKind.LEFT_NEIGHBOUR),
                Relation(source_id="beside", target_id="near", kind=RelationKind.RIGHT_NEIGHBOUR),
                Relation(source_id="lamp", target_id="near", kind=RelationKind.CONTROLS),
            ),
            "actors": actors,
            **fields,
        },
    )


def track_of(result: EditResult | ScenarioGraph, track_id: str) -> ActorTrack:
    """An actor of a result by its id."""
    graph = result.graph if isinstance(result, EditResult) else result
    return next(one for one in graph.actors if one.track_id == track_id)


def element_of(result: EditResult | ScenarioGraph, element_id: str) -> MapElement:
    """A map element of a result by its id."""
    graph = result.graph if isinstance(result, EditResult) else result
    return next(one for one in graph.elements if one.element_id == element_id)


def places(track: ActorTrack | EgoTrack) -> np.ndarray:
    """Positions `t 3` m of a track."""
    return track.trajectory.world_from_body.translation


def times_s(track: ActorTrack | EgoTrack) -> np.ndarray:
    """Times `t` of a track, seconds after the road's first."""
    return (track.trajectory.timestamps_us - START_US) * 1e-6

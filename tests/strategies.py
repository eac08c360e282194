"""Hypothesis strategies: valid parts of scenarios, and whole small ones."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.boxes import CORNER_SIGNS, box_corners
from scene_graph.cameras import CameraRig, PinholeCamera
from scene_graph.elements import ElementKind, Geometry, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.environment import TIMES_OF_DAY, WEATHERS, Environment
from scene_graph.graph import Relation, RelationKind, ScenarioGraph
from scene_graph.polylines import arc_length_m, headings_at, points_at, ribbon
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory

P = ParamSpec("P")
T = TypeVar("T")


def composite(make: Callable[Concatenate[st.DrawFn, P], T]) -> Callable[P, st.SearchStrategy[T]]:
    """`hypothesis.strategies.composite` for records: the shape checks on their fields sample with `random`.

    Hypothesis refuses strategies that advance the state of `random`; here it is put back.
    """

    @st.composite
    @functools.wraps(make)
    def made(draw: st.DrawFn, *args: P.args, **kwargs: P.kwargs) -> T:
        state = random.getstate()
        try:
            return make(draw, *args, **kwargs)
        finally:
            random.setstate(state)

    return made


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def coordinates(limit_m: float = 500.0) -> st.SearchStrategy[float]:
    """Coordinates on a grid of a millimetre, so that shrunk examples can be read."""
    steps = int(limit_m * 1000)
    return st.integers(-steps, steps).map(lambda step: step / 1000)


def points(limit_m: float = 500.0) -> st.SearchStrategy[np.ndarray]:
    """One point `3` m."""
    return st.tuples(coordinates(limit_m), coordinates(limit_m), coordinates(20.0)).map(np.array)


@composite
def rotations(draw: st.DrawFn) -> np.ndarray:
    """Rotations `3 3` of any angle, half turns included."""
    axis = np.array(draw(st.tuples(*(st.integers(-100, 100),) * 3)), dtype=np.float64)
    if not axis.any():
        return np.eye(3)
    angle_rad = draw(st.sampled_from([0.0, 1e-9, np.pi / 2, np.pi]) | st.floats(0.0, np.pi))
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle_rad).as_matrix()


@composite
def transforms(draw: st.DrawFn, num: int | None = None) -> SE3:
    """One rigid transform, or a batch of `num`."""
    if num is None:
        return SE3(rotation=draw(rotations()), translation=draw(points()))
    return SE3(
        rotation=np.array([draw(rotations()) for _ in range(num)]).reshape(num, 3, 3),
        translation=np.array([draw(points()) for _ in range(num)]).reshape(num, 3),
    )


@composite
def level_transforms(draw: st.DrawFn) -> SE3:
    """Rigid transforms that keep the ground level: a turn about z and a shift."""
    return SE3.from_yaw(draw(st.floats(-np.pi, np.pi)), draw(points()))


@composite
def trajectories(draw: st.DrawFn, max_poses: int = 5) -> Trajectory:
    """Trajectories of 1 to `max_poses` poses that begin within 10 s of time 0."""
    num_poses = draw(st.integers(1, max_poses))
    steps_us = draw(st.lists(st.integers(1, 2_000_000), min_size=num_poses, max_size=num_poses))
    start_us = draw(st.integers(-10_000_000, 10_000_000))
    return Trajectory(timestamps_us=start_us + np.cumsum(steps_us), world_from_body=draw(transforms(num_poses)))


@composite
def polylines(draw: st.DrawFn, min_points: int = 2, max_points: int = 7) -> np.ndarray:
    """Any polyline `p 3` m: it may cross itself, fold, climb or repeat points."""
    num_points = draw(st.integers(min_points, max_points))
    vertices = [draw(points(50.0)) for _ in range(num_points)]
    for index in range(1, num_points):
        if draw(st.integers(0, 9)) == 0:
            vertices[index] = vertices[index - 1]
    return np.array(vertices)


@composite
def winding_polylines(draw: st.DrawFn, max_points: int = 12) -> np.ndarray:
    """Polylines `p 3` m as roads run: pieces of 2 to 10 m, turns of at most 15 degrees, slopes of at most 10%."""
    num_pieces = draw(st.integers(1, max_points - 1))
    length_m = np.array(draw(st.lists(st.floats(2.0, 10.0), min_size=num_pieces, max_size=num_pieces)))
    turn = draw(st.lists(st.floats(-np.pi / 12, np.pi / 12), min_size=num_pieces, max_size=num_pieces))
    slope = np.array(draw(st.lists(st.floats(-0.1, 0.1), min_size=num_pieces, max_size=num_pieces)))
    heading = draw(st.floats(-np.pi, np.pi)) + np.cumsum(turn)
    steps = np.stack([np.cos(heading), np.sin(heading), slope], axis=1) * length_m[:, None]
    return draw(points()) + np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])


@composite
def sizes(draw: st.DrawFn) -> np.ndarray:
    """Sizes `3` m, 0.1 to 20 m each."""
    return np.array(draw(st.tuples(*(st.integers(1, 200),) * 3))) / 10


@composite
def elements(draw: st.DrawFn, kind: ElementKind | None = None, element_id: str = "element") -> MapElement:
    """A valid element, of any kind or of this one."""
    kind = draw(st.sampled_from(ElementKind)) if kind is None else kind
    holes: tuple[np.ndarray, ...] = ()
    if kind.geometry is Geometry.CUBOID:
        vertices = box_corners(draw(transforms(1)), draw(sizes())[None])[0]
        assert len(vertices) == len(CORNER_SIGNS)
    elif kind.geometry is Geometry.POLYGON:
        vertices = draw(polylines(min_points=3))
        if draw(st.booleans()):
            holes = (vertices.mean(axis=0) * 0.75 + vertices * 0.25,)
    else:
        vertices = draw(polylines())
    return MapElement(
        element_id=element_id,
        kind=kind,
        vertices_world=vertices,
        closed=draw(st.booleans()) if kind.geometry is Geometry.POLYLINE and len(vertices) > 2 else False,
        mark=draw(marks()) if kind is ElementKind.LANE_LINE else None,
        lane=draw(lane_shapes(vertices)) if kind is ElementKind.LANE else None,
        holes_world=holes,
        attributes=draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
    )


@composite
def marks(draw: st.DrawFn) -> LaneMark:
    """Any paint."""
    return LaneMark(
        colour=draw(st.sampled_from(MarkColour)),
        pattern=draw(st.sampled_from(MarkPattern)),
        width_m=draw(st.floats(0.05, 0.5)),
    )


@composite
def lane_shapes(draw: st.DrawFn, centreline: np.ndarray) -> LaneShape | None:
    """Edges 3 m apart around a centreline, or nothing."""
    if draw(st.booleans()):
        return None
    left, right = ribbon(centreline, 3.0)
    return LaneShape(
        left_world=left,
        right_world=right,
        lane_type=draw(st.sampled_from(["vehicle", "bus", "bike"])),
        in_intersection=draw(st.booleans()),
        speed_limit_mps=draw(st.none() | st.floats(1.0, 40.0)),
    )


@composite
def actors(draw: st.DrawFn, track_id: str = "actor") -> ActorTrack:
    """A valid actor, now and then unseen for a while."""
    trajectory = draw(trajectories())
    absent: list[tuple[int, int]] = []
    if len(trajectory.timestamps_us) > 1 and draw(st.booleans()):
        gap = draw(st.integers(0, len(trajectory.timestamps_us) - 2))
        absent.append((int(trajectory.timestamps_us[gap]), int(trajectory.timestamps_us[gap + 1])))
    return ActorTrack(
        track_id=track_id,
        category=draw(st.sampled_from(ActorCategory)),
        size_lwh_m=draw(sizes()),
        trajectory=trajectory,
        absent_us=np.array(absent, dtype=np.int64).reshape(-1, 2),
        source_category=draw(TEXTS),
    )


@composite
def signals(draw: st.DrawFn, element_id: str = "element") -> SignalTrack:
    """States of a light, up to four."""
    steps_us = draw(st.lists(st.integers(1, 5_000_000), max_size=4))
    states = draw(st.lists(st.sampled_from(SignalState), min_size=len(steps_us), max_size=len(steps_us)))
    return SignalTrack(element_id=element_id, timestamps_us=np.cumsum([0, *steps_us])[1:], states=tuple(states))


@composite
def environments(draw: st.DrawFn) -> Environment:
    """Any weather, time of day and prompts."""
    return Environment(
        weather=draw(st.sampled_from(WEATHERS)),
        time_of_day=draw(st.sampled_from(TIMES_OF_DAY)),
        prompt=draw(TEXTS),
        camera_prompts=draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
    )


@composite
def graphs(draw: st.DrawFn, max_elements: int = 4, max_actors: int = 3) -> ScenarioGraph:
    """Small valid scenarios, with every kind of relation."""
    map_elements = [draw(elements(element_id=f"e{index}")) for index in range(draw(st.integers(0, max_elements)))]
    tracks = [draw(actors(track_id=f"a{index}")) for index in range(draw(st.integers(0, max_actors)))]
    signalled = [one for one in map_elements if one.kind in (ElementKind.LANE, ElementKind.TRAFFIC_LIGHT)]
    possible = _possible_relations(map_elements, tracks)
    return ScenarioGraph(
        scenario_id=draw(TEXTS),
        ego=EgoTrack(trajectory=draw(trajectories()), size_lwh_m=draw(sizes())),
        elements=tuple(map_elements),
        actors=tuple(tracks),
        signals=tuple(draw(signals(one.element_id)) for one in signalled if draw(st.booleans())),
        relations=tuple(draw(st.lists(st.sampled_from(possible), max_size=4, unique=True))) if possible else (),
        environment=draw(environments()),
    )


def _possible_relations(map_elements: list[MapElement], tracks: list[ActorTrack]) -> list[Relation]:
    controllers = (ElementKind.TRAFFIC_LIGHT, ElementKind.TRAFFIC_SIGN, ElementKind.WAIT_LINE)
    lanes = [one.element_id for one in map_elements if one.kind is ElementKind.LANE]
    sources = {
        RelationKind.SUCCESSOR: lanes,
        RelationKind.LEFT_NEIGHBOUR: lanes,
        RelationKind.RIGHT_NEIGHBOUR: lanes,
        RelationKind.CONTROLS: [one.element_id for one in map_elements if one.kind in controllers],
        RelationKind.ON_LANE: [track.track_id for track in tracks],
    }
    return [
        Relation(source_id=source, target_id=lane, kind=kind)
        for kind, ids in sources.items()
        for source in ids
        for lane in lanes
    ]


def moved(graph: ScenarioGraph, other_from_world: SE3) -> ScenarioGraph:
    """The same scenario in another world frame."""
    return replace(
        graph,
        ego=replace(graph.ego, trajectory=graph.ego.trajectory.transformed(other_from_world)),
        elements=tuple(moved_element(element, other_from_world) for element in graph.elements),
        actors=tuple(
            replace(actor, trajectory=actor.trajectory.transformed(other_from_world)) for actor in graph.actors
        ),
    )


def moved_element(element: MapElement, other_from_world: SE3) -> MapElement:
    """The same element in another world frame."""
    lane = element.lane
    if lane is not None:
        lane = replace(
            lane,
            left_world=other_from_world.apply(lane.left_world),
            right_world=other_from_world.apply(lane.right_world),
        )
    return replace(
        element,
        vertices_world=other_from_world.apply(element.vertices_world),
        holes_world=tuple(other_from_world.apply(hole) for hole in element.holes_world),
        lane=lane,
    )


def junction() -> ScenarioGraph:
    """A fixed scenario with a road network, metres; the ego stands at the origin.

    Lanes `west_right` and `west_left` (beside it) run east along y = 0 and y = 3.5 from x = -100 to -10; through the
    junction `ahead_right` and `ahead_left` go on to x = 10, `turn_left` goes from `west_left` to `north`, which runs
    north along x = 1.75 from y = 15; `east_right` and `east_left` run on to x = 100. `over` runs south along x = -50
    on a bridge 6 m above.
    """
    angles = np.linspace(-np.pi / 2, 0.0, 9)
    arc = np.stack([np.cos(angles) * 11.75 - 10, np.sin(angles) * 11.5 + 15, np.zeros(9)], axis=1)
    centrelines = {
        "west_right": [[-100.0, 0, 0], [-10, 0, 0]],
        "west_left": [[-100.0, 3.5, 0], [-10, 3.5, 0]],
        "ahead_right": [[-10.0, 0, 0], [10, 0, 0]],
        "ahead_left": [[-10.0, 3.5, 0], [10, 3.5, 0]],
        "turn_left": arc,
        "east_right": [[10.0, 0, 0], [100, 0, 0]],
        "east_left": [[10.0, 3.5, 0], [100, 3.5, 0]],
        "north": [[1.75, 15, 0], [1.75, 100, 0]],
        "over": [[-50.0, 60, 6], [-50, -60, 6]],
    }
    successors = [
        ("west_right", "ahead_right"), ("west_left", "ahead_left"), ("west_left", "turn_left"),
        ("ahead_right", "east_right"), ("ahead_left", "east_left"), ("turn_left", "north"),
    ]  # fmt: skip
    beside = [("west_right", "west_left"), ("east_right", "east_left")]
    relations = [
        *(Relation(source_id=a, target_id=b, kind=RelationKind.SUCCESSOR) for a, b in successors),
        *(Relation(source_id=a, target_id=b, kind=RelationKind.LEFT_NEIGHBOUR) for a, b in beside),
        *(Relation(source_id=b, target_id=a, kind=RelationKind.RIGHT_NEIGHBOUR) for a, b in beside),
    ]
    return ScenarioGraph(
        scenario_id="junction",
        ego=EgoTrack(trajectory=Trajectory(timestamps_us=np.array([0]), world_from_body=SE3.identity((1,)))),
        elements=tuple(_lane(lane_id, np.array(line, dtype=np.float64)) for lane_id, line in centrelines.items()),
        relations=tuple(relations),
    )


def _lane(lane_id: str, centreline: np.ndarray) -> MapElement:
    left, right = ribbon(centreline, 3.5)
    return MapElement(
        element_id=lane_id,
        kind=ElementKind.LANE,
        vertices_world=centreline,
        lane=LaneShape(left_world=left, right_world=right),
    )


def driven(graph: ScenarioGraph, path: np.ndarray, speed_mps: float = 10.0) -> ScenarioGraph:
    """The same scenario with an ego that drives along a polyline `p 3` m, a pose every 0.1 s."""
    s_m = np.arange(0.0, arc_length_m(path)[-1], speed_mps * 0.1)
    trajectory = Trajectory(
        timestamps_us=np.arange(len(s_m)) * 100_000,
        world_from_body=SE3.from_yaw(headings_at(path, s_m), points_at(path, s_m)),
    )
    return replace(graph, ego=replace(graph.ego, trajectory=trajectory))


def full_scenario() -> ScenarioGraph:
    """A fixed valid scenario in which every field of every record says something; all numbers are exact."""
    turns = np.array([[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])
    drive = Trajectory(
        timestamps_us=np.array([1_000_000, 1_500_000]),
        world_from_body=SE3(rotation=turns, translation=np.array([[0.0, 0, 0.25], [5, 1, 0.5]])),
    )
    centreline = np.array([[0.0, 0, 0], [10, 0, 0.5], [20, 2, 1]])
    side = np.array([0.0, 1.75, 0])
    lane = LaneShape(
        left_world=centreline + side,
        right_world=centreline - side,
        lane_type="bus",
        in_intersection=True,
        speed_limit_mps=13.5,
    )
    square = np.array([[0.0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]])
    return ScenarioGraph(
        scenario_id="full",
        ego=EgoTrack(trajectory=drive, size_lwh_m=np.array([4.5, 1.75, 1.5]), rear_axle_to_center_m=1.5),
        elements=(
            MapElement(element_id="lane", kind=ElementKind.LANE, vertices_world=centreline, lane=lane),
            MapElement(
                element_id="line",
                kind=ElementKind.LANE_LINE,
                vertices_world=centreline + side,
                mark=LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.DASHED_SOLID, width_m=0.25),
                attributes={"paint": "old"},
            ),
            MapElement(
                element_id="island", kind=ElementKind.ROAD_ISLAND, vertices_world=square, holes_world=(square / 4 + 1,)
            ),
            MapElement(element_id="light", kind=ElementKind.TRAFFIC_LIGHT, vertices_world=CORNER_SIGNS / 2),
        ),
        actors=(
            ActorTrack(
                track_id="bus",
                category=ActorCategory.BUS,
                size_lwh_m=np.array([12.0, 2.5, 3.0]),
                trajectory=drive,
                absent_us=np.array([[1_000_000, 1_500_000]]),
                source_category="vehicle.bus.rigid",
            ),
        ),
        signals=(
            SignalTrack(
                element_id="light",
                timestamps_us=np.array([1_000_000, 1_250_000]),
                states=(SignalState.GREEN, SignalState.YELLOW),
            ),
        ),
        relations=(
            Relation(source_id="light", target_id="lane", kind=RelationKind.CONTROLS),
            Relation(source_id="bus", target_id="lane", kind=RelationKind.ON_LANE),
        ),
        environment=Environment(
            weather="rain", time_of_day="dusk", prompt="A wet road.", camera_prompts={"front": "Wipers move."}
        ),
    )


def pinhole_rig() -> CameraRig:
    """A fixed valid rig of two pinhole cameras."""
    ahead = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    camera = PinholeCamera(fx_px=500.0, fy_px=510.0, cx_px=320.5, cy_px=180.25, width_px=640, height_px=360)
    return CameraRig(
        names=("front", "rear"),
        cameras=(camera, replace(camera, distortion=np.array([-0.05, 0.01, 0.0, 0.0, 0.0]))),
        ego_from_camera=SE3(
            rotation=np.array([ahead, np.diag([-1.0, -1, 1]) @ ahead]),
            translation=np.array([[1.5, 0, 1.5], [-1, 0, 1]]),
        ),
    )

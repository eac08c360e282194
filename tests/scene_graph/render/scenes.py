"""Small scenes and cameras that the rendering tests share."""

from __future__ import annotations

import numpy as np

from scene_graph.actors import ActorCategory, ActorTrack, EgoTrack
from scene_graph.cameras import Camera, CameraRig, FisheyeCamera, FThetaCamera, PinholeCamera
from scene_graph.elements import ElementKind, LaneMark, MapElement, MarkColour, MarkPattern
from scene_graph.graph import ScenarioGraph
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack
from scene_graph.trajectory import Trajectory

FORWARD = SE3(
    rotation=np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), translation=np.array([1.5, 0.0, 1.6])
)
"""ego_from_camera of a camera that looks ahead, 1.6 m above the ground."""


def cameras(width_px: int, height_px: int) -> dict[str, Camera]:
    """One camera of each model, of this size."""
    center = {"cx_px": width_px / 2, "cy_px": height_px / 2, "width_px": width_px, "height_px": height_px}
    focal_px = width_px * 0.55
    ring_px = width_px * 0.28
    return {
        "pinhole": PinholeCamera(fx_px=focal_px, fy_px=focal_px, **center),
        "distorted": PinholeCamera(
            fx_px=focal_px, fy_px=focal_px, distortion=np.array([-0.28, 0.08, 0.001, -0.0005, -0.01]), **center
        ),
        "ftheta": FThetaCamera(
            polynomial=np.array([0.0, width_px * 0.46, 0.0, width_px * 0.015, 0.0, 0.0]),
            polynomial_direction="radius_from_angle",
            **center,
        ),
        "fisheye": FisheyeCamera(
            fx_px=ring_px, fy_px=ring_px, coefficients=np.array([0.02, -0.004, 0.0, 0.0]), **center
        ),
    }


def element(kind: str, vertices: object, name: str = "", **fields: object) -> MapElement:
    """A map element in the ego's first frame."""
    vertices_world = np.asarray(vertices, dtype=np.float64)
    return MapElement(element_id=name or kind, kind=ElementKind(kind), vertices_world=vertices_world, **fields)  # type: ignore[arg-type]


def cuboid(center: tuple[float, float, float], size_lwh_m: tuple[float, float, float]) -> np.ndarray:
    """Corners `8 3` of an upright cuboid."""
    from scene_graph.boxes import box_corners

    pose = SE3.from_yaw(np.zeros(1), np.array([center]))
    return box_corners(pose, np.array([size_lwh_m]))[0]


def actor(
    category: str, x: float, y: float, yaw_rad: float, size_lwh_m: tuple[float, float, float], name: str = ""
) -> ActorTrack:
    """A standing road user on the ground."""
    pose = SE3.from_yaw(np.full(2, yaw_rad), np.tile([x, y, size_lwh_m[2] / 2], (2, 1)))
    return ActorTrack(
        track_id=name or f"{category} {x:g} {y:g}",
        category=ActorCategory(category),
        size_lwh_m=np.array(size_lwh_m),
        trajectory=Trajectory(timestamps_us=np.array([0, 1_000_000]), world_from_body=pose),
    )


def graph(
    elements: tuple[MapElement, ...] = (),
    actors: tuple[ActorTrack, ...] = (),
    signals: tuple[SignalTrack, ...] = (),
    world_from_start: SE3 | None = None,
) -> ScenarioGraph:
    """A scenario whose ego drives 10 m straight ahead in one second, moved as a whole by `world_from_start`."""
    poses = SE3.from_yaw(np.zeros(2), np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]))
    ego = Trajectory(timestamps_us=np.array([0, 1_000_000]), world_from_body=poses)
    made = ScenarioGraph(
        scenario_id="test", ego=EgoTrack(trajectory=ego), elements=elements, actors=actors, signals=signals
    )
    return made if world_from_start is None else moved(made, world_from_start)


def moved(source: ScenarioGraph, other_from_world: SE3) -> ScenarioGraph:
    """The same scenario in another world frame."""
    from dataclasses import replace

    return replace(
        source,
        ego=replace(source.ego, trajectory=source.ego.trajectory.transformed(other_from_world)),
        elements=tuple(replace(e, vertices_world=other_from_world.apply(e.vertices_world)) for e in source.elements),
        actors=tuple(replace(a, trajectory=a.trajectory.transformed(other_from_world)) for a in source.actors),
    )


def rig(*views: Camera) -> CameraRig:
    """Cameras that all look ahead from the same place."""
    return CameraRig(
        names=tuple(f"view{i}" for i in range(len(views))),
        cameras=views,
        ego_from_camera=SE3(
            rotation=np.tile(FORWARD.rotation, (len(views), 1, 1)),
            translation=np.tile(FORWARD.translation, (len(views), 1)),
        ),
    )


def recording(scenario: ScenarioGraph, *views: Camera) -> Recording:
    """A recording with two frames."""
    return Recording(
        graph=scenario,
        rig=rig(*views),
        frames=None,
        frame_timestamps_us=np.array([0, 500_000]),
        source=Source(format="test", path="test"),
    )


def street() -> ScenarioGraph:
    """A bit of everything that is drawn."""
    states = {"red": SignalState.RED, "green": SignalState.GREEN}
    lights = [element("traffic_light", cuboid((22, -3 + 6 * i, 5), (0.3, 0.5, 1.2)), n) for i, n in enumerate(states)]
    marks = (
        (-5.2, "white", "solid_single"),
        (-1.8, "white", "dashed_single"),
        (1.8, "yellow", "solid_double"),
        (5.2, "white", "short_dashed_single"),
    )
    lines = [
        element(
            "lane_line",
            [[-20, y, 0], [30, y, 0], [80, y + 3, 0.5]],
            f"line {y}",
            mark=LaneMark(colour=MarkColour(colour), pattern=MarkPattern(pattern)),
        )
        for y, colour, pattern in marks
    ]
    areas = [
        element("crosswalk", [[17, -5, 0], [20, -5, 0], [20, 5, 0], [17, 5, 0]]),
        element(
            "road_marking",
            [[8, -0.1, 0], [10, -0.1, 0], [10, -0.4, 0], [11, 0, 0], [10, 0.4, 0], [10, 0.1, 0], [8, 0.1, 0]],
        ),
    ]
    others = [
        element("road_boundary", [[-20, -7, 0.15], [80, -7, 0.15]], "right"),
        element("road_boundary", [[-20, 7, 0.15], [80, 7, 0.15]], "left"),
        element("wait_line", [[15.5, -5, 0], [15.5, -0.2, 0]]),
        element("pole", [[14, 7.5, 0], [14, 7.5, 5]]),
        element("traffic_sign", cuboid((14, 7.5, 4.5), (0.1, 1.0, 1.0))),
    ]
    signals = tuple(
        SignalTrack(element_id=name, timestamps_us=np.array([0]), states=(state,)) for name, state in states.items()
    )
    actors = (
        actor("car", 14, 3.3, np.pi, (4.6, 1.9, 1.5)),
        actor("truck", 26, -3.4, 0.0, (9.0, 2.5, 3.3)),
        actor("pedestrian", 18.5, -1.0, np.pi / 2, (0.6, 0.6, 1.8)),
        actor("bicycle", 9, -3.5, 0.2, (1.8, 0.6, 1.7)),
    )
    return graph((*lines, *areas, *others, *lights), actors, signals)

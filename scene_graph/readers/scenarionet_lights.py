"""Traffic lights of a motion data set's scene: where they are drawn, and what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind
from scene_graph.polylines import project
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_records import SceneRecord, SignalRecord
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState, SignalTrack

__all__ = ["STATES", "SceneLights", "facing_cuboid", "read_lights"]

STATES: Mapping[str | None, SignalState] = MappingProxyType(
    {
        None: SignalState.UNKNOWN,
        "LANE_STATE_UNKNOWN": SignalState.UNKNOWN,
        "LANE_STATE_ARROW_STOP": SignalState.RED,
        "LANE_STATE_ARROW_CAUTION": SignalState.YELLOW,
        "LANE_STATE_ARROW_GO": SignalState.GREEN,
        "LANE_STATE_STOP": SignalState.RED,
        "LANE_STATE_CAUTION": SignalState.YELLOW,
        "LANE_STATE_GO": SignalState.GREEN,
        "LANE_STATE_FLASHING_STOP": SignalState.RED,
        "LANE_STATE_FLASHING_CAUTION": SignalState.YELLOW,
        "TRAFFIC_LIGHT_UNKNOWN": SignalState.UNKNOWN,
        "TRAFFIC_LIGHT_RED": SignalState.RED,
        "TRAFFIC_LIGHT_YELLOW": SignalState.YELLOW,
        "TRAFFIC_LIGHT_GREEN": SignalState.GREEN,
    }
)
"""Our state for each of the source's; None is a step at which it did not see the signal."""

_LIGHT_SIZE_LWH_M = (0.3, 0.4, 1.1)
_LIGHT_HEIGHT_M = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneLights:
    """What the signals of a scene become.

    Attributes:
        elements: one traffic light a signalled lane.
        relations: from the lights to their lanes.
        signals: what the lights show.
        derived: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    signals: tuple[SignalTrack, ...]
    derived: tuple[str, ...]


def read_lights(scene: SceneRecord, lanes: Mapping[str, MapElement], records: Records) -> SceneLights:
    """The lights of a scene.

    Args:
        scene: the scene.
        lanes: the lanes of its map by their ids.
        records: what to do with a bad signal.
    """
    elements, relations, signals = [], [], []
    unknown: set[str] = set()
    lights: set[str] = set()
    num_without_lane = num_without_place = 0
    for signal in scene.signals:
        with records.checking(signal.where):
            lane = lanes.get(signal.lane_id)
            if signal.lane_id in lights:
                raise ValueError(f"is the second signal of lane {signal.lane_id[:60]!r}; expected one a lane")
            element = _light(signal, lane)
            lights.add(signal.lane_id)
            unknown |= {repr(state[:60]) for state in signal.states if state is not None and state not in STATES}
            num_without_lane += lane is None
            num_without_place += signal.stop_point is None
            elements.append(element)
            signals.append(_track(element.element_id, scene.timestamps_us, signal.states))
            if lane is not None:
                relations.append(
                    Relation(source_id=element.element_id, target_id=lane.element_id, kind=RelationKind.CONTROLS)
                )
    derived = []
    if elements:
        derived.append(
            f"Traffic lights have no place in the source: one a signalled lane, {_LIGHT_HEIGHT_M:g} m above where it "
            "stops, that faces it; flashing ones were read as lit."
        )
    if num_without_place:
        derived.append(f"{num_without_place} signals have no stop point: taken to be where their lane begins.")
    if num_without_lane:
        derived.append(f"{num_without_lane} signals are of lanes that the map does not hold: they face along x.")
    if unknown:
        derived.append(f"States of signals that are not known were read as unknown: {', '.join(sorted(unknown)[:10])}.")
    return SceneLights(
        elements=tuple(elements), relations=tuple(relations), signals=tuple(signals), derived=tuple(derived)
    )


def facing_cuboid(
    center: Float[np.ndarray, "3"], lanes: Sequence[MapElement], size_lwh_m: tuple[float, float, float]
) -> Float[np.ndarray, "8 3"]:
    """Corners `8 3` m of an upright box whose front faces the traffic of lanes; along x where there are none.

    Args:
        center: `3` m, world frame.
        lanes: the lanes; of each, its direction where it is nearest to the box counts.
        size_lwh_m: length (depth), width, height, metres.
    """
    headings_rad = np.array([project(lane.vertices_world, center[None]).heading_rad[0] for lane in lanes])
    yaw_rad = np.angle(np.exp(1j * headings_rad).sum()) + np.pi if len(headings_rad) else 0.0
    pose = SE3.from_yaw(np.array([yaw_rad]), center[None])
    return box_corners(pose, np.array([size_lwh_m]))[0]


def _light(signal: SignalRecord, lane: MapElement | None) -> MapElement:
    if signal.stop_point is not None:
        place = signal.stop_point
    elif lane is not None:
        place = lane.vertices_world[0]
    else:
        raise ValueError("has neither a lane of the map nor a stop point; expected one of them")
    element = MapElement(
        element_id=f"light:{signal.lane_id}",
        kind=ElementKind.TRAFFIC_LIGHT,
        vertices_world=facing_cuboid(
            place + np.array([0.0, 0.0, _LIGHT_HEIGHT_M]), [] if lane is None else [lane], _LIGHT_SIZE_LWH_M
        ),
        attributes={"lane": signal.lane_id},
    )
    element.validate()
    return element


def _track(element_id: str, timestamps_us: Int64[np.ndarray, " t"], names: Sequence[str | None]) -> SignalTrack:
    """The track of states given a step, kept where they change."""
    states = [STATES.get(name, SignalState.UNKNOWN) for name in names]
    changes = [step for step in range(len(states)) if step == 0 or states[step] is not states[step - 1]]
    track = SignalTrack(
        element_id=element_id,
        timestamps_us=timestamps_us[changes],
        states=tuple(states[step] for step in changes),
    )
    track.validate()
    return track

"""The map of a motion data set's scene: elements and relations from its features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneMark, MapElement, MarkColour, MarkPattern
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_lanes import has_length, read_lanes
from scene_graph.readers.scenarionet_lights import facing_cuboid
from scene_graph.readers.scenarionet_records import FeatureRecord, SceneRecord
from scene_graph.readers.vertices import polygon

__all__ = ["AREAS", "MARKS", "SceneMap", "read_map"]

_WHITE, _YELLOW = MarkColour.WHITE, MarkColour.YELLOW

MARKS: Mapping[str, LaneMark] = MappingProxyType(
    {
        "ROAD_LINE_BROKEN_SINGLE_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.DASHED_SINGLE),
        "ROAD_LINE_SOLID_SINGLE_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.SOLID_SINGLE),
        "ROAD_LINE_SOLID_DOUBLE_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.SOLID_DOUBLE),
        "ROAD_LINE_BROKEN_SINGLE_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.DASHED_SINGLE),
        "ROAD_LINE_BROKEN_DOUBLE_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.DASHED_DOUBLE),
        "ROAD_LINE_SOLID_SINGLE_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.SOLID_SINGLE),
        "ROAD_LINE_SOLID_DOUBLE_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.SOLID_DOUBLE),
        "ROAD_LINE_PASSING_DOUBLE_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.SOLID_DASHED),
        "UNKNOWN_LINE": LaneMark(colour=MarkColour.UNKNOWN, pattern=MarkPattern.OTHER),
    }
)
"""Paint of each of the source's types of lines."""

_PASSING = "ROAD_LINE_PASSING_DOUBLE_YELLOW"
_EDGES = frozenset({"ROAD_EDGE_BOUNDARY", "ROAD_EDGE_MEDIAN", "UNKNOWN"})
# converters of these data sets write outlines of the drivable area as white lines called boundary_0, boundary_1, ...
_OUTLINED = frozenset({"nuscenes", "nuplan"})
_OUTLINE_PREFIX = "boundary_"

AREAS: Mapping[str, ElementKind] = MappingProxyType(
    {
        "CROSSWALK": ElementKind.CROSSWALK,
        "SPEED_BUMP": ElementKind.SPEED_BUMP,
        "DRIVEWAY": ElementKind.DRIVABLE_AREA,
        "ROAD_EDGE_SIDEWALK": ElementKind.WALKWAY,
    }
)
"""What each of the source's types of areas is."""

_STOP_SIGN = "STOP_SIGN"
_SIGN_SIZE_LWH_M = (0.05, 0.75, 0.75)
_SIGN_HEIGHT_M = 2.1

_NAMES: Mapping[ElementKind, str] = MappingProxyType(
    {
        ElementKind.LANE_LINE: "lane lines",
        ElementKind.ROAD_BOUNDARY: "road boundaries",
        ElementKind.CROSSWALK: "crosswalks",
        ElementKind.SPEED_BUMP: "speed bumps",
        ElementKind.DRIVABLE_AREA: "drivable areas",
        ElementKind.WALKWAY: "walkways",
        ElementKind.TRAFFIC_SIGN: "traffic signs",
        ElementKind.LANE: "lanes",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneMap:
    """What the map features of a scene become.

    Attributes:
        elements: lines, boundaries, areas and signs, in this order.
        lanes: the lanes by their ids.
        relations: between lanes, and from signs to lanes.
        present, derived, absent: as in `scene_graph.recording.Source`.
        skipped: features that no element stands for.
    """

    elements: tuple[MapElement, ...]
    lanes: Mapping[str, MapElement]
    relations: tuple[Relation, ...]
    present: Mapping[str, str]
    derived: tuple[str, ...]
    absent: tuple[str, ...]
    skipped: tuple[str, ...]


def read_map(scene: SceneRecord, records: Records) -> SceneMap:
    """The map of a scene.

    Raises:
        SceneError: a feature is bad and bad records are not skipped.
    """
    lane_features = [feature for feature in scene.features if feature.lane is not None]
    others = [feature for feature in scene.features if feature.lane is None]
    lines = {feature.feature_id: feature.polyline for feature in others if feature.polyline is not None}
    lanes = read_lanes(lane_features, lines, records)
    lanes_by_id = {lane.element_id: lane for lane in lanes.elements}

    elements: list[MapElement] = []
    relations = list(lanes.relations)
    unknown: Counter[str] = Counter()
    num_short = 0
    for feature in others:
        with records.checking(feature.where):
            if feature.type_name == _STOP_SIGN:
                sign, controls = _stop_sign(feature, lanes_by_id)
                elements.append(sign)
                relations += controls
            elif feature.type_name in AREAS:
                elements.append(_area(feature))
            elif feature.type_name not in MARKS and feature.type_name not in _EDGES:
                unknown[feature.type_name[:60]] += 1
            elif feature.polyline is None:
                raise ValueError("has no polyline; expected one of a line or edge")
            elif not has_length(feature.polyline):
                num_short += 1
            else:
                elements.append(_line(feature, feature.polyline, scene.dataset))
    order = list(_NAMES)
    elements.sort(key=lambda element: order.index(element.kind))
    counts = Counter(element.kind for element in (*elements, *lanes.elements))
    derived = [*lanes.derived, *_derived(elements, num_short)]
    skipped = [
        f"{scene.where}: {count} map features of type {name!r}, which is not known" for name, count in unknown.items()
    ]
    return SceneMap(
        elements=tuple(elements),
        lanes=lanes_by_id,
        relations=tuple(relations),
        present={name: str(counts[kind]) for kind, name in _NAMES.items() if counts[kind]},
        derived=tuple(derived),
        absent=(*(name for kind, name in _NAMES.items() if not counts[kind]), *lanes.absent),
        skipped=tuple(skipped),
    )


def _line(feature: FeatureRecord, polyline: Float[np.ndarray, "p 3"], dataset: str) -> MapElement:
    is_outline = dataset in _OUTLINED and feature.feature_id.startswith(_OUTLINE_PREFIX)
    is_boundary = is_outline or feature.type_name in _EDGES
    is_ring = is_boundary and len(polyline) > 3 and np.array_equal(polyline[0], polyline[-1])
    element = MapElement(
        element_id=feature.feature_id,
        kind=ElementKind.ROAD_BOUNDARY if is_boundary else ElementKind.LANE_LINE,
        vertices_world=polyline[:-1] if is_ring else polyline,
        closed=is_ring,
        mark=None if is_boundary else MARKS[feature.type_name],
        attributes={"type": feature.type_name},
    )
    element.validate()
    return element


def _area(feature: FeatureRecord) -> MapElement:
    outline = feature.polygon if feature.polygon is not None else feature.polyline
    if outline is None:
        raise ValueError("has no polygon; expected an area's outline")
    element = MapElement(
        element_id=feature.feature_id,
        kind=AREAS[feature.type_name],
        vertices_world=polygon(outline),
        attributes={"type": feature.type_name},
    )
    element.validate()
    return element


def _stop_sign(feature: FeatureRecord, lanes: Mapping[str, MapElement]) -> tuple[MapElement, list[Relation]]:
    """A nominal sign at the feature's place, and what it controls."""
    if feature.position is None:
        raise ValueError("has no position; expected that of the sign")
    controlled = [lane_id for lane_id in dict.fromkeys(feature.controlled_ids) if lane_id in lanes]
    place = feature.position
    if place[2] == 0.0:
        place = place + np.array([0.0, 0.0, _SIGN_HEIGHT_M])
    element = MapElement(
        element_id=feature.feature_id,
        kind=ElementKind.TRAFFIC_SIGN,
        vertices_world=facing_cuboid(place, [lanes[lane_id] for lane_id in controlled], _SIGN_SIZE_LWH_M),
        attributes={"type": feature.type_name},
    )
    element.validate()
    relations = [
        Relation(source_id=feature.feature_id, target_id=lane_id, kind=RelationKind.CONTROLS) for lane_id in controlled
    ]
    return element, relations


def _derived(elements: list[MapElement], num_short: int) -> list[str]:
    derived = []
    types = Counter(element.attributes["type"] for element in elements)
    if types[_STOP_SIGN]:
        width_m = _SIGN_SIZE_LWH_M[1]
        derived.append(
            f"Stop signs have a place and no size in the source: plates of {width_m} m that face their lanes."
        )
    if types[_PASSING]:
        derived.append(f"{types[_PASSING]} passing double lines do not say which is broken: taken to be the right one.")
    if types["DRIVEWAY"]:
        derived.append("Driveways were read as drivable areas.")
    if any(element.element_id.startswith(_OUTLINE_PREFIX) and element.mark is None for element in elements):
        derived.append("Outlines of the drivable area, white lines in the source, were read as road boundaries.")
    if num_short:
        derived.append(f"{num_short} lines of no length were left out.")
    return derived

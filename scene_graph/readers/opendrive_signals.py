"""The signals along OpenDRIVE roads: traffic lights, signs, and paint that the format calls signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from jaxtyping import Float

from scene_graph.boxes import box_corners
from scene_graph.elements import ElementKind, MapElement
from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.opendrive_lanes import LEAST_SECTION_M, DrivenLane, LaneKey
from scene_graph.readers.opendrive_objects import surface_frame
from scene_graph.readers.opendrive_roads import Road
from scene_graph.readers.records import Records
from scene_graph.readers.xml_tree import XmlElement
from scene_graph.se3 import SE3

__all__ = ["RoadSignals", "read_signals", "wait_line_relations"]

# codes of the German catalogue, which OpenDRIVE's own goes by, and OpenDRIVE's from 1000001 on
_STOP_LINES = frozenset({"294"})
_CROSSWALKS = frozenset({"293", "1000003"})
_ARROWS = frozenset({"297"})
_PEDESTRIAN_LIGHTS = frozenset({"1000002"})
_SIGN_SIZE_M = 0.6
_LIGHT_SIZE_LWH_M = (0.3, 0.35, 0.9)
_SIGN_DEPTH_M = 0.1
_HEAD_M = 1.0
_TALL_LIGHT_M = 1.8
_LOW_M = 0.3
_RAISED_TO_M = 2.5
_STOP_LINE_M = 3.5
_CROSSWALK_LENGTH_M = 4.0
_ARROW_LENGTH_M = 5.0
_MAX_SIZE_M = 100.0
_SAME_LEVEL_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadSignals:
    """The signals of a map.

    Attributes:
        elements: traffic lights with their poles, signs, stop lines, crosswalks and arrows.
        relations: CONTROLS, from lights and signs to lanes.
        notes: what was derived, one sentence each.
    """

    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    notes: tuple[str, ...]


def read_signals(roads: Mapping[str, Road], lanes: Sequence[DrivenLane], where: str, records: Records) -> RoadSignals:
    """The signals of roads, and which lanes they are for.

    Args:
        roads: the map's roads.
        lanes: its lanes.
        where: the map's file, for errors.
        records: what to do with a bad signal.
    """
    reader = _SignalReader({lane.key: lane for lane in lanes})
    for tag, read in (("signal", reader.signal), ("signalReference", reader.reference)):
        for road in roads.values():
            for source in road.signals:
                if source.tag == tag:
                    name = source.attributes.get("id", "?")
                    with records.checking(f"{where}, road {road.road_id!r}, {tag} {name!r}"):
                        read(road, source)
    return RoadSignals(
        elements=tuple(reader.elements),
        relations=tuple(dict.fromkeys(reader.relations)),
        notes=tuple(f"{count} {what}." for what, count in reader.notes.items()),
    )


def wait_line_relations(elements: Iterable[MapElement], lanes: Sequence[DrivenLane]) -> list[Relation]:
    """CONTROLS from each stop line to the motor vehicles' lanes whose centrelines it crosses."""
    lines = [element for element in elements if element.kind is ElementKind.WAIT_LINE]
    crossed = [lane for lane in lanes if lane.for_vehicles]
    if not lines or not crossed:
        return []
    tree = shapely.STRtree([shapely.LineString(lane.element.vertices_world[:, :2]) for lane in crossed])
    plans = [shapely.LineString(line.vertices_world[:, :2]) for line in lines]
    relations = []
    for line, lane in sorted(zip(*tree.query(plans, predicate="intersects").tolist(), strict=True)):
        away = crossed[lane].element.vertices_world - lines[line].vertices_world.mean(axis=0)
        if abs(away[np.argmin(np.hypot(away[:, 0], away[:, 1])), 2]) <= _SAME_LEVEL_M:
            relations.append(_controls(lines[line].element_id, crossed[lane]))
    return relations


class _SignalReader:
    """Turns signals into elements, and remembers them for the references to come."""

    def __init__(self, lanes: Mapping[LaneKey, DrivenLane]) -> None:
        self._lanes = lanes
        self._used = Counter[str]()
        self._id_of: dict[str, str] = {}
        self.elements: list[MapElement] = []
        self.relations: list[Relation] = []
        self.notes = Counter[str]()

    def signal(self, road: Road, source: XmlElement) -> None:
        """Takes a signal."""
        signal_id = source.string("id", "")
        name = f"signal/{road.road_id}/{signal_id}"
        self._used[name] += 1
        element_id = f"{name}#{self._used[name]}" if self._used[name] > 1 else name
        kind = _kind(source)
        place = _Place.of(road, source)
        attributes = _attributes(source)
        if kind is ElementKind.TRAFFIC_LIGHT:
            bottom_m, height_m = self._head(element_id, place, source)
            vertices = _cuboid(place, bottom_m, source, _LIGHT_SIZE_LWH_M, height_m)
        elif kind is ElementKind.TRAFFIC_SIGN:
            size_lwh_m = (_SIGN_DEPTH_M, _SIGN_SIZE_M, _SIGN_SIZE_M)
            height_m = _size_m(source, "height", _SIGN_SIZE_M)
            vertices = _cuboid(place, source.number("zOffset", 0.0, limit=_MAX_SIZE_M), source, size_lwh_m, height_m)
        else:
            vertices = _paint(place, source, kind)
        element = MapElement(element_id=element_id, kind=kind, vertices_world=vertices, attributes=attributes)
        element.validate()
        self.elements.append(element)
        if kind in (ElementKind.TRAFFIC_LIGHT, ElementKind.TRAFFIC_SIGN):
            self._id_of.setdefault(signal_id, element_id)
            if source.string("type", "") not in _PEDESTRIAN_LIGHTS or source.find("validity") is not None:
                self._relate(element_id, road, source)

    def reference(self, road: Road, source: XmlElement) -> None:
        """Takes a reference to a signal that stands at another road; one to a signal that is none is passed over."""
        element_id = self._id_of.get(source.string("id"))
        if element_id is None:
            self.notes["references to signals that are no light or sign were passed over"] += 1
        else:
            self._relate(element_id, road, source)

    def _relate(self, element_id: str, road: Road, source: XmlElement) -> None:
        """Relates a light or sign to the lanes that its validity names, else to those of its direction."""
        ranges = [
            sorted((validity.integer("fromLane"), validity.integer("toLane")))
            for validity in source.find_all("validity")
        ]
        orientation = source.string("orientation", "none")
        for lane in self._lanes_at(road, source.number("s")):
            if ranges:
                valid = any(first <= lane.key[2] <= last for first, last in ranges)
            else:
                valid = lane.for_vehicles and orientation != ("-" if lane.forward else "+")
            if valid:
                self.relations.append(_controls(element_id, lane))

    def _lanes_at(self, road: Road, s_m: float) -> list[DrivenLane]:
        """The lanes of the section with elements that is nearest to an arc length."""
        sections = [(i, section) for i, section in enumerate(road.sections) if section.length_m >= LEAST_SECTION_M]
        if not sections:
            return []
        index, section = min(sections, key=lambda one: max(one[1].start_s_m - s_m, s_m - one[1].end_s_m, 0.0))
        keys = [(road.road_id, index, lane.lane_id) for lane in section.lanes]
        return [self._lanes[key] for key in keys if key in self._lanes]

    def _head(self, light_id: str, place: _Place, source: XmlElement) -> tuple[float, float]:
        """Where a light's head begins above the road and how tall it is, metres; its post becomes a pole."""
        bottom_m = source.number("zOffset", 0.0, limit=_MAX_SIZE_M)
        height_m = _size_m(source, "height", _LIGHT_SIZE_LWH_M[2])
        if bottom_m < _LOW_M and height_m > _TALL_LIGHT_M:
            self.notes["traffic lights stand on the road with their posts: the head is the uppermost metre"] += 1
            head_m = bottom_m + height_m - _HEAD_M
            ends = np.array([[0.0, 0.0, bottom_m], [0.0, 0.0, head_m]])
            self.elements.append(
                MapElement(
                    element_id=f"pole/{light_id}",
                    kind=ElementKind.POLE,
                    vertices_world=place.world_from_place.apply(ends),
                )
            )
            return head_m, _HEAD_M
        if bottom_m < 0.0:
            self.notes[f"traffic lights reach below the road in the file: they were raised to {_RAISED_TO_M} m"] += 1
            return _RAISED_TO_M, height_m
        return bottom_m, height_m


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Place:
    """Where a signal stands.

    Attributes:
        road, s_m, t_m: beside which road.
        towards: 1 where it is for traffic towards greater arc lengths, else -1.
        world_from_place: on the road's surface, x to where it faces, z up.
    """

    road: Road
    s_m: float
    t_m: float
    towards: float
    world_from_place: SE3

    @classmethod
    def of(cls, road: Road, source: XmlElement) -> _Place:
        s_m = min(max(source.number("s"), 0.0), road.length_m)
        t_m = source.number("t", limit=1e4)
        towards = -1.0 if source.string("orientation", "none") == "-" else 1.0
        surface = surface_frame(road, s_m, t_m, 0.0)
        faces_rad = float(surface.yaw_rad) + (np.pi if towards > 0 else 0.0) + source.number("hOffset", 0.0)
        return cls(
            road=road,
            s_m=s_m,
            t_m=t_m,
            towards=towards,
            world_from_place=SE3.from_yaw(faces_rad, surface.translation),
        )


def _kind(source: XmlElement) -> ElementKind:
    code, name = source.string("type", ""), source.string("name", "").lower().replace("_", "").replace(" ", "")
    if source.string("dynamic", "no").lower() == "yes":
        return ElementKind.TRAFFIC_LIGHT
    if code in _STOP_LINES or "stopline" in name or "holdingline" in name:
        return ElementKind.WAIT_LINE
    painted = source.number("zOffset", 0.0) < _LOW_M and source.number("height", 0.0) < 0.1
    if code in _CROSSWALKS or (painted and "crosswalk" in name):
        return ElementKind.CROSSWALK
    if code in _ARROWS or (painted and "arrow" in name):
        return ElementKind.ROAD_MARKING
    return ElementKind.TRAFFIC_SIGN


def _cuboid(
    place: _Place, bottom_m: float, source: XmlElement, size_lwh_m: Sequence[float], height_m: float
) -> Float[np.ndarray, "8 3"]:
    size = np.array([size_lwh_m[0], _size_m(source, "width", size_lwh_m[1]), height_m])
    centre = SE3(rotation=np.eye(3), translation=np.array([0.0, 0.0, bottom_m + height_m / 2.0]))
    world_from_box = place.world_from_place @ centre
    batch = SE3(rotation=world_from_box.rotation[None], translation=world_from_box.translation[None])
    return box_corners(batch, size[None])[0]


def _paint(place: _Place, source: XmlElement, kind: ElementKind) -> Float[np.ndarray, "p 3"]:
    """A stop line, or the rectangle of a crosswalk or arrow, on the road.

    A stop line at the middle of the road lies across the half that its traffic drives on, another is centred. A
    crosswalk begins where the signal is, an arrow is centred there.
    """
    if kind is ElementKind.WAIT_LINE:
        width_m = _size_m(source, "width", _STOP_LINE_M)
        middle_t_m = float(place.road.lane_offset.at(np.array([place.s_m]))[0])
        side = -1.0 if (place.towards > 0) != place.road.left_hand else 1.0
        beside = abs(place.t_m - middle_t_m) < width_m / 4.0
        t_m = place.t_m + (np.array([0.0, side * width_m]) if beside else np.array([-0.5, 0.5]) * width_m)
        return place.road.points(np.full(2, place.s_m), t_m)
    if kind is ElementKind.CROSSWALK:
        length_m = source.number("value", 0.0)
        length_m = length_m if 0.5 < length_m < _MAX_SIZE_M else _CROSSWALK_LENGTH_M
        start_s_m = place.s_m if place.towards > 0 else place.s_m - length_m
    else:
        length_m = _size_m(source, "length", _ARROW_LENGTH_M)
        start_s_m = place.s_m - length_m / 2.0
    half_m = _size_m(source, "width", 1.0) / 2.0
    s_m = np.clip(start_s_m + length_m * np.array([0.0, 1.0, 1.0, 0.0]), 0.0, place.road.length_m)
    return place.road.points(s_m, place.t_m + half_m * np.array([1.0, 1.0, -1.0, -1.0]))


def _size_m(source: XmlElement, name: str, default: float) -> float:
    size_m = source.number(name, default, limit=_MAX_SIZE_M)
    return size_m if size_m > 0.0 else default


def _controls(element_id: str, lane: DrivenLane) -> Relation:
    return Relation(source_id=element_id, target_id=lane.element.element_id, kind=RelationKind.CONTROLS)


def _attributes(source: XmlElement) -> dict[str, str]:
    values = {"signal_id": source.string("id", "")}
    values |= {
        name: source.string(name, "") for name in ("type", "subtype", "country", "name", "value", "unit", "text")
    }
    return {name: value for name, value in values.items() if value not in ("", "-1", "none")}

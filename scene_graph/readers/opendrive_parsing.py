"""OpenDRIVE files parsed: XML to roads and junctions (ASAM OpenDRIVE 1.4 to 1.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from scene_graph.errors import SceneError
from scene_graph.readers.opendrive_cubics import cubics_of
from scene_graph.readers.opendrive_curves import MAX_ROAD_LENGTH_M, plan_view_of
from scene_graph.readers.opendrive_roads import (
    Connection,
    Contact,
    Junction,
    Lane,
    LaneMarkPiece,
    LaneSection,
    OpenDrive,
    Road,
    RoadLink,
    SpeedLimit,
)
from scene_graph.readers.records import Records
from scene_graph.readers.xml_tree import XmlElement, read_xml

__all__ = ["parse_opendrive"]

_MPS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}
_NO_LIMIT = ("no limit", "undefined")
_LENGTH_TOLERANCE_M = 0.01


def parse_opendrive(path: Path, records: Records) -> OpenDrive:
    """The map in an OpenDRIVE file.

    Args:
        path: the file, plain or gzipped.
        records: what to do with a bad road or junction.

    Raises:
        SceneError: the file is no OpenDRIVE XML, holds no good road, or a bad one that is not to be skipped.
    """
    root = read_xml(path)
    if root.tag != "OpenDRIVE":
        raise SceneError(f"expected an <OpenDRIVE> document, received <{root.tag}>", where=path)
    parser = _RoadParser()
    roads: dict[str, Road] = {}
    for element in root.find_all("road"):
        with records.checking(f"{path}, road {element.attributes.get('id', '?')!r}"):
            road = parser.road(element)
            if road.road_id in roads:
                raise ValueError(f"{element}: repeats the id {road.road_id!r}; expected ids to be unique")
            roads[road.road_id] = road
    if not roads:
        raise SceneError("holds no good road; expected at least one", where=path)
    junctions: dict[str, Junction] = {}
    for element in root.find_all("junction"):
        with records.checking(f"{path}, junction {element.attributes.get('id', '?')!r}"):
            junction = _junction(element)
            if junction.junction_id in junctions:
                raise ValueError(f"{element}: repeats the id {junction.junction_id!r}; expected ids to be unique")
            junctions[junction.junction_id] = junction
    header = root.find("header")
    reference = None if header is None else header.find("geoReference")
    return OpenDrive(
        version="unknown"
        if header is None
        else ".".join(header.string(f"rev{part}", "?") for part in ("Major", "Minor")),
        roads=roads,
        junctions=junctions,
        geo_reference="" if reference is None else " ".join(reference.text.split()),
        notes=tuple(f"{count} {what}." for what, count in parser.notes.items()),
    )


class _RoadParser:
    """Turns elements into roads, and counts what it reads otherwise than it is written."""

    def __init__(self) -> None:
        self.notes: Counter[str] = Counter()

    def road(self, element: XmlElement) -> Road:
        """The road of an element `<road>`."""
        length_m = element.number("length", limit=MAX_ROAD_LENGTH_M)
        plan = plan_view_of(element.required("planView"))
        if plan.end_s_m < length_m - _LENGTH_TOLERANCE_M:
            self.notes["roads are longer than their plan view and were cut to it"] += 1
        length_m = min(length_m, plan.end_s_m)
        if not length_m > 0.0:
            raise ValueError(f"{element}: 'length' is {length_m:g} m; expected more than 0")
        lanes = element.required("lanes")
        lateral = element.find("lateralProfile")
        if lateral is not None and (lateral.find("crossfall") or lateral.find("shape")):
            self.notes["lateral profiles have a crossfall or shape, which was not read"] += 1
        return Road(
            road_id=element.string("id"),
            name=element.string("name", ""),
            length_m=length_m,
            junction_id=None if element.string("junction", "-1") == "-1" else element.string("junction"),
            left_hand=element.string("rule", "RHT").upper() == "LHT",
            plan=plan,
            elevation=cubics_of(element.within("elevationProfile", "elevation"), "s"),
            superelevation=cubics_of(element.within("lateralProfile", "superelevation"), "s"),
            lane_offset=cubics_of(lanes.find_all("laneOffset"), "s"),
            sections=self._sections(lanes, length_m),
            predecessor=_road_link(element, "predecessor"),
            successor=_road_link(element, "successor"),
            speeds=_road_speeds(element),
            objects=tuple(element.within("objects", "object")),
            signals=tuple(child for signals in element.find_all("signals") for child in signals.children),
        )

    def _sections(self, lanes: XmlElement, length_m: float) -> tuple[LaneSection, ...]:
        elements = sorted(lanes.find_all("laneSection"), key=lambda section: section.number("s"))
        starts = [max(section.number("s"), 0.0) for section in elements]
        sections = []
        for element, start_s_m, end_s_m in zip(elements, starts, _until_next(starts, length_m), strict=True):
            if end_s_m > start_s_m:
                sections.append(self._section(element, start_s_m, end_s_m))
            else:
                self.notes["lane sections of no length were left out"] += 1
            if element.flag("singleSide", False):
                self.notes["lane sections for a single side were taken for both"] += 1
        if not sections:
            raise ValueError(f"{lanes}: expected a <laneSection> of some length, found none")
        return tuple(sections)

    def _section(self, element: XmlElement, start_s_m: float, end_s_m: float) -> LaneSection:
        sides: dict[str, list[Lane]] = {}
        for side in ("left", "center", "right"):
            sides[side] = [self._lane(lane, start_s_m, end_s_m) for lane in element.within(side, "lane")]
        left = sorted(sides["left"], key=lambda lane: lane.lane_id)
        right = sorted(sides["right"], key=lambda lane: -lane.lane_id)
        ids = [lane.lane_id for lane in (*left, *right)]
        if (
            len(set(ids)) != len(ids)
            or any(lane.lane_id <= 0 for lane in left)
            or any(i >= 0 for i in ids[len(left) :])
        ):
            raise ValueError(f"{element}: has the lanes {ids}; expected ids above 0 to the left, below 0 to the right")
        centre = sides["center"][0] if sides["center"] else _bare_centre()
        return LaneSection(start_s_m=start_s_m, end_s_m=end_s_m, left=tuple(left), right=tuple(right), centre=centre)

    def _lane(self, element: XmlElement, start_s_m: float, end_s_m: float) -> Lane:
        widths, borders = element.find_all("width"), element.find_all("border")
        if element.flag("level", False):
            self.notes["lanes that keep level were laid on the road's cross slope"] += 1
        return Lane(
            lane_id=element.integer("id"),
            lane_type=element.string("type", "none"),
            width=cubics_of(widths, "sOffset", start_s_m) if widths else None,
            border=cubics_of(borders, "sOffset", start_s_m) if borders else None,
            heights_m=tuple(
                (start_s_m + height.number("sOffset", 0.0), height.number("inner", 0.0), height.number("outer", 0.0))
                for height in element.find_all("height")
            ),
            marks=_marks(element, start_s_m, end_s_m),
            speeds=tuple(
                SpeedLimit(start_s_m=start_s_m + speed.number("sOffset", 0.0), limit_mps=_speed_mps(speed))
                for speed in element.find_all("speed")
            ),
            predecessor_ids=_linked_lanes(element, "predecessor"),
            successor_ids=_linked_lanes(element, "successor"),
            reversed=element.string("direction", "standard") == "reversed",
        )


def _bare_centre() -> Lane:
    return Lane(
        lane_id=0, lane_type="none", width=None, border=None, heights_m=(), marks=(), speeds=(), predecessor_ids=(),
        successor_ids=(), reversed=False,
    )  # fmt: skip


def _linked_lanes(element: XmlElement, name: str) -> tuple[int, ...]:
    return tuple(link.integer("id") for link in element.within("link", name))


def _marks(element: XmlElement, start_s_m: float, end_s_m: float) -> tuple[LaneMarkPiece, ...]:
    """The paint of a lane's outer edge, each piece until the next one starts."""
    marks = sorted(element.find_all("roadMark"), key=lambda mark: mark.number("sOffset", 0.0))
    starts = [min(max(start_s_m + mark.number("sOffset", 0.0), start_s_m), end_s_m) for mark in marks]
    pieces = []
    for mark, start, end in zip(marks, starts, _until_next(starts, end_s_m), strict=True):
        if end > start:
            pieces.append(
                LaneMarkPiece(
                    start_s_m=start,
                    end_s_m=end,
                    kind=" ".join(mark.string("type", "none").lower().replace("_", " ").split()),
                    colour=mark.string("color", "standard").lower(),
                    width_m=mark.number("width", 0.0, limit=10.0) or None,
                    bold=mark.string("weight", "standard") == "bold",
                    dash_m=_dash_m(mark),
                    lane_change=mark.string("laneChange", ""),
                )
            )
    return tuple(pieces)


def _dash_m(mark: XmlElement) -> tuple[float, float] | None:
    for line in mark.within("type", "line"):
        painted_m, open_m = line.number("length", 0.0), line.number("space", 0.0)
        if painted_m > 0.0 and open_m > 0.0:
            return painted_m, open_m
    return None


def _road_speeds(element: XmlElement) -> tuple[SpeedLimit, ...]:
    limits = []
    for road_type in element.find_all("type"):
        speed = road_type.find("speed")
        limit_mps = None if speed is None else _speed_mps(speed)
        limits.append(SpeedLimit(start_s_m=road_type.number("s", 0.0), limit_mps=limit_mps))
    return tuple(sorted(limits, key=lambda limit: limit.start_s_m))


def _speed_mps(element: XmlElement) -> float | None:
    """The speed limit of an element, m/s; None where it says that there is none."""
    if element.string("max", "undefined").strip().lower() in _NO_LIMIT:
        return None
    unit = element.string("unit", "m/s").strip().lower()
    if unit not in _MPS:
        raise ValueError(f"{element}: 'unit' is {unit[:40]!r}; expected one of {', '.join(_MPS)}")
    limit_mps = element.number("max", limit=1e4) * _MPS[unit]
    return limit_mps if limit_mps > 0.0 else None


def _road_link(element: XmlElement, name: Literal["predecessor", "successor"]) -> RoadLink | None:
    for link in element.within("link", name):
        kind = link.string("elementType", "road")
        if kind not in ("road", "junction"):
            raise ValueError(f"{link}: 'elementType' is {kind[:40]!r}; expected road or junction")
        contact = _contact(link) if kind == "road" and "contactPoint" in link.attributes else None
        return RoadLink(
            kind=cast(Literal["road", "junction"], kind), target_id=link.string("elementId"), contact=contact
        )
    return None


def _contact(element: XmlElement) -> Contact:
    contact = element.string("contactPoint")
    if contact not in ("start", "end"):
        raise ValueError(f"{element}: 'contactPoint' is {contact[:40]!r}; expected start or end")
    return cast(Contact, contact)


def _junction(element: XmlElement) -> Junction:
    connections = []
    for connection in element.find_all("connection"):
        entered = connection.attributes.get("connectingRoad", connection.attributes.get("linkedRoad"))
        if entered is None or "incomingRoad" not in connection.attributes:
            continue  # a virtual connection joins no lanes
        connections.append(
            Connection(
                incoming_id=connection.string("incomingRoad"),
                connecting_id=entered,
                contact=_contact(connection),
                lane_links=tuple(
                    (link.integer("from"), link.integer("to")) for link in connection.find_all("laneLink")
                ),
            )
        )
    return Junction(
        junction_id=element.string("id"), kind=element.string("type", "default"), connections=tuple(connections)
    )


def _until_next(starts: Sequence[float], end: float) -> list[float]:
    """Where stretches end that each last until the next one starts, and at most until `end`."""
    return [min(following, end) for following in (*starts[1:], end)][: len(starts)]

"""The vector map and the ground height of an Argoverse 2 log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.elements import ElementKind, LaneMark, LaneShape, MapElement, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.graph import Relation, RelationKind
from scene_graph.json_fields import Fields
from scene_graph.readers.area_outlines import union_outlines
from scene_graph.readers.decoding import parse_json, parse_npy, read_file
from scene_graph.readers.ground_height import GroundHeight
from scene_graph.readers.lane_edges import mid_line, same_direction
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import number_array, points, polygon

__all__ = ["MARKS", "MIRRORED", "LogMap", "read_log_map"]

MARKS: Mapping[str, LaneMark | None] = MappingProxyType(
    {
        "DASHED_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.DASHED_SINGLE),
        "DASHED_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.DASHED_SINGLE),
        "DOUBLE_DASH_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.DASHED_DOUBLE),
        "DOUBLE_DASH_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.DASHED_DOUBLE),
        "DOUBLE_SOLID_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.SOLID_DOUBLE),
        "DOUBLE_SOLID_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_DOUBLE),
        "DASH_SOLID_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.DASHED_SOLID),
        "DASH_SOLID_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.DASHED_SOLID),
        "SOLID_DASH_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.SOLID_DASHED),
        "SOLID_DASH_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_DASHED),
        "SOLID_WHITE": LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.SOLID_SINGLE),
        "SOLID_YELLOW": LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_SINGLE),
        "SOLID_BLUE": LaneMark(colour=MarkColour.BLUE, pattern=MarkPattern.SOLID_SINGLE),
        "UNKNOWN": LaneMark(colour=MarkColour.UNKNOWN, pattern=MarkPattern.OTHER),
        "NONE": None,
    }
)
"""Paint of a lane's right edge by the source's name. A double line is named from its lane outwards, which for the right
edge is from left to right, as our patterns are; for the left edge it is mirrored."""

MIRRORED: Mapping[MarkPattern, MarkPattern] = MappingProxyType(
    {
        MarkPattern.SOLID_DASHED: MarkPattern.DASHED_SOLID,
        MarkPattern.DASHED_SOLID: MarkPattern.SOLID_DASHED,
    }
)
"""Patterns that change when a line is seen from its other end."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogMap:
    """What a log's map folder holds.

    Attributes:
        elements: lane lines, road boundaries, crosswalks, drivable areas and lanes, in this order.
        relations: between lanes.
        ground: heights of the ground, or None.
        present, derived, absent: as in `scene_graph.recording.Source`.
    """

    elements: tuple[MapElement, ...] = ()
    relations: tuple[Relation, ...] = ()
    ground: GroundHeight | None = None
    present: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lane:
    element: MapElement
    edges: tuple[tuple[str, Float[np.ndarray, "_ 3"], str], ...]  # side, points, the source's name of the paint
    next_ids: tuple[str, ...]
    previous_ids: tuple[str, ...]
    left_id: str | None
    right_id: str | None


def read_log_map(folder: Path, records: Records) -> LogMap:
    """The map of a log; what is not there is listed in `absent`.

    Raises:
        SceneError: a file is damaged, or a record is bad and bad records are not skipped.
    """
    absent: list[str] = []
    ground = _read_ground(folder, absent)
    path = _only(folder, "log_map_archive_*.json")
    if path is None:
        return LogMap(ground=ground, absent=("map", *absent))
    raw = parse_json(read_file(path), str(path))
    parser = _MapParser(where=str(path), records=records, ground=ground)
    lanes = parser.lanes(_table(raw, "lane_segments", path, absent))
    crosswalks = parser.areas(_table(raw, "pedestrian_crossings", path, absent), ElementKind.CROSSWALK)
    drivable = parser.areas(_table(raw, "drivable_areas", path, absent), ElementKind.DRIVABLE_AREA)
    lane_lines, num_shared, num_differing = _lane_lines(lanes)
    boundaries = _boundaries(drivable)
    relations, num_opposite = _relations(lanes)
    derived = ["Lane centrelines are the mid lines of the lanes' edges."] if lanes else []
    if num_shared:
        derived.append(f"{num_shared} lane lines that two lanes share were taken once.")
    if num_differing:
        derived.append(f"{num_differing} of them are painted differently in the two lanes: the first was taken.")
    if num_opposite:
        derived.append(f"{num_opposite} neighbours that drive the other way were not related.")
    if boundaries:
        derived.append("Road boundaries are the outlines of the union of the drivable areas.")
    if parser.num_grounded:
        derived.append(f"{parser.num_grounded} vertices without a height were put on the ground height.")
    groups = {
        "lane lines": lane_lines,
        "road boundaries": boundaries,
        "crosswalks": crosswalks,
        "drivable areas": drivable,
        "lanes": [lane.element for lane in lanes],
    }
    present = {name: str(len(group)) for name, group in groups.items()}
    if ground is not None:
        present["ground height"] = "x".join(str(n) for n in ground.heights_m.shape) + " cells"
    return LogMap(
        elements=tuple(element for group in groups.values() for element in group),
        relations=tuple(relations),
        ground=ground,
        present=present,
        derived=tuple(derived),
        absent=tuple(absent),
    )


def _only(folder: Path, pattern: str) -> Path | None:
    """The one file of a folder that matches; None where there is none."""
    found = sorted(folder.glob(pattern))
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:3])
        raise SceneError(f"holds {len(found)} files {pattern} ({names}); expected one", where=folder)
    return found[0] if found else None


def _table(raw: Any, name: str, path: Path, absent: list[str]) -> list[tuple[str, Any]]:
    """(key, record) of one of the map's tables."""
    if not isinstance(raw, dict):
        raise SceneError("expected an object with lane_segments, drivable_areas and so on", where=path)
    if name not in raw:
        absent.append(name)
        return []
    if not isinstance(raw[name], dict):
        raise SceneError(f"{name}: expected an object of records by id", where=path)
    return list(raw[name].items())


def _read_ground(folder: Path, absent: list[str]) -> GroundHeight | None:
    raster = _only(folder, "*_ground_height_surface*.npy")
    placement = _only(folder, "*img_Sim2_city.json")
    if raster is None or placement is None:
        absent.append("ground height")
        return None
    heights_m = parse_npy(read_file(raster), str(raster))
    if heights_m.ndim != 2:
        raise SceneError(f"expected a grid of heights, received shape {heights_m.shape}", where=raster)
    similarity = Fields(parse_json(read_file(placement), str(placement)), str(placement))
    try:
        rotation = number_array(similarity.get("R"), "R", (4,)).reshape(2, 2)
        translation_m = number_array(similarity.get("t"), "t", (2,))
    except ValueError as error:
        raise error if isinstance(error, SceneError) else SceneError(str(error), where=placement) from error
    ground = GroundHeight(
        heights_m=np.where(np.isfinite(heights_m), heights_m, np.nan).astype(np.float64),
        rotation=rotation,
        translation_m=translation_m,
        cells_per_m=float(similarity.number("s")),
    )
    if not ground.cells_per_m > 0:
        raise SceneError(f"scale 's' is {ground.cells_per_m}; expected more than 0", where=placement)
    return ground


class _MapParser:
    """Turns the map's records into elements."""

    def __init__(self, *, where: str, records: Records, ground: GroundHeight | None) -> None:
        self._where = where
        self._records = records
        self._ground = ground
        self._ids: set[str] = set()
        self.num_grounded = 0

    def lanes(self, table: list[tuple[str, Any]]) -> list[_Lane]:
        """The lanes of a table."""
        lanes = []
        for key, raw in table:
            with self._records.checking(f"{self._where}, lane_segments {key}"):
                lanes.append(self._lane(Fields(raw, self._where, "lane")))
        return lanes

    def areas(self, table: list[tuple[str, Any]], kind: ElementKind) -> list[MapElement]:
        """The polygons of a table."""
        elements = []
        for key, raw in table:
            with self._records.checking(f"{self._where}, {kind.value} {key}"):
                record = Fields(raw, self._where, "area")
                if kind is ElementKind.CROSSWALK:
                    vertices = _between(self._points(record, "edge1"), self._points(record, "edge2"))
                else:
                    vertices = polygon(self._points(record, "area_boundary"))
                element = MapElement(
                    element_id=self._new_id(kind.value, record),
                    kind=kind,
                    vertices_world=vertices,
                )
                element.validate()
                elements.append(element)
        return elements

    def _lane(self, record: Fields) -> _Lane:
        left = self._points(record, "left_lane_boundary")
        right = self._points(record, "right_lane_boundary")
        if min(len(left), len(right)) < 2:
            raise ValueError(f"has edges of {len(left)} and {len(right)} points; expected at least 2 each")
        edges = (
            ("left", left, _mark_name(record, "left_lane_mark_type")),
            ("right", right, _mark_name(record, "right_lane_mark_type")),
        )
        next_ids, previous_ids = _lane_ids(record, "successors"), _lane_ids(record, "predecessors")
        left_id, right_id = (_lane_id(record.get(f"{side}_neighbor_id")) for side in ("left", "right"))
        element = MapElement(
            element_id=self._new_id("lane", record),
            kind=ElementKind.LANE,
            vertices_world=mid_line(left, right),
            lane=LaneShape(
                left_world=left,
                right_world=right,
                lane_type=record.text("lane_type").lower(),
                in_intersection=record.flag("is_intersection"),
            ),
        )
        element.validate()
        return _Lane(
            element=element,
            edges=edges,
            next_ids=next_ids,
            previous_ids=previous_ids,
            left_id=left_id,
            right_id=right_id,
        )

    def _points(self, record: Fields, name: str) -> Float[np.ndarray, "p 3"]:
        vertices = points(record.get(name), name, z_may_be_missing=True)
        missing = np.isnan(vertices[:, 2])
        if self._ground is None or not missing.any():
            return vertices
        filled = self._ground.filled(vertices)
        self.num_grounded += int((missing & ~np.isnan(filled[:, 2])).sum())
        return filled

    def _new_id(self, prefix: str, record: Fields) -> str:
        element_id = f"{prefix}/{record.integer('id')}"
        if element_id in self._ids:
            raise ValueError(f"repeats the id {element_id}; expected ids to be unique")
        self._ids.add(element_id)
        return element_id


def _mark_name(record: Fields, name: str) -> str:
    mark = record.text(name)
    if mark not in MARKS:
        raise ValueError(f"{name!r} is {mark!r}; expected one of {', '.join(MARKS)}")
    return mark


def _lane_ids(record: Fields, name: str) -> tuple[str, ...]:
    values = record.get(name)
    if not isinstance(values, list):
        raise ValueError(f"{name!r}: expected a list of ids, received {type(values).__name__}")
    return tuple(lane_id for value in values if (lane_id := _lane_id(value)) is not None)


def _lane_id(value: Any) -> str | None:
    return None if value is None else f"lane/{value}"


def _between(edge: Float[np.ndarray, "p 3"], other: Float[np.ndarray, "q 3"]) -> Float[np.ndarray, "r 3"]:
    """The polygon between two edges, whichever way round the second one runs."""
    if min(len(edge), len(other)) < 2:
        raise ValueError(f"has edges of {len(edge)} and {len(other)} points; expected at least 2 each")
    straight = np.linalg.norm(edge[-1] - other[0]) + np.linalg.norm(other[-1] - edge[0])
    crossed = np.linalg.norm(edge[-1] - other[-1]) + np.linalg.norm(other[0] - edge[0])
    return np.concatenate([edge, other if straight <= crossed else other[::-1]])


def _lane_lines(lanes: list[_Lane]) -> tuple[list[MapElement], int, int]:
    """The painted edges of all lanes, each once; how many two lanes share, and of those how many differ in paint."""
    lines: dict[tuple[bytes, ...], MapElement] = {}
    num_shared = num_differing = 0
    for lane in lanes:
        for side, edge, name in lane.edges:
            mark = MARKS[name]
            if mark is None:
                continue
            if side == "left":
                mark = _mirrored(mark)
            ends = tuple(sorted([edge.tobytes(), edge[::-1].tobytes()]))
            if ends in lines:
                same_way = np.array_equal(lines[ends].vertices_world, edge)
                num_shared += 1
                num_differing += lines[ends].mark != (mark if same_way else _mirrored(mark))
                continue
            lines[ends] = MapElement(
                element_id=f"lane_line/{lane.element.element_id.removeprefix('lane/')}/{side}",
                kind=ElementKind.LANE_LINE,
                vertices_world=edge,
                mark=mark,
                attributes={"mark_type": name, "side": side},
            )
    return list(lines.values()), num_shared, num_differing


def _mirrored(mark: LaneMark) -> LaneMark:
    """The paint seen from the line's other end."""
    return LaneMark(colour=mark.colour, pattern=MIRRORED.get(mark.pattern, mark.pattern), width_m=mark.width_m)


def _boundaries(areas: list[MapElement]) -> list[MapElement]:
    outlines = union_outlines([area.vertices_world for area in areas]) if areas else []
    return [
        MapElement(
            element_id=f"road_boundary/{index}",
            kind=ElementKind.ROAD_BOUNDARY,
            vertices_world=outline,
            closed=True,
        )
        for index, outline in enumerate(outlines)
    ]


def _relations(lanes: list[_Lane]) -> tuple[list[Relation], int]:
    """Relations between lanes that the map holds, and how many neighbours were left out as oncoming."""
    by_id = {lane.element.element_id: lane.element for lane in lanes}
    found: dict[tuple[str, str, RelationKind], None] = {}
    num_opposite = 0
    for lane in lanes:
        own = lane.element.element_id
        for other in lane.next_ids:
            found[own, other, RelationKind.SUCCESSOR] = None
        for other in lane.previous_ids:
            found[other, own, RelationKind.SUCCESSOR] = None
        neighbours = ((lane.left_id, RelationKind.LEFT_NEIGHBOUR), (lane.right_id, RelationKind.RIGHT_NEIGHBOUR))
        for neighbour, kind in neighbours:
            if neighbour is None or neighbour not in by_id:
                continue
            if same_direction(lane.element.vertices_world, by_id[neighbour].vertices_world):
                found[own, neighbour, kind] = None
            else:
                num_opposite += 1
    relations = [
        Relation(source_id=source, target_id=target, kind=kind)
        for source, target, kind in found
        if source in by_id and target in by_id
    ]
    return relations, num_opposite

"""Everything of an OpenDRIVE map as elements and relations of the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scene_graph.elements import ElementKind, MapElement
from scene_graph.errors import SceneError
from scene_graph.graph import Relation
from scene_graph.readers.opendrive_lanes import DrivenLane, area_elements, driven_lanes, lane_lines
from scene_graph.readers.opendrive_links import (
    MAX_GAP_M,
    LaneEnd,
    SuccessorRelations,
    lane_joints,
    neighbour_relations,
    successor_relations,
)
from scene_graph.readers.opendrive_objects import RoadObjects, read_objects
from scene_graph.readers.opendrive_parsing import parse_opendrive
from scene_graph.readers.opendrive_roads import OpenDrive
from scene_graph.readers.opendrive_sampling import sample_roads
from scene_graph.readers.opendrive_signals import RoadSignals, read_signals, wait_line_relations
from scene_graph.readers.opendrive_surface import (
    drivable_surfaces,
    intersection_areas,
    junction_areas,
    road_boundaries,
)
from scene_graph.readers.records import Records

__all__ = ["RoadMap", "read_road_map"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadMap:
    """An OpenDRIVE map.

    Attributes:
        document: the map as its file has it.
        joints: which ends of lanes meet, for all lanes.
        lanes: those that traffic drives on.
        elements, relations: of the graph.
        present, derived, absent: as in `scene_graph.recording.Source`.
    """

    document: OpenDrive
    joints: Mapping[LaneEnd, Sequence[LaneEnd]]
    lanes: tuple[DrivenLane, ...]
    elements: tuple[MapElement, ...]
    relations: tuple[Relation, ...]
    present: Mapping[str, str]
    derived: tuple[str, ...]
    absent: tuple[str, ...]


def read_road_map(path: Path, records: Records) -> RoadMap:
    """The map in an OpenDRIVE file.

    Raises:
        SceneError: the file is damaged, or holds a bad record that is not to be skipped.
    """
    document = parse_opendrive(path, records)
    where = str(path)
    sampled = sample_roads(document.roads.values(), where, records)
    good = {road_id: road for road_id, road in document.roads.items() if (road_id, 0) in sampled}
    document, sections = replace(document, roads=good), sampled.values()
    lanes = driven_lanes(sections)
    lines, unknown_marks = lane_lines(sections)
    surfaces = drivable_surfaces(sections)
    junctions = junction_areas(surfaces)
    objects = read_objects(document.roads.values(), where, records)
    signals = read_signals(document.roads, lanes, where, records)
    try:
        boundaries = road_boundaries(surfaces, junctions.values())
    except ValueError as error:
        raise SceneError(str(error), where=where) from error
    elements = [
        *lines,
        *boundaries,
        *area_elements(sections),
        *intersection_areas(junctions, document.junctions.values()),
        *objects.elements,
        *signals.elements,
        *(lane.element for lane in lanes),
    ]
    joints = lane_joints(document)
    successors = successor_relations(lanes, joints, document)
    relations = [
        *successors.relations,
        *neighbour_relations(lanes, document),
        *signals.relations,
        *wait_line_relations(elements, lanes),
    ]
    return RoadMap(
        document=document,
        joints=joints,
        lanes=tuple(lanes),
        elements=tuple(elements),
        relations=tuple(relations),
        present=_present(document, elements, relations),
        derived=_derived(document, lanes, successors, objects, signals, unknown_marks),
        absent=_absent(elements, lanes),
    )


def _present(document: OpenDrive, elements: Sequence[MapElement], relations: Sequence[Relation]) -> dict[str, str]:
    length_m = sum(road.length_m for road in document.roads.values())
    present = {
        "format version": document.version,
        "roads": f"{len(document.roads)}, {length_m / 1000.0:.2f} km",
        "junctions": str(len(document.junctions)),
    }
    kinds = Counter(element.kind for element in elements)
    present |= {_plural(kind): str(kinds[kind]) for kind in ElementKind if kinds[kind]}
    related = Counter(relation.kind for relation in relations)
    present |= {f"{kind.value.replace('_', ' ')} relations": str(count) for kind, count in related.items()}
    if document.geo_reference:
        present["geo reference"] = document.geo_reference
    return present


def _derived(
    document: OpenDrive,
    lanes: Sequence[DrivenLane],
    successors: SuccessorRelations,
    objects: RoadObjects,
    signals: RoadSignals,
    unknown_marks: Counter[str],
) -> tuple[str, ...]:
    notes = [
        "Lanes are the file's lanes, cut into polylines within 2 cm; a centreline is halfway between its edges.",
        "Road boundaries are the outer edges of the drivable surface: lanes with their shoulders, up to curbs.",
        *document.notes,
        *signals.notes,
    ]
    if any(road.left_hand for road in document.roads.values()):
        notes.append("Traffic keeps left.")
    if successors.num_opposed:
        notes.append(f"{successors.num_opposed} links between lanes that drive against each other were passed over.")
    if successors.num_far:
        notes.append(
            f"{successors.num_far} links between lanes more than {MAX_GAP_M:g} m apart there were passed over."
        )
    num_limits = sum(lane.num_limits > 1 for lane in lanes)
    if num_limits:
        notes.append(f"{num_limits} lanes with several speed limits hold the one of their longest part.")
    if unknown_marks:
        notes.append(f"Marks that are no lane line of ours are of pattern other: {_counted(unknown_marks)}.")
    if objects.left_out:
        notes.append(f"Objects that the graph has no kind for were left out: {_counted(objects.left_out)}.")
    return tuple(notes)


def _plural(kind: ElementKind) -> str:
    name = kind.value.replace("_", " ")
    return "road boundaries" if kind is ElementKind.ROAD_BOUNDARY else f"{name}s"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name[:40]!r}" for name, count in counts.most_common(10))


def _absent(elements: Sequence[MapElement], lanes: Sequence[DrivenLane]) -> tuple[str, ...]:
    named = {
        ElementKind.CROSSWALK: "crosswalks",
        ElementKind.WAIT_LINE: "stop lines",
        ElementKind.TRAFFIC_LIGHT: "traffic lights",
        ElementKind.TRAFFIC_SIGN: "signs",
    }
    kinds = {element.kind for element in elements}
    absent = [name for kind, name in named.items() if kind not in kinds]
    if all(
        lane.num_limits == 0 or lane.element.lane is None or lane.element.lane.speed_limit_mps is None for lane in lanes
    ):
        absent.append("speed limits")
    return (*absent, "weather", "time of day")

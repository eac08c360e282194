"""What joins the lanes of an OpenDRIVE map: ends of lanes that meet, and the relations that follow from them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scene_graph.graph import Relation, RelationKind
from scene_graph.readers.opendrive_lanes import LEAST_SECTION_M, DrivenLane, LaneKey
from scene_graph.readers.opendrive_roads import Contact, Junction, OpenDrive, Road, RoadLink

__all__ = ["MAX_GAP_M", "LaneEnd", "SuccessorRelations", "lane_joints", "neighbour_relations", "successor_relations"]

LaneEnd = tuple[LaneKey, Contact]
"""One end of a lane, by the arc length of its road."""

MAX_GAP_M = 1.0
"""Lanes that a file joins, but that end and start farther apart, are not related."""

_OTHER_END: Mapping[Contact, Contact] = {"start": "end", "end": "start"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessorRelations:
    """Which lanes follow which.

    Attributes:
        relations: SUCCESSOR.
        num_opposed: links that join lanes whose traffic meets or parts there.
        num_far: links left out because the lanes are more than MAX_GAP_M apart.
    """

    relations: tuple[Relation, ...]
    num_opposed: int
    num_far: int


def lane_joints(document: OpenDrive) -> dict[LaneEnd, tuple[LaneEnd, ...]]:
    """Lane end -> the ends that it meets, for all lanes of all types, in the file's order; it holds both ways.

    Links to lanes that do not exist are passed over.
    """
    joints: dict[LaneEnd, dict[LaneEnd, None]] = {}
    for one, other in (*_joints_along(document), *_joints_of_roads(document), *_joints_of_junctions(document)):
        if _exists(document, one[0]) and _exists(document, other[0]):
            joints.setdefault(one, {})[other] = None
            joints.setdefault(other, {})[one] = None
    return {end: tuple(others) for end, others in joints.items()}


def successor_relations(
    lanes: Sequence[DrivenLane], joints: Mapping[LaneEnd, Sequence[LaneEnd]], document: OpenDrive
) -> SuccessorRelations:
    """The SUCCESSOR relations that the joints make between lanes, seen in driving direction.

    Lane sections that are too short for elements are passed through.
    """
    by_key = {lane.key: lane for lane in lanes}
    found: dict[tuple[str, str], None] = {}
    num_opposed = num_far = 0
    for lane in lanes:
        for key, contact in _ends_met((lane.key, "end" if lane.forward else "start"), by_key, joints, document):
            following = by_key[key]
            gap_m = np.linalg.norm(lane.element.vertices_world[-1] - following.element.vertices_world[0])
            if contact != ("start" if following.forward else "end"):
                num_opposed += 1
            elif gap_m > MAX_GAP_M:
                num_far += 1
            else:
                found[lane.element.element_id, following.element.element_id] = None
    relations = tuple(
        Relation(source_id=source_id, target_id=target_id, kind=RelationKind.SUCCESSOR)
        for source_id, target_id in found
    )
    return SuccessorRelations(relations=relations, num_opposed=num_opposed, num_far=num_far)


def neighbour_relations(lanes: Sequence[DrivenLane], document: OpenDrive) -> list[Relation]:
    """LEFT_ and RIGHT_NEIGHBOUR relations of motor vehicles' lanes that lie side by side and drive the same way."""
    by_key = {lane.key: lane for lane in lanes if lane.for_vehicles}
    relations = []
    for road in document.roads.values():
        for index, section in enumerate(road.sections):
            across = [by_key.get((road.road_id, index, lane.lane_id)) for lane in section.lanes]
            for left, right in itertools.pairwise(across):  # from left to right along the road
                if left is None or right is None or left.forward != right.forward:
                    continue
                if not left.forward:
                    left, right = right, left
                left_id, right_id = left.element.element_id, right.element.element_id
                relations += [
                    Relation(source_id=left_id, target_id=right_id, kind=RelationKind.RIGHT_NEIGHBOUR),
                    Relation(source_id=right_id, target_id=left_id, kind=RelationKind.LEFT_NEIGHBOUR),
                ]
    return relations


def _ends_met(
    end: LaneEnd,
    lanes: Mapping[LaneKey, DrivenLane],
    joints: Mapping[LaneEnd, Sequence[LaneEnd]],
    document: OpenDrive,
) -> list[LaneEnd]:
    """The ends of lanes with elements that an end meets, straight or through sections too short for elements."""
    met: dict[LaneEnd, None] = {}
    waiting, seen = [end], {end}
    while waiting:
        for key, contact in joints.get(waiting.pop(), ()):
            if key in lanes:
                met[key, contact] = None
                continue
            passed: LaneEnd = (key, _OTHER_END[contact])
            short = document.roads[key[0]].sections[key[1]].length_m < LEAST_SECTION_M
            if short and passed not in seen:
                seen.add(passed)
                waiting.append(passed)
    return list(met)


def _exists(document: OpenDrive, key: LaneKey) -> bool:
    road = document.roads.get(key[0])
    return road is not None and road.sections[key[1]].lane(key[2]) is not None and key[2] != 0


def _joints_along(document: OpenDrive) -> Iterator[tuple[LaneEnd, LaneEnd]]:
    """Joints between the sections of one road."""
    for road in document.roads.values():
        for index, (section, following) in enumerate(itertools.pairwise(road.sections)):
            for lane in section.lanes:
                for other_id in lane.successor_ids:
                    yield ((road.road_id, index, lane.lane_id), "end"), ((road.road_id, index + 1, other_id), "start")
            for lane in following.lanes:
                for other_id in lane.predecessor_ids:
                    yield ((road.road_id, index, other_id), "end"), ((road.road_id, index + 1, lane.lane_id), "start")


def _joints_of_roads(document: OpenDrive) -> Iterator[tuple[LaneEnd, LaneEnd]]:
    """Joints between roads that are linked straight to one another."""
    for road in document.roads.values():
        for contact in ("start", "end"):
            link = _link(road, contact)
            other = document.roads.get(link.target_id) if link is not None and link.kind == "road" else None
            if link is None or other is None or link.contact is None:
                continue
            index = _end_section(road, contact)
            for lane in road.sections[index].lanes:
                for other_id in lane.predecessor_ids if contact == "start" else lane.successor_ids:
                    other_key = (other.road_id, _end_section(other, link.contact), other_id)
                    yield ((road.road_id, index, lane.lane_id), contact), (other_key, link.contact)


def _joints_of_junctions(document: OpenDrive) -> Iterator[tuple[LaneEnd, LaneEnd]]:
    for junction in document.junctions.values():
        for connection in junction.connections:
            incoming = document.roads.get(connection.incoming_id)
            entered = document.roads.get(connection.connecting_id)
            if incoming is None or entered is None:
                continue
            contact = _end_at(incoming, junction, _end_point(entered, connection.contact))
            incoming_section = _end_section(incoming, contact)
            entered_section = _end_section(entered, connection.contact)
            for from_id, to_id in connection.lane_links:
                yield (
                    ((incoming.road_id, incoming_section, from_id), contact),
                    ((entered.road_id, entered_section, to_id), connection.contact),
                )


def _end_at(road: Road, junction: Junction, place: np.ndarray) -> Contact:
    """Which end of a road enters a junction: of those that say so, or of both, the one nearest to a place."""
    ends: list[Contact] = [
        contact
        for contact in ("start", "end")
        if (link := _link(road, contact)) is not None
        and (link.kind, link.target_id) == ("junction", junction.junction_id)
    ]
    if len(ends) == 1:
        return ends[0]
    return min(ends or ("start", "end"), key=lambda contact: float(np.linalg.norm(_end_point(road, contact) - place)))


def _end_point(road: Road, contact: Contact) -> np.ndarray:
    return road.frames(np.array([0.0 if contact == "start" else road.length_m])).points[0]


def _end_section(road: Road, contact: Contact) -> int:
    return 0 if contact == "start" else len(road.sections) - 1


def _link(road: Road, contact: Contact) -> RoadLink | None:
    return road.predecessor if contact == "start" else road.successor

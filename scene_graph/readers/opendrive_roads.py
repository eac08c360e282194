"""The roads of an OpenDRIVE map: their parts as the file has them, and points on their surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

from scene_graph.readers.opendrive_cubics import Cubics
from scene_graph.readers.opendrive_curves import PlanView
from scene_graph.readers.xml_tree import XmlElement

__all__ = [
    "Connection",
    "Contact",
    "Junction",
    "Lane",
    "LaneMarkPiece",
    "LaneSection",
    "OpenDrive",
    "Road",
    "RoadFrames",
    "RoadLink",
    "SpeedLimit",
]

Contact = Literal["start", "end"]
"""Which end of a road, by its arc length."""


_JUST_INSIDE_M = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedLimit:
    """A speed limit (m/s, None: none) from an arc length on."""

    start_s_m: float
    limit_mps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMarkPiece:
    """The paint of a lane's outer edge between two arc lengths.

    Attributes:
        start_s_m, end_s_m: along the road, metres.
        kind: the source's name, such as "solid broken".
        colour: the source's name.
        width_m: metres, None where the source has none.
        bold: whether the source calls it bold.
        dash_m: lengths painted and left out of its first broken line, metres, None where the source has none.
        lane_change: which changes it allows, by the source's name.
    """

    start_s_m: float
    end_s_m: float
    kind: str
    colour: str
    width_m: float | None
    bold: bool
    dash_m: tuple[float, float] | None
    lane_change: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """One lane of a lane section.

    Attributes:
        lane_id: left of the centre positive, right negative, 0 the centre itself, which is a line.
        lane_type: the source's name.
        width: metres, by arc length along the road; None where `border` stands in.
        border: distance of the outer edge from the lane offset, to the left, metres.
        heights_m: (start arc length, at the inner edge, at the outer edge) above the road, each until the next.
        marks: paint of the outer edge.
        speeds: the lane's own speed limits.
        predecessor_ids, successor_ids: lanes of the section, or linked road, before and after.
        reversed: whether traffic drives against the direction of the lane's side.
    """

    lane_id: int
    lane_type: str
    width: Cubics | None
    border: Cubics | None
    heights_m: tuple[tuple[float, float, float], ...]
    marks: tuple[LaneMarkPiece, ...]
    speeds: tuple[SpeedLimit, ...]
    predecessor_ids: tuple[int, ...]
    successor_ids: tuple[int, ...]
    reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaneSection:
    """A stretch of a road with the same lanes.

    Attributes:
        start_s_m, end_s_m: along the road, metres.
        left: lanes 1, 2, ... from the centre outwards.
        right: lanes -1, -2, ... from the centre outwards.
        centre: the centre line's lane 0.
    """

    start_s_m: float
    end_s_m: float
    left: tuple[Lane, ...]
    right: tuple[Lane, ...]
    centre: Lane

    @property
    def length_m(self) -> float:
        """Metres along the road's reference line."""
        return self.end_s_m - self.start_s_m

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All lanes but the centre, from left to right."""
        return self.left[::-1] + self.right

    def lane(self, lane_id: int) -> Lane | None:
        """A lane by its id."""
        for lane in (*self.left, self.centre, *self.right):
            if lane.lane_id == lane_id:
                return lane
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadLink:
    """What joins one end of a road: another road at its `contact`, or a junction."""

    kind: Literal["road", "junction"]
    target_id: str
    contact: Contact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadFrames:
    """Where a road's reference line is at arc lengths `n`.

    Attributes:
        points: `n 3` m.
        heading_rad: `n`, direction in the ground plane.
        slope: `n`, height gained for each metre.
        roll_rad: `n`, cross slope: the left side up where positive.
    """

    points: Float[np.ndarray, "n 3"]
    heading_rad: Float[np.ndarray, " n"]
    slope: Float[np.ndarray, " n"]
    roll_rad: Float[np.ndarray, " n"]

    @property
    def left(self) -> Float[np.ndarray, "n 3"]:
        """Unit vectors `n 3` across the road's surface, to the left."""
        cos = np.cos(self.roll_rad)
        return np.stack(
            [-np.sin(self.heading_rad) * cos, np.cos(self.heading_rad) * cos, np.sin(self.roll_rad)], axis=1
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Road:
    """One road.

    Attributes:
        road_id: unique in its map.
        name: the source's name, "" where there is none.
        length_m: along the reference line.
        junction_id: the junction that it connects roads in, None outside.
        left_hand: whether traffic keeps left.
        plan, elevation, superelevation: the reference line, its height (m) and cross slope (rad).
        lane_offset: distance of the centre lane from the reference line, to the left, metres.
        sections: along the road.
        predecessor, successor: what joins its start, its end.
        speeds: speed limits.
        objects, signals: their elements, unread.
    """

    road_id: str
    name: str
    length_m: float
    junction_id: str | None
    left_hand: bool
    plan: PlanView
    elevation: Cubics
    superelevation: Cubics
    lane_offset: Cubics
    sections: tuple[LaneSection, ...]
    predecessor: RoadLink | None
    successor: RoadLink | None
    speeds: tuple[SpeedLimit, ...]
    objects: tuple[XmlElement, ...] = ()
    signals: tuple[XmlElement, ...] = ()

    def frames(self, s_m: Float[np.ndarray, " n"]) -> RoadFrames:
        """The reference line at arc lengths `n` m."""
        xy, heading_rad = self.plan.at(s_m)
        return RoadFrames(
            points=np.column_stack([xy, self.elevation.at(s_m)]),
            heading_rad=heading_rad,
            slope=self.elevation.slope_at(s_m),
            roll_rad=self.superelevation.at(s_m),
        )

    def points(self, s_m: Float[np.ndarray, " n"], t_m: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3"]:
        """Points `n 3` m of the surface at arc lengths `n` m, `t_m` `n` m to the left of the reference line."""
        frames = self.frames(s_m)
        return frames.points + frames.left * t_m[:, None]

    def section_index(self, s_m: float) -> int:
        """Which section holds an arc length (m); beyond an end, the last or first one."""
        for index in range(len(self.sections) - 1, 0, -1):
            if s_m >= self.sections[index].start_s_m:
                return index
        return 0

    def edges_t_m(self, section: LaneSection, s_m: Float[np.ndarray, " n"]) -> dict[int, Float[np.ndarray, " n"]]:
        """Offset `n` (m, to the left) of each lane's outer edge at arc lengths `n` m, and of the centre as lane 0.

        A lane is never narrower than 0. The lane offset may jump where a section ends: each end has its own side's.
        """
        centre = self.lane_offset.at(np.clip(s_m, section.start_s_m + _JUST_INSIDE_M, section.end_s_m - _JUST_INSIDE_M))
        edges = {0: centre}
        for sign, lanes in ((1.0, section.left), (-1.0, section.right)):
            edge = centre
            for lane in lanes:
                if lane.width is not None:
                    edge = edge + sign * np.maximum(lane.width.at(s_m), 0.0)
                elif lane.border is not None:
                    outer = centre + lane.border.at(s_m)
                    edge = np.maximum(edge, outer) if sign > 0 else np.minimum(edge, outer)
                edges[lane.lane_id] = edge
        return edges

    def forward(self, lane: Lane) -> bool:
        """Whether traffic of a lane drives towards greater arc lengths."""
        return ((lane.lane_id < 0) != self.left_hand) != lane.reversed


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way into a junction.

    Attributes:
        incoming_id: the road that it leaves.
        connecting_id: the road that it enters, at its `contact`.
        lane_links: (lane of the road it leaves, lane of the road it enters).
    """

    incoming_id: str
    connecting_id: str
    contact: Contact
    lane_links: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """Where roads meet.

    Attributes:
        junction_id: unique among the map's junctions.
        kind: "default", "direct" or another name of the source.
        connections: ways into it.
    """

    junction_id: str
    kind: str
    connections: tuple[Connection, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenDrive:
    """An OpenDRIVE map as its file has it.

    Attributes:
        version: of the format, such as "1.4".
        roads, junctions: by id, in the file's order.
        geo_reference: the projection of its coordinates, "" where there is none.
        notes: what the file holds that was read otherwise than it says, or not at all.
    """

    version: str
    roads: Mapping[str, Road]
    junctions: Mapping[str, Junction]
    geo_reference: str = ""
    notes: tuple[str, ...] = field(default=())

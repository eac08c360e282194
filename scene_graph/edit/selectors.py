"""Which actors, lane lines and lights an operation is about, as typed records.

Times are seconds after the scenario's first ego pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scene_graph.actors import ActorCategory
from scene_graph.elements import MarkColour, MarkPattern

__all__ = [
    "ActorById",
    "ActorSelector",
    "ActorsWhere",
    "LightById",
    "LightSelector",
    "LightsControlling",
    "LightsWhere",
    "LineById",
    "LineSelector",
    "LinesWhere",
    "NearestActor",
    "NearestLine",
    "Side",
]


class Side(str, Enum):
    """A side of the ego."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorById:
    """The actor of this id."""

    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestActor:
    """The nearest actor ahead of the ego at one time: within 45 degrees of where the ego heads.

    Attributes:
        category: what it is; None: anything.
        at_s: when.
        within_m: how far its middle may be from the ego's; None: any distance.
    """

    category: ActorCategory | None = None
    at_s: float = 0.0
    within_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsWhere:
    """All actors that meet every condition.

    Attributes:
        categories: what they are; empty: anything.
        within_m: how near the middle of the actor comes to the ego's middle, in the ground plane; None: any distance.
        at_s: when they are that near, None: at any time.
    """

    categories: tuple[ActorCategory, ...] = ()
    within_m: float | None = None
    at_s: float | None = None


ActorSelector = ActorById | NearestActor | ActorsWhere


@dataclass(frozen=True, slots=True, kw_only=True)
class LineById:
    """The lane line of this id."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestLine:
    """The nearest lane line on one side of the ego, abeam of it, at one time."""

    side: Side
    at_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesWhere:
    """All lane lines that meet every condition.

    Attributes:
        colour, pattern: of their marks; None: any.
        within_m: how near they come to the ego's path in the ground plane; None: any distance.
    """

    colour: MarkColour | None = None
    pattern: MarkPattern | None = None
    within_m: float | None = None


LineSelector = LineById | NearestLine | LinesWhere


@dataclass(frozen=True, slots=True, kw_only=True)
class LightById:
    """The traffic light, or the lane with a signal of its own, of this id."""

    light: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LightsControlling:
    """All traffic lights that control a lane, and the lane's own signal where it has one."""

    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LightsWhere:
    """All traffic lights, and lanes with a signal of their own, that come near the ego's path.

    Attributes:
        within_m: how near, in the ground plane; None: any distance.
    """

    within_m: float | None = None


LightSelector = LightById | LightsControlling | LightsWhere

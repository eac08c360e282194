"""The operations of an edit, as typed records.

Times are seconds after the scenario's first ego pose, as the operations before have left it; angles are degrees,
counter-clockwise from above; positions are metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from scene_graph.actors import ActorCategory
from scene_graph.edit.selectors import ActorSelector, LightSelector, LineSelector
from scene_graph.elements import MarkColour, MarkPattern
from scene_graph.signals import SignalState

__all__ = [
    "AddActor",
    "AlongLane",
    "CopiedMotion",
    "Crop",
    "During",
    "ExplicitTrack",
    "MarkLaneLine",
    "Mirror",
    "MoveActor",
    "OffsetEgo",
    "OffsetFrame",
    "Operation",
    "RemoveActor",
    "ReplaceActor",
    "ReplaceEgo",
    "RetimeActor",
    "RouteEnd",
    "SetEnvironment",
    "SetSignal",
    "TrackFrame",
    "TrackPose",
    "Vector",
]

Vector = tuple[float, float, float]


class OffsetFrame(str, Enum):
    """What an offset's axes are."""

    OWN = "own"  # x forward, y left, z up, of the body that moves
    WORLD = "world"


class TrackFrame(str, Enum):
    """What a track's positions are relative to."""

    WORLD = "world"
    EGO_START = "ego_start"  # the ego frame at the scenario's first time: x forward, y left


class RouteEnd(str, Enum):
    """What follows where the lanes end before the time does."""

    ERROR = "error"
    STOP = "stop"  # stand at the end, from one moment to the next
    LEAVE = "leave"  # be gone


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """The part of time in which a move holds.

    Attributes:
        from_s: when it begins, None: it holds from the first pose on.
        to_s: when it has ended, None: it holds to the last pose.
        blend_s: how long it takes to come, after `from_s`, and to go, before `to_s`.
    """

    from_s: float | None = None
    to_s: float | None = None
    blend_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPose:
    """One pose of an explicit track.

    Attributes:
        t_s: when.
        position_m: the point on the ground: below the middle of an actor's box, or the origin of the ego frame.
        yaw_deg: heading; None: towards the next position.
    """

    t_s: float
    position_m: Vector
    yaw_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitTrack:
    """A motion pose by pose."""

    poses: tuple[TrackPose, ...]
    frame: TrackFrame = TrackFrame.WORLD


@dataclass(frozen=True, slots=True, kw_only=True)
class AlongLane:
    """A motion along lanes: heading along their centreline, height on it.

    Attributes:
        lanes: one lane, which is followed through the straightest successors, or a whole route.
        s_m: where it begins, arc length from the start of the first lane.
        offset_m: distance to the left of the centreline.
        speeds: pairs of seconds and m/s; linear between them, steady after the last. The first says when it begins.
        on_route_end: what happens where the lanes end.
    """

    lanes: tuple[str, ...]
    s_m: float = 0.0
    offset_m: float = 0.0
    speeds: tuple[tuple[float, float], ...] = ()
    on_route_end: RouteEnd = RouteEnd.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedMotion:
    """The motion of another actor, later and elsewhere."""

    actor: str
    delay_s: float = 0.0
    offset_m: Vector = (0.0, 0.0, 0.0)
    frame: OffsetFrame = OffsetFrame.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveActor:
    """Takes actors away."""

    name: ClassVar[str] = "remove_actor"
    select: ActorSelector
    allow_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddActor:
    """Adds an actor.

    Attributes:
        actor: its id, which no other actor has.
        category, size_lwh_m: what it is; None (only of a copy): as the other.
        motion: where it is when.
        allow_overlap: whether it may begin inside another actor or the ego.
    """

    name: ClassVar[str] = "add_actor"
    actor: str
    category: ActorCategory | None
    size_lwh_m: Vector | None
    motion: ExplicitTrack | AlongLane | CopiedMotion
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveActor:
    """Shifts actors by an offset and turns them by an angle, for all or part of the time.

    Attributes:
        steer: whether the body turns into the direction of the sideways motion while the move comes and goes.
    """

    name: ClassVar[str] = "move_actor"
    select: ActorSelector
    offset_m: Vector = (0.0, 0.0, 0.0)
    frame: OffsetFrame = OffsetFrame.OWN
    yaw_deg: float = 0.0
    during: During = During()
    steer: bool = False
    allow_none: bool = False
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetimeActor:
    """Lets actors drive the same path later, and faster or slower from their first pose on."""

    name: ClassVar[str] = "retime_actor"
    select: ActorSelector
    delay_s: float = 0.0
    speed_factor: float = 1.0
    allow_none: bool = False
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceActor:
    """Makes actors something else; their undersides stay where they are. None keeps what is."""

    name: ClassVar[str] = "replace_actor"
    select: ActorSelector
    category: ActorCategory | None = None
    size_lwh_m: Vector | None = None
    allow_none: bool = False
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLaneLine:
    """Paints lane lines anew; None keeps what is."""

    name: ClassVar[str] = "mark_lane_line"
    select: LineSelector
    pattern: MarkPattern | None = None
    colour: MarkColour | None = None
    width_m: float | None = None
    allow_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSignal:
    """Sets what traffic lights show over a span of time; outside it they show what they did.

    Attributes:
        from_s: None: from the scenario's first time.
        to_s: None: to the end.
    """

    name: ClassVar[str] = "set_signal"
    select: LightSelector
    state: SignalState
    from_s: float | None = None
    to_s: float | None = None
    allow_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEnvironment:
    """Sets weather, time of day and prompts; None keeps what is.

    Attributes:
        camera_prompts: camera -> text, "" takes the camera's text away; cameras that are not named keep theirs.
    """

    name: ClassVar[str] = "set_environment"
    weather: str | None = None
    time_of_day: str | None = None
    prompt: str | None = None
    camera_prompts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetEgo:
    """Shifts the ego's trajectory in its own frame (forward, left, up) and turns it; see `MoveActor`."""

    name: ClassVar[str] = "offset_ego"
    longitudinal_m: float = 0.0
    lateral_m: float = 0.0
    vertical_m: float = 0.0
    yaw_deg: float = 0.0
    during: During = During()
    steer: bool = False
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceEgo:
    """Gives the ego another trajectory; its span is the scenario's from then on."""

    name: ClassVar[str] = "replace_ego"
    motion: ExplicitTrack | AlongLane
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Swaps left and right about the vertical plane of the ego's first heading."""

    name: ClassVar[str] = "mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Keeps a span of time, and what comes within a radius of the ego's path in it. None keeps all."""

    name: ClassVar[str] = "crop"
    from_s: float | None = None
    to_s: float | None = None
    radius_m: float | None = None


Operation = (
    RemoveActor
    | AddActor
    | MoveActor
    | RetimeActor
    | ReplaceActor
    | MarkLaneLine
    | SetSignal
    | SetEnvironment
    | OffsetEgo
    | ReplaceEgo
    | Mirror
    | Crop
)

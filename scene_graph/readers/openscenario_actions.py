"""The actions of OpenSCENARIO entities: what they have in common, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from scene_graph.readers.openscenario_moves import (
    LaneChange,
    LaneOffset,
    RouteAssignment,
    Teleport,
    TrajectoryFollowing,
    Visibility,
)
from scene_graph.readers.openscenario_positions import Unsupported
from scene_graph.readers.openscenario_speeds import GapKeeping, SpeedChange, SpeedProfile, Synchronising
from scene_graph.readers.openscenario_state import Entity, World
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["EntityAction", "entity_action"]


@runtime_checkable
class EntityAction(Protocol):
    """An action of one entity.

    Attributes:
        domains: what of the entity it controls; starting another action of the same domain ends it.
        moves: whether it puts the entity where it is to be, so that nothing else moves it.
    """

    domains: frozenset[str]
    moves: bool

    def start(self, entity: Entity, world: World, time_s: float) -> None:
        """Begins, at a time of the scenario in seconds."""
        ...

    def step(self, entity: Entity, world: World, time_s: float) -> bool:
        """Goes on for one step of STEP_S; whether it is over."""
        ...


def entity_action(element: XmlElement) -> EntityAction:
    """The action of an element `<PrivateAction>`.

    Raises:
        ValueError: it is damaged.
        Unsupported: it is not read.
    """
    if not element.children:
        raise ValueError(f"{element}: expected an action in it, found none")
    source = element.children[0]
    while (
        source.tag in ("LongitudinalAction", "LateralAction", "RoutingAction", "ControllerAction") and source.children
    ):
        source = source.children[0]
    makers: dict[str, Callable[[XmlElement], EntityAction]] = {
        "SpeedAction": SpeedChange,
        "SpeedProfileAction": SpeedProfile,
        "LongitudinalDistanceAction": GapKeeping,
        "SynchronizeAction": Synchronising,
        "LaneChangeAction": LaneChange,
        "LaneOffsetAction": LaneOffset,
        "FollowTrajectoryAction": TrajectoryFollowing,
        "TeleportAction": Teleport,
        "AssignRouteAction": RouteAssignment,
        "AcquirePositionAction": RouteAssignment,
        "VisibilityAction": Visibility,
    }
    if source.tag not in makers:
        raise Unsupported(source.tag)
    return makers[source.tag](source)

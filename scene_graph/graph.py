"""The world-scenario graph: everything of a driving scene but its sensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scene_graph.actor_table import ActorTable
from scene_graph.actors import ActorTrack, EgoTrack
from scene_graph.boxes import Boxes3D
from scene_graph.elements import ElementKind, MapElement
from scene_graph.environment import Environment
from scene_graph.signals import SignalTrack

__all__ = ["Relation", "RelationKind", "ScenarioGraph"]


class RelationKind(str, Enum):
    """How two nodes of the graph belong together."""

    SUCCESSOR = "successor"  # lane -> lane that follows it
    LEFT_NEIGHBOUR = "left_neighbour"  # lane -> lane beside it, same direction
    RIGHT_NEIGHBOUR = "right_neighbour"
    CONTROLS = "controls"  # traffic light, sign or wait line -> lane
    ON_LANE = "on_lane"  # actor -> lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A directed edge between two nodes, by their ids."""

    source_id: str
    target_id: str
    kind: RelationKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioGraph:
    """A driving scene: who is where, when, on what road, under what lights. It owns no sensors.

    Attributes:
        scenario_id: the source's name of the scene.
        ego: the vehicle that carries the cameras.
        elements: the map.
        actors: the other road users.
        signals: states of traffic lights.
        relations: edges between lanes, lights and actors.
        environment: weather, time of day, prompt.
    """

    scenario_id: str
    ego: EgoTrack
    elements: tuple[MapElement, ...] = ()
    actors: tuple[ActorTrack, ...] = ()
    signals: tuple[SignalTrack, ...] = ()
    relations: tuple[Relation, ...] = ()
    environment: Environment = Environment()

    def __post_init__(self) -> None:
        for name in ("elements", "actors", "signals", "relations"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def start_us(self) -> int:
        """First time of the ego, microseconds."""
        return self.ego.trajectory.start_us

    @property
    def end_us(self) -> int:
        """Last time of the ego, microseconds."""
        return self.ego.trajectory.end_us

    def elements_of(self, *kinds: ElementKind) -> tuple[MapElement, ...]:
        """The elements of these kinds, in the graph's order."""
        return tuple(element for element in self.elements if element.kind in kinds)

    def boxes_at(self, timestamp_us: int, *, extrapolate_us: int = 0) -> Boxes3D:
        """The actors' boxes at one time, in the world frame.

        For many times, hold one `scene_graph.actor_table.ActorTable(graph.actors)` and ask that.

        Args:
            timestamp_us: microseconds.
            extrapolate_us: how far outside its track an actor is carried on at constant velocity; 0: not at all.
        """
        return ActorTable(self.actors).boxes_at(timestamp_us, extrapolate_us=extrapolate_us)

    def validate(self) -> None:
        """Raises ValueError where the graph is not sound: see `scene_graph.validation`."""
        from scene_graph.validation import validate  # it knows this class

        validate(self)

    def hash(self) -> str:
        """Content hash, 64 hexadecimal digits, the same on every machine: see `scene_graph.hashing`."""
        from scene_graph.hashing import content_hash  # it knows this class

        return content_hash(self)

"""An OpenSCENARIO scenario played: its entities moved step by step, their poses recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from scene_graph.readers.opendrive_links import LaneEnd
from scene_graph.readers.openscenario_actions import entity_action
from scene_graph.readers.openscenario_conditions import Moment
from scene_graph.readers.openscenario_dynamics import LATERAL, Dynamics
from scene_graph.readers.openscenario_moves import LateralShift, Teleport
from scene_graph.readers.openscenario_network import GroundPose
from scene_graph.readers.openscenario_positions import Unsupported
from scene_graph.readers.openscenario_state import STEP_S, Entity, World
from scene_graph.readers.openscenario_stories import Note
from scene_graph.readers.openscenario_storyboard import Action, Running, Storyboard
from scene_graph.readers.records import Records
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["RECORD_PERIOD_US", "Played", "play"]

RECORD_PERIOD_US = 50_000

_STEPS_A_RECORD = 5
_STILL_MPS = 1e-3
_STILL_S = 2.0
_OFF_CENTRE_M = 0.3
_RETURN = Dynamics(shape="sinusoidal", dimension="time", value=3.0)


@dataclass(slots=True, eq=False)
class Played:
    """What happened.

    Attributes:
        poses: of each entity that was anywhere, from a record on: (number of the first record, one pose a record).
        seen: of each of these, whether cameras see it, as many.
        num_records: how many records there are, RECORD_PERIOD_US apart.
        signals: (microseconds, signal id, what it shows from then on).
        ending: why it ended, in words.
    """

    poses: dict[str, tuple[int, list[GroundPose]]] = field(default_factory=dict)
    seen: dict[str, list[bool]] = field(default_factory=dict)
    num_records: int = 0
    signals: list[tuple[int, str, str]] = field(default_factory=list)
    ending: str = ""


def play(
    world: World,
    storyboard: Storyboard,
    init: Sequence[tuple[str, XmlElement]],
    *,
    max_duration_s: float,
    note: Note,
    records: Records,
    where: str,
) -> Played:
    """Plays a scenario in steps of STEP_S until it stops, nothing can happen any more, or `max_duration_s` is over.

    Args:
        world: the entities; it is changed.
        storyboard: what happens; it is changed.
        init: (entity, `<PrivateAction>`) with which the scenario begins.
        max_duration_s: seconds.
        note: is told what is not read.
        records: what to do with an action that cannot be done.
        where: the scenario's file, for errors.
    """
    player = _Player(world, storyboard, note, records, where)
    player.initialise(init)
    played = Played()
    for step in range(round(max_duration_s / STEP_S) + 1):
        moment = Moment(time_s=step * STEP_S, world=world, board=storyboard, records=records, where=where)
        if step % _STEPS_A_RECORD == 0:
            player.record(played, step // _STEPS_A_RECORD)
        storyboard.begin(step)
        if storyboard.stops(moment):
            played.ending = "by its stop trigger"
            break
        player.start(storyboard.advance(moment), moment.time_s)
        player.step(moment.time_s)
        if player.still_s >= _STILL_S and storyboard.is_over:
            played.ending = "when nothing moved any more"
            break
    else:
        played.ending = f"after the {max_duration_s:g} s that it was given"
    return played


class _Player:
    """Moves the entities of a world."""

    def __init__(self, world: World, storyboard: Storyboard, note: Note, records: Records, where: str) -> None:
        self._world, self._storyboard = world, storyboard
        self._note, self._records, self._where = note, records, where
        self._running: list[Running] = []
        self._shifts: dict[str, LateralShift] = {}
        self._shown: dict[str, str] = {}
        self._choosers = {name: partial(self._choose, entity) for name, entity in world.entities.items()}
        self.still_s = 0.0

    def initialise(self, init: Sequence[tuple[str, XmlElement]]) -> None:
        """Puts the entities where they start, then starts what else they begin with."""
        started = []
        for name, source in init:
            with self._records.checking(f"{self._where}, init of {name!r}"):
                entity = self._world.entity(name)
                try:
                    doing = entity_action(source)
                except Unsupported as missing:
                    self._note(f"init of {name!r}", missing.what)
                    continue
                action = Action(kind="action", name="init", state="running")
                started.append(Running(action=action, entity=entity, doing=doing))
        self.start(sorted(started, key=lambda running: not isinstance(running.doing, Teleport)), 0.0)

    def start(self, started: Sequence[Running], time_s: float) -> None:
        """Starts actions; each ends those of its entity that control the same."""
        for running in started:
            entity, name = running.entity, running.action.name
            for other in self._running:
                if other.entity is entity and other.doing.domains & running.doing.domains:
                    self._storyboard.end_action(other)
            place = f"{self._where}, action {name!r} of {entity.name!r}"
            begun = False
            with self._records.checking(place):
                try:
                    running.doing.start(entity, self._world, time_s)
                    begun = True
                except Unsupported as missing:
                    self._note(f"action {name!r} of {entity.name!r}", missing.what)
            if LATERAL in running.doing.domains:
                self._shifts.pop(entity.name, None)
            if begun:
                self._running.append(running)
            else:
                self._storyboard.end_action(running)
        self._running = [running for running in self._running if not running.over]

    def step(self, time_s: float) -> None:
        """Goes on for STEP_S."""
        moved_by_action: set[str] = set()
        speeds = {name: entity.speed_mps for name, entity in self._world.entities.items()}
        for running in self._running:
            if running.over:
                continue
            over = True
            with self._records.checking(f"{self._where}, action {running.action.name!r} of {running.entity.name!r}"):
                over = running.doing.step(running.entity, self._world, time_s)
            if running.doing.moves:
                moved_by_action.add(running.entity.name)
            if over:
                self._storyboard.end_action(running)
        self._running = [running for running in self._running if not running.over]
        still = True
        for name, entity in self._world.entities.items():
            if entity.is_placed:
                self._move(entity, time_s, by_action=name in moved_by_action)
            entity.acceleration_mps2 = (entity.speed_mps - speeds[name]) / STEP_S
            stands = abs(entity.speed_mps) < _STILL_MPS
            entity.standing_s = entity.standing_s + STEP_S if stands else 0.0
            still &= stands
        self.still_s = self.still_s + STEP_S if still and not self._running else 0.0

    def record(self, played: Played, record: int) -> None:
        """Writes down where the entities are, and what has changed at the signals."""
        for name, entity in self._world.entities.items():
            if entity.is_placed:
                pose = self._world.pose(entity)
                if entity.place is None:
                    on_road = self._world.place(entity) is not None
                    entity.off_road_s = 0.0 if on_road else entity.off_road_s + RECORD_PERIOD_US * 1e-6
                    pose = pose if entity.height_given else self._world.on_ground(pose)
                played.poses.setdefault(name, (record, []))[1].append(pose)
                played.seen.setdefault(name, []).append(entity.is_visible)
        for signal, shown in self._world.signals.items():
            if self._shown.get(signal) != shown:
                self._shown[signal] = shown
                played.signals.append((record * RECORD_PERIOD_US, signal, shown))
        played.num_records = record + 1

    def _move(self, entity: Entity, time_s: float, *, by_action: bool) -> None:
        """Moves an entity on by its speed, unless an action has moved it."""
        distance_m = entity.speed_mps * STEP_S
        if by_action:
            entity.driven_m += abs(distance_m)
            return
        if entity.free is not None:
            pose = entity.free
            x_m = pose.x_m + math.cos(pose.heading_rad) * distance_m
            y_m = pose.y_m + math.sin(pose.heading_rad) * distance_m
            entity.free = replace(pose, x_m=x_m, y_m=y_m)
            entity.driven_m += abs(distance_m)
        elif entity.place is not None and self._world.network is not None and self._world.ways is not None:
            before = entity.place
            if distance_m != 0.0:
                entity.place, ended = self._world.network.advanced(before, distance_m, self._choosers[entity.name])
                entity.ended_s = entity.ended_s + STEP_S if ended else 0.0
                entity.driven_m += 0.0 if ended else abs(distance_m)
                if ended:
                    entity.speed_mps = 0.0
            elif entity.ended_s:
                entity.ended_s += STEP_S
            if entity.place.towards != before.towards:
                entity.settled_m = -entity.settled_m
            self._keep_lane(entity, time_s)

    def _keep_lane(self, entity: Entity, time_s: float) -> None:
        """Brings an entity to the lane that its route needs, and back to its offset where lanes have led it aside."""
        if entity.place is None or self._controls_laterally(entity):
            return
        shift = self._shifts.get(entity.name)
        if shift is not None:
            if shift.step(entity, self._world, time_s):
                del self._shifts[entity.name]
            return
        lane_id = self._lane_for_route(entity)
        aside_m = abs(entity.place.offset_m - entity.settled_m)
        if lane_id is not None and lane_id != entity.place.lane_id:
            shift = LateralShift(lane_id, entity.settled_m, _RETURN)
        elif aside_m > _OFF_CENTRE_M and abs(entity.speed_mps) > _STILL_MPS:
            shift = LateralShift(entity.place.lane_id, entity.settled_m, _RETURN)
        if shift is not None:
            shift.start(entity, self._world, time_s)
            self._shifts[entity.name] = shift

    def _lane_for_route(self, entity: Entity) -> int | None:
        """The lane from which an entity's route goes on; None where any will do."""
        following = _next_road(entity)
        if following is None or entity.place is None or self._world.ways is None:
            return None
        return self._world.ways.lane_towards(entity.place, following)

    def _controls_laterally(self, entity: Entity) -> bool:
        return any(running.entity is entity and LATERAL in running.doing.domains for running in self._running)

    def _choose(self, entity: Entity, ends: Sequence[LaneEnd]) -> LaneEnd:
        """Goes on where an entity's route does, else straight on."""
        following = _next_road(entity)
        on_route = [end for end in ends if end[0][0] == following]
        return on_route[0] if on_route or self._world.ways is None else self._world.ways.straightest(ends)


def _next_road(entity: Entity) -> str | None:
    """The road of an entity's route that comes after the one that it is on."""
    if entity.route is None or entity.place is None:
        return None
    here = (entity.place.road_id, entity.place.towards)
    roads = entity.route.roads
    if here not in roads or here == roads[-1]:
        return None
    return roads[roads.index(here) + 1][0]

"""The storyboard of an OpenSCENARIO scenario: stories, acts, groups, maneuvers, events and actions as they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from scene_graph.readers.openscenario_actions import EntityAction
from scene_graph.readers.openscenario_conditions import Moment, Trigger
from scene_graph.readers.openscenario_global import GlobalAction
from scene_graph.readers.openscenario_state import Entity

__all__ = ["Act", "Action", "Event", "Group", "Maneuver", "Running", "Story", "Storyboard"]

_STATES = {"standbyState": "standby", "runningState": "running", "completeState": "complete"}


@dataclass(slots=True, eq=False)
class Element:
    """Part of a storyboard.

    Attributes:
        kind, name: what it is, and its name.
        state: "standby", "running" or "complete".
        transitions: the step at which each transition last happened.
        path: its place in the storyboard: of its story, of its act in that, and so on.
    """

    kind: str
    name: str
    path: tuple[int, ...] = ()
    state: str = "standby"
    transitions: dict[str, int] = field(default_factory=dict)

    def change(self, state: str, transition: str, step: int) -> None:
        """Changes the state by a transition."""
        self.state = state
        self.transitions[transition] = step


@dataclass(slots=True, eq=False)
class Action(Element):
    """An action of an event: for each of the event's actors, or of the scenario.

    Attributes:
        make: makes the action for one actor, None for a global one.
        acts_globally: the global action, None for one of actors.
    """

    make: Callable[[], EntityAction] | None = None
    acts_globally: GlobalAction | None = None


@dataclass(slots=True, eq=False)
class Event(Element):
    """What happens when its trigger fires.

    Attributes:
        actions: what happens.
        trigger: when; None at once.
        priority: what it does to the maneuver's other events: "override", "parallel" or "skip".
        left: how often it may still start.
        executions: how often it may start.
        running: the running actions, with their actors.
    """

    actions: list[Action] = field(default_factory=list)
    trigger: Trigger | None = None
    priority: str = "parallel"
    left: int = 1
    executions: int = 1
    running: list[Running] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Running:
    """An action under way for one actor.

    Attributes:
        action: the storyboard's.
        entity: the actor.
        doing: what it does to it.
        over: whether it has ended.
    """

    action: Action
    entity: Entity
    doing: EntityAction
    over: bool = False


@dataclass(slots=True, eq=False)
class Maneuver(Element):
    """Events that belong together."""

    events: list[Event] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Group(Element):
    """Maneuvers and who takes part in them.

    Attributes:
        maneuvers: what is done.
        actors: names of those who do it.
        by_trigger: whether those who made an event's trigger fire take part, too.
        left: how often it may still run.
    """

    maneuvers: list[Maneuver] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    by_trigger: bool = False
    left: int = 1


@dataclass(slots=True, eq=False)
class Act(Element):
    """Groups with a common start and stop."""

    groups: list[Group] = field(default_factory=list)
    start: Trigger | None = None
    stop: Trigger | None = None


@dataclass(slots=True, eq=False)
class Story(Element):
    """Acts that belong together."""

    acts: list[Act] = field(default_factory=list)


class Storyboard:
    """Runs a scenario's stories.

    Args:
        stories: what happens.
        stop: when the scenario ends.
    """

    def __init__(self, stories: Sequence[Story], stop: Trigger | None) -> None:
        self._stories, self._stop = stories, stop
        self._step = 0
        self._by_name: dict[tuple[str, str], list[Element]] = {}
        self._meant: dict[tuple[str, str, tuple[int, ...]], list[Element]] = {}
        _number(stories, ())
        for element in self._elements():
            self._by_name.setdefault((element.kind, element.name), []).append(element)

    @property
    def groups(self) -> list[Group]:
        """All its groups."""
        return [element for element in self._elements() if isinstance(element, Group)]

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen any more: all events are done."""
        return all(event.state == "complete" for event in self._events())

    def shows(self, element_type: str, name: str, state: str, asker: tuple[int, ...]) -> bool:
        """Whether an element is in a state, or went through a transition in the step before; `Board.shows`."""
        key = (element_type, name, asker)
        if key not in self._meant:
            self._meant[key] = self._nearest(element_type, name, asker)
        found = self._meant[key]
        if state in _STATES:
            return any(element.state == _STATES[state] for element in found)
        return any(element.transitions.get(state) == self._step - 1 for element in found)

    def _nearest(self, element_type: str, name: str, asker: tuple[int, ...]) -> list[Element]:
        """The elements of a name; of several, those that share most levels of the storyboard with the asker."""
        kind = element_type.strip().lower()
        found = self._by_name.get((kind, name.replace("::", "/").split("/")[-1]), [])
        shared = [_num_shared(element.path, asker) for element in found]
        return [element for element, levels in zip(found, shared, strict=True) if levels == max(shared)]

    def begin(self, step: int) -> None:
        """Begins a step; steps are counted from 0."""
        self._step = step

    def advance(self, moment: Moment) -> list[Running]:
        """Starts and ends what is due in this step; the actions that start."""
        step = self._step
        started: list[Running] = []
        for story in self._stories:
            if story.state == "standby":
                story.change("running", "startTransition", step)
            for act in story.acts:
                self._advance_act(act, moment, started)
            if story.state == "running" and all(act.state == "complete" for act in story.acts):
                story.change("complete", "endTransition", step)
        return started

    def stops(self, moment: Moment) -> bool:
        """Whether the scenario ends now."""
        return self._stop is not None and self._stop.fires(moment)[0]

    def _advance_act(self, act: Act, moment: Moment, started: list[Running]) -> None:
        if act.state == "standby" and (act.start is None or act.start.fires(moment)[0]):
            act.change("running", "startTransition", self._step)
            for group in act.groups:
                self._start_group(group)
        if act.state != "running":
            return
        if act.stop is not None and act.stop.fires(moment)[0]:
            for event in (event for group in act.groups for maneuver in group.maneuvers for event in maneuver.events):
                self._end_event(event, "stopTransition")
                event.state = "complete"
            act.change("complete", "stopTransition", self._step)
            return
        for group in act.groups:
            self._advance_group(group, moment, started)
        if all(group.state == "complete" for group in act.groups):
            act.change("complete", "endTransition", self._step)

    def _start_group(self, group: Group) -> None:
        group.left -= 1
        group.change("running", "startTransition", self._step)
        for maneuver in group.maneuvers:
            maneuver.change("running", "startTransition", self._step)
            for event in maneuver.events:
                event.state, event.left = "standby", event.executions
                if event.trigger is not None:
                    event.trigger.reset()

    def _advance_group(self, group: Group, moment: Moment, started: list[Running]) -> None:
        if group.state != "running":
            return
        for maneuver in group.maneuvers:
            for event in maneuver.events:
                self._advance_event(event, maneuver, group, moment, started)
            if maneuver.state == "running" and all(event.state == "complete" for event in maneuver.events):
                maneuver.change("complete", "endTransition", self._step)
        if all(maneuver.state == "complete" for maneuver in group.maneuvers):
            group.change("complete", "endTransition", self._step)
            if group.left > 0 and group.maneuvers:
                self._start_group(group)

    def _advance_event(
        self, event: Event, maneuver: Maneuver, group: Group, moment: Moment, started: list[Running]
    ) -> None:
        if event.state == "running" and all(running.over for running in event.running):
            self._end_event(event, "endTransition")
        if event.state != "standby":
            return
        fires, entities = (True, ()) if event.trigger is None else event.trigger.fires(moment)
        if not fires:
            return
        others = [other for other in maneuver.events if other is not event and other.state == "running"]
        if event.priority == "skip" and others:
            event.transitions["skipTransition"] = self._step
            return
        if event.priority == "override":
            for other in others:
                self._end_event(other, "stopTransition")
                other.state = "complete"
        names = [*group.actors, *(entities if group.by_trigger else ())]
        self._start_event(event, list(dict.fromkeys(names)), moment, started)

    def _start_event(self, event: Event, names: Sequence[str], moment: Moment, started: list[Running]) -> None:
        event.left -= 1
        event.change("running", "startTransition", self._step)
        event.running = []
        for action in event.actions:
            action.change("running", "startTransition", self._step)
            if action.acts_globally is not None:
                action.acts_globally(moment.world)
                action.change("complete", "endTransition", self._step)
            elif action.make is not None and names:
                event.running += [
                    Running(action=action, entity=moment.world.entity(name), doing=action.make()) for name in names
                ]
            else:
                action.change("complete", "endTransition", self._step)
        started += event.running

    def _end_event(self, event: Event, transition: str) -> None:
        """Ends a running event; it stands by again where it may start once more."""
        if event.state != "running":
            return
        for running in event.running:
            running.over = True
            if running.action.state == "running":
                running.action.change("complete", transition, self._step)
        event.change("complete" if event.left <= 0 else "standby", transition, self._step)
        if event.state == "standby" and event.trigger is not None:
            event.trigger.reset()

    def end_action(self, running: Running) -> None:
        """Notes that an action is over for one actor."""
        running.over = True
        siblings = [other for event in self._events() for other in event.running if other.action is running.action]
        if running.action.state == "running" and all(other.over for other in siblings):
            running.action.change("complete", "endTransition", self._step)

    def _events(self) -> Iterator[Event]:
        for element in self._elements():
            if isinstance(element, Event):
                yield element

    def _elements(self) -> Iterator[Element]:
        for story in self._stories:
            yield story
            for act in story.acts:
                yield act
                for group in act.groups:
                    yield group
                    for maneuver in group.maneuvers:
                        yield maneuver
                        for event in maneuver.events:
                            yield event
                            yield from event.actions


def _number(elements: Sequence[Element], above: tuple[int, ...]) -> None:
    """Gives elements, and all below them, their paths; triggers ask from where they belong."""
    for index, element in enumerate(elements):
        element.path = (*above, index)
        triggers: list[Trigger | None] = []
        below: Sequence[Element] = ()
        if isinstance(element, Story):
            below = element.acts
        elif isinstance(element, Act):
            below, triggers = element.groups, [element.start, element.stop]
        elif isinstance(element, Group):
            below = element.maneuvers
        elif isinstance(element, Maneuver):
            below = element.events
        elif isinstance(element, Event):
            below, triggers = element.actions, [element.trigger]
        for trigger in triggers:
            if trigger is not None:
                trigger.asker = element.path
        _number(below, element.path)


def _num_shared(path: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many levels two places of a storyboard have in common."""
    count = 0
    for one, two in zip(path, other, strict=False):
        if one != two:
            break
        count += 1
    return count

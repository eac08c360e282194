"""OpenSCENARIO storyboards parsed: XML to stories, acts, groups, maneuvers, events and actions."""

from __future__ import annotations

from collections.abc import Callable

from scene_graph.readers.openscenario_actions import entity_action
from scene_graph.readers.openscenario_conditions import trigger_of
from scene_graph.readers.openscenario_global import global_action
from scene_graph.readers.openscenario_positions import Unsupported
from scene_graph.readers.openscenario_storyboard import Act, Action, Event, Group, Maneuver, Story, Storyboard
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["Note", "storyboard_of"]

_MAX_EXECUTIONS = 100_000

Note = Callable[[str, str], None]
"""Is told where something is not read, and what."""


def storyboard_of(element: XmlElement, note: Note) -> Storyboard:
    """The storyboard of an element `<Storyboard>`.

    Args:
        element: the element.
        note: is told what is not read; an action that is not read is over at once, a condition never holds.

    Raises:
        ValueError: a part of it is damaged.
    """
    stories = [_story(story, note) for story in element.find_all("Story")]
    return Storyboard(stories, trigger_of(element.find("StopTrigger"), lambda what: note("the stop trigger", what)))


def _story(source: XmlElement, note: Note) -> Story:
    acts = [_act(act, note) for act in source.find_all("Act")]
    return Story(kind="story", name=source.string("name", ""), acts=acts)


def _act(source: XmlElement, note: Note) -> Act:
    name = source.string("name", "")
    return Act(
        kind="act",
        name=name,
        groups=[_group(group, note) for group in source.find_all("ManeuverGroup")],
        start=trigger_of(source.find("StartTrigger"), lambda what: note(f"the start of act {name!r}", what)),
        stop=trigger_of(source.find("StopTrigger"), lambda what: note(f"the stop of act {name!r}", what)),
    )


def _group(source: XmlElement, note: Note) -> Group:
    referenced = [entry for reference in source.find_all("CatalogReference") for entry in reference.children]
    maneuvers = [*source.find_all("Maneuver"), *(entry for entry in referenced if entry.tag == "Maneuver")]
    actors = source.find("Actors")
    return Group(
        kind="maneuvergroup",
        name=source.string("name", ""),
        maneuvers=[_maneuver(maneuver, note) for maneuver in maneuvers],
        actors=[] if actors is None else [ref.string("entityRef") for ref in actors.find_all("EntityRef")],
        by_trigger=actors is not None and actors.flag("selectTriggeringEntities", False),
        left=min(max(source.integer("maximumExecutionCount", 1), 1), _MAX_EXECUTIONS),
    )


def _maneuver(source: XmlElement, note: Note) -> Maneuver:
    events = [_event(event, note) for event in source.find_all("Event")]
    return Maneuver(kind="maneuver", name=source.string("name", ""), events=events)


def _event(source: XmlElement, note: Note) -> Event:
    name, priority = source.string("name", ""), source.string("priority", "parallel")
    executions = min(max(source.integer("maximumExecutionCount", 1), 1), _MAX_EXECUTIONS)
    return Event(
        kind="event",
        name=name,
        actions=[_action(action, name, note) for action in source.find_all("Action")],
        trigger=trigger_of(source.find("StartTrigger"), lambda what: note(f"the start of event {name!r}", what)),
        priority="override" if priority in ("overwrite", "override") else priority,
        left=executions,
        executions=executions,
    )


def _action(source: XmlElement, event: str, note: Note) -> Action:
    """An action; one that is not read does nothing."""
    name = source.string("name", "")
    action = Action(kind="action", name=name)
    for child in source.children:
        try:
            if child.tag == "GlobalAction":
                action.acts_globally = global_action(child)
            elif child.tag == "PrivateAction":
                entity_action(child)
                action.make = lambda child=child: entity_action(child)
            else:
                raise Unsupported(child.tag)
        except Unsupported as missing:
            note(f"event {event!r}, action {name!r}", missing.what)
    return action

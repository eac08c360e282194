"""Operation on lane lines: other paint."""

from __future__ import annotations

from dataclasses import replace

from scene_graph.edit.change import Change, named
from scene_graph.edit.operations import MarkLaneLine
from scene_graph.edit.selection import select_lines
from scene_graph.elements import LaneMark, MapElement
from scene_graph.graph import ScenarioGraph

__all__ = ["SOURCE_MARK_NAMES", "mark_lane_line"]

SOURCE_MARK_NAMES = ("style", "mark_type")
"""Attributes in which readers keep the source's own name of a mark: they are untrue once it is another one."""


def mark_lane_line(graph: ScenarioGraph, operation: MarkLaneLine) -> Change:
    """The scenario with other paint on some lane lines, without the source's own names of the old paint."""
    lines = select_lines(graph, operation.select, allow_none=operation.allow_none)
    painted = {line.element_id: _painted(line, operation) for line in lines}
    elements = tuple(painted.get(element.element_id, element) for element in graph.elements)
    given = (operation.colour, operation.pattern)
    paint = [one.value for one in given if one is not None]
    paint += [] if operation.width_m is None else [f"{operation.width_m:g} m wide"]
    return Change(
        graph=replace(graph, elements=elements) if painted else graph,
        note=f"marked {named('lane line', painted)} {' '.join(paint)}",
    )


def _painted(line: MapElement, operation: MarkLaneLine) -> MapElement:
    if line.mark is None and (operation.pattern is None or operation.colour is None):
        raise ValueError(f"lane line {line.element_id!r} has no mark yet; give both pattern and colour")
    old = LaneMark() if line.mark is None else line.mark
    mark = LaneMark(
        colour=operation.colour or old.colour,
        pattern=operation.pattern or old.pattern,
        width_m=operation.width_m or old.width_m,
    )
    stale = {*SOURCE_MARK_NAMES, *(("width",) if mark.width_m != old.width_m else ())}
    attributes = {name: text for name, text in line.attributes.items() if name not in stale}
    return replace(line, mark=mark, attributes=attributes)

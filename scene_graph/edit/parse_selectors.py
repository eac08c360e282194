"""Which actors, lane lines and lights an operation is about, from its arguments."""

from __future__ import annotations

from scene_graph.actors import ActorCategory
from scene_graph.edit.arguments import above_zero, arguments, identity, one_or_more, only_one_of, or_none, seconds
from scene_graph.edit.selectors import (
    ActorById,
    ActorSelector,
    ActorsWhere,
    LightById,
    LightsControlling,
    LightSelector,
    LightsWhere,
    LineById,
    LineSelector,
    LinesWhere,
    NearestActor,
    NearestLine,
    Side,
)
from scene_graph.elements import MarkColour, MarkPattern
from scene_graph.json_fields import Fields

__all__ = ["actor_selector", "light_selector", "line_selector"]

_ANY = "any"


def actor_selector(fields: Fields) -> ActorSelector:
    """`actor: ID`; `nearest: CATEGORY` or a mapping; or `where:` a mapping."""
    kind = only_one_of(fields, ("actor", "nearest", "where"))
    if kind == "actor":
        return ActorById(actor=identity(fields, "actor"))
    if kind == "nearest":
        if not isinstance(fields.get("nearest"), dict):
            return NearestActor(category=_category_or_any(fields, "nearest"))
        nearest = arguments(fields.get("nearest"), fields.where, ("category", "at_s", "within_m"), "nearest")
        return NearestActor(
            category=or_none(nearest, "category", _category_or_any),
            at_s=seconds(nearest, "at_s", 0.0),
            within_m=or_none(nearest, "within_m", above_zero),
        )
    where = arguments(fields.get("where"), fields.where, ("category", "at_s", "within_m"), "where")
    categories = [one.choice("category", ActorCategory) for one in or_none(where, "category", one_or_more) or ()]
    return ActorsWhere(
        categories=tuple(categories),
        within_m=or_none(where, "within_m", above_zero),
        at_s=or_none(where, "at_s", seconds),
    )


def line_selector(fields: Fields) -> LineSelector:
    """`line: ID`; `nearest: left` or `right` or a mapping; or `where:` a mapping."""
    kind = only_one_of(fields, ("line", "nearest", "where"))
    if kind == "line":
        return LineById(line=identity(fields, "line"))
    if kind == "nearest":
        if not isinstance(fields.get("nearest"), dict):
            return NearestLine(side=fields.choice("nearest", Side))
        nearest = arguments(fields.get("nearest"), fields.where, ("side", "at_s"), "nearest")
        return NearestLine(side=nearest.choice("side", Side), at_s=seconds(nearest, "at_s", 0.0))
    where = arguments(fields.get("where"), fields.where, ("colour", "pattern", "within_m"), "where")
    return LinesWhere(
        colour=where.choice("colour", MarkColour) if "colour" in where else None,
        pattern=where.choice("pattern", MarkPattern) if "pattern" in where else None,
        within_m=or_none(where, "within_m", above_zero),
    )


def light_selector(fields: Fields) -> LightSelector:
    """`light: ID`, `controls: LANE`, or `where:` a mapping."""
    kind = only_one_of(fields, ("light", "controls", "where"))
    if kind == "light":
        return LightById(light=identity(fields, "light"))
    if kind == "controls":
        return LightsControlling(lane=identity(fields, "controls"))
    where = arguments(fields.get("where"), fields.where, ("within_m",), "where")
    return LightsWhere(within_m=or_none(where, "within_m", above_zero))


def _category_or_any(fields: Fields, key: str) -> ActorCategory | None:
    return None if fields.get(key) == _ANY else fields.choice(key, ActorCategory)

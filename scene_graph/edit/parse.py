"""Operations from the plain values of a YAML file."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from scene_graph.actors import ActorCategory
from scene_graph.edit.arguments import (
    above_zero,
    arguments,
    at_least_zero,
    flag_or_false,
    identity,
    number,
    only_one_of,
    or_none,
    seconds,
    unknown,
    vector,
)
from scene_graph.edit.operations import (
    AddActor,
    AlongLane,
    CopiedMotion,
    Crop,
    During,
    ExplicitTrack,
    MarkLaneLine,
    Mirror,
    MoveActor,
    OffsetEgo,
    OffsetFrame,
    Operation,
    RemoveActor,
    ReplaceActor,
    ReplaceEgo,
    RetimeActor,
    SetEnvironment,
    SetSignal,
)
from scene_graph.edit.parse_motion import along_lane, copied_motion, explicit_track
from scene_graph.edit.parse_selectors import actor_selector, light_selector, line_selector
from scene_graph.elements import MarkColour, MarkPattern
from scene_graph.environment import TIMES_OF_DAY, WEATHERS
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.signals import SignalState

__all__ = ["MAX_OPERATIONS", "operation_where", "parse_edits"]

MAX_OPERATIONS = 1000

_Choice = TypeVar("_Choice", bound=Enum)

_ACTOR_KEYS = ("actor", "nearest", "where", "allow_none")
_DURING_KEYS = ("from_s", "to_s", "blend_s")


def parse_edits(values: Any, where: str = "edits") -> tuple[Operation, ...]:
    """The operations of a list in which each is a mapping of its name to its arguments.

    Args:
        values: what YAML gives for such a list (see configs/edits).
        where: the file, for errors.

    Raises:
        SceneError: an operation or argument is unknown, missing, or of another type or range; names the operation.
    """
    if not isinstance(values, list):
        raise SceneError("the edits are no list; expected a list of operations", where=where)
    if len(values) > MAX_OPERATIONS:
        raise SceneError(f"{len(values)} operations; expected at most {MAX_OPERATIONS}", where=where)
    return tuple(_operation(value, index, where) for index, value in enumerate(values))


def operation_where(where: str, index: int, name: str) -> str:
    """How errors call the operation at an index: "edits.yaml, operation 2 (set_signal)"."""
    return f"{where}, operation {index + 1} ({name})"


def _operation(value: Any, index: int, where: str) -> Operation:
    place = f"{where}, operation {index + 1}"
    if not isinstance(value, dict) or len(value) != 1:
        found = f"{len(value)} of them" if isinstance(value, dict) else f"a {type(value).__name__}"
        raise SceneError(f"expected a mapping of one operation's name to its arguments, received {found}", where=place)
    name, given = next(iter(value.items()))
    if name not in _PARSERS:
        raise SceneError(unknown("operation", str(name), _PARSERS, listed=True), where=place)
    known, parse = _PARSERS[name]
    return parse(arguments(given, operation_where(where, index, name), known))


def _remove_actor(fields: Fields) -> Operation:
    return RemoveActor(select=actor_selector(fields), allow_none=flag_or_false(fields, "allow_none"))


def _add_actor(fields: Fields) -> Operation:
    kind = only_one_of(fields, ("track", "along_lane", "copy"))
    motion: ExplicitTrack | AlongLane | CopiedMotion
    if kind == "track":
        motion = explicit_track(fields)
    elif kind == "along_lane":
        motion = along_lane(fields)
    else:
        motion = copied_motion(fields)
    if kind != "copy":
        for key in ("category", "size_lwh_m"):
            fields.get(key)
    return AddActor(
        actor=_new_id(fields),
        category=_choice_or_none(fields, "category", ActorCategory),
        size_lwh_m=vector(fields, "size_lwh_m", positive=True) if "size_lwh_m" in fields else None,
        motion=motion,
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _move_actor(fields: Fields) -> Operation:
    if "offset_m" not in fields and "yaw_deg" not in fields:
        raise SceneError("neither offset_m nor yaw_deg is given; expected one of them", where=fields.where)
    return MoveActor(
        select=actor_selector(fields),
        offset_m=vector(fields, "offset_m") if "offset_m" in fields else (0.0, 0.0, 0.0),
        frame=fields.choice("frame", OffsetFrame) if "frame" in fields else OffsetFrame.OWN,
        yaw_deg=number(fields, "yaw_deg", 0.0),
        during=_during(fields),
        steer=flag_or_false(fields, "steer"),
        allow_none=flag_or_false(fields, "allow_none"),
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _retime_actor(fields: Fields) -> Operation:
    if "delay_s" not in fields and "speed_factor" not in fields:
        raise SceneError("neither delay_s nor speed_factor is given; expected one of them", where=fields.where)
    factor = above_zero(fields, "speed_factor", 1.0)
    if not 1e-3 <= factor <= 1e3:
        raise SceneError(f"speed_factor is {factor:g}; expected 0.001 to 1000", where=fields.where)
    return RetimeActor(
        select=actor_selector(fields),
        delay_s=seconds(fields, "delay_s", 0.0),
        speed_factor=factor,
        allow_none=flag_or_false(fields, "allow_none"),
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _replace_actor(fields: Fields) -> Operation:
    if "category" not in fields and "size_lwh_m" not in fields:
        raise SceneError("neither category nor size_lwh_m is given; expected one of them", where=fields.where)
    return ReplaceActor(
        select=actor_selector(fields),
        category=_choice_or_none(fields, "category", ActorCategory),
        size_lwh_m=vector(fields, "size_lwh_m", positive=True) if "size_lwh_m" in fields else None,
        allow_none=flag_or_false(fields, "allow_none"),
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _mark_lane_line(fields: Fields) -> Operation:
    if not any(key in fields for key in ("pattern", "colour", "width_m")):
        raise SceneError("none of pattern, colour and width_m is given; expected one of them", where=fields.where)
    return MarkLaneLine(
        select=line_selector(fields),
        pattern=_choice_or_none(fields, "pattern", MarkPattern),
        colour=_choice_or_none(fields, "colour", MarkColour),
        width_m=or_none(fields, "width_m", above_zero),
        allow_none=flag_or_false(fields, "allow_none"),
    )


def _set_signal(fields: Fields) -> Operation:
    state = fields.get("state")
    off = state is False  # what YAML 1.1 makes of an unquoted off
    return SetSignal(
        select=light_selector(fields),
        state=SignalState.OFF if off else fields.choice("state", SignalState),
        from_s=or_none(fields, "from_s", seconds),
        to_s=or_none(fields, "to_s", seconds),
        allow_none=flag_or_false(fields, "allow_none"),
    )


def _set_environment(fields: Fields) -> Operation:
    prompts = fields.text_map("camera_prompts") if "camera_prompts" in fields else {}
    for camera in prompts:
        if not isinstance(camera, str):
            raise SceneError(f"camera_prompts names a camera {camera!r}; expected a text", where=fields.where)
    found = SetEnvironment(
        weather=_one_of(fields, "weather", WEATHERS),
        time_of_day=_one_of(fields, "time_of_day", TIMES_OF_DAY),
        prompt=or_none(fields, "prompt", Fields.text),
        camera_prompts=prompts,
    )
    if found == SetEnvironment():
        raise SceneError(
            "nothing is given; expected weather, time_of_day, prompt or camera_prompts", where=fields.where
        )
    return found


def _offset_ego(fields: Fields) -> Operation:
    keys = ("longitudinal_m", "lateral_m", "vertical_m", "yaw_deg")
    if not any(key in fields for key in keys):
        raise SceneError(f"none of {', '.join(keys)} is given; expected one of them", where=fields.where)
    return OffsetEgo(
        longitudinal_m=number(fields, "longitudinal_m", 0.0),
        lateral_m=number(fields, "lateral_m", 0.0),
        vertical_m=number(fields, "vertical_m", 0.0),
        yaw_deg=number(fields, "yaw_deg", 0.0),
        during=_during(fields),
        steer=flag_or_false(fields, "steer"),
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _replace_ego(fields: Fields) -> Operation:
    kind = only_one_of(fields, ("track", "along_lane"))
    return ReplaceEgo(
        motion=explicit_track(fields) if kind == "track" else along_lane(fields),
        allow_overlap=flag_or_false(fields, "allow_overlap"),
    )


def _mirror(fields: Fields) -> Operation:
    return Mirror()


def _crop(fields: Fields) -> Operation:
    crop = Crop(
        from_s=or_none(fields, "from_s", seconds),
        to_s=or_none(fields, "to_s", seconds),
        radius_m=or_none(fields, "radius_m", above_zero),
    )
    if crop == Crop():
        raise SceneError("none of from_s, to_s and radius_m is given; expected one of them", where=fields.where)
    return crop


def _during(fields: Fields) -> During:
    if "blend_s" in fields and "from_s" not in fields and "to_s" not in fields:
        raise SceneError("blend_s is given without from_s or to_s; expected one of them with it", where=fields.where)
    during = During(
        from_s=or_none(fields, "from_s", seconds),
        to_s=or_none(fields, "to_s", seconds),
        blend_s=at_least_zero(fields, "blend_s", 1.0),
    )
    seconds(fields, "blend_s", 1.0)
    if during.from_s is not None and during.to_s is not None and during.to_s - during.from_s < 2 * during.blend_s:
        raise SceneError(
            f"from {during.from_s:g} to {during.to_s:g} s there is no time to come and go in {during.blend_s:g} s each",
            where=fields.where,
            remedy="give a later to_s or a smaller blend_s",
        )
    return during


def _new_id(fields: Fields) -> str:
    actor = identity(fields, "actor")
    if not actor:
        raise SceneError('actor is ""; expected an id', where=fields.where)
    return actor


def _choice_or_none(fields: Fields, key: str, choices: type[_Choice]) -> _Choice | None:
    return fields.choice(key, choices) if key in fields else None


def _one_of(fields: Fields, key: str, choices: tuple[str, ...]) -> str | None:
    if key not in fields:
        return None
    value = fields.text(key)
    if value not in choices:
        raise SceneError(f"{key} is {value!r}; expected one of {', '.join(choices)}", where=fields.where)
    return value


_PARSERS: dict[str, tuple[tuple[str, ...], Callable[[Fields], Operation]]] = {
    RemoveActor.name: (_ACTOR_KEYS, _remove_actor),
    AddActor.name: (
        ("actor", "category", "size_lwh_m", "track", "along_lane", "copy", "frame", "allow_overlap"),
        _add_actor,
    ),
    MoveActor.name: (
        (*_ACTOR_KEYS, "offset_m", "frame", "yaw_deg", *_DURING_KEYS, "steer", "allow_overlap"),
        _move_actor,
    ),
    RetimeActor.name: ((*_ACTOR_KEYS, "delay_s", "speed_factor", "allow_overlap"), _retime_actor),
    ReplaceActor.name: ((*_ACTOR_KEYS, "category", "size_lwh_m", "allow_overlap"), _replace_actor),
    MarkLaneLine.name: (
        ("line", "nearest", "where", "allow_none", "pattern", "colour", "width_m"),
        _mark_lane_line,
    ),
    SetSignal.name: (("light", "controls", "where", "allow_none", "state", "from_s", "to_s"), _set_signal),
    SetEnvironment.name: (("weather", "time_of_day", "prompt", "camera_prompts"), _set_environment),
    OffsetEgo.name: (
        ("longitudinal_m", "lateral_m", "vertical_m", "yaw_deg", *_DURING_KEYS, "steer", "allow_overlap"),
        _offset_ego,
    ),
    ReplaceEgo.name: (("track", "along_lane", "frame", "allow_overlap"), _replace_ego),
    Mirror.name: ((), _mirror),
    Crop.name: (("from_s", "to_s", "radius_m"), _crop),
}
"""Name -> its arguments, and what makes it of them."""

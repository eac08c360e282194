"""Many edits from one file: every combination of some values, or a seeded sample of them."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scene_graph.edit.arguments import arguments, number, only_one_of, unknown
from scene_graph.edit.edit_file import EditSpec
from scene_graph.edit.operations import Operation
from scene_graph.edit.parse import parse_edits
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields

__all__ = ["MAX_VARIANTS", "Variant", "expand_variants"]

MAX_VARIANTS = 10_000

_NAME_LENGTH = 100
_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}$]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One edit of a matrix.

    Attributes:
        name: its number and its values, fit for a file's name.
        values: the value of each name of the matrix.
        edits: the operations with these values in them.
    """

    name: str
    values: dict[str, Any]
    edits: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """What one name of a matrix can be: some values, or any number from `low` to `high`."""

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0

    def drawn(self, stream: random.Random) -> Any:
        if self.values:
            return self.values[_below(stream, len(self.values))]
        return self.low + (self.high - self.low) * stream.random()


def expand_variants(spec: EditSpec) -> tuple[Variant, ...]:
    """The variants that an edit file stands for, in a fixed order; one without values where it has no matrix.

    A name of the matrix has a list of values, or one of
        {range: [a, b], count: n}: n numbers evenly spaced, both ends included;
        {uniform: [a, b], count: n}: n numbers drawn between a and b (count may be absent where the file samples);
        {choice: [...], count: n}: n different ones drawn from a list (count absent: all).
    Without `sample` every combination is a variant, the last name varying fastest. With `sample: n` there are n: each
    name's value is drawn anew for each of them where a number is drawn between bounds, else they are different
    combinations. What is drawn for one name depends on the seed and that name alone.

    Raises:
        SceneError: a value of the matrix is not as it should be, a `${name}` is unknown, a name is not used, there
            are more than 10,000 variants, or the edits of a variant cannot be read.
    """
    if spec.matrix is None:
        name = spec.name.rpartition(".")[0] or spec.name
        return (Variant(name=_slug(name), values={}, edits=parse_edits(spec.edits, spec.name)),)
    _require_used(spec)
    axes = [_axis(name, value, spec) for name, value in spec.matrix.items()]
    combinations = _combinations(axes, spec)
    digits = len(str(len(combinations) - 1))
    variants = []
    for index, chosen in enumerate(combinations):
        values = {axis.name: value for axis, value in zip(axes, chosen, strict=True)}
        name = _variant_name(f"{index:0{digits}d}", values, axes)
        edits = parse_edits(_substituted(spec.edits, values, spec.name), f"{spec.name}, variant {name}")
        variants.append(Variant(name=name, values=values, edits=edits))
    return tuple(variants)


def _combinations(axes: list[_Axis], spec: EditSpec) -> list[tuple[Any, ...]]:
    num_combinations = math.prod(len(axis.values) or 1 for axis in axes)
    continuous = [axis for axis in axes if not axis.values]
    if spec.sample is None:
        _require_few(num_combinations, spec)
        return list(itertools.product(*(axis.values for axis in axes)))
    _require_few(spec.sample, spec)
    if continuous:
        streams = [_stream(spec, axis.name) for axis in axes]
        return [
            tuple(axis.drawn(stream) for axis, stream in zip(axes, streams, strict=True)) for _ in range(spec.sample)
        ]
    if spec.sample > num_combinations:
        raise SceneError(
            f"sample is {spec.sample}, but the matrix has only {num_combinations} combinations",
            where=spec.name,
            remedy="leave out `sample` to make all of them",
        )
    return [_combination(axes, index) for index in _different(_stream(spec, ""), spec.sample, num_combinations)]


def _combination(axes: list[_Axis], index: int) -> tuple[Any, ...]:
    """The combination at an index of the full product."""
    chosen = []
    for axis in reversed(axes):
        index, place = divmod(index, len(axis.values))
        chosen.append(axis.values[place])
    return tuple(reversed(chosen))


def _axis(name: str, value: Any, spec: EditSpec) -> _Axis:
    place = f"matrix.{name}"
    if isinstance(value, list):
        return _Axis(name=name, values=_listed(value, place, spec))
    if not isinstance(value, dict):
        raise SceneError(
            f"{place} is {value!r}; expected a list, or a mapping of range, uniform or choice", where=spec.name
        )
    fields = arguments(value, spec.name, ("range", "uniform", "choice", "count"), place)
    kind = only_one_of(fields, ("range", "uniform", "choice"))
    if kind == "choice":
        values = _listed(fields.get("choice"), f"{place}.choice", spec)
        count = _count(fields, spec, least=1) if "count" in fields else len(values)
        if count > len(values):
            raise SceneError(f"{place} draws {count} of {len(values)} values; expected at most all", where=spec.name)
        drawn = _different(_stream(spec, name), count, len(values)) if "count" in fields else range(len(values))
        return _Axis(name=name, values=tuple(values[index] for index in drawn))
    low, high = _bounds(fields, kind, spec)
    if kind == "range":
        count = _count(fields, spec, least=2)
        return _Axis(name=name, values=tuple(low + (high - low) * step / (count - 1) for step in range(count)))
    if "count" in fields:
        stream = _stream(spec, name)
        drawn_values = tuple(low + (high - low) * stream.random() for _ in range(_count(fields, spec, least=1)))
        return _Axis(name=name, values=drawn_values)
    if spec.sample is None:
        raise SceneError(f"{place}.count is missing; only a file that says `sample` goes without", where=spec.name)
    return _Axis(name=name, low=low, high=high)


def _listed(value: Any, place: str, spec: EditSpec) -> tuple[Any, ...]:
    if not isinstance(value, list) or not value:
        raise SceneError(f"{place} is no list of values; expected at least one", where=spec.name)
    return tuple(value)


def _bounds(fields: Fields, kind: str, spec: EditSpec) -> tuple[float, float]:
    given = fields.numbers(kind, 2)
    low, high = (number(Fields({kind: bound}, spec.name), kind) for bound in given)
    if not low < high:
        raise SceneError(
            f"{fields.path(kind)} is from {low:g} to {high:g}; expected a lower and a higher one", where=spec.name
        )
    return low, high


def _count(fields: Fields, spec: EditSpec, *, least: int) -> int:
    count = fields.integer("count")
    if count < least:
        raise SceneError(f"{fields.path('count')} is {count}; expected at least {least}", where=spec.name)
    _require_few(count, spec)
    return count


def _require_few(count: int, spec: EditSpec) -> None:
    if count > MAX_VARIANTS:
        raise SceneError(
            f"{count} variants; expected at most {MAX_VARIANTS}", where=spec.name, remedy="sample some of them"
        )


def _stream(spec: EditSpec, name: str) -> random.Random:
    return random.Random(f"{spec.seed}/{name}")


def _below(stream: random.Random, count: int) -> int:
    """A whole number from 0 to count - 1, by the one method of `random` whose results never change."""
    return min(int(stream.random() * count), count - 1)


def _different(stream: random.Random, num: int, count: int) -> list[int]:
    """`num` different whole numbers below `count` in random order (Fisher and Yates's shuffle)."""
    moved: dict[int, int] = {}
    drawn = []
    for index in range(num):
        other = index + _below(stream, count - index)
        drawn.append(moved.get(other, other))
        moved[other] = moved.get(index, index)
    return drawn


def _substituted(value: Any, values: dict[str, Any], where: str) -> Any:
    """A plain value with `${name}` replaced: by the value itself where a text is nothing else, else within the text."""
    if isinstance(value, dict):
        return {key: _substituted(item, values, where) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, values, where) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None and whole[1] is not None:
        return values[whole[1]]
    return _REFERENCE.sub(lambda found: "${" if found[1] is None else _shown(values[found[1]]), value)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (found[1] for found in _REFERENCE.finditer(value) if found[1] is not None)
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def _require_used(spec: EditSpec) -> None:
    matrix = spec.matrix or {}
    used = set(_references(spec.edits))
    for name in sorted(used):
        if name not in matrix:
            raise SceneError(unknown("name of the matrix", name, matrix, listed=True), where=spec.name)
    for name in matrix:
        if name not in used:
            raise SceneError(
                f"matrix.{name} is not used in the edits", where=spec.name, remedy=f"write ${{{name}}} where it belongs"
            )


def _variant_name(number_text: str, values: dict[str, Any], axes: list[_Axis]) -> str:
    parts = [number_text]
    for axis in axes:
        value = values[axis.name]
        if isinstance(value, (dict, list)):
            parts.append(f"{_slug(axis.name)}={axis.values.index(value)}")
        else:
            parts.append(f"{_slug(axis.name)}={_slug(_shown(value))}")
    return "_".join(parts)[:_NAME_LENGTH].rstrip("._-")


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _slug(text: str) -> str:
    """A text as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", text).strip("._") or "_"

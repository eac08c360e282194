"""Edit files: YAML that holds a list of operations, alone or with the values to vary in it."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from scene_graph.edit.arguments import arguments
from scene_graph.edit.operations import Operation
from scene_graph.edit.parse import parse_edits
from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.resources import config_path

__all__ = ["EditSpec", "edit_spec", "load_edit_spec", "load_edits", "parse_yaml", "require_plain"]

_MAX_BYTES = 8_000_000
_MAX_VALUES = 200_000
_MAX_DEPTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSpec:
    """What an edit file says, its operations not yet read.

    Attributes:
        name: the file's name, for errors.
        edits: the list of operations as plain values; where there is a matrix, `${name}` in a text stands for a value.
        matrix: what varies: name -> list of values, or mapping of how to make it; None: nothing.
        sample: how many variants to draw; None: every combination.
        seed: seed of everything that is drawn.
    """

    name: str
    edits: list[Any]
    matrix: dict[str, Any] | None = None
    sample: int | None = None
    seed: int = 0


def load_edits(name_or_path: str | Path) -> tuple[Operation, ...]:
    """The operations of an edit file that varies nothing, or of a packaged one by its bare name.

    Raises:
        SceneError: the file cannot be read, is not as it should be, or holds a matrix.
    """
    spec = load_edit_spec(name_or_path)
    if spec.matrix is not None:
        raise SceneError("holds a matrix; expected one list of edits", where=spec.name, remedy="expand its variants")
    return parse_edits(spec.edits, spec.name)


def load_edit_spec(name_or_path: str | Path) -> EditSpec:
    """What an edit file says, or a packaged one by its bare name ("cut_in").

    Raises:
        SceneError: the file cannot be read, is no YAML, or is not as it should be.
    """
    path = Path(name_or_path)
    if path.name == str(name_or_path) and not path.suffix and not path.exists():
        path = config_path("edits", path.name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SceneError(f"has {path.stat().st_size} bytes; expected at most {_MAX_BYTES}", where=path)
        text = path.read_text("utf-8")
    except OSError as error:
        raise SceneError(f"cannot read: {error.strerror or error}", where=path) from error
    except UnicodeDecodeError as error:
        raise SceneError(f"not readable as UTF-8 ({error.reason})", where=path) from error
    return edit_spec(parse_yaml(text, str(path)), path.name)


def parse_yaml(text: str, where: str = "edits") -> Any:
    """The plain values of a YAML text, as edit files have them: `off` is a text, a key stands once in a mapping.

    Raises:
        SceneError: it is no YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SceneError(f"not readable as YAML: {error}", where=where, remedy="correct the file") from error


def edit_spec(content: Any, name: str = "edits") -> EditSpec:
    """What the content of an edit file says: a list of operations, or a mapping with `edits` and perhaps a `matrix`.

    Raises:
        SceneError: it is neither, or a value in it is of a kind that no edit takes.
    """
    require_plain(content, name)
    if isinstance(content, list):
        return EditSpec(name=name, edits=content)
    if not isinstance(content, dict):
        raise SceneError("expected a list of operations, or a mapping with `edits` and `matrix`", where=name)
    fields = arguments(content, name, ("edits", "matrix", "sample", "seed"))
    edits = fields.get("edits")
    if not isinstance(edits, list):
        raise SceneError("edits is no list; expected a list of operations", where=name)
    matrix = _matrix(fields) if "matrix" in fields else None
    for key in ("sample", "seed"):
        if matrix is None and key in fields:
            raise SceneError(f"{key} is given without a matrix; expected one with it", where=name)
    sample = fields.integer("sample") if "sample" in fields else None
    if sample is not None and sample < 1:
        raise SceneError(f"sample is {sample}; expected at least 1", where=name)
    return EditSpec(
        name=name,
        edits=edits,
        matrix=matrix,
        sample=sample,
        seed=fields.integer("seed") if "seed" in fields else 0,
    )


def require_plain(value: Any, where: str) -> None:
    """Raises SceneError unless a value is made of texts, finite numbers, flags, None, lists and mappings by text.

    It may not be nested more than 24 deep, nor hold more than 200,000 values where an alias counts as what it names.
    """
    left = _MAX_VALUES
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        left -= 1
        if left < 0 or depth > _MAX_DEPTH:
            limit = f"{_MAX_DEPTH} levels" if left >= 0 else f"{_MAX_VALUES} values"
            raise SceneError(f"the edits have more than {limit}", where=where, remedy="split the file")
        if isinstance(one, dict):
            for key in one:
                if not isinstance(key, str):
                    raise SceneError(f"a key is {key!r}; expected a text", where=where, remedy="put it in quotes")
            waiting += [(item, depth + 1) for item in one.values()]
        elif isinstance(one, list):
            waiting += [(item, depth + 1) for item in one]
        elif isinstance(one, float) and not math.isfinite(one):
            raise SceneError(f"a value is {one}; expected finite numbers", where=where)
        elif one is not None and not isinstance(one, (str, int, float)):
            raise SceneError(
                f"a value is a {type(one).__name__} ({str(one)[:40]}); expected texts, numbers, lists and mappings",
                where=where,
                remedy="put it in quotes",
            )


def _matrix(fields: Fields) -> dict[str, Any]:
    matrix = fields.get("matrix")
    if not isinstance(matrix, dict) or not matrix:
        raise SceneError("matrix is no mapping; expected at least one name with its values", where=fields.where)
    return matrix


class _Loader(yaml.SafeLoader):
    """YAML's plain values as of its version 1.2, in which `off` and `12:30` are texts.

    A key that a mapping has twice is an error; a number with a leading zero is a text, as ids are.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # none of version 1.1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    problem = f"the key {key_node.value!r} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


_NUMBER = r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
for _tag, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", "~nN"),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", _NUMBER, "-+.0123456789"),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [*_first, ""])

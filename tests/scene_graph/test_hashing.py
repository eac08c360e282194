from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import full_scenario, graphs, pinhole_rig

from scene_graph.graph import ScenarioGraph
from scene_graph.hashing import canonical_bytes, content_hash, rig_hash

# of full_scenario(): a change of this value breaks every file that was written before
PINNED = "53866e77d88c8841f58fb06adab7cb1795f224aaa00b174e16f7d4ca611cb881"
UNORDERED = ("elements", "actors", "signals", "relations")


def mutants(value: Any, name: str = "graph") -> Iterator[tuple[str, Any]]:
    """The value with one thing changed at a time, each with the name of the change."""
    if is_dataclass(value):
        for field in fields(value):
            for where, changed in mutants(getattr(value, field.name), f"{name}.{field.name}"):
                try:
                    yield where, replace(value, **{field.name: changed})
                except ValueError:
                    continue  # no such record can be made
    elif isinstance(value, Enum):
        yield name, next(other for other in type(value) if other is not value)
    elif isinstance(value, np.ndarray):
        for index in np.ndindex(value.shape):
            changed = value.copy()
            changed[index] = np.nextafter(value[index], np.inf) if value.dtype.kind == "f" else value[index] + 1
            yield f"{name}{list(index)}", changed
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield f"{name} without {index}", (*value[:index], *value[index + 1 :])
            for where, changed in mutants(item, f"{name}[{index}]"):
                yield where, (*value[:index], changed, *value[index + 1 :])
    elif isinstance(value, dict):
        yield f"{name} more", {**value, "another": "one"}
        yield from ((f"{name}[{key}]", {**value, key: f"{text}!"}) for key, text in value.items())
    elif isinstance(value, bool):
        yield name, not value
    elif value is None:
        return
    elif isinstance(value, str):
        yield name, f"{value}!"
    else:
        yield name, value + 1 if isinstance(value, int) else np.nextafter(value, np.inf).item()


def test_any_single_change_changes_the_hash() -> None:
    graph = full_scenario()
    hashes = {"as it is": content_hash(graph)}
    always_closed = {"graph.elements[2].closed", "graph.elements[3].closed"}  # an area, a cuboid
    for where, changed in mutants(graph):
        if where not in always_closed:
            hashes[where] = content_hash(changed)
    assert len(hashes) > 150
    assert len(set(hashes.values())) == len(hashes)


def test_what_is_there_or_not_changes_the_hash() -> None:
    graph = full_scenario()
    lane, line = graph.elements[:2]
    others = [
        replace(graph, elements=(replace(lane, lane=None), *graph.elements[1:])),
        replace(graph, elements=(lane, replace(line, mark=None), *graph.elements[2:])),
        replace(graph, elements=(replace(lane, lane=replace(lane.lane, speed_limit_mps=None)), *graph.elements[1:])),
    ]
    assert len({graph.hash(), *(other.hash() for other in others)}) == 4


@given(graphs(), st.randoms(use_true_random=False))
def test_order_does_not_matter(graph: ScenarioGraph, shuffler: random.Random) -> None:
    shuffled = {name: shuffler.sample(getattr(graph, name), len(getattr(graph, name))) for name in UNORDERED}
    backwards = dict(reversed(graph.environment.camera_prompts.items()))
    other = replace(
        graph,
        **{name: tuple(records) for name, records in shuffled.items()},
        environment=replace(graph.environment, camera_prompts=backwards),
    )
    assert other.hash() == graph.hash()


def test_the_hash_is_pinned() -> None:
    assert full_scenario().hash() == PINNED


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_hash_is_the_same_in_another_process(seed: str) -> None:
    tests = Path(__file__).parents[1]
    script = "from strategies import full_scenario; print(full_scenario().hash())"
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == full_scenario().hash()


def test_negative_zero_is_zero() -> None:
    graph = full_scenario()
    vertices = graph.elements[0].vertices_world
    zeros = [np.where(vertices == 0.0, zero, vertices) for zero in (0.0, -0.0)]
    assert zeros[0].tobytes() != zeros[1].tobytes()
    variants = [
        replace(graph, elements=(replace(graph.elements[0], vertices_world=points), *graph.elements[1:]))
        for points in zeros
    ]
    assert variants[0].hash() == variants[1].hash() == graph.hash()


@pytest.mark.parametrize(
    "same",
    [
        (1, 1.0, np.int64(1), np.float32(1)),
        (0.0, -0.0, 0),
        (0.1, np.float64(0.1)),
        (True, np.bool_(True)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((1, 2), [1, 2]),
        (np.array([1.5, np.nan]), np.array([1.5, -np.nan]), np.array([1.5, np.nan], dtype=">f8")),
        (np.array([1.5, 2.0], dtype=np.float32), np.array([1.5, 2.0])),
        (
            np.arange(6).reshape(2, 3),
            np.asfortranarray(np.arange(6).reshape(2, 3)),
            np.arange(6).reshape(2, 3).astype(">i4"),
        ),
    ],
)
def test_equal_values_have_equal_bytes(same: tuple[Any, ...]) -> None:
    assert len({canonical_bytes(value) for value in same}) == 1


def test_different_values_have_different_bytes() -> None:
    values = [
        None, True, False, 0, 1, 1.5, 2**70, float("inf"), float("nan"), "", "1", "None", "é", "e\u0301", b"", b"1",
        (), (1,), ((1,),), (1, 1), ("ab", "c"), ("a", "bc"), ("a", ("b", "c")), {}, {"a": 1}, {"a": "1"}, {"b": 1},
        np.zeros(2), np.zeros(3), np.zeros((2, 1)), np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(0),
        np.zeros((0, 3)), np.array(0.0),
    ]  # fmt: skip
    assert len({canonical_bytes(value) for value in values}) == len(values)


def test_what_cannot_be_hashed_is_named() -> None:
    with pytest.raises(TypeError, match="cannot hash a set"):
        canonical_bytes({1, 2})
    with pytest.raises(TypeError, match="cannot hash an array of object"):
        canonical_bytes(np.array([None]))


def test_rigs_have_hashes_of_their_own() -> None:
    rig = pinhole_rig()
    hashes = [
        rig_hash(changed) for _, changed in mutants(rig, "rig") if len(changed.names) == len(changed.cameras) == 2
    ]
    assert len(hashes) > 30
    assert len({rig_hash(rig), *hashes}) == len(hashes) + 1
    assert rig_hash(pinhole_rig()) == rig_hash(rig)

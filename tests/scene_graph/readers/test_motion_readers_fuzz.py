"""Damaged motion scenes: each is read to a sound graph or refused in one line that names its file.

DRIVESIM_FUZZ_EXAMPLES sets how many damages of each kind are tried.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from synthetic_motion import (
    encode_message,
    framed,
    nuscenes_scene,
    scenario,
    scenarionet_scene,
    with_arrays,
)

from scene_graph.errors import SceneError
from scene_graph.readers.protobuf_wire import MessageType, Scalar, decode_message
from scene_graph.readers.scenarionet import read_scenarionet
from scene_graph.readers.scenarionet_files import decode_scene
from scene_graph.readers.waymo_motion import read_waymo_motion
from scene_graph.readers.waymo_motion_messages import SCENARIO
from scene_graph.readers.waymo_motion_tfrecord import record_bytes, record_places

EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "40"))
REAL_EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "6"))

HOSTILE: list[Any] = [
    None, True, 0, -1, 1 << 31, -(1 << 62), 1 << 70, 0.5, -1e-9, 1e9, 1e300, float("nan"), float("inf"), "", "x",
    "\x00/../..", "7" * 300, [], {}, [[]], [[1.0, 2.0], [3.0]], [["a"]], [{}], {"a": 1}, [None] * 11, [0.0] * 11,
    [[0.0, 0.0, 0.0]] * 11, [[1e8] * 3] * 2, [float("nan")] * 11, "LANE_SURFACE_STREET", "STOP_SIGN", "CROSSWALK",
]  # fmt: skip
ARRAYS = [
    np.zeros(0), np.zeros((11, 3)), np.full(11, np.nan), np.zeros((2, 2, 2)), np.array(3.0), np.array(["a", "b"]),
    np.zeros((1, 1)), np.arange(11), np.zeros((3, 0)), np.full((4, 2), 1e9),
]  # fmt: skip


def damaged_bytes(whole: bytes, seed: int) -> bytes:
    """The bytes with a few of them changed, left out, repeated or cut off."""
    rng = random.Random(seed)
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 4])):
        if not data:
            break
        start = rng.randrange(len(data))
        stop = min(len(data), start + rng.choice([1, 1, 4, 40, 1000]))
        kind = rng.randrange(6)
        if kind == 0:
            data[start] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[start:stop] = rng.randbytes(stop - start)
        elif kind == 2:
            del data[start:stop]
        elif kind == 3:
            data[start:start] = data[start:stop]
        elif kind == 4:
            data[start:stop] = bytes([rng.choice([0, 0x7F, 0xFF])]) * (stop - start)
        else:
            del data[start:]
    return bytes(data)


def damage_value(root: Any, seed: int, hostile: list[Any]) -> Callable[[], None]:
    """Changes one member somewhere in a tree of containers; returns what puts it back."""
    rng = random.Random(seed)
    target, deeper = root, root
    while deeper is not None and (target is root or rng.random() < 0.9):
        target = deeper
        inner = [value for value in _members(target) if isinstance(value, (dict, list)) and value]
        deeper = rng.choice(inner) if inner else None
    places = list(target) if isinstance(target, dict) else list(range(len(target)))
    if not places:
        return lambda: None
    place = rng.choice(places)
    saved = dict(target) if isinstance(target, dict) else list(target)
    kind = rng.randrange(8)
    if kind == 0:
        del target[place]
    elif kind == 1 and isinstance(target, list):
        target[place:place] = target[place : place + 3]
    elif kind == 2:
        target[place] = target[rng.choice(places)]
    elif kind == 3 and isinstance(target, dict):
        target[rng.choice(["", "7", 7, "type", "lane"])] = target[place]
    else:
        target[place] = rng.choice(hostile)

    def put_back() -> None:
        target.clear()
        target.update(saved) if isinstance(target, dict) else target.extend(saved)

    return put_back


def _members(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def check(path: Path, read: Callable[..., Any], data: bytes, skip: bool) -> None:
    """Reads a damaged file: a sound graph, or one line that names the file."""
    path.write_bytes(data)
    try:
        recording = read(path, skip_bad_records=skip)
    except SceneError as error:
        problem = str(error)
    else:
        recording.graph.validate()
        recording.graph.hash()
        assert all("\n" not in sentence for sentence in recording.source.skipped)
        return
    assert path.name in problem
    assert "\n" not in problem
    assert len(problem) < 1500


def fuzz(examples: int) -> Callable[[Any], Any]:
    def decorate(test: Any) -> Any:
        checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        limits = settings(
            deadline=None,
            max_examples=examples,
            suppress_health_check=checks,
            database=None,
            phases=[Phase.generate],  # a seed cannot be made simpler
        )
        return limits(given(seed=st.integers(0, 2**32), skip=st.booleans())(test))

    return decorate


TINY: dict[str, tuple[bytes, Callable[..., Any]]] = {
    "sd_waymo.json": (json.dumps(scenarionet_scene()).encode(), read_scenarionet),
    "sd_nuscenes.json": (json.dumps(nuscenes_scene()).encode(), read_scenarionet),
    "sd_waymo.json.gz": (gzip.compress(json.dumps(scenarionet_scene()).encode()), read_scenarionet),
    "sd_waymo.pkl": (pickle.dumps(with_arrays(scenarionet_scene())), read_scenarionet),
    "waymo.tfrecord": (framed(encode_message(scenario(), SCENARIO)), read_waymo_motion),
}


@pytest.mark.parametrize("name", TINY)
@fuzz(EXAMPLES)
def test_damaged_bytes(tmp_path: Path, name: str, seed: int, skip: bool) -> None:
    data, read = TINY[name]
    check(tmp_path / name, read, damaged_bytes(data, seed), skip)


@fuzz(EXAMPLES)
def test_damaged_messages_with_good_checksums(tmp_path: Path, seed: int, skip: bool) -> None:
    data = damaged_bytes(encode_message(scenario(), SCENARIO), seed)
    check(tmp_path / "waymo.tfrecord", read_waymo_motion, framed(data), skip)


@pytest.mark.parametrize("make", [scenarionet_scene, nuscenes_scene])
@pytest.mark.parametrize("suffix", ["json", "pkl"])
@fuzz(EXAMPLES)
def test_damaged_fields(tmp_path: Path, make: Callable[[], Any], suffix: str, seed: int, skip: bool) -> None:
    scene = make()
    damage_value(scene, seed, HOSTILE + (ARRAYS if suffix == "pkl" else []))
    data = json.dumps(scene).encode() if suffix == "json" else pickle.dumps(scene)
    check(tmp_path / f"sd_scene.{suffix}", read_scenarionet, data, skip)


@fuzz(EXAMPLES)
def test_damaged_fields_of_messages(tmp_path: Path, seed: int, skip: bool) -> None:
    message = scenario()
    damage_value(message, seed, HOSTILE)
    check(
        tmp_path / "waymo.tfrecord",
        read_waymo_motion,
        framed(encode_message(_typed(message, SCENARIO), SCENARIO)),
        skip,
    )


def _typed(value: Any, message: MessageType) -> dict[str, Any]:
    """The fields whose values can be written; the others are left out."""
    fields = value if isinstance(value, dict) else {}
    typed: dict[str, Any] = {}
    for field in message.fields.values():
        listed = fields.get(field.name, [])
        written = []
        for one in listed if isinstance(listed, list) else [listed]:
            if isinstance(field.kind, MessageType):
                written.append(_typed(one, field.kind))
            elif field.kind is Scalar.TEXT:
                written.append(str(one))
            elif isinstance(one, (int, float)):
                written.append(_number(one, field.kind))
        if field.repeated:
            typed[field.name] = written
        elif written:
            typed[field.name] = written[-1]
    return typed


def _number(value: float, kind: Scalar) -> float:
    if kind is Scalar.DOUBLE:
        return float(value)
    if kind is Scalar.FLOAT:
        return float(np.clip(value, -3e38, 3e38))
    return int(np.nan_to_num(np.clip(value, -(2.0**60), 2.0**60)))


def real_files(data_root: Path) -> list[Path]:
    files = [path for path in sorted((data_root / "scenarionet").rglob("sd_*")) if path.suffix in (".gz", ".pkl")]
    files += sorted((data_root / "waymo_motion").glob("*.tfrecord*"))
    if not files:
        pytest.skip("no motion scenes")
    return files


@pytest.mark.data
@pytest.mark.slow
@fuzz(REAL_EXAMPLES)
def test_damaged_bytes_of_real_files(data_root: Path, tmp_path: Path, seed: int, skip: bool) -> None:
    path = random.Random(seed).choice(real_files(data_root))
    data = path.read_bytes()
    if path.suffix == ".gz" and seed % 4:  # most damage to packed bytes is found by the packer's checksum
        path, data = path.with_suffix(""), gzip.decompress(data)
    if path.parent.name == "waymo_motion":
        record = record_bytes(record_places(path)[0][0])
        data = framed(damaged_bytes(record, seed)) if seed % 4 else damaged_bytes(data, seed)
        check(tmp_path / "real.tfrecord", read_waymo_motion, data, skip)
    else:
        check(tmp_path / f"sd_real{path.suffix}", read_scenarionet, damaged_bytes(data, seed), skip)


def _decoded(path: Path) -> Any:
    if path.parent.name == "waymo_motion":
        return decode_message(record_bytes(record_places(path)[0][0]), SCENARIO)
    return decode_scene(path)


@pytest.fixture(scope="module")
def decoded(data_root: Path) -> list[Any]:
    """Decoded scenes, the smallest of each folder; damage is put back after each example."""
    smallest = {path.parent: path for path in sorted(real_files(data_root), key=lambda path: -path.stat().st_size)}
    return [_decoded(path) for path in smallest.values()]


@pytest.mark.data
@pytest.mark.slow
@fuzz(REAL_EXAMPLES)
def test_damaged_fields_of_real_scenes(decoded: list[Any], tmp_path: Path, seed: int, skip: bool) -> None:
    scene = random.Random(seed).choice(decoded)
    put_back = damage_value(scene, seed, HOSTILE + ARRAYS)
    try:
        if "timestamps_seconds" in scene or "sdc_track_index" in scene:
            data = framed(encode_message(_typed(scene, SCENARIO), SCENARIO))
            check(tmp_path / "real.tfrecord", read_waymo_motion, data, skip)
        else:
            check(tmp_path / "sd_real.pkl", read_scenarionet, pickle.dumps(scene), skip)
    finally:
        put_back()

"""Damaged nuScenes data sets: each is read to a sound graph or refused in one line that names its file.

DRIVESIM_FUZZ_EXAMPLES sets how many damages of each kind are tried.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import junction, pinhole_rig
from synthetic_nuscenes import LOCATION, TinyMap, TinyNuScenes

from scene_graph.errors import SceneError
from scene_graph.readers import list_scenes
from scene_graph.readers.images import ImageFiles
from scene_graph.readers.nuscenes import read_nuscenes
from scene_graph.recording import Recording, Source
from scene_graph.writers.nuscenes import write_nuscenes

EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "60"))
REAL_EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "8"))

HOSTILE: list[Any] = [
    None, True, 0, -1, 1 << 31, -(1 << 62), 1 << 70, 0.5, -1e-9, 1e9, 1e300, float("nan"), float("inf"), "", "x",
    "\x00/../..", "../../etc/passwd", "/etc/passwd", "7" * 300, "a" * 5000, "\ud800", [], {}, [[]], [[1.0, 2.0], [3.0]],
    ["a"], [{}], {"a": 1}, [0.0] * 3, [0.0] * 4, [1e8] * 3, [float("nan")] * 4, [[0.0] * 3] * 3, "camera", "lidar",
]  # fmt: skip


def damaged_bytes(whole: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them changed, left out, repeated or cut off."""
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 4])):
        start = rng.randrange(len(data) + 1)
        stop = min(len(data), start + rng.choice([1, 1, 4, 40, 1000]))
        kind = rng.randrange(5)
        if kind == 0:
            data[start:stop] = rng.randbytes(stop - start)
        elif kind == 1:
            del data[start:stop]
        elif kind == 2:
            data[start:start] = data[start:stop]
        elif kind == 3:
            data[start:stop] = bytes(rng.choice(b'0123456789-e.,[]{}"') for _ in range(stop - start))
        else:
            del data[start:]
    return bytes(data)


def damage_member(root: Any, rng: random.Random) -> None:
    """Changes one member somewhere in a tree of containers."""
    target: Any = root
    while rng.random() < 0.85:
        members = list(target.values()) if isinstance(target, dict) else target
        inner = [value for value in members if isinstance(value, (dict, list)) and value]
        if not inner:
            break
        target = rng.choice(inner)
    places = list(target) if isinstance(target, dict) else list(range(len(target)))
    if not places:
        return
    place, kind = rng.choice(places), rng.randrange(8)
    if kind == 0:
        del target[place]
    elif kind == 1 and isinstance(target, list):
        target[place:place] = copy.deepcopy(target[place : place + 3])
    elif kind == 2:
        target[place] = copy.deepcopy(target[rng.choice(places)])
    else:
        target[place] = copy.deepcopy(rng.choice(HOSTILE))


def check(root: Path, scene: str, *, skip: bool) -> None:
    """Reads a damaged data set: a sound graph, or one line that names a file of it."""
    problems = []
    try:
        list_scenes(root)
    except SceneError as error:
        problems.append(str(error))
    try:
        recording = read_nuscenes(root, scene=scene, skip_bad_records=skip)
    except SceneError as error:
        problems.append(str(error))
    else:
        recording.graph.validate()
        recording.graph.hash()
        assert all("\n" not in sentence for sentence in recording.source.skipped)
        files = recording.frames.files if isinstance(recording.frames, ImageFiles) else {}
        assert all(path.is_relative_to(root) for images in files.values() for path in images.values())
    for problem in problems:
        assert str(root) in problem
        assert "\n" not in problem


def fuzz(examples: int) -> Callable[[Any], Any]:
    def decorate(test: Any) -> Any:
        checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        limits = settings(deadline=None, max_examples=examples, suppress_health_check=checks, database=None)
        return limits(given(seed=st.integers(0, 2**32), skip=st.booleans())(test))

    return decorate


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = TinyNuScenes()
    data.map = TinyMap().document
    return data.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with our extra table."""
    root = tmp_path_factory.mktemp("written") / "root"
    graph = replace(junction(), scenario_id="scene-a")
    times_us = graph.ego.trajectory.timestamps_us
    source = Source(format="made", path="nowhere")
    write_nuscenes(
        [Recording(graph=graph, rig=pinhole_rig(), frames=None, frame_timestamps_us=times_us, source=source)], root
    )
    return root


def damage_one_file(root: Path, files: list[Path], scene: str, seed: int, *, as_bytes: bool, skip: bool) -> None:
    rng = random.Random(seed)
    path = rng.choice(files)
    whole = path.read_bytes()
    try:
        if as_bytes:
            path.write_bytes(damaged_bytes(whole, rng))
        else:
            content = json.loads(whole)
            for _ in range(rng.choice([1, 1, 2, 5])):
                damage_member(content, rng)
            path.write_text(json.dumps(content))
        check(root, scene, skip=skip)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "members"])
def test_damaged_tables(tiny: Path, as_bytes: bool) -> None:
    files = sorted((tiny / "v1.0-mini").glob("*.json"))

    @fuzz(EXAMPLES)
    def damage(seed: int, skip: bool) -> None:
        damage_one_file(tiny, files, "scene-a", seed, as_bytes=as_bytes, skip=skip)

    damage()


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "members"])
def test_damaged_maps(tiny: Path, as_bytes: bool) -> None:
    @fuzz(EXAMPLES)
    def damage(seed: int, skip: bool) -> None:
        files = [tiny / "maps" / "expansion" / f"{LOCATION}.json"]
        damage_one_file(tiny, files, "scene-a", seed, as_bytes=as_bytes, skip=skip)

    damage()


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "members"])
def test_damaged_extra_tables(written: Path, as_bytes: bool) -> None:
    @fuzz(EXAMPLES)
    def damage(seed: int, skip: bool) -> None:
        files = [written / "v1.0-mini" / "drivesim_scenario.json"]
        damage_one_file(written, files, "scene-a", seed, as_bytes=as_bytes, skip=skip)

    damage()


@pytest.mark.data
@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "members"])
def test_damaged_real_tables(tmp_path: Path, data_root: Path, as_bytes: bool) -> None:
    sources = sorted(path.parent for path in data_root.glob("*/v1.0-*/scene.json"))
    if not sources:
        pytest.skip(f"no nuScenes tables below {data_root}")
    folder = tmp_path / sources[0].name
    folder.mkdir()
    for source in sources[0].glob("*.json"):
        (folder / source.name).write_bytes(source.read_bytes())
    files, scenes = sorted(folder.glob("*.json")), list_scenes(tmp_path)

    @fuzz(REAL_EXAMPLES)
    def damage(seed: int, skip: bool) -> None:
        damage_one_file(tmp_path, files, scenes[seed % len(scenes)], seed, as_bytes=as_bytes, skip=skip)

    damage()

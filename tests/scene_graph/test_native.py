from __future__ import annotations

import errno
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import full_scenario, graphs, pinhole_rig

from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.hashing import canonical_bytes
from scene_graph.native import NATIVE_SUFFIX, read_native, save_recording
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3

MEMBERS = (
    "pose_times_us.npy",
    "rotations.npy",
    "scenario.json",
    "times_us.npy",
    "translations_m.npy",
    "vertices_m.npy",
)


def recording(graph: ScenarioGraph | None = None) -> Recording:
    return Recording(
        graph=full_scenario() if graph is None else graph,
        rig=pinhole_rig(),
        frames=None,
        frame_timestamps_us=np.array([1_000_000, 1_100_000]),
        source=Source(
            format="somewhere",
            path="/data/somewhere.log",
            present={"lanes": "3", "actors": "1"},
            derived=("The kerbs come from the drivable area.",),
            absent=("traffic lights",),
            skipped=("actor 'x': it has no pose",),
        ),
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / f"full{NATIVE_SUFFIX}"
    save_recording(recording(), path)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def with_document(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    members = members_of(path)
    document = json.loads(members["scenario.json"])
    change(document)
    write_members(path, {**members, "scenario.json": json.dumps(document).encode()})


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=allow_pickle)
    return content.getvalue()


def assert_refused(path: Path, message: str) -> None:
    with pytest.raises(SceneError, match=message) as caught:
        read_native(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def problem_of(path: Path) -> str | None:
    try:
        read_native(path)
    except SceneError as error:
        return str(error)
    return None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs())
def test_a_recording_is_read_back_exactly(tmp_path: Path, graph: ScenarioGraph) -> None:
    path = tmp_path / "any.scenario"
    save_recording(recording(graph), path)
    back = read_native(path)
    assert back.graph.hash() == graph.hash()
    # also what the hash does not look at: the order of the records, the rig, the source
    assert canonical_bytes(back) == canonical_bytes(recording(graph))


def test_a_recording_without_rig_and_frames_is_read_back(tmp_path: Path) -> None:
    bare = replace(recording(), rig=None, frame_timestamps_us=np.zeros(0, dtype=np.int64))
    save_recording(bare, tmp_path / "bare.scenario")
    assert canonical_bytes(read_native(tmp_path / "bare.scenario")) == canonical_bytes(bare)


def test_texts_of_all_languages_survive(tmp_path: Path) -> None:
    graph = full_scenario()
    prompt = 'Regen über "München", 北京, \U0001f697\n\t\\ and \ud800'
    graph = replace(graph, environment=replace(graph.environment, prompt=prompt))
    save_recording(recording(graph), tmp_path / "texts.scenario")
    assert read_native(tmp_path / "texts.scenario").graph.environment.prompt == prompt


def test_negative_zero_and_subnormal_numbers_survive(tmp_path: Path) -> None:
    graph = full_scenario()
    odd = np.array([[-0.0, 5e-324, 0.1], [1 / 3, -1e300, 2.0**-1030]])
    line = replace(graph.elements[1], vertices_world=odd)
    save_recording(recording(replace(graph, elements=(graph.elements[0], line, *graph.elements[2:]))), tmp_path / "odd")
    assert read_native(tmp_path / "odd").graph.elements[1].vertices_world.tobytes() == odd.tobytes()


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path, saved: Path) -> None:
    again = tmp_path / "again.scenario"
    save_recording(read_native(saved), again)
    assert again.read_bytes() == saved.read_bytes()


def test_the_document_can_be_read_by_a_person(saved: Path) -> None:
    members = members_of(saved)
    assert sorted(members) == sorted(MEMBERS)
    lines = members["scenario.json"].decode().splitlines()
    assert max(map(len, lines)) < 1000
    assert sum('"kind": "traffic_light"' in line for line in lines) == 1
    document = json.loads(members["scenario.json"])
    assert (document["format"], document["version"]) == ("drivesim scenario", 1)
    assert document["hash"] == full_scenario().hash()


class OneImage:
    def timestamps_us(self, camera: str) -> np.ndarray:
        return np.array([1_000_000])

    def image(self, camera: str, timestamp_us: int) -> np.ndarray:
        return np.zeros((2, 2, 3), dtype=np.uint8)


def test_images_are_not_in_the_file_and_the_source_says_so(tmp_path: Path) -> None:
    save_recording(replace(recording(), frames=OneImage()), tmp_path / "images.scenario")
    back = read_native(tmp_path / "images.scenario")
    assert back.frames is None
    assert back.source.absent == ("traffic lights", "images (the file holds none)")
    assert (back.source.format, back.source.path) == ("somewhere", "/data/somewhere.log")


def test_a_scenario_of_many_equal_numbers_is_no_bomb(tmp_path: Path) -> None:
    graph = full_scenario()
    line = replace(graph.elements[1], vertices_world=np.zeros((200_000, 3)))
    flat = replace(graph, elements=(graph.elements[0], line, *graph.elements[2:]))
    save_recording(recording(flat), tmp_path / "flat.scenario")
    assert read_native(tmp_path / "flat.scenario").graph.hash() == flat.hash()


def test_what_is_not_sound_is_not_written(tmp_path: Path) -> None:
    graph = full_scenario()
    path = tmp_path / "bad.scenario"
    with pytest.raises(ValueError, match="2 actors have the id 'bus'"):
        save_recording(recording(replace(graph, actors=graph.actors * 2)), path)
    rig = pinhole_rig()
    with pytest.raises(ValueError, match="fx_px"):
        save_recording(replace(recording(), rig=replace(rig, cameras=(replace(rig.cameras[0], fx_px=-1.0),) * 2)), path)
    assert list(tmp_path.iterdir()) == []


# damaged files


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert_refused(tmp_path / "no.scenario", "cannot read: No such file")
    assert_refused(tmp_path, "cannot read: Is a directory")
    (tmp_path / "text.scenario").write_text("hello")
    assert_refused(tmp_path / "text.scenario", "not a readable zip archive")


def test_truncated_files_are_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in [0, 1, 30, *range(100, len(whole), 211), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        assert_refused(saved, "not a readable zip archive")


def test_any_flipped_byte_is_noticed_or_harmless(saved: Path) -> None:
    whole = saved.read_bytes()
    expected = canonical_bytes(recording())
    choose = random.Random(0)
    noticed = 0
    for place in choose.sample(range(len(whole)), 500):
        damaged = bytearray(whole)
        damaged[place] ^= choose.randrange(1, 256)
        saved.write_bytes(damaged)
        problem = problem_of(saved)
        if problem is None:
            assert canonical_bytes(read_native(saved)) == expected
        else:
            assert "\n" not in problem
            noticed += 1
    assert noticed > 400


@pytest.mark.parametrize("name", MEMBERS)
def test_a_missing_member_is_named(saved: Path, name: str) -> None:
    write_members(saved, {other: data for other, data in members_of(saved).items() if other != name})
    assert_refused(saved, rf"\({name}\): the member is missing")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 3), dtype=np.float32), r"holds float32 of shape \(4, 3\); expected float64 of shape \('n', 3\)"),
        (np.zeros((4, 2)), r"holds float64 of shape \(4, 2\)"),
        (np.zeros(4), r"holds float64 of shape \(4,\)"),
        (np.asfortranarray(np.zeros((4, 3))), "holds float64"),
        (np.zeros((4, 3), dtype=">f8"), "holds >f8"),
        (np.zeros((4, 3)), r"expected \[start, stop\] within 0 to 4"),
    ],
)
def test_wrong_arrays_are_named(saved: Path, array: np.ndarray, message: str) -> None:
    write_members(saved, {**members_of(saved), "vertices_m.npy": npy(array)})
    assert_refused(saved, message)


def test_pickles_are_never_loaded(saved: Path) -> None:
    write_members(saved, {**members_of(saved), "times_us.npy": npy(np.array([{}]), allow_pickle=True)})
    assert_refused(saved, r"\(times_us.npy\): holds object")


@pytest.mark.parametrize("shape", [(10**15, 3), (5, 3), (-1, 3), (2**70, 3), (True, 3)])
def test_arrays_that_claim_more_than_they_hold_are_refused(saved: Path, shape: tuple[int, ...]) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    write_members(saved, {**members_of(saved), "vertices_m.npy": header.getvalue() + bytes(96)})
    assert_refused(saved, r"\(vertices_m.npy\)")


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{", npy(np.zeros((2, 3)))[:-1]])
def test_damaged_arrays_are_refused(saved: Path, data: bytes) -> None:
    write_members(saved, {**members_of(saved), "vertices_m.npy": data})
    assert_refused(saved, r"\(vertices_m.npy\)")


def test_nested_headers_are_refused(saved: Path) -> None:
    header = b"(" * 5000
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    write_members(saved, {**members_of(saved), "vertices_m.npy": data})
    assert_refused(saved, r"\(vertices_m.npy\): not readable as an array")


def test_zip_bombs_are_refused(saved: Path) -> None:
    write_members(saved, {**members_of(saved), "scenario.json": b" " * 30_000_000})
    assert_refused(saved, r"\(scenario.json\): the member claims 30000000 bytes")


def test_members_over_2_gib_are_refused(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    place = whole.index(b"PK\x01\x02")  # the directory's entry of the first member
    whole[place + 20 : place + 24] = (2**31).to_bytes(4, "little")
    whole[place + 24 : place + 28] = (2**31 + 1).to_bytes(4, "little")
    saved.write_bytes(whole)
    assert_refused(saved, "claims 2147483649 bytes")


def test_encrypted_members_are_refused(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(signature) + offset] |= 1
    saved.write_bytes(whole)
    assert_refused(saved, "cannot unpack")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not readable as JSON"),
        (b"{", "not readable as JSON"),
        (b"\xff\xfe\xfa", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b'{"a": NaN}', "NaN is not a number of JSON"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not readable as JSON|format is missing"),
        (b"[]", "the document is .*; expected an object"),
        (b"{}", "format is missing"),
        (b'{"format": "other"}', "format is 'other'; expected 'drivesim scenario'"),
    ],
)
def test_bad_json_is_refused(saved: Path, text: bytes, message: str) -> None:
    write_members(saved, {**members_of(saved), "scenario.json": text})
    assert_refused(saved, message)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (2, "format version 2 is newer than 1.*install a newer drivesim"),
        (0, "format version 0 is older than 1.*convert the scenario again"),
        ("1", 'version is "1"; expected a whole number'),
        (True, "version is true; expected a whole number"),
    ],
)
def test_other_versions_are_refused(saved: Path, version: Any, message: str) -> None:
    with_document(saved, lambda document: document.update(version=version))
    assert_refused(saved, message)


def test_changed_files_are_refused(saved: Path) -> None:
    with_document(saved, lambda document: document["environment"].update(prompt="A dry road."))
    assert_refused(saved, "hash is .* but the file says .*the file was changed after it was written")


def test_unsound_files_are_refused(saved: Path) -> None:
    with_document(saved, lambda document: document["environment"].update(weather="frogs"))
    assert_refused(saved, "weather 'frogs' is not known")
    members = members_of(saved)
    poses = np.full((4, 3), np.nan)
    with_document(saved, lambda document: document["environment"].update(weather="rain"))
    write_members(saved, {**members_of(saved), "translations_m.npy": npy(poses)})
    assert_refused(saved, "pose holds NaN")
    assert members != members_of(saved)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    if value is KeyError:
        del document[path[-1]]
    else:
        document[path[-1]] = value


def test_any_field_of_another_type_or_missing_is_refused(saved: Path) -> None:
    members = members_of(saved)
    text = members["scenario.json"].decode()
    accepted = set()
    for path in places(json.loads(text)):
        for wrong in (KeyError, None, -7, 1e999, "wrong", ["wrong"], {"wrong": 1}, True):
            document = json.loads(text)
            put(document, path, wrong)
            if document == json.loads(text):
                continue
            write_members(
                saved, {**members, "scenario.json": json.dumps(document).replace("Infinity", "1e999").encode()}
            )
            problem = problem_of(saved)
            if problem is None:
                accepted.add((path[0], str(wrong)))
            else:
                assert "\n" not in problem
    # what the hash does not cover may be another text, a list may be shorter, and there may be no rig
    assert {place for place, _ in accepted} <= {"source", "rig"}
    assert accepted >= {("source", "wrong"), ("rig", "None")}


# writing


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_what_was_there(
    saved: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    before = saved.read_bytes()

    def fail(descriptor: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    other = replace(recording(), graph=replace(full_scenario(), scenario_id="other"))
    expected = KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else SceneError
    with pytest.raises(expected, match=r"cannot write: No space left on device|^$"):
        save_recording(other, saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_file_system_without_room_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, sys
from strategies import full_scenario
from test_native import recording
from scene_graph.errors import SceneError
from scene_graph.native import save_recording
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save_recording(recording(), sys.argv[1])
except SceneError as error:
    print(error)
"""
    tests = Path(__file__).parents[1]
    folders = os.pathsep.join(map(str, (tests, tests / "scene_graph", tests.parent)))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "big.scenario")],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "big.scenario: cannot write: File too large" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        SceneError, match=r"file.x\.scenario: cannot write: (File exists|Not a directory); choose a folder"
    ):
        save_recording(recording(), tmp_path / "file" / "x.scenario")
    (tmp_path / "folder.scenario").mkdir()
    with pytest.raises(SceneError, match="cannot write: Is a directory"):
        save_recording(recording(), tmp_path / "folder.scenario")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.scenario"]
    save_recording(recording(), tmp_path / "new" / "x.scenario")
    assert read_native(tmp_path / "new" / "x.scenario").graph.hash() == recording().graph.hash()


def test_source_texts_are_texts(tmp_path: Path) -> None:
    present: dict[str, Any] = {}
    source = Source(format="x", path="y", present=present)
    present["lanes"] = 3
    with pytest.raises(SceneError, match=r"source\.present holds 'lanes': 3; expected texts"):
        save_recording(replace(recording(), source=source), tmp_path / "x.scenario")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turn=st.floats(-3.0, 3.0))
def test_poses_are_not_rounded(tmp_path: Path, turn: float) -> None:
    graph = full_scenario()
    exact = SE3.from_yaw([turn, turn / 3], np.array([[1 / 3, turn, 0.1], [1e5 + turn, 2, 3]]))
    ego = replace(graph.ego, trajectory=replace(graph.ego.trajectory, world_from_body=exact))
    save_recording(recording(replace(graph, ego=ego)), tmp_path / "exact.scenario")
    back = read_native(tmp_path / "exact.scenario").graph.ego.trajectory.world_from_body
    assert back.rotation.tobytes() == exact.rotation.tobytes()
    assert back.translation.tobytes() == exact.translation.tobytes()

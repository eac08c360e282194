"""Waymo motion scenarios, on a tiny synthetic one that is also written as a ScenarioNet scene."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_motion import (
    SCENARIO_ID,
    encode_message,
    framed,
    scenario,
    scenarionet_scene,
    world,
    write_scene,
    write_tfrecord,
)

from scene_graph.elements import ElementKind
from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.scenarionet import read_scenarionet
from scene_graph.readers.waymo_motion import list_scenarios, read_waymo_motion
from scene_graph.readers.waymo_motion_crc32c import crc32c
from scene_graph.readers.waymo_motion_messages import SCENARIO
from scene_graph.readers.waymo_motion_tfrecord import record_bytes, record_places
from scene_graph.recording import Recording


def read(tmp_path: Path, values: dict[str, Any], **options: Any) -> Recording:
    return read_waymo_motion(write_tfrecord(tmp_path / "tiny.tfrecord", values), **options)


def named(name: str) -> dict[str, Any]:
    return scenario() | {"scenario_id": name}


def test_a_scenario_is_the_same_in_both_formats(tmp_path: Path) -> None:
    ours = read(tmp_path, scenario())
    theirs = read_scenarionet(write_scene(tmp_path / "sd_tiny.pkl", scenarionet_scene()))
    assert ours.graph.hash() == theirs.graph.hash()
    assert ours.source.present == theirs.source.present
    assert ours.source.derived == theirs.source.derived
    np.testing.assert_array_equal(ours.frame_timestamps_us, theirs.frame_timestamps_us)
    assert ours.graph.scenario_id == SCENARIO_ID
    assert len(ours.graph.elements) == 13
    assert ours.source.format == "waymo_motion"


def test_scenarios_of_a_file_are_found_by_their_ids(tmp_path: Path) -> None:
    path = write_tfrecord(tmp_path / "training.tfrecord-00000-of-01000", named("b"), named("a"))
    assert detect_format(path) == detect_format(tmp_path) == "waymo_motion"
    assert list_scenes(path) == list_scenes(tmp_path) == ["a", "b"]
    write_scene(tmp_path / "sd_training.tfrecord-00000-of-01000_a.json", scenarionet_scene())
    assert list_scenes(tmp_path, format="waymo_motion") == ["a", "b"]
    (tmp_path / "sd_training.tfrecord-00000-of-01000_a.json").unlink()
    write_tfrecord(tmp_path / "training.tfrecord-00001-of-01000", named("c"))
    assert list_scenes(tmp_path) == ["a", "b", "c"]
    assert read_recording(tmp_path, scene="c").graph.scenario_id == "c"
    assert read_waymo_motion(path, scene="a").graph.scenario_id == "a"
    with pytest.raises(SceneError, match="expected one scenario, found 2"):
        read_waymo_motion(path)
    with pytest.raises(SceneError, match="expected a scenario 'c', found 2"):
        read_waymo_motion(path, scene="c")


def test_one_broken_scenario_leaves_the_others(tmp_path: Path) -> None:
    records = [encode_message(named(name), SCENARIO) for name in "abc"]
    whole = framed(*records)
    path = tmp_path / "x.tfrecord"
    damaged = bytearray(whole)
    damaged[16 + len(records[0]) + 12 + 500] ^= 1  # within the second record
    path.write_bytes(damaged)
    assert list_scenarios(path) == ["a", "b", "c"]
    assert read_waymo_motion(path, scene="a").graph.scenario_id == "a"
    assert read_waymo_motion(path, scene="c").graph.scenario_id == "c"
    with pytest.raises(SceneError, match=r"x\.tfrecord, record 1: the checksum of the record's bytes does not hold"):
        read_waymo_motion(path, scene="b")
    path.write_bytes(whole[:-10])  # the last record ends early
    assert list_scenarios(path) == ["a", "b"]
    with pytest.raises(SceneError, match=r"found 2 and damage: .*record 2: .*ends within a record"):
        read_waymo_motion(path, scene="c")
    path.write_bytes(framed(records[0], b"\xff\xff", records[0], encode_message(named(""), SCENARIO)))
    assert list_scenarios(path) == ["a"]
    (tmp_path / "y.tfrecord").write_bytes(b"no records at all")
    assert list_scenarios(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected one scenario, found 0"),
        (b"\x00" * 5, "record 0: .*ends within a record's length"),
        (b"\x00" * 40, "record 0: .*checksum of a record's length"),
        (framed(b"")[:12] + b"abc", "record 0: .*ends within a record"),
        (framed(b"\xff" * 40), "record 0: .*Scenario"),
        (framed(encode_message(scenario(), SCENARIO))[:-1] + b"\x00", "record 0: the checksum of the record's bytes"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.tfrecord"
    path.write_bytes(data)
    with pytest.raises(SceneError, match=message) as raised:
        read_waymo_motion(path)
    assert "x.tfrecord" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_record_that_claims_too_much_is_refused_unread(tmp_path: Path) -> None:
    from scene_graph.readers.waymo_motion_crc32c import masked_crc32c

    length = struct.pack("<Q", 1 << 40)
    path = tmp_path / "x.tfrecord"
    path.write_bytes(length + struct.pack("<I", masked_crc32c(length)) + b"abc")
    assert record_places(path)[0] == []
    with pytest.raises(SceneError, match="claims 1099511627776 bytes"):
        list_scenarios(path)


def test_records_are_where_the_lengths_say(tmp_path: Path) -> None:
    path = tmp_path / "x.tfrecord"
    path.write_bytes(framed(b"one", b"", b"three"))
    places, problem = record_places(path)
    assert problem == ""
    assert [record_bytes(place) for place in places] == [b"one", b"", b"three"]


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        # RFC 3720, appendix B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_checksums_of_the_standard(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


@given(data=st.binary(max_size=64), num=st.sampled_from([1, 1023, 1024, 1025, 4096]))
@settings(deadline=None, max_examples=20)
def test_long_checksums_are_those_of_the_definition(data: bytes, num: int) -> None:
    remainder = 0xFFFFFFFF
    long = (data or b"\x01") * (num // max(len(data), 1) + 1)
    for byte in long[:num]:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 if remainder & 1 else 0)
    assert crc32c(long[:num]) == remainder ^ 0xFFFFFFFF


def _feature(index: int, field: str, **values: Any) -> Callable[[dict], None]:
    return lambda message: message["map_features"][index][field].update(values)


def _state(track: int, step: int, **values: Any) -> Callable[[dict], None]:
    return lambda message: message["tracks"][track]["states"][step].update(values)


def _set(name: str, value: Any) -> Callable[[dict], None]:
    return lambda message: message.update({name: value})


BAD_RECORDS = {
    "NaN centre": (_state(0, 2, center_x=float("nan")), r"track 0 \(id 7\).*NaN|track '7'.*NaN"),
    "no size": (lambda m: [s.update(length=0.0) for s in m["tracks"][0]["states"]], "track '7'.*size 0 x"),
    "states missing": (lambda m: m["tracks"][0]["states"].pop(), r"track 0 \(id 7\): has 10 states; expected 11"),
    "no id": (lambda m: m["tracks"][0].pop("id"), r"track 0 \(id None\): has no id"),
    "id twice": (lambda m: m["tracks"][0].update(id=8), r"track 1 \(id 8\): repeats the id 8"),
    "feature twice": (lambda m: m["map_features"][5].update(id=1), r"map feature 5 \(id 1\): repeats the id 1"),
    "NaN vertex": (_feature(5, "road_line", polyline=[{"x": float("nan")}] * 2), r"map feature 5 \(id 11\).*NaN"),
    "bad speed": (_feature(0, "lane", speed_limit_mph=float("nan")), r"map feature 0 \(id 1\).*speed_limit_mph"),
    "bad span": (
        _feature(0, "lane", left_boundaries=[{"lane_start_index": -4}]),
        r"map feature 0 \(id 1\).*boundary goes from place -4",
    ),
    "area of two points": (_feature(11, "crosswalk", polygon=[{"x": 1.0}, {"x": 2.0}]), "id 31.*2 vertices"),
    "sign without place": (lambda m: m["map_features"][10]["stop_sign"].pop("position"), "id 21.*no stop_sign.posi"),
    "steps of signals missing": (lambda m: m["dynamic_map_states"].pop(), "has 10 dynamic_map_states; expected 11"),
    "signal without lane": (
        lambda m: m["dynamic_map_states"][2]["lane_states"][0].pop("lane"),
        "dynamic map state 2: names lane None",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named_or_skipped(tmp_path: Path, change: Callable[[dict], Any], message: str) -> None:
    values = copy.deepcopy(scenario())
    change(values)
    with pytest.raises(SceneError, match=rf"tiny\.tfrecord, record 0.*({message})") as raised:
        read(tmp_path, values)
    assert "\n" not in str(raised.value)
    kept = read(tmp_path, values, skip_bad_records=True)
    assert len(kept.source.skipped) == 1


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("timestamps_seconds", []), "timestamps_seconds"),
        (_set("timestamps_seconds", [0.0, float("nan")]), "timestamps_seconds"),
        (_set("sdc_track_index", 9), "sdc_track_index is 9"),
        (_set("sdc_track_index", -1), "sdc_track_index is -1"),
        (_set("tracks", []), "sdc_track_index is 3; expected one of the 0 tracks"),
        (_state(3, 0, center_z=float("inf")), "ego '99'"),
    ],
)
def test_a_scenario_without_times_or_ego_is_refused(
    tmp_path: Path, change: Callable[[dict], Any], message: str, skip: bool
) -> None:
    values = copy.deepcopy(scenario())
    change(values)
    with pytest.raises(SceneError, match=message) as raised:
        read(tmp_path, values, skip_bad_records=skip)
    assert "tiny.tfrecord, record 0" in str(raised.value)


def test_values_that_are_newer_than_the_tables_are_listed(tmp_path: Path) -> None:
    values = scenario()
    values["map_features"][5]["road_line"]["type"] = 42
    values["tracks"][0]["object_type"] = 77
    values["dynamic_map_states"][4]["lane_states"][0]["state"] = 99
    values["map_features"].append({"id": 900})
    recording = read(tmp_path, values)
    listed = " ".join((*recording.source.skipped, *recording.source.derived))
    assert all(name in listed for name in ("type 42", "object_type 77", "state 99", "(none)"))


def test_neighbours_that_are_not_in_the_map_are_left_out(tmp_path: Path) -> None:
    values = scenario()
    values["map_features"] = [feature for feature in values["map_features"] if feature["id"] != 2]
    recording = read(tmp_path, values)
    lanes = {lane.element_id for lane in recording.graph.elements_of(ElementKind.LANE)}
    assert lanes == {"1", "3", "4"}
    assert all(relation.target_id in lanes for relation in recording.graph.relations)


def test_a_signal_of_a_lane_elsewhere_is_kept(tmp_path: Path) -> None:
    values = scenario()
    for step in values["dynamic_map_states"]:
        for state in step["lane_states"]:
            state["lane"] = 4040
    recording = read(tmp_path, values)
    (light,) = recording.graph.elements_of(ElementKind.TRAFFIC_LIGHT)
    np.testing.assert_allclose(light.vertices_world.mean(axis=0)[:2], world(39, 0)[:2], atol=1e-6)
    assert any("1 signals are of lanes that the map does not hold" in sentence for sentence in recording.source.derived)

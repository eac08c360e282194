"""The drive over an OpenDRIVE map: its route, pace, poses and errors."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from synthetic_opendrive import (
    connection,
    geometry,
    lane,
    line,
    opendrive,
    road,
    section,
    to_junction,
    to_road,
    write_map,
)

from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, list_scenes, read_recording
from scene_graph.readers.opendrive import read_opendrive


def fork() -> list[str]:
    """Road a of 60 m leads into a junction, from which b of 30 m and c of 80 m lead on."""
    only = section([], [lane(-1, before=-1, after=-1)])
    ends = section([], [lane(-1)])
    way = {"length_m": 10.0, "junction": "j", "before": to_road("a", "end")}
    joined = connection("a", "ab", "start", (-1, -1)) + connection("a", "ac", "start", (-1, -1))
    return [
        road("a", line(60.0), ends, length_m=60.0, after=to_junction("j")),
        road("b", line(30.0, x=70.0), ends, length_m=30.0, before=to_junction("j")),
        road("c", line(80.0, x=70.0), ends, length_m=80.0, before=to_junction("j")),
        road("ab", line(10.0, x=60.0), only, after=to_road("b", "start"), **way),
        road("ac", line(10.0, x=60.0), only, after=to_road("c", "start"), **way),
        f'<junction id="j">{joined}</junction>',
    ]


def test_the_route_is_long_and_leads_through_junctions(tmp_path: Path) -> None:
    path = write_map(tmp_path, *fork())
    recording = read_opendrive(path, speed_mps=10.0, duration_s=20.0)
    ego = recording.graph.ego.trajectory
    assert ego.end_us == 15_000_000
    np.testing.assert_allclose(ego.world_from_body.translation[[0, -1]], [[0, -1.75, 0], [150, -1.75, 0]], atol=1e-9)
    assert any("starts on lane 'a.0.-1': 3 lanes" in note for note in recording.source.derived)
    assert any("for 15.00 s and ends with its route" in note for note in recording.source.derived)
    again = read_opendrive(path, speed_mps=10.0, duration_s=20.0)
    assert again.graph.hash() == recording.graph.hash()
    assert recording.rig is None
    np.testing.assert_array_equal(np.diff(recording.frame_timestamps_us), 100_000)


def test_a_route_of_ones_own_may_change_lanes(tmp_path: Path) -> None:
    path = write_map(tmp_path, road("r", sections=section([], [lane(-1), lane(-2)])))
    ego = read_opendrive(path, ego_route=["r.0.-1", "r.0.-2"], duration_s=60.0).graph.ego.trajectory
    np.testing.assert_allclose(ego.world_from_body.translation[[0, -1], 1], [-1.75, -5.25], atol=1e-6)
    for route, problem in ((["r.0.7"], "names 'r.0.7', no lane"), ([], "route is empty")):
        with pytest.raises(SceneError, match=problem):
            read_opendrive(path, ego_route=route)
    apart = write_map(tmp_path, road("r"), road("q", line(100.0, y=50.0)), name="apart.xodr")
    with pytest.raises(SceneError, match="neither follows nor neighbours"):
        read_opendrive(apart, ego_route=["r.0.-1", "q.0.-1"])


def test_the_ego_keeps_the_speed_limit_where_it_is_asked_to(tmp_path: Path) -> None:
    limit = '<type s="0" type="town"><speed max="36" unit="km/h"/></type>'
    fast = '<type s="0" type="rural"><speed max="72" unit="km/h"/></type>'
    first = road("a", sections=section([], [lane(-1, after=-1)]), after=to_road("b", "start"), inside=limit)
    second = road(
        "b", line(100.0, x=100.0), section([], [lane(-1, before=-1)]), before=to_road("a", "end"), inside=fast
    )
    ego = read_opendrive(write_map(tmp_path, first, second), speed_mps=None, duration_s=60.0).graph.ego.trajectory
    speeds = ego.velocity_at(np.array([2_000_000, 12_000_000]))[:, 0]
    np.testing.assert_allclose(speeds, [10.0, 20.0], atol=1e-6)
    assert ego.end_us == pytest.approx(15_000_000, abs=200_000)


def test_the_ego_lies_on_the_road(tmp_path: Path) -> None:
    slope, bank = 0.05, 0.2
    hill = f'<elevationProfile><elevation s="0" a="3" b="{slope}" c="0" d="0"/></elevationProfile>'
    banked = f'<lateralProfile><superelevation s="0" a="{bank}" b="0" c="0" d="0"/></lateralProfile>'
    path = write_map(tmp_path, road("r", sections=section([], [lane(-1)]), inside=hill + banked))
    pose = read_opendrive(path, speed_mps=5.0).graph.ego.trajectory.at(4_000_000)
    along = np.array([1.0, 0.0, slope]) / np.hypot(1.0, slope)
    np.testing.assert_allclose(pose.rotation[:, 0], along, atol=1e-6)
    assert pose.rotation[2, 1] == pytest.approx(np.sin(bank), abs=2e-3)
    assert pose.translation[2] == pytest.approx(3 + slope * pose.translation[0] - 1.75 * np.sin(bank), abs=1e-6)


def test_the_ego_heads_along_a_curve(tmp_path: Path) -> None:
    radius_m = 50.0
    plan = geometry(f'<arc curvature="{1 / radius_m}"/>', 150.0)
    path = write_map(tmp_path, road("r", plan, section([], [lane(-1)]), length_m=150.0))
    ego = read_opendrive(path, speed_mps=10.0).graph.ego.trajectory
    away = ego.world_from_body.translation[:, :2] - [0.0, radius_m]
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), radius_m + 1.75, atol=0.02)
    expected = np.unwrap(np.arctan2(away[:, 1], away[:, 0])) + np.pi / 2
    inner = slice(5, -5)
    np.testing.assert_allclose(np.unwrap(ego.world_from_body.yaw_rad)[inner], expected[inner], atol=0.01)


def test_files_and_folders_are_recognised(tmp_path: Path) -> None:
    plain = write_map(tmp_path, road("r"), name="one.xodr")
    packed = tmp_path / "two.xodr.gz"
    packed.write_bytes(gzip.compress(opendrive(road("r", line(100.0, x=5.0))).encode()))
    assert [detect_format(path) for path in (plain, packed, tmp_path)] == ["opendrive"] * 3
    assert list_scenes(tmp_path) == ["one", "two"]
    assert list_scenes(packed) == ["two"]
    assert read_recording(tmp_path, scene="two").graph.scenario_id == "two"
    with pytest.raises(SceneError, match="holds 2 scenes: one, two"):
        read_recording(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<a/>", "expected an <OpenDRIVE> document, received <a>"),
        (opendrive(), "holds no good road"),
        (opendrive(road("r", sections=section([], [lane(-1, kind="sidewalk")]))), "no lane that vehicles drive on"),
        (opendrive(road("r", sections="")), "expected a <laneSection> of some length"),
        (opendrive('<road id="r" length="10"/>'), "expected an element <planView>"),
        (opendrive(road("r", "<geometry/>")), "'s' is missing"),
        (opendrive(road("r", geometry("<helix/>", 10.0))), "expected a line, arc, spiral, poly3 or paramPoly3"),
        (opendrive(road("r", sections=section([lane(-1)], []))), "expected ids above 0 to the left"),
        (opendrive(road("r", sections=section([], [lane(-1), lane(-1)]))), "expected ids above 0 to the left"),
        (opendrive(road("r", after='elementType="star" elementId="1"')), "'elementType' is 'star'"),
        (opendrive(road("r", inside='<type s="0" type="a"><speed max="1" unit="knots"/></type>')), "'unit' is 'knots'"),
    ],
)
def test_bad_maps_are_one_line_that_names_the_file(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "bad.xodr"
    path.write_text(text)
    with pytest.raises(SceneError, match=rf"bad\.xodr.*{problem}") as raised:
        read_opendrive(path)
    assert "\n" not in str(raised.value)


def test_a_bad_road_is_skipped_on_request(tmp_path: Path) -> None:
    path = write_map(tmp_path, road("good"), road("bad", "<geometry/>"))
    with pytest.raises(SceneError, match=r"map\.xodr, road 'bad'"):
        read_opendrive(path)
    recording = read_recording(path, skip_bad_records=True)
    assert len(recording.source.skipped) == 1
    assert "road 'bad'" in recording.source.skipped[0]


@pytest.mark.parametrize("options", [{"duration_s": 0.0}, {"duration_s": float("nan")}, {"speed_mps": -1.0}])
def test_impossible_drives_are_refused(tmp_path: Path, options: dict[str, float]) -> None:
    with pytest.raises(SceneError, match="expected more than 0"):
        read_opendrive(write_map(tmp_path, road("r")), **options)

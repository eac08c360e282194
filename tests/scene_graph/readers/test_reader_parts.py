"""The pieces that readers share."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from synthetic_rds_hq import write_tar

from scene_graph.actors import ActorCategory
from scene_graph.errors import SceneError
from scene_graph.readers.area_outlines import union_outlines
from scene_graph.readers.decoding import parse_npy
from scene_graph.readers.lane_edges import mid_line, same_direction
from scene_graph.readers.quaternions import rotation_from_quat_wxyz, rotation_from_quat_xyzw
from scene_graph.readers.records import Records
from scene_graph.readers.rigid import rigid_transforms
from scene_graph.readers.tar_members import MAX_MEMBER_BYTES, read_members
from scene_graph.readers.tracks import Observations, absences_us, static_pose, tracks_from
from scene_graph.se3 import SE3

coordinates = st.floats(-100, 100)
lines = hnp.arrays(np.float64, st.tuples(st.integers(2, 6), st.just(3)), elements=coordinates)


def square(x: float, y: float, z: float, size: float = 10.0) -> np.ndarray:
    return np.array([[x, y, z], [x + size, y, z], [x + size, y + size, z], [x, y + size, z]])


# --- quaternions


def test_a_quarter_turn_about_each_axis() -> None:
    half = np.sqrt(0.5)
    quats_wxyz = np.array([[half, half, 0, 0], [half, 0, half, 0], [half, 0, 0, half]])
    expected = [
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    ]
    np.testing.assert_allclose(rotation_from_quat_wxyz(quats_wxyz), expected, atol=1e-12)
    np.testing.assert_allclose(rotation_from_quat_xyzw(quats_wxyz[:, [1, 2, 3, 0]]), expected, atol=1e-12)


@given(hnp.arrays(np.float64, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 0.1), st.floats(1, 50))
def test_length_and_sign_of_a_quaternion_do_not_matter(quat_wxyz: np.ndarray, scale: float) -> None:
    rotation = rotation_from_quat_wxyz(quat_wxyz)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(rotation_from_quat_wxyz(-scale * quat_wxyz), rotation, atol=1e-9)


@pytest.mark.parametrize("quat", [[0.0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 1]])
def test_no_rotation_is_an_error(quat: list[float]) -> None:
    with pytest.raises(ValueError, match="norm 0 or is not finite"):
        rotation_from_quat_wxyz(np.array(quat))


# --- lane edges


def test_mid_line_has_the_vertices_of_both_edges() -> None:
    left = np.array([[0, 2, 0], [4, 2, 4], [10, 2, 10]], dtype=float)
    right = np.array([[0, -2, 2], [5, -2, 7], [10, -2, 12]], dtype=float)
    expected = [[0, 0, 1], [4, 0, 5], [5, 0, 6], [10, 0, 11]]
    np.testing.assert_allclose(mid_line(left, right), expected)


def test_mid_line_of_an_edge_without_length() -> None:
    left = np.array([[0.0, 0, 0], [0, 0, 0]])
    right = np.array([[0.0, -2, 0], [10, -2, 0]])
    np.testing.assert_allclose(mid_line(left, right), [[0, -1, 0], [5, -1, 0]])


@given(lines, lines)
def test_mid_line_ends_between_the_ends_and_does_not_ask_for_sides(left: np.ndarray, right: np.ndarray) -> None:
    middle = mid_line(left, right)
    np.testing.assert_allclose(middle[[0, -1]], (left[[0, -1]] + right[[0, -1]]) / 2, atol=1e-9)
    np.testing.assert_allclose(mid_line(right, left), middle, atol=1e-9)


def test_same_direction_looks_from_above() -> None:
    ahead = np.array([[0.0, 0, 0], [10, 0, 0]])
    assert same_direction(ahead, ahead + np.array([0, 3, 0]))
    assert not same_direction(ahead, ahead[::-1])
    assert not same_direction(ahead, np.array([[0.0, 0, 0], [-1, 0, 50]]))


# --- outlines


def area_of(loop: np.ndarray) -> float:
    x, y = loop[:, 0], loop[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_touching_areas_have_one_outline() -> None:
    outlines = union_outlines([square(0, 0, 1), square(10, 0, 1), square(50, 0, 2)])
    assert sorted(round(area_of(outline)) for outline in outlines) == [100, 200]
    assert {float(z) for outline in outlines for z in outline[:, 2]} == {1.0, 2.0}


def test_a_bridge_keeps_its_own_outline() -> None:
    road = np.array([[-50, -5, 0], [50, -5, 0], [50, 5, 0], [-50, 5, 0]], dtype=float)
    bridge = np.array([[-5, -50, 6], [5, -50, 6], [5, 50, 6], [-5, 50, 6]], dtype=float)
    outlines = union_outlines([road, bridge])
    assert [round(area_of(outline)) for outline in outlines] == [1000, 1000]
    np.testing.assert_allclose(sorted(outline[0, 2] for outline in outlines), [0, 6])
    (crossing,) = union_outlines([road, bridge - [0, 0, 5]])
    assert len(crossing) == 12
    assert round(area_of(crossing)) == 1900


def test_new_corners_of_an_outline_lie_on_the_edges() -> None:
    slope = square(0, 0, 0)
    slope[:, 2] = 0.1 * slope[:, 0]
    (outline,) = union_outlines([slope, square(6, -2, 0.6, size=4.0)])
    corner = outline[np.linalg.norm(outline[:, :2] - [6, 0], axis=1).argmin()]
    np.testing.assert_allclose(corner, [6, 0, 0.6], atol=1e-9)


def test_holes_have_outlines_and_a_bow_tie_is_no_crash() -> None:
    sides = [
        np.array([[0, 0, 0], [30, 0, 0], [30, 10, 0], [0, 10, 0]], dtype=float),
        np.array([[0, 20, 0], [30, 20, 0], [30, 30, 0], [0, 30, 0]], dtype=float),
        square(0, 10, 0), square(20, 10, 0),
    ]  # fmt: skip
    outlines = union_outlines(sides)
    assert sorted(round(area_of(outline)) for outline in outlines) == [100, 900]
    bow_tie = np.array([[0, 0, 0], [10, 10, 0], [10, 0, 0], [0, 10, 0]], dtype=float)
    assert sum(area_of(outline) for outline in union_outlines([bow_tie])) == pytest.approx(50)


def test_no_area_has_no_outline() -> None:
    flat = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]], dtype=float)
    assert union_outlines([flat]) == []


# --- tracks


def test_gaps_of_more_than_three_periods() -> None:
    times = np.array([0, 100, 400, 701, 800])
    np.testing.assert_array_equal(absences_us(times, 100), [[400, 701]])


def test_the_static_pose_ignores_reversed_headings() -> None:
    yaws = np.array([0.1, np.pi, -0.1, 0.0])
    pose, kept = static_pose(SE3.from_yaw(yaws, np.array([[1, 0, 0], [100, 0, 0], [2, 0, 0], [3, 3, 0]], dtype=float)))
    np.testing.assert_array_equal(kept, [True, False, True, True])
    np.testing.assert_allclose(pose.translation, [2, 1, 0])
    np.testing.assert_allclose(pose.rotation, np.eye(3), atol=1e-12)


def test_rows_may_come_in_any_order() -> None:
    ids = ("b", "a", "b", "a", "b")
    times = np.array([300, 200, 100, 100, 200])
    observations = Observations(
        track_ids=ids,
        timestamps_us=times,
        world_from_box=SE3.from_yaw(np.zeros(5), np.stack([times, times * 0, times * 0], axis=1).astype(float)),
        size_lwh_m=np.array([[4.0, 2, 1], [1, 1, 1], [5, 2, 1], [1, 1, 1], [9, 2, 1]]),
        source_categories=("car", "dog", "truck", "dog", "car"),
        moving=np.ones(5, dtype=bool),
    )
    tracks = tracks_from(
        observations,
        category_of=lambda name: ActorCategory.CAR if name == "car" else ActorCategory.OTHER,
        period_us=100,
        records=Records(skip=False),
        where="table",
    )
    assert [track.track_id for track in tracks] == ["b", "a"]
    np.testing.assert_array_equal(tracks[0].trajectory.timestamps_us, [100, 200, 300])
    np.testing.assert_array_equal(tracks[0].trajectory.world_from_body.translation[:, 0], [100, 200, 300])
    np.testing.assert_array_equal(tracks[0].size_lwh_m, [5, 2, 1])
    assert (tracks[0].category, tracks[0].source_category) == (ActorCategory.CAR, "car")


# --- rigid transforms


def test_only_the_bad_matrix_is_left_out() -> None:
    records = Records(skip=True)
    good, poses = rigid_transforms([np.eye(4), np.diag([1.0, 1, -1, 1]), np.eye(4)], ["a", "b", "c"], records)
    np.testing.assert_array_equal(good, [True, False, True])
    assert poses.batch_shape == (2,)
    assert len(records.skipped) == 1
    assert records.skipped[0].startswith("b: ")
    with pytest.raises(SceneError, match="b: rotation"):
        rigid_transforms([np.eye(4), np.diag([1.0, 1, -1, 1])], ["a", "b"], Records(skip=False))


# --- tars and arrays


def test_members_are_read_in_order_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "in" / "x.tar"
    names = ["b.json", "../../escape.json", "/absolute.json", "a.json"]
    write_tar(path, {name: name.encode() for name in names})
    members = read_members(path)
    assert list(members) == names
    assert members["../../escape.json"] == b"../../escape.json"
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["in", "x.tar"]


def test_links_and_folders_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("pipe", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/hostname"
            archive.addfile(info)
    assert read_members(path) == {}


def test_a_member_of_a_terabyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    info = tarfile.TarInfo("bomb.json")
    info.size = 1 << 40
    path.write_bytes(info.tobuf() + b"\0" * 2048)
    with pytest.raises(SceneError, match=f"member bomb.json: claims {1 << 40} bytes; expected at most"):
        read_members(path)
    assert MAX_MEMBER_BYTES == 1 << 30


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a"), io.BytesIO(b""))
    with pytest.raises(SceneError, match="member a: is in the archive twice"):
        read_members(path)


def test_no_tar_at_any_truncation_loses_members_silently(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    write_tar(path, {f"{index}.json": b"x" * (100 + 200 * index) for index in range(6)})
    whole = path.read_bytes()
    members = read_members(path)
    end = -(-len(whole.rstrip(b"\0")) // 512) * 512
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        if length >= end + 512:  # only padding is gone
            assert read_members(path) == members
        else:
            with pytest.raises(SceneError, match="tar archive"):
                read_members(path)


@pytest.mark.parametrize("patch", [b"\0" * 512, b"\xff" * 512, b"\xff"])
def test_a_damaged_header_in_the_middle_is_noticed(tmp_path: Path, patch: bytes) -> None:
    path = tmp_path / "x.tar"
    write_tar(path, {f"{index}.json": b"x" * 512 for index in range(4)})
    whole = bytearray(path.read_bytes())
    whole[2048 : 2048 + len(patch)] = patch  # the third member's header
    path.write_bytes(bytes(whole))
    with pytest.raises(SceneError, match="damaged"):
        read_members(path)


@pytest.mark.parametrize("data", [b"", b"no tar at all", b"\x1f\x8b\x08" + b"\0" * 600])
def test_other_files_are_no_tars(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    with pytest.raises(SceneError, match="expected a tar archive"):
        read_members(path)


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array(3.5)]
)
def test_arrays_survive(array: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, array)
    np.testing.assert_array_equal(parse_npy(stream.getvalue(), "x"), array)


def test_arrays_of_a_wrong_length_are_errors() -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(6.0))
    data = stream.getvalue()
    with pytest.raises(SceneError, match="x: expected 6 numbers of 8 bytes, received 47 bytes"):
        parse_npy(data[:-1], "x")
    with pytest.raises(SceneError, match="received 49 bytes"):
        parse_npy(data + b"\0", "x")
    with pytest.raises(SceneError, match="expected 999999 numbers"):
        parse_npy(data.replace(b"(6,), }     ", b"(999999,), }"), "x")

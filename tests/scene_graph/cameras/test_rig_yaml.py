"""Rigs as YAML files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from camera_strategies import cameras
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scene_graph.cameras import Camera, CameraRig, load_rig, save_rig
from scene_graph.cameras.rig_yaml import rig_from_dict, rig_to_dict
from scene_graph.errors import SceneError
from scene_graph.se3 import SE3

RECORD: dict[str, Any] = {
    "name": "front",
    "model": "pinhole",
    "width_px": 1280,
    "height_px": 720,
    "fx_px": 900,
    "fy_px": 900.0,
    "cx_px": 640.0,
    "cy_px": 360.0,
    "ego_from_camera": {"translation_m": [1.0, 2.0, 3.0], "rpy_deg": [0, 0, 0]},
}


def content(**changes: Any) -> dict[str, Any]:
    """A rig of one camera; `changes` of its record, where None takes a key away."""
    record = {**copy.deepcopy(RECORD), **changes}
    return {"rig_version": 1, "cameras": [{key: value for key, value in record.items() if value is not None}]}


def same(one: CameraRig, other: CameraRig) -> bool:
    return json.dumps(rig_to_dict(one)) == json.dumps(rig_to_dict(other))


@given(st.lists(cameras, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_dictionaries_keep_every_bit(some: list[Camera], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rotations = Rotation.from_quat(rng.normal(size=(len(some), 4))).as_matrix()
    translations = rng.normal(size=(len(some), 3))
    rig = CameraRig(
        names=tuple(f"camera_{index}" for index in range(len(some))),
        cameras=tuple(some),
        ego_from_camera=SE3(rotation=rotations, translation=translations),
    )
    through_yaml = rig_from_dict(yaml.safe_load(yaml.safe_dump(rig_to_dict(rig), default_flow_style=None)))
    through_json = rig_from_dict(json.loads(json.dumps(rig_to_dict(rig))))
    for again in (through_yaml, through_json):
        assert same(again, rig)
        assert [type(c) for c in again.cameras] == [type(c) for c in some]
        np.testing.assert_array_equal(again.ego_from_camera.rotation, rotations)
        np.testing.assert_array_equal(again.ego_from_camera.translation, translations)


def test_files_round_trip_and_leave_nothing_else(tmp_path: Path) -> None:
    rig = load_rig("custom_example")
    save_rig(rig, tmp_path / "mine.yaml")
    assert same(load_rig(tmp_path / "mine.yaml"), rig)
    assert same(load_rig(str(tmp_path / "mine.yaml")), rig)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
    assert (tmp_path / "mine.yaml").read_text("utf-8").startswith("# Camera rig.")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SceneError, match=r"mine.yaml: cannot write"):
        save_rig(load_rig("nuscenes"), tmp_path / "file" / "mine.yaml")


@pytest.mark.parametrize(
    ("rpy_deg", "forward", "right"),
    [
        ([0, 0, 0], [1, 0, 0], [0, -1, 0]),
        ([0, 0, 90], [0, 1, 0], [1, 0, 0]),  # yaw to the left
        ([0, 90, 0], [0, 0, -1], [0, -1, 0]),  # pitch down
        ([90, 0, 0], [1, 0, 0], [0, 0, -1]),  # roll to the right: the image's right side goes down
        ([0, 20, 180], [-np.cos(np.pi / 9), 0, -np.sin(np.pi / 9)], [0, 1, 0]),  # backwards and down
    ],
)
def test_angles_turn_an_upright_camera(rpy_deg: list[float], forward: list[float], right: list[float]) -> None:
    rig = rig_from_dict(content(ego_from_camera={"translation_m": [0, 0, 0], "rpy_deg": rpy_deg}))
    np.testing.assert_allclose(rig.ego_from_camera.rotation[0] @ [0, 0, 1], forward, atol=1e-12)
    np.testing.assert_allclose(rig.ego_from_camera.rotation[0] @ [1, 0, 0], right, atol=1e-12)


def test_the_three_ways_to_say_a_rotation_agree() -> None:
    rotation = rig_from_dict(
        content(ego_from_camera={"translation_m": [1, 2, 3], "rpy_deg": [5, -10, 40]})
    ).ego_from_camera.rotation[0]
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    for key, value in (("quat_wxyz", [w, x, y, z]), ("rotation", rotation.tolist())):
        again = rig_from_dict(content(ego_from_camera={"translation_m": [1, 2, 3], key: [*map(_plain, value)]}))
        np.testing.assert_allclose(again.ego_from_camera.rotation[0], rotation, atol=1e-12)
        np.testing.assert_array_equal(again.ego_from_camera.translation[0], [1, 2, 3])


def _plain(value: Any) -> Any:
    return value if isinstance(value, list) else float(value)


def test_a_number_with_an_exponent_is_a_number(tmp_path: Path) -> None:
    text = yaml.safe_dump(content()).replace("fx_px: 900", "fx_px: 9e2")
    (tmp_path / "rig.yaml").write_text(text, "utf-8")
    assert yaml.safe_load(text)["cameras"][0]["fx_px"] == "9e2"
    assert load_rig(tmp_path / "rig.yaml").cameras[0].fx_px == 900.0


POSE = RECORD["ego_from_camera"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "mine.yaml: expected a mapping with the keys rig_version, cameras"),
        ({"rig_version": 1}, "mine.yaml: the key 'cameras' is missing"),
        ({"rig_version": 0, "cameras": []}, "mine.yaml: rig_version is 0; expected 1"),
        ({"rig_version": 1, "cameras": {}}, "cameras: expected a list"),
        ({"rig_version": 1, "cameras": []}, "mine.yaml: the rig holds no camera"),
        ({"rig_version": 1, "cameras": ["front"]}, "camera number 1: expected a mapping with the text 'name'"),
        (content(name=None), "camera number 1: expected a mapping with the text 'name'"),
        (content(name="a/b"), "mine.yaml: camera 'a/b': expected a name of letters"),
        (content(model="lens"), "mine.yaml: camera 'front': model is 'lens'; expected one of pinhole, fisheye, ftheta"),
        (content(model=["pinhole"]), "model is ['pinhole']"),
        (content(fx_px=None), "mine.yaml: camera 'front': the key 'fx_px' is missing"),
        (content(focal=3), "mine.yaml: camera 'front': the key 'focal' is unknown"),
        (content(fx_px=-3.0), "mine.yaml: camera 'front': fx_px is -3; expected a positive focal length"),
        (content(fx_px="wide"), "camera 'front': fx_px is 'wide'; expected a finite number"),
        (content(fx_px=True), "fx_px is True; expected a finite number"),
        (content(fx_px=float("nan")), "fx_px is nan; expected a finite number"),
        (content(cx_px=[1, 2]), "cx_px is [1, 2]; expected a finite number"),
        (content(width_px=0), "camera 'front': width_px is 0; expected a whole number of at least 1"),
        (content(width_px=1280.5), "width_px is 1280.5; expected a whole number"),
        (content(distortion=[0.1, 0.2]), "distortion is [0.1, 0.2]; expected 5 finite numbers"),
        (content(distortion={"k1": 1}), "expected 5 finite numbers"),
        (content(ego_from_camera=3), "camera 'front': ego_from_camera: expected a mapping"),
        (content(ego_from_camera={"rpy_deg": [0, 0, 0]}), "the key 'translation_m' is missing"),
        (content(ego_from_camera={"translation_m": [0, 0, 0]}), "exactly one of rpy_deg, quat_wxyz, rotation"),
        (content(ego_from_camera={**POSE, "quat_wxyz": [1, 0, 0, 0]}), "exactly one of rpy_deg, quat_wxyz, rotation"),
        (content(ego_from_camera={**POSE, "translation_m": [0, 0]}), "translation_m is [0, 0]; expected 3 finite"),
        (
            content(ego_from_camera={"translation_m": [0, 0, 0], "quat_wxyz": [0, 0, 0, 0]}),
            "camera 'front': ego_from_camera: quat_wxyz has the norm 0; expected 1",
        ),
        (
            content(ego_from_camera={"translation_m": [0, 0, 0], "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 2]]}),
            "camera 'front': rotation is not orthonormal",
        ),
        (
            content(ego_from_camera={"translation_m": [0, 0, 0], "rotation": [1, 0, 0]}),
            "rotation is [1, 0, 0]; expected 3 x 3 finite numbers",
        ),
    ],
)
def test_bad_values_name_the_file_and_the_camera(bad: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(bad), "utf-8")
    with pytest.raises(SceneError) as caught:
        load_rig(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_ftheta_values_name_the_camera() -> None:
    example = rig_to_dict(load_rig("rds_hq"))
    name = example["cameras"][0]["name"]
    for key, value, message in (
        ("polynomial_direction", "bw", "polynomial_direction is 'bw'"),
        ("polynomial", [0.0], "expected 2 to 6 coefficients"),
        ("polynomial", [0.0, -1.0], "polynomial is not monotone"),
    ):
        changed = copy.deepcopy(example)
        changed["cameras"][0][key] = value
        with pytest.raises(SceneError, match=f"here: camera '{name}': .*{message}"):
            rig_from_dict(changed, where="here")


def test_files_that_are_no_yaml_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("cameras: [", "utf-8")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    for name, message in (("broken.yaml", "not valid YAML"), ("bytes.yaml", "cannot read"), ("no.yaml", "cannot read")):
        with pytest.raises(SceneError, match=message) as caught:
            load_rig(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SceneError, match=r"no configuration named 'nuscense'.* argoverse2, .*nuscenes"):
        load_rig("nuscense")

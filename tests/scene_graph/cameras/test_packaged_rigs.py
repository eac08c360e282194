"""The rigs that come with the package."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from scene_graph.cameras import Camera, CameraRig, FisheyeCamera, FThetaCamera, PinholeCamera, load_rig
from scene_graph.resources import config_path

NAMES = sorted(path.stem for path in config_path("rigs", "nuscenes").parent.glob("*.yaml"))


def angle_of_view_deg(camera: Camera) -> float:
    """Between the rays through the middles of the left and right edges, by way of the optical axis."""
    edges = np.array([[0.0, camera.cy_px], [camera.width_px, camera.cy_px]])
    rays = camera.unproject(edges)
    return math.degrees(np.arctan2(np.hypot(rays[:, 0], rays[:, 1]), rays[:, 2]).sum())


def heading_deg(rig: CameraRig, name: str) -> float:
    forward = rig.ego_from_camera.rotation[rig.index(name)] @ np.array([0.0, 0.0, 1.0])
    return math.degrees(math.atan2(forward[1], forward[0]))


@pytest.mark.parametrize("name", NAMES)
def test_every_rig_is_valid_and_mounted_on_a_car(name: str) -> None:
    rig = load_rig(name)
    rig.validate()
    x, y, z = rig.ego_from_camera.translation.T
    assert ((x > -1.5) & (x < 4.0) & (np.abs(y) < 1.3) & (z > 0.3) & (z < 2.2)).all()
    down = rig.ego_from_camera.rotation @ np.array([0.0, 1.0, 0.0])
    assert (down[:, 2] < -0.9).all()
    assert config_path("rigs", name).read_text("utf-8").startswith("# ")


def test_the_rigs_are_there() -> None:
    assert {"argoverse2", "custom_example", "nuscenes", "rds_hq"} <= set(NAMES)


def test_nuscenes() -> None:
    rig = load_rig("nuscenes")
    assert len(rig) == 6
    for name, camera in zip(rig.names, rig.cameras, strict=True):
        assert (camera.width_px, camera.height_px) == (1600, 900)
        wanted_deg = 90.0 if name == "CAM_BACK" else 65.0
        assert angle_of_view_deg(camera) == pytest.approx(wanted_deg, abs=3.0)
        side = 1 if "LEFT" in name else -1 if "RIGHT" in name else 0
        assert np.sign(round(math.sin(math.radians(heading_deg(rig, name))), 6)) == side
        assert ("BACK" in name) == (abs(heading_deg(rig, name)) > 90.0)


def test_argoverse2() -> None:
    rig = load_rig("argoverse2")
    assert sum(name.startswith("ring_") for name in rig.names) == 7
    assert sum(name.startswith("stereo_") for name in rig.names) == 2
    for name, camera in zip(rig.names, rig.cameras, strict=True):
        is_portrait = name == "ring_front_center"
        assert (camera.width_px, camera.height_px) == ((1550, 2048) if is_portrait else (2048, 1550))
        assert angle_of_view_deg(camera) == pytest.approx(48.0 if is_portrait else 67.0, abs=5.0)
    baseline_m = np.subtract(*rig.subset(["stereo_front_left", "stereo_front_right"]).ego_from_camera.translation)
    np.testing.assert_allclose(baseline_m, [0.0, 0.5, 0.0], atol=1e-12)


def test_rds_hq_sees_what_the_names_say() -> None:
    rig = load_rig("rds_hq")
    assert len(rig) == 7
    for name, camera in zip(rig.names, rig.cameras, strict=True):
        assert isinstance(camera, FThetaCamera)
        assert (camera.width_px, camera.height_px) == (1920, 1080)
        wanted_deg = float(name.rsplit("_", 1)[1].removesuffix("fov"))
        assert angle_of_view_deg(camera) == pytest.approx(wanted_deg, abs=1.5), name
        assert ("rear" in name) == (abs(heading_deg(rig, name)) > 90.0)


def test_custom_example_has_every_model() -> None:
    rig = load_rig("custom_example")
    assert {type(camera) for camera in rig.cameras} == {PinholeCamera, FisheyeCamera, FThetaCamera}
    assert angle_of_view_deg(rig.camera("rear_fisheye")) == pytest.approx(190.0, abs=1.0)
    assert angle_of_view_deg(rig.camera("left")) == pytest.approx(120.0, abs=2.0)
    assert heading_deg(rig, "left") == pytest.approx(90.0)
    assert abs(heading_deg(rig, "rear_fisheye")) == pytest.approx(180.0)


def test_a_rig_is_read_from_a_path_too() -> None:
    path: Path = config_path("rigs", "nuscenes")
    assert load_rig(path).names == load_rig("nuscenes").names

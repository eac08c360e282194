"""Rigs of several cameras."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scene_graph.cameras import CameraRig, PinholeCamera
from scene_graph.errors import SceneError
from scene_graph.se3 import SE3


def camera(width_px: int = 640, **changes: float) -> PinholeCamera:
    values = {"fx_px": 500.0, "fy_px": 500.0, "cx_px": 320.0, "cy_px": 240.0, **changes}
    return PinholeCamera(width_px=width_px, height_px=480, **values)


def rig(*names: str) -> CameraRig:
    count = len(names)
    return CameraRig(
        names=names,
        cameras=tuple(camera(640 + index) for index in range(count)),
        ego_from_camera=SE3.from_yaw(np.arange(count) * 0.1, np.arange(3.0 * count).reshape(count, 3)),
    )


def test_subset_keeps_the_order_asked_for() -> None:
    whole = rig("front", "left", "right")
    part = whole.subset(["right", "front"])
    part.validate()
    assert part.names == ("right", "front")
    assert [c.width_px for c in part.cameras] == [642, 640]
    np.testing.assert_array_equal(part.ego_from_camera.translation, [[6, 7, 8], [0, 1, 2]])
    np.testing.assert_allclose(part.ego_from_camera.yaw_rad, [0.2, 0.0])
    assert len(part) == 2


def test_look_up_by_name() -> None:
    whole = rig("front", "left")
    assert whole.index("left") == 1
    assert whole.camera("left").width_px == 641
    for look_up in (whole.index, whole.camera, lambda name: whole.subset([name])):
        with pytest.raises(SceneError, match="no camera 'rear'; choose from front, left"):
            look_up("rear")


def test_resized_changes_every_camera() -> None:
    small = rig("front", "left").resized(320, 240)
    assert [(c.width_px, c.height_px) for c in small.cameras] == [(320, 240)] * 2
    assert small.cameras[0].fx_px == pytest.approx(250.0)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "-front", ".hidden", "vorne\n", "kamera-ü"])
def test_validate_refuses_names_that_are_no_file_names(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of letters, digits"):
        rig("front", name).validate()


def test_validate_accepts_names_of_real_rigs() -> None:
    rig("CAM_FRONT", "ring_front_center", "camera_front_wide_120fov", "0", "a.b-c").validate()


def test_validate_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="'front': the rig has 2 cameras of this name"):
        rig("front", "left", "front").validate()
    with pytest.raises(ValueError, match="2 names, 1 cameras"):
        dataclasses.replace(rig("front", "left"), cameras=(camera(),)).validate()
    with pytest.raises(ValueError, match="holds no camera"):
        rig().validate()
    with pytest.raises(ValueError, match="camera 'left': fx_px is -500; expected a positive focal length"):
        dataclasses.replace(rig("front", "left"), cameras=(camera(), camera(fx_px=-500.0))).validate()
    bent = SE3(rotation=np.stack([np.eye(3), 2.0 * np.eye(3)]), translation=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="camera 'left': rotation is not orthonormal"):
        dataclasses.replace(rig("front", "left"), ego_from_camera=bent).validate()
    lost = SE3(rotation=np.stack([np.eye(3)] * 2), translation=np.array([[np.nan, 0, 0], [0, 0, 0]]))
    with pytest.raises(ValueError, match="camera 'front': pose holds NaN"):
        dataclasses.replace(rig("front", "left"), ego_from_camera=lost).validate()

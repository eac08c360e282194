"""Camera models on the calibrations of real cars."""

from __future__ import annotations

import io
import math
import tarfile
from pathlib import Path

import numpy as np
import pyarrow.feather
import pytest
from camera_strategies import image_grid

from scene_graph.cameras import FThetaCamera, PinholeCamera

pytestmark = pytest.mark.data


def rds_hq_cameras(root: Path) -> dict[str, FThetaCamera]:
    """The f-theta cameras of every clip, by clip and camera name."""
    cameras = {}
    for archive_path in sorted((root / "rds_hq" / "ftheta_intrinsic").glob("*.tar")):
        with tarfile.open(archive_path) as archive:
            for member in archive.getmembers():
                if not member.name.endswith(".npy"):
                    continue
                numbers = np.load(io.BytesIO(archive.extractfile(member).read()))
                is_backward = numbers[10] > 0
                cameras[member.name] = FThetaCamera(
                    cx_px=numbers[0], cy_px=numbers[1], width_px=int(numbers[2]), height_px=int(numbers[3]),
                    polynomial=numbers[4:10],
                    polynomial_direction="angle_from_radius" if is_backward else "radius_from_angle",
                )  # fmt: skip
    return cameras


@pytest.fixture(scope="module")
def ftheta_cameras(data_root: Path) -> dict[str, FThetaCamera]:
    cameras = rds_hq_cameras(data_root)
    assert cameras
    return cameras


def test_rds_hq_cameras_see_what_their_names_say(ftheta_cameras: dict[str, FThetaCamera]) -> None:
    # the corners of the image, which see further than the edges the names speak of
    expected_deg = {"120fov": 77.0, "70fov": 40.0, "30fov": 18.0}
    for name, camera in ftheta_cameras.items():
        camera.validate()
        kind = next(kind for kind in expected_deg if name.removesuffix(".npy").endswith(kind))
        assert math.degrees(camera.max_angle_rad) == pytest.approx(expected_deg[kind], abs=2.5), name


def test_rds_hq_round_trips(ftheta_cameras: dict[str, FThetaCamera]) -> None:
    for name, original in ftheta_cameras.items():
        for camera in (original, original.resized(1280, 720), original.resized(1280, 704)):
            pixels = image_grid(camera, 40)
            again, _, visible = camera.project(camera.unproject(pixels) * 30.0)
            np.testing.assert_allclose(again, pixels, atol=1e-6, err_msg=name)
            assert visible.reshape(40, 40)[1:-1, 1:-1].all()


def test_rds_hq_profiles_are_within_a_hundredth_of_a_pixel(ftheta_cameras: dict[str, FThetaCamera]) -> None:
    for name, camera in ftheta_cameras.items():
        angle_rad = np.linspace(0.0, camera.max_angle_rad, 5000)
        error_px = np.abs(camera.radial_profile().radius(angle_rad) - camera.radius_px(angle_rad))
        assert error_px.max() <= 0.0101, name


def test_argoverse2_round_trips(data_root: Path) -> None:
    paths = sorted((data_root / "argoverse2").glob("*/calibration/intrinsics.feather"))
    assert paths
    for path in paths:
        for row in pyarrow.feather.read_table(path).to_pylist():
            camera = PinholeCamera(
                fx_px=row["fx_px"], fy_px=row["fy_px"], cx_px=row["cx_px"] + 0.5, cy_px=row["cy_px"] + 0.5,
                width_px=row["width_px"], height_px=row["height_px"],
                distortion=np.array([row["k1"], row["k2"], 0.0, 0.0, row["k3"]]),
            )  # fmt: skip
            camera.validate()
            pixels = image_grid(camera, 40)
            rays = camera.unproject(pixels)
            again, _, visible = camera.project(rays * 30.0)
            np.testing.assert_allclose(again, pixels, atol=1e-6, err_msg=row["sensor_name"])
            assert visible.reshape(40, 40)[1:-1, 1:-1].all()
            assert 30.0 < math.degrees(camera.max_angle_rad) < 60.0

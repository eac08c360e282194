"""What holds for every camera model."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from camera_strategies import angles_rad, cameras, fisheyes, floats, fthetas, image_grid
from hypothesis import assume, given
from hypothesis import strategies as st

from scene_graph.cameras import Camera, FisheyeCamera, FThetaCamera, PinholeCamera

PINHOLE = PinholeCamera(
    fx_px=900.0, fy_px=910.0, cx_px=650.0, cy_px=350.0, width_px=1280, height_px=720,
    distortion=np.array([-0.3, 0.08, 1e-3, -5e-4, 0.0]),
)  # fmt: skip
FISHEYE = FisheyeCamera(
    fx_px=320.0, fy_px=322.0, cx_px=640.0, cy_px=480.0, width_px=1280, height_px=960,
    coefficients=np.array([-0.02, 0.003, -0.001, 0.0]),
)  # fmt: skip
FTHETA = FThetaCamera(
    cx_px=955.0, cy_px=750.0, width_px=1920, height_px=1080, polynomial_direction="angle_from_radius",
    polynomial=np.array([0.0, 1.06e-3, 0.0, 0.0, 2e-14]), linear_cde=np.array([1.001, 2e-4, -1e-4]),
)  # fmt: skip
EXAMPLES = [PINHOLE, FISHEYE, FTHETA]
MODELS = pytest.mark.parametrize("camera", EXAMPLES, ids=["pinhole", "fisheye", "ftheta"])


def lens_limit_rad(camera: Camera) -> float:
    """The angle at which a lens's curve ends, image or not."""
    if isinstance(camera, PinholeCamera):
        return float(np.arctan(camera.max_radius))
    return camera.radial_profile().max_angle_rad


@given(cameras)
def test_project_of_unproject_is_the_identity_in_view(camera: Camera) -> None:
    camera.validate()
    pixels = image_grid(camera)
    rays = camera.unproject(pixels)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=-1), 1.0, atol=1e-12)
    in_field = angles_rad(rays) < 0.98 * lens_limit_rad(camera)
    assume(in_field.any())
    again, depth_m, visible = camera.project(rays[in_field] * 17.0)
    np.testing.assert_allclose(again, pixels[in_field], atol=1e-6)
    np.testing.assert_allclose(depth_m, 17.0 * rays[in_field, 2], atol=1e-12)
    inside = (pixels[in_field] > 1e-3).all(axis=-1)
    inside &= (pixels[in_field] < np.array([camera.width_px, camera.height_px]) - 1e-3).all(axis=-1)
    assert visible[inside].all()


@given(cameras, st.integers(0, 2**32 - 1))
def test_unproject_of_project_is_the_ray_of_a_visible_point(camera: Camera, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(300, 3)) * np.exp(rng.uniform(-3, 5, size=(300, 1)))
    pixels, _, visible = camera.project(points)
    visible &= angles_rad(points) < 0.98 * lens_limit_rad(camera)
    rays = points / np.linalg.norm(points, axis=-1, keepdims=True)
    np.testing.assert_allclose(camera.unproject(pixels[visible]), rays[visible], atol=1e-9)


@given(fisheyes() | fthetas(), st.integers(0, 2**32 - 1))
def test_every_direction_in_a_wide_lens_has_its_own_pixel(camera: FisheyeCamera | FThetaCamera, seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle_rad = np.sort(rng.uniform(0.0, np.pi, 200))
    around = rng.uniform(0.0, 2 * np.pi)
    rays = np.stack(
        [np.sin(angle_rad) * np.cos(around), np.sin(angle_rad) * np.sin(around), np.cos(angle_rad)], axis=-1
    )
    pixels, _, visible = camera.project(rays)
    distance_px = np.hypot(*(pixels - (camera.cx_px, camera.cy_px)).T)
    apart = np.diff(angle_rad) > 1e-9
    assert (np.diff(distance_px)[apart] > 0).all()
    assert not visible[angle_rad > camera.max_angle_rad + 1e-9].any()


@given(cameras, floats(0.3, 2.5), floats(0.3, 2.5))
def test_resizing_scales_the_pixels(camera: Camera, scale_x: float, scale_y: float) -> None:
    resized = camera.resized(round(camera.width_px * scale_x), round(camera.height_px * scale_y))
    resized.validate()
    scale = np.array([resized.width_px / camera.width_px, resized.height_px / camera.height_px])
    rays = camera.unproject(image_grid(camera))
    before, _, visible_before = camera.project(rays)
    after, _, visible_after = resized.project(rays)
    np.testing.assert_allclose(after, before * scale, atol=1e-6, rtol=1e-9)
    assert (visible_after == visible_before).reshape(9, 9)[1:-1, 1:-1].all()
    assert resized.max_angle_rad == pytest.approx(camera.max_angle_rad, rel=1e-9)


@given(cameras, floats(0.0, 0.4), floats(0.0, 0.4), floats(0.3, 0.6))
def test_cropping_shifts_the_pixels(camera: Camera, left: float, top: float, part: float) -> None:
    left_px, top_px = int(camera.width_px * left), int(camera.height_px * top)
    cropped = camera.cropped(left_px, top_px, int(camera.width_px * part), int(camera.height_px * part))
    points = cropped.unproject(image_grid(cropped)) * 5.0
    in_field = angles_rad(points) < 0.98 * min(lens_limit_rad(camera), lens_limit_rad(cropped))
    before, _, visible_before = camera.project(points[in_field])
    after, _, visible_after = cropped.project(points[in_field])
    np.testing.assert_allclose(after + np.array([left_px, top_px]), before, atol=1e-6)
    off_the_edges = ((after > 1e-3) & (after < np.array([cropped.width_px, cropped.height_px]) - 1e-3)).all(axis=-1)
    assert (visible_before & visible_after)[off_the_edges].all()


@given(cameras)
def test_max_angle_covers_every_pixel(camera: Camera) -> None:
    widest_rad = angles_rad(camera.unproject(image_grid(camera))).max()
    assert camera.max_angle_rad <= lens_limit_rad(camera) + 1e-12
    if widest_rad < lens_limit_rad(camera):
        assert camera.max_angle_rad == pytest.approx(widest_rad, abs=1e-6)


@MODELS
def test_points_without_a_direction_in_front_give_finite_pixels(camera: Camera) -> None:
    values = (0.0, -0.0, 1e-300, -1e-300, 1e-12, 1.0, -1.0, 1e6, -1e6)
    points = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(-1, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels, depth_m, visible = camera.project(points)
    assert np.isfinite(pixels).all()
    np.testing.assert_array_equal(depth_m, points[:, 2])
    origin = (points == 0).all(axis=-1)
    behind = (points[:, :2] == 0).all(axis=-1) & (points[:, 2] < 0)
    assert origin.any()
    assert behind.any()
    assert not visible[origin | behind].any()
    ahead = (points[:, :2] == 0).all(axis=-1) & (points[:, 2] > 0)
    np.testing.assert_allclose(pixels[ahead], np.broadcast_to((camera.cx_px, camera.cy_px), (ahead.sum(), 2)))
    assert visible[ahead].all()


@MODELS
@pytest.mark.parametrize("shape", [(), (0,), (4,), (2, 3)])
def test_shapes_follow_the_points(camera: Camera, shape: tuple[int, ...]) -> None:
    points = np.broadcast_to((0.1, 0.2, 3.0), (*shape, 3))
    pixels, depth_m, visible = camera.project(points)
    assert pixels.shape == (*shape, 2)
    assert depth_m.shape == shape
    assert visible.shape == shape
    assert visible.dtype == bool
    assert camera.unproject(pixels).shape == (*shape, 3)


@MODELS
def test_an_edge_belongs_to_the_image_on_its_left_and_top_only(camera: Camera) -> None:
    cropped = camera.cropped(int(camera.cx_px) - 100, int(camera.cy_px) - 100, 200, 200)
    rays = cropped.unproject(np.array([[1e-7, 100.0], [-1e-7, 100.0], [100.0, 200.0 - 1e-7], [100.0, 200.0 + 1e-7]]))
    # the wide models' field ends at the corners, so that all four are inside it
    np.testing.assert_array_equal(cropped.project(rays)[2], [True, False, True, False])


@MODELS
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("width_px", 0, "width_px is 0"),
        ("height_px", -4, "height_px is -4"),
        ("cx_px", float("nan"), "cx_px is nan"),
        ("cy_px", float("inf"), "cy_px is inf"),
    ],
)
def test_validate_names_the_field(camera: Camera, field: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(camera, **{field: value}).validate()


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
@pytest.mark.parametrize("value", [-900.0, 0.0, float("nan"), float("inf")])
def test_validate_names_a_bad_focal_length(camera: Camera, value: float) -> None:
    for field in ("fx_px", "fy_px"):
        with pytest.raises(ValueError, match=f"{field} is {value:g}; expected a positive focal length"):
            dataclasses.replace(camera, **{field: value}).validate()


@MODELS
def test_resizing_to_nothing_is_refused(camera: Camera) -> None:
    with pytest.raises(ValueError, match="width_px is 0"):
        camera.resized(0, 100)
    with pytest.raises(ValueError, match="height_px is -1"):
        camera.cropped(0, 0, 10, -1)


@MODELS
def test_arrays_are_read_only(camera: Camera) -> None:
    name = {PinholeCamera: "distortion", FisheyeCamera: "coefficients", FThetaCamera: "polynomial"}[type(camera)]
    with pytest.raises(ValueError, match="read-only"):
        getattr(camera, name)[0] = 1.0

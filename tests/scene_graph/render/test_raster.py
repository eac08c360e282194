"""The rasteriser: right places, right colours, right order, whatever the lens."""

from __future__ import annotations

import functools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scene_graph.cameras import Camera
from scene_graph.render.control import ControlRenderer
from scene_graph.render.kernels.faces import Faces
from scene_graph.render.kernels.primitive import CAPSULE, PRIMITIVE, TRIANGLE, Shading, write_capsule, write_triangle
from scene_graph.render.kernels.raster import SAMPLES_X, SAMPLES_Y
from scene_graph.render.kernels.strips import Strips
from scene_graph.render.lens import lens_of
from scene_graph.render.raster import Rasteriser
from scene_graph.render.style import load_style
from scene_graph.se3 import SE3

WIDTH, HEIGHT = 320, 180
MODELS = ("pinhole", "distorted", "ftheta", "fisheye")
REAL = np.float32


def shading(**changes: object) -> Shading:
    plain = Shading(
        cue_at_camera=REAL(1), cue_slope_per_m=REAL(0), cue_widths=False, linear_depth=False, flat_boxes=False,
        far_m=REAL(200), brush_y_scale=REAL(1), shift_px=REAL(0), least_radius_px=REAL(0.35), width_scale=REAL(1),
    )  # fmt: skip
    return plain._replace(**changes)


def strips(
    *lines: np.ndarray, width: float = 4.0, rgb: tuple[float, ...] = (200, 100, 50), metric: bool = False
) -> Strips:
    vertices = np.concatenate([np.asarray(line, dtype=np.float64) for line in lines])
    starts = np.concatenate([[True] + [False] * (len(line) - 1) for line in lines])
    count = len(vertices)
    return Strips(
        vertices=vertices, starts=starts, rgb=np.tile(np.array(rgb, REAL), (count, 1)),
        width=np.full(count, width, REAL),
        metric=np.full(count, metric), bias=np.ones(count, REAL), flat=np.zeros(count, bool),
        owner=np.zeros(count, np.int32), bounds=np.zeros((0, 4)),
    )  # fmt: skip


def faces(triangles: np.ndarray, rgb: tuple[float, ...] = (200, 100, 50)) -> Faces:
    vertices = np.asarray(triangles, dtype=np.float64).reshape(-1, 3, 3)
    count = len(vertices)
    return Faces(
        vertices=vertices, rgb=np.tile(np.array(rgb, REAL), (count, 3, 1)), one_sided=np.zeros(count, bool),
        bias=np.ones(count, REAL), flat=np.zeros(count, bool), owner=np.zeros(count, np.int32), bounds=np.zeros((0, 4)),
    )  # fmt: skip


def draw(camera: Camera, *layers: Strips | Faces, **changes: object) -> np.ndarray:
    """A picture of things given in the camera frame."""
    image = np.zeros((camera.height_px, camera.width_px, 3), np.uint8)
    Rasteriser().draw(lens_of(camera), shading(**changes), SE3.identity(), layers, image)
    return image


@functools.cache
def pixel_rays(model: str) -> tuple[Camera, np.ndarray, np.ndarray]:
    """A camera, the rays of its pixel centres `h w 3`, and which of them the lens sees."""
    camera = scenes.cameras(WIDTH, HEIGHT)[model]
    rays = camera.unproject(np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), axis=-1))
    return camera, rays, camera.project(rays)[2]


def screen_primitives(camera: Camera, layer: Strips | Faces) -> np.ndarray:
    rasteriser = Rasteriser()
    return rasteriser.primitives(rasteriser.set_up(lens_of(camera), shading(), SE3.identity(), (layer,)))


# --- samples -----------------------------------------------------------------------------------------------------


@st.composite
def screen_shapes(draw_from: st.DrawFn) -> np.ndarray:
    """A few random screen primitives."""
    count = draw_from(st.integers(1, 6))
    made = np.zeros(count, PRIMITIVE)
    number = st.floats(-40, 360, width=32)
    for primitive in made:
        p = np.array([draw_from(number) for _ in range(6)], REAL)
        keys = np.array([draw_from(st.floats(0.125, 1, width=32)) for _ in range(3)], REAL)
        level = draw_from(st.integers(20, 255))
        rgb = np.full((3, 3), level, REAL)
        radii = [REAL(draw_from(st.floats(0.5, 12, width=32))) for _ in range(2)]
        if draw_from(st.booleans()) or not write_triangle(primitive, p, keys, rgb, 0):
            write_capsule(
                primitive, p[0], p[1], radii[0], keys[0], p[2], p[3], radii[1], keys[1], rgb[0], rgb[0], REAL(1), 0
            )
    return made


def brute_force(primitives: np.ndarray) -> np.ndarray:
    """Mean of the 4 samples' colours, each sample tested against every primitive."""
    x = np.arange(WIDTH)[:, None] + SAMPLES_X.reshape(4, 16)[:, 0][None, :]
    y = np.arange(HEIGHT)[:, None] + SAMPLES_Y.reshape(4, 16)[:, 0][None, :]
    x, y = np.broadcast_arrays(x[None], y[:, None])
    best, colour = np.zeros(x.shape), np.zeros(x.shape)
    for p in primitives:
        shape = p["shape"].astype(np.float64)
        if p["kind"] == TRIANGLE:
            inside = np.all([shape[3 * k] * x + shape[3 * k + 1] * y + shape[3 * k + 2] >= 0 for k in range(3)], axis=0)
        else:
            from_x, from_y = x - shape[0], y - shape[1]
            along = np.clip((from_x * shape[2] + from_y * shape[3]) * shape[4], 0, 1)
            off = np.hypot(from_x - along * shape[2], from_y - along * shape[3])
            inside = off <= shape[5] + along * shape[6]
        key = p["depth"][0] + p["depth"][1] * x + p["depth"][2] * y
        wins = inside & (key > best)
        best, colour = np.where(wins, key, best), np.where(wins, p["red"][0], colour)
    return colour.mean(axis=-1)


@given(screen_shapes())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_sample_is_won_by_the_nearest_primitive_that_covers_it(primitives: np.ndarray) -> None:
    rasteriser = Rasteriser()
    rasteriser._primitives[: len(primitives)] = primitives
    rasteriser.sort(len(primitives), HEIGHT)
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rasteriser.fill(image)
    # a sample that lies on an edge to within float32 may go either way
    differs = np.abs(image[..., 0] - brute_force(primitives)) > 1.01
    assert differs.mean() < 2e-3


def test_scratch_memory_is_clean_after_a_picture() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    rasteriser, image = Rasteriser(), np.empty((HEIGHT, WIDTH, 3), np.uint8)
    line = strips(np.array([[-2, 0, 5], [2, 0.5, 5]]))
    rasteriser.draw(lens_of(camera), shading(), SE3.identity(), (line,), image)
    assert image.any()
    rasteriser.draw(lens_of(camera), shading(), SE3.identity(), (), image)
    assert not image.any()


# --- lines -------------------------------------------------------------------------------------------------------

points_around = st.tuples(st.floats(-30, 30), st.floats(-10, 10), st.floats(-30, 60)).map(np.array)


@pytest.mark.parametrize("model", MODELS)
@given(start=points_around, end=points_around)
@settings(max_examples=60, deadline=None)
def test_lines_follow_the_lens_to_a_quarter_pixel(model: str, start: np.ndarray, end: np.ndarray) -> None:
    camera = scenes.cameras(WIDTH * 4, HEIGHT * 4)[model]
    pieces = screen_primitives(camera, strips(np.stack([start, end])))
    on_line = start + (end - start) * np.linspace(0, 1, 4001)[:, None]
    pixels, depth_m, visible = camera.project(on_line)
    near = np.linalg.norm(on_line, axis=-1) > 0.2
    if model in ("pinhole", "distorted"):
        near &= depth_m > 0.06
    pixels = pixels[visible & near]
    if not len(pixels):
        return
    assert len(pieces)
    a, axis = pieces["shape"][:, 0:2].astype(float), pieces["shape"][:, 2:4].astype(float)
    off = pixels[:, None] - a
    along = np.clip((off * axis).sum(-1) / np.maximum((axis**2).sum(-1), 1e-9), 0, 1)
    distance = np.linalg.norm(off - along[..., None] * axis, axis=-1).min(axis=1)
    assert distance.max() < 0.3  # 0.25, and what float32 and the fitted polynomial add


@pytest.mark.parametrize("model", MODELS)
def test_nothing_behind_the_camera_is_drawn(model: str) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)[model]
    behind = np.array([[-3.0, 0.5, -8.0], [3.0, 0.5, -2.0], [0.0, -3.0, -8.0]])
    image = draw(camera, strips(behind), faces(behind[None]))
    assert not image.any()


def test_a_line_keeps_its_width_on_screen() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    level = draw(camera, strips(np.array([[-50, 0.0, 10], [50, 0.0, 10]]), width=9))
    assert (level[:, WIDTH // 2, 0] / 200).sum() == pytest.approx(9, abs=0.3)
    metric = draw(camera, strips(np.array([[-50, 0.0, 10], [50, 0.0, 10]]), width=0.5, metric=True))
    assert (metric[:, WIDTH // 2, 0] / 200).sum() == pytest.approx(0.5 * 0.55 * WIDTH / 10, abs=0.3)


def test_depth_cue_darkens_and_thins() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    line = strips(np.array([[-500, 0.0, 100], [500, 0.0, 100]]), width=12)
    image = draw(camera, line, cue_slope_per_m=REAL(1 / 200), cue_widths=True)
    assert image[..., 0].max() == 100
    assert (image[:, WIDTH // 2, 0] / 100).sum() == pytest.approx(6, abs=0.3)


def test_the_brush_can_be_squeezed() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    level = strips(np.array([[-50, 0.0, 10], [50, 0.0, 10]]), width=12)
    upright = strips(np.array([[0.0, -50, 10], [0.0, 50, 10]]), width=12)
    squeeze = REAL(WIDTH / HEIGHT)
    thickness = (draw(camera, level, brush_y_scale=squeeze)[:, WIDTH // 2, 0] / 200).sum()
    breadth = (draw(camera, upright, brush_y_scale=squeeze)[HEIGHT // 2, :, 0] / 200).sum()
    assert thickness == pytest.approx(12 * HEIGHT / WIDTH, abs=0.3)
    assert breadth == pytest.approx(12, abs=0.3)


# --- faces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_wall_in_front_of_the_camera_leaves_no_gap(model: str) -> None:
    camera, rays, _ = pixel_rays(model)
    x, y = np.meshgrid(np.linspace(-60, 60, 7), np.linspace(-60, 60, 7))
    grid = np.stack([x, y, np.full_like(x, 2.0)], axis=-1)
    corners = [grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]]
    cells = np.stack(corners, axis=2).reshape(-1, 4, 3)
    image = draw(camera, faces(np.concatenate([cells[:, [0, 1, 2]], cells[:, [0, 2, 3]]])))
    hits = rays[..., 2] > np.cos(np.radians(80))  # the wall ends at 88 degrees
    assert (image[hits] == (200, 100, 50)).all()
    assert hits.mean() > 0.4


@pytest.mark.parametrize("model", MODELS)
@given(center=st.tuples(st.floats(-4, 4), st.floats(-3, 3), st.floats(2, 12)), seed=st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_triangles_cover_what_rays_hit(model: str, center: tuple[float, ...], seed: int) -> None:
    camera, rays, visible = pixel_rays(model)
    corners = np.array(center) + np.random.default_rng(seed).uniform(-3, 3, (3, 3))
    image = draw(camera, faces(corners[None]))
    # weights of the corners in the ray: all positive where it meets the triangle
    basis = np.stack([corners[0], corners[1], corners[2]], axis=-1)
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    if abs(normal @ corners[0]) < 0.1 * np.linalg.norm(normal):
        return  # nearer than the near limit somewhere, or seen edge on
    weights = rays @ np.linalg.inv(basis).T
    inside = (weights > 0).all(axis=-1) & visible
    if (corners[:, 2] < 0.06).any() or (np.linalg.norm(corners, axis=1) < 0.1).any():
        return
    # one pixel inside the outline all samples are hit; where the whole neighbourhood misses one edge, none is
    around = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    deep = np.all([np.roll(inside, shift, axis=(0, 1)) for shift in around], axis=0)
    reached = np.any([np.roll(weights > 0, shift, axis=(0, 1)) for shift in around], axis=0).all(axis=-1)
    middle = np.zeros_like(inside)
    middle[1:-1, 1:-1] = True
    assert (image[deep & middle] == (200, 100, 50)).all()
    assert not image[~reached & middle & visible].any()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("model", MODELS)
def test_near_things_hide_far_things(model: str, order: tuple[int, int]) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)[model]
    far = np.array([[-3, -3, 9], [3, -3, 9], [0, 4, 9]])
    near = np.array([[-1, -1, 4], [1, -1, 4], [0, 1.5, 4]])
    layers = (faces(far[None], rgb=(10, 0, 0)), faces(near[None], rgb=(0, 200, 0)))
    image = draw(camera, *(layers[k] for k in order))
    middle = image[HEIGHT // 2, WIDTH // 2]
    assert tuple(middle) == (0, 200, 0)
    assert (image == (10, 0, 0)).all(axis=-1).any()


def test_a_fisheye_sees_beyond_its_image_plane() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["fisheye"]
    beside = math.radians(95)
    direction = np.array([math.sin(beside), 0.0, math.cos(beside)])
    pixel, _, visible = camera.project(direction)
    assert visible
    line = np.stack([direction * 5 - [0, 0.5, 0], direction * 5 + [0, 0.5, 0]])
    image = draw(camera, strips(line))
    x, y = int(pixel[0]), int(pixel[1])
    assert image[y, x].any()
    assert not image[:, : WIDTH // 2].any()


def test_gradients_run_from_front_to_back() -> None:
    boxed = scenes.graph(actors=(scenes.actor("car", 12, 3, np.pi / 2, (4.0, 2.0, 2.0)),))
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    style = load_style("world_scenario")
    image = ControlRenderer(boxed, scenes.rig(camera), style).draw(0, 0)
    row = image[np.flatnonzero(image.any(axis=(1, 2)))[len(np.flatnonzero(image.any(axis=(1, 2)))) // 2]].astype(int)
    lit = np.flatnonzero(row[:, 2])
    first, last = lit[len(lit) // 5], lit[-len(lit) // 5]
    # heading left: the front colour (dark) on the left, the back colour (light) on the right
    assert row[first, 0] < 40 < 80 < row[last, 0]


# --- whole scenes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_moving_the_whole_world_changes_nothing(model: str) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)[model]
    there = SE3.from_yaw(2.3, np.array([512_345.6, -4_712_345.6, 321.0]))
    style = load_style("world_scenario")
    here = ControlRenderer(scenes.street(), scenes.rig(camera), style).draw(0, 300_000)
    moved = ControlRenderer(scenes.moved(scenes.street(), there), scenes.rig(camera), style).draw(0, 300_000)
    differs = np.abs(here.astype(int) - moved).max(axis=-1) > 2
    assert differs.mean() < 2e-4
    assert here.any(axis=-1).mean() > 0.05


def test_leaving_runs_out_of_sight_changes_nothing() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["ftheta"]
    rng = np.random.default_rng(5)
    starts = rng.uniform(-150, 150, (120, 1, 3)) * [1, 1, 0.02]
    steps = rng.normal(0, 4, (120, 9, 3)) * [1, 1, 0.05]
    walks = np.cumsum(np.concatenate([starts, steps], axis=1), axis=1)
    lines = tuple(scenes.element("road_boundary", walk, f"line {i}") for i, walk in enumerate(walks))
    renderer = ControlRenderer(scenes.graph(lines), scenes.rig(camera), load_style("world_scenario"))
    whole = renderer.draw(0, 0)
    renderer.static_layers = tuple(layer._replace(bounds=np.zeros((0, 4))) for layer in renderer.static_layers)
    assert np.array_equal(whole, renderer.draw(0, 0))
    assert whole.any()


def test_memory_grows_to_what_a_scene_needs() -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    rng = np.random.default_rng(0)
    ends = rng.uniform([-5, -3, 8], [5, 3, 20], (20_000, 2, 3))
    pieces = screen_primitives(camera, strips(*ends))
    assert len(pieces) > 15_000
    assert (pieces["kind"] == CAPSULE).all()
    assert draw(camera, strips(*ends)).any()


def test_threads_draw_the_same_bytes() -> None:
    views = tuple(scenes.cameras(WIDTH, HEIGHT).values())
    renderer = ControlRenderer(scenes.street(), scenes.rig(*views), load_style("world_scenario"))
    jobs = [(view, time_us) for view in range(len(views)) for time_us in range(0, 1_000_000, 200_000)]
    alone = [renderer.draw(*job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: renderer.draw(*job), jobs))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))

"""Control pictures over real ones."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import cameras, recording, street

from scene_graph.errors import SceneError
from scene_graph.readers import list_scenes, read_recording
from scene_graph.recording import Recording
from scene_graph.render.control import ControlRenderer
from scene_graph.render.overlay import laid_over, nearest_image_us, overlay_image
from scene_graph.render.style import load_style


@dataclass
class GreyImages:
    """Grey images at these times."""

    times_us: tuple[int, ...]
    size: tuple[int, int] = (160, 90)

    def timestamps_us(self, camera: str) -> np.ndarray:
        return np.array(self.times_us if camera == "view0" else (), dtype=np.int64)

    def image(self, camera: str, timestamp_us: int) -> np.ndarray:
        return np.full((self.size[1], self.size[0], 3), 77, dtype=np.uint8)


def with_images(frames: GreyImages) -> Recording:
    return replace(recording(street(), cameras(160, 90)["pinhole"]), frames=frames)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_only_lit_pixels_change_and_by_alpha(seed: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    control = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8) * rng.integers(0, 2, (6, 7, 1), dtype=np.uint8)
    mixed = laid_over(image, control, alpha=alpha)
    dark = ~control.any(axis=-1)
    np.testing.assert_array_equal(mixed[dark], image[dark])
    expected = image[~dark] * (1 - alpha) + control[~dark] * alpha
    assert np.abs(mixed[~dark] - expected).max(initial=0.0) <= 0.5 + 1e-9


def test_an_overlay_shows_the_control_picture_of_the_image_time() -> None:
    shown = with_images(GreyImages((400_000,)))
    assert shown.rig is not None
    control = ControlRenderer(shown.graph, shown.rig, load_style("overlay")).draw(0, 400_000)
    overlay = overlay_image(shown, "view0", 400_000, alpha=1.0)
    lit = control.any(axis=-1)
    assert 0.01 < lit.mean() < 0.5
    np.testing.assert_array_equal(overlay[lit], control[lit])
    assert (overlay[~lit] == 77).all()


def test_the_nearest_image_inside_the_track_is_chosen() -> None:
    shown = with_images(GreyImages((-50_000, 100_000, 300_000, 1_000_001)))
    assert nearest_image_us(shown, "view0", 0, within_us=250_000) == 100_000
    assert nearest_image_us(shown, "view0", 220_000, within_us=250_000) == 300_000
    assert nearest_image_us(shown, "view0", 1_000_000, within_us=250_000) is None
    assert nearest_image_us(shown, "other", 0, within_us=250_000) is None
    assert nearest_image_us(replace(shown, frames=None), "view0", 0, within_us=250_000) is None


def test_what_cannot_be_laid_over_is_said() -> None:
    with pytest.raises(SceneError, match="no camera images"):
        overlay_image(recording(street(), cameras(160, 90)["pinhole"]), "view0", 0)
    with pytest.raises(SceneError, match="160x90"):
        overlay_image(with_images(GreyImages((0,), size=(80, 45))), "view0", 0)
    with pytest.raises(SceneError, match="no camera 'nose'"):
        overlay_image(with_images(GreyImages((0,))), "nose", 0)


@pytest.mark.data
def test_real_images_are_changed_where_boxes_are(data_root: Path) -> None:
    root = data_root / "nuscenes_format"
    if not root.is_dir():
        pytest.skip(f"no folder {root}")
    num_overlays = 0
    for scene in list_scenes(root):
        real = read_recording(root, scene=scene)
        assert real.rig is not None
        for camera in real.rig.names:
            image_us = nearest_image_us(real, camera, int(real.frame_timestamps_us[0]), within_us=250_000)
            if image_us is None or real.frames is None:
                continue
            num_overlays += 1
            original = real.frames.image(camera, image_us)
            changed = (overlay_image(real, camera, image_us) != original).any(axis=-1)
            index = real.rig.index(camera)
            camera_from_ego = real.rig.ego_from_camera[index].inverse()
            camera_from_world = camera_from_ego @ real.graph.ego.trajectory.at(image_us).inverse()
            boxes = real.graph.boxes_at(image_us)
            pixels, depth_m, visible = real.rig.cameras[index].project(camera_from_world.apply(boxes.corners))
            near = visible & (depth_m > 1) & (depth_m < 100)
            corners = np.floor(pixels[near]).astype(int)
            assert changed[corners[:, 1], corners[:, 0]].all()
            assert changed.mean() < 0.2
    if not num_overlays:
        pytest.skip("no scene there has images")

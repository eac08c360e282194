"""Control videos of whole recordings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scenes

from scene_graph.render.control import ControlRenderer, render_control_video
from scene_graph.render.style import load_style
from scene_graph.signals import SignalState, SignalTrack

CAMERAS = scenes.cameras(160, 96)


def test_a_control_video_has_a_frame_for_every_view_and_time() -> None:
    recording = scenes.recording(scenes.street(), CAMERAS["pinhole"], CAMERAS["fisheye"])
    video = render_control_video(recording)
    assert video.frames.shape == (2, 2, 96, 160, 3)
    assert video.names == ("view0", "view1")
    assert video.style == "world_scenario"
    assert video.timestamps_us.tolist() == [0, 500_000]
    single = ControlRenderer(recording.graph, recording.rig, load_style("world_scenario")).draw(1, 500_000)
    assert np.array_equal(video.frames[1, 1], single)
    assert not np.array_equal(video.frames[0, 0], video.frames[0, 1])


def test_cameras_sizes_and_times_can_be_chosen() -> None:
    recording = scenes.recording(scenes.street(), CAMERAS["pinhole"], CAMERAS["fisheye"])
    video = render_control_video(recording, cameras=["view1"], size=(80, 48), timestamps_us=[250_000])
    assert video.frames.shape == (1, 1, 48, 80, 3)
    assert video.frames.any()


def test_odd_sizes_are_drawn_like_even_ones() -> None:
    recording = scenes.recording(scenes.street(), CAMERAS["pinhole"])
    odd = render_control_video(recording, size=(157, 93)).frames
    even = render_control_video(recording, size=(160, 96)).frames
    assert odd.shape == (1, 2, 93, 157, 3)
    assert odd.mean() == pytest.approx(even.mean(), rel=0.15)


def test_lines_scale_with_the_picture() -> None:
    line = scenes.graph((scenes.element("road_boundary", [[10, -40, 0], [10, 40, 0]]),))
    for width_px in (320, 640, 1280):
        image = render_control_video(scenes.recording(line, CAMERAS["pinhole"]), size=(width_px, width_px * 9 // 16))
        column = image.frames[0, 0, :, width_px // 2, 0].astype(float)
        assert column.sum() / column.max() == pytest.approx(12 * (1 - 8.5 / 200) * width_px / 1280, abs=0.3)


def test_what_cannot_be_drawn_is_said() -> None:
    recording = scenes.recording(scenes.street(), CAMERAS["pinhole"])
    with pytest.raises(ValueError, match="no cameras; give it a rig"):
        render_control_video(replace(recording, rig=None))
    with pytest.raises(ValueError, match="outside the trajectory's span"):
        render_control_video(recording, timestamps_us=[5_000_000])
    with pytest.raises(ValueError, match="different sizes"):
        render_control_video(scenes.recording(scenes.street(), CAMERAS["pinhole"], scenes.cameras(64, 48)["pinhole"]))
    renderer = ControlRenderer(recording.graph, recording.rig, load_style("world_scenario"))
    with pytest.raises(ValueError, match="out has shape"):
        renderer.draw(0, 0, out=np.zeros((5, 5, 3), np.uint8))


def test_a_traffic_light_shows_its_state_at_the_time() -> None:
    light = scenes.element("traffic_light", scenes.cuboid((9, 0.0, 1.6), (0.4, 1.0, 1.2)), "light")
    signal = SignalTrack(
        element_id="light", timestamps_us=np.array([0, 500_000]), states=(SignalState.RED, SignalState.GREEN)
    )
    style = load_style("world_scenario")
    renderer = ControlRenderer(scenes.graph((light,), signals=(signal,)), scenes.rig(CAMERAS["pinhole"]), style)
    for time_us, state in ((0, SignalState.RED), (400_000, SignalState.RED), (600_000, SignalState.GREEN)):
        image = renderer.draw(0, time_us).reshape(-1, 3).astype(int)
        brightest = image[image.sum(axis=1).argmax()]
        wanted = np.array(style.signals[state])
        assert np.abs(brightest / brightest.max() - wanted / wanted.max()).max() < 0.03
    without = ControlRenderer(scenes.graph((light,)), scenes.rig(CAMERAS["pinhole"]), style).draw(0, 0)
    assert (without.max(axis=-1) == without.min(axis=-1)).all(), "an unknown state is grey"
    assert without.any()


def test_the_compat_style_drops_boxes_without_a_corner_in_the_image() -> None:
    wall = scenes.graph(actors=(scenes.actor("truck", 8.0, 0.0, np.pi / 2, (60.0, 2.5, 160.0)),))
    rig = scenes.rig(CAMERAS["pinhole"])
    assert ControlRenderer(wall, rig, load_style("world_scenario")).draw(0, 0).any(axis=-1).mean() > 0.7
    assert not ControlRenderer(wall, rig, load_style("world_scenario_compat")).draw(0, 0).any()


def test_pixels_outside_the_image_circle_stay_black() -> None:
    camera = replace(CAMERAS["fisheye"], fx_px=20.0, fy_px=20.0, coefficients=np.zeros(4))
    grid = np.linspace(-40, 40, 60)
    lines = [scenes.element("road_boundary", [[-40, y, 0], [40, y, 0]], f"along {y}") for y in grid]
    lines += [scenes.element("road_boundary", [[-40, y, 3.2], [40, y, 3.2]], f"above {y}") for y in grid]
    image = ControlRenderer(scenes.graph(tuple(lines)), scenes.rig(camera), load_style("world_scenario")).draw(0, 0)
    y, x = np.mgrid[:96, :160] + 0.5
    radius = np.hypot(x - 80, y - 48)
    limit = 20.0 * camera.radial_profile().max_radius
    assert not image[radius > limit].any()
    assert image[radius < 30].any()

"""`drivesim preview`: which pictures it writes, their sizes, and what they show."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_recording import CAMERAS, small_recording

from drivesim.cli import main
from drivesim.preview import TopDownPreview, choose_time_us, view_mosaic, write_preview_pictures
from drivesim.preview_frame import PANEL_WIDTH_PX, LegendEntry, legend_of, scale_bar_m
from drivesim.video_io import read_video
from scene_graph.errors import SceneError
from scene_graph.readers import list_scenes, read_recording
from scene_graph.recording import Recording
from scene_graph.render.style import load_style
from scene_graph.render.topdown import EGO_RGB

STREET = str(files("drivesim") / "assets" / "street.scenario")


@dataclass
class OneImage:
    """Frames of one camera at one time, all of one grey."""

    camera: str
    time_us: int

    def timestamps_us(self, camera: str) -> np.ndarray:
        return np.array([self.time_us] if camera == self.camera else [], dtype=np.int64)

    def image(self, camera: str, timestamp_us: int) -> np.ndarray:
        return np.full((36, 64, 3), 90, dtype=np.uint8)


def picture_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_pictures_without_images(tmp_path: Path) -> None:
    written = write_preview_pictures(small_recording(3), tmp_path / "made", size=(640, 400), video=True)
    assert [path.name for path in written] == ["topdown.png", "views.png", "viewer.html", "topdown.mp4"]
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == sorted(path.name for path in written)
    assert picture_size(written[0]) == (640, 400)
    assert picture_size(written[1]) == (2 * 640, 360)  # two cameras, each 640 wide
    video = read_video(written[3])
    assert video.frames.shape == (3, 400, 640, 3)


def test_an_image_near_the_time_gets_an_overlay(tmp_path: Path) -> None:
    recording = small_recording(12)
    time_us = int(recording.frame_timestamps_us[6])
    shown = replace(recording, frames=OneImage(CAMERAS[0], time_us + 200_000))
    written = write_preview_pictures(shown, tmp_path, size=(640, 400))
    assert [path.name for path in written] == ["topdown.png", f"overlay_{CAMERAS[0]}.png", "viewer.html"]
    pixels = np.asarray(Image.open(written[1]))
    assert pixels.shape == (36, 64, 3)
    assert 0.02 < (pixels != 90).any(axis=-1).mean() < 0.8
    far = replace(recording, frames=OneImage(CAMERAS[0], time_us + 300_000))
    assert "views.png" in [path.name for path in write_preview_pictures(far, tmp_path / "far", size=(640, 400))]


def test_no_cameras_no_views(tmp_path: Path) -> None:
    recording = replace(small_recording(2), rig=None)
    written = write_preview_pictures(recording, tmp_path, size=(640, 400))
    assert [path.name for path in written] == ["topdown.png", "viewer.html"]
    with pytest.raises(SceneError, match="no cameras"):
        view_mosaic(recording, int(recording.frame_timestamps_us[0]))


def test_a_radius_puts_the_ego_in_the_middle_at_every_time() -> None:
    recording = small_recording(12)
    preview = TopDownPreview(recording, size=(640, 400), radius_m=20.0)
    for time_us in recording.frame_timestamps_us[[0, 11]]:
        picture = preview.picture(int(time_us))
        ego = (np.abs(picture[:, : 640 - PANEL_WIDTH_PX].astype(int) - EGO_RGB).max(axis=-1) < 12).nonzero()
        middle_x, middle_y = ego[1].mean(), ego[0].mean()
        # 10 px a metre; the rear axle is in the middle of the picture, the vehicle's middle 1.4 m ahead
        assert middle_x == pytest.approx((640 - PANEL_WIDTH_PX) / 2 + 14, abs=8)
        assert middle_y == pytest.approx(200, abs=4)


def test_a_legend_names_what_is_there() -> None:
    recording = small_recording()
    style = load_style("topdown")
    entries = legend_of(recording.graph, style)
    assert entries[0] == LegendEntry(text="ego", rgb=EGO_RGB, shape="box")
    texts = [entry.text for entry in entries]
    assert len(set(texts)) == len(texts)
    assert {"car", "pedestrian", "white lane line", "yellow lane line", "crosswalk", "green signal"} <= set(texts)
    assert "animal" not in texts
    assert [entry.text for entry in legend_of(replace(recording.graph, elements=(), actors=(), signals=()), style)] == [
        "ego",
        "path of the ego",
    ]


@pytest.mark.parametrize(("px_per_m", "length_m"), [(10.0, 20.0), (12.0, 10.0), (1.0, 200.0), (300.0, 0.5)])
def test_scale_bars_are_round(px_per_m: float, length_m: float) -> None:
    assert scale_bar_m(px_per_m) == pytest.approx(length_m)


def test_times() -> None:
    recording: Recording = small_recording(12)
    frames_us = recording.frame_timestamps_us
    assert choose_time_us(recording) == frames_us[6]
    assert choose_time_us(recording, 0.1) == frames_us[0] + 100_000
    for wrong_s in (-0.1, 60.0):
        with pytest.raises(SceneError, match="runs from 0 s to"):
            choose_time_us(recording, wrong_s)
    with pytest.raises(SceneError, match="no frame times"):
        choose_time_us(replace(recording, frame_timestamps_us=np.zeros(0, dtype=np.int64)))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", STREET, "--out", str(tmp_path), "--time-s", "3.2", "--size", "640x400"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == [
        str(tmp_path / name) for name in ("topdown.png", "views.png", "viewer.html")
    ]
    assert picture_size(tmp_path / "topdown.png") == (640, 400)


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--time-s", "99"], "runs from 0 s to"), (["--size", "300x200"], "at least 400x160")]
)
def test_failures_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["preview", STREET, "--out", str(tmp_path / "made"), *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert said in line
    assert not (tmp_path / "made").exists()


@pytest.mark.data
@pytest.mark.parametrize("folder", ["scenarionet", "nuscenes_format", "argoverse2"])
def test_real_recordings(data_root: Path, tmp_path: Path, folder: str) -> None:
    root = data_root / folder
    if not root.is_dir():
        pytest.skip(f"no folder {root}")
    recording = read_recording(root, scene=list_scenes(root)[0])
    written = write_preview_pictures(recording, tmp_path, size=(900, 600))
    names = {path.name for path in written}
    assert {"topdown.png", "viewer.html"} <= names
    has_pictures = any(name.startswith(("overlay_", "views")) for name in names)
    assert has_pictures == (recording.rig is not None)
    picture = np.asarray(Image.open(tmp_path / "topdown.png"))
    assert (np.abs(picture[:, : 900 - PANEL_WIDTH_PX].astype(int) - EGO_RGB).max(axis=-1) < 12).sum() > 30
    assert (tmp_path / "viewer.html").stat().st_size < 5_000_000

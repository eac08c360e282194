"""Control videos as files: right, whole, resumable."""

import errno
import fcntl
import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_recording import CAMERAS, small_recording

from drivesim import render_job
from drivesim.manifest import MANIFEST_NAME, read_manifest
from drivesim.render_job import render_to_files
from drivesim.video_io import read_video
from scene_graph.cameras.rig_yaml import rig_from_dict
from scene_graph.errors import SceneError
from scene_graph.hashing import rig_hash
from scene_graph.recording import Recording
from scene_graph.render.control import ControlRenderer, render_control_video


@pytest.fixture(scope="module")
def recording() -> Recording:
    return small_recording()


@pytest.fixture(scope="module")
def unbroken(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one undisturbed run."""
    folder = tmp_path_factory.mktemp("unbroken")
    render_to_files(recording, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_hold_exactly_the_control_video(recording: Recording, unbroken: Path) -> None:
    video = render_control_video(recording)
    assert video.frames.any()
    for view, camera in enumerate(CAMERAS):
        written = read_video(unbroken / f"{camera}.mp4")
        np.testing.assert_array_equal(written.frames, video.frames[view])
        np.testing.assert_array_equal(written.timestamps_us, video.timestamps_us - video.timestamps_us[0])


def test_manifest_tells_what_was_drawn(recording: Recording, unbroken: Path) -> None:
    manifest = read_manifest(unbroken)
    assert manifest is not None
    assert manifest.complete
    assert manifest.cameras == CAMERAS == tuple(manifest.videos)
    assert manifest.graph_hash == recording.graph.hash()
    assert manifest.timestamps_us == tuple(recording.frame_timestamps_us.tolist())
    assert recording.rig is not None
    assert rig_hash(rig_from_dict(manifest.rig)) == rig_hash(recording.rig)
    for video in manifest.videos.values():
        assert (video.width_px, video.height_px, video.num_frames) == (64, 36, 12)
        assert video.num_bytes == (unbroken / video.file).stat().st_size
    assert set(contents(unbroken)) == {"CAM_FRONT.mp4", "REAR_FISHEYE.mp4", MANIFEST_NAME}


@pytest.mark.parametrize("jobs", [1, 5])
def test_threads_do_not_change_a_byte(recording: Recording, unbroken: Path, tmp_path: Path, jobs: int) -> None:
    render_to_files(recording, tmp_path, jobs=jobs)
    assert contents(tmp_path) == contents(unbroken)


def test_size_cameras_and_times_are_chosen(recording: Recording, tmp_path: Path) -> None:
    render_to_files(recording, tmp_path, cameras=["REAR_FISHEYE"], size=(33, 21), timestamps_us=[100_000, 250_000])
    video = read_video(tmp_path / "REAR_FISHEYE.mp4")
    assert video.frames.shape == (2, 21, 33, 3)
    np.testing.assert_array_equal(video.timestamps_us, [0, 150_000])
    assert not (tmp_path / "CAM_FRONT.mp4").exists()


def test_progress_counts_every_frame_once(recording: Recording, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    render_to_files(recording, tmp_path, report=lambda done, total: told.append((done, total)))
    assert told == [(done, 24) for done in range(1, 25)]


class Stop(BaseException):
    """Ends a run from outside, as Ctrl-C does."""


@pytest.fixture
def stopping_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Makes the drawing of one frame raise `Stop`: {"view": v, "time_us": t}."""
    where: dict[str, int] = {}
    draw = ControlRenderer.draw

    def stopping(self: ControlRenderer, view: int, timestamp_us: int) -> np.ndarray:
        if where and view == where["view"] and timestamp_us >= where["time_us"]:
            raise Stop
        return draw(self, view, timestamp_us)

    monkeypatch.setattr(ControlRenderer, "draw", stopping)
    return where


def test_a_stopped_run_is_continued(
    recording: Recording, unbroken: Path, tmp_path: Path, stopping_at: dict[str, int]
) -> None:
    stopping_at.update(view=1, time_us=200_000)
    with pytest.raises(Stop):
        render_to_files(recording, tmp_path, jobs=1)
    stopped = read_manifest(tmp_path)
    assert stopped is not None
    assert not stopped.complete
    assert tuple(stopped.videos) == ("CAM_FRONT",)
    assert set(contents(tmp_path)) == {"CAM_FRONT.mp4", MANIFEST_NAME}
    kept = (tmp_path / "CAM_FRONT.mp4").stat()
    stopping_at.clear()
    told: list[int] = []
    render_to_files(recording, tmp_path, report=lambda done, total: told.append(done))
    assert told == list(range(13, 25))
    assert (tmp_path / "CAM_FRONT.mp4").stat().st_mtime_ns == kept.st_mtime_ns
    assert contents(tmp_path) == contents(unbroken)


def test_the_error_of_the_camera_that_failed_is_told(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = ControlRenderer.draw

    def failing(self: ControlRenderer, view: int, timestamp_us: int) -> np.ndarray:
        if view == 1:
            raise ValueError("no picture")
        return draw(self, view, timestamp_us)

    monkeypatch.setattr(ControlRenderer, "draw", failing)
    with pytest.raises(ValueError, match="no picture"):
        render_to_files(recording, tmp_path, jobs=2)
    assert not (tmp_path / "REAR_FISHEYE.mp4").exists()
    assert threading.active_count() == 1


def test_leftovers_of_a_killed_run_do_not_disturb(recording: Recording, unbroken: Path, tmp_path: Path) -> None:
    for name, content in contents(unbroken).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".REAR_FISHEYE.mp4.partial").write_bytes(b"half")
    # named, but killed before the manifest knew of it: made again
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    known = {camera: video for camera, video in manifest.videos.items() if camera == "CAM_FRONT"}
    render_job.write_manifest(replace(manifest, videos=known), tmp_path)
    render_to_files(recording, tmp_path)
    assert contents(tmp_path) == contents(unbroken)


@pytest.mark.parametrize("damage", ["cut", "changed", "removed"])
def test_a_damaged_video_is_made_again(recording: Recording, unbroken: Path, tmp_path: Path, damage: str) -> None:
    for name, content in contents(unbroken).items():
        (tmp_path / name).write_bytes(content)
    video = tmp_path / "CAM_FRONT.mp4"
    whole = video.read_bytes()
    if damage == "removed":
        video.unlink()
    else:
        video.write_bytes(whole[:-9] if damage == "cut" else whole[:-9] + bytes(9))
    render_to_files(recording, tmp_path)
    assert contents(tmp_path) == contents(unbroken)


def test_another_render_is_not_overwritten_unasked(recording: Recording, tmp_path: Path) -> None:
    render_to_files(recording, tmp_path)
    before = contents(tmp_path)
    changes = {
        "cameras": {"size": (32, 18)},
        "style": {"style": "drive_dreams"},
        "times": {"timestamps_us": [0, 50_000]},
    }
    for name, change in changes.items():
        with pytest.raises(SceneError, match=rf"\(different: {name}\); choose another folder.*--overwrite"):
            render_to_files(recording, tmp_path, **change)
    other = replace(recording, graph=replace(recording.graph, scenario_id="other"))
    with pytest.raises(SceneError, match="different: scenario"):
        render_to_files(other, tmp_path)
    assert contents(tmp_path) == before
    render_to_files(recording, tmp_path, cameras=["CAM_FRONT"], size=(32, 18), overwrite=True)
    assert set(contents(tmp_path)) == {"CAM_FRONT.mp4", MANIFEST_NAME}
    assert read_video(tmp_path / "CAM_FRONT.mp4").frames.shape[1:3] == (18, 32)


def test_overwrite_keeps_what_is_the_same(recording: Recording, unbroken: Path) -> None:
    before = (unbroken / "CAM_FRONT.mp4").stat().st_mtime_ns
    render_to_files(recording, unbroken, overwrite=True)
    assert (unbroken / "CAM_FRONT.mp4").stat().st_mtime_ns == before


def test_files_of_others_and_bad_manifests_are_refused(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "CAM_FRONT.mp4").write_bytes(b"a film")
    with pytest.raises(SceneError, match=r"holds CAM_FRONT\.mp4, which no manifest\.json tells about"):
        render_to_files(recording, tmp_path)
    assert contents(tmp_path) == {"CAM_FRONT.mp4": b"a film"}
    for text in ("{", "[]", "{}", '{"format": "drivesim control videos", "format_version": 99}'):
        (tmp_path / MANIFEST_NAME).write_text(text, "utf-8")
        with pytest.raises(SceneError, match=r"manifest\.json: "):
            render_to_files(recording, tmp_path)
    render_to_files(recording, tmp_path, overwrite=True)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert manifest.complete


def test_two_runs_do_not_write_one_folder(recording: Recording, tmp_path: Path) -> None:
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(SceneError, match="another run is writing this folder; wait for it to end"):
        render_to_files(recording, tmp_path)
    os.close(holder)
    render_to_files(recording, tmp_path, cameras=["CAM_FRONT"], timestamps_us=[0])


def test_bad_requests(recording: Recording, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no camera 'TOP'; choose from CAM_FRONT, REAR_FISHEYE"):
        render_to_files(recording, tmp_path / "a", cameras=["TOP"])
    with pytest.raises(SceneError, match="no cameras; give it a rig"):
        render_to_files(replace(recording, rig=None), tmp_path / "a")
    with pytest.raises(SceneError, match="lies outside the recording"):
        render_to_files(recording, tmp_path / "a", timestamps_us=[0, 99_000_000])
    with pytest.raises(SceneError, match="no_such_style"):
        render_to_files(recording, tmp_path / "a", style="no_such_style")
    assert not (tmp_path / "a").exists()


def test_full_disk_then_room_again(
    recording: Recording, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = os.fsync, 0

    def full_at_the_third(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count >= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("scene_graph.atomic_file.os.fsync", full_at_the_third)
    with pytest.raises(OSError, match="No space left") as caught:
        render_to_files(recording, tmp_path, jobs=1)
    assert caught.value.filename is not None
    assert not [name for name in contents(tmp_path) if name.endswith(".partial")]
    monkeypatch.setattr("scene_graph.atomic_file.os.fsync", real)
    render_to_files(recording, tmp_path, jobs=1)
    assert contents(tmp_path) == contents(unbroken)


def test_only_a_few_frames_are_ahead_of_the_encoder(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory: however long the clip, the drawn frames that wait are bounded."""
    draw, lock = ControlRenderer.draw, threading.Lock()
    ahead, most = 0, 0

    def counting(self: ControlRenderer, view: int, timestamp_us: int) -> np.ndarray:
        nonlocal ahead, most
        with lock:
            ahead += 1
            most = max(most, ahead)
        return draw(self, view, timestamp_us)

    def written(done: int, total: int) -> None:
        nonlocal ahead
        with lock:
            ahead -= 1

    monkeypatch.setattr(ControlRenderer, "draw", counting)
    times_us = np.arange(120) * 50_000
    render_to_files(recording, tmp_path, timestamps_us=times_us, jobs=2, report=written)
    assert most <= 2 * (render_job._LOOK_AHEAD + 1)

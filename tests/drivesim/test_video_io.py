"""Video files: exact, timed, whole or absent."""

import errno
import subprocess
from pathlib import Path

import numpy as np
import pytest

from drivesim.video_io import PREVIEW, iterate_video, open_video_writer, read_video, write_video
from scene_graph.errors import SceneError


def noise(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(36, 64), (37, 64), (36, 63), (1, 1), (33, 17)])
def test_lossless_round_trip_is_exact(tmp_path: Path, height: int, width: int) -> None:
    frames = noise(5, height, width)
    times = np.array([0, 33_333, 66_667, 100_001, 1_000_000]) + 315_969_904_359_876
    write_video(tmp_path / "a.mp4", frames, times)
    video = read_video(tmp_path / "a.mp4")
    np.testing.assert_array_equal(video.frames, frames)
    np.testing.assert_array_equal(video.timestamps_us, times - times[0])


def test_many_frames_keep_their_order_and_one_is_held_at_a_time(tmp_path: Path) -> None:
    frames = noise(70, 16, 24)
    write_video(tmp_path / "a.mp4", frames, np.arange(70) * 100_000)
    iterator = iterate_video(tmp_path / "a.mp4")
    for index, (time_us, frame) in enumerate(iterator):
        assert time_us == index * 100_000
        np.testing.assert_array_equal(frame, frames[index])
    assert index == 69


def test_same_frames_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.mp4", noise(9, 32, 32), np.arange(9) * 33_333)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_preview_is_small_even_sized_and_close_in_colour(tmp_path: Path) -> None:
    frame = np.zeros((45, 81, 3), np.uint8)
    frame[:, :40] = (200, 30, 30)
    frame[:, 40:] = (30, 60, 200)
    write_video(tmp_path / "a.mp4", np.stack([frame] * 12), np.arange(12) * 33_333, encoding=PREVIEW)
    video = read_video(tmp_path / "a.mp4")
    assert video.frames.shape == (12, 46, 82, 3)
    for column, colour in ((20, (200, 30, 30)), (60, (30, 60, 200))):
        assert np.abs(video.frames[6, 20, column].astype(int) - colour).max() <= 6
    assert (tmp_path / "a.mp4").stat().st_size < 4_000


def write_all(
    path: Path, frames: list[np.ndarray], times: list[int], failure: type[BaseException] | None = None
) -> None:
    with open_video_writer(path, width_px=8, height_px=8) as video:
        for frame, time_us in zip(frames, times, strict=True):
            video.write(frame, time_us)
        if failure is not None:
            raise failure


def test_writer_refuses_wrong_frames_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    fitting, wide = noise(1, 8, 8)[0], noise(1, 8, 10)[0]
    with pytest.raises(ValueError, match="holds frames of"):
        write_all(path, [fitting, wide], [0, 1])
    with pytest.raises(ValueError, match="times increase"):
        write_all(path, [fitting, fitting], [5, 5])
    with pytest.raises(ValueError, match="no frame"):
        write_all(path, [], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_interrupt_leaves_the_old_file_and_no_other(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, noise(2, 8, 8), np.array([0, 10]))
    before = path.read_bytes()
    with pytest.raises(failure):
        write_all(path, list(noise(1, 8, 8, seed=1)), [0], failure)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]


def test_reading_what_is_no_whole_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(SceneError, match="no such file"):
        read_video(path)
    path.write_bytes(b"no video at all" * 100)
    with pytest.raises(SceneError, match=r"a\.mp4: cannot be read as a video"):
        read_video(path)
    path.write_bytes(b"")
    with pytest.raises(SceneError, match=r"a\.mp4"):
        read_video(path)
    write_video(path, noise(20, 32, 32), np.arange(20) * 1000)
    whole = path.read_bytes()
    for fraction in (0.1, 0.5, 0.9, 0.97):
        path.write_bytes(whole[: int(len(whole) * fraction)])
        with pytest.raises(SceneError, match="cut short"):
            read_video(path)


def test_damaged_inside_is_an_error_not_a_wrong_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    frames = noise(10, 32, 32)
    write_video(path, frames, np.arange(10) * 1000)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 600] = bytes(600)
    path.write_bytes(damaged)
    with pytest.raises(SceneError, match=r"a\.mp4"):
        read_video(path)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("count", [4, 5, 6, 40])
def test_full_disk(tiny_disk: Path, count: int) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        write_video(tiny_disk / "a.mp4", noise(count, 200, 320), np.arange(count) * 1000)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tiny_disk / "a.mp4")
    assert list(tiny_disk.iterdir()) == []


def test_full_disk_at_the_very_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("scene_graph.atomic_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_video(tmp_path / "a.mp4", noise(2, 8, 8), np.array([0, 10]))
    assert list(tmp_path.iterdir()) == []

"""Control videos of a recording as files, drawn and encoded at the same time, resumable."""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from drivesim.frame_times import require_times_inside
from drivesim.manifest import (
    MANIFEST_NAME,
    Manifest,
    VideoFile,
    describe_video_file,
    read_manifest,
    write_manifest,
)
from drivesim.video_io import open_video_writer
from scene_graph.atomic_file import partial_path
from scene_graph.cameras.rig_yaml import rig_to_dict
from scene_graph.errors import SceneError
from scene_graph.recording import Recording
from scene_graph.render.control import ControlRenderer
from scene_graph.render.style import Style, load_style

__all__ = ["render_to_files"]

# Frames of one camera that are drawn before the encoder has taken the oldest: memory does not grow with the clip.
_LOOK_AHEAD = 4


def render_to_files(
    recording: Recording,
    out: str | Path,
    *,
    style: str | Style = "world_scenario",
    cameras: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    timestamps_us: Sequence[int] | Int64[np.ndarray, "t"] | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Manifest:
    """Draws each camera into a lossless `<camera>.mp4` in the folder `out`, with a `manifest.json`.

    A file gets its name when it is whole. Run again after it was stopped, it keeps the finished cameras and makes the
    others; the files are the same as of a run that was not stopped.

    Args:
        recording: the scenario, with a rig.
        out: the folder, made if absent.
        style: a style, or the name or path of one.
        cameras: which cameras, in which order; all by default.
        size: (width, height) in pixels of every camera; each camera's own by default.
        timestamps_us: times of the frames; the recording's own by default.
        jobs: cameras that are encoded at a time, and threads that draw for them; the number of cores by default.
        overwrite: replace another render that `out` holds.
        report: called with (frames done, frames in all), from several threads, one at a time.

    Returns:
        The complete manifest.

    Raises:
        SceneError: there is no rig, a camera or style is unknown, a time lies outside the recording, or `out` holds
            something else.
        OSError: a file cannot be written.
    """
    out = Path(out)
    if recording.rig is None:
        raise SceneError(
            "the recording has no cameras", where=recording.source.path, remedy="give it a rig, for instance nuscenes"
        )
    rig = recording.rig if cameras is None else recording.rig.subset(cameras)
    rig = rig if size is None else rig.resized(*size)
    chosen = style if isinstance(style, Style) else load_style(style)
    times_us = recording.frame_timestamps_us if timestamps_us is None else np.asarray(timestamps_us, dtype=np.int64)
    require_times_inside(recording, times_us)
    planned = Manifest(
        scenario_id=recording.graph.scenario_id,
        graph_hash=recording.graph.hash(),
        style=chosen.name,
        style_hash=chosen.digest,
        timestamps_us=tuple(times_us.tolist()),
        rig=rig_to_dict(rig),
    )
    out.mkdir(parents=True, exist_ok=True)
    with _sole_writer(out):
        manifest = _resume(planned, out, overwrite=overwrite)
        write_manifest(manifest, out)
        if not manifest.complete:
            renderer = ControlRenderer(recording.graph, rig, chosen)
            manifest = _Job(renderer, manifest, out, jobs or os.cpu_count() or 1, report).run()
    return manifest


@contextmanager
def _sole_writer(out: Path) -> Iterator[None]:
    """Holds the folder, so that two runs never write the same files; the system lets go when a run is killed."""
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(folder)
        raise SceneError("another run is writing this folder", where=out, remedy="wait for it to end") from error
    try:
        yield
    finally:
        os.close(folder)


def _resume(planned: Manifest, out: Path, *, overwrite: bool) -> Manifest:
    """The planned manifest with the videos that an earlier run of the same render finished; clears what is stale."""
    files = {camera: out / f"{camera}.mp4" for camera in planned.cameras}
    try:
        found = read_manifest(out)
        _refuse_another_render(planned, found, out, files.values())
    except SceneError:
        if not overwrite:
            raise
        _remove_render(out)
        found = None
    manifest = planned
    for camera, path in files.items():
        partial_path(path).unlink(missing_ok=True)
        if found is not None and camera in found.videos and _is_as_recorded(path, found.videos[camera]):
            manifest = manifest.with_video(camera, found.videos[camera])
        else:
            path.unlink(missing_ok=True)
    return manifest


def _refuse_another_render(planned: Manifest, found: Manifest | None, out: Path, files: Iterable[Path]) -> None:
    """Raises SceneError where the folder holds what the planned render would replace."""
    remedy = "choose another folder, or replace them with --overwrite"
    if found is not None and (differences := planned.differences(found)):
        problem = f"holds control videos of another render (different: {', '.join(differences)})"
        raise SceneError(problem, where=out, remedy=remedy)
    strangers = [path.name for path in files if found is None and path.exists()]
    if strangers:
        problem = f"holds {', '.join(strangers)}, which no {MANIFEST_NAME} tells about"
        raise SceneError(problem, where=out, remedy=remedy)


def _remove_render(out: Path) -> None:
    """Removes the videos that the folder's manifest tells about, and the manifest."""
    try:
        found = read_manifest(out)
    except SceneError:
        found = None  # it cannot tell what is there; the files that are about to be made are replaced all the same
    for video in () if found is None else found.videos.values():
        (out / Path(video.file).name).unlink(missing_ok=True)
    (out / MANIFEST_NAME).unlink(missing_ok=True)


def _is_as_recorded(path: Path, video: VideoFile) -> bool:
    if not path.is_file() or path.stat().st_size != video.num_bytes:
        return False
    measured = describe_video_file(
        path, width_px=video.width_px, height_px=video.height_px, num_frames=video.num_frames
    )
    return measured == video


class _StoppedError(Exception):
    """Another camera failed, or the run was interrupted."""


class _Job:
    """The cameras of one render that are not finished yet."""

    def __init__(
        self,
        renderer: ControlRenderer,
        manifest: Manifest,
        out: Path,
        jobs: int,
        report: Callable[[int, int], None],
    ) -> None:
        self._renderer = renderer
        self._manifest = manifest
        self._out = out
        self._jobs = jobs
        self._report = report
        self._num_frames = len(manifest.timestamps_us)
        self._num_done = self._num_frames * len(manifest.videos)  # those of an earlier run
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self) -> Manifest:
        """Draws and encodes; on a failure or an interrupt stops every thread before it raises."""
        left = [camera for camera in self._manifest.cameras if camera not in self._manifest.videos]
        with (
            ThreadPoolExecutor(self._jobs, thread_name_prefix="draw") as painters,
            ThreadPoolExecutor(min(self._jobs, len(left)), thread_name_prefix="encode") as encoders,
        ):
            try:
                encodings = [encoders.submit(self._encode, camera, painters) for camera in left]
                wait(encodings, return_when=FIRST_EXCEPTION)
            finally:
                self._stopped.set()  # whoever has finished does not look any more
                encoders.shutdown(cancel_futures=True)
        failures = [encoding.exception() for encoding in encodings if not encoding.cancelled()]
        for failure in failures:
            if failure is not None and not isinstance(failure, _StoppedError):
                raise failure
        return self._manifest

    def _encode(self, camera: str, painters: ThreadPoolExecutor) -> None:
        """Makes one camera's file; frames are drawn up to _LOOK_AHEAD ahead of the encoder."""
        view = self._renderer.rig.names.index(camera)
        lens = self._renderer.rig.cameras[view]
        times_us = self._manifest.timestamps_us
        path = self._out / f"{camera}.mp4"
        drawn: deque[Future[np.ndarray]] = deque()
        with open_video_writer(
            path, width_px=lens.width_px, height_px=lens.height_px, frame_rate_hz=_frame_rate_hz(times_us)
        ) as video:
            for index in range(self._num_frames + _LOOK_AHEAD):
                if index < self._num_frames:
                    drawn.append(painters.submit(self._renderer.draw, view, times_us[index]))
                if index >= _LOOK_AHEAD:
                    self._raise_if_stopped()
                    video.write(drawn.popleft().result(), times_us[index - _LOOK_AHEAD])
                    self._advance()
        record = describe_video_file(
            path, width_px=lens.width_px, height_px=lens.height_px, num_frames=self._num_frames
        )
        with self._lock:
            self._manifest = self._manifest.with_video(camera, record)
            write_manifest(self._manifest, self._out)

    def _advance(self) -> None:
        with self._lock:
            self._num_done += 1
            self._report(self._num_done, self._num_frames * len(self._manifest.cameras))

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError


def _frame_rate_hz(timestamps_us: Sequence[int]) -> float:
    if len(timestamps_us) < 2:
        return 30.0
    return 1e6 * (len(timestamps_us) - 1) / (timestamps_us[-1] - timestamps_us[0])

"""Pictures of a recording: from above, over its camera images, and as its cameras' control views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Int64, UInt8
from PIL import Image

from drivesim.preview_frame import PANEL_WIDTH_PX, PreviewFrame
from drivesim.video_io import PREVIEW, open_video_writer
from drivesim.viewer import write_viewer
from scene_graph.atomic_file import atomic_path
from scene_graph.cameras.rig import CameraRig
from scene_graph.errors import SceneError
from scene_graph.recording import Recording
from scene_graph.render.control import ControlRenderer
from scene_graph.render.overlay import nearest_image_us, overlay_image
from scene_graph.render.style import load_style
from scene_graph.render.topdown import TopDownRenderer, TopDownView, view_of_route

__all__ = ["TopDownPreview", "choose_time_us", "view_mosaic", "write_preview_pictures"]

IMAGE_NEAR_US = 250_000
"""An image this near to the chosen time is shown: with images twice a second, there is always one."""

_TILE_WIDTH_PX = 640


def choose_time_us(recording: Recording, time_s: float | None = None) -> int:
    """A time of the recording, microseconds: `time_s` seconds after its first frame, by default its middle frame.

    Raises:
        SceneError: there is no frame, or the time lies outside the recording.
    """
    frames_us, where = recording.frame_timestamps_us, recording.source.path
    if not len(frames_us):
        raise SceneError("the recording has no frame times", where=where, remedy="choose another recording")
    if time_s is None:
        return int(frames_us[len(frames_us) // 2])
    last_s = float(frames_us[-1] - frames_us[0]) * 1e-6
    time_us = int(frames_us[0]) + round(time_s * 1e6)
    if not frames_us[0] <= time_us <= frames_us[-1]:
        raise SceneError(
            f"asked for {time_s:g} s, but the recording runs from 0 s to {last_s:g} s",
            where=where,
            remedy="choose a time inside",
        )
    return time_us


def write_preview_pictures(
    recording: Recording,
    out: Path,
    *,
    time_s: float | None = None,
    radius_m: float | None = None,
    size: tuple[int, int] = (1600, 1000),
    video: bool = False,
    report: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> list[Path]:
    """Writes `topdown.png`, `overlay_<camera>.png` or else `views.png`, `viewer.html` and, if asked, `topdown.mp4`.

    Args:
        recording: what is shown.
        out: folder, made if absent; pictures of the same names are replaced.
        time_s: seconds after the first frame; the middle frame by default.
        radius_m: how far around the ego the top-down picture reaches, metres; by default around its whole path.
        size: width and height of the top-down picture, legend included, pixels.
        video: also the top-down picture at every frame.
        report: called with (stage, done, total).

    Returns:
        The paths, in the order in which they were written.

    Raises:
        SceneError: the time lies outside the recording, or an image cannot be shown.
    """
    time_us = choose_time_us(recording, time_s)
    topdown = TopDownPreview(recording, size=size, radius_m=radius_m)
    written = [_save(topdown.picture(time_us), out / "topdown.png")]
    written += _write_overlays(recording, out, time_us)
    if len(written) == 1 and recording.rig is not None:
        written.append(_save(view_mosaic(recording, time_us), out / "views.png"))
    viewer = out / "viewer.html"
    write_viewer(recording, viewer)
    written.append(viewer)
    if video:
        path = out / "topdown.mp4"
        topdown.write_video(path, recording.frame_timestamps_us, report=report)
        written.append(path)
    return written


class TopDownPreview:
    """Top-down pictures of one recording, with a legend.

    Args:
        recording: what is shown.
        size: width and height, legend included, pixels.
        radius_m: how far around the ego a picture reaches, metres; None: around its whole path.
    """

    def __init__(self, recording: Recording, *, size: tuple[int, int], radius_m: float | None = None) -> None:
        if min(size[0] - PANEL_WIDTH_PX, size[1]) < 160:
            raise SceneError(
                f"a top-down picture of {size[0]}x{size[1]} px leaves no room beside its legend",
                remedy=f"choose at least {PANEL_WIDTH_PX + 160}x160",
            )
        self.graph, self.rig = recording.graph, recording.rig
        self._first_us = int(recording.frame_timestamps_us[0])
        self._style = load_style("topdown")
        self._width_px, self._height_px = size[0] - PANEL_WIDTH_PX, size[1]
        self._radius_m = radius_m
        self._fixed = None if radius_m is not None else self._renderer(self._route_view())
        px_per_m = self._fixed.view.px_per_m if self._fixed is not None else self._view_around(self._first_us).px_per_m
        self._frame = PreviewFrame(self.graph, self._style, px_per_m=px_per_m, height_px=self._height_px)

    def picture(self, timestamp_us: int) -> UInt8[np.ndarray, "h w 3"]:
        """The picture at one time, microseconds: uint8 `h w 3`, RGB."""
        renderer = self._fixed or self._renderer(self._view_around(timestamp_us))
        return self._frame.around(
            renderer.draw(timestamp_us),
            time_s=(timestamp_us - self._first_us) * 1e-6,
            num_actors=len(self.graph.boxes_at(timestamp_us)),
        )

    def write_video(
        self, path: Path, timestamps_us: Int64[np.ndarray, "t"], *, report: Callable[[str, int, int], None]
    ) -> None:
        """Writes the pictures of all these times as an mp4 that browsers play."""
        span_s = float(timestamps_us[-1] - timestamps_us[0]) * 1e-6
        rate_hz = (len(timestamps_us) - 1) / span_s if span_s > 0 else 1.0
        width_px, height_px = self._width_px + PANEL_WIDTH_PX, self._height_px
        with open_video_writer(
            path, width_px=width_px, height_px=height_px, encoding=PREVIEW, frame_rate_hz=rate_hz
        ) as video:
            for done, time_us in enumerate(timestamps_us, start=1):
                video.write(self.picture(int(time_us)), int(time_us))
                report("drawing frames", done, len(timestamps_us))

    def _renderer(self, view: TopDownView) -> TopDownRenderer:
        return TopDownRenderer(self.graph, view, self._style, self.rig)

    def _route_view(self) -> TopDownView:
        return view_of_route(self.graph, width_px=self._width_px, height_px=self._height_px)

    def _view_around(self, timestamp_us: int) -> TopDownView:
        radius_m = 50.0 if self._radius_m is None else self._radius_m
        return TopDownView(
            center_world=self.graph.ego.trajectory.at(timestamp_us).translation[:2],
            px_per_m=min(self._width_px, self._height_px) / (2 * radius_m),
            width_px=self._width_px,
            height_px=self._height_px,
        )


def _write_overlays(recording: Recording, out: Path, time_us: int) -> list[Path]:
    """The overlays of the cameras that have an image near the time."""
    written = []
    for camera in () if recording.rig is None else recording.rig.names:
        image_us = nearest_image_us(recording, camera, time_us, within_us=IMAGE_NEAR_US)
        if image_us is not None:
            written.append(_save(overlay_image(recording, camera, image_us), out / f"overlay_{camera}.png"))
    return written


def view_mosaic(recording: Recording, timestamp_us: int) -> UInt8[np.ndarray, "h w 3"]:
    """The control views of all cameras at one time, in rows of about the same length: uint8 `h w 3`, RGB.

    Raises:
        SceneError: the recording has no cameras.
    """
    if recording.rig is None:
        raise SceneError("the recording has no cameras", where=recording.source.path, remedy="give it a rig")
    rig = _at_tile_width(recording.rig)
    renderer = ControlRenderer(recording.graph, rig, load_style("world_scenario"))
    columns = int(np.ceil(np.sqrt(len(rig))))
    row_height_px = max(camera.height_px for camera in rig.cameras)
    num_rows = -(-len(rig) // columns)
    mosaic = np.zeros((num_rows * row_height_px, columns * _TILE_WIDTH_PX, 3), dtype=np.uint8)
    for view, camera in enumerate(rig.cameras):
        top = view // columns * row_height_px + (row_height_px - camera.height_px) // 2
        left = view % columns * _TILE_WIDTH_PX
        tile = renderer.draw(view, timestamp_us)
        cv2.putText(tile, rig.names[view], (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (235, 235, 235), 1, cv2.LINE_AA)
        mosaic[top : top + camera.height_px, left : left + _TILE_WIDTH_PX] = tile
    return mosaic


def _at_tile_width(rig: CameraRig) -> CameraRig:
    cameras = tuple(
        camera.resized(_TILE_WIDTH_PX, max(1, round(camera.height_px * _TILE_WIDTH_PX / camera.width_px)))
        for camera in rig.cameras
    )
    return CameraRig(names=rig.names, cameras=cameras, ego_from_camera=rig.ego_from_camera)


def _save(picture: UInt8[np.ndarray, "h w 3"], path: Path) -> Path:
    """Writes a PNG, whole or not at all."""
    with atomic_path(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")
    return path

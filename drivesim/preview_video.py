"""Small copies of videos for browsers."""

from __future__ import annotations

from pathlib import Path

import cv2

from drivesim.video_io import PREVIEW, iterate_video, open_video_writer

__all__ = ["write_preview"]


def write_preview(source: Path, path: Path, *, max_width_px: int = 640, frame_rate_hz: float = 30.0) -> None:
    """Writes a copy of a video file that browsers play, at most `max_width_px` wide, each pixel the mean of its area.

    Raises:
        SceneError: the source cannot be read as a video.
    """
    frames = iterate_video(source)
    time_us, frame = next(frames)
    height_px, width_px = frame.shape[:2]
    scale = min(1.0, max_width_px / width_px)
    size = (max(2, round(width_px * scale)), max(2, round(height_px * scale)))
    with open_video_writer(
        path, width_px=size[0], height_px=size[1], encoding=PREVIEW, frame_rate_hz=frame_rate_hz
    ) as video:
        video.write(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), time_us)
        for time_us, frame in frames:
            video.write(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), time_us)

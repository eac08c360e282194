"""Video files: exact RGB for machines, small previews for browsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from jaxtyping import Int64, UInt8

from scene_graph.arrays import frozen_array
from scene_graph.atomic_file import atomic_path
from scene_graph.errors import SceneError

__all__ = [
    "LOSSLESS",
    "PREVIEW",
    "Encoding",
    "Video",
    "VideoWriter",
    "iterate_video",
    "open_video_writer",
    "read_video",
    "write_video",
]

MICROSECONDS = Fraction(1, 1_000_000)
# FFmpeg's numbers (ITU-T H.273)
BT709 = 1
LIMITED_RANGE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How pixels become bytes.

    Attributes:
        codec: the encoder's name in FFmpeg.
        pixel_format: what the encoder stores.
        options: the encoder's options.
    """

    codec: str
    pixel_format: str
    options: tuple[tuple[str, str], ...]


# A key frame every 30: a reader that wants a window from the middle decodes at most 30 frames too many.
LOSSLESS = Encoding(
    codec="libx264rgb", pixel_format="rgb24", options=(("qp", "0"), ("preset", "ultrafast"), ("g", "30"))
)
# What browsers play. Its colours are subsampled: for eyes, not for measurements.
PREVIEW = Encoding(codec="libx264", pixel_format="yuv420p", options=(("crf", "18"), ("preset", "veryfast")))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Video:
    """Decoded frames of one file.

    Attributes:
        frames: uint8 `t h w 3`, RGB.
        timestamps_us: int64 `t`, microseconds after the first frame.
    """

    frames: UInt8[np.ndarray, "t h w 3"]
    timestamps_us: Int64[np.ndarray, "t"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "timestamps_us", frozen_array(self.timestamps_us, np.int64, (None,), "timestamps_us"))


@contextmanager
def open_video_writer(
    path: str | Path,
    *,
    width_px: int,
    height_px: int,
    encoding: Encoding = LOSSLESS,
    frame_rate_hz: float = 30.0,
) -> Iterator[VideoWriter]:
    """A writer of frames to an mp4 file that gets its name only when the block is left without an exception.

    `with open_video_writer(path, width_px=1280, height_px=720) as video: video.write(frame, timestamp_us)`

    Args:
        path: the file to make; one that is there is replaced.
        width_px, height_px: size of every frame.
        encoding: LOSSLESS (H.264 RGB, exact) or PREVIEW (H.264 4:2:0, plays in browsers; needs even sizes, so an odd
            last row or column is repeated).
        frame_rate_hz: a hint for players; the timestamps hold the truth.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
        ValueError: no frame was written.
    """
    path = Path(path)
    with atomic_path(path) as partial, partial.open("wb") as file:
        # Through a Python file a full disk raises where it happens, also in the last bytes.
        container = av.open(file, "w", format="mp4")
        try:
            stream = _add_stream(container, encoding, width_px, height_px, frame_rate_hz)
            video = VideoWriter(path, container, stream, (height_px, width_px, 3), frame_rate_hz)
            yield video
            video.finish()
        except BaseException:
            # The trailer of a discarded file may not fit on a full disk: the first error is the one to report.
            with suppress(av.error.FFmpegError, OSError, ValueError):
                container.close()
            raise
        container.close()


class VideoWriter:
    """Writes frames one at a time; made by `open_video_writer`.

    The file keeps times relative to its first frame, exact to the microsecond.
    """

    def __init__(
        self, path: Path, container: Any, stream: Any, shape: tuple[int, int, int], frame_rate_hz: float
    ) -> None:
        self.path = path
        self._container = container
        self._stream = stream
        self._shape = shape
        self._first_us: int | None = None
        self._last_us = 0
        self._step_us = round(1e6 / frame_rate_hz)

    def write(self, frame: UInt8[np.ndarray, "h w 3"], timestamp_us: int) -> None:
        """Adds one RGB frame.

        Raises:
            ValueError: the frame has another size than the video, or its time is not after the one before.
        """
        if frame.shape != self._shape:
            raise ValueError(f"{self.path}: frame of shape {frame.shape}; this video holds frames of {self._shape}")
        if self._first_us is None:
            self._first_us = timestamp_us
        elif timestamp_us <= self._last_us:
            raise ValueError(f"{self.path}: frame at {timestamp_us} us after one at {self._last_us} us; times increase")
        else:
            self._step_us = timestamp_us - self._last_us
        self._last_us = timestamp_us
        picture = self._picture(frame)
        picture.pts, picture.time_base = timestamp_us - self._first_us, MICROSECONDS
        self._mux(picture)

    def finish(self) -> None:
        """Writes what the encoder still holds.

        Raises:
            ValueError: no frame was written.
        """
        if self._first_us is None:
            raise ValueError(f"{self.path}: no frame was written; a video needs at least one")
        self._mux(None)

    def _picture(self, frame: np.ndarray) -> Any:
        if self._stream.pix_fmt == "rgb24":
            return av.VideoFrame.from_ndarray(frame, format="rgb24")
        height_px, width_px, _ = self._shape
        if height_px % 2 or width_px % 2:
            frame = np.pad(frame, ((0, height_px % 2), (0, width_px % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        return picture.reformat(format=self._stream.pix_fmt, dst_colorspace="ITU709")

    def _mux(self, picture: Any) -> None:
        for packet in self._stream.encode(picture):
            packet.duration = self._step_us
            self._container.mux(packet)


def _add_stream(container: Any, encoding: Encoding, width_px: int, height_px: int, frame_rate_hz: float) -> Any:
    stream = container.add_stream(encoding.codec, rate=Fraction(frame_rate_hz).limit_denominator(1001))
    even = 2 if encoding.pixel_format == "yuv420p" else 1
    stream.width, stream.height = -(-width_px // even) * even, -(-height_px // even) * even
    stream.pix_fmt = encoding.pixel_format
    stream.time_base = stream.codec_context.time_base = MICROSECONDS
    stream.codec_context.thread_count = 1
    stream.options = dict(encoding.options)
    if encoding.pixel_format == "yuv420p":
        stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = BT709
        stream.codec_context.color_range = LIMITED_RANGE
    return stream


def write_video(
    path: str | Path,
    frames: UInt8[np.ndarray, "t h w 3"],
    timestamps_us: Int64[np.ndarray, "t"],
    *,
    encoding: Encoding = LOSSLESS,
) -> None:
    """Writes RGB frames and their times (microseconds, increasing) to an mp4 file, whole or not at all."""
    steps = np.diff(timestamps_us)
    rate_hz = 1e6 / float(np.median(steps)) if len(steps) and (steps > 0).all() else 30.0
    height_px, width_px = frames.shape[1:3]
    with open_video_writer(
        path, width_px=width_px, height_px=height_px, encoding=encoding, frame_rate_hz=rate_hz
    ) as video:
        for frame, timestamp_us in zip(frames, timestamps_us, strict=True):
            video.write(frame, int(timestamp_us))


def iterate_video(path: str | Path) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
    """Yields (microseconds after the first frame, RGB frame uint8 `h w 3`) of a video file, one frame in memory.

    Raises:
        SceneError: the file is missing, is no video, is cut short or is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise SceneError("no such file", where=path, remedy="give the path of a video file")
    count, first_us = 0, 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise SceneError("holds no video", where=path, remedy="give the path of a video file")
            stream = container.streams.video[0]
            expected = stream.frames
            for picture in container.decode(stream):
                if picture.pts is None or picture.is_corrupt:
                    raise SceneError(f"frame {count} is damaged", where=path, remedy="write the file again")
                time_us = round(Fraction(picture.pts) * Fraction(picture.time_base or 1) / MICROSECONDS)
                first_us = time_us if count == 0 else first_us
                yield time_us - first_us, picture.to_ndarray(format="rgb24")
                count += 1
    except av.error.FFmpegError as error:
        raise SceneError(
            f"cannot be read as a video ({error.strerror}); it may be cut short", where=path, remedy="write it again"
        ) from error
    if count == 0 or count < expected:
        raise SceneError(
            f"holds {count} frames, its header promises {expected}; it was cut short",
            where=path,
            remedy="write it again",
        )


def read_video(path: str | Path) -> Video:
    """All frames of a video file with their times. Errors as in `iterate_video`."""
    times, frames = zip(*iterate_video(path), strict=True)
    return Video(frames=np.stack(frames), timestamps_us=np.array(times, dtype=np.int64))

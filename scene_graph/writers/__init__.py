"""Recordings to files: the formats, and what each keeps."""

from __future__ import annotations

from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.recording import Recording
from scene_graph.writers.writer import MAX_LENS_ERROR_PX, Writer, WriteReport

__all__ = ["MAX_LENS_ERROR_PX", "WriteReport", "Writer", "write_recording", "writers"]


def writers() -> tuple[Writer, ...]:
    """Every writer; imported here, when one is needed."""
    from scene_graph.writers import clipgt, native, nuscenes, rds_hq

    return (
        Writer(name="native", write=native.write_native, holds="everything but images, in one .scenario file"),
        Writer(name="rds_hq", write=rds_hq.write_rds_hq, holds="a clip of tars, as Cosmos-Drive-Dreams reads them"),
        Writer(
            name="clipgt", write=clipgt.write_clipgt, holds="a clip of parquet tables, as Cosmos-Transfer reads them"
        ),
        Writer(
            name="nuscenes",
            write=nuscenes.write_nuscenes_scene,
            holds="everything, images too, in a nuScenes data root that its devkit opens",
        ),
    )


def write_recording(
    recording: Recording, path: str | Path, *, format: str, max_lens_error_px: float = MAX_LENS_ERROR_PX
) -> WriteReport:
    """Writes a recording in another format, all of it or nothing.

    Args:
        recording: what to write; its images stay where they are.
        path: the file or folder to write to.
        format: a writer's name.
        max_lens_error_px: how far pixels may move where the format has no such lens and takes the nearest that it has.

    Returns:
        What was written, and what the format does not keep.

    Raises:
        ValueError: the recording is not valid.
        SceneError: the format is not known or cannot hold it, the place is taken, or it cannot be written.
    """
    for writer in writers():
        if writer.name == format:
            return writer.write(recording, path, max_lens_error_px=max_lens_error_px)
    known = "; ".join(f"{writer.name}: {writer.holds}" for writer in writers())
    raise SceneError(f"unknown format {format!r}; known formats are {known}", remedy="name one of them")

"""Writer of the native format: one `.scenario` file, read back exactly."""

from __future__ import annotations

from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.native import NATIVE_SUFFIX, save_recording
from scene_graph.recording import Recording
from scene_graph.writers.writer import MAX_LENS_ERROR_PX, WriteReport

__all__ = ["write_native"]


def write_native(
    recording: Recording, path: str | Path, *, max_lens_error_px: float = MAX_LENS_ERROR_PX
) -> WriteReport:
    """Writes a recording to a new `.scenario` file, with everything but its images.

    Args:
        recording: what to write.
        path: the file.
        max_lens_error_px: not needed: every lens is kept.

    Raises:
        ValueError: the recording is not valid.
        SceneError: the path is no such file's, is taken, or cannot be written.
    """
    path = Path(path)
    if path.suffix != NATIVE_SUFFIX:
        raise SceneError(f"expected a file name that ends in {NATIVE_SUFFIX}", where=path)
    if path.exists():
        raise SceneError("is already there", where=path, remedy="choose another name, or remove it")
    save_recording(recording, path)
    graph = recording.graph
    return WriteReport(
        path=str(path),
        written={
            "frames": len(recording.frame_timestamps_us),
            "poses": len(graph.ego.trajectory.timestamps_us),
            "cameras": 0 if recording.rig is None else len(recording.rig.names),
            "actors": len(graph.actors),
            "elements": len(graph.elements),
            "signals": len(graph.signals),
            "relations": len(graph.relations),
        },
        left_out=() if recording.frames is None else ("Images.",),
    )

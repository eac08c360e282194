"""A short, small piece of the example scenario, for tests that render."""

from dataclasses import replace

from scene_graph.example import example_recording
from scene_graph.recording import Recording

CAMERAS = ("CAM_FRONT", "REAR_FISHEYE")


def small_recording(num_frames: int = 12) -> Recording:
    """Two cameras of 64x36 pixels and the first frames."""
    recording = example_recording()
    assert recording.rig is not None
    rig = recording.rig.subset(CAMERAS).resized(64, 36)
    return replace(recording, rig=rig, frame_timestamps_us=recording.frame_timestamps_us[:num_frames])

"""Writer of RDS-HQ clips, the format of Cosmos-Drive-Dreams: one tar for each attribute of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from scene_graph.cameras import Camera, CameraRig, FThetaCamera, PinholeCamera
from scene_graph.cameras.ftheta import ANGLE_FROM_RADIUS
from scene_graph.readers.rds_hq_clip import FRAMES_PER_SECOND, Clip
from scene_graph.readers.rds_hq_labels import LAYERS
from scene_graph.recording import Recording
from scene_graph.se3 import SE3
from scene_graph.writers.rds_hq_frames import camera_poses, ego_poses, frame_times_us, light_states, object_boxes
from scene_graph.writers.rds_hq_labels import feature_ids, layer_labels
from scene_graph.writers.rds_hq_tars import clip_name, json_bytes, npy_bytes, write_tar
from scene_graph.writers.rigs import checked_rig, ftheta_rig
from scene_graph.writers.staging import refuse_taken, staged_folder
from scene_graph.writers.unwritten import note_unwritten
from scene_graph.writers.writer import MAX_LENS_ERROR_PX, LeftOut, WriteReport

__all__ = ["write_rds_hq"]

_STATUS = "3d_traffic_lights_status"
_TITLES = {"3d_lanelines": "lane lines", _STATUS: "signals"}


def write_rds_hq(
    recording: Recording, path: str | Path, *, max_lens_error_px: float = MAX_LENS_ERROR_PX
) -> WriteReport:
    """Writes a recording as a clip of an RDS-HQ root folder: `<path>/<attribute>/<clip>.tar`.

    The clip's world is the ego's frame at its first pose. Poses are at 30 a second, actors at every third of these
    frames; all numbers are float64, so that what is there at these times is exact. Cameras are f-theta lenses, or
    pinholes where all of them are pinholes without distortion. The same recording gives the same bytes.

    Args:
        recording: what to write; its images stay where they are.
        path: the root folder; it may hold other clips.
        max_lens_error_px: how far pixels may move where a lens is neither and the nearest f-theta lens is taken.

    Raises:
        ValueError: the recording is not valid.
        SceneError: it has no cameras, a lens is too far from any f-theta lens, the clip is already there, or it cannot
            be written.
    """
    root = Path(path)
    rig, left_out = checked_rig(recording, "RDS-HQ", root), LeftOut()
    clip = Clip(root=root, name=clip_name(recording.graph))
    refuse_taken(root, sorted(root.glob(f"*/{clip.name}.*")), f"the clip {clip.name}")
    is_pinhole = all(_is_plain(camera) for camera in rig.cameras)
    if not is_pinhole:
        rig = ftheta_rig(rig, max_lens_error_px, left_out, root)
    times_us = frame_times_us(recording.graph.ego.trajectory)
    world_from_ego = recording.graph.ego.trajectory.at(times_us)
    clip_from_world = world_from_ego[0].inverse()
    clip_from_ego = clip_from_world @ world_from_ego
    objects, num_actors = object_boxes(recording.graph.actors, times_us, clip_from_world, left_out)
    counts = {"frames": len(times_us), "cameras": len(rig.names), "actors": num_actors}
    lens = "pinhole_intrinsic" if is_pinhole else "ftheta_intrinsic"
    with staged_folder(root) as staging:

        def tar(attribute: str) -> Path:
            return staging / attribute / f"{clip.name}.tar"

        write_tar(tar("vehicle_pose"), clip.name, ego_poses(clip_from_ego))
        write_tar(tar("pose"), clip.name, camera_poses(clip_from_ego, rig))
        write_tar(tar(lens), clip.name, _intrinsics(rig, lens))
        write_tar(tar("all_object_info"), clip.name, objects)
        for attribute, key, content, count in _map_members(recording, clip, times_us, clip_from_world, left_out):
            counts[_TITLES.get(attribute, attribute.removeprefix("3d_").replace("_", " "))] = count
            write_tar(tar(attribute), clip.name, [(key, content)])
    _note_times(recording, clip, times_us, left_out)
    note_unwritten(recording, frozenset(LAYERS.values()), left_out)
    return WriteReport(path=str(root), written=counts, left_out=left_out.sentences())


def _map_members(
    recording: Recording, clip: Clip, times_us: Int64[np.ndarray, "t"], clip_from_world: SE3, left_out: LeftOut
) -> Iterator[tuple[str, str, bytes, int]]:
    """Attribute, key and content of each member of the map, and how many elements it holds."""
    graph = recording.graph
    for layer in LAYERS:
        labels = layer_labels(graph, layer, clip.start_us, clip_from_world, left_out)
        count = sum(label["labelFamily"] != "EMPTY" for label in labels)
        yield f"3d_{layer}", f"{layer}.json", json_bytes({"labels": labels}), count
    states = light_states(graph, feature_ids(graph.elements, LeftOut()), times_us, left_out)
    if states:
        content = json_bytes({"traffic_light_states": states})
        yield _STATUS, "aggregated_states.json", content, len(states)


def _is_plain(camera: Camera) -> bool:
    return isinstance(camera, PinholeCamera) and not camera.distortion.any()


def _intrinsics(rig: CameraRig, attribute: str) -> Iterator[tuple[str, bytes]]:
    """Members of the calibration, one a camera."""
    for name, camera in zip(rig.names, rig.cameras, strict=True):
        numbers: list[float] = [camera.cx_px, camera.cy_px, camera.width_px, camera.height_px]
        if isinstance(camera, FThetaCamera):
            numbers += [*camera.polynomial, float(camera.polynomial_direction == ANGLE_FROM_RADIUS)]
            if tuple(camera.linear_cde) != (1.0, 0.0, 0.0):
                numbers += [*camera.linear_cde]
        elif isinstance(camera, PinholeCamera):
            numbers = [camera.fx_px, camera.fy_px, *numbers]
        yield f"{attribute}.{name}.npy", npy_bytes(np.array(numbers, dtype=np.float64))


def _note_times(recording: Recording, clip: Clip, times_us: Int64[np.ndarray, "t"], left_out: LeftOut) -> None:
    ego = recording.graph.ego.trajectory
    if clip.start_us != ego.start_us:
        left_out.add(f"The time of the start, {ego.start_us} us: the clip counts from {clip.start_us} us.")
    if not np.array_equal(ego.timestamps_us, times_us):
        num_poses = len(ego.timestamps_us)
        left_out.add(f"The ego's own {num_poses} poses: the clip has one a frame, {FRAMES_PER_SECOND} a second.")
    if times_us[-1] < ego.end_us:
        left_out.add(f"The last {(ego.end_us - times_us[-1]) / 1000:.1f} ms of the drive, after the last frame.")
    if not np.array_equal(recording.frame_timestamps_us, times_us):
        left_out.add(f"The recording's own times of frames: the clip has {FRAMES_PER_SECOND} a second.")

"""Reader of Argoverse 2 sensor logs: a folder of feather tables, a map and, where present, images.

The world is the log's city frame. Times are whole microseconds, nanoseconds // 1000; of records that fall into the
same microsecond the first is kept. The source's ego frame has its origin at the middle of the rear axle; ours lies on
the ground below it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import EgoTrack
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.argoverse2_map import read_log_map
from scene_graph.readers.argoverse2_rig import read_rig
from scene_graph.readers.argoverse2_tables import (
    ANNOTATION_PERIOD_US,
    Annotations,
    read_annotations,
    read_axle_poses,
)
from scene_graph.readers.ground_height import GroundHeight
from scene_graph.readers.images import ImageFiles
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["READER", "read_argoverse2"]

_POSES = "city_SE3_egovehicle.feather"
_ANNOTATIONS = "annotations.feather"
_INTRINSICS = "calibration/intrinsics.feather"
_MOUNTINGS = "calibration/egovehicle_SE3_sensor.feather"
_IMAGES = "sensors/cameras"

_NOMINAL_AXLE_HEIGHT_M = 0.33
_PLAUSIBLE_AXLE_HEIGHT_M = (0.1, 1.0)
# the fleet's car, a Ford Fusion
_EGO_SIZE_LWH_M = (4.87, 1.85, 1.48)
_EGO_REAR_AXLE_TO_CENTER_M = 1.34


def read_argoverse2(path: str | Path, *, skip_bad_records: bool = False) -> Recording:
    """The recording of one Argoverse 2 sensor log.

    Args:
        path: the log's folder.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: a required table (poses, calibration) is missing, a file is damaged, or a record is bad.
    """
    log = Path(path)
    records = Records(skip=skip_bad_records)
    pose_times_ns, world_from_axle = read_axle_poses(log / _POSES, records)
    log_map = read_log_map(log / "map", records)
    axle_height_m, height_note = _axle_height_m(world_from_axle, log_map.ground)
    axle_from_ego = SE3(rotation=np.eye(3), translation=np.array([0.0, 0.0, -axle_height_m]))

    first = np.concatenate([[True], np.diff(pose_times_ns // 1000) > 0])
    ego = Trajectory(
        timestamps_us=pose_times_ns[first] // 1000, world_from_body=(world_from_axle @ axle_from_ego)[first]
    )
    annotations = None
    if (log / _ANNOTATIONS).exists():
        annotations = read_annotations(log / _ANNOTATIONS, pose_times_ns, world_from_axle, records)
    rig = read_rig(log / _INTRINSICS, log / _MOUNTINGS, axle_from_ego.inverse(), records)
    frames = _images(log, rig.names, ego)
    frame_timestamps_us, frames_note = _frame_times(frames, annotations, ego)

    derived = [height_note, frames_note, *log_map.derived, "The ego's size is that of the fleet's car, a Ford Fusion."]
    if not first.all():
        derived.append(f"Times are whole microseconds: {(~first).sum()} poses that repeat one were dropped.")
    if annotations is not None and annotations.unknown_categories:
        names = ", ".join(annotations.unknown_categories)
        derived.append(f"Categories that the format does not name were read as other: {names}.")
    absent = [*log_map.absent, *(() if annotations is not None else ("annotations",)), "traffic lights", "speed limits"]
    tracks = annotations.tracks if annotations is not None else ()
    counts = {"poses": len(pose_times_ns), "cameras": len(rig.names), "actors": len(tracks)}
    counts |= {f"images of {name}": len(images) for name, images in frames.files.items()}
    return validated(
        Recording(
            graph=ScenarioGraph(
                scenario_id=log.resolve().name,
                ego=EgoTrack(
                    trajectory=ego,
                    size_lwh_m=np.array(_EGO_SIZE_LWH_M),
                    rear_axle_to_center_m=_EGO_REAR_AXLE_TO_CENTER_M,
                ),
                elements=log_map.elements,
                actors=tracks,
                relations=log_map.relations,
            ),
            rig=rig,
            frames=frames if frames.files else None,
            frame_timestamps_us=frame_timestamps_us,
            source=Source(
                format=READER.name,
                path=str(path),
                present={**{name: str(count) for name, count in counts.items()}, **log_map.present},
                derived=tuple(derived),
                absent=(*absent, *(f"images of {name}" for name in rig.names if name not in frames.files)),
                skipped=tuple(records.skipped),
            ),
        )
    )


def _axle_height_m(world_from_axle: SE3, ground: GroundHeight | None) -> tuple[float, str]:
    """Height of the rear axle above the ground (m), measured on the raster, else nominal; and which, in words."""
    nominal = f"The ego's origin was lowered by the nominal {_NOMINAL_AXLE_HEIGHT_M} m to the ground"
    if ground is None:
        return _NOMINAL_AXLE_HEIGHT_M, f"{nominal}: there is no ground height."
    heights_m = world_from_axle.translation[:, 2] - ground.at(world_from_axle.translation)
    heights_m = heights_m[np.isfinite(heights_m)]
    if len(heights_m) == 0:
        return _NOMINAL_AXLE_HEIGHT_M, f"{nominal}: the ground height does not cover the drive."
    height_m = float(np.median(heights_m))
    low, high = _PLAUSIBLE_AXLE_HEIGHT_M
    if not low <= height_m <= high:
        note = f"{nominal}: the ground height puts the axle {height_m:.2f} m above it, which is not plausible."
        return _NOMINAL_AXLE_HEIGHT_M, note
    return height_m, (
        f"The ego's origin was lowered by {height_m:.3f} m from the rear axle to the ground, the median of "
        f"{len(heights_m)} poses over the ground height."
    )


def _images(log: Path, cameras: tuple[str, ...], ego: Trajectory) -> ImageFiles:
    """The images of each camera that has a folder of them, inside the ego's span."""
    files: dict[str, dict[int, Path]] = {}
    for camera in cameras:
        stamped = sorted(
            (int(path.stem), path) for path in (log / _IMAGES / camera).glob("*.jpg") if path.stem.isdecimal()
        )
        times: dict[int, Path] = {}
        for time_ns, path in stamped:
            if ego.start_us <= time_ns // 1000 <= ego.end_us:
                times.setdefault(time_ns // 1000, path)
        if times:
            files[camera] = times
    return ImageFiles(files=files)


def _frame_times(
    frames: ImageFiles, annotations: Annotations | None, ego: Trajectory
) -> tuple[Int64[np.ndarray, "t"], str]:
    """Times (us) of the first camera's images, else of the annotations, else 10 a second; and which, in words."""
    for camera in frames.files:
        return frames.timestamps_us(camera), f"Frames are at the times of the images of {camera}."
    if annotations is not None and len(annotations.timestamps_us):
        times_us = annotations.timestamps_us
        inside = (times_us >= ego.start_us) & (times_us <= ego.end_us)
        return times_us[inside], "Frames are at the times of the annotations: there are no images."
    times_us = np.arange(ego.start_us, ego.end_us + 1, ANNOTATION_PERIOD_US, dtype=np.int64)
    return times_us, "Frames are at 10 a second: there are neither images nor annotations."


def _is_log(path: Path) -> bool:
    return any((path / name).is_file() for name in (_POSES, _ANNOTATIONS, _INTRINSICS))


def _recognises(path: Path) -> bool:
    return path.is_dir() and (_is_log(path) or any(_is_log(folder) for folder in path.iterdir()))


def _scenes(path: Path) -> list[str]:
    if _is_log(path):
        return [path.resolve().name]
    return sorted(folder.name for folder in path.iterdir() if _is_log(folder)) if path.is_dir() else []


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    log = path if scene is None or _is_log(path) else path / scene
    return read_argoverse2(log, skip_bad_records=skip_bad_records)


READER = Reader(
    name="argoverse2",
    looks_like=f"a folder with {_POSES} and calibration/, or a folder of such folders",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

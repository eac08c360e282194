"""Reader of RDS-HQ clips, the format of Cosmos-Drive-Dreams: one tar for each attribute of a clip.

The world is the vehicle's frame at frame 0. Frame i is i / 30 s after the clip's start, which its name holds in
microseconds; objects are given every third frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import EgoTrack
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.rds_hq_clip import FRAMES_PER_SECOND, Clip
from scene_graph.readers.rds_hq_labels import LAYERS
from scene_graph.readers.rds_hq_map import read_clip_map
from scene_graph.readers.rds_hq_objects import OBJECTS, read_clip_objects
from scene_graph.readers.rds_hq_rig import read_clip_rig
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.rigid import rigid_transforms
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["READER", "read_rds_hq"]

_ATTRIBUTES = (
    "vehicle_pose",
    "pose",
    "ftheta_intrinsic",
    "pinhole_intrinsic",
    OBJECTS,
    *(f"3d_{layer}" for layer in LAYERS),
)


def read_rds_hq(
    path: str | Path,
    *,
    clip: str | None = None,
    lens: Literal["ftheta", "pinhole"] = "ftheta",
    skip_bad_records: bool = False,
) -> Recording:
    """The recording of one RDS-HQ clip.

    Args:
        path: the root folder of `<attribute>/<clip>.tar`, or one of these tars.
        clip: which clip; None takes the only one.
        lens: which calibration the cameras come from; where there is no f-theta one, the pinhole one is taken.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: a required attribute (poses, calibration) is missing, a file is damaged, a record is bad, or the
            clip is not clear.
    """
    located = _located(Path(path), clip)
    records = Records(skip=skip_bad_records)
    frames, world_from_ego = _ego_poses(located, records)
    rig = read_clip_rig(located, lens, frames, world_from_ego, records)
    clip_map = read_clip_map(located, records)
    objects = read_clip_objects(located, frames, records)
    actors, object_notes = objects if objects is not None else ([], [])
    ego = EgoTrack(trajectory=Trajectory(timestamps_us=located.times_us(frames), world_from_body=world_from_ego))
    ego.validate()
    graph = ScenarioGraph(
        scenario_id=located.name,
        ego=ego,
        elements=clip_map.elements,
        actors=tuple(actors),
        signals=clip_map.signals,
        relations=clip_map.relations,
    )
    counts = {"poses": len(frames), "cameras": len(rig.rig.names), "actors": len(actors)}
    clock = f"Frame i lies i / {FRAMES_PER_SECOND} s after {located.start_us} us, the start {located.start_origin}."
    return validated(
        Recording(
            graph=graph,
            rig=rig.rig,
            frames=None,
            frame_timestamps_us=ego.trajectory.timestamps_us,
            source=Source(
                format=READER.name,
                path=str(path),
                present={**{name: str(count) for name, count in counts.items()}, **clip_map.present},
                derived=(clock, *rig.derived, *object_notes, *clip_map.derived, "The ego's size is a nominal car's."),
                absent=(*clip_map.absent, *(() if objects is not None else (OBJECTS,)), *rig.absent, "images"),
                skipped=tuple(records.skipped),
            ),
        )
    )


def _ego_poses(clip: Clip, records: Records) -> tuple[Int64[np.ndarray, "t"], SE3]:
    """Frames (increasing) and the ego's poses in them."""
    attribute = "vehicle_pose"
    members = clip.required_members(attribute)
    keys = clip.frames(members, r"(\d{6})\.vehicle_pose\.npy").get("", {})
    matrices = [clip.array(attribute, key, members[key], (4, 4)) for key in keys.values()]
    good, poses = rigid_transforms(matrices, [clip.where(attribute, key) for key in keys.values()], records)
    if not good.any():
        problem = f"has no good pose; expected members like {clip.name}.000000.{attribute}.npy"
        raise SceneError(problem, where=clip.path(attribute), remedy="fetch the file again")
    return np.array(list(keys), dtype=np.int64)[good], poses


def _located(path: Path, clip: str | None) -> Clip:
    scenes = _scenes(path)
    if clip is None and len(scenes) == 1:
        clip = scenes[0]
    if clip is None or clip not in scenes:
        problem = f"expected one clip {'' if clip is None else repr(clip)}, found {', '.join(scenes[:10]) or 'none'}"
        raise SceneError(problem, where=path, remedy="name one of them")
    return Clip(root=path.parent.parent if path.is_file() else path, name=clip)


def _recognises(path: Path) -> bool:
    return bool(_scenes(path))


def _scenes(path: Path) -> list[str]:
    if path.is_file():
        return [path.stem] if path.suffix == ".tar" and path.parent.name in _ATTRIBUTES else []
    return sorted({tar.stem for attribute in _ATTRIBUTES for tar in (path / attribute).glob("*.tar")})


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    return read_rds_hq(path, clip=scene, skip_bad_records=skip_bad_records)


READER = Reader(
    name="rds_hq",
    looks_like="a folder with vehicle_pose/CLIP.tar, pose/CLIP.tar, 3d_lanes/CLIP.tar and so on, or one of these tars",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

"""Reader of ClipGT clips, the parquet tables of Cosmos' world scenarios: one file a table, `<clip>.<table>.parquet`.

The world is what the source's is: x forward, y left, z up at the ego's first pose. Calibration and egomotion must be
there; every other table may be missing, and so may fields that say nothing of place or time.

The format is known here from its public documentation and from public programs that read it, not from samples: of the
latter kind are the table `association`, rows of nulls in place of an empty table, files without the clip's prefix,
speed limits as texts, lens polynomials without a type, and in which frame each calibration correction acts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import EgoTrack
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.json_fields import Fields
from scene_graph.readers.clipgt_map import read_clip_map
from scene_graph.readers.clipgt_objects import MAX_TIME_US, good_rows, read_clip_objects
from scene_graph.readers.clipgt_rig import read_clip_rig
from scene_graph.readers.clipgt_tables import CALIBRATION, EGOMOTION, OBSTACLE, ClipFolder
from scene_graph.readers.decoding import parse_json, read_file
from scene_graph.readers.quaternions import rotation_from_quat_xyzw
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

__all__ = ["FRAME_TIMES", "READER", "read_clipgt"]

FRAME_TIMES = "camera_front_wide_120fov.json"

_FRAMES_PER_SECOND = 30
_MAX_SPAN_S = 24 * 3600
_NAMED_BY = (EGOMOTION, CALIBRATION)


def read_clipgt(path: str | Path, *, clip: str | None = None, skip_bad_records: bool = False) -> Recording:
    """The recording of one ClipGT clip.

    Frames are at the times of `<clip>.camera_front_wide_120fov.json` where there is that file, else at 30 a second.

    Args:
        path: the folder of `<clip>.<table>.parquet`, or one of these files.
        clip: which clip; None takes the only one.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: calibration or egomotion is missing, a file is damaged, a record is bad, or the clip is not clear.
    """
    located = _located(Path(path), clip)
    records = Records(skip=skip_bad_records)
    ego = EgoTrack(trajectory=_ego_poses(located, records))
    rig = read_clip_rig(located, records)
    clip_map = read_clip_map(located, records)
    objects = read_clip_objects(located, records)
    frame_timestamps_us, frames_note = _frame_times(located, ego.trajectory)
    graph = ScenarioGraph(
        scenario_id=located.name,
        ego=ego,
        elements=clip_map.elements,
        actors=() if objects is None else objects.tracks,
        relations=clip_map.relations,
    )
    counts = {
        "poses": len(ego.trajectory.timestamps_us),
        "cameras": len(rig.rig.names),
        "actors": len(graph.actors),
    }
    object_notes = () if objects is None else objects.derived
    return validated(
        Recording(
            graph=graph,
            rig=rig.rig,
            frames=None,
            frame_timestamps_us=frame_timestamps_us,
            source=Source(
                format=READER.name,
                path=str(path),
                present={**{name: str(count) for name, count in counts.items()}, **clip_map.present},
                derived=(
                    frames_note, *rig.derived, *object_notes, *clip_map.derived, "The ego's size is a nominal car's."
                ),
                absent=(
                    *clip_map.absent, *(() if objects is not None else (OBSTACLE,)), *rig.absent,
                    "states of traffic lights", "images",
                ),
                skipped=tuple(records.skipped),
            ),
        )
    )  # fmt: skip


def _ego_poses(clip: ClipFolder, records: Records) -> Trajectory:
    """The ego's poses, sorted by time."""
    table = clip.required_table(EGOMOTION)
    times_us, location = table.timestamps_us(), table.vectors("location", "xyz")
    quat_xyzw = table.vectors("orientation", "xyzw")
    rows = good_rows(table, times_us, location, quat_xyzw, {}, np.ones(len(table), dtype=bool), records)
    rows = rows[np.argsort(times_us[rows], kind="stable")]
    repeats = np.flatnonzero(np.diff(times_us[rows]) == 0) + 1
    for row in rows[repeats]:
        records.bad(f"repeats the time {times_us[row]:.0f} us; expected one pose a time", table.where(row))
    rows = np.delete(rows, repeats)
    if len(rows) == 0:
        raise SceneError("holds no good pose; expected at least one", where=table.path, remedy="fetch the file again")
    span_s = float(times_us[rows[-1]] - times_us[rows[0]]) * 1e-6
    if span_s > _MAX_SPAN_S:
        raise SceneError(f"spans {span_s:.0f} s; expected at most {_MAX_SPAN_S} s", where=table.path)
    return Trajectory(
        timestamps_us=times_us[rows].astype(np.int64),
        world_from_body=SE3(rotation=rotation_from_quat_xyzw(quat_xyzw[rows]), translation=location[rows]),
    )


def _frame_times(clip: ClipFolder, ego: Trajectory) -> tuple[Int64[np.ndarray, "t"], str]:
    """Times (us) of the frames, and where they come from, in words."""
    path = clip.path(FRAME_TIMES)
    if not path.exists():
        num_frames = (ego.end_us - ego.start_us) * _FRAMES_PER_SECOND // 1_000_000 + 1
        steps = np.arange(num_frames, dtype=np.int64)
        times_us = ego.start_us + (steps * 1_000_000 + _FRAMES_PER_SECOND // 2) // _FRAMES_PER_SECOND
        return times_us[
            times_us <= ego.end_us
        ], f"Frames are at {_FRAMES_PER_SECOND} a second: there is no {path.name}."
    raw = parse_json(read_file(path), str(path))
    if not isinstance(raw, list):
        raise SceneError(f"expected a list of frames, received {type(raw).__name__}", where=path)
    listed = [Fields(frame, str(path), f"[{index}]").number("timestamp") for index, frame in enumerate(raw)]
    if any(abs(time_us) > MAX_TIME_US for time_us in listed):
        raise SceneError("a timestamp lies beyond 2^53 us; expected microseconds", where=path)
    times_us = np.unique(np.array(listed, dtype=np.int64))
    inside = (times_us >= ego.start_us) & (times_us <= ego.end_us)
    outside = f"; {(~inside).sum()} outside the ego's poses were dropped" if not inside.all() else ""
    return times_us[inside], f"Frames are at the times in {path.name}{outside}."


def _located(path: Path, clip: str | None) -> ClipFolder:
    prefixes = _prefixes(path)
    if clip is None and len(prefixes) == 1:
        clip = next(iter(prefixes))
    if clip is None or clip not in prefixes:
        names = ", ".join(list(prefixes)[:10]) or "none"
        problem = f"expected one clip {'' if clip is None else repr(clip)}, found {names}"
        raise SceneError(problem, where=path, remedy="name one of them")
    return ClipFolder(folder=path.parent if path.is_file() else path, name=clip, prefix=prefixes[clip])


def _prefixes(path: Path) -> dict[str, str]:
    """What the file names of each clip begin with, by the clip's name.

    Tables without a prefix are a clip that is called as their folder is.
    """
    if path.is_file():
        prefix, dot, _ = path.name.removesuffix(".parquet").rpartition(".")
        of_folder = _prefixes(path.parent) if path.suffix == ".parquet" else {}
        return {name: found for name, found in of_folder.items() if found == prefix + dot}
    found = set()
    for table in _NAMED_BY:
        found |= {file.name.removesuffix(f"{table}.parquet") for file in path.glob(f"*{table}.parquet")}
    named = {prefix[:-1]: prefix for prefix in found if prefix.endswith(".") and not prefix.startswith(".")}
    if "" in found:
        named.setdefault(path.resolve().name, "")
    return dict(sorted(named.items()))


def _recognises(path: Path) -> bool:
    return bool(_prefixes(path))


def _scenes(path: Path) -> list[str]:
    return list(_prefixes(path))


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    return read_clipgt(path, clip=scene, skip_bad_records=skip_bad_records)


READER = Reader(
    name="clipgt",
    looks_like=f"a folder with CLIP.{CALIBRATION}.parquet, CLIP.{EGOMOTION}.parquet and so on, or one of these files",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

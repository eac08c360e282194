"""Writer of ClipGT clips, the parquet tables of Cosmos' world scenarios: one file a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.clipgt import FRAME_TIMES
from scene_graph.readers.clipgt_map import ASSOCIATION, LAYERS, layer_title
from scene_graph.readers.clipgt_objects import MAX_TIME_US
from scene_graph.readers.clipgt_tables import CALIBRATION, EGOMOTION, OBSTACLE
from scene_graph.recording import Recording
from scene_graph.trajectory import Trajectory
from scene_graph.writers.clipgt_map import association_rows, layer_rows
from scene_graph.writers.clipgt_objects import obstacle_rows
from scene_graph.writers.clipgt_rig import rig_json
from scene_graph.writers.clipgt_tables import Row, quaternion, vector, write_table
from scene_graph.writers.rigs import checked_rig, ftheta_rig
from scene_graph.writers.staging import refuse_taken, safe_name, staged_folder
from scene_graph.writers.unwritten import note_unwritten
from scene_graph.writers.writer import MAX_LENS_ERROR_PX, LeftOut, WriteReport

__all__ = ["write_clipgt"]


def write_clipgt(
    recording: Recording, path: str | Path, *, max_lens_error_px: float = MAX_LENS_ERROR_PX
) -> WriteReport:
    """Writes a recording as the tables `<path>/<clip>.<table>.parquet`, all of them, empty ones too.

    The clip's world is the ego's frame at its first pose. The ego's poses and the actors' have their own times;
    numbers are float64. Actors also have a row every 0.1 s where their own are farther apart, so that a longer gap
    means that they were not seen. Every lens is an f-theta lens. Relations of lanes are in the table `association`,
    the times of frames in `<clip>.camera_front_wide_120fov.json`.

    Args:
        recording: what to write; its images stay where they are.
        path: the folder; it may hold other clips.
        max_lens_error_px: how far pixels may move where a lens is none and the nearest f-theta lens is taken.

    Raises:
        ValueError: the recording is not valid.
        SceneError: it has no cameras, a lens is too far from any f-theta lens, the clip is already there, or it cannot
            be written.
    """
    folder, left_out = Path(path), LeftOut()
    graph, clip = recording.graph, safe_name(recording.graph.scenario_id)
    rig = checked_rig(recording, "ClipGT", folder)
    _require_times(graph, folder)
    refuse_taken(folder, sorted(folder.glob(f"{clip}.*")), f"the clip {clip}")
    rig = ftheta_rig(rig, max_lens_error_px, left_out, folder)
    clip_from_world = graph.ego.trajectory.world_from_body[0].inverse()
    tables: dict[str, list[Row]] = {
        CALIBRATION: [({"timestamp_micros": -1}, {"name": "drivesim", "rig_json": rig_json(rig, left_out, folder)})],
        EGOMOTION: list(_ego_rows(graph.ego.trajectory.transformed(clip_from_world))),
        OBSTACLE: obstacle_rows(graph.actors, clip_from_world, left_out),
        **{layer: layer_rows(graph, layer, kind, clip_from_world, left_out) for layer, kind in LAYERS.items()},
    }
    written = frozenset(key["map_id"] for layer in LAYERS for key, _ in tables[layer])
    tables[ASSOCIATION] = association_rows(graph, written, left_out)
    left_out.add("States of {} traffic lights or lanes.", len(graph.signals))
    note_unwritten(recording, frozenset(LAYERS.values()), left_out)
    with staged_folder(folder) as staging:
        for name, rows in tables.items():
            write_table(staging, clip, name, rows)
        frames = [{"timestamp": int(time_us)} for time_us in recording.frame_timestamps_us]
        (staging / f"{clip}.{FRAME_TIMES}").write_text(json.dumps(frames), encoding="ascii")
    num_actors = len({payload["trackline_id"] for _, payload in tables[OBSTACLE]})
    counts = {"poses": len(tables[EGOMOTION]), "cameras": len(rig.names), "actors": num_actors}
    counts |= {layer_title(layer): len(tables[layer]) for layer in LAYERS}
    counts["relations"] = len(tables[ASSOCIATION])
    return WriteReport(path=str(folder), written=counts, left_out=left_out.sentences())


def _ego_rows(clip_from_ego: Trajectory) -> Iterator[Row]:
    poses = clip_from_ego.world_from_body
    for index, time_us in enumerate(clip_from_ego.timestamps_us.tolist()):
        location, orientation = vector(poses.translation[index]), quaternion(poses.rotation[index])
        yield {"timestamp_micros": time_us}, {"name": "ego", "location": location, "orientation": orientation}


def _require_times(graph: ScenarioGraph, folder: Path) -> None:
    tracks = [graph.ego.trajectory, *(actor.trajectory for actor in graph.actors)]
    latest_us = max(max(abs(track.start_us), abs(track.end_us)) for track in tracks)
    if latest_us > MAX_TIME_US:
        problem = f"the recording has the time {latest_us} us; ClipGT's readers take times up to 2^53 us"
        raise SceneError(problem, where=folder, remedy="move it in time first")

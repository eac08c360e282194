"""Reader of OpenDRIVE maps (.xodr, .xodr.gz): the road network as elements, and a drive along its lanes.

The world is the file's coordinate system. A map has no drive of its own: the ego follows a route over its lanes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from scene_graph.actors import EgoTrack
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.opendrive_drive import POSE_PERIOD_US, drive_along, long_route
from scene_graph.readers.opendrive_map import RoadMap, read_road_map
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source

__all__ = ["READER", "XODR_SUFFIXES", "read_opendrive", "xodr_stem"]

XODR_SUFFIXES = (".xodr", ".xodr.gz")
"""How the names of OpenDRIVE files end."""

_POSES_PER_FRAME = 2
_MAX_DURATION_S = 3600.0


def read_opendrive(
    path: str | Path,
    *,
    ego_route: Sequence[str] | None = None,
    duration_s: float = 20.0,
    speed_mps: float | None = 10.0,
    skip_bad_records: bool = False,
) -> Recording:
    """The recording of a drive over an OpenDRIVE map. It has no cameras: give it a rig.

    Args:
        path: the map's file, plain or gzipped.
        ego_route: the lanes that the ego drives along, "road.section.lane" each, a successor or neighbour of the one
            before; None takes a long way through junctions.
        duration_s: how long the ego drives at most, seconds; it ends with its route.
        speed_mps: how fast, m/s; None drives at the lanes' speed limits.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: the file is damaged, a record is bad, there is no lane to drive on, or the route is none.
    """
    path = Path(path)
    if not 0.0 < duration_s <= _MAX_DURATION_S:
        raise SceneError(f"duration is {duration_s} s; expected more than 0, at most {_MAX_DURATION_S:g}", where=path)
    if speed_mps is not None and not (math.isfinite(speed_mps) and speed_mps > 0.0):
        raise SceneError(f"speed is {speed_mps} m/s; expected more than 0, or None for the speed limits", where=path)
    records = Records(skip=skip_bad_records)
    road_map = read_road_map(path, records)
    ego, notes = _ego(road_map, path, ego_route, duration_s, speed_mps)
    timestamps_us = ego.trajectory.timestamps_us
    return validated(
        Recording(
            graph=ScenarioGraph(
                scenario_id=xodr_stem(path), ego=ego, elements=road_map.elements, relations=road_map.relations
            ),
            rig=None,
            frames=None,
            frame_timestamps_us=timestamps_us[::_POSES_PER_FRAME],
            source=Source(
                format=READER.name,
                path=str(path),
                present=road_map.present,
                derived=(*notes, *road_map.derived),
                absent=("drive", "actors", "cameras", "images", "traffic light states", *road_map.absent),
                skipped=tuple(records.skipped),
            ),
        )
    )


def xodr_stem(path: Path) -> str:
    """A file's name without .xodr or .xodr.gz."""
    for suffix in XODR_SUFFIXES[::-1]:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def _ego(
    road_map: RoadMap, path: Path, ego_route: Sequence[str] | None, duration_s: float, speed_mps: float | None
) -> tuple[EgoTrack, list[str]]:
    """The ego's drive, and how it came about."""
    lanes = {lane.element.element_id: lane.element for lane in road_map.lanes if lane.for_vehicles}
    if not lanes:
        raise SceneError("holds no lane that vehicles drive on; expected at least one", where=path)
    fastest_mps = (
        speed_mps
        if speed_mps is not None
        else max([lane.lane.speed_limit_mps or 10.0 for lane in lanes.values() if lane.lane is not None])
    )
    if ego_route is None:
        longest_m = fastest_mps * duration_s
        route = long_route(list(lanes.values()), road_map.relations, longest_m)
        origin = f"The ego's route, a way of up to {longest_m:.0f} m through junctions, starts on lane {route[0]!r}"
    else:
        route = tuple(ego_route)
        unknown = [lane_id for lane_id in route if lane_id not in lanes]
        if unknown or not route:
            named = ", ".join(list(lanes)[:5])
            problem = (
                f"the ego's route names {unknown[0]!r}, no lane of the map" if unknown else "the ego's route is empty"
            )
            raise SceneError(f"{problem}; expected lanes such as {named}", where=path)
        origin = "The ego's route is the given one"
    try:
        trajectory = drive_along(lanes, road_map.relations, route, duration_s=duration_s, speed_mps=speed_mps)
        trajectory.validate()
    except ValueError as error:
        raise SceneError(str(error), where=path) from error
    pace = "at the lanes' speed limits" if speed_mps is None else f"at {speed_mps:g} m/s"
    driven_s = trajectory.end_us * 1e-6
    ends = " and ends with its route" if driven_s < duration_s - POSE_PERIOD_US * 1e-6 else ""
    notes = [
        f"{origin}: {len(route)} lanes.",
        f"The ego follows the lanes' centrelines {pace} for {driven_s:.2f} s{ends}; it is a nominal car.",
    ]
    return EgoTrack(trajectory=trajectory), notes


def _is_map(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(XODR_SUFFIXES)


def _maps(path: Path) -> dict[str, Path]:
    """The maps of a file or folder, by name; of two that have one name, the first."""
    files = [path] if _is_map(path) else sorted(one for one in path.iterdir() if _is_map(one)) if path.is_dir() else []
    return {xodr_stem(file): file for file in reversed(files)}


def _recognises(path: Path) -> bool:
    return bool(_maps(path))


def _scenes(path: Path) -> list[str]:
    return sorted(_maps(path))


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    maps = _maps(path)
    if scene is not None and scene not in maps:
        raise SceneError(f"holds no map {scene!r}; expected one of {', '.join(sorted(maps)[:10])}", where=path)
    return read_opendrive(
        next(iter(maps.values())) if scene is None else maps[scene], skip_bad_records=skip_bad_records
    )


READER = Reader(
    name="opendrive",
    looks_like="a file NAME.xodr or NAME.xodr.gz, or a folder of such files",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

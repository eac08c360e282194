"""Reader of Waymo motion data: tfrecord files of Scenario messages, read without TensorFlow.

The world is the scenario's frame, metres, z up; the clock its timestamps, in whole microseconds.
"""

from __future__ import annotations

import re
from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.readers.protobuf_wire import decode_message
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_recording import scene_recording
from scene_graph.readers.waymo_motion_messages import SCENARIO, SCENARIO_ID
from scene_graph.readers.waymo_motion_parsing import parse_scenario
from scene_graph.readers.waymo_motion_tfrecord import RecordPlace, record_bytes, record_places
from scene_graph.recording import Recording

__all__ = ["READER", "list_scenarios", "read_waymo_motion"]

_TFRECORD = re.compile(r".*\.tfrecord(-\d+-of-\d+)?", re.ASCII)


def read_waymo_motion(path: str | Path, *, scene: str | None = None, skip_bad_records: bool = False) -> Recording:
    """The recording of one Waymo motion scenario.

    Args:
        path: a tfrecord file, or a folder of them.
        scene: the scenario's id; None where there is only one.
        skip_bad_records: drop bad tracks, map features and signals and list them in `source.skipped`, instead of
            raising at the first.

    Raises:
        SceneError: there is no such scenario, the file is damaged, or a record is bad.
    """
    places, broken = _find_scenarios(Path(path))
    if scene is None and len(places) == 1 and not broken:
        scene = next(iter(places))
    if scene not in places:
        problem = "expected one scenario" if scene is None else f"expected a scenario {scene!r}"
        damage = f" and damage: {broken[0]}" if broken else ""
        raise SceneError(f"{problem}, found {len(places)}{damage}", where=path, remedy="name one with --scene NAME")
    place = places[scene]
    records = Records(skip=skip_bad_records)
    data = record_bytes(place)
    try:
        scenario = decode_message(data, SCENARIO)
    except ValueError as error:
        raise SceneError(f"expected a Scenario message, but {error}", where=place.where) from error
    record = parse_scenario(scenario, place.where, records)
    return scene_recording(record, READER.name, str(place.path), records)


def list_scenarios(path: Path) -> list[str]:
    """Ids of the scenarios of a file or folder, sorted; damaged records are passed over.

    Raises:
        SceneError: all records are damaged.
    """
    places, broken = _find_scenarios(path)
    if not places and broken:
        raise SceneError(broken[0], remedy="fetch the file again")
    return sorted(places)


def _find_scenarios(path: Path) -> tuple[dict[str, RecordPlace], list[str]]:
    """Id -> place of each scenario, and what is wrong with the other records."""
    files = sorted(file for file in path.iterdir() if _is_tfrecord(file)) if path.is_dir() else [path]
    found: dict[str, RecordPlace] = {}
    broken = []
    for file in files:
        places, problem = record_places(file)
        broken += [problem] if problem else []
        for place in places:
            try:
                scenario_id = decode_message(record_bytes(place, checked=False), SCENARIO_ID).get("scenario_id")
            except ValueError as error:
                broken.append(str(error) if isinstance(error, SceneError) else f"{place.where}: {error}")
                continue
            if not scenario_id or scenario_id in found:
                broken.append(f"{place.where}: has no scenario_id, or one that an earlier record has")
            else:
                found[scenario_id] = place
    return found, broken


def _is_tfrecord(path: Path) -> bool:
    return _TFRECORD.fullmatch(path.name) is not None and path.is_file()


def _recognises(path: Path) -> bool:
    return any(_is_tfrecord(file) for file in path.iterdir()) if path.is_dir() else _is_tfrecord(path)


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    return read_waymo_motion(path, scene=scene, skip_bad_records=skip_bad_records)


READER = Reader(
    name="waymo_motion",
    looks_like="a file *.tfrecord or *.tfrecord-00000-of-01000 of Waymo motion scenarios, or a folder of such files",
    recognises=_recognises,
    scenes=list_scenarios,
    read=_read,
)

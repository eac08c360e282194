"""Reader of ScenarioNet scenes: one file a scene, JSON or a pickle of plain data.

The format unifies motion data sets: tracks of upright boxes, ten a second, and a map of lanes and lines. World and
clock are the file's: metres in the frame of the data set or around the first pose, microseconds from its seconds.
"""

from __future__ import annotations

from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_files import decode_scene, is_scene_name, scene_files
from scene_graph.readers.scenarionet_parsing import parse_scene
from scene_graph.readers.scenarionet_recording import scene_recording
from scene_graph.recording import Recording

__all__ = ["READER", "read_scenarionet"]


def read_scenarionet(path: str | Path, *, scene: str | None = None, skip_bad_records: bool = False) -> Recording:
    """The recording of one ScenarioNet scene.

    Args:
        path: its file (.json, .json.gz, .pkl), or a folder of such files.
        scene: which scene of a folder, by its file's name without the suffix; None where there is only one.
        skip_bad_records: drop bad tracks, map features and signals and list them in `source.skipped`, instead of
            raising at the first.

    Raises:
        SceneError: there is no such scene, the file is damaged or holds more than plain data, or a record is bad.
    """
    files = scene_files(Path(path))
    if scene is None and len(files) == 1:
        scene = next(iter(files))
    if scene not in files:
        problem = "expected one scene" if scene is None else f"expected a scene {scene!r}"
        raise SceneError(f"{problem}, found {len(files)} scenes", where=path, remedy="name one of them")
    file = files[scene]
    records = Records(skip=skip_bad_records)
    return scene_recording(parse_scene(decode_scene(file), str(file), records), READER.name, str(file), records)


def _recognises(path: Path) -> bool:
    return is_scene_name(path.name) if path.is_file() else bool(scene_files(path))


def _scenes(path: Path) -> list[str]:
    return list(scene_files(path))


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    return read_scenarionet(path, scene=scene, skip_bad_records=skip_bad_records)


READER = Reader(
    name="scenarionet",
    looks_like="a file sd_<data set>_<version>_<scene>.json, .json.gz or .pkl, or a folder of such files",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

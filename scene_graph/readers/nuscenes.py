"""Reader of nuScenes data sets: tables as JSON, images, and the map expansion where it is there.

The world is the global frame of the log's map. The format's ego frame has its origin on the ground below the middle
of the rear axle, as ours has. Sensors do not fire at one time: the ego's trajectory is made of the poses of all of
them, so that at an image's own time it is the pose that the image was taken from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int64

from scene_graph.actors import EgoTrack
from scene_graph.environment import Environment
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.decoding import read_file
from scene_graph.readers.images import ImageFiles
from scene_graph.readers.nuscenes_objects import Keyframes, read_objects
from scene_graph.readers.nuscenes_rig import CameraRow, camera_rows, read_images, read_rig
from scene_graph.readers.nuscenes_rows import pose, time_us
from scene_graph.readers.nuscenes_scenario import SCENARIO_TABLE, read_scenario
from scene_graph.readers.nuscenes_tables import SceneTables, is_version_folder, load_scene, scene_names
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.trajectory import Trajectory

if TYPE_CHECKING:
    from scene_graph.readers.nuscenes_map import SceneMap

__all__ = ["READER", "read_nuscenes"]

_LOCATION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
# the fleet's car, a Renault Zoe
_EGO_SIZE_LWH_M = (4.084, 1.73, 1.562)
_EGO_REAR_AXLE_TO_CENTER_M = 1.385


def read_nuscenes(
    path: str | Path,
    *,
    scene: str | None = None,
    version: str | None = None,
    keyframes_only: bool = False,
    skip_bad_records: bool = False,
) -> Recording:
    """The recording of one nuScenes scene.

    Args:
        path: the data root, or one of its version folders.
        scene: the scene's name; None takes the only one.
        version: which version folder of the root; None takes the one that holds the scene.
        keyframes_only: leave out the images and ego poses between keyframes.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: a table is missing or damaged, a record is bad, or the scene is not clear.
    """
    folder, name = _located(Path(path), scene, version)
    records = Records(skip=skip_bad_records)
    tables = load_scene(folder, name, records)
    images = camera_rows(tables, records, keyframes_only=keyframes_only)
    expansion = _expansion(folder.parent, tables)
    written = read_scenario(folder, tables.rows, None if expansion is None else expansion.content)
    if written is None:
        recording = _from_tables(tables, images, expansion, records, keyframes_only=keyframes_only)
    else:
        recording = _from_scenario(written, images, keyframes_only=keyframes_only)
    trajectory = recording.graph.ego.trajectory
    frames = read_images(folder.parent, tables, images, (trajectory.start_us, trajectory.end_us), records)
    if written is None:
        times_us, note = _frame_times(images, frames, tables, trajectory)
        source = replace(recording.source, derived=(*recording.source.derived, note))
        recording = replace(recording, frame_timestamps_us=times_us, source=source)
    source = replace(
        recording.source,
        format=READER.name,
        path=str(path),
        present={**recording.source.present, **_image_counts(images, frames)},
        derived=(*recording.source.derived, *tables.notes),
        absent=(*recording.source.absent, *(f"images of {name}" for name in images if name not in frames.files)),
        skipped=(*recording.source.skipped, *records.skipped),
    )
    return validated(replace(recording, frames=frames if frames.files else None, source=source))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expansion:
    path: Path
    content: bytes


def _from_tables(
    tables: SceneTables,
    images: Mapping[str, list[CameraRow]],
    expansion: _Expansion | None,
    records: Records,
    *,
    keyframes_only: bool,
) -> Recording:
    """The recording that the format's own tables hold, as yet without frames."""
    trajectory = _ego_trajectory(tables, records, keyframes_only=keyframes_only)
    rig, rig_notes = read_rig(tables, images, records)
    objects = read_objects(tables, _keyframes(tables, images, records), records)
    scene_map = _scene_map(expansion, trajectory, records)
    environment, environment_note = _environment(tables)
    location = tables.log.get("location")
    present = {"location": location} if isinstance(location, str) else {}
    counts = {
        "keyframes": len(tables.database.sample),
        "poses": len(trajectory.timestamps_us),
        "cameras": 0 if rig is None else len(rig.names),
        "actors": len(objects.tracks),
        "boxes": objects.num_boxes,
    }
    return Recording(
        graph=ScenarioGraph(
            scenario_id=tables.scene["name"],
            ego=EgoTrack(
                trajectory=trajectory,
                size_lwh_m=np.array(_EGO_SIZE_LWH_M),
                rear_axle_to_center_m=_EGO_REAR_AXLE_TO_CENTER_M,
            ),
            elements=scene_map.elements,
            actors=objects.tracks,
            relations=scene_map.relations,
            environment=environment,
        ),
        rig=rig,
        frames=None,
        frame_timestamps_us=np.zeros(0, dtype=np.int64),
        source=Source(
            format=READER.name,
            path=str(tables.folder),
            present={**present, **{name: str(count) for name, count in counts.items()}, **scene_map.present},
            derived=(
                *rig_notes,
                *objects.derived,
                *scene_map.derived,
                *environment_note,
                "The ego's size is that of the fleet's car, a Renault Zoe.",
            ),
            absent=(
                *scene_map.absent,
                *(() if objects.tracks else ("annotations",)),
                *(() if rig is not None else ("cameras",)),
                "states of traffic lights",
                "speed limits",
            ),
        ),
    )


def _from_scenario(written: Recording, images: Mapping[str, list[CameraRow]], *, keyframes_only: bool) -> Recording:
    """The recording of the extra table, said so."""
    times_us = written.frame_timestamps_us
    if keyframes_only:
        keyframes_us = [image.timestamp_us for rows in images.values() for image in rows]
        times_us = times_us[np.isin(times_us, keyframes_us)]
    note = f"The scenario is the one in {SCENARIO_TABLE}.json, written from {written.source.format}."
    return replace(
        written,
        frame_timestamps_us=times_us,
        source=replace(
            written.source,
            derived=(note, *written.source.derived),
            absent=tuple(name for name in written.source.absent if not name.startswith("images")),
        ),
    )


def _ego_trajectory(tables: SceneTables, records: Records, *, keyframes_only: bool) -> Trajectory:
    """The poses of all sensors' records in time; of several at one time the first."""
    found: dict[int, SE3] = {}
    seen: set[str] = set()
    for data in tables.database.sample_data:
        token = data["ego_pose_token"]
        if token in seen or (keyframes_only and not data["is_key_frame"]):
            continue
        seen.add(token)
        row: dict[str, Any] = tables.database.get("ego_pose", token)
        with records.checking(tables.where("ego_pose", row)):
            found.setdefault(time_us(row), pose(row))
    if not found:
        where = tables.folder / "ego_pose.json"
        raise SceneError(f"holds no good pose of scene {tables.scene['name']!r}; expected one", where=where)
    times_us = sorted(found)
    return Trajectory(
        timestamps_us=np.array(times_us, dtype=np.int64),
        world_from_body=SE3(
            rotation=np.array([found[time].rotation for time in times_us]),
            translation=np.array([found[time].translation for time in times_us]),
        ),
    )


def _keyframes(tables: SceneTables, images: Mapping[str, list[CameraRow]], records: Records) -> Keyframes:
    """The scene's samples with the times of their cameras' images."""
    images_of: dict[str, list[int]] = {}
    for rows in images.values():
        for image in rows:
            if image.is_keyframe:
                images_of.setdefault(image.row["sample_token"], []).append(image.timestamp_us)
    times: dict[int, list[int]] = {}
    for sample in tables.database.sample:
        with records.checking(tables.where("sample", sample)):
            times.setdefault(time_us(sample), []).extend(images_of.get(sample["token"], []))
    return Keyframes.of(times)


def _frame_times(
    images: Mapping[str, list[CameraRow]], frames: ImageFiles, tables: SceneTables, ego: Trajectory
) -> tuple[Int64[np.ndarray, "t"], str]:
    """Times (us) of the first camera's images, else of its keyframes, else of the samples; and which, in words."""
    camera = next(iter(images), None)
    if camera is not None and len(frames.timestamps_us(camera)):
        return frames.timestamps_us(camera), f"Frames are at the times of the images of {camera}."
    if camera is not None:
        times = [image.timestamp_us for image in images[camera] if image.is_keyframe]
        note = f"Frames are at the times of the keyframes of {camera}: its images are not there."
    else:
        # a sample with a bad time was reported, or skipped, where the keyframes were read
        times = [row["timestamp"] for row in tables.database.sample if type(row.get("timestamp")) is int]
        note = "Frames are at the times of the keyframes: there are no cameras."
    inside = sorted({time for time in times if ego.start_us <= time <= ego.end_us})
    return np.array(inside, dtype=np.int64), note


def _image_counts(images: Mapping[str, list[CameraRow]], frames: ImageFiles) -> dict[str, str]:
    return {
        f"images of {name}": f"{len(frames.files[name])} of {len(rows)}"
        for name, rows in images.items()
        if name in frames.files
    }


def _scene_map(expansion: _Expansion | None, ego: Trajectory, records: Records) -> SceneMap:
    from scene_graph.readers.nuscenes_map import SceneMap, read_map  # with shapely, which listing scenes can do without

    if expansion is None:
        return SceneMap(absent=("map",))
    return read_map(expansion.content, str(expansion.path), ego.world_from_body.translation, records)


def _environment(tables: SceneTables) -> tuple[Environment, list[str]]:
    """Weather and time of day by the words of the scene's description, which is the prompt."""
    text = tables.scene.get("description")
    text = text if isinstance(text, str) else ""
    words = text.lower().replace(",", " ").split()
    weather = "rain" if "rain" in words and "after rain" not in text.lower() else "unknown"
    time_of_day = "night" if "night" in words else "unknown"
    notes = ["The prompt is the scene's description."] if text else []
    if (weather, time_of_day) != ("unknown", "unknown"):
        notes.append("Weather and time of day are those that the scene's description names.")
    return Environment(weather=weather, time_of_day=time_of_day, prompt=text), notes


def _expansion(root: Path, tables: SceneTables) -> _Expansion | None:
    """The map expansion of the log's location."""
    location = tables.log.get("location")
    if not isinstance(location, str) or not _LOCATION.fullmatch(location):
        return None
    path = root / "maps" / "expansion" / f"{location}.json"
    return _Expansion(path=path, content=read_file(path)) if path.is_file() else None


def _located(path: Path, scene: str | None, version: str | None) -> tuple[Path, str]:
    """The version folder and name of the scene that is asked for."""
    folders = [folder for folder in _version_folders(path) if version in (None, folder.name)]
    if not folders:
        wanted = "tables" if version is None else f"tables of version {version!r}"
        raise SceneError(f"expected nuScenes {wanted}, found none", where=path, remedy="check the path")
    names = {folder: scene_names(folder) for folder in folders}
    holding = [folder for folder in folders if (scene in names[folder] if scene is not None else names[folder])]
    listed = sorted({name for folder in folders for name in names[folder]})
    if scene is None and len(listed) == 1:
        scene = listed[0]
    if scene is None or not holding:
        found = ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")
        problem = f"expected one scene {'' if scene is None else repr(scene)}, found {found or 'none'}"
        raise SceneError(problem, where=path, remedy="name one of them")
    if len(holding) > 1:
        versions = ", ".join(folder.name for folder in holding)
        raise SceneError(
            f"scene {scene!r} is in {versions}", where=path, remedy="give the path of one of these folders"
        )
    return holding[0], scene


def _version_folders(path: Path) -> list[Path]:
    if is_version_folder(path):
        # a relative path such as "." has no parent by its name
        return [path.absolute() if path.name in ("", "..") or path.parent == path else path]
    return sorted(folder for folder in path.iterdir() if is_version_folder(folder)) if path.is_dir() else []


def _recognises(path: Path) -> bool:
    return bool(_version_folders(path))


def _scenes(path: Path) -> list[str]:
    return sorted({name for folder in _version_folders(path) for name in scene_names(folder)})


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    return read_nuscenes(path, scene=scene, skip_bad_records=skip_bad_records)


READER = Reader(
    name="nuscenes",
    looks_like="a folder with v1.0-mini/scene.json and its other tables, or such a version folder",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

"""Writer of nuScenes data sets: the 13 tables, images, and maps, as the devkit loads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scene_graph.cameras import PinholeCamera
from scene_graph.elements import MapElement
from scene_graph.errors import SceneError
from scene_graph.graph import Relation
from scene_graph.hashing import canonical_bytes
from scene_graph.readers.nuscenes_names import MAP_NAMES, TABLES
from scene_graph.readers.nuscenes_scenario import SCENARIO_TABLE, rows_digest, scenario_row
from scene_graph.readers.nuscenes_tables import scene_rows
from scene_graph.readers.records import Records
from scene_graph.recording import Recording
from scene_graph.writers.nuscenes_boxes import ATTRIBUTES, VISIBILITIES
from scene_graph.writers.nuscenes_map import map_expansion
from scene_graph.writers.nuscenes_tables import LIDAR, scene_records
from scene_graph.writers.nuscenes_tokens import token
from scene_graph.writers.staging import staged_folder
from scene_graph.writers.writer import MAX_LENS_ERROR_PX, LeftOut, WriteReport

__all__ = ["write_nuscenes", "write_nuscenes_scene"]

Rows = list[dict[str, Any]]

_NO_LOCATION = "none"
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def write_nuscenes(
    recordings: Sequence[Recording], root: str | Path, *, version: str = "v1.0-mini", sweeps: bool = True
) -> WriteReport:
    """Writes recordings as the scenes of one nuScenes data root, all of it or nothing.

    Keyframes are at two a second. At each of them every camera has a record, with its image (JPEG) where the recording
    has one near that time, and LIDAR_TOP has one without a file; between keyframes the lidar has a record for each
    frame, so that the ego's poses there are kept, and the cameras have their other images.

    What the format has no room for stands in the extra table drivesim_scenario.json, which `read_nuscenes` uses and
    other tools leave alone: the scenario as a whole, exactly. The tables themselves hold a nominal pinhole for every
    other lens, boxes at keyframes only, and flat maps of the kinds of elements that the format knows. Recordings
    whose maps agree share a location. The first four maps get the names of the format's four cities, because the
    devkit's NuScenesMap opens no other; further ones are called drivesim-5 and so on.

    Args:
        recordings: at least one, with different scenario ids, which become the scenes' names.
        root: the data root; it does not exist, or is an empty folder.
        version: name of the folder of the tables.
        sweeps: whether the images between keyframes are written too.

    Raises:
        ValueError: a recording is not valid.
        SceneError: two recordings have one id, the root is not empty, an image cannot be read, or it cannot be written.
    """
    root, left_out = Path(root), LeftOut()
    _require(recordings, root, version)
    places = _places(recordings)
    with staged_folder(root) as staging:
        scenes = [
            scene_records(recording, place.location, staging, sweeps=sweeps)
            for recording, place in zip(recordings, places, strict=True)
        ]
        tables = {table: _once(row for rows in scenes for row in rows[table]) for table in TABLES}
        common = _common_tables(tables["log"])
        expansions = _write_maps(staging, places, left_out)
        extra = []
        for recording, rows, place in zip(recordings, scenes, places, strict=True):
            own = scene_rows({**rows, **common}, recording.graph.scenario_id, root, Records(skip=False))
            digest = rows_digest(own, expansions.get(place.location))
            extra.append(scenario_row(recording, rows["scene"][0]["token"], digest))
            _note_losses(recording, left_out)
        for table, content in {**tables, **common, SCENARIO_TABLE: extra}.items():
            _write(staging / version / f"{table}.json", _lines(content))
    num_images = sum(1 for folder in ("samples", "sweeps") for _ in (root / folder).glob("*/*.jpg"))
    counts = {
        "scenes": len(recordings),
        "keyframes": len(tables["sample"]),
        "boxes": len(tables["sample_annotation"]),
        "images": num_images,
        "maps": len(expansions),
    }
    return WriteReport(path=str(root), written=counts, left_out=left_out.sentences())


def write_nuscenes_scene(
    recording: Recording, path: str | Path, *, max_lens_error_px: float = MAX_LENS_ERROR_PX
) -> WriteReport:
    """Writes one recording as a nuScenes data root of one scene: see `write_nuscenes`.

    Args:
        recording: what to write; its images are copied.
        path: the data root; it does not exist, or is an empty folder.
        max_lens_error_px: not needed: every lens is kept in the extra table.

    Raises:
        ValueError: the recording is not valid.
        SceneError: the root is not empty, an image cannot be read, or it cannot be written.
    """
    return write_nuscenes([recording], path)


@dataclass(slots=True)
class _Place:
    """A location and the map there."""

    location: str
    elements: dict[str, MapElement] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    relations: dict[Relation, None] = field(default_factory=dict)

    def agrees(self, contents: Mapping[str, bytes]) -> bool:
        """Whether elements of other contents have no id of this map, and some are in it."""
        shared = contents.keys() & self.contents.keys()
        return bool(shared) and all(contents[name] == self.contents[name] for name in shared)


def _require(recordings: Sequence[Recording], root: Path, version: str) -> None:
    if not recordings:
        raise SceneError("expected at least one recording, received none", where=root)
    if not _FOLDER.fullmatch(version) or version in ("maps", "samples", "sweeps"):
        raise SceneError(f"version is {version!r}; expected the name of a folder, as v1.0-mini", where=root)
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise SceneError("is not an empty folder", where=root, remedy="choose another folder, or remove what is there")
    seen: set[str] = set()
    for recording in recordings:
        recording.graph.validate()
        name = recording.graph.scenario_id
        if not name or name in seen:
            problem = f"scenario id {name!r}; expected ids that differ" if name else "a recording has no scenario id"
            raise SceneError(problem, where=root, remedy="give each recording an id of its own")
        seen.add(name)
        if recording.rig is not None:
            recording.rig.validate()
            if LIDAR in recording.rig.names:
                raise SceneError(f"scene {name!r} has a camera named {LIDAR}", where=root, remedy="rename the camera")


def _places(recordings: Sequence[Recording]) -> list[_Place]:
    """The location of each recording; those whose maps agree share one, those without a map have none of them."""
    nowhere, found, chosen = _Place(_NO_LOCATION), list[_Place](), list[_Place]()
    wanted = [recording.source.present.get("location", "") for recording in recordings]
    for recording, name in zip(recordings, wanted, strict=True):
        elements = {element.element_id: element for element in recording.graph.elements}
        contents = {element_id: canonical_bytes(element) for element_id, element in elements.items()}
        place = next((place for place in found if place.agrees(contents)), None) if elements else nowhere
        if place is None:
            free = [location for location in MAP_NAMES if location not in {one.location for one in found}]
            unnamed = free[0] if free else f"drivesim-{len(found) + 1}"
            place = _Place(name if name in free else unnamed)
            found.append(place)
        place.elements |= elements
        place.contents |= contents
        place.relations |= dict.fromkeys(recording.graph.relations)
        chosen.append(place)
    return chosen


def _common_tables(log_rows: Sequence[Mapping[str, Any]]) -> dict[str, Rows]:
    """The tables that belong to no scene: attributes, visibilities, and a map without a mask for each location."""
    logs: dict[str, list[str]] = {}
    for row in log_rows:
        logs.setdefault(row["location"], []).append(row["token"])
    return {
        "attribute": [{"token": token("attribute", name), "name": name, "description": ""} for name in ATTRIBUTES],
        "visibility": [{"token": own, "level": level, "description": ""} for own, level in VISIBILITIES.items()],
        "map": [
            {"token": token("map", location), "log_tokens": tokens, "category": "semantic_prior", "filename": ""}
            for location, tokens in logs.items()
        ],
    }


def _write_maps(staging: Path, places: Sequence[_Place], left_out: LeftOut) -> dict[str, bytes]:
    """Writes the map expansion of each location that has one; location -> its bytes."""
    contents: dict[str, bytes] = {}
    for location, place in {place.location: place for place in places}.items():
        document = map_expansion(tuple(place.elements.values()), place.relations, left_out)
        if document is not None:
            contents[location] = json.dumps(document, allow_nan=False).encode()
            _write(staging / "maps" / "expansion" / f"{location}.json", contents[location])
    return contents


def _note_losses(recording: Recording, left_out: LeftOut) -> None:
    graph = recording.graph
    only = f"only in {SCENARIO_TABLE}.json"
    if recording.rig is not None:
        for name, camera in zip(recording.rig.names, recording.rig.cameras, strict=True):
            if not isinstance(camera, PinholeCamera) or camera.distortion.any():
                left_out.add(f"The lens of {name} is a nominal pinhole in the tables, itself {only}.")
    left_out.add(f"Boxes between keyframes, absences and actors without a keyframe are {only}.", len(graph.actors))
    left_out.add(f"States of traffic lights are {only}.", len(graph.signals))
    heights = any(element.vertices_world[:, 2].any() for element in graph.elements)
    left_out.add(f"Heights of the map are {only}.", int(heights))


def _once(rows: Iterable[dict[str, Any]]) -> Rows:
    """Rows that scenes share, such as sensors and categories, once."""
    return list({row["token"]: row for row in rows}.values())


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a JSON list, one a line."""
    lines = ",\n".join(json.dumps(row, allow_nan=False) for row in rows)
    return f"[\n{lines}\n]\n".encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

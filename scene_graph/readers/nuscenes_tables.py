"""The tables of one nuScenes scene, as the devkit's database.

A data set's tables mix the rows of all its scenes. Here those of one scene are picked out, and checked to refer to
rows that exist, before the devkit indexes them: what is broken in one scene stays in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scene_graph.errors import SceneError
from scene_graph.readers.decoding import parse_json, read_file
from scene_graph.readers.nuscenes_names import TABLES
from scene_graph.readers.records import Records

__all__ = ["SceneTables", "is_version_folder", "load_scene", "read_table", "scene_names", "scene_rows"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneTables:
    """The rows of one scene.

    Attributes:
        folder: the version folder.
        database: a `nuscenes.nuscenes.NuScenes` of this scene alone; its `get(table, token)` finds every row that
            another refers to.
        rows: table -> the rows as the files hold them, without what the devkit adds.
        notes: what was noticed about the data set, one sentence each.
    """

    folder: Path
    database: Any
    rows: Mapping[str, Rows]
    notes: tuple[str, ...]

    @property
    def scene(self) -> dict[str, Any]:
        """The scene's row."""
        return self.database.scene[0]

    @property
    def log(self) -> dict[str, Any]:
        """The row of the scene's log."""
        return self.database.log[0]

    def where(self, table: str, row: Mapping[str, Any]) -> str:
        """What errors call a row."""
        return _where(self.folder, table, row)


def is_version_folder(path: Path) -> bool:
    """Whether a folder holds nuScenes tables."""
    others = (table for table in TABLES if table != "scene")
    return (path / "scene.json").is_file() and any((path / f"{table}.json").is_file() for table in others)


def scene_names(folder: Path) -> list[str]:
    """Names of the scenes of a version folder, sorted; a row without a name is left out.

    Raises:
        SceneError: the table of scenes is missing or damaged.
    """
    names = (row.get("name") for row in read_table(folder, "scene"))
    return sorted({name for name in names if isinstance(name, str)})


def load_scene(folder: Path, name: str, records: Records) -> SceneTables:
    """The tables of the scene of this name.

    Raises:
        SceneError: a table is missing or damaged, the scene is not there once, or a row is bad (such as one that
            refers to no row) and bad rows are not skipped.
    """
    tables = {table: read_table(folder, table) for table in TABLES}
    rows = scene_rows(tables, name, folder, records)
    # the devkit adds fields to its rows
    database = _database({table: [dict(row) for row in rows[table]] for table in TABLES}, folder)
    return SceneTables(folder=folder, database=database, rows=rows, notes=tuple(_orphans(tables)))


def read_table(folder: Path, table: str) -> Rows:
    """The rows of a table.

    Raises:
        SceneError: the file is missing or damaged, or is not a list of objects.
    """
    path = folder / f"{table}.json"
    rows = parse_json(read_file(path), str(path))
    if not isinstance(rows, list):
        raise SceneError(f"expected a list of records, received {type(rows).__name__}", where=path)
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise SceneError(f"expected an object, received {type(row).__name__}", where=f"{path}, record {index}")
    return rows


def scene_rows(tables: Mapping[str, Rows], name: str, folder: Path, records: Records) -> dict[str, Rows]:
    """Table -> the rows that belong to the scene of this name, in the tables' order.

    Args:
        tables: all rows of all tables.
        name: the scene's name.
        folder: where the tables come from, for errors.
        records: what to do with a row that lacks a reference or refers to no row.
    """
    pick = _Picker(tables, folder, records)
    rows = {table: pick.with_known(table, tables[table], {"token": None}) for table in ("attribute", "visibility")}
    rows["scene"] = [row for row in tables["scene"] if row.get("name") == name]
    if len(rows["scene"]) != 1:
        raise SceneError(f"holds {len(rows['scene'])} scenes {name!r}; expected one", where=folder / "scene.json")
    # what a scene cannot do without is not skipped
    strict = _Picker(tables, folder, Records(skip=False))
    strict.with_known("scene", rows["scene"], {"token": None, "log_token": "log"})
    rows["log"] = strict.referred("log", rows["scene"], "log_token")
    rows["map"] = [row for row in tables["map"] if _lists(row.get("log_tokens"), rows["log"][0]["token"])]
    if not rows["map"]:
        raise SceneError(f"no map names the log {rows['log'][0]['token']!r}", where=folder / "map.json")
    strict.with_known("map", rows["map"], {"token": None})
    rows["sample"] = pick.with_known("sample", _among(tables["sample"], "scene_token", rows["scene"]), {"token": None})
    if not rows["sample"]:
        raise SceneError(f"scene {name!r} has no samples", where=folder / "sample.json", remedy="fetch the table again")

    data = _among(tables["sample_data"], "sample_token", rows["sample"])
    links = {"ego_pose_token": "ego_pose", "calibrated_sensor_token": "calibrated_sensor"}
    data = pick.with_known("sample_data", data, {"token": None, "is_key_frame": None, **links})
    sensors = pick.referred("calibrated_sensor", data, "calibrated_sensor_token")
    sensors = pick.with_known("calibrated_sensor", sensors, {"sensor_token": "sensor"})
    rows["calibrated_sensor"] = sensors
    rows["sensor"] = pick.with_known(
        "sensor", pick.referred("sensor", sensors, "sensor_token"), {"channel": None, "modality": None}
    )
    rows["calibrated_sensor"] = _among(sensors, "sensor_token", rows["sensor"])
    rows["sample_data"] = _among(data, "calibrated_sensor_token", rows["calibrated_sensor"])
    rows["ego_pose"] = pick.referred("ego_pose", rows["sample_data"], "ego_pose_token")

    boxes = _among(tables["sample_annotation"], "sample_token", rows["sample"])
    boxes = pick.with_known("sample_annotation", boxes, {"token": None, "instance_token": "instance"})
    instances = pick.referred("instance", boxes, "instance_token")
    instances = pick.with_known("instance", instances, {"category_token": "category"})
    categories = pick.referred("category", instances, "category_token")
    rows["category"] = pick.with_known("category", categories, {"name": None})
    rows["instance"] = _among(instances, "category_token", rows["category"])
    rows["sample_annotation"] = _among(boxes, "instance_token", rows["instance"])
    return rows


class _Picker:
    """Follows references between tables."""

    def __init__(self, tables: Mapping[str, Rows], folder: Path, records: Records) -> None:
        self._tables = tables
        self._tokens: dict[str, frozenset[Any]] = {}
        self._folder = folder
        self._records = records

    def referred(self, table: str, rows: Rows, key: str) -> Rows:
        """The rows of a table that others refer to in a field, once each."""
        found = {row["token"]: row for row in _picked(self._tables[table], "token", {row[key] for row in rows})}
        return list(found.values())

    def with_known(self, table: str, rows: Rows, fields: Mapping[str, str | None]) -> Rows:
        """The rows whose fields are texts (is_key_frame: true or false) and, where a table is named, tokens of it."""
        kept = []
        for row in rows:
            with self._records.checking(_where(self._folder, table, row)):
                for key, target in fields.items():
                    kind: type = bool if key == "is_key_frame" else str
                    if not isinstance(row.get(key), kind):
                        expected = "true or false" if kind is bool else "a text"
                        raise ValueError(f"{key} is {_shown(row.get(key))}; expected {expected}")
                    if target is not None and row[key] not in self._all(target):
                        raise ValueError(f"{key} {row[key]!r} is no token of {target}.json")
                kept.append(row)
        return kept

    def _all(self, table: str) -> frozenset[Any]:
        if table not in self._tokens:
            tokens = (row.get("token") for row in self._tables[table])
            self._tokens[table] = frozenset(token for token in tokens if isinstance(token, str))
        return self._tokens[table]


def _among(rows: Iterable[dict[str, Any]], key: str, targets: Rows) -> Rows:
    """The rows that refer to one of the target rows in a field."""
    return _picked(rows, key, {target["token"] for target in targets})


def _picked(rows: Iterable[dict[str, Any]], key: str, tokens: set[Any]) -> Rows:
    return [row for row in rows if isinstance(row.get(key), str) and row[key] in tokens]


def _lists(tokens: Any, token: str) -> bool:
    return isinstance(tokens, list) and token in tokens and all(isinstance(one, str) for one in tokens)


def _orphans(tables: Mapping[str, Rows]) -> Iterable[str]:
    """Sentences on rows that belong to no scene: nobody can say whose they were."""
    for table, key, target in (
        ("sample", "scene_token", "scene"),
        ("sample_data", "sample_token", "sample"),
        ("sample_annotation", "sample_token", "sample"),
    ):
        known = {row["token"] for row in tables[target] if isinstance(row.get("token"), str)}
        count = len(tables[table]) - len(_picked(tables[table], key, known))
        if count:
            yield f"{count} rows of {table}.json refer to no row of {target}.json: they belong to no scene."


def _where(folder: Path, table: str, row: Mapping[str, Any]) -> str:
    return f"{folder / table}.json, record {_shown(row.get('token'))}"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _database(rows: Mapping[str, Rows], folder: Path) -> Any:
    """The devkit's database of these rows, which are complete and refer to each other only."""
    NuScenes = _devkit()

    class SceneDatabase(NuScenes):
        """The devkit's rows and indices, without the map masks and lidar labels that its own constructor opens."""

        def __init__(self, tables: Mapping[str, Sequence[Any]]) -> None:
            self.version, self.dataroot, self.verbose = folder.name, str(folder.parent), False
            self.table_names = list(TABLES)
            for table in TABLES:
                setattr(self, table, tables[table])
            self.__make_reverse_index__(verbose=False)

    return SceneDatabase(rows)


def _devkit() -> Any:
    """The devkit's class; importing it takes about a second."""
    from PIL import Image

    largest_px = Image.MAX_IMAGE_PIXELS
    try:
        from nuscenes.nuscenes import NuScenes
    except ImportError as error:
        problem = f"the nuScenes devkit cannot be imported ({error})"
        raise SceneError(problem, remedy="install nuscenes-devkit") from error
    finally:
        Image.MAX_IMAGE_PIXELS = largest_px  # the devkit lifts the guard against decompression bombs
    return NuScenes

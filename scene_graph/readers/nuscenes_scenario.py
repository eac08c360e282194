"""The extra table `drivesim_scenario.json`, which holds what nuScenes' own tables have no room for.

It lies beside the tables in the version folder; tools that do not know it leave it alone. Each row belongs to one
scene and holds its whole scenario as in the native format, with the arrays as lists. A row also says of which table
rows and map it is the scenario: where those were changed, it is not read as if nothing had happened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scene_graph.errors import SceneError
from scene_graph.json_fields import Fields
from scene_graph.native_document import ARRAYS, FORMAT, VERSION, recording_from_document, recording_to_document
from scene_graph.readers.nuscenes_tables import read_table
from scene_graph.recording import Recording

__all__ = ["SCENARIO_TABLE", "read_scenario", "rows_digest", "scenario_row"]

SCENARIO_TABLE = "drivesim_scenario"

# the tables whose rows say what happens in a scene, and the columns of the others that name things
_DIGESTED = ("scene", "log", "sample", "sample_data", "ego_pose", "calibrated_sensor", "sensor", "sample_annotation",
             "instance", "category")  # fmt: skip
_REMEDY = f"delete {SCENARIO_TABLE}.json to read the tables alone, or write the data set again"


def scenario_row(recording: Recording, scene_token: str, digest: str) -> dict[str, Any]:
    """The row of a recording, without its images.

    Args:
        recording: it must be valid.
        scene_token: its row in the table of scenes.
        digest: `rows_digest` of its rows and map.
    """
    document, arrays = recording_to_document(recording)
    return {
        "token": hashlib.md5(f"{SCENARIO_TABLE}/{scene_token}".encode(), usedforsecurity=False).hexdigest(),
        "scene_token": scene_token,
        "tables_sha256": digest,
        "document": document,
        "arrays": {name: array.tolist() for name, array in arrays.items()},
    }


def read_scenario(folder: Path, rows: Mapping[str, list[dict[str, Any]]], expansion: bytes | None) -> Recording | None:
    """The scenario that the extra table holds of a scene, without images; None where there is none.

    Args:
        folder: the version folder.
        rows: the scene's rows, as the tables hold them.
        expansion: the content of the map expansion of the scene's location, None where there is none.

    Raises:
        SceneError: the table is damaged, or says another thing than the other tables.
    """
    if not (folder / f"{SCENARIO_TABLE}.json").is_file():
        return None
    token = rows["scene"][0]["token"]
    where = f"{folder / SCENARIO_TABLE}.json, scene {rows['scene'][0]['name']!r}"
    found = [row for row in read_table(folder, SCENARIO_TABLE) if row.get("scene_token") == token]
    if not found:
        return None
    if len(found) > 1:
        raise SceneError(f"holds {len(found)} rows of the scene; expected one", where=where, remedy=_REMEDY)
    fields = Fields(found[0], where)
    if fields.text("tables_sha256") != rows_digest(rows, expansion):
        raise SceneError("the tables or the map were changed after this row was written", where=where, remedy=_REMEDY)
    document = fields.child("document")
    if document.text("format") != FORMAT or document.integer("version") != VERSION:
        problem = f"is in {document.text('format')!r} version {document.integer('version')}"
        raise SceneError(f"{problem}; expected {FORMAT!r} version {VERSION}", where=where, remedy=_REMEDY)
    try:
        with np.errstate(all="ignore"):  # numbers that overflow are refused by what they lead to
            arrays = {name: _array(fields.child("arrays").get(name), name) for name in ARRAYS}
            recording = recording_from_document(document, arrays)
            recording.graph.validate()
    except SceneError:
        raise
    except ValueError as error:
        raise SceneError(str(error), where=where, remedy=_REMEDY) from error
    if recording.graph.hash() != document.text("hash"):
        raise SceneError("the scenario was changed after it was written", where=where, remedy=_REMEDY)
    return recording


def rows_digest(rows: Mapping[str, list[dict[str, Any]]], expansion: bytes | None) -> str:
    """SHA-256 of a scene's rows, whatever their order and layout in the files, and of its map expansion."""
    digest = hashlib.sha256()
    for table in _DIGESTED:
        for line in sorted(json.dumps(row, sort_keys=True) for row in rows[table]):
            digest.update(f"{table} {line}\n".encode())
    digest.update(b"no map" if expansion is None else hashlib.sha256(expansion).digest())
    return digest.hexdigest()


def _array(rows: Any, name: str) -> np.ndarray:
    """The read-only array of nested lists of numbers."""
    dtype, shape = ARRAYS[name]
    integers = np.dtype(dtype).kind == "i"
    if integers and not (isinstance(rows, list) and all(type(value) is int for value in rows)):
        raise ValueError(f"arrays.{name}: expected a list of whole numbers")
    try:
        array = np.array(rows, dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"arrays.{name}: expected numbers of shape {('n', *shape)}") from None
    if array.size == 0:
        array = array.reshape(0, *shape)
    if array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        raise ValueError(f"arrays.{name}: expected numbers of shape {('n', *shape)}, received {array.shape}")
    return array

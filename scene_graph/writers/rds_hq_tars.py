"""Tars of an RDS-HQ clip: the same content gives the same bytes."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from scene_graph.graph import ScenarioGraph
from scene_graph.writers.staging import safe_name

__all__ = ["clip_name", "json_bytes", "npy_bytes", "write_tar"]

_HOLDS_TIMES = re.compile(r"_(\d{1,18})_\d{1,18}$", re.ASCII)


def clip_name(graph: ScenarioGraph) -> str:
    """`<scenario id>_<first time>_<last time>`, in microseconds, of letters that every loader takes.

    A scenario id that is such a name already stays. Times that no name can hold (before 0) are counted from the start.
    """
    session = safe_name(graph.scenario_id)
    held = _HOLDS_TIMES.search(session)
    if session == graph.scenario_id and held and int(held.group(1)) == graph.start_us:
        return session
    start_us = graph.start_us if graph.start_us >= 0 and graph.end_us < 10**18 else 0
    return f"{session}_{start_us}_{start_us + graph.end_us - graph.start_us}"


def json_bytes(value: Any) -> bytes:
    """JSON text of lists, dictionaries, texts, numbers and flags; numbers are exact."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def npy_bytes(array: Float[np.ndarray, "..."]) -> bytes:
    """The npy file of an array of float64."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array, dtype="<f8"), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def write_tar(path: Path, clip: str, members: Iterable[tuple[str, bytes]]) -> None:
    """Writes an uncompressed tar of the members `<clip>.<key>`, in this order, without times or owners."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for key, content in members:
            info = tarfile.TarInfo(f"{clip}.{key}")
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))

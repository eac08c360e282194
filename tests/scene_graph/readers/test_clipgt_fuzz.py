"""Damaged ClipGT clips: each is read to a sound graph or refused in one line that names its file.

DRIVESIM_FUZZ_EXAMPLES sets how many damages of each kind are tried.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from synthetic_clipgt import CLIP, Clip, content, example_clip, write_clip

from scene_graph.errors import SceneError
from scene_graph.readers.clipgt import read_clipgt

EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FRAMES = f"{CLIP}.camera_front_wide_120fov.json"

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, -(2**63), 2**63 - 1, 0.0, -0.0, 1e-320, 1e300, float("nan"), float("inf")]),
    st.sampled_from(["", "x", "\0", "../../x", "7" * 400, "labelstore:", "VIRTUAL", "camera:", "\ud7ff"]),
    st.sampled_from([b"", b"\xff\xfe"]),
    st.sampled_from([[], [None], [1.0], ["a", None], [[1.0]], [{}], [{"x": 1.0}], [{"x": 1e9, "y": 0.0, "z": 0.0}]]),
    st.sampled_from([{"x": None}, {"x": 1.0, "y": 2.0, "z": 3.0}, {"x": "1", "y": "2", "z": "3"}, {"t": [1]}]),
)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_clip(tmp_path_factory.mktemp("clipgt"), example_clip())
    (folder / FRAMES).write_text(json.dumps([{"timestamp": 1_700_000_000_100_000}]))
    return folder


def read_or_refuse(folder: Path, name: str, skip_bad_records: bool) -> None:
    """Reads the clip in which one file is damaged."""
    refusal = f"nothing wrong with {name}"
    try:
        read_clipgt(folder, clip=CLIP, skip_bad_records=skip_bad_records).graph.validate()
    except SceneError as error:
        refusal = str(error)
    assert "\n" not in refusal
    assert name in refusal


def damaged(data: bytes, seed: int) -> bytes:
    """A file of which a few bytes are changed, gone, or twice there; half of them in the footer, or the end cut off."""
    rng = random.Random(seed)
    changed = bytearray(data)
    footer = int.from_bytes(data[-8:-4], "little") + 8 if data.endswith(b"PAR1") else len(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        low = 0 if rng.random() < 0.5 else max(0, len(changed) - footer)
        start = rng.randrange(low, max(len(changed), low + 1))
        stop = start + rng.choice([1, 1, 3, 30])
        changed[start:stop] = rng.choice(
            [
                bytes(byte ^ 1 << rng.randrange(8) for byte in changed[start:stop]),
                rng.randbytes(stop - start),
                bytes([rng.choice([0, 0x7F, 0x80, 0xFF])]) * (stop - start),
                b"",
                bytes(changed[start:stop]) * 2,
            ]
        )
    return bytes(changed[: rng.randrange(len(changed) + 1)] if rng.random() < 0.05 else changed)


@FUZZ
@given(st.data(), st.integers(0, 2**32), st.booleans())
def test_damaged_files(intact: Path, data: st.DataObject, seed: int, skip_bad_records: bool) -> None:
    path = data.draw(st.sampled_from(sorted(intact.iterdir())))
    whole = path.read_bytes()
    try:
        path.write_bytes(damaged(whole, seed))
        read_or_refuse(intact, path.name, skip_bad_records)
    finally:
        path.write_bytes(whole)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every member of dictionaries and lists, to any depth."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in members for found in [(*path, key), *places(inner, (*path, key))]]


def put(root: Any, path: tuple[Any, ...], value: Any, *, remove: bool) -> None:
    for key in path[:-1]:
        root = root[key]
    if remove:
        del root[path[-1]]
    else:
        root[path[-1]] = value


def change_fields(draw: st.DataObject, clip: Clip) -> str:
    """Puts something else into one field, of one record or of all; returns the table's name."""
    table = draw.draw(st.sampled_from(sorted(clip)))
    rows = clip[table]
    path = draw.draw(st.sampled_from(places(rows[0])))
    value, remove = draw.draw(JUNK), draw.draw(st.integers(0, 4)) == 0
    for one in rows if draw.draw(st.booleans()) else rows[:1]:
        if path in places(one):
            put(one, path, value, remove=remove)
    return table


@FUZZ
@given(st.data(), st.booleans())
def test_damaged_fields(intact: Path, data: st.DataObject, skip_bad_records: bool) -> None:
    clip = example_clip()
    table = change_fields(data, clip)
    path = intact / f"{CLIP}.{table}.parquet"
    whole = path.read_bytes()
    try:
        parquet.write_table(content(table, clip[table]), path)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        path.write_bytes(whole)
        return  # no parquet file can hold such rows
    try:
        read_or_refuse(intact, path.name, skip_bad_records)
    finally:
        path.write_bytes(whole)

"""The variants of a matrix as files, resumable."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from scene_graph.atomic_file import write_file
from scene_graph.edit.apply import EditReport, edit_recording
from scene_graph.edit.edit_file import EditSpec
from scene_graph.edit.packing import SharedPacking
from scene_graph.edit.shared import SharedWork
from scene_graph.edit.variants import Variant, expand_variants
from scene_graph.errors import SceneError
from scene_graph.hashing import rig_hash
from scene_graph.native import NATIVE_SUFFIX
from scene_graph.recording import Recording

__all__ = [
    "VARIANTS_NAME",
    "EditedVariant",
    "VariantRecord",
    "edited_variants",
    "stored_hash",
    "write_variants",
]

VARIANTS_NAME = "variants.json"

_FORMAT = "drivesim edit variants"
_VERSION = 1
# what another of makes other files, and what it is called
_DECISIVE = {"scenario_hash": "scenario", "rig_hash": "rig", "edits_sha256": "edit file"}
_REPLACE = "choose another folder, or replace what it holds with --overwrite"
# what a file that is no readable .scenario file can make zipfile and json raise
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, RuntimeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRecord:
    """One variant of a finished matrix.

    Attributes:
        name: the variant's name.
        values: its values.
        hash: content hash of its scenario, None where it cannot be made.
        file: its file's name in the folder, None where it cannot be made or is the same as another.
        duplicate_of: the name of the variant that has the same scenario, if any.
        impossible: why it cannot be made, if so.
    """

    name: str
    values: dict[str, Any]
    hash: str | None = None
    file: str | None = None
    duplicate_of: str | None = None
    impossible: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EditedVariant:
    """One variant that was made, or None for what could not be."""

    record: VariantRecord
    recording: Recording | None
    report: EditReport | None


def write_variants(
    recording: Recording,
    spec: EditSpec,
    out: str | Path,
    *,
    overwrite: bool = False,
    skip_impossible: bool = False,
    jobs: int | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[VariantRecord, ...]:
    """Writes every variant of an edit file into a folder, with a list of them in `variants.json`.

    Variants that give the same scenario are written once. A file gets its name when it is whole; run again after it
    was stopped, it keeps the files that are there and makes the others.

    Args:
        recording: what is edited.
        spec: the edit file.
        out: the folder, made if absent.
        overwrite: replace the variants of another matrix that `out` holds.
        skip_impossible: list variants whose edits cannot be done, instead of stopping at the first.
        jobs: files that are packed at a time; the number of cores by default.
        report: called with (variants done, variants in all).

    Raises:
        SceneError: the edit file is not as it should be, a variant cannot be made, `out` holds something else, or a
            file cannot be written.
    """
    out = Path(out)
    variants = expand_variants(spec)
    plan = _plan(recording, spec)
    out.mkdir(parents=True, exist_ok=True)
    _clear(out, plan, overwrite=overwrite)
    _write_list(out, plan, [VariantRecord(name=variant.name, values=variant.values) for variant in variants], False)
    records = []
    with _Writer(jobs or os.cpu_count() or 1) as writer:
        for made in edited_variants(recording, spec, variants, skip_impossible=skip_impossible):
            record = made.record
            if made.recording is not None and record.file is not None and record.hash is not None:
                writer.save(made.recording, out / record.file, record.hash)
            records.append(record)
            report(len(records), len(variants))
    _write_list(out, plan, records, True)
    return tuple(records)


def edited_variants(
    recording: Recording, spec: EditSpec, variants: Iterable[Variant], *, skip_impossible: bool = False
) -> Iterator[EditedVariant]:
    """Makes one variant of an edit file after the other; those that give a scenario made before are marked as such.

    Raises:
        SceneError: a variant cannot be made, unless `skip_impossible`.
    """
    shared = SharedWork(recording.graph)
    first_with: dict[str, str] = {}
    for variant in variants:
        where = spec.name if spec.matrix is None else f"{spec.name}, variant {variant.name}"
        try:
            edited, done = edit_recording(recording, variant.edits, where=where, shared=shared)
        except SceneError as error:
            if not skip_impossible:
                raise
            record = VariantRecord(name=variant.name, values=variant.values, impossible=str(error))
            yield EditedVariant(record=record, recording=None, report=None)
            continue
        known = first_with.setdefault(done.hash, variant.name)
        same = known != variant.name
        record = VariantRecord(
            name=variant.name,
            values=variant.values,
            hash=done.hash,
            file=None if same else f"{variant.name}{NATIVE_SUFFIX}",
            duplicate_of=known if same else None,
        )
        yield EditedVariant(record=record, recording=edited, report=done)


class _Writer:
    """Packs and writes recordings on several threads; holds only a few at a time.

    Args:
        jobs: how many threads.
    """

    def __init__(self, jobs: int) -> None:
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="variant")
        self._packing = SharedPacking()
        self._most = 2 * jobs
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def save(self, recording: Recording, path: Path, content_hash: str) -> None:
        """Takes a recording to write, unless its file is there; raises what an earlier one failed of."""
        if stored_hash(path) == content_hash:
            return
        while len(self._waiting) >= self._most:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._write, recording, path, content_hash))

    def _write(self, recording: Recording, path: Path, content_hash: str) -> None:
        write_file(path, self._packing.packed(recording, content_hash))


def _plan(recording: Recording, spec: EditSpec) -> dict[str, Any]:
    """What decides the content of the files."""
    said = {"edits": spec.edits, "matrix": spec.matrix, "sample": spec.sample, "seed": spec.seed}
    # the order of the names decides the order of the variants
    text = json.dumps(said, ensure_ascii=True, sort_keys=False)
    return {
        "scenario_id": recording.graph.scenario_id,
        "scenario_hash": recording.graph.hash(),
        "rig_hash": None if recording.rig is None else rig_hash(recording.rig),
        "edits": spec.name,
        "edits_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "seed": spec.seed,
    }


def _clear(out: Path, plan: dict[str, Any], *, overwrite: bool) -> None:
    """Makes sure that the folder holds nothing or a part of the same variants.

    Raises:
        SceneError: it holds others, and they are not to be replaced.
    """
    path = out / VARIANTS_NAME
    if not path.exists():
        strange = sorted(file.name for file in out.glob(f"*{NATIVE_SUFFIX}"))
        if strange and not overwrite:
            raise SceneError(f"the folder holds {strange[0]} of another origin", where=out, remedy=_REPLACE)
        return
    try:
        known = json.loads(path.read_text("utf-8"))
        same = isinstance(known, dict) and known.get("format_version") == _VERSION
        different = [what for name, what in _DECISIVE.items() if not same or known.get(name) != plan[name]]
    except _UNREADABLE as error:
        if not overwrite:
            raise SceneError(f"cannot be read ({error})", where=path, remedy=_REPLACE) from error
        known, different = {}, ["origin"]
    if not different:
        return
    if not overwrite:
        raise SceneError(f"the folder holds variants of another {different[0]}", where=out, remedy=_REPLACE)
    listed = known.get("variants") if isinstance(known, dict) else None
    for record in listed if isinstance(listed, list) else ():
        name = record.get("name") if isinstance(record, dict) else None
        if isinstance(name, str) and Path(name).name == name:
            (out / f"{name}{NATIVE_SUFFIX}").unlink(missing_ok=True)


def _write_list(out: Path, plan: dict[str, Any], records: Sequence[VariantRecord], complete: bool) -> None:
    header = {"format": _FORMAT, "format_version": _VERSION, "complete": complete, **plan}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    rows = [
        "    " + json.dumps({column.name: getattr(record, column.name) for column in fields(record)})
        for record in records
    ]
    lines.append('  "variants": [\n' + ",\n".join(rows) + "\n  ]")
    write_file(out / VARIANTS_NAME, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def stored_hash(path: Path) -> str | None:
    """The hash that a whole .scenario file says it has; None where there is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("scenario.json"))
        return document["hash"] if isinstance(document, dict) else None
    except _UNREADABLE:
        return None

"""The parquet tables of a ClipGT clip: where they lie, and their rows with sizes and types checked.

A table has a row a record and the struct columns `key`, `<table's name>` and `version`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from scene_graph.errors import SceneError
from scene_graph.readers.parquet_footer import read_claim

__all__ = ["CALIBRATION", "EGOMOTION", "MAX_VALUES", "OBSTACLE", "ClipFolder", "ClipTable"]

CALIBRATION, EGOMOTION, OBSTACLE = "calibration_estimate", "egomotion_estimate", "obstacle"

MAX_FILE_BYTES = 1 << 30
MAX_TABLE_BYTES = 1 << 29
MAX_VALUES = 50_000_000
MAX_RECORD_BYTES = 1 << 26
"""Larger files and tables, tables of more numbers and texts, and larger tables of plain records are refused."""

_BATCH_ROWS = 4096
_DAMAGED = "fetch the file again"
_CORRUPT = (OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError, RuntimeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFolder:
    """One clip of a folder of tables.

    Attributes:
        folder: where its files lie.
        name: what the scene is called.
        prefix: what its files' names begin with: `<clip>.`, or nothing.
    """

    folder: Path
    name: str
    prefix: str

    def path(self, file_name: str) -> Path:
        """The clip's file of this name, whether or not it exists."""
        return self.folder / f"{self.prefix}{file_name}"

    def table(self, name: str) -> ClipTable | None:
        """A table; None where there is no file of it.

        Raises:
            SceneError: the file is damaged, too large, or no such table.
        """
        path = self.path(f"{name}.parquet")
        return _read_table(path, name) if path.exists() else None

    def required_table(self, name: str) -> ClipTable:
        """A table that must be there.

        Raises:
            SceneError: it is missing or damaged.
        """
        table = self.table(name)
        if table is None:
            problem = f"no such file; a clip needs its {name}"
            raise SceneError(problem, where=self.path(f"{name}.parquet"), remedy="fetch the table of this clip")
        return table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipTable:
    """The rows of a table that say something: a row whose fields are all null only marks an empty table.

    Attributes:
        path: the file.
        name: the table's name, which is that of its payload column.
        rows: int64 `n`, places of the rows in the file.
        key: arrow struct array `n`; None where the table has no such column.
        payload: arrow struct array `n`.
    """

    path: Path
    name: str
    rows: Int64[np.ndarray, "n"]
    key: Any
    payload: Any

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, index: int | np.integer) -> str:
        """What errors call the record at an index of `rows`."""
        return f"{self.path}, row {self.rows[index]}"

    def timestamps_us(self) -> Float[np.ndarray, "n"]:
        """Times `n`, microseconds, whole numbers where they are good; NaN where null."""
        if self.key is None or self.key.type.get_field_index("timestamp_micros") < 0:
            raise SceneError("has no field key.timestamp_micros; expected one", where=self.path)
        return self._numbers(self.key, "key", "timestamp_micros")

    def vectors(self, field: str, axes: str) -> Float[np.ndarray, "n k"]:
        """A field of `k` named numbers, such as the x, y and z of a point, `n k`; NaN where null.

        Raises:
            SceneError: there is no such field, or it does not hold numbers.
        """
        struct = self._child(self.payload, self.name, field)
        name = f"{self.name}.{field}"
        return np.stack([self._numbers(struct, name, axis) for axis in axes], axis=1)

    def texts(self, field: str) -> list[str]:
        """A field of texts or whole numbers, `n` texts; "" where null or without such a field.

        Raises:
            SceneError: the field holds something else.
        """
        from pyarrow import compute, string, types

        if self.payload.type.get_field_index(field) < 0:
            return [""] * len(self)
        column = self._child(self.payload, self.name, field)
        kind = column.type.value_type if types.is_dictionary(column.type) else column.type
        if types.is_null(kind):
            return [""] * len(self)
        if not (types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind)):
            raise SceneError(f"{self.name}.{field}: expected texts, received {column.type}", where=self.path)
        return compute.fill_null(column.cast(string()), "").to_pylist()

    def records(self) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Index, key and payload of each row, as plain dictionaries; the key is empty where the table has none.

        Raises:
            SceneError: there are too many, or a row cannot be converted.
        """
        if self.payload.nbytes > MAX_RECORD_BYTES:
            problem = f"holds {self.payload.nbytes} bytes of records; expected at most {MAX_RECORD_BYTES}"
            raise SceneError(problem, where=self.path)
        for index in range(len(self)):
            try:
                key = self.key[index].as_py() if self.key is not None else None
                payload = self.payload[index].as_py()
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                raise SceneError(f"cannot be read: {error}", where=self.where(index), remedy=_DAMAGED) from error
            yield index, key or {}, payload

    def _child(self, struct: Any, name: str, field: str) -> Any:
        """The values of a struct's field, null where the struct is."""
        from pyarrow import compute, types

        if not types.is_struct(struct.type):
            raise SceneError(f"{name}: expected a struct, received {struct.type}", where=self.path)
        place = struct.type.get_field_index(field)
        if place < 0:
            raise SceneError(f"has no field {name}.{field}; expected one", where=self.path)
        return compute.struct_field(struct, place)

    def _numbers(self, struct: Any, name: str, field: str) -> Float[np.ndarray, "n"]:
        from pyarrow import float64, types

        column = self._child(struct, name, field)
        if not (types.is_integer(column.type) or types.is_floating(column.type) or types.is_null(column.type)):
            raise SceneError(f"{name}.{field}: expected numbers, received {column.type}", where=self.path)
        return column.cast(float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)


def _read_table(path: Path, name: str) -> ClipTable:
    import pyarrow

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SceneError(f"has {path.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}", where=path)
        table = _decoded(path, name)
        columns = {column: table.column(column).combine_chunks() for column in table.column_names}
        for column, values in columns.items():
            if not pyarrow.types.is_struct(values.type):
                raise SceneError(f"column {column!r}: expected a struct, received {values.type}", where=path)
        rows = np.flatnonzero(~_is_empty(columns[name])).astype(np.int64)
        kept = {column: values.take(pyarrow.array(rows)) for column, values in columns.items()}
    except SceneError:
        raise
    # what pyarrow raises for a damaged file
    except (*_CORRUPT, pyarrow.ArrowException) as error:
        problem = f"expected a parquet table, but {str(error)[:300] or type(error).__name__}"
        raise SceneError(problem, where=path, remedy=_DAMAGED) from error
    return ClipTable(path=path, name=name, rows=rows, key=kept.get("key"), payload=kept[name])


def _decoded(path: Path, name: str) -> Any:
    """The arrow table of the columns `key`, where there is one, and `name`."""
    import pyarrow
    from pyarrow import parquet

    claim = read_claim(path)
    if claim.num_values > MAX_VALUES:
        raise SceneError(f"claims {claim.num_values} values; expected at most {MAX_VALUES}", where=path)
    # one long text, repeated in all rows, takes hardly any room in the file
    batch_rows = min(max(MAX_TABLE_BYTES // 4 // max(claim.text_bytes, 1), 1), _BATCH_ROWS)
    with parquet.ParquetFile(path, page_checksum_verification=True) as file:
        names = file.schema_arrow.names
        if names.count(name) != 1 or names.count("key") > 1:
            raise SceneError(f"has no column {name!r} (or several); it has {', '.join(names)[:300]}", where=path)
        batches, num_bytes = [], 0
        columns = [column for column in ("key", name) if column in names]
        for batch in file.iter_batches(batch_size=batch_rows, columns=columns, use_threads=False):
            num_bytes += batch.nbytes
            if num_bytes > MAX_TABLE_BYTES:
                raise SceneError(f"unpacks to more than {MAX_TABLE_BYTES} bytes; expected fewer", where=path)
            batches.append(batch)
        schema = pyarrow.schema([file.schema_arrow.field(column) for column in columns])
    if not batches:
        return pyarrow.Table.from_batches([], schema=schema)
    table = pyarrow.Table.from_batches(batches)
    table.validate(full=True)
    return table


def _is_empty(values: Any) -> np.ndarray:
    """Which values are null, structs of nulls included, `n`."""
    from pyarrow import compute, types

    empty = values.is_null().to_numpy(zero_copy_only=False)
    if types.is_struct(values.type) and values.type.num_fields:
        children = [_is_empty(compute.struct_field(values, place)) for place in range(values.type.num_fields)]
        empty = empty | np.logical_and.reduce(children)
    return empty

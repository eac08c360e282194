"""Feather tables as numpy columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scene_graph.errors import SceneError

__all__ = ["read_feather"]


def read_feather(path: Path, columns: Mapping[str, type]) -> dict[str, Any]:
    """Columns of a feather file: float64 and int64 arrays, and lists of texts.

    Args:
        path: the file.
        columns: name -> float, int or str.

    Returns:
        name -> array `n` (float64, where null becomes NaN, or int64) or list of `n` str.

    Raises:
        SceneError: the file is missing or damaged, has no such column or one of another type, or a null among
            whole numbers or texts.
    """
    import pyarrow
    from pyarrow import feather

    if not path.is_file():
        raise SceneError("no such file", where=path, remedy="fetch the log again")
    try:
        table = feather.read_table(path, memory_map=False, use_threads=False)
        table.validate(full=True)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        problem = f"expected a feather table, but {error}"
        raise SceneError(problem, where=path, remedy="fetch the file again") from error
    found: dict[str, Any] = {}
    for name, kind in columns.items():
        if table.schema.get_field_index(name) < 0:
            listed = ", ".join(table.column_names)
            raise SceneError(f"has no column {name!r} (or several); it has {listed}", where=path)
        column = table.column(name)
        if kind is not float and column.null_count:
            raise SceneError(f"column {name!r} has {column.null_count} nulls; expected none", where=path)
        arrow_type = {float: pyarrow.float64(), int: pyarrow.int64(), str: pyarrow.string()}[kind]
        try:
            column = column.cast(arrow_type)
        except pyarrow.ArrowException as error:
            problem = f"column {name!r}: expected {arrow_type}, received {column.type}"
            raise SceneError(problem, where=path) from error
        found[name] = column.to_pylist() if kind is str else column.to_numpy().astype(np.dtype(kind), copy=False)
    return found

"""What a parquet file's footer claims."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from scene_graph.readers.parquet_footer import read_claim


def write(path: Path, table: pyarrow.Table, **options: object) -> Path:
    parquet.write_table(table, path, **options)
    return path


@pytest.mark.parametrize("rows_a_group", [1, 3, 100])
def test_values_of_all_columns_and_groups_are_counted(tmp_path: Path, rows_a_group: int) -> None:
    table = pyarrow.table({"a": [1, 2, None, 4], "b": [[1.0, 2.0, 3.0], [], None, [4.0]], "c": ["x"] * 4})
    claim = read_claim(write(tmp_path / "t.parquet", table, row_group_size=rows_a_group))
    assert claim.num_values == 4 + 6 + 4  # a list that is empty or null is a value too


def test_points_in_lists_are_counted(tmp_path: Path) -> None:
    rows = [{"pole": {"location": [{"x": 1.0, "y": 2.0, "z": 3.0}] * 5}}]
    assert read_claim(write(tmp_path / "t.parquet", pyarrow.Table.from_pylist(rows))).num_values == 15


def test_no_text_is_longer_than_its_column(tmp_path: Path) -> None:
    table = pyarrow.table({"long": ["y" * 5000] * 100, "short": ["z"] * 100, "number": list(range(100))})
    assert 5000 < read_claim(write(tmp_path / "t.parquet", table)).text_bytes < 6000


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1\0\0\0\0PAR1", b"\xff" * 4 + b"PAR1", b"PAR1\x15\x01\0\0\0PAR1"])
def test_files_without_a_footer(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"footer|end as parquet files do"):
        read_claim(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    table = pyarrow.table({"a": [1, 2], "b": [["x"], ["y", "z"]]})
    return write(tmp_path_factory.mktemp("footer") / "t.parquet", table).read_bytes()


@given(st.data())
def test_a_damaged_footer_is_a_claim_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, data: st.DataObject
) -> None:
    length = int.from_bytes(whole[-8:-4], "little")
    footer = bytearray(whole[-8 - length : -8])
    for _ in range(data.draw(st.integers(1, 3))):
        footer[data.draw(st.integers(0, length - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("footer") / "t.parquet"
    path.write_bytes(whole[: -8 - length] + footer + whole[-8:])
    try:
        assert read_claim(path).num_values >= 0
    except ValueError as error:
        assert str(error)  # noqa: PT017

"""Pickles read as data: what comes back, and that nothing in them runs."""

from __future__ import annotations

import collections
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_motion import refusal

from scene_graph.errors import SceneError
from scene_graph.readers.restricted_pickle import parse_pickle

PROTOCOLS = (2, 3, 4, 5)
EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "100"))

ARRAYS = [
    np.arange(12, dtype=np.float64).reshape(3, 4),
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.arange(5, dtype=">i4"),
    np.array([True, False, True]),
    np.zeros((0, 3)),
    np.array(7.5),
    np.array(["GO", "STOP"]),
    np.array([1, 2], dtype=np.uint8),
]


def same(value: Any, other: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype == other.dtype and value.shape == other.shape and bool((value == other).all())
    if isinstance(value, dict):
        return list(value) == list(other) and all(same(value[key], other[key]) for key in value)
    if isinstance(value, (list, tuple)):
        return type(value) is type(other) and len(value) == len(other) and all(map(same, value, other))
    return type(value) is type(other) and value == other


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_arrays_come_back(array: np.ndarray, protocol: int) -> None:
    assert same(parse_pickle(pickle.dumps({"a": array, "again": array}, protocol), "x"), {"a": array, "again": array})


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text() | st.integers(), inner)
            | st.tuples(inner, inner)
            | st.sets(st.text() | st.integers())
        ),
        max_leaves=20,
    ),
    protocol=st.sampled_from(PROTOCOLS),
)
@settings(deadline=None, max_examples=EXAMPLES)
def test_plain_values_come_back(value: Any, protocol: int) -> None:
    assert same(parse_pickle(pickle.dumps(value, protocol), "x"), value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scalars_and_library_dictionaries_become_plain(protocol: int) -> None:
    counts: collections.defaultdict[str, int] = collections.defaultdict(int, cars=3)
    value = [np.float32(1.5), np.int64(-2), np.bool_(True), counts, collections.OrderedDict(a=1), frozenset([1])]
    read = parse_pickle(pickle.dumps(value, protocol), "x")
    assert read == [1.5, -2, True, {"cars": 3}, {"a": 1}, {1}]
    assert [type(member) for member in read] == [float, int, bool, dict, dict, set]


class _Runs:
    """Touches a file when it is unpickled by Python's own loader."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.path}",))


class _Evaluates(_Runs):
    def __reduce__(self) -> Any:
        return (exec, (f"open({str(self.path)!r}, 'w').close()",))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("attack", "name"), [(_Runs, r"(posix|nt)\.system"), (_Evaluates, r"(builtins|__builtin__)\.exec")]
)
def test_nothing_in_a_pickle_runs(tmp_path: Path, attack: type[_Runs], name: str, protocol: int) -> None:
    touched = tmp_path / "touched"
    data = pickle.dumps({"tracks": [1, attack(touched)]}, protocol)
    with pytest.raises(SceneError, match=rf"^some\.pkl: .*global {name}, which was not called") as raised:
        parse_pickle(data, "some.pkl")
    assert "\n" not in str(raised.value)
    assert not touched.exists()
    pickle.loads(data)  # the attack is a real one
    assert touched.exists()


REFUSED = {
    "getattr": (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.", "global builtins.getattr"),
    "name of a module of numpy": (b"\x80\x02cnumpy.testing\nrundocs\n.", "global numpy.testing.rundocs"),
    "half-built array": (pickle.dumps(np.zeros(3), 4).replace(b"b.", b"0."), "half-built"),
    "a global alone": (b"\x80\x02cnumpy\nndarray\n.", "half-built"),
    "called list": (b"\x80\x02K\x01)R.", "calls something that is no function"),
    "state of a list": (b"\x80\x02]N" b"b.", "sets the state"),
    "extension registry": (b"\x80\x02\x82\x01.", "no instruction"),
    "persistent id": (b"\x80\x02K\x01Q.", "no instruction"),
    "new object": (b"\x80\x02cnumpy\nndarray\n)\x81.", "no instruction"),
    "buffer outside": (b"\x80\x05\x97.", "no instruction"),
    "protocol 0": (b"(lp0\n.", "instruction"),
    "protocol 9": (b"\x80\x09N.", "protocol is 9"),
    "list in itself": (b"\x80\x02]q\x00h\x00a.", "contains itself"),
    "dictionary in itself": (b"\x80\x02}q\x00K\x01h\x00s.", "contains itself"),
    "deep": (b"\x80\x02" + b"]" * 200 + b"a" * 199 + b".", "nested more than 100"),
    "deep tuples": (b"\x80\x02N" + b"\x85" * 100_000 + b".", "nested more than 100"),
    "list as a key": (b"\x80\x02}]Ns.", "list as a key"),
    "empty stack": (b"\x80\x02a.", "not there"),
    "no mark": (b"\x80\x02]e.", "mark"),
    "odd dictionary": (b"\x80\x02(K\x01d.", "key without a value"),
    "appends to a number": (b"\x80\x02K\x01K\x02a.", "adds to a int"),
    "unknown memory": (b"\x80\x02h\x07.", "recalls value 7"),
    "huge memory": (b"\x80\x02Nr\xff\xff\xff\x7fj\xfe\xff\xff\x7f.", "recalls"),
    "huge text": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"a.", "ends early"),
    "huge bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"a.", "ends early"),
    "huge integer": (b"\x80\x02\x8b" + struct.pack("<i", 1000) + b"\x01" * 1000 + b".", "1000 bytes"),
    "no text": (b"\x80\x02X\x01\x00\x00\x00\xff.", "utf-8"),
    "empty": (b"", "ends early"),
    "text": (b"pretend", "no instruction"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plain_data_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(SceneError, match=message) as raised:
        parse_pickle(data, "x.pkl")
    assert str(raised.value).startswith("x.pkl: ")
    assert "\n" not in str(raised.value)


def test_memory_cannot_unfold_to_more_than_the_limit() -> None:
    value: Any = np.zeros(1000)
    for _ in range(20):
        value = [value] * 10
    with pytest.raises(SceneError, match="unfolds to more than"):
        parse_pickle(pickle.dumps(value, 4), "x")


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, "a"], dtype=object),
        np.zeros(2, dtype=[("x", float)]),
        np.zeros(1, dtype="M8[s]"),
        np.zeros(1, "c16"),
    ],
    ids=["objects", "records", "times", "complex"],
)
def test_arrays_of_something_else_than_numbers_and_texts_are_refused(array: np.ndarray) -> None:
    with pytest.raises(SceneError, match="expected numbers or texts"):
        parse_pickle(pickle.dumps(array, 4), "x")


def test_an_array_of_another_size_than_its_bytes_is_refused() -> None:
    data = pickle.dumps(np.zeros(40, dtype=np.float64), 4)
    assert data.count(b"K\x28") == 1  # the shape
    with pytest.raises(SceneError, match=r"array of 41 values of 8 bytes has 320 bytes"):
        parse_pickle(data.replace(b"K\x28", b"K\x29"), "x")


@pytest.mark.filterwarnings("error")
@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
@settings(deadline=None, max_examples=EXAMPLES)
def test_damaged_pickles_are_read_or_refused(data: st.DataObject, protocol: int) -> None:
    whole = bytearray(pickle.dumps({"a": ARRAYS, "b": [{1, 2}, (None, "text", 2**40)]}, protocol))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    problem = refusal(lambda: parse_pickle(damaged, "x.pkl"))
    assert problem == "" or (problem.startswith("x.pkl: ") and "\n" not in problem)

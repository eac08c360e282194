"""Content hashes: the same scenario has the same hash on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from scene_graph.cameras.rig import CameraRig
from scene_graph.graph import ScenarioGraph

__all__ = ["canonical_bytes", "content_hash", "rig_hash"]

_ENCODING = b"drivesim content 1"
_STORED_AS = {"f": "<f8", "i": "<i8", "u": "<u8", "b": "|b1"}


def content_hash(graph: ScenarioGraph) -> str:
    """SHA-256 of what a scenario says, 64 hexadecimal digits.

    It does not depend on the process, the machine, the Python or numpy version, nor on the order of elements, actors,
    signals and relations; every other difference changes it.
    """
    unordered = {
        name: sorted(canonical_bytes(record) for record in getattr(graph, name))
        for name in ("elements", "actors", "signals", "relations")
    }
    rest = replace(graph, elements=(), actors=(), signals=(), relations=())
    return hashlib.sha256(_ENCODING + canonical_bytes((rest, unordered))).hexdigest()


def rig_hash(rig: CameraRig) -> str:
    """SHA-256 of a rig, 64 hexadecimal digits; the order of its cameras counts."""
    return hashlib.sha256(_ENCODING + canonical_bytes(rig)).hexdigest()


def canonical_bytes(value: Any) -> bytes:
    """One byte string a value, equal for equal values and different for different ones.

    Takes dataclasses (the fields that their constructor takes), enums, numpy arrays, tuples, lists, mappings, text,
    bytes, numbers, booleans and None. Every part is written with its kind and its length. Numbers are equal where they
    compare equal (1 and 1.0, 0.0 and -0.0), all NaNs are one; arrays are equal where their shapes, kinds (floating,
    signed, unsigned, boolean) and numbers are.

    Raises:
        TypeError: a value is of another type.
    """
    if value is None:
        return _part(b"none", b"")
    if isinstance(value, Enum):
        return _part(b"enum", canonical_bytes(type(value).__name__) + canonical_bytes(value.value))
    if isinstance(value, (bool, np.bool_)):
        return _part(b"bool", b"1" if value else b"0")
    if isinstance(value, (int, float, np.integer, np.floating)):
        return _number(value)
    if isinstance(value, str):
        return _part(b"text", value.encode("utf-8", errors="surrogatepass"))
    if isinstance(value, bytes):
        return _part(b"bytes", value)
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, (tuple, list)):
        return _part(b"tuple", b"".join(canonical_bytes(item) for item in value))
    if isinstance(value, Mapping):
        items = sorted((canonical_bytes(key), canonical_bytes(item)) for key, item in value.items())
        return _part(b"map", b"".join(key + item for key, item in items))
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return _part(b"record", canonical_bytes(type(value).__name__) + canonical_bytes(content))
    raise TypeError(f"cannot hash a {type(value).__name__}; expected records, arrays, numbers, text or their tuples")


def _part(kind: bytes, content: bytes) -> bytes:
    return b"%s:%d:%s" % (kind, len(content), content)


def _number(value: int | float | np.integer | np.floating) -> bytes:
    number = float(value) if isinstance(value, (float, np.floating)) else int(value)
    if isinstance(number, float) and not number.is_integer():
        return _part(b"float", _array_bytes(np.array(number)))
    return _part(b"int", b"%d" % int(number))


def _array(array: np.ndarray) -> bytes:
    if array.dtype.kind not in _STORED_AS:
        raise TypeError(f"cannot hash an array of {array.dtype}; expected numbers or booleans")
    shape = b",".join(b"%d" % length for length in array.shape)
    return _part(b"array", array.dtype.kind.encode() + _part(b"shape", shape) + _array_bytes(array))


def _array_bytes(array: np.ndarray) -> bytes:
    """The numbers in little-endian order, 64 bits each (booleans: bytes), with one zero and one NaN."""
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.nan, array + 0.0)
    return array.astype(_STORED_AS[array.dtype.kind]).tobytes()

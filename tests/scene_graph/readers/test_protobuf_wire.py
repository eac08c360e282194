"""The protocol buffers wire format, on messages whose bytes were made by hand or by an encoder of the tests."""

from __future__ import annotations

import math
import os
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_motion import encode_message, refusal, varint

from scene_graph.readers.protobuf_wire import Field, MessageType, Scalar, decode_message
from scene_graph.readers.waymo_motion_messages import SCENARIO

EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "100"))
INNER = MessageType("Inner", {1: Field("a", Scalar.INT)})
OUTER = MessageType(
    "Outer",
    {
        1: Field("a", Scalar.INT),
        2: Field("b", Scalar.TEXT),
        3: Field("c", INNER),
        4: Field("d", Scalar.INT, repeated=True),
        5: Field("e", Scalar.DOUBLE, repeated=True),
        6: Field("f", Scalar.FLOAT),
        7: Field("g", Scalar.BOOL),
        150: Field("h", INNER, repeated=True),
    },
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # the examples of the format's description
        ("08 96 01", {"a": 150}),
        ("12 07 74 65 73 74 69 6e 67", {"b": "testing"}),
        ("1a 03 08 96 01", {"c": {"a": 150}}),
        ("22 06 03 8e 02 9e a7 05", {"d": [3, 270, 86942]}),
        # a negative number takes ten bytes
        ("08 ff ff ff ff ff ff ff ff ff 01", {"a": -1}),
        # one at a time and in a block may be mixed; the last of several counts
        ("20 01 22 02 02 03 20 04 08 01 08 02", {"a": 2, "d": [1, 2, 3, 4]}),
        ("29 00 00 00 00 00 00 f8 3f 2a 08 00 00 00 00 00 00 00 c0", {"e": [1.5, -2.0]}),
        ("35 00 00 80 3e 38 01", {"f": 0.25, "g": True}),
        ("b2 09 00 b2 09 02 08 05", {"h": [{}, {"a": 5}]}),
        # fields that the table does not have are passed over
        ("48 01 51 01 02 03 04 05 06 07 08 5a 01 ff 65 01 02 03 04 08 07", {"a": 7}),
    ],
)
def test_messages_are_decoded(data: str, expected: dict[str, Any]) -> None:
    assert decode_message(bytes.fromhex(data), OUTER) == {"d": [], "e": [], "h": []} | expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("08", "ends within a number"),
        ("08 ff", "ends within a number"),
        ("08" + " ff" * 11, "more than 10 bytes"),
        ("12 05 61", "ends early: field 2 has 5 bytes, 1 are left"),
        ("12 ff ff ff ff ff ff ff ff 7f", "ends early"),
        ("29 00", "ends early"),
        ("0b", "wire type 3"),
        ("00 01", "number 0"),
        ("12 01 ff", "Outer.b is no text"),
        ("0d 00 00 00 00", "Outer.a has wire type 5; expected that of a int"),
        ("18 01", "Outer.c has wire type 0; expected that of a Inner"),
        ("2a 03 00 00 00", "block of 3 bytes"),
        ("22 01 ff", "Outer ends within a number"),
        ("1a 02 08 ff", "Inner ends within a number"),
    ],
)
def test_damage_is_named(data: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_message(bytes.fromhex(data), OUTER)


def messages(kind: MessageType) -> st.SearchStrategy[dict[str, Any]]:
    values = {
        Scalar.DOUBLE: st.floats(allow_nan=False),
        Scalar.FLOAT: st.floats(allow_nan=False, width=32),
        Scalar.INT: st.integers(-(2**63), 2**63 - 1),
        Scalar.BOOL: st.booleans(),
        Scalar.TEXT: st.text(),
    }
    required, optional = {}, {}
    for field in kind.fields.values():
        one = messages(field.kind) if isinstance(field.kind, MessageType) else values[field.kind]
        if field.repeated:
            required[field.name] = st.lists(one, max_size=3)
        else:
            optional[field.name] = one
    return st.fixed_dictionaries(required, optional=optional)


@given(values=messages(OUTER))
@settings(deadline=None, max_examples=EXAMPLES)
def test_what_is_encoded_is_decoded(values: dict[str, Any]) -> None:
    assert decode_message(encode_message(values, OUTER), OUTER) == values


@given(data=st.binary(max_size=200))
@settings(deadline=None, max_examples=EXAMPLES)
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    problem = refusal(lambda: decode_message(data, OUTER))
    assert problem == "" or "Outer" in problem or "Inner" in problem


@pytest.mark.parametrize("data", [b"\xb2\x09\x00" * 40, b"\x22\x20" + b"\x01" * 32, b"\x20\x01" * 40])
def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    decode_message(data, OUTER)
    monkeypatch.setattr("scene_graph.readers.protobuf_wire.MAX_VALUES", 30)
    with pytest.raises(ValueError, match="too many; expected at most 30"):
        decode_message(data, OUTER)


def test_varints_of_the_encoder() -> None:
    assert [varint(value).hex() for value in (0, 127, 128, 300)] == ["00", "7f", "8001", "ac02"]
    assert math.isinf(decode_message(b"\x35" + struct.pack("<f", math.inf), OUTER)["f"])


@pytest.mark.data
def test_the_tables_agree_with_the_data_sets_own_definitions(data_root: Path) -> None:
    """Every field of our tables has the number, the type and the label that the .proto files say."""
    definitions = "\n".join(path.read_text() for path in sorted((data_root / "waymo_motion").glob("*.proto")))
    if not definitions:
        pytest.skip("no .proto files")
    definitions = re.sub(r"//[^\n]*", "", definitions)
    declared = {}
    for name, body in re.findall(r"^message (\w+) \{\n(.*?)^\}", definitions, re.MULTILINE | re.DOTALL):
        fields = re.findall(r"^ +(?:(optional|repeated) )?([\w.]+) (\w+) = (\d+)", body, re.MULTILINE)
        declared[name] = {int(number): (label, kind, field) for label, kind, field, number in fields}
    enumerations = set(re.findall(r"enum (\w+)", definitions))
    scalars = {"double": Scalar.DOUBLE, "float": Scalar.FLOAT, "bool": Scalar.BOOL, "string": Scalar.TEXT}
    scalars |= dict.fromkeys(("int32", "int64"), Scalar.INT)
    checked, open_types = 0, [SCENARIO]
    while open_types:
        message = open_types.pop()
        for number, field in message.fields.items():
            label, kind, name = declared[message.name][number]
            assert (name, label == "repeated") == (field.name, field.repeated)
            if isinstance(field.kind, MessageType):
                assert kind == field.kind.name
                open_types.append(field.kind)
            else:
                assert field.kind is (Scalar.INT if kind.split(".")[-1] in enumerations else scalars[kind])
            checked += 1
    assert checked > 40

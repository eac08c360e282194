"""XML with defences: no entities, capped sizes, numbers that are numbers."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from scene_graph.errors import SceneError
from scene_graph.readers import xml_tree
from scene_graph.readers.xml_tree import parse_xml, read_xml

LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>'


def test_elements_know_their_tag_attributes_children_text_and_line() -> None:
    root = parse_xml(b'<a x="1">\n <b y="2">hello <c/>world</b>\n <b/></a>', "here")
    first, second = root.find_all("b")
    assert (root.tag, root.attributes, first.text, first.line, second.line) == ("a", {"x": "1"}, "hello world", 2, 3)
    assert [element.tag for element in root.descendants()] == ["a", "b", "c", "b"]
    assert [element.tag for element in root.within("b", "c")] == ["c"]
    assert root.find("c") is None
    with pytest.raises(ValueError, match=r"line 1, <a>: expected an element <q> in it"):
        root.required("q")


def test_entities_are_refused_unexpanded() -> None:
    with pytest.raises(SceneError, match="declares the entity 'x'"):
        parse_xml(LAUGHS, "laughs.xml")
    external = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    with pytest.raises(SceneError, match="declares the entity"):
        parse_xml(external, "leak.xml")


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"<a></b>", b"\x00\x01", b'<?xml version="1.0" encoding="klingon"?><a/>', b"<a>&q;</a>"]
)
def test_what_is_no_xml_is_one_line(data: bytes) -> None:
    with pytest.raises(SceneError, match=r"^broken\.xml: expected XML") as raised:
        parse_xml(data, "broken.xml")
    assert "\n" not in str(raised.value)


def test_depth_and_number_of_elements_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SceneError, match="100 deep"):
        parse_xml(b"<a>" * 200 + b"</a>" * 200, "deep.xml")
    monkeypatch.setattr(xml_tree, "MAX_XML_ELEMENTS", 10)
    with pytest.raises(SceneError, match="at most 10 elements"):
        parse_xml(b"<a>" + b"<b/>" * 20 + b"</a>", "many.xml")


def test_gzip_is_unpacked_up_to_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xml.gz"
    path.write_bytes(gzip.compress(b"<a/>"))
    assert read_xml(path).tag == "a"
    path.write_bytes(gzip.compress(b"<a/>")[:-4])
    with pytest.raises(SceneError, match="ends early"):
        read_xml(path)
    path.write_bytes(b"<a/>")
    with pytest.raises(SceneError, match="expected a gzip file"):
        read_xml(path)
    monkeypatch.setattr(xml_tree, "MAX_XML_BYTES", 1000)
    path.write_bytes(gzip.compress(b"<a>" + b" " * 100_000 + b"</a>"))
    with pytest.raises(SceneError, match="unpacks to more than 1000 bytes"):
        read_xml(path)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e13", "12 m", "", "0x10"])
def test_numbers_are_ordinary_numbers(text: str) -> None:
    element = parse_xml(f'<a x="{text}"/>'.encode(), "numbers.xml")
    with pytest.raises(ValueError, match=r"line 1, <a>: 'x' is .* expected a number within 1e\+12"):
        element.number("x")


def test_attributes_have_defaults_or_are_missed() -> None:
    element = parse_xml(b'<a n="-2.5e1" i="3" half="0.5" yes="TRUE" maybe="perhaps"/>', "a.xml")
    assert (element.number("n"), element.integer("i"), element.flag("yes", False)) == (-25.0, 3, True)
    assert (element.number("q", 7.0), element.integer("q", 8), element.string("q", "z")) == (7.0, 8, "z")
    for read, name in ((element.number, "q"), (element.string, "q"), (element.integer, "half")):
        with pytest.raises(ValueError, match=name):
            read(name)
    with pytest.raises(ValueError, match="expected true or false"):
        element.flag("maybe", True)

"""XML documents parsed without entities, with a cap on their size."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from scene_graph.errors import SceneError
from scene_graph.readers.decoding import read_file

__all__ = ["MAX_XML_BYTES", "MAX_XML_ELEMENTS", "XmlElement", "parse_xml", "read_xml"]

MAX_XML_BYTES = 1 << 27
"""A document that is larger, compressed or not, is refused."""

MAX_XML_ELEMENTS = 1_000_000
"""A document of more elements is refused."""

_MAX_DEPTH = 100
_MAX_TEXT = 4096
_MAX_NUMBER = 1e12


class XmlElement:
    """One element of a document.

    Attributes:
        tag: its name.
        attributes: name -> text.
        children: in the document's order.
        line: where its start tag begins, from 1.
        text: the characters directly inside it, the first few thousand of them.
    """

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[XmlElement] = []
        self.line = line
        self.text = ""

    def find(self, tag: str) -> XmlElement | None:
        """The first child of this name, or None."""
        for child in self.children:
            if child.tag == tag:
                return child
        return None

    def find_all(self, *tags: str) -> list[XmlElement]:
        """The children of these names."""
        return [child for child in self.children if child.tag in tags]

    def within(self, *tags: str) -> list[XmlElement]:
        """The descendants at the end of a path of names: `road.within("lanes", "laneSection")`."""
        found = [self]
        for tag in tags:
            found = [child for element in found for child in element.find_all(tag)]
        return found

    def descendants(self) -> Iterator[XmlElement]:
        """This element and all below it, in the document's order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += reversed(element.children)

    def required(self, tag: str) -> XmlElement:
        """The first child of this name.

        Raises:
            ValueError: there is none.
        """
        child = self.find(tag)
        if child is None:
            raise ValueError(f"{self}: expected an element <{tag}> in it, found none")
        return child

    def string(self, name: str, default: str | None = None) -> str:
        """An attribute's text.

        Raises:
            ValueError: it is missing, and there is no default.
        """
        value = self.attributes.get(name, default)
        if value is None:
            raise ValueError(f"{self}: the attribute {name!r} is missing")
        return value

    def number(self, name: str, default: float | None = None, *, limit: float = _MAX_NUMBER) -> float:
        """An attribute as a number whose size is at most `limit`.

        Raises:
            ValueError: it is missing and there is no default, or it is no such number.
        """
        text = self.attributes.get(name)
        if text is None:
            if default is None:
                raise ValueError(f"{self}: the attribute {name!r} is missing")
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= limit:
            raise ValueError(f"{self}: {name!r} is {text[:40]!r}; expected a number within {limit:g}")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """An attribute as a whole number within a billion.

        Raises:
            ValueError: it is missing and there is no default, or it is no such number.
        """
        value = self.number(name, None if default is None else float(default), limit=1e9)
        if value != int(value):
            raise ValueError(f"{self}: {name!r} is {value}; expected a whole number")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """An attribute as true or false.

        Raises:
            ValueError: it is something else.
        """
        text = self.attributes.get(name, "true" if default else "false").strip().lower()
        if text not in ("true", "false", "1", "0"):
            raise ValueError(f"{self}: {name!r} is {text[:40]!r}; expected true or false")
        return text in ("true", "1")

    def __str__(self) -> str:
        return f"line {self.line}, <{self.tag}>"


def read_xml(path: Path) -> XmlElement:
    """The root element of an XML file, or of a gzipped one (by its name, `.gz`).

    Raises:
        SceneError: the file cannot be read or unpacked, is too large, or is not XML as `parse_xml` wants it.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=path) from error
    if size > MAX_XML_BYTES:
        raise SceneError(f"has {size} bytes; expected at most {MAX_XML_BYTES}", where=path)
    data = read_file(path)
    return parse_xml(_unzipped(data, path) if path.suffix == ".gz" else data, str(path))


def parse_xml(data: bytes, where: str) -> XmlElement:
    """The root element of a document.

    Entities may not be declared, and nothing outside the document is looked at.

    Args:
        data: the document.
        where: what errors call it.

    Raises:
        SceneError: the bytes are not well-formed XML, declare entities, or hold too many or too deep elements.
    """
    builder = _Builder(where)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.EntityDeclHandler = builder.refuse_entity
    try:
        parser.Parse(data, True)
    except SceneError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise SceneError(f"expected XML, but {error}", where=where, remedy="fetch the file again") from error
    if builder.root is None:
        raise SceneError("expected XML, but it is empty", where=where, remedy="fetch the file again")
    return builder.root


class _Builder:
    """Puts elements together as the parser comes by."""

    def __init__(self, where: str) -> None:
        self.root: XmlElement | None = None
        self._where = where
        self._open: list[XmlElement] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str], line: int) -> None:
        element = XmlElement(tag, attributes, line)
        self._count += 1
        if self._count > MAX_XML_ELEMENTS or len(self._open) >= _MAX_DEPTH:
            problem = f"expected at most {MAX_XML_ELEMENTS} elements, {_MAX_DEPTH} deep"
            raise SceneError(problem, where=f"{self._where}, {element}")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, tag: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        if self._open and not text.isspace() and len(self._open[-1].text) < _MAX_TEXT:
            self._open[-1].text += text[:_MAX_TEXT]

    def refuse_entity(self, name: str, *declaration: object) -> None:
        raise SceneError(f"declares the entity {name!r}; expected none", where=self._where)


def _unzipped(data: bytes, path: Path) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        content = unzip.decompress(data, MAX_XML_BYTES + 1)
    except zlib.error as error:
        raise SceneError(f"expected a gzip file, but {error}", where=path, remedy="fetch the file again") from error
    if len(content) > MAX_XML_BYTES:
        raise SceneError(f"unpacks to more than {MAX_XML_BYTES} bytes", where=path)
    if not unzip.eof:
        raise SceneError("the gzip file ends early", where=path, remedy="fetch the file again")
    return content

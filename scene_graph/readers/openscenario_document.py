"""OpenSCENARIO files with their parameters put in and their catalog references resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.readers.openscenario_expressions import substituted
from scene_graph.readers.openscenario_files import find_folder
from scene_graph.readers.xml_tree import MAX_XML_ELEMENTS, XmlElement, read_xml

__all__ = ["ScenarioDocument", "read_document"]

_VERBATIM = frozenset({"ParameterDeclarations", "ParameterAssignments", "CatalogLocations"})
_MAX_CATALOG_FILES = 200

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioDocument:
    """A scenario's file.

    Attributes:
        root: its root element. No attribute holds a parameter any more, and each `<CatalogReference>` holds the
            catalog's entry as its child, where there is one.
        parameters: the values of the global parameters, by name.
        missing_entries: "catalog/entry" of the references that lead nowhere.
    """

    root: XmlElement
    parameters: dict[str, str]
    missing_entries: tuple[str, ...]


def read_document(path: Path, search_folders: Sequence[Path]) -> ScenarioDocument:
    """The scenario in a file.

    Raises:
        SceneError: the file is no OpenSCENARIO XML with a storyboard, a parameter is not declared, or an expression is
            none; the line says which.
    """
    root = read_xml(path)
    if root.tag != "OpenSCENARIO" or root.find("Storyboard") is None:
        held = ", ".join(child.tag for child in root.children[:6]) if root.tag == "OpenSCENARIO" else f"<{root.tag}>"
        raise SceneError(f"expected an <OpenSCENARIO> with a <Storyboard>, received {held}", where=path)
    resolver = _Resolver(_Catalogs(root, path, search_folders))
    try:
        parameters = resolver.declared(root, {})
        resolved = resolver.resolved(root, {})
    except SceneError:
        raise
    except ValueError as error:
        raise SceneError(str(error), where=path) from error
    return ScenarioDocument(root=resolved, parameters=dict(parameters), missing_entries=tuple(resolver.missing))


@dataclass(slots=True, eq=False)
class _Catalogs:
    """The catalogs that a scenario has at hand, read when first asked for."""

    root: XmlElement
    path: Path
    search_folders: Sequence[Path]
    entries: dict[tuple[str, str], XmlElement] | None = field(default=None)

    def entry(self, catalog: str, name: str) -> XmlElement | None:
        """An entry of a catalog, or None."""
        if self.entries is None:
            self.entries = self._read()
        return self.entries.get((catalog, name))

    def _read(self) -> dict[tuple[str, str], XmlElement]:
        entries: dict[tuple[str, str], XmlElement] = {}
        for location in (child for group in self.root.find_all("CatalogLocations") for child in group.children):
            directory = location.find("Directory")
            if directory is None:
                continue
            folder = find_folder(directory.string("path"), self.path, self.search_folders)
            files = [] if folder is None else sorted(file for file in folder.iterdir() if file.suffix == ".xosc")
            for file in files[:_MAX_CATALOG_FILES]:
                for catalog in read_xml(file).find_all("Catalog"):
                    for entry in catalog.children:
                        entries.setdefault((catalog.string("name", ""), entry.string("name", "")), entry)
        return entries


class _Resolver:
    """Copies elements with their parameters put in."""

    def __init__(self, catalogs: _Catalogs) -> None:
        self._catalogs = catalogs
        self._count = 0
        self.missing: dict[str, None] = {}

    def resolved(self, element: XmlElement, scope: Parameters, *, in_catalog: bool = False) -> XmlElement:
        """A copy of an element and all below it; a reference inside a catalog's entry stays a reference."""
        self._count += 1
        if self._count > MAX_XML_ELEMENTS:
            raise ValueError(f"{element}: with its catalogs the scenario has more than {MAX_XML_ELEMENTS} elements")
        scope = self.declared(element, scope)
        copy = XmlElement(element.tag, self._attributes(element, scope), element.line)
        copy.text = element.text
        if element.tag == "CatalogReference" and not in_catalog:
            entry = self._entry(element, copy, scope)
            copy.children = [] if entry is None else [entry]
        else:
            copy.children = [
                self.resolved(child, scope, in_catalog=in_catalog)
                for child in element.children
                if child.tag not in _VERBATIM
            ]
        return copy

    def declared(self, element: XmlElement, scope: Parameters) -> Parameters:
        """The parameters that hold inside an element."""
        declarations = element.within("ParameterDeclarations", "ParameterDeclaration")
        if not declarations:
            return scope
        inner = dict(scope)
        for declaration in declarations:
            inner[declaration.string("name")] = _value(declaration, "value", inner)
        return inner

    def _entry(self, element: XmlElement, reference: XmlElement, scope: Parameters) -> XmlElement | None:
        """The entry that a reference means, with the values that it assigns."""
        catalog, name = reference.string("catalogName"), reference.string("entryName")
        entry = self._catalogs.entry(catalog, name)
        if entry is None:
            self.missing[f"{catalog}/{name}"] = None
            return None
        assigned = {
            assignment.string("parameterRef").lstrip("$"): _value(assignment, "value", scope)
            for assignment in element.within("ParameterAssignments", "ParameterAssignment")
        }
        inner = dict(scope)
        for declaration in entry.within("ParameterDeclarations", "ParameterDeclaration"):
            parameter = declaration.string("name")
            inner[parameter] = assigned.get(parameter) or _value(declaration, "value", inner)
        inner |= assigned
        bare = XmlElement(entry.tag, entry.attributes, entry.line)
        bare.children = [child for child in entry.children if child.tag not in _VERBATIM]
        return self.resolved(bare, inner, in_catalog=True)

    def _attributes(self, element: XmlElement, scope: Parameters) -> dict[str, str]:
        return {name: _value(element, name, scope) for name in element.attributes}


def _value(element: XmlElement, name: str, scope: Parameters) -> str:
    """An attribute with its parameter or expression put in; a name that is no expression after all stays as it is."""
    text = element.string(name)
    if "$" not in text:
        return text
    if name == "parameterRef":
        return text.lstrip("$")
    try:
        return substituted(text, scope)
    except ValueError as error:
        if name == "name":
            return text
        raise ValueError(f"{element}: {name!r}: {error}") from error

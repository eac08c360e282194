"""OpenDRIVE and OpenSCENARIO as formats, recognised by their suffix without importing what reads them."""

from __future__ import annotations

from pathlib import Path

from scene_graph.readers.reader import Reader
from scene_graph.recording import Recording

__all__ = ["OPENDRIVE", "OPENSCENARIO"]


def _holds(path: Path, *suffixes: str) -> bool:
    files = [path] if path.is_file() else path.iterdir()
    return any(file.name.lower().endswith(suffixes) and file.is_file() for file in files)


def _is_opendrive(path: Path) -> bool:
    return _holds(path, ".xodr", ".xodr.gz")


def _is_openscenario(path: Path) -> bool:
    return _holds(path, ".xosc")


def _opendrive_scenes(path: Path) -> list[str]:
    from scene_graph.readers import opendrive

    return opendrive.READER.scenes(path)


def _openscenario_scenes(path: Path) -> list[str]:
    from scene_graph.readers import openscenario

    return openscenario.READER.scenes(path)


def _read_opendrive(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    from scene_graph.readers import opendrive

    return opendrive.READER.read(path, scene, skip_bad_records=skip_bad_records)


def _read_openscenario(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    from scene_graph.readers import openscenario

    return openscenario.READER.read(path, scene, skip_bad_records=skip_bad_records)


OPENDRIVE = Reader(
    name="opendrive",
    looks_like="a file NAME.xodr or NAME.xodr.gz, or a folder of such files",
    recognises=_is_opendrive,
    scenes=_opendrive_scenes,
    read=_read_opendrive,
)
OPENSCENARIO = Reader(
    name="openscenario",
    looks_like="a file NAME.xosc, or a folder of such files, with its OpenDRIVE map near",
    recognises=_is_openscenario,
    scenes=_openscenario_scenes,
    read=_read_openscenario,
)

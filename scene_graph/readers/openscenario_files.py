"""Where the files that an OpenSCENARIO file names lie: its road network and its catalogs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["find_folder", "find_road_network"]

_ROAD_SUFFIXES = (".xodr", ".xodr.gz")
_MAX_FOLDERS = 200


def find_road_network(name: str, scenario: Path, search_folders: Sequence[Path]) -> Path | None:
    """The OpenDRIVE file that a scenario names, or None.

    It is looked for where the scenario says, then by the last parts of its path, the longest first, beside the
    scenario, above it, in the search folders, and in folders `opendrive` beside the scenario's own folder or those
    above it. A gzipped file of the name will do.

    Args:
        name: the path in the scenario.
        scenario: the scenario's file.
        search_folders: where else to look.
    """
    bases = [*_bases(scenario, search_folders), *_opendrive_folders(scenario)]
    for candidate in _candidates(name, scenario, bases):
        for path in (candidate, candidate.with_name(f"{candidate.name}.gz")):
            if path.name.lower().endswith(_ROAD_SUFFIXES) and _is(path, folder=False):
                return path
    return None


def find_folder(name: str, scenario: Path, search_folders: Sequence[Path]) -> Path | None:
    """The folder that a scenario names, looked for as `find_road_network` does, or None."""
    for candidate in _candidates(name, scenario, _bases(scenario, search_folders)):
        if _is(candidate, folder=True):
            return candidate
    return None


def _candidates(name: str, scenario: Path, bases: Sequence[Path]) -> Iterator[Path]:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or "\0" in name:
        return
    yield scenario.parent / name.replace("\\", "/")
    inner = [part for part in parts if part != ".." and not part.endswith(":")]
    for first in range(len(inner)):
        for base in bases:
            yield base.joinpath(*inner[first:])


def _bases(scenario: Path, search_folders: Sequence[Path]) -> list[Path]:
    return [scenario.parent, scenario.parent.parent, *search_folders]


def _opendrive_folders(scenario: Path) -> list[Path]:
    """Folders called opendrive beside the scenario's folder or those above it, and the folders in them."""
    found: list[Path] = []
    for above in scenario.resolve().parents[1:4]:
        folder = above / "opendrive"
        if _is(folder, folder=True):
            inner = sorted(child for child in folder.iterdir() if child.is_dir())
            found += [folder, *inner[:_MAX_FOLDERS]]
    return found


def _is(path: Path, *, folder: bool) -> bool:
    try:
        return path.is_dir() if folder else path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False

"""Recordings from logs on disk: the formats, and how a path's format is recognised."""

from __future__ import annotations

from pathlib import Path

from scene_graph.errors import SceneError
from scene_graph.readers.reader import Reader
from scene_graph.recording import Recording

__all__ = ["Reader", "detect_format", "list_scenes", "read_recording", "readers"]


def readers() -> tuple[Reader, ...]:
    """Every reader, in the order in which they are asked; imported here, when one is needed."""
    from scene_graph.readers import (
        argoverse2,
        clipgt,
        native,
        nuscenes,
        rds_hq,
        road_files,
        scenarionet,
        waymo_motion,
    )

    return (
        native.READER,
        argoverse2.READER,
        rds_hq.READER,
        clipgt.READER,
        nuscenes.READER,
        scenarionet.READER,
        waymo_motion.READER,
        road_files.OPENDRIVE,
        road_files.OPENSCENARIO,
    )


def read_recording(
    path: str | Path, *, format: str | None = None, scene: str | None = None, skip_bad_records: bool = False
) -> Recording:
    """The recording at `path`.

    Args:
        path: a file or folder of a known format.
        format: a format's name; None recognises it.
        scene: which scene, where the path holds several.
        skip_bad_records: drop bad records and list them in `source.skipped`, instead of raising at the first.

    Raises:
        SceneError: the path, format or scene is not known, or the source is damaged.
    """
    path = Path(path)
    reader = _reader(path, format)
    return reader.read(path, _scene(reader, path, scene), skip_bad_records=skip_bad_records)


def list_scenes(path: str | Path, *, format: str | None = None) -> list[str]:
    """Names of the scenes at `path`, sorted.

    Raises:
        SceneError: the path or its format is not known.
    """
    path = Path(path)
    return _reader(path, format).scenes(path)


def detect_format(path: str | Path) -> str:
    """Name of the format of `path`.

    Raises:
        SceneError: the path does not exist, or no reader recognises it.
    """
    return _reader(Path(path), None).name


def _reader(path: Path, format: str | None) -> Reader:
    if not path.exists():
        raise SceneError("no such file or folder", where=path, remedy="check the path")
    try:
        for reader in readers():
            if reader.name == format or (format is None and reader.recognises(path)):
                return reader
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=path) from error
    known = "; ".join(f"{reader.name}: {reader.looks_like}" for reader in readers())
    problem = "the format is not recognised" if format is None else f"unknown format {format!r}"
    raise SceneError(f"{problem}; known formats are {known}", where=path, remedy="name one with --format NAME")


def _scene(reader: Reader, path: Path, scene: str | None) -> str:
    scenes = reader.scenes(path)
    if not scenes:
        raise SceneError(f"expected {reader.name} scenes ({reader.looks_like}), found none", where=path)
    if scene is None and len(scenes) == 1:
        return scenes[0]
    if scene in scenes:
        return scene
    listed = ", ".join(scenes[:10]) + (", ..." if len(scenes) > 10 else "")
    problem = f"holds {len(scenes)} scenes" if scene is None else f"holds no scene {scene!r}, but {len(scenes)}"
    raise SceneError(f"{problem}: {listed}", where=path, remedy="choose one with --scene NAME")

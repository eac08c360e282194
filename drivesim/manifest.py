"""The record beside control-video files: what they show, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drivesim import __version__
from scene_graph.atomic_file import write_text
from scene_graph.errors import SceneError

__all__ = ["MANIFEST_NAME", "Manifest", "VideoFile", "describe_video_file", "read_manifest", "write_manifest"]

MANIFEST_NAME = "manifest.json"

_FORMAT = "drivesim control videos"
_VERSION = 1
_DAMAGED = "render again with --overwrite"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFile:
    """One finished file.

    Attributes:
        file: its name in the folder.
        width_px, height_px: size of its frames.
        num_frames: how many it holds.
        num_bytes: its size.
        sha256: hash of its bytes, 64 hexadecimal digits.
    """

    file: str
    width_px: int
    height_px: int
    num_frames: int
    num_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder of control videos holds, or will hold when its render is complete.

    Attributes:
        drivesim_version: the version that drew them.
        scenario_id, graph_hash: the scenario.
        style, style_hash: name and content hash of the style.
        timestamps_us: `t` times of the frames of every video, microseconds.
        rig: the cameras at the size they were drawn, as of `scene_graph.cameras.rig_yaml.rig_to_dict`.
        videos: camera name -> finished file; a camera of the rig that is not in it is not finished.
    """

    drivesim_version: str = __version__
    scenario_id: str
    graph_hash: str
    style: str
    style_hash: str
    timestamps_us: tuple[int, ...]
    rig: Mapping[str, Any]
    videos: Mapping[str, VideoFile] = field(default_factory=dict)

    @property
    def cameras(self) -> tuple[str, ...]:
        """`v` camera names, in the rig's order."""
        return tuple(camera["name"] for camera in self.rig["cameras"])

    @property
    def complete(self) -> bool:
        """Whether every camera is finished."""
        return set(self.cameras) == set(self.videos)

    def with_video(self, camera: str, video: VideoFile) -> Manifest:
        """The manifest after one more camera is finished."""
        merged = {**self.videos, camera: video}
        return replace(self, videos={name: merged[name] for name in self.cameras if name in merged})

    def differences(self, other: Manifest) -> list[str]:
        """In what two renders differ, in words; empty where their files are interchangeable."""
        compared = {
            "scenario": (self.graph_hash, other.graph_hash),
            "cameras": (self.rig, other.rig),
            "style": (self.style_hash, other.style_hash),
            "times": (self.timestamps_us, other.timestamps_us),
            "drivesim version": (self.drivesim_version, other.drivesim_version),
        }
        return [name for name, (ours, theirs) in compared.items() if ours != theirs]


def describe_video_file(path: Path, *, width_px: int, height_px: int, num_frames: int) -> VideoFile:
    """The record of a finished video file; reads its bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return VideoFile(
        file=path.name,
        width_px=width_px,
        height_px=height_px,
        num_frames=num_frames,
        num_bytes=path.stat().st_size,
        sha256=digest.hexdigest(),
    )


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes `manifest.json` into the folder, one line a key."""
    content = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "complete": manifest.complete,
        **{name: getattr(manifest, name) for name in Manifest.__dataclass_fields__ if name != "videos"},
        "videos": {
            camera: {name: getattr(video, name) for name in VideoFile.__dataclass_fields__}
            for camera, video in manifest.videos.items()
        },
    }
    lines = (f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items())
    write_text(folder / MANIFEST_NAME, "{\n" + ",\n".join(lines) + "\n}\n")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, None where it has none.

    Raises:
        SceneError: the file is damaged or of another format or version.
    """
    path = folder / MANIFEST_NAME
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise SceneError(f"is not a record of {_FORMAT}", where=path, remedy="choose another folder")
        if content.get("format_version") != _VERSION:
            found = content.get("format_version")
            raise SceneError(f"format_version is {found!r}; expected {_VERSION}", where=path, remedy=_DAMAGED)
        values = {name: content[name] for name in Manifest.__dataclass_fields__}
        values["timestamps_us"] = tuple(int(time_us) for time_us in values["timestamps_us"])
        values["videos"] = {camera: VideoFile(**video) for camera, video in values["videos"].items()}
        manifest = Manifest(**values)
        manifest.complete  # noqa: B018 (reads the rig)
    except SceneError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"cannot be read ({type(error).__name__}: {error})"
        raise SceneError(problem, where=path, remedy=_DAMAGED) from error
    return manifest

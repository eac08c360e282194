"""Where the files of an RDS-HQ clip lie, what is in them, and its clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from scene_graph.errors import SceneError
from scene_graph.readers.decoding import parse_npy
from scene_graph.readers.tar_members import read_members

__all__ = ["FRAMES_PER_SECOND", "Clip"]

FRAMES_PER_SECOND = 30
_TIMES = re.compile(r"_(\d{1,18})_\d{1,18}$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip of a root folder: the files `<root>/<attribute>/<name>.tar`.

    Attributes:
        root: the folder of the attributes' folders.
        name: the clip's name, `<session>_<start us>_<end us>`.
    """

    root: Path
    name: str

    @property
    def start_us(self) -> int:
        """Time of frame 0, microseconds: as the name says, else 0."""
        match = _TIMES.search(self.name)
        return int(match.group(1)) if match else 0

    @property
    def start_origin(self) -> str:
        """Where `start_us` comes from, in words."""
        return "in the clip's name" if _TIMES.search(self.name) else "of clips whose names hold no time"

    def times_us(self, frames: Int64[np.ndarray, "t"]) -> Int64[np.ndarray, "t"]:
        """Times `t` (us) of frames: frame i is i / 30 s after the start, rounded to whole microseconds."""
        return self.start_us + (frames * 1_000_000 + FRAMES_PER_SECOND // 2) // FRAMES_PER_SECOND

    def path(self, attribute: str) -> Path:
        """The tar of an attribute, whether or not it exists."""
        return self.root / attribute / f"{self.name}.tar"

    def members(self, attribute: str) -> dict[str, bytes] | None:
        """Members of an attribute's tar by key (their names without the clip's); None where there is no tar.

        Raises:
            SceneError: the tar is damaged.
        """
        path = self.path(attribute)
        if not path.exists():
            return None
        prefix = f"{self.name}."
        named = {name.removeprefix("./"): content for name, content in read_members(path).items()}
        return {name.removeprefix(prefix): content for name, content in named.items() if name.startswith(prefix)}

    def where(self, attribute: str, key: str) -> str:
        """What errors call a member."""
        return f"{self.path(attribute)}, member {self.name}.{key}"

    def json_member(self, attribute: str, key: str) -> tuple[bytes, str] | None:
        """Content and name (for errors) of the one JSON member of an attribute; None where there is no tar.

        Raises:
            SceneError: the tar is damaged, or has no such member.
        """
        members = self.members(attribute)
        if members is None:
            return None
        if key not in members:
            raise SceneError(
                f"has no member {self.name}.{key}; it has {', '.join(sorted(members)[:3]) or 'none of this clip'}",
                where=self.path(attribute),
                remedy="fetch the file again",
            )
        return members[key], self.where(attribute, key)

    def required_members(self, attribute: str) -> dict[str, bytes]:
        """Members of an attribute that must be there.

        Raises:
            SceneError: it is missing or damaged.
        """
        members = self.members(attribute)
        if members is None:
            problem = f"no such file; a clip needs its {attribute}"
            raise SceneError(problem, where=self.path(attribute), remedy="fetch the attribute of this clip")
        return members

    def array(self, attribute: str, key: str, content: bytes, *shapes: tuple[int, ...]) -> Shaped[np.ndarray, "..."]:
        """The float64 array of an npy member, of one of the shapes.

        Raises:
            SceneError: the member is damaged, or of another shape.
        """
        where = self.where(attribute, key)
        array = parse_npy(content, where)
        if array.shape not in shapes:
            expected = " or ".join(str(shape) for shape in shapes)
            raise SceneError(f"expected an array of shape {expected}, received {array.shape}", where=where)
        return array.astype(np.float64)

    def frames(self, members: Mapping[str, bytes], pattern: str) -> dict[str, dict[int, str]]:
        """Keys of per-frame members: what the pattern's second group names -> frame -> key, frames increasing.

        Args:
            members: members by key.
            pattern: regular expression of a whole key; group 1 is the frame, group 2 (if any) a name, else "".
        """
        found: dict[str, dict[int, str]] = {}
        for key in members:
            match = re.fullmatch(pattern, key, re.ASCII)
            if match:
                name = match.group(2) if match.re.groups > 1 else ""
                found.setdefault(name, {})[int(match.group(1))] = key
        return {name: dict(sorted(keys.items())) for name, keys in found.items()}

"""Members of a tar file, read in one pass and in memory only."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import BinaryIO

from scene_graph.errors import SceneError

__all__ = ["MAX_MEMBER_BYTES", "read_members"]

MAX_MEMBER_BYTES = 1 << 30
"""A member that claims to be larger is refused unread."""

_BLOCK = 512


def read_members(path: Path) -> dict[str, bytes]:
    """The regular files of an uncompressed tar, as name -> content, in the order of the archive.

    Nothing is written to disk; names are only keys here. Folders, links and devices are passed over.

    Raises:
        SceneError: the file cannot be read, is no tar or ends early, or a member is damaged, too large, sparse or
            there twice.
    """
    members: dict[str, bytes] = {}
    current = ""
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                current = f" member {member.name}"
                if member.isreg():
                    members[member.name] = _content(archive, member, members, f"{path}{current}")
            # tarfile takes a damaged header for the end of the archive: the true end is zeros up to the file's end
            file.seek(archive.offset)
            num_zeros = _num_zeros_to_end(file)
    except SceneError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError) as error:
        raise SceneError(
            f"expected a tar archive, but {error}", where=f"{path}{current}", remedy="fetch the file again"
        ) from error
    if num_zeros < _BLOCK:
        raise SceneError(
            f"the tar archive is damaged or ends early after {len(members)} members",
            where=f"{path}{current}",
            remedy="fetch the file again",
        )
    return members


def _num_zeros_to_end(file: BinaryIO) -> int:
    """How many bytes are left, if all of them are 0; else 0."""
    count = 0
    while chunk := file.read(1 << 20):
        if chunk.count(0) != len(chunk):
            return 0
        count += len(chunk)
    return count


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, known: dict[str, bytes], where: str) -> bytes:
    if member.size > MAX_MEMBER_BYTES:
        raise SceneError(f"claims {member.size} bytes; expected at most {MAX_MEMBER_BYTES}", where=where)
    if member.issparse():
        raise SceneError("is a sparse file; expected a plain one", where=where)
    if member.name in known:
        raise SceneError("is in the archive twice; expected once", where=where)
    file = archive.extractfile(member)
    content = b"" if file is None else file.read()
    if len(content) != member.size:
        raise SceneError(f"claims {member.size} bytes but has {len(content)}", where=where, remedy="fetch it again")
    return content

"""Tokens of nuScenes records: the same name has the same token in every data set."""

from __future__ import annotations

import hashlib
import re

__all__ = ["file_stem", "token"]

_UNSAFE = re.compile(r"[^A-Za-z0-9+-]+")
_LONGEST = 64


def token(*names: str) -> str:
    """32 hexadecimal digits made of names."""
    content = "\x1f".join(names).encode("utf-8", errors="surrogatepass")
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def file_stem(name: str) -> str:
    """The name as part of a file name: itself where it is one, else what is safe of it and a few digits of its own."""
    safe = _UNSAFE.sub("_", name)[:_LONGEST]
    return name if safe == name and name else f"{safe}-{token(name)[:8]}"

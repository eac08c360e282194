"""How every kernel of this folder is compiled, and when its machine code on disk is thrown away."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

__all__ = ["compiled", "inlined"]

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "cache": True, "error_model": "numpy"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles to machine code on first use, without the interpreter lock, cached on disk."""
    return _compile(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `compiled`, and inlined into the kernels that call it."""
    return _compile(function, inline="always")


def _compile(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    # run-time checks around a function (the tests have them) are what the compiler cannot see through
    dispatcher = njit(**options, **_OPTIONS)(inspect.unwrap(function))
    discard_stale(Path(dispatcher.stats.cache_path), _digest())
    return dispatcher


@functools.cache
def discard_stale(folder: Path, digest: str) -> None:
    """Removes machine code that was made from other sources than those with this digest.

    Numba asks whether the file of a kernel has changed, not whether the files of the kernels that it calls have: a
    caller would go on with the old code of what it calls.
    """
    stamp = folder / f"kernels-{digest}.stamp"
    if stamp.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.nbi", "*.nbc", "kernels-*.stamp"):
        for stale in folder.glob(pattern):
            stale.unlink(missing_ok=True)
    stamp.touch()


@functools.cache
def _digest() -> str:
    """Of the sources of all kernels."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]

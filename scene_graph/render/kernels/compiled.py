"""How every kernel of this folder is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["compiled", "inlined"]

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "cache": True, "error_model": "numpy"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles to machine code on first use, without the interpreter lock, cached on disk."""
    return njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `compiled`, and inlined into the kernels that call it."""
    return njit(inline="always", **_OPTIONS)(function)

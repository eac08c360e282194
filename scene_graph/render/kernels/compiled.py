"""How every kernel of this folder is compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["compiled", "inlined"]

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "cache": True, "error_model": "numpy"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles to machine code on first use, without the interpreter lock, cached on disk."""
    return njit(**_OPTIONS)(_bare(function))


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `compiled`, and inlined into the kernels that call it."""
    return njit(inline="always", **_OPTIONS)(_bare(function))


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without run-time checks around it, which the compiler cannot see through."""
    return inspect.unwrap(function)

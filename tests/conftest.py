"""Where the real data and the official numbers lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _folder(variable: str, default: str) -> Path:
    root = Path(os.environ.get(variable) or Path(__file__).parents[1] / default)
    if not root.is_dir():
        pytest.skip(f"no folder {root}; set {variable}")
    return root


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real driving data; the test is skipped where it is absent."""
    return _folder("DRIVESIM_DATA", "../shared/data")


@pytest.fixture(scope="session")
def conformance_root() -> Path:
    """The folder of official numbers; the test is skipped where it is absent."""
    return _folder("DRIVESIM_CONFORMANCE", "../shared/conformance")

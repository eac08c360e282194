"""Files of values (rigs, styles, ...) that come with the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from scene_graph.errors import SceneError

__all__ = ["config_path"]

_PACKAGE = "scene_graph._configs"


def config_path(group: str, name: str) -> Path:
    """The file of the packaged configuration `name` in a group such as "rigs" or "styles".

    Raises:
        SceneError: the group has no such configuration; the message lists those it has.
    """
    available = {path.stem: path for path in sorted((_configs_folder() / group).glob("*.yaml"))}
    if name not in available:
        raise SceneError(
            f"no configuration named {name!r} among the packaged {group}",
            remedy=f"choose one of {', '.join(available) or '(none are installed)'}, or give the path of a YAML file",
        )
    return available[name]


def _configs_folder() -> Path:
    """The installed data package, or the folder configs/ of a checkout that is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(__file__).resolve().parents[1] / "configs"

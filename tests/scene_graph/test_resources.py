"""Files of values that come with the package."""

from __future__ import annotations

import pytest

from scene_graph.errors import SceneError
from scene_graph.resources import config_path


def test_a_packaged_configuration_is_a_file() -> None:
    path = config_path("rigs", "nuscenes")
    assert path.is_file()
    assert path.name == "nuscenes.yaml"
    assert path.parent.name == "rigs"


@pytest.mark.parametrize("name", ["unknown", "", "../rigs/nuscenes", "nuscenes.yaml"])
def test_another_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(SceneError, match=r"among the packaged rigs; choose one of .*nuscenes.*rds_hq"):
        config_path("rigs", name)


def test_an_unknown_group_has_nothing() -> None:
    with pytest.raises(SceneError, match=r"\(none are installed\)"):
        config_path("wheels", "round")

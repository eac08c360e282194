"""Native scenario files through the common entrance."""

from __future__ import annotations

from pathlib import Path

import pytest

from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.native import save_recording
from scene_graph.readers import detect_format, list_scenes, read_recording


def test_a_file_and_a_folder_of_scenarios(tmp_path: Path) -> None:
    recording = example_recording()
    for name in ("one", "two"):
        save_recording(recording, tmp_path / f"{name}.scenario")
    assert detect_format(tmp_path / "one.scenario") == detect_format(tmp_path) == "native"
    assert list_scenes(tmp_path) == ["one", "two"]
    assert read_recording(tmp_path, scene="two").graph.hash() == recording.graph.hash()
    assert read_recording(tmp_path / "one.scenario").graph.hash() == recording.graph.hash()
    with pytest.raises(SceneError, match="holds 2 scenes: one, two"):
        read_recording(tmp_path)

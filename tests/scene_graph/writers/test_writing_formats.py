"""How a format finds its writer, and the native one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from round_trips import recording_of
from strategies import full_scenario, graphs, pinhole_rig

from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.graph import ScenarioGraph
from scene_graph.readers import detect_format, read_recording, readers
from scene_graph.writers import write_recording, writers


def test_every_format_that_is_written_is_read() -> None:
    names = [writer.name for writer in writers()]
    assert len(set(names)) == len(names)
    assert set(names) <= {reader.name for reader in readers()}


@pytest.mark.parametrize("format", ["native", "rds_hq", "clipgt"])
def test_the_example_comes_back_in_every_format(tmp_path: Path, format: str) -> None:
    recording = example_recording()
    path = tmp_path / ("out.scenario" if format == "native" else "out")
    report = write_recording(recording, path, format=format)
    assert report.path == str(path)
    assert detect_format(path) == format
    back = read_recording(path)
    assert back.source.skipped == ()
    assert report.written["actors"] == len(back.graph.actors)
    assert report.written["cameras"] == len(back.rig.names)
    assert len(back.frame_timestamps_us) in (240, 241)


@settings(max_examples=10, deadline=None)
@given(graphs())
def test_the_native_format_leaves_nothing_out(tmp_path_factory: pytest.TempPathFactory, graph: ScenarioGraph) -> None:
    path = tmp_path_factory.mktemp("native") / "a.scenario"
    report = write_recording(recording_of(graph, pinhole_rig()), path, format="native")
    assert report.left_out == ()
    assert read_recording(path).graph.hash() == graph.hash()
    assert report.written["elements"] == len(graph.elements)


def test_a_native_file_is_not_replaced_nor_called_otherwise(tmp_path: Path) -> None:
    recording = recording_of(full_scenario(), None)
    with pytest.raises(SceneError, match=r"ends in \.scenario"):
        write_recording(recording, tmp_path / "a.zip", format="native")
    write_recording(recording, tmp_path / "a.scenario", format="native")
    with pytest.raises(SceneError, match=r"a.scenario: is already there"):
        write_recording(recording, tmp_path / "a.scenario", format="native")


def test_unknown_formats_list_the_known(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="unknown format 'vhs'; known formats are native: ") as raised:
        write_recording(recording_of(full_scenario(), None), tmp_path / "x", format="vhs")
    for writer in writers():
        assert f"{writer.name}: {writer.holds}" in str(raised.value)


@pytest.mark.parametrize("format", ["native", "rds_hq", "clipgt"])
def test_an_unsound_graph_is_written_nowhere(tmp_path: Path, format: str) -> None:
    graph = full_scenario()
    broken = ScenarioGraph(scenario_id="x", ego=graph.ego, elements=(graph.elements[0], graph.elements[0]))
    with pytest.raises(ValueError, match="2 elements have the id 'lane'"):
        write_recording(recording_of(broken, pinhole_rig()), tmp_path / "x.scenario", format=format)
    assert list(tmp_path.iterdir()) == []

"""Edits of every real scene that can be read."""

from pathlib import Path

import numpy as np
import pytest

from scene_graph.edit import apply_edits, parse_edits
from scene_graph.edit.edit_file import parse_yaml
from scene_graph.edit.operations import Operation
from scene_graph.lanes import LaneGraph
from scene_graph.readers import list_scenes, read_recording, readers
from scene_graph.recording import Recording

pytestmark = [pytest.mark.data, pytest.mark.slow]

EDITS = """
- offset_ego: {lateral_m: 0.3, from_s: MIDDLE, blend_s: 0.2, allow_overlap: true}
- retime_actor: {where: {within_m: 60}, speed_factor: 1.1, allow_overlap: true, allow_none: true}
- move_actor: {where: {within_m: 30}, offset_m: [0.5, 0, 0], allow_overlap: true, allow_none: true}
- mark_lane_line: {where: {within_m: 10}, colour: yellow, pattern: solid_dashed, allow_none: true}
- set_signal: {where: {}, state: red, allow_none: true}
- set_environment: {weather: fog, time_of_day: dusk}
- mirror:
- crop: {from_s: MIDDLE, radius_m: 80}
"""


@pytest.fixture(scope="module")
def scenes(data_root: Path) -> list[Recording]:
    """The first scene of each folder, or of each folder in it, that a reader recognises."""
    folders = sorted(path for path in data_root.iterdir() if path.is_dir())
    folders += [inner for outer in folders for inner in sorted(outer.iterdir()) if inner.is_dir()]
    known = [folder for folder in folders if any(reader.recognises(folder) for reader in readers())]
    if not known:
        pytest.skip("no reader recognises a folder")
    return [read_recording(folder, scene=list_scenes(folder)[0], skip_bad_records=True) for folder in known]


def edits_of(recording: Recording, text: str) -> tuple[Operation, ...]:
    """The edits of a text in which MIDDLE stands for the middle of the scenario's time, seconds."""
    middle_s = (recording.graph.end_us - recording.graph.start_us) // 2 * 1e-6
    return parse_edits(parse_yaml(text.replace("MIDDLE", f"{middle_s:.6f}")))


def test_every_kind_of_edit_of_every_scene(scenes: list[Recording]) -> None:
    for recording in scenes:
        before = recording.graph.hash()
        result = apply_edits(recording.graph, edits_of(recording, EDITS))
        result.graph.validate()
        assert recording.graph.hash() == before != result.hash
        back = apply_edits(result.graph, edits_of(recording, "- mirror:"))
        once, twice = result.graph.ego.trajectory, back.graph.ego.trajectory
        np.testing.assert_allclose(once.world_from_body.translation[0], twice.world_from_body.translation[0], atol=1e-9)


def test_driving_along_real_lanes(scenes: list[Recording]) -> None:
    """Speed and distance over the ground of an actor on the longest lane of each scene are those asked for."""
    for recording in scenes:
        graph = recording.graph
        lanes = LaneGraph.of(graph)
        if not lanes.lane_ids:
            continue
        longest = max(lanes.lane_ids, key=lambda lane_id: lanes.lengths_m[lane_id])
        edits = [
            {
                "add_actor": {
                    "actor": "an id that no log has",
                    "category": "car",
                    "size_lwh_m": [4.5, 1.9, 1.5],
                    "along_lane": {
                        "lane": longest,
                        "speeds": [{"t_s": 0, "speed_mps": 2.0}, {"t_s": 2, "speed_mps": 4.0}],
                        "on_route_end": "leave",
                    },
                    "allow_overlap": True,
                }
            }
        ]
        driven = apply_edits(graph, parse_edits(edits)).graph.actors[-1].trajectory
        since_s = (driven.timestamps_us - graph.start_us) * 1e-6
        expected_m = np.where(since_s < 2, 2 * since_s + since_s**2 / 2, 6 + 4 * (since_s - 2))
        steps_m = np.linalg.norm(np.diff(driven.world_from_body.translation, axis=0), axis=1)
        travelled_m = np.concatenate([[0.0], np.cumsum(steps_m)])
        within = expected_m <= lanes.lengths_m[longest]
        # chords are shorter than the lane where it bends
        assert (travelled_m <= expected_m + 1e-6).all()
        np.testing.assert_allclose(travelled_m[within], expected_m[within], rtol=0.02, atol=0.05)

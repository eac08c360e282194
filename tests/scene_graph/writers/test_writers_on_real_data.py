"""Real recordings, written and read again: everything that the formats hold is the same, to 1e-6 m, and looks it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from round_trips import assert_same_boxes, assert_same_elements, assert_same_pose, kept_relations, world_from_clip

from scene_graph.elements import ElementKind
from scene_graph.readers import list_scenes, read_recording
from scene_graph.readers.clipgt_map import LAYERS as CLIPGT_LAYERS
from scene_graph.readers.rds_hq_labels import LAYERS as RDS_HQ_LAYERS
from scene_graph.recording import Recording
from scene_graph.render.control import render_control_video
from scene_graph.writers import WriteReport, write_recording

pytestmark = [pytest.mark.data, pytest.mark.slow]

SOURCES = ("argoverse2", "rds_hq")
LAYERS = {"rds_hq": RDS_HQ_LAYERS, "clipgt": CLIPGT_LAYERS}
LENS_ERROR_PX = 5.0  # the distortion of Argoverse 2's lenses is no f-theta lens's


@pytest.fixture(scope="module", params=SOURCES)
def recording(request: pytest.FixtureRequest, data_root: Path) -> Recording:
    folder = data_root / request.param
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return read_recording(folder, scene=list_scenes(folder)[0])


@pytest.fixture(scope="module", params=sorted(LAYERS))
def converted(
    request: pytest.FixtureRequest, recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Recording, WriteReport]:
    path = tmp_path_factory.mktemp("converted") / "out"
    report = write_recording(recording, path, format=request.param, max_lens_error_px=LENS_ERROR_PX)
    return request.param, read_recording(path), report


def test_the_map_comes_back(recording: Recording, converted: tuple[str, Recording, WriteReport]) -> None:
    format, back, report = converted
    graph = recording.graph
    keeps_all = format == "rds_hq"
    usual = tuple(
        replace(element, mark=replace(element.mark, width_m=0.15)) if element.mark and not keeps_all else element
        for element in graph.elements
    )
    graph = replace(graph, elements=usual)
    kinds = LAYERS[format].values()
    assert_same_elements(graph, back.graph, kinds, keeps_attributes=keeps_all, keeps_width=True)
    assert set(back.graph.relations) == kept_relations(graph, back.graph)
    lost = {element.kind for element in graph.elements} - set(kinds)
    assert {kind for kind in ElementKind if any(f"that are {kind.value}." in one for one in report.left_out)} == lost


def test_ego_and_actors_come_back(recording: Recording, converted: tuple[str, Recording, WriteReport]) -> None:
    format, back, report = converted
    offset_us = back.graph.start_us - recording.graph.start_us
    world = world_from_clip(recording.graph)
    times_us = back.frame_timestamps_us[:: 3 * 8] if format == "rds_hq" else back.frame_timestamps_us[::8]
    for time_us in times_us.tolist():
        before_us = time_us - offset_us
        assert_same_pose(world @ back.graph.ego.trajectory.at(time_us), recording.graph.ego.trajectory.at(before_us))
        assert not assert_same_boxes(recording.graph, back.graph, before_us, time_us)
    assert len(back.graph.actors) == report.written["actors"] >= len(recording.graph.actors) - 3


def test_cameras_come_back(recording: Recording, converted: tuple[str, Recording, WriteReport]) -> None:
    _, back, _ = converted
    assert [name.removeprefix("camera_") for name in back.rig.names] == [
        name.removeprefix("camera_") for name in recording.rig.names
    ]
    assert_same_pose(back.rig.ego_from_camera, recording.rig.ego_from_camera)
    for camera, expected in zip(back.rig.cameras, recording.rig.cameras, strict=True):
        pixels = np.random.default_rng(1).uniform([0, 0], [expected.width_px, expected.height_px], (200, 2))
        rays = expected.unproject(pixels)
        seen, _, visible = expected.project(rays)
        apart_px = np.linalg.norm(camera.project(rays)[0] - seen, axis=1)[visible]
        assert apart_px.max() < (1e-6 if type(expected) is type(camera) else LENS_ERROR_PX)


def test_control_videos_look_the_same(recording: Recording, converted: tuple[str, Recording, WriteReport]) -> None:
    format, back, _ = converted
    offset_us = back.graph.start_us - recording.graph.start_us
    times_us = back.frame_timestamps_us[[0, len(back.frame_timestamps_us) // 2 // 3 * 3]].tolist()
    kinds = LAYERS[format].values()
    kept = tuple(element for element in recording.graph.elements if element.kind in kinds)
    same_actors = {actor.track_id: actor for actor in back.graph.actors}
    actors = tuple(
        replace(actor, category=same_actors[actor.track_id].category)
        for actor in recording.graph.actors
        if actor.track_id in same_actors
    )
    before = replace(recording, graph=replace(recording.graph, elements=kept, actors=actors, relations=()))
    names = recording.rig.names[:2]
    drawn = render_control_video(
        replace(before, rig=recording.rig.subset(names)), size=(320, 192),
        timestamps_us=[time_us - offset_us for time_us in times_us],
    )  # fmt: skip
    rig = replace(back.rig.subset(back.rig.names[:2]), cameras=recording.rig.subset(names).cameras)
    again = render_control_video(replace(back, rig=rig), size=(320, 192), timestamps_us=times_us)
    assert drawn.frames.any()
    apart = np.abs(drawn.frames.astype(np.int16) - again.frames.astype(np.int16)).max(axis=-1)
    assert (apart > 8).mean() < 2e-3

"""nuScenes data sets against other releases of the same scenes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scene_graph.readers import list_scenes, read_recording
from scene_graph.readers.nuscenes import READER, read_nuscenes
from scene_graph.readers.restricted_pickle import parse_pickle
from scene_graph.recording import Recording

pytestmark = pytest.mark.data


def version_folders(data_root: Path) -> list[Path]:
    """Folders of nuScenes tables below the data root."""
    folders = sorted(path.parent for path in data_root.glob("*/*/scene.json") if READER.recognises(path.parent))
    if not folders:
        pytest.skip(f"no nuScenes tables below {data_root}")
    return folders


def keyframe_times_us(folder: Path, scene: str) -> dict[str, int]:
    """Token -> time of a scene's samples, in time."""
    token = next(row["token"] for row in json.loads((folder / "scene.json").read_text()) if row["name"] == scene)
    samples = [row for row in json.loads((folder / "sample.json").read_text()) if row["scene_token"] == token]
    return {row["token"]: row["timestamp"] for row in sorted(samples, key=lambda row: row["timestamp"])}


def info_keyframes(data_root: Path) -> Iterator[tuple[Recording, dict[str, Any], int]]:
    """Keyframes that exist as info pickles too: the scene, the pickle's record, and the keyframe's time."""
    for path in sorted(data_root.glob("nuscenes_keyframe/*.pkl")):
        for record in parse_pickle(path.read_bytes(), str(path))["data_list"]:
            for folder in version_folders(data_root):
                for scene in list_scenes(folder):
                    time_us = keyframe_times_us(folder, scene).get(record["token"])
                    if time_us is not None:
                        yield read_nuscenes(folder, scene=scene), record, time_us


def test_every_scene_is_read_quickly(data_root: Path) -> None:
    for folder in version_folders(data_root):
        for scene in list_scenes(folder):
            start_s = time.process_time()
            recording = read_nuscenes(folder, scene=scene)
            assert time.process_time() - start_s < 3.0
            assert recording.source.skipped == ()
            assert recording.rig is not None
            ego = recording.graph.ego.trajectory
            speeds_mps = np.linalg.norm(ego.velocity_at(ego.timestamps_us), axis=1)
            assert np.median(speeds_mps) < 40.0
            for time_us in recording.frame_timestamps_us.tolist():
                assert len(recording.graph.boxes_at(time_us))


def test_boxes_project_where_the_keyframe_info_says(data_root: Path) -> None:
    """At least 95% of the centres inside the info's own images are within 2 px of one of ours."""
    errors_px: list[float] = []
    for recording, info, time_us in info_keyframes(data_root):
        rig, ego = recording.rig, recording.graph.ego.trajectory
        assert rig is not None
        centers_world = recording.graph.boxes_at(time_us).centers
        centers_lidar = np.array([one["bbox_3d"][:3] for one in info["instances"]])
        for name, image in info["images"].items():
            camera = rig.camera(name)
            ego_from_world = ego.at(round(image["timestamp"] * 1e6)).inverse()
            camera_from_world = rig.ego_from_camera[rig.index(name)].inverse() @ ego_from_world
            pixels, depth_m, _ = camera.project(camera_from_world.apply(centers_world))
            camera_from_lidar = np.array(image["lidar2cam"])
            theirs = centers_lidar @ camera_from_lidar[:3, :3].T + camera_from_lidar[:3, 3]
            homogeneous = theirs @ np.array(image["cam2img"]).T
            their_pixels = homogeneous[:, :2] / homogeneous[:, 2:] + 0.5  # it counts from the first pixel's centre
            inside = (theirs[:, 2] > 0) & (their_pixels >= 0).all(axis=1)
            inside &= (their_pixels < (camera.width_px, camera.height_px)).all(axis=1)
            away_px = np.linalg.norm(their_pixels[inside][:, None] - pixels[depth_m > 0][None], axis=2)
            errors_px += away_px.min(axis=1, initial=np.inf).tolist()
    if not errors_px:
        pytest.skip("no keyframe is there as an info pickle")
    assert np.mean(np.array(errors_px) <= 2.0) >= 0.95
    assert np.median(errors_px) < 0.01


def test_image_sizes_are_those_of_the_rig(data_root: Path) -> None:
    for recording, _, _ in info_keyframes(data_root):
        if recording.frames is None or recording.rig is None:
            continue
        for name, camera in zip(recording.rig.names, recording.rig.cameras, strict=True):
            for time_us in recording.frames.timestamps_us(name).tolist():
                image = recording.frames.image(name, time_us)
                assert image.shape == (camera.height_px, camera.width_px, 3)
                assert recording.graph.boxes_at(time_us).track_ids


def test_tracks_agree_with_scenarionet_to_a_centimetre(data_root: Path) -> None:
    """ScenarioNet resamples the same annotations at ten a second: keyframe k is its half second k."""
    compared = 0
    for folder in version_folders(data_root):
        for path in sorted(data_root.glob("scenarionet/*/*.json.gz")):
            for scene in list_scenes(folder):
                if not path.name.removesuffix(".json.gz").endswith(scene):
                    continue
                other = read_recording(path).graph
                theirs = {actor.track_id: actor for actor in other.actors}
                recording = read_nuscenes(folder, scene=scene)
                times_us = list(keyframe_times_us(folder, scene).values())
                for actor in recording.graph.actors:
                    same = theirs.get(actor.track_id)
                    for index, time_us in enumerate(times_us if same is not None else []):
                        their_us = other.start_us + 500_000 * index
                        if same is None or not (actor.present_at(time_us) and same.present_at(their_us)):
                            continue
                        ours, their = actor.trajectory.at(time_us), same.trajectory.at(their_us)
                        np.testing.assert_allclose(ours.translation, their.translation, atol=0.01)
                        np.testing.assert_allclose(np.cos(ours.yaw_rad - their.yaw_rad), 1.0, atol=1e-4)
                        np.testing.assert_allclose(actor.size_lwh_m, same.size_lwh_m, atol=0.01)
                        compared += 1
    if not compared:
        pytest.skip("no scene is there as ScenarioNet record too")
    assert compared >= 50

"""Counts, lengths and angles of a recording, by hand on small ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

from drivesim.recording_summary import summarise
from scene_graph.cameras import CameraRig, FisheyeCamera, PinholeCamera
from scene_graph.elements import ElementKind, MapElement
from scene_graph.example import example_recording
from scene_graph.se3 import SE3


def element(kind: ElementKind, vertices: list[list[float]], **fields: object) -> MapElement:
    return MapElement(element_id="e", kind=kind, vertices_world=np.array(vertices, dtype=np.float64), **fields)


def test_lengths_and_areas() -> None:
    recording = example_recording()
    square = [[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 4.0, 0.0], [0.0, 4.0, 0.0]]
    hole = np.array([[1.0, 1.0, 0.0], [2.0, 1.0, 0.0], [2.0, 3.0, 0.0], [1.0, 3.0, 0.0]])
    elements = (
        element(ElementKind.CROSSWALK, square, holes_world=(hole,)),
        element(ElementKind.CROSSWALK, [[500.0, 0.0, 9.0], [500.0, 2.0, 9.0], [503.0, 2.0, 9.0]]),
        element(ElementKind.POLE, [[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [4.0, 0.0, 3.0]]),
        element(ElementKind.ROAD_BOUNDARY, square, closed=True),
    )
    summary = summarise(replace(recording, graph=replace(recording.graph, elements=elements, relations=(), signals=())))
    assert summary["elements"] == {
        "crosswalk": {"count": 2, "area_m2": pytest.approx(16 - 2 + 3)},
        "pole": {"count": 1, "length_m": pytest.approx(7)},
        "road_boundary": {"count": 1, "length_m": pytest.approx(16)},
    }


def test_cameras() -> None:
    recording = example_recording()
    # a pinhole that looks to the left and a fisheye of 190 degrees that looks forward
    forward = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    left = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    focal_px = 640 / np.deg2rad(95.0)
    rig = CameraRig(
        names=("left", "wide"),
        cameras=(
            PinholeCamera(fx_px=500.0, fy_px=500.0, cx_px=500.0, cy_px=300.0, width_px=1000, height_px=600),
            FisheyeCamera(fx_px=focal_px, fy_px=focal_px, cx_px=640.0, cy_px=360.0, width_px=1280, height_px=720),
        ),
        ego_from_camera=SE3(
            rotation=np.stack([left, forward]), translation=np.array([[1.0, 0.5, 1.5], [2.0, 0.0, 1.0]])
        ),
    )
    pinhole, fisheye = summarise(replace(recording, rig=rig))["cameras"]
    assert pinhole["horizontal_fov_deg"] == pytest.approx(90.0)
    assert pinhole["yaw_deg"] == pytest.approx(90.0)
    assert pinhole["position_ego_m"] == [1.0, 0.5, 1.5]
    assert fisheye["horizontal_fov_deg"] == pytest.approx(190.0)
    assert fisheye["yaw_deg"] == pytest.approx(0.0)
    assert (pinhole["model"], fisheye["model"]) == ("pinhole", "fisheye")


def test_motion_and_json() -> None:
    summary = summarise(example_recording())
    assert summary["ego"]["mean_speed_mps"] == pytest.approx(10.0, rel=2e-3)  # 10 m/s seen from above, on a slope
    assert summary["ego"]["distance_m"] == pytest.approx(80.0, rel=2e-3)
    assert summary["frames"] == {"count": 240, "rate_hz": pytest.approx(30.0)}
    assert json.loads(json.dumps(summary)) == summary
    assert summarise(replace(example_recording(), rig=None))["cameras"] is None

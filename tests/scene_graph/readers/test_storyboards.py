"""OpenSCENARIO: a small scenario written here, and every real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_road_networks import ROOT, road

from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, read_recording

VEHICLE = (
    '<Vehicle name="car" vehicleCategory="car"><ParameterDeclarations/>'
    '<BoundingBox><Center x="1.4" y="0" z="0.75"/><Dimensions width="2" length="5" height="1.5"/></BoundingBox>'
    '<Performance maxSpeed="70" maxAcceleration="10" maxDeceleration="10"/><Axles>'
    '<FrontAxle maxSteering="0.5" wheelDiameter="0.6" trackWidth="1.7" positionX="2.8" positionZ="0.3"/>'
    '<RearAxle maxSteering="0" wheelDiameter="0.6" trackWidth="1.7" positionX="0" positionZ="0.3"/></Axles>'
    "<Properties/></Vehicle>"
)


def init(name: str, lane_id: int, s_m: float, speed_mps: float) -> str:
    return (
        f'<Private entityRef="{name}">'
        f'<PrivateAction><TeleportAction><Position><LanePosition roadId="1" laneId="{lane_id}" offset="0" s="{s_m}"/>'
        "</Position></TeleportAction></PrivateAction>"
        "<PrivateAction><LongitudinalAction><SpeedAction>"
        '<SpeedActionDynamics dynamicsShape="step" value="0" dynamicsDimension="time"/>'
        f'<SpeedActionTarget><AbsoluteTargetSpeed value="{speed_mps}"/></SpeedActionTarget>'
        "</SpeedAction></LongitudinalAction></PrivateAction></Private>"
    )


def scenario(map_name: str) -> str:
    objects = "".join(f'<ScenarioObject name="{name}">{VEHICLE}</ScenarioObject>' for name in ("Ego", "Other"))
    return (
        '<?xml version="1.0"?><OpenSCENARIO><FileHeader revMajor="1" revMinor="1" date="2026-01-01T00:00:00"'
        ' description="d" author="a"/><ParameterDeclarations/><CatalogLocations/>'
        f'<RoadNetwork><LogicFile filepath="{map_name}"/></RoadNetwork><Entities>{objects}</Entities>'
        f"<Storyboard><Init><Actions>{init('Ego', -1, 20, 10)}{init('Other', -1, 60, 5)}</Actions></Init>"
        "<StopTrigger><ConditionGroup>"
        '<Condition name="end" delay="0" conditionEdge="none"><ByValueCondition>'
        '<SimulationTimeCondition value="6" rule="greaterThan"/></ByValueCondition></Condition>'
        "</ConditionGroup></StopTrigger></Storyboard></OpenSCENARIO>"
    )


def test_vehicles_follow_their_lanes_at_their_speeds(tmp_path: Path) -> None:
    (tmp_path / "map.xodr").write_text(road("<line/>", 300))
    (tmp_path / "drive.xosc").write_text(scenario("map.xodr"))
    assert detect_format(tmp_path / "drive.xosc") == "openscenario"
    graph = read_recording(tmp_path / "drive.xosc").graph
    graph.validate()
    direction, left = np.array([np.cos(0.3), np.sin(0.3)]), np.array([-np.sin(0.3), np.cos(0.3)])
    ego = graph.ego.trajectory
    assert (ego.end_us - ego.start_us) / 1e6 == pytest.approx(6, abs=0.1)
    places = ego.world_from_body.translation[:, :2] - [10, 20]
    times_s = (ego.timestamps_us - ego.start_us) / 1e6
    assert places @ direction == pytest.approx(20 + 10 * times_s, abs=0.2)
    assert places @ left == pytest.approx(-1.75, abs=0.05)
    (other,) = graph.actors
    moved = other.trajectory.world_from_body.translation[[0, -1], :2] @ direction
    assert moved[1] - moved[0] == pytest.approx(30, abs=0.5)
    assert other.size_lwh_m.tolist() == [5, 2, 1.5]
    assert other.trajectory.world_from_body.translation[:, 2] == pytest.approx(0.75, abs=0.05)


def test_a_missing_map_and_broken_xml_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "drive.xosc"
    path.write_text(scenario("nowhere.xodr"))
    with pytest.raises(SceneError, match=r"nowhere\.xodr"):
        read_recording(path)
    path.write_text(scenario("map.xodr")[:400])
    with pytest.raises(SceneError, match=r"drive\.xosc"):
        read_recording(path)


# In a process of its own: the shape checks of the tests would make this many times slower.
FAILURES = """
import sys
from scene_graph.errors import SceneError
from scene_graph.readers import read_recording
for path in sys.argv[1:]:
    try:
        read_recording(path).graph.validate()
    except SceneError as error:
        print(error)
"""


@pytest.mark.data
@pytest.mark.slow
def test_real_scenarios_load_or_say_why_not(data_root: Path) -> None:
    paths = sorted(map(str, (data_root / "openscenario").glob("*/*.xosc")))
    if not paths:
        pytest.skip("no OpenSCENARIO files")
    run = subprocess.run([sys.executable, "-c", FAILURES, *paths], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) <= 0.1 * len(paths), run.stdout

"""OpenDRIVE maps: small ones written here against closed forms, and every real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scene_graph.elements import ElementKind, MapElement, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.readers import read_recording

ROOT = Path(__file__).parents[3]
LANES = """
<lanes><laneSection s="0">
  <left><lane id="1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
    <roadMark sOffset="0" type="solid" color="standard" width="0.15"/></lane></left>
  <center><lane id="0" type="none" level="false">
    <roadMark sOffset="0" type="broken" color="yellow" width="0.12"/></lane></center>
  <right><lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
    <roadMark sOffset="0" type="solid" color="standard" width="0.15"/></lane></right>
</laneSection></lanes>"""


def road(geometry: str, length_m: float, extra: str = "") -> str:
    return (
        '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>'
        f'<road name="r" length="{length_m}" id="1" junction="-1">{extra}'
        f'<planView><geometry s="0" x="10" y="20" hdg="0.3" length="{length_m}">{geometry}</geometry></planView>'
        f"{LANES}</road></OpenDRIVE>"
    )


def lanes_of(path: Path, text: str) -> dict[str, MapElement]:
    path.write_text(text)
    graph = read_recording(path).graph
    graph.validate()
    return {element.element_id.rsplit(".", 1)[-1]: element for element in graph.elements_of(ElementKind.LANE)}


def test_a_straight_road_has_lanes_beside_its_reference_line(tmp_path: Path) -> None:
    lanes = lanes_of(tmp_path / "straight.xodr", road("<line/>", 120))
    direction, left = np.array([np.cos(0.3), np.sin(0.3)]), np.array([-np.sin(0.3), np.cos(0.3)])
    for lane_id, sign in (("1", 1), ("-1", -1)):
        centreline = lanes[lane_id].vertices_world[:, :2] - [10, 20]
        assert centreline @ left == pytest.approx(sign * 1.75, abs=0.02)
        along = centreline @ direction
        assert sorted((along[0], along[-1])) == pytest.approx([0, 120], abs=0.02)
        assert (along[-1] - along[0]) * sign < 0, "right lanes run with the road, left lanes against it"
        shape = lanes[lane_id].lane
        assert shape is not None
        widths = np.abs(shape.left_world[:, :2] @ left - shape.right_world[:, :2] @ left)
        assert widths == pytest.approx(3.5, abs=0.02)


def test_an_arc_has_the_radius_of_its_curvature(tmp_path: Path) -> None:
    lanes = lanes_of(tmp_path / "arc.xodr", road('<arc curvature="0.02"/>', 60))
    center = np.array([10, 20]) + 50 * np.array([-np.sin(0.3), np.cos(0.3)])
    for lane_id, radius_m in (("1", 48.25), ("-1", 51.75)):
        radii = np.linalg.norm(lanes[lane_id].vertices_world[:, :2] - center, axis=1)
        assert radii == pytest.approx(radius_m, abs=0.03)


def test_elevation_lifts_the_lanes(tmp_path: Path) -> None:
    profile = '<elevationProfile><elevation s="0" a="2" b="0.05" c="0" d="0"/></elevationProfile>'
    lanes = lanes_of(tmp_path / "hill.xodr", road("<line/>", 100, profile))
    heights = lanes["-1"].vertices_world[:, 2]
    assert heights[[0, -1]] == pytest.approx([2, 7], abs=0.05)


def test_marks_keep_their_pattern_and_colour(tmp_path: Path) -> None:
    path = tmp_path / "marks.xodr"
    path.write_text(road("<line/>", 120))
    marks = [line.mark for line in read_recording(path).graph.elements_of(ElementKind.LANE_LINE)]
    patterns = sorted((mark.colour.value, mark.pattern) for mark in marks if mark is not None)
    assert patterns == [
        ("white", MarkPattern.SOLID_SINGLE),
        ("white", MarkPattern.SOLID_SINGLE),
        ("yellow", MarkPattern.DASHED_SINGLE),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<OpenDRIVE>",
        "<OpenDRIVE/>",
        "<html/>",
        road("<line/>", float("nan")),
        road("<line/>", -5),
        road('<arc curvature="nan"/>', 60),
        road("<nothing/>", 60),
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><OpenDRIVE>&b;</OpenDRIVE>',
    ],
)
def test_damaged_maps_are_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.xodr"
    path.write_text(text)
    with pytest.raises(SceneError) as caught:
        read_recording(path)
    assert "bad.xodr" in str(caught.value)
    assert "\n" not in str(caught.value)


# In a process of its own: the shape checks of the tests would make this many times slower.
LANE_GAPS = """
import sys
import numpy as np
from scene_graph.elements import ElementKind
from scene_graph.graph import RelationKind
from scene_graph.readers import detect_format, read_recording
for path in sys.argv[1:]:
    assert detect_format(path) == "opendrive", path
    graph = read_recording(path).graph
    graph.validate()
    lanes = {element.element_id: element for element in graph.elements_of(ElementKind.LANE)}
    assert lanes, path
    for relation in graph.relations:
        if relation.kind is RelationKind.SUCCESSOR:
            end = lanes[relation.source_id].vertices_world[-1]
            print(np.linalg.norm(lanes[relation.target_id].vertices_world[0] - end))
"""


@pytest.mark.data
@pytest.mark.slow
def test_every_real_map_loads_and_its_lanes_connect(data_root: Path) -> None:
    paths = sorted(map(str, (data_root / "opendrive").rglob("*.xodr*")))
    if not paths:
        pytest.skip("no OpenDRIVE maps")
    run = subprocess.run([sys.executable, "-c", LANE_GAPS, *paths], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    gaps_m = np.array(run.stdout.split(), dtype=float)
    assert len(gaps_m)
    assert (gaps_m < 0.05).mean() >= 0.99

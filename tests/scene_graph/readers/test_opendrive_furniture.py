"""What stands and is painted along OpenDRIVE roads: objects and signals, and the lanes that they are for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_opendrive import lane, line, road, section, write_map

from scene_graph.boxes import CORNER_SIGNS
from scene_graph.elements import ElementKind, MapElement
from scene_graph.errors import SceneError
from scene_graph.graph import RelationKind
from scene_graph.readers.opendrive_map import RoadMap, read_road_map
from scene_graph.readers.records import Records

NORTH = np.pi / 2


def read(folder: Path, *, objects: str = "", signals: str = "", more: str = "", rule: str = "RHT") -> RoadMap:
    """A road of 100 m to the north from (10, 20), with two lanes a side, and what stands beside it."""
    things = f"<objects>{objects}</objects><signals>{signals}</signals>"
    lanes = section([lane(1), lane(2)], [lane(-1), lane(-2)])
    plan = line(100.0, x=10.0, y=20.0, hdg=NORTH)
    one = road("r", plan, lanes, inside=things, attributes=f'rule="{rule}"')
    return read_road_map(write_map(folder, one, more), Records(skip=False))


def only(road_map: RoadMap, kind: ElementKind) -> MapElement:
    (found,) = (element for element in road_map.elements if element.kind is kind)
    return found


def controlled(road_map: RoadMap, element_id: str) -> set[str]:
    return {
        relation.target_id
        for relation in road_map.relations
        if relation.kind is RelationKind.CONTROLS and relation.source_id == element_id
    }


def thing(attributes: str, inside: str = "") -> str:
    return f'<object id="7" s="50" t="2" zOffset="0.1" {attributes}>{inside}</object>'


def test_a_crosswalk_by_its_corners_on_the_road(tmp_path: Path) -> None:
    corners = "".join(
        f'<cornerRoad s="{s}" t="{t}" dz="0.2"/>' for s, t in ((40, 7), (43, 7), (43, -7), (40, -7), (40, 7))
    )
    found = only(
        read(tmp_path, objects=thing('type="crosswalk"', f"<outline>{corners}</outline>")), ElementKind.CROSSWALK
    )
    np.testing.assert_allclose(
        found.vertices_world, [[3, 60, 0.2], [3, 63, 0.2], [17, 63, 0.2], [17, 60, 0.2]], atol=1e-9
    )


def test_a_crosswalk_by_corners_of_its_own_and_by_its_size(tmp_path: Path) -> None:
    corners = "".join(f'<cornerLocal u="{u}" v="{v}" z="0"/>' for u, v in ((-3, -1), (3, -1), (3, 1), (-3, 1)))
    outline = f"<outlines><outline>{corners}</outline></outlines>"
    turned = thing('type="crosswalk" hdg="1.5707963267948966"', outline)
    found = only(read(tmp_path, objects=turned), ElementKind.CROSSWALK)
    x, y = found.vertices_world[:, 0], found.vertices_world[:, 1]
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((5, 11, 69, 71))
    sized = only(read(tmp_path, objects=thing('type="crosswalk" length="4" width="6"')), ElementKind.CROSSWALK)
    x, y = sized.vertices_world[:, 0], sized.vertices_world[:, 1]
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((5, 11, 68, 72))


def test_a_crosswalk_of_two_corners_is_as_wide_as_its_paint(tmp_path: Path) -> None:
    corners = '<cornerRoad s="40" t="3"/><cornerRoad s="40" t="-3"/>'
    paint = '<markings><marking width="5"/></markings>'
    found = only(
        read(tmp_path, objects=thing('type="crosswalk"', f"<outline>{corners}</outline>{paint}")), ElementKind.CROSSWALK
    )
    assert np.ptp(found.vertices_world[:, 1]) == pytest.approx(5.0)
    assert np.ptp(found.vertices_world[:, 0]) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ('type="roadMark" subtype="arrowLeft" length="3" width="1"', ElementKind.ROAD_MARKING),
        ('type="-1" name="Stencil_ArrowType4R" length="3" width="1"', ElementKind.ROAD_MARKING),
        ('type="parkingSpace" length="5" width="2.5"', ElementKind.PARKING_AREA),
        ('type="trafficIsland" length="5" width="2.5"', ElementKind.ROAD_ISLAND),
        ('type="obstacle" name="speed_bump" length="5" width="2.5"', ElementKind.SPEED_BUMP),
        ('type="barrier" length="5" width="0.2"', ElementKind.ROAD_BOUNDARY),
    ],
)
def test_objects_have_kinds(tmp_path: Path, attributes: str, kind: ElementKind) -> None:
    found = read(tmp_path, objects=thing(attributes))
    (one,) = (element for element in found.elements if element.element_id.startswith("object/"))
    assert one.kind is kind
    assert np.ptp(one.vertices_world[:, 1]) == pytest.approx(5.0 if "5" in attributes else 3.0)


def test_what_has_no_kind_is_counted(tmp_path: Path) -> None:
    found = read(tmp_path, objects=thing('type="tree"') * 2 + thing('type="-1" name="Fountain"'))
    assert any(note.endswith("left out: 2 'tree', 1 'Fountain'.") for note in found.derived)


def test_poles_stand_on_the_road_s_side_and_repeat(tmp_path: Path) -> None:
    repeat = '<repeat s="10" length="60" distance="20" tStart="5" tEnd="8" zOffsetStart="0" zOffsetEnd="0"/>'
    found = read(tmp_path, objects=thing('type="pole" height="4"', repeat))
    poles = [element for element in found.elements if element.kind is ElementKind.POLE]
    assert [pole.element_id for pole in poles] == ["object/r/7", "object/r/7#2", "object/r/7#3", "object/r/7#4"]
    np.testing.assert_allclose([pole.vertices_world[0] for pole in poles], [[5 - k, 30 + 20 * k, 0] for k in range(4)])
    assert {float(pole.vertices_world[1, 2]) for pole in poles} == {4.0}


def test_a_railing_without_gaps_is_one_line(tmp_path: Path) -> None:
    repeat = '<repeat s="10" length="60" distance="0" tStart="5" tEnd="8"/>'
    found = read(tmp_path, objects=thing('type="railing"', repeat))
    (rail,) = (element for element in found.elements if element.element_id.startswith("object/"))
    np.testing.assert_allclose(rail.vertices_world[[0, -1]], [[5, 30, 0], [2, 90, 0]])
    assert rail.kind is ElementKind.ROAD_BOUNDARY


@pytest.mark.parametrize(
    "inside",
    [
        '<repeat s="0" length="9000" distance="0.001"/>',
        '<repeat s="0" length="-1" distance="1"/>',
        '<repeat s="0" length="nan" distance="1"/>',
    ],
)
def test_absurd_repeats_are_bad_records(tmp_path: Path, inside: str) -> None:
    with pytest.raises(SceneError, match=r"map\.xodr, road 'r', object '7': line 1, <repeat>"):
        read(tmp_path, objects=thing('type="pole"', inside))


def test_stop_lines_control_the_lanes_that_they_cross(tmp_path: Path) -> None:
    across = thing('type="-1" name="StopLine" hdg="1.5707963267948966" length="4" width="0"')
    found = read(tmp_path, objects=across)
    stop = only(found, ElementKind.WAIT_LINE)
    np.testing.assert_allclose(sorted(stop.vertices_world[:, 0]), [6, 10], atol=1e-9)
    assert controlled(found, stop.element_id) == {"r.0.1"}


def signal(attributes: str, inside: str = "", *, s: float = 60.0, t: float = -8.0) -> str:
    return f'<signal id="3" s="{s}" t="{t}" zOffset="2" {attributes}>{inside}</signal>'


def facing(element: MapElement) -> np.ndarray:
    """The direction in which a cuboid faces, from its back to its front."""
    corners = element.vertices_world
    return corners[CORNER_SIGNS[:, 0] > 0].mean(axis=0) - corners[CORNER_SIGNS[:, 0] < 0].mean(axis=0)


@pytest.mark.parametrize(
    ("orientation", "north", "lanes"), [("+", -1, {-1, -2}), ("-", 1, {1, 2}), ("none", -1, {-2, -1, 1, 2})]
)
def test_signs_face_the_traffic_that_they_are_for(
    tmp_path: Path, orientation: str, north: int, lanes: set[int]
) -> None:
    sign = signal(f'type="274" country="DE" dynamic="no" orientation="{orientation}" width="0.6" height="0.8"')
    found = read(tmp_path, signals=sign)
    element = only(found, ElementKind.TRAFFIC_SIGN)
    np.testing.assert_allclose(facing(element)[:2] / np.linalg.norm(facing(element)), [0, north], atol=1e-9)
    np.testing.assert_allclose(element.vertices_world.mean(axis=0), [18, 80, 2.4])
    np.testing.assert_allclose(np.ptp(element.vertices_world, axis=0)[[0, 2]], [0.6, 0.8])
    assert controlled(found, element.element_id) == {f"r.0.{lane_id}" for lane_id in lanes}
    assert element.attributes == {"signal_id": "3", "type": "274", "country": "DE"}


def test_on_the_left_signs_are_for_the_other_lanes(tmp_path: Path) -> None:
    found = read(tmp_path, signals=signal('type="1" dynamic="no" orientation="+"'), rule="LHT")
    assert controlled(found, "signal/r/3") == {"r.0.1", "r.0.2"}


def test_validity_names_the_lanes_and_zero_none(tmp_path: Path) -> None:
    light = 'type="1000001" dynamic="yes" orientation="+" height="0.9"'
    some = read(tmp_path, signals=signal(light, '<validity fromLane="-1" toLane="1"/>'))
    assert controlled(some, "signal/r/3") == {"r.0.-1", "r.0.1"}
    none = read(tmp_path, signals=signal(light, '<validity fromLane="0" toLane="0"/>'))
    assert controlled(none, "signal/r/3") == set()
    assert only(none, ElementKind.TRAFFIC_LIGHT).element_id == "signal/r/3"


def test_a_signal_is_for_lanes_of_other_roads_by_reference(tmp_path: Path) -> None:
    reference = (
        '<signalReference id="3" s="5" t="0" orientation="+"><validity fromLane="-1" toLane="-1"/></signalReference>'
    )
    lost = '<signalReference id="99" s="5" t="0" orientation="+"/>'
    other = road("q", line(50.0, y=-200.0), length_m=50.0, inside=f"<signals>{reference}{lost}</signals>")
    light = signal('type="1000001" dynamic="yes" orientation="+"', '<validity fromLane="0" toLane="0"/>')
    found = read(tmp_path, signals=light, more=other)
    assert controlled(found, "signal/r/3") == {"q.0.-1"}
    assert any("references to signals" in note for note in found.derived)


def test_a_light_with_its_post_and_one_below_the_ground(tmp_path: Path) -> None:
    both = 'id="3" s="60" t="-8" dynamic="yes" orientation="+" type="1000001"'
    tall = f'<signal {both} zOffset="0" height="3.2" width="0.4"/>'
    found = read(tmp_path, signals=tall)
    head, pole = only(found, ElementKind.TRAFFIC_LIGHT), only(found, ElementKind.POLE)
    assert (head.vertices_world[:, 2].min(), head.vertices_world[:, 2].max()) == pytest.approx((2.2, 3.2))
    np.testing.assert_allclose(pole.vertices_world, [[18, 80, 0], [18, 80, 2.2]], atol=1e-9)
    low = f'<signal {both} zOffset="-0.5" height="1"/>'
    found = read(tmp_path, signals=low)
    assert only(found, ElementKind.TRAFFIC_LIGHT).vertices_world[:, 2].min() == pytest.approx(2.5)
    assert any("raised to 2.5 m" in note for note in found.derived)


def test_paint_that_the_format_calls_signals(tmp_path: Path) -> None:
    marks = (
        'id="a" s="30" t="0" orientation="-" type="294" height="0.03" width="3.75"',
        'id="b" s="20" t="0" orientation="+" type="1000003" value="4" height="0.01" width="14"',
        'id="c" s="60" t="-1.75" orientation="+" type="-1" name="ArrowLeft" height="0.01" width="1"',
    )
    paint = "".join(f'<signal zOffset="0" dynamic="no" {mark}/>' for mark in marks)
    found = read(tmp_path, signals=paint)
    stop = only(found, ElementKind.WAIT_LINE)
    np.testing.assert_allclose(sorted(stop.vertices_world[:, 0]), [10 - 3.75, 10], atol=1e-9)
    assert controlled(found, stop.element_id) == {"r.0.1"}
    crosswalk = only(found, ElementKind.CROSSWALK).vertices_world
    assert (crosswalk[:, 1].min(), crosswalk[:, 1].max(), np.ptp(crosswalk[:, 0])) == pytest.approx((40, 44, 14))
    arrow = only(found, ElementKind.ROAD_MARKING).vertices_world
    np.testing.assert_allclose(arrow.mean(axis=0), [11.75, 80, 0])


def test_signals_of_one_id_have_elements_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, signals=signal('type="1" dynamic="no"') + signal('type="2" dynamic="no"', s=70.0))
    assert [element.element_id for element in found.elements if element.kind is ElementKind.TRAFFIC_SIGN] == [
        "signal/r/3", "signal/r/3#2",
    ]  # fmt: skip


@pytest.mark.parametrize("attributes", ['type="1" dynamic="no" height="nan"', 'type="1" dynamic="no" hOffset="x"'])
def test_a_bad_signal_is_named(tmp_path: Path, attributes: str) -> None:
    with pytest.raises(SceneError, match=r"map\.xodr, road 'r', signal '3': line 1, <signal>"):
        read(tmp_path, signals=signal(attributes))

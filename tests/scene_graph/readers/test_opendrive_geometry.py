"""Where OpenDRIVE roads run: reference lines, heights, cross slopes and lane edges against closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from synthetic_opendrive import geometry, lane, line, opendrive, road, section

from scene_graph.readers.opendrive_curves import clothoid, plan_view_of
from scene_graph.readers.opendrive_lanes import driven_lanes
from scene_graph.readers.opendrive_parsing import parse_opendrive
from scene_graph.readers.opendrive_roads import Road
from scene_graph.readers.opendrive_sampling import MAX_SPACING_M, SampledSection, sample_roads
from scene_graph.readers.records import Records
from scene_graph.readers.xml_tree import parse_xml

CURVATURES = st.floats(-0.1, 0.1).map(lambda value: round(value, 5))
LENGTHS = st.floats(5.0, 120.0).map(lambda value: round(value, 3))


def only_road(folder: Path, text: str) -> Road:
    path = folder / "map.xodr"
    path.write_text(opendrive(text))
    (found,) = parse_opendrive(path, Records(skip=False)).roads.values()
    return found


def sampled(one: Road) -> SampledSection:
    (found,) = sample_roads([one], "map", Records(skip=False)).values()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("maps")


@given(start=CURVATURES, end=CURVATURES, length_m=LENGTHS)
def test_clothoids_are_the_integral_of_their_heading(start: float, end: float, length_m: float) -> None:
    rate = (end - start) / length_m
    x, y, turned_rad = clothoid(start, rate, length_m)(np.array([0.0, length_m / 3, length_m]))

    def heading(s: float) -> float:
        return start * s + rate * s**2 / 2

    for index, s_m in enumerate((0.0, length_m / 3, length_m)):
        assert turned_rad[index] == pytest.approx(heading(s_m), abs=1e-9)
        assert x[index] == pytest.approx(quad(lambda s: math.cos(heading(s)), 0, s_m, limit=200)[0], abs=1e-5)
        assert y[index] == pytest.approx(quad(lambda s: math.sin(heading(s)), 0, s_m, limit=200)[0], abs=1e-5)


def test_an_arc_is_a_circle_and_a_nearly_straight_spiral_a_line() -> None:
    half_circle = geometry('<arc curvature="0.01"/>', math.pi * 100.0, x=3.0, hdg=math.pi / 2)
    plan = plan_view_of(parse_xml(f"<planView>{half_circle}</planView>".encode(), "plan"))
    xy, heading_rad = plan.at(np.array([0.0, math.pi * 50, math.pi * 100]))
    np.testing.assert_allclose(xy, [[3, 0], [-97, 100], [-197, 0]], atol=1e-9)
    np.testing.assert_allclose(heading_rad, [math.pi / 2, math.pi, 1.5 * math.pi])
    x, y, turned_rad = clothoid(0.0, 1e-13, 1000.0)(np.array([1000.0]))
    assert (x[0], abs(y[0]), turned_rad[0]) == (pytest.approx(1000.0), pytest.approx(0, abs=1e-4), pytest.approx(5e-8))


def test_poly3_goes_by_arc_length_and_param_poly3_by_its_range(folder: Path) -> None:
    graph = '<poly3 a="0" b="0" c="0.01" d="-0.0001"/>'
    one = only_road(folder, road(plan=geometry(graph, 40.0), length_m=40.0))
    s_m = np.linspace(0, 40, 2001)
    xy, heading_rad = one.plan.at(s_m)
    np.testing.assert_allclose(xy[:, 1], 0.01 * xy[:, 0] ** 2 - 0.0001 * xy[:, 0] ** 3, atol=1e-9)
    assert np.linalg.norm(np.diff(xy, axis=0), axis=1).sum() == pytest.approx(40.0, abs=1e-3)
    steps = np.diff(xy, axis=0)
    np.testing.assert_allclose(
        np.arctan2(steps[:, 1], steps[:, 0]), (heading_rad[1:] + heading_rad[:-1]) / 2, atol=1e-3
    )
    by_length = '<paramPoly3 pRange="arcLength" aU="0" bU="1" cU="0" dU="-0.0001" aV="0" bV="0" cV="0.01" dV="0"/>'
    by_unit = '<paramPoly3 pRange="normalized" aU="0" bU="20" cU="0" dU="-0.8" aV="0" bV="0" cV="4" dV="0"/>'
    first, second = (only_road(folder, road(plan=geometry(one, 20.0), length_m=20.0)) for one in (by_length, by_unit))
    np.testing.assert_allclose(first.plan.at(s_m / 2)[0], second.plan.at(s_m / 2)[0], atol=1e-9)
    np.testing.assert_allclose(first.plan.at(np.array([20.0]))[0], [[20 - 0.8, 4.0]])


@settings(max_examples=30)
@given(pieces=st.lists(st.tuples(CURVATURES, CURVATURES, LENGTHS), min_size=1, max_size=4), data=st.data())
def test_reference_lines_go_on_where_one_piece_ends(
    folder: Path, pieces: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    plan, s, x, y, hdg = "", 0.0, 0.0, 0.0, data.draw(st.floats(-3.0, 3.0))
    for start, end, length_m in pieces:
        spiral = f'<spiral curvStart="{start}" curvEnd="{end}"/>'
        plan += geometry(spiral, length_m, s=s, x=x, y=y, hdg=hdg)
        u, v, turned = (
            float(one[0]) for one in clothoid(start, (end - start) / length_m, length_m)(np.array([length_m]))
        )
        x, y = x + math.cos(hdg) * u - math.sin(hdg) * v, y + math.sin(hdg) * u + math.cos(hdg) * v
        s, hdg = s + length_m, hdg + turned
    one = only_road(folder, road(plan=plan, length_m=s))
    s_m = np.linspace(0.0, s, 400)
    frames = one.frames(s_m)
    steps_m = np.linalg.norm(np.diff(frames.points, axis=0), axis=1)
    assert steps_m.max() <= s_m[1] * 1.0001
    assert np.abs(np.diff(frames.heading_rad)).max() <= 0.1 * s_m[1] + 1e-6
    np.testing.assert_allclose(frames.points[-1, :2], [x, y], atol=1e-6)


@settings(max_examples=30)
@given(start=CURVATURES, end=CURVATURES, length_m=LENGTHS, bend=st.floats(-0.002, 0.002))
def test_edges_lie_within_two_centimetres_of_the_curves(
    folder: Path, start: float, end: float, length_m: float, bend: float
) -> None:
    spiral = geometry(f'<spiral curvStart="{start}" curvEnd="{end}"/>', length_m)
    wide = '<width sOffset="0" a="3" b="0" c="0.001" d="0"/>'
    hills = f'<elevationProfile><elevation s="0" a="1" b="0.02" c="{bend!r}" d="0"/></elevationProfile>'
    one = only_road(
        folder, road(plan=spiral, length_m=length_m, sections=section([], [lane(-1, width=wide)]), inside=hills)
    )
    found = sampled(one)
    assert np.diff(found.s_m).max() <= MAX_SPACING_M + 1e-9
    dense_m = np.linspace(0.0, length_m, 1500)
    for lane_id, t_m in one.edges_t_m(one.sections[0], dense_m).items():
        exact = one.points(dense_m, t_m)
        away = shapely.distance(shapely.points(exact[:, :2]), shapely.LineString(found.edges[lane_id][:, :2]))
        assert away.max() < 0.02
        np.testing.assert_allclose(np.interp(dense_m, found.s_m, found.edges[lane_id][:, 2]), exact[:, 2], atol=0.02)


@settings(max_examples=30)
@given(
    curvature=st.floats(-0.05, 0.05),
    coefficients=st.tuples(st.floats(1, 5), st.floats(-0.02, 0.02), st.floats(-2e-4, 2e-4)),
    offset=st.floats(-3, 3),
)
def test_widths_are_recovered(
    folder: Path, curvature: float, coefficients: tuple[float, float, float], offset: float
) -> None:
    a, b, c = coefficients
    width = f'<width sOffset="0" a="{a!r}" b="{b!r}" c="{c!r}" d="0"/>'
    sections = section([lane(1), lane(2, width=width)], [lane(-1), lane(-2, width=width)])
    plan = geometry(f'<arc curvature="{curvature!r}"/>', 60.0)
    shift = f'<laneOffset s="0" a="{offset!r}" b="0" c="0" d="0"/>'
    one = only_road(folder, road(plan=plan, length_m=60.0, sections=sections, offsets=shift))
    found = sampled(one)
    expected = np.maximum(a + b * found.s_m + c * found.s_m**2, 0.0)
    for driven in driven_lanes([found]):
        shape = driven.element.lane
        measured = np.linalg.norm(shape.left_world - shape.right_world, axis=1)
        wanted = expected if abs(driven.key[2]) == 2 else np.full(len(expected), 3.5)
        np.testing.assert_allclose(measured, wanted if driven.forward else wanted[::-1], atol=1e-9)
        np.testing.assert_allclose(driven.element.vertices_world, (shape.left_world + shape.right_world) / 2)
        along = np.diff(driven.element.vertices_world, axis=0)[:, :2]
        across = (shape.left_world - shape.right_world)[:-1, :2]
        moving = np.hypot(*along.T) > 1e-6
        turn = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
        assert (turn[moving] >= -1e-9).all(), "the left edge is to the left of the driving direction"


@settings(max_examples=25)
@given(curvature=st.floats(-0.05, 0.05), hdg=st.floats(-3, 3), offset=st.floats(-3, 3), slope=st.floats(-0.1, 0.1))
def test_a_mirrored_road_with_traffic_on_the_left_has_mirrored_lanes(
    folder: Path, curvature: float, hdg: float, offset: float, slope: float
) -> None:
    def mirrored(sign: int, rule: str) -> dict[int, np.ndarray]:
        plan = geometry(f'<arc curvature="{sign * curvature!r}"/>', 50.0, y=sign * 7.0, hdg=sign * hdg)
        sides = [[lane(sign), lane(2 * sign, width=3.0)], [lane(-sign, width=2.0)]]
        shift = f'<laneOffset s="0" a="{sign * offset!r}" b="0" c="0" d="0"/>'
        roll = f'<lateralProfile><superelevation s="0" a="{sign * slope!r}" b="0" c="0" d="0"/></lateralProfile>'
        text = road(
            plan=plan, length_m=50.0, sections=section(*(sides if sign > 0 else sides[::-1])), offsets=shift,
            inside=roll, attributes=f'rule="{rule}"',
        )  # fmt: skip
        return {
            sign * driven.key[2]: np.stack([driven.element.vertices_world, *sorted_edges(driven.element, sign)])
            for driven in driven_lanes([sampled(only_road(folder, text))])
        }

    def sorted_edges(element: object, sign: int) -> list[np.ndarray]:
        edges = [element.lane.left_world, element.lane.right_world]
        return edges if sign > 0 else edges[::-1]

    right, left = mirrored(1, "RHT"), mirrored(-1, "LHT")
    assert right.keys() == left.keys()
    for lane_id, lines in right.items():
        np.testing.assert_allclose(left[lane_id] * [1, -1, 1], lines, atol=1e-9)


def test_a_banked_road_is_turned_about_its_reference_line(folder: Path) -> None:
    bank = 0.4
    lateral = f'<lateralProfile><superelevation s="0" a="{bank}" b="0" c="0" d="0"/></lateralProfile>'
    found = sampled(only_road(folder, road(inside=lateral)))
    left = found.edges[1]
    np.testing.assert_allclose(left[:, 1], 3.5 * math.cos(bank), atol=1e-9)
    np.testing.assert_allclose(left[:, 2], 3.5 * math.sin(bank), atol=1e-9)
    np.testing.assert_allclose(found.edges[-1][:, 2], -3.5 * math.sin(bank), atol=1e-9)


def test_lane_heights_raise_both_edges(folder: Path) -> None:
    raised = lane(-2, kind="sidewalk", inside='<height sOffset="0" inner="0.1" outer="0.2"/>')
    one = only_road(folder, road(sections=section([], [lane(-1), raised])))
    found = sampled(one)
    inner, outer = found.lane_edges(one.sections[0].right[1])
    assert inner[0, 2] == pytest.approx(0.1)
    assert outer[0, 2] == pytest.approx(0.2)
    assert found.edges[-1][0, 2] == 0


def test_a_lane_offset_that_jumps_between_sections_jumps_for_each_section_at_its_own_end(folder: Path) -> None:
    sections = section([lane(1, after=1)], [lane(-1, after=-1)]) + section([lane(1)], [lane(-1)], s=50.0)
    jump = '<laneOffset s="0" a="-3.5" b="0" c="0" d="0"/><laneOffset s="50" a="0" b="0" c="0" d="0"/>'
    one = only_road(folder, road(sections=sections, offsets=jump))
    first, second = sample_roads([one], "map", Records(skip=False)).values()
    np.testing.assert_allclose(first.edges[0][:, 1], -3.5)
    np.testing.assert_allclose(second.edges[0][:, 1], 0.0)


def test_roads_of_absurd_size_are_bad_records(tmp_path: Path) -> None:
    wild = 'aU="0" bU="1e6" cU="0" dU="1e6" aV="0" bV="0" cV="0" dV="0"'
    absurd = {
        "long": road(plan=line(1e9), length_m=1e9),
        "wide": road(sections=section([], [lane(-1, width=1e5)])),
        "far": road(plan=line(100.0, x=1e9)),
        "bent": road(plan=geometry('<arc curvature="1e6"/>', 100.0)),
        "wild": road(plan=geometry(f'<paramPoly3 pRange="arcLength" {wild}/>', 9e5), length_m=9e5),
    }  # fmt: skip
    for name, text in absurd.items():
        path = tmp_path / f"{name}.xodr"
        path.write_text(opendrive(text))
        with pytest.raises(ValueError, match=rf"{name}\.xodr"):
            sample_roads(parse_opendrive(path, Records(skip=False)).roads.values(), str(path), Records(skip=False))

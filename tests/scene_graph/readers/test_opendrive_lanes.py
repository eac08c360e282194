"""The lanes of OpenDRIVE maps: what follows what, what neighbours what, paint, limits, areas, boundaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_opendrive import (
    DASHED,
    connection,
    geometry,
    lane,
    line,
    opendrive,
    road,
    section,
    to_junction,
    to_road,
    write_map,
)

from scene_graph.elements import ElementKind, MapElement, MarkColour, MarkPattern
from scene_graph.graph import RelationKind
from scene_graph.readers.opendrive_map import RoadMap, read_road_map
from scene_graph.readers.records import Records


def read(folder: Path, *parts: str) -> RoadMap:
    return read_road_map(write_map(folder, *parts), Records(skip=False))


def related(road_map: RoadMap, kind: RelationKind) -> set[tuple[str, str]]:
    return {(one.source_id, one.target_id) for one in road_map.relations if one.kind is kind}


def elements(road_map: RoadMap, kind: ElementKind) -> dict[str, MapElement]:
    return {element.element_id: element for element in road_map.elements if element.kind is kind}


def mark(kind: str, **attributes: str) -> str:
    rest = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<roadMark sOffset="0" type="{kind}" {rest}/>'


def two_way(first: int | None = None, last: int | None = None) -> str:
    """One lane a side: the left one is linked to `first` before and `last` after, the right one to their opposites."""

    def linked(side: int) -> str:
        before, after = (None if other is None else side * other for other in (first, last))
        return lane(side, before=before, after=after)

    return section([linked(1)], [linked(-1)])


def test_linked_roads_follow_each_other_in_driving_direction(tmp_path: Path) -> None:
    first = road("a", line(100.0), two_way(last=1), after=to_road("b", "start"))
    second = road("b", line(100.0, x=100.0), two_way(first=1), before=to_road("a", "end"))
    assert related(read(tmp_path, first, second), RelationKind.SUCCESSOR) == {
        ("a.0.-1", "b.0.-1"), ("b.0.1", "a.0.1"),
    }  # fmt: skip


def test_a_road_that_runs_the_other_way_swaps_the_sides(tmp_path: Path) -> None:
    first = road("a", line(100.0), two_way(last=-1), after=to_road("b", "end"))
    second = road("b", line(100.0, x=200.0, hdg=np.pi), two_way(last=-1), after=to_road("a", "end"))
    found = read(tmp_path, first, second)
    assert related(found, RelationKind.SUCCESSOR) == {("a.0.-1", "b.0.1"), ("b.0.-1", "a.0.1")}
    lanes = elements(found, ElementKind.LANE)
    for source_id, target_id in related(found, RelationKind.SUCCESSOR):
        np.testing.assert_allclose(lanes[source_id].vertices_world[-1], lanes[target_id].vertices_world[0], atol=1e-6)


def test_lanes_that_meet_head_on_and_lanes_that_are_far_apart_are_not_related(tmp_path: Path) -> None:
    first = road("a", line(100.0), two_way(last=-1), after=to_road("b", "start"))
    second = road("b", line(100.0, x=100.0), two_way(first=-1), before=to_road("a", "end"))
    found = read(tmp_path, first, second)
    assert related(found, RelationKind.SUCCESSOR) == set()
    assert any("drive against each other" in note for note in found.derived)
    apart = road("b", line(100.0, x=105.0), two_way(first=1), before=to_road("a", "end"))
    found = read(tmp_path, road("a", line(100.0), two_way(last=1), after=to_road("b", "start")), apart)
    assert related(found, RelationKind.SUCCESSOR) == set()
    assert any("more than 1 m apart" in note for note in found.derived)


def crossing() -> list[str]:
    """Road a leads east into a junction, b leads on, c leads off to the north; connecting roads of one lane each."""
    only = section([], [lane(-1, before=-1, after=-1)])
    quarter = geometry('<arc curvature="0.1"/>', 5 * np.pi, x=100.0)
    north = line(50.0, x=110.0, y=10.0, hdg=np.pi / 2)
    links = {"before": to_road("a", "end")}
    ways = connection("a", "ab", "start", (-1, -1)) + connection("a", "ac", "start", (-1, -1))
    return [
        road("a", line(100.0), section([], [lane(-1)]), after=to_junction("j")),
        road("b", line(100.0, x=120.0), section([], [lane(-1)]), before=to_junction("j")),
        road("c", north, section([], [lane(-1)]), length_m=50.0, before=to_junction("j")),
        road("ab", line(20.0, x=100.0), only, length_m=20.0, junction="j", after=to_road("b", "start"), **links),
        road("ac", quarter, only, length_m=5 * np.pi, junction="j", after=to_road("c", "start"), **links),
        f'<junction id="j">{ways}</junction>',
    ]


def test_junctions_lead_over_their_connecting_roads(tmp_path: Path) -> None:
    found = read(tmp_path, *crossing())
    assert related(found, RelationKind.SUCCESSOR) == {
        ("a.0.-1", "ab.0.-1"), ("a.0.-1", "ac.0.-1"), ("ab.0.-1", "b.0.-1"), ("ac.0.-1", "c.0.-1"),
    }  # fmt: skip
    inside = {name for name, one in elements(found, ElementKind.LANE).items() if one.lane.in_intersection}
    assert inside == {"ab.0.-1", "ac.0.-1"}


def test_a_road_whose_both_ends_enter_a_junction_is_joined_at_the_near_one(tmp_path: Path) -> None:
    parts = crossing()
    parts[0] = road("a", line(100.0), section([], [lane(-1)]), before=to_junction("j"), after=to_junction("j"))
    assert ("a.0.-1", "ab.0.-1") in related(read(tmp_path, *parts), RelationKind.SUCCESSOR)


def test_a_junction_that_refers_to_itself_or_nowhere_is_passed_over(tmp_path: Path) -> None:
    parts = crossing()
    parts[-1] = (
        f'<junction id="j">{connection("ab", "ab", "start", (-1, -1))}{connection("a", "nowhere", "end", (-1, -1))}'
        f"{connection('a', 'ab', 'start', (-7, -1), (-1, -9))}</junction>"
    )
    found = read(tmp_path, *parts)
    assert ("ab.0.-1", "b.0.-1") in related(found, RelationKind.SUCCESSOR)


def test_lanes_go_on_through_sections_too_short_for_elements(tmp_path: Path) -> None:
    sections = (
        section([], [lane(-1, after=-1)])
        + section([], [lane(-1, before=-1, after=-1)], s=50.0)
        + section([], [lane(-1, before=-1)], s=50.001)
    )
    found = read(tmp_path, road("a", sections=sections))
    assert related(found, RelationKind.SUCCESSOR) == {("a.0.-1", "a.2.-1")}
    assert set(elements(found, ElementKind.LANE)) == {"a.0.-1", "a.2.-1"}


def test_a_closed_road_follows_itself(tmp_path: Path) -> None:
    circle = geometry('<arc curvature="0.02"/>', 100 * np.pi)
    own = {"before": to_road("a", "end"), "after": to_road("a", "start")}
    found = read(tmp_path, road("a", circle, section([], [lane(-1, before=-1, after=-1)]), length_m=100 * np.pi, **own))
    assert related(found, RelationKind.SUCCESSOR) == {("a.0.-1", "a.0.-1")}


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
def test_neighbours_are_the_lanes_beside_that_drive_the_same_way(tmp_path: Path, rule: str) -> None:
    sections = section([lane(1), lane(2)], [lane(-1), lane(-2), lane(-3, kind="biking")])
    found = read(tmp_path, road("a", sections=sections, attributes=f'rule="{rule}"'))
    right = related(found, RelationKind.RIGHT_NEIGHBOUR)
    assert related(found, RelationKind.LEFT_NEIGHBOUR) == {(second, first) for first, second in right}
    outwards = {("a.0.1", "a.0.2"), ("a.0.-1", "a.0.-2")}
    assert right == (outwards if rule == "RHT" else {(second, first) for first, second in outwards})
    lanes = elements(found, ElementKind.LANE)
    for left_id, right_id in right:
        np.testing.assert_allclose(lanes[left_id].lane.right_world, lanes[right_id].lane.left_world)


@pytest.mark.parametrize(
    ("side", "kind", "pattern"),
    [
        (-1, "solid", MarkPattern.SOLID_SINGLE),
        (-1, "broken", MarkPattern.DASHED_SINGLE),
        (1, "solid solid", MarkPattern.SOLID_DOUBLE),
        (1, "broken broken", MarkPattern.DASHED_DOUBLE),
        (-1, "solid broken", MarkPattern.SOLID_DASHED),
        (1, "solid broken", MarkPattern.DASHED_SOLID),
        (1, "broken solid", MarkPattern.SOLID_DASHED),
        (0, "broken solid", MarkPattern.DASHED_SOLID),
        (0, "botts dots", MarkPattern.DOT_SINGLE),
        (0, "custom", MarkPattern.OTHER),
    ],
)
def test_double_lines_are_named_from_the_left(tmp_path: Path, side: int, kind: str, pattern: MarkPattern) -> None:
    marks = {one: mark(kind, color="yellow") if one == side else "" for one in (-1, 0, 1)}
    sections = section([lane(1, inside=marks[1])], [lane(-1, inside=marks[-1])], centre=marks[0])
    found = read(tmp_path, road("a", sections=sections))
    (one,) = elements(found, ElementKind.LANE_LINE).values()
    assert (one.mark.pattern, one.mark.colour) == (pattern, MarkColour.YELLOW)
    assert one.vertices_world[0, 0] < one.vertices_world[-1, 0], "lines run along the road"
    np.testing.assert_allclose(one.vertices_world[:, 1], 3.5 * side)
    assert any("pattern other: 1 'custom'" in note for note in found.derived) == (kind == "custom")


def test_paint_has_a_width_a_colour_and_dashes(tmp_path: Path) -> None:
    line_of_dashes = '<type name="b"><line length="1" space="1"/></type>'
    dashes = f'<roadMark sOffset="0" type="broken" color="blue" width="0.3">{line_of_dashes}</roadMark>'
    bold = lane(1, inside=mark("solid", color="standard", weight="bold"))
    sections = section([bold], [lane(-1, inside=dashes)], centre="")
    blue, white = elements(read(tmp_path, road("a", sections=sections)), ElementKind.LANE_LINE).values()
    blue, white = sorted((blue, white), key=lambda one: one.mark.colour.value)
    assert (blue.mark.colour, blue.mark.width_m, blue.mark.pattern) == (
        MarkColour.BLUE, 0.3, MarkPattern.SHORT_DASHED_SINGLE,
    )  # fmt: skip
    assert blue.attributes["dash_m"] == "1 1"
    assert (white.mark.colour, white.mark.width_m) == (MarkColour.WHITE, 0.25)
    odd = section([], [lane(-1, inside=mark("solid", color="violet"))], centre="")
    (violet,) = elements(read(tmp_path, road("a", sections=odd)), ElementKind.LANE_LINE).values()
    assert (violet.mark.colour, violet.attributes["colour"]) == (MarkColour.UNKNOWN, "violet")


def test_paint_changes_along_the_lane(tmp_path: Path) -> None:
    kinds = ((0, "solid"), (33.3, "none"), (70, "broken"))
    marks = "".join(f'<roadMark sOffset="{start}" type="{kind}"/>' for start, kind in kinds)
    sections = section([], [lane(-1, inside=marks)], centre="")
    lines = elements(read(tmp_path, road("a", sections=sections)), ElementKind.LANE_LINE)
    spans = {one.mark.pattern: (one.vertices_world[0, 0], one.vertices_world[-1, 0]) for one in lines.values()}
    assert spans == {
        MarkPattern.SOLID_SINGLE: (0.0, pytest.approx(33.3)),
        MarkPattern.DASHED_SINGLE: (70.0, pytest.approx(100.0)),
    }


@pytest.mark.parametrize(
    ("speed", "limit_mps"),
    [('max="36" unit="km/h"', 10.0), ('max="10" unit="mph"', 4.4704), ('max="7"', 7.0), ('max="no limit"', None)],
)
def test_speed_limits_have_units(tmp_path: Path, speed: str, limit_mps: float | None) -> None:
    found = read(tmp_path, road("a", inside=f'<type s="0" type="town"><speed {speed}/></type>'))
    assert {one.lane.speed_limit_mps for one in elements(found, ElementKind.LANE).values()} == {limit_mps}
    assert ("speed limits" in found.absent) == (limit_mps is None)


def test_of_several_limits_the_longest_holds_and_a_lane_s_own_comes_first(tmp_path: Path) -> None:
    types = "".join(
        f'<type s="{s}" type="town"><speed max="{limit}"/></type>' for s, limit in ((0, 5), (30, 20), (80, 9))
    )
    own = lane(-1, inside='<speed sOffset="0" max="3"/>')
    found = read(tmp_path, road("a", sections=section([lane(1)], [own]), inside=types))
    lanes = elements(found, ElementKind.LANE)
    assert (lanes["a.0.1"].lane.speed_limit_mps, lanes["a.0.-1"].lane.speed_limit_mps) == (20.0, 3.0)
    assert any("1 lanes with several speed limits" in note for note in found.derived)


def test_lane_types_become_lanes_and_areas(tmp_path: Path) -> None:
    kinds = ("driving", "biking", "sidewalk", "parking", "median", "bus", "none")
    right = [lane(-index, kind=kind) for index, kind in enumerate(kinds, start=1)]
    found = read(tmp_path, road("a", sections=section([], right, centre="")))
    assert {one.lane.lane_type for one in elements(found, ElementKind.LANE).values()} == {"vehicle", "bike", "bus"}
    for kind, number in ((ElementKind.WALKWAY, 3), (ElementKind.PARKING_AREA, 4), (ElementKind.ROAD_ISLAND, 5)):
        (area,) = elements(found, kind).values()
        assert area.vertices_world[:, 1].max() == pytest.approx(-3.5 * (number - 1))
        assert area.vertices_world[:, 1].min() == pytest.approx(-3.5 * number)


def boundary_offsets(road_map: RoadMap) -> list[float]:
    lines = elements(road_map, ElementKind.ROAD_BOUNDARY).values()
    return sorted(round(float(one.vertices_world[:, 1].mean()), 3) for one in lines)


def test_boundaries_are_the_outer_edges_of_what_can_be_driven_on(tmp_path: Path) -> None:
    right = [lane(-1), lane(-2, kind="shoulder", width=1.0), lane(-3, kind="border", width=2.0)]
    curb = lane(1, inside=mark("curb"))
    sections = section([curb, lane(2, kind="shoulder", width=1.0)], right)
    assert boundary_offsets(read(tmp_path, road("a", sections=sections))) == [-4.5, 3.5]
    median = section([lane(1, kind="median", width=2.0), lane(2)], [lane(-1)])
    assert boundary_offsets(read(tmp_path, road("a", sections=median))) == [-3.5, 0.0, 2.0, 5.5]


def four_arms() -> list[str]:
    """Four roads of 50 m with square corners between them, and the ways straight on; one of these is there twice."""
    only = section([lane(1, before=1, after=1)], [lane(-1, before=-1, after=-1)])

    def arm(name: str, x: float, y: float, hdg: float, **links: str) -> str:
        return road(name, line(50.0, x=x, y=y, hdg=hdg), only, length_m=50.0, **links)

    def way(name: str, x: float, y: float, hdg: float, start: str, end: str) -> str:
        links = {"before": to_road(start, "end"), "after": to_road(end, "start")}
        return road(name, line(20.0, x=x, y=y, hdg=hdg), only, length_m=20.0, junction="j", **links)

    into = {"after": to_junction("j")}
    out = {"before": to_junction("j")}
    joined = connection("w", "we", "start", (-1, -1)) + connection("e", "we", "end", (1, 1))
    return [
        arm("w", -60.0, 0.0, 0.0, **into),
        arm("e", 10.0, 0.0, 0.0, **out),
        arm("s", 0.0, -60.0, np.pi / 2, **into),
        arm("n", 0.0, 10.0, np.pi / 2, **out),
        way("we", -10.0, 0.0, 0.0, "w", "e"),
        way("we2", -10.0, 0.0, 0.0, "w", "e"),
        way("sn", 0.0, -10.0, np.pi / 2, "s", "n"),
        f'<junction id="j">{joined}{connection("s", "sn", "start", (-1, -1))}</junction>',
    ]


def test_no_boundary_runs_through_a_crossing_and_none_is_there_twice(tmp_path: Path) -> None:
    found = read(tmp_path, *four_arms())
    lines = [one.vertices_world[:, :2] for one in elements(found, ElementKind.ROAD_BOUNDARY).values()]
    assert not (np.abs(np.concatenate(lines)) < 3.0).all(axis=1).any(), "nothing inside the crossing"
    lengths_m = [np.linalg.norm(np.diff(one, axis=0), axis=1).sum() for one in lines]
    assert sum(lengths_m) == pytest.approx(8 * (50.0 + 6.5), abs=8 * 0.8)
    (area,) = elements(found, ElementKind.INTERSECTION_AREA).values()
    x, y = area.vertices_world[:, :2].T
    assert abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2 == pytest.approx(2 * 20 * 7 - 7 * 7, abs=1.0)


def test_roads_above_one_another_keep_their_boundaries(tmp_path: Path) -> None:
    bridge = '<elevationProfile><elevation s="0" a="6" b="0" c="0" d="0"/></elevationProfile>'
    over = road("over", line(100.0, x=50.0, y=-50.0, hdg=np.pi / 2), inside=bridge)
    found = read(tmp_path, road("under"), over)
    lengths = [np.ptp(one.vertices_world, axis=0).max() for one in elements(found, ElementKind.ROAD_BOUNDARY).values()]
    np.testing.assert_allclose(lengths, 100.0, atol=1e-6)


def test_two_roads_of_one_id_are_a_bad_record(tmp_path: Path) -> None:
    path = write_map(tmp_path, road("a"), road("a", line(100.0, y=50.0)))
    with pytest.raises(ValueError, match=r"map\.xodr, road 'a': .* repeats the id 'a'"):
        read_road_map(path, Records(skip=False))
    records = Records(skip=True)
    assert len(read_road_map(path, records).document.roads) == 1
    assert len(records.skipped) == 1
    assert DASHED in opendrive(road("a"))

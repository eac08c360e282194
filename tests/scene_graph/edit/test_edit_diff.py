"""What is said of the differences between two scenarios."""

from dataclasses import replace

from edit_scenarios import actor, edited, road

from scene_graph.edit import Difference, difference_lines, differences
from scene_graph.environment import Environment


def lines(text: str) -> list[str]:
    graph = road(actor("lead", 20, 0, speed_mps=10), actor("far", 40, 0, speed_mps=10, source_category="sedan"))
    return difference_lines(edited(graph, text).report.differences())


def test_actors() -> None:
    assert lines("- remove_actor: {actor: lead}") == ["removed actor lead: car, 0 to 8 s"]
    assert lines("- add_actor: {actor: new, copy: {actor: far, offset_m: [20, 0, 0], delay_s: 1}}") == [
        "added actor new: car, 1 to 9 s"
    ]
    assert lines("- move_actor: {actor: lead, offset_m: [0, 3, 4], yaw_deg: 2}") == [
        "changed actor lead: moved by up to 5.000 m; turned by up to 2.000 deg"
    ]
    assert lines("- retime_actor: {actor: far, delay_s: -0.5}") == [
        "changed actor far: 0 to 8 s -> -0.5 to 7.5 s; same path at other times"
    ]
    assert lines("- replace_actor: {actor: far, category: bus, size_lwh_m: [9, 2, 3.5]}") == [
        "changed actor far: car -> bus; size 4 x 2 x 1.5 m -> 9 x 2 x 3.5 m; moved by up to 1.000 m; "
        "source category 'sedan' -> ''"
    ]


def test_map_lights_and_environment() -> None:
    assert lines("- mark_lane_line: {line: left_line, colour: yellow}") == [
        "changed lane_line left_line: white dashed_single 0.1 m -> yellow dashed_single 0.1 m; "
        "style 'WHITE LONG_DASHED_SINGLE' dropped"
    ]
    assert lines("- set_signal: {light: lamp, state: red, from_s: 1}") == [
        "changed signal lamp: green from 0 s, red from 4 s -> green from 0 s, red from 1 s"
    ]
    assert lines("- set_signal: {light: far_lamp, state: red}") == ["added signal far_lamp: red from 0 s"]
    assert lines("- set_environment: {weather: fog, camera_prompts: {front: Fog.}}") == [
        "changed environment: weather 'unknown' -> 'fog'; prompt of front '' -> 'Fog.'"
    ]
    assert lines("- offset_ego: {lateral_m: 0.25}") == ["changed ego: moved by up to 0.250 m"]


def test_many_are_counted() -> None:
    said = lines("- mirror:")
    assert "changed 3 more of kind lane" not in said
    found = tuple(
        Difference(subject="pole", id=str(index), change="removed", detail="2 vertices") for index in range(9)
    )
    assert difference_lines(found) == [
        *(f"removed pole {index}: 2 vertices" for index in range(5)),
        "removed 4 more of kind pole",
    ]


def test_relations_are_counted_by_kind() -> None:
    graph = road()
    fewer = replace(graph, relations=graph.relations[2:])
    assert difference_lines(differences(graph, fewer)) == ["removed relation successor: 2 of them"]
    assert difference_lines(differences(fewer, graph)) == ["added relation successor: 2 of them"]


def test_other_parts() -> None:
    graph = road(environment=Environment(prompt="A road."))
    other = replace(
        graph, scenario_id="other", ego=replace(graph.ego, rear_axle_to_center_m=2.0), environment=Environment()
    )
    assert difference_lines(differences(graph, other)) == [
        "changed scenario: 'road' -> 'other'",
        "changed ego: other rear_axle_to_center_m",
        "changed environment: prompt 'A road.' -> ''",
    ]

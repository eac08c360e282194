"""Marks of lane lines, states of lights, and the environment."""

import numpy as np
import pytest
from edit_scenarios import edited, element_of, lane, line, road, us

from scene_graph.elements import LaneMark, MarkColour, MarkPattern
from scene_graph.environment import Environment
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.signals import SignalState, SignalTrack

GREEN, RED, YELLOW, OFF, UNKNOWN = (
    SignalState.GREEN, SignalState.RED, SignalState.YELLOW, SignalState.OFF, SignalState.UNKNOWN,
)  # fmt: skip


def states(graph: ScenarioGraph, light: str) -> list[tuple[float, SignalState]]:
    track = next(one for one in graph.signals if one.element_id == light)
    return [
        ((time - 5_000_000) / 1e6, one) for time, one in zip(track.timestamps_us.tolist(), track.states, strict=True)
    ]


def test_marks_are_painted_over_and_old_names_dropped() -> None:
    result = edited(road(), "- mark_lane_line: {line: left_line, pattern: solid_double, colour: yellow}")
    left = element_of(result, "left_line")
    assert left.mark == LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_DOUBLE, width_m=0.1)
    assert left.attributes == {"width": "0.1", "id": "7"}
    np.testing.assert_array_equal(left.vertices_world, element_of(road(), "left_line").vertices_world)
    assert element_of(road(), "left_line").attributes["style"] == "WHITE LONG_DASHED_SINGLE"

    result = edited(road(), "- mark_lane_line: {line: left_line, width_m: 0.3}")
    left = element_of(result, "left_line")
    assert left.mark == LaneMark(colour=MarkColour.WHITE, pattern=MarkPattern.DASHED_SINGLE, width_m=0.3)
    assert left.attributes == {"id": "7"}

    right = element_of(edited(road(), "- mark_lane_line: {line: right_line, colour: blue}"), "right_line")
    assert right.attributes == {"side": "right"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("nearest: left", {"left_line"}),
        ("nearest: {side: right, at_s: 3}", {"right_line"}),
        ("where: {}", {"left_line", "right_line", "far_line"}),
        ("where: {within_m: 1.76}", {"left_line", "right_line"}),
        ("where: {colour: yellow}", {"far_line"}),
        ("where: {pattern: dashed_single, within_m: 9}", {"left_line", "right_line"}),
    ],
)
def test_selectors_of_lines(selector: str, expected: set[str]) -> None:
    far = line("far_line", 8.0, mark=LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_SINGLE))
    graph = road(elements=(*road().elements, far))
    result = edited(graph, f"- mark_lane_line: {{{selector}, colour: blue}}")
    marked = {one.element_id for one in result.graph.elements if one.mark and one.mark.colour is MarkColour.BLUE}
    assert marked == expected


def test_lines_ahead_or_without_marks() -> None:
    ahead = line("left_line", 1.75)
    ahead = ahead.__class__(
        element_id="ahead", kind=ahead.kind, mark=None, vertices_world=np.array([[30.0, 1.75, 0], [50, 1.75, 0]])
    )
    graph = road(elements=(ahead,), relations=(), signals=())
    with pytest.raises(SceneError, match="no lane line is abeam on the left"):
        edited(graph, "- mark_lane_line: {nearest: left, colour: blue, pattern: other}")
    with pytest.raises(SceneError, match="'ahead' has no mark yet; give both pattern and colour"):
        edited(graph, "- mark_lane_line: {nearest: {side: left, at_s: 4}, colour: blue}")
    mark = element_of(edited(graph, "- mark_lane_line: {line: ahead, colour: blue, pattern: other}"), "ahead").mark
    assert mark == LaneMark(colour=MarkColour.BLUE, pattern=MarkPattern.OTHER, width_m=0.15)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("state: red", [(0, RED)]),
        ("state: green", [(0, GREEN)]),
        ("state: yellow, from_s: 3", [(0, GREEN), (3, YELLOW)]),
        ("state: yellow, from_s: 3, to_s: 5", [(0, GREEN), (3, YELLOW), (5, RED)]),
        ("state: yellow, from_s: 1, to_s: 2", [(0, GREEN), (1, YELLOW), (2, GREEN), (4, RED)]),
        ("state: yellow, from_s: 1, to_s: 4", [(0, GREEN), (1, YELLOW), (4, RED)]),
        ("state: yellow, from_s: 4, to_s: 5", [(0, GREEN), (4, YELLOW), (5, RED)]),
        ("state: red, from_s: 2, to_s: 6", [(0, GREEN), (2, RED)]),
        ("state: green, from_s: 1, to_s: 2", [(0, GREEN), (4, RED)]),
        ("state: off, to_s: 8", [(0, OFF), (8, RED)]),
    ],
)
def test_states_over_a_span(arguments: str, expected: list[tuple[float, SignalState]]) -> None:
    result = edited(road(), f"- set_signal: {{light: lamp, {arguments}}}")
    assert states(result.graph, "lamp") == expected


def test_a_light_that_showed_nothing() -> None:
    result = edited(road(), "- set_signal: {light: far_lamp, state: red, from_s: 2, to_s: 3}")
    assert states(result.graph, "far_lamp") == [(2, RED), (3, UNKNOWN)]
    assert edited(road(), "- set_signal: {light: far_lamp, state: unknown}").hash == road().hash()


def test_states_before_the_scenario_stay() -> None:
    early = SignalTrack(element_id="lamp", timestamps_us=np.array(us(-9.0, -1.0, 3.0)), states=(RED, GREEN, RED))
    result = edited(road(signals=(early,)), "- set_signal: {light: lamp, state: yellow, from_s: 1, to_s: 2}")
    assert states(result.graph, "lamp") == [(-9, RED), (-1, GREEN), (1, YELLOW), (2, GREEN), (3, RED)]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("controls: near", {"lamp"}),
        ("where: {}", {"lamp", "far_lamp"}),
        ("where: {within_m: 50}", {"lamp"}),
        ("light: off", {"off"}),
    ],
)
def test_selectors_of_lights(selector: str, expected: set[str]) -> None:
    result = edited(road(), f"- set_signal: {{{selector}, state: yellow}}")
    assert {one.element_id for one in result.graph.signals if YELLOW in one.states} == expected


def test_a_lane_with_a_signal_of_its_own() -> None:
    own = SignalTrack(element_id="off", timestamps_us=np.array(us(0.0)), states=(GREEN,))
    graph = road(signals=(own,))
    assert states(edited(graph, "- set_signal: {controls: 'off', state: red}").graph, "off") == [(0, RED)]
    with pytest.raises(SceneError, match="no traffic light controls lane 'off', and it has no signal of its own"):
        edited(road(), "- set_signal: {controls: 'off', state: red}")


def test_lights_of_a_map_without_any() -> None:
    graph = road(elements=(lane("near", [[0, 0, 0], [9, 0, 0]]),), relations=(), signals=())
    with pytest.raises(SceneError, match="no traffic light is as described"):
        edited(graph, "- set_signal: {where: {}, state: red}")
    assert edited(graph, "- set_signal: {where: {}, state: red, allow_none: true}").hash == graph.hash()


def test_environment_keeps_what_is_not_given() -> None:
    graph = road(
        environment=Environment(weather="rain", prompt="Rain.", camera_prompts={"front": "Drops.", "rear": "Mist."})
    )
    result = edited(graph, "- set_environment: {time_of_day: night, camera_prompts: {rear: '', left: Dark.}}")
    assert result.graph.environment == Environment(
        weather="rain", time_of_day="night", prompt="Rain.", camera_prompts={"front": "Drops.", "left": "Dark."}
    )
    cleared = edited(graph, "- set_environment: {weather: clear, prompt: ''}").graph.environment
    assert (cleared.weather, cleared.prompt) == ("clear", "")

"""Edit files: what they say, and one line for everything that is wrong in them."""

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from edit_scenarios import actor, edited, road
from hypothesis import given, settings
from hypothesis import strategies as st

from scene_graph.actors import ActorCategory
from scene_graph.edit import apply_edits, edit_spec, expand_variants, load_edit_spec, load_edits, parse_edits
from scene_graph.edit.edit_file import parse_yaml
from scene_graph.edit.operations import (
    AddActor,
    AlongLane,
    CopiedMotion,
    Crop,
    During,
    ExplicitTrack,
    Mirror,
    MoveActor,
    OffsetFrame,
    RouteEnd,
    SetSignal,
    TrackFrame,
    TrackPose,
)
from scene_graph.edit.selectors import ActorById, ActorsWhere, LightsControlling, NearestActor
from scene_graph.errors import SceneError
from scene_graph.signals import SignalState

EXAMPLES = int(os.environ.get("DRIVESIM_FUZZ_EXAMPLES", "150"))
PACKAGED = sorted((Path(__file__).parents[3] / "configs" / "edits").glob("*.yaml"))


def test_operations_as_records() -> None:
    text = """
    - move_actor:
        {nearest: {category: car, at_s: 1}, offset_m: [1, 2, 3.5], frame: world, from_s: 2, blend_s: 0.5, steer: true}
    - set_signal: {controls: 12, state: off, to_s: 3}
    - crop: {radius_m: 40}
    - mirror:
    - add_actor:
        {actor: 0042, category: bus, size_lwh_m: [9, 2, 3], frame: ego_start, track: [{t_s: 0, position_m: [1, 2, 0]}]}
    - add_actor: {actor: b, copy: {actor: a, delay_s: 1e-1, offset_m: [1, 0, 0], frame: world}, allow_overlap: true}
    - add_actor:
        actor: c
        category: car
        size_lwh_m: [4, 2, 1.5]
        along_lane: {route: [x, 7], s_m: 1, offset_m: -1, speeds: [{t_s: 0, speed_mps: 5}], on_route_end: leave}
    """
    assert parse_edits(parse_yaml(text)) == (
        MoveActor(
            select=NearestActor(category=ActorCategory.CAR, at_s=1.0),
            offset_m=(1.0, 2.0, 3.5),
            frame=OffsetFrame.WORLD,
            during=During(from_s=2.0, blend_s=0.5),
            steer=True,
        ),
        SetSignal(select=LightsControlling(lane="12"), state=SignalState.OFF, to_s=3.0),
        Crop(radius_m=40.0),
        Mirror(),
        AddActor(
            actor="0042",
            category=ActorCategory.BUS,
            size_lwh_m=(9.0, 2.0, 3.0),
            motion=ExplicitTrack(poses=(TrackPose(t_s=0.0, position_m=(1.0, 2.0, 0.0)),), frame=TrackFrame.EGO_START),
        ),
        AddActor(
            actor="b",
            category=None,
            size_lwh_m=None,
            motion=CopiedMotion(actor="a", delay_s=0.1, offset_m=(1.0, 0.0, 0.0), frame=OffsetFrame.WORLD),
            allow_overlap=True,
        ),
        AddActor(
            actor="c",
            category=ActorCategory.CAR,
            size_lwh_m=(4.0, 2.0, 1.5),
            motion=AlongLane(
                lanes=("x", "7"), s_m=1.0, offset_m=-1.0, speeds=((0.0, 5.0),), on_route_end=RouteEnd.LEAVE
            ),
        ),
    )
    where = parse_edits(parse_yaml("- remove_actor: {where: {category: [car, bus], within_m: 9}}"))[0]
    assert where.select == ActorsWhere(categories=(ActorCategory.CAR, ActorCategory.BUS), within_m=9.0)  # type: ignore[union-attr]
    by_id = parse_edits(parse_yaml("- remove_actor: {actor: 12:30}"))[0]
    assert by_id.select == ActorById(actor="12:30")  # type: ignore[union-attr]


ADD = "add_actor: {actor: n, category: car, size_lwh_m: [4, 2, 1]"
LANE = f"{ADD}, along_lane: {{lane: near"
STEADY = "speeds: [{t_s: 0, speed_mps: 1}]"
BAD_OPERATIONS = [
    ("5", "expected a mapping of one operation's name to its arguments, received a int"),
    ("{mirror: {}, crop: {}}", "received 2 of them"),
    ("remove_acter: {actor: lead}", "no operation 'remove_acter'; .* did you mean 'remove_actor'"),
    ("remove_actor: {}", "expected exactly one of actor, nearest, where; received none"),
    ("remove_actor: {actor: lead, nearest: car}", "received actor and nearest"),
    ("remove_actor: 7", "expected an object"),
    ("remove_actor: {actor: lead, colour: red}", "no argument 'colour'; expected one of actor"),
    ("remove_actor: {actor: led}", "no actor 'led'; .*did you mean 'lead'"),
    ("remove_actor: {actor: [lead]}", "actor is .*expected a text"),
    ("remove_actor: {nearest: cart}", "nearest is \"cart\"; expected one of car, truck"),
    ("remove_actor: {nearest: {whithin_m: 9}}", "no argument of nearest 'whithin_m'.*did you mean 'within_m'"),
    ("remove_actor: {where: {category: []}}", "where.category is an empty list"),
    ("remove_actor: {where: {within_m: 0}}", "where.within_m is 0; expected more than 0"),
    ("remove_actor: {where: {at_s: 9}}", "where.at_s is 9 s; the scenario runs from 0 to 8 s"),
    ("remove_actor: {actor: lead, allow_none: maybe}", "allow_none is \"maybe\"; expected true or false"),
    (f"{ADD}}}", "expected exactly one of track, along_lane, copy"),
    (f"{ADD}, track: []}}", "track: expected a list of at least one"),
    (f"{ADD}, track: [{{t_s: 0}}]}}", r"track\[0\].position_m is missing"),
    (f"{ADD}, track: [{{t_s: 0, position_m: [1, 2]}}]}}", r"track\[0\].position_m is \[1, 2\]; expected 3 numbers"),
    (f"{ADD}, track: [{{t_s: 0, position_m: [1, 2, 1e10]}}]}}", r"track\[0\].position_m is .*at most 1e\+09"),
    (f"{ADD}, track: [{{t_s: 1, position_m: [1, 2, 3]}}, {{t_s: 1, position_m: [2, 2, 3]}}]}}", "times that increase"),
    (f"{ADD}, track: [{{t_s: 9, position_m: [1, 2, 3], yaw_deg: 0}}]}}", "there from 9 to 9 s, outside the scenario"),
    (f"{ADD}, track: [{{t_s: -2, position_m: [1, 2, 3]}}, {{t_s: -1, position_m: [9, 2, 3]}}]}}", "from -2 to -1 s"),
    (f"{ADD}, track: [{{t_s: 1, position_m: [50, 2, 3]}}]}}", "stands still and has no heading"),
    (f"{ADD}, track: [{{t_s: 2e5, position_m: [1, 2, 3]}}]}}", r"track\[0\].t_s is 200000; expected at most 100000 s"),
    (f"{ADD}, copy: {{actor: leed}}}}", "no actor 'leed'.*did you mean 'lead'"),
    (f"{ADD}, copy: {{actor: lead, delay_s: 9}}}}", "would be there from 9 to 17 s"),
    (f"{ADD}, frame: world, copy: {{actor: lead}}}}", "frame goes with track"),
    (f"{ADD}, along_lane: {{speeds: []}}}}", "expected exactly one of lane, route"),
    (f"{LANE}, speeds: []}}}}", "along_lane.speeds: expected a list of at least one"),
    (f"{LANE}, speeds: [{{t_s: 0, speed_mps: -1}}]}}}}", r"speeds\[0\].speed_mps is -1; expected at least 0"),
    (f"{LANE}, s_m: -1, {STEADY}}}}}", "along_lane.s_m is -1; expected at least 0"),
    (f"{LANE}, speeds: [{{t_s: 1, speed_mps: 1}}, {{t_s: 0, speed_mps: 1}}]}}}}", "expected times that increase"),
    (f"{LANE}, {STEADY}, on_route_end: vanish}}}}", "on_route_end is .*expected one of error, stop, leave"),
    ("add_actor: {actor: lead, copy: {actor: lead}}", "an actor 'lead' is there already"),
    ("add_actor: {actor: '', copy: {actor: lead}}", 'actor is ""; expected an id'),
    ("add_actor: {actor: n, track: [{t_s: 0, position_m: [1, 2, 3]}]}", "category is missing"),
    ("add_actor: {actor: n, size_lwh_m: [4, 0, 1], copy: {actor: lead}}", "expected three positive lengths"),
    ("move_actor: {actor: lead}", "neither offset_m nor yaw_deg is given"),
    ("move_actor: {actor: lead, offset_m: [1, 0, .nan]}", r"offset_m\[2\] is \".nan\"; expected a finite number"),
    ("move_actor: {actor: lead, offset_m: [1, 0, 0], frame: ego}", "frame is \"ego\"; expected one of own, world"),
    ("move_actor: {actor: lead, offset_m: [1, 0, 0], blend_s: 2}", "blend_s is given without from_s or to_s"),
    ("move_actor: {actor: lead, offset_m: [1, 0, 0], from_s: 1, blend_s: -1}", "blend_s is -1; expected at least 0"),
    ("move_actor: {actor: lead, offset_m: [1, 0, 0], from_s: 1, to_s: 2}", "no time to come and go in 1 s each"),
    ("move_actor: {actor: lead, offset_m: [1, 0, 0], from_s: 9}", "from_s is 9 s; the scenario runs from 0 to 8 s"),
    ("retime_actor: {actor: lead}", "neither delay_s nor speed_factor is given"),
    ("retime_actor: {actor: lead, speed_factor: 0}", "speed_factor is 0; expected more than 0"),
    ("retime_actor: {actor: lead, speed_factor: 1e4}", "speed_factor is 10000; expected 0.001 to 1000"),
    ("retime_actor: {actor: lead, delay_s: 9}", "would be there from 9 to 17 s"),
    ("replace_actor: {actor: lead}", "neither category nor size_lwh_m is given"),
    ("replace_actor: {actor: lead, size_lwh_m: [4, 2, -1]}", "expected three positive lengths"),
    ("mark_lane_line: {line: left_line}", "none of pattern, colour and width_m is given"),
    ("mark_lane_line: {line: lef_line, colour: blue}", "no lane line 'lef_line'; .*did you mean 'left_line'"),
    ("mark_lane_line: {line: near, colour: blue}", "no lane line 'near'"),
    ("mark_lane_line: {line: left_line, colour: pink}", "colour is \"pink\"; expected one of white"),
    ("mark_lane_line: {line: left_line, width_m: 0}", "width_m is 0; expected more than 0"),
    ("mark_lane_line: {nearest: up, colour: blue}", "nearest is \"up\"; expected one of left, right"),
    ("set_signal: {light: lamp}", "state is missing"),
    ("set_signal: {light: lamp, state: purple}", "state is \"purple\"; expected one of red"),
    ("set_signal: {light: lampp, state: red}", "no traffic light or lane 'lampp'.*did you mean 'lamp'"),
    ("set_signal: {light: left_line, state: red}", "no traffic light or lane 'left_line'"),
    ("set_signal: {controls: nearer, state: red}", "no lane 'nearer'.*did you mean 'near'"),
    ("set_signal: {light: lamp, state: red, from_s: 5, to_s: 5}", "to_s is 5 s; expected later than from_s"),
    ("set_signal: {light: lamp, state: red, from_s: 8.5}", "from_s is 8.5 s; the scenario runs"),
    ("set_environment: {}", "nothing is given"),
    ("set_environment: {weather: hail}", "weather is 'hail'; expected one of clear"),
    ("set_environment: {time_of_day: noon}", "time_of_day is 'noon'; expected one of day"),
    ("set_environment: {prompt: 5}", "prompt is 5; expected a text"),
    ("set_environment: {camera_prompts: {front: 5}}", "camera_prompts.front is 5; expected a text"),
    ("offset_ego: {}", "none of longitudinal_m, lateral_m, vertical_m, yaw_deg is given"),
    ("replace_ego: {copy: {actor: lead}}", "no argument 'copy'"),
    ("mirror: {axis: x}", "no argument 'axis'"),
    ("crop: {}", "none of from_s, to_s and radius_m is given"),
    ("crop: {radius_m: -3}", "radius_m is -3; expected more than 0"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "message"), BAD_OPERATIONS)
def test_bad_operations_are_named(operation: str, message: str) -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10))
    with pytest.raises(SceneError, match=rf"^edits, operation 2( \(\w+\))?: .*{message}") as caught:
        edited(graph, f"- set_environment: {{weather: rain}}\n- {operation}")
    assert "\n" not in str(caught.value)


BAD_FILES = [
    ("", "expected a list of operations, or a mapping"),
    ("a text", "expected a list of operations, or a mapping"),
    ("edits: {mirror: }", "edits is no list"),
    ("matrix: {a: [1]}", "edits is missing"),
    ("edits: []\nmatrx: {}", "no argument 'matrx'; .*did you mean 'matrix'"),
    ("edits: []\nmatrix: [1]", "matrix is no mapping"),
    ("edits: []\nmatrix: {}", "matrix is no mapping; expected at least one name"),
    ("edits: []\nsample: 3", "sample is given without a matrix"),
    ("edits: []\nmatrix: {a: [1]}\nsample: 0", "sample is 0; expected at least 1"),
    ("edits: []\nmatrix: {a: [1]}\nsample: many", "sample is \"many\"; expected a whole number"),
    ("- [1, 2", "not readable as YAML"),
    ("- crop: {radius_m: 1, radius_m: 2}", "the key 'radius_m' is given twice"),
    ("- !!python/object/apply:os.system [ls]", "not readable as YAML"),
    ("- {1: 2}", "a key is 1; expected a text"),
    ("- !!timestamp 2020-01-01", "a value is a date"),
    ("- !!binary aGVsbG8=", "a value is a bytes"),
    ("- 1e999", "a value is inf; expected finite numbers"),
    ("- &a [*a]", "the edits have more than 24 levels"),
    ("- " + "[" * 30 + "]" * 30, "the edits have more than 24 levels"),
    ("- " + "[" * 5000 + "]" * 5000, "not readable as YAML|more than 24 levels"),
    (
        "a: &a [1, 1]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise("abcdefghijklmnopqrst")),
        "the edits have more than 200000 values",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD_FILES, ids=[str(index) for index in range(len(BAD_FILES))])
def test_bad_files_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SceneError, match=rf"some\.yaml: .*({message})") as caught:
        load_edit_spec(path)
    assert "\n" not in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"absent\.yaml: cannot read: No such file"):
        load_edit_spec(tmp_path / "absent.yaml")
    with pytest.raises(SceneError, match="cannot read: Is a directory"):
        load_edit_spec(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"- \xff")
    with pytest.raises(SceneError, match="not readable as UTF-8"):
        load_edit_spec(tmp_path / "latin.yaml")
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(9_000_000)
    with pytest.raises(SceneError, match="has 9000000 bytes; expected at most"):
        load_edit_spec(tmp_path / "large.yaml")
    with pytest.raises(SceneError, match="no configuration named 'nothing' among the packaged edits"):
        load_edit_spec("nothing")
    (tmp_path / "matrix.yaml").write_text("matrix: {a: [1]}\nedits: [{crop: {radius_m: '${a}'}}]")
    with pytest.raises(SceneError, match="holds a matrix"):
        load_edits(tmp_path / "matrix.yaml")


def test_too_many_operations() -> None:
    with pytest.raises(SceneError, match="1001 operations; expected at most 1000"):
        parse_edits([{"mirror": None}] * 1001)


def test_yaml_has_no_surprises() -> None:
    text = "[off, on, yes, 12:30, 0042, 2020-01-01, 1e3, 1_000, 0x1f, true, ~, -7, +0.5, .5, '5', null]"
    assert parse_yaml(text) == [
        "off", "on", "yes", "12:30", "0042", "2020-01-01", 1000.0, "1_000", "0x1f", True, None, -7, 0.5, 0.5, "5", None,
    ]  # fmt: skip


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_packaged_edits_are_sound(path: Path) -> None:
    spec = load_edit_spec(path.stem)
    assert spec == load_edit_spec(path)
    assert expand_variants(spec)


NESTED = ["actor", "nearest", "where", "category", "offset_m", "from_s", "track", "t_s", "position_m", "copy"]
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["lead", "near", "car", "left", "red", "own", "", "${a}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(NESTED), inner, max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip
KEYS = [
    "actor",
    "nearest",
    "where",
    "allow_none",
    "category",
    "size_lwh_m",
    "track",
    "along_lane",
    "copy",
    "frame",
    "allow_overlap",
    "offset_m",
    "yaw_deg",
    "from_s",
    "to_s",
    "blend_s",
    "steer",
    "delay_s",
    "speed_factor",
    "line",
    "pattern",
    "colour",
    "width_m",
    "light",
    "controls",
    "state",
    "weather",
    "time_of_day",
    "prompt",
    "camera_prompts",
    "longitudinal_m",
    "lateral_m",
    "vertical_m",
    "radius_m",
]
NAMES = [
    "remove_actor",
    "add_actor",
    "move_actor",
    "retime_actor",
    "replace_actor",
    "mark_lane_line",
    "set_signal",
    "set_environment",
    "offset_ego",
    "replace_ego",
    "mirror",
    "crop",
]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), plain, max_size=4) | plain, max_size=1
        ),
        max_size=3,
    )
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_anything_is_an_edit_or_one_line(values: list[Any]) -> None:
    graph = road(actor("lead", 20, 0, speed_mps=10))
    try:
        apply_edits(graph, parse_edits(edit_spec(values).edits)).graph.validate()
    except SceneError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert str(error).startswith("edits")  # noqa: PT017


@given(st.sampled_from(PACKAGED), st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_damaged_files_are_read_or_one_line(path: Path, data: st.DataObject) -> None:
    """Bytes of a packaged file are changed, taken out and put in."""
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        kept = data.draw(st.integers(0, 3))
        content[place : place + kept] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"{", b"[", b"${", b": ", b"-1"])
        )
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "damaged.yaml"
        damaged.write_bytes(content)
        try:
            variants = expand_variants(load_edit_spec(damaged))
            apply_edits(road(actor("lead", 20, 0, speed_mps=10)), variants[0].edits).graph.validate()
        except SceneError as error:
            assert "\n" not in str(error)  # noqa: PT017

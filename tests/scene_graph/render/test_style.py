"""Styles: the packaged ones, and what is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest
import scenes
import yaml

from scene_graph.elements import LaneMark, MarkColour, MarkPattern
from scene_graph.errors import SceneError
from scene_graph.render.style import load_style, style_from_dict
from scene_graph.resources import config_path

PACKAGED = ("world_scenario", "world_scenario_compat", "drive_dreams")


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_styles_load_under_their_own_name(name: str) -> None:
    assert load_style(name).name == name


def test_the_digest_follows_the_values() -> None:
    values = yaml.safe_load(config_path("styles", "world_scenario").read_text())
    first = style_from_dict(values).digest
    assert first == load_style("world_scenario").digest
    values["far_m"] = 150.0
    assert style_from_dict(values).digest != first


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("pattern", list(MarkPattern))
@pytest.mark.parametrize("colour", [MarkColour.WHITE, MarkColour.YELLOW])
def test_every_mark_is_drawn(name: str, pattern: MarkPattern, colour: MarkColour) -> None:
    line = scenes.element("lane_line", [[0, 0, 0], [9, 0, 0]], mark=LaneMark(colour=colour, pattern=pattern))
    assert load_style(name).mark_of(line).strokes


def test_the_clean_style_draws_colour_and_pattern() -> None:
    style = load_style("world_scenario")
    mark = LaneMark(colour=MarkColour.YELLOW, pattern=MarkPattern.SOLID_DASHED)
    drawn = style.mark_of(scenes.element("lane_line", [[0, 0, 0], [9, 0, 0]], mark=mark))
    assert drawn.rgb == (255, 255, 0)
    assert [(s.offset_m, s.dashes_m) for s in drawn.strokes] == [(0.1, ()), (-0.1, (3.0, 9.0))]


def test_only_the_compat_style_heeds_the_source_own_name() -> None:
    line = scenes.element(
        "lane_line", [[0, 0, 0], [9, 0, 0]], mark=LaneMark(), attributes={"style": "YELLOW DOT_SOLID_GROUP"}
    )
    assert load_style("world_scenario").mark_of(line).rgb == (255, 255, 255)
    compat = load_style("world_scenario_compat").mark_of(line)
    assert compat.rgb == (255, 255, 0)
    assert len(compat.strokes) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"composite": "blend"}, "composite 'blend'"),
        ({"colour": 3}, "unknown key 'colour'"),
        ({"far_m": None}, "float"),
        ({"layers": {"lane_lines": {"width_px": 3}}}, "lane_lines"),
        ({"layers": {"pole": {"rgb": [1, 2], "width_px": 3}}}, "three numbers from 0 to 255"),
        ({"layers": {"pole": {"rgb": [1, 2, 3], "width_px": 3, "width_m": 1}}}, "exclude each other"),
        ({"marks": {}}, "'default' is missing"),
        ({"mark_patterns": {"solid_single": [{"dashes_m": [1.0]}]}}, "pairs of positive lengths"),
    ],
)
def test_a_bad_value_is_named_with_its_file(tmp_path: Path, change: dict[str, object], said: str) -> None:
    values = yaml.safe_load(config_path("styles", "world_scenario").read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values | change))
    with pytest.raises(SceneError) as caught:
        load_style(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_keys_files_and_names(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("name: x")
    with pytest.raises(SceneError, match="missing key"):
        load_style(path)
    path.write_text("[1, 2")
    with pytest.raises(SceneError, match="not readable as YAML"):
        load_style(path)
    path.write_text("- 1")
    with pytest.raises(SceneError, match="expected a mapping"):
        load_style(path)
    with pytest.raises(SceneError, match="no such style file"):
        load_style(tmp_path / "none.yaml")
    with pytest.raises(SceneError, match="world_scenario"):
        load_style("no_such_style")

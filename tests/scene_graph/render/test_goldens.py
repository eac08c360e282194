"""Small blessed pictures: every element kind, camera model and style.

After a wanted change, look at the pictures that a failing run writes, then copy them over the old ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scenes
from PIL import Image

from scene_graph.elements import ElementKind, Geometry
from scene_graph.graph import ScenarioGraph
from scene_graph.render.control import ControlRenderer
from scene_graph.render.style import load_style

GOLDENS = Path(__file__).parents[2] / "goldens" / "render"
WIDTH, HEIGHT = 320, 180
# compilers may round differently: a few edge samples may fall on the other side
MOST_DIFFERENT = 4e-3
LEVELS = 12


def check(name: str, image: np.ndarray, tmp_path: Path) -> None:
    golden = GOLDENS / f"{name}.png"
    drawn = tmp_path / f"{name}.png"
    Image.fromarray(image).save(drawn)
    assert golden.exists(), f"no golden picture {golden}; look at {drawn} and copy it there"
    expected = np.asarray(Image.open(golden).convert("RGB"))
    assert expected.shape == image.shape
    difference = np.abs(expected.astype(int) - image)
    share = (difference.max(axis=-1) > LEVELS).mean()
    if share > MOST_DIFFERENT:
        Image.fromarray(np.concatenate([expected, image, difference.astype(np.uint8)])).save(
            tmp_path / f"{name}_diff.png"
        )
    assert share <= MOST_DIFFERENT, f"{share:.2%} of the pixels differ; see {tmp_path / name}_diff.png"


@pytest.mark.parametrize("model", ["pinhole", "distorted", "ftheta", "fisheye"])
def test_camera_models(model: str, tmp_path: Path) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)[model]
    renderer = ControlRenderer(scenes.street(), scenes.rig(camera), load_style("world_scenario"))
    check(f"camera_{model}", renderer.draw(0, 0), tmp_path)


@pytest.mark.parametrize("style", ["world_scenario", "world_scenario_compat", "drive_dreams"])
def test_styles(style: str, tmp_path: Path) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["ftheta"]
    renderer = ControlRenderer(scenes.street(), scenes.rig(camera), load_style(style))
    check(f"style_{style}", renderer.draw(0, 0), tmp_path)


def one_kind(kind: ElementKind) -> ScenarioGraph:
    if kind.geometry is Geometry.CUBOID:
        return scenes.graph((scenes.element(kind.value, scenes.cuboid((9, 0.5, 2.5), (0.5, 1.0, 1.2))),))
    if kind is ElementKind.POLE:
        return scenes.graph((scenes.element("pole", [[9, 1, 0], [9, 1, 4]]),))
    if kind.geometry is Geometry.POLYLINE:
        return scenes.graph((scenes.element(kind.value, [[4, 2, 0], [12, 1, 0], [30, -4, 0]]),))
    outline = [[6, -3, 0], [12, -3, 0], [12, 3, 0], [10, 3, 0], [10, -1, 0], [6, -1, 0]]
    hole = np.array([[10.5, -2, 0], [11.5, -2, 0], [11.5, 0, 0], [10.5, 0, 0]], dtype=np.float64)
    return scenes.graph((scenes.element(kind.value, outline, holes_world=(hole,)),))


@pytest.mark.parametrize("kind", list(load_style("world_scenario").layers), ids=lambda kind: kind.value)
def test_element_kinds(kind: ElementKind, tmp_path: Path) -> None:
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    renderer = ControlRenderer(one_kind(kind), scenes.rig(camera), load_style("world_scenario"))
    check(f"kind_{kind.value}", renderer.draw(0, 0), tmp_path)


def test_actors(tmp_path: Path) -> None:
    categories = ("car", "truck", "bus", "bicycle", "pedestrian", "animal", "traffic_cone", "other")
    actors = tuple(
        scenes.actor(category, 12 + 4 * (i % 2), 6.0 - 1.7 * i, 0.5, (1.4, 0.8, 1.5))
        for i, category in enumerate(categories)
    )
    camera = scenes.cameras(WIDTH, HEIGHT)["pinhole"]
    renderer = ControlRenderer(scenes.graph(actors=actors), scenes.rig(camera), load_style("world_scenario"))
    check("actors", renderer.draw(0, 0), tmp_path)

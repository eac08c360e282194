"""Our compat style beside pictures of NVIDIA's world-scenario renderer, at its README's tolerances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_erosion, distance_transform_edt

from scene_graph.readers import read_recording
from scene_graph.render.control import ControlRenderer
from scene_graph.render.style import load_style

LIT = 24
pytestmark = [pytest.mark.conformance, pytest.mark.data]


def outline(mask: np.ndarray) -> np.ndarray:
    return mask & ~binary_erosion(mask)


def boundary_f1(drawn: np.ndarray, reference: np.ndarray, tolerance_px: float) -> float:
    """Harmonic mean of the shares of each outline that lie within the tolerance of the other."""
    ours, theirs = outline(drawn), outline(reference)
    precision = (distance_transform_edt(~theirs)[ours] <= tolerance_px).mean()
    recall = (distance_transform_edt(~ours)[theirs] <= tolerance_px).mean()
    return float(2 * precision * recall / (precision + recall))


def test_compat_pictures(conformance_root: Path, data_root: Path) -> None:
    pictures = sorted((conformance_root / "render").glob("*_*.png"))
    if not pictures:
        pytest.skip(f"no pictures under {conformance_root / 'render'}")
    recording = read_recording(data_root / "rds_hq", format="rds_hq")
    overlaps = {}
    for path in pictures:
        camera, frame = path.stem.rsplit("_", 1)
        reference = np.asarray(Image.open(path).convert("RGB"))
        rig = recording.rig.subset((camera,)).resized(reference.shape[1], reference.shape[0])
        renderer = ControlRenderer(recording.graph, rig, load_style("world_scenario_compat"))
        image = renderer.draw(0, int(recording.graph.ego.trajectory.timestamps_us[int(frame)]))
        ours, theirs = image.max(axis=-1) > LIT, reference.max(axis=-1) > LIT
        overlaps[path.name] = (ours & theirs).sum() / (ours | theirs).sum()
        assert overlaps[path.name] >= 0.95, path.name
        assert boundary_f1(ours, theirs, 1.5) >= 0.97, path.name
    assert np.mean(list(overlaps.values())) >= 0.98, overlaps

"""Draws the pictures of the README from the bundled scenario: `python -m docs.make_pictures`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from drivesim.cli import main as run_preview
from scene_graph.edit import edit_recording, load_edits
from scene_graph.example import example_recording
from scene_graph.render.control import render_control_video

IMAGES = Path(__file__).parent / "images"
STREET = Path(__file__).parents[1] / "drivesim" / "assets" / "street.scenario"
TIME_US = 2_300_000
SIZE = (480, 270)
GAP_PX = 6


def strip(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one height side by side, on white."""
    gap = np.full((pictures[0].shape[0], GAP_PX, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)


def main() -> None:
    """Writes the pictures of the cameras, of the styles, of an edit, and of the scene from above."""
    recording = example_recording()
    names = ["CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT", "REAR_FISHEYE"]
    views = render_control_video(recording, cameras=names, size=SIZE, timestamps_us=[TIME_US]).frames[:, 0]
    Image.fromarray(strip(list(views))).save(IMAGES / "cameras.png")
    styles = [
        render_control_video(recording, style=style, cameras=["CAM_FRONT"], size=SIZE, timestamps_us=[TIME_US]).frames[
            0, 0
        ]
        for style in ("world_scenario", "world_scenario_compat", "drive_dreams")
    ]
    Image.fromarray(strip(styles)).save(IMAGES / "styles.png")
    edited = edit_recording(recording, load_edits("remove_car_red_light"))[0]
    pair = [
        render_control_video(scene, cameras=["CAM_FRONT"], size=(720, 405), timestamps_us=[TIME_US]).frames[0, 0]
        for scene in (recording, edited)
    ]
    Image.fromarray(strip(pair)).save(IMAGES / "edit.png")
    with TemporaryDirectory() as folder:
        run_preview(["preview", str(STREET), "--out", folder, "--size", "1400x700"])
        Image.open(Path(folder) / "topdown.png").save(IMAGES / "topdown.png")


if __name__ == "__main__":
    main()

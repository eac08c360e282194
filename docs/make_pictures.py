"""Draws the pictures of the README from the bundled scenario: `python -m docs.make_pictures`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from scene_graph.example import example_recording
from scene_graph.render.control import render_control_video

IMAGES = Path(__file__).parent / "images"
TIME_US = 2_300_000
SIZE = (480, 270)
GAP_PX = 6


def strip(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one height side by side, on white."""
    gap = np.full((pictures[0].shape[0], GAP_PX, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)


def main() -> None:
    """Writes one picture of the cameras and one of the styles."""
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


if __name__ == "__main__":
    main()

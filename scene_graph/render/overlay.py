"""A control picture laid over the real one."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from scene_graph.errors import SceneError
from scene_graph.recording import Recording
from scene_graph.render.control import ControlRenderer
from scene_graph.render.style import Style, load_style

__all__ = ["laid_over", "nearest_image_us", "overlay_image"]


def overlay_image(
    recording: Recording, camera: str, timestamp_us: int, *, style: str | Style = "overlay", alpha: float = 0.8
) -> UInt8[np.ndarray, "h w 3"]:
    """A camera's real image with the lines and boxes of its own time over it: uint8 `h w 3`, RGB.

    Args:
        recording: with a rig and images.
        camera: name in the rig.
        timestamp_us: one of the camera's image times, inside the ego's track.
        style: what is drawn, and how; by default thin lines and wire boxes.
        alpha: opacity of what is drawn, 0 to 1.

    Raises:
        SceneError: there are no images, the camera is unknown, no image has that time, or its size is not the camera's.
        ValueError: the time lies outside the ego's track.
    """
    if recording.rig is None or recording.frames is None:
        raise SceneError(
            "the recording has no camera images", where=recording.source.path, remedy="draw control views instead"
        )
    rig = recording.rig.subset((camera,))
    image = recording.frames.image(camera, timestamp_us)
    height_px, width_px = rig.cameras[0].height_px, rig.cameras[0].width_px
    if image.shape != (height_px, width_px, 3):
        raise SceneError(
            f"camera {camera!r}: the image at {timestamp_us} us is {image.shape[1]}x{image.shape[0]}, "
            f"but the rig says {width_px}x{height_px}",
            where=recording.source.path,
            remedy="mend the calibration",
        )
    chosen = load_style(style) if isinstance(style, str) else style
    return laid_over(image, ControlRenderer(recording.graph, rig, chosen).draw(0, timestamp_us), alpha=alpha)


def laid_over(
    image: UInt8[np.ndarray, "h w 3"], control: UInt8[np.ndarray, "h w 3"], *, alpha: float
) -> UInt8[np.ndarray, "h w 3"]:
    """The image where the control picture is black, else a mixture with a share `alpha` of the control picture."""
    lit = control.any(axis=-1)
    mixed = image.copy()
    mixed[lit] = np.round(image[lit] * (1.0 - alpha) + control[lit] * alpha).astype(np.uint8)
    return mixed


def nearest_image_us(recording: Recording, camera: str, timestamp_us: int, *, within_us: int) -> int | None:
    """The camera's image time nearest to a time, inside the ego's track; None where none lies `within_us` of it."""
    if recording.frames is None:
        return None
    times_us = recording.frames.timestamps_us(camera)
    times_us = times_us[(times_us >= recording.graph.start_us) & (times_us <= recording.graph.end_us)]
    if not len(times_us):
        return None
    nearest_us = int(times_us[np.argmin(np.abs(times_us - timestamp_us))])
    return nearest_us if abs(nearest_us - timestamp_us) <= within_us else None

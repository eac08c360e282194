"""`drivesim bench render`: how fast control frames are drawn on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivesim.cli import options

if TYPE_CHECKING:
    from scene_graph.cameras import CameraRig
    from scene_graph.recording import Recording

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser("bench", help="measure speeds on this machine", description="Measure speeds.")
    benches = parser.add_subparsers(metavar="WHAT", required=True, title="what to measure")
    render = benches.add_parser(
        "render",
        help="drawing control frames",
        description="Draw control frames on one thread and print its CPU time by stage, in milliseconds a frame, "
        "beside two OpenCV painters without depth: one of the same scene, one of the same screen primitives. "
        "Each camera is measured with its own lens and as a pinhole of the same focal length.",
    )
    options.add_scene(render)
    render.add_argument("--cameras", type=options.names, metavar="A,B", help="which cameras (default: all)")
    render.add_argument("--style", default="world_scenario", metavar="NAME|PATH", help="how it looks")
    render.add_argument("--size", type=options.image_size, default=(1280, 720), metavar="WxH", help="default: 1280x720")
    render.add_argument("--frames", type=options.positive_int, default=100, metavar="N", help="default: 100")
    options.add_json(render)
    options.add_debug(render)
    render.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measures; prints a table or one JSON object."""
    import json
    import resource
    from dataclasses import asdict

    import numpy as np

    from drivesim.cli.progress import show_progress
    from scene_graph.errors import SceneError

    recording = options.read_scene(args)
    if recording.rig is None:
        raise SceneError("the recording has no cameras", where=args.scene_path, remedy="measure one that has")
    rig = recording.rig if args.cameras is None else recording.rig.subset(args.cameras)
    rig = rig.resized(*args.size)
    times_us = recording.frame_timestamps_us
    times_us = times_us[np.unique(np.linspace(0, len(times_us) - 1, args.frames).astype(int))]
    timings = []
    with show_progress() as report:
        for with_pinholes in (False, True):
            measured = _as_pinholes(rig) if with_pinholes else rig
            for view in range(len(rig)):
                if with_pinholes and type(measured.cameras[view]) is type(rig.cameras[view]):
                    continue
                timings.append(_measure(recording, measured, view, args.style, times_us))
                report("measuring cameras", len(timings), 2 * len(rig))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if args.json:
        cameras = [asdict(timing) for timing in timings]
        print(
            json.dumps(
                {"size_px": list(args.size), "frames": len(times_us), "peak_memory_mb": peak_mb, "cameras": cameras}
            )
        )
        return 0
    print(
        f"CPU ms a frame on one thread, medians of {len(times_us)} frames of {args.size[0]}x{args.size[1]}, "
        f"4 samples a pixel"
    )
    print(f"{'camera':26} {'lens':8} {'prims':>5} {'scene':>6} {'setup':>6} {'sort':>6} {'raster':>6} {'total':>6} "
          f"{'best':>6} {'encode':>6} | {'painter':>7} {'ratio':>6} | {'flat':>6} {'ratio':>6}")  # fmt: skip
    for t in timings:
        lens = t.model.removesuffix("Camera").lower()
        print(f"{t.camera:26} {lens:8} {t.primitives:5} {t.scene_ms:6.2f} {t.setup_ms:6.2f} {t.sort_ms:6.2f} "
              f"{t.raster_ms:6.2f} {t.total_ms:6.2f} {t.fastest_ms:6.2f} {t.encode_ms:6.2f} | {t.painter_ms:7.1f} "
              f"{t.painter_ratio:6.1f} | {t.flat_painter_ms:6.1f} {t.flat_painter_ratio:6.1f}")  # fmt: skip
    print("painter: OpenCV, same lines and areas in space, no depth; ratio to setup + sort + raster")
    print("flat: OpenCV, our screen primitives in one colour and width each, no depth; ratio to raster")
    print(f"peak memory {peak_mb:.0f} MB")
    return 0


def _as_pinholes(rig: CameraRig) -> CameraRig:
    """The same rig with undistorted pinhole cameras of the same size and the same focal length on the axis."""
    from dataclasses import replace

    from scene_graph.cameras import PinholeCamera
    from scene_graph.render.lens import lens_of

    cameras = []
    for camera in rig.cameras:
        focal_px = float(lens_of(camera).focal_px)
        cameras.append(
            PinholeCamera(
                fx_px=focal_px, fy_px=focal_px, cx_px=camera.cx_px, cy_px=camera.cy_px,
                width_px=camera.width_px, height_px=camera.height_px,
            )
        )  # fmt: skip
    return replace(rig, cameras=tuple(cameras))


def _measure(recording: Recording, rig: CameraRig, view: int, style: str, times_us: Any) -> Any:
    import tempfile

    from drivesim.video_io import LOSSLESS, open_video_writer
    from scene_graph.render.benchmark import benchmark_camera
    from scene_graph.render.style import load_style

    camera = rig.cameras[view]
    with (
        tempfile.TemporaryDirectory() as folder,
        open_video_writer(
            Path(folder) / "frames.mp4", width_px=camera.width_px, height_px=camera.height_px, encoding=LOSSLESS
        ) as video,
    ):
        return benchmark_camera(recording.graph, rig, view, load_style(style), times_us, video.write)

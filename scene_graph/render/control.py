"""Control videos: what each camera of a rig would see of a scenario graph."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from scene_graph.actor_table import ActorTable
from scene_graph.arrays import frozen_array
from scene_graph.boxes import Boxes3D
from scene_graph.cameras.rig import Camera, CameraRig
from scene_graph.elements import ElementKind, Geometry
from scene_graph.graph import ScenarioGraph
from scene_graph.recording import Recording
from scene_graph.render import primitives
from scene_graph.render.kernels.faces import Faces
from scene_graph.render.kernels.lens import Lens
from scene_graph.render.kernels.primitive import Shading
from scene_graph.render.kernels.strips import Strips
from scene_graph.render.lens import lens_of
from scene_graph.render.raster import Rasteriser
from scene_graph.render.style import Style, load_style
from scene_graph.se3 import SE3
from scene_graph.signals import SignalState

__all__ = ["ControlRenderer", "ControlVideo", "render_control_video"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlVideo:
    """Drawn views of a scenario.

    Attributes:
        frames: uint8 `v t h w 3`, RGB.
        timestamps_us: int64 `t`.
        names: `v` camera names.
        style: name of the style they were drawn in.
    """

    frames: UInt8[np.ndarray, "v t h w 3"]
    timestamps_us: Int64[np.ndarray, "t"]
    names: tuple[str, ...]
    style: str


def render_control_video(
    recording: Recording,
    *,
    style: str | Style = "world_scenario",
    cameras: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    timestamps_us: Sequence[int] | None = None,
) -> ControlVideo:
    """Draws a recording's graph into its cameras, in memory.

    Args:
        recording: the scenario, with a rig.
        style: a style, or the name or path of one.
        cameras: which cameras, in which order; all by default.
        size: (width, height) in pixels of every view; by default each camera's own, which must then be equal.
        timestamps_us: when; the recording's frames by default.

    Raises:
        ValueError: there is no rig, a camera is unknown, sizes differ, or a time lies outside the ego's track.
    """
    if recording.rig is None:
        raise ValueError(f"{recording.source.path}: the recording has no cameras; give it a rig")
    rig = recording.rig if cameras is None else recording.rig.subset(tuple(cameras))
    if size is not None:
        rig = rig.resized(*size)
    sizes = {(camera.height_px, camera.width_px) for camera in rig.cameras}
    if len(sizes) != 1:
        raise ValueError(f"the cameras have different sizes {sorted(sizes)} (height, width); give one size for all")
    times = recording.frame_timestamps_us if timestamps_us is None else np.asarray(timestamps_us, dtype=np.int64)
    renderer = ControlRenderer(recording.graph, rig, load_style(style) if isinstance(style, str) else style)
    frames = np.zeros((len(rig.names), len(times), *sizes.pop(), 3), dtype=np.uint8)
    for view in range(len(rig.names)):
        for index, time_us in enumerate(times):
            renderer.draw(view, int(time_us), out=frames[view, index])
    return ControlVideo(
        frames=frames,
        timestamps_us=frozen_array(times, np.int64, (None,), "timestamps_us"),
        names=rig.names,
        style=renderer.style.name,
    )


class ControlRenderer:
    """Draws single frames of a scenario; `draw` may be called from many threads at once.

    Attributes:
        graph, rig, style: what is drawn, through which cameras (each at its own size), and how.
        static_layers: lines and triangles of the map, in drawing order; the first of every `layers_at`.
    """

    def __init__(self, graph: ScenarioGraph, rig: CameraRig, style: Style) -> None:
        """Resolves the map's layers into lines and triangles once; frames then only add what changes."""
        self.graph, self.rig, self.style = graph, rig, style
        self._lenses = [lens_of(camera) for camera in rig.cameras]
        self._shadings = [_shading(style, camera) for camera in rig.cameras]
        self._outsides = [_outside_of(lens) for lens in self._lenses]
        self._camera_from_ego = rig.ego_from_camera.inverse()
        self.static_layers = _static_layers(graph, style)
        self._actors = ActorTable(graph.actors)
        self._lights = tuple(
            light
            for light in graph.elements_of(ElementKind.TRAFFIC_LIGHT)
            if ElementKind.TRAFFIC_LIGHT in style.layers and style.layers[ElementKind.TRAFFIC_LIGHT].rgb is None
        )
        self._signals = {signal.element_id: signal for signal in graph.signals}
        self._scratch = threading.local()

    def draw(
        self, view: int, timestamp_us: int, *, out: UInt8[np.ndarray, "h w 3"] | None = None
    ) -> UInt8[np.ndarray, "h w 3"]:
        """One camera's picture at one time.

        Args:
            view: index of the camera in the rig.
            timestamp_us: microseconds, inside the ego's track.
            out: where to draw, of the camera's size; a new image by default.

        Returns:
            uint8 `h w 3`, RGB, black where nothing is drawn.

        Raises:
            ValueError: the time lies outside the ego's track, or `out` has another size.
        """
        camera = self.rig.cameras[view]
        if out is None:
            out = np.empty((camera.height_px, camera.width_px, 3), dtype=np.uint8)
        elif out.shape != (camera.height_px, camera.width_px, 3):
            raise ValueError(
                f"out has shape {out.shape}, but camera {self.rig.names[view]!r} draws "
                f"{(camera.height_px, camera.width_px, 3)}"
            )
        camera_from_world = self.camera_from_world(view, timestamp_us)
        layers = self.layers_at(view, timestamp_us, camera_from_world)
        rasteriser = self.rasteriser()
        lens, shading = self.lens(view), self.shading(view)
        if self.style.composite == "depth":
            rasteriser.draw(lens, shading, camera_from_world, layers, out)
        else:
            out.fill(0)
            single = np.empty_like(out)
            for layer in layers:
                rasteriser.draw(lens, shading, camera_from_world, (layer,), single)
                np.maximum(out, single, out=out)
        outside = self._outsides[view]
        if outside is not None:
            out[outside] = 0
        return out

    def lens(self, view: int) -> Lens:
        """The compiled form of a camera."""
        return self._lenses[view]

    def shading(self, view: int) -> Shading:
        """What the style asks of the kernels for a camera."""
        return self._shadings[view]

    def camera_from_world(self, view: int, timestamp_us: int) -> SE3:
        """Where a camera is at one time."""
        ego_from_world = self.graph.ego.trajectory.at(timestamp_us).inverse()
        return self._camera_from_ego[view] @ ego_from_world

    def layers_at(self, view: int, timestamp_us: int, camera_from_world: SE3) -> tuple[Strips | Faces, ...]:
        """Lines and triangles of one instant in drawing order: map, traffic lights, faces of boxes, their edges."""
        boxes = self._actors.boxes_at(timestamp_us)
        if self.style.boxes.needs_visible_corner and len(boxes):
            boxes = _with_visible_corner(boxes, self.rig.cameras[view], camera_from_world)
        layers: list[Strips | Faces] = list(self.static_layers)
        if self._lights:
            colours = [self.style.signals[self._state_of(light.element_id, timestamp_us)] for light in self._lights]
            lift = self.style.layers[ElementKind.TRAFFIC_LIGHT].lift
            layers.append(primitives.light_faces(self._lights, colours, lift))
        if len(boxes):
            if self.style.boxes.filled:
                layers.append(primitives.box_faces(boxes, self.style))
            layers.append(primitives.box_strips(boxes, self.style))
        return tuple(layers)

    def _state_of(self, light_id: str, timestamp_us: int) -> SignalState:
        signal = self._signals.get(light_id)
        return SignalState.UNKNOWN if signal is None else signal.at(timestamp_us)

    def rasteriser(self) -> Rasteriser:
        """The calling thread's own rasteriser."""
        if not hasattr(self._scratch, "rasteriser"):
            self._scratch.rasteriser = Rasteriser()
        return self._scratch.rasteriser


def _static_layers(graph: ScenarioGraph, style: Style) -> tuple[Strips | Faces, ...]:
    """The map's layers in drawing order; where near hides far, all lines in one and then all areas in one."""
    layers: list[Strips | Faces] = []
    for kind, layer in style.layers.items():
        if kind.geometry is Geometry.POLYLINE:
            layers.append(primitives.element_strips(graph.elements, kind, style))
        elif layer.rgb is not None:
            layers.append(primitives.element_faces(graph.elements, kind, style))
    if style.composite != "depth":
        return tuple(layers)
    strips = [layer for layer in layers if isinstance(layer, Strips)]
    faces = [layer for layer in layers if isinstance(layer, Faces)]
    merged: list[Strips | Faces] = []
    if strips:
        merged.append(primitives.concatenate_strips(strips))
    if faces:
        merged.append(primitives.concatenate_faces(faces))
    return tuple(merged)


def _shading(style: Style, camera: Camera) -> Shading:
    cue = style.depth_cue
    real = np.float32
    return Shading(
        cue_at_camera=real(cue.at_camera),
        cue_slope_per_m=real(cue.at_camera / cue.zero_at_m),
        cue_widths=cue.widths,
        linear_depth=style.linear_depth,
        flat_boxes=style.boxes.flat,
        far_m=real(style.far_m),
        brush_y_scale=real(1.0 if style.round_brush else camera.width_px / camera.height_px),
        shift_px=real(style.shift_px),
        least_radius_px=real(style.least_width_px / 2),
        width_scale=real(camera.width_px / style.reference_width_px),
    )


def _outside_of(lens: Lens) -> np.ndarray | None:
    """Mask `h w` of the pixels that no ray of the lens reaches; None where all are reached."""
    if not lens.bends:
        return None
    affine = np.array([[lens.affine_xx, lens.affine_xy], [lens.affine_yx, lens.affine_yy]], dtype=np.float64)
    x = np.arange(int(lens.width_px)) + 0.5 - float(lens.center_x)
    y = np.arange(int(lens.height_px)) + 0.5 - float(lens.center_y)
    offsets = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)
    radius = np.linalg.norm(offsets @ np.linalg.inv(affine).T, axis=-1)
    mask = radius > float(lens.limit_radius) * (1 + 1e-5)
    return mask if mask.any() else None


def _with_visible_corner(boxes: Boxes3D, camera: Camera, camera_from_world: SE3) -> Boxes3D:
    """The boxes of which at least one corner is inside the image, in front of the camera."""
    corners = camera_from_world.apply(boxes.corners)
    _, depth_m, visible = camera.project(corners)
    kept = (visible & (depth_m > 0)).any(axis=1)
    return boxes.select(kept)

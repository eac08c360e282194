"""What a control video looks like: colours, widths, lane-mark patterns, depth cue; read from configs/styles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind, MapElement
from scene_graph.errors import SceneError
from scene_graph.resources import config_path
from scene_graph.signals import SignalState

__all__ = ["BoxStyle", "DepthCue", "LayerStyle", "MarkStyle", "Stroke", "Style", "load_style", "style_from_dict"]

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthCue:
    """Darkening with distance: colours are multiplied by at_camera * (1 - depth / zero_at_m).

    Attributes:
        at_camera: the factor at depth 0.
        zero_at_m: the depth at which things are black, metres.
        widths: whether lines get thinner by the same factor.
    """

    at_camera: float
    zero_at_m: float
    widths: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStyle:
    """How one kind of map element is drawn.

    Attributes:
        rgb: colour; None: by lane mark (lane lines) or by signal state (traffic lights).
        width_px: line width in pixels of an image of the style's reference width (at the camera, where the depth cue
            thins lines); None: width_m holds.
        width_m: line width in metres.
        lift: factor on the inverse depth, above 1: the layer wins over surfaces it lies on.
    """

    rgb: Rgb | None
    width_px: float | None = None
    width_m: float | None = None
    lift: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One painted line of a lane mark.

    Attributes:
        offset_m: sideways from the element's polyline, left positive, metres.
        dashes_m: lengths painted and left out in turn, from the first vertex on, metres; empty: solid.
    """

    offset_m: float = 0.0
    dashes_m: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkStyle:
    """How a lane mark is drawn.

    Attributes:
        rgb: colour.
        strokes: its painted lines.
        width_factor: factor on the layer's width.
    """

    rgb: Rgb
    strokes: tuple[Stroke, ...]
    width_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxStyle:
    """How actors' boxes are drawn.

    Attributes:
        rgb: colours at the front and at the back of each category; faces run linearly from one to the other.
        filled: faces and edges; else edges in the front colour alone.
        edge_rgb: colour of the edges of filled boxes.
        edge_width_px: width of the edges, as LayerStyle.width_px.
        edge_lift: as LayerStyle.lift.
        flat: faces and edges straight between the projected corners, whatever the lens does.
        needs_visible_corner: leave a box out unless one of its corners is inside the image.
    """

    rgb: Mapping[ActorCategory, tuple[Rgb, Rgb]]
    filled: bool
    edge_rgb: Rgb
    edge_width_px: float
    edge_lift: float
    flat: bool
    needs_visible_corner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Everything that decides how a scenario looks in a control video.

    Attributes:
        name: what it is called.
        composite: "depth": near things hide far things; "maximum": layers are drawn apart, the brighter wins.
        depth_cue: darkening and thinning with distance.
        far_m: nothing is drawn beyond, metres.
        linear_depth: depth is compared linearly in the image over far_m, as without a perspective divide.
        round_brush: lines are as thick in every direction; else their height is squeezed by height / width.
        shift_px: added to every pixel coordinate.
        least_width_px: no line gets thinner.
        reference_width_px: the image width that widths in pixels are meant for; they follow the image's own.
        convex_polygons: areas are filled as their convex hull.
        layers: drawing style by kind, in drawing order; a kind that is not named is not drawn.
        marks: lane marks by name (`mark_name`); "default" stands in for a name that is not there.
        source_mark_names: marks are looked up by the source's own name where the element has one.
        pattern_names: this style's name of each of our patterns, where marks are named otherwise.
        signals: colour of a traffic light by state.
        boxes: actors.
        digest: sha256 of the values, hex.
    """

    name: str
    composite: str
    depth_cue: DepthCue
    far_m: float
    linear_depth: bool
    round_brush: bool
    shift_px: float
    least_width_px: float
    reference_width_px: float
    convex_polygons: bool
    layers: Mapping[ElementKind, LayerStyle]
    marks: Mapping[str, MarkStyle]
    source_mark_names: bool
    pattern_names: Mapping[str, str]
    signals: Mapping[SignalState, Rgb]
    boxes: BoxStyle
    digest: str

    def mark_of(self, element: MapElement) -> MarkStyle:
        """The drawing style of a lane line."""
        if self.source_mark_names and "style" in element.attributes:
            name = element.attributes["style"]
        elif element.mark is None:
            name = "default"
        else:
            pattern = element.mark.pattern.value
            name = f"{element.mark.colour.value} {self.pattern_names.get(pattern, pattern)}"
        return self.marks.get(name, self.marks["default"])


def load_style(name_or_path: str | Path) -> Style:
    """Reads a style from a YAML file, or one of the package's own by its bare name.

    Raises:
        SceneError: no such style or file, or a value in it is missing, unknown or of the wrong type.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = config_path("styles", str(name_or_path))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SceneError("no such style file", where=path, remedy="give a path or a packaged style's name") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SceneError(f"not readable as YAML: {error}", where=path, remedy="mend the file") from error
    try:
        return style_from_dict(values)
    except (KeyError, TypeError, ValueError) as error:
        said = f"missing key {error}" if isinstance(error, KeyError) else str(error)
        raise SceneError(said, where=path, remedy="compare with configs/styles/world_scenario.yaml") from error


def style_from_dict(values: object) -> Style:
    """A style from plain values, as the YAML files hold them (their comments say what each key means).

    Raises:
        KeyError, TypeError, ValueError: a value is missing, of the wrong type, or unknown.
    """
    import hashlib
    import json

    if not isinstance(values, Mapping):
        raise TypeError(f"expected a mapping at the top, received {type(values).__name__}")
    known = {
        "name", "composite", "depth_cue", "far_m", "linear_depth", "round_brush", "shift_px", "least_width_px",
        "reference_width_px", "convex_polygons", "layers", "mark_colours", "mark_patterns", "marks",
        "source_mark_names", "pattern_names", "signals", "boxes",
    }  # fmt: skip
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; expected some of {', '.join(sorted(known))}")
    if not float(values["reference_width_px"]) > 0:
        raise ValueError(f"reference_width_px is {values['reference_width_px']}; expected more than 0")
    if values["composite"] not in ("depth", "maximum"):
        raise ValueError(f"composite {values['composite']!r}: expected 'depth' or 'maximum'")
    return Style(
        name=str(values["name"]),
        composite=values["composite"],
        depth_cue=_depth_cue(**values["depth_cue"]),
        far_m=float(values["far_m"]),
        linear_depth=bool(values["linear_depth"]),
        round_brush=bool(values["round_brush"]),
        shift_px=float(values["shift_px"]),
        least_width_px=float(values["least_width_px"]),
        reference_width_px=float(values["reference_width_px"]),
        convex_polygons=bool(values["convex_polygons"]),
        layers={ElementKind(kind): _layer(kind, layer) for kind, layer in values["layers"].items()},
        marks=_marks(values),
        source_mark_names=bool(values.get("source_mark_names", False)),
        pattern_names={str(ours): str(theirs) for ours, theirs in values.get("pattern_names", {}).items()},
        signals={state: _rgb(values["signals"][state.value]) for state in SignalState},
        boxes=_boxes(values["boxes"]),
        digest=hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(),
    )


def _depth_cue(*, at_camera: float, zero_at_m: float, widths: bool) -> DepthCue:
    if not zero_at_m > 0:
        raise ValueError(f"depth_cue: zero_at_m is {zero_at_m}; expected more than 0")
    return DepthCue(at_camera=float(at_camera), zero_at_m=float(zero_at_m), widths=bool(widths))


def _layer(kind: str, layer: Mapping[str, Any]) -> LayerStyle:
    rgb = layer.get("rgb")
    if "width_px" in layer and "width_m" in layer:
        raise ValueError(f"layer {kind}: width_px and width_m exclude each other")
    return LayerStyle(
        rgb=None if rgb is None else _rgb(rgb),
        width_px=None if "width_px" not in layer else float(layer["width_px"]),
        width_m=None if "width_m" not in layer else float(layer["width_m"]),
        lift=float(layer.get("lift", 1.0)),
    )


def _marks(values: Mapping[str, Any]) -> dict[str, MarkStyle]:
    """The marks named one by one, and every colour times every pattern."""
    marks = {
        f"{colour} {pattern}": MarkStyle(rgb=_rgb(rgb), strokes=_strokes(strokes))
        for colour, rgb in values.get("mark_colours", {}).items()
        for pattern, strokes in values.get("mark_patterns", {}).items()
    }
    for name, mark in values["marks"].items():
        marks[name] = MarkStyle(
            rgb=_rgb(mark["rgb"]),
            strokes=_strokes(mark["strokes"]),
            width_factor=float(mark.get("width_factor", 1.0)),
        )
    if "default" not in marks:
        raise ValueError("marks: 'default' is missing")
    return marks


def _strokes(strokes: Any) -> tuple[Stroke, ...]:
    made = tuple(
        Stroke(
            offset_m=float(stroke.get("offset_m", 0.0)), dashes_m=tuple(float(m) for m in stroke.get("dashes_m", ()))
        )
        for stroke in strokes
    )
    for stroke in made:
        if len(stroke.dashes_m) % 2 or any(not m > 0 for m in stroke.dashes_m):
            raise ValueError(f"dashes_m {list(stroke.dashes_m)}: expected pairs of positive lengths, painted and not")
    return made


def _boxes(values: Mapping[str, Any]) -> BoxStyle:
    colours = {
        ActorCategory(name): (_rgb(pair[0]), _rgb(pair[1])) for name, pair in values["front_and_back_rgb"].items()
    }
    missing = [category.value for category in ActorCategory if category not in colours]
    if missing:
        raise ValueError(f"boxes: no colours for {', '.join(missing)}")
    return BoxStyle(
        rgb=colours,
        filled=bool(values["filled"]),
        edge_rgb=_rgb(values["edge_rgb"]),
        edge_width_px=float(values["edge_width_px"]),
        edge_lift=float(values["edge_lift"]),
        flat=bool(values["flat"]),
        needs_visible_corner=bool(values["needs_visible_corner"]),
    )


def _rgb(values: Any) -> Rgb:
    channels = tuple(int(value) for value in values)
    if len(channels) != 3 or not all(0 <= channel <= 255 for channel in channels):
        raise ValueError(f"colour {values!r}: expected three numbers from 0 to 255")
    return channels

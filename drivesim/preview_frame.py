"""What stands around and on a top-down picture: title, time, scale bar, and the meaning of the colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from scene_graph.actors import ActorCategory
from scene_graph.elements import ElementKind, Geometry
from scene_graph.graph import ScenarioGraph
from scene_graph.render.style import Rgb, Style
from scene_graph.render.topdown import EGO_RGB, PATH_RGB
from scene_graph.signals import SignalState

__all__ = ["LegendEntry", "PreviewFrame", "legend_of", "scale_bar_m"]

PANEL_WIDTH_PX = 240
_PANEL_RGB = (28, 31, 37)
_INK_RGB = (236, 239, 244)
_QUIET_RGB = (160, 168, 182)
_ROW_PX = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """One colour and what it means.

    Attributes:
        text: what has the colour.
        rgb: the colour.
        shape: "box", "line" or "disc".
    """

    text: str
    rgb: Rgb
    shape: str


def legend_of(graph: ScenarioGraph, style: Style) -> tuple[LegendEntry, ...]:
    """What the style draws of this scenario, most important first."""
    entries = [LegendEntry(text="ego", rgb=EGO_RGB, shape="box")]
    present = {actor.category for actor in graph.actors}
    entries += [
        LegendEntry(text=_words(category.value), rgb=style.boxes.rgb[category][0], shape="box")
        for category in ActorCategory
        if category in present
    ]
    entries.append(LegendEntry(text="path of the ego", rgb=PATH_RGB, shape="line"))
    for line in graph.elements_of(ElementKind.LANE_LINE):
        colour = "unknown" if line.mark is None else line.mark.colour.value
        entry = LegendEntry(text=f"{colour} lane line", rgb=style.mark_of(line).rgb, shape="line")
        if entry not in entries:
            entries.append(entry)
    shapes = {Geometry.POLYLINE: "line", Geometry.POLYGON: "box", Geometry.CUBOID: "disc"}
    for kind, layer in style.layers.items():
        if layer.rgb is not None and graph.elements_of(kind):
            text = "lane direction" if kind is ElementKind.LANE else _words(kind.value)
            entries.append(LegendEntry(text=text, rgb=layer.rgb, shape=shapes[kind.geometry]))
    for state in SignalState:
        if any(state in signal.states for signal in graph.signals):
            entries.append(LegendEntry(text=f"{state.value} signal", rgb=style.signals[state], shape="disc"))
    return tuple(entries)


def scale_bar_m(px_per_m: float, *, longest_px: float = 200.0) -> float:
    """The longest of 1, 2, 5, 10, ... metres that is not over `longest_px` at a scale."""
    longest_m = longest_px / px_per_m
    decade = 10.0 ** np.floor(np.log10(longest_m))
    return float(max(step * decade for step in (1, 2, 5) if step * decade <= longest_m))


class PreviewFrame:
    """Puts a panel with the legend beside top-down pictures, and a title and a scale bar on them.

    Args:
        graph, style: what the pictures show, and how.
        px_per_m: their scale.
        height_px: their height.
    """

    def __init__(self, graph: ScenarioGraph, style: Style, *, px_per_m: float, height_px: int) -> None:
        self._title = graph.scenario_id
        self._start_us = graph.start_us
        self._px_per_m = px_per_m
        self._panel = _panel(legend_of(graph, style), height_px)

    def around(
        self, picture: UInt8[np.ndarray, "h w 3"], *, time_s: float, num_actors: int
    ) -> UInt8[np.ndarray, "h w2 3"]:
        """The picture with title and scale bar, PANEL_WIDTH_PX wider by the legend.

        Args:
            picture: uint8 `h w 3`, RGB, from above.
            time_s: the time that is written on it, seconds.
            num_actors: the number of road users that is written on it.
        """
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image, "RGBA")
        detail = f"{time_s:.2f} s, {num_actors} road users"
        title = _shortened(self._title, _font(20), image.width - 60.0)
        width_px = max(_font(20).getlength(title), _font(15).getlength(detail))
        draw.rounded_rectangle((12, 12, 12 + width_px + 28, 76), 8, fill=(14, 16, 20, 200))
        draw.text((26, 19), title, fill=_INK_RGB, font=_font(20))
        draw.text((26, 48), detail, fill=_QUIET_RGB, font=_font(15))
        self._draw_scale(draw, image.height)
        return np.concatenate([np.asarray(image), self._panel], axis=1)

    def _draw_scale(self, draw: ImageDraw.ImageDraw, height_px: int) -> None:
        length_m = scale_bar_m(self._px_per_m)
        length_px, bottom = length_m * self._px_per_m, height_px - 28
        draw.rounded_rectangle((12, bottom - 40, 12 + length_px + 28, bottom + 16), 8, fill=(14, 16, 20, 200))
        draw.text((26, bottom - 32), f"{length_m:g} m", fill=_INK_RGB, font=_font(15))
        draw.line((26, bottom, 26 + length_px, bottom), fill=_INK_RGB, width=3)
        for end in (26.0, 26 + length_px):
            draw.line((end, bottom - 6, end, bottom + 6), fill=_INK_RGB, width=3)


def _panel(entries: tuple[LegendEntry, ...], height_px: int) -> UInt8[np.ndarray, "h w 3"]:
    """The legend, its rows moved together where there are many."""
    image = Image.new("RGB", (PANEL_WIDTH_PX, height_px), _PANEL_RGB)
    draw = ImageDraw.Draw(image)
    row_px = min(_ROW_PX, (height_px - 30) / max(1, len(entries)))
    for index, entry in enumerate(entries):
        middle = 28 + row_px * index
        if entry.shape == "line":
            draw.line((18, middle, 44, middle), fill=entry.rgb, width=4)
        elif entry.shape == "disc":
            draw.ellipse((25, middle - 6, 37, middle + 6), fill=entry.rgb)
        else:
            draw.rounded_rectangle((18, middle - 7, 44, middle + 7), 3, fill=entry.rgb, outline=(120, 126, 138))
        draw.text((58, middle), entry.text, fill=_INK_RGB, font=_font(15), anchor="lm")
    return np.asarray(image)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: float) -> str:
    """The text, its middle left out where it is wider than `width_px`."""
    if font.getlength(text) <= width_px:
        return text
    kept = len(text)
    while kept > 2 and font.getlength(text) > width_px:
        kept -= 1
        text = text[: kept // 2] + "\u2026" + text[-(kept - kept // 2) :]
    return text


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _words(name: str) -> str:
    return name.replace("_", " ")

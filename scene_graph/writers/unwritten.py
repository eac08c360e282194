"""What no format but our own keeps of a recording."""

from __future__ import annotations

from collections import Counter

from scene_graph.elements import ElementKind
from scene_graph.environment import Environment
from scene_graph.recording import Recording
from scene_graph.writers.writer import LeftOut

__all__ = ["note_unwritten"]


def note_unwritten(recording: Recording, kinds: frozenset[ElementKind], left_out: LeftOut) -> None:
    """Notes elements of other kinds than these, the ego's size, weather and words, and images."""
    graph = recording.graph
    others = Counter(element.kind for element in graph.elements if element.kind not in kinds)
    for kind, count in others.most_common():
        left_out.add(f"{{}} elements that are {kind.value}.", count)
    length, width, height = graph.ego.size_lwh_m
    left_out.add(f"The ego's size, {length:.2f} x {width:.2f} x {height:.2f} m.")
    if graph.environment != Environment():
        left_out.add("Weather, time of day and prompts.")
    if recording.frames is not None:
        left_out.add("Images.")

"""The lane edges of OpenDRIVE roads as polylines, dense where they bend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scene_graph.errors import SceneError
from scene_graph.readers.opendrive_cubics import Cubics
from scene_graph.readers.opendrive_roads import Lane, LaneSection, Road
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import MAX_COORDINATE_M

__all__ = ["MAX_CHORD_ERROR_M", "MAX_SPACING_M", "SampledSection", "SectionKey", "sample_roads"]

MAX_CHORD_ERROR_M = 0.015
"""How far an edge may lie from the polyline that stands for it."""

MAX_SPACING_M = 4.0
"""How far apart two points of an edge may lie, but on roads of absurd length."""

SectionKey = tuple[str, int]
"""A lane section: its road, and its place along it."""

_MAX_SECTION_POINTS = 400_000
_MAX_MAP_POINTS = 3_000_000
_MAX_HALVINGS = 10
_MAX_WIDTH_M = 1000.0
_LEAST_STEP_M = 1e-5
_QUARTERS = np.array([0.25, 0.5, 0.75])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledSection:
    """The lanes of one section at arc lengths `n`.

    Attributes:
        road, section: what was sampled.
        index: the section's place in its road.
        s_m: `n`, arc lengths along the road, increasing, metres.
        edges: outer edge of each lane, and the centre as lane 0, each `n 3` m on the road's surface.
        inner_ids: the lane (or centre, 0) on the inner side of each lane.
        widths_m: width of each lane, each `n` m.
    """

    road: Road
    section: LaneSection
    index: int
    s_m: Float[np.ndarray, " n"]
    edges: Mapping[int, Float[np.ndarray, "n 3"]]
    inner_ids: Mapping[int, int]
    widths_m: Mapping[int, Float[np.ndarray, " n"]]

    def lane_edges(self, lane: Lane) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """The inner and the outer edge of a lane, each `n 3` m, raised by the lane's heights."""
        inner, outer = self.edges[self.inner_ids[lane.lane_id]], self.edges[lane.lane_id]
        if not lane.heights_m:
            return inner, outer
        heights = np.array(sorted(lane.heights_m))
        index = np.searchsorted(heights[:, 0], self.s_m, side="right") - 1
        raised = np.where(index[:, None] >= 0, heights[index, 1:], 0.0)
        up = np.array([0.0, 0.0, 1.0])
        return inner + up * raised[:, :1], outer + up * raised[:, 1:]


def sample_roads(roads: Iterable[Road], where: str, records: Records) -> dict[SectionKey, SampledSection]:
    """All sections of roads, sampled.

    Args:
        roads: the roads.
        where: the map's file, for errors.
        records: what to do with a road that leaves the Earth, or has a lane of an absurd width.

    Raises:
        SceneError: the map is too large.
    """
    sampled: dict[SectionKey, SampledSection] = {}
    num_points = 0
    for road in roads:
        sections = []
        place = f"{where}, road {road.road_id!r}"
        with records.checking(place):
            for index, section in enumerate(road.sections):
                num_points += (len(section.lanes) + 1) * (len(_breakpoints(road, section)) + 1)
                if num_points <= _MAX_MAP_POINTS:
                    sections.append(_sampled(road, section, index))
                    num_points += len(sections[-1].s_m) * len(sections[-1].edges)
            sampled |= {(road.road_id, one.index): one for one in sections}
        if num_points > _MAX_MAP_POINTS:
            raise SceneError(f"the map has more than {_MAX_MAP_POINTS} points", where=place)
    return sampled


def _sampled(road: Road, section: LaneSection, index: int) -> SampledSection:
    _check_extent(road, section, _filled(_breakpoints(road, section), max(MAX_SPACING_M, section.length_m / 1000.0)))
    s_m = _adaptive(road, section)
    ids, points, t_m = _edges(road, section, s_m)
    t_of = dict(zip(ids, t_m, strict=True))
    inner_ids: dict[int, int] = {}
    for lanes in (section.left, section.right):
        side = [lane.lane_id for lane in lanes]
        inner_ids |= dict(zip(side, [0, *side], strict=False))
    return SampledSection(
        road=road,
        section=section,
        index=index,
        s_m=s_m,
        edges=dict(zip(ids, points, strict=True)),
        inner_ids=inner_ids,
        widths_m={lane_id: np.abs(t_of[lane_id] - t_of[inner_id]) for lane_id, inner_id in inner_ids.items()},
    )


def _check_extent(road: Road, section: LaneSection, s_m: np.ndarray) -> None:
    """Raises ValueError where a section leaves the Earth or is wider than any road."""
    _, points, t_m = _edges(road, section, s_m)
    if not (np.abs(points) <= MAX_COORDINATE_M).all():
        raise ValueError("reaches beyond 1e8 m or to no number at all; expected places on Earth")
    if not (np.ptp(t_m, axis=0) <= _MAX_WIDTH_M).all():
        raise ValueError(f"is {np.ptp(t_m, axis=0).max():g} m wide; expected at most {_MAX_WIDTH_M:g} m")


def _edges(road: Road, section: LaneSection, s_m: np.ndarray) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Lane ids `k` (the centre as 0), points `k n 3` m of their outer edges, and offsets `k n` m of these."""
    t_m = road.edges_t_m(section, s_m)
    frames = road.frames(s_m)
    stacked = np.stack(list(t_m.values()))
    return list(t_m), frames.points + frames.left * stacked[..., None], stacked


def _adaptive(road: Road, section: LaneSection) -> np.ndarray:
    """Arc lengths at which no edge is farther than MAX_CHORD_ERROR_M from the chords between its points."""
    most = _MAX_SECTION_POINTS // (len(section.lanes) + 1)
    s_m = _filled(_breakpoints(road, section), max(MAX_SPACING_M, section.length_m / max(most // 4, 1)))
    open_steps = np.ones(len(s_m) - 1, dtype=bool)
    for _ in range(_MAX_HALVINGS):
        start, step = s_m[:-1][open_steps], np.diff(s_m)[open_steps]
        if not len(start) or len(s_m) + len(start) > most:
            break
        probes = start[:, None] + step[:, None] * np.array([0.0, *_QUARTERS, 1.0])
        _, points, _ = _edges(road, section, probes.ravel())
        bent = _chord_error_m(points.reshape(len(points), *probes.shape, 3)) > MAX_CHORD_ERROR_M
        bent &= step > 2.0 * _LEAST_STEP_M
        halved = np.flatnonzero(open_steps)[bent]
        s_m = np.insert(s_m, halved + 1, start[bent] + step[bent] / 2.0)
        fresh = np.zeros(len(open_steps), dtype=bool)
        fresh[halved] = True
        open_steps = np.insert(fresh, halved + 1, True)
    return s_m


def _chord_error_m(points: Float[np.ndarray, "k m 5 3"]) -> Float[np.ndarray, " m"]:
    """How far the inner three of five points lie from the line through the outer two, the worst of `k` edges."""
    chord = points[:, :, -1:] - points[:, :, :1]
    away = points[:, :, 1:-1] - points[:, :, :1]
    squared = np.maximum((chord**2).sum(axis=-1, keepdims=True), 1e-18)
    fraction = np.clip((away * chord).sum(axis=-1, keepdims=True) / squared, 0.0, 1.0)
    return np.linalg.norm(away - fraction * chord, axis=-1).max(axis=(0, 2))


def _breakpoints(road: Road, section: LaneSection) -> np.ndarray:
    """The section's ends, and where a function of the arc length or a lane's paint changes between them."""
    cubics: list[Cubics] = [road.elevation, road.superelevation, road.lane_offset]
    cubics += [cubic for lane in section.lanes for cubic in (lane.width, lane.border) if cubic is not None]
    marks = [mark.start_s_m for lane in (*section.lanes, section.centre) for mark in lane.marks]
    marks += [height[0] for lane in section.lanes for height in lane.heights_m]
    changes = np.concatenate([road.plan.start_s_m, *(cubic.start_s_m for cubic in cubics), marks])
    start, end = section.start_s_m, section.end_s_m
    inside = np.unique(changes[(changes > start + _LEAST_STEP_M) & (changes < end - _LEAST_STEP_M)])
    kept = inside[np.diff(inside, prepend=start) > _LEAST_STEP_M]
    return np.concatenate([[start], kept, [end]])


def _filled(breakpoints: np.ndarray, spacing_m: float) -> np.ndarray:
    """The breakpoints with as many arc lengths between them as keep two at most `spacing_m` apart."""
    counts = np.maximum(np.ceil(np.diff(breakpoints) / spacing_m), 1.0).astype(np.int64)
    piece = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    fraction = step / counts[piece]
    inner = breakpoints[piece] + np.diff(breakpoints)[piece] * fraction
    return np.append(inner, breakpoints[-1])

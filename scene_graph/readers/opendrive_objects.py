"""The objects along OpenDRIVE roads as elements: crosswalks, stop lines, arrows, poles, barriers, parking spaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from scene_graph.elements import ElementKind, Geometry, MapElement
from scene_graph.polylines import ribbon
from scene_graph.readers.opendrive_roads import Road
from scene_graph.readers.records import Records
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.readers.xml_tree import XmlElement
from scene_graph.se3 import SE3

__all__ = ["RoadObjects", "read_objects", "surface_frame"]

_BARRIERS = frozenset({"barrier", "railing", "wall", "fence", "guardrail", "soundbarrier"})
_NO_NAMES = ("", "-1", "none")
_POLE_HEIGHT_M = 2.5
_MAX_SIZE_M = 1e4
_MAX_COPIES = 2000
_MAX_ELEMENTS = 200_000
_REPEAT_SPACING_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadObjects:
    """The objects of a map.

    Attributes:
        elements: those that the graph has a kind for.
        left_out: how many others, by the source's type.
    """

    elements: tuple[MapElement, ...]
    left_out: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placement:
    """Where an object, or one copy of it, stands: along, beside and above its road, metres."""

    s_m: float
    t_m: float
    z_m: float


def read_objects(roads: Iterable[Road], where: str, records: Records) -> RoadObjects:
    """The objects of roads.

    Args:
        roads: whose objects.
        where: the map's file, for errors.
        records: what to do with a bad object.
    """
    elements: list[MapElement] = []
    used, left_out = Counter[str](), Counter[str]()
    for road in roads:
        for source in road.objects:
            name = f"object/{road.road_id}/{source.attributes.get('id', '')}"
            with records.checking(f"{where}, road {road.road_id!r}, object {source.attributes.get('id', '?')!r}"):
                kind = _kind(source)
                if kind is None:
                    left_out[_described(source)] += 1
                    continue
                shapes = list(_shapes(road, source, kind))
                if len(elements) + len(shapes) > _MAX_ELEMENTS:
                    raise ValueError(f"the map has more than {_MAX_ELEMENTS} objects")
                for vertices in shapes:
                    used[name] += 1
                    suffix = f"#{used[name]}" if used[name] > 1 else ""
                    element = MapElement(
                        element_id=f"{name}{suffix}",
                        kind=kind,
                        vertices_world=vertices,
                        attributes=_attributes(source),
                    )
                    element.validate()
                    elements.append(element)
    return RoadObjects(elements=tuple(elements), left_out=left_out)


def surface_frame(road: Road, s_m: float, t_m: float, z_m: float) -> SE3:
    """world_from_surface at a place of a road: x along it, y to the left in its surface, z away from it.

    Args:
        road: the road.
        s_m, t_m, z_m: along it, to the left of its reference line, above its surface, metres.
    """
    frames = road.frames(np.array([s_m]))
    left = frames.left[0]
    along = np.array([np.cos(frames.heading_rad[0]), np.sin(frames.heading_rad[0]), frames.slope[0]])
    along -= left * (along @ left)
    along /= np.linalg.norm(along)
    up = np.cross(along, left)
    return SE3(rotation=np.stack([along, left, up], axis=1), translation=frames.points[0] + left * t_m + up * z_m)


def _kind(source: XmlElement) -> ElementKind | None:
    """What an object is, by its type, subtype and name; None where the graph has no kind for it."""
    object_type = source.string("type", "").lower()
    words = "".join(f"{object_type} {source.string('subtype', '')} {source.string('name', '')}".lower().split("_"))
    if "crosswalk" in words:
        return ElementKind.CROSSWALK
    if "stopline" in words.replace(" ", ""):
        return ElementKind.WAIT_LINE
    if object_type == "roadmark" or "arrow" in words or "stencil" in words:
        return ElementKind.ROAD_MARKING
    if "pole" in object_type or object_type in ("guide-post", "streetlamp") or "signpost" in words:
        return ElementKind.POLE
    if object_type in _BARRIERS:
        return ElementKind.ROAD_BOUNDARY
    kinds = {"parkingspace": ElementKind.PARKING_AREA, "trafficisland": ElementKind.ROAD_ISLAND}
    if object_type in kinds:
        return kinds[object_type]
    return ElementKind.SPEED_BUMP if "speedbump" in words.replace(" ", "") else None


def _described(source: XmlElement) -> str:
    named = [source.string(name, "") for name in ("type", "name")]
    return next((name for name in named if name not in _NO_NAMES), "object without a type")


def _shapes(road: Road, source: XmlElement, kind: ElementKind) -> Iterator[Float[np.ndarray, "p 3"]]:
    """The vertices of an object, and of each of its copies."""
    repeats = source.find_all("repeat")
    if not repeats:
        place = _Placement(
            s_m=source.number("s"), t_m=source.number("t"), z_m=source.number("zOffset", 0.0, limit=_MAX_SIZE_M)
        )
        yield from _shape(road, source, place, kind)
    for repeat in repeats:
        places = _repeated(source, repeat)
        if repeat.number("distance") <= 0.0 and kind is ElementKind.ROAD_BOUNDARY:
            s_m, t_m = np.array([place.s_m for place in places]), np.array([place.t_m for place in places])
            yield _on_earth(road.points(np.clip(s_m, 0.0, road.length_m), t_m))
        else:
            for place in places:
                yield from _shape(road, source, place, kind)


def _repeated(source: XmlElement, repeat: XmlElement) -> list[_Placement]:
    """The places of copies; of something continuous, places along it."""
    length_m = repeat.number("length", limit=_MAX_SIZE_M)
    distance_m = repeat.number("distance", limit=_MAX_SIZE_M)
    step_m = distance_m if distance_m > 0.0 else _REPEAT_SPACING_M
    count = int(length_m / step_m + 1e-9) + 1
    if length_m < 0.0 or count > _MAX_COPIES:
        raise ValueError(f"{repeat}: asks for {count} copies over {length_m:g} m; expected at most {_MAX_COPIES}")
    along_m = np.arange(count) * step_m
    if distance_m <= 0.0 and along_m[-1] < length_m:
        along_m = np.append(along_m, length_m)
    fraction = along_m / length_m if length_m > 0.0 else np.zeros(len(along_m))
    start_s_m, default_t_m = repeat.number("s"), source.number("t")
    t_m = [repeat.number(f"t{end}", default_t_m) for end in ("Start", "End")]
    z_m = [repeat.number(f"zOffset{end}", 0.0, limit=_MAX_SIZE_M) for end in ("Start", "End")]
    return [
        _Placement(
            s_m=start_s_m + float(ahead_m), t_m=t_m[0] + (t_m[1] - t_m[0]) * part, z_m=z_m[0] + (z_m[1] - z_m[0]) * part
        )
        for ahead_m, part in zip(along_m, fraction.tolist(), strict=True)
    ]


def _shape(road: Road, source: XmlElement, place: _Placement, kind: ElementKind) -> Iterator[np.ndarray]:
    """The vertices of an object at one place: one array for each of its outlines."""
    s_m = min(max(place.s_m, 0.0), road.length_m)
    turn = [source.number(name, 0.0) for name in ("hdg", "pitch", "roll")]
    turned = SE3(rotation=Rotation.from_euler("ZYX", turn).as_matrix(), translation=np.zeros(3))
    world_from_object = surface_frame(road, s_m, place.t_m, place.z_m) @ turned
    if kind is ElementKind.POLE:
        height_m = source.number("height", 0.0, limit=_MAX_SIZE_M) or _POLE_HEIGHT_M
        yield _on_earth(world_from_object.apply(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, height_m]])))
        return
    closed = kind.geometry is Geometry.POLYGON
    outlines = [*source.find_all("outline"), *source.within("outlines", "outline")]
    corners = [_corners(road, outline, world_from_object) for outline in outlines]
    corners = [_without_repeats(outline) for outline in corners if len(outline) >= 2]
    if not corners:
        corners = [world_from_object.apply(_extent(source, closed=closed))]
    for outline in corners:
        if closed and len(outline) == 2:  # a line whose paint has a width
            width_m = max((mark.number("width", 0.0) for mark in source.within("markings", "marking")), default=0.0)
            left, right = ribbon(outline, min(width_m or 0.15, 100.0))
            outline = np.concatenate([left, right[::-1]])
        if len(outline) >= (3 if closed else 2):
            yield _on_earth(outline)


def _corners(road: Road, outline: XmlElement, world_from_object: SE3) -> Float[np.ndarray, "p 3"]:
    points = []
    for corner in outline.children:
        if corner.tag == "cornerLocal":
            local = [corner.number(name, 0.0, limit=_MAX_SIZE_M) for name in "uvz"]
            points.append(world_from_object.apply(np.array(local)))
        elif corner.tag == "cornerRoad":
            s_m = min(max(corner.number("s"), 0.0), road.length_m)
            on_road = road.points(np.array([s_m]), np.array([corner.number("t", limit=_MAX_SIZE_M)]))[0]
            points.append(on_road + np.array([0.0, 0.0, corner.number("dz", 0.0, limit=_MAX_SIZE_M)]))
    return np.array(points).reshape(-1, 3)


def _extent(source: XmlElement, *, closed: bool) -> Float[np.ndarray, "p 3"]:
    """An object's corners by its length and width in its own frame; of a line, its ends along the longer of the two."""
    half_u, half_v = (source.number(name, 0.0, limit=_MAX_SIZE_M) / 2.0 for name in ("length", "width"))
    if closed:
        if not (half_u > 0.0 and half_v > 0.0):
            raise ValueError(f"{source}: expected an outline, or a length and a width above 0")
        signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        return np.array([[sign_u * half_u, sign_v * half_v, 0.0] for sign_u, sign_v in signs])
    if not max(half_u, half_v) > 0.0:
        raise ValueError(f"{source}: expected an outline, or a length above 0")
    tip = np.array([half_u, 0.0, 0.0]) if half_u >= half_v else np.array([0.0, half_v, 0.0])
    return np.stack([-tip, tip])


def _without_repeats(points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "q 3"]:
    """The points of an outline without those that repeat the one before, and without a last that is the first."""
    kept = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-6])
    points = points[kept]
    return points[:-1] if len(points) > 2 and np.linalg.norm(points[0] - points[-1]) <= 1e-6 else points


def _on_earth(points: np.ndarray) -> np.ndarray:
    if not (np.abs(points) <= MAX_COORDINATE_M).all():
        raise ValueError("reaches beyond 1e8 m; expected places on Earth")
    return points


def _attributes(source: XmlElement) -> dict[str, str]:
    named = {"object_type": "type", "subtype": "subtype", "name": "name"}
    values = {ours: source.string(theirs, "") for ours, theirs in named.items()}
    return {name: value for name, value in values.items() if value not in _NO_NAMES}

"""What an OpenSCENARIO file says of its entities: what they are, and how large."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from scene_graph.actors import ActorCategory
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["EntitySpec", "entity_specs"]

_CATEGORIES = MappingProxyType(
    {
        "car": ActorCategory.CAR,
        "van": ActorCategory.CAR,
        "truck": ActorCategory.TRUCK,
        "semitrailer": ActorCategory.TRAILER,
        "trailer": ActorCategory.TRAILER,
        "bus": ActorCategory.BUS,
        "motorbike": ActorCategory.MOTORCYCLE,
        "motorcycle": ActorCategory.MOTORCYCLE,
        "bicycle": ActorCategory.BICYCLE,
        "pedestrian": ActorCategory.PEDESTRIAN,
        "wheelchair": ActorCategory.PEDESTRIAN,
        "animal": ActorCategory.ANIMAL,
        "barrier": ActorCategory.BARRIER,
        "guardrail": ActorCategory.BARRIER,
    }
)
_KINDS = MappingProxyType(
    {"Vehicle": "vehicleCategory", "Pedestrian": "pedestrianCategory", "MiscObject": "miscObjectCategory"}
)
_NOMINAL_CENTER_M = (1.4, 0.0, 0.75)
_NOMINAL_SIZE_LWH_M = (4.6, 1.9, 1.5)
_MAX_SIZE_M = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpec:
    """One entity.

    Attributes:
        name: unique in its scenario.
        kind: "Vehicle", "Pedestrian" or "MiscObject"; "" where its description is missing.
        category: ours.
        source_category: the source's.
        center_m: x, y, z of the box centre from the reference point (of a vehicle: on the ground below the middle of
            the rear axle), metres.
        size_lwh_m: metres.
        nominal: whether a nominal car stands in for a missing description.
        unsupported: parts of its description that are not read.
    """

    name: str
    kind: str
    category: ActorCategory
    source_category: str
    center_m: tuple[float, float, float]
    size_lwh_m: tuple[float, float, float]
    nominal: bool
    unsupported: tuple[str, ...]


def entity_specs(root: XmlElement) -> list[EntitySpec]:
    """The entities of a resolved scenario, in its order.

    Raises:
        ValueError: a name is there twice, or a size is not a positive number.
    """
    specs: dict[str, EntitySpec] = {}
    for element in root.within("Entities", "ScenarioObject"):
        spec = _spec(element)
        if spec.name in specs:
            raise ValueError(f"{element}: repeats the name {spec.name!r}; expected names to be unique")
        specs[spec.name] = spec
    return list(specs.values())


def _spec(element: XmlElement) -> EntitySpec:
    name = element.string("name")
    reference = element.find("CatalogReference")
    described = [*element.children, *(reference.children if reference is not None else ())]
    body = next((child for child in described if child.tag in _KINDS), None)
    unsupported = [f"controller {_controller(child)}" for child in element.find_all("ObjectController")]
    if body is None:
        return EntitySpec(
            name=name,
            kind="",
            category=ActorCategory.CAR,
            source_category="",
            center_m=_NOMINAL_CENTER_M,
            size_lwh_m=_NOMINAL_SIZE_LWH_M,
            nominal=True,
            unsupported=tuple(unsupported),
        )
    if any(trailer.attributes.get("entityRef", "inline") for trailer in _trailers(body)):
        unsupported.append("trailer")
    source_category = body.string(_KINDS[body.tag], "")
    category = _CATEGORIES.get(source_category.lower(), ActorCategory.OTHER)
    if body.tag == "MiscObject" and "cone" in body.string("name", "").lower():
        category = ActorCategory.TRAFFIC_CONE
    box = body.required("BoundingBox")
    center, size = box.required("Center"), box.required("Dimensions")
    size_lwh_m = tuple(size.number(side, limit=_MAX_SIZE_M) for side in ("length", "width", "height"))
    if not min(size_lwh_m) > 0.0:
        raise ValueError(f"{size}: is {' x '.join(f'{side_m:g}' for side_m in size_lwh_m)} m; expected lengths above 0")
    x, y, z = (center.number(axis, limit=_MAX_SIZE_M) for axis in "xyz")
    return EntitySpec(
        name=name,
        kind=body.tag,
        category=category,
        source_category=source_category or body.string("name", ""),
        center_m=(x, y, z),
        size_lwh_m=(size_lwh_m[0], size_lwh_m[1], size_lwh_m[2]),
        nominal=False,
        unsupported=tuple(unsupported),
    )


def _controller(element: XmlElement) -> str:
    for child in element.children:
        named = child.attributes.get("entryName", child.attributes.get("name"))
        if named is not None:
            return named
    return element.string("name", "without a name")


def _trailers(body: XmlElement) -> list[XmlElement]:
    return [child for trailer in body.find_all("Trailer") for child in trailer.children]

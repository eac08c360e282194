"""The words of the nuScenes format: its tables, cameras, categories and paints."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scene_graph.actors import ActorCategory
from scene_graph.elements import LaneMark, MarkColour, MarkPattern

__all__ = [
    "CAMERA_ORDER",
    "CATEGORIES",
    "CATEGORY_NAMES",
    "MAP_NAMES",
    "SEGMENT_MARKS",
    "TABLES",
    "UNNAMED_MARK",
    "category_of",
]

TABLES = (
    "category", "attribute", "visibility", "instance", "sensor", "calibrated_sensor", "ego_pose", "log", "scene",
    "sample", "sample_data", "sample_annotation", "map",
)  # fmt: skip
"""Every data set has these tables, a JSON file each."""

CAMERA_ORDER = ("CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_BACK_RIGHT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_FRONT_LEFT")
"""The vehicle's cameras, clockwise from the front."""

MAP_NAMES = ("singapore-onenorth", "singapore-hollandvillage", "singapore-queenstown", "boston-seaport")
"""The only locations whose maps the devkit's NuScenesMap opens."""

CATEGORIES: Mapping[str, ActorCategory] = MappingProxyType(
    {
        "animal": ActorCategory.ANIMAL,
        "human.pedestrian.adult": ActorCategory.PEDESTRIAN,
        "human.pedestrian.child": ActorCategory.PEDESTRIAN,
        "human.pedestrian.construction_worker": ActorCategory.PEDESTRIAN,
        "human.pedestrian.personal_mobility": ActorCategory.PEDESTRIAN,
        "human.pedestrian.police_officer": ActorCategory.PEDESTRIAN,
        "human.pedestrian.stroller": ActorCategory.PEDESTRIAN,
        "human.pedestrian.wheelchair": ActorCategory.PEDESTRIAN,
        "movable_object.barrier": ActorCategory.BARRIER,
        "movable_object.debris": ActorCategory.OTHER,
        "movable_object.pushable_pullable": ActorCategory.OTHER,
        "movable_object.trafficcone": ActorCategory.TRAFFIC_CONE,
        "static_object.bicycle_rack": ActorCategory.OTHER,
        "vehicle.bicycle": ActorCategory.BICYCLE,
        "vehicle.bus.bendy": ActorCategory.BUS,
        "vehicle.bus.rigid": ActorCategory.BUS,
        "vehicle.car": ActorCategory.CAR,
        "vehicle.construction": ActorCategory.CONSTRUCTION_VEHICLE,
        "vehicle.emergency.ambulance": ActorCategory.TRUCK,
        "vehicle.emergency.police": ActorCategory.CAR,
        "vehicle.motorcycle": ActorCategory.MOTORCYCLE,
        "vehicle.trailer": ActorCategory.TRAILER,
        "vehicle.truck": ActorCategory.TRUCK,
    }
)
"""The format's 23 categories."""

CATEGORY_NAMES: Mapping[ActorCategory, str] = MappingProxyType(
    {
        ActorCategory.CAR: "vehicle.car",
        ActorCategory.TRUCK: "vehicle.truck",
        ActorCategory.BUS: "vehicle.bus.rigid",
        ActorCategory.TRAILER: "vehicle.trailer",
        ActorCategory.CONSTRUCTION_VEHICLE: "vehicle.construction",
        ActorCategory.MOTORCYCLE: "vehicle.motorcycle",
        ActorCategory.BICYCLE: "vehicle.bicycle",
        ActorCategory.PEDESTRIAN: "human.pedestrian.adult",
        ActorCategory.ANIMAL: "animal",
        ActorCategory.TRAFFIC_CONE: "movable_object.trafficcone",
        ActorCategory.BARRIER: "movable_object.barrier",
        ActorCategory.OTHER: "movable_object.debris",
    }
)
"""The format's plainest name of each of our categories."""

# names of whole groups, for subcategories that the format does not have
_GROUPS = {
    "human": ActorCategory.PEDESTRIAN,
    "vehicle.bus": ActorCategory.BUS,
    "vehicle.construction": ActorCategory.CONSTRUCTION_VEHICLE,
}
# data sets for detection name categories without their groups
_PLAIN = {category.value: category for category in ActorCategory}

_WHITE, _YELLOW = MarkColour.WHITE, MarkColour.YELLOW
SEGMENT_MARKS: Mapping[str, LaneMark | None] = MappingProxyType(
    {
        "NIL": None,
        "SINGLE_SOLID_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.SOLID_SINGLE),
        "SINGLE_SOLID_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.SOLID_SINGLE),
        "DOUBLE_SOLID_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.SOLID_DOUBLE),
        "DOUBLE_SOLID_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.SOLID_DOUBLE),
        "SINGLE_DASHED_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.DASHED_SINGLE),
        "SINGLE_DASHED_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.DASHED_SINGLE),
        # the maps' only dashed paint: the ordinary line of single dashes between two lanes bears this name
        "DOUBLE_DASHED_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.DASHED_SINGLE),
        "DOUBLE_DASHED_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.DASHED_SINGLE),
        "SINGLE_ZIGZAG_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.OTHER),
        "SINGLE_ZIGZAG_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.OTHER),
        "DOUBLE_ZIGZAG_WHITE": LaneMark(colour=_WHITE, pattern=MarkPattern.OTHER),
        "DOUBLE_ZIGZAG_YELLOW": LaneMark(colour=_YELLOW, pattern=MarkPattern.OTHER),
    }
)
"""Paint of a lane divider's segment, None where there is none."""

UNNAMED_MARK = LaneMark(colour=_WHITE, pattern=MarkPattern.DASHED_SINGLE)
"""Paint of a lane divider whose segments have no type."""


def category_of(name: str) -> ActorCategory | None:
    """Our category for a name of the format's, or of a subcategory; None where it is not known."""
    known = CATEGORIES.get(name) or _PLAIN.get(name)
    while known is None and "." in name:
        name = name.rpartition(".")[0]
        known = CATEGORIES.get(name) or _GROUPS.get(name)
    return known

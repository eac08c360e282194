"""Positions as OpenSCENARIO files give them: in the world, on roads and lanes, relative to entities, along routes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scene_graph.readers.openscenario_network import GroundPose, LanePlace, RoadNetwork
from scene_graph.readers.openscenario_state import Entity, World
from scene_graph.readers.openscenario_ways import RoadWays, Route
from scene_graph.readers.vertices import MAX_COORDINATE_M
from scene_graph.readers.xml_tree import XmlElement

__all__ = ["Unsupported", "WorldPoint", "place_of", "require_read", "resolve", "route_of"]


class Unsupported(Exception):
    """Something of the format that is not read.

    Args:
        what: its name.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPoint:
    """A pose in the world, and which parts of it the file gives.

    Attributes:
        pose: the pose.
        has_height, has_heading: whether its height, its heading is given.
    """

    pose: GroundPose
    has_height: bool
    has_heading: bool


def resolve(element: XmlElement, world: World) -> LanePlace | WorldPoint:
    """The place that an element `<Position>` (or one like it) means now.

    Raises:
        ValueError: it names no road, lane or entity of the scenario, or holds no position.
        Unsupported: its kind is not read.
    """
    require_read(element)
    source = element.children[0]
    try:
        return _READERS[source.tag](source, world)
    except ValueError as error:
        message = str(error)
        raise ValueError(message if message.startswith("line ") else f"{source}: {message}") from error


def require_read(element: XmlElement) -> None:
    """Raises where `resolve` would in any world: ValueError without a position, Unsupported for an unread kind."""
    if not element.children:
        raise ValueError(f"{element}: expected a position in it, found none")
    source = element.children[0]
    if source.tag not in _READERS:
        raise Unsupported(source.tag)
    inside = source.find("InRoutePosition")
    if inside is not None and inside.find("FromLaneCoordinates") is None:
        raise Unsupported(f"RoutePosition {', '.join(child.tag for child in inside.children)}")


def place_of(element: XmlElement, world: World) -> LanePlace | None:
    """The place of a position on the road network; None beside it. See `resolve`."""
    found = resolve(element, world)
    if isinstance(found, LanePlace):
        return found
    probe = Entity(next(iter(world.entities.values())).spec)
    world.put(probe, found.pose, keep_height=found.has_height)
    return probe.place


def route_of(element: XmlElement, world: World) -> Route:
    """The route of an element that holds a `<Route>` or a reference to one.

    Raises:
        ValueError: there is none, or no road leads along it.
    """
    ways = _ways(world, element)
    for child in element.children:
        for route in child.children if child.tag == "CatalogReference" else (child,):
            if route.tag == "Route":
                waypoints = [place_of(waypoint.required("Position"), world) for waypoint in route.find_all("Waypoint")]
                on_road = [place for place in waypoints if place is not None]
                if len(on_road) < len(waypoints):
                    raise ValueError(f"{route}: has a waypoint beside the roads")
                return ways.route(on_road)
    raise ValueError(f"{element}: expected a <Route> in it, or in the catalog that it names")


def _world(source: XmlElement, world: World) -> WorldPoint:
    x, y = (source.number(name, limit=MAX_COORDINATE_M) for name in "xy")
    return WorldPoint(
        pose=GroundPose(
            x_m=x,
            y_m=y,
            z_m=source.number("z", 0.0, limit=MAX_COORDINATE_M),
            heading_rad=source.number("h", 0.0),
            pitch_rad=source.number("p", 0.0),
            roll_rad=source.number("r", 0.0),
        ),
        has_height="z" in source.attributes,
        has_heading="h" in source.attributes,
    )


def _relative_world(source: XmlElement, world: World) -> WorldPoint:
    pose = world.pose(world.entity(source.string("entityRef")))
    dx, dy, dz = (source.number(f"d{axis}", 0.0, limit=MAX_COORDINATE_M) for axis in "xyz")
    return _oriented(source, replace(pose, x_m=pose.x_m + dx, y_m=pose.y_m + dy, z_m=pose.z_m + dz))


def _relative_object(source: XmlElement, world: World) -> WorldPoint:
    pose = world.pose(world.entity(source.string("entityRef")))
    dx, dy, dz = (source.number(f"d{axis}", 0.0, limit=MAX_COORDINATE_M) for axis in "xyz")
    cos, sin = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
    x_m, y_m = pose.x_m + cos * dx - sin * dy, pose.y_m + sin * dx + cos * dy
    return _oriented(source, replace(pose, x_m=x_m, y_m=y_m, z_m=pose.z_m + dz))


def _oriented(source: XmlElement, pose: GroundPose) -> WorldPoint:
    """A pose turned by a position's orientation; without one it is that of the entity that the position counts from."""
    orientation = source.find("Orientation")
    if orientation is not None:
        h, p, r = (orientation.number(name, 0.0) for name in "hpr")
        if orientation.string("type", "absolute") == "relative":
            h, p, r = h + pose.heading_rad, p + pose.pitch_rad, r + pose.roll_rad
        pose = replace(pose, heading_rad=h, pitch_rad=p, roll_rad=r)
    return WorldPoint(pose=pose, has_height=True, has_heading=True)


def _road(source: XmlElement, world: World) -> LanePlace | WorldPoint:
    network = _network(world, source)
    place = network.on_road(source.string("roadId"), source.number("s"), source.number("t", 0.0, limit=1e4))
    return _turned(source, place, network)


def _relative_road(source: XmlElement, world: World) -> LanePlace | WorldPoint:
    network, here = _network(world, source), _place_of_entity(source, world)
    s_m = here.s_m + source.number("ds", 0.0)
    t_m = network.t_m(here) + source.number("dt", 0.0, limit=1e4)
    place = network.on_road(here.road_id, s_m, t_m)
    return _turned(source, replace(place, heading_rad=0.0 if here.towards > 0 else math.pi), network)


def _lane(source: XmlElement, world: World) -> LanePlace | WorldPoint:
    network = _network(world, source)
    place = network.on_lane(
        source.string("roadId"), source.integer("laneId"), source.number("s"), source.number("offset", 0.0, limit=1e4)
    )
    return _turned(source, place, network)


def _relative_lane(source: XmlElement, world: World) -> LanePlace | WorldPoint:
    network, here = _network(world, source), _place_of_entity(source, world)
    lane_id = network.lane_beside(here, source.integer("dLane", 0))
    ahead_m = source.number("ds", source.number("dsLane", 0.0), limit=1e6)
    beside = replace(network.to_lane(here, lane_id), offset_m=source.number("offset", 0.0, limit=1e4))
    level = replace(beside, heading_rad=0.0 if here.towards > 0 else math.pi)
    ways = _ways(world, source)
    place, _ = network.advanced(level, ahead_m, ways.straightest)
    return _turned(source, place, network)


def _route(source: XmlElement, world: World) -> LanePlace | WorldPoint:
    network, ways = _network(world, source), _ways(world, source)
    route = route_of(source.required("RouteRef"), world)
    lane = source.required("InRoutePosition").required("FromLaneCoordinates")
    path_s_m, offset_m = lane.number("pathS", limit=1e7), lane.number("laneOffset", 0.0, limit=1e4)
    return _turned(source, ways.along_route(route, path_s_m, lane.integer("laneId"), offset_m), network)


def _turned(source: XmlElement, place: LanePlace, network: RoadNetwork) -> LanePlace | WorldPoint:
    """A place turned by a position's orientation; a position that leans as no road does leaves the network."""
    orientation = source.find("Orientation")
    if orientation is None:
        return place
    h, p, r = (orientation.number(name, 0.0) for name in "hpr")
    ground = network.pose(place)
    if orientation.string("type", "absolute") == "relative":
        place = replace(place, heading_rad=place.heading_rad + h)
    else:
        place = replace(place, heading_rad=place.heading_rad + h - ground.heading_rad)
    if p or r:
        ground = network.pose(place)
        pose = replace(ground, pitch_rad=ground.pitch_rad + p, roll_rad=ground.roll_rad + r)
        return WorldPoint(pose=pose, has_height=True, has_heading=True)
    return place


def _place_of_entity(source: XmlElement, world: World) -> LanePlace:
    entity = world.entity(source.string("entityRef"))
    if entity.place is not None:
        return entity.place
    pose = world.pose(entity)
    if world.network is None:
        raise ValueError(f"entity {entity.name!r} is on no road")
    place, _ = world.network.locate(pose.x_m, pose.y_m)
    heading_rad = pose.heading_rad - world.network.pose(place).heading_rad
    return replace(place, heading_rad=heading_rad)


def _network(world: World, source: XmlElement) -> RoadNetwork:
    if world.network is None:
        raise ValueError(f"{source}: counts from a road, but the scenario has no road network")
    return world.network


def _ways(world: World, source: XmlElement) -> RoadWays:
    if world.ways is None:
        raise ValueError(f"{source}: follows roads, but the scenario has no road network")
    return world.ways


_READERS = {
    "WorldPosition": _world,
    "RelativeWorldPosition": _relative_world,
    "RelativeObjectPosition": _relative_object,
    "RoadPosition": _road,
    "RelativeRoadPosition": _relative_road,
    "LanePosition": _lane,
    "RelativeLanePosition": _relative_lane,
    "RoutePosition": _route,
}

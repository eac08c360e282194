"""The messages of Waymo motion data: which fields are decoded.

Numbers and names are those of the Waymo Open Dataset's scenario.proto and map.proto. What no scenario graph holds
(velocities, tracks to predict, lidar, camera tokens) is passed over.
"""

from __future__ import annotations

from scene_graph.readers.protobuf_wire import Field, MessageType, Scalar

__all__ = [
    "AGENT_TYPES",
    "LANE_STATES",
    "LANE_TYPES",
    "ROAD_EDGE_TYPES",
    "ROAD_LINE_TYPES",
    "SCENARIO",
    "SCENARIO_ID",
]

AGENT_TYPES = ("UNSET", "VEHICLE", "PEDESTRIAN", "CYCLIST", "OTHER")
LANE_TYPES = ("LANE_UNKNOWN", "LANE_FREEWAY", "LANE_SURFACE_STREET", "LANE_BIKE_LANE")
ROAD_LINE_TYPES = (
    "UNKNOWN_LINE",
    "ROAD_LINE_BROKEN_SINGLE_WHITE",
    "ROAD_LINE_SOLID_SINGLE_WHITE",
    "ROAD_LINE_SOLID_DOUBLE_WHITE",
    "ROAD_LINE_BROKEN_SINGLE_YELLOW",
    "ROAD_LINE_BROKEN_DOUBLE_YELLOW",
    "ROAD_LINE_SOLID_SINGLE_YELLOW",
    "ROAD_LINE_SOLID_DOUBLE_YELLOW",
    "ROAD_LINE_PASSING_DOUBLE_YELLOW",
)
ROAD_EDGE_TYPES = ("UNKNOWN", "ROAD_EDGE_BOUNDARY", "ROAD_EDGE_MEDIAN")
LANE_STATES = (
    "LANE_STATE_UNKNOWN",
    "LANE_STATE_ARROW_STOP",
    "LANE_STATE_ARROW_CAUTION",
    "LANE_STATE_ARROW_GO",
    "LANE_STATE_STOP",
    "LANE_STATE_CAUTION",
    "LANE_STATE_GO",
    "LANE_STATE_FLASHING_STOP",
    "LANE_STATE_FLASHING_CAUTION",
)

_POINT = MessageType(
    "MapPoint", {1: Field("x", Scalar.DOUBLE), 2: Field("y", Scalar.DOUBLE), 3: Field("z", Scalar.DOUBLE)}
)
_BOUNDARY = MessageType(
    "BoundarySegment",
    {
        1: Field("lane_start_index", Scalar.INT),
        2: Field("lane_end_index", Scalar.INT),
        3: Field("boundary_feature_id", Scalar.INT),
    },
)
_NEIGHBOUR = MessageType("LaneNeighbor", {1: Field("feature_id", Scalar.INT)})
_LANE = MessageType(
    "LaneCenter",
    {
        1: Field("speed_limit_mph", Scalar.DOUBLE),
        2: Field("type", Scalar.INT),
        3: Field("interpolating", Scalar.BOOL),
        8: Field("polyline", _POINT, repeated=True),
        9: Field("entry_lanes", Scalar.INT, repeated=True),
        10: Field("exit_lanes", Scalar.INT, repeated=True),
        11: Field("left_neighbors", _NEIGHBOUR, repeated=True),
        12: Field("right_neighbors", _NEIGHBOUR, repeated=True),
        13: Field("left_boundaries", _BOUNDARY, repeated=True),
        14: Field("right_boundaries", _BOUNDARY, repeated=True),
    },
)
_LINE = {1: Field("type", Scalar.INT), 2: Field("polyline", _POINT, repeated=True)}
_AREA = {1: Field("polygon", _POINT, repeated=True)}
_FEATURE = MessageType(
    "MapFeature",
    {
        1: Field("id", Scalar.INT),
        3: Field("lane", _LANE),
        4: Field("road_line", MessageType("RoadLine", _LINE)),
        5: Field("road_edge", MessageType("RoadEdge", _LINE)),
        7: Field(
            "stop_sign",
            MessageType("StopSign", {1: Field("lane", Scalar.INT, repeated=True), 2: Field("position", _POINT)}),
        ),
        8: Field("crosswalk", MessageType("Crosswalk", _AREA)),
        9: Field("speed_bump", MessageType("SpeedBump", _AREA)),
        10: Field("driveway", MessageType("Driveway", _AREA)),
    },
)
_STATE = MessageType(
    "ObjectState",
    {
        2: Field("center_x", Scalar.DOUBLE),
        3: Field("center_y", Scalar.DOUBLE),
        4: Field("center_z", Scalar.DOUBLE),
        5: Field("length", Scalar.FLOAT),
        6: Field("width", Scalar.FLOAT),
        7: Field("height", Scalar.FLOAT),
        8: Field("heading", Scalar.FLOAT),
        11: Field("valid", Scalar.BOOL),
    },
)
_TRACK = MessageType(
    "Track",
    {
        1: Field("id", Scalar.INT),
        2: Field("object_type", Scalar.INT),
        3: Field("states", _STATE, repeated=True),
    },
)
_SIGNAL = MessageType(
    "TrafficSignalLaneState",
    {1: Field("lane", Scalar.INT), 2: Field("state", Scalar.INT), 3: Field("stop_point", _POINT)},
)
_MAP_STATE = MessageType("DynamicMapState", {1: Field("lane_states", _SIGNAL, repeated=True)})

SCENARIO = MessageType(
    "Scenario",
    {
        1: Field("timestamps_seconds", Scalar.DOUBLE, repeated=True),
        2: Field("tracks", _TRACK, repeated=True),
        5: Field("scenario_id", Scalar.TEXT),
        6: Field("sdc_track_index", Scalar.INT),
        7: Field("dynamic_map_states", _MAP_STATE, repeated=True),
        8: Field("map_features", _FEATURE, repeated=True),
    },
)

SCENARIO_ID = MessageType("Scenario", {5: SCENARIO.fields[5]})
"""The same message, of which only the id is decoded."""

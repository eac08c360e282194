"""Reader of OpenSCENARIO XML scenarios (.xosc, ASAM OpenSCENARIO 1.0 to 1.3), played on their OpenDRIVE roads.

The world is the road network's coordinate system; time 0 is the scenario's start. What moves is moved here, by a small
simulation of fixed step: no randomness, no controllers, no vehicle dynamics.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from scene_graph.actors import ActorTrack, EgoTrack
from scene_graph.elements import ElementKind, MapElement
from scene_graph.environment import Environment
from scene_graph.errors import SceneError
from scene_graph.graph import ScenarioGraph
from scene_graph.readers.opendrive_map import RoadMap, read_road_map
from scene_graph.readers.openscenario_document import ScenarioDocument, read_document
from scene_graph.readers.openscenario_entities import EntitySpec, entity_specs
from scene_graph.readers.openscenario_files import find_road_network
from scene_graph.readers.openscenario_global import environment_of, global_action, signal_state
from scene_graph.readers.openscenario_network import GroundPose, RoadNetwork
from scene_graph.readers.openscenario_positions import Unsupported
from scene_graph.readers.openscenario_simulation import RECORD_PERIOD_US, Played, play
from scene_graph.readers.openscenario_state import Entity, World
from scene_graph.readers.openscenario_stories import storyboard_of
from scene_graph.readers.openscenario_storyboard import Storyboard
from scene_graph.readers.openscenario_ways import RoadWays
from scene_graph.readers.reader import Reader
from scene_graph.readers.records import Records
from scene_graph.readers.validated import validated
from scene_graph.readers.xml_tree import XmlElement
from scene_graph.recording import Recording, Source
from scene_graph.se3 import SE3
from scene_graph.signals import SignalTrack
from scene_graph.trajectory import Trajectory

__all__ = ["READER", "read_openscenario"]

_SUFFIX = ".xosc"
_EGO = "Ego"
_RECORDS_PER_FRAME = 2
_MAX_DURATION_S = 600.0


def read_openscenario(
    path: str | Path,
    *,
    search_folders: Sequence[str | Path] = (),
    max_duration_s: float = 30.0,
    skip_bad_records: bool = False,
) -> Recording:
    """The recording of an OpenSCENARIO scenario, played until it stops. It has no cameras: give it a rig.

    Args:
        path: the scenario's file.
        search_folders: where else its road network and catalogs may lie; they are looked for where the file says,
            then by the last parts of their paths beside the file, above it and in folders `opendrive` near it.
        max_duration_s: how long it is played at most, seconds.
        skip_bad_records: drop actions that cannot be done, and list them in `source.skipped`, instead of raising at the
            first. Actions that are not read are always listed there.

    Raises:
        SceneError: the file, its road network or a catalog is damaged or missing, or something in it cannot be done.
    """
    path = Path(path)
    if not 0.0 < max_duration_s <= _MAX_DURATION_S:
        problem = f"maximum duration is {max_duration_s} s; expected more than 0, at most {_MAX_DURATION_S:g}"
        raise SceneError(problem, where=path)
    records = Records(skip=skip_bad_records)
    document = read_document(path, [Path(folder) for folder in search_folders])
    road_map = _road_map(document, path, [Path(folder) for folder in search_folders], records)
    unread = _Unread()
    try:
        specs = entity_specs(document.root)
        environment = environment_of(document.root) or Environment()
        storyboard = storyboard_of(document.root.required("Storyboard"), unread.note)
        world = _world(specs, road_map, document)
        _begin_globally(document.root, world, unread)
        init = [
            (private.string("entityRef"), action)
            for private in document.root.within("Storyboard", "Init", "Actions", "Private")
            for action in private.find_all("PrivateAction")
        ]
    except ValueError as error:
        raise error if isinstance(error, SceneError) else SceneError(str(error), where=path) from error
    if not specs:
        raise SceneError("has no entities; expected at least one", where=path)
    _check_actors(storyboard, world, records, path)
    played = play(
        world, storyboard, init, max_duration_s=max_duration_s, note=unread.note, records=records, where=str(path)
    )
    return _recording(path, document, road_map, specs, played, environment, unread, records)


class _Unread:
    """What a scenario holds that is not read: how often, and where."""

    def __init__(self) -> None:
        self.places: dict[str, dict[str, None]] = {}

    def note(self, place: str, what: str) -> None:
        """Notes that something is not read."""
        self.places.setdefault(what, {})[place] = None

    @property
    def sentences(self) -> list[str]:
        """One sentence for each place."""
        return [f"{place}: {what} is not supported" for what, places in self.places.items() for place in places]


def _road_map(
    document: ScenarioDocument, path: Path, search_folders: Sequence[Path], records: Records
) -> RoadMap | None:
    """The scenario's road network; None where it names none.

    Raises:
        SceneError: it names one that is not there.
    """
    for logic in document.root.within("RoadNetwork", "LogicFile"):
        name = logic.attributes.get("filepath", "")
        if not name:
            continue
        found = find_road_network(name, path, search_folders)
        if found is None:
            remedy = "put it beside the scenario, or name its folder as a search folder"
            raise SceneError(f"its road network {name[:200]!r} is not there", where=path, remedy=remedy)
        return read_road_map(found, records)
    return None


def _world(specs: Sequence[EntitySpec], road_map: RoadMap | None, document: ScenarioDocument) -> World:
    network = None if road_map is None else RoadNetwork(road_map)
    return World(
        entities={spec.name: Entity(spec) for spec in specs},
        network=network,
        ways=None if network is None else RoadWays(network),
        parameters=document.parameters,
        signals={},
    )


def _check_actors(storyboard: Storyboard, world: World, records: Records, path: Path) -> None:
    """Takes actors that are no entity out of the storyboard, as bad records."""
    for group in storyboard.groups:
        for name in [name for name in group.actors if name not in world.entities]:
            with records.checking(f"{path}, maneuver group {group.name!r}"):
                group.actors.remove(name)
                world.entity(name)


def _begin_globally(root: XmlElement, world: World, unread: _Unread) -> None:
    """Does the scenario's global init actions."""
    for action in root.within("Storyboard", "Init", "Actions", "GlobalAction"):
        try:
            global_action(action)(world)
        except Unsupported as missing:
            unread.note("init", missing.what)


def _recording(
    path: Path,
    document: ScenarioDocument,
    road_map: RoadMap | None,
    specs: Sequence[EntitySpec],
    played: Played,
    environment: Environment,
    unread: _Unread,
    records: Records,
) -> Recording:
    ego_spec, ego_note = _ego_spec(specs, played, path)
    for spec in specs:
        for part in spec.unsupported:
            unread.note(f"entity {spec.name!r}", part)
    start, poses = played.poses[ego_spec.name]
    ego = EgoTrack(
        trajectory=_trajectory(start, poses, (0.0, 0.0, 0.0)),
        size_lwh_m=np.array(ego_spec.size_lwh_m),
        rear_axle_to_center_m=ego_spec.center_m[0],
    )
    others = [spec for spec in specs if any(played.seen.get(spec.name, ())) and spec is not ego_spec]
    actors = [_actor(spec, played) for spec in others]
    elements = () if road_map is None else road_map.elements
    signals, signal_notes = _signals(played, elements)
    unplaced = [f"entity {spec.name!r} is never put anywhere" for spec in specs if spec.name not in played.poses]
    nominal = [spec.name for spec in specs if spec.nominal]
    derived = [
        f"The scenario was played in steps of 10 ms, without controllers, and ended {played.ending}.",
        ego_note,
        "Where no route says which way to go, the straightest was taken.",
    ]
    if nominal:
        derived.append(f"A nominal car stands in for {', '.join(nominal)}: the catalog entries are not there.")
    present = {"entities": str(len(specs)), "duration": f"{(played.num_records - 1) * RECORD_PERIOD_US * 1e-6:.2f} s"}
    if signals:
        present["signal tracks"] = str(len(signals))
    absent = ["cameras", "images"]
    absent += ["road network"] if road_map is None else road_map.absent
    absent += [f"catalog entry {name}" for name in document.missing_entries]
    if environment.weather != "unknown":
        absent = [name for name in absent if name != "weather"]
    if environment.time_of_day != "unknown":
        absent = [name for name in absent if name != "time of day"]
    return validated(
        Recording(
            graph=ScenarioGraph(
                scenario_id=path.stem,
                ego=ego,
                elements=elements,
                actors=tuple(actors),
                signals=tuple(signals),
                relations=() if road_map is None else road_map.relations,
                environment=environment,
            ),
            rig=None,
            frames=None,
            frame_timestamps_us=ego.trajectory.timestamps_us[::_RECORDS_PER_FRAME],
            source=Source(
                format=READER.name,
                path=str(path),
                present={**present, **({} if road_map is None else road_map.present)},
                derived=(*derived, *signal_notes, *(() if road_map is None else road_map.derived)),
                absent=tuple(absent),
                skipped=(*unread.sentences, *unplaced, *records.skipped),
            ),
        )
    )


def _ego_spec(specs: Sequence[EntitySpec], played: Played, path: Path) -> tuple[EntitySpec, str]:
    """The ego: the entity called Ego, else the first vehicle, else the first of all; and which, in words."""
    placed = [spec for spec in specs if spec.name in played.poses and played.poses[spec.name][0] == 0]
    if not placed:
        raise SceneError("puts no entity anywhere at its start; expected at least one", where=path)
    for spec in placed:
        if spec.name == _EGO:
            return spec, "The ego is the entity Ego."
    vehicles = [spec for spec in placed if spec.kind in ("Vehicle", "")]
    spec = (vehicles or placed)[0]
    return spec, f"The ego is the first vehicle, {spec.name}: none is called {_EGO}."


def _actor(spec: EntitySpec, played: Played) -> ActorTrack:
    """The track of an entity while cameras see it; one that never moves has only the two ends of its track."""
    start, poses = played.poses[spec.name]
    seen = np.flatnonzero(played.seen[spec.name])
    start, poses = start + int(seen[0]), poses[seen[0] : seen[-1] + 1]
    trajectory = _trajectory(start, poses, spec.center_m)
    if all(pose == poses[0] for pose in poses):
        ends = np.unique([0, len(poses) - 1])
        trajectory = Trajectory(
            timestamps_us=trajectory.timestamps_us[ends], world_from_body=trajectory.world_from_body[ends]
        )
    gaps = np.flatnonzero(np.diff(seen) > 1)
    absent = np.stack([seen[gaps], seen[gaps + 1]], axis=1) - seen[0] + start
    return ActorTrack(
        track_id=spec.name,
        category=spec.category,
        size_lwh_m=np.array(spec.size_lwh_m),
        trajectory=trajectory,
        absent_us=absent.astype(np.int64) * RECORD_PERIOD_US,
        source_category=spec.source_category,
    )


def _trajectory(start: int, poses: Sequence[GroundPose], center_m: tuple[float, float, float]) -> Trajectory:
    """The trajectory of a point of a body, metres from its reference point, over records from number `start` on."""
    angles = np.array([[pose.heading_rad, pose.pitch_rad, pose.roll_rad] for pose in poses])
    reference = SE3(
        rotation=Rotation.from_euler("ZYX", angles).as_matrix(),
        translation=np.array([[pose.x_m, pose.y_m, pose.z_m] for pose in poses]),
    )
    center = SE3(rotation=np.eye(3), translation=np.array(center_m))
    return Trajectory(
        timestamps_us=(start + np.arange(len(poses), dtype=np.int64)) * RECORD_PERIOD_US,
        world_from_body=reference @ center,
    )


def _signals(played: Played, elements: Sequence[MapElement]) -> tuple[list[SignalTrack], list[str]]:
    """What the map's traffic lights show, and notes on signals that the map does not have."""
    lights: dict[str, str] = {}
    for element in elements:
        if element.kind is ElementKind.TRAFFIC_LIGHT:
            lights.setdefault(element.attributes.get("signal_id", ""), element.element_id)
    changes: dict[str, dict[int, str]] = {}
    for time_us, signal, shown in played.signals:
        changes.setdefault(signal, {})[time_us] = shown
    tracks, unknown = [], []
    for signal, shown_at in changes.items():
        if signal not in lights:
            unknown.append(signal)
            continue
        tracks.append(
            SignalTrack(
                element_id=lights[signal],
                timestamps_us=np.array(list(shown_at), dtype=np.int64),
                states=tuple(signal_state(shown) for shown in shown_at.values()),
            )
        )
    notes = [f"Signals that are no traffic light of the map were left out: {', '.join(unknown)}."] if unknown else []
    return tracks, notes


def _scenario_files(path: Path) -> dict[str, Path]:
    """The scenarios of a file or folder, by name."""
    if path.is_file():
        return {path.stem: path} if path.suffix.lower() == _SUFFIX else {}
    files = sorted(one for one in path.iterdir() if one.suffix.lower() == _SUFFIX) if path.is_dir() else []
    return {file.stem: file for file in files if file.is_file()}


def _recognises(path: Path) -> bool:
    return bool(_scenario_files(path))


def _scenes(path: Path) -> list[str]:
    return sorted(_scenario_files(path))


def _read(path: Path, scene: str | None, *, skip_bad_records: bool = False) -> Recording:
    files = _scenario_files(path)
    if not files or (scene is not None and scene not in files):
        raise SceneError(f"holds no scenario {scene!r}; expected one of {', '.join(list(files)[:10])}", where=path)
    return read_openscenario(
        next(iter(files.values())) if scene is None else files[scene], skip_bad_records=skip_bad_records
    )


READER = Reader(
    name="openscenario",
    looks_like="a file NAME.xosc, or a folder of such files, with its OpenDRIVE map near",
    recognises=_recognises,
    scenes=_scenes,
    read=_read,
)

"""A recording from the records of a motion data set's scene."""

from __future__ import annotations

import numpy as np

from scene_graph.graph import ScenarioGraph
from scene_graph.readers.records import Records
from scene_graph.readers.scenarionet_lights import read_lights
from scene_graph.readers.scenarionet_map import read_map
from scene_graph.readers.scenarionet_records import SceneRecord
from scene_graph.readers.scenarionet_tracks import read_tracks
from scene_graph.readers.validated import validated
from scene_graph.recording import Recording, Source

__all__ = ["scene_recording"]

_NEVER_PRESENT = ("cameras", "images", "weather")


def scene_recording(scene: SceneRecord, format: str, path: str, records: Records) -> Recording:
    """The recording of a scene: it has no cameras, and frames at its steps.

    Args:
        scene: the scene.
        format, path: where it was read from.
        records: what to do with bad records, and those that were skipped so far.

    Raises:
        SceneError: the scene is not sound, or a record is bad and bad records are not skipped.
    """
    tracks = read_tracks(scene, records)
    scene_map = read_map(scene, records)
    lights = read_lights(scene, scene_map.lanes, records)
    span = tracks.ego.trajectory
    inside = (scene.timestamps_us >= span.start_us) & (scene.timestamps_us <= span.end_us)
    present = {
        "data set": scene.dataset or "not named",
        **scene.notes,
        "poses": str(len(span.timestamps_us)),
        "actors": str(len(tracks.actors)),
        **scene_map.present,
    }
    absent = [*_NEVER_PRESENT, *scene_map.absent]
    if lights.elements:
        present["traffic lights"] = str(len(lights.elements))
        present["signals"] = str(len(lights.signals))
    else:
        absent.append("traffic lights")
    derived = [*tracks.derived, *scene_map.derived, *lights.derived]
    steps_us = np.diff(scene.timestamps_us)
    if len(steps_us) and np.ptp(steps_us) <= 1:
        derived.append(f"Times are nominal: all steps of the source are {steps_us[0] * 1e-6:g} s apart.")
    if not np.array_equal(scene.timestamps_us, span.timestamps_us):
        derived.append(f"The ego is valid at {len(span.timestamps_us)} of {len(scene.timestamps_us)} steps.")
    return validated(
        Recording(
            graph=ScenarioGraph(
                scenario_id=scene.scenario_id,
                ego=tracks.ego,
                elements=(*scene_map.elements, *lights.elements, *scene_map.lanes.values()),
                actors=tracks.actors,
                signals=lights.signals,
                relations=(*scene_map.relations, *lights.relations),
            ),
            rig=None,
            frames=None,
            frame_timestamps_us=scene.timestamps_us[inside],
            source=Source(
                format=format,
                path=path,
                present=present,
                derived=tuple(derived),
                absent=tuple(absent),
                skipped=(*records.skipped, *scene_map.skipped),
            ),
        )
    )

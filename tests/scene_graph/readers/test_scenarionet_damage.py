"""Damaged ScenarioNet scenes: what is wrong is named, with its file and record."""

from __future__ import annotations

import copy
import gzip
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_motion import scenarionet_scene, with_arrays, write_scene

from scene_graph.errors import SceneError
from scene_graph.readers.scenarionet import read_scenarionet
from scene_graph.recording import Recording


def read(tmp_path: Path, scene: Any, **options: Any) -> Recording:
    return read_scenarionet(write_scene(tmp_path / "sd_tiny_1_scene.json", scene), **options)


def _set(*keys: Any, value: Any) -> Callable[[dict], None]:
    def change(scene: dict) -> None:
        target = scene
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = value

    return change


def _state(track: str, name: str, step: int, value: Any) -> Callable[[dict], None]:
    return _set("tracks", track, "state", name, step, value=value)


BAD_RECORDS = {
    "NaN position": (_state("7", "position", 2, [float("nan"), 0, 0]), "track '7'.*NaN.* at step 2"),
    "far position": (_state("7", "position", 2, [1e300, 0, 0]), "track '7'.* at step 2"),
    "no heading": (_set("tracks", "7", "state", "heading", value=None), "track '7'.*state.heading"),
    "texts for numbers": (_set("tracks", "7", "state", "heading", value=["north"] * 11), "track '7'.*state.heading"),
    "short column": (_set("tracks", "7", "state", "length", value=[1.0]), r"track '7'.*shape \(1,\)"),
    "positions of one number": (_set("tracks", "7", "state", "position", value=[[1]] * 11), r"track '7'.*\(11, 1\)"),
    "ragged": (_set("tracks", "7", "state", "position", value=[[1, 2, 3], [1]]), "track '7'.*state.position"),
    "flat box": (_set("tracks", "7", "state", "height", value=[0.0] * 11), "track '7'.*4 x 1.75 x 0 m"),
    "no track": (_set("tracks", "7", value=[]), "track '7'.*the track is a list"),
    "no type": (_set("tracks", "7", "type", value=3), "track '7'.*type is 3"),
    "lane without line": (_set("map_features", "1", "polyline", value=None), "map feature '1'.*no polyline"),
    "NaN vertex": (_set("map_features", "11", "polyline", 0, value=[0, float("nan"), 0]), "map feature '11'.*NaN"),
    "points of one number": (_set("map_features", "11", "polyline", value=[[1], [2]]), "map feature '11'.*shape"),
    "area of two points": (_set("map_features", "31", "polygon", value=[[0, 0], [1, 1]]), "map feature '31'.*2 vert"),
    "area without outline": (_set("map_features", "31", "polygon", value=None), "map feature '31'.*no polygon"),
    "sign without place": (_set("map_features", "21", "position", value=None), "map feature '21'.*no position"),
    "ids that are none": (_set("map_features", "1", "exit_lanes", value=[None]), "map feature '1'.*exit_lanes is None"),
    "negative speed": (_set("map_features", "1", "speed_limit_mph", value=-5), "map feature '1'.*speed_limit_mph"),
    "bad index": (
        _set("map_features", "1", "left_boundaries", 0, "lane_end_index", value="-3"),
        "map feature '1'.*left_boundaries",
    ),
    "short signal": (_set("dynamic_map_states", "1", "state", "object_state", value=[]), "map state '1'.*0 states"),
    "numbers for states": (
        _set("dynamic_map_states", "1", "state", "object_state", 0, value=4),
        "map state '1'.*names of states",
    ),
    "stop nowhere": (_set("dynamic_map_states", "1", "stop_point", value=[1.0]), "map state '1'.*stop_point"),
}


@pytest.mark.parametrize(("change", "message"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_named_or_skipped(tmp_path: Path, change: Callable[[dict], None], message: str) -> None:
    scene = scenarionet_scene()
    whole = read(tmp_path, copy.deepcopy(scene))
    change(scene)
    with pytest.raises(SceneError, match=message) as raised:
        read(tmp_path, scene)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert "skipped" in str(raised.value)
    kept = read(tmp_path, scene, skip_bad_records=True)
    assert len(kept.source.skipped) == 1
    counts = [len(r.graph.actors) + len(r.graph.elements) for r in (whole, kept)]
    assert counts[1] in (counts[0] - 1, counts[0] - 2)  # a lane or signal takes its light along


BROKEN_SCENES = {
    "a list": (lambda scene: [], "the document is a list"),
    "no metadata": (lambda scene: scene.pop("metadata"), "metadata is a NoneType"),
    "no tracks": (lambda scene: scene.pop("tracks"), "tracks is a NoneType"),
    "no map": (lambda scene: scene.pop("map_features"), "map_features is a NoneType"),
    "no times": (lambda scene: scene["metadata"].pop("ts"), "metadata.ts"),
    "text times": (_set("metadata", "ts", value="0 1 2"), "metadata.ts is a str"),
    "nanoseconds": (_set("metadata", "ts", value=[1.5e18 + 1e8 * step for step in range(11)]), "expected seconds"),
    "milliseconds of a day": (_set("metadata", "ts", value=[1e7 * step for step in range(11)]), "expected seconds"),
    "times that stand": (_set("metadata", "ts", value=[0.0] * 11), "does not increase after step 0"),
    "NaN times": (_set("metadata", "ts", value=[float("nan")] * 11), "expected seconds"),
    "another ego": (_set("metadata", "sdc_id", value="77"), "sdc_id is '77'"),
    "no ego": (_set("metadata", "sdc_id", value=None), "sdc_id is None"),
    "ego never valid": (_set("tracks", "99", "state", "valid", value=[0] * 11), "ego '99': is valid at no step"),
    "ego nowhere": (_state("99", "position", 3, [float("inf"), 0, 0]), "ego '99': has NaN, infinity"),
    "flat ego": (_set("tracks", "99", "state", "width", value=[0] * 11), "ego: size 5 x 0 x 2.5 m"),
    "no name": (_set("metadata", "scenario_id", value=""), "scenario_id is ''"),
    "far axle": (
        _set("metadata", "ego_vehicle_parameters", value={"rear_axle_to_center": "near"}),
        "ego_vehicle_parameters is 'near'",
    ),
}


@pytest.mark.parametrize(("change", "message"), BROKEN_SCENES.values(), ids=BROKEN_SCENES)
@pytest.mark.parametrize("skip", [False, True])
def test_a_scene_without_times_or_ego_is_refused(
    tmp_path: Path, change: Callable[[dict], Any], message: str, skip: bool
) -> None:
    scene = scenarionet_scene()
    changed = change(scene)
    with pytest.raises(SceneError, match=message) as raised:
        read(tmp_path, scene if changed != [] else [], skip_bad_records=skip)
    assert "\n" not in str(raised.value)
    assert "sd_tiny_1_scene.json" in str(raised.value)


@pytest.mark.parametrize("bits", [np.uint32(0x7FA00000), np.uint64(0x7FF4000000000000)])
@pytest.mark.parametrize("name", ["position", "heading", "valid", "length"])
def test_signalling_nans_are_nans(tmp_path: Path, bits: np.unsignedinteger, name: str) -> None:
    scene = scenarionet_scene()
    column = scene["tracks"]["7"]["state"][name]
    scene["tracks"]["7"]["state"][name] = np.full(np.shape(column), bits).view(bits.dtype.str.replace("u", "f"))
    polyline = scene["map_features"]["11"]["polyline"]
    scene["map_features"]["11"]["polyline"] = np.full(np.shape(polyline), bits).view(bits.dtype.str.replace("u", "f"))
    path = tmp_path / "sd_nan.pkl"
    path.write_bytes(pickle.dumps(scene))
    skipped = read_scenarionet(path, skip_bad_records=True).source.skipped
    assert any("map feature '11': polyline holds NaN" in sentence for sentence in skipped)
    # a step that is valid or not by NaN is not valid, and the track then nowhere
    assert name == "valid" or any("track '7': has NaN" in sentence for sentence in skipped)


@pytest.mark.parametrize("kept", [0.0, 0.4, 0.99])
@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".pkl"])
def test_truncated_files_are_named(tmp_path: Path, suffix: str, kept: float) -> None:
    path = write_scene(tmp_path / f"sd_cut{suffix}", scenarionet_scene())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(SceneError, match=rf"sd_cut\{suffix}: ") as raised:
        read_scenarionet(path)
    assert "\n" not in str(raised.value)


def test_files_that_unfold_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sd_bomb.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * 200_000 + b"]"))
    with pytest.raises(SceneError, match="the document is a list"):
        read_scenarionet(path)
    monkeypatch.setattr("scene_graph.readers.scenarionet_files.MAX_SCENE_BYTES", 100_000)
    with pytest.raises(SceneError, match="holds more than 100000 bytes"):
        read_scenarionet(path)
    (tmp_path / "sd_large.json").write_bytes(b" " * 200_000)
    with pytest.raises(SceneError, match=r"sd_large\.json: holds more than 100000 bytes"):
        read_scenarionet(tmp_path / "sd_large.json")


def test_a_pickle_that_runs_something_does_not(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> Any:
            return (exec, (f"open({str(tmp_path / 'touched')!r}, 'w').close()",))

    path = tmp_path / "sd_attack.pkl"
    path.write_bytes(pickle.dumps(with_arrays(scenarionet_scene()) | {"metadata": Attack()}))
    with pytest.raises(SceneError, match=r"sd_attack\.pkl: .*global builtins\.exec, which was not called"):
        read_scenarionet(path)
    assert not (tmp_path / "touched").exists()

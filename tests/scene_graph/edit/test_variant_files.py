"""The files of a matrix: what is written, kept, replaced and refused."""

import io
import json
import tempfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from edit_scenarios import actor, road
from hypothesis import given, settings
from strategies import graphs, pinhole_rig

from scene_graph.atomic_file import write_file
from scene_graph.edit import (
    EditSpec,
    apply_edits,
    edit_recording,
    edit_spec,
    expand_variants,
    parse_edits,
    variant_files,
)
from scene_graph.edit.edit_file import parse_yaml
from scene_graph.edit.packing import SharedPacking
from scene_graph.edit.variant_files import stored_hash, write_variants
from scene_graph.errors import SceneError
from scene_graph.example import example_recording
from scene_graph.graph import ScenarioGraph
from scene_graph.native import read_native, save_recording
from scene_graph.recording import Recording, Source

MATRIX = """
matrix: {weather: [rain, fog], y_m: [0.0, 0.5, 0]}
edits:
  - set_environment: {weather: "${weather}"}
  - offset_ego: {lateral_m: "${y_m}"}
"""


def recording() -> Recording:
    graph = road(actor("lead", 21, 0, speed_mps=10))
    return Recording(
        graph=graph,
        rig=pinhole_rig(),
        frames=None,
        frame_timestamps_us=graph.ego.trajectory.timestamps_us,
        source=Source(format="made", path="here", derived=("something",)),
    )


def spec_of(text: str = MATRIX) -> EditSpec:
    return edit_spec(parse_yaml(text), "some.yaml")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_each_scenario_is_written_once(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    records = write_variants(recording(), spec_of(), tmp_path / "out", report=lambda *counts: done.append(counts))
    assert done == [(count, 6) for count in range(1, 7)]
    # an offset of 0.0 and of 0 are the same
    assert [record.duplicate_of for record in records] == [None, None, records[0].name, None, None, records[3].name]
    written = {record.file for record in records} - {None}
    assert set(files(tmp_path / "out")) == {*written, "variants.json"}
    for record, variant in zip(records, expand_variants(spec_of()), strict=True):
        assert record.hash == apply_edits(recording().graph, variant.edits).hash
        assert record.values == variant.values
        if record.file is not None:
            back = read_native(tmp_path / "out" / record.file)
            assert back.graph.hash() == record.hash
            assert back.source.derived[:2] == ("something", f"edited: set weather {variant.values['weather']!r}")
    listed = json.loads((tmp_path / "out" / "variants.json").read_text())
    assert listed["complete"] is True
    assert listed["scenario_hash"] == recording().graph.hash()
    assert [record["hash"] for record in listed["variants"]] == [record.hash for record in records]
    assert Counter(record["file"] is None for record in listed["variants"]) == {True: 2, False: 4}


def test_variants_are_the_same_files_as_any_other(tmp_path: Path) -> None:
    packing = SharedPacking()
    static = replace(recording(), rig=None, graph=replace(recording().graph, scenario_id="\ud800 é" + "0" * 2_000_000))
    crowd = road(*(actor(f"{index}", 20, 0, times_s=range(3000)) for index in range(9)))
    for one in (recording(), static, replace(recording(), graph=crowd), example_recording()):
        for prompt in ("One.", "Two."):
            edits = parse_edits([{"mirror": None}, {"set_environment": {"prompt": prompt}}])
            edited, report = edit_recording(one, edits)
            save_recording(edited, tmp_path / "plain.scenario")
            packed = packing.packed(edited, report.hash)
            assert packed == (tmp_path / "plain.scenario").read_bytes()
            assert stored_hash(tmp_path / "plain.scenario") == edited.graph.hash()
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                assert archive.testzip() is None


@given(graphs())
@settings(max_examples=20, deadline=None)
def test_any_graph_is_packed_as_it_is_saved(graph: ScenarioGraph) -> None:
    one = replace(recording(), graph=graph)
    with tempfile.TemporaryDirectory() as folder:
        save_recording(one, Path(folder) / "plain.scenario")
        assert SharedPacking().packed(one, graph.hash()) == (Path(folder) / "plain.scenario").read_bytes()


def test_what_is_remembered_is_bounded() -> None:
    packing = SharedPacking()
    for index in range(80):
        moved, report = edit_recording(recording(), parse_edits([{"offset_ego": {"lateral_m": index / 100}}]))
        packing.packed(moved, report.hash)
    assert len(packing._known) == 64


def test_a_stopped_run_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_variants(recording(), spec_of(), tmp_path / "whole")
    saved: list[str] = []

    def stop_at_third(path: Path, content: bytes) -> None:
        if path.suffix == ".scenario":
            if len(saved) == 2:
                raise KeyboardInterrupt
            saved.append(path.name)
        write_file(path, content)

    monkeypatch.setattr(variant_files, "write_file", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        write_variants(recording(), spec_of(), tmp_path / "out", jobs=1)
    assert json.loads((tmp_path / "out" / "variants.json").read_text())["complete"] is False
    first = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in saved}
    (tmp_path / "out" / saved[1]).write_bytes(b"half a file")
    monkeypatch.setattr(variant_files, "write_file", write_file)
    write_variants(recording(), spec_of(), tmp_path / "out")
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert (tmp_path / "out" / saved[0]).stat().st_mtime_ns == first[saved[0]]


def test_runs_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    write_variants(recording(), spec_of(), tmp_path / "one", jobs=1)
    write_variants(recording(), spec_of(), tmp_path / "four", jobs=4)
    assert files(tmp_path / "one") == files(tmp_path / "four")


def test_other_folders_are_not_overwritten_unasked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_variants(recording(), spec_of(), out)
    before = files(out)
    other = spec_of(MATRIX.replace("fog", "snow"))
    with pytest.raises(SceneError, match=r"out: the folder holds variants of another edit file; .*--overwrite"):
        write_variants(recording(), other, out)
    changed = replace(recording(), graph=replace(recording().graph, scenario_id="changed"))
    with pytest.raises(SceneError, match="the folder holds variants of another scenario"):
        write_variants(changed, spec_of(), out)
    with pytest.raises(SceneError, match="the folder holds variants of another rig"):
        write_variants(replace(recording(), rig=None), spec_of(), out)
    assert files(out) == before
    records = write_variants(recording(), other, out, overwrite=True)
    assert set(files(out)) == {*(record.file for record in records if record.file), "variants.json"}


def test_folders_of_another_origin(tmp_path: Path) -> None:
    (tmp_path / "strange.scenario").write_bytes(b"")
    with pytest.raises(SceneError, match=r"the folder holds strange\.scenario of another origin"):
        write_variants(recording(), spec_of(), tmp_path)
    (tmp_path / "variants.json").write_text("[")
    with pytest.raises(SceneError, match=r"variants\.json: cannot be read"):
        write_variants(recording(), spec_of(), tmp_path)
    outside = tmp_path.parent / "outside.scenario"
    outside.write_bytes(b"")
    hostile = {"format_version": 1, "variants": [{"name": "../outside"}, {"name": 5}, 7, {"name": str(outside)[:-9]}]}
    (tmp_path / "variants.json").write_text(json.dumps(hostile))
    write_variants(recording(), spec_of(), tmp_path, overwrite=True)
    assert outside.exists()


IMPOSSIBLE = """
matrix: {x_m: [0, 16.5, 40]}
edits: [{offset_ego: {longitudinal_m: "${x_m}"}}]
"""


def test_impossible_variants_stop_or_are_listed(tmp_path: Path) -> None:
    with pytest.raises(
        SceneError, match=r"^some\.yaml, variant 1_x_m=16\.5, operation 1 \(offset_ego\): the ego overlaps"
    ):
        write_variants(recording(), spec_of(IMPOSSIBLE), tmp_path / "out")
    records = write_variants(recording(), spec_of(IMPOSSIBLE), tmp_path / "out", skip_impossible=True)
    assert [record.impossible is not None for record in records] == [False, True, False]
    assert records[1].file is None
    assert records[1].hash is None
    listed = json.loads((tmp_path / "out" / "variants.json").read_text())["variants"]
    assert listed[1]["impossible"] == records[1].impossible


def test_a_failing_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".scenario":
            raise SceneError("cannot write: No space left on device", where=path)

    monkeypatch.setattr(variant_files, "write_file", full)
    with pytest.raises(SceneError, match="No space left"):
        write_variants(recording(), spec_of(), tmp_path / "out", jobs=2)


def test_frames_and_prompts_of_a_recording() -> None:
    edited, _ = edit_recording(recording(), parse_edits([{"crop": {"from_s": 2, "to_s": 3}}]))
    assert edited.frame_timestamps_us.tolist() == [7_000_000, 7_500_000, 8_000_000]
    with pytest.raises(SceneError, match=r"operation 1 \(set_environment\): no camera 'frnt'.*did you mean 'front'"):
        edit_recording(recording(), parse_edits([{"set_environment": {"camera_prompts": {"frnt": "Fog."}}}]))
    with pytest.raises(SceneError, match="no frame of the recording lies in the edited scenario's time"):
        edit_recording(recording(), parse_edits([{"crop": {"from_s": 2.1, "to_s": 2.2}}]))

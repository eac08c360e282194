"""`drivesim edit`: what it prints and writes, and with which exit status."""

import json
import os
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from drivesim.cli import main
from scene_graph.edit.variant_files import stored_hash
from scene_graph.native import read_native
from scene_graph.readers import list_scenes, readers
from scene_graph.signals import SignalState

ROOT = Path(__file__).parents[2]
STREET = str(files("drivesim") / "assets" / "street.scenario")
MATRIX = """
matrix: {weather: [rain, fog, rain]}
edits: [{set_environment: {weather: "${weather}"}}]
"""
LARGE_MATRIX = """
matrix:
  lateral_m: {range: [-1.5, 1.5], count: 5}
  delay_s: {range: [0.1, 2.0], count: 5}
  weather: [clear, rain, fog, snow]
  colour: [white, yellow]
edits:
  - offset_ego: {lateral_m: "${lateral_m}", allow_overlap: true}
  - retime_actor: {where: {}, delay_s: "${delay_s}", allow_overlap: true, allow_none: true}
  - set_environment: {weather: "${weather}", time_of_day: night}
  - mark_lane_line: {where: {within_m: 10}, colour: "${colour}", pattern: dashed_single, allow_none: true}
"""


@pytest.fixture
def edits(tmp_path: Path) -> Path:
    path = tmp_path / "edits.yaml"
    path.write_text("[{remove_actor: {nearest: car}}, {set_signal: {where: {}, state: red, from_s: 1}}]")
    return path


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX)
    return path


def failure(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line on standard error of a command that must fail."""
    assert main([str(one) for one in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_one_edit(edits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.scenario"
    assert main(["edit", STREET, str(edits), str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 removed actor 'car_ahead'"
    assert "removed actor car_ahead: car, 0 to 8 s" in lines
    edited = read_native(out).graph
    assert lines[-1] == f"{out}: hash {edited.hash()}"
    assert {actor.track_id for actor in read_native(STREET).graph.actors} - {
        actor.track_id for actor in edited.actors
    } == {"car_ahead"}
    assert all(signal.at(7_000_000) is SignalState.RED for signal in edited.signals)
    # again: the same is there already
    assert main(["edit", STREET, str(edits), str(out)]) == 0


def test_one_edit_as_json(edits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.scenario"
    assert main(["edit", STREET, str(edits), str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["hash"] == stored_hash(out)
    assert told["hash_before"] == read_native(STREET).graph.hash()
    assert told["operations"][0] == "removed actor 'car_ahead'"
    removed = {"subject": "actor", "id": "car_ahead", "change": "removed", "detail": "car, 0 to 8 s"}
    assert removed in told["differences"]


def test_a_matrix(matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["edit", STREET, str(matrix), str(out), "--json", "--jobs", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["num_variants"], told["num_files"], told["num_duplicates"], told["num_impossible"]) == (3, 2, 1, 0)
    assert told["variants"] == json.loads((out / "variants.json").read_text())["variants"]
    weathers = [read_native(out / one["file"]).graph.environment.weather for one in told["variants"] if one["file"]]
    assert weathers == ["rain", "fog"]
    assert main(["edit", STREET, str(matrix), str(out)]) == 0
    assert "3 variants, 2 files, 1 duplicates, 0 impossible" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(
    edits: Path, matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["edit", STREET, str(edits), str(tmp_path / "out.scenario"), "--dry-run"]) == 0
    assert "removed actor car_ahead: car, 0 to 8 s" in capsys.readouterr().out
    assert main(["edit", STREET, str(edits), str(tmp_path / "out.scenario"), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["operations"][0] == "removed actor 'car_ahead'"
    assert main(["edit", STREET, str(matrix), str(tmp_path / "out"), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == [
        "0_weather=rain", "1_weather=fog", "2_weather=rain",
    ]  # fmt: skip
    assert lines[-1].endswith(", the same as 0_weather=rain")
    assert main(["edit", STREET, str(matrix), str(tmp_path / "out"), "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["variants"]) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edits.yaml", "matrix.yaml"]


def test_impossible_variants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("matrix: {id: [car_ahead, nobody]}\nedits: [{remove_actor: {actor: '${id}'}}]")
    assert "some.yaml, variant 1_id=nobody, operation 1 (remove_actor): no actor 'nobody'" in failure(
        capsys, "edit", STREET, path, tmp_path / "out"
    )
    assert main(["edit", STREET, str(path), str(tmp_path / "out"), "--skip-impossible"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("not made: some.yaml, variant 1_id=nobody")
    assert "2 variants, 1 files, 0 duplicates, 1 impossible" in lines[1]
    assert main(["edit", STREET, str(path), str(tmp_path / "out"), "--skip-impossible", "--dry-run"]) == 0
    assert "1_id=nobody: some.yaml, variant 1_id=nobody" in capsys.readouterr().out


def test_failures_are_one_line(edits: Path, matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.scenario"
    assert "expected one file" in failure(capsys, "edit", STREET, edits, tmp_path / "out")
    assert "expected a folder" in failure(capsys, "edit", STREET, matrix, out)
    assert "absent.yaml: cannot read" in failure(capsys, "edit", STREET, tmp_path / "absent.yaml", out)
    assert "no such file or folder" in failure(capsys, "edit", tmp_path / "absent", edits, out)
    assert "Not a directory" in failure(capsys, "edit", STREET, edits, edits / "out.scenario")
    edits.write_text("- remove_actor: {actor: car_ahed}")
    line = failure(capsys, "edit", STREET, edits, out)
    assert line.startswith("drivesim: edits.yaml, operation 1 (remove_actor): no actor 'car_ahed'")
    assert "did you mean 'car_ahead'" in line
    out.write_bytes(b"something else")
    edits.write_text("- remove_actor: {actor: car_ahead}")
    assert "the file holds something else; replace it with --overwrite" in failure(capsys, "edit", STREET, edits, out)
    assert main(["edit", STREET, str(edits), str(out), "--overwrite"]) == 0
    assert stored_hash(out) is not None


@pytest.mark.parametrize("name", ["remove_car_red_light", "cut_in", "weather_matrix", "traffic_sample"])
def test_packaged_edits_of_the_example(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / ("out" if name in ("weather_matrix", "traffic_sample") else "out.scenario")
    assert main(["edit", STREET, name, str(out), "--dry-run"]) == 0
    assert capsys.readouterr().out


@pytest.mark.data
@pytest.mark.slow
def test_two_hundred_variants_of_a_real_scene(data_root: Path, tmp_path: Path) -> None:
    """Every scenario is written once; the limit leaves room for a machine that does other things as well."""
    folders = sorted(path for path in data_root.iterdir() if path.is_dir())
    folders += [inner for outer in folders for inner in sorted(outer.iterdir()) if inner.is_dir()]
    scene = next((folder for folder in folders if any(reader.recognises(folder) for reader in readers())), None)
    if scene is None:
        pytest.skip("no reader recognises a folder")
    (tmp_path / "matrix.yaml").write_text(LARGE_MATRIX)
    started_s = time.monotonic()
    command = ["edit", scene, tmp_path / "matrix.yaml", tmp_path / "out", "--scene", list_scenes(scene)[0]]
    done = subprocess.run(
        [sys.executable, "-m", "drivesim", *map(str, command), "--json"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=dict(os.environ),
        timeout=250,
    )
    assert time.monotonic() - started_s < 120
    variants = json.loads(done.stdout)["variants"]
    assert len(variants) == 200
    written = [one for one in variants if one["file"] is not None]
    assert len({one["hash"] for one in variants}) == len(written)
    for one in written[:: max(1, len(written) // 5)]:
        assert read_native(tmp_path / "out" / one["file"]).graph.hash() == one["hash"]

"""`drivesim convert`: what it writes, what it says, and how it fails."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from drivesim.cli import main
from scene_graph.cameras import FThetaCamera, PinholeCamera
from scene_graph.readers import detect_format, read_recording

STREET = str(files("drivesim") / "assets" / "street.scenario")


def converted(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines that the command prints."""
    assert main(["convert", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that must fail."""
    assert main(["convert", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.mark.parametrize("format", ["rds_hq", "clipgt"])
def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str) -> None:
    out, file = tmp_path / "out", tmp_path / "again.scenario"
    first, *rest = converted(capsys, STREET, str(out), "--to", format)
    original = read_recording(STREET)
    assert first.startswith(f"{out}: {format}, ")
    assert f"{len(original.rig.names)} cameras" in first
    assert rest
    assert all(line.startswith("left out: ") for line in rest)
    assert "left out: Weather, time of day and prompts." in rest
    assert detect_format(out) == format
    first, *rest = converted(capsys, str(out), str(file))
    assert first.startswith(f"{file}: native, ")
    assert rest == []
    back = read_recording(file)
    assert {actor.track_id for actor in back.graph.actors} == {actor.track_id for actor in original.graph.actors}


def test_another_rig_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    converted(capsys, STREET, str(tmp_path / "out"), "--to", "rds_hq", "--rig", "nuscenes")
    rig = read_recording(tmp_path / "out").rig
    assert "CAM_FRONT" in rig.names
    assert all(isinstance(camera, PinholeCamera) for camera in rig.cameras)
    converted(capsys, STREET, str(tmp_path / "clipgt"), "--to", "clipgt", "--rig", "nuscenes")
    assert all(isinstance(camera, FThetaCamera) for camera in read_recording(tmp_path / "clipgt").rig.cameras)


def test_lenses_too_far_off_are_refused_or_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (STREET, str(tmp_path / "out"), "--to", "clipgt", "--rig", "argoverse2")
    assert "allow more (--max-lens-error-px)" in failure(capsys, *arguments)
    assert not (tmp_path / "out").exists()
    lines = converted(capsys, *arguments, "--max-lens-error-px", "3")
    assert any(line.startswith("left out: The lens of ring_front_center: ") for line in lines)


def test_failures_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert "name one of native, " in failure(capsys, STREET, out)
    assert "unknown format 'vhs'" in failure(capsys, STREET, out, "--to", "vhs")
    assert "no such file" in failure(capsys, str(tmp_path / "nowhere"), out, "--to", "rds_hq")
    converted(capsys, STREET, out, "--to", "rds_hq")
    assert "already holds the clip" in failure(capsys, STREET, out, "--to", "rds_hq")
    assert "is already there" in failure(capsys, STREET, STREET)
    with pytest.raises(SystemExit):
        main(["convert", STREET, out, "--max-lens-error-px", "-1"])


def test_skipped_records_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    converted(capsys, STREET, str(out), "--to", "clipgt")
    import pyarrow
    from pyarrow import parquet

    (path,) = out.glob("*.pole.parquet")
    rows = parquet.read_table(path).to_pylist()
    rows[0]["pole"]["location"] = []
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    assert "pole.parquet, row 0" in failure(capsys, str(out), str(tmp_path / "x.scenario"))
    lines = converted(capsys, str(out), str(tmp_path / "x.scenario"), "--skip-bad-records")
    assert any(line.startswith("skipped: ") and "pole.parquet, row 0" in line for line in lines)

"""The command line: what it prints, where, and with which exit status."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from drivesim.cli import main
from drivesim.manifest import read_manifest
from drivesim.video_io import read_video

ROOT = Path(__file__).parents[2]
STREET = str(files("drivesim") / "assets" / "street.scenario")
SMALL = ["--cameras", "CAM_FRONT,REAR_FISHEYE", "--size", "64x36", "--duration-s", "0.3"]


def drivesim(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "drivesim", *arguments],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=120,
    )


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that must fail."""
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("drivesim: ")
    return lines[0]


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    started_s = time.monotonic()
    helped = drivesim("--help")
    assert time.monotonic() - started_s < 1.0
    assert helped.returncode == 0
    for command in (b"demo", b"info", b"render"):
        assert command in helped.stdout
    heavy = "'torch', 'numba', 'numpy', 'av', 'cv2', 'scipy', 'rich', 'yaml', 'scene_graph', 'pytorch_lightning'"
    code = (
        "import sys, drivesim.cli\n"
        "try: drivesim.cli.main(['render', '--help'])\n"
        f"except SystemExit: print('LOADED', sorted({{{heavy}}} & set(sys.modules)))"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert listed.stdout.splitlines()[-1] == "LOADED []"


def test_help_fits_narrow_terminals() -> None:
    for command in ("demo", "info", "render"):
        text = drivesim(command, "--help", COLUMNS="60").stdout.decode()
        assert max(len(line) for line in text.splitlines()) <= 60


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["info"],
        ["render", "x"],
        ["render", "x", "--out", "y", "--size", "1280"],
        ["render", "x", "--out", "y", "--size", "0x720"],
        ["render", "x", "--out", "y", "--fps", "0"],
        ["render", "x", "--out", "y", "--start-s", "nan"],
        ["render", "x", "--out", "y", "--duration-s", "-1"],
        ["render", "x", "--out", "y", "--jobs", "0"],
        ["render", "x", "--out", "y", "--cameras", "a,,b"],
        ["render", "x", "--out", "y", "--cameras", "a,a"],
    ],
)
def test_bad_arguments_have_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_info_in_a_pipe_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", STREET]) == 0
    rows = [tuple(line.split("\t")) for line in capsys.readouterr().out.splitlines()]
    assert ("scenario", "id", "street") in rows
    assert ("actors", "car", "7") in rows
    assert ("map", "crosswalk", "4", "142 m2") in rows
    assert ("absent", "images") in rows
    cameras = [row for row in rows if row[0] == "cameras"]
    assert len(cameras) == 7
    assert cameras[0][1:4] == ("CAM_FRONT", "pinhole", "1280x720")


def test_info_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", STREET, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["duration_s"] == pytest.approx(8.0)
    assert summary["signals"]["count"] == 6
    assert len(summary["graph_hash"]) == 64


@pytest.mark.skipif(shutil.which("script") is None, reason="no program `script` to make a terminal")
def test_info_on_a_terminal_is_tables() -> None:
    shown = subprocess.run(
        ["script", "-qec", f"{sys.executable} -m drivesim info {STREET}", "/dev/null"],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "60"},
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", shown.stdout.decode())
    assert "crosswalk" in text
    assert "\t" not in text
    assert max(len(line) for line in text.splitlines()) <= 60


def test_info_when_the_reader_leaves() -> None:
    quiet = subprocess.run(
        f"{sys.executable} -m drivesim info {STREET} --json | head -c 10", shell=True, capture_output=True, cwd=ROOT
    )
    assert quiet.stderr == b""


def test_names_that_the_locale_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "straße 東京"
    told = drivesim("info", str(folder), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    assert told.returncode == 1
    assert told.stderr.decode("ascii").count("\n") == 1
    folder.mkdir()
    rendered = drivesim(
        "render", STREET, "--out", str(folder), *SMALL, "--fps", "5", PYTHONIOENCODING="ascii", LC_ALL="C"
    )
    assert rendered.returncode == 0, rendered.stderr
    assert (folder / "CAM_FRONT.mp4").exists()


def test_render(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["render", STREET, "--out", str(out), *SMALL, "--fps", "20", "--start-s", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{out}: 2 cameras, 6 frames each, style world_scenario")
    video = read_video(out / "REAR_FISHEYE.mp4")
    assert video.timestamps_us.tolist() == [0, 50_000, 100_000, 150_000, 200_000, 250_000]
    manifest = read_manifest(out)
    assert manifest is not None
    assert manifest.timestamps_us[0] == 1_000_000


def test_render_through_another_rig(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["render", STREET, "--out", str(out), "--rig", "rds_hq", "--size", "64x36", "--duration-s", "0.05"]
    assert main(arguments) == 0
    assert "camera_front_wide_120fov.mp4" in {path.name for path in out.iterdir()}


def test_failures_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such file" in failure(capsys, "info", str(tmp_path / "nowhere"))
    (tmp_path / "text.txt").write_text("hello", "utf-8")
    assert "not recognised" in failure(capsys, "info", str(tmp_path / "text.txt"))
    out = str(tmp_path / "out")
    assert "no camera 'TOP'" in failure(capsys, "render", STREET, "--out", out, "--cameras", "TOP")
    assert "sketch" in failure(capsys, "render", STREET, "--out", out, "--style", "sketch")
    assert "runs from 0 s" in failure(capsys, "render", STREET, "--out", out, "--start-s", "100")
    in_the_way = tmp_path / "text.txt"
    assert str(in_the_way) in failure(capsys, "render", STREET, "--out", str(in_the_way), *SMALL)
    assert str(in_the_way) in failure(capsys, "render", STREET, "--out", str(in_the_way / "below"), *SMALL)


def test_a_damaged_scenario_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = Path(STREET).read_bytes()
    path = tmp_path / "street.scenario"
    for content in (b"", whole[:1000], whole[:-100], whole[:5000] + bytes(100) + whole[5100:]):
        path.write_bytes(content)
        assert str(path) in failure(capsys, "info", str(path))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space", "x/a.mp4"),
            "disk full writing x/a.mp4; free space and run the same command",
        ),
        (OSError(errno.EDQUOT, "quota"), "disk full writing the output; free space"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "x: Permission denied"),
        (ValueError("two\nlines"), "two lines"),
        (KeyboardInterrupt(), "interrupted; run the same command again to continue"),
        (ZeroDivisionError("oops"), "internal error: ZeroDivisionError: oops; run with --debug for the traceback"),
    ],
)
def test_every_error_is_one_line(
    error: BaseException, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("scene_graph.readers.read_recording", fail)
    assert failure(capsys, "info", "x").startswith(f"drivesim: {line}")
    for arguments in (["--debug", "info", "x"], ["info", "x", "--debug"]):
        assert main(arguments) == 1
        assert "Traceback" in capsys.readouterr().err


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 90
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_render_leaves_whole_files_and_is_continued(tmp_path: Path, how: signal.Signals) -> None:
    out, unbroken = tmp_path / "out", tmp_path / "unbroken"
    arguments = ["render", STREET, "--size", "640x360", "--duration-s", "3", "--jobs", "1"]
    command = [sys.executable, "-m", "drivesim", *arguments]
    process = subprocess.Popen(
        [*command, "--out", str(out)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # tests that run in the background are deaf to Ctrl-C, and so would be what they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    wait_for(out / "CAM_FRONT_RIGHT.mp4", process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    finished = {path.name for path in out.glob("*.mp4")}
    assert finished
    assert len(finished) < 7
    for name in finished:
        assert len(read_video(out / name).frames) == 90
    if how == signal.SIGINT:
        assert process.returncode == 1
        assert said.decode().splitlines()[-1:] == ["drivesim: interrupted; run the same command again to continue"]
        assert b"Traceback" not in said
        assert not list(out.glob(".*"))
    assert drivesim(*arguments, "--out", str(out)).returncode == 0
    assert drivesim(*arguments, "--out", str(unbroken)).returncode == 0
    names = sorted(path.name for path in unbroken.iterdir())
    assert sorted(path.name for path in out.iterdir()) == names
    for name in names:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes()


def test_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True)
    if mount.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        out = disk / "out"
        told = drivesim("render", STREET, "--out", str(out), "--cameras", "CAM_FRONT", "--size", "640x360")
        assert told.returncode == 1
        assert (
            told.stderr.decode().splitlines()[-1].startswith(f"drivesim: disk full writing {out}/CAM_FRONT.mp4; free")
        )
        assert [path.name for path in out.iterdir()] == ["manifest.json"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)

"""The commands on real logs, whatever the folder holds."""

import json
from pathlib import Path

import pytest

from drivesim.cli import main
from drivesim.video_io import read_video
from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, list_scenes


def logs(root: Path) -> list[Path]:
    """The recordings below the root whose format is recognised, each once."""
    found: list[Path] = []
    for path in (*sorted(root.iterdir()), *sorted(root.glob("*/*"))):
        if path.parent in found:
            continue
        try:
            detect_format(path)
        except SceneError:
            continue
        found.append(path)
    return found


@pytest.mark.data
def test_info_and_render(data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = logs(data_root)
    if not paths:
        pytest.skip(f"{data_root} holds no log of a known format")
    for number, path in enumerate(paths):
        scene = ["--scene", list_scenes(path)[0]]
        assert main(["info", str(path), *scene, "--json"]) == 0, capsys.readouterr().err
        summary = json.loads(capsys.readouterr().out)
        assert summary["ego"]["num_poses"] > 0
        out = tmp_path / str(number)
        rig = [] if summary["cameras"] else ["--rig", "nuscenes"]
        size = ["--size", "160x90", "--duration-s", "0.15"]
        assert main(["render", str(path), *scene, *rig, *size, "--out", str(out)]) == 0, capsys.readouterr().err
        capsys.readouterr()
        videos = [read_video(video) for video in sorted(out.glob("*.mp4"))]
        assert videos
        assert any(video.frames.any() for video in videos), path

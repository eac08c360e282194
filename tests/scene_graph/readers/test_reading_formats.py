"""How a path finds its reader and its scene."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_argoverse2 import LOG_NAME, TinyLog
from synthetic_rds_hq import CLIP, example_clip, write_clip

from scene_graph.errors import SceneError
from scene_graph.readers import detect_format, list_scenes, read_recording, readers


def test_formats_are_recognised_from_the_path(tmp_path: Path) -> None:
    log = TinyLog().write(tmp_path / "logs")
    root = write_clip(tmp_path / "clips", example_clip())
    assert [detect_format(path) for path in (log, log.parent, root, root / "3d_poles" / f"{CLIP}.tar")] == [
        "argoverse2", "argoverse2", "rds_hq", "rds_hq",
    ]  # fmt: skip
    assert [list_scenes(path) for path in (log, log.parent, root)] == [[LOG_NAME], [LOG_NAME], [CLIP]]
    assert read_recording(log.parent).graph.scenario_id == LOG_NAME
    assert read_recording(str(root), format="rds_hq").graph.scenario_id == CLIP


def test_a_log_with_a_missing_table_is_still_recognised(tmp_path: Path) -> None:
    log = TinyLog(poses=None).write(tmp_path)
    with pytest.raises(SceneError, match=r"city_SE3_egovehicle\.feather: no such file"):
        read_recording(log)


def test_one_of_several_scenes_must_be_named(tmp_path: Path) -> None:
    for index in range(12):
        write_clip(tmp_path, example_clip(), name=f"clip{index:02d}")
    with pytest.raises(SceneError, match=r"holds 12 scenes: clip00, .*clip09, \.\.\.; .*--scene NAME") as raised:
        read_recording(tmp_path)
    assert "clip10" not in str(raised.value)
    assert read_recording(tmp_path, scene="clip07").graph.scenario_id == "clip07"
    with pytest.raises(SceneError, match="holds no scene 'clip77', but 12"):
        read_recording(tmp_path, scene="clip77")


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    for function in (read_recording, list_scenes, detect_format):
        with pytest.raises(SceneError, match="nowhere: no such file or folder"):
            function(tmp_path / "nowhere")


def test_unknown_formats_list_the_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to drive here")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(SceneError, match="not recognised; known formats are") as raised:
            detect_format(path)
        for reader in readers():
            assert f"{reader.name}: {reader.looks_like}" in str(raised.value)
    with pytest.raises(SceneError, match="unknown format 'vhs'"):
        read_recording(tmp_path, format="vhs")
    with pytest.raises(SceneError, match=r"expected argoverse2 scenes .* found none"):
        read_recording(tmp_path, format="argoverse2")


def test_bad_records_are_skipped_on_request(tmp_path: Path) -> None:
    log = TinyLog()
    log.annotations["height_m"][0] = 0.0
    folder = log.write(tmp_path)
    with pytest.raises(SceneError, match="row 0"):
        read_recording(folder)
    assert len(read_recording(folder, skip_bad_records=True).source.skipped) == 1


def test_names_of_formats_are_unique() -> None:
    names = [reader.name for reader in readers()]
    assert len(set(names)) == len(names)


def test_recognising_imports_no_heavy_package(tmp_path: Path) -> None:
    root = write_clip(tmp_path, example_clip())
    code = (
        "import sys; from scene_graph.readers import detect_format; print(detect_format(sys.argv[1]));"
        "print([name for name in ('pyarrow', 'shapely', 'torch', 'cv2', 'pandas', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["rds_hq", "[]"]

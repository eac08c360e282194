"""Folders whose files appear together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scene_graph.errors import SceneError
from scene_graph.writers.staging import refuse_taken, safe_name, staged_folder


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def stage(root: Path, *names: str, interrupted: bool = False) -> None:
    with staged_folder(root) as staging:
        for name in names:
            (staging / name).write_text("new")
        if interrupted:
            raise KeyboardInterrupt


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "out"
    with staged_folder(root) as staging:
        (staging / "a").mkdir()
        (staging / "a" / "x.txt").write_text("x")
        assert not root.exists()
    assert files(tmp_path) == {"deep/out/a/x.txt"}


def test_files_join_a_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old.txt").write_text("old")
    with staged_folder(tmp_path) as staging:
        (staging / "a").mkdir()
        (staging / "a" / "new.txt").write_text("new")
    assert files(tmp_path) == {"a/old.txt", "a/new.txt"}


@pytest.mark.parametrize("there_before", [True, False])
def test_nothing_is_left_of_a_failure(tmp_path: Path, there_before: bool) -> None:
    root = tmp_path / "out"
    if there_before:
        root.mkdir()
    with pytest.raises(KeyboardInterrupt):
        stage(root, "x.txt", interrupted=True)
    assert files(tmp_path) == set()
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if there_before else [])


def test_a_name_that_is_taken_undoes_the_others(tmp_path: Path) -> None:
    root = tmp_path / "out"
    root.mkdir()
    (root / "b.txt").write_text("old")
    with pytest.raises(SceneError, match=r"b.txt: is already there"):
        stage(root, "a.txt", "b.txt")
    assert files(root) == {"b.txt"}
    assert (root / "b.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SceneError, match="cannot write"):
            stage(root, "x.txt")
    assert files(tmp_path) == {"file"}


def test_what_is_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "clip.tar").write_text("x")
    refuse_taken(tmp_path, [tmp_path / "other.tar"], "a clip")
    with pytest.raises(SceneError, match=r"already holds a clip \(clip.tar\)"):
        refuse_taken(tmp_path, [tmp_path / "other.tar", tmp_path / "clip.tar"], "a clip")


@given(st.text(max_size=200))
def test_safe_names_are_names_of_files(text: str) -> None:
    name = safe_name(text)
    assert 1 <= len(name) <= 100
    assert Path(name).name == name
    assert not name.startswith(".")
    assert safe_name(name) == name

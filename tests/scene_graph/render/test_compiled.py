"""Machine code on disk follows the sources."""

from __future__ import annotations

from pathlib import Path

from scene_graph.render.kernels import faces
from scene_graph.render.kernels.compiled import discard_stale


def test_machine_code_of_other_sources_is_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    discard_stale(folder, "first")
    (folder / "faces.emit_faces.nbi").write_text("index")
    (folder / "faces.emit_faces.1.nbc").write_text("code")
    (folder / "module.pyc").write_text("not ours")
    discard_stale(folder, "second")
    assert sorted(path.name for path in folder.iterdir()) == ["kernels-second.stamp", "module.pyc"]
    (folder / "faces.emit_faces.nbi").write_text("index")
    discard_stale.cache_clear()
    discard_stale(folder, "second")
    assert (folder / "faces.emit_faces.nbi").exists(), "the same sources keep their code"


def test_the_kernels_have_a_stamp() -> None:
    assert list(Path(faces.emit_faces.stats.cache_path).glob("kernels-*.stamp"))

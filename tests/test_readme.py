"""What the README promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_its_python_runs(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.+?)```", README, re.S)
    assert code is not None
    (tmp_path / "drivesim").symlink_to(ROOT / "drivesim")
    (tmp_path / "scene_graph").symlink_to(ROOT / "scene_graph")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    run = subprocess.run([sys.executable, "-c", code[1]], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "(2, 8, 720, 1280, 3)" in run.stdout
    assert (tmp_path / "front.mp4").stat().st_size > 10_000


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_its_commands_exist() -> None:
    said = set(re.findall(r"^\| `drivesim (\w+)", README, re.M))
    shown = subprocess.run(
        [sys.executable, "-m", "drivesim", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert said
    assert all(f"    {command} " in shown for command in said)

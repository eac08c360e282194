"""What is installed is what was written: a wheel, away from the checkout."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **environment},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built, without network, from a copy of the files that a source archive holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "from setuptools import build_meta; print(build_meta.build_{}({!r}))"
    source = run(sys.executable, "-c", build.format("sdist", str(folder)), cwd=ROOT).splitlines()[-1]
    with tarfile.open(folder / source) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / source.removesuffix(".tar.gz")
    name = run(sys.executable, "-c", build.format("wheel", str(folder)), cwd=unpacked).splitlines()[-1]
    return folder / name


@pytest.mark.slow
def test_wheel_holds_the_packages_their_values_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    assert {name.partition("/")[0] for name in names - metadata} == {"drivesim", "scene_graph", "evaluation"}
    assert any(name.endswith("/LICENSE") for name in metadata)
    for package in ("drivesim", "scene_graph", "evaluation"):
        written = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
        assert written <= names
    values = {path.relative_to(ROOT / "configs").as_posix() for path in (ROOT / "configs").rglob("*.yaml")}
    assert {f"scene_graph/_configs/{value}" for value in values} <= names
    assets = {path.relative_to(ROOT).as_posix() for path in (ROOT / "drivesim" / "assets").iterdir()}
    assert assets <= names


@pytest.mark.slow
def test_installed_elsewhere_it_works(wheel: Path, tmp_path: Path) -> None:
    """A virtual environment of its own that sees this one's other packages."""
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False)
    site = next((environment / "lib").glob("python3.*")) / "site-packages"
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check",
        "--target", site, wheel, cwd=tmp_path,
    )  # fmt: skip
    python = environment / "bin" / "python"
    others = [path for path in sys.path if path.endswith("-packages")]
    found = "import scene_graph, sys; print(scene_graph.__file__)"
    assert str(site) in run(python, "-c", found, cwd=tmp_path, PYTHONPATH=":".join([str(site), *others]))
    list_values = (
        "from scene_graph.cameras.rig_yaml import load_rig\n"
        "from scene_graph.render.style import load_style\n"
        "from scene_graph.resources import config_path\n"
        "print(load_rig('nuscenes').names[0], load_style('world_scenario').name, config_path('rigs', 'nuscenes'))"
    )
    said = run(python, "-c", list_values, cwd=tmp_path, PYTHONPATH=":".join([str(site), *others]))
    assert said.split()[:2] == ["CAM_FRONT", "world_scenario"]
    assert said.split()[2].startswith(str(site))
    draw = (
        "import sys; from drivesim.demo import bundled_recording; from drivesim.render_job import render_to_files\n"
        "render_to_files(bundled_recording(), 'out', cameras=['CAM_FRONT'], size=(64, 36), timestamps_us=[0, 33333])"
    )
    run(python, "-c", draw, cwd=tmp_path, PYTHONPATH=":".join([str(site), *others]))
    assert (tmp_path / "out" / "CAM_FRONT.mp4").exists()


def test_every_requirement_has_a_floor() -> None:
    """Without floors pip goes back through years of releases before it settles."""
    script = (
        "import setuptools, runpy, json\n"
        "keys = ('install_requires', 'extras_require')\n"
        "setuptools.setup = lambda **options: print(json.dumps([options[key] for key in keys]))\n"
        "runpy.run_path('setup.py')"
    )
    core, extras = json.loads(run(sys.executable, "-c", script, cwd=ROOT))
    for requirement in [*core, *(requirement for extra in extras.values() for requirement in extra)]:
        assert ">=" in requirement, requirement
    names = [requirement.partition(">=")[0].partition("[")[0] for requirement in core]
    assert {"torch", "pytorch-lightning", "wandb", "nuscenes-devkit", "shapely", "trimesh", "omegaconf"} <= set(names)
    assert names == sorted(names)

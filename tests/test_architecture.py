"""Who may import whom, and what importing costs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("scene_graph", "drivesim", "evaluation")


def modules(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after running the code."""
    listing = f"import sys\n{code}\nprint('LOADED', *sorted({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(run.stdout.splitlines()[-1].split()[1:])


def test_import_contracts_hold() -> None:
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken." in run.stdout


def test_scene_graph_imports_no_torch_and_nothing_above() -> None:
    imports = "\n".join(f"import {module}" for module in modules("scene_graph"))
    loaded = loaded_after(imports)
    assert "numpy" in loaded
    assert loaded.isdisjoint({"torch", "pytorch_lightning", "wandb", "drivesim", "evaluation", "pandas"})


def test_command_line_imports_nothing_that_computes() -> None:
    loaded = loaded_after("import drivesim.cli")
    assert loaded.isdisjoint({"torch", "numba", "numpy", "scipy", "av", "cv2", "rich", "scene_graph", "evaluation"})


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_a_drawer_for_everything(package: str) -> None:
    names = {module.rpartition(".")[2] for module in modules(package)}
    assert names.isdisjoint({"utils", "util", "common", "helpers", "misc"})


def test_configs_hold_values_only() -> None:
    files = [path for path in (ROOT / "configs").rglob("*") if path.is_file()]
    assert files
    assert {path.suffix for path in files} == {".yaml"}

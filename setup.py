"""Installs drivesim, scene_graph and evaluation, with the values of configs/ as package data."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (ROOT / "drivesim" / "__init__.py").read_text("utf-8"), re.M).group(1)

# configs/ holds values and no Python; installed, its folders are the data packages scene_graph._configs[.folder].
CONFIG_FOLDERS = [ROOT / "configs", *sorted(path for path in (ROOT / "configs").rglob("*") if path.is_dir())]
CONFIG_PACKAGES = {
    ".".join(["scene_graph", "_configs", *folder.relative_to(ROOT / "configs").parts]): folder.relative_to(
        ROOT
    ).as_posix()
    for folder in CONFIG_FOLDERS
}

# Every requirement has a floor: without them pip tries source builds of releases ten years old before it settles.
REQUIREMENTS = [
    "av>=14,<19",
    "einops>=0.8,<1",
    "jaxtyping>=0.2.34,<0.4",
    "jsonargparse[signatures,omegaconf]>=4.40,<5",
    "mapbox-earcut>=1.0.2,<3",
    "matplotlib>=3.8,<4",
    "numba>=0.60,<1",
    "numpy>=1.26,<3",  # nuscenes-devkit holds it below 2
    "nuscenes-devkit>=1.2,<2",
    "omegaconf>=2.3,<3",
    "opencv-python-headless>=4.9,<5",
    "pillow>=10.3",
    "pyarrow>=15,<26",  # 26 refuses numpy 1 at import without declaring it
    "pytorch-lightning>=2.6,<3",
    "pyyaml>=6.0.1,<7",
    "rich>=13.7",
    "safetensors>=0.4.3,<1",
    "scipy>=1.11.4,<2",
    "shapely>=2.0.4,<3",
    "torch>=2.6,<2.14",  # the ceiling is the newest release that the tests ran with
    "torchmetrics>=1.4,<2",
    "tqdm>=4.66,<5",
    "trimesh>=4.4,<6",
    "typing_extensions>=4.10,<5",
    "wandb>=0.19,<1",
]

EXTRAS = {
    "dev": [
        "beartype>=0.19,<1",
        "hypothesis>=6.110,<7",
        "import-linter>=2.1,<3",
        "mypy>=1.13,<3",
        "pytest>=8.2,<10",
        "pytest-timeout>=2.3,<3",
        "pytest-xdist>=3.6,<4",
        "ruff>=0.14,<0.18",
        "setuptools>=68",
        "types-PyYAML>=6.0.12",
    ],
    "hub": ["diffusers>=0.35", "huggingface_hub>=0.30", "transformers>=4.50"],
    "flash": ["flash-attn>=2.8"],  # builds against the torch that is installed: --no-build-isolation
    "onnx": ["onnxruntime>=1.18"],
    "viz": ["rerun-sdk>=0.20"],
}

setup(
    name="drivesim",
    version=VERSION,
    description="Driving scenes as world-scenario graphs, drawn into per-camera control videos",
    long_description=(ROOT / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.13",
    packages=[*find_packages(include=["drivesim*", "scene_graph*", "evaluation*"]), *CONFIG_PACKAGES],
    package_dir=CONFIG_PACKAGES,
    package_data={"drivesim": ["assets/*"], **{name: ["*.yaml"] for name in CONFIG_PACKAGES}},
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["drivesim = drivesim.cli:main"]},
)

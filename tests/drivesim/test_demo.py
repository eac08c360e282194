"""The demonstration: its page, its files, its scenario."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from small_recording import CAMERAS, small_recording

from drivesim import demo
from drivesim.demo import bundled_recording, run_demo
from drivesim.html_page import PageVideo, write_page
from drivesim.video_io import read_video
from scene_graph.example import example_recording
from scene_graph.hashing import rig_hash


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_bundled_scenario_is_the_example() -> None:
    """Write it again after a change: `save_recording(example_recording(), "drivesim/assets/street.scenario")`."""
    bundled, example = bundled_recording(), example_recording()
    assert bundled.graph.hash() == example.graph.hash()
    assert bundled.rig is not None
    assert example.rig is not None
    assert rig_hash(bundled.rig) == rig_hash(example.rig)
    assert bundled.frame_timestamps_us.tolist() == example.frame_timestamps_us.tolist()


def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = small_recording()
    hostile = replace(recording.graph, scenario_id="<script>alert('street & \"square\"')</script>")
    monkeypatch.setattr(demo, "bundled_recording", lambda: replace(recording, graph=hostile))
    told: list[str] = []
    path = run_demo(tmp_path, report=lambda stage, done, total: told.append(stage))
    assert set(told) == {"drawing frames", "making previews"}
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "index.html", "manifest.json", *(f"{camera}.mp4" for camera in CAMERAS)
    }  # fmt: skip
    text = path.read_text("utf-8")
    page = Page(text)
    sources = [attributes["src"] or "" for tag, attributes in page.tags if tag == "video"]
    assert len(sources) == len(CAMERAS)
    assert all(source.startswith("data:video/mp4;base64,") for source in sources)
    assert hostile.hash() in page.text
    assert hostile.scenario_id in page.text
    assert "<script>alert" not in text
    assert "yellow lane line" in page.text


def test_demo_page_opens_offline(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"video")
    write_page(
        tmp_path / "page.html",
        title="T & T",
        introduction="<b>",
        videos=[PageVideo(title="front", caption="wide", path=video)],
        colours={"car": ((0, 1, 2), (3, 4, 5)), "pole": ((6, 7, 8),)},
        tables={"Facts": {"name": "value"}},
    )
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Page(text)
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe")]
    assert all(not attributes.get("src", "").startswith("http") for _, attributes in page.tags)
    assert not re.search(r"https?:|@import|url\(", text)
    assert "T & T" in page.text
    assert "<b>" in page.text
    assert "rgb(0 1 2), rgb(3 4 5)" in text
    assert "rgb(6 7 8), rgb(6 7 8)" in text
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert not re.search(r"\$\w", text)


def test_previews_are_small_copies(tmp_path: Path) -> None:
    import numpy as np

    from drivesim.preview_video import write_preview
    from drivesim.video_io import write_video

    frames = np.zeros((6, 90, 160, 3), np.uint8)
    frames[:, :, 80:] = (200, 200, 200)
    times_us = np.arange(6) * 40_000
    write_video(tmp_path / "a.mp4", frames, times_us)
    write_preview(tmp_path / "a.mp4", tmp_path / "b.mp4", max_width_px=80)
    preview = read_video(tmp_path / "b.mp4")
    assert preview.frames.shape == (6, 46, 80, 3)  # 45 rows, made even
    assert preview.timestamps_us.tolist() == times_us.tolist()
    assert preview.frames[3, 20, 10].max() < 20
    assert preview.frames[3, 20, 70].min() > 180

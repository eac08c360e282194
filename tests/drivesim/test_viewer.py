"""The viewer page: what it holds, and that it neither breaks nor loads anything."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_recording import small_recording

from drivesim.viewer import viewer_page, write_viewer
from drivesim.viewer_data import viewer_data, viewer_times
from scene_graph.example import example_recording
from scene_graph.graph import Relation, RelationKind
from scene_graph.recording import Recording
from scene_graph.render.style import load_style
from scene_graph.se3 import SE3

HOSTILE = "</script><script>alert(1)</script><!-- & \"' \u2028"


class Page(HTMLParser):
    """Collects a page's tags, and the text of its scripts and style sheets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")
        if tag == "style":
            self.styles.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data
        if self._open == "style":
            self.styles[-1] += data


def hostile_recording() -> Recording:
    """The example with ids and names that would end a script element or open a comment."""
    recording = small_recording()
    graph = recording.graph
    first = replace(graph.elements[0], element_id=HOSTILE, attributes={HOSTILE: HOSTILE})
    actor = replace(graph.actors[0], track_id=HOSTILE, source_category=HOSTILE)
    graph = replace(
        graph,
        scenario_id=HOSTILE,
        elements=(first, *graph.elements[1:]),
        actors=(actor, *graph.actors[1:]),
        relations=(Relation(source_id=HOSTILE, target_id=HOSTILE, kind=RelationKind.ON_LANE),),
    )
    return replace(recording, graph=graph)


def held(page: Page) -> dict[str, Any]:
    return json.loads(page.scripts[0])


def test_the_page_holds_every_node_and_relation() -> None:
    recording = example_recording()
    data = held(Page(viewer_page(recording)))
    graph = recording.graph
    assert [one["id"] for one in data["elements"]] == [element.element_id for element in graph.elements]
    assert [one["id"] for one in data["actors"]] == [actor.track_id for actor in graph.actors]
    assert [one["id"] for one in data["signals"]] == [signal.element_id for signal in graph.signals]
    assert data["relations"] == [[r.source_id, r.target_id, r.kind.value] for r in graph.relations]
    assert recording.rig is not None
    assert [one["name"] for one in data["cameras"]] == list(recording.rig.names)


def test_states_are_the_tracks_in_centimetres_around_the_origin() -> None:
    recording = example_recording()
    data = viewer_data(recording, load_style("topdown"))
    times_us = viewer_times(recording)
    origin_m = np.array(data["origin_world_m"])
    assert len(times_us) == len(data["times_s"]) == len(data["ego"]["states"])
    for index in (0, 7, len(times_us) - 1):
        pose = recording.graph.ego.trajectory.at(int(times_us[index]))
        x_cm, y_cm, yaw_rad = data["ego"]["states"][index]
        np.testing.assert_allclose(np.array([x_cm, y_cm]) / 100 + origin_m, pose.translation[:2], atol=0.00501)
        np.testing.assert_allclose(yaw_rad, np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]), atol=0.000501)
        present = recording.graph.boxes_at(int(times_us[index])).track_ids
        assert [one["id"] for one in data["actors"] if one["states"][index] is not None] == list(present)


def test_lines_stay_within_the_stated_tolerance() -> None:
    recording = example_recording()
    data = viewer_data(recording, load_style("topdown"))
    origin_m = np.array(data["origin_world_m"])
    records = {one["id"]: one for one in data["elements"]}
    for element in recording.graph.elements:
        record = records[element.element_id]
        if "line" in record:
            line = np.array(record["line"]).reshape(-1, 2) / 100 + origin_m
            np.testing.assert_allclose(line[[0, -1]], element.vertices_world[[0, -1], :2], atol=0.01)
            starts, ends = line[:-1], line[1:]
            for point in element.vertices_world[:, :2]:
                along = ends - starts
                part = np.clip(((point - starts) * along).sum(1) / np.maximum((along**2).sum(1), 1e-12), 0, 1)
                assert np.linalg.norm(starts + part[:, None] * along - point, axis=1).min() < 0.03


def test_frames_are_thinned_to_ten_a_second() -> None:
    recording = replace(small_recording(2), frame_timestamps_us=np.arange(0, 3_000_000, 33_333))
    steps_us = np.diff(viewer_times(recording))
    assert steps_us.min() >= 90_000
    assert steps_us.max() <= 110_000
    slow = replace(recording, frame_timestamps_us=np.array([0, 500_000, 1_000_000]))
    assert viewer_times(slow).tolist() == [0, 500_000, 1_000_000]


def test_the_numbers_do_not_depend_on_where_the_world_lies() -> None:
    recording = small_recording()
    offset = SE3(rotation=np.eye(3), translation=np.array([431_000.0, 4_200_000.0, 0.0]))
    graph = recording.graph
    moved = replace(
        graph,
        ego=replace(graph.ego, trajectory=graph.ego.trajectory.transformed(offset)),
        actors=tuple(replace(one, trajectory=one.trajectory.transformed(offset)) for one in graph.actors),
        elements=(),
    )
    here = viewer_data(replace(recording, graph=replace(graph, elements=())), load_style("topdown"))
    there = viewer_data(replace(recording, graph=moved), load_style("topdown"))
    assert there["ego"] == here["ego"]
    assert there["actors"] == here["actors"]


def test_hostile_names_stay_text() -> None:
    page = Page(viewer_page(hostile_recording()))
    assert len(page.scripts) == 3
    data = held(page)
    assert data["scenario_id"] == data["elements"][0]["id"] == data["actors"][0]["id"] == HOSTILE
    assert data["elements"][0]["shown"][HOSTILE] == HOSTILE
    assert "alert(1)" not in "".join(page.scripts[1:])


def test_the_page_loads_nothing() -> None:
    text = viewer_page(small_recording())
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("img", "iframe", "object", "embed", "base")
        for name in ("src", "href", "srcset", "action"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    for style in page.styles:
        assert "url(" not in style
        assert "@import" not in style
    own = page.scripts[-1]
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|import\(|innerHTML|eval\(", own)
    assert "sourceMappingURL" not in text
    assert "BSD 2-Clause License" in text
    assert "Volodymyr Agafonkin" in text


@pytest.mark.slow
@pytest.mark.parametrize("make", [example_recording, hostile_recording])
def test_a_browser_runs_the_page(tmp_path: Path, make: Any) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    recording = make()
    write_viewer(recording, tmp_path / "viewer.html")
    lane = next(r for r in recording.graph.relations if r.kind is RelationKind.ON_LANE)
    address = f"{(tmp_path / 'viewer.html').as_uri()}#t=0.2&id={lane.source_id if make is example_recording else 'ego'}"
    ran = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom", address],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    body = ran.stdout[ran.stdout.rindex("</script>") :] if "data-ready" not in ran.stdout else ran.stdout
    assert 'data-ready="true"' in body
    assert re.search(r'<output id="clock">0\.2 / ', body)
    assert "<th>kind</th>" in body
    if make is example_recording:
        assert f'<button type="button">{lane.target_id}</button>' in body.replace("'", '"')

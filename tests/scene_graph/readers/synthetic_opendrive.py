"""Small OpenDRIVE maps, written piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DASHED = '<roadMark sOffset="0" type="broken" color="white" width="0.12"/>'


def line(length_m: float, *, s: float = 0.0, x: float = 0.0, y: float = 0.0, hdg: float = 0.0) -> str:
    return geometry("<line/>", length_m, s=s, x=x, y=y, hdg=hdg)


def geometry(shape: str, length_m: float, *, s: float = 0.0, x: float = 0.0, y: float = 0.0, hdg: float = 0.0) -> str:
    return f'<geometry s="{s!r}" x="{x!r}" y="{y!r}" hdg="{hdg!r}" length="{length_m!r}">{shape}</geometry>'


def lane(
    lane_id: int,
    *,
    kind: str = "driving",
    width: str | float = 3.5,
    inside: str = "",
    before: int | None = None,
    after: int | None = None,
) -> str:
    """A lane; `width` is metres or whole elements, `inside` more elements, `before` and `after` linked lanes."""
    widths = width if isinstance(width, str) else f'<width sOffset="0" a="{width}" b="0" c="0" d="0"/>'
    links = "".join(
        f'<{name} id="{other}"/>'
        for name, other in (("predecessor", before), ("successor", after))
        if other is not None
    )
    return f'<lane id="{lane_id}" type="{kind}" level="false"><link>{links}</link>{widths}{inside}</lane>'


def section(left: Sequence[str] = (), right: Sequence[str] = (), *, s: float = 0.0, centre: str = DASHED) -> str:
    return (
        f'<laneSection s="{s!r}"><left>{"".join(left)}</left>'
        f'<center><lane id="0" type="none" level="false">{centre}</lane></center>'
        f"<right>{''.join(right)}</right></laneSection>"
    )


TWO_LANES = section([lane(1)], [lane(-1)])


def road(
    road_id: str = "1",
    plan: str = "",
    sections: str = TWO_LANES,
    *,
    length_m: float = 100.0,
    junction: str = "-1",
    attributes: str = "",
    before: str = "",
    after: str = "",
    inside: str = "",
    offsets: str = "",
) -> str:
    """A road; `before` and `after` are its links' attributes, `inside` more elements, `offsets` lane offsets."""
    links = "".join(f"<{name} {link}/>" for name, link in (("predecessor", before), ("successor", after)) if link)
    return (
        f'<road name="" length="{length_m!r}" id="{road_id}" junction="{junction}" {attributes}>'
        f"<link>{links}</link><planView>{plan or line(length_m)}</planView>{inside}"
        f"<lanes>{offsets}{sections}</lanes></road>"
    )


def to_road(road_id: str, contact: str) -> str:
    return f'elementType="road" elementId="{road_id}" contactPoint="{contact}"'


def to_junction(junction_id: str) -> str:
    return f'elementType="junction" elementId="{junction_id}"'


def connection(incoming: str, connecting: str, contact: str, *lane_links: tuple[int, int]) -> str:
    links = "".join(f'<laneLink from="{first}" to="{second}"/>' for first, second in lane_links)
    return (
        f'<connection id="0" incomingRoad="{incoming}" connectingRoad="{connecting}" contactPoint="{contact}">'
        f"{links}</connection>"
    )


def opendrive(*roads_and_junctions: str) -> str:
    body = "".join(roads_and_junctions)
    return f'<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>{body}</OpenDRIVE>'


def write_map(folder: Path, *roads_and_junctions: str, name: str = "map.xodr") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(opendrive(*roads_and_junctions), encoding="utf-8")
    return path

"""Operation on traffic lights: what they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scene_graph.edit.change import Change, named
from scene_graph.edit.operations import SetSignal
from scene_graph.edit.selection import select_lights
from scene_graph.edit.times import moment_us
from scene_graph.graph import ScenarioGraph
from scene_graph.signals import SignalState, SignalTrack

__all__ = ["set_signal"]


def set_signal(graph: ScenarioGraph, operation: SetSignal) -> Change:
    """The scenario with some lights showing one state from a time until another; outside it they show what they did."""
    lights = [one.element_id for one in select_lights(graph, operation.select, allow_none=operation.allow_none)]
    from_us = graph.start_us if operation.from_s is None else moment_us(graph, operation.from_s, "from_s")
    to_us = None if operation.to_s is None else moment_us(graph, operation.to_s, "to_s")
    if to_us is not None and to_us <= from_us:
        raise ValueError(f"to_s is {operation.to_s:g} s; expected later than from_s, {operation.from_s or 0.0:g} s")
    old = {signal.element_id: signal for signal in graph.signals}
    new = {light: _shown(light, old.get(light), operation.state, from_us, to_us) for light in lights}
    signals = [new.pop(signal.element_id, signal) for signal in graph.signals]
    signals += [signal for signal in new.values() if len(signal.timestamps_us)]
    until = "to the end" if operation.to_s is None else f"to {operation.to_s:g} s"
    return Change(
        graph=replace(graph, signals=tuple(signals)) if lights else graph,
        note=f"set {named('light', lights)} {operation.state.value} from {operation.from_s or 0.0:g} s {until}",
    )


def _shown(light: str, old: SignalTrack | None, state: SignalState, from_us: int, to_us: int | None) -> SignalTrack:
    """A light's states with one state in a span; a state that the light shows already is not said again."""
    track = SignalTrack(element_id=light, timestamps_us=np.zeros(0, dtype=np.int64), states=()) if old is None else old
    known = list(zip(track.timestamps_us.tolist(), track.states, strict=True))
    shown = [(time_us, one) for time_us, one in known if time_us < from_us]
    if (shown[-1][1] if shown else SignalState.UNKNOWN) is not state:
        shown.append((from_us, state))
    if to_us is not None:
        after = track.at(to_us)
        if after is not state:
            shown.append((to_us, after))
        shown += [(time_us, one) for time_us, one in known if time_us > to_us]
    return SignalTrack(
        element_id=light,
        timestamps_us=np.array([time_us for time_us, _ in shown], dtype=np.int64),
        states=tuple(one for _, one in shown),
    )

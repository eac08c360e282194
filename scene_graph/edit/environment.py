"""Operation on the environment: weather, time of day, prompts."""

from __future__ import annotations

from dataclasses import replace

from scene_graph.edit.change import Change
from scene_graph.edit.operations import SetEnvironment
from scene_graph.environment import Environment
from scene_graph.graph import ScenarioGraph

__all__ = ["set_environment"]


def set_environment(graph: ScenarioGraph, operation: SetEnvironment) -> Change:
    """The scenario in another weather, at another time of day, or with other prompts."""
    old = graph.environment
    prompts = {**old.camera_prompts, **operation.camera_prompts}
    environment = Environment(
        weather=old.weather if operation.weather is None else operation.weather,
        time_of_day=old.time_of_day if operation.time_of_day is None else operation.time_of_day,
        prompt=old.prompt if operation.prompt is None else operation.prompt,
        camera_prompts={
            camera: text for camera, text in prompts.items() if text or camera not in operation.camera_prompts
        },
    )
    given = {
        "weather": operation.weather,
        "time of day": operation.time_of_day,
        "prompt": operation.prompt,
        **{f"prompt of {camera}": text for camera, text in operation.camera_prompts.items()},
    }
    set_to = [f"{name} {text!r}" for name, text in given.items() if text is not None]
    return Change(graph=replace(graph, environment=environment), note=f"set {', '.join(set_to)}")

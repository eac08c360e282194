"""OpenSCENARIO actions of no entity: traffic signals, parameters, and the environment."""

from __future__ import annotations

from collections.abc import Callable

from scene_graph.environment import Environment
from scene_graph.readers.openscenario_positions import Unsupported
from scene_graph.readers.openscenario_state import World
from scene_graph.readers.xml_tree import XmlElement
from scene_graph.signals import SignalState

__all__ = ["GlobalAction", "environment_of", "global_action", "signal_state"]

GlobalAction = Callable[[World], None]
"""Changes the world at once."""

_DAY_HOURS = (7, 18)
_DUSK_HOURS = (5, 21)
_FOG_M = 1000.0
_LAMPS = {2: (SignalState.RED, SignalState.GREEN), 3: (SignalState.RED, SignalState.YELLOW, SignalState.GREEN)}
_WORDS = {"red": SignalState.RED, "yellow": SignalState.YELLOW, "amber": SignalState.YELLOW, "green": SignalState.GREEN}


def global_action(element: XmlElement) -> GlobalAction:
    """The action of an element `<GlobalAction>`; that of the environment changes nothing that moves.

    Raises:
        ValueError: it is damaged.
        Unsupported: it is not read.
    """
    if not element.children:
        raise ValueError(f"{element}: expected an action in it, found none")
    source = element.children[0]
    if source.tag == "InfrastructureAction":
        return _signal_action(source.required("TrafficSignalAction"))
    if source.tag in ("ParameterAction", "VariableAction"):
        return _parameter_action(source)
    if source.tag == "EnvironmentAction":
        return lambda world: None
    named = [source.tag, *(child.tag for child in source.children[:1])]
    raise Unsupported("/".join(named))


def environment_of(element: XmlElement) -> Environment | None:
    """Weather and time of day of the first `<EnvironmentAction>` below an element; None without one.

    Raises:
        ValueError: a number in it is damaged.
    """
    for action in element.descendants():
        if action.tag == "EnvironmentAction":
            for environment in action.descendants():
                if environment.tag == "Environment":
                    return Environment(weather=_weather(environment), time_of_day=_time_of_day(environment))
    return None


def signal_state(state: str) -> SignalState:
    """What a signal shows, by the source's text: "red", or lamps from the top such as "off;off;on"."""
    text = state.strip().lower()
    if text in _WORDS:
        return _WORDS[text]
    lamps = [lamp.strip() for lamp in text.split(";")]
    lit = [index for index, lamp in enumerate(lamps) if lamp in ("on", "flashing")]
    if set(lamps) == {"off"}:
        return SignalState.OFF
    if len(lamps) in _LAMPS and lit:
        return _LAMPS[len(lamps)][lit[0]]
    return SignalState.UNKNOWN


def _signal_action(source: XmlElement) -> GlobalAction:
    state = source.find("TrafficSignalStateAction")
    if state is None:
        raise Unsupported("/".join([source.tag, *(child.tag for child in source.children[:1])]))
    name, shown = state.string("name"), state.string("state")

    def act(world: World) -> None:
        world.signals[name] = shown

    return act


def _parameter_action(source: XmlElement) -> GlobalAction:
    name = source.attributes.get("parameterRef", source.attributes.get("variableRef", ""))
    action = source.find("SetAction")
    if action is None:
        raise Unsupported("/".join([source.tag, *(child.tag for child in source.children[:1])]))
    value = action.string("value")

    def act(world: World) -> None:
        world.parameters[name] = value

    return act


def _weather(environment: XmlElement) -> str:
    weather = environment.find("Weather")
    if weather is None:
        return "unknown"
    for precipitation in weather.find_all("Precipitation"):
        kind = precipitation.string("precipitationType", "dry").lower()
        strength = max(precipitation.number(name, 0.0) for name in ("intensity", "precipitationIntensity"))
        if kind in ("rain", "snow") and strength > 0.0:
            return kind
    if any(fog.number("visualRange", 1e9) < _FOG_M for fog in weather.find_all("Fog")):
        return "fog"
    clouds = weather.string("fractionalCloudCover", weather.string("cloudState", "")).lower()
    if clouds in ("overcast", "rainy", "cloudy", "sevenoktas", "eightoktas", "sixoktas", "fiveoktas"):
        return "overcast"
    return "clear" if clouds else "unknown"


def _time_of_day(environment: XmlElement) -> str:
    for time_of_day in environment.find_all("TimeOfDay"):
        text = time_of_day.string("dateTime", "")
        hour = text[11:13]
        if hour.isdecimal():
            if _DAY_HOURS[0] <= int(hour) < _DAY_HOURS[1]:
                return "day"
            return "dusk" if _DUSK_HOURS[0] <= int(hour) < _DUSK_HOURS[1] else "night"
    return "unknown"

"""Weather, time of day and the words that describe a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["TIMES_OF_DAY", "WEATHERS", "Environment"]

WEATHERS = ("clear", "overcast", "rain", "fog", "snow", "unknown")
TIMES_OF_DAY = ("day", "dusk", "night", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Appearance that no geometry says.

    Attributes:
        weather: one of WEATHERS.
        time_of_day: one of TIMES_OF_DAY.
        prompt: a text for all cameras, "" where there is none.
        camera_prompts: texts of single cameras, by camera name; they stand in for `prompt` there.
    """

    weather: str = "unknown"
    time_of_day: str = "unknown"
    prompt: str = ""
    camera_prompts: dict[str, str] = field(default_factory=dict)

    def validate(self) -> None:
        """Raises ValueError for an unknown weather or time of day."""
        if self.weather not in WEATHERS:
            raise ValueError(f"weather {self.weather!r} is not known; expected one of {', '.join(WEATHERS)}")
        if self.time_of_day not in TIMES_OF_DAY:
            raise ValueError(
                f"time of day {self.time_of_day!r} is not known; expected one of {', '.join(TIMES_OF_DAY)}"
            )

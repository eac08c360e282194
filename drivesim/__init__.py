"""Driving scenes from scenario graph to control video, generated clip and closed loop."""

__version__ = "0.1.0"

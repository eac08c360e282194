"""Compiled inner loops of the rasteriser: scalar, allocation-free functions without a Python object in sight."""

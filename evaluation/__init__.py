"""Perception benchmarks of real and generated clips."""

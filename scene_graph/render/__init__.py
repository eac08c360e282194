"""Drawing a scenario into its cameras: styles, primitives, the rasteriser, control videos."""

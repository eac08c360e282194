"""Edits as data: scenario variants from a few lines of YAML.

An edit file is a list of operations, each a mapping of its name to its arguments; with `edits:` and `matrix:` it stands
for many variants. Times are seconds after the scenario's first ego pose, as the operations before have left it; keys
name their units. configs/edits holds examples; `scene_graph.edit.operations` says what each operation does.

    graph = apply_edits(recording.graph, load_edits("remove_car_red_light.yaml")).graph
"""

from scene_graph.edit.apply import EditReport, EditResult, apply_edits, edit_recording
from scene_graph.edit.diff import Difference, difference_lines, differences
from scene_graph.edit.edit_file import EditSpec, edit_spec, load_edit_spec, load_edits
from scene_graph.edit.parse import parse_edits
from scene_graph.edit.shared import SharedWork
from scene_graph.edit.variants import Variant, expand_variants

__all__ = [
    "Difference",
    "EditReport",
    "EditResult",
    "EditSpec",
    "SharedWork",
    "Variant",
    "apply_edits",
    "difference_lines",
    "differences",
    "edit_recording",
    "edit_spec",
    "expand_variants",
    "load_edit_spec",
    "load_edits",
    "parse_edits",
]

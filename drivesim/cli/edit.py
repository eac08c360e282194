"""`drivesim edit`: other scenarios from one, by a file of edits."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivesim.cli import options

if TYPE_CHECKING:
    from scene_graph.edit import EditReport, EditSpec
    from scene_graph.recording import Recording

__all__ = ["add_parser", "run"]

_SUFFIX = ".scenario"


def add_parser(commands: Any) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "edit",
        help="change a scene by a file of edits",
        description="Apply a YAML file of edits to a scene. A file with a matrix gives many variants: OUT is then a "
        "folder of <variant>.scenario files with a list, variants.json. A stopped run continues by the same command.",
    )
    options.add_scene(parser)
    parser.add_argument("edits_path", metavar="EDITS", help="YAML file of edits, or a packaged one's name")
    parser.add_argument("out", metavar="OUT", type=Path, help="file ending in .scenario; for a matrix, a folder")
    parser.add_argument("--dry-run", action="store_true", help="tell what would change, and write nothing")
    parser.add_argument(
        "--skip-impossible", action="store_true", help="leave out variants that cannot be made, and list them"
    )
    parser.add_argument("--jobs", type=options.positive_int, metavar="N", help="threads (default: one a core)")
    parser.add_argument("--overwrite", action="store_true", help="replace what OUT holds")
    options.add_json(parser)
    options.add_debug(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Edits; prints what changed and where it is."""
    from scene_graph.edit import load_edit_spec
    from scene_graph.errors import SceneError

    spec = load_edit_spec(args.edits_path)
    is_file = args.out.suffix == _SUFFIX
    if is_file == (spec.matrix is not None):
        raise SceneError(
            f"OUT is {args.out}; expected {'a folder, as the edits have a matrix' if is_file else 'one file'}",
            where=args.edits_path,
            remedy="give another OUT" if is_file else f"let OUT end in {_SUFFIX}",
        )
    recording = options.read_scene(args)
    if args.dry_run:
        return _tell(args, spec, recording)
    return _edit_once(args, spec, recording) if is_file else _edit_often(args, spec, recording)


def _edit_once(args: argparse.Namespace, spec: EditSpec, recording: Recording) -> int:
    from scene_graph.edit import edit_recording, expand_variants
    from scene_graph.edit.variant_files import stored_hash
    from scene_graph.errors import SceneError
    from scene_graph.native import save_recording

    (variant,) = expand_variants(spec)
    edited, report = edit_recording(recording, variant.edits, where=spec.name)
    if args.out.exists() and not args.overwrite and stored_hash(args.out) != report.hash:
        raise SceneError("the file holds something else", where=args.out, remedy="replace it with --overwrite")
    save_recording(edited, args.out)
    if args.json:
        print(json.dumps({"file": str(args.out), **_as_json(report)}, indent=2))
    else:
        print("\n".join([*report.lines(), f"{args.out}: hash {report.hash}"]))
    return 0


def _edit_often(args: argparse.Namespace, spec: EditSpec, recording: Recording) -> int:
    from drivesim.cli.progress import show_progress
    from scene_graph.edit.variant_files import write_variants

    started_s = time.monotonic()
    with show_progress() as report:
        records = write_variants(
            recording,
            spec,
            args.out,
            overwrite=args.overwrite,
            skip_impossible=args.skip_impossible,
            jobs=args.jobs,
            report=partial(report, "making variants"),
        )
    counts = {
        "num_variants": len(records),
        "num_files": sum(record.file is not None for record in records),
        "num_duplicates": sum(record.duplicate_of is not None for record in records),
        "num_impossible": sum(record.impossible is not None for record in records),
    }
    if args.json:
        variants = [asdict(record) for record in records]
        print(json.dumps({"folder": str(args.out), **counts, "variants": variants}, indent=2))
        return 0
    for record in records:
        if record.impossible is not None:
            print(f"not made: {record.impossible}")
    said = ", ".join(f"{count} {name.removeprefix('num_')}" for name, count in counts.items())
    print(f"{args.out}: {said}, {time.monotonic() - started_s:.1f} s")
    return 0


def _tell(args: argparse.Namespace, spec: EditSpec, recording: Recording) -> int:
    from scene_graph.edit import expand_variants
    from scene_graph.edit.variant_files import edited_variants

    told = []
    for made in edited_variants(recording, spec, expand_variants(spec), skip_impossible=args.skip_impossible):
        record, report = made.record, made.report
        if args.json:
            told.append({**asdict(record), "file": None, **({} if report is None else _as_json(report))})
            continue
        if spec.matrix is not None:
            same = "" if record.duplicate_of is None else f", the same as {record.duplicate_of}"
            print(f"{record.name}: {record.impossible or f'hash {record.hash}{same}'}")
        for line in () if report is None or record.duplicate_of is not None else report.lines():
            print(line if spec.matrix is None else f"  {line}")
    if args.json:
        print(json.dumps({"dry_run": True, "variants": told} if spec.matrix is not None else told[0], indent=2))
    return 0


def _as_json(report: EditReport) -> dict[str, Any]:
    return {
        "hash_before": report.hash_before,
        "hash": report.hash,
        "operations": list(report.operations),
        "differences": [asdict(one) for one in report.differences()],
    }

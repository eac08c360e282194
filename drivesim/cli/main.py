"""The front door: chooses the command and turns every failure into one line."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence

from drivesim import __version__
from drivesim.cli import bench, convert, demo, edit, info, preview, render
from drivesim.cli.options import add_debug

__all__ = ["main"]

COMMANDS = (demo, info, preview, edit, convert, render, bench)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status 0 (done), 1 (failed) or 2 (bad arguments)."""
    _write_what_the_locale_cannot()
    args = _parser().parse_args(argv)
    try:
        status = int(args.run(args))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed(args, "interrupted; run the same command again to continue")
    except BrokenPipeError:
        # The reader of our output has left (`drivesim info X | head`): nothing more can be said, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _failed(args, _describe(error))
    except ValueError as error:
        return _failed(args, str(error))
    except Exception as error:
        return _failed(args, f"internal error: {type(error).__name__}: {error}; run with --debug for the traceback")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drivesim",
        description="Driving scenes: from a log to a scenario graph to control videos.",
        epilog="`drivesim COMMAND --help` tells about one command.",
    )
    parser.add_argument("--version", action="version", version=f"drivesim {__version__}")
    add_debug(parser, default=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def _describe(error: OSError) -> str:
    where = "" if error.filename is None else f" {error.filename}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full writing{where or ' the output'}; free space and run the same command again to continue"
    reason = error.strerror or str(error)
    return f"{where.strip()}: {reason}" if where else reason


def _failed(args: argparse.Namespace, message: str) -> int:
    if args.debug:
        import traceback

        traceback.print_exc()
    print(f"drivesim: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _write_what_the_locale_cannot() -> None:
    """A name that the terminal's encoding lacks is written in escapes, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

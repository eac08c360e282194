"""The command line: `drivesim COMMAND ...`.

A command is a module of this package with two functions:

    add_parser(commands) adds the command's parser and ends with `parser.set_defaults(run=run)`;
    run(args) does the work and returns the exit status.

At import such a module takes nothing but the standard library's light parts; what computes (numpy, numba, torch) is
imported inside `run`, so that `drivesim --help` answers at once. Options that several commands share are in
`drivesim.cli.options`, progress on long work in `drivesim.cli.progress`.

Exit status: 0 done, 1 failed, 2 bad arguments. A failure is one line on standard error; `--debug` adds the traceback.
"""

from drivesim.cli.main import main

__all__ = ["main"]

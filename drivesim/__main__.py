"""`python -m drivesim`: the same as the console script."""

import sys

from drivesim.cli import main

sys.exit(main())

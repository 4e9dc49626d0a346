"""Lint the SQL with sqlfluff, whose trees of segments Python's collector else walks all the time."""

import gc
import sys

from sqlfluff.cli.commands import cli

if __name__ == "__main__":
    # A quarter less time for twice the memory, 1 GB a process.
    gc.set_threshold(200_000, 20, 100)
    cli(["lint", *sys.argv[1:]])

"""`audiences roll-up`."""

from pathlib import Path
from typing import Annotated

import typer


def roll_up(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when it is out of date.")
    ] = False,
) -> int:
    """Bring the list of segments in segment_memberships.sql up to date, as every build does."""
    from scripts.roll_up import ROLL_UP, write_roll_up

    changes = write_roll_up(Path.cwd(), check=check)
    for change in changes:
        print(f"{change[0]} {change[1:]}")
    if changes and check:
        print(f"{ROLL_UP} is out of date: run `audiences roll-up`.")
    return 1 if changes and check else 0

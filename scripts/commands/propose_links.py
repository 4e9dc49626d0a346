"""`audiences propose-links`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.options import Export, Target, Warehouse


def propose_links(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The review table, whose rows are kept (default: seeds/identity_proposals.csv).",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Propose pairs that are at least so probable.")
    ] = 0.95,
    most: Annotated[
        int | None,
        typer.Option(
            "--max", min=1, metavar="N", help="Propose the N best at most.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and write nothing.")] = False,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
) -> int:
    """Propose links between profiles that are probably one person's.

    Nothing is linked before a row of the review table has verdict accepted and decided_at. It
    needs Splink, which is optional; docs/probable-links.md has all of it.
    """
    from scripts.propose_links import PROPOSALS, propose
    from scripts.targets import warehouse_of

    out = out or PROPOSALS
    added, before = propose(
        warehouse_of(warehouse, target, export),
        out,
        threshold=threshold,
        most=most,
        dry_run=dry_run,
        now=datetime.now(UTC),
    )
    for row in added:
        print(
            f"{row['match_probability']}  {row['identifier_type_a']} {row['identifier_value_a']}"
            f"  {row['identifier_type_b']} {row['identifier_value_b']}"
        )
    done = "would be added to" if dry_run else "added to"
    print(f"{len(added)} proposals {done} {out}; {before} rows were there.")
    return 0

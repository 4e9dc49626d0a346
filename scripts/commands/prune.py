"""`audiences prune`."""

from typing import Annotated, Any

import typer

from scripts.options import with_syncs


@with_syncs(reads_warehouse=False)
def prune(
    chosen: list[Any],
    days: Annotated[int, typer.Option(min=1, help="Older than so many days.")] = 90,
    *,
    as_json: bool,
) -> int:
    """Delete old answers, runs and dropped records from the ledger.

    What was delivered, refused or is open stays.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_pruned

    return for_each(
        chosen, lambda sync: (engine.prune(sync, days=days), 0), show_pruned, as_json=as_json
    )

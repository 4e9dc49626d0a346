"""`audiences prune`."""

from typing import Annotated

import typer

from scripts.options import AsJson, Config, Ledger, Syncs, Warehouse


def prune(
    syncs: Syncs = None,
    days: Annotated[int, typer.Option(min=1, help="Older than so many days.")] = 90,
    config: Config = None,
    warehouse: Warehouse = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Delete old answers, runs and dropped records from the ledger.

    What was delivered, refused or is open stays.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_pruned

    chosen = load_syncs(config, names=syncs or (), warehouse=warehouse, ledger=ledger)
    return for_each(
        chosen, lambda sync: (engine.prune(sync, days=days), 0), show_pruned, as_json=as_json
    )

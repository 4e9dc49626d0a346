"""`audiences status`."""

from typing import Any

from scripts.options import AsJson, Config, Ledger, Syncs, Warehouse


def status(
    syncs: Syncs = None,
    config: Config = None,
    warehouse: Warehouse = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Show delivered, open, refused and held records, and the last pushes."""
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_status

    chosen = load_syncs(config, names=syncs or (), warehouse=warehouse, ledger=ledger)
    return for_each(
        chosen,
        lambda sync: with_code(engine.status(sync)),
        show_status,
        as_json=as_json,
    )


def with_code(found: Any) -> tuple[Any, int]:
    """Return what was found, and 3 while somebody who must not be contacted is still there."""
    return found, 3 if found.owed_count else 0

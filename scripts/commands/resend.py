"""`audiences resend`."""

from typing import Annotated

import typer

from scripts.options import AsJson, Config, Ledger, Warehouse


def resend(
    sync: Annotated[str, typer.Argument(help="The name of a sync in sync.yml.")],
    records: Annotated[
        list[str],
        typer.Argument(metavar="RECORD", help="Record keys, addresses in them, or profile ids."),
    ],
    config: Config = None,
    warehouse: Warehouse = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Have records go out whole with the next push, whatever the ledger says of them.

    The exit code is 2 when the ledger has none of them.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_resent

    chosen = load_syncs(config, names=[sync], warehouse=warehouse, ledger=ledger)
    return for_each(
        chosen,
        lambda chosen_sync: (engine.resend(chosen_sync, records), 0),
        show_resent,
        as_json=as_json,
    )

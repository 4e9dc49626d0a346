"""`audiences forget`."""

from typing import Annotated

import typer

from scripts.options import AsJson, Config, Ledger, Warehouse


def forget(
    key: Annotated[str, typer.Argument(help="An e-mail address or record key.")],
    sync: Annotated[
        list[str] | None,
        typer.Option(metavar="SYNC", help="Only here; may be repeated.", show_default=False),
    ] = None,
    config: Config = None,
    warehouse: Warehouse = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Erase a person at the destinations and in the ledger, for good.

    A hash of the address stays, so that no later push sends the person again. The exit code is 3
    when a destination has to be asked again.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_forgotten

    chosen = load_syncs(config, names=sync or (), warehouse=warehouse, ledger=ledger)

    def run(chosen_sync: engine.Sync) -> tuple[engine.Forgotten, int]:
        found = engine.forget(chosen_sync, key)
        return found, 3 if found.problem else 0

    return for_each(chosen, run, show_forgotten, as_json=as_json)

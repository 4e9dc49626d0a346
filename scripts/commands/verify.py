"""`audiences verify`."""

from typing import Annotated

import typer

from scripts.options import AsJson, Config, Export, Ledger, Syncs, Target, Warehouse


def verify(
    syncs: Syncs = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Read N records back (default: all).", show_default=False
        ),
    ] = None,
    config: Config = None,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Read back what was delivered, and tell what people or other tools changed since.

    Changes nothing. The exit code is 3 when something is not as it was delivered; `resend` or
    `push --full` sends it again.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_drift
    from scripts.targets import chosen_warehouse

    chosen = load_syncs(
        config,
        names=syncs or (),
        warehouse=chosen_warehouse(warehouse, target, export),
        ledger=ledger,
    )

    def run(sync: engine.Sync) -> tuple[engine.Drift, int]:
        found = engine.verify(sync, sample=sample)
        return found, 0 if found.is_none else 3

    return for_each(chosen, run, show_drift, as_json=as_json)

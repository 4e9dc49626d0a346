"""`audiences doctor`."""

from typing import Annotated, Any

import typer

from scripts.options import AsJson, Config, Export, Ledger, Syncs, Target, Warehouse


def doctor(
    syncs: Syncs = None,
    create: Annotated[
        bool, typer.Option("--create", help="Create remote fields that are missing.")
    ] = False,
    config: Config = None,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Check settings, tokens, rights and remote fields.

    The exit code is 2 when something is not as a push needs it.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_findings
    from scripts.targets import chosen_warehouse

    chosen = load_syncs(
        config,
        names=syncs or (),
        warehouse=chosen_warehouse(warehouse, target, export),
        ledger=ledger,
    )

    def run(sync: engine.Sync) -> tuple[list[Any], int]:
        found = list(engine.doctor(sync, create=create))
        return found, 0 if all(finding.is_fine for finding in found) else 2

    return for_each(chosen, run, show_findings, as_json=as_json)

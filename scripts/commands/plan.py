"""`audiences plan`."""

from typing import Annotated

import typer

from scripts.options import (
    Account,
    AsJson,
    Config,
    Export,
    Ledger,
    MaxBlankShare,
    MaxChangeShare,
    MaxNewShare,
    MaxRemoveShare,
    Syncs,
    Target,
    Warehouse,
)


def plan(
    syncs: Syncs = None,
    sample: Annotated[int, typer.Option(min=0, help="Changes to show per operation.")] = 3,
    account: Account = None,
    max_remove_share: MaxRemoveShare = None,
    max_new_share: MaxNewShare = None,
    max_blank_share: MaxBlankShare = None,
    max_change_share: MaxChangeShare = None,
    config: Config = None,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Show what a push would send; sends nothing.

    The exit code is 4 when a guard would stop the push. docs/pushing.md has the rules.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_plan
    from scripts.targets import chosen_warehouse

    chosen = load_syncs(
        config,
        names=syncs or (),
        warehouse=chosen_warehouse(warehouse, target, export),
        ledger=ledger,
        max_remove_share=max_remove_share,
        max_new_share=max_new_share,
        max_blank_share=max_blank_share,
        max_change_share=max_change_share,
    )

    def run(sync: engine.Sync) -> tuple[engine.Plan, int]:
        found = engine.plan(sync, sample=sample, account=account)
        return found, 4 if found.guard else 0

    return for_each(chosen, run, show_plan, as_json=as_json)

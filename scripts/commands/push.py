"""`audiences push`."""

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


def push(
    syncs: Syncs = None,
    first_run: Annotated[
        bool, typer.Option("--first-run", help="Nothing was pushed there before.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Send no more than N records, as a trial.", show_default=False
        ),
    ] = None,
    skip_validation: Annotated[
        bool, typer.Option("--skip-validation", help="Ignore what validation.json says.")
    ] = False,
    allow_older: Annotated[
        bool,
        typer.Option(
            "--allow-older", help="Push a source that is older than the last one, or max_age_hours."
        ),
    ] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Send every record whole, also what is as delivered."),
    ] = False,
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
    """Send what changed since the last push.

    Syncs come from sync.yml (see sync.example.yml) and secrets from the environment;
    docs/destinations.md says which. Without a sync.yml, contacts go to HubSpot. It may be
    interrupted and run again at any moment.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, progress_display, show_push
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

    def run(sync: engine.Sync) -> tuple[engine.PushResult, int]:
        with progress_display(sync.name) as progress:
            result = engine.push(
                sync,
                first_run=first_run,
                only=limit,
                skip_validation=skip_validation,
                allow_older=allow_older,
                account=account,
                full=full,
                progress=progress,
            )
        return result, result.exit_code

    return for_each(chosen, run, show_push, as_json=as_json)

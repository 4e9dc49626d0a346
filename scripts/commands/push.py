"""`audiences push`."""

from typing import Annotated, Any

import typer

from scripts.options import Account, with_syncs


@with_syncs(guards=True)
def push(
    chosen: list[Any],
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
    *,
    as_json: bool,
) -> int:
    """Send what changed since the last push.

    Syncs come from sync.yml (see sync.example.yml) and secrets from the environment;
    docs/destinations.md says which. Without a sync.yml, contacts go to HubSpot. It may be
    interrupted and run again at any moment.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, progress_display, show_push

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

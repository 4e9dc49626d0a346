"""`audiences resend`."""

from typing import Annotated, Any

import typer

from scripts.options import with_syncs


@with_syncs()
def resend(
    chosen: list[Any],
    sync: Annotated[str, typer.Argument(help="The name of a sync in sync.yml.")],
    records: Annotated[
        list[str],
        typer.Argument(metavar="RECORD", help="Record keys, addresses in them, or profile ids."),
    ],
    *,
    as_json: bool,
) -> int:
    """Have records go out whole with the next push, whatever the ledger says of them.

    The exit code is 2 when the ledger has none of them.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_resent

    return for_each(
        chosen, lambda meant: (engine.resend(meant, records), 0), show_resent, as_json=as_json
    )

"""`audiences dead`."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from scripts.options import AsJson, Config, Ledger, Warehouse


class Action(StrEnum):
    """What to do with refused and held records."""

    LIST = "list"
    RETRY = "retry"
    DROP = "drop"


def dead(
    action: Annotated[
        Action,
        typer.Argument(
            metavar="list|retry|drop",
            help="list shows them, retry sends them with the next push, drop leaves them until "
            "their values change.",
        ),
    ],
    sync: Annotated[str, typer.Argument(help="The name of a sync in sync.yml.")],
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Ids of the list (default: all).", show_default=False),
    ] = None,
    config: Config = None,
    warehouse: Warehouse = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Look after records that were refused, or may have arrived."""
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_dead

    chosen = load_syncs(config, names=[sync], warehouse=warehouse, ledger=ledger)

    def run(chosen_sync: engine.Sync) -> tuple[list[dict[str, Any]], int]:
        return engine.dead(chosen_sync, action.value, ids or []), 0

    return for_each(chosen, run, partial(show_dead, action.value), as_json=as_json)

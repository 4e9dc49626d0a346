"""`audiences dead`."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from scripts.options import with_syncs


class Action(StrEnum):
    """What to do with refused and held records."""

    LIST = "list"
    RETRY = "retry"
    DROP = "drop"


@with_syncs(reads_warehouse=False)
def dead(
    chosen: list[Any],
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
    *,
    as_json: bool,
) -> int:
    """Look after records that were refused, or may have arrived."""
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_dead

    def run(chosen_sync: engine.Sync) -> tuple[list[dict[str, Any]], int]:
        return engine.dead(chosen_sync, action.value, ids or []), 0

    return for_each(chosen, run, partial(show_dead, action.value), as_json=as_json)

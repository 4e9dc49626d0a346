"""`audiences verify`."""

from typing import Annotated, Any

import typer

from scripts.options import with_syncs


@with_syncs()
def verify(
    chosen: list[Any],
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Read N records back (default: all).", show_default=False
        ),
    ] = None,
    *,
    as_json: bool,
) -> int:
    """Read back what was delivered, and tell what people or other tools changed since.

    Changes nothing. The exit code is 3 when something is not as it was delivered; `resend` or
    `push --full` sends it again.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_drift

    def run(sync: engine.Sync) -> tuple[engine.Drift, int]:
        found = engine.verify(sync, sample=sample)
        return found, 0 if found.is_none else 3

    return for_each(chosen, run, show_drift, as_json=as_json)

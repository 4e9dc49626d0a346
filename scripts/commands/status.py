"""`audiences status`."""

from typing import Any

from scripts.options import with_syncs


@with_syncs(reads_warehouse=False)
def status(chosen: list[Any], *, as_json: bool) -> int:
    """Show delivered, open, refused and held records, and the last pushes."""
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_status

    return for_each(
        chosen, lambda sync: with_code(engine.status(sync)), show_status, as_json=as_json
    )


def with_code(found: Any) -> tuple[Any, int]:
    """Return what was found, and 3 while somebody who must not be contacted is still there."""
    return found, 3 if found.owed_count else 0

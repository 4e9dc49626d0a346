"""`audiences forget`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.options import with_syncs
from scripts.warehouse import DEFAULT_RAW_PATH


@with_syncs()
def forget(
    chosen: list[Any],
    key: Annotated[
        str, typer.Argument(help="An e-mail address, profile id, record key or remote id.")
    ],
    sync: Annotated[
        list[str] | None,
        typer.Option(metavar="SYNC", help="Only here; may be repeated.", show_default=False),
    ] = None,
    raw_path: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where pulled files are.")
    ] = DEFAULT_RAW_PATH,
    *,
    as_json: bool,
) -> int:
    """Erase a person at the destinations, in the ledger, in exports and pulled files, for good.

    Keyed hashes stay, so that no later push sends the person again. The exit code is 3 when a
    destination has to be asked again, when the ledger knows the person from a sync that is not
    among those asked, or when nothing at all is known of the name. `user_id:12` says of which kind
    an id is.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_forgotten

    asked = {entry.ledger_name for entry in chosen}
    known = []

    def run(chosen_sync: engine.Sync) -> tuple[engine.Forgotten, int]:
        found = engine.forget(chosen_sync, key, raw_path=raw_path)
        found.elsewhere = [name for name in found.elsewhere if name not in asked]
        known.append(found.is_known)
        return found, 3 if found.problem or found.elsewhere else 0

    code = for_each(chosen, run, show_forgotten, as_json=as_json)
    return code or (0 if any(known) else 3)

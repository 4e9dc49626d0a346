"""`audiences pull`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.options import Account, with_syncs
from scripts.warehouse import DEFAULT_RAW_PATH


@with_syncs()
def pull(
    chosen: list[Any],
    full: Annotated[
        bool, typer.Option("--full", help="Read everything, not only what changed.")
    ] = False,
    raw_path: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the raw files are.")
    ] = DEFAULT_RAW_PATH,
    account: Account = None,
    *,
    as_json: bool,
) -> int:
    """Read what people changed at the destinations into the raw files.

    The next build reads them: a closed lead, an opt-out or a won deal changes segments.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_pulled

    def run(sync: engine.Sync) -> tuple[engine.Pulled, int]:
        tell = None if as_json else lambda line: print(line, file=sys.stderr, flush=True)
        return engine.pull(sync, raw_path=raw_path, full=full, account=account, tell=tell), 0

    return for_each(engine.pullable(chosen), run, show_pulled, as_json=as_json)

"""`audiences pull`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.options import AsJson, Config, Export, Ledger, Syncs, Target, Warehouse
from scripts.warehouse import DEFAULT_RAW_PATH


def pull(
    syncs: Syncs = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything, not only what changed.")
    ] = False,
    raw_path: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the raw files are.")
    ] = DEFAULT_RAW_PATH,
    config: Config = None,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    ledger: Ledger = None,
    as_json: AsJson = False,
) -> int:
    """Read what people changed at the destinations into the raw files.

    The next build reads them: a closed lead, an opt-out or a won deal changes segments.
    """
    from scripts.delivery import engine, load_syncs
    from scripts.delivery.show import for_each, show_pulled
    from scripts.targets import chosen_warehouse

    chosen = load_syncs(
        config,
        names=syncs or (),
        warehouse=chosen_warehouse(warehouse, target, export),
        ledger=ledger,
    )

    def run(sync: engine.Sync) -> tuple[engine.Pulled, int]:
        tell = None if as_json else lambda line: print(line, file=sys.stderr, flush=True)
        return engine.pull(sync, raw_path=raw_path, full=full, tell=tell), 0

    return for_each(engine.pullable(chosen), run, show_pulled, as_json=as_json)

"""`audiences segments`."""

import json

from scripts.options import AsJson, Export, Target, Warehouse


def segments(
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    as_json: AsJson = False,
) -> int:
    """List every segment with its size, core segments first."""
    from rich.console import Console

    from scripts.snapshot import look, segment_table
    from scripts.targets import warehouse_of

    found = look(warehouse_of(warehouse, target, export))
    if as_json:
        print(json.dumps({"as_of": found.as_of, "segments": found.sizes}))
        return 0
    out = Console(highlight=False)
    out.print(segment_table(found, found, only_core=False))
    out.print(f"As of {found.as_of} (UTC). A person may be in several.")
    return 0

"""`audiences segments`."""

import json

from scripts.options import AsJson, Warehouse


def segments(warehouse: Warehouse = None, as_json: AsJson = False) -> int:
    """List every segment with its size, core segments first."""
    from rich.console import Console

    from scripts.snapshot import look, segment_table
    from scripts.warehouse import warehouse_path

    found = look(warehouse_path(warehouse))
    if as_json:
        print(json.dumps({"as_of": found.as_of, "segments": found.sizes}))
        return 0
    out = Console(highlight=False)
    out.print(segment_table(found, found, only_core=False))
    out.print(f"As of {found.as_of} (UTC). A person may be in several.")
    return 0

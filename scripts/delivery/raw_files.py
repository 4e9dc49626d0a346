"""Write pulled rows beside the files that dbt reads, as one more Parquet file per table."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb


def write_raw(folder: Path, rows: list[dict[str, Any]], *, at: datetime) -> int:
    """Write rows as text columns to a new file in a table's folder; returns how many.

    Staging casts raw columns itself, so text fits beside whatever types a connector has chosen.
    The file appears whole or not at all.
    """
    if not rows:
        return 0
    names = sorted({name for row in rows for name in row})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pulled-{at:%Y%m%dT%H%M%S%f}.parquet"
    draft = path.with_suffix(".part")
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" varchar' for name in names)
        connection.execute(f"create table pulled ({columns})")
        marks = ", ".join("?" for _ in names)
        connection.executemany(
            f"insert into pulled values ({marks})",
            [[as_text(row.get(name)) for name in names] for row in rows],
        )
        connection.execute("copy pulled to ? (format parquet)", [str(draft)])
    draft.replace(path)
    return len(rows)


def as_text(value: Any) -> str | None:
    """Return a raw value as text: booleans lower case, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    return (
        str(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else (json.dumps(value, default=str))
    )

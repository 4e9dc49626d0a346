"""Open the DuckDB warehouse for reading; an error says what stands in the way and what to do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class WarehouseError(Exception):
    """The warehouse cannot be read before somebody does something."""


class MissingWarehouse(WarehouseError):
    """There is no warehouse file to look into."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"There is no warehouse at {warehouse}. Run `dbt build` first, or name the file with "
            "--warehouse or AUDIENCE_WAREHOUSE."
        )


class UnreadableWarehouse(WarehouseError):
    """The file is there and is no DuckDB database that this version reads."""

    def __init__(self, warehouse: Path, reason: str) -> None:
        super().__init__(
            f"{warehouse} cannot be read: {reason} Name the DuckDB file that `dbt build` writes "
            "with --warehouse or AUDIENCE_WAREHOUSE."
        )


class WarehouseLocked(WarehouseError):
    """Another process writes to the warehouse."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"Something writes to {warehouse} (a dbt run?). Try again when it is done."
        )


class WarehouseNotBuilt(WarehouseError):
    """The warehouse lacks tables of the identity layer."""

    def __init__(self, warehouse: Path, tables: Iterable[str]) -> None:
        super().__init__(
            f"{warehouse} has no {' and no '.join(tables)}. Run `dbt build` to make them."
        )


@contextmanager
def open_warehouse(path: Path, tables: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for reading `tables`; raises a WarehouseError when the file is of no use."""
    if not path.exists():
        raise MissingWarehouse(path)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except (duckdb.Error, OSError) as problem:
        message = str(problem)
        # The second is what duckdb says when the writer is this very process.
        if "lock" in message.lower() or "different configuration" in message:
            raise WarehouseLocked(path) from None
        raise UnreadableWarehouse(path, message.splitlines()[0].rstrip(".") + ".") from None
    with connection:
        connection.execute("set enable_progress_bar = false")
        present = {
            name
            for (name,) in connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables"
            ).fetchall()
        }
        missing = [table for table in tables if table not in present]
        if missing:
            raise WarehouseNotBuilt(path, missing)
        yield connection

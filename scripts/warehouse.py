"""Find and open what dbt leaves behind, warehouse and manifest; errors say what to do."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from scripts.errors import PersonNeeded

DEFAULT_WAREHOUSE = Path("data/warehouse.duckdb")
DEFAULT_RAW_PATH = Path("data/raw")
DEFAULT_TARGET = Path("target")
# A writer that ends within this time is waited for, where waiting is asked for.
PATIENCE_SECONDS = 10.0


class Elsewhere:
    """A warehouse that is no DuckDB file, and that DuckDB reads; scripts/targets.py has the kinds.

    Its text names it at the beginning of a sentence; `advice` says how its tables are made.
    """

    advice: str

    def with_name(self, name: str) -> Path:
        """Where a file about this warehouse is."""
        raise NotImplementedError

    def attach(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Attach it for reading under a name; raises a WarehouseError."""
        raise NotImplementedError


Place = Path | Elsewhere


class WarehouseError(PersonNeeded):
    """The warehouse cannot be read before somebody does something."""


class MissingWarehouse(WarehouseError):
    """There is no warehouse file to look into."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"There is no warehouse at {warehouse}. Run `audiences build` first, or name the file "
            "with --warehouse or AUDIENCE_WAREHOUSE."
        )


class UnreadableWarehouse(WarehouseError):
    """The file is there and is no DuckDB database that this version reads."""

    def __init__(self, warehouse: Path, reason: str) -> None:
        super().__init__(
            f"{warehouse} cannot be read: {reason} Name the DuckDB file that `audiences build` "
            "writes with --warehouse or AUDIENCE_WAREHOUSE."
        )


class UnreachableWarehouse(WarehouseError):
    """A warehouse that is no file cannot be opened."""

    def __init__(self, warehouse: Elsewhere, reason: str) -> None:
        super().__init__(f"{warehouse} cannot be read: {reason.rstrip('.!')}.")


class WarehouseLocked(WarehouseError):
    """Another process writes to the warehouse."""

    exit_code = 5

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"Something writes to {warehouse} (a dbt run?). Try again when it is done."
        )


class WarehouseNotBuilt(WarehouseError):
    """The warehouse lacks tables that are to be read."""

    def __init__(self, warehouse: Place, tables: Iterable[str]) -> None:
        advice = getattr(warehouse, "advice", "Run `audiences build` to make them.")
        super().__init__(f"{warehouse} has no {' and no '.join(tables)}. {advice}")


class MissingManifest(WarehouseError):
    """There is no manifest, or one that cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no readable manifest at {path}. Run `audiences build`, which writes it, or "
            "name dbt's target folder with --target-path or DBT_TARGET_PATH."
        )


def warehouse_path(given: Place | str | None = None) -> Place:
    """The DuckDB file that is meant: the one given, else AUDIENCE_WAREHOUSE, else the default.

    A warehouse that is no file is what it is.
    """
    if isinstance(given, Elsewhere):
        return given
    return Path(given or os.environ.get("AUDIENCE_WAREHOUSE") or DEFAULT_WAREHOUSE)


def target_path(given: Path | str | None = None) -> Path:
    """dbt's target folder: the one given, else DBT_TARGET_PATH, else the default."""
    return Path(given or os.environ.get("DBT_TARGET_PATH") or DEFAULT_TARGET)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What dbt last parsed, from `manifest.json` in its target folder."""
    path = folder / "manifest.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MissingManifest(path) from None


@contextmanager
def open_warehouse(
    path: Place, tables: Iterable[str] = (), *, patience_seconds: float = 0.0
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for reading, in UTC; raises a WarehouseError when the warehouse is of no use.

    `tables` must be there, by `schema.table`. A writer is waited for as long as
    `patience_seconds`.
    """
    if not isinstance(path, Elsewhere) and not path.exists():
        raise MissingWarehouse(path)
    with _patiently(path, patience_seconds, lambda: _connect(path)) as connection:
        missing = missing_tables(connection, tables)
        if missing:
            raise WarehouseNotBuilt(path, missing)
        yield connection


def attach_warehouse(
    connection: duckdb.DuckDBPyConnection,
    path: Place,
    name: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Attach the warehouse for reading under a name; raises as open_warehouse does."""
    if isinstance(path, Elsewhere):
        path.attach(connection, name)
        return
    if not path.exists():
        raise MissingWarehouse(path)
    statement = f"attach {literal(path)} as {name} (read_only)"
    _patiently(path, patience_seconds, lambda: connection.execute(statement))


def fingerprint(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Which rows a table has: the same rows in any order give the same text, others another."""
    count, total = connection.execute(
        f"select count(*), sum(hash(held)::hugeint) from {table} as held"
    ).fetchone()
    return f"{count}-{total or 0:x}"


def tables_of(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """The tables and views of a schema, as `schema.table`."""
    return [
        f"{schema}.{name}"
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ?"
            " and table_catalog = current_catalog() order by 1",
            [schema],
        ).fetchall()
    ]


def missing_tables(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> list[str]:
    """Those of the tables and views that the warehouse does not have."""
    present = {
        name
        for (name,) in connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_catalog()"
        ).fetchall()
    }
    return [table for table in tables if table not in present]


def _connect(path: Place) -> duckdb.DuckDBPyConnection:
    is_file = not isinstance(path, Elsewhere)
    connection = duckdb.connect(str(path), read_only=True) if is_file else duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    if not is_file:
        path.attach(connection, "warehouse")
        connection.execute("use warehouse")
    # On by default as soon as a query takes two seconds.
    connection.execute("set enable_progress_bar = false")
    return connection


def _patiently(path: Place, patience_seconds: float, attempt: Any) -> Any:
    """What an attempt gives, tried again while something else writes to the file."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return attempt()
        except (duckdb.Error, OSError) as problem:
            reason = str(problem)
            # The second is what duckdb says when the writer is this very process.
            if "lock" not in reason.lower() and "different configuration" not in reason:
                first_line = reason.splitlines()[0].rstrip(".!") + "."
                raise UnreadableWarehouse(path, first_line) from None
        if time.monotonic() >= deadline:
            raise WarehouseLocked(path)
        time.sleep(0.2)


def literal(value: object) -> str:
    """Return a value as text in SQL, between quotation marks."""
    return "'" + str(value).replace("'", "''") + "'"

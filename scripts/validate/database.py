"""DuckDB connections that think in UTC and print nothing of their own."""

from pathlib import Path

import duckdb


def connect(database: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory database, or a file opened read-only; raises duckdb.Error."""
    if database is None:
        connection = duckdb.connect()
    else:
        connection = duckdb.connect(str(database), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    # On by default as soon as a query takes two seconds.
    connection.execute("set enable_progress_bar = false")
    return connection

"""A dbt project of a few models over hand-made tables, for a materialization by itself."""

import contextlib
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from scripts.dbt_runner import PROJECT, DbtFailed, Node, as_node, failure_text

PROJECT_FILE = """
name: tiny
profile: tiny
config-version: 2
flags: {send_anonymous_usage_stats: false}
"""
PROFILES_FILE = """
tiny: {target: dev, outputs: {dev: {type: duckdb, path: "%s", threads: 2}}}
"""


class TinyProject:
    """Models by name, parsed once, over one warehouse; the macros are the real project's."""

    def __init__(
        self, folder: Path, models: Mapping[str, str], macros: Mapping[str, str] | None = None
    ) -> None:
        """``macros`` take the place of real ones of the same name."""
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        (folder / "dbt_project.yml").write_text(PROJECT_FILE)
        (folder / "profiles.yml").write_text(PROFILES_FILE % self.warehouse)
        (folder / "models").mkdir()
        for name, text in models.items():
            (folder / "models" / f"{name}.sql").write_text(text)
        for name in ("identity", "materializations"):
            shutil.copytree(PROJECT / "macros" / name, folder / "macros" / name)
        for name, text in (macros or {}).items():
            (replaced,) = (folder / "macros").rglob(f"{name}.sql")
            replaced.write_text(text)
        self.manifest = None
        self.manifest = self.dbt("parse")

    def dbt(self, *arguments: str) -> Any:
        """What a dbt command returns; raises DbtFailed."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            try:
                result = dbtRunner(manifest=self.manifest).invoke(
                    [
                        *arguments,
                        "--project-dir", str(self.folder),
                        "--profiles-dir", str(self.folder),
                        "--log-level-file", "none",
                        "--no-write-json",
                        "--quiet",
                    ]
                )  # fmt: skip
            finally:
                DuckDBConnectionManager.close_all_connections()
        if not result.success:
            entries = getattr(result.result, "results", None) or []
            nodes: list[Node] = [as_node(entry) for entry in entries]
            raise DbtFailed(failure_text(nodes, result.exception, output.getvalue()), nodes)
        return result.result

    def write(self, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Put a table with these rows, in this order, in the place of the one of that name."""
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        with duckdb.connect(str(self.warehouse)) as connection:
            unnested = ", ".join(
                f"unnest(cast(? as {kind}[])) as {name}" for name, kind in columns.items()
            )
            connection.execute(
                f"create or replace table {table} as select {unnested}",
                [list(column) for column in values],
            )

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self) -> set[str]:
        return {name for (name,) in self.rows("select table_name from information_schema.tables")}

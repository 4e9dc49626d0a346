"""dbt projects that are parsed once and run many times: a tiny one, and a copy of the real one."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from dev.project_copy import copy_of_files
from scripts.dbt_runner import PROJECT, invoke_dbt

PROJECT_FILE = """
name: tiny
profile: tiny
config-version: 2
flags: {send_anonymous_usage_stats: false}
"""
PROFILES_FILE = """
tiny:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('AUDIENCE_WAREHOUSE') }}", threads: 1}
"""


class ParsedProject:
    """A dbt project in a folder that holds its profiles.yml as well."""

    def __init__(self, folder: Path, **variables: Any) -> None:
        self.folder = folder
        self.variables = variables
        self.warehouse = folder / "warehouse.duckdb"
        self.manifest = None
        self.manifest = self.dbt("parse")

    def dbt(self, *arguments: str, warehouse: Path | None = None, **variables: Any) -> Any:
        """What a dbt command returns; raises DbtFailed."""
        return invoke_dbt(
            *arguments,
            "--no-write-json",
            warehouse=warehouse or self.warehouse,
            variables=self.variables | variables,
            project_dir=self.folder,
            manifest=self.manifest,
        )


class TinyProject(ParsedProject):
    """Models by name over hand-made tables; the macros are the real project's."""

    def __init__(
        self, folder: Path, models: Mapping[str, str], macros: Mapping[str, str] | None = None
    ) -> None:
        """``macros`` take the place of real ones of the same name."""
        (folder / "dbt_project.yml").write_text(PROJECT_FILE)
        (folder / "profiles.yml").write_text(PROFILES_FILE)
        (folder / "models").mkdir()
        for name, text in models.items():
            (folder / "models" / f"{name}.sql").write_text(text)
        for name in ("identity", "materializations", "sql"):
            shutil.copytree(PROJECT / "macros" / name, folder / "macros" / name)
        for name, text in (macros or {}).items():
            (replaced,) = (folder / "macros").rglob(f"{name}.sql")
            replaced.write_text(text)
        super().__init__(folder)

    def write(self, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Put a table of these rows, in this order, in the place of the one of that name."""
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        unnested = ", ".join(
            f"unnest(cast(? as {kind}[])) as {name}" for name, kind in columns.items()
        )
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(
                f"create or replace table {table} as select {unnested}",
                [list(column) for column in values],
            )

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self) -> set[str]:
        return {name for (name,) in self.rows("select table_name from information_schema.tables")}


class CopiedProject(ParsedProject):
    """The real project, copied so that its seeds can be changed."""

    def __init__(self, folder: Path, **variables: Any) -> None:
        copy_of_files(folder)
        super().__init__(folder, **variables)

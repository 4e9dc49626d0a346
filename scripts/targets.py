"""Which warehouse is meant: that of a dbt target, on whatever engine, or a file or export by name.

DuckDB reads all of them: its own file, a PostgreSQL database through its extension, and the tables
of Spark or Databricks from an export in Parquet (macro export_marts writes it).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from scripts.warehouse import (
    DEFAULT_WAREHOUSE,
    Elsewhere,
    Place,
    UnreachableWarehouse,
    WarehouseError,
    literal,
    warehouse_path,
)

EXPORTED = ("spark", "databricks")
# What libpq calls the settings of dbt's profile that say how to connect, and not where or as whom.
CONNECTION_SETTINGS = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout")
SECRET_NAME = "audience_warehouse"


class TargetError(WarehouseError):
    """The warehouse of a dbt target is not to be found out."""


class CredentialsRefused(UnreachableWarehouse):
    """The server is there and does not let us in."""

    exit_code = 6


@dataclass(frozen=True)
class PostgresWarehouse(Elsewhere):
    """The PostgreSQL database of a target; `settings` are those of the profile."""

    target: str
    settings: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        database, host = self._setting("dbname", "database"), self._setting("host")
        return f"The PostgreSQL database {database} at {host} (target {self.target})"

    @property
    def advice(self) -> str:
        """How what is missing comes about."""
        return f"Run `audiences build --target {self.target}` to make them."

    def with_name(self, name: str) -> Path:
        """Where a file about this warehouse is: in a folder of the target's name."""
        return DEFAULT_WAREHOUSE.parent / self.target / name

    def attach(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Attach the database for reading; the password goes in a secret, which no error quotes."""
        known = {
            "host": self._setting("host"),
            "port": self._setting("port"),
            "user": self._setting("user"),
            "password": self._setting("password", "pass"),
            "database": self._setting("dbname", "database"),
        }
        secret = "".join(f", {key} {literal(value)}" for key, value in known.items() if value)
        options = {key: self._setting(key) for key in CONNECTION_SETTINGS}
        options["connect_timeout"] = options["connect_timeout"] or "10"
        if role := self._setting("role"):
            options["options"] = f"-c role={role}"
        how = " ".join(f"{key}={_libpq_text(value)}" for key, value in options.items() if value)
        load_postgres(connection)
        connection.execute(
            f"create or replace temporary secret {SECRET_NAME} (type postgres{secret})"
        )
        try:
            connection.execute(
                f"attach {literal(how)} as {name} (type postgres, secret {SECRET_NAME}, read_only)"
            )
        except duckdb.Error as problem:
            # DuckDB quotes the address, PostgreSQL then says what is wrong.
            reason = str(problem).rpartition('": ')[2].splitlines()[0]
            refused = "authentication failed" in reason or "no password supplied" in reason
            kind = CredentialsRefused if refused else UnreachableWarehouse
            raise kind(self, _without(reason, known["password"])) from None

    def _setting(self, *names: str) -> str:
        found = (self.settings.get(name) for name in names)
        return str(next((value for value in found if value not in (None, "")), ""))


@dataclass(frozen=True)
class ParquetWarehouse(Elsewhere):
    """An export of a warehouse: <folder>/<schema>/<table>/*.parquet, or <table>.parquet."""

    folder: Path
    target: str = "spark"

    def __str__(self) -> str:
        return f"The export {self.folder}"

    @property
    def advice(self) -> str:
        """How what is missing comes about."""
        return (
            f"Run `dbt build --target {self.target}`, then `dbt run-operation export_marts --target"
            f" {self.target} --args '{{folder: {self.folder}}}'` to make them."
        )

    def with_name(self, name: str) -> Path:
        """Where a file about this warehouse is: beside its schemas."""
        return self.folder / name

    def attach(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Lay a view over every table; instants are naive and in UTC, as on the other engines."""
        if not self.folder.is_dir():
            raise TargetError(f"There is no export at {self.folder}. {self.advice}")
        parts = self.folder.glob("*/*/*.parquet")
        files = {path.parent: path.with_name("*.parquet") for path in parts}
        files |= {path: path for path in self.folder.glob("*/*.parquet") if path.is_file()}
        connection.execute(f"attach ':memory:' as {name}")
        for table, path in sorted(files.items()):
            schema = f'{name}."{table.parent.name}"'
            view = f'{schema}."{table.stem}"'
            rows = f"parquet_scan({literal(path)})"  # read_parquet tells raw files (has_files)
            try:
                columns = connection.execute(f"describe from {rows}").fetchall()
                instants = ", ".join(
                    f'"{column}" at time zone \'UTC\' as "{column}"'
                    for column, kind, *_ in columns
                    if kind == "TIMESTAMP WITH TIME ZONE"
                )
                replaced = f"replace ({instants})" if instants else ""
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(f"create view {view} as select * {replaced} from {rows}")
            except duckdb.Error as problem:
                connection.execute(f"detach {name}")
                raise UnreachableWarehouse(self, str(problem).splitlines()[0]) from None


def chosen_warehouse(
    file: Path | None = None, target: str | None = None, export: Path | None = None
) -> Place | None:
    """The warehouse that the options name, else that of the profile's own target.

    None when nothing names one but defaults: AUDIENCE_WAREHOUSE, sync.yml, data/warehouse.duckdb.
    That is so where the profile's own target is a DuckDB file, and outside of a dbt project.
    """
    if file is not None and (target or export):
        raise TargetError(
            "--warehouse names a DuckDB file. Leave it out to read the warehouse of a --target or "
            "an --export."
        )
    if file is not None:
        return file
    if export is not None and not target:
        return ParquetWarehouse(export)
    asked = target or os.environ.get("DBT_TARGET")
    if not asked and (os.environ.get("AUDIENCE_WAREHOUSE") or _is_plainly_duckdb()):
        return None
    name, settings = read_target(asked)
    kind = settings.get("type")
    if export is not None and kind not in EXPORTED:
        raise TargetError(f"Target {name} is of type {kind}, which is read without an --export.")
    if kind == "postgres":
        return PostgresWarehouse(name, settings)
    if kind in EXPORTED:
        folder = export or os.environ.get("AUDIENCE_EXPORT")
        if not folder:
            raise TargetError(
                f"Target {name} is of type {kind}, whose tables are read from an export in Parquet."
                f" {ParquetWarehouse(Path('FOLDER'), name).advice} Then name the folder with "
                "--export or AUDIENCE_EXPORT."
            )
        return ParquetWarehouse(Path(folder), name)
    if kind == "duckdb":
        return Path(str(settings.get("path") or DEFAULT_WAREHOUSE)) if target else None
    raise TargetError(
        f"Target {name} is of type {kind}: choose one of type duckdb, postgres or "
        f"{' or '.join(EXPORTED)}."
    )


def warehouse_of(
    file: Path | None = None, target: str | None = None, export: Path | None = None
) -> Place:
    """As chosen_warehouse, with the default file when nothing names a warehouse."""
    return chosen_warehouse(file, target, export) or warehouse_path()


def read_target(name: str | None) -> tuple[str, dict[str, Any]]:
    """The name and the settings of a target of profiles.yml, as dbt reads them.

    Without a name it is the profile's own target. Its adapter need not be installed. Raises
    TargetError.
    """
    from dbt.config.profile import Profile, read_profile
    from dbt.config.project import load_raw_project
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    folder = _profiles_folder()
    try:
        set_invocation_context(os.environ)
        renderer = ProfileRenderer({})
        profile = renderer.render_value(load_raw_project(str(Path.cwd())).get("profile"))
        profiles = read_profile(str(folder))
        if profile not in profiles:
            raise TargetError(
                f"There is no profile {profile} in {folder / 'profiles.yml'}; copy "
                "profiles.example.yml to it."
            )
        return Profile.render_profile(profiles[profile], profile, name, renderer)
    except (DbtBaseException, KeyError, TypeError) as problem:
        told = " ".join(str(problem).split()).replace("Runtime Error ", "")
        for variable, value in os.environ.items():
            if any(word in variable.upper() for word in ("PASS", "SECRET", "TOKEN", "KEY")):
                told = _without(told, value)
        raise TargetError(f"dbt cannot read the target {name or ''}: {told}") from None


def load_postgres(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's extension for PostgreSQL, from its wheel: nothing is downloaded."""
    from duckdb_extensions import import_extension

    try:
        connection.execute("load postgres_scanner")
    except duckdb.Error:
        import_extension("postgres_scanner")
        connection.execute("load postgres_scanner")


def _profiles_folder() -> Path:
    if given := os.environ.get("DBT_PROFILES_DIR"):
        return Path(given)
    here = Path.cwd()
    return here if (here / "profiles.yml").exists() else Path.home() / ".dbt"


def _is_plainly_duckdb() -> bool:
    """Whether the profile's own target is a DuckDB file, or there is none.

    dbt takes two seconds to load, which most would wait for nothing.
    """
    project, profiles = Path("dbt_project.yml"), _profiles_folder() / "profiles.yml"
    if not (project.exists() and profiles.exists()):
        return True
    try:
        name = yaml.safe_load(project.read_text())["profile"]
        profile = yaml.safe_load(profiles.read_text())[name]
        return profile["outputs"][profile["target"]]["type"] == "duckdb"
    except (yaml.YAMLError, KeyError, TypeError):
        return False  # Jinja, perhaps: dbt will know, or say what is wrong


def _libpq_text(value: str) -> str:
    """A value as PostgreSQL's library reads it in a connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _without(text: str, secret: str) -> str:
    """A text that does not hold a secret."""
    return text.replace(secret, "***") if secret else text

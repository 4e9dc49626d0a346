"""The three engines behind one face: load raw tables, run dbt, ask, hand over what was built."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from scripts.dbt_runner import Node, invoke_dbt, run_dbt

from .spark_jars import iceberg_jars

SCHEMAS = ("seeds", "staging", "intermediate", "marts", "segments", "activation")
SOURCES = [
    "segment", "email", "hubspot", "shop", "events", "ga4", "salesforce", "shopify", "snowplow",
]  # fmt: skip


@dataclass
class Engine:
    """One engine over one warehouse. `folder` is its own; `raw` holds the raw files."""

    folder: Path
    variables: dict[str, Any] = field(default_factory=dict)
    name = "DuckDB"
    target = "duckdb"
    version = duckdb.__version__
    threads = 2

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.profiles = self.folder / "profiles"
        self.profiles.mkdir(exist_ok=True)
        profile = {
            "audience_engine": {"target": self.target, "outputs": {self.target: self.output()}}
        }
        # YAML is a superset of JSON.
        (self.profiles / "profiles.yml").write_text(json.dumps(profile))
        self.warehouse = self.folder / "warehouse.duckdb"
        self.seconds = 0.0

    def output(self) -> dict[str, Any]:
        """The target's part of profiles.yml."""
        return {
            "type": "duckdb",
            "path": "{{ env_var('AUDIENCE_WAREHOUSE') }}",
            "threads": self.threads,
            "settings": {"TimeZone": "UTC"},
        }

    def where(self, **variables: Any) -> dict[str, Any]:
        return {
            "warehouse": self.warehouse,
            "target_path": self.folder / "target",
            "profiles_dir": self.profiles,
            "variables": {"event_sources": SOURCES, **self.variables, **variables},
        }

    def dbt(self, *arguments: str, **variables: Any) -> list[Node]:
        """Run dbt; raises DbtFailed."""
        began = time.perf_counter()
        nodes = run_dbt(*arguments, "--target", self.target, **self.where(**variables))
        self.seconds += time.perf_counter() - began
        return nodes

    def compiled(self, texts: Sequence[str]) -> list[str]:
        """What texts with Jinja compile to; all at once, since each time costs seconds."""
        between = "\n-- the next one\n"
        result = invoke_dbt(
            "compile", "--inline", between.join(texts), "--target", self.target,
            **self.where(as_of="2026-06-30T00:00:00Z"),
        )  # fmt: skip
        return result.results[0].node.compiled_code.split(between)

    def load(self, raw: Path) -> None:
        """Bring the raw tables to where the project looks for them; DuckDB reads the files."""
        self.variables["raw_path"] = str(raw)

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()

    def hand_over(self, relations: Sequence[tuple[str, str]], folder: Path) -> dict[str, str]:
        """A DuckDB query for each relation, by its name; files go into the folder."""
        return {
            f"{schema}.{table}": f"select * from built.{schema}.{table}"
            for schema, table in relations
        }

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what hand_over names readable."""
        connection.execute(f"attach '{self.warehouse}' as built (read_only)")


class PostgreSQL(Engine):
    """A PostgreSQL database of its own on a server that is running."""

    name = "PostgreSQL"
    target = "postgres"

    def __init__(self, folder: Path, server: str, database: str) -> None:
        import psycopg

        self.host = server.partition("?host=")[2]
        self.database = database
        with psycopg.connect(server, autocommit=True) as connection:
            self.version = connection.execute("show server_version").fetchone()[0]
            connection.execute(
                f"create database {database} template template0 "
                "locale_provider builtin builtin_locale 'C.UTF-8'"
            )
            connection.execute(f"alter database {database} set timezone = 'UTC'")
        self.dsn = f"host={self.host} user=postgres dbname={database}"
        super().__init__(folder)

    def output(self) -> dict[str, Any]:
        return {
            "type": "postgres", "host": self.host, "port": 5432, "user": "postgres",
            "password": "", "dbname": self.database, "schema": "main", "threads": self.threads,
        }  # fmt: skip

    def load(self, raw: Path) -> None:
        import psycopg

        tables = raw_tables(raw)
        with psycopg.connect(self.dsn) as connection:
            for source, table, _ in tables:
                # Views stand on the table.
                connection.execute(f"drop table if exists {source}.{table} cascade")
        with duckdb.connect() as connection:
            self.attach(connection, "")
            for source, table, kept in tables:
                connection.execute(f"create schema if not exists built.{source}")
                connection.execute(f"create table built.{source}.{table} as {kept}")

    def rows(self, query: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()

    def attach(self, connection: duckdb.DuckDBPyConnection, mode: str = ", read_only") -> None:
        connection.execute("install postgres; load postgres")
        connection.execute(f"attach '{self.dsn}' as built (type postgres{mode})")


class Spark(Engine):
    """Spark in this process, with Iceberg tables in a catalogue that lives as long as it does."""

    name = "Spark"
    target = "spark"
    threads = 1

    def __init__(self, folder: Path) -> None:
        from pyspark.sql import SparkSession

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lake").mkdir()
        self.settings = {
            "spark.master": "local[2]",
            "spark.driver.memory": "4g",
            # Many small queries: quick to compile is quicker than well compiled.
            "spark.driver.extraJavaOptions": (
                "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=512m"
            ),
            "spark.driver.extraClassPath": os.pathsep.join(map(str, iceberg_jars(folder))),
            "spark.sql.extensions": (
                "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
            ),
            "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
            "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
            "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
            "spark.sql.catalog.lake.warehouse": str(folder / "lake"),
            "spark.sql.defaultCatalog": "lake",
            "spark.sql.session.timeZone": "UTC",
            # Views over views of Iceberg are resolved in one go, in more steps than Spark expects.
            "spark.sql.analyzer.maxIterations": "1000",
            # What follows from filters is sought for longer than these queries take.
            "spark.sql.constraintPropagation.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder = SparkSession.builder
        for name, value in self.settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")
        # dbt lists them before it makes them, which this catalogue answers with an error.
        for schema in SCHEMAS:
            self.session.sql(f"create schema if not exists {schema}")
        self.version = f"{self.session.version} with Iceberg"
        super().__init__(folder)

    def output(self) -> dict[str, Any]:
        return {
            "type": "spark", "method": "session", "host": "localhost", "schema": "main",
            "threads": self.threads, "server_side_parameters": self.settings,
        }  # fmt: skip

    def load(self, raw: Path) -> None:
        files = self.folder / f"raw-{time.monotonic_ns()}"
        for source, table, kept in raw_tables(raw):
            file = files / f"{source}.{table}.parquet"
            files.mkdir(exist_ok=True)
            duckdb.sql(f"copy ({kept}) to '{file}'")
            self.session.sql(f"create schema if not exists {source}")
            written = self.session.read.parquet(str(file)).writeTo(f"{source}.{table}")
            written.using("iceberg").createOrReplace()

    def rows(self, query: str) -> list[tuple]:
        return [tuple(row) for row in self.session.sql(query).collect()]

    def hand_over(self, relations: Sequence[tuple[str, str]], folder: Path) -> dict[str, str]:
        queries = {}
        for schema, table in relations:
            files = folder / f"{schema}.{table}"
            self.session.table(f"{schema}.{table}").write.parquet(str(files))
            queries[f"{schema}.{table}"] = f"select * from '{files}/*.parquet'"
        return queries

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("set timezone = 'UTC'")


def raw_tables(raw: Path) -> list[tuple[str, str, str]]:
    """Source, table and the query for its columns that hold anything, all of them as text.

    A loader brings no column in which nothing ever stood; staging must do without.
    """
    found = []
    for file in sorted(raw.glob("*/*.parquet")):
        rows = duckdb.sql(f"select * from '{file}'")
        counts = duckdb.sql(
            "select " + ", ".join(f'count("{name}")' for name in rows.columns) + f" from '{file}'"
        ).fetchone()
        kept = [name for name, count in zip(rows.columns, counts, strict=True) if count]
        listed = ", ".join(f'cast("{name}" as varchar) as "{name}"' for name in kept)
        if listed:
            found.append((file.parent.name, file.stem, f"select {listed} from '{file}'"))
    return found

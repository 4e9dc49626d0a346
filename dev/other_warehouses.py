"""Read the compiled SQL of every model as BigQuery, Snowflake and Trino would read it.

    python -m dev.other_warehouses              a table of findings for each warehouse
    python -m dev.other_warehouses --verbose    and each finding
    python -m dev.other_warehouses --write      and the numbers into docs/other-warehouses.md

Every model is compiled with the macros of the warehouse. BigQuery's is then resolved, names and
types, by ZetaSQL, Google's analyzer of that SQL (package `zetasql`); what a model gives is
what the models that read it start from. Snowflake's and Trino's is parsed by sqlglot, and every
function in it must be in dev/adapter_macros/functions.yml. Nothing runs on those warehouses, and no
SQL that sqlglot writes is used: it turns try_cast into a cast that fails.

The number of findings may only fall: tests/engines/ceilings.yml holds what it may be.
Exit code 0: no more findings than that; 1: more; 2: a package is missing.
"""

import argparse
import contextlib
import functools
import importlib.util
import itertools
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import yaml

from dev.project_copy import copy_of_files
from scripts.dbt_runner import PROJECT, invoke_dbt

CEILINGS = PROJECT / "tests" / "engines" / "ceilings.yml"
PAGE = PROJECT / "docs" / "other-warehouses.md"
WAREHOUSES = ("bigquery", "snowflake", "trino")
PACKAGES = ("zetasql", "sqlglot")
# What stands in for the dbt adapters, which are not installed.
ADAPTERS = PROJECT / "dev" / "adapter_macros"
BEGIN, END = "<!-- numbers: begin -->", "<!-- numbers: end -->"
VARIABLES = {
    "as_of": "2026-06-30T00:00:00Z",
    "event_sources": sorted(
        path.name for path in (PROJECT / "models" / "staging").iterdir() if path.is_dir()
    ),
}
# A relation as dbt writes it for DuckDB.
RELATION = re.compile(r'"\w+"\."(\w+)"\."(\w+)"')


@dataclass(frozen=True)
class Finding:
    """What a warehouse would not take, in which model; equal reasons are counted together."""

    model: str
    reason: str
    message: str


@dataclass(frozen=True)
class Compiled:
    """One model as a warehouse would get it; `reads` are the relations that it selects from."""

    name: str
    relation: str
    sql: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What became of all models in one warehouse."""

    warehouse: str
    models: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> int:
        """The number of models without a finding."""
        return self.models - len({finding.model for finding in self.findings})


class Analyzer:
    """ZetaSQL with BigQuery's rules, and what is known of each relation's columns."""

    def __init__(self, columns: dict[str, dict[str, str]]) -> None:
        from zetasql.types import LanguageOptions, ProductMode, ZetaSQLBuiltinFunctionOptions

        self.language = LanguageOptions.maximum_features()
        self.language.product_mode = ProductMode.PRODUCT_EXTERNAL
        self.functions = ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.columns: dict[str, dict[str, Any]] = {
            relation: {name: bigquery_kind(kind) for name, kind in kinds.items()}
            for relation, kinds in columns.items()
        }

    def findings(self, model: Compiled) -> list[Finding]:
        """The first thing that the analyzer refuses in a model, if any.

        The columns of a model without one replace what was known of them.
        """
        from zetasql.api import Analyzer as ZetaSql
        from zetasql.api import CatalogBuilder, TableBuilder
        from zetasql.core.exceptions import ZetaSQLError
        from zetasql.types import AnalyzerOptions

        catalog = CatalogBuilder("warehouse").with_builtin_functions(self.functions)
        for relation in model.reads:
            table = TableBuilder(relation)
            for name, kind in self.columns.get(relation, {}).items():
                table.add_column(name, kind)
            catalog.add_table(table.build())
        analyzer = ZetaSql(AnalyzerOptions(language_options=self.language), catalog.build())
        try:
            statement = analyzer.analyze_statement(for_zetasql(model.sql))
        except ZetaSQLError as error:
            message = str(error).removeprefix("[INVALID_ARGUMENT] ")
            return [Finding(model.name, reason_of(message), message)]
        given = {column.name: column.column.type for column in statement.output_column_list}
        # What a materialization of the project's makes of a query has other columns.
        if given.keys() == self.columns.get(model.relation, given).keys():
            self.columns[model.relation] = given
        return []


def bigquery_kind(kind: str) -> Any:
    """BigQuery's type of a DuckDB type."""
    from zetasql.types import TypeKind

    kinds = {
        "BOOLEAN": TypeKind.TYPE_BOOL,
        "DATE": TypeKind.TYPE_DATE,
        "DOUBLE": TypeKind.TYPE_DOUBLE,
        "FLOAT": TypeKind.TYPE_DOUBLE,
        "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
        "VARCHAR": TypeKind.TYPE_STRING,
    }
    if kind.startswith("DECIMAL"):
        return TypeKind.TYPE_NUMERIC
    if kind in kinds:
        return kinds[kind]
    if kind.endswith("INT") or kind.endswith("INTEGER"):
        return TypeKind.TYPE_INT64
    raise ValueError(f"no type of BigQuery is known for {kind}")


def reason_of(message: str) -> str:
    """A message without what differs from model to model."""
    text = message.split("; Did you mean")[0].split("\n")[0]
    return re.sub(r" \[at .*?\]|(?<=column )\S+|(?<=Unrecognized name: )\S+", "", text).strip()


def relations_in(sql: str) -> tuple[str, ...]:
    """The relations (schema.name) that a compiled model reads."""
    return tuple(sorted({f"{schema}.{name}" for schema, name in RELATION.findall(sql)}))


def for_zetasql(sql: str) -> str:
    """Relations in BigQuery's quotes, and int64 for the names that BigQuery adds to ZetaSQL's."""
    sql = RELATION.sub(r"`\1.\2`", sql)
    return re.sub(r"\bas (bigint|integer|int|smallint)\b(?=\s*\))", "as int64", sql)


def sqlglot_findings(model: Compiled, warehouse: str) -> list[Finding]:
    """What sqlglot cannot parse as the warehouse's, and what it parses and the warehouse lacks."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.dialects import Dialect
    from sqlglot.errors import ErrorLevel, SqlglotError

    lists = yaml.safe_load((ADAPTERS / "functions.yml").read_text())
    known = {word for name in ("everywhere", "words", warehouse) for word in lists[name].split()}
    found = []

    def add(reason: str, message: str) -> None:
        found.append(Finding(model.name, reason, message))

    try:
        tree = sqlglot.parse_one(model.sql, read=warehouse, error_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        message = re.sub(r"\x1b\[\d+m", "", str(error))
        add("no statement of its grammar", " ".join(message.split())[:300])
        return found
    tokens = Dialect.get_or_raise(warehouse).tokenize(model.sql)
    words = [token.text.lower() for token in tokens]
    called = {
        word
        for before, word, bracket, token in zip(
            ["", *words], words, words[1:], tokens, strict=False
        )
        if bracket == "("
        and before != "as"  # the columns of an alias
        and re.fullmatch(r"[a-z_]\w*", word)
        and token.token_type.name not in ("STRING", "IDENTIFIER")
    }
    for name in sorted(called - known):
        add(f"function {name}", f"{name}() is not among the documented functions")
    named = {kind for word, kind in itertools.pairwise(words) if word == "as"}
    for name in sorted(named & set(lists["no_types"][warehouse].split())):
        add(f"type {name}", f"there is no type {name}")
    if warehouse == "trino" and tree.find(exp.Qualify):
        add("qualify", "there is no qualify")
    if warehouse == "snowflake" and tree.find(exp.Filter):
        add("filter", "aggregates take no filter")
    if warehouse == "snowflake" and any(
        isinstance(node.this, exp.Tuple) for node in tree.find_all(exp.LT, exp.GT, exp.LTE, exp.GTE)
    ):
        add("order of rows", "rows of several columns are compared for equality alone")
    return found


def build_empty(folder: Path) -> Path:
    """Every table of the project without a row, in a DuckDB file; its columns are what counts.

    The sources are read from empty tables of text, so that no raw file is needed.
    """
    warehouse = folder / "warehouse.duckdb"
    project = copy_of_project(folder / "project")
    manifest = invoke_dbt(
        "parse", warehouse=warehouse, variables=VARIABLES, project_dir=project,
        target_path=folder / "target",
    )  # fmt: skip
    with duckdb.connect(str(warehouse)) as connection:
        for source in manifest.sources.values():
            columns = ", ".join(f'"{name}" varchar' for name in source.columns)
            connection.execute(f'create schema if not exists "{source.schema}"')
            connection.execute(f'create table "{source.schema}"."{source.identifier}" ({columns})')
    invoke_dbt(
        "build", "--empty", "--resource-type", "model", "--resource-type", "seed",
        warehouse=warehouse, variables=VARIABLES, project_dir=project,
        target_path=folder / "target", manifest=manifest,
    )  # fmt: skip
    return warehouse


def copy_of_project(folder: Path, macros: Path | None = None) -> Path:
    """The project's files without its hooks, with a file of macros added to them."""
    copy_of_files(folder)
    if macros is not None:
        shutil.copy(macros, folder / "macros" / "adapter_macros.sql")
    settings = yaml.safe_load((folder / "dbt_project.yml").read_text())
    settings.pop("on-run-start")
    settings.pop("on-run-end")
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    return folder


def columns_of(warehouse: Path) -> dict[str, dict[str, str]]:
    """The DuckDB types of all columns, by relation (schema.name)."""
    columns: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for schema, table, column, kind in connection.execute(
            """
            select table_schema, table_name, column_name, data_type
            from information_schema.columns order by ordinal_position
            """
        ).fetchall():
            columns.setdefault(f"{schema}.{table}", {})[column] = kind
    return columns


@contextlib.contextmanager
def dispatching_to(warehouse: str) -> Iterator[None]:
    """Let dbt choose a warehouse's macros while it is connected to DuckDB.

    DuckDB's own come next among dbt's macros, so that dbt can look at the tables it finds.
    """
    from dbt.adapters.duckdb.impl import DuckDBAdapter
    from dbt.context.providers import BaseDatabaseWrapper

    dispatch = BaseDatabaseWrapper.dispatch

    def dispatch_to(self: Any, name: str, macro_namespace: str | None = None) -> Any:
        between = ["duckdb"] if macro_namespace == "dbt" else []
        prefixes = [warehouse, *between, "default"]
        with patch.object(self, "_get_adapter_macro_prefixes", lambda: prefixes):
            return dispatch(self, name, macro_namespace)

    mark = "`" if warehouse == "bigquery" else '"'
    with (
        patch.object(BaseDatabaseWrapper, "dispatch", dispatch_to),
        patch.object(DuckDBAdapter, "quote", lambda _, name: f"{mark}{name}{mark}"),
    ):
        yield


def compile_for(warehouse: str, built: Path, folder: Path) -> list[Compiled]:
    """All models with a warehouse's macros, each after those that it reads."""
    project = copy_of_project(folder / warehouse, ADAPTERS / f"{warehouse}.sql")
    with dispatching_to(warehouse):
        result = invoke_dbt(
            "compile", "--select", "resource_type:model", "--indirect-selection", "empty",
            warehouse=built, variables=VARIABLES, project_dir=project,
            target_path=folder / f"target_{warehouse}",
        )  # fmt: skip
    return [
        Compiled(
            name=entry.node.name,
            relation=f"{entry.node.schema}.{entry.node.alias}",
            sql=entry.node.compiled_code,
            reads=relations_in(entry.node.compiled_code),
        )
        for entry in result.results
    ]


def lint(warehouses: tuple[str, ...] = WAREHOUSES) -> list[Reading]:
    """Compile all models for each warehouse and read them as it would."""
    report = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = build_empty(folder)
        for warehouse in warehouses:
            models = compile_for(warehouse, built, folder)
            check = checker(warehouse, columns_of(built))
            findings = [finding for model in models for finding in check(model)]
            report.append(Reading(warehouse, len(models), tuple(findings)))
    return report


def checker(
    warehouse: str, columns: dict[str, dict[str, str]]
) -> Callable[[Compiled], list[Finding]]:
    """The function that finds what a warehouse would refuse in a model.

    ``columns`` are the DuckDB types of the relations that models read and that are no models.
    """
    if warehouse == "bigquery":
        return Analyzer(columns).findings
    return functools.partial(sqlglot_findings, warehouse=warehouse)


def table_of(report: list[Reading]) -> str:
    """The numbers as a Markdown table."""
    lines = ["| warehouse | models | clean | findings |", "|---|---:|---:|---:|"]
    lines += [
        f"| {reading.warehouse} | {reading.models} | {reading.clean} | {len(reading.findings)} |"
        for reading in report
    ]
    return "\n".join(lines)


def reasons_of(report: list[Reading]) -> str:
    """How often each warehouse refuses something for each reason, the most frequent first."""
    lines = [
        f"- {reading.warehouse}, {count}: {reason}"
        for reading in report
        for reason, count in Counter(finding.reason for finding in reading.findings).most_common()
    ]
    return "\n".join(lines) or "Nothing is left to lower."


def verdict(report: list[Reading], ceilings: dict[str, int]) -> tuple[bool, list[str]]:
    """Whether no warehouse has more findings than its ceiling, and what to say about it."""
    holds = True
    lines = []
    for reading in report:
        found, ceiling = len(reading.findings), ceilings[reading.warehouse]
        if found > ceiling:
            holds = False
            lines.append(f"{reading.warehouse}: {found} findings, at most {ceiling} are allowed")
        elif found < ceiling:
            lines.append(
                f"{reading.warehouse}: {found} findings; lower its ceiling of {ceiling}"
                " in tests/engines/ceilings.yml"
            )
    return holds, lines


def write_page(report: list[Reading]) -> None:
    """Put the numbers between the marks of docs/other-warehouses.md."""
    numbers = f"{BEGIN}\n{table_of(report)}\n\n{reasons_of(report)}\n{END}"
    page = PAGE.read_text()
    PAGE.write_text(page[: page.index(BEGIN)] + numbers + page[page.index(END) + len(END) :])


def main(argv: list[str] | None = None) -> int:
    """Print the table; 0 when no ceiling is broken, 1 when one is, 2 when a package is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.other_warehouses",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="print each finding")
    parser.add_argument("--write", action="store_true", help="write docs/other-warehouses.md")
    options = parser.parse_args(argv)
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        print(f"Not installed: {', '.join(missing)} (docs/other-warehouses.md)")
        return 2
    report = lint()
    print(f"{table_of(report)}\n\n{reasons_of(report)}")
    if options.verbose:
        for reading in report:
            for finding in reading.findings:
                print(f"{reading.warehouse} {finding.model}: {finding.message}")
    if options.write:
        write_page(report)
    holds, lines = verdict(report, yaml.safe_load(CEILINGS.read_text()))
    print("\n".join(lines))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

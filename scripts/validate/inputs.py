"""Suites over the raw files: can the pipeline read them, and are they what it expects?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from scripts.validate.bounds import Bounds
from scripts.validate.checks import Check, Judge, at_most, mostly
from scripts.validate.database import connect
from scripts.validate.raw_files import RawRelation, find_files, raw_relation, rows_sql, totals_sql
from scripts.validate.report import CheckResult, SuiteResult, instant_text
from scripts.validate.setup_errors import MissingRawData, UnknownSource
from scripts.validate.sources import RawTable, raw_tables


def validate_inputs(
    judge: Judge,
    *,
    raw_path: Path,
    as_of: datetime,
    bounds: Bounds,
    sources: Sequence[str] | None = None,
    shop_columns: Mapping[str, str] | None = None,
) -> list[SuiteResult]:
    """Judge every raw table of the named sources, or of those that have a folder."""
    tables = raw_tables(shop_columns)
    chosen = _chosen_sources(tables, raw_path, sources)
    suites = []
    with connect() as connection:
        for table in tables:
            files = find_files(raw_path, table) if table.source in chosen else {}
            if table.source in chosen and (files or not table.optional):
                suite = _judge_table(
                    judge, connection, table, files, raw_path=raw_path, as_of=as_of, bounds=bounds
                )
                suites.append(suite)
    return suites


def _chosen_sources(
    tables: Sequence[RawTable], raw_path: Path, sources: Sequence[str] | None
) -> set[str]:
    known = list(dict.fromkeys(table.source for table in tables))
    if unknown := [source for source in sources or () if source not in known]:
        raise UnknownSource(unknown, known)
    there = [source for source in known if (raw_path / source).is_dir()]
    if absent := [source for source in sources or () if source not in there]:
        raise MissingRawData(raw_path, known, absent)
    if not there:
        raise MissingRawData(raw_path, known)
    return set(sources or there)


def _judge_table(
    judge: Judge,
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    files: Mapping[str, Sequence[Path]],
    *,
    raw_path: Path,
    as_of: datetime,
    bounds: Bounds,
) -> SuiteResult:
    rows, sampled = 0, None
    checks: list[CheckResult] = []
    try:
        if not files:
            place = raw_path / table.source / table.table
            checks.append(_files_check(f"nothing at {place}.parquet or in {place}/"))
        else:
            relation = raw_relation(connection, table, files)
            totals = connection.execute(totals_sql(relation, as_of)).df()
            rows = int(totals["row_count"][0])
            checks += judge.judge(_shape(relation), [_columns_check(table)])
            checks += judge.judge(totals, list(_totals_checks(relation, bounds, rows)))
            if rows:
                sql = rows_sql(relation, row_count=rows, sample_rows=bounds.sample_rows)
                frame = connection.execute(sql).df()
                sampled = len(frame) if rows > bounds.sample_rows else None
                checks += judge.judge(frame, list(_row_checks(relation, bounds)))
    except duckdb.Error as error:
        # One damaged file must not keep the other tables from being looked at.
        checks.append(_files_check(" ".join(str(error).split())))
    return SuiteResult(
        name=table.name,
        side="inputs",
        as_of=instant_text(as_of),
        rows=rows,
        sampled_rows=sampled,
        checks=tuple(checks),
    )


def _shape(relation: RawRelation) -> object:
    """A data frame with the files' columns and no rows."""
    import pandas as pd

    return pd.DataFrame(columns=[name.lower() for name in relation.types])


def _files_check(problem: str) -> CheckResult:
    return CheckResult(
        name="files",
        meaning="Parquet, CSV or newline-JSON files that can be read",
        severity="critical",
        status="fail",
        observed=problem,
    )


def _columns_check(table: RawTable) -> Check:
    return Check(
        name="columns",
        meaning=f"the columns {', '.join(table.required)}",
        expectation="ExpectTableColumnsToMatchSet",
        arguments={"column_set": [n.lower() for n in table.required], "exact_match": False},
    )


def _totals_checks(relation: RawRelation, bounds: Bounds, rows: int) -> Iterator[Check]:
    table = relation.table
    yield Check(
        name="row_count",
        meaning="at least one row",
        expectation="ExpectColumnMaxToBeBetween",
        arguments={"column": "row_count", "min_value": 1},
    )
    if not rows:
        return
    if relation.have.issuperset(table.key):
        yield Check(
            name="duplicates",
            meaning="few rows that repeat an earlier one",
            expectation="ExpectColumnMaxToBeBetween",
            arguments={"column": "repeated_share"},
            bounds=at_most(bounds.duplicates),
            unit="share",
        )
    if relation.of(table.loaded_at):
        yield Check(
            name="freshness",
            meaning=f"a newest row that is younger than {bounds.freshness.warn:g} hours",
            expectation="ExpectColumnMaxToBeBetween",
            arguments={"column": "hours_since_load"},
            bounds=at_most(bounds.freshness),
            unit="hours",
        )


def _row_checks(relation: RawRelation, bounds: Bounds) -> Iterator[Check]:
    table = relation.table
    if relation.have.issuperset(table.key):
        yield Check(
            name="missing_ids",
            meaning="an id in every row",
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": "row_id"},
            bounds=mostly(bounds.missing_ids),
        )
    if times := relation.of(table.times):
        yield Check(
            name="unreadable_times",
            meaning=f"a readable {' and '.join(times)}",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "unreadable_time"},
            bounds=mostly(bounds.unreadable_times),
        )
    # A required identifier column that is missing has been reported already.
    demanded = [n for n in table.identifiers if n in table.required or n in table.derived]
    if table.identifiers and relation.have.issuperset(demanded):
        yield Check(
            name="missing_identifiers",
            meaning=f"somebody named in every row ({' or '.join(table.identifiers)})",
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": "identifier"},
            bounds=mostly(getattr(bounds, table.identifiers_bound)),
        )
    for column in relation.of(table.json_columns):
        yield Check(
            name=f"{column}_is_json",
            meaning=f"one JSON object in each {column}",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": f"bad_{column}"},
            bounds=mostly(bounds.bad_json),
        )
    for column in relation.of(table.value_sets):
        yield Check(
            name=f"known_{column}s",
            meaning=f"a {column} among {', '.join(table.value_sets[column])}",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": column, "value_set": list(table.value_sets[column])},
            bounds=mostly(bounds.unknown_providers),
        )

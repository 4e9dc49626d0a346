"""Suites over the raw tables: can the pipeline read them, and are they what it expects?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from scripts.validate.bounds import Bounds, Limit
from scripts.validate.checks import Check, Judge, at_most, mostly
from scripts.validate.raw_tables import Judged, RawTable, raw_tables
from scripts.validate.relations import (
    Relation,
    has_files,
    hours_since_load,
    read_relation,
    repeated_share,
    rows_sql,
)
from scripts.validate.report import CheckResult, SuiteResult, instant_text


def validate_inputs(
    judge: Judge,
    connection: duckdb.DuckDBPyConnection,
    *,
    manifest: Mapping[str, Any],
    as_of: datetime,
    bounds: Bounds,
    same_freshness: bool,
    sources: Sequence[str] | None = None,
) -> list[SuiteResult]:
    """Judge every raw table of the named sources, or of all that the last build read.

    With `same_freshness` the bound holds for all of them, else what the YAML of each says.
    """
    suites = [
        _judge_table(
            judge,
            connection,
            table,
            as_of=as_of,
            bounds=bounds,
            freshness=(None if same_freshness else table.freshness) or bounds.freshness,
        )
        for table in raw_tables(manifest, sources)
    ]
    return [suite for suite in suites if suite is not None]


def _judge_table(
    judge: Judge,
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    *,
    as_of: datetime,
    bounds: Bounds,
    freshness: Limit,
) -> SuiteResult | None:
    """The suite of one table; None for an optional one that has no files."""
    rows, sampled = 0, None
    checks: list[CheckResult] = []
    try:
        if table.optional and not has_files(connection, table.raw):
            return None
        columns = (*table.raw.columns, *table.expected, *table.loaded_at)
        raw = read_relation(connection, table.raw, columns)
        rows = raw.rows
        checks += judge.judge(_shape(table, raw), [_columns_check(table)])
        if rows:
            canonical = _canonical(connection, table)
            totals, total_checks = _totals(
                connection, table, raw, canonical or raw, as_of=as_of, freshness=freshness,
                bounds=bounds,
            )  # fmt: skip
            checks += judge.judge(totals, total_checks)
            for relation in filter(None, (canonical, raw)):
                frame = connection.execute(rows_sql(relation, sample_rows=bounds.sample_rows)).df()
                sampled = len(frame) if rows > bounds.sample_rows else None
                checks += judge.judge(frame, list(_row_checks(table, relation, bounds)))
        else:
            checks += judge.judge(_frame(row_count=0), [ROW_COUNT])
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


def _canonical(connection: duckdb.DuckDBPyConnection, table: RawTable) -> Relation | None:
    judged = table.as_canonical
    return judged and read_relation(connection, judged, judged.columns)


def _frame(**values: float) -> object:
    """A data frame of one row."""
    import pandas as pd

    return pd.DataFrame([values])


def _shape(table: RawTable, raw: Relation) -> object:
    """A data frame without rows that has the table's columns, but for expected ones without value.

    dbt adds to a view what the files lack, so only the values tell that such a column is there.
    """
    import pandas as pd

    empty = {name.lower() for name in table.expected} - raw.filled if raw.rows else set()
    return pd.DataFrame(columns=[name for name in raw.types if name not in empty])


def _files_check(problem: str) -> CheckResult:
    return CheckResult(
        name="files",
        meaning="a table that can be read, as the last build laid it over its files",
        severity="critical",
        status="fail",
        observed=problem,
    )


ROW_COUNT = Check(
    name="row_count",
    meaning="at least one row",
    expectation="ExpectColumnMaxToBeBetween",
    arguments={"column": "row_count", "min_value": 1},
)


def _columns_check(table: RawTable) -> Check:
    names = [*table.raw.required, *(n for n in table.expected if n not in table.raw.required)]
    return Check(
        name="columns",
        meaning=f"the columns {', '.join(names)}",
        expectation="ExpectTableColumnsToMatchSet",
        arguments={"column_set": [name.lower() for name in names], "exact_match": False},
    )


def _totals(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    raw: Relation,
    identified: Relation,
    *,
    as_of: datetime,
    freshness: Limit,
    bounds: Bounds,
) -> tuple[object, list[Check]]:
    """What is counted over all rows as a frame of one row, and the checks of it."""
    values: dict[str, float] = {"row_count": raw.rows}
    checks = [ROW_COUNT]
    if key := identified.usable(identified.judged.key):
        copies = raw.usable(table.declared) if table.may_repeat_ids else key
        values["repeated_share"] = repeated_share(connection, identified, copies)
        checks.append(
            Check(
                name="duplicates",
                meaning="few rows that repeat an earlier one",
                expectation="ExpectColumnMaxToBeBetween",
                arguments={"column": "repeated_share"},
                bounds=at_most(bounds.duplicates),
                unit="share",
            )
        )
    age = hours_since_load(connection, table, raw, as_of)
    if age is not None:
        values["hours_since_load"] = age
        checks.append(
            Check(
                name="freshness",
                meaning=f"a newest row that is younger than {freshness.warn:g} hours",
                expectation="ExpectColumnMaxToBeBetween",
                arguments={"column": "hours_since_load"},
                bounds=at_most(freshness),
                unit="hours",
            )
        )
    return _frame(**values), checks


def _row_checks(table: RawTable, relation: Relation, bounds: Bounds) -> Iterator[Check]:
    judged: Judged = relation.judged
    if len(relation.usable(judged.key)) == len(judged.key) > 0:
        yield Check(
            name="missing_ids",
            meaning="an id in every row",
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": "row_id"},
            bounds=mostly(bounds.missing_ids),
        )
    if times := relation.usable(judged.times):
        yield Check(
            name="unreadable_times",
            meaning=f"a readable {' and '.join(times)}",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "unreadable_time"},
            bounds=mostly(bounds.unreadable_times),
        )
    # A required identifier column that is missing has been reported already.
    demanded = [name for name in judged.identifiers if name in judged.required]
    if judged.identifiers and all(relation.has(name) for name in demanded):
        yield Check(
            name="missing_identifiers",
            meaning=f"somebody named in every row ({' or '.join(judged.identifiers)})",
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": "identifier"},
            bounds=mostly(
                bounds.missing_customers if table.has_guests else bounds.missing_identifiers
            ),
        )
    for column in relation.usable(judged.json_columns):
        yield Check(
            name=f"{column}_is_json",
            meaning=f"one JSON object in each {column}",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": f"bad_{column}"},
            bounds=mostly(bounds.bad_json),
        )
    for column in relation.usable(judged.value_sets):
        yield Check(
            name=f"known_{column}s",
            meaning=f"a {column} among {', '.join(judged.value_sets[column])}",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": column, "value_set": list(judged.value_sets[column])},
            bounds=mostly(bounds.unknown_values),
        )

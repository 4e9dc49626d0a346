"""SQL over raw files: one relation per raw table, its totals, and the rows that checks look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from scripts.validate.sources import RawTable

ENDINGS = {
    "parquet": (".parquet",),
    "csv": (".csv", ".csv.gz"),
    "json": (".json", ".jsonl", ".ndjson"),
}
# Types that are looked at as they are; everything else is looked at as text.
_PLAIN_TYPES = ("VARCHAR", "TIMESTAMP", "DATE")
_NAIVE_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")
_SAMPLE_STEPS = 1 << 20


@dataclass(frozen=True)
class RawRelation:
    """The files of one raw table as SQL, with the columns that they really have.

    `types` maps their names to DuckDB types; what differs from file to file counts as text.
    """

    table: RawTable
    sql: str
    types: Mapping[str, str]

    @property
    def have(self) -> frozenset[str]:
        """The table's column names, raw and derived, that can be read here."""
        present = {name.lower() for name in self.types}
        raw = {name for name in self.table.columns if name.lower() in present}
        derived = self.table.derived if raw.issuperset(self.table.required) else ()
        return frozenset(raw.union(derived))

    def of(self, columns: Iterable[str]) -> list[str]:
        """Those of the columns that can be read here, in the order given."""
        return [name for name in columns if name in self.have]

    def instant(self, column: str) -> str:
        """SQL of a column as UTC timestamp, null where it cannot be read."""
        types = {name.lower(): column_type for name, column_type in self.types.items()}
        quoted = _quoted(column)
        if types.get(column.lower()) in _NAIVE_TIMES:
            return f"cast({quoted} as timestamp)"
        # A plain cast of text to timestamp would ignore its offset.
        return f"(try_cast({quoted} as timestamptz) at time zone 'UTC')"


def find_files(raw_path: Path, table: RawTable) -> dict[str, list[Path]]:
    """Files per format: `<table>.<ending>` and everything below the folder `<table>/`."""
    folder = raw_path / table.source
    found = [*sorted(folder.glob(f"{table.table}.*")), *sorted((folder / table.table).rglob("*"))]
    by_format = {
        name: [path for path in found if path.is_file() and path.name.lower().endswith(endings)]
        for name, endings in ENDINGS.items()
    }
    return {name: paths for name, paths in by_format.items() if paths}


def raw_relation(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    files: Mapping[str, Sequence[Path]],
) -> RawRelation:
    """Lay one relation over all files of a table, reading no column that no check needs."""
    parts: list[str] = []
    types: dict[str, str] = {}
    for file_format, paths in files.items():
        columns = _columns_of(connection, file_format, paths)
        parts.append(_select_sql(table, file_format, paths, columns))
        for name, column_type in columns.items():
            types[name] = column_type if types.get(name, column_type) == column_type else "VARCHAR"
    return RawRelation(table=table, sql="\nunion all by name\n".join(parts), types=types)


def totals_sql(relation: RawRelation, as_of: datetime) -> str:
    """One row over all rows: row_count, repeated_share, hours_since_load.

    A load time after `as_of` is left out: a clock that runs ahead must not hide a source that
    has stopped. Without any load the age is infinite.
    """
    table = relation.table
    repeated = relation.of(table.repeated or table.key) or ["row_id"]
    loads = [relation.instant(name) for name in relation.of(table.loaded_at)]
    as_of_sql = f"timestamp '{as_of.isoformat()}'"
    return f"""
        with
        raw_rows as ({relation.sql}),
        {_derived_cte(relation)},
        keyed as (
            select
                {_row_id(relation)} as row_id,
                hash({", ".join(_quoted(name) for name in repeated)}) as copy_id,
                coalesce({", ".join(loads or ["cast(null as timestamp)"])}) as loaded_at
            from derived
        ),
        totals as (
            select
                count(*) as row_count,
                count(row_id) as rows_with_id,
                count(distinct copy_id) filter (where row_id is not null) as distinct_rows,
                max(loaded_at) filter (where loaded_at <= {as_of_sql}) as newest_load
            from keyed
        )
        select
            row_count,
            coalesce((rows_with_id - distinct_rows) / nullif(row_count, 0), 0) as repeated_share,
            coalesce(
                epoch({as_of_sql} - newest_load) / 3600, 'infinity'::double
            ) as hours_since_load
        from totals
    """


def rows_sql(relation: RawRelation, *, row_count: int, sample_rows: int) -> str:
    """What row-level checks look at; above `sample_rows` a sample that is the same every time."""
    table = relation.table
    # Ids travel as 1 or null: whether they are there is the question, and numbers are cheap.
    columns = [
        f"case when {_row_id(relation)} is not null then 1.0 end as row_id",
        f"{_unreadable_time(relation)} as unreadable_time",
        f"case when {_first_filled(relation.of(table.identifiers))} is not null then 1.0 end"
        " as identifier",
        *(f"{_bad_json(name, table)} as bad_{name}" for name in relation.of(table.json_columns)),
        *(
            f"coalesce(lower({_clean(name)}), '(missing)') as {_quoted(name)}"
            for name in relation.of(table.value_sets)
        ),
    ]
    raw_columns = [name for name in relation.of(table.columns) if name not in table.derived]
    # Chosen by content, not by place: the same rows whatever the order of files or threads.
    share = min(_SAMPLE_STEPS, round(_SAMPLE_STEPS * sample_rows / max(row_count, 1)))
    row_hash = f"hash({', '.join(_quoted(name) for name in raw_columns)})"
    sampled = f"where {row_hash} % {_SAMPLE_STEPS} < {share}" if row_count > sample_rows else ""
    select_list = ",\n                ".join(columns)
    return f"""
        with
        raw_rows as (select * from ({relation.sql}) {sampled}),
        {_derived_cte(relation)}
        select
                {select_list}
        from derived
    """


def _columns_of(
    connection: duckdb.DuckDBPyConnection, file_format: str, paths: Sequence[Path]
) -> dict[str, str]:
    """Column name → DuckDB type."""
    reader = _reader(file_format, paths)
    if file_format == "json":
        keys = f"select distinct unnest(json_keys(json)) as key from {reader} order by key"
        return {key: "JSON" for (key,) in connection.execute(keys).fetchall()}
    described = connection.execute(f"describe select * from {reader}").fetchall()
    return {name: column_type for name, column_type, *_ in described}


def _reader(file_format: str, paths: Sequence[Path]) -> str:
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    if file_format == "parquet":
        return f"read_parquet([{files}], union_by_name = true)"
    if file_format == "csv":
        return f"read_csv([{files}], union_by_name = true, header = true, all_varchar = true)"
    return f"read_ndjson_objects([{files}])"


def _select_sql(
    table: RawTable, file_format: str, paths: Sequence[Path], columns: Mapping[str, str]
) -> str:
    actual = {name.lower(): name for name in columns}
    selected = []
    for name in table.columns:
        if name.lower() not in actual:
            continue
        column = actual[name.lower()]
        if file_format == "json":
            value = f"json ->> '$.{_quoted(column)}'"
        elif columns[column].startswith(_PLAIN_TYPES):
            value = _quoted(column)
        else:
            value = f"cast({_quoted(column)} as varchar)"
        selected.append(f"{value} as {_quoted(name)}")
    # A file without any known column still has rows to count.
    select_list = ", ".join(selected) or "null as nothing_known"
    return f"select {select_list} from {_reader(file_format, paths)}"


def _derived_cte(relation: RawRelation) -> str:
    """Derived columns one layer after the other, so that each can build on those before it."""
    sql = "select * from raw_rows"
    for name, expression in relation.table.derived.items():
        if name in relation.have:
            sql = f"select *, {expression} as {_quoted(name)} from ({sql})"
    return f"derived as ({sql})"


def _row_id(relation: RawRelation) -> str:
    """Null as soon as one part of the key is missing."""
    parts = [_clean(name) for name in relation.of(relation.table.key)]
    return " || '|' || ".join(parts) if parts else "cast(null as varchar)"


def _unreadable_time(relation: RawRelation) -> str:
    """The first time that is missing or no instant, with its column's name; else null."""
    broken = [
        f"when {relation.instant(name)} is null"
        f" then '{name} = ' || coalesce({_clean(name)}, '(missing)')"
        for name in relation.of(relation.table.times)
    ]
    return f"case {' '.join(broken)} end" if broken else "cast(null as varchar)"


def _bad_json(name: str, table: RawTable) -> str:
    """Says what is wrong and never quotes the text, which may hold personal data."""
    column = _quoted(name)
    missing = f"when {column} is null then '(missing)'" if name in table.required else ""
    return f"""case
                {missing}
                when not json_valid({column}) then 'no JSON, ' || length({column}) || ' characters'
                when json_type({column}) <> 'OBJECT' then 'JSON ' || lower(json_type({column}))
            end"""


def _first_filled(columns: Sequence[str]) -> str:
    values = ", ".join(_clean(name) for name in columns)
    return f"coalesce({values})" if values else "cast(null as varchar)"


def _clean(name: str) -> str:
    return f"nullif(trim(cast({_quoted(name)} as varchar)), '')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""SQL over raw tables and staging views: which columns hold something, totals, and rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from scripts.validate.raw_tables import Judged, RawTable

_NAIVE_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")
_SAMPLE_STEPS = 1 << 20
_FILE_READERS = ("read_parquet", "read_csv", "read_json", "mended_rows")


@dataclass(frozen=True)
class Relation:
    """A table or view as it is: `types` maps its columns to DuckDB types.

    `filled` are the columns that hold a value in some row. dbt adds declared columns that the
    files lack as nulls, so an optional column without any value is as good as not there.
    `time_formats` are those that the source's times may have beside ISO 8601.
    """

    judged: Judged
    rows: int
    types: Mapping[str, str]
    filled: frozenset[str]
    time_formats: tuple[str, ...] = ()

    def has(self, column: str) -> bool:
        """Whether there is such a column, whatever it holds."""
        return column.lower() in self.types

    def usable(self, columns: Iterable[str]) -> list[str]:
        """Those of the columns that can be judged, in the order given.

        A required one can, whatever it holds; of the others those that hold something.
        """
        return [
            name
            for name in columns
            if name.lower() in self.filled or (name in self.judged.required and self.has(name))
        ]

    def instant(self, column: str) -> str:
        """SQL of a column as UTC timestamp, null where it cannot be read."""
        name = quoted(column)
        if self.types[column.lower()] in _NAIVE_TIMES:
            return f"cast({name} as timestamp)"
        # A plain cast of text to timestamp would ignore its offset.
        readings = [f"try_cast({name} as timestamptz) at time zone 'UTC'"]
        text = f"trim(cast({name} as varchar))"
        if self.time_formats:
            formats = ", ".join("'" + value.replace("'", "''") + "'" for value in self.time_formats)
            readings.append(f"try_strptime({text}, [{formats}])")
        number = f"try_cast({text} as double)"
        readings.append(
            f"case when regexp_full_match({text}, '[0-9]{{9,17}}([.][0-9]+)?') then make_timestamp("
            f"cast(case when {number} < 1e11 then {number} * 1e6 when {number} < 1e14"
            f" then {number} * 1e3 else {number} end as bigint)) end"
        )
        return f"coalesce({', '.join(readings)})"


def read_relation(
    connection: duckdb.DuckDBPyConnection, judged: Judged, columns: Iterable[str]
) -> Relation:
    """Look at a table or view; `columns` are those of interest."""
    described = connection.execute(f"describe {judged.relation}").fetchall()
    types = {name.lower(): kind for name, kind, *_ in described}
    asked = [name.lower() for name in dict.fromkeys(columns) if name.lower() in types]
    counts = "".join(f", count({clean(name)})" for name in asked)
    row_count, *filled = connection.execute(
        f"select count(*){counts} from {judged.relation}"
    ).fetchone()
    return Relation(
        judged=judged,
        rows=row_count,
        types=types,
        filled=frozenset(name for name, count in zip(asked, filled, strict=True) if count),
        time_formats=time_formats(connection, judged),
    )


def time_formats(connection: duckdb.DuckDBPyConnection, judged: Judged) -> tuple[str, ...]:
    """How the last build was told that the source of a raw table writes times."""
    laid = (
        "select 1 from duckdb_tables() where schema_name = 'intake' and table_name = 'source_times'"
    )
    if connection.execute(laid).fetchone() is None:
        return ()
    found = connection.execute(
        "select time_format from intake.source_times "
        "where starts_with(?, '\"raw_' || source || '\".')",
        [judged.relation],
    ).fetchall()
    return tuple(value for (value,) in found)


def has_files(connection: duckdb.DuckDBPyConnection, judged: Judged) -> bool:
    """Whether a raw view reads files, or a table that holds something.

    Where an optional table was not brought, dbt makes an empty view.
    """
    found = connection.execute(
        'select sql from duckdb_views() where format(\'"{}"."{}"\', schema_name, view_name) = ?',
        [judged.relation],
    ).fetchone()
    if found and any(reader in found[0] for reader in _FILE_READERS):
        return True
    return connection.execute(f"select 1 from {judged.relation} limit 1").fetchone() is not None


def hours_since_load(
    connection: duckdb.DuckDBPyConnection, table: RawTable, relation: Relation, as_of: datetime
) -> float | None:
    """The age of the newest row in hours; None where nothing tells it.

    A load time after `as_of` is left out: a clock that runs ahead must not hide a source that
    has stopped. Without any load up to then the age is infinite.
    """
    loads = [relation.instant(name) for name in relation.usable(table.loaded_at)]
    if not loads:
        return None
    at = f"timestamp '{as_of.isoformat()}'"
    return connection.execute(
        f"""
        select coalesce(epoch({at} - max(loaded_at)) / 3600, 'infinity'::double)
        from (select coalesce({", ".join(loads)}) as loaded_at from {relation.judged.relation})
        where loaded_at <= {at}
        """
    ).fetchone()[0]


def repeated_share(
    connection: duckdb.DuckDBPyConnection, relation: Relation, columns: Sequence[str]
) -> float:
    """The share of rows that repeat an earlier one in all of the columns."""
    copies = ", ".join(quoted(name) for name in columns)
    share = connection.execute(
        f"""
        select (count(*) - count(distinct hash({copies}))) / {max(relation.rows, 1)}
        from {relation.judged.relation}
        where {row_id(relation)} is not null
        """
    ).fetchone()[0]
    return float(share)


def rows_sql(relation: Relation, *, sample_rows: int) -> str:
    """What row-level checks look at; above `sample_rows` a sample that is the same every time."""
    judged = relation.judged
    # Ids travel as 1 or null: whether they are there is the question, and numbers are cheap.
    columns = [
        f"case when {row_id(relation)} is not null or set_aside then 1.0 end as row_id",
        f"{_unreadable_time(relation)} as unreadable_time",
        f"case when {_first_filled(relation.usable(judged.identifiers))} is not null or set_aside"
        " then 1.0 end as identifier",
        *(
            f"{_bad_json(name, judged)} as {quoted('bad_' + name)}"
            for name in relation.usable(judged.json_columns)
        ),
        *(
            f"coalesce(lower({clean(name)}), '(missing)') as {quoted(name)}"
            for name in relation.usable(judged.value_sets)
        ),
    ]
    select_list = ",\n            ".join(columns)
    return f"""
        select
            {select_list}
        from (
            select *, coalesce({judged.set_aside}, false) as set_aside
            from {judged.relation}
        )
        {_sampled(relation, sample_rows)}
    """


def _sampled(relation: Relation, sample_rows: int) -> str:
    """Rows chosen by content, not by place: the same whatever the order of files or threads."""
    if relation.rows <= sample_rows:
        return ""
    share = min(_SAMPLE_STEPS, round(_SAMPLE_STEPS * sample_rows / relation.rows))
    names = ", ".join(quoted(name) for name in relation.usable(relation.judged.columns))
    return f"where hash({names or '1'}) % {_SAMPLE_STEPS} < {share}"


def row_id(relation: Relation) -> str:
    """SQL of the key, null as soon as one part of it is missing."""
    parts = [clean(name) for name in relation.usable(relation.judged.key)]
    return " || '|' || ".join(parts) if parts else "cast(null as varchar)"


def _unreadable_time(relation: Relation) -> str:
    """The first time that is missing or no instant, with its column's name; else null."""
    broken = [
        f"when {relation.instant(name)} is null"
        f" then '{name} = ' || coalesce({clean(name)}, '(missing)')"
        for name in relation.usable(relation.judged.times)
    ]
    if not broken:
        return "cast(null as varchar)"
    return f"case when set_aside then null {' '.join(broken)} end"


def _bad_json(name: str, judged: Judged) -> str:
    """Says what is wrong and never quotes the text, which may hold personal data."""
    text = f"cast({quoted(name)} as varchar)"
    missing = "'(missing)'" if name in judged.required else "null"
    kinds, sound = "'OBJECT'", "false"
    if name in judged.bodies:
        kinds, sound = "'OBJECT', 'ARRAY'", f"regexp_matches({text}, '^[a-z_]+=')"
    return f"""case
                when {text} is null then {missing}
                when {sound} then null
                when not json_valid({text}) then 'no JSON, ' || length({text}) || ' characters'
                when json_type({text}) not in ({kinds}) then 'JSON ' || lower(json_type({text}))
            end"""


def _first_filled(columns: Sequence[str]) -> str:
    values = ", ".join(clean(name) for name in columns)
    return f"coalesce({values})" if values else "cast(null as varchar)"


def clean(name: str) -> str:
    """SQL of a column as text, null where it is blank."""
    return f"nullif(trim(cast({quoted(name)} as varchar)), '')"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'

"""Compare the public tables of two warehouses row for row, people matched by their identifiers.

A change that must move nobody is shown to move nobody: build the same raw files at one ``as_of``
with the code before and after it, then run

    python -m dev.compare_warehouses before.duckdb after.duckdb
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMAS = ("marts", "segments", "activation")
# Made from a profile id, so equal only where the ids are.
DERIVED = ("alert_id",)


@dataclass(frozen=True)
class Difference:
    """How one table differs; rows are samples of those that only one warehouse has."""

    table: str
    what: str
    rows: tuple[str, ...] = ()


def unload(warehouse: Path, folder: Path) -> None:
    """Write every public table of a warehouse to a Parquet file, people named by identifiers.

    A person is named by the first of their identifiers; an id that has none any more stays. Each
    file is opened under its own name, because the views of an older one may hold it.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(
            """
            create temp table names as
            select profile_id, min(identifier_type || ':' || identifier_value) as name
            from marts.profile_identifiers group by profile_id
            """
        )
        listed = connection.execute(
            """
            select table_schema || '.' || table_name, list(column_name order by ordinal_position)
            from information_schema.columns where list_contains(?, table_schema) group by all
            """,
            [list(SCHEMAS)],
        ).fetchall()
        for table, columns in listed:
            connection.execute(
                f"copy ({named_sql(table, columns)}) to '{folder / table}.parquet' (format parquet)"
            )


def named_sql(table: str, columns: list[str]) -> str:
    """The rows of a table with every profile id replaced by the name of the person."""
    selected = []
    joins = []
    for number, column in enumerate(columns):
        if column in DERIVED:
            continue
        if "profile_id" in column:
            selected.append(f'coalesce(name_{number}.name, listed."{column}") as "{column}"')
            joins.append(
                f'left join names as name_{number} on listed."{column}" = name_{number}.profile_id'
            )
        else:
            selected.append(f'listed."{column}"')
    return f"select {', '.join(selected)} from {table} as listed {' '.join(joins)}"


def compare(before: Path, after: Path, *, samples: int = 3) -> list[Difference]:
    """Every difference between the public tables of two DuckDB files, ordered by table.

    Raises duckdb.Error for a file that is no warehouse of this project.
    """
    differences = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        sides = {"before": Path(folder) / "before", "after": Path(folder) / "after"}
        for side, warehouse in zip(sides.values(), (before, after), strict=True):
            side.mkdir()
            unload(warehouse, side)
        tables = {name: {path.stem for path in side.iterdir()} for name, side in sides.items()}
        for table in sorted(tables["before"] | tables["after"]):
            found = [name for name in sides if table in tables[name]]
            if len(found) == 1:
                differences.append(Difference(table, f"only {found[0]}"))
                continue
            old, new = (
                {
                    name: kind
                    for name, kind, *_ in connection.execute(
                        f"describe from '{side / table}.parquet'"
                    ).fetchall()
                }
                for side in sides.values()
            )
            for column in sorted({*old, *new}):
                if old.get(column) != new.get(column):
                    what = f"column {column}: {old.get(column)} before, {new.get(column)} after"
                    differences.append(Difference(table, what))
            shared = ", ".join(f'"{name}"' for name in old if name in new)
            for here, there in (("before", "after"), ("after", "before")):
                rows = connection.execute(
                    f"select {shared} from '{sides[here] / table}.parquet' except all "
                    f"select {shared} from '{sides[there] / table}.parquet'"
                ).fetchall()
                if rows:
                    listed = tuple(sorted(map(str, rows))[:samples])
                    differences.append(Difference(table, f"{len(rows)} rows only {here}", listed))
    return differences


def main(argv: list[str] | None = None) -> int:
    """Print the differences; 0 when there are none, 1 when there are, 2 for a missing file."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.compare_warehouses",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", type=Path, help="DuckDB file of the build before the change")
    parser.add_argument("after", type=Path, help="DuckDB file of the build after it")
    parser.add_argument("--samples", type=int, default=3, help="rows to show for each difference")
    options = parser.parse_args(argv)
    for path in (options.before, options.after):
        if not path.exists():
            print(f"{path} is missing")
            return 2
    differences = compare(options.before, options.after, samples=options.samples)
    for difference in differences:
        print(f"{difference.table}: {difference.what}")
        for row in difference.rows:
            print(f"    {row}")
    print(f"{len(differences)} differences" if differences else "Equal, row for row.")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes the raw tables as Parquet and replaces only files that an earlier run wrote."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from dev.demo_data.book import Book
from dev.demo_data.crm import owners
from dev.demo_data.crowd import Crowd, load_names, raw_rows
from dev.demo_data.tables import EVENT_TABLES, TABLES, Clock, order_columns, typed_columns

PART_ROWS = 1_000_000  # of one Parquet file: also bounds what is in memory as text
PLANTED = "_planted"
UNFINISHED = ".demo-data-unfinished"


class ForeignFilesError(Exception):
    """The folder holds files this program did not write; the user must say what happens to them."""


def version() -> str:
    """Return a fingerprint of this program: another one makes other data."""
    folder = Path(__file__).parent
    sources = sorted([*folder.glob("*.py"), *folder.glob("*.csv")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def planned_folders(out: Path) -> list[Path]:
    """Return the folders that belong to this program inside `out`."""
    return [out.joinpath(*table.split(".")) for table in TABLES] + [out / PLANTED]


def check_folders(out: Path) -> None:
    """Raise ForeignFilesError when anything but this program's own files is in its place."""
    if out.exists() and not out.is_dir():
        raise ForeignFilesError(f"{out} is a file. Choose a folder with --out.")
    own = set(_own_files(out))
    foreign = [path for path in _occupants(out) if path.relative_to(out).as_posix() not in own]
    if foreign:
        listed = ", ".join(str(path) for path in foreign[:3])
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ForeignFilesError(
            f"{listed}{more}: not written by the demo data, so not overwritten. "
            "Move them away, or choose another folder with --out."
        )


def _occupants(out: Path) -> Iterable[Path]:
    for folder in planned_folders(out):
        # `<table>.parquet` beside the folder `<table>` would leave open which of them is read.
        for path in (folder, folder.with_name(folder.name + ".parquet")):
            if path.is_dir():
                yield from sorted(path.iterdir())
            elif path.exists():
                yield path


def read_manifest(out: Path) -> dict[str, Any]:
    """What the made data says of itself; empty where there is none.

    Raises ForeignFilesError for a file of that name that this program did not write.
    """
    path = out / PLANTED / "manifest.json"
    if not path.is_file():
        return {}
    try:
        manifest = dict(json.loads(path.read_text(encoding="utf-8")))
        list(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ForeignFilesError(
            f"{path} is not a manifest of the demo data. "
            "Move it away, or choose another folder with --out."
        ) from error
    return manifest


def _own_files(out: Path) -> list[str]:
    # Whatever the manifest says, nothing outside the planned folders is ever ours to remove.
    folders = set(planned_folders(out))
    return [
        str(name)
        for name in read_manifest(out).get("files", ())
        if (out / str(name)).parent in folders
    ]


def write_all(
    *, out: Path, crowd: Crowd, book: Book, clock: Clock, seed: int, arguments: dict[str, Any]
) -> dict[str, int]:
    """Write tables and planted truth under `out`; returns rows per table."""
    check_folders(out)
    unfinished = out / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        rows = _write_tables(unfinished, crowd=crowd, book=book, clock=clock, seed=seed)
        _write_planted(unfinished / PLANTED, book=book, crowd=crowd)
        files = [
            path.relative_to(unfinished).as_posix()
            for path in unfinished.rglob("*.*")
            if path.is_file()
        ]
        manifest = {
            "made_by": "python -m dev.make_demo_data",
            "version": version(),
            "arguments": arguments,
            "seed": seed,
            "events": sum(rows[table] for table in EVENT_TABLES),
            "rows": rows,
            "planted_people": len(book.people),
            "files": sorted([*files, f"{PLANTED}/manifest.json"]),
        }
        _publish(out, unfinished, manifest)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return rows


def _publish(out: Path, unfinished: Path, manifest: dict[str, Any]) -> None:
    """Swap the new files in; at every moment the manifest lists at least what is ours."""
    old, new = _own_files(out), manifest["files"]
    (out / PLANTED).mkdir(exist_ok=True)
    _write_manifest(out, manifest | {"files": sorted({*old, *new})})
    for name in old:
        if name != f"{PLANTED}/manifest.json":
            (out / name).unlink(missing_ok=True)
    for name in new:
        if name != f"{PLANTED}/manifest.json":
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / name).replace(out / name)
    _write_manifest(out, manifest)


def _write_manifest(out: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=2) + "\n"
    draft = out / UNFINISHED / "manifest.json"
    draft.write_text(text, encoding="utf-8")
    draft.replace(out / PLANTED / "manifest.json")


def _write_tables(
    folder: Path, *, crowd: Crowd, book: Book, clock: Clock, seed: int
) -> dict[str, int]:
    rows = {}
    planted = book.frames()
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '1500MB'")
        connection.execute(f"set temp_directory = '{_quoted(folder / 'spill.tmp')}'")
        load_names(connection, crowd, seed=seed)
        for table in TABLES:
            connection.register("planted", planted[table])
            into = folder.joinpath(*table.split("."))
            into.mkdir(parents=True)
            typed = typed_columns(table)
            if table in EVENT_TABLES:
                parts = _event_parts(connection, table, crowd.events[table], seed)
            elif table == "hubspot.owners":
                connection.register("block", owners(clock))
                parts = ["select * from block"]
            else:
                connection.register("block", crowd.crm[table])
                parts = [f"select {typed} from block union all by name select {typed} from planted"]
            rows[table] = 0
            for number, select in enumerate(parts, start=1):
                [(count,)] = connection.execute(
                    f"copy (select {typed} from ({select}) order by {order_columns(table)}) "
                    f"to '{_quoted(into / f'part-{number:04d}.parquet')}' "
                    "(format parquet, compression zstd)"
                ).fetchall()
                rows[table] += count
    shutil.rmtree(folder / "spill.tmp", ignore_errors=True)
    return rows


def _event_parts(
    connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, seed: int
) -> Iterable[str]:
    """Yield one select per part, in order of arrival, planted rows among the others."""
    typed = typed_columns(table)
    received = frame["received"].to_numpy()
    order = np.argsort(received, kind="stable")
    starts = range(0, max(len(order), 1), PART_ROWS)
    for start in starts:
        block = frame.iloc[order[start : start + PART_ROWS]]
        connection.register("block", block)
        end = start + PART_ROWS
        from_here = "true" if start == 0 else f"received_at >= {_instant(received[order[start]])}"
        to_there = (
            "true" if end >= len(order) else f"received_at < {_instant(received[order[end]])}"
        )
        yield (
            f"{raw_rows(table, seed=seed)} union all by name "
            f"select {typed} from planted where {from_here} and {to_there}"
        )
        connection.unregister("block")


def _instant(microseconds: int) -> str:
    return f"make_timestamp({int(microseconds)})"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _write_planted(folder: Path, *, book: Book, crowd: Crowd) -> None:
    folder.mkdir()
    _write_csv(
        folder / "people.csv",
        "person story key_type key_value expected_segments expected_suppressed "
        "expected_lifecycle why",
        [
            (
                person.name,
                person.story,
                person.key_type,
                person.key_value,
                ";".join(person.segments),
                person.suppressed,
                person.lifecycle,
                person.why,
            )
            for person in book.people
        ],
    )
    _write_csv(
        folder / "quarantine.csv",
        "source table reason expected_rows",
        [
            (*table.split("."), reason, count)
            for (table, reason), count in sorted(book.faults.items())
        ],
    )
    _write_csv(
        folder / "duplicates.csv",
        "source expected_rows",
        [
            (source, count + crowd.duplicates[source])
            for source, count in sorted(book.duplicates.items())
        ],
    )
    _write_csv(
        folder / "identities.csv",
        "person identifier_type identifier_value is_shared",
        sorted(
            (person, kind, value, "true" if len(people) > 1 else "false")
            for (kind, value), people in book.owned.items()
            for person in people
        ),
    )


def _write_csv(path: Path, header: str, rows: Iterable[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split())
        writer.writerows(rows)

"""Write CSV or Parquet files into a folder, for a reverse-ETL tool to pick up.

The contract is this page's own. Every batch is one file that appears whole: it is written under a
hidden name and renamed. Its name, `<sync>-<date>-<run>-<number>-<operation>.<format>`, sorts in the
order in which files are to be applied. `<sync>-<date>-<run>-manifest.json` lists the files of a run
in that order, each with operation, rows and SHA-256, and is complete when its `complete` is true; a
file that no manifest lists is not finished. What a run that broke off had not confirmed comes again
in the next one. Columns are `operation`, `key` and the fields in alphabetical order. An add or
update carries the whole record, a remove only its key.

CSV follows RFC 4180: UTF-8 with a header, quotes where needed, and nothing for null. Parquet
columns are text unless the option `columns` (field → text, number, boolean, instant or date) says
otherwise; with that option every file has the same columns, without it those that its batch has.

A cell that starts with `= + - @`, narrow or wide, a tab or a line end is a formula for a
spreadsheet: such texts get an apostrophe in CSV, as OWASP's page on CSV injection advises. With the
option `guard_formulas: false`, and in Parquet, values stay as they are.
"""

import csv
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import duckdb

from ..destination import Call, Destination, Finding, Outcome, Record, Value
from ..errors import ConfigError

FORMATS = ("csv", "parquet")
TYPES = {
    "text": "varchar",
    "number": "double",
    "boolean": "boolean",
    "instant": "timestamptz",
    "date": "date",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Files(Destination):
    """Files in one folder."""

    name = "files"
    tells_removes = True
    options: ClassVar[Mapping[str, Any]] = {
        "folder": "",
        "format": "csv",
        "columns": {},
        "guard_formulas": True,
        "batch_size": 50_000,
    }
    forbidden = frozenset({"operation", "key"})

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.folder = Path(self.option.get("folder", ""))
        self.columns = self.option["columns"]
        self.lock = threading.Lock()
        self.run, self.written = f"files-{datetime.now(UTC):%Y%m%d}-000000", []
        if not all(isinstance(kind, str) and kind in TYPES for kind in self.columns.values()):
            raise ConfigError(
                f"The option columns of {self.name} maps fields to one of {list(TYPES)}."
            )

    @property
    def account(self) -> str:
        """The name of the folder."""
        return self.folder.name

    def whose(self, call: Call) -> str:
        """Return where the folder really is."""
        return f"folder {self.folder.resolve()}"

    def check(self) -> None:
        """Raise ConfigError when there is no folder, or the format is not known."""
        if not self.option["folder"]:
            raise ConfigError("Set the option folder of files.")
        self.check_format()

    def check_mapped(self, fields: Collection[str]) -> None:
        """Raise ConfigError when a mapped field is not in the option columns."""
        if self.columns and (lacking := sorted(set(fields) - set(self.columns))):
            raise ConfigError(f"The option columns of {self.name} lacks {lacking}.")

    def check_format(self) -> None:
        """Raise ConfigError for a format that is not known."""
        if self.option["format"] not in FORMATS:
            raise ConfigError(f"The option format of {self.name} is one of {FORMATS}.")

    def begin(self, sync: str, run_id: int) -> None:
        """Take the name that the files of this run begin with, after those that are there.

        A ledger that was lost counts from 1 again.
        """
        named = re.compile(re.escape(sync) + r"-[0-9]{8}-([0-9]{6,})-")
        before = [int(found[1]) for name in self.listed() if (found := named.match(name))]
        number = max([run_id, *(run + 1 for run in before)])
        self.run = f"{sync}-{datetime.now(UTC):%Y%m%d}-{number:06}"
        self.written = []

    def listed(self) -> list[str]:
        """Return the names of the files that are in the folder."""
        return [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []

    def end(self) -> None:
        """Say in the manifest that no more files come."""
        if self.written:
            self.write_manifest(complete=True)

    def write_manifest(self, *, complete: bool) -> None:
        """List the files of this run; raises ConfigError."""
        listed = {"run": self.run, "complete": complete, "files": self.written}

        def write(path: Path) -> None:
            path.write_text(json.dumps(listed, indent=2), encoding="utf-8")

        self.appear(f"{self.run}-manifest.json", write)

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Write one file; see `Destination.send`."""
        held = {
            record.key: {} if operation == "remove" else {**record.whole, **record.values}
            for record in sorted(records, key=lambda record: record.key)
        }
        found = {name for record in records for name in (*record.whole, *record.values)}
        names = sorted(self.columns or found)
        self.check_mapped(found)
        rows = [
            [operation, key, *(source.get(name) for name in names)] for key, source in held.items()
        ]
        self.write(operation, ["operation", "key", *names], rows)
        return [Outcome(record.key, "delivered") for record in records]

    def write(self, operation: str, header: list[str], rows: list[list[Value]]) -> None:
        """Write one file and list it; raises ConfigError."""
        suffix = self.option["format"]
        write = self.write_csv if suffix == "csv" else self.write_parquet
        with self.lock:  # numbers are given in the order in which files appear
            name = f"{self.run}-{len(self.written) + 1:04}-{operation}.{suffix}"
            digest = self.appear(name, lambda path: write(path, header, rows))
            listed = {"name": name, "operation": operation, "rows": len(rows), "sha256": digest}
            self.written.append(listed)
            self.write_manifest(complete=False)

    def appear(self, name: str, write: Callable[[Path], None]) -> str:
        """Write a file under a hidden name, then give it its own; returns its SHA-256."""
        hidden = self.folder / f".{name}.{uuid4().hex}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(hidden)
            digest = hashlib.sha256(hidden.read_bytes()).hexdigest()
            hidden.replace(self.folder / name)
        except (OSError, duckdb.IOException) as problem:
            raise ConfigError(f"{self.folder} cannot be written: {why(problem)}.") from None
        except duckdb.ConversionException:
            raise ConfigError("A value does not fit its kind in the option columns.") from None
        finally:
            hidden.unlink(missing_ok=True)
        return digest

    def write_csv(self, path: Path, header: list[str], rows: list[list[Value]]) -> None:
        """Write a CSV file."""
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([self.cell(value) for value in row] for row in rows)

    def write_parquet(self, path: Path, header: list[str], rows: list[list[Value]]) -> None:
        """Write a Parquet file."""
        kinds = [TYPES[self.columns.get(name, "text")] for name in header]
        names = [quoted(name, mark='"') for name in header]
        columns = ", ".join(
            f"cast(unnest(?::varchar[]) as {kind}) as {name}"
            for name, kind in zip(names, kinds, strict=True)
        )
        texts = [[text_of(value) for value in column] for column in zip(*rows, strict=True)]
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"create table batch as select {columns}", texts)
            target = quoted(str(path), mark="'")
            connection.execute(f"copy batch to {target} (format parquet, compression zstd)")

    def cell(self, value: Value) -> str | None:
        """Return what a CSV cell holds; only texts can be formulas."""
        guard = self.option["guard_formulas"] and isinstance(value, str)
        return f"'{value}" if guard and str(value).startswith(FORMULA) else text_of(value)

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about the folder and the columns."""
        if create:
            self.folder.mkdir(parents=True, exist_ok=True)
        # A push makes the folder: what counts is the nearest one that is there.
        there = next(
            path for path in (self.folder, *self.folder.resolve().parents) if path.exists()
        )
        fine = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        made = "" if self.folder.exists() else "the first push makes it"
        yield Finding("folder", fine, made if fine else f"{there} cannot be written.")
        yield from self.look_at_columns(fields)

    def look_at_columns(self, fields: Mapping[str, str]) -> Iterator[Finding]:
        """Yield whether the option columns has the mapped fields."""
        if self.columns:
            other = sorted(set(fields) ^ set(self.columns))
            detail = f"Only in fields or only in the option columns: {other}." if other else ""
            yield Finding("columns", not other, detail)


def text_of(value: Value) -> str | None:
    """Return a value as text: true and false for a boolean, nothing for null."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def quoted(text: str, *, mark: str) -> str:
    """Return a text between quotation marks for SQL."""
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"


def why(problem: Exception) -> str:
    """Return the reason without the path, which has been said."""
    return str(getattr(problem, "strerror", None) or type(problem).__name__)

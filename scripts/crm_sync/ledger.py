"""Remember in a DuckDB file of its own what was sent, what arrived and what was refused.

Each sync has a schema of its own (named after the destination and its account), with

- `attempts`: record key, batch and changed fields, committed before a batch goes on the wire;
- `acks`: what became of each record, append-only, written as the answers come in;
- `delivered` and `dead`: the acks folded into one row per record key, at the start and at the end
  of a push; one column per property, so that the diff is plain columnar SQL;
- `runs`: one row per push.

An attempt without an ack is a record whose state nobody knows (a crash, a lost answer). The next
diff sends its fields again, whatever it believes the remote holds.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from .destination import Outcome
from .errors import LockedError

TABLES = """
create schema if not exists {s};
create table if not exists {s}.runs (
    run_id integer, pid integer, started_at timestamp, finished_at timestamp, outcome varchar,
    adds bigint, updates bigint, removes bigint, delivered bigint, refused bigint, open bigint,
    requests bigint, note varchar
);
create table if not exists {s}.attempts (
    batch_id bigint, run_id integer, record_key varchar, fields varchar[], attempted_at timestamp
);
create table if not exists {s}.acks (
    batch_id bigint, record_key varchar, operation varchar, state varchar, remote_id varchar,
    reason varchar, acked_at timestamp, {typed}
);
create table if not exists {s}.delivered (
    record_key varchar, remote_id varchar, delivered_at timestamp, {typed}
);
create table if not exists {s}.dead (
    record_key varchar, operation varchar, reason varchar, refused_at timestamp, {typed}
);
"""

# Attempts that no answer settled: their fields may or may not hold what was sent.
UNKNOWN = """
create or replace temp view unknown as
select attempts.record_key, list_distinct(flatten(list(attempts.fields))) as fields
from {s}.attempts
anti join {s}.acks
    on acks.batch_id = attempts.batch_id and acks.record_key = attempts.record_key
    and acks.state <> 'open'
group by attempts.record_key
"""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def now() -> datetime:
    """Return the current instant in UTC, without a zone, as the ledger stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def only_pusher(ledger: Path) -> Iterator[None]:
    """Hold the ledger for this process; raises LockedError that names who holds it.

    The lock is the operating system's, so it ends with the process, however that dies.
    """
    ledger.parent.mkdir(parents=True, exist_ok=True)
    path = ledger.with_name(ledger.name + ".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode() or "unknown"
            raise LockedError(
                f"Process {holder} is using {ledger}. Wait until it has ended, then try again."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


class Ledger:
    """One sync's tables in an open ledger file; `connection` is used for the diff as well."""

    def __init__(self, path: Path | None, sync: str, properties: Sequence[str]) -> None:
        try:
            self.connection = duckdb.connect(str(path) if path else ":memory:")
        except duckdb.Error as problem:
            raise LockedError(f"The ledger cannot be opened: {problem}") from None
        if path:
            path.chmod(0o600)  # it holds e-mail addresses
        self.schema, self.properties = quoted(sync), list(properties)
        self.columns = ", ".join(quoted(name) for name in properties)
        self.connection.execute("set preserve_insertion_order = false")
        typed = ", ".join(f"{quoted(name)} varchar" for name in properties)
        self.run(TABLES.replace("{typed}", typed))
        self.add_columns(sync)
        self.run(UNKNOWN)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def add_columns(self, sync: str) -> None:
        """Add the columns of properties that have joined the mapping since the tables were made."""
        found = self.connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = ?", [sync]
        ).fetchall()
        for table in ("acks", "delivered", "dead"):
            for name in self.properties:
                if (table, name) not in found:
                    self.run(f"alter table {{s}}.{table} add column {quoted(name)} varchar")

    def run(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Execute SQL in which `{s}` stands for the schema and `{columns}` for the properties."""
        text = sql.format(s=self.schema, columns=self.columns)
        return self.connection.execute(text, parameters)

    def one(self, sql: str, parameters: Any = None) -> Any:
        """Return the first value of the first row."""
        row = self.run(sql, parameters).fetchone()
        return row[0] if row else None

    def rows(self, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
        """Return all rows as mappings by column name."""
        cursor = self.run(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def fold(self) -> None:
        """Bring the acks into `delivered` and `dead`, in one transaction."""
        if not self.one("select count(*) from {s}.acks"):
            return
        self.run("begin")
        self.run("""
            create or replace temp table latest as
            select distinct on (record_key) *
            from {s}.acks
            where state <> 'open'
            order by record_key, batch_id desc
        """)
        # A record that was refused keeps what was delivered before.
        self.run("""
            delete from {s}.delivered
            where record_key in (select record_key from latest where state <> 'refused')
        """)
        self.run("""
            insert into {s}.delivered by name
            select record_key, remote_id, acked_at as delivered_at, {columns}
            from latest
            where state = 'delivered' and operation <> 'remove'
        """)
        self.run("delete from {s}.dead where record_key in (select record_key from latest)")
        self.run("""
            insert into {s}.dead by name
            select record_key, operation, reason, acked_at as refused_at, {columns}
            from latest
            where state = 'refused'
        """)
        # A delivery settles whatever was sent before it; a refusal settles only itself.
        self.run("""
            delete from {s}.attempts
            using latest
            where
                attempts.record_key = latest.record_key
                and attempts.batch_id <= latest.batch_id
                and (latest.state <> 'refused' or attempts.batch_id = latest.batch_id)
        """)
        self.run("delete from {s}.acks")
        self.run("commit")
        self.run("drop table latest")

    def start_run(self, counts: dict[str, int]) -> int:
        """Write down that a push begins; returns its number."""
        run_id = (self.one("select max(run_id) from {s}.runs") or 0) + 1
        self.run(
            "insert into {s}.runs (run_id, pid, started_at, adds, updates, removes)"
            " values (?, ?, ?, ?, ?, ?)",
            [run_id, os.getpid(), now(), counts["add"], counts["update"], counts["remove"]],
        )
        return run_id

    def finish_run(self, run_id: int, **values: Any) -> None:
        """Write down how a push ended."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.run(
            f"update {{s}}.runs set finished_at = ?, {names} where run_id = ?",
            [now(), *values.values(), run_id],
        )

    def next_batch_id(self) -> int:
        """Return a batch number above every one in use."""
        return 1 + (
            self.one(
                "select max(batch_id) from (select batch_id from {s}.attempts"
                " union all select batch_id from {s}.acks)"
            )
            or 0
        )

    def attempt(self, run_id: int, place: tuple[int, int, int]) -> None:
        """Commit that a batch is about to be sent; `place` is its number and its positions."""
        batch_id, first, last = place
        self.run(
            "insert into {s}.attempts select ?, ?, record_key, changed, ? from changes"
            " where position between ? and ?",
            [batch_id, run_id, now(), first, last],
        )

    def acknowledge(self, place: tuple[int, int, int], outcomes: list[Outcome]) -> None:
        """Append what became of the records of a batch."""
        batch_id, first, last = place
        parts = [[getattr(one, name) for one in outcomes] for name in OUTCOME_FIELDS]
        self.run(
            """
            insert into {s}.acks by name
            select
                ? as batch_id, record_key, operation, answer.state,
                coalesce(answer.remote_id, changes.remote_id) as remote_id,
                answer.reason, ? as acked_at, {columns}
            from changes
            inner join (
                select
                    unnest(?::varchar[]) as record_key, unnest(?::varchar[]) as state,
                    unnest(?::varchar[]) as remote_id, unnest(?::varchar[]) as reason
            ) as answer using (record_key)
            where position between ? and ?
            """,
            [batch_id, now(), *parts, first, last],
        )


OUTCOME_FIELDS = ("key", "state", "remote_id", "reason")

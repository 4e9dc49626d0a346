"""Remember what was sent, what arrived and what was refused, outside of the warehouse.

The ledger is a DuckDB file of its own, or the schema `reverse_etl` of a PostgreSQL database; DuckDB
attaches either, so both are read and written by the same SQL. Its tables, all by sync:

- `sync_run`: one row per push;
- `delivered`: per record key what the destination holds of us, as hashes, and its remote id;
- `outbox`: what is still to be sent (`pending`) with its payload, and what waits for a person or
  for another payload: `dead` (refused), `held` (sent, but nobody knows whether it arrived, where
  sending it again could do harm), `dropped` (a person said never mind);
  a refused remove of somebody who must not be contacted is not `dead` but `owed`, and goes out
  again in every run until it succeeds;
- `departed`: who was delivered, or sent without an answer, and is in neither of these any more, so
  that `forget` finds them; `is_there` when no remove was confirmed;
- `loose`: memberships (a list, a tag, an audience) that what was sent without an answer may have
  left behind, when a record wants others by now: they are taken back before anything comes;
- `attempt`: record, batch and changed fields, committed before a batch goes on the wire;
- `ack`: what became of each record, append-only, written as the answers come in;
- `account`: to which remote account all of it was sent; what went to another account before is
  kept as that of the sync `<sync>@<account>`;
- `source_state`: which build of its source each sync pushed last;
- `suppression`: keyed hashes of people who were forgotten and must never be sent again, also kept
  in a file apart; `secret`: a fingerprint of what they are keyed with;
- `watermark`, `pulled`: how far `pull` has read, and hashes of what the rows said.

An attempt without an ack is a record whose state nobody knows (a crash, a lost answer): inflight.
The next push sends its fields again, whatever it believes the destination holds, or holds it when
the destination is not idempotent; after such a remove whoever comes back is added whole. `fold`
brings the acks into `delivered` and `outbox`.
"""

import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts.targets import load_postgres
from scripts.warehouse import literal

from .destination import Outcome
from .errors import ConfigError, LockedError
from .locks import FENCED, LOST, fence_sql, is_postgres
from .people import Forgotten

TABLES = """
create schema if not exists {t};
create table if not exists {t}.sync_run (
    sync varchar, run_id bigint, pid bigint, started_at timestamp, finished_at timestamp,
    outcome varchar, adds bigint, updates bigint, removes bigint, delivered bigint,
    refused bigint, open bigint, requests bigint, note varchar
);
create table if not exists {t}.delivered (
    sync varchar, record_key varchar, person varchar, remote_id varchar, payload_hash varchar,
    field_hashes varchar, delivered_at timestamp
);
create table if not exists {t}.outbox (
    sync varchar, record_key varchar, person varchar, operation varchar, state varchar,
    payload varchar, payload_hash varchar, field_hashes varchar, reason varchar,
    updated_at timestamp
);
create table if not exists {t}.departed (
    sync varchar, record_key varchar, person varchar, remote_id varchar, field_hashes varchar,
    is_there boolean
);
create table if not exists {t}.loose (
    sync varchar, record_key varchar, remote_id varchar, payload varchar
);
create table if not exists {t}.attempt (
    sync varchar, run_id bigint, batch_id bigint, record_key varchar, changed varchar,
    attempted_at timestamp
);
create table if not exists {t}.ack (
    sync varchar, run_id bigint, batch_id bigint, record_key varchar, state varchar,
    remote_id varchar, reason varchar, acked_at timestamp
);
create table if not exists {t}.account (
    sync varchar, account varchar, since timestamp
);
create table if not exists {t}.source_state (
    sync varchar, as_of timestamp, build varchar, pushed_at timestamp
);
create table if not exists {t}.secret (fingerprint varchar);
create table if not exists {t}.suppression (
    person varchar, reason varchar, suppressed_at timestamp
);
create table if not exists {t}.watermark (
    source varchar, table_name varchar, pulled_until timestamp, pulled_at timestamp
);
create table if not exists {t}.pulled (
    source varchar, table_name varchar, record_id varchar, row_hash varchar
);
"""
# Attempts that no answer settled: their fields may or may not hold what was sent.
UNKNOWN = """(
    select
        attempt.record_key,
        list_distinct(flatten(list(string_split(attempt.changed, ',')))) as fields
    from {t}.attempt as attempt
    anti join {t}.ack as ack
        on ack.sync = attempt.sync and ack.batch_id = attempt.batch_id
        and ack.record_key = attempt.record_key and ack.state <> 'open'
    where attempt.sync = {sync}
    group by attempt.record_key
)"""
MARK = "md5(concat_ws('|', loose.remote_id, loose.payload))"
AGAIN = "?"  # the payload's hash of what is to go out whole; the hashes of its fields stay
ENDED = "*"  # stands among the changed fields of an attempt that was a remove
BATCHES_OF_A_RUN = 1_000_000  # a batch number is the run's number times this, and counts on
OWED = "must not be contacted"  # why a remove has to succeed, in the outbox until it is answered
MEMORY_LIMIT = "2GB"


def now() -> datetime:
    """Return the current instant in UTC, without a zone, as the ledger stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def forgotten_beside(address: str) -> Path:
    """Return where the list of the forgotten is: beside the ledger, or in data for a database."""
    given = os.environ.get("AUDIENCE_FORGOTTEN")
    beside = Path("data") if is_postgres(address) else Path(address).parent
    return Path(given) if given else beside / "forgotten.txt"


def attach(connection: duckdb.DuckDBPyConnection, address: str, name: str) -> None:
    """Attach a ledger under a name; raises LockedError or ConfigError."""
    place = literal(address)
    try:
        if is_postgres(address):
            load_postgres(connection)
            connection.execute(f"attach {place} as {name} (type postgres)")
        else:
            connection.execute(f"attach {place} as {name}")
    except duckdb.Error as problem:
        if is_postgres(address):  # its text can hold the password
            raise ConfigError("The ledger's PostgreSQL database cannot be attached.") from None
        if re.search(r"set lock|different configuration", str(problem)):
            raise LockedError(f"The ledger cannot be opened: {problem}") from None
        raise


class Ledger:
    """One sync's rows in an open ledger; `connection` is used for the diff as well.

    `address` None is an empty ledger in memory, for looking at what a first push would do.
    """

    def __init__(self, address: str | None, sync: str, *, forgotten: Path | None = None) -> None:
        self.sync, self.address = sync, address
        if forgotten is None and address is not None:
            forgotten = forgotten_beside(address)
        self.forgotten = Forgotten(forgotten)
        self.connection = duckdb.connect()
        # Of its own: two that spill into one folder take each other's files away.
        self.spill = tempfile.TemporaryDirectory(prefix="audiences-", ignore_cleanup_errors=True)
        self.connection.execute(
            "set enable_progress_bar = false; set preserve_insertion_order = false;"
            f" set memory_limit = '{MEMORY_LIMIT}';"
            f" set temp_directory = '{self.spill.name}'"
        )
        attach(self.connection, address or ":memory:", "ledger")
        if address and not is_postgres(address):
            Path(address).chmod(0o600)  # it holds e-mail addresses
        self.forgotten.prepare(self.connection)
        self.run(TABLES)
        if address and is_postgres(address):
            self.put_up_fences()
        self.check_secret()
        self.know_the_forgotten()

    def put_up_fences(self) -> None:
        """Have PostgreSQL check the lease with every write, where it does not yet."""
        there = self.value(
            "select count(*) from postgres_query('ledger', 'select tgname from pg_trigger')"
            " where tgname = 'fence'"
        )
        if there < len(FENCED):
            for statement in fence_sql():
                self.run("call postgres_execute('ledger', ?)", [statement])

    def check_secret(self) -> None:
        """Raise ConfigError when people are hashed here under another secret.

        In a ledger that is older than the secret the plain hashes give way to keyed ones.
        """
        known, mine = self.value("select fingerprint from {t}.secret"), self.forgotten.fingerprint
        if known == mine:
            return
        if known is not None:
            raise ConfigError(
                "The ledger was written with another AUDIENCE_SECRET (or the file "
                f"{self.forgotten.path} and its .secret are those of another one). Set that one."
            )
        keyed = "sha256(getvariable('secret') || person)"
        with self.transaction():
            for table in ("delivered", "outbox", "suppression"):
                self.run(f"update {{t}}.{table} set person = {keyed} where person is not null")
            self.run("insert into {t}.secret values (?)", [mine])

    def know_the_forgotten(self) -> None:
        """Bring the list of who was forgotten and the ledger together, whichever was lost."""
        listed = self.forgotten.hashes()
        held = [row[0] for row in self.run("select person from {t}.suppression").fetchall()]
        if missing := sorted(set(listed) - set(held)):
            self.run(
                "insert into {t}.suppression select unnest(?::varchar[]), 'forgotten', ?",
                [missing, now()],
            )
        self.forgotten.remember(held)

    def forget(self, names: list[str]) -> None:
        """Keep that nobody with one of these names, of their kinds, may ever be sent again."""
        hashes = [
            row[0]
            for row in self.run(
                "select distinct keyed(name) from (select unnest(?::varchar[]) as name)",
                [names],
            ).fetchall()
        ]
        self.forgotten.remember(hashes)
        self.know_the_forgotten()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.spill.cleanup()

    def run(
        self, sql: str, parameters: Any = None, *, difference: duckdb.DuckDBPyRelation | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Execute SQL in which `{t}` stands for the ledger's schema and `{sync}` for the sync.

        `{unknown}` are the records, with their fields, of which nobody knows what became.

        A `difference` can be selected from by this name: DuckDB looks it up among the parameters
        of this function.
        """
        name = literal(self.sync)
        text = sql.replace("{unknown}", UNKNOWN)
        text = text.replace("{t}", "ledger.reverse_etl").replace("{sync}", name)
        try:
            return self.connection.execute(text, parameters)
        except duckdb.Error as problem:
            if LOST in str(problem):
                raise LockedError(
                    f"Another process took over {self.sync} while this one did not answer. "
                    "Nothing more was sent; the next push goes on."
                ) from None
            raise

    def value(self, sql: str, parameters: Any = None) -> Any:
        """Return the first value of the first row."""
        row = self.run(sql, parameters).fetchone()
        return row[0] if row else None

    def rows(self, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
        """Return all rows as mappings by column name."""
        cursor = self.run(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one step."""
        self.run("begin")
        try:
            yield
        except BaseException:
            self.run("rollback")
            raise
        self.run("commit")

    def fold(self) -> None:
        """Bring the answers into `delivered` and `outbox`, in one transaction.

        Idempotent: an answer counts while its attempt is there, and folding it ends the attempt.
        """
        self.run(
            """
            create or replace temp table latest as
            select distinct on (ack.record_key) ack.*
            from {t}.ack as ack
            semi join {t}.attempt as attempt
                on attempt.sync = ack.sync and attempt.batch_id = ack.batch_id
                and attempt.record_key = ack.record_key
            where ack.sync = {sync} and ack.state <> 'open'
            order by ack.record_key, ack.batch_id desc
            """
        )
        if not self.value("select count(*) from latest"):
            return
        sent = """
            from latest inner join {t}.outbox as outbox
            on outbox.record_key = latest.record_key and outbox.sync = {sync}
        """
        # Read before anything is deleted; a record that was refused keeps what was delivered.
        self.run(
            f"""
            create or replace temp table arrived as
            select
                latest.record_key, outbox.person,
                coalesce(latest.remote_id, old.remote_id) as remote_id,
                outbox.payload_hash, outbox.field_hashes, latest.acked_at as delivered_at,
                outbox.operation
            {sent}
            left join {{t}}.delivered as old
                on old.record_key = latest.record_key and old.sync = {{sync}}
            where latest.state in ('delivered', 'noted')
            """
        )
        self.run(
            f"""
            create or replace temp table refused as
            select
                latest.record_key, outbox.person, outbox.operation,
                case when outbox.reason = '{OWED}' then 'owed' else 'dead' end as state,
                -- As long as an earlier request may have left something, it says what.
                case
                    when
                        outbox.operation = 'remove'
                        or latest.record_key in (select record_key from {{unknown}})
                        then outbox.payload
                end as payload,
                outbox.payload_hash, outbox.field_hashes, latest.reason,
                latest.acked_at as updated_at
            {sent}
            where latest.state = 'refused'
            """
        )
        with self.transaction():
            self.run(
                """
                delete from {t}.departed as old
                using arrived
                where
                    old.sync = {sync} and old.record_key = arrived.record_key
                    and (old.remote_id is null or old.remote_id = arrived.remote_id)
                """
            )
            self.run(
                """
                insert into {t}.departed by name
                select {sync} as sync, *, false as is_there from (
                    select
                        arrived.record_key, coalesce(arrived.person, old.person) as person,
                        arrived.remote_id, old.field_hashes
                    from arrived
                    left join {t}.delivered as old
                        on old.record_key = arrived.record_key and old.sync = {sync}
                    where arrived.operation = 'remove'
                ) as gone
                """
            )
            self.run(
                """
                delete from {t}.delivered
                where sync = {sync} and record_key in (select record_key from arrived)
                """
            )
            # A remove that turns out to have emptied the record of somebody who stays.
            self.run(
                """
                update {t}.delivered as held set payload_hash = '', field_hashes = '{}'
                from arrived
                where
                    held.sync = {sync} and arrived.operation = 'remove'
                    and held.remote_id = arrived.remote_id
                    and held.delivered_at < arrived.delivered_at
                """
            )
            self.run(
                """
                insert into {t}.delivered by name
                select {sync} as sync, * exclude (operation) from arrived
                where operation <> 'remove'
                """
            )
            self.run(
                """
                delete from {t}.outbox
                where sync = {sync} and record_key in (select record_key from latest)
                """
            )
            self.run("insert into {t}.outbox by name select {sync} as sync, * from refused")
            # A delivery settles whatever was sent before it; a refusal settles only itself.
            self.run(
                """
                delete from {t}.attempt as attempt
                using latest
                where
                    attempt.sync = {sync}
                    and attempt.record_key = latest.record_key
                    and attempt.batch_id <= latest.batch_id
                    and (latest.state <> 'refused' or attempt.batch_id = latest.batch_id)
                """
            )

    def hold_unknown(self) -> None:
        """Give what may have arrived to a person: sending it again could do harm.

        Its attempts end here, so that from now on only `dead retry` sends it again.
        """
        self.run("create or replace temp table doubtful as select record_key from {unknown}")
        if not self.value("select count(*) from doubtful"):
            return
        with self.transaction():
            self.run(
                """
                update {t}.outbox
                set
                    state = 'held', payload = null, updated_at = ?,
                    reason = 'sent, but nobody knows whether it arrived'
                where
                    sync = {sync} and state = 'pending'
                    and record_key in (select record_key from doubtful)
                """,
                [now()],
            )
            self.run(
                """
                delete from {t}.attempt
                where sync = {sync} and record_key in (select record_key from doubtful)
                """
            )

    def settle_dead(self, action: str, ids: list[str]) -> None:
        """Have refused and held records go out again (`retry`), or wait unlisted (`drop`)."""
        meant = """sync = {sync} and state in ('dead', 'held')
            and list_contains(?, substr(md5(record_key), 1, 8))"""
        self.keep_departed(meant, [ids])
        self.run(
            f"delete from {{t}}.outbox where {meant}"
            if action == "retry"
            else f"update {{t}}.outbox set state = 'dropped' where {meant}",
            [ids],
        )

    def turns(self, keys: list[str]) -> dict[str, int]:
        """Return the number of the batch that was answered last, by record."""
        return dict(
            self.run(
                """
                select record_key, max(batch_id) from {t}.ack
                where
                    sync = {sync} and state <> 'open'
                    and record_key in (select unnest(?::varchar[]))
                group by record_key
                """,
                [keys],
            ).fetchall()
        )

    def keep_departed(self, condition: str, parameters: Any = None) -> None:
        """Keep for `forget` who may be there, before rows of the outbox (by SQL) are deleted."""
        self.run(
            f"""
            insert into {{t}}.departed by name
            select
                sync, record_key, person, null::varchar as remote_id, field_hashes,
                true as is_there
            from {{t}}.outbox
            where
                sync = {{sync}} and {condition}
                and (
                    state in ('held', 'dropped')
                    or record_key in (select record_key from {{unknown}})
                )
                and record_key not in (
                    select record_key from {{t}}.departed where sync = {{sync}} and is_there
                )
            """,
            parameters,
        )

    def keep_loose(
        self,
        difference: duckdb.DuckDBPyRelation,
        membership_fields: Collection[str],
        places: Collection[str],
    ) -> None:
        """Keep what it takes to end memberships that may be there, and that nobody wants now.

        Of a remove that nobody confirmed the remote id, when the record comes back with others; of
        anything else that nobody confirmed the values, when others take their place, or when one
        of `places` means another now: a payload has what it meant then.
        """
        if not membership_fields:
            return
        other = " or ".join(
            f"json_extract_string(old.field_hashes, '$.\"{name}\"') is distinct from"
            f" json_extract_string(difference.field_hashes, '$.\"{name}\"')"
            for name in sorted(membership_fields)
        )
        moved = " or ".join(
            f"json_extract_string(old.payload, '$.\"{name}\"')"
            f" <> json_extract_string(difference.payload, '$.\"{name}\"')"
            for name in sorted(places)
        )
        for table, kept, condition in (
            ("delivered", "old.remote_id, null", f"difference.operation = 'add' and ({other})"),
            (
                "outbox",
                "null, old.payload",
                "old.operation <> 'remove' and old.payload is not null"
                f" and ({other} or {moved or 'false'})",
            ),
        ):
            self.run(
                f"""
                insert into {{t}}.loose
                select {{sync}}, difference.record_key, {kept}
                from difference
                inner join (select * from {{t}}.{table} where sync = {{sync}}) as old
                    on old.record_key = difference.record_key
                where
                    difference.operation is not null and {condition}
                    and difference.record_key in (select record_key from {{unknown}})
                except select sync, record_key, remote_id, payload from {{t}}.loose
                """,
                difference=difference,
            )

    def tried(self, keys: list[str]) -> dict[str, str]:
        """Return what was sent last of records that are to be removed, without an answer."""
        return dict(
            self.run(
                """
                select record_key, payload from {t}.outbox
                where
                    sync = {sync} and operation = 'remove' and payload is not null
                    and record_key in (select unnest(?::varchar[]))
                """,
                [keys],
            ).fetchall()
        )

    def loose(self, difference: duckdb.DuckDBPyRelation) -> list[tuple[int, str, str, str, str]]:
        """Return what is to be taken back: position, key, remote id, payload and a mark of both."""
        return self.run(
            f"""
            select position, record_key, loose.remote_id, loose.payload, {MARK}
            from difference inner join {{t}}.loose as loose using (record_key)
            where loose.sync = {{sync}} and operation is not null
            order by all
            """,
            difference=difference,
        ).fetchall()

    def settle_loose(self, marks: list[tuple[str, str]], names: list[str], identities: str) -> None:
        """Forget what was taken back, by key and mark.

        Whoever else has one of the `names` there went with it, and has to be sent again.
        """
        self.run(
            f"""
            update {{t}}.delivered set payload_hash = '', field_hashes = '{{}}'
            where
                sync = {{sync}} and list_has_any({identities}, ?::varchar[])
                and record_key not in (select unnest(?::varchar[]))
            """,
            [names, [key for key, _ in marks]],
        )
        for key, mark in marks:
            self.run(
                f"delete from {{t}}.loose where sync = {{sync}} and record_key = ? and {MARK} = ?",
                [key, mark],
            )

    def fill_outbox(
        self,
        difference: duckdb.DuckDBPyRelation,
        membership_fields: Collection[str] = (),
        places: Collection[str] = (),
    ) -> None:
        """Put the changes into the outbox; what was pending before is superseded by them.

        Who shares a remote record with somebody that leaves counts as not delivered from here on,
        so that a crash between the two does not leave the record empty.
        """
        with self.transaction():
            self.run(
                """
                update {t}.delivered set payload_hash = '', field_hashes = '{}'
                where
                    sync = {sync}
                    and record_key in (select record_key from difference where is_shared)
                """,
                difference=difference,
            )
            self.keep_loose(difference, membership_fields, places)
            # What was sent without an answer says whom a remove means, as long as no id does.
            self.run(
                """
                create or replace temp table tried as
                select record_key, payload from {t}.outbox
                where
                    sync = {sync} and payload is not null
                    and (operation = 'remove' or record_key in (select record_key from {unknown}))
                """
            )
            # Refused people who left, and of whom nothing is there, are history. What has to wait
            # because only a few are sent (it has a hash and no operation) keeps its place.
            self.keep_departed("true")
            self.run(
                """
                delete from {t}.outbox
                where
                    sync = {sync}
                    and record_key not in (
                        select record_key from difference
                        where
                            operation is null
                            and (payload_hash is not null or state not in ('pending', 'owed'))
                    )
                """,
                difference=difference,
            )
            self.run(
                """
                insert into {t}.outbox by name
                select
                    {sync} as sync, record_key, person, operation, 'pending' as state,
                    case when operation = 'remove' then tried.payload else difference.payload end
                        as payload,
                    payload_hash, field_hashes, ?::timestamp as updated_at,
                    case when operation = 'remove' and is_barred then ? end as reason
                from difference left join tried using (record_key)
                where operation is not null
                """,
                [now(), OWED],
                difference=difference,
            )

    def start_run(self, counts: dict[str, int]) -> int:
        """Write down that a push begins; returns its number."""
        run_id = (self.value("select max(run_id) from {t}.sync_run where sync = {sync}") or 0) + 1
        self.run(
            "insert into {t}.sync_run by name select {sync} as sync, ? as run_id, ? as pid,"
            " ?::timestamp as started_at, ? as adds, ? as updates, ? as removes",
            [run_id, os.getpid(), now(), counts["add"], counts["update"], counts["remove"]],
        )
        return run_id

    def finish_run(self, run_id: int, **values: Any) -> None:
        """Write down how a push ended."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.run(
            f"update {{t}}.sync_run set finished_at = ?, {names}"
            " where sync = {sync} and run_id = ?",
            [now(), *values.values(), run_id],
        )

    def attempt(
        self,
        difference: duckdb.DuckDBPyRelation,
        run_id: int,
        batch_id: int,
        positions: list[int],
    ) -> None:
        """Commit that a batch is about to be sent; `positions` are its rows of the difference."""
        self.run(
            "insert into {t}.attempt"
            " select {sync}, ?, ?, record_key, array_to_string(changed, ',')"
            f" || case operation when 'remove' then ',{ENDED}' else '' end, ?::timestamp"
            " from difference where position between ? and ?"
            " and position in (select unnest(?::bigint[]))",
            [run_id, batch_id, now(), positions[0], positions[-1], positions],
            difference=difference,
        )

    def withdraw(self, batch_id: int) -> None:
        """Forget that the rest of a batch was to be sent: nothing of it was on the wire."""
        self.run(
            """
            delete from {t}.attempt
            where
                sync = {sync} and batch_id = ?
                and record_key not in (
                    select record_key from {t}.ack where sync = {sync} and batch_id = ?
                )
            """,
            [batch_id, batch_id],
        )

    def acknowledge(self, run_id: int, batch_id: int, outcomes: list[Outcome]) -> None:
        """Append what became of the records of a batch."""
        parts = [[getattr(outcome, name) for outcome in outcomes] for name in ACK_FIELDS]
        self.run(
            """
            insert into {t}.ack by name
            select
                {sync} as sync, ? as run_id, ? as batch_id, ?::timestamp as acked_at,
                unnest(?::varchar[]) as record_key, unnest(?::varchar[]) as state,
                unnest(?::varchar[]) as remote_id, unnest(?::varchar[]) as reason
            """,
            [run_id, batch_id, now(), *parts],
        )


ACK_FIELDS = ("key", "state", "remote_id", "reason")

"""Compare what the warehouse wants with what the ledger says was delivered, in SQL."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from .config import Sync
from .destination import OPERATIONS
from .errors import ConfigError, LockedError, mask
from .ledger import Ledger

WAREHOUSE_PATIENCE_SECONDS = 10.0
KEY_SEPARATOR = "|"


@dataclass(frozen=True)
class Sample:
    """One change to show: the masked key, and the new value by field (None empties it)."""

    operation: str
    address: str
    values: dict[str, str | None]


@dataclass
class Diff:
    """What a push would do.

    `counts` are records by operation and `fields` records by field and operation; `known` are all
    records the destination may hold; `again` were sent before without an answer; `dead` and `held`
    wait; `suppressed` source rows are people whom nothing may reach, `suppressed_removes` those of
    them that were delivered before; `without_key` and `merged` are source rows that are not sent.
    """

    source_rows: int = 0
    as_of: datetime | None = None
    known: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    again: int = 0
    dead: int = 0
    held: int = 0
    suppressed: int = 0
    suppressed_removes: int = 0
    without_key: int = 0
    merged: int = 0

    @property
    def total(self) -> int:
        """The number of records to send."""
        return sum(self.counts.values())


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def compare(ledger: Ledger, sync: Sync) -> Diff:
    """Fill the ledger connection's temporary tables and return what is in them.

    `wanted` is the source, `present` all keys that are wanted or may be at the destination, and
    `changes` one row per record to send. The warehouse is open, read-only, in here and nowhere
    else. Raises ConfigError when it, its table or a column is missing, and LockedError while
    something writes to it.
    """
    attach_warehouse(ledger, sync)
    try:
        diff = read_source(ledger, sync)
    finally:
        ledger.run("detach warehouse_source")
    find_changes(ledger, sync)
    count_changes(ledger, sync, diff)
    return diff


def attach_warehouse(ledger: Ledger, sync: Sync) -> None:
    """Attach the warehouse, waiting a little for a writer to finish."""
    if not sync.warehouse.exists():
        raise ConfigError(
            f"There is no warehouse at {sync.warehouse}. Run `dbt build` first, or name "
            "another file with --warehouse or AUDIENCE_WAREHOUSE."
        )
    path = str(sync.warehouse).replace("'", "''")
    deadline = time.monotonic() + WAREHOUSE_PATIENCE_SECONDS
    while True:
        try:
            ledger.connection.execute(f"attach '{path}' as warehouse_source (read_only)")
            return
        except duckdb.Error as problem:
            if "lock" not in str(problem).lower():
                raise ConfigError(f"{sync.warehouse} cannot be read: {problem}") from None
        if time.monotonic() > deadline:
            raise LockedError(
                f"Something writes to {sync.warehouse} (a dbt run?). Try again when it is done."
            )
        time.sleep(0.2)


def columns_of(ledger: Ledger, table: str) -> dict[str, str]:
    """Return the columns of a warehouse table and their types; empty when there is no such table.

    A view names its warehouse, so what it cannot find is told apart from what is not there.
    """
    try:
        found = ledger.run(f"describe warehouse_source.{table}").fetchall()
    except duckdb.CatalogException:
        return {}
    return {row[0]: row[1] for row in found}


def encoded(column: str, kind: str) -> str:
    """Return SQL that writes a column as JSON holds it; an empty text is nothing."""
    name = f"source.{quoted(column)}"
    if kind.startswith("TIMESTAMP WITH"):
        name, kind = f"({name} at time zone 'UTC')", "TIMESTAMP"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    if kind == "DATE":
        return f"strftime({name}, '%Y-%m-%d')"
    if kind.startswith("DECIMAL"):
        return f"cast({name} as double)"
    if kind in ("BOOLEAN", "DOUBLE", "FLOAT") or "INT" in kind:
        return name
    return f"nullif(cast({name} as varchar), '')"


def kind_of(kind: str) -> str:
    """Return what a type is called in `doctor`: text, number, boolean, instant or date."""
    if kind.startswith("TIMESTAMP"):
        return "instant"
    if kind in ("BOOLEAN", "DATE"):
        return kind.lower()
    number = kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or "INT" in kind
    return "number" if number else "text"


def read_source(ledger: Ledger, sync: Sync) -> Diff:
    """Fill `wanted`: one row per key, encoded values, nobody who must not be reached."""
    kinds = columns_of(ledger, sync.source)
    if not kinds:
        raise ConfigError(
            f"{sync.warehouse} has no table {sync.source}. Run `dbt build` first, or correct "
            f"the source of {sync.name} in sync.yml."
        )
    missing = sorted({*sync.key, *sync.fields} - set(kinds))
    if missing:
        raise ConfigError(f"{sync.source} has no column {missing}; it has {sorted(kinds)}.")
    parts = [f"nullif(lower(trim(cast(source.{quoted(one)} as varchar))), '')" for one in sync.key]
    key = f" || '{KEY_SEPARATOR}' || ".join(parts)
    # A person is known by address; where the source has none, by the key.
    address = "lower(trim(cast(source.email as varchar)))" if "email" in kinds else key
    values = ", ".join(
        f"{encoded(column, kinds[column])} as {quoted(one.to)}"
        for column, one in sync.fields.items()
    )
    barred = suppressions(ledger, sync, kinds)
    table = f"warehouse_source.{sync.source} as source"
    as_of = "max(source.as_of)" if "as_of" in kinds else "null"
    rows, keys, stopped, at = ledger.run(
        f"select count(*), count({key}), count(*) filter ({barred} and {key} is not null), {as_of}"
        f" from {table}"
    ).fetchone()
    ledger.run(
        f"""
        create or replace temp table barred as
        select distinct {key} as record_key from {table} where {barred} and {key} is not null
        """
    )
    ledger.run(
        f"""
        create or replace temp table wanted as
        select {key} as record_key, sha256({address}) as person, {values}
        from {table}
        where {key} is not null and not ({barred})
        """
    )
    merge_twins(ledger, sync)
    kept = ledger.one("select count(*) from wanted")
    return Diff(
        source_rows=rows,
        as_of=at,
        without_key=rows - keys,
        suppressed=stopped,
        merged=keys - stopped - kept,
    )


def merge_twins(ledger: Ledger, sync: Sync) -> None:
    """Keep one of the rows with the same key (two people, one address): always the same one."""
    ledger.run(
        """
        create or replace temp table twins as
        select record_key from wanted group by record_key having count(*) > 1
        """
    )
    if not ledger.one("select count(*) from twins"):
        return
    ledger.run(
        f"""
        create or replace temp table kept as
        select distinct on (record_key) *
        from wanted
        semi join twins on twins.record_key = wanted.record_key
        order by {", ".join(["record_key", *(quoted(one) for one in sync.remote)])}
        """
    )
    ledger.run("delete from wanted where record_key in (select record_key from twins)")
    ledger.run("insert into wanted select * from kept")


def suppressions(ledger: Ledger, sync: Sync, kinds: dict[str, str]) -> str:
    """Return the SQL condition that a source row is about somebody whom nothing may reach.

    The marts leave such people out already. It is asked again here, because this is the last
    moment, and because a mart of somebody's own may not.
    """
    barred = ["false"]
    if "profile_id" in kinds and sync.suppressions:
        if "profile_id" not in columns_of(ledger, sync.suppressions):
            raise ConfigError(
                f"{sync.warehouse} has no table {sync.suppressions} with a profile_id, so nobody "
                "knows who must not be contacted. Run `dbt build`, or set `suppressions:` of "
                f"{sync.name} to another table, or to null where nobody can be harmed."
            )
        table = f"warehouse_source.{sync.suppressions}"
        barred.append(f"source.profile_id in (select profile_id from {table})")
    for consent in ("is_consented", "has_consent"):
        if consent in kinds:
            barred.append(f"source.{consent} is not true")
    if "email" in kinds and ledger.one("select count(*) from {t}.suppression"):
        barred.append(
            "sha256(lower(trim(cast(source.email as varchar)))) in"
            " (select person from {t}.suppression)"
        )
    return f"coalesce({' or '.join(barred)}, false)"


def find_changes(ledger: Ledger, sync: Sync) -> None:
    """Fill `present` and `changes`: what to send, its payload, and where it stands in the queue.

    A field's hash is kept while its value must not be sent: a null under never_clear, and anything
    under set_if_empty once it was delivered. `changed` lists the fields whose hash differs from the
    delivered one, or whose last delivery nobody confirmed.
    """
    hashes = ", ".join(
        f"substr(md5(cast(wanted.{quoted(name)} as varchar)), 1, 16)" for name in sync.remote
    )
    names = ",".join(sync.remote)
    payload = ", ".join(f"'{name}', wanted.{quoted(name)}" for name in sync.remote)
    ranks = " ".join(f"when '{one}' then {rank}" for rank, one in enumerate(OPERATIONS))
    after, changed = [], []
    for position, (name, policy) in enumerate(sync.remote.items(), start=1):
        new, old = f"hashes[{position}]", f"json_extract_string(old_hashes, '$.\"{name}\"')"
        doubt = f"list_contains(doubtful, '{name}')"
        value = {
            "always": new,
            "never_clear": f"coalesce({new}, {old})",
            "set_if_empty": f"coalesce({old}, {new})",
        }[policy]
        # A null must not go out under never_clear even when an earlier value is in doubt.
        doubtful = doubt if policy == "always" else f"({doubt} and {new} is not null)"
        after.append(f"'{name}', {value}")
        changed.append(
            f"case when ({value}) is distinct from {old} or {doubtful} then '{name}' end"
        )
    cleared = ", ".join(f"'{name}'" for name, policy in sync.remote.items() if policy == "always")
    ledger.run(
        """
        create or replace temp table known as
        select
            coalesce(delivered.record_key, unknown.record_key) as record_key,
            delivered.record_key is not null as is_delivered,
            coalesce(unknown.fields, []) as doubtful,
            unknown.record_key is not null as is_doubtful,
            delivered.person, delivered.remote_id, delivered.payload_hash,
            coalesce(delivered.field_hashes, '{}') as field_hashes
        from (select * from {t}.delivered where sync = {sync}) as delivered
        full outer join unknown on delivered.record_key = unknown.record_key
        """
    )
    ledger.run(
        """
        create or replace temp table present as
        select record_key from wanted union select record_key from known
        """
    )
    ledger.run(
        f"""
        create or replace temp table differing as
        with hashed as (
            select
                wanted.record_key, wanted.person, [{hashes}] as hashes,
                md5('{names}' || cast(hashes as varchar)) as payload_hash
            from wanted
        ),
        -- Most people did not change: they leave here, before any field is looked at.
        joined as (
            select
                coalesce(hashed.record_key, known.record_key) as record_key,
                coalesce(hashed.person, known.person) as person,
                known.remote_id,
                coalesce(known.is_doubtful, false) as is_doubtful,
                case
                    when hashed.record_key is null then 'remove'
                    when known.is_delivered then 'update'
                    else 'add'
                end as operation,
                hashed.hashes,
                coalesce(hashed.payload_hash, '') as payload_hash,
                coalesce(known.field_hashes, '{{}}') as old_hashes,
                coalesce(known.doubtful, []) as doubtful
            from hashed
            full outer join known on hashed.record_key = known.record_key
            where
                hashed.payload_hash is distinct from known.payload_hash
                or known.is_doubtful or hashed.record_key is null
        ),
        differing as (
            select
                * exclude (hashes, old_hashes, doubtful),
                case
                    when operation = 'remove' then [{cleared}]
                    else list_filter([{", ".join(changed)}], lambda name: name is not null)
                end as changed,
                cast(json_object({", ".join(after)}) as varchar) as field_hashes
            from joined
        )
        select differing.*
        from differing
        anti join (select * from {{t}}.outbox where sync = {{sync}} and state <> 'pending') as waits
            on waits.record_key = differing.record_key
            and (waits.operation = 'remove') = (differing.operation = 'remove')
            and waits.payload_hash is not distinct from differing.payload_hash
        where differing.operation <> 'update' or len(differing.changed) > 0
        """
    )
    # In steps, and the order among keys alone: a sort of whole payloads would not fit in memory.
    ledger.run(
        f"""
        create or replace temp table queue as
        select
            record_key,
            row_number() over (order by case operation {ranks} end, record_key) as position
        from differing
        """
    )
    ledger.run(
        f"""
        create or replace temp table changes as
        select
            differing.*, queue.position, cast(json_object({payload}) as varchar) as payload
        from differing
        inner join queue on differing.record_key = queue.record_key
        left join wanted on differing.record_key = wanted.record_key
        """
    )
    ledger.run("drop table differing; drop table queue; drop table wanted")


def count_changes(ledger: Ledger, sync: Sync, diff: Diff) -> None:
    """Count the changes by operation and field."""
    names = list(sync.remote)
    diff.counts = dict.fromkeys(OPERATIONS, 0)
    diff.fields = {name: dict.fromkeys(OPERATIONS, 0) for name in names}
    holding = ", ".join(f"count(*) filter (list_contains(changed, '{name}'))" for name in names)
    for operation, count, doubtful, *by_field in ledger.run(
        f"select operation, count(*), count(*) filter (is_doubtful), {holding}"
        " from changes group by operation"
    ).fetchall():
        diff.counts[operation] = count
        diff.again += doubtful
        for name, number in zip(names, by_field, strict=True):
            diff.fields[name][operation] = number
    diff.known = ledger.one("select count(*) from known")
    diff.suppressed_removes = ledger.one(
        """
        select count(*) from changes
        where operation = 'remove' and (
            record_key in (select record_key from barred)
            or person in (select person from {t}.suppression)
        )
        """
    )
    waiting = dict(
        ledger.run(
            """
            select state, count(*)
            from {t}.outbox as outbox
            anti join changes on changes.record_key = outbox.record_key
            semi join present on present.record_key = outbox.record_key
            where sync = {sync} and state in ('dead', 'held')
            group by state
            """
        ).fetchall()
    )
    diff.dead, diff.held = waiting.get("dead", 0), waiting.get("held", 0)


def limit(ledger: Ledger, diff: Diff, count: int) -> None:
    """Keep only the first changes, for a first try on a few records."""
    ledger.run("delete from changes where position > ?", [count])
    found = dict(
        ledger.run("select operation, count(*) from changes group by operation").fetchall()
    )
    diff.counts = {one: found.get(one, 0) for one in OPERATIONS}


def samples(ledger: Ledger, count: int) -> list[Sample]:
    """Return a few changes of each operation, keys masked."""
    found = []
    for operation in OPERATIONS:
        rows = ledger.run(
            "select record_key, changed, payload from changes where operation = ?"
            " order by position limit ?",
            [operation, count],
        ).fetchall()
        for key, changed, payload in rows:
            values = json.loads(payload) if operation != "remove" else {}
            kept = {name: values.get(name) for name in changed}
            found.append(Sample(operation, masked(key), kept))
    return found


def masked(key: str) -> str:
    """Return a key with its addresses masked; what has several parts shows its first."""
    return KEY_SEPARATOR.join(
        mask(part) if "@" in part or position or KEY_SEPARATOR not in key else part
        for position, part in enumerate(key.split(KEY_SEPARATOR))
    )

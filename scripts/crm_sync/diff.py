"""Compare what the warehouse wants with what the ledger says was delivered, in SQL."""

import time
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from .config import Settings
from .destination import VERBS
from .errors import ConfigError, LockedError, mask
from .ledger import Ledger, quoted

OPERATIONS = ("add", "update", "remove")
WAREHOUSE_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Sample:
    """One change to show: the masked address and (old, new) by property."""

    operation: str
    address: str
    values: dict[str, tuple[str | None, str | None]]


@dataclass
class Diff:
    """What a push would do.

    `counts` are records by operation and `fields` records by property and operation; `known` are
    all records the CRM may hold; `again` were sent before without an answer; `dead` were refused
    and did not change since; `without_key` and `merged` are source rows that are not sent.
    """

    source_rows: int = 0
    as_of: datetime | None = None
    known: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    again: int = 0
    dead: int = 0
    without_key: int = 0
    merged: int = 0

    @property
    def total(self) -> int:
        """The number of records to send."""
        return sum(self.counts.values())


def compare(ledger: Ledger, settings: Settings) -> Diff:
    """Fill the ledger connection's temporary table `changes` and return what is in it.

    The warehouse is open, read-only, in here and nowhere else. Raises ConfigError when it, its
    table or a column is missing, and LockedError while something writes to it.
    """
    attach_warehouse(ledger, settings)
    try:
        diff, source = describe_source(ledger, settings)
        find_changes(ledger, source)
    finally:
        ledger.run("detach warehouse_source")
    count_changes(ledger, diff)
    return diff


def attach_warehouse(ledger: Ledger, settings: Settings) -> None:
    """Attach the warehouse, waiting a little for a writer to finish."""
    if not settings.warehouse.exists():
        raise ConfigError(
            f"There is no warehouse at {settings.warehouse}. Run `dbt build` first, or name "
            "another file with --warehouse or AUDIENCE_WAREHOUSE."
        )
    path = str(settings.warehouse).replace("'", "''")
    deadline = time.monotonic() + WAREHOUSE_PATIENCE_SECONDS
    while True:
        try:
            ledger.connection.execute(f"attach '{path}' as warehouse_source (read_only)")
            return
        except duckdb.Error as problem:
            if "lock" not in str(problem).lower():
                raise ConfigError(f"{settings.warehouse} cannot be read: {problem}") from None
        if time.monotonic() > deadline:
            raise LockedError(
                f"Something writes to {settings.warehouse} (a dbt run?). Try again when it is done."
            )
        time.sleep(0.2)


def describe_source(ledger: Ledger, settings: Settings) -> tuple[Diff, str]:
    """Return the counts of the source and the query for it: one row per key, encoded values."""
    table = f"warehouse_source.{settings.source}"
    try:
        kinds = {row[0]: row[1] for row in ledger.run(f"describe {table}").fetchall()}
    except duckdb.Error:
        raise ConfigError(
            f"{settings.warehouse} has no table {settings.source}. Run `dbt build` first, or set "
            "source in sync.yml."
        ) from None
    missing = sorted({settings.key, *settings.fields} - set(kinds))
    if missing:
        raise ConfigError(f"{settings.source} has no column {missing}; it has {sorted(kinds)}.")
    key = f"nullif(lower(trim({quoted(settings.key)})), '')"
    values = ", ".join(
        f"{settings.destination.encode(quoted(column), kinds[column])} as {quoted(name)}"
        for column, name in settings.fields.items()
    )
    as_of = "max(as_of)" if "as_of" in kinds else "null"
    rows, keys, different, at = ledger.run(
        f"select count(*), count({key}), count(distinct {key}), {as_of} from {table}"
    ).fetchone()
    query = f"select {key} as record_key, {values} from {table} where {key} is not null"
    if keys > different:  # two people, one address: always the same one is kept
        query = f"select distinct on (record_key) * from ({query}) order by record_key, {{columns}}"
    return Diff(rows, at, without_key=rows - keys, merged=keys - different), query


def find_changes(ledger: Ledger, source: str) -> None:
    """Fill `changes`: one row per record to send, its values, and where it stands in the queue.

    `changed` lists the properties whose value differs from what was delivered, or whose last
    delivery nobody confirmed. A null is in it only in those two cases, and an empty string is sent
    for it then; a null that was never sent is never sent.
    """
    names = ledger.properties
    wanted = ", ".join(f"source.{quoted(name)}" for name in names)
    changed = ", ".join(
        f"case when source.{quoted(name)} is distinct from known.{quoted(name)}"
        f" or list_contains(known.doubtful, '{name}') then '{name}' end"
        for name in names
    )
    same = " and ".join(
        f"differing.{quoted(name)} is not distinct from dead.{quoted(name)}" for name in names
    )
    ranks = " ".join(f"when '{verb}' then {rank}" for rank, verb in enumerate(VERBS))
    ledger.run(
        f"""
        create or replace temp table changes as
        with source as ({source}),
        known as (
            select
                coalesce(delivered.record_key, unknown.record_key) as record_key,
                delivered.record_key is not null as is_delivered,
                unknown.fields as doubtful,
                delivered.* exclude (record_key, delivered_at)
            from {{s}}.delivered
            full outer join unknown using (record_key)
        ),
        differing as (
            select
                coalesce(source.record_key, known.record_key) as record_key,
                known.remote_id,
                known.doubtful is not null as is_doubtful,
                case
                    when source.record_key is null then 'remove'
                    when known.is_delivered then 'update'
                    else 'add'
                end as operation,
                case
                    when source.record_key is null then 'clear'
                    when known.remote_id is not null then 'update'
                    else 'upsert'
                end as verb,
                {wanted},
                list_filter([{changed}], lambda name: name is not null) as changed
            from source
            full outer join known on source.record_key = known.record_key
            where operation = 'add' or len(changed) > 0
        )
        select *, row_number() over (order by case verb {ranks} end, record_key) as position
        from differing
        anti join {{s}}.dead
            on dead.record_key = differing.record_key
            and (dead.operation = 'remove') = (differing.operation = 'remove')
            and {same}
        """
    )
    if not ledger.one("select count(*) from {s}.dead"):
        return
    ledger.run(  # refused people who have left, and of whom the CRM holds nothing, are history
        f"""
        delete from {{s}}.dead
        where
            record_key not in (select record_key from ({source}))
            and record_key not in (select record_key from {{s}}.delivered)
            and record_key not in (select record_key from unknown)
        """
    )


def count_changes(ledger: Ledger, diff: Diff) -> None:
    """Count the changes by operation and property."""
    names = ledger.properties
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
    diff.known = ledger.one("select count(*) from {s}.delivered") + ledger.one(
        "select count(*) from unknown anti join {s}.delivered using (record_key)"
    )
    diff.dead = ledger.one("select count(*) from {s}.dead anti join changes using (record_key)")


def samples(ledger: Ledger, count: int) -> list[Sample]:
    """Return a few changes of each operation, addresses masked."""
    new = ", ".join(f"picked.{quoted(name)}" for name in ledger.properties)
    old = ", ".join(f"delivered.{quoted(name)}" for name in ledger.properties)
    found = []
    for operation in OPERATIONS:
        rows = ledger.run(
            f"""
            with picked as (
                select * from changes where operation = ? order by position limit ?
            )
            select picked.record_key, picked.changed, [{old}], [{new}]
            from picked
            left join {{s}}.delivered using (record_key)
            order by picked.position
            """,
            [operation, count],
        ).fetchall()
        for key, changed, before, after in rows:
            both = zip(ledger.properties, before, after, strict=True)
            values = {name: (was, will) for name, was, will in both if name in changed}
            found.append(Sample(operation, mask(key), values))
    return found

"""Erase a person: at the destination, in the ledger, in exports, and for good."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.errors import PersonNeeded
from scripts.targets import ParquetWarehouse

from .account import check_account
from .config import Sync
from .destination import Record, Refused, Stop, Transient
from .diff import KEY_SEPARATOR, attached_warehouse, columns_of, named_columns, quoted, text_of
from .errors import ConfigError
from .ledger import Ledger
from .people import NAMED
from .transport import Transport

TABLES = ("delivered", "outbox", "attempt", "ack")  # those that hold a record's key


@dataclass
class Forgotten:
    """What `forget` did at one destination: `erased`, `emptied` our fields, or `nothing` there.

    `records` counts what was known of the person, `rows` what left exports and pulled files.
    `elsewhere` are syncs of other destinations or accounts that the ledger still has records of.
    """

    sync: str
    records: int
    outcome: str
    rows: int
    elsewhere: list[str]
    problem: str | None = None


def forget_in(ledger: Ledger, sync: Sync, given: str, raw_path: Path | None) -> Forgotten:
    """Erase whoever is `given` (an address, profile id, record key or remote id); see `forget`.

    Raises ConfigError when that names several people.
    """
    names, problem = names_of(ledger, sync, given)
    ledger.forget(names)
    rows = rows_of(ledger, names)
    mine = [row for row in rows if row["sync"].partition(":")[2] == sync.place]
    others = sorted({row["sync"] for row in rows if row not in mine})
    found = Forgotten(sync.name, len(mine), "nothing", 0, others, problem)
    exports = [sync.warehouse.folder] if isinstance(sync.warehouse, ParquetWarehouse) else []
    for folder, pattern in [*((export, "*") for export in exports), (raw_path, "pulled-*")]:
        found.rows += erase_rows(ledger, folder, pattern, names) if folder else 0
    try:
        if mine:
            check_account(ledger, sync)
            found.outcome = "erased" if erase(sync, mine) else "emptied"
    except (Transient, Refused, Stop) as failed:
        found.outcome, found.problem = "kept", f"{failed}. Run forget again."
        return found
    for row in mine:
        for table in TABLES:
            ledger.run(
                f"delete from {{t}}.{table} where sync = ? and record_key = ?",
                [row["sync"], row["record_key"]],
            )
    return found


def names_of(ledger: Ledger, sync: Sync, given: str) -> tuple[list[str], str | None]:
    """Return every name of the person, and why that may not be all of them.

    The ledger knows records, the warehouse other addresses and ids of the same profile; a name
    that several people share (a reception's address) is left out of those.
    """
    direct = rows_of(ledger, [given])
    if len({row["person"] for row in direct if row["person"]}) > 1:
        raise ConfigError(
            f"That names several people of {sync.name}. Give an address, a profile id or a whole "
            "record key."
        )
    names = [given, *(name for row in direct for name in key_names(row["record_key"]))]
    try:
        with attached_warehouse(ledger, sync):
            return [*names, *names_in_warehouse(ledger, sync, names)], None
    except PersonNeeded as problem:
        return names, f"Other names of the person are not known: {problem}"


def key_names(key: str) -> list[str]:
    """Return what names a person in a record key: all of it, and an address that is a part."""
    return [key, *(part for part in key.split(KEY_SEPARATOR) if "@" in part)]


def names_in_warehouse(ledger: Ledger, sync: Sync, names: list[str]) -> list[str]:
    """Return the other names of a person in the warehouse's identity tables and in the source."""
    kinds = columns_of(ledger, sync.source)
    columns = [text_of(column) for column in named_columns(sync, kinds)] if kinds else []
    found = list(names)
    identities = f"{(sync.suppressions or 'marts.').partition('.')[0]}.profile_identifiers"
    if "identifier_value" in columns_of(ledger, identities):
        table = f"warehouse_source.{identities}"
        found += column_of(
            ledger,
            f"""
            with hit as (
                select distinct profile_id from {table}
                where suppression_reason is null
                and (profile_id in ({NAMES}) or name_of(identifier_value) in ({NAMES}))
            )
            select identifier_value from {table}
            where suppression_reason is null and profile_id in (select profile_id from hit)
            union select profile_id from hit
            """,
            found,
        )
    if columns:
        is_meant = " or ".join(f"name_of({column}) in ({NAMES})" for column in columns)
        listed = ", ".join(columns)
        found += column_of(
            ledger,
            f"select unnest([{listed}]) from warehouse_source.{sync.source} as source"
            f" where {is_meant}",
            found,
        )
    return [name for name in dict.fromkeys(found) if name]


NAMES = "select name_of(unnest(getvariable('names')))"


def column_of(ledger: Ledger, sql: str, names: list[str]) -> list[str]:
    """Return the one column of a query that knows `names`."""
    ledger.run("set variable names = ?::varchar[]", [names])
    return [row[0] for row in ledger.run(sql).fetchall()]


def rows_of(ledger: Ledger, names: list[str]) -> list[dict[str, Any]]:
    """Return the person's records of every sync: sync, record_key, person, remote_id, fields."""
    ledger.run("set variable names = ?::varchar[]", [names])
    named = f"""(
        person in (select person_of(unnest(getvariable('names'))))
        or name_of(record_key) in ({NAMES})
        or list_has_any(
            list_transform(string_split(record_key, '{KEY_SEPARATOR}'), lambda part: name_of(part)),
            (select list(name_of(name)) from (select unnest(getvariable('names')) as name))
        )
    )"""
    return ledger.rows(
        f"""
        select
            sync, record_key, max(person) as person, max(remote_id) as remote_id,
            max(field_hashes) as field_hashes
        from (
            select sync, record_key, person, remote_id, field_hashes from {{t}}.delivered
            where {named} or remote_id in (select unnest(getvariable('names')))
            union all
            select sync, record_key, person, null, field_hashes from {{t}}.outbox where {named}
        ) as found
        group by sync, record_key
        order by sync, record_key
        """
    )


def erase(sync: Sync, rows: list[dict[str, Any]]) -> bool:
    """Erase at the destination, or take back what we wrote; returns whether it was erased."""
    destination = sync.destination
    with Transport(destination, timeout_seconds=sync.timeout_seconds) as transport:
        erased = [
            destination.erase(transport.call, row["record_key"], row["remote_id"]) for row in rows
        ]
        if all(erased):
            return True
        records = [
            Record(
                row["record_key"],
                row["remote_id"],
                dict.fromkeys(json.loads(row["field_hashes"] or "{}")),
                {},
            )
            for row in rows
        ]
        outcomes = destination.send(transport.call, "remove", records)
    refused = [outcome.reason for outcome in outcomes if outcome.state != "delivered"]
    if refused:
        raise Refused(str(refused[0]))
    return False


def erase_rows(ledger: Ledger, folder: Path, pattern: str, names: list[str]) -> int:
    """Take the rows that name a person out of Parquet files; returns how many.

    An address counts in any column, an id in those that hold ids of people. A file changes whole
    or not at all, and what is left of it only its owner can read.
    """
    gone = 0
    for pages in folder.rglob(".pull"):  # of a pull that broke off: the next one begins anew
        shutil.rmtree(pages)
    for path in sorted(folder.rglob(f"{pattern}.parquet")):
        kinds = ledger.run("describe select * from read_parquet(?)", [str(path)]).fetchall()
        texts = [name for name, kind, *_ in kinds if kind == "VARCHAR"]
        is_meant = " or ".join(
            f"coalesce(name_of({quoted(name)}) in ({NAMES}), false)"
            + ("" if name.lower() in NAMED else f" and {quoted(name)} like '%@%'")
            for name in texts
        )
        ledger.run("set variable names = ?::varchar[]", [names])
        count = ledger.value(
            f"select count(*) from read_parquet(?) where {is_meant or 'false'}", [str(path)]
        )
        if not count:
            continue
        draft = path.with_suffix(".part")
        ledger.run("create or replace temp table left_over as from read_parquet(?)", [str(path)])
        ledger.run(f"delete from left_over where {is_meant}")
        ledger.run("copy left_over to ? (format parquet)", [str(draft)])
        ledger.run("drop table left_over")
        draft.replace(path)
        gone += count
    return gone

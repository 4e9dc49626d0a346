"""Erase a person: at the destination, in the ledger, in exports, and for good."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.errors import PersonNeeded
from scripts.targets import ParquetWarehouse

from .account import check_account
from .config import Sync
from .destination import Destination, Record, Refused, Stop, Transient
from .diff import (
    all_text_of,
    attached_warehouse,
    columns_of,
    identity_columns,
    key_kind,
    may_hold_text,
    part_of_key,
    text_of,
    values_of,
)
from .errors import ConfigError
from .ledger import Ledger
from .people import KINDS, NAMED
from .sending import given
from .transport import Transport

TABLES = (
    "delivered",
    "departed",
    "outbox",
    "attempt",
    "ack",
    "loose",
)  # those that hold a record's key


@dataclass
class Forgotten:
    """What `forget` did at one destination: `erased`, `emptied` our fields, or `nothing` there.

    `noted` is only in the ledger, where the destination takes nothing back and a person has to.

    `records` counts what was known of the person, `rows` what left exports and pulled files.
    `elsewhere` are other syncs that the ledger still has records of. `is_known` is false when
    neither the ledger nor the warehouse nor a file knows the name; `note` says what could not be
    looked up.
    """

    sync: str
    records: int
    outcome: str
    rows: int
    elsewhere: list[str]
    problem: str | None = None
    is_known: bool = True
    note: str | None = None


def forget_in(ledger: Ledger, sync: Sync, given: str, raw_path: Path | None) -> Forgotten:
    """Erase whoever is `given` (an address, profile id, record key or remote id); see `forget`.

    Raises ConfigError when that names several people.
    """
    names, is_known, problem, note = names_of(ledger, sync, given)
    ledger.forget(names)
    rows = rows_of(ledger, sync, names)
    mine = [row for row in rows if row["is_mine"]]
    others = sorted({row["sync"] for row in rows if not row["is_mine"]})
    found = Forgotten(sync.name, len(mine), "nothing", 0, others, problem, note=note)
    exports = [sync.warehouse.folder] if isinstance(sync.warehouse, ParquetWarehouse) else []
    for folder, pattern in [*((export, "*") for export in exports), (raw_path, "pulled-*")]:
        found.rows += erase_rows(ledger, folder, pattern, names) if folder else 0
    found.is_known = bool(is_known or rows or found.rows)
    try:
        if mine:
            check_account(ledger, sync)
            found.outcome = erase(ledger, sync, mine)
            if found.outcome == "noted":
                found.problem = (
                    f"{sync.destination.name} takes nothing back: delete by hand what was sent."
                )
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


def names_of(
    ledger: Ledger, sync: Sync, given: str
) -> tuple[list[str], bool, str | None, str | None]:
    """Return every name of the person, whether any is known, and why that may not be all of them:
    what went wrong, and what the warehouse does not know.

    The ledger knows records, the warehouse other addresses and ids of the same profile; a name
    that several people share (a reception's address) is left out of those. An id without a kind
    may be one of any kind, as long as all that know it mean one person.
    """
    problem = None
    try:
        with attached_warehouse(ledger, sync):
            found = [
                all_names(ledger, sync, name, in_warehouse=True)
                for name in meanings(ledger, sync, given)
            ]
    except PersonNeeded as raised:
        problem = f"Other names of the person are not known: {raised}"
        found = [
            all_names(ledger, sync, name, in_warehouse=False)
            for name in meanings(ledger, sync, given)
        ]
    known = [names for names, held, in_warehouse in found if held or in_warehouse]
    if not ledger.value("select is_address(?)", [given]):  # an id, before it is a short address
        known = [names for names in known if ":" in names[0]] or known
    note = None
    if known and not problem and not any(in_warehouse for *_, in_warehouse in found):
        note = (
            "The warehouse does not know this name: what the ledger has of it was found, other "
            "addresses and ids of the person could not be. If there are any, forget them as well."
        )
    if any(not set(known[0]) & set(names) for names in known[1:]):
        kinds = " or ".join(names[0].rpartition(":")[0] for names in known)
        raise ConfigError(
            f"That names several people of {sync.name}, by {kinds}. Write the kind before it, as "
            "in `user_id:12`, or give an address."
        )
    names = dict.fromkeys(name for names in known or [found[0][0]] for name in names)
    return list(names), bool(known), problem, note


def meanings(ledger: Ledger, sync: Sync, given: str) -> list[str]:
    """Return what a name may mean: an address as it is, or else an id of each kind."""
    kinds = [*KINDS, "remote", key_kind(sync)]
    kind, _, value = given.partition(":")
    chosen = [(kind, value)] if kind in kinds else [(kind, given) for kind in kinds]
    if "@" in given:
        chosen.append(("email", given))
    names = [ledger.value("select name_as(?, ?)", list(pair)) for pair in chosen]
    return list(dict.fromkeys(filter(None, names))) or [f"{key_kind(sync)}:{given}"]


def all_names(
    ledger: Ledger, sync: Sync, name: str, *, in_warehouse: bool
) -> tuple[list[str], bool, bool]:
    """Return a name with all others of the person, itself first, and whether ledger and warehouse
    know it.

    Raises ConfigError when several people have it.
    """
    rows = rows_of(ledger, sync, [name])
    if len({row["person"] for row in rows if row["person"]}) > 1:
        raise ConfigError(
            f"That names several people of {sync.name}. Give an address, a profile id or a whole "
            "record key."
        )
    names = [name, *(other for row in rows for other in row["names"])]
    found = names_in_warehouse(ledger, sync, names) if in_warehouse else []
    return list(dict.fromkeys(filter(None, [*names, *found]))), bool(rows), bool(found)


def key_names(sync: Sync) -> str:
    """Return SQL of what names a person in a record key: all of it, and ids and addresses in it."""
    parts = [
        f"name_as('{kind}', {part_of_key(sync, position)})"
        for position, column in enumerate(sync.key, start=1)
        for kind in NAMED.get(column.lower(), ())
    ]
    whole = f"name_as('{key_kind(sync)}', record_key)"
    return f"list_distinct({ADDRESSES} || [{', '.join([whole, *parts])}])"


ADDRESSES = """list_transform(
    list_filter(string_split(record_key, '|'), lambda part: is_address(part)),
    lambda part: name_of(part_out(part))
)"""


def names_in_warehouse(ledger: Ledger, sync: Sync, names: list[str]) -> list[str]:
    """Return what the identity tables and the source call a person; empty for an unknown one.

    Of a list in the source all are names of the row's person, but those that the identity tables
    call another's.
    """
    kinds = columns_of(ledger, sync.source)
    columns, lists = [], []
    for column, held in (identity_columns(sync, kinds) if kinds else {}).items():
        if kinds[column].endswith("[]"):
            lists += [names_inside(kind, column, kinds[column]) for kind in held]
        else:
            columns += [f"name_as('{kind}', {text_of(column)})" for kind in held]
    others = "select null"
    found: list[str] = []
    identities = f"{(sync.suppressions or 'marts.').partition('.')[0]}.profile_identifiers"
    if "identifier_value" in columns_of(ledger, identities):
        table = f"warehouse_source.{identities}"
        found += column_of(
            ledger,
            f"""
            with hit as (
                select distinct profile_id from {table}
                where suppression_reason is null and (
                    name_as('profile_id', profile_id) in ({NAMES})
                    or name_as(identifier_type, identifier_value) in ({NAMES})
                )
            )
            select name_as(identifier_type, identifier_value) from {table}
            where suppression_reason is null and profile_id in (select profile_id from hit)
            union select name_as('profile_id', profile_id) from hit
            """,
            names,
        )
        others = f"""
            select name_as(identifier_type, identifier_value) from {table}
            where suppression_reason is null and name_as('profile_id', profile_id) not in ({NAMES})
            union select name_as('profile_id', profile_id) from {table}
        """
    if columns or lists:
        is_meant = [f"{column} in ({NAMES})" for column in columns]
        is_meant += [f"list_has_any({names_held}, {GIVEN})" for names_held in lists]
        found += column_of(
            ledger,
            f"""
            with meant as (
                select [{", ".join(columns)}]::varchar[] as names,
                    flatten([{", ".join([*lists, "[]"])}]::varchar[][]) as listed
                from warehouse_source.{sync.source} as source
                where {" or ".join(f"coalesce({part}, false)" for part in is_meant)}
            )
            select unnest(names) from meant
            union all
            select name from (select unnest(listed) as name from meant)
            where name in ({NAMES})
                or name not in (select * from ({others}) as theirs(name) where name is not null)
            """,
            [*names, *found],
        )
    return found


GIVEN = "getvariable('names')"
NAMES = f"select unnest({GIVEN})"


def names_inside(kind: str, column: str, held: str) -> str:
    """Return SQL for the names that a list, or a list of lists, holds; `held` is its type."""
    return f"list_transform({values_of(column, held)}, lambda value: name_as('{kind}', value))"


def column_of(ledger: Ledger, sql: str, names: list[str]) -> list[str]:
    """Return the one column of a query that knows `names`."""
    ledger.run("set variable names = ?::varchar[]", [names])
    return [row[0] for row in ledger.run(sql).fetchall()]


def rows_of(ledger: Ledger, sync: Sync, names: list[str]) -> list[dict[str, Any]]:
    """Return the person's records: sync, record_key, person, remote_ids, field_hashes, names.

    `is_mine` are those of this sync, and those of a former one of the place that have the address
    in their key: what else another sync's keys and remote ids name, only that sync knows.
    `is_there` is false when a remove was confirmed.
    """
    ledger.run("set variable names = ?::varchar[]", [names])
    return ledger.rows(
        f"""
        with held as (
            select
                sync, record_key, person, remote_id, field_hashes, true as is_there,
                null as payload
            from {{t}}.delivered
            union all
            select sync, record_key, person, remote_id, field_hashes, is_there, null
            from {{t}}.departed
            union all
            select sync, record_key, person, null, field_hashes, true, payload from {{t}}.outbox
            union all
            select sync, record_key, null, null, null, true, null from {{t}}.attempt
            union all
            select sync, record_key, null, remote_id, null, true, payload from {{t}}.loose
        ),
        named as (
            select
                *, sync = {{sync}} as is_own,
                list_has_any({ADDRESSES}, getvariable('names')) as by_address,
                case when sync = {{sync}} then {key_names(sync)} else {ADDRESSES} end as names
            from held
        ),
        meant as (
            select distinct sync, record_key from named
            where
                by_address
                or {str(sync.contains_people).lower()} and (
                    person in (select keyed(name) from ({NAMES} as name) where name like '%@%')
                    or is_own and list_has_any(names, getvariable('names'))
                    or is_own and 'remote:' || remote_id in ({NAMES})
                    or is_own and ({was_delivered(sync)})
                )
        )
        select
            sync, record_key, max(person) as person, list(distinct remote_id) as remote_ids,
            list(distinct payload) as payloads,
            max(field_hashes) as field_hashes, bool_or(is_there) as is_there,
            any_value(names) as names,
            sync = {{sync}}
            or (bool_or(by_address) and substr(sync, strpos(sync, ':') + 1) = ?) as is_mine
        from named
        semi join meant using (sync, record_key)
        group by sync, record_key
        order by sync, record_key
        """,
        [sync.place],
    )


def was_delivered(sync: Sync) -> str:
    """Return SQL that one of the names went out in a field: its hash is kept.

    So a person is found by an id that is no part of the key, when no warehouse knows it any more.
    """
    found = ["false"]
    for column, held in identity_columns(sync, dict.fromkeys(sync.fields, "")).items():
        kept = f"json_extract_string(field_hashes, '$.\"{sync.fields[column].to}\"')"
        for kind in held:
            name = "name" if kind == "email" else f"substr(name, {len(kind) + 2})"
            is_kind = "like '%@%'" if kind == "email" else f"like '{kind}:%'"
            found.append(
                f"{kept} in (select substr(md5({name}), 1, 16) from ({NAMES} as name)"
                f" where name {is_kind})"
            )
    return " or ".join(found)


def erase(ledger: Ledger, sync: Sync, rows: list[dict[str, Any]]) -> str:
    """Erase at the destination, or take back what we wrote; returns which, see `Forgotten`.

    One record that is refused keeps no other of the person: it is raised when all were asked.
    """
    destination, refused, asked = sync.destination, [], []
    records = [record for row in rows for record in records_of(row, destination)]
    with Transport(destination, timeout_seconds=sync.timeout_seconds) as transport:
        for record in records:
            try:
                is_erased = (
                    destination.erase_sent(transport.call, record)
                    if record.whole
                    else destination.erase(transport.call, record.key, record.remote_id)
                )
                asked.append((record, is_erased))
            except Refused as problem:
                refused.append(problem)
        outcome = "erased"
        if not all(is_erased for _, is_erased in asked):
            there = {row["record_key"] for row in rows if row["is_there"]}
            records = [record for record, _ in asked if record.key in there]
            outcome = take_back(ledger, sync, transport, records) if records else "emptied"
        for problem in refused:
            raise problem
        return outcome


def records_of(row: dict[str, Any], destination: Destination) -> list[Record]:
    """Return what a person may be there as: by each remote id, and by what was sent without one.

    Where a record is nothing but a membership, what was sent later may be there beside the first.
    """
    ids = [remote_id for remote_id in row["remote_ids"] or [] if remote_id]
    sent = [given(payload) for payload in row["payloads"] or [] if payload]
    if ids and "leave" not in destination.phases:
        sent = []
    names = {name for whole in sent for name in whole} | set(
        json.loads(row["field_hashes"] or "{}")
    )
    values = dict.fromkeys(sorted(names))
    records = [Record(row["record_key"], remote_id, values, {}) for remote_id in ids]
    records += [Record(row["record_key"], None, values, whole) for whole in sent if whole]
    return records or [Record(row["record_key"], None, values, {})]


def take_back(ledger: Ledger, sync: Sync, transport: Transport, records: list[Record]) -> str:
    """Send removes, as a run of its own; raises Refused when one is refused.

    Returns `noted` when the destination cannot be told of one, else `emptied`.
    """
    run_id = ledger.start_run({"add": 0, "update": 0, "remove": len(records)})
    sync.destination.begin(sync.name, run_id)
    outcome = "failed"
    try:
        outcomes = sync.destination.send(transport.call, "remove", records)
        sync.destination.end()
        states = {outcome.state for outcome in outcomes}
        if left := states - {"delivered", "noted"}:
            reasons = [o.reason for o in outcomes if o.state in left]
            raise Refused(reasons[0] or "no reason given")
        outcome = "forgotten"
    finally:
        ledger.finish_run(
            run_id,
            outcome=outcome,
            delivered=len(records) if outcome == "forgotten" else 0,
            refused=0,
            open=0,
            requests=transport.requests,
        )
    return "noted" if "noted" in states else "emptied"


def erase_rows(ledger: Ledger, folder: Path, pattern: str, names: list[str]) -> int:
    """Take the rows that name a person out of Parquet files; returns how many.

    An address counts in any column, and inside a list or a structure, an id in those that hold ids
    of people. A file changes whole or not at all, and what is left of it only its owner can read.
    """
    gone = 0
    for pages in folder.rglob(".pull"):  # of a pull that broke off: the next one begins anew
        shutil.rmtree(pages)
    for path in sorted(folder.rglob(f"{pattern}.parquet")):
        kinds = ledger.run("describe select * from read_parquet(?)", [str(path)]).fetchall()
        is_meant = " or ".join(
            f"coalesce({part}, false)" for part in naming({name: kind for name, kind, *_ in kinds})
        )
        ledger.run("set variable names = ?::varchar[]", [names])
        count = ledger.value(
            f"select count(*) from read_parquet(?) as source where {is_meant or 'false'}",
            [str(path)],
        )
        if not count:
            continue
        draft = path.with_suffix(".part")
        ledger.run("create or replace temp table left_over as from read_parquet(?)", [str(path)])
        ledger.run(f"delete from left_over as source where {is_meant}")
        ledger.run("copy left_over to ? (format parquet)", [str(draft)])
        ledger.run("drop table left_over")
        draft.replace(path)
        gone += count
    return gone


def naming(columns: dict[str, str]) -> Iterator[str]:
    """Yield SQL that a row of columns of these types names a person."""
    for column, held in columns.items():
        kinds = NAMED.get(column.lower(), ("email",))
        if held == "VARCHAR":
            yield from (f"name_as('{kind}', {text_of(column)}) in ({NAMES})" for kind in kinds)
        elif (
            held.endswith("[]")
            and "(" not in held
            and (column.lower() in NAMED or "VARCHAR" in held)
        ):
            yield from (
                f"list_has_any({names_inside(kind, column, held)}, {GIVEN})" for kind in kinds
            )
        elif may_hold_text(held):
            yield f"list_has_any(addresses_in({all_text_of(column, held)}), {GIVEN})"
    if columns.get("identifier_type") == columns.get("identifier_value") == "VARCHAR":
        yield f"name_as(source.identifier_type, source.identifier_value) in ({NAMES})"

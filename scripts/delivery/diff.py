"""Compare what the warehouse wants with what the ledger says was delivered, in SQL."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb

from scripts.warehouse import attach_warehouse, fingerprint, literal

from .config import Sync
from .destination import OPERATIONS
from .errors import ConfigError, mask, redact
from .ledger import AGAIN, ENDED, Ledger
from .people import NAMED, SIGNS

KEY_SEPARATOR = "|"
# The table behind the relation that find_difference returns; nobody else reads it by name.
DIFFERENCE = "difference_found"
# SQL of an identifier as it is compared.
NORMAL = """case
    when identifier_type = 'phone' then phone_of(identifier_value)
    when identifier_type = 'email' then name_of(identifier_value)
    else id_of(identifier_value) end"""
DIGITS_OF_A_DOUBLE = 15
CONSENTS = ("is_consented", "has_consent")


@dataclass(frozen=True)
class Sample:
    """One change to show: the masked key, and the new value by field (None empties it)."""

    operation: str
    address: str
    values: dict[str, str | None]


@dataclass
class Diff:
    """What a push would do.

    `build` is a fingerprint of the source's rows, and `bars` of the tables that say who must not be
    reached, by table. `counts` are records by operation and `fields` records by field and
    operation; `known` are all records the destination may hold; `blanked`
    are updates that empty a field, by field; `again` were sent before without an answer; `dead`
    and `held` wait; `repeated` are updates with the values of the last one, which go out again;
    `consents` are source rows that say yes or no (None without such a column); `suppressed` source
    rows are people whom nothing may reach, `suppressed_removes` those of them that were delivered
    before, and `mentioning` those whom only a column bars that names somebody else;
    `nowhere` are rows whose place (an audience) is not in the options, by its name, empty for none;
    `without_key`, `merged` and `unnamed` (nobody knows about whom they are) are source rows that
    are not sent.
    """

    source_rows: int = 0
    as_of: datetime | None = None
    build: str = ""
    bars: dict[str, str] = field(default_factory=dict)
    known: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    blanked: dict[str, int] = field(default_factory=dict)
    consents: int | None = None
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    again: int = 0
    dead: int = 0
    held: int = 0
    suppressed: int = 0
    suppressed_removes: int = 0
    mentioning: int = 0
    without_key: int = 0
    merged: int = 0
    unnamed: int = 0
    repeated: int = 0
    nowhere: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of records to send."""
        return sum(self.counts.values())


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def find_difference(ledger: Ledger, sync: Sync) -> tuple[duckdb.DuckDBPyRelation, Diff]:
    """Return what the warehouse wants beside what the ledger says was delivered, in one relation.

    It has one row per record that is wanted or may be at the destination:

    - record_key, person, remote_id;
    - operation: add, update or remove; null where nothing is to be sent;
    - position: its place in the queue, from 1 (null without an operation);
    - changed: the fields whose hash differs from the delivered one, or whose last delivery nobody
      confirmed; payload: all values as JSON; payload_hash and field_hashes: what they become;
    - is_known: the destination may hold it; is_doubtful: nobody confirmed its last delivery;
      is_barred: nothing may reach this person; is_about_barred: because of who that is, and not
      only because the row mentions another whom nothing may reach.

    Beside it stands what was counted in the source. The warehouse is open, read-only, in here and
    nowhere else. Raises ConfigError when its table or a column is missing, and a WarehouseError
    when it is missing itself or something writes to it.
    """
    with attached_warehouse(ledger, sync):
        source = read_source(ledger, sync)
        source.build = fingerprint(ledger.connection, f"warehouse_source.{sync.source}")
        source.bars = {
            table: fingerprint(ledger.connection, f"warehouse_source.{table}")
            for table in tables_that_bar(sync)
            if columns_of(ledger, table)
        }
    find_changes(ledger, sync)
    return ledger.connection.table(DIFFERENCE), source


@contextmanager
def attached_warehouse(ledger: Ledger, sync: Sync) -> Iterator[None]:
    """Have the warehouse attached for a while, after waiting a little for a writer to finish."""
    attach_warehouse(ledger.connection, sync.warehouse, "warehouse_source")
    try:
        yield
    finally:
        ledger.run("detach warehouse_source")


def columns_of(ledger: Ledger, table: str) -> dict[str, str]:
    """Return the columns of a warehouse table and their types; empty when there is no such table.

    A view names its warehouse, so what it cannot find is told apart from what is not there.
    """
    try:
        found = ledger.run(f"describe warehouse_source.{table}").fetchall()
    except duckdb.CatalogException:
        return {}
    return {row[0].lower(): row[1] for row in found}


def how_to_build(sync: Sync) -> str:
    """How the tables of the warehouse are made, in a sentence."""
    return getattr(sync.warehouse, "advice", "Run `audiences build` first.")


def encoded(column: str, kind: str, *, as_array: bool = True) -> str:
    """Return SQL that writes a column as JSON holds it.

    An empty text, an empty list, NaN and infinity are nothing. A list stays one where the
    destination has arrays; elsewhere it is text, its values joined by semicolons.
    """
    name = f"source.{quoted(column)}"
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        if inner in ("DOUBLE", "FLOAT", "DATE") or inner.startswith("TIMESTAMP"):
            name = f"list_filter(cast({name} as {inner}[]), lambda value: isfinite(value))"
        some = f"list_filter(cast({name} as varchar[]), lambda value: value <> '')"
        if not as_array:
            return f"nullif(array_to_string({some}, ';'), '')"
        if "INT" in kind or kind.startswith("BOOLEAN"):
            some = f"list_filter({name}, lambda value: value is not null)"
        return f"case when len({some}) > 0 then to_json({some}) end"
    if kind.startswith("TIMESTAMP WITH"):
        name, kind = f"({name} at time zone 'UTC')", "TIMESTAMP"
    if kind.startswith("TIMESTAMP"):
        return f"case when isfinite({name}) then strftime({name}, '%Y-%m-%dT%H:%M:%S.%gZ') end"
    if kind == "DATE":
        return f"case when isfinite({name}) then strftime({name}, '%Y-%m-%d') end"
    if kind.startswith("DECIMAL"):
        if int(kind.removeprefix("DECIMAL(").partition(",")[0]) <= DIGITS_OF_A_DOUBLE:
            return f"cast({name} as double)"
        # An id of many digits: a double would write another one.
        return (
            f"case when {name} = trunc({name}) and abs({name}) >= 1e{DIGITS_OF_A_DOUBLE}"
            f" then cast(cast(trunc({name}) as hugeint) as varchar)::json"
            f" else to_json(cast({name} as double)) end"
        )
    if kind in ("DOUBLE", "FLOAT"):
        return f"case when isfinite({name}) then {name} end"
    if kind == "BOOLEAN" or "INT" in kind:
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


def key_part(sync: Sync, column: str) -> str:
    """Return SQL of a column of the key: an e-mail address has no case, any other name has.

    What is an address in a column of addresses may be an id in another, and an id is never
    rewritten: not in a column of ids, and elsewhere only where a whole domain follows the sign.
    """
    text = f"nullif(trim({text_of(column)}), '')"
    held = identity_columns(sync, {column: ""}).get(column, ())
    if "email" in held or "mail" in f"{column} {remote_of(sync, column)}":
        is_address = f"{text} like '%_@_%'"
    elif held:
        return text
    else:
        is_address = f"is_address({text})"
    return f"case when {is_address} then lower({text}) else {text} end"


def remote_of(sync: Sync, column: str) -> str:
    """Return the remote field that a column goes to, in small letters; empty for none."""
    return sync.fields[column].to.lower() if column in sync.fields else ""


def key_of(sync: Sync) -> str:
    """Return SQL of the record key of a source row; `Destination.key_parts` takes it apart."""
    parts = [key_part(sync, column) for column in sync.key]
    if len(parts) > 1:
        parts = [f"part_in({part})" for part in parts]
    return f" || '{KEY_SEPARATOR}' || ".join(parts)


def part_of_key(sync: Sync, position: int, key: str = "record_key") -> str:
    """Return SQL of one column of a record key, as the source has it."""
    if len(sync.key) == 1:
        return key
    return f"part_out(split_part({key}, '{KEY_SEPARATOR}', {position}))"


def read_source(ledger: Ledger, sync: Sync) -> Diff:
    """Count the source, and put it into `wanted`: one row per key, nobody who must not be reached.

    Those who must not be are in `barred`; find_changes reads both and drops them.
    """
    kinds = columns_of(ledger, sync.source)
    if not kinds:
        raise ConfigError(
            f"{sync.warehouse} has no table {sync.source}. {how_to_build(sync)} Or correct the "
            f"source of {sync.name} in sync.yml."
        )
    missing = sorted({*sync.key, *sync.fields, *sync.where} - set(kinds))
    if missing:
        raise ConfigError(f"{sync.source} has no column {missing}; it has {sorted(kinds)}.")
    for column, values in sync.where.items():
        if kinds[column] == "BOOLEAN" and (odd := sorted({*values} - {"true", "false"})):
            raise ConfigError(
                f"{sync.name}: where.{column} cannot be {odd}, since the column is true or false."
            )
    key = key_of(sync)
    # A person is known by address; where the source has none, by the key.
    addresses = [column for column, held in named_columns(sync, kinds).items() if "email" in held]
    address = f"name_of(coalesce({', '.join([*map(text_of, addresses), 'null'])}))"
    person = f"keyed(coalesce({address}, id_of({key}), {key}))"
    as_array = sync.destination.takes_arrays
    values = ", ".join(
        f"{encoded(column, kinds[column], as_array=as_array)} as {quoted(field.to)}"
        for column, field in sync.fields.items()
    )
    profile = profile_of(ledger, sync, kinds, addresses)
    find_barred(ledger, sync, kinds, (key, person, profile))
    name_the_closed(ledger, sync)
    table = f"{rows_meant(sync)} as source"
    as_of = "max(source.as_of)" if "as_of" in kinds else "null"
    asked = [column for column in CONSENTS if column in kinds]
    consents = (
        f"count(coalesce({', '.join(f'source.{name}' for name in asked)}))" if asked else "null"
    )
    rows, keys, at, consents = ledger.run(
        f"select count(*), count({key}), {as_of}, {consents} from {table}"
    ).fetchone()
    ledger.run(
        f"""
        create or replace temp table wanted as
        select * exclude (barred_profile, is_closed) from (
            select
                {key} as record_key, {person} as person, {profile} as barred_profile,
                {is_named(ledger, sync, kinds)} as is_named,
                {is_closed(sync, kinds)} as is_closed, {values}
            from {table}
        )
        where
            record_key is not null and not {is_barred("barred_profile")} and not is_closed
        """
    )
    unnamed = ledger.run("delete from wanted where not is_named").fetchone()[0]
    ledger.run("alter table wanted drop column is_named")
    reachable = ledger.value("select count(*) from wanted")
    merge_twins(ledger, sync)
    kept = ledger.value("select count(*) from wanted")
    return Diff(
        source_rows=rows,
        consents=consents,
        as_of=at,
        without_key=rows - keys,
        suppressed=keys - unnamed - reachable,
        merged=reachable - kept,
        unnamed=unnamed,
        nowhere=without_place(ledger, sync),
    )


def profile_of(ledger: Ledger, sync: Sync, kinds: dict[str, str], addresses: list[str]) -> str:
    """Return SQL of the profile of a source row: its own, or whose the address is.

    The warehouse is asked for the latter where rows say yes or no, each for the whole person.
    """
    found = [f"nullif(trim({text_of('profile_id')}), '')"] if "profile_id" in kinds else []
    asked = asks_the_warehouse(sync) and addresses and any(name in kinds for name in CONSENTS)
    if asked and "identifier_value" in columns_of(ledger, identities_of(sync)):
        ledger.run(
            f"""
            create or replace temp table whose as
            select name_of(identifier_value) as name, min(profile_id) as profile
            from warehouse_source.{identities_of(sync)}
            where identifier_type = 'email'
            group by all
            having count(distinct profile_id) = 1
            """
        )
        address = f"name_of(coalesce({', '.join(map(text_of, addresses))}))"
        found.append(f"(select whose.profile from whose where whose.name = {address})")
    return f"coalesce({', '.join([*found, 'cast(null as varchar)'])})"


def is_barred(profile: str) -> str:
    """Return SQL that the key, the address or the profile of a row is one of `barred`."""
    return f"""(
        record_key in (select record_key from barred)
        or person in (select person from barred)
        or coalesce({profile} in (select profile from barred where profile is not null), false)
    )"""


def find_barred(
    ledger: Ledger, sync: Sync, kinds: dict[str, str], names: tuple[str, str, str]
) -> None:
    """Put whom a row of the source bars into `barred`: record_key, person, profile, is_about.

    Not `is_about` is whom only a column bars that does not name the person, as of a colleague.
    All rows are asked, also those that `where` leaves out, and what one row bars no other row of
    the same key, address or profile brings back.
    """
    key, person, profile = names
    is_about, is_mentioned = suppressions(ledger, sync, kinds)
    ledger.run(
        f"""
        create or replace temp table named as
        select distinct
            {key} as record_key, {person} as person, {profile} as profile,
            {is_about} as is_about, {is_mentioned} as is_mentioned
        from warehouse_source.{sync.source} as source
        where {key} is not null
        """
    )
    ledger.run(
        "create or replace temp table barred as"
        " select record_key, person, profile, true as is_about from named limit 0"
    )
    for condition, about in (("is_about", "true"), ("is_mentioned", "false")):
        before, found = -1, ledger.value("select count(*) from barred")
        while before < found:
            ledger.run(
                f"""
                insert into barred
                select distinct record_key, person, profile, {about}
                from named
                where ({condition} or {is_barred("profile")}) and (record_key, person,
                    coalesce(profile, '')) not in
                    (select (record_key, person, coalesce(profile, '')) from barred)
                """
            )
            before, found = found, ledger.value("select count(*) from barred")
    ledger.run("drop table named")


def without_place(ledger: Ledger, sync: Sync) -> dict[str, int]:
    """Return how many rows name a place that the options do not know, by its name."""
    found: Counter[str] = Counter()
    for name, place in sync.destination.places.items():
        if name in sync.remote:
            rows = ledger.run(
                f"select coalesce(cast({quoted(name)} as varchar), ''), count(*) from wanted"
                f" where ({place}) is null group by all order by all"
            ).fetchall()
            for called, count in rows:
                found[redact(called)] += count
    return dict(found)


def rows_meant(sync: Sync) -> str:
    """Return SQL of the source, or of those of its rows that `where` names."""
    table = f"warehouse_source.{sync.source}"
    conditions = [
        f"cast({quoted(column)} as varchar) in ({', '.join(map(literal, values)) or 'null'})"
        for column, values in sync.where.items()
    ]
    return f"(select * from {table} where {' and '.join(conditions)})" if conditions else table


def merge_twins(ledger: Ledger, sync: Sync) -> None:
    """Keep one of the rows with the same key (two people, one address): always the same one."""
    ledger.run(
        """
        create or replace temp table twins as
        select record_key from wanted group by record_key having count(*) > 1
        """
    )
    if not ledger.value("select count(*) from twins"):
        return
    ledger.run(
        f"""
        create or replace temp table kept as
        select distinct on (record_key) *
        from wanted
        semi join twins on twins.record_key = wanted.record_key
        order by {", ".join(["record_key", *(quoted(name) for name in sync.remote)])}
        """
    )
    ledger.run("delete from wanted where record_key in (select record_key from twins)")
    ledger.run("insert into wanted select * from kept")
    ledger.run("drop table kept")


def text_of(column: str) -> str:
    """Return SQL for a column of the source as text."""
    return f"cast(source.{quoted(column)} as varchar)"


def named_columns(sync: Sync, kinds: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of the source that name a person, and the kinds of identifiers in each.

    A column counts by its own name, or by that of the remote field it goes to.
    """
    goes_to = {column: field.to.lower() for column, field in sync.fields.items()}
    found = {column: NAMED.get(column) or NAMED.get(goes_to.get(column, "")) for column in kinds}
    return {column: held for column, held in found.items() if held}


def suppressions(ledger: Ledger, sync: Sync, kinds: dict[str, str]) -> tuple[str, str]:
    """Return SQL that a source row is about somebody whom nothing may reach, or mentions one.

    The marts leave such people out already. It is asked again here, because this is the last
    moment, and because a mart of somebody's own may not. Raises ConfigError when nobody can know.
    """
    named = named_columns(sync, kinds)
    names_them = {*named, *identity_columns(sync, kinds), *sync.key}
    barred: list[tuple[str, str]] = []
    ledger.run("create or replace temp table suppressed (kind varchar, name varchar)")
    if asks_the_warehouse(sync):
        name_the_suppressed(ledger, sync, named)
        barred += [
            (
                column,
                is_name_in("suppressed", names_in(column, kinds[column]), held, kinds[column]),
            )
            for column, held in named.items()
        ]
        barred += suppressed_inside(ledger, sync, kinds)
    if ledger.value("select count(*) from {t}.suppression"):
        barred += names_forgotten(sync, kinds)
    about = [f"source.{name} is not true" for name in CONSENTS if name in kinds]
    about += [part for column, part in barred if column in names_them]
    mentioned = [part for column, part in barred if column not in names_them]
    return any_of(about), any_of(mentioned)


def any_of(conditions: list[str]) -> str:
    """Return SQL that one of the conditions holds; one that nobody can answer does not."""
    return " or ".join(f"coalesce({part}, false)" for part in conditions) or "false"


def suppressed_inside(
    ledger: Ledger, sync: Sync, kinds: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield columns, whatever they are called, and SQL that they hold a suppressed address.

    Alone, among others in one text, or anywhere inside a list, a map or a structure.
    """
    table = f"warehouse_source.{sync.source} as source"
    ledger.run("create or replace temp table mentioned (name varchar)")
    for column in text_columns(sync, kinds):
        text = all_text_of(column, kinds[column])
        if kinds[column] == "VARCHAR":
            yield column, is_name_in("suppressed", text, ("email",))
        # Few of many people are mentioned: only those are looked for in each row.
        several = has_several(column, kinds[column])
        ledger.run(
            f"""
            insert into mentioned
            select distinct name from (select unnest(addresses_in({text})) as name from {table}
                where {several})
            where name in (select name from suppressed where kind = 'email')
            """
        )
        yield (
            column,
            f"""case when {several}
            then list_has_any(addresses_in({text}), (select list(name) from mentioned)) end""",
        )


def has_several(column: str, kind: str) -> str:
    """Return SQL that a column may hold addresses among other things, whatever separates them."""
    text = all_text_of(column, kind)
    several = f" and regexp_matches({text}, '[^\\w@.+-]')" if kind == "VARCHAR" else ""
    return f"regexp_matches({text}, '{SIGNS}'){several}"


def names_in(column: str, kind: str) -> str:
    """Return SQL for what `is_name_in` looks up: a text, or what a list holds."""
    return values_of(column, kind) if kind.endswith("[]") else text_of(column)


def values_of(column: str, kind: str) -> str:
    """Return SQL for what a list, or a list of lists, holds as one list of texts."""
    deep = kind.count("[]")
    found = f"cast(source.{quoted(column)} as varchar{'[]' * deep})"
    return f"{'flatten(' * (deep - 1)}{found}{')' * (deep - 1)}"


def all_text_of(column: str, kind: str) -> str:
    """Return SQL for all that a column holds as one text, in which addresses can be found."""
    return (
        text_of(column)
        if kind == "VARCHAR"
        else f"cast(to_json(source.{quoted(column)}) as varchar)"
    )


def tables_that_bar(sync: Sync) -> tuple[str, ...]:
    """Return the tables that say who must not be reached, and what else these are called."""
    if not asks_the_warehouse(sync):
        return ()
    return sync.suppressions, identities_of(sync)


def identities_of(sync: Sync) -> str:
    """Return the table that says whose an identifier is, beside that of the suppressed."""
    return sync.suppressions.partition(".")[0] + ".profile_identifiers"


def names_forgotten(sync: Sync, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield columns and SQL that they name somebody who was forgotten.

    An address counts in any column that goes out or is the key, an id in those of its kind.
    """
    forgotten = "(select person from {t}.suppression)"
    identities = identity_columns(sync, kinds)
    for column in dict.fromkeys((*identities, *sync.key, *sync.fields)):
        text = text_of(column)
        if kinds[column] == "VARCHAR" or column in identities or column in sync.key:
            # Older lists hold ids without their kind, and addresses as they were written.
            is_id = column in identities or column in sync.key
            older = f"{text} like '%@%' and " if not is_id else ""
            yield column, f"{older}person_of({text}) in {forgotten}"
            yield column, f"{older}keyed(lower(trim({text}))) in {forgotten}"
        if may_hold_text(kinds[column]):
            inside = f"addresses_in({all_text_of(column, kinds[column])})"
            yield (
                column,
                f"""case when {has_several(column, kinds[column])} then list_has_any(
                list_transform({inside}, lambda name: keyed(name)),
                (select list(person) from {{t}}.suppression)) end""",
            )
        for kind in identities.get(column, ()):
            if kinds[column].endswith("[]"):
                yield (
                    column,
                    f"""list_has_any(
                    list_transform({values_of(column, kinds[column])},
                        lambda value: keyed(name_as('{kind}', value))),
                    (select list(person) from {{t}}.suppression))""",
                )
            else:
                yield column, f"keyed(name_as('{kind}', {text})) in {forgotten}"
    key = key_of(sync)
    yield sync.key[0], f"keyed(name_as('{key_kind(sync)}', {key})) in {forgotten}"
    yield sync.key[0], f"keyed(name_of({key})) in {forgotten}"  # as older lists hold it with an @


def key_kind(sync: Sync) -> str:
    """Return of what kind the record keys of a sync are."""
    return f"key({','.join(sync.key)})"


def identity_columns(sync: Sync, kinds: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return `named_columns`, and the one that goes to the destination's own record id."""
    found = named_columns(sync, kinds)
    for column, goes_to in sync.fields.items():
        if goes_to.to == sync.destination.record_id and column in kinds:
            found[column] = (*found.get(column, ()), "remote")
    return found


def name_the_suppressed(ledger: Ledger, sync: Sync, named: dict[str, tuple[str, ...]]) -> None:
    """Put every name of the suppressed into `suppressed`: kind, name; raises ConfigError."""
    table = f"warehouse_source.{sync.suppressions}"
    identities = identities_of(sync)
    if "profile_id" not in columns_of(ledger, sync.suppressions):
        raise ConfigError(
            f"{sync.warehouse} has no table {sync.suppressions} with a profile_id, so nobody "
            f"knows who must not be contacted. {how_to_build(sync)} Or set `suppressions:` of "
            f"{sync.name} to another table, or to null where nobody can be harmed."
        )
    if not named:
        raise ConfigError(
            f"{sync.source} names nobody: it has none of the columns {sorted(NAMED)}, so nobody "
            "knows who of it must not be contacted. Add one of them, or set `contains_people: "
            f"false` of {sync.name} when no row of it is about a person."
        )
    has_identities = "identifier_value" in columns_of(ledger, identities)
    if not has_identities and "profile_id" not in named:
        raise ConfigError(
            f"{sync.source} has no profile_id, and {sync.warehouse} has no table {identities} that "
            f"says whose its {sorted(named)} are, so nobody knows who of it must not be contacted. "
            f"{how_to_build(sync)} Or set `contains_people: false` of {sync.name} when no row of "
            "it is about a person."
        )
    others = f"""
        union
        select identifier_type, {NORMAL}
        from warehouse_source.{identities}
        where profile_id in (select profile_id from {table})
    """
    ledger.run(
        f"""
        insert into suppressed
        select 'profile_id' as kind, cast(profile_id as varchar) as name from {table}
        {others if has_identities else ""}
        """
    )


def name_the_closed(ledger: Ledger, sync: Sync) -> None:
    """Put the addresses that mail does not reach into `closed`: kind, name.

    A row with one of them is left out; another row of the same person is not.
    """
    ledger.run("create or replace temp table closed (kind varchar, name varchar)")
    if not asks_the_warehouse(sync):
        return
    identities = identities_of(sync)
    if "closed_because" in columns_of(ledger, identities):
        ledger.run(
            f"""
            insert into closed
            select identifier_type, {NORMAL}
            from warehouse_source.{identities}
            where closed_because is not null
            """
        )


def is_closed(sync: Sync, kinds: dict[str, str]) -> str:
    """Return SQL that a source row has an address that mail does not reach."""
    named = [column for column, held in named_columns(sync, kinds).items() if "email" in held]
    columns = dict.fromkeys((*named, *text_columns(sync, kinds)))
    found = [is_name_in("closed", text_of(column), ("email",)) for column in columns]
    return " or ".join(f"coalesce({part}, false)" for part in found) or "false"


def asks_the_warehouse(sync: Sync) -> bool:
    """Whether the warehouse has to say who of the source must not be contacted."""
    return bool(sync.contains_people and sync.suppressions)


def text_columns(sync: Sync, kinds: dict[str, str]) -> list[str]:
    """Return the columns that may hold an address, whatever they are called.

    Those that go out, those of the key, and those with `mail` in their name.
    """
    called = [column for column in kinds if "mail" in column]
    listed = dict.fromkeys((*sync.key, *sync.fields, *called))
    return [column for column in listed if may_hold_text(kinds.get(column, ""))]


def may_hold_text(kind: str) -> bool:
    """Whether a type is text, or made of it: a list, a structure, a map, JSON."""
    return any(word in kind for word in ("VARCHAR", "JSON", "ENUM", "UNION", "VARIANT"))


def is_name_in(table: str, text: str, held: tuple[str, ...], kind: str = "VARCHAR") -> str:
    """Return SQL that a text, or one of a list, is one of the names, of these kinds, in a table."""
    normal = {"phone": "phone_of", "email": "name_of"}.get(held[0], "id_of")
    kinds = ", ".join(map(literal, held))
    if kind.endswith("[]"):
        names = f"list_transform({text}, lambda value: {normal}(value))"
        return f"list_has_any({names}, (select list(name) from {table} where kind in ({kinds})))"
    return f"{normal}({text}) in (select name from {table} where kind in ({kinds}))"


def is_named(ledger: Ledger, sync: Sync, kinds: dict[str, str]) -> str:
    """Return SQL that a source row says about whom it is, so that its person can be looked up.

    By a profile, or, where the warehouse knows whose names are whose, by an address in the key or
    in a column that names the person, or by an identifier that it knows. Another's address, as of
    who looks after the person, says nothing about the person.
    """
    if not asks_the_warehouse(sync):
        return "true"
    named = named_columns(sync, kinds)
    found = [f"{text_of(name)} <> ''" for name, held in named.items() if held == ("profile_id",)]
    identities = identities_of(sync)
    if "identifier_value" in columns_of(ledger, identities):
        found += [
            f"{text_of(column)} like '%_@_%'" for column in dict.fromkeys((*named, *sync.key))
        ]
        known = {
            name: held for name, held in named.items() if held not in (("email",), ("profile_id",))
        }
        if known:
            ledger.run(
                f"""
                create or replace temp table identified as
                select distinct identifier_type as kind, {NORMAL} as name
                from warehouse_source.{identities}
                union select distinct 'profile_id', cast(profile_id as varchar)
                from warehouse_source.{identities}
                """
            )
        found += [
            is_name_in("identified", names_in(name, kinds[name]), held, kinds[name])
            for name, held in known.items()
        ]
    return f"coalesce({' or '.join(f'coalesce({part}, false)' for part in found)}, false)"


def is_suppressed_key(sync: Sync) -> str:
    """Return SQL that a record, which may have left the source, is of one of the suppressed.

    The marts leave them out, so that no row of the source says who they are. A record that leaves
    and has an address that mail does not reach is such a one too.
    """
    named = named_columns(sync, dict.fromkeys(sync.key, ""))
    parts = [named.get(column, ("email",)) for column in sync.key]
    found = []
    for table, when in (("suppressed", ""), ("closed", "differing.operation = 'remove' and ")):
        found += [
            when + is_name_in(table, part_of_key(sync, place, "differing.record_key"), held)
            for place, held in enumerate(parts, start=1)
        ]
        found.append(
            f"{when}differing.person in (select person_of(name) from {table} where kind = 'email')"
        )
    return f"coalesce({' or '.join(f'coalesce({part}, false)' for part in found)}, false)"


def find_changes(ledger: Ledger, sync: Sync) -> None:
    """Make the difference out of what `read_source` found; what it needs on the way is dropped.

    A field's hash is kept while its value must not be sent: a null under never_clear, and anything
    under set_if_empty once it was delivered.
    """
    tolerances = {field.to: field.changes_by for field in sync.fields.values()}
    hashes = ", ".join(
        f"cast(wanted.{quoted(name)} as varchar)"  # a number to be compared, not only told apart
        if tolerances[name]
        else f"substr(md5(cast(wanted.{quoted(name)} as varchar)), 1, 16)"
        for name in sync.remote
    )
    names = ",".join(sync.remote)
    placed = {
        name: f"coalesce({place}, cast(wanted.{quoted(name)} as varchar))"
        for name, place in sync.destination.places.items()
    }
    payload = ", ".join(
        f"'{name}', {placed.get(name, f'wanted.{quoted(name)}')}" for name in sync.remote
    )
    ranks = " ".join(f"when '{name}' then {rank}" for rank, name in enumerate(OPERATIONS))
    after, changed, blanked, other = [], [], [], []
    for position, (name, policy) in enumerate(sync.remote.items(), start=1):
        new, old = f"hashes[{position}]", f"json_extract_string(old_hashes, '$.\"{name}\"')"
        doubt = f"list_contains(doubtful, '{name}')"
        if by := tolerances[name]:
            apart = f"abs(try_cast({new} as double) - try_cast({old} as double))"
            new = f"case when {apart} < {by} and not {doubt} then {old} else {new} end"
        value = {
            "always": new,
            "never_clear": f"coalesce({new}, {old})",
            "set_if_empty": f"coalesce({old}, {new})",
        }[policy]
        # A null must not go out under never_clear even when an earlier value is in doubt.
        doubtful = doubt if policy == "always" else f"({doubt} and {new} is not null)"
        after.append(f"'{name}', {value}")
        if policy == "always":
            blanked.append(f"case when {new} is null and {old} is not null then '{name}' end")
        other.append(f"({value}) is distinct from {old}")
        changed.append(f"case when {other[-1]} or {doubtful} then '{name}' end")
    cleared = ", ".join(f"'{name}'" for name, policy in sync.remote.items() if policy == "always")
    ledger.run(
        """
        create or replace temp table known as
        select
            coalesce(delivered.record_key, unknown.record_key) as record_key,
            -- A remove that nobody confirmed may have ended everything that was delivered.
            coalesce(list_contains(unknown.fields, $ended), false) as is_ended,
            delivered.record_key is not null and not is_ended as is_delivered,
            case
                when delivered.payload_hash = $again then $remote else coalesce(unknown.fields, [])
            end as doubtful,
            unknown.record_key is not null as is_doubtful,
            false as is_shared, false as is_moved,
            delivered.person, delivered.remote_id, delivered.payload_hash,
            case when is_delivered then delivered.field_hashes else '{}' end as field_hashes
        from (select * from {t}.delivered where sync = {sync}) as delivered
        full outer join {unknown} as unknown on delivered.record_key = unknown.record_key
        """,
        {"ended": ENDED, "again": AGAIN, "remote": list(sync.remote)},
    )
    mark_moved(ledger, sync)
    find_differing = f"""
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
                -- Who comes back is added as anybody else: what was named there may be gone.
                case when hashed.record_key is null or known.is_delivered
                    then known.remote_id end as remote_id,
                coalesce(known.is_doubtful, false) as is_doubtful,
                coalesce(known.is_shared, false) as is_shared,
                coalesce(known.is_moved, false) as is_moved,
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
                or known.is_doubtful or known.is_shared or known.is_moved
                or hashed.record_key is null
        ),
        differing as (
            select
                * exclude (hashes, old_hashes, doubtful),
                case
                    when operation = 'remove' then [{cleared}]
                    else list_filter([{", ".join(changed)}], lambda name: name is not null)
                end as changed,
                case
                    when operation = 'update'
                        then list_filter([{", ".join(blanked)}], lambda name: name is not null)
                end as blanked,
                operation = 'update' and not is_moved and not ({" or ".join(other)})
                    as is_repeated,
                cast(json_object({", ".join(after)}) as varchar) as field_hashes
            from joined
        )
        select differing.*
        from differing
        anti join (
            select * from {{t}}.outbox
            where sync = {{sync}} and state not in ('pending', 'owed')
        ) as waits
            on waits.record_key = differing.record_key
            and (waits.operation = 'remove') = (differing.operation = 'remove')
            and waits.payload_hash is not distinct from differing.payload_hash
        where differing.operation <> 'update' or len(differing.changed) > 0
        """
    ledger.run(find_differing)
    if mark_shared(ledger, sync):  # they go out again, whole
        ledger.run(find_differing)
    is_known = (
        f"{is_suppressed_key(sync)} or differing.person in (select person from {{t}}.suppression)"
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
        create or replace temp table {DIFFERENCE} as
        select
            differing.*, queue.position, cast(json_object({payload}) as varchar) as payload,
            differing.record_key in (select record_key from known) as is_known,
            differing.record_key in (select record_key from barred where is_about)
            or differing.person in (select person from barred where is_about)
            or {is_known} as is_about_barred,
            {is_known}
            or differing.record_key in (select record_key from barred)
            or differing.person in (select person from barred) as is_barred
        from differing
        inner join queue on differing.record_key = queue.record_key
        left join wanted on differing.record_key = wanted.record_key

        union all by name

        select record_key, is_known
        from (
            select coalesce(wanted.record_key, known.record_key) as record_key,
                known.record_key is not null as is_known
            from wanted full outer join known on wanted.record_key = known.record_key
        ) as present
        where record_key not in (select record_key from differing)
        """
    )
    for table in ("barred", "suppressed", "closed", "wanted", "known", "differing", "queue"):
        ledger.run(f"drop table {table}")


def mark_moved(ledger: Ledger, sync: Sync) -> None:
    """Mark who was delivered to another place than the one that the options name now.

    They go out again, whole: the destination takes them out there, and puts them in here.
    """
    for name, place in sync.destination.places.items():
        if name not in sync.remote:
            continue
        ledger.run(
            f"""
            update known set is_moved = true, doubtful = ?
            from wanted
            where known.record_key = wanted.record_key and is_delivered
                and ({sync.destination.went_to}) <> ({place})
            """,
            [list(sync.remote)],
        )


def mark_shared(ledger: Ledger, sync: Sync) -> bool:
    """Mark who shares a remote identity with a record that leaves or changes; whether any does.

    The destination knows both as one: emptying one empties the other as well.
    """
    identities = sync.destination.identities
    ledger.run(
        f"""
        create or replace temp table shared as
        with leaving as (
            select distinct unnest({identities}) as identity, record_key
            from (select * from differing where operation <> 'add' and remote_id is not null)
        ),
        staying as (
            select unnest({identities}) as identity, record_key
            from known
            where remote_id is not null and record_key in (select record_key from wanted)
        )
        select distinct staying.record_key
        from staying
        inner join leaving
            on leaving.identity = staying.identity and leaving.record_key <> staying.record_key
        """
    )
    ledger.run(
        """
        update known set is_shared = true, doubtful = ?
        where record_key in (select record_key from shared)
        """,
        [list(sync.remote)],
    )
    found = ledger.value("select count(*) from shared")
    ledger.run("drop table shared")
    return bool(found)


def count_changes(
    ledger: Ledger, sync: Sync, difference: duckdb.DuckDBPyRelation, source: Diff
) -> Diff:
    """Return what was counted in the source with the changes by operation and field."""
    names = list(sync.remote)
    diff = replace(source, fields={name: dict.fromkeys(OPERATIONS, 0) for name in names})
    diff.counts = operations_of(ledger, difference)
    holding = ", ".join(f"count(*) filter (list_contains(changed, '{name}'))" for name in names)
    for operation, *by_field in ledger.run(
        f"""
        select operation, {holding} from difference where operation is not null group by operation
        """,
        difference=difference,
    ).fetchall():
        for name, number in zip(names, by_field, strict=True):
            diff.fields[name][operation] = number
    diff.blanked = dict(
        ledger.run(
            """
            select name, count(*)
            from (select unnest(blanked) as name from difference where operation = 'update')
            group by name
            """,
            difference=difference,
        ).fetchall()
    )
    diff.known, diff.again, diff.repeated, diff.suppressed_removes, diff.mentioning = ledger.run(
        """
        select
            count(*) filter (is_known),
            count(*) filter (operation is not null and is_doubtful),
            count(*) filter (operation = 'update' and is_repeated),
            count(*) filter (operation = 'remove' and is_about_barred),
            count(*) filter (operation = 'remove' and is_barred and not is_about_barred)
        from difference
        """,
        difference=difference,
    ).fetchone()
    waiting = dict(
        ledger.run(
            """
            select state, count(*)
            from {t}.outbox as outbox
            semi join difference
                on difference.record_key = outbox.record_key and difference.operation is null
            where sync = {sync} and state in ('dead', 'held')
            group by state
            """,
            difference=difference,
        ).fetchall()
    )
    diff.dead, diff.held = waiting.get("dead", 0), waiting.get("held", 0)
    return diff


def operations_of(ledger: Ledger, difference: duckdb.DuckDBPyRelation) -> dict[str, int]:
    """Return the number of records to send by operation."""
    found = dict(
        ledger.run(
            "select operation, count(*) from difference group by operation", difference=difference
        ).fetchall()
    )
    return {operation: found.get(operation, 0) for operation in OPERATIONS}


def first_changes(difference: duckdb.DuckDBPyRelation, count: int) -> duckdb.DuckDBPyRelation:
    """Return the difference with no more than the first changes, to try a few records."""
    return difference.project(
        f"* replace (case when position <= {int(count)} then operation end as operation, "
        f"case when position <= {int(count)} then position end as position)"
    )


def samples(
    ledger: Ledger, sync: Sync, difference: duckdb.DuckDBPyRelation, count: int
) -> list[Sample]:
    """Return a few changes of each operation, keys and whatever names a person masked."""
    found = []
    called = {field.to: f"{column} {field.to}" for column, field in sync.fields.items()}
    for operation in OPERATIONS:
        rows = ledger.run(
            "select record_key, changed, payload from difference where operation = ?"
            " order by position limit ?",
            [operation, count],
            difference=difference,
        ).fetchall()
        for key, changed, payload in rows:
            values = json.loads(payload) if operation != "remove" else {}
            kept = {name: masked_value(called[name], values.get(name)) for name in changed}
            found.append(Sample(operation, masked(key), kept))
    return found


PERSONAL = ("mail", "phone", "mobile", "name", "address", "street", "birth")


def masked_value(names: str, value: Any) -> Any:
    """Return a value as a plan may show it; addresses and names of people are masked.

    `names` are that of the column and that of the remote field: either can say what it is.
    """
    text = str(value)
    personal = "@" in text or any(part in names.lower() for part in PERSONAL)
    return mask(text) if personal and value is not None else value


def masked(key: str) -> str:
    """Return a key with addresses and phone numbers in part; an id is shown in full.

    Whoever is on call has to find the record.
    """
    return KEY_SEPARATOR.join(
        mask(part) if "@" in part or part.startswith("+") else part
        for part in key.split(KEY_SEPARATOR)
    )

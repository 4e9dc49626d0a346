"""What the checks of the outputs read from the warehouse, which is opened read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from scripts.validate.report import instant_text
from scripts.warehouse import Place, WarehouseNotBuilt

if TYPE_CHECKING:  # takes a second to import, and --help must not wait
    import pandas as pd

CONTACTS = "activation.crm_contacts"
MEMBERSHIPS = "marts.segment_memberships"
SUPPRESSIONS = "marts.profile_suppressions"
IDENTIFIERS = "marts.profile_identifiers"

# Columns that the checks or the push read, and whether a row may leave them empty.
REQUIRED = {
    CONTACTS: {
        "profile_id": "filled",
        "email": "filled",
        "crm_contact_id": "optional",
        "lifecycle_stage": "filled",
        "primary_segment": "optional",
        "segments": "filled",
        "engagement_score": "filled",
        "as_of": "filled",
    },
    MEMBERSHIPS: {"segment": "filled", "profile_id": "filled", "as_of": "filled"},
    SUPPRESSIONS: {"profile_id": "filled", "channel": "filled", "reason": "filled"},
    IDENTIFIERS: {
        "profile_id": "filled",
        "identifier_type": "filled",
        "identifier_value": "filled",
    },
}


@dataclass(frozen=True)
class Marts:
    """The rows that leave, one data frame per table, with what they are compared to.

    `present` holds the column names of each table, `as_of` the newest instant among the rows.
    """

    frames: dict[str, pd.DataFrame]
    present: dict[str, list[str]]
    known_segments: list[str]
    as_of: str


def read_marts(connection: duckdb.DuckDBPyConnection, warehouse: Place) -> Marts:
    """Read both tables; raises WarehouseNotBuilt when a table is missing."""
    present = _columns(connection)
    _demand_tables(warehouse, present)
    columns = {table: _select_list(table, present[table]) for table in REQUIRED}
    return Marts(
        frames={
            CONTACTS: connection.execute(_contacts_sql(columns)).df(),
            MEMBERSHIPS: connection.execute(_memberships_sql(columns)).df(),
        },
        present=present,
        known_segments=_known_segments(connection),
        as_of=_newest_as_of(connection, present),
    )


def filled_columns(table: str) -> tuple[str, ...]:
    """Columns that no row may leave empty, but for as_of, which has its own check."""
    names = [name for name, filling in REQUIRED[table].items() if filling == "filled"]
    return tuple(name for name in names if name != "as_of")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Column names of every table and view, by `schema.table`."""
    found = connection.execute(
        """
        select table_schema || '.' || table_name, list(lower(column_name) order by ordinal_position)
        from information_schema.columns
        where table_catalog = current_catalog()
        group by 1
        """
    ).fetchall()
    return dict(found)


def _demand_tables(warehouse: Place, present: Mapping[str, Sequence[str]]) -> None:
    missing = [table for table in REQUIRED if table not in present]
    # Without these two columns nobody could tell who is suppressed; that is no mere fault of shape.
    missing += [
        f"{table}.{column}"
        for table in (SUPPRESSIONS, IDENTIFIERS)
        for column in REQUIRED[table]
        if table in present and column not in present[table]
    ]
    if missing:
        raise WarehouseNotBuilt(warehouse, missing)


def _known_segments(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        """
        select table_name from information_schema.tables
        where table_catalog = current_catalog() and table_schema = 'segments'
        order by table_name
        """
    ).fetchall()
    return [name for (name,) in found]


def _newest_as_of(
    connection: duckdb.DuckDBPyConnection, present: Mapping[str, Sequence[str]]
) -> str:
    dated = [table for table in (CONTACTS, MEMBERSHIPS) if "as_of" in present[table]]
    selects = [f"select max(cast(as_of as timestamp)) as as_of from {table}" for table in dated]
    newest = None
    if selects:
        sql = f"select max(as_of) from ({' union all '.join(selects)})"
        newest = connection.execute(sql).fetchone()[0]
    return instant_text(newest) if newest else "unknown"


def _select_list(table: str, present: Sequence[str]) -> str:
    """The required columns, with nulls for those that are not there (which a check reports)."""
    return ", ".join(
        column if column in present else f"cast(null as varchar) as {column}"
        for column in REQUIRED[table]
    )


def _contacts_sql(columns: Mapping[str, str]) -> str:
    return f"""
        with
        contacts as (select {columns[CONTACTS]} from {CONTACTS}),
        memberships as (select {columns[MEMBERSHIPS]} from {MEMBERSHIPS}),
        suppressed_profiles as (
            select profile_id, coalesce(min(reason), 'no reason given') as reason
            from {SUPPRESSIONS}
            where channel = 'email'
            group by profile_id
        ),
        -- A person who opted out must not come back through a second profile.
        suppressed_addresses as (
            select
                lower(trim(identifiers.identifier_value)) as email,
                min(suppressed_profiles.reason) as reason
            from {IDENTIFIERS} as identifiers
            inner join suppressed_profiles
                on identifiers.profile_id = suppressed_profiles.profile_id
            where identifiers.identifier_type = 'email'
            group by lower(trim(identifiers.identifier_value))
        ),
        memberships_per_profile as (
            select profile_id, string_agg(distinct segment, ';' order by segment) as segments
            from memberships
            group by profile_id
        )
        select
            contacts.profile_id,
            contacts.email,
            case
                when contacts.email <> lower(contacts.email) then contacts.profile_id
            end as profile_with_capitals,
            contacts.lifecycle_stage,
            case
                when contacts.segments <> coalesce(memberships_per_profile.segments, '')
                    then concat(
                        '"', contacts.segments, '" in place of "',
                        memberships_per_profile.segments, '"'
                    )
            end as differing_segments,
            contacts.engagement_score,
            case
                when
                    list_contains(string_split(contacts.segments, ';'), contacts.primary_segment)
                    then null
                else contacts.primary_segment
            end as stray_primary_segment,
            case
                when suppressed_profiles.reason is not null
                    then concat(contacts.profile_id, ' (', suppressed_profiles.reason, ')')
                when suppressed_addresses.reason is not null
                    then concat(contacts.profile_id, ' (address ', suppressed_addresses.reason, ')')
            end as suppressed_because,
            {_as_of_text("contacts.as_of")} as as_of,
            {_first_empty(CONTACTS, "contacts")} as empty_column
        from contacts
        left join suppressed_profiles on contacts.profile_id = suppressed_profiles.profile_id
        left join suppressed_addresses on lower(trim(contacts.email)) = suppressed_addresses.email
        left join memberships_per_profile
            on contacts.profile_id = memberships_per_profile.profile_id
    """


def _memberships_sql(columns: Mapping[str, str]) -> str:
    return f"""
        with memberships as (select {columns[MEMBERSHIPS]} from {MEMBERSHIPS})
        select
            segment,
            profile_id,
            {_as_of_text("as_of")} as as_of,
            {_first_empty(MEMBERSHIPS, "memberships")} as empty_column
        from memberships
    """


def _as_of_text(column: str) -> str:
    """The same text as `instant_text` gives; an empty one must not pass as equal to the rest."""
    text = f"strftime(cast({column} as timestamp), '%Y-%m-%dT%H:%M:%S.%f')"
    return f"coalesce(replace({text}, '.000000', '') || 'Z', '(missing)')"


def _first_empty(table: str, alias: str) -> str:
    cases = [f"when {alias}.{name} is null then '{name}'" for name in filled_columns(table)]
    return f"case {' '.join(cases)} end"

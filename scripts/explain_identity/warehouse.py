"""What the explanations read from the warehouse, which is opened read-only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

# The most telling first, as the limits in seeds/identity_rules.csv have it.
TYPES = ("user_id", "crm_contact_id", "email", "phone", "anonymous_id")
TABLES = (
    "intermediate.int_identifiers_listed",
    "intermediate.int_identity_clusters",
    "intermediate.int_identity_components",
    "intermediate.int_identity_edges",
    "intermediate.int_identity_links_matched",
    "intermediate.int_identity_nodes",
    "intermediate.int_identity_nodes_screened",
    "marts.identity_health",
    "marts.identity_suppressed_edges",
    "marts.profile_aliases",
    "marts.profile_identifiers",
    "marts.profile_merges",
    "marts.profiles",
    "seeds.identity_rules",
)


@dataclass(frozen=True)
class Identifier:
    """One identifier; number is its node_key, rule what blocks it."""

    number: int
    identifier_type: str
    identifier_value: str
    profile_id: str
    suppression_reason: str | None
    rule: str | None
    observation_count: int
    is_anchor: bool
    is_crm: bool
    first_seen_at: datetime
    last_seen_at: datetime
    first_loaded_at: datetime
    first_load_seen_at: datetime

    def __str__(self) -> str:
        return f"{self.identifier_type}:{self.identifier_value}"

    @property
    def naming_order(self) -> tuple[datetime, datetime, str, str]:
        """Which of several identifiers names a person: the least, as macro naming_order says."""
        return (
            self.first_loaded_at,
            self.first_load_seen_at,
            self.identifier_type,
            self.identifier_value,
        )

    @property
    def rank(self) -> tuple[int, tuple[datetime, datetime, str, str]]:
        """Where it stands in a list: the most telling type first, then the first known."""
        return TYPES.index(self.identifier_type), self.naming_order


@dataclass(frozen=True)
class Edge:
    """A pair of identifiers, by number; reason says why it links nobody, if it does not."""

    low: int
    high: int
    observation_count: int
    sample_observation: str | None
    is_declared: bool
    first_seen_at: datetime
    last_seen_at: datetime
    reason: str | None
    rule: str | None


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Iterable[Any] = ()
) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    result = connection.execute(query, list(parameters))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def identifiers(
    connection: duckdb.DuckDBPyConnection, condition: str, *parameters: Any
) -> list[Identifier]:
    """Identifiers that are in the data, the most telling first."""
    found = rows(
        connection,
        f"""
        select
            nodes.node_key as number,
            identified.identifier_type,
            identified.identifier_value,
            identified.profile_id,
            identified.suppression_reason,
            screened.rule,
            identified.observation_count,
            identified.is_anchor,
            identified.is_crm,
            identified.first_seen_at,
            identified.last_seen_at,
            nodes.first_loaded_at,
            nodes.first_load_seen_at
        from marts.profile_identifiers as identified
        inner join intermediate.int_identity_nodes as nodes
            on
                identified.identifier_type = nodes.identifier_type
                and identified.identifier_value = nodes.identifier_value
        left join intermediate.int_identity_nodes_screened as screened
            on nodes.node_key = screened.node_key
        where {condition}
        """,
        parameters,
    )
    return sorted((Identifier(**row) for row in found), key=lambda identifier: identifier.rank)


def numbered(connection: duckdb.DuckDBPyConnection, numbers: list[int]) -> list[Identifier]:
    """The identifiers with these places in the registry."""
    return identifiers(connection, "nodes.node_key in (select unnest(?::bigint[]))", numbers)


def registered(
    connection: duckdb.DuckDBPyConnection, kind: str | None, value: str
) -> list[dict[str, Any]]:
    """Rows of the registry with this value, also of what the data shows no more, first known first.

    Addresses are in lower case whatever was typed.
    """
    return rows(
        connection,
        """
        select identifier_type, identifier_value, registered_at
        from intermediate.int_identity_nodes
        where
            (? is null or identifier_type = ?)
            and identifier_value = case when identifier_type = 'email' then lower(?) else ? end
        order by first_loaded_at, first_load_seen_at, identifier_type
        """,
        [kind, kind, value, value],
    )


JUDGED = """
select
    edges.low_key as low,
    edges.high_key as high,
    edges.observation_count,
    edges.sample_observation,
    edges.is_declared,
    edges.first_seen_at,
    edges.last_seen_at,
    suppressed.reason,
    suppressed.rule
from edges
inner join intermediate.int_identity_nodes as low on edges.low_key = low.node_key
inner join intermediate.int_identity_nodes as high on edges.high_key = high.node_key
left join marts.identity_suppressed_edges as suppressed
    on
        low.identifier_type = suppressed.identifier_type_a
        and low.identifier_value = suppressed.identifier_value_a
        and high.identifier_type = suppressed.identifier_type_b
        and high.identifier_value = suppressed.identifier_value_b
"""


def profile_edges(connection: duckdb.DuckDBPyConnection, number: int) -> list[Edge]:
    """The edges between the identifiers of one profile."""
    found = rows(
        connection,
        f"""
        with

        members as (
            select node_key from intermediate.int_identity_clusters
            where profile_key = (
                select profile_key from intermediate.int_identity_clusters where node_key = ?
            )
        ),

        edges as (
            select * from intermediate.int_identity_edges
            where low_key in (from members) and high_key in (from members)
        )

        {JUDGED}
        """,
        [number],
    )
    return [Edge(**row) for row in found]


def component_edges(
    connection: duckdb.DuckDBPyConnection, numbers: Iterable[int]
) -> tuple[set[int], list[Edge]]:
    """All edges, suppressed ones too, that touch the unlimited components of some identifiers.

    Returns the identifiers of the components as well: those whose edges are complete.
    """
    members = """
        with

        starts as (
            select unnest(?::bigint[]) as node
        ),

        roots as (
            select distinct components.root
            from intermediate.int_identity_components as components
            inner join starts on components.node = starts.node
        ),

        members as (
            select components.node
            from intermediate.int_identity_components as components
            inner join roots on components.root = roots.root
            union
            select node from starts
        )
    """
    wanted = sorted(numbers)
    complete = {
        row["node"] for row in rows(connection, f"{members} select node from members", [wanted])
    }
    found = rows(
        connection,
        f"""
        {members},

        edges as (
            select * from intermediate.int_identity_edges where low_key in (from members)
            union
            select * from intermediate.int_identity_edges where high_key in (from members)
        )

        {JUDGED}
        """,
        [wanted],
    )
    return complete, [Edge(**row) for row in found]


def evidence(
    connection: duckdb.DuckDBPyConnection, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """What shows each pair of identifiers: source, how often, a sample; declarations last."""
    wanted = sorted(pairs)
    found = rows(
        connection,
        """
        with

        pairs as (
            select
                unnest(?::bigint[]) as low_key,
                unnest(?::bigint[]) as high_key
        ),

        members as (
            select
                nodes.node_key,
                listed.*
            from intermediate.int_identity_nodes as nodes
            inner join intermediate.int_identifiers_listed as listed
                on
                    nodes.identifier_type = listed.identifier_type
                    and nodes.identifier_value = listed.identifier_value
            where
                nodes.node_key in (select low_key from pairs)
                or nodes.node_key in (select high_key from pairs)
        )

        select
            pairs.low_key,
            pairs.high_key,
            false as is_statement,
            low.source,
            'seen' as action,
            sum(low.observation_count)::bigint as observation_count,
            min(low.sample_observation) as sample
        from pairs
        inner join members as low on pairs.low_key = low.node_key
        inner join members as high
            on pairs.high_key = high.node_key and low.observation_id = high.observation_id
        group by all

        union all

        select
            links.low_key,
            links.high_key,
            true as is_statement,
            links.source,
            links.action,
            1 as observation_count,
            links.observation as sample
        from pairs
        inner join intermediate.int_identity_links_matched as links
            on pairs.low_key = links.low_key and pairs.high_key = links.high_key
        order by is_statement, source, sample
        """,
        [[low for low, _ in wanted], [high for _, high in wanted]],
    )
    shown: dict[tuple[int, int], list[dict[str, Any]]] = {pair: [] for pair in wanted}
    for row in found:
        names = ("source", "action", "observation_count", "sample")
        shown[row["low_key"], row["high_key"]].append({name: row[name] for name in names})
    return shown


def profile(connection: duckdb.DuckDBPyConnection, profile_id: str) -> dict[str, Any]:
    """The row of marts.profiles."""
    return rows(connection, "select * from marts.profiles where profile_id = ?", [profile_id])[0]


def kept_apart(connection: duckdb.DuckDBPyConnection, profile_id: str) -> list[dict[str, Any]]:
    """Suppressed edges of a profile, its own identifier first, in the order of its identifiers."""
    return rows(
        connection,
        """
        with

        turned as (
            select *, profile_id_a = profile_id_b as is_one_person
            from marts.identity_suppressed_edges
            where profile_id_a = $1

            union all

            select
                identifier_type_b, identifier_value_b, profile_id_b,
                identifier_type_a, identifier_value_a, profile_id_a,
                reason, rule, sample_observation, observation_count, first_seen_at, last_seen_at,
                false as is_one_person
            from marts.identity_suppressed_edges
            where profile_id_b = $1 and profile_id_a <> $1
        )

        select turned.*
        from turned
        order by
            list_position($2, identifier_type_a),
            identifier_value_a,
            reason,
            rule,
            first_seen_at,
            list_position($2, identifier_type_b),
            identifier_value_b
        """,
        [profile_id, list(TYPES)],
    )


def changes(connection: duckdb.DuckDBPyConnection, profile_ids: Iterable[str]) -> list[dict]:
    """The log of merges and splits that some profiles took part in, the earliest first."""
    return rows(
        connection,
        """
        select * from marts.profile_merges
        where list_contains($1, loser_profile_id) or list_contains($1, winner_profile_id)
        order by revision, change, loser_profile_id, winner_profile_id
        """,
        [list(profile_ids)],
    )


def as_of(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The instant for which the warehouse was built."""
    return rows(connection, "select as_of from marts.identity_health")[0]["as_of"]

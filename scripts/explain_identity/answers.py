"""The answers: a person with the evidence, what ties two identifiers, what keeps them apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from . import warehouse
from .chains import best_chain, reachable
from .lookup import Found, Nobody, find
from .warehouse import Edge, Identifier
from .words import (
    OVERRIDES,
    RULES,
    override_line,
    reason_in_words,
    rule_descriptions,
    rule_line,
    strongest,
)

# A hub may tie everybody to everybody; beyond this nobody would follow the chain anyway.
SEARCHED_AT_MOST = 100_000
# Nobody would paste more lines than this.
SEPARATED_AT_MOST = 9


@dataclass(frozen=True)
class Step:
    """One edge of a chain: how often the two were seen, by whom, and why it links nobody."""

    one: str
    other: str
    how: str
    observation_count: int
    first_seen_at: datetime
    last_seen_at: datetime
    sources: list[dict[str, Any]]
    sample_observation: str | None
    reason: str | None = None
    rule: str | None = None
    explanation: str | None = None


@dataclass(frozen=True)
class KeptApart:
    """An identifier that was seen with one of a profile's own and links nothing to it."""

    identifier: str
    other: str
    other_profile_id: str
    is_one_person: bool
    observation_count: int
    first_seen_at: datetime
    last_seen_at: datetime
    sample_observation: str | None
    reason: str
    rule: str | None
    explanation: str


@dataclass(frozen=True)
class Person:
    """A profile with all its identifiers, what was kept apart from it, and its past."""

    asked: str
    as_of: datetime
    found: str
    retired_id: str | None
    retired_at: datetime | None
    profile: dict[str, Any]
    identifiers: list[dict[str, Any]]
    kept_apart: list[KeptApart]
    retired_ids: list[str]
    changes: list[dict[str, Any]]
    answer: str = "person"


@dataclass(frozen=True)
class NoPerson:
    """A value that points at no profile, with the reason."""

    asked: str
    as_of: datetime
    kind: str
    explanation: str
    answer: str = "nobody"


@dataclass(frozen=True)
class OnePerson:
    """Two identifiers of one profile and the chain between them; advice takes it apart."""

    asked: list[str]
    as_of: datetime
    ends: list[str]
    profile_id: str
    chain: list[Step]
    advice: str | None
    paste: list[str] = field(default_factory=list)
    answer: str = "one_person"


@dataclass(frozen=True)
class TwoPeople:
    """Two identifiers of two profiles; chain is None when nothing ever tied them."""

    asked: list[str]
    as_of: datetime
    ends: list[str]
    profile_ids: list[str]
    names: list[str]
    chain: list[Step] | None
    is_search_complete: bool
    advice: str
    paste: list[str] = field(default_factory=list)
    answer: str = "two_people"


Answer = Person | NoPerson | OnePerson | TwoPeople


def explain(connection: duckdb.DuckDBPyConnection, asked: str, other: str | None = None) -> Answer:
    """Answer a question about one identifier or about two.

    Raises UnknownIdentifier and AmbiguousIdentifier.
    """
    found = [find(connection, text) for text in (asked, other) if text is not None]
    as_of = warehouse.as_of(connection)
    for identifier in found:
        if isinstance(identifier, Nobody):
            return NoPerson(identifier.asked, as_of, identifier.kind, identifier.explanation)
    if len(found) == 1:
        return explain_one(connection, found[0], as_of)
    if found[0].identifier.profile_id == found[1].identifier.profile_id:
        return explain_tie(connection, *found, as_of)
    return explain_distance(connection, *found, as_of)


def explain_one(connection: duckdb.DuckDBPyConnection, found: Found, as_of: datetime) -> Person:
    """The person behind an identifier."""
    profile_id = found.identifier.profile_id
    descriptions = rule_descriptions(connection)
    members = warehouse.identifiers(connection, "identified.profile_id = ?", profile_id)
    retired = warehouse.rows(
        connection,
        "select retired_profile_id from marts.profile_aliases where profile_id = ? order by all",
        [profile_id],
    )
    retired_ids = [row["retired_profile_id"] for row in retired]
    apart = warehouse.kept_apart(connection, profile_id)
    by_name = {str(member): member for member in [*members, *others_of(connection, apart)]}
    return Person(
        asked=found.asked,
        as_of=as_of,
        found=str(found.identifier),
        retired_id=found.retired_id,
        retired_at=found.retired_at,
        profile=warehouse.profile(connection, profile_id),
        identifiers=[
            {
                "identifier_type": member.identifier_type,
                "identifier_value": member.identifier_value,
                "observation_count": member.observation_count,
                "first_seen_at": member.first_seen_at,
                "last_seen_at": member.last_seen_at,
                "names_the_profile": member.is_anchor,
                "is_crm": member.is_crm,
                "suppression_reason": member.suppression_reason,
                "rule": member.rule,
                "explanation": member.suppression_reason
                and reason_in_words(
                    member.suppression_reason,
                    member.rule,
                    member,
                    descriptions.get(member.rule or ""),
                ),
            }
            for member in members
        ],
        kept_apart=[kept_apart(row, by_name, descriptions) for row in apart],
        retired_ids=retired_ids,
        changes=warehouse.changes(connection, [profile_id, *retired_ids]),
    )


def others_of(
    connection: duckdb.DuckDBPyConnection, apart: Iterable[dict[str, Any]]
) -> list[Identifier]:
    """The far ends of suppressed edges."""
    values = sorted({row["identifier_value_b"] for row in apart})
    return warehouse.identifiers(
        connection, "identified.identifier_value in (select unnest(?::varchar[]))", values
    )


def kept_apart(
    row: dict[str, Any], by_name: dict[str, Identifier], descriptions: dict[str, str]
) -> KeptApart:
    """A suppressed edge with its reason in words."""
    near = by_name[f"{row['identifier_type_a']}:{row['identifier_value_a']}"]
    other = by_name[f"{row['identifier_type_b']}:{row['identifier_value_b']}"]
    reason, rule = row["reason"], row["rule"]
    culprit = culprit_of(near, other, reason)
    return KeptApart(
        identifier=str(near),
        other=str(other),
        other_profile_id=other.profile_id,
        is_one_person=row["is_one_person"],
        observation_count=row["observation_count"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        sample_observation=row["sample_observation"],
        reason=reason,
        rule=rule,
        explanation=reason_in_words(reason, rule, culprit, descriptions.get(rule or "")),
    )


def culprit_of(first: Identifier, other: Identifier, reason: str) -> Identifier:
    """The end of an edge that links no further; the earlier known one when both do not."""
    low, high = sorted((first, other), key=lambda end: end.naming_order)
    return high if high.suppression_reason == reason != low.suppression_reason else low


def explain_tie(
    connection: duckdb.DuckDBPyConnection, first: Found, other: Found, as_of: datetime
) -> OnePerson:
    """How two identifiers of one profile hang together."""
    start, end = first.identifier, other.identifier
    # What was separated by hand or blocked links nothing, though its ends are one person's.
    edges = [edge for edge in warehouse.profile_edges(connection, start.number) if not edge.reason]
    chain = best_chain(edges, start.number, end.number) or []
    advice, paste = advice_to_separate(connection, edges, chain, start, end, as_of)
    return OnePerson(
        asked=[first.asked, other.asked],
        as_of=as_of,
        ends=[str(start), str(end)],
        profile_id=start.profile_id,
        chain=described(connection, chain),
        advice=advice,
        paste=paste,
    )


def advice_to_separate(
    connection: duckdb.DuckDBPyConnection,
    edges: list[Edge],
    chain: list[tuple[int, int, Edge]],
    start: Identifier,
    end: Identifier,
    as_of: datetime,
) -> tuple[str | None, list[str]]:
    """What to do if the two are not one person: the links to take back, weakest first.

    Takes back links until no chain is left, each time the weakest of the chain at hand.
    """
    if not chain:
        return None, []
    members = {entry.number: entry for entry in named(connection, edges)}
    left, paste = edges, []
    while chain:
        weakest = min((edge for _, _, edge in chain), key=weakness)
        ends = (members[weakest.low], members[weakest.high])
        paste.append(
            override_line("separate", *ends, decided_at=as_of, reason="two people, not one")
        )
        left = [edge for edge in left if edge is not weakest]
        chain = best_chain(left, start.number, end.number) or []
        if len(paste) > SEPARATED_AT_MOST:
            return (
                f"More than {SEPARATED_AT_MOST} links tie them. If they are two people, look for "
                f"what they should not share and add a void or block line to {RULES}.",
                [],
            )
    lines = "this line" if len(paste) == 1 else f"these {len(paste)} lines"
    return (
        f"If they are two people, add {lines} to {OVERRIDES}, say why, and run `audiences build`:",
        paste,
    )


def weakness(edge: Edge) -> tuple[bool, int, int, int]:
    """Sorts edges: observed before declared, seldom before often, late before early."""
    return edge.is_declared, edge.observation_count, -edge.low, -edge.high


def named(connection: duckdb.DuckDBPyConnection, edges: Iterable[Edge]) -> list[Identifier]:
    """The identifiers at the ends of edges."""
    numbers = sorted({number for edge in edges for number in (edge.low, edge.high)})
    return warehouse.numbered(connection, numbers)


def described(
    connection: duckdb.DuckDBPyConnection, chain: list[tuple[int, int, Edge]]
) -> list[Step]:
    """The steps of a chain with names, sources and reasons in words."""
    if not chain:
        return []
    members = {entry.number: entry for entry in named(connection, (edge for _, _, edge in chain))}
    shown = warehouse.evidence(connection, [(edge.low, edge.high) for _, _, edge in chain])
    descriptions = rule_descriptions(connection)
    steps = []
    for here, there, edge in chain:
        sources = shown[edge.low, edge.high]
        first, other = members[here], members[there]
        words = edge.reason and reason_in_words(
            edge.reason,
            edge.rule,
            culprit_of(first, other, edge.reason),
            descriptions.get(edge.rule or ""),
        )
        steps.append(
            Step(
                one=str(first),
                other=str(other),
                how=how_known(edge, sources),
                observation_count=edge.observation_count,
                first_seen_at=edge.first_seen_at,
                last_seen_at=edge.last_seen_at,
                sources=sources,
                sample_observation=edge.sample_observation,
                reason=edge.reason,
                rule=edge.rule,
                explanation=words,
            )
        )
    return steps


def how_known(edge: Edge, sources: Iterable[dict[str, Any]]) -> str:
    """Whether the two were declared one, suggested by an alias or proposal, or seen together."""
    actions = {source["action"] for source in sources}
    if edge.is_declared:
        return "declared"
    return "suggested" if actions == {"suggest"} else "seen"


def explain_distance(
    connection: duckdb.DuckDBPyConnection, first: Found, other: Found, as_of: datetime
) -> TwoPeople:
    """What ever tied two identifiers of two profiles, and why it links them not."""
    start, end = first.identifier, other.identifier
    edges, is_complete = edges_between(connection, start.number, end.number)
    chain = best_chain(edges, start.number, end.number)
    advice, paste = advice_to_link(connection, start, end, as_of)
    return TwoPeople(
        asked=[first.asked, other.asked],
        as_of=as_of,
        ends=[str(start), str(end)],
        profile_ids=[start.profile_id, end.profile_id],
        names=[name_of(warehouse.profile(connection, end.profile_id)) for end in (start, end)],
        chain=None if chain is None else described(connection, chain),
        is_search_complete=is_complete or chain is not None,
        advice=advice,
        paste=paste,
    )


def edges_between(
    connection: duckdb.DuckDBPyConnection, start: int, end: int
) -> tuple[list[Edge], bool]:
    """Edges enough for a chain between two identifiers, if there is one, and whether all are.

    Goes from one unlimited component to the next, since what blocks or separates lies between
    components. Stops as soon as the two hang together or all around one of them is known.
    """
    complete: set[int] = set()
    edges: dict[tuple[int, int], Edge] = {}
    frontier = {start, end}
    while frontier:
        members, found = warehouse.component_edges(connection, frontier)
        complete |= members
        edges |= {(edge.low, edge.high): edge for edge in found}
        around = [reachable(edges.values(), node) for node in (start, end)]
        if end in around[0] or any(reached <= complete for reached in around):
            break
        if len(complete) > SEARCHED_AT_MOST:
            return list(edges.values()), False
        frontier = set().union(*around) - complete
    return list(edges.values()), True


def advice_to_link(
    connection: duckdb.DuckDBPyConnection, start: Identifier, end: Identifier, as_of: datetime
) -> tuple[str, list[str]]:
    """What to do if the two are one person."""
    blocked = [entry for entry in (start, end) if entry.rule is not None]
    if blocked:
        lines = " and ".join(
            f"{rule_line(connection, identifier)} for {identifier.identifier_value}"
            for identifier in blocked
        )
        return (
            f"A link line cannot overrule a rule. If the rule is wrong here, change {lines} in "
            f"{RULES} and run `audiences build`; it then links for everybody.",
            [],
        )
    speakers = [
        strongest(
            warehouse.identifiers(connection, "identified.profile_id = ?", entry.profile_id), entry
        )
        for entry in (start, end)
    ]
    line = override_line("link", *speakers, decided_at=as_of, reason="one person")
    return (
        f"If they are one person, add this line to {OVERRIDES}, say why, and run "
        "`audiences build`:",
        [line],
    )


def name_of(profile: dict[str, Any]) -> str:
    """A person's name, or else the best identifier; empty when only devices are known."""
    names = [profile[column] for column in ("first_name", "last_name") if profile[column]]
    best = [profile[column] for column in ("email", "user_id", "phone", "crm_contact_id")]
    return " ".join(names) or next((value for value in best if value), "")

"""The scenarios of scenarios.yml: as raw files, as found in a warehouse, and as a page's tables."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
BUILDS = 3
FIRST_DAY = datetime(2026, 6, 1)
DAYS_PER_BUILD = 10
FLAGS = ("is_identified", "is_shared_device", "has_suppressed_identifiers")
KIND_OF = {"device_id": "anonymous_id"}
EVENT_COLUMNS = ("user_id", "email", "phone", "anonymous_id", "device_id")


@dataclass(frozen=True)
class Person:
    """A profile as a scenario sees it; identifiers are written type:value."""

    named_by: str
    others: frozenset[str]
    flags: frozenset[str]
    suppressed: frozenset[tuple[str, str]]
    anonymous_events: int
    best_email: str | None


@dataclass(frozen=True)
class Change:
    """A row of the log, its profiles given by the identifiers that name them."""

    change: str
    loser: str
    winner: str
    reason: str


def load() -> list[dict[str, Any]]:
    """The scenarios in the order of the page."""
    return yaml.safe_load((HERE / "scenarios.yml").read_text())["anchors"]


def as_of(build: int) -> datetime:
    """The instant of a build, counted from 0: the end of its ten days."""
    return FIRST_DAY + timedelta(days=DAYS_PER_BUILD * (build + 1))


def steps(scenario: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The scenario's step in every build: what is new, and the people and overrides that hold."""
    people, overrides = [], []
    for build in range(BUILDS):
        given = scenario["builds"][build] if build < len(scenario["builds"]) else {}
        people = given.get("people", people)
        overrides = given.get("overrides", overrides)
        yield {
            "seen": given.get("seen", []),
            "people": [expected(person) for person in people],
            "overrides": overrides,
            "log": [Change(**change) for change in given.get("log", [])],
        }


def expected(person: dict[str, Any]) -> Person:
    """A profile of the YAML; what it leaves out is none."""
    return Person(
        named_by=person["named_by"],
        others=frozenset(person.get("others", [])),
        flags=frozenset(person.get("flags", [])),
        suppressed=frozenset(person.get("suppressed", {}).items()),
        anonymous_events=person.get("anonymous_events", 0),
        best_email=person.get("best_email"),
    )


def identifiers(scenario: dict[str, Any]) -> set[str]:
    """Every identifier that a scenario shows, type:value."""
    found = set()
    for build in scenario["builds"]:
        for seen in build.get("seen", []):
            for name in (*EVENT_COLUMNS, "crm_contact_id"):
                if name in seen:
                    found.add(f"{KIND_OF.get(name, name)}:{plain(seen[name])}")
            found |= {f"user_id:{seen['alias_of']}"} if "alias_of" in seen else set()
    return found


def plain(value: str) -> str:
    """An address in its one spelling; ids as they are."""
    return value.strip(" <>;").lower() if "@" in value else value


# As raw files -------------------------------------------------------------------------------------


def land(raw: Path, scenarios: Iterable[dict[str, Any]], build: int) -> None:
    """Write the raw files that arrive before a build."""
    tables: dict[str, list[dict]] = {
        "events/events": [], "hubspot/contacts": [], "segment/aliases": []
    }  # fmt: skip
    for scenario in scenarios:
        for number, seen in enumerate(list(steps(scenario))[build]["seen"]):
            loaded_at = FIRST_DAY + timedelta(days=DAYS_PER_BUILD * build, minutes=number)
            at = datetime.fromisoformat(seen["at"]) if "at" in seen else loaded_at
            name = f"{scenario['name']}-{build}-{number}"
            table, rows = rows_of(seen, name, at, loaded_at)
            tables[table] += rows
    for table, rows in tables.items():
        (raw / table).mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row, default=str) + "\n" for row in rows)
        if text:
            (raw / table / f"build-{build}.ndjson").write_text(text)
    # Segment without page views does not exist, so there is a file without rows.
    (raw / "segment/pages").mkdir(exist_ok=True)
    (raw / "segment/pages/none.csv").write_text("id,anonymous_id,received_at,timestamp\n")


def rows_of(
    seen: dict[str, Any], name: str, at: datetime, loaded_at: datetime
) -> tuple[str, list[dict[str, Any]]]:
    """The raw table of an observation and its rows there."""
    if "alias_of" in seen:
        row = {"id": name, "previous_id": seen["alias_of"], "user_id": seen["user_id"]}
        return "segment/aliases", [row | {"timestamp": at, "received_at": loaded_at}]
    if "crm_contact_id" in seen:
        row = {
            "id": seen["crm_contact_id"],
            "_fivetran_synced": loaded_at,
            "_fivetran_deleted": str(seen.get("deleted", False)).lower(),
            "property_email": seen.get("email"),
            "property_phone": seen.get("phone"),
            "property_hs_merged_object_ids": seen.get("merged_ids"),
            "property_hs_additional_emails": seen.get("additional_emails"),
            "property_createdate": FIRST_DAY - timedelta(days=30),
            "property_lastmodifieddate": at,
        }
        return "hubspot/contacts", [row]
    return "events/events", [
        {
            "event_id": f"{name}-{number}",
            "event_name": "page_viewed",
            "occurred_at": at + timedelta(milliseconds=number),
            "loaded_at": loaded_at + timedelta(milliseconds=number),
            **{column: seen[column] for column in EVENT_COLUMNS if column in seen},
        }
        for number in range(seen.get("times", 1))
    ]


def override_lines(scenarios: Iterable[dict[str, Any]], build: int) -> str:
    """The overrides in force at a build, as lines of seeds/identity_overrides.csv."""
    lines = []
    for scenario in scenarios:
        for action, override, other in list(steps(scenario))[build]["overrides"]:
            ends = ",".join(end.replace(":", ",", 1) for end in (override, other))
            lines.append(f"{action},{ends},{FIRST_DAY:%Y-%m-%dT%H:%M:%S},{scenario['name']}\n")
    return "".join(lines)


# As found in a warehouse --------------------------------------------------------------------------


def people_found(project: Any, wanted: set[str]) -> set[Person]:
    """The profiles that hold any of the identifiers."""
    members: dict[str, list[tuple]] = {}
    for profile_id, kind, value, is_anchor, reason in project.rows(
        """
        select profile_id, identifier_type, identifier_value, is_anchor, suppression_reason
        from marts.profile_identifiers
        """
    ):
        members.setdefault(profile_id, []).append((f"{kind}:{value}", is_anchor, reason))
    anonymous = dict(
        project.rows(
            """
            select profiles.profile_id, count(*)
            from intermediate.int_events_resolved as resolved
            inner join intermediate.int_events as events using (source, event_id)
            inner join intermediate.int_profiles as profiles using (profile_key)
            where
                coalesce(events.user_id, events.email, events.phone, events.crm_contact_id) is null
            group by profiles.profile_id
            """
        )
    )
    found = set()
    for profile_id, email, *flags in project.rows(
        f"select profile_id, email, {', '.join(FLAGS)} from marts.profiles"
    ):
        names = {name for name, _, _ in members[profile_id]}
        if not names & wanted:
            continue
        (named_by,) = [name for name, is_anchor, _ in members[profile_id] if is_anchor]
        found.add(
            Person(
                named_by=named_by,
                others=frozenset(names - {named_by}),
                flags=frozenset(name for name, is_set in zip(FLAGS, flags, strict=True) if is_set),
                suppressed=frozenset((name, why) for name, _, why in members[profile_id] if why),
                anonymous_events=anonymous.get(profile_id, 0),
                best_email=email,
            )
        )
    return found


def log_found(project: Any, build: int, wanted: set[str]) -> set[Change]:
    """The rows that a build added to the log."""
    return {
        Change(*row)
        for row in project.rows(
            """
            with named as (
                select
                    md5('audience-engine|' || identifier_type || '|' || identifier_value)
                        as profile_id,
                    identifier_type || ':' || identifier_value as name
                from intermediate.int_identity_nodes
            )

            select merges.change, losers.name, winners.name, merges.reason
            from marts.profile_merges as merges
            inner join named as losers on merges.loser_profile_id = losers.profile_id
            inner join named as winners on merges.winner_profile_id = winners.profile_id
            where merges.changed_at = ?
            """,
            as_of(build),
        )
        if row[1] in wanted or row[2] in wanted
    }


# As the page's tables -----------------------------------------------------------------------------


def table(scenario: dict[str, Any]) -> str:
    """What comes out, as Markdown: one row per build and profile; builds without news left out."""
    lines = ["| build | profile | its other identifiers | remarks |", "|---|---|---|---|"]
    wanted = None
    for build, step in enumerate(steps(scenario), 1):
        if step["people"] != wanted:
            for number, person in enumerate(step["people"]):
                others = ", ".join(code(name) for name in others_in_order(scenario, person))
                label = build if number == 0 else ""
                lines.append(f"| {label} | {code(person.named_by)} | {others} | {notes(person)} |")
        wanted = step["people"]
    return "\n".join(lines).replace("|  |", "| |").replace("|  |", "| |")


def others_in_order(scenario: dict[str, Any], person: Person) -> list[str]:
    """A profile's other identifiers as the YAML has them."""
    for build in scenario["builds"]:
        for given in build.get("people", []):
            if expected(given) == person:
                return given.get("others", [])
    raise LookupError(person)


def notes(person: Person) -> str:
    """What else is to be said about a profile."""
    wanted = []
    if "is_shared_device" in person.flags:
        wanted.append("shared device")
    for name, reason in sorted(person.suppressed):
        whose = "" if not person.others else f"{code(name)}: "
        wanted.append(f"{whose}`{reason}`")
    if person.anonymous_events:
        events = "event" if person.anonymous_events == 1 else "events"
        wanted.append(f"{person.anonymous_events} anonymous {events}")
    return ", ".join(wanted)


def code(name: str) -> str:
    """An identifier's value as code."""
    return f"`{name.split(':', 1)[1]}`"

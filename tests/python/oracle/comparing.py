"""Compares what a built warehouse holds with what the oracle says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .emails import Message, counted_messages
from .events import Person, World, happened
from .lifecycle import lifecycle_of
from .people import account_traits_of, count_named, tags_of, traits_of
from .segments import judged, segments_of

# What a segment of a project's own may add to the trait models, beside counts of its people.
ASKED_FOR = re.compile(r"\w+_(bounce|hesitation)_count_7d|did_\w+_then_\w+|account_\w+_count_\w+")
ROWS = Callable[[str], list[tuple]]


@dataclass(frozen=True)
class Difference:
    """One value on which SQL and the oracle disagree."""

    about: str
    what: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.about}: {self.what}: expected {self.expected!r}, found {self.found!r}"


def same(expected: Any, found: Any) -> bool:
    """Whether two values are equal; sums of fractions may differ in their last digits."""
    if isinstance(expected, float) or isinstance(found, float):
        return found is not None and abs(expected - found) < 0.0002
    if isinstance(expected, datetime | str | None):
        return expected == found
    return found is not None and expected == found


def table(rows: ROWS, name: str, key: str) -> dict[str, dict]:
    """A table as dicts by one column."""
    schema, model = name.split(".")
    columns = [
        column
        for (column,) in rows(
            "select column_name from information_schema.columns "
            f"where table_schema = '{schema}' and table_name = '{model}' order by ordinal_position"
        )
    ]
    found = [dict(zip(columns, row, strict=True)) for row in rows(f"select * from {name}")]
    return {row[key]: row for row in found}


def email_rates(world: World) -> dict[tuple[str, date], tuple[int, int, int, int]]:
    """By segment and month: people with mail, e-mails, those opened and those clicked."""
    found: dict[tuple[str, date], list[int]] = {}
    for person in world.people:
        months: dict[date, list[Message]] = {}
        for message in counted_messages(world, happened(world, person)):
            months.setdefault(message.delivered_at.date().replace(day=1), []).append(message)
        for segment in {*segments_of(world, person), "(everybody)"}:
            for month, messages in months.items():
                counts = found.setdefault((segment, month), [0, 0, 0, 0])
                counts[0] += 1
                counts[1] += len(messages)
                counts[2] += sum(message.is_opened for message in messages)
                counts[3] += sum(bool(message.clicked_at) for message in messages)
    return {key: (*counts,) for key, counts in found.items()}


def differences(world: World, rows: ROWS) -> list[Difference]:
    """Everything on which a warehouse and the oracle disagree."""
    identifiers = {
        (kind, value): profile_id
        for kind, value, profile_id in rows(
            "select identifier_type, identifier_value, profile_id from marts.profile_identifiers"
        )
    }
    traits = table(rows, "marts.profile_traits", "profile_id")
    members: dict[str, set[str]] = {}
    for segment, profile_id in rows("select segment, profile_id from marts.segment_memberships"):
        members.setdefault(profile_id, set()).add(segment)
    tags: dict[str, dict] = {}
    for profile_id, kind, value, *rest in rows(
        "select profile_id, kind, value, event_count, interest_rank, first_at, last_at "
        "from marts.profile_tags"
    ):
        tags.setdefault(profile_id, {})[(kind, value)] = tuple(rest)
    stages: dict[str, list[tuple]] = {}
    for profile_id, *stage in rows(
        "select profile_id, stage, since_at, until_at from marts.profile_lifecycle "
        "order by until_at nulls last"
    ):
        stages.setdefault(profile_id, []).append(tuple(stage))
    wrong: list[Difference] = []
    for person in world.people:
        profile_id = identifiers.get(key_of(world, person))
        found, expected = stages.get(profile_id, []), list(lifecycle_of(world, person))
        if found != expected:
            wrong.append(Difference(person.key, "the stages", expected, found))
        wrong += of_person(
            world,
            person,
            traits.pop(profile_id, None),
            members.get(profile_id, set()),
            tags.get(profile_id, {}),
        )
    wrong += [Difference(row, "a profile that is nobody", None, row) for row in traits]
    return wrong + of_accounts(world, table(rows, "marts.account_traits", "account_id"))


def key_of(world: World, person: Person) -> tuple[str, str]:
    """The identifier that a person is found by."""
    if any(event.source == "events" for event in happened(world, person)):
        return ("user_id", person.key)
    return ("crm_contact_id", person.contact.contact_id if person.contact else "")


def of_person(
    world: World, person: Person, found: dict | None, members: set[str], tags: dict
) -> list[Difference]:
    """On which values of one person the two disagree."""
    if found is None:
        return [Difference(person.key, "the profile", "one", None)]
    expected = {
        **{name: count_named(world, person, name) for name in found},
        **traits_of(world, person),
    }
    wrong = [
        Difference(person.key, name, expected[name], value)
        for name, value in found.items()
        if name != "profile_id"
        and not same(expected[name], value)
        and (expected[name] is not None or not ASKED_FOR.fullmatch(name))
    ]
    belongs = segments_of(world, person)
    wrong += [
        Difference(person.key, name, name in belongs, name in members)
        for name in sorted(belongs ^ (members & judged()))
    ]
    expected_tags = tags_of(world, person)
    return wrong + [
        Difference(person.key, f"tag {key}", expected_tags.get(key), tags.get(key))
        for key in sorted(expected_tags.keys() | tags.keys())
        if expected_tags.get(key) != tags.get(key)
    ]


def of_accounts(world: World, found: dict[str, dict]) -> list[Difference]:
    """On which values of accounts the two disagree."""
    expected = account_traits_of(world)
    wrong = [
        Difference(account_id, "the account", account_id in expected, account_id in found)
        for account_id in sorted(expected.keys() ^ found.keys())
    ]
    for account_id in expected.keys() & found.keys():
        wrong += [
            Difference(account_id, name, expected[account_id].get(name), value)
            for name, value in found[account_id].items()
            if name != "account_id"
            and not same(expected[account_id].get(name), value)
            and (name in expected[account_id] or not ASKED_FOR.fullmatch(name))
        ]
    return wrong

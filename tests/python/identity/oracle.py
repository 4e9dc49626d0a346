"""What docs/identity.md says, in plain Python: slow, small, and nothing shared with the SQL."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Identifier:
    """``number`` says how early it was known, ``tier`` is the priority of its type, 1 the first."""

    number: int
    tier: int
    limit: int | None
    key: str


@dataclass(frozen=True)
class Link:
    """Two identifiers that were seen together so often; declared ones are one person's for sure."""

    one: int
    other: int
    count: int
    first_seen: Any
    is_declared: bool = False


class Place(NamedTuple):
    """Where an identifier ends up: the smallest number with it, why it links no further, and
    whether somebody else than the person it is with had it first.
    """

    root: int
    reason: str | None
    is_borrowed: bool


@dataclass
class Touch:
    """One identifier that was seen with members of a group which is not its own."""

    identifier: Identifier
    group: int
    weight: int
    first_seen: Any
    is_late: bool = False
    """True when the identifier gave up another touch for this one that was seen before it."""


def joined(members: Iterable[int], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Each member's group, named by its smallest member."""
    group_of = {member: member for member in members}
    for pair, other in pairs:
        low, high = sorted((group_of[pair], group_of[other]))
        if low != high:
            for member, group in group_of.items():
                if group == high:
                    group_of[member] = low
    return group_of


def limited(
    identifiers: Iterable[Identifier], links: Iterable[Link], owner_share: float
) -> dict[int, Place]:
    """Each identifier's place, by the section on how limits are kept."""
    known = {identifier.number: identifier for identifier in identifiers}
    links = list(links)
    declared = joined(known, [(link.one, link.other) for link in links if link.is_declared])
    group_of = dict(declared)
    reasons: dict[int, str] = {}
    borrowed: set[int] = set()

    for tier in sorted({identifier.tier for identifier in known.values()}):
        touches = touches_of(tier, known, links, group_of, reasons)
        together = groups_joined(group_of, touches)
        if broken_types(known, declared, together):
            touches = without_shared(tier, known, declared, group_of, touches, owner_share, reasons)
            together = groups_joined(group_of, touches)
        if broken_types(known, declared, together):
            touches = without_excess(tier, known, links, declared, group_of, touches, reasons)
            together = groups_joined(group_of, touches)
        borrowed |= {touch.identifier.number for touch in touches if touch.is_late}
        group_of = together
    return {
        number: Place(group_of[number], reasons.get(number), number in borrowed) for number in known
    }


def touches_of(
    tier: int,
    known: dict[int, Identifier],
    links: list[Link],
    group_of: dict[int, int],
    reasons: dict[int, str],
) -> list[Touch]:
    """What the identifiers of a type touch: groups of identifiers that come before them."""
    touches: dict[tuple[int, int], Touch] = {}
    for link in links:
        earlier, later = sorted(
            (known[link.one], known[link.other]), key=lambda end: (end.tier, end.number)
        )
        group = group_of[earlier.number]
        if later.tier != tier or earlier.number in reasons or group == group_of[later.number]:
            continue
        touch = touches.setdefault(
            (later.number, group), Touch(later, group, link.count, link.first_seen)
        )
        touch.weight = max(touch.weight, link.count)
        touch.first_seen = min(touch.first_seen, link.first_seen)
    return list(touches.values())


def groups_joined(group_of: dict[int, int], touches: list[Touch]) -> dict[int, int]:
    """Each identifier's group when everything that touches is joined."""
    merged = joined(
        set(group_of.values()),
        [(group_of[touch.identifier.number], touch.group) for touch in touches],
    )
    return {number: merged[group] for number, group in group_of.items()}


def broken_types(
    known: dict[int, Identifier], declared: dict[int, int], together: dict[int, int]
) -> dict[int, set[int]]:
    """The groups that hold too many of a type, with those types; declared ones count once."""
    held: dict[tuple[int, int], set[int]] = defaultdict(set)
    for number, group in together.items():
        held[group, known[number].tier].add(declared[number])
    limits = {identifier.tier: identifier.limit for identifier in known.values()}
    broken: dict[int, set[int]] = defaultdict(set)
    for (group, tier), ones in held.items():
        limit = limits[tier]
        if limit is not None and len(ones) > limit:
            broken[group].add(tier)
    return broken


def without_shared(
    tier: int,
    known: dict[int, Identifier],
    declared: dict[int, int],
    group_of: dict[int, int],
    touches: list[Touch],
    owner_share: float,
    reasons: dict[int, str],
) -> list[Touch]:
    """The touches that are left when shared identifiers stay with their owners."""
    together = groups_joined(group_of, touches)
    broken = broken_types(known, declared, together)
    anchored = {
        group_of[number]
        for number, identifier in known.items()
        if identifier.limit == 1
        and identifier.tier < tier
        and identifier.tier in broken.get(together[number], ())
    }
    kept = []
    for identifier, own in by_identifier(touches).items():
        claims = [touch for touch in own if touch.group in anchored]
        is_at_home = group_of[identifier.number] in anchored
        if len(claims) + is_at_home < 2 or not claims:
            kept += own
            continue
        reasons.setdefault(identifier.number, "shared_identifier")
        if not is_at_home:
            total = sum(touch.weight for touch in claims)
            owned = [touch for touch in claims if touch.weight >= owner_share * total]
            kept += [as_late(touch, claims) for touch in owned]
    return kept


def without_excess(
    tier: int,
    known: dict[int, Identifier],
    links: list[Link],
    declared: dict[int, int],
    group_of: dict[int, int],
    touches: list[Touch],
    reasons: dict[int, str],
) -> list[Touch]:
    """The touches that are left when one after the other joins what stays within the limits."""
    members: dict[int, set[int]] = defaultdict(set)
    for number, group in group_of.items():
        members[group].add(number)
    strongest = {group: min(known[number].tier for number in own) for group, own in members.items()}
    first_key = {group: min(known[number].key for number in own) for group, own in members.items()}
    order = sorted(
        touches,
        key=lambda touch: (
            strongest[touch.group],
            touch.first_seen,
            -touch.weight,
            touch.identifier.key,
            first_key[touch.group],
        ),
    )

    inside = dict(group_of)
    kept, lost, left_out = [], [], set()
    for touch in order:
        this, other = inside[touch.identifier.number], inside[next(iter(members[touch.group]))]
        would_be = [number for number, group in inside.items() if group in (this, other)]
        over = broken_types(known, declared, dict.fromkeys(would_be, 0)).get(0, set())
        if this == other or not over:
            inside.update(dict.fromkeys(would_be, this))
            kept.append(touch)
            continue
        lost.append(touch)

    for touch in lost:
        this, other = inside[touch.identifier.number], inside[next(iter(members[touch.group]))]
        would_be = [number for number, group in inside.items() if group in (this, other)]
        over = broken_types(known, declared, dict.fromkeys(would_be, 0))[0]
        seen = {
            end
            for link in links
            for end, far in ((link.one, link.other), (link.other, link.one))
            if far == touch.identifier.number
            and end in members[touch.group]
            and end not in reasons
            and (known[end].tier, end) < (tier, far)
        }
        is_left_there = seen and tier not in over and all(known[end].tier in over for end in seen)
        left_out |= seen if is_left_there else {touch.identifier.number}
    for number in left_out:
        reasons.setdefault(number, "limit_exceeded")

    first_lost: dict[int, Any] = {}
    first_kept: dict[int, Any] = {}
    for found, those in ((first_lost, lost), (first_kept, kept)):
        for touch in those:
            number = touch.identifier.number
            found[number] = min(found.get(number, touch.first_seen), touch.first_seen)
    return [
        replace(
            touch,
            is_late=touch.is_late
            or (
                touch.identifier.number in first_lost
                and first_kept[touch.identifier.number] > first_lost[touch.identifier.number]
            ),
        )
        for touch in kept
    ]


def as_late(touch: Touch, others: list[Touch]) -> Touch:
    """The touch, late if one of the others came before it."""
    first_seen = min(other.first_seen for other in others)
    return replace(touch, is_late=touch.is_late or touch.first_seen > first_seen)


def by_identifier(touches: list[Touch]) -> dict[Identifier, list[Touch]]:
    """The touches of each identifier."""
    found: dict[Identifier, list[Touch]] = defaultdict(list)
    for touch in touches:
        found[touch.identifier].append(touch)
    return found


Key = tuple[str, str]
"""Type and value of an identifier."""


@dataclass(frozen=True)
class Observation:
    """One delivered event and the identifiers that it shows, by type."""

    event_id: str
    occurred_at: datetime
    loaded_at: datetime
    shown: tuple[Key, ...]


@dataclass(frozen=True)
class Decision:
    """One line of seeds/identity_overrides.csv; action is link or separate."""

    action: str
    one: Key
    other: Key
    decided_at: datetime


@dataclass(frozen=True)
class Rules:
    """The lines of seeds/identity_rules.csv, as the file has them, by kind.

    A pattern that is left empty is the word null, which dbt cannot load.
    """

    lines: tuple[dict[str, str], ...]

    def of(self, kind: str) -> list[dict[str, str]]:
        return [line for line in self.lines if line["kind"] == kind]

    def is_void(self, key: Key) -> bool:
        value = re.sub("(?<=[a-z])[ ,_-]+(?=[a-z])", "_", key[1].lower().strip(" \"'`;,"))
        if not set(value) - set("0-.:"):
            value = "0"
        elif len(value) == 1:
            value = "?"
        elif not set(value) - set("x-"):
            value = "xxx"
        shapes = [("{", "}"), ("${", "}"), ("%", "%"), ("<", ">"), ("*|", "|*")]
        if any(value.startswith(begin) and value.endswith(end) for begin, end in shapes):
            value = "<>"
        return self.names("void", key, {value})

    def is_blocked(self, key: Key) -> bool:
        spellings = {key[1].lower()}
        if key[0] == "email":
            local, _, domain = key[1].partition("@")
            bare = local.rstrip("0123456789")
            spellings |= {f"{local}@*", f"*@{domain}"}
            spellings |= {f"{bare}#@*"} if bare != local else set()
        return self.names("block", key, spellings)

    def names(self, kind: str, key: Key, spellings: set[str]) -> bool:
        return any(
            line["identifier_type"] in ("*", key[0]) and (line["pattern"] or "null") in spellings
            for line in self.of(kind)
        )


@dataclass(frozen=True)
class People:
    """``person_of`` gives each identifier the one that names its person, and why it links no
    further; ``apart`` are the pairs that were seen together and link nobody.
    """

    person_of: dict[Key, tuple[Key, str | None]]
    apart: set[frozenset[Key]]


def people(
    observations: Iterable[Observation],
    rules: Rules,
    decisions: Iterable[Decision],
    as_of: datetime,
) -> People:
    """Who is who, by everything that docs/identity.md says, from the first event on."""
    seen = [event for event in kept_events(observations) if event.occurred_at <= as_of]
    shown = {event: [key for key in event.shown if not rules.is_void(key)] for event in seen}
    numbers = numbered(shown)
    links, separated = evidence(shown, numbers, decisions, as_of)
    pairs = {frozenset((link.one, link.other)) for link in links}

    reasons = {number: "blocked_value" for key, number in numbers.items() if rules.is_blocked(key)}
    for number in hubs(numbers, pairs - separated, set(reasons), rules):
        reasons.setdefault(number, "hub")
    usable = [
        link
        for link in links
        if frozenset((link.one, link.other)) not in separated
        and not {link.one, link.other} & set(reasons)
    ]

    tiers = {(line["identifier_type"], line["pattern"]): line for line in rules.of("limit")}
    limit_of = {
        key: tiers[key[0], "*@*" if key[0] == "user_id" and "@" in key[1] else ""]
        for key in numbers
    }
    known = {
        number: Identifier(
            number,
            tier=int(limit_of[key]["priority"]),
            limit=int(limit_of[key]["threshold"]) if limit_of[key]["threshold"] else None,
            key=":".join(key),
        )
        for key, number in numbers.items()
    }
    (owner,) = rules.of("owner")
    person_of = {}
    for members, own_links in components(numbers.values(), usable):
        inside = [known[number] for number in members]
        counts = {
            member.tier: sum(other.tier == member.tier for other in inside) for member in inside
        }
        if any(
            member.limit is not None and counts[member.tier] > member.limit for member in inside
        ):
            person_of |= limited(inside, own_links, float(owner["threshold"]))
        else:
            person_of |= {number: Place(min(members), None, False) for number in members}

    key_of = {number: key for key, number in numbers.items()}
    names = named(person_of)
    return People(
        person_of={
            key_of[number]: (key_of[names[place.root]], reasons.get(number, place.reason))
            for number, place in person_of.items()
        },
        apart={
            frozenset(key_of[number] for number in pair)
            for pair in pairs
            if pair in separated or len({person_of[number].root for number in pair}) == 2
        },
    )


def named(places: dict[int, Place]) -> dict[int, int]:
    """For each person the smallest number that is its own, by the smallest number of all."""
    members: dict[int, list[int]] = defaultdict(list)
    for number, place in places.items():
        members[place.root].append(number)
    return {
        root: min([member for member in own if not places[member].is_borrowed] or own)
        for root, own in members.items()
    }


def kept_events(observations: Iterable[Observation]) -> list[Observation]:
    """Of several copies of an event the one that was loaded first."""
    kept: dict[str, Observation] = {}
    for event in observations:
        if event.event_id not in kept or event.loaded_at < kept[event.event_id].loaded_at:
            kept[event.event_id] = event
    return list(kept.values())


def numbered(shown: dict[Observation, list[Key]]) -> dict[Key, int]:
    """The identifiers in the order in which they became known."""
    # What a later load tells of an earlier sight renames nobody.
    known: dict[Key, tuple[datetime, datetime]] = {}
    for event, keys in shown.items():
        for key in keys:
            sight = (event.loaded_at, event.occurred_at)
            known[key] = min(known.get(key, sight), sight)
    order = sorted(known, key=lambda key: (known[key], key))
    return {key: number for number, key in enumerate(order, start=1)}


def evidence(
    shown: dict[Observation, list[Key]],
    numbers: dict[Key, int],
    decisions: Iterable[Decision],
    as_of: datetime,
) -> tuple[list[Link], set[frozenset[int]]]:
    """The links of all pairs that were seen or declared together, and the separated pairs."""
    times: dict[frozenset[int], list[datetime]] = defaultdict(list)
    for event, keys in shown.items():
        for key in keys:
            for other in keys:
                if numbers[key] < numbers[other]:
                    times[frozenset((numbers[key], numbers[other]))].append(event.occurred_at)

    latest: dict[frozenset[int], Decision] = {}
    for decision in sorted(decisions, key=lambda decision: decision.decided_at):
        ends = {decision.one, decision.other}
        if decision.decided_at <= as_of and ends <= set(numbers):
            latest[frozenset(numbers[end] for end in ends)] = decision
    for pair, decision in latest.items():
        if decision.action == "link":
            times[pair].append(decision.decided_at)

    links = [
        Link(
            min(pair),
            max(pair),
            count=len(seen_at),
            first_seen=min(seen_at),
            is_declared=pair in latest and latest[pair].action == "link",
        )
        for pair, seen_at in times.items()
    ]
    return links, {pair for pair, decision in latest.items() if decision.action == "separate"}


def hubs(
    numbers: dict[Key, int], pairs: set[frozenset[int]], blocked: set[int], rules: Rules
) -> set[int]:
    """Identifiers that were seen with more others of a type than a rule of kind hub allows."""
    type_of = {number: key[0] for key, number in numbers.items()}
    met: dict[tuple[int, str], int] = defaultdict(int)
    for pair, other in pairs:
        for number, neighbor in ((pair, other), (other, pair)):
            if neighbor not in blocked:
                met[number, type_of[neighbor]] += 1
    return {
        number
        for (number, counted), count in met.items()
        for line in rules.of("hub")
        if line["identifier_type"] == type_of[number]
        and line["counted_type"] == counted
        and count > int(line["threshold"])
    }


def components(numbers: Iterable[int], links: list[Link]) -> list[tuple[set[int], list[Link]]]:
    """The identifiers that hang together, however long the way, with the links among them."""
    links_of: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        links_of[link.one].append(link)
        links_of[link.other].append(link)
    found, placed = [], set()
    for start in numbers:
        if start in placed:
            continue
        members, open_ends, inside = {start}, [start], []
        while open_ends:
            for link in links_of[open_ends.pop()]:
                inside += [link] if link not in inside else []
                for end in {link.one, link.other} - members:
                    members.add(end)
                    open_ends.append(end)
        placed |= members
        found.append((members, inside))
    return found

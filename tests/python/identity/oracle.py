"""What docs/identity.md says, in plain Python: slow, small, and nothing shared with the SQL."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


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


@dataclass
class Touch:
    """One identifier that was seen with members of a group which is not its own."""

    identifier: Identifier
    group: int
    weight: int
    first_seen: Any


def joined(members: Iterable[int], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Each member's group, named by its smallest member."""
    group_of = {member: member for member in members}
    for one, other in pairs:
        low, high = sorted((group_of[one], group_of[other]))
        if low != high:
            for member, group in group_of.items():
                if group == high:
                    group_of[member] = low
    return group_of


def limited(
    identifiers: Iterable[Identifier], links: Iterable[Link], owner_share: float
) -> dict[int, tuple[int, str | None]]:
    """Each identifier's person and why it links no further (the section on how limits are kept).

    A person is named by its smallest number.
    """
    known = {identifier.number: identifier for identifier in identifiers}
    links = list(links)
    declared = joined(known, [(link.one, link.other) for link in links if link.is_declared])
    group_of = dict(declared)
    reasons: dict[int, str] = {}

    for tier in sorted({identifier.tier for identifier in known.values()}):
        touches = touches_of(tier, known, links, group_of, reasons)
        together = groups_joined(group_of, touches)
        if broken_types(known, declared, together):
            touches = without_shared(tier, known, declared, group_of, touches, owner_share, reasons)
            together = groups_joined(group_of, touches)
        if broken_types(known, declared, together):
            touches = without_excess(tier, known, declared, group_of, touches, reasons)
            together = groups_joined(group_of, touches)
        group_of = together
    return {number: (group_of[number], reasons.get(number)) for number in known}


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
        if identifier.tier < tier and identifier.tier in broken.get(together[number], ())
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
            kept += [touch for touch in claims if touch.weight >= owner_share * total]
    return kept


def without_excess(
    tier: int,
    known: dict[int, Identifier],
    declared: dict[int, int],
    group_of: dict[int, int],
    touches: list[Touch],
    reasons: dict[int, str],
) -> list[Touch]:
    """The touches that are left when groups take no more of the type than they may."""
    together = groups_joined(group_of, touches)
    broken = broken_types(known, declared, together)
    members = defaultdict(list)
    for number, group in group_of.items():
        members[group].append(known[number])

    kept = []
    chosen: dict[int, list[Touch]] = defaultdict(list)
    for identifier, own in by_identifier(touches).items():
        if together[identifier.number] not in broken:
            kept += own
            continue
        best = min(
            own,
            key=lambda touch: (
                min(member.tier for member in members[touch.group]),
                -touch.weight,
                touch.first_seen,
                min(member.key for member in members[touch.group]),
            ),
        )
        holds_earlier = any(member.tier < tier for member in members[best.group])
        one = declared[identifier.number]
        is_declared_part = list(declared.values()).count(one) > 1
        if holds_earlier and not is_declared_part:
            chosen[best.group].append(best)

    for group, takers in chosen.items():
        takers.sort(key=lambda touch: (touch.first_seen, touch.identifier.key))
        limit = takers[0].identifier.limit
        if limit is not None:
            taken = {declared[member.number] for member in members[group] if member.tier == tier}
            takers = takers[: limit - len(taken)]
        kept += takers

    losers = [touch.identifier.number for touch in touches if touch not in kept]
    for number in losers:
        reasons.setdefault(number, "limit_exceeded")
    return kept


def by_identifier(touches: list[Touch]) -> dict[Identifier, list[Touch]]:
    """The touches of each identifier."""
    found: dict[Identifier, list[Touch]] = defaultdict(list)
    for touch in touches:
        found[touch.identifier].append(touch)
    return found

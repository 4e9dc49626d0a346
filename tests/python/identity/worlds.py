"""Small worlds of typed identifiers, mean ones: low limits, equal weights, ties everywhere."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .oracle import Identifier, Link

START = datetime(2026, 6, 1)
SPAN = 16
"""Worlds of one build have the numbers 1 to 15, 17 to 31 and so on."""

COLUMNS = {
    "cluster": "bigint",
    "strong_node": "bigint",
    "weak_node": "bigint",
    "strong_tier": "integer",
    "weak_tier": "integer",
    "strong_limit": "double",
    "weak_limit": "double",
    "strong_key": "varchar",
    "weak_key": "varchar",
    "observation_count": "bigint",
    "first_seen_at": "timestamp",
    "is_declared": "boolean",
    "owner_share": "double",
}


@dataclass(frozen=True)
class World:
    """Identifiers by number, what was seen together, and the share that makes an owner."""

    identifiers: dict[int, Identifier]
    links: tuple[Link, ...]
    owner_share: float

    def linked(self) -> dict[int, Identifier]:
        """The identifiers that were seen with another one."""
        ends = {end for link in self.links for end in (link.one, link.other)}
        return {number: self.identifiers[number] for number in sorted(ends)}

    def __str__(self) -> str:
        nodes = [
            f"{number} {known.key} (tier {known.tier}, limit {known.limit})"
            for number, known in self.linked().items()
        ]
        links = [
            f"{link.one}-{link.other} x{link.count} on day {(link.first_seen - START).days}"
            f"{' declared' if link.is_declared else ''}"
            for link in self.links
        ]
        return "\n".join([*nodes, *links])


def mean_world(rng: random.Random) -> World:
    """A world of 2 to 12 identifiers of 1 to 4 types; one type is without a limit."""
    tiers = rng.randint(1, 4)
    limits = {tier: rng.choice([1, 1, 1, 2, 3]) for tier in range(1, tiers + 1)}
    limits[rng.randint(1, tiers)] = None
    size = rng.randint(2, 12)
    keys = rng.sample("abcdefghijklmno", size)
    identifiers = {}
    for number, key in enumerate(keys, start=1):
        tier = rng.choice(list(limits))
        identifiers[number] = Identifier(number, tier, limits[tier], f"{tier}:{key}")
    days = rng.choice([1, 2, 9])
    declared_share = rng.choice([0, 0, 0.1, 0.3])
    pairs = {
        tuple(rng.sample(range(1, size + 1), 2)) for _ in range(rng.randint(size - 1, 2 * size))
    }
    links = tuple(
        Link(
            entry,
            other,
            count=rng.choice([1, 1, 1, 2, 3, 9]),
            first_seen=START + timedelta(days=rng.randrange(days)),
            is_declared=rng.random() < declared_share,
        )
        for entry, other in sorted({tuple(sorted(pair)) for pair in pairs})
    )
    return World(identifiers, links, owner_share=rng.choice([0.75, 0.75, 0.9]))


def changed(world: World, rng: random.Random) -> World:
    """The world as it is, or with links that are gone, seen more often, or declared."""
    if rng.random() < 0.4:
        return world
    links = []
    for link in world.links:
        what = rng.random()
        if what < 0.15:
            continue
        if what < 0.25:
            link = replace(link, count=link.count + rng.randint(1, 3))
        elif what < 0.3:
            link = replace(link, is_declared=not link.is_declared)
        elif what < 0.35:
            link = replace(link, first_seen=link.first_seen - timedelta(days=1))
        links.append(link)
    return replace(world, links=tuple(links))


def simpler(world: World) -> Iterator[World]:
    """The worlds that are one step simpler."""
    for place, link in enumerate(world.links):
        without = world.links[:place] + world.links[place + 1 :]
        yield replace(world, links=without)
        plain = Link(link.one, link.other, 1, START)
        for part in ("count", "first_seen", "is_declared"):
            if getattr(link, part) != getattr(plain, part):
                tamed = replace(link, **{part: getattr(plain, part)})
                yield replace(world, links=(*without[:place], tamed, *without[place:]))


def typed_edges(worlds: Iterable[World], clusters: Sequence[int]) -> Iterator[tuple]:
    """The rows of COLUMNS for many worlds, each in the cluster of that place."""
    for place, world in enumerate(worlds):
        for link in world.links:
            strong, weak = sorted(
                (world.identifiers[link.one], world.identifiers[link.other]),
                key=lambda end: (end.tier, end.number),
            )
            yield (
                clusters[place],
                strong.number + place * SPAN,
                weak.number + place * SPAN,
                strong.tier,
                weak.tier,
                strong.limit,
                weak.limit,
                strong.key,
                weak.key,
                link.count,
                link.first_seen,
                link.is_declared,
                world.owner_share,
            )

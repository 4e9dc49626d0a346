"""The limited_components materialization against the oracle, on thousands of small mean worlds."""

import random
from collections import defaultdict

import pytest

from .oracle import limited
from .tiny_dbt import TinyProject
from .worlds import COLUMNS, SPAN, changed, mean_world, simpler, typed_edges

MODELS = {
    "limited": """
        {{ config(materialized='limited_components') }}
        select * from main.typed_edges
    """
}
TABLES = {"typed_edges", "limited", "limited__edges"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return TinyProject(tmp_path_factory.mktemp("limits"), models=MODELS)


def build(project, worlds, *flags, rng=None):
    """What the model makes of each world: node → (root, reason)."""
    rows = list(typed_edges(worlds))
    if rng:
        rng.shuffle(rows)
    project.write("typed_edges", COLUMNS, rows)
    project.dbt("run", *flags)
    assert project.tables() == TABLES
    found = [{} for _ in worlds]
    for node, cluster, root, reason in project.rows("select * from main.limited"):
        offset = cluster * SPAN
        assert node - offset not in found[cluster], "a node has two roots"
        found[cluster][node - offset] = (root - offset, reason)
    return found


def expected(world):
    return limited(world.linked().values(), world.links, world.owner_share)


def check(project, worlds, found):
    """The oracle says the same of every world, or the failure names a small one that differs."""
    wrong = differing(worlds, found)
    if not wrong:
        return
    world = min(wrong, key=lambda world: len(world.links))
    while True:
        candidates = list(simpler(world))
        wrong = differing(candidates, build(project, candidates, "--full-refresh"))
        if not wrong:
            break
        world = wrong[0]
    (found,) = build(project, [world], "--full-refresh")
    pytest.fail(f"{world}\nfound    {found}\nexpected {expected(world)}")


def differing(worlds, found):
    return [
        world
        for world, labels in zip(worlds, found, strict=True)
        if dict(sorted(labels.items())) != expected(world)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_every_world_is_what_the_oracle_says(project, seed):
    rng = random.Random(seed)
    worlds = [mean_world(rng) for _ in range(4000)]
    found = build(project, worlds, "--full-refresh", rng=rng)
    check(project, worlds, found)
    for world, labels in zip(worlds, found, strict=True):
        check_promises(world, labels)
    reasons = [reason for labels in found for _, reason in labels.values()]
    assert min(map(reasons.count, ("shared_identifier", "limit_exceeded", None))) > 1000


def check_promises(world, labels):
    """What must hold however it is decided which links give way."""
    people = defaultdict(set)
    for number, (root, _) in labels.items():
        people[root].add(number)
    assert all(root == min(members) for root, members in people.items()), world
    for link in world.links:
        (one, one_reason), (other, other_reason) = labels[link.one], labels[link.other]
        is_kept = one == other
        assert is_kept or (not link.is_declared and (one_reason or other_reason)), world
    for members in people.values():
        # Declared ones count once; a person is connected by links that were kept.
        ones = defaultdict(set)
        for number in members:
            ones[world.identifiers[number].tier].add(declared_one(world, number))
        for tier, distinct in ones.items():
            limit = next(known.limit for known in world.identifiers.values() if known.tier == tier)
            assert limit is None or len(distinct) <= limit, world
        assert reached(world, min(members), members) == members, world


def declared_one(world, number):
    declared = [link for link in world.links if link.is_declared]
    return min(reached(world, number, set(world.identifiers), declared))


def reached(world, start, members, links=None):
    """The members that links lead to from one of them."""
    seen, links = {start}, world.links if links is None else links
    while True:
        more = {
            end
            for link in links
            if {link.one, link.other} <= members and seen & {link.one, link.other}
            for end in (link.one, link.other)
        }
        if more <= seen:
            return seen
        seen |= more


def test_any_change_to_any_world_gives_what_a_full_build_gives(project):
    rng = random.Random(99)
    worlds = [mean_world(rng) for _ in range(2000)]
    build(project, worlds, "--full-refresh", rng=rng)
    for _ in range(3):
        worlds = [changed(world, rng) for world in worlds]
        # Whoever nobody sees any more, and somebody new.
        worlds[100:150] = [mean_world(rng) for _ in range(50)]
        check(project, worlds, build(project, worlds, rng=rng))
    again = project.rows("select * from main.limited order by all")
    check(project, worlds, build(project, worlds, rng=rng))
    assert project.rows("select * from main.limited order by all") == again


def test_no_worlds_are_no_people(project):
    assert build(project, [], "--full-refresh") == []
    assert build(project, []) == []
    world = mean_world(random.Random(1))
    check(project, [world], build(project, [world]))
    assert build(project, []) == []
    check(project, [world], build(project, [world]))

"""The limited_components materialization against the oracle, on thousands of small mean worlds."""

import random
from collections import Counter, defaultdict

import pytest

from .oracle import Place, limited
from .projects import TinyProject
from .worlds import COLUMNS, SPAN, changed, mean_world, simpler, typed_edges

MODELS = {
    "limited": """
        {{ config(materialized='limited_components') }}
        select * from main.typed_edges
    """
}
SEED = 20260630
TABLES = {"typed_edges", "limited", "limited__edges"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return TinyProject(tmp_path_factory.mktemp("limits"), models=MODELS)


@pytest.fixture(scope="module")
def worlds():
    rng = random.Random(SEED)
    return [mean_world(rng) for _ in range(6000)]


@pytest.fixture(scope="module")
def whole(project, worlds):
    """What a full build makes of the worlds."""
    return build(project, worlds, "--full-refresh", rng=random.Random(SEED))


def build(project, worlds, *flags, clusters=None, rng=None):
    """Where the model puts the identifiers of each world, by number."""
    clusters = clusters or range(len(worlds))
    rows = list(typed_edges(worlds, clusters))
    if rng:
        rng.shuffle(rows)
    project.write("typed_edges", COLUMNS, rows)
    project.dbt("run", *flags)
    assert project.tables() == TABLES
    found = [{} for _ in worlds]
    query = "select node, cluster, root, reason, is_borrowed from main.limited"
    for node, cluster, root, reason, is_borrowed in project.rows(query):
        place = node // SPAN
        assert cluster == clusters[place]
        assert node % SPAN not in found[place], "a node has two roots"
        found[place][node % SPAN] = Place(root - place * SPAN, reason, is_borrowed)
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


def test_every_world_is_what_the_oracle_says(project, worlds, whole):
    check(project, worlds, whole)
    for world, labels in zip(worlds, whole, strict=True):
        check_promises(world, labels)
    reasons = Counter(place.reason for labels in whole for place in labels.values())
    assert min(reasons[reason] for reason in ("shared_identifier", "limit_exceeded", None)) > 1000


def check_promises(world, labels):
    """What must hold however it is decided which links give way."""
    people = defaultdict(set)
    for number, place in labels.items():
        people[place.root].add(number)
    assert all(root == min(members) for root, members in people.items()), world
    for link in world.links:
        first, other = labels[link.one], labels[link.other]
        if first.root != other.root:
            assert not link.is_declared and (first.reason or other.reason), world
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


def test_any_change_to_any_world_gives_what_a_full_build_gives(project, worlds, whole):
    rng = random.Random(SEED)
    clusters = list(range(len(worlds)))
    for _ in range(2):
        worlds = [changed(world, rng) for world in worlds]
        # Whoever nobody sees any more, somebody new, and worlds that share a cluster from now on.
        worlds[100:200] = [mean_world(rng) for _ in range(100)]
        clusters = [rng.choice([cluster] * 9 + [rng.randrange(9999)]) for cluster in clusters]
        check(project, worlds, build(project, worlds, clusters=clusters, rng=rng))
    before = project.rows("select * from main.limited order by all")
    build(project, worlds, clusters=clusters, rng=rng)
    assert project.rows("select * from main.limited order by all") == before


def test_no_worlds_are_no_people(project):
    assert build(project, [], "--full-refresh") == []
    assert build(project, []) == []
    world = mean_world(random.Random(1))
    check(project, [world], build(project, [world]))
    assert build(project, []) == []
    check(project, [world], build(project, [world]))

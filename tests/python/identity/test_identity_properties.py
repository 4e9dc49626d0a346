"""The whole identity step on made-up households: batches, replays and un-merging."""

import csv
import random
from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta
from hashlib import md5

import duckdb
import pytest

from . import oracle, people
from .oracle import Decision, Observation, Rules
from .projects import CopiedProject

SEED = 20260630
HOUSEHOLDS = 320
AS_OF = datetime(2026, 6, 30)
SEEDS = ["identity_rules", "identity_overrides", "identity_proposals"]
REASONS = ["blocked_value", "hub", "shared_identifier", "limit_exceeded"]
MODELS = ["profile_merges", "profile_aliases", "identity_suppressed_edges", "profile_identifiers"]


class Warehouse:
    """One warehouse of the project and the folder of its raw files."""

    def __init__(self, project, folder):
        self.project = project
        self.raw = folder / "raw"
        self.path = folder / "warehouse.duckdb"

    def load(self, name, events):
        people.write(self.raw, name, events)

    def build(self, *flags, as_of=AS_OF):
        self.dbt(
            "build", *flags, "--exclude-resource-type", "test", "unit_test",
            "--select", *(f"+{model}" for model in MODELS), as_of=as_of,
        )  # fmt: skip

    def dbt(self, *arguments, as_of=AS_OF):
        self.project.dbt(
            *arguments, warehouse=self.path, raw_path=str(self.raw), as_of=as_of.isoformat()
        )

    def rows(self, query):
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def state(self):
        """All that one can see of identity today."""
        return {
            model: self.rows(f"select * from {model} order by all")
            for model in ("marts.profile_identifiers", "marts.identity_suppressed_edges")
        }

    def profiles(self):
        return {
            (kind, value): (profile_id, reason)
            for kind, value, profile_id, reason in self.rows(
                """
                select identifier_type, identifier_value, profile_id, suppression_reason
                from marts.profile_identifiers
                """
            )
        }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return CopiedProject(tmp_path_factory.mktemp("copy"), event_sources=["events"])


@pytest.fixture(scope="module")
def make_warehouse(project, tmp_path_factory):
    def make():
        return Warehouse(project, tmp_path_factory.mktemp("warehouse"))

    return make


@pytest.fixture(scope="module")
def events():
    return people.events(HOUSEHOLDS, random.Random(SEED))


def rules_of(project):
    with (project.folder / "seeds" / "identity_rules.csv").open() as file:
        return Rules(tuple(csv.DictReader(file)))


def profile_id(key):
    return md5(f"audience-engine|{key[0]}|{key[1]}".encode()).hexdigest()


def check(warehouse, events, decisions=(), as_of=AS_OF):
    """The oracle says the same of every identifier and of every pair that is kept apart."""
    expected = oracle.people(events, rules_of(warehouse.project), decisions, as_of)
    found = warehouse.profiles()
    assert found.keys() == expected.person_of.keys()
    key_of = {profile_id(key): key for key in found}
    wrong = {
        key: f"found {key_of[found[key][0]]} {found[key][1]}, expected {root} {reason}"
        for key, (root, reason) in expected.person_of.items()
        if found[key] != (profile_id(root), reason)
    }
    assert wrong == {}
    apart = {
        frozenset([(type_a, value_a), (type_b, value_b)])
        for type_a, value_a, type_b, value_b in warehouse.rows(
            """
            select identifier_type_a, identifier_value_a, identifier_type_b, identifier_value_b
            from marts.identity_suppressed_edges
            """
        )
    }
    assert apart == expected.apart
    return expected


def batches_of(events, count):
    """The events cut where the load time changes."""
    cuts = [events[len(events) * number // count].loaded_at for number in range(1, count)]
    return [
        [event for event in events if bisect_right(cuts, event.loaded_at) == number]
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def whole(make_warehouse, events):
    """Everything built at once."""
    warehouse = make_warehouse()
    warehouse.load("all", events)
    warehouse.build()
    return warehouse


@pytest.fixture(scope="module")
def batched(make_warehouse, events):
    """The same in the order in which it was loaded, each batch built when it had come."""
    warehouse = make_warehouse()
    loaded = []
    *early, last = batches_of(events, 3)
    for number, batch in enumerate(early):
        loaded += batch
        check_step(warehouse, number, batch, loaded, as_of=batch[-1].loaded_at)
    check_step(warehouse, len(early), last, events, as_of=AS_OF)
    return warehouse


def check_step(warehouse, number, batch, loaded, as_of):
    before = warehouse.profiles() if number else {}
    warehouse.load(f"batch-{number}", batch)
    warehouse.build(as_of=as_of)
    check(warehouse, loaded, as_of=as_of)
    check_log(warehouse, before)


def check_log(warehouse, before):
    """Every profile id that has vanished since then is logged, and leads to who is there now."""
    now = warehouse.profiles()
    living = {profile for profile, _ in now.values()}
    vanished = {profile for profile, _ in before.values()} - living
    logged = warehouse.rows(
        """
        select loser_profile_id from marts.profile_merges
        where
            change <> 'split'
            and revision = (select max(revision) from marts.profile_merges)
        """
    )
    assert vanished == {profile for (profile,) in logged}
    aliases = dict(
        warehouse.rows("select retired_profile_id, profile_id from marts.profile_aliases")
    )
    assert not living & aliases.keys()
    heirs = {profile: set() for profile in vanished}
    speaking = {}
    for key, (profile, _) in before.items():
        if profile in vanished and key in now:
            heirs[profile].add(now[key][0])
            # Whoever named it speaks for it, as long as it is seen and nobody shares it.
            if profile == profile_id(key) and not now[key][1]:
                speaking[profile] = now[key][0]
    for profile in vanished:
        assert aliases[profile] in (heirs[profile] or {None})
        assert aliases[profile] == speaking.get(profile, aliases[profile])
    return vanished


def test_the_households_are_mean_enough(whole, events):
    expected = check(whole, events)
    reasons = Counter(reason for _, reason in expected.person_of.values())
    assert reasons[None] > 3000
    assert min(reasons[name] for name in REASONS) > 10, reasons


def test_batches_in_load_order_are_one_full_build(whole, batched):
    assert batched.state() == whole.state()
    registry = "select * exclude (registered_at) from intermediate.int_identity_nodes order by all"
    # What was seen first may have come late, so that the registry does not know it.
    assert [row[:3] for row in batched.rows(registry)] == [row[:3] for row in whole.rows(registry)]
    assert batched.rows("select count(*) from marts.profile_merges")[0][0] > 50


def test_late_news_of_the_past_renames_nobody(make_warehouse):
    """A cookie and a user come together; that the user was there before comes a load later."""
    cookie, user = ("anonymous_id", "cookie"), ("user_id", "ann")
    day = timedelta(days=1)
    first = Observation("first", people.START + day, people.START + 2 * day, (cookie, user))
    late = Observation("late", people.START, people.START + 3 * day, (user,))
    both = make_warehouse()
    both.load("all", [first, late])
    both.build()
    batched = make_warehouse()
    for event in (first, late):
        batched.load(event.event_id, [event])
        batched.build()
        assert {profile for profile, _ in batched.profiles().values()} == {profile_id(cookie)}
    assert both.state() == batched.state()


def test_a_full_refresh_changes_nothing(batched):
    log = "select * from marts.profile_merges order by all"
    before = (batched.state(), batched.rows(log))
    batched.build("--full-refresh")
    assert (batched.state(), batched.rows(log)) == before


def test_a_replay_knows_what_had_occurred_by_then(make_warehouse, events):
    as_of = people.START + timedelta(days=people.DAYS / 2)
    replay = make_warehouse()
    replay.load("all", events)
    replay.build(as_of=as_of)
    by_then = [event for event in events if event.occurred_at <= as_of]
    assert len(by_then) < 0.6 * len(events)
    check(replay, by_then)


def test_nothing_active_crosses_profiles_and_no_profile_is_over_a_limit(whole):
    crossing = whole.rows(
        """
        with profiles as (
            select node_key, profile_id
            from marts.profile_identifiers
            inner join intermediate.int_identity_nodes using (identifier_type, identifier_value)
        )
        select low_key, high_key
        from intermediate.int_identity_edges
        inner join profiles as low on low_key = low.node_key
        inner join profiles as high on high_key = high.node_key
        where low.profile_id <> high.profile_id
        """
    )
    suppressed = whole.rows("select * from marts.identity_suppressed_edges")
    assert len(crossing) == len(suppressed) > 500
    held = Counter((profile, key[0]) for key, (profile, _) in whole.profiles().items())
    limits = {
        line["identifier_type"]: int(line["threshold"])
        for line in rules_of(whole.project).of("limit")
        if line["threshold"]
    }
    assert {key for key, count in held.items() if count > limits.get(key[1], count)} == set()


def test_every_observed_identifier_is_in_exactly_one_profile(whole, events):
    rules = rules_of(whole.project)
    observed = {key for event in events for key in event.shown if not rules.is_void(key)}
    rows = whole.rows("select identifier_type, identifier_value from marts.profile_identifiers")
    assert sorted(rows) == sorted(observed)


def decided(profiles, events, rng):
    """Links that are taken back, of people and of hubs, and strangers that are linked."""
    seen = {
        tuple(sorted(rng.sample([key for key in event.shown if key in profiles], 2)))
        for event in events
        if sum(key in profiles for key in event.shown) > 1
    }
    hubs = {key for key, (_, reason) in profiles.items() if reason == "hub"}
    of_hubs = sorted(pair for pair in seen if hubs & set(pair))
    of_people = sorted(pair for pair in seen if profiles[pair[0]] == profiles[pair[1]])
    separate = [*rng.sample(of_people, 60), *rng.sample(of_hubs, len(of_hubs) // 4)]
    strangers = [tuple(rng.sample(sorted(profiles), 2)) for _ in range(30)]
    day = timedelta(days=1)
    decisions = []
    for number, pair in enumerate([*separate, *strangers]):
        action, opposite = "separate", "link"
        if number >= len(separate):
            action, opposite = opposite, action
        decisions.append(Decision(action, *pair, people.START + 9 * day))
        if number % 5 == 0:
            # The latest decision holds, and one of after as_of is not known yet.
            decisions.append(Decision(opposite, *pair, people.START + 10 * day))
        if number % 7 == 0:
            decisions.append(Decision(opposite, *pair, AS_OF + day))
    rng.shuffle(decisions)
    return decisions


def test_what_is_separated_linked_blocked_or_void_can_be_taken_back(batched, events):
    rng = random.Random(SEED + 1)
    before, profiles = batched.state(), batched.profiles()
    seeds = batched.project.folder / "seeds"
    texts = {name: (seeds / f"{name}.csv").read_text() for name in SEEDS}
    decisions = decided(profiles, events, rng)
    lines = [
        ",".join([line.action, *line.one, *line.other, line.decided_at.isoformat(), "Asked."])
        for line in decisions
    ]
    # Identifiers that link others, of any type: half of them link nobody, half are nobody now.
    linking = sorted(key for key, (profile, _) in profiles.items() if profile == profile_id(key))
    rules = [
        f"ours,{'block' if number % 2 else 'void'},{kind},{value},,,,Ours."
        for number, (kind, value) in enumerate(rng.sample(linking, 30))
    ]
    try:
        for name, more in [("identity_overrides", lines), ("identity_rules", rules)]:
            (seeds / f"{name}.csv").write_text(texts[name] + "".join(f"{row}\n" for row in more))
        batched.build()
        check(batched, events, decisions)
        assert len(check_log(batched, profiles)) > 20
        changed = batched.profiles()
    finally:
        for name, text in texts.items():
            (seeds / f"{name}.csv").write_text(text)
    batched.build()
    assert batched.state() == before
    assert len(check_log(batched, changed)) > 20

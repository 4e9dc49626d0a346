"""What touches one remote record goes out in order, whatever fails on the way."""

import random
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dev import demo_crm
from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destination import Destination, NoAnswer, Outcome, Stop, Transient
from scripts.delivery.destinations.audiences import AudienceDestination

from .test_engine import TOKEN, fill, held, make_sync, people, person, push, wanted


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


def rename(crm, old, new):
    """A rep gives a contact another address; the old one leads to it no more."""
    with crm.store.lock:
        crm.store.run("update contacts set email = ? where email = ?", [new, old])
        crm.store.commit()


def give_another_address(crm, main, other):
    """A rep merges two contacts: one contact with two addresses."""
    with crm.store.lock:
        winner, _ = crm.store.upsert(main, {})
        loser, _ = crm.store.upsert(other, {})
        crm.store.merge(winner, loser)
        crm.store.commit()


def ours(crm):
    """What the CRM holds of what we write."""
    every = held(crm).items()
    found = {
        mail: {k: v for k, v in all_of_it.items() if k.startswith("audience")}
        for mail, all_of_it in every
    }
    return {mail: values for mail, values in found.items() if values}


@pytest.mark.parametrize("faults", [0, 1, 3])
def test_a_changed_address_does_not_empty_the_contact(crm, tmp_path, faults):
    rows = people(9, segments="a")
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows)
    push(sync)
    rename(crm, "person0000@example.com", "renamed@example.com")
    rows[0] |= {"email": "renamed@example.com"}
    fill(sync.warehouse, rows)
    crm.fail_next(faults, status=503)
    assert push(sync).exit_code == 0
    assert ours(crm) == wanted(rows)
    assert push(sync).requests == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_one_of_two_keys_of_a_contact_leaves_and_the_other_stays(crm, tmp_path, is_known):
    """Also where its record id is known only from the answer to the remove."""
    sync = make_sync(crm, tmp_path, max_tries=1)
    rows = people(9, segments="a")
    twin = person("twin", segments="b")
    fill(sync.warehouse, rows)
    push(sync)
    give_another_address(crm, "person0000@example.com", "twin@example.com")
    fill(sync.warehouse, [*rows, twin])
    if not is_known:
        crm.fail_next(drop="after")
    push(sync)
    fill(sync.warehouse, rows)
    for _ in range(2):
        result = push(sync)
    assert result.exit_code == 0
    assert ours(crm) == wanted(rows)


def test_a_crash_between_the_remove_and_the_other_key_loses_nothing(crm, tmp_path, monkeypatch):
    sync = make_sync(crm, tmp_path)
    rows = people(9, segments="a")
    fill(sync.warehouse, [*rows, person("twin", segments="b")])
    give_another_address(crm, "person0000@example.com", "twin@example.com")
    push(sync)
    fill(sync.warehouse, rows)
    plug_in = type(sync.destination)
    whole = plug_in.send

    def crash(self, call, operation, records):
        if operation != "remove":
            raise KeyboardInterrupt
        return whole(self, call, operation, records)

    monkeypatch.setattr(plug_in, "send", crash)
    with pytest.raises(KeyboardInterrupt):
        push(sync)
    monkeypatch.setattr(plug_in, "send", whole)
    assert push(sync).exit_code == 0
    assert ours(crm) == wanted(rows)


class Flaky:
    """Faults before, after and instead of what a batch does, and answers that say nothing."""

    def __init__(self, seed):
        self.dice, self.lock, self.share = random.Random(seed), threading.Lock(), 0.35

    def happens(self, apply):
        """Run `apply` under one of the faults; returns whether there is an answer."""
        with self.lock:
            fault = self.dice.random() < self.share and self.dice.choice(
                ("before", "after", "stop", "crash", "silent")
            )
            pause = self.dice.uniform(0, 0.002)
        time.sleep(pause)
        if fault == "before":
            raise Transient("no connection")
        with self.lock:
            apply()
        if fault == "after":
            raise NoAnswer("no answer")
        if fault == "stop":
            raise Stop("the quota is used up")
        if fault == "crash":
            raise KeyboardInterrupt
        return fault != "silent"


class Contacts(Destination):
    """A CRM that finds a record by any address it ever had, as many do."""

    name = "contacts"
    batch_size = 2
    address = "http://127.0.0.1:9"
    quota = (100_000, 1.0)

    def __init__(self, seed):
        super().__init__({}, {})
        self.flaky, self.records, self.names = Flaky(seed), {}, {}

    def send(self, call, operation, records):
        found = {}

        def apply():
            for record in records:
                number = self.names.get(record.key)
                if operation == "add":
                    number = self.names.setdefault(record.key, number or f"id{len(self.names)}")
                if number:
                    kept = self.records.setdefault(number, {})
                    kept |= record.whole if operation != "remove" else {}
                    kept |= record.values
                    found[record.key] = number

        answered = self.flaky.happens(apply)
        state = "delivered" if answered else "open"
        return [Outcome(record.key, state, found.get(record.key)) for record in records]


class Ads(AudienceDestination):
    """An ad platform that takes a person out by any identifier that finds them."""

    name = "ads"
    options = {"audiences": {}}  # noqa: RUF012
    made_of = {"EMAIL": ("email",)}  # noqa: RUF012
    strong = frozenset({"EMAIL"})
    batch_size = 2
    address = "http://127.0.0.1:9"
    quota = (100_000, 1.0)

    def __init__(self, seed):
        super().__init__({}, {})
        self.flaky, self.people = Flaky(seed), set()

    def identify(self, values):
        return {"EMAIL": values["email"]} if values.get("email") else {}

    def upload(self, call, audience, people, *, remove):
        names = {row["EMAIL"] for _, row in people if "EMAIL" in row}
        change = self.people.difference_update if remove else self.people.update
        if not self.flaky.happens(lambda: change(names)):
            raise NoAnswer("half of an answer")
        return {}

    look_up = find = None


Ads.__abstractmethods__ = frozenset()
NAMES = [f"p{number}" for number in range(6)]
OWNERS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from("abcdef"), min_size=1)
STEPS = st.lists(OWNERS, min_size=1, max_size=4)
UNHURRIED = hypothesis_settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def push_through(sync, rows, destination):
    """Push one state of the warehouse as often as it takes, faults on the way and then none."""
    fill(sync.warehouse, rows)
    for share in (0.35, 0.35, 0.0, 0.0):
        destination.flaky.share = share
        try:
            result = push(sync)
        except KeyboardInterrupt:
            continue
    return result


def sync_to(destination, folder, **fields):
    with demo_crm.start(token=TOKEN) as crm:
        sync = make_sync(crm, Path(folder), max_tries=2, max_remove_share=1, workers=3)
    return replace(sync, destination=destination, **fields, backoff_seconds=0.0001)


@UNHURRIED
@given(steps=STEPS, seed=st.integers(0, 10_000))
def test_an_audience_holds_whom_it_should_whatever_moves(steps, seed):
    """Addresses move between people, two people share one, and each batch may fail."""
    with tempfile.TemporaryDirectory() as folder:
        ads = Ads(seed)
        fields = {"grade": Field("audience"), "email": Field("email", "always")}
        sync = sync_to(ads, folder, key=("profile_id",), fields=fields)
        for owners in steps:
            rows = [person(name, email=f"{mail}@x.co", grade="1") for name, mail in owners.items()]
            result = push_through(sync, rows, ads)
            assert ads.people == {row["email"] for row in rows}, f"seed {seed}"
            assert result.exit_code == 0 and delivery.plan(sync).nothing


@UNHURRIED
@given(steps=STEPS, seed=st.integers(0, 10_000))
def test_a_contact_holds_what_it_should_whatever_name_it_has(steps, seed):
    """One record per person, found under every address that the person ever had."""
    with tempfile.TemporaryDirectory() as folder:
        contacts = Contacts(seed)
        fields = {"segments": Field("segments", "always"), "grade": Field("grade", "always")}
        sync = sync_to(contacts, folder, fields=fields)
        for day, addresses in enumerate(steps):
            rows = [
                person(f"{name}{mail}", email=f"{name}{mail}@x.co", segments=f"s{day}",
                       grade=mail if mail < "d" else None)
                for name, mail in addresses.items()
            ]  # fmt: skip
            for name, mail in addresses.items():
                contacts.names[f"{name}{mail}@x.co"] = name
            push_through(sync, rows, contacts)
            target = {
                name: {"segments": f"s{day}"} | ({"grade": mail} if mail < "d" else {})
                for name, mail in addresses.items()
            }
            kept = {
                number: {field: value for field, value in record.items() if value is not None}
                for number, record in contacts.records.items()
            }
            assert {number: record for number, record in kept.items() if record} == target
            assert delivery.plan(sync).nothing

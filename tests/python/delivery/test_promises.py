"""Promises of docs/pushing.md that no other file tests: one test each, named after its promise."""

import socket
from dataclasses import replace

import pytest

from dev import demo_crm
from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destination import Destination, Outcome, Refused, Stop
from scripts.delivery.destinations.slack import Slack

from .test_engine import A_SYNC, ROOT, TOKEN, fill, make_sync, people, person, push
from .vendors.slack import PATH, SlackChannel


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def sync(crm, tmp_path):
    return make_sync(crm, tmp_path)


class Memory(Destination):
    """Keeps what it is sent; `refuses` are keys, `whole` batches that hold one of `poison`."""

    name = "memory"
    address = "http://127.0.0.1:9"
    batch_size = 4
    quota = (100_000, 1.0)

    def __init__(self):
        super().__init__({}, {})
        self.records, self.operations, self.refuses, self.poison = {}, [], set(), set()

    def send(self, call, operation, records):
        if self.poison & {record.key for record in records}:
            raise Refused("no")
        outcomes = []
        for record in records:
            is_refused = record.key in self.refuses
            outcomes.append(Outcome(record.key, "refused" if is_refused else "delivered"))
            if not is_refused:
                self.operations.append((operation, record.key))
                self.records.setdefault(record.key, {}).update(record.values)
        return outcomes


# ---------------------------------------------------------------------- a remove removes


def test_who_leaves_never_keeps_every_field():
    with pytest.raises(delivery.ConfigError, match="would keep every field"):
        delivery.make_sync("a", A_SYNC, {}, {})
    always = A_SYNC | {"fields": {"x": {"to": "y", "policy": "always"}}}
    assert delivery.make_sync("a", always, {}, {}).remote == {"y": "always"}


def test_in_the_examples_who_is_in_no_segment_keeps_no_segment():
    for sync in delivery.load_syncs(ROOT / "sync.example.yml", environ={}):
        kept = [
            column
            for column, field in sync.fields.items()
            if "segment" in column and field.policy != "always"
        ]
        assert not kept or sync.destination.name == "slack", (sync.name, kept)


# ---------------------------------------------------------------------- keys


def test_keys_keep_their_case_unless_they_are_addresses(sync):
    memory = Memory()
    sync = replace(sync, destination=memory, key=("profile_id",))
    rows = [person("AbC1", email="A@example.com"), person("abc1", email="B@example.com")]
    fill(sync.warehouse, rows)
    assert push(sync).delivered == 2
    assert set(memory.records) == {"AbC1", "abc1"}
    by_address = Memory()
    sync = replace(sync, destination=by_address, key=("profile_id", "email"), name="both")
    push(sync)
    assert set(by_address.records) == {"AbC1|a@example.com", "abc1|b@example.com"}


# ---------------------------------------------------------------------- what may not be repeated


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_what_was_never_on_the_wire_goes_again_by_itself(sync):
    fields = {"segments": Field("segment"), "grade": Field("reason")}
    sync = replace(sync, fields=fields, max_tries=2, backoff_seconds=0.001)
    fill(sync.warehouse, people(3, segments="a", grade="A"))
    nowhere = f"http://127.0.0.1:{closed_port()}/services/x"
    with SlackChannel() as vendor:
        slack = Slack({}, {"SLACK_WEBHOOK_URL": vendor.url + PATH})
        slack.post = lambda call, message: call("POST", nowhere, json=message)
        sync = replace(sync, destination=slack)
        result = push(sync)
        assert (result.open, result.exit_code) == (3, 3) and "no connection" in result.stopped
        assert (delivery.status(sync).held_count, delivery.status(sync).open) == (0, 3)
        del slack.post
        assert delivery.push(sync).delivered == 3
        assert len(vendor.messages) == 1


def test_half_of_a_batch_that_was_said_is_not_said_again(sync):
    """The first half was heard; what came after it did not leave, so it goes again, alone."""

    class Loud(Memory):
        is_idempotent, batch_size, is_full = False, 4, True

        def send(self, call, operation, records):
            if len(records) == 4:
                raise Refused("too many")
            if self.is_full and self.operations:
                raise Stop("the quota is used up")
            return super().send(call, operation, records)

    loud = Loud()
    sync = replace(sync, destination=loud, workers=1)
    fill(sync.warehouse, people(4, segments="a"))
    assert push(sync).open == 2
    loud.is_full = False
    assert delivery.push(sync).delivered == 2
    assert sorted(key for _, key in loud.operations) == [
        f"person{number:04}@example.com" for number in range(4)
    ]

"""Segment and RudderStack hear who entered and who left, once each."""

from dataclasses import replace

import duckdb
import pytest
import yaml

from scripts import delivery
from scripts.delivery import engine
from scripts.delivery.destination import Record, Transient
from scripts.delivery.destinations.tracking import RudderStack, Segment
from scripts.delivery.errors import AuthError, ConfigError

from .sending import send_with, states
from .vendors.server import Reply
from .vendors.tracking import KEY, Tracker

ENTERED, EXITED = "Audience Entered", "Audience Exited"
AT = "2026-06-30T00:00:00.000Z"


def record(person, remote_id=None, audience="buyers", **more):
    values = {"userId": person, "audience": audience, "timestamp": AT, **more}
    return Record(f"{audience}|{person}", remote_id, values, values)


@pytest.fixture(params=[Segment, RudderStack])
def kind(request):
    return request.param


@pytest.fixture
def vendor(kind):
    with Tracker(is_rudder=kind is RudderStack) as tracker:
        yield tracker


def plugin(kind, vendor, key=KEY):
    name = kind.name.upper()
    return kind({}, {f"{name}_WRITE_KEY": key, f"{name}_BASE_URL": vendor.url})


def test_who_enters_and_leaves_is_told_once_whatever_is_repeated(kind, vendor):
    destination = plugin(kind, vendor)
    send_with(destination, "add", record("A", plan="pro"))
    found = send_with(destination, "add", record("A", plan="pro"), record("b"))
    assert states(found) == {"buyers|A": "delivered", "buyers|b": "delivered"}
    assert vendor.events[0]["properties"] == {"audience": "buyers", "plan": "pro"}
    assert vendor.events[0]["timestamp"] == AT
    left = Record("buyers|a", found["buyers|A"].remote_id, {}, {})
    for _ in range(2):
        send_with(destination, "remove", left)
    assert vendor.told() == [
        (ENTERED, "buyers", "A"), (ENTERED, "buyers", "b"), (EXITED, "buyers", "A")
    ]  # fmt: skip


def test_a_changed_property_is_no_event(kind, vendor):
    destination = plugin(kind, vendor)
    found = send_with(destination, "add", record("a"))
    known = found["buyers|a"].remote_id
    assert states(send_with(destination, "update", record("a", known, plan="pro"))) == {
        "buyers|a": "delivered"
    }
    assert len(vendor.told()) == 1


def test_requests_stay_below_the_limits(kind, vendor):
    destination = plugin(kind, vendor)
    batch = [record(f"p{n}", text="x" * 20_000) for n in range(60)]
    found = send_with(destination, "add", *batch, record("huge", text="x" * 40_000))
    assert found["buyers|huge"].reason == "larger than 32 KB"
    assert len(vendor.events) == 60
    assert max(len(request.raw) for request in vendor.requests) < 500_000


@pytest.mark.parametrize("body", [None, {}, {"success": False}, "<html>a proxy's page</html>"])
def test_only_the_words_of_success_are_one(kind, vendor, body):
    vendor.fail_next(Reply(200, body))
    with pytest.raises(Transient):
        send_with(plugin(kind, vendor), "add", record("a"))


def test_a_wrong_key_of_rudderstack_ends_the_run():
    with Tracker(is_rudder=True) as vendor, pytest.raises(AuthError, match="WRITE_KEY"):
        send_with(plugin(RudderStack, vendor, "wrong"), "add", record("a"))


def test_rudderstack_needs_an_address():
    with pytest.raises(ConfigError, match="RUDDERSTACK_BASE_URL"):
        RudderStack({}, {"RUDDERSTACK_WRITE_KEY": KEY}).check()


def test_a_push_of_a_segment_tells_entries_and_exits(kind, vendor, tmp_path):
    def rows(*people):
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("create schema if not exists activation")
            connection.execute(
                "create or replace table activation.segment_list_members as select"
                " 'buyers' as segment, unnest(?::varchar[]) as profile_id,"
                " timestamp '2026-06-30' as entered_at",
                [list(people)],
            )

    name = kind.name.upper()
    config = {
        "warehouse": str(tmp_path / "warehouse.duckdb"),
        "ledger": str(tmp_path / "ledger.duckdb"),
        "suppressions": None,
        "max_remove_share": 1,
        "syncs": {
            "events": {
                "destination": kind.name,
                "source": "activation.segment_list_members",
                "where": {"segment": "buyers"},
                "key": ["segment", "profile_id"],
                "fields": {"profile_id": "userId", "segment": "audience",
                           "entered_at": "timestamp"},
            }
        },
    }  # fmt: skip
    path = tmp_path / "sync.yml"
    path.write_text(yaml.safe_dump(config))
    environ = {f"{name}_WRITE_KEY": KEY, f"{name}_BASE_URL": vendor.url}
    for people in (("Ann", "bob"), ("bob",), ("bob",)):
        rows(*people)
        [sync] = delivery.load_syncs(path, environ=environ)
        assert engine.push(sync, first_run=True, skip_validation=True).exit_code == 0
    told = [(ENTERED, "buyers", "Ann"), (ENTERED, "buyers", "bob"), (EXITED, "buyers", "Ann")]
    assert sorted(vendor.told()) == told
    for people in (("Ann", "bob"), ("bob",)):  # back with the same instant, and gone once more
        rows(*people)
        for is_lost in (True, False):
            [sync] = delivery.load_syncs(path, environ=environ)
            if is_lost:
                vendor.fail_next("after")
                sync = replace(sync, max_tries=1)
            result = engine.push(sync, skip_validation=True)
            assert result.exit_code == (3 if is_lost else 0)
    assert sorted(vendor.told()) == sorted([*told, told[0], told[2]])

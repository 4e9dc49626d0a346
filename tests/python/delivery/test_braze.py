"""Braze: what is sent, what becomes of every record, and what each answer means."""

import time

import pytest

from scripts.delivery.destination import Record, Refused, Transient
from scripts.delivery.destinations.braze import Braze
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.braze import KEY, BrazeWorkspace
from .vendors.server import Reply


@pytest.fixture
def braze():
    with BrazeWorkspace() as vendor:
        yield vendor


def plugin(vendor, key=KEY, **options):
    options = {"requests_per_second": 1000, **options}
    return Braze(options, {"BRAZE_API_KEY": key, "BRAZE_BASE_URL": vendor.url})


def record(key, remote_id=None, whole=None, **values):
    kept = {name: value for name, value in values.items() if value is not None}
    return Record(key, remote_id, values, kept if whole is None else whole)


def send(vendor, operation, *records, **options):
    return send_with(plugin(vendor, **options), operation, *records)


def test_an_add_creates_and_writes_everything(braze):
    got = send(braze, "add", record("u1", email="ann@example.com", score=7, hot=True))
    assert braze.users == {"u1": {"email": "ann@example.com", "score": 7, "hot": True}}
    assert (got["u1"].state, got["u1"].remote_id) == ("delivered", "u1")


def test_an_add_creates_nobody_when_told_so(braze):
    send(braze, "add", record("u1", score=7), mode="update_only")
    assert braze.users == {}


def test_an_update_changes_and_empties_but_never_creates(braze):
    braze.users["u1"] = {"score": 1, "tier": "gold", "theirs": "kept"}
    got = send(
        braze,
        "update",
        record("u1", "u1", {"score": 9}, score=9, tier=None),
        record("gone", "gone", {"score": 9}, score=9),
    )
    assert braze.users == {"u1": {"score": 9, "theirs": "kept"}}
    assert states(got) == {"u1": "delivered", "gone": "delivered"}


def test_a_remove_empties_ours_keeps_the_address_and_never_creates(braze):
    braze.users["u1"] = {"email": "ann@example.com", "score": 1, "theirs": "kept"}
    empty = {"email": None, "score": None}
    send(braze, "remove", record("u1", "u1", {}, **empty), record("new", None, {}, **empty))
    assert braze.users == {"u1": {"email": "ann@example.com", "theirs": "kept"}}


def test_a_remove_with_nothing_of_ours_makes_no_request(braze):
    got = send(braze, "remove", record("u1", "u1", {}, email=None, external_id=None))
    assert states(got) == {"u1": "delivered"}
    assert not braze.requests


def test_the_mapped_external_id_wins_and_is_remembered_for_the_remove(braze):
    added = send(braze, "add", record("ann@example.com", external_id="u1", score=7))
    assert braze.users == {"u1": {"score": 7}}
    gone = record("ann@example.com", added["ann@example.com"].remote_id, {}, score=None)
    send(braze, "remove", gone)
    assert braze.users == {"u1": {}}


def test_another_external_id_gets_everything_we_own(braze):
    braze.users = {"u1": {"score": 7}, "u2": {}}
    whole = {"external_id": "u2", "score": 7}
    got = send(braze, "update", record("k", "u1", whole, external_id="u2"))
    assert braze.users["u2"] == {"score": 7}
    assert got["k"].remote_id == "u2"


def test_an_object_in_error_is_refused_and_the_others_are_delivered(braze):
    got = send(
        braze,
        "add",
        record("u1", score=1),
        record("dummy", score=1),
        record("u2", email="bob@example.com", gender="X"),
    )
    assert states(got) == {"u1": "delivered", "dummy": "refused", "u2": "refused"}
    assert got["u2"].reason == "'gender' of b***@example.com must be one of M, F, O, N, P"
    assert set(braze.users) == {"u1"}


@pytest.mark.parametrize(
    "error",
    [{"type": "odd"}, {"type": "odd", "input_array": "events", "index": 0}, "odd", {"index": 9}],
)
def test_an_error_without_a_user_leaves_the_batch_open(braze, error):
    braze.fail_next(Reply(201, {"message": "success", "errors": [error]}))
    assert states(send(braze, "add", record("u1", score=1))) == {"u1": "open"}


def test_queued_during_maintenance_is_delivered(braze):
    braze.fail_next(Reply(202, {"message": "queued"}))
    assert states(send(braze, "add", record("u1", score=1))) == {"u1": "delivered"}


def test_a_batch_refused_as_a_whole_is_for_the_engine_to_split(braze):
    with pytest.raises(Refused, match="Valid data must be provided"):
        send(braze, "add", record("dummy", score=1))


def test_the_batch_limit(braze):
    assert plugin(braze).batch_size == 50
    with pytest.raises(Refused, match="Max Input Length Exceeded"):
        send(braze, "add", *(record(f"u{n}", score=1) for n in range(76)))


def test_a_wrong_key_is_named_but_not_shown(braze):
    with (
        Transport(plugin(braze, key="wrong-key-987")) as transport,
        pytest.raises(AuthError, match="BRAZE_API_KEY") as problem,
    ):
        transport.destination.send(transport.call, "add", [record("u1", score=1)])
    assert "wrong-key" not in str(problem.value)


def test_404_means_another_instance(braze):
    braze.fail_next(Reply(404, {"message": "Not Found"}))
    with pytest.raises(ConfigError, match="BRAZE_BASE_URL"):
        send(braze, "add", record("u1", score=1))


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, {"message": "Rate Limited"}, {"Retry-After": "7"}), 7),
        (Reply(429, {"message": "Rate Limited"}), 3),
        (Reply(500, {"message": "Internal Server Error"}), None),
        (Reply(503, "<html>down</html>"), None),
        (Reply(200, "<html>log in</html>"), None),
    ],
)
def test_what_passes_is_tried_again(braze, reply, wait):
    braze.fail_next(reply)
    with pytest.raises(Transient) as problem:
        send(braze, "add", record("u1", score=1))
    assert problem.value.wait == wait


def test_429_waits_until_the_window_ends(braze):
    reset = {"X-RateLimit-Reset": str(int(time.time()) + 60)}
    braze.fail_next(Reply(429, {"message": "Rate Limited"}, reset))
    with pytest.raises(Transient) as problem:
        send(braze, "add", record("u1", score=1))
    assert problem.value.wait == pytest.approx(60, abs=3)


def test_a_batch_sent_twice_leaves_the_same_state(braze):
    braze.fail_next("after")
    with pytest.raises(Transient):
        send(braze, "add", record("u1", score=1))
    once = {"u1": {"score": 1}}
    assert braze.users == once
    send(braze, "add", record("u1", score=1))
    assert braze.users == once


def test_read_returns_what_is_held_by_key(braze):
    braze.users = {f"u{n}": {"email": f"{n}@example.com", "score": n} for n in range(60)}
    records = [record(f"k{n}", f"u{n}") for n in range(70)]
    with Transport(plugin(braze)) as transport:
        held = transport.destination.read(transport.call, records, ["email", "score", "tier"])
    assert len(held) == 60
    assert held["k7"] == {"email": "7@example.com", "score": 7, "tier": None}
    assert len(braze.requests) == 2


def test_erase_deletes_the_profile_once_and_again(braze):
    braze.users = {"u1": {"score": 1}, "u2": {}}
    with Transport(plugin(braze)) as transport:
        assert transport.destination.erase(transport.call, "k", "u1")
        assert transport.destination.erase(transport.call, "k", "u1")
    assert braze.users == {"u2": {}}


def findings(vendor, fields, key=KEY, *, probe=True):
    with Transport(plugin(vendor, key=key)) as transport:
        transport.destination.may_probe = probe
        found = list(transport.destination.doctor(transport.call, fields))
    return {identifier.name: (identifier.is_fine, identifier.detail) for identifier in found}


def test_doctor_compares_types_over_all_pages_and_writes_nothing(braze):
    braze.page_size = 2
    braze.attributes = {
        "hot": {"data_type": "Boolean", "status": "Active"},
        "score": {"data_type": "String", "status": "Active"},
        "seen_at": {"data_type": "Time", "status": "Active"},
        "tier": {"data_type": "String", "status": "Blocklisted"},
    }
    kinds = {"hot": "boolean", "score": "number", "seen_at": "instant", "tier": "text"}
    got = findings(braze, {**kinds, "new": "text", "email": "text"})
    assert {name: fine for name, (fine, _) in got.items()} == {
        **{"API key": True, "hot": True, "score": False, "seen_at": True, "tier": False},
        "new": True,
    }
    assert got["score"][1] == "is string in Braze but number here"
    assert braze.users == {}
    before = len(braze.requests)
    assert "not tried" in findings(braze, {}, probe=False)["API key"][1]
    assert {request.method for request in list(braze.requests)[before:]} == {"GET"}


def test_doctor_says_what_the_key_may_not_do(braze):
    assert findings(braze, {}, key="wrong")["API key"][0] is False
    braze.permissions.remove("custom_attributes.get")
    assert "custom_attributes.get" in findings(braze, {"score": "number"})["attributes"][1]
    braze.permissions.remove("users.track")
    assert findings(braze, {})["API key"][0] is False


def test_consent_is_forbidden_and_settings_are_checked(braze):
    assert {"email_subscribe", "push_subscribe", "subscription_groups"} <= Braze.forbidden
    with pytest.raises(ConfigError, match="BRAZE_BASE_URL"):
        Braze({}, {"BRAZE_API_KEY": KEY}).check()
    with pytest.raises(ConfigError, match="BRAZE_API_KEY"):
        Braze({}, {"BRAZE_BASE_URL": braze.url}).check()
    with pytest.raises(ConfigError, match="between 1 and 75"):
        plugin(braze, objects_per_request=76).check()
    plugin(braze).check()

"""Customer.io: what is sent, what becomes of every record, and what each answer means."""

import pytest

from scripts.delivery.destination import Record, Refused, Transient
from scripts.delivery.destinations.customerio import CustomerIO, encoded
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.customerio import API_KEY, SITE_ID, CustomerIOWorkspace
from .vendors.server import Reply


@pytest.fixture
def workspace():
    with CustomerIOWorkspace() as vendor:
        yield vendor


def plugin(vendor, api_key=API_KEY, **options):
    environ = {
        "CUSTOMERIO_SITE_ID": SITE_ID,
        "CUSTOMERIO_API_KEY": api_key,
        "CUSTOMERIO_BASE_URL": vendor.url,
    }
    return CustomerIO(options, environ)


def record(key, remote_id=None, whole=None, **values):
    kept = {name: value for name, value in values.items() if value is not None}
    return Record(key, remote_id, values, kept if whole is None else whole)


def send(vendor, operation, *records, api_key=API_KEY, **options):
    return send_with(plugin(vendor, api_key, **options), operation, *records)


def test_an_add_creates_and_writes_everything(workspace):
    got = send(workspace, "add", record("42", email="ann@example.com", score=7.5, hot=False))
    assert workspace.people == {"42": {"email": "ann@example.com", "score": 7.5, "hot": False}}
    assert (got["42"].state, got["42"].remote_id) == ("delivered", "42")


def test_people_can_be_identified_by_address(workspace):
    send(workspace, "add", record("ann@example.com", email="ann@example.com"), identify_by="email")
    assert workspace.requests[0].body == {
        "batch": [
            {
                "type": "person",
                "identifiers": {"email": "ann@example.com"},
                "action": "identify",
                "attributes": {},
            }
        ]
    }


def test_with_a_key_of_the_app_api_whoever_is_there_is_taken_over(workspace):
    """Under the id that they have, and without the key a plan says that nobody was asked."""
    plain = plugin(workspace)
    assert not plain.can_match and "CUSTOMERIO_APP_KEY" in plain.unasked
    workspace.people["theirs"] = {"email": "ann@example.com", "tier": "gold"}
    environ = plain.secret | {
        "CUSTOMERIO_BASE_URL": workspace.url,
        "CUSTOMERIO_APP_KEY": "app-key",
        "CUSTOMERIO_APP_URL": workspace.url,
    }
    asked = CustomerIO({}, environ)
    ann = record("p1", email="ann@example.com", score=7)
    bob = record("p2", email="bob@example.com", score=1)
    with Transport(asked) as transport:
        assert asked.can_match and asked.count(transport.call) == 1
        assert asked.match(transport.call, [ann, bob]) == {"p1": ["theirs"]}
        ready, settled = asked.adopt(transport.call, "add", [ann, bob])
        assert not settled
        outcomes = asked.send(transport.call, "add", ready)
    assert {o.key: o.remote_id for o in outcomes} == {"p1": "theirs", "p2": "p2"}
    assert workspace.people["theirs"] == {"email": "ann@example.com", "tier": "gold", "score": 7}
    assert set(workspace.people) == {"theirs", "p2"}


def test_an_update_changes_and_empties_but_never_creates(workspace):
    workspace.people["42"] = {"score": 1, "tier": "gold", "theirs": "kept"}
    got = send(
        workspace,
        "update",
        record("42", "42", {"score": 9}, score=9, tier=None),
        record("gone", "gone", {"score": 9}, score=9),
    )
    assert workspace.people == {"42": {"score": 9, "theirs": "kept"}}
    assert states(got) == {"42": "delivered", "gone": "delivered"}


def test_a_remove_empties_ours_keeps_the_address_and_never_creates(workspace):
    workspace.people["42"] = {"email": "ann@example.com", "score": 1, "theirs": "kept"}
    empty = {"email": None, "score": None}
    send(workspace, "remove", record("42", "42", {}, **empty), record("new", None, {}, **empty))
    assert workspace.people == {"42": {"email": "ann@example.com", "theirs": "kept"}}


def test_a_remove_with_nothing_of_ours_makes_no_request(workspace):
    assert states(send(workspace, "remove", record("42", "42", {}, email=None))) == {
        "42": "delivered"
    }
    assert not workspace.requests


def test_the_mapped_id_wins_is_remembered_and_may_change(workspace):
    workspace.people = {"42": {"score": 7}, "43": {}}
    whole = {"id": "43", "score": 7}
    got = send(workspace, "update", record("k", "42", whole, id="43"))
    assert workspace.people["43"] == {"score": 7}
    assert got["k"].remote_id == "43"
    send(workspace, "remove", record("k", "43", {}, score=None))
    assert workspace.people["43"] == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-06-30T00:00:00.000Z", 1782777600),
        ("2026-06-30", 1782777600),
        ("2026-13-30", "2026-13-30"),
        ("ten signs.", "ten signs."),
        (None, ""),
        (False, False),
        (0, 0),
    ],
)
def test_values_are_encoded_as_customerio_reads_them(value, expected):
    assert encoded(value) == expected
    assert type(encoded(value)) is type(expected)


def test_an_invalid_person_is_refused_and_the_others_are_delivered(workspace):
    got = send(
        workspace,
        "add",
        record("ann@example.com", score=1),
        record("not an address", score=1),
        record("bob@example.com", **{"n" * 151: 1}),
        identify_by="email",
    )
    assert list(states(got).values()) == ["delivered", "refused", "refused"]
    assert got["not an address"].reason == "invalid: email: *** is not an email address"
    assert set(workspace.people) == {"ann@example.com"}


def test_an_error_without_a_person_leaves_the_batch_open(workspace):
    workspace.fail_next(Reply(207, {"errors": [{"reason": "odd"}]}))
    assert states(send(workspace, "add", record("42", score=1))) == {"42": "open"}


def test_large_batches_are_split_and_a_person_too_large_is_refused(workspace):
    records = [record(str(n), bio="x" * 30_000) for n in range(40)]
    got = send(workspace, "add", *records, record("huge", bio="x" * 33_000))
    assert got.pop("huge").reason == "larger than 32 KB"
    assert set(states(got).values()) == {"delivered"}
    assert len(got) == len(workspace.people) == 40
    assert len(workspace.requests) == 3
    assert all(len(request.raw) < 500_000 for request in workspace.requests)


def test_a_request_refused_as_a_whole_is_for_the_engine_to_split(workspace):
    body = {"errors": [{"reason": "invalid", "field": "batch", "message": "of ann@example.com"}]}
    workspace.fail_next(Reply(400, body))
    with pytest.raises(Refused, match=r"HTTP 400 invalid: batch: of a\*\*\*@example.com"):
        send(workspace, "add", record("42", score=1))


def test_wrong_credentials(workspace):
    with pytest.raises(AuthError, match="CUSTOMERIO_API_KEY") as problem:
        send(workspace, "add", record("42", score=1), api_key="wrong")
    assert "wrong" not in str(problem.value)


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, {"meta": {"error": "slow"}}, {"Retry-After": "7"}), 7),
        (Reply(429), 1),
        (Reply(500, {"meta": {"error": "down"}}), None),
        (Reply(502, "<html>down</html>"), None),
        (Reply(200, "<html>log in</html>"), None),
    ],
)
def test_what_passes_is_tried_again(workspace, reply, wait):
    workspace.fail_next(reply)
    with pytest.raises(Transient) as problem:
        send(workspace, "add", record("42", score=1))
    assert problem.value.wait == wait


def test_a_batch_sent_twice_leaves_the_same_state(workspace):
    workspace.fail_next("after")
    with pytest.raises(Transient):
        send(workspace, "add", record("42", score=1))
    once = {"42": {"score": 1}}
    assert workspace.people == once
    send(workspace, "add", record("42", score=1))
    assert workspace.people == once


def test_erase_suppresses_all_identifiers_and_deletes_once_and_again(workspace):
    workspace.people = {"42": {"email": "ann@example.com"}, "43": {}}
    with Transport(plugin(workspace)) as transport:
        assert transport.destination.erase(transport.call, "k", "42")
        assert transport.destination.erase(transport.call, "k", "42")
    assert workspace.people == {"43": {}}
    assert workspace.suppressed == {"42", "ann@example.com"}
    actions = [request.body["batch"][0]["action"] for request in workspace.requests]
    assert actions == ["suppress", "delete"] * 2


def test_an_erase_that_fails_says_so(workspace):
    with (
        Transport(plugin(workspace, identify_by="email")) as transport,
        pytest.raises(ConfigError, match="did not suppress"),
    ):
        transport.destination.erase(transport.call, "not an address", None)


def findings(vendor, api_key=API_KEY):
    with Transport(plugin(vendor, api_key)) as transport:
        found = list(transport.destination.doctor(transport.call, {"score": "number"}))
    return {identifier.name: (identifier.is_fine, identifier.detail) for identifier in found}


def test_doctor_looks_at_the_key_and_the_region(workspace):
    assert findings(workspace) == {"Track API key": (True, ""), "region": (True, "")}
    workspace.region_url = "https://track-eu.customer.io"
    assert findings(workspace)["region"] == (
        False,
        "set CUSTOMERIO_BASE_URL to https://track-eu.customer.io",
    )
    assert findings(workspace, "wrong")["Track API key"][0] is False
    assert workspace.people == {}


def test_consent_is_forbidden_in_every_spelling(workspace):
    assert {"unsubscribed", "cio_subscription_preferences"} <= CustomerIO.forbidden
    topic = {"cio_subscription_preferences.topics.topic_1": True}
    with pytest.raises(ConfigError, match="topic_1"):
        send(workspace, "add", record("42", **topic))
    assert workspace.people == {}


def test_settings_are_checked(workspace):
    with pytest.raises(ConfigError, match="CUSTOMERIO_SITE_ID"):
        CustomerIO({}, {}).check()
    with pytest.raises(ConfigError, match="identify_by"):
        plugin(workspace, identify_by="phone").check()
    plugin(workspace).check()
    assert CustomerIO({}, {}).base_url == "https://track.customer.io"


def test_update_only_creates_nobody(workspace):
    got = send(workspace, "add", record("u1", email="ann@example.com"), mode="update_only")
    assert (states(got), workspace.people) == ({"u1": "delivered"}, {})

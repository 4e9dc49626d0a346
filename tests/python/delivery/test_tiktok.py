"""TikTok: people are hashes in audiences, put in and taken out by the same request."""

import hashlib
import json
from types import SimpleNamespace

import pytest

from scripts.delivery.destination import NoAnswer, Record, Refused, Transient
from scripts.delivery.destinations.tiktok import TikTok
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import patient

from .sending import calls, send_in_phases
from .vendors.server import Reply
from .vendors.tiktok import TOKEN, TikTokAds, said


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


ANN = {"email": " Ann@Example.com ", "phone": "+1 (650) 555-1212"}
ANN_IDS = {("EMAIL_SHA256", sha("ann@example.com")), ("PHONE_SHA256", sha("+16505551212"))}
BOB_IDS = {("EMAIL_SHA256", sha("bob@example.com"))}


def record(key, remote_id=None, audience="vip", **values):
    values = {"audience": audience, **values}
    return Record(key, remote_id, values, values)


@pytest.fixture
def vendor():
    with TikTokAds() as vendor:
        vendor.add_audience("1", "vip")
        vendor.add_audience("2", "churned")
        yield vendor


@pytest.fixture
def connect(vendor):
    """Return a plug-in with these options, and its `call`."""

    def connect(token=TOKEN, **options):
        environ = {"TIKTOK_ACCESS_TOKEN": token, "TIKTOK_BASE_URL": vendor.url}
        audiences = {"vip": "1", "churned": 2}
        plugin = TikTok({"account": 123, "audiences": audiences, **options}, environ)
        plugin.check()
        return plugin, call_of(plugin)

    with calls() as call_of:
        yield connect


@pytest.fixture
def send(connect):
    plugin, call = connect()
    return lambda operation, *records: send_in_phases(plugin, call, operation, records)


def test_who_enters_changes_and_leaves_is_there_as_hashes(vendor, send):
    added = send("add", record("a", **ANN), record("b", email="bob@example.com"))
    assert vendor.held("1") == ANN_IDS | BOB_IDS
    assert not any(b"xample" in r.raw or b"555" in r.raw for r in vendor.requests)
    # Another address: only the old one leaves. Then another audience: all of it.
    changed = {**ANN, "email": "new@example.com"}
    moved = send("update", record("a", added["a"].remote_id, **changed))["a"]
    new_ids = {("EMAIL_SHA256", sha("new@example.com")), ("PHONE_SHA256", sha("+16505551212"))}
    assert vendor.held("1") == new_ids | BOB_IDS
    send("update", record("a", moved.remote_id, audience="churned", **changed))
    assert (vendor.held("1"), vendor.held("2")) == (BOB_IDS, new_ids)
    gone = Record("b", added["b"].remote_id, {"audience": None, "email": None}, {})
    for _ in range(2):
        assert send("remove", gone)["b"].state == "delivered"
    assert vendor.held("1") == set()


def test_what_identifies_nobody_is_refused(vendor, send):
    done = send("add", record("a", email="no address", phone="555 1212"))["a"]
    assert (done.state, done.reason) == ("refused", "nothing to match on")


def test_a_partial_success_stops_only_whom_it_is_about(vendor, send):
    whole, bob = vendor.answer, BOB_IDS.copy().pop()[1].encode()
    vendor.answer = lambda r: said(20001, "Partial success") if bob in r.raw else whole(r)
    people = {"a": "ann@example.com", "b": "bob@example.com", "c": "cy@example.com"}
    done = send("add", *(record(key, email=email) for key, email in people.items()))
    assert {key: outcome.state for key, outcome in done.items()} == {
        "a": "delivered", "b": "open", "c": "delivered"
    }  # fmt: skip
    assert "20001" in done["b"].reason and len(vendor.held("1")) == 2


@pytest.mark.parametrize(
    ("reply", "signal", "words"),
    [
        (said(40100, "App reaches the QPS limit."), Transient, "QPS"),
        (said(40102, "Access token has expired"), AuthError, "has expired"),
        (said(40001, "No permission"), AuthError, "option account"),
        (said(40002, "audience_ids: Invalid, ann@example.com"), Refused, r"a\*\*\*@example"),
        (said(50002, "Service error"), Transient, "50002"),
        (Reply(200, {}), Transient, "says nothing"),
        (Reply(200, {"data": {}}), NoAnswer, "without a code"),
        (Reply(502, "<html>"), Transient, "502"),
    ],
)
def test_what_goes_wrong(vendor, send, reply, signal, words):
    vendor.fail_next(reply)
    with pytest.raises(signal, match=words):
        send("add", record("a", **ANN))


def test_whose_account_it_is(vendor, connect):
    plugin, call = connect()
    assert plugin.whose(call) == "ad account 123"
    for options in ({"account": "124"}, {"token": "other"}):
        plugin, call = connect(**options)
        with pytest.raises(AuthError):
            plugin.whose(call)
    with pytest.raises(ConfigError, match="option account"):
        connect(account="")


def test_who_is_forgotten_leaves_the_audience(vendor, connect, send):
    added = send("add", record("a", **ANN))["a"]
    assert json.loads(added.remote_id).keys() == {"audience", "EMAIL_SHA256", "PHONE_SHA256"}
    plugin, call = connect()
    assert plugin.erase(call, "a", added.remote_id) and vendor.held("1") == set()


def test_audiences_are_looked_at_and_made(vendor, connect):
    vendor.add_audience("3", "lent", is_creator=False)
    named = {"vip": "1", "lent": "3", "churned": "", "fresh": "", "gone": "9"}
    plugin, call = connect(audiences=named)
    fields = {"audience": "text", "email": "text"}
    found = {finding.name: finding.detail for finding in plugin.doctor(call, fields)}
    assert {request.method for request in vendor.requests} == {"GET"}
    assert found["audience vip"] == "" and "another ad account" in found["audience lent"]
    assert "does not exist" in found["audience gone"]
    assert found["audience churned"] == "Set its id in the option audiences: 2."
    assert found["audience fresh"] == "It does not exist."
    found = {finding.name: finding.detail for finding in plugin.doctor(call, fields, create=True)}
    assert found["audience fresh"] == "Set its id in the option audiences: 903."


def test_who_only_asks_waits_for_tiktok_too(vendor, connect):
    """Its answer to too many requests is a 200."""
    plugin, call = connect()
    vendor.fail_next(said(40100, "App reaches the QPS limit."))
    slept = []
    transport = SimpleNamespace(call=call, count_retry=lambda: None, sleep=slept.append)
    sync = SimpleNamespace(
        max_tries=3, backoff_seconds=0.001, longest_wait_seconds=90, destination=plugin
    )
    assert plugin.whose(patient(sync, transport)) == "ad account 123"
    assert slept == [60.0]

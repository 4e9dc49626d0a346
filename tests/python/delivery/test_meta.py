"""The Meta plug-in against a fake of the Marketing API."""

import hashlib
import json
from dataclasses import replace

import pytest

from scripts.delivery.destination import Record, Refused, Stop, Transient
from scripts.delivery.destinations import meta
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls, send_in_phases
from .vendors.meta import Meta, problem
from .vendors.server import Reply


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def record(key, remote_id=None, audience="vip", **values):
    values = {"audience": audience, **values}
    return Record(key, remote_id, values, values)


ANN = {"email": "Ann@Example.com ", "phone": "+1 (650) 555-1212", "first_name": "Ann"}
ANN_ROW = {"EMAIL": sha("ann@example.com"), "PHONE": sha("16505551212"), "FN": sha("ann")}


@pytest.fixture
def vendor():
    with Meta() as vendor:
        vendor.add_audience("1", "vip")
        vendor.add_audience("2", "churned")
        yield vendor


@pytest.fixture
def connect(vendor):
    """Return a plug-in with these options, and its `call`."""

    def connect(token="token", **options):
        environ = {"META_ACCESS_TOKEN": token, "META_BASE_URL": vendor.url}
        plugin = meta.Meta({"audiences": {"vip": "1", "churned": 2}, **options}, environ)
        plugin.check()
        return plugin, call_of(plugin)

    with calls() as call_of:
        yield connect


@pytest.fixture
def send(connect):
    plugin, call = connect()

    def send(operation, *records):
        return send_in_phases(plugin, call, operation, records)

    return send


def test_an_add_is_hashed_and_remembered(vendor, send):
    done = send("add", record("vip|1", **ANN, external_id=77, country="US"))["vip|1"]
    row = {**ANN_ROW, "EXTERN_ID": "77", "COUNTRY": sha("us")}
    assert done.state == "delivered"
    assert vendor.people("1") == [row]
    assert json.loads(done.remote_id) == {"audience": "1", **row}
    sent = vendor.requests[-1]
    assert "application/x-www-form-urlencoded" in sent.headers["content-type"]
    assert b"example.com" not in sent.raw


def test_a_hash_is_not_hashed_again(vendor, send):
    send("add", record("a", email=sha("ann@example.com").upper()))
    assert vendor.people("1") == [{"EMAIL": sha("ann@example.com")}]


def test_a_changed_address_takes_out_only_the_old_one(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    done = send("update", record("a", added.remote_id, **{**ANN, "email": "new@example.com"}))["a"]
    assert vendor.people("1") == [{**ANN_ROW, "EMAIL": sha("new@example.com")}]
    assert json.loads(done.remote_id)["EMAIL"] == sha("new@example.com")
    removal = next(request for request in vendor.requests if request.method == "DELETE")
    assert sha("16505551212").encode() not in removal.raw


def test_a_changed_name_takes_out_nobody(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    send("update", record("a", added.remote_id, **{**ANN, "first_name": "Anna"}))
    assert not [request for request in vendor.requests if request.method == "DELETE"]


def test_another_audience_means_leaving_the_old_one(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    send("update", record("a", added.remote_id, audience="churned", **ANN))
    assert vendor.people("1") == []
    assert vendor.people("2") == [ANN_ROW]


def test_an_emptied_field_and_then_the_last_one(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    values = {"phone": None, "first_name": None, "email": ANN["email"]}
    half = send("update", record("a", added.remote_id, **values))["a"]
    assert vendor.people("1") == [{"EMAIL": ANN_ROW["EMAIL"]}]
    none = send("update", record("a", half.remote_id, email=None))["a"]
    assert none.state == "delivered"
    assert vendor.people("1") == []
    assert json.loads(none.remote_id) == {"audience": "1"}


def test_a_null_that_must_not_empty_a_field_keeps_what_was_sent(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    now = {"audience": "vip", "email": "new@example.com"}  # no phone, and the phone did not change
    done = send("update", Record("a", added.remote_id, {"email": now["email"]}, now))["a"]
    assert vendor.people("1") == [{**ANN_ROW, "EMAIL": sha("new@example.com")}]
    send("remove", Record("a", done.remote_id, {}, {}))
    assert vendor.people("1") == []


def test_an_address_that_moves_to_another_record_stays(vendor, send):
    added = send("add", record("a", email="shared@example.com", phone="+16505551212"))["a"]
    moved = record("a", added.remote_id, email="own@example.com", phone="+16505551212")
    send("update", moved, record("b", email="shared@example.com"))
    emails = {row["EMAIL"] for row in vendor.people("1")}
    assert emails == {sha("own@example.com"), sha("shared@example.com")}


def test_a_remove_needs_only_what_was_sent(vendor, send):
    added = send("add", record("a", **ANN), record("b", email="b@example.com"))["a"]
    gone = Record("a", added.remote_id, {"audience": None, "email": None}, {})
    assert send("remove", gone)["a"].state == "delivered"
    assert vendor.people("1") == [{"EMAIL": sha("b@example.com")}]
    assert send("remove", gone)["a"].state == "delivered", "a second time changes nothing"
    assert len(vendor.people("1")) == 1


def test_a_remove_of_what_is_not_known_is_said(vendor, send):
    done = send("remove", Record("a", None, {"email": None}, {}))["a"]
    assert (done.state, done.reason) == ("refused", "what was sent is not known")
    assert not vendor.requests


def test_nobody_is_sent_without_an_identifier(vendor, send):
    done = send("add", record("a", email="nonsense"), record("b", email="b@example.com"))
    assert (done["a"].state, done["a"].reason) == ("refused", "nothing to match on")
    assert done["b"].state == "delivered"


def test_people_known_only_by_name_can_leave(vendor, send):
    values = {"first_name": "Ann", "last_name": "Lee", "country": "US"}
    added = send("add", record("a", **values))["a"]
    send("update", record("a", added.remote_id, **{**values, "last_name": "Ray"}))
    assert [row["LN"] for row in vendor.people("1")] == [sha("ray")]


def test_an_invalid_entry_is_refused_alone(vendor, send):
    vendor.not_hashes = {sha("bad@example.com")}
    batch = [record(name, email=f"{name}@example.com") for name in ("bad", "good")]
    done = send("add", *batch)
    assert (done["bad"].state, done["bad"].reason) == ("refused", "invalid entry")
    assert done["good"].state == "delivered"


def test_invalid_entries_without_samples_have_to_be_searched(vendor, send):
    vendor.not_hashes, vendor.hides_samples = {sha("bad@example.com")}, True
    bad, good = (record(name, email=f"{name}@example.com") for name in ("bad", "good"))
    with pytest.raises(Refused):
        send("add", bad, good)
    assert send("add", bad)["bad"].state == "refused"
    assert send("add", good)["good"].state == "delivered"


def test_rows_that_got_lost_are_sent_again(vendor, send):
    vendor.fail_next(Reply(200, {"num_received": 0, "num_invalid_entries": 0}))
    with pytest.raises(Transient):
        send("add", record("a", **ANN))


def test_more_rows_than_a_request_takes_are_one_session(vendor, connect, monkeypatch):
    monkeypatch.setattr(meta, "ROWS", 2)
    plugin, call = connect()
    plugin.send(call, "add", [record(str(i), email=f"p{i}@example.com") for i in range(5)])
    (batches,) = vendor.sessions.values()
    assert [batch["batch_seq"] for batch in batches] == [1, 2, 3]
    assert [batch["last_batch_flag"] for batch in batches] == [False, False, True]
    assert {batch["estimated_num_total"] for batch in batches} == {5}
    assert len(vendor.people("1")) == 5


def test_a_full_batch_is_one_request(vendor, send, connect):
    assert connect()[0].batch_size == 10_000
    send("add", *[record(str(i), email=f"p{i}@example.com") for i in range(10_000)])
    assert len(vendor.requests) == 1
    assert len(vendor.people("1")) == 10_000


def test_a_lost_answer_and_the_same_batch_again(vendor, send):
    batch = [record("a", **ANN), record("b", email="b@example.com")]
    vendor.fail_next("after")
    with pytest.raises(Transient):
        send("add", *batch)
    once = vendor.people("1")
    send("add", *batch)
    assert vendor.people("1") == once
    assert len(once) == 2


@pytest.mark.parametrize("code", [4, 17, 613, 80003])
def test_throttling_waits_as_long_as_meta_says(vendor, send, code):
    usage = json.dumps({"9": [{"type": "custom_audience", "estimated_time_to_regain_access": 3}]})
    limit = problem(code, "Too many calls")
    vendor.fail_next(limit, replace(limit, headers={"X-Business-Use-Case-Usage": usage}))
    for wait in (60.0, 180.0):
        with pytest.raises(Transient) as raised:
            send("add", record("a", **ANN))
        assert raised.value.wait == wait


def test_429_with_and_without_retry_after(vendor, send):
    vendor.fail_next(Reply(429, {}, {"Retry-After": "7"}), Reply(429, {}))
    for wait in (7.0, 60.0):
        with pytest.raises(Transient) as raised:
            send("add", record("a", **ANN))
        assert raised.value.wait == wait


@pytest.mark.parametrize(
    "fault",
    [
        problem(2, "Service temporarily unavailable", status=500),
        problem(100, "Try later", is_transient=True),
        problem(2650, "Failed to update the custom audience"),
        Reply(503, {}),
        Reply(200, "<html>Sorry</html>"),
        "before",
    ],
)
def test_what_passes(vendor, send, fault):
    vendor.fail_next(fault)
    with pytest.raises(Transient):
        send("add", record("a", **ANN))
    assert send("add", record("a", **ANN))["a"].state == "delivered"


def test_a_bad_token_is_told_but_not_shown(connect):
    plugin, call = connect(token="secret")
    with pytest.raises(AuthError) as raised:
        plugin.send(call, "add", [record("a", **ANN)])
    assert "META_ACCESS_TOKEN" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("code", [10, 190, 200, 294])
def test_missing_rights(vendor, send, code):
    vendor.fail_next(problem(code, "(#200) Permissions error"))
    with pytest.raises(AuthError):
        send("add", record("a", **ANN))


def test_a_whole_request_that_is_refused(vendor, send):
    vendor.fail_next(problem(100, "Invalid parameter ann@example.com"))
    with pytest.raises(Refused) as raised:
        send("add", record("a", **ANN))
    assert "ann@" not in str(raised.value)


def test_what_no_record_is_to_blame_for_ends_the_run(vendor, send):
    vendor.audiences["1"]["operation_status"]["code"] = 471
    with pytest.raises(ConfigError, match="blocked"):
        send("add", record("a", **ANN))
    with pytest.raises(ConfigError, match="does not exist"):
        send("add", record("a", audience="404", **ANN))
    vendor.fail_next(problem(368, "Deemed abusive"))
    with pytest.raises(Stop):
        send("add", record("a", **ANN))


def test_an_audience_or_a_field_that_is_not_known(vendor, send):
    refused = send("add", record("a", audience="nowhere", **ANN))["a"]
    assert refused.state == "refused" and "nowhere" in refused.reason
    with pytest.raises(ConfigError, match="plan"):
        send("add", record("a", plan="pro", **ANN))
    assert not vendor.requests


def test_erase_takes_a_person_out(vendor, connect):
    plugin, call = connect()
    (added,) = plugin.send(call, "add", [record("a", **ANN)])
    assert plugin.erase(call, "a", added.remote_id)
    assert vendor.people("1") == []
    assert not plugin.erase(call, "a", None)


FIELDS = {"audience": "text", "email": "text"}


def test_doctor_finds_everything_fine(connect):
    plugin, call = connect()
    findings = list(plugin.doctor(call, FIELDS))
    assert [finding.name for finding in findings] == ["fields", "audience vip", "audience churned"]
    assert all(finding.is_fine for finding in findings)


def test_doctor_says_what_is_wrong(vendor, connect):
    vendor.add_audience("3", "alike", subtype="LOOKALIKE")
    vendor.add_audience("4", "flagged", status=471)
    plugin, call = connect(audiences={"alike": "3", "flagged": "4", "none": "5"})
    findings = {
        finding.name: finding for finding in plugin.doctor(call, {"email": "text", "plan": "text"})
    }
    assert not any(entry.is_fine for entry in findings.values())
    assert "CUSTOM" in findings["audience alike"].detail
    assert "does not exist" in findings["audience none"].detail


def test_doctor_with_a_bad_token(connect):
    plugin, call = connect(token="wrong")
    assert [finding.is_fine for finding in plugin.doctor(call, FIELDS)] == [True, False, False]


def test_doctor_looks_up_and_creates_an_audience(vendor, connect):
    plugin, call = connect(account="act_55", audiences={"churned": "", "new": None})
    before = {finding.name: finding.detail for finding in plugin.doctor(call, FIELDS)}
    assert "audiences: 2." in before["audience churned"]
    assert before["audience new"] == "It does not exist."
    (created,) = list(plugin.doctor(call, FIELDS, create=True))[2:]
    assert "audiences: 902." in created.detail
    list(plugin.doctor(call, FIELDS, create=True))
    assert len(vendor.audiences) == 3, "it is created once"


def test_options_and_forbidden_fields(connect):
    assert connect(account="act_55")[0].account == "act_55"
    assert "customer_consent" in meta.Meta.forbidden
    with pytest.raises(ConfigError, match="META_ACCESS_TOKEN"):
        meta.Meta({}, {}).check()
    with pytest.raises(ConfigError, match="audiences"):
        meta.Meta({"audiences": ["1"]}, {})

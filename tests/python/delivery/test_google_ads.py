"""The Google plug-in against a fake of the Data Manager API."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scripts.delivery.destination import Record, Refused, Stop, Transient
from scripts.delivery.destinations import google_ads
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls, send_in_phases
from .vendors.google_ads import Google, problem
from .vendors.server import Reply


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def record(key, remote_id=None, audience="vip", **values):
    values = {"audience": audience, **values}
    return Record(key, remote_id, values, values)


ANN = {"email": "Ann.Lee+x@Gmail.com", "phone": "+1 (800)555-0100"}
EMAIL, PHONE = ("emailAddress", sha("annlee@gmail.com")), ("phoneNumber", sha("+18005550100"))
HOME = {"first_name": "Mrs. Ann", "last_name": "Lee Jr.", "country": "us", "postal_code": "94016"}
REFRESH = {
    "GOOGLE_CLIENT_ID": "client",
    "GOOGLE_CLIENT_SECRET": "hush",
    "GOOGLE_REFRESH_TOKEN": "refresh",
}


@pytest.fixture
def vendor():
    with Google() as vendor:
        vendor.add_list("11", "vip")
        vendor.add_list("22", "churned")
        yield vendor


@pytest.fixture
def connect(vendor):
    """Return a plug-in with these options and secrets, and its `call`."""

    def connect(secrets=None, **options):
        environ = secrets or {"GOOGLE_ACCESS_TOKEN": "token"}
        environ |= {"GOOGLE_BASE_URL": vendor.url, "GOOGLE_TOKEN_URL": f"{vendor.url}/token"}
        given = {
            "account": "123-456-7890",
            "audiences": {"vip": 11, "churned": "22"},
            "consent_granted": True,
            "terms_accepted": True,
        }
        plugin = google_ads.Google({**given, **options}, environ)
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
    done = send("add", record("vip|1", **ANN, **HOME))["vip|1"]
    place = {
        "givenName": sha("ann"),
        "familyName": sha("lee"),
        "regionCode": "US",
        "postalCode": "94016",
    }
    address = ("address", tuple(sorted(place.items())))
    assert done.state == "delivered"
    assert vendor.members("11") == {EMAIL, PHONE, address}
    kept = json.loads(done.remote_id)
    assert kept["emailAddress"] == EMAIL[1]
    assert kept["request"] == "r1"
    assert b"gmail" not in vendor.requests[-1].raw
    (body,) = vendor.bodies
    assert body["encoding"] == "HEX"
    assert set(body["consent"].values()) == {"CONSENT_GRANTED"}


def test_consent_and_terms_are_only_claimed_when_the_options_do(vendor, connect):
    plugin, call = connect(consent_granted=False, terms_accepted=False)
    with pytest.raises(ConfigError, match="TERMS_AND_CONDITIONS_NOT_SIGNED"):
        plugin.send(call, "add", [record("a", **ANN)])
    plugin, call = connect(consent_granted=False)
    plugin.send(call, "add", [record("a", **ANN)])
    assert "consent" not in vendor.bodies[-1]


def test_a_manager_account_is_named(vendor, connect):
    plugin, call = connect(login_account="999-000-1111")
    plugin.send(call, "add", [record("a", **ANN)])
    (place,) = vendor.bodies[-1]["destinations"]
    assert place["loginAccount"] == {"accountType": "GOOGLE_ADS", "accountId": "9990001111"}
    list(plugin.doctor(call, {"audience": "text", "email": "text"}))
    header = [
        request.headers.get("login-account")
        for request in vendor.requests
        if request.method == "GET"
    ]
    assert set(header) == {"accountTypes/GOOGLE_ADS/accounts/9990001111"}


def test_a_hash_is_not_hashed_again_and_half_an_address_is_left_out(vendor, send):
    send("add", record("a", email=EMAIL[1].upper(), first_name="Ann", last_name="Lee"))
    assert vendor.members("11") == {EMAIL}


def test_a_changed_address_takes_out_the_old_one(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    send("update", record("a", added.remote_id, **{**ANN, "email": "new@example.com"}))
    assert vendor.members("11") == {("emailAddress", sha("new@example.com")), PHONE}


def test_an_unchanged_record_takes_out_nothing(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    send("update", record("a", added.remote_id, **ANN))
    assert [request.path for request in vendor.requests] == ["/v1/audienceMembers:ingest"] * 2


def test_an_emptied_field_and_another_audience(vendor, send):
    added = send("add", record("a", **ANN))["a"]
    half = send("update", record("a", added.remote_id, email=ANN["email"], phone=None))["a"]
    assert vendor.members("11") == {EMAIL}
    send("update", record("a", half.remote_id, audience="churned", email=ANN["email"]))
    assert vendor.members("11") == set()
    assert vendor.members("22") == {EMAIL}


def test_a_null_that_must_not_empty_a_field_keeps_what_was_sent(vendor, send):
    added = send("add", record("a", **ANN, **HOME))["a"]
    held = set(vendor.members("11"))
    now = {"audience": "vip", "email": "new@example.com", "country": "us"}
    send("update", Record("a", added.remote_id, {"email": now["email"]}, now))
    assert vendor.members("11") == held - {EMAIL} | {("emailAddress", sha("new@example.com"))}


def test_a_remove_needs_only_what_was_sent(vendor, send):
    added = send("add", record("a", **ANN, **HOME), record("b", email="b@example.com"))["a"]
    gone = Record("a", added.remote_id, {"audience": None, "email": None}, {})
    for _ in range(2):
        assert send("remove", gone)["a"].state == "delivered"
        assert vendor.members("11") == {("emailAddress", sha("b@example.com"))}
    assert send("remove", replace(gone, remote_id=None))["a"].state == "refused"


def test_members_that_google_names_are_refused_and_the_rest_arrives(vendor, send):
    batch = [record(str(i), email=f"p{i}@example.com") for i in range(5)]
    for i in (1, 3):
        batch[i] = record(str(i), **{**ANN, **HOME, "postal_code": "!!"})
    done = send("add", *batch)
    assert {key: outcome.state for key, outcome in done.items()} == {
        "0": "delivered",
        "1": "refused",
        "2": "delivered",
        "3": "refused",
        "4": "delivered",
    }
    assert done["1"].reason == "INVALID_POSTAL_CODE"
    assert len(vendor.members("11")) == 3
    assert len(vendor.requests) == 2


def test_an_answer_that_names_some_of_them_is_followed_by_another(vendor, send):
    vendor.names_violations = 1
    bad = [record(str(i), **HOME | {"postal_code": "!!", "last_name": str(i)}) for i in range(3)]
    done = send("add", *bad, record("good", **ANN))
    assert [done[str(i)].state for i in range(3)] == ["refused"] * 3
    assert vendor.members("11") == {EMAIL, PHONE}


def test_when_all_are_refused_nothing_is_sent(vendor, send):
    assert send("add", record("a", **HOME | {"postal_code": "!!"}))["a"].state == "refused"
    assert len(vendor.requests) == 1


def test_a_whole_request_that_is_refused(vendor, send):
    vendor.fail_next(problem(400, "INVALID_ARGUMENT", ("audience_members", "INVALID_FORMAT")))
    with pytest.raises(Refused, match="INVALID_FORMAT"):
        send("add", record("a", **ANN))
    vendor.fail_next(problem(400, "INVALID_ARGUMENT", ("audience_members[7]", "INVALID_FORMAT")))
    with pytest.raises(Refused):
        send("add", record("a", **ANN))


def test_what_no_record_is_to_blame_for_ends_the_run(vendor, send):
    with pytest.raises(ConfigError, match="INVALID_USER_LIST_ID"):
        send("add", record("a", audience="404", **ANN))
    vendor.fail_next(problem(404, "NOT_FOUND"))
    with pytest.raises(ConfigError):
        send("add", record("a", **ANN))


def test_a_full_batch_is_one_request_and_no_batch_is_larger(vendor, send, connect):
    assert connect()[0].batch_size == 10_000
    with pytest.raises(ConfigError, match="10,000"):
        connect(batch_size=10_001)
    send("add", *[record(str(i), email=f"p{i}@example.com") for i in range(10_000)])
    assert len(vendor.requests) == 1
    assert len(vendor.members("11")) == 10_000


def test_a_lost_answer_and_the_same_batch_again(vendor, send):
    batch = [record("a", **ANN), record("b", email="b@example.com")]
    vendor.fail_next("after")
    with pytest.raises(Transient):
        send("add", *batch)
    once = set(vendor.members("11"))
    send("add", *batch)
    assert vendor.members("11") == once
    assert len(once) == 3


def test_429_with_and_without_retry_after(vendor, send):
    limit = problem(
        429, "RESOURCE_EXHAUSTED", quota_limit="IngestionMutateRequestsPerMinutePerProject"
    )
    vendor.fail_next(replace(limit, headers={"Retry-After": "7"}), limit)
    for wait in (7.0, 60.0):
        with pytest.raises(Transient) as raised:
            send("add", record("a", **ANN))
        assert raised.value.wait == wait


def test_the_daily_quota_ends_the_run(vendor, send):
    limit = "IngestionMutateRequestsPerDayPerProject"
    vendor.fail_next(problem(429, "RESOURCE_EXHAUSTED", quota_limit=limit))
    with pytest.raises(Stop):
        send("add", record("a", **ANN))


@pytest.mark.parametrize(
    "fault", [problem(503, "UNAVAILABLE"), Reply(200, "<html>Sorry</html>"), "before"]
)
def test_what_passes(vendor, send, fault):
    vendor.fail_next(fault)
    with pytest.raises(Transient):
        send("add", record("a", **ANN))
    assert send("add", record("a", **ANN))["a"].state == "delivered"


def test_a_fixed_token_that_is_not_accepted(connect):
    plugin, call = connect({"GOOGLE_ACCESS_TOKEN": "secret"})
    with pytest.raises(AuthError) as raised:
        plugin.send(call, "add", [record("a", **ANN)])
    assert "secret" not in str(raised.value)


def test_missing_rights(vendor, send):
    vendor.fail_next(problem(403, "PERMISSION_DENIED"))
    with pytest.raises(AuthError, match="login_account"):
        send("add", record("a", **ANN))


def test_a_token_is_fetched_once_for_all_workers(vendor, connect):
    plugin, call = connect(dict(REFRESH))
    vendor.latency_seconds = 0.02
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(plugin.send, call, "add", [record(str(i), email=f"p{i}@example.com")])
            for i in range(8)
        ]
        assert all(job.result()[0].state == "delivered" for job in jobs)
    assert vendor.fetched == 1
    assert len(vendor.members("11")) == 8


def test_a_token_that_ended_is_renewed_once_for_all_workers(vendor, connect):
    plugin, call = connect(dict(REFRESH))
    plugin.send(call, "add", [record("a", **ANN)])
    vendor.tokens.clear()
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(plugin.send, call, "add", [record(str(i), email=f"p{i}@example.com")])
            for i in range(8)
        ]
        assert all(job.result()[0].state == "delivered" for job in jobs)
    assert vendor.fetched == 2


def test_a_token_about_to_end_is_renewed_before_the_request(vendor, connect):
    plugin, call = connect(dict(REFRESH))
    plugin.send(call, "add", [record("a", **ANN)])
    plugin.token_ends = 0.0
    plugin.send(call, "add", [record("a", **ANN)])
    assert vendor.fetched == 2


def test_a_renewed_token_that_is_not_accepted_either(vendor, connect):
    plugin, call = connect(dict(REFRESH))
    worthless = Reply(200, {"access_token": "worthless"})
    vendor.fail_next(worthless, problem(401, "UNAUTHENTICATED"), worthless)
    with pytest.raises(AuthError):
        plugin.send(call, "add", [record("a", **ANN)])
    assert len(vendor.requests) == 4, "two tokens, two tries"


def test_a_refresh_token_that_was_revoked(vendor, connect):
    vendor.refresh_token = "another"
    plugin, call = connect(dict(REFRESH))
    with pytest.raises(AuthError, match="invalid_grant"):
        plugin.send(call, "add", [record("a", **ANN)])


def test_a_token_endpoint_that_does_not_answer(vendor, connect):
    plugin, call = connect(dict(REFRESH))
    for fault in ("before", Reply(503, {}), Reply(200, [])):
        vendor.fail_next(fault)
        with pytest.raises(Transient):
            plugin.send(call, "add", [record("a", **ANN)])


def test_erase_takes_a_person_out(vendor, connect):
    plugin, call = connect()
    (added,) = plugin.send(call, "add", [record("a", **ANN)])
    assert plugin.erase(call, "a", added.remote_id)
    assert vendor.members("11") == set()
    assert not plugin.erase(call, "a", None)


FIELDS = {"audience": "text", "email": "text"}


def test_doctor_finds_everything_fine_and_changes_nothing(vendor, connect):
    plugin, call = connect()
    findings = list(plugin.doctor(call, FIELDS))
    assert [finding.name for finding in findings] == ["fields", "audience vip", "audience churned"]
    assert all(finding.is_fine for finding in findings)
    assert vendor.members("11") == vendor.members("22") == set()


def test_doctor_says_what_is_wrong(vendor, connect):
    vendor.add_list("33", "phones", keys=("MOBILE_ID",))
    vendor.add_list("44", "old", membershipStatus="CLOSED")
    plugin, call = connect(audiences={"phones": "33", "old": "44", "none": "55"})
    text = {
        finding.name: finding
        for finding in plugin.doctor(call, {"audience": "text", "plan": "text"})
    }
    assert not any(entry.is_fine for entry in text.values())
    assert "MOBILE_ID" in text["audience phones"].detail
    plugin, call = connect(terms_accepted=False)
    assert "TERMS" in list(plugin.doctor(call, FIELDS))[1].detail
    plugin, call = connect({"GOOGLE_ACCESS_TOKEN": "wrong"})
    assert [finding.is_fine for finding in plugin.doctor(call, FIELDS)] == [True, False, False]


def test_doctor_looks_up_and_creates_an_audience(vendor, connect):
    plugin, call = connect(audiences={"churned": "", "new": None})
    before = {finding.name: finding.detail for finding in plugin.doctor(call, FIELDS)}
    assert "audiences: 22." in before["audience churned"]
    assert before["audience new"] == "It does not exist."
    for _ in range(2):
        assert "audiences: 702." in list(plugin.doctor(call, FIELDS, create=True))[2].detail


def test_doctor_tells_what_became_of_requests(vendor, connect):
    plugin, call = connect()
    for i in range(3):
        plugin.send(call, "add", [record("a", email=f"p{i}@example.com")])
    counts = {"errorCounts": [{"recordCount": "1", "reason": "PROCESSING_ERROR_REASON_X"}]}
    vendor.states["r2"] = {"requestStatus": "PARTIAL_SUCCESS", "errorInfo": counts}
    vendor.states["r3"] = {"requestStatus": "SUCCESS"}
    plugin, call = connect(requests=["r1", "r2", "r3", "r9"])
    text = {finding.name: finding for finding in plugin.doctor(call, FIELDS)}
    assert [text[f"request r{i}"].is_fine for i in (1, 2, 3, 9)] == [True, False, True, False]
    assert "1 PROCESSING_ERROR_REASON_X" in text["request r2"].detail


def test_options_and_forbidden_fields(connect):
    plugin, _ = connect()
    assert plugin.account == "1234567890"
    assert "consent" in plugin.forbidden
    assert plugin.quota == (300, 60.0)
    with pytest.raises(ConfigError, match="GOOGLE_REFRESH_TOKEN"):
        google_ads.Google({"account": "1"}, {"GOOGLE_CLIENT_ID": "x"}).check()
    with pytest.raises(ConfigError, match="account"):
        google_ads.Google({}, {"GOOGLE_ACCESS_TOKEN": "x"}).check()

"""LinkedIn: people are hashes in segments, and each element answers for itself."""

import hashlib
import json

import pytest

from scripts.delivery.destination import NoAnswer, Record, Stop, Transient
from scripts.delivery.destinations.linkedin import LinkedIn
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls, send_in_phases, states
from .vendors.linkedin import TOKEN, LinkedInAds, problem
from .vendors.server import Reply


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


ANN, BOB = sha("ann@example.com"), sha("bob@example.com")


def record(key, remote_id=None, audience="vip", **values):
    values = {"audience": audience, **values}
    return Record(key, remote_id, values, values)


@pytest.fixture
def vendor():
    with LinkedInAds() as vendor:
        vendor.add_segment("1", "vip")
        vendor.add_segment("2", "churned")
        yield vendor


@pytest.fixture
def connect(vendor):
    """Return a plug-in with these options, and its `call`."""

    def connect(token=TOKEN, **options):
        environ = {"LINKEDIN_ACCESS_TOKEN": token, "LINKEDIN_BASE_URL": vendor.url}
        plugin = LinkedIn({"audiences": {"vip": "1", "churned": 2}, **options}, environ)
        plugin.check()
        return plugin, call_of(plugin)

    with calls() as call_of:
        yield connect


@pytest.fixture
def send(connect):
    plugin, call = connect()
    return lambda operation, *records: send_in_phases(plugin, call, operation, records)


def people(vendor, number="1"):
    return vendor.segments[number]["people"]


def test_who_enters_changes_and_leaves_is_there_as_a_hash(vendor, send):
    added = send("add", record("a", email=" Ann@Example.com "), record("b", email=BOB.upper()))
    assert people(vendor) == {ANN, BOB}
    assert json.loads(added["a"].remote_id) == {"audience": "1", "SHA256_EMAIL": ANN}
    assert not any(b"xample" in request.raw for request in vendor.requests)
    moved = send("update", record("a", added["a"].remote_id, email="new@example.com"))["a"]
    assert people(vendor) == {sha("new@example.com"), BOB}
    send("update", record("a", moved.remote_id, audience="churned", email="new@example.com"))
    assert (people(vendor), people(vendor, "2")) == ({BOB}, {sha("new@example.com")})
    gone = Record("b", added["b"].remote_id, {"audience": None, "email": None}, {})
    for _ in range(2):
        assert send("remove", gone)["b"].state == "delivered"
    assert people(vendor) == set()


def test_each_element_answers_for_itself(vendor, connect, send):
    vendor.not_hashes.add(BOB)
    done = send("add", record("a", email="ann@example.com"), record("b", email="bob@example.com"),
                record("c", email="no address"))  # fmt: skip
    assert states(done) == {"a": "delivered", "b": "refused", "c": "refused"}
    assert done["b"].reason == "HTTP 400 not this one"
    vendor.busy.add(BOB)
    vendor.not_hashes.clear()
    done = send("add", record("b", email="bob@example.com"), record("d", email="dan@example.com"))
    assert states(done) == {"b": "open", "d": "delivered"}  # one that is busy stops no others
    assert "status 503" in done["b"].reason and sha("dan@example.com") in people(vendor)
    with pytest.raises(NoAnswer, match="status 503"):
        LinkedIn.erase(*connect(), "b", json.dumps({"audience": "1", "SHA256_EMAIL": BOB}))


def test_a_row_without_a_known_audience_is_refused_alone(vendor, connect, send):
    vip = record("a", email="ann@example.com")
    done = send("add", vip, record("b", audience="new", email="bob@example.com"),
                record("c", audience=None, email="cy@example.com"))  # fmt: skip
    assert states(done) == {"a": "delivered", "b": "refused", "c": "refused"}
    assert people(vendor) == {ANN} and "'new'" in done["b"].reason
    plugin, _ = connect()
    assert plugin.touched(record("b", audience="new", email="bob@example.com")) == {"b"}
    for fields, words in (({"audience"}, "says who"), ({"audience", "first_name"}, "no fields")):
        with pytest.raises(ConfigError, match=words):
            plugin.check_mapped(fields)


@pytest.mark.parametrize(
    ("reply", "signal", "words"),
    [
        (Reply(200, {"elements": []}), NoAnswer, "0 of 1"),
        (Reply(200, {"elements": [{"status": 429}]}), Transient, "too many"),
        (problem(426, "not active"), ConfigError, "has ended"),
        (problem(429, "throttle APPLICATION DAY limit is reached"), Stop, "of the day"),
        (problem(429, "throttle MEMBER MINUTE limit is reached"), Transient, "MINUTE"),
        (problem(403, "Not enough permissions"), AuthError, "rw_dmp_segments"),
        (problem(404, "Not Found"), ConfigError, "does not find"),
    ],
)
def test_what_goes_wrong(vendor, send, reply, signal, words):
    vendor.fail_next(reply)
    with pytest.raises(signal, match=words):
        send("add", record("a", email="ann@example.com"))


def test_whose_segments_they_are(vendor, connect):
    plugin, call = connect()
    assert plugin.whose(call) == "ad account 77"
    plugin, call = connect(account="urn:li:sponsoredAccount:78")
    with pytest.raises(ConfigError, match=r"77.*78"):
        plugin.whose(call)
    plugin, call = connect(audiences={}, account="77")
    assert plugin.whose(call) == "ad account 77"
    with pytest.raises(AuthError):
        LinkedIn.whose(*connect(token="other"))
    vendor.add_segment("5", "theirs", account="999")
    with pytest.raises(ConfigError, match="77, 999"):
        LinkedIn.whose(*connect(audiences={"vip": "1", "theirs": "5"}))


def test_who_is_forgotten_leaves_the_segment(vendor, connect, send):
    added = send("add", record("a", email="ann@example.com"))["a"]
    plugin, call = connect()
    assert plugin.erase(call, "a", added.remote_id) and people(vendor) == set()
    assert not plugin.erase(call, "a", None)


def test_segments_are_looked_at_and_made(vendor, connect):
    vendor.add_segment("3", "old", status="EXPIRED")
    vendor.add_segment("4", "firms", kind="COMPANY")
    named = {"vip": "1", "old": "3", "firms": "4", "churned": "", "fresh": "", "gone": "9"}
    plugin, call = connect(account="77", audiences=named, source_platform="ACME")
    fields = {"audience": "text", "email": "text"}
    found = {finding.name: finding.detail for finding in plugin.doctor(call, fields)}
    assert [r.method for r in vendor.requests if r.method != "GET"] == []
    assert found["audience vip"] == "" and "EXPIRED" in found["audience old"]
    assert "USER" in found["audience firms"] and "does not find" in found["audience gone"]
    assert found["audience churned"] == "Set its id in the option audiences: 2."
    assert found["audience fresh"] == "It does not exist."
    found = {finding.name: finding.detail for finding in plugin.doctor(call, fields, create=True)}
    assert found["audience fresh"] == "Set its id in the option audiences: 904."

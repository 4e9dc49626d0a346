"""The Mailchimp plug-in against a fake of the Marketing API."""

import json

import pytest

from scripts.delivery.destination import Outcome, Record, Transient
from scripts.delivery.destinations import mailchimp as plugin
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls
from .vendors.mailchimp import AUDIENCE, md5
from .vendors.mailchimp import Mailchimp as Fake
from .vendors.server import Reply

ANN, BOB = "ann@example.com", "bob@example.com"
OURS = {"email_address", "status_if_new", "merge_fields", "tags"}


@pytest.fixture
def vendor():
    with Fake() as fake:
        yield fake
        for request in fake.requests:  # no request may ever carry a status or archive anybody
            inner = (request.body or {}).get("operations")
            sent = [(request.method, request.path, request.body or {})]
            if inner:
                sent = [(o["method"], o["path"], json.loads(o.get("body", "{}"))) for o in inner]
            for method, path, body in sent:
                assert method != "DELETE"
                assert set(body) <= OURS or path.endswith("merge-fields")
                if "status_if_new" in body:
                    assert method == "PUT"


@pytest.fixture
def make(vendor):
    def build(key="secret-us6", **options):
        environ = {"MAILCHIMP_API_KEY": key, "MAILCHIMP_BASE_URL": vendor.url}
        destination = plugin.Mailchimp({"audience": AUDIENCE, **options}, environ)
        destination.check()
        destination.quota = (10_000, 1.0)  # the tests are about the contract, not about the pace
        return destination, call_of(destination)

    with calls() as call_of:
        yield build


@pytest.fixture
def send(make):
    destination, call = make()

    def go(operation, *records):
        return destination.send(call, operation, list(records))

    return go


def add(address=ANN, **values):
    values = {"email": address, **values}
    key = f"{values['tag']}|{address}" if "tag" in values else address
    return Record(key, None, values, values)


def state_of(outcomes):
    return [outcome.state for outcome in outcomes]


def test_add_creates_a_contact_that_is_not_subscribed(vendor, send):
    record = add("Ann@Example.com", fname="Ann", score=0.5, lname=True, seen="2026-06-30")
    [outcome] = send("add", record)
    held = vendor.member(ANN)
    assert outcome == Outcome(record.key, "delivered", md5(ANN))
    assert held["status"] == "transactional"
    assert held["merge_fields"] == {
        "FNAME": "Ann", "LNAME": "true", "SCORE": 0.5, "SEEN": "2026-06-30"
    }  # fmt: skip


def test_status_of_a_new_contact_is_an_option(vendor, make):
    destination, call = make(status_if_new="pending")
    destination.send(call, "add", [add()])
    assert vendor.member(ANN)["status"] == "pending"
    with pytest.raises(ConfigError, match="status_if_new"):
        make(status_if_new="cleaned")


@pytest.mark.parametrize("status", ["subscribed", "pending", "transactional"])
def test_add_leaves_the_status_of_a_member(vendor, send, status):
    vendor.add_member(ANN, status, LNAME="theirs")
    assert state_of(send("add", add(fname="Ann", tags="vip"))) == ["delivered"]
    held = vendor.member(ANN)
    assert (held["status"], held["tags"]) == (status, {"vip"})
    assert (held["merge_fields"]["FNAME"], held["merge_fields"]["LNAME"]) == ("Ann", "theirs")


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "archived"])
@pytest.mark.parametrize("operation", ["add", "update"])
def test_who_has_left_is_refused_and_not_touched(vendor, send, status, operation):
    vendor.add_member(ANN, status)
    remote_id = md5(ANN) if operation == "update" else None
    [outcome] = send(operation, Record(ANN, remote_id, {"fname": "A", "tags": "x"}, {"email": ANN}))
    assert (outcome.state, outcome.reason) == ("refused", f"the member is {status}")
    held = vendor.member(ANN)
    assert (held["status"], held["tags"], held["merge_fields"]["FNAME"]) == (status, set(), "")


def test_forgotten_is_refused(vendor, send):
    vendor.forgotten.add(md5(ANN))
    outcomes = send("add", add(), add(BOB))
    assert state_of(outcomes) == ["refused", "delivered"]
    assert outcomes[0].reason.startswith("HTTP 400 Forgotten Email Not Subscribed")
    assert ANN not in outcomes[0].reason


def test_update_sends_changes_empties_nulls_and_exchanges_only_our_tags(vendor, send):
    [done] = send("add", add(fname="Ann", score=1, tags="vip; new"))
    assert done.remote_id == f"{md5(ANN)};new;vip"
    vendor.member(ANN)["tags"].add("theirs")
    values = {"fname": None, "score": None, "tags": "vip;old"}
    changed = Record(ANN, done.remote_id, values, {"email": ANN, "tags": "vip;old"})
    [done] = send("update", changed)
    assert vendor.member(ANN)["tags"] == {"old", "vip", "theirs"}
    assert vendor.member(ANN)["merge_fields"]["FNAME"] == ""
    assert vendor.member(ANN)["merge_fields"]["SCORE"] == ""
    assert done.remote_id == f"{md5(ANN)};old;vip"


def test_update_of_a_member_that_was_deleted_sends_everything(vendor, send):
    [done] = send("add", add(fname="Ann", score=1, tags="vip"))
    vendor.members.clear()
    whole = {"email": ANN, "fname": "Ann", "score": 2, "tags": "vip"}
    send("update", Record(ANN, done.remote_id, {"score": 2}, whole))
    held = vendor.member(ANN)
    assert (held["merge_fields"]["FNAME"], held["merge_fields"]["SCORE"]) == ("Ann", 2)
    assert held["tags"] == {"vip"}


def test_remove_takes_our_tags_and_empties_our_fields(vendor, send):
    vendor.add_member(ANN, "subscribed", LNAME="theirs")["tags"].add("theirs")
    [done] = send("add", add(fname="Ann", tags="vip"))
    gone = Record(ANN, done.remote_id, {"email": None, "fname": None, "tags": None}, {})
    for _ in range(2):
        assert state_of(send("remove", gone)) == ["delivered"]
    held = vendor.member(ANN)
    assert (held["status"], held["tags"]) == ("subscribed", {"theirs"})
    assert (held["merge_fields"]["FNAME"], held["merge_fields"]["LNAME"]) == ("", "theirs")
    vendor.members.clear()
    assert state_of(send("remove", gone)) == ["delivered"]
    assert not vendor.members


def test_remove_of_a_tag_row_takes_only_the_tag(vendor, send):
    first, second = send("add", add(tag="A", fname="Ann"), add(tag="B", fname="Ann"))
    gone = Record(first.key, first.remote_id, {"tag": None, "fname": None}, {})
    send("remove", gone)
    assert vendor.member(ANN)["tags"] == {"B"}
    assert vendor.member(ANN)["merge_fields"]["FNAME"] == "Ann"
    assert second.remote_id == f"{md5(ANN)};B"


def test_remove_when_nobody_knows_our_tags(vendor, send):
    values = {"email": None, "tags": None}
    assert state_of(send("remove", Record(ANN, None, values, {}))) == ["delivered"]
    vendor.add_member(ANN)["tags"] |= {"A", "theirs"}
    [outcome] = send("remove", Record(ANN, None, values, {}))
    assert outcome.state == "refused" and "by hand" in outcome.reason
    assert state_of(send("remove", Record(f"A|{ANN}", None, {"tag": None}, {}))) == ["delivered"]
    assert vendor.member(ANN)["tags"] == {"theirs"}


def test_remove_of_who_has_unsubscribed_is_no_contact(vendor, send):
    [done] = send("add", add(fname="Ann", tags="vip"))
    vendor.member(ANN)["status"] = "unsubscribed"
    gone = Record(ANN, done.remote_id, {"fname": None, "tags": None}, {})
    assert state_of(send("remove", gone)) == ["delivered"]
    assert (vendor.member(ANN)["status"], vendor.member(ANN)["tags"]) == ("unsubscribed", set())


def test_only_the_refused_member_is_refused(vendor, send):
    outcomes = send("add", add("not-an-address"), add(BOB, score="many"), add(fname="Ann"))
    assert state_of(outcomes) == ["refused", "refused", "delivered"]
    assert "email_address" in outcomes[0].reason
    assert "SCORE Please enter a number" in outcomes[1].reason
    assert list(vendor.members) == [md5(ANN)]


def test_unknown_merge_field_or_audience_stops_the_run(make):
    destination, call = make()
    with pytest.raises(ConfigError, match="NICKNAME"):
        destination.send(call, "add", [add(nickname="A")])
    destination, call = make(audience="other")
    with pytest.raises(ConfigError, match="no audience other"):
        destination.send(call, "add", [add()])


def test_wrong_key(make):
    destination, call = make(key="wrong-us6")
    with pytest.raises(AuthError, match="MAILCHIMP_API_KEY"):
        destination.send(call, "add", [add()])


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, {"title": "Too Many Requests"}, {"Retry-After": "7"}), 7.0),
        (Reply(429, {"title": "Too Many Requests"}), 10.0),
        (Reply(403, "<html>Forbidden</html>"), 60.0),
        (Reply(500, {"title": "Internal Server Error"}), None),
        (Reply(404, "<html>proxy</html>"), None),
        (Reply(200, "<html>proxy</html>"), None),
        ("before", None),
    ],
)
def test_temporary_trouble(vendor, send, reply, wait):
    vendor.fail_next(reply)
    with pytest.raises(Transient) as caught:
        send("add", add())
    assert caught.value.wait == wait


@pytest.mark.parametrize("lost", range(3))
def test_lost_answer_then_sent_again_is_the_same_as_once(vendor, make, lost):
    destination, call = make()
    seen = []

    def losing(method, path, **arguments):
        seen.append(path)
        if len(seen) == lost + 1:
            vendor.fail_next("after")
        return call(method, path, **arguments)

    record = add(fname="Ann", tags="vip")
    with pytest.raises(Transient):
        destination.send(losing, "add", [record])
    assert state_of(destination.send(call, "add", [record])) == ["delivered"]
    assert list(vendor.members) == [md5(ANN)]
    assert vendor.member(ANN)["tags"] == {"vip"}
    assert vendor.member(ANN)["status"] == "transactional"


def test_read(vendor, make):
    destination, call = make()
    vendor.add_member(ANN, FNAME="Ann", SCORE=0)["tags"] |= {"b", "a"}
    assert destination.read(call, [add(), add(BOB)], ["fname", "lname", "score", "tags"]) == {
        ANN: {"fname": "Ann", "lname": None, "score": 0, "tags": "a;b"}
    }


def test_erase(vendor, make):
    destination, call = make()
    vendor.add_member(ANN)
    for _ in range(2):
        assert destination.erase(call, f"A|{ANN}", None)
    assert vendor.forgotten == {md5(ANN)} and not vendor.members


def test_doctor_looks_and_creates(vendor, make):
    destination, call = make()
    kinds = {"email": "text", "tags": "text", "fname": "text", "score": "text", "vip": "boolean"}
    found = {item.name: item for item in destination.doctor(call, kinds)}
    assert [name for name, item in found.items() if not item.is_fine] == [
        "merge field SCORE",
        "merge field VIP",
    ]
    assert "of type number" in found["merge field SCORE"].detail
    kinds |= {"score": "number", "far_too_long": "text"}
    found = {item.name: item for item in destination.doctor(call, kinds, create=True)}
    assert vendor.merge_fields["VIP"] == "text"
    bad = [name for name, item in found.items() if not item.is_fine]
    assert bad == ["merge field FAR_TOO_LONG"]


def test_doctor_names_a_wrong_key_or_audience(make):
    destination, call = make(key="wrong-us6")
    [found] = destination.doctor(call, {})
    assert not found.is_fine and "wrong-us6" not in found.detail
    destination, call = make(audience="other")
    assert [item.is_fine for item in destination.doctor(call, {})] == [True, False]


def test_settings():
    destination = plugin.Mailchimp({"audience": "abc"}, {"MAILCHIMP_API_KEY": "secret-us6"})
    destination.check()
    assert destination.base_url == "https://us6.api.mailchimp.com"
    assert destination.account == "us6.api.mailchimp.com/abc"
    assert destination.max_workers <= 10 and destination.quota == (10, 1.0)
    assert {"status", "email_type", "status_if_new"} <= destination.forbidden
    with pytest.raises(ConfigError, match="data center"):
        plugin.Mailchimp({"audience": "abc"}, {"MAILCHIMP_API_KEY": "secret"}).check()
    with pytest.raises(ConfigError, match="audience"):
        plugin.Mailchimp({}, {"MAILCHIMP_API_KEY": "secret-us6"}).check()
    # The example of the documentation.
    record = add("Urist.McVankab@freddiesjokes.com")
    assert plugin.hash_of(record) == "62eeb292278cc15f5817cb78f7790b08"


def test_update_only_leaves_out_whom_the_audience_does_not_hold(vendor, make, send):
    send("add", add(ANN))
    destination, call = make(mode="update_only")
    ready, settled = destination.adopt(call, "add", [add(ANN, fname="Ann"), add(BOB)])
    assert ([record.key for record in ready], state_of(settled)) == ([ANN], ["absent"])
    assert state_of(destination.send(call, "add", ready)) == ["delivered"]
    assert list(vendor.members) == [md5(ANN)]
    assert destination.count(call) == 1


def test_many_members_go_as_batch_operations(vendor, make):
    vendor.add_member("left@example.com", "unsubscribed")
    vendor.add_member("p1@example.com", FNAME="Old")
    destination, call = make(poll_seconds=0.0)
    assert (destination.batch_of("add", 1000), destination.batch_of("add", 1001)) == (5, 500)
    batch = [add(f"p{n}@example.com", fname="New", tags="a;b") for n in range(300)]
    batch += [add("left@example.com", fname="New"), add("no address")]
    outcomes = {outcome.key: outcome for outcome in destination.send(call, "add", batch)}
    refused = {key: o.reason for key, o in outcomes.items() if o.state != "delivered"}
    assert sorted(refused) == ["left@example.com", "no address"]
    assert "the member is unsubscribed" in refused["left@example.com"]
    assert len(vendor.members) == 301
    assert vendor.member("p1@example.com")["merge_fields"]["FNAME"] == "New"
    assert vendor.member("p1@example.com")["status"] == "subscribed"
    assert vendor.member("p2@example.com")["status"] == "transactional"
    assert vendor.member("p2@example.com")["tags"] == {"a", "b"}
    assert vendor.member("left@example.com")["merge_fields"]["FNAME"] == ""
    assert len(vendor.requests) == 3 * 4, "of 900 single requests: three batches, each looked at"


def test_a_passing_fault_of_one_operation_leaves_one_member_open(vendor, make):
    destination, call = make(poll_seconds=0.0)
    real = vendor.put_member

    def busy(request, key):
        if key == md5("p3@example.com"):
            return Reply(500, {"title": "Internal Error"})
        return real(request, key)

    vendor.put_member = busy
    outcomes = destination.send(call, "add", [add(f"p{n}@example.com") for n in range(20)])
    assert [o.key for o in outcomes if o.state == "open"] == ["p3@example.com"]
    assert len(vendor.members) == 19

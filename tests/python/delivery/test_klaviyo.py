"""The Klaviyo plug-in against a fake of Klaviyo's API."""

import duckdb
import jsonschema
import pytest
import yaml
from klaviyo_api import KlaviyoAPI

from scripts import delivery
from scripts.delivery.destination import Outcome, Record, Refused, Stop, Transient
from scripts.delivery.destinations import klaviyo as plugin
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls
from .vendors.klaviyo import Klaviyo as Fake
from .vendors.server import Reply

ANN, BOB = "ann@example.com", "bob@example.com"
LINKS = {"type": "array", "maxItems": 1000, "items": {"required": ["type", "id"]}}
TEXT = {"type": ["string", "null"]}
ATTRIBUTES = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(plugin.BUILT_IN, TEXT),
        "properties": {"type": "object", "not": {"required": ["consent"]}},
    },
}
PROFILE = {
    "required": ["type", "attributes"],
    "properties": {"type": {"const": "profile"}, "attributes": ATTRIBUTES},
}


def resource(kind, attributes):
    inner = {"type": {"const": kind}, "attributes": {"properties": attributes}}
    return {"required": ["type", "attributes"], "properties": inner}


# A slice of Klaviyo's OpenAPI description, revision 2026-10-15, written down on 28 November 2026:
# what it says about the bodies that we send, by the end of the path.
SCHEMAS = {
    "profile-bulk-import-jobs": resource(
        "profile-bulk-import-job",
        {"profiles": {"properties": {"data": {"maxItems": 10_000, "items": PROFILE}}}},
    ),
    "relationships/profiles": LINKS,
    "data-privacy-deletion-jobs": resource(
        "data-privacy-deletion-job",
        {"profile": {"properties": {"data": PROFILE}}},
    ),
    "lists": resource("list", {"name": {"type": "string"}}),
}


@pytest.fixture
def vendor():
    with Fake() as fake:
        yield fake
        for request in fake.requests:
            if request.method in ("POST", "DELETE"):
                schema = next(s for end, s in SCHEMAS.items() if request.path.endswith(end))
                jsonschema.validate(request.body["data"], schema)


@pytest.fixture
def make(vendor):
    def build(key="pk_test", **options):
        environ = {"KLAVIYO_API_KEY": key, "KLAVIYO_BASE_URL": vendor.url}
        options = {"poll_seconds": 0.0, "requests_per_minute": 3500, **options}
        destination = plugin.Klaviyo(options, environ)
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


def add(address=ANN, list_name=None, **values):
    values = {"email": address, **values}
    key = address
    if list_name:
        values["list"], key = list_name, f"{list_name}|{address}"
    return Record(key, None, values, values)


def state_of(outcomes):
    return [outcome.state for outcome in outcomes]


def test_whoever_leaves_keeps_no_field_that_is_ours(vendor, send):
    """Neither a custom property nor one of Klaviyo's own, whose policy is `always`."""
    held = {"first_name": "Ann", "external_id": "7", "score": 1}
    [added] = send("add", add(**held))
    empty = Record(ANN, added.remote_id, dict.fromkeys(held), {})
    assert state_of(send("remove", empty)) == ["delivered"]
    profile = vendor.profile(ANN)
    assert (profile["first_name"], profile["external_id"], profile["properties"]) == (
        None,
        None,
        {},
    )


def test_add_imports_built_in_and_custom_fields(vendor, send):
    record = add(first_name="Ann", external_id=7, score=0.5, vip=True, seen="2026-06-30T00:00:00Z")
    [outcome] = send("add", record)
    held = vendor.profile(ANN)
    assert outcome == Outcome(ANN, "delivered", vendor.by_address()[ANN])
    assert (held["first_name"], held["external_id"]) == ("Ann", "7")
    assert held["properties"] == {"score": 0.5, "vip": True, "seen": "2026-06-30T00:00:00Z"}
    assert held["consent"] == "NEVER_SUBSCRIBED"


def test_add_joins_a_list_by_name_or_id_and_keeps_both_ids(vendor, send):
    key = vendor.add_list('The "best"')
    outcomes = send("add", add(ANN, 'The "best"'), add(BOB, key))
    ids = vendor.by_address()
    assert vendor.lists[key]["members"] == set(ids.values())
    assert [outcome.remote_id for outcome in outcomes] == [f"{key}|{ids[ANN]}", f"{key}|{ids[BOB]}"]


def test_one_person_on_two_lists_is_one_profile_of_a_job(vendor, send):
    first, second = vendor.add_list("A"), vendor.add_list("B")
    assert state_of(send("add", add(ANN, "A"), add(ANN, "B"))) == ["delivered"] * 2
    assert vendor.writes[ANN] == 1
    assert vendor.lists[first]["members"] == vendor.lists[second]["members"]


def test_missing_list_stops_the_run_or_is_made(vendor, send, make):
    with pytest.raises(ConfigError, match="no list A"):
        send("add", add(ANN, "A"))
    destination, call = make(create_lists=True)
    assert state_of(destination.send(call, "add", [add(ANN, "A")])) == ["delivered"]
    assert [held["name"] for held in vendor.lists.values()] == ["A"]


def test_update_sends_changes_and_empties_nulls(vendor, send):
    [done] = send("add", add(first_name="Ann", score=1, tier="gold"))
    values = {"first_name": None, "score": 2, "tier": None}
    whole = {"email": ANN, "score": 2}
    assert state_of(send("update", Record(ANN, done.remote_id, values, whole))) == ["delivered"]
    assert vendor.profile(ANN)["first_name"] is None
    assert vendor.profile(ANN)["properties"] == {"score": 2}


def test_update_moves_between_lists(vendor, send):
    first, second = vendor.add_list("A"), vendor.add_list("B")
    record = Record(ANN, None, {"email": ANN, "list": "A"}, {"email": ANN, "list": "A"})
    [done] = send("add", record)
    moved = Record(ANN, done.remote_id, {"list": "B"}, {"email": ANN, "list": "B"})
    [done] = send("update", moved)
    assert (vendor.lists[first]["members"], len(vendor.lists[second]["members"])) == (set(), 1)
    [done] = send("update", Record(ANN, done.remote_id, {"list": None}, {"email": ANN}))
    assert vendor.lists[second]["members"] == set()
    assert done.remote_id == vendor.by_address()[ANN]


def test_update_of_a_profile_that_was_deleted_sends_everything(vendor, send):
    [done] = send("add", add(score=1, tier="gold"))
    vendor.profiles.clear()
    whole = {"email": ANN, "score": 2, "tier": "gold"}
    [again] = send("update", Record(ANN, done.remote_id, {"score": 2}, whole))
    assert vendor.profile(ANN)["properties"] == {"score": 2, "tier": "gold"}
    assert again.remote_id != done.remote_id


def test_remove_leaves_the_list_and_empties_what_only_we_write(vendor, send):
    key = vendor.add_list("A")
    [done] = send("add", add(ANN, "A", score=1, kept=2))
    gone = Record(f"A|{ANN}", done.remote_id, {"list": None, "score": None}, {})
    for _ in range(2):
        assert state_of(send("remove", gone)) == ["delivered"]
    assert vendor.lists[key]["members"] == set()
    assert vendor.profile(ANN)["properties"] == {"kept": 2}
    vendor.profiles.clear()
    assert state_of(send("remove", gone)) == ["delivered"]
    assert vendor.profiles == {}


def test_remove_without_a_list_empties_what_is_ours(vendor, send):
    send("add", add(first_name="Ann", score=1))
    vendor.profile(ANN)["properties"]["theirs"] = "kept"
    values = {"email": None, "first_name": None, "score": None}
    gone = [Record(ANN, None, values, {}), Record(BOB, None, values, {})]
    assert state_of(send("remove", *gone)) == ["delivered"] * 2
    assert vendor.profile(ANN)["properties"] == {"theirs": "kept"}
    assert vendor.profile(ANN)["first_name"] is None
    assert BOB not in vendor.by_address()


def test_remove_without_a_remote_id_finds_profile_and_list(vendor, send, make):
    key = vendor.add_list("A")
    send("add", add(ANN, "A"))
    assert state_of(send("remove", Record(f"A|{ANN}", None, {"list": None}, {}))) == ["delivered"]
    assert vendor.lists[key]["members"] == set()
    destination, call = make(create_lists=True)
    [unknown] = destination.send(call, "remove", [Record(f"Z|{ANN}", None, {"list": None}, {})])
    assert unknown.state == "refused" and "by hand" in unknown.reason
    assert list(vendor.lists) == [key]


def test_only_the_refused_profile_is_refused(vendor, send):
    outcomes = send("add", add(ANN, score=1), add(BOB, phone_number="+1 202 555 0100 9"))
    assert state_of(outcomes) == ["delivered", "refused"]
    assert "Invalid phone number ***" in outcomes[1].reason
    assert BOB not in outcomes[1].reason and "0100" not in outcomes[1].reason
    assert outcomes[1].remote_id is None


def test_error_that_names_nobody_refuses_the_batch_until_it_is_one(vendor, send):
    bad = add("no-address")
    real = vendor.import_profile

    def silent(job, given):
        real(job, given)
        for problem in job["errors"]:
            problem["attributes"]["original_payload"] = None

    vendor.import_profile = silent
    with pytest.raises(Refused):
        send("add", add(ANN), bad)
    assert state_of(send("add", bad)) == ["refused"]


def test_batch_over_the_size_limit_is_refused_before_it_is_sent(vendor, send):
    with pytest.raises(Refused, match="5 MB"):
        send("add", add(text="x" * 5_000_001))
    assert not vendor.requests


def test_whole_batch_refused(vendor, send):
    vendor.fail_next(Reply(400, {"errors": [{"title": "Invalid input", "detail": f"{ANN} bad"}]}))
    with pytest.raises(Refused, match=r"Invalid input: a\*\*\*@example.com bad"):
        send("add", add())


def test_job_that_does_not_end_leaves_records_open(vendor, make):
    vendor.polls_until_complete = 10**9
    destination, call = make(job_timeout_seconds=0.0)
    assert state_of(destination.send(call, "add", [add()])) == ["open"]


def test_cancelled_job_is_tried_again(vendor, send):
    real = vendor.start_job

    def cancelled(request, data):
        reply = real(request, data)
        reply.body["data"]["attributes"]["status"] = "cancelled"
        return reply

    vendor.start_job = cancelled
    with pytest.raises(Transient, match="cancelled"):
        send("add", add())


def test_many_profiles_take_several_pages(vendor, send):
    key = vendor.add_list("A")
    records = [add(f"p{number}@example.com", "A") for number in range(250)]
    assert set(state_of(send("add", *records))) == {"delivered"}
    assert len(vendor.lists[key]["members"]) == 250


def test_list_changes_are_cut_into_thousands(vendor, make):
    destination, call = make()
    key = vendor.add_list("A")
    vendor.profiles = {f"P{number}": {"email": f"{number}@e.co"} for number in range(1500)}
    destination.change_lists(call, "POST", [(key, profile) for profile in vendor.profiles])
    assert len(vendor.lists[key]["members"]) == 1500
    assert [len(request.body["data"]) for request in vendor.requests] == [1000, 500]


def test_wrong_key(make):
    destination, call = make(key="pk_wrong")
    with pytest.raises(AuthError, match="KLAVIYO_API_KEY"):
        destination.send(call, "add", [add()])


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, {"errors": [{"title": "Throttled"}]}, {"Retry-After": "7"}), 7.0),
        (Reply(429, {"errors": [{"title": "Throttled"}]}), 60.0),
        (Reply(503, {"errors": []}), None),
        (Reply(200, "<html>proxy</html>"), None),
        ("before", None),
    ],
)
def test_temporary_trouble(vendor, send, reply, wait):
    vendor.fail_next(reply)
    with pytest.raises(Transient) as caught:
        send("add", add())
    assert caught.value.wait == wait


@pytest.mark.parametrize("lost", range(6))
def test_lost_answer_then_sent_again_is_the_same_as_once(vendor, make, lost):
    key = vendor.add_list("A")
    destination, call = make()
    seen = []

    def losing(method, path, **arguments):
        seen.append(path)
        if len(seen) == lost + 1:
            vendor.fail_next("after")
        return call(method, path, **arguments)

    with pytest.raises(Transient):
        destination.send(losing, "add", [add(ANN, "A", score=1)])
    assert state_of(destination.send(call, "add", [add(ANN, "A", score=1)])) == ["delivered"]
    assert list(vendor.lists[key]["members"]) == list(vendor.profiles)
    assert len(vendor.profiles) == 1 and vendor.profile(ANN)["properties"] == {"score": 1}


def test_who_was_taken_off_a_list_is_seen_and_put_back(vendor, make):
    destination, call = make()
    key = vendor.add_list("A")
    record = add(ANN, "A")
    [done] = destination.send(call, "add", [record])
    again = Record(record.key, done.remote_id, record.whole, record.whole)  # push --full
    elsewhere = add(BOB, "Z")
    for expected in ("A", None):
        found = destination.read(call, [again, elsewhere], ["email", "list"])
        assert found == {record.key: {"email": ANN, "list": expected}}
        vendor.lists[key]["members"].clear()
    destination.send(call, "update", [again])
    assert vendor.lists[key]["members"] == set(vendor.profiles)


def test_who_leaves_one_list_of_two_keeps_what_the_other_says(vendor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = [vendor.lists[vendor.add_list(name)]["members"] for name in "AB"]
    environ = {"KLAVIYO_API_KEY": "pk_test", "KLAVIYO_BASE_URL": vendor.url}
    config = {
        "require_validation": False,
        "syncs": {"lists": {
            "destination": "klaviyo", "source": "activation.members", "key": ["list", "email"],
            "contains_people": False,
            "options": {"poll_seconds": 0.0, "requests_per_minute": 3500},
            "fields": {"email": "email", "list": "list", "grade": {"to": "g", "policy": "always"}},
        }},
    }  # fmt: skip
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    pushed = []
    for lists in ("A", "B"), ("B",), ():
        with duckdb.connect("w.duckdb") as connection:
            connection.execute("create schema if not exists activation")
            connection.execute(
                "create or replace table activation.members as"
                " select unnest(?::varchar[]) as list, 'ann@example.com' as email, 'x' as grade",
                [list(lists)],
            )
        [sync] = delivery.load_syncs(
            environ=environ, warehouse="w.duckdb", ledger="l.duckdb", max_remove_share=1
        )
        assert delivery.push(sync, first_run=True).exit_code == 0
        if lists:
            assert delivery.verify(sync).is_none
        pushed.append(([len(some) for some in members], vendor.profile(ANN)["properties"].copy()))
    assert pushed == [([1, 1], {"g": "x"}), ([0, 1], {"g": "x"}), ([0, 0], {})]


def test_read(vendor, make):
    destination, call = make()
    destination.send(call, "add", [add(first_name="Ann", score=1)])
    records = [add(ANN), add(BOB)]
    assert destination.read(call, records, ["first_name", "score", "none"]) == {
        ANN: {"first_name": "Ann", "score": 1, "none": None}
    }


def test_erase_names_exactly_one_identifier(vendor, make):
    destination, call = make()
    assert destination.erase(call, f"A|{ANN}", None) and vendor.deleted == [ANN]
    assert destination.erase(call, f"A|{ANN}", "L1|P1")
    assert vendor.deleted == [ANN, "P1", ANN]


def test_erase_goes_by_the_profile_where_the_key_is_no_address(vendor, make):
    destination, call = make()
    assert destination.erase(call, "ann", "L1|P1") and vendor.deleted == ["P1"]
    with pytest.raises(Refused, match="no address"):
        destination.erase(call, "ann", None)
    assert vendor.deleted == ["P1"]


def test_doctor(make):
    destination, call = make()
    found = list(destination.doctor(call, {"email": "text", "list": "text"}))
    assert [(item.name, item.is_fine) for item in found] == [
        ("key may read profiles", True),
        ("key may read lists", True),
    ]
    destination, call = make(key="pk_wrong")
    [found] = destination.doctor(call, {"email": "text"})
    assert not found.is_fine and "pk_wrong" not in found.detail


def test_limits_and_options(make):
    destination = plugin.Klaviyo({}, {})
    assert destination.quota == (10, 4.0)  # 10 a second and 150 a minute
    assert (destination.batch_of("add", 1), destination.batch_of("remove", 1)) == (1000, 100)
    with pytest.raises(ConfigError, match="KLAVIYO_API_KEY"):
        destination.check()
    with pytest.raises(ConfigError, match="batch_size"):
        plugin.Klaviyo({"batch_size": 10_001}, {})
    assert {"consent", "subscriptions"} <= plugin.Klaviyo.forbidden


def test_fake_agrees_with_the_official_client(vendor):
    client = KlaviyoAPI("pk_test", max_retries=1, test_host=vendor.url)
    attributes = {"email": ANN, "properties": {"score": 1}}
    profiles = {"data": [{"type": "profile", "attributes": attributes}]}
    body = {"data": {"type": "profile-bulk-import-job", "attributes": {"profiles": profiles}}}
    job = client.Profiles.bulk_import_profiles(body)
    job = client.Profiles.get_bulk_import_profiles_job(job.data.id)
    assert job.data.attributes.status == "complete"
    [profile] = client.Profiles.get_profiles_for_bulk_import_profiles_job(job.data.id).data
    assert client.Profiles.get_errors_for_bulk_import_profiles_job(job.data.id).data == []
    [found] = client.Profiles.get_profiles(filter=f'any(email,["{ANN}"])').data
    assert found.id == profile.id and found.attributes.properties == {"score": 1}
    name = {"data": {"type": "list", "attributes": {"name": "A"}}}
    held = client.Lists.create_list(name).data.id
    members = {"data": [{"type": "profile", "id": profile.id}]}
    client.Lists.add_profiles_to_list(held, members)
    assert vendor.lists[held]["members"] == {profile.id}
    client.Lists.remove_profiles_from_list(held, members)
    assert vendor.lists[held]["members"] == set()


def test_update_only_leaves_out_whom_the_account_does_not_hold(vendor, make):
    destination, call = make()
    destination.send(call, "add", [add(ANN)])
    destination, call = make(mode="update_only")
    ready, settled = destination.adopt(call, "add", [add(ANN, first_name="Ann"), add(BOB)])
    assert ([o.key for o in ready], [o.state for o in settled]) == ([ANN], ["absent"])
    assert destination.send(call, "add", ready)[0].state == "delivered"
    assert destination.count(call) == len(vendor.profiles) == 1


def test_a_job_that_never_ends_is_looked_at_again_and_not_started_twice(vendor, make):
    vendor.polls_until_complete = 3
    destination, call = make(job_timeout_seconds=0.0)
    for _ in range(3):
        assert state_of(destination.send(call, "add", [add()])) == ["open"]
    assert state_of(destination.send(call, "add", [add()])) == ["delivered"]
    assert len(vendor.jobs) == 1


def test_jobs_that_pile_up_stop_the_run_before_one_more(vendor, make):
    vendor.polls_until_complete = 1000
    for number in range(21):
        destination, call = make(job_timeout_seconds=0.0)
        destination.send(call, "add", [add(f"p{number}@example.com")])
    destination, call = make()
    with pytest.raises(Stop, match="21 import jobs"):
        destination.send(call, "add", [add()])
    assert len(vendor.jobs) == 21

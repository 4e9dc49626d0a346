"""Marketo: people are found before they are made, lists follow, and every answer is read."""

from types import SimpleNamespace

import pytest

from scripts.delivery.destination import NoAnswer, Record, Refused, Stop, Transient, key_parts
from scripts.delivery.destinations.marketo import Marketo
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import patient

from .sending import calls, states
from .vendors.marketo import CLIENT_ID, SECRET, Instance, bad, good
from .vendors.server import Reply

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def instance():
    with Instance() as vendor:
        yield vendor


@pytest.fixture
def connect(instance):
    """Return a plug-in with these options, and its `call`."""

    def connect(secret=SECRET, **options):
        environ = {
            "MARKETO_CLIENT_ID": CLIENT_ID,
            "MARKETO_CLIENT_SECRET": secret,
            "MARKETO_BASE_URL": instance.url,
        }
        plugin = Marketo(options, environ)
        plugin.check()
        return plugin, call_of(plugin)

    with calls() as call_of:
        yield connect


@pytest.fixture
def send(connect):
    """Send as the engine does, which looks first who is there."""
    plugin, call = connect()

    def send(operation, *records):
        ready, settled = plugin.adopt(call, operation, records)
        done = [*settled, *(plugin.send(call, operation, ready) if ready else [])]
        return {outcome.key: outcome for outcome in done}

    return send


def add(key, remote_id=None, **values):
    values = {"email": key_parts(key)[0], **values}
    return Record(key, remote_id, values, values)


def test_who_is_there_is_taken_over_and_who_is_not_is_made(instance, send):
    number = instance.add_lead(email="Ann@Example.com", firstName="Ann", audienceSegment="old")
    done = send("add", add(ANN, audienceSegment="a"), add(BOB, audienceSegment="b"))
    assert states(done) == {ANN: "delivered", BOB: "delivered"}
    assert done[ANN].remote_id == number and len(instance.leads) == 2
    assert instance.leads[number]["firstName"] == "Ann"
    change = Record(ANN, number, {"audienceSegment": None}, {"email": ANN})
    assert send("update", change)[ANN].state == "delivered"
    assert instance.leads[number]["audienceSegment"] is None


def test_a_person_on_two_lists_is_one_person(instance, send):
    rows = [add(f"{name}|{ANN}", list=name, audienceSegment="a") for name in ("news", "vip")]
    done = send("add", *rows)
    [number] = instance.leads
    assert instance.members == {"1021": {number}, "1022": {number}}
    assert done[f"news|{ANN}"].remote_id == f"1021|{number}"
    gone = Record(f"news|{ANN}", f"1021|{number}", {"list": None, "email": None}, {})
    for _ in range(2):
        assert send("remove", gone)[gone.key].state == "delivered"
    assert instance.members == {"1021": set(), "1022": {number}}
    assert instance.leads[number]["email"] == ANN
    moved = add(f"vip|{ANN}", f"1022|{number}", list="news")
    assert send("update", moved)[moved.key].remote_id == f"1021|{number}"
    assert instance.members == {"1021": {number}, "1022": set()}


def test_a_remove_empties_our_fields_and_makes_nobody(instance, send):
    number = instance.add_lead(email=ANN, audienceSegment="a")
    instance.members["1021"].add(number)
    values = {"email": None, "audienceSegment": None}
    done = send("remove", Record(ANN, None, values, {}), Record(BOB, "999", values, {}),
                Record(f"news|{ANN}", None, {"list": None}, {}))  # fmt: skip
    assert set(states(done).values()) == {"delivered"}
    gone = Record(f"gone|{ANN}", None, {"list": None}, {})
    assert send("remove", gone)[gone.key].state == "refused", "a list that nobody knows"
    assert instance.leads == {number: {"id": int(number), "email": ANN, "audienceSegment": None}}
    assert instance.members["1021"] == set()


def test_a_list_with_a_bar_in_its_name_is_left(instance, send):
    number = instance.add_lead(email=ANN)
    instance.lists["spring|launch"], instance.members["1023"] = "1023", {number}
    lost = Record(f"spring\\1launch|{ANN}", None, {"list": None}, {})
    assert send("remove", lost)[lost.key].state == "delivered"
    assert instance.members["1023"] == set()


def test_a_merged_or_deleted_person_is_written_whole(instance, send):
    number = instance.add_lead(email=ANN)
    change = {"audienceSegment": "b"}
    rows = [Record(key, "999", change, {"email": key, "firstName": "X"}) for key in (ANN, BOB)]
    done = send("update", *rows)
    assert done[ANN].remote_id == number and states(done)[BOB] == "delivered"
    for lead in instance.leads.values():
        assert (lead["firstName"], lead["audienceSegment"]) == ("X", "b")


def test_update_only_several_and_nobody_to_know(instance, connect, send):
    for _ in range(3):
        instance.add_lead(email=ANN)
    plugin, call = connect(mode="update_only")
    ready, settled = plugin.adopt(call, "add", [add(ANN), add(BOB)])
    assert ready == [] and {o.key: o.state for o in settled} == {ANN: "refused", BOB: "absent"}
    done = send("remove", Record(ANN, None, {"audienceSegment": None}, {}))
    assert done[ANN].state == "refused"
    nobody = Record("p1", None, {"firstName": "A"}, {"firstName": "A"})
    assert send("add", nobody)["p1"].reason == plugin.nameless


def test_another_unique_field_keeps_its_case(instance, connect):
    number = instance.add_lead(profileId="AbC1")
    plugin, call = connect(match_by="profileId")
    rows = [Record(key, None, {"profileId": key}, {"profileId": key}) for key in ("AbC1", "abc1")]
    assert plugin.match(call, rows) == {"AbC1": [number]}


def test_a_value_with_a_comma_is_refused_alone(instance, send):
    """A filter ends a value there: nobody can say whether the person is in Marketo."""
    odd = "a,b@example.com"
    assert states(send("add", add(odd), add(ANN))) == {odd: "refused", ANN: "delivered"}
    done = send("remove", Record(odd, None, {"audienceSegment": None}, {}))
    assert done[odd].state == "refused" and len(instance.leads) == 1


def test_a_remove_after_a_lost_answer_goes_by_what_was_sent(instance, send):
    number = instance.add_lead(email=ANN, audienceSegment="a")
    instance.members["1022"].add(number)
    values, whole = {"audienceSegment": None, "list": None}, {"email": ANN, "list": "vip"}
    done = send("remove", Record("ann", None, values, {}))
    assert done["ann"].state == "refused", "nothing says who that is"
    assert send("remove", Record("ann", None, values, whole))["ann"].state == "delivered"
    assert instance.leads[number]["audienceSegment"] is None and not instance.members["1022"]
    instance.members["1022"].add(number)  # another list is wanted now: the one before is taken back
    assert send("remove", Record(ANN, None, {}, whole))[ANN].state == "delivered"
    assert not instance.members["1022"]


def test_who_was_merged_into_another_is_removed_and_erased_there(instance, connect, send):
    number = instance.add_lead(email=ANN, audienceSegment="a")
    instance.members["1022"].add(number)
    gone = Record(ANN, "1022|999", {"audienceSegment": None, "list": None, "email": None}, {})
    assert send("remove", gone)[ANN].state == "delivered"
    assert instance.leads == {number: {"id": int(number), "email": ANN, "audienceSegment": None}}
    assert not instance.members["1022"]
    only_list = Record("p1", "1022|999", {"list": None}, {})
    assert send("remove", only_list)["p1"].state == "refused", "deleted or merged, who knows"
    plugin, call = connect()
    with pytest.raises(Refused, match="by hand"):
        plugin.erase(call, "p1", "999")
    assert plugin.erase(call, ANN, "1022|999") and instance.leads == {}


def test_a_list_alone_changes_for_whom_was_merged_or_deleted(instance, send):
    number = instance.add_lead(email=ANN)
    instance.members["1022"].add(number)
    rows = [Record(key, "1022|999", {"list": "news"}, {"email": key, "list": "news"})
            for key in (ANN, BOB)]  # fmt: skip
    done = send("update", *rows)
    assert states(done) == {ANN: "delivered", BOB: "delivered"}
    assert done[ANN].remote_id == f"1021|{number}" and len(instance.leads) == 2
    assert instance.members == {"1021": set(instance.leads), "1022": set()}
    leaves = Record(ANN, "1021|999", {"list": None}, {"email": ANN})
    assert send("update", leaves)[ANN].remote_id == number
    assert number not in instance.members["1021"]


def test_a_merged_person_who_could_be_two_is_written_by_nobody(instance, send):
    for _ in range(2):
        instance.add_lead(email=ANN)
    change = Record(ANN, "999", {"audienceSegment": "b"}, {"email": ANN})
    done = send("update", change)
    assert done[ANN].state == "refused" and "2 people" in done[ANN].reason
    assert not any("audienceSegment" in lead for lead in instance.leads.values())


def test_who_only_asks_waits_for_marketo_too(instance, connect):
    """Its answer to too many calls is a 200."""
    plugin, call = connect()
    instance.add_lead(email=ANN)
    plugin.renew(call, "")
    instance.fail_next(bad(606, "Max rate limit '100' exceeded"))
    slept = []
    transport = SimpleNamespace(call=call, count_retry=lambda: None, sleep=slept.append)
    sync = SimpleNamespace(
        max_tries=3, backoff_seconds=0.001, longest_wait_seconds=60, destination=plugin
    )
    assert plugin.match(patient(sync, transport), [add(ANN)]) == {ANN: ["100"]}
    assert slept == [20.0]


def test_what_says_who_it_is_stays(connect):
    assert connect()[0].stays == {"email"}
    assert connect(match_by="profileId")[0].stays == {"email", "profileId"}


def test_who_was_made_in_between_is_sent_again(instance, send):
    instance.add_lead(email=ANN)
    instance.hides = True
    assert send("add", add(ANN, audienceSegment="a"))[ANN].state == "open"
    instance.hides = False
    assert send("add", add(ANN, audienceSegment="a"))[ANN].state == "delivered"
    assert len(instance.leads) == 1


def test_one_bad_person_is_refused_alone_and_a_missing_field_ends_the_run(send):
    bad_one = "bäd@example.com"
    done = send("add", add(ANN), add(bad_one))
    assert states(done) == {ANN: "delivered", bad_one: "refused"}
    assert "@example" not in done[bad_one].reason.replace("***@example", "")
    with pytest.raises(ConfigError, match="'nope' not found"):
        send("add", add(BOB, nope=1))
    with pytest.raises(ConfigError, match="no static list"):
        send("add", add(BOB, list="gone"))


def test_a_token_that_ends_is_renewed_once(instance, send):
    send("add", add(ANN))
    instance.token = 2
    assert send("add", add(BOB))[BOB].state == "delivered"
    instance.fail_next(bad(601), Reply(200, {"access_token": "t9:int"}))
    with pytest.raises(AuthError):
        send("add", add("cid@example.com"))


@pytest.mark.parametrize(
    ("reply", "signal"),
    [
        (bad(606, "Max rate limit '100' exceeded"), Transient),
        (bad(607, "Daily quota reached"), Stop),
        (bad(603, "Access denied"), AuthError),
        (bad(611, "System error"), Transient),
        (bad(609, "Invalid JSON"), Refused),
        (bad(610, "Requested resource not found"), ConfigError),
        (Reply(413, "<html>"), Refused),
        (Reply(502, "<html>"), Transient),
        (Reply(200, {}), NoAnswer),
        (Reply(200, {"success": True}), NoAnswer),
        (good([]), NoAnswer),
    ],
)
def test_what_goes_wrong(instance, send, reply, signal):
    number = instance.add_lead(email=ANN)
    send("update", add(ANN, number))
    instance.fail_next(reply)
    with pytest.raises(signal):
        send("update", add(ANN, number, audienceSegment="b"))


def test_whose_instance_it_is(instance, connect):
    plugin, call = connect()
    assert plugin.whose(call) == "instance 127.0.0.1"
    plugin.base_url = "https://123-abc-456.mktorest.com"
    assert plugin.whose(call) == "instance 123-abc-456"
    assert not any(SECRET in str(request.query) for request in instance.requests)
    with pytest.raises(AuthError):
        Marketo.whose(*connect("wrong"))
    with pytest.raises(ConfigError, match="MARKETO_BASE_URL"):
        Marketo({}, {"MARKETO_CLIENT_ID": "a", "MARKETO_CLIENT_SECRET": "b"}).check()


def test_what_is_held_is_read_back_and_a_person_is_erased(instance, connect):
    number = instance.add_lead(email=ANN, audienceSegment="a")
    record = add(f"news|{ANN}", f"1021|{number}", list="news", audienceSegment="a")
    plugin, call = connect()
    names = ["audienceSegment", "list"]
    for expected in (None, "news"):
        found = plugin.read(call, [record, add(BOB)], names)
        assert found == {record.key: {"audienceSegment": "a", "list": expected}}
        instance.members["1021"].add(number)
    assert plugin.erase(call, record.key, record.remote_id) and instance.leads == {}
    assert plugin.erase(call, record.key, record.remote_id)
    assert not plugin.erase(call, BOB, None)


def test_service_and_fields_are_looked_at(instance, connect):
    plugin, call = connect()
    asked = {"email": "text", "id": "text", "nope": "text", "list": "text"}
    found = {finding.name: finding.is_fine for finding in plugin.doctor(call, asked)}
    assert found == {"service": True, "email": True, "id": False, "nope": False}
    assert {r.method for r in instance.requests if "oauth" not in r.path} == {"GET"}
    plugin, call = connect("wrong")
    assert [finding.is_fine for finding in plugin.doctor(call, {})] == [False]

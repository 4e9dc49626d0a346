"""Pipedrive: persons are found by address, changed by id, and made only when nobody has it."""

import pytest

from scripts.delivery.destination import Record, Transient
from scripts.delivery.destinations.pipedrive import Pipedrive
from scripts.delivery.errors import AuthError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.pipedrive import SEGMENT, TOKEN, Company
from .vendors.server import Reply

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def company():
    with Company() as vendor:
        yield vendor


def plugin(vendor, token=TOKEN, **options):
    environ = {"PIPEDRIVE_TOKEN": token, "PIPEDRIVE_BASE_URL": vendor.url}
    return Pipedrive({"requests_per_2_seconds": 10_000, **options}, environ)


def add(address, segment="a", **values):
    whole = {"email": address, SEGMENT: segment, **values}
    return Record(address, None, whole, whole)


def push(vendor, *records, **options):
    """Take over who is there, then send, as the engine does."""
    destination = plugin(vendor, **options)
    with Transport(destination) as transport:
        ready, settled = destination.adopt(transport.call, "add", records)
        return {o.key: o for o in [*settled, *destination.send(transport.call, "add", ready)]}


def test_who_has_the_address_is_taken_over_and_who_is_new_is_made(company):
    theirs = company.make(email="Ann@Example.com", name="Ann typed")
    got = push(company, add(ANN), add(BOB, name="Bob"))
    assert got[ANN].remote_id == theirs
    assert set(states(got).values()) == {"delivered"}
    ann, bob = company.persons.values()
    assert (ann["name"], ann["custom_fields"]) == ("Ann typed", {SEGMENT: "a"})
    assert (bob["name"], bob["emails"][0]["value"]) == ("Bob", BOB)


def test_several_with_one_address_and_strangers_are_left_alone(company):
    company.make(email=ANN)
    company.make(email=ANN)
    got = push(company, add(ANN), add(BOB), mode="update_only")
    assert (states(got), company.writes) == ({ANN: "refused", BOB: "absent"}, {})


def test_an_update_goes_by_id_and_who_has_gone_is_made_anew(company):
    person = push(company, add(ANN))[ANN].remote_id
    change = Record(ANN, person, {SEGMENT: "b"}, {"email": ANN, SEGMENT: "b"})
    send_with(plugin(company), "update", change)
    assert company.persons[person]["custom_fields"] == {SEGMENT: "b"}
    del company.persons[person]
    again = send_with(plugin(company), "update", change)[ANN].remote_id
    assert company.persons[again]["emails"][0]["value"] == ANN


def test_a_remove_empties_ours_keeps_the_address_and_creates_nobody(company):
    person = push(company, add(ANN))[ANN].remote_id
    fields = {"email": None, SEGMENT: None}
    leaving = [Record(ANN, person, fields, {}), Record(BOB, None, fields, {})]
    assert set(states(send_with(plugin(company), "remove", *leaving)).values()) == {"delivered"}
    [held] = company.persons.values()
    assert (held["emails"][0]["value"], held["custom_fields"]) == (ANN, {SEGMENT: None})


def test_what_is_refused_what_passes_and_what_ends_the_run(company):
    got = push(company, Record(ANN, None, {"email": ANN, "typo": 1}, {"email": ANN, "typo": 1}))
    assert got[ANN].state == "refused" and ANN not in got[ANN].reason
    company.fail_next(Reply(429, {"success": False, "error": "slow"}, {"x-ratelimit-reset": "1"}))
    with pytest.raises(Transient) as limited:
        send_with(plugin(company), "add", add(BOB))
    assert limited.value.wait == 1
    with pytest.raises(AuthError):
        send_with(plugin(company, "wrong"), "add", add(BOB))


def test_doctor_read_and_erase(company):
    person = company.make(email=ANN, custom_fields={SEGMENT: "a"})
    destination = plugin(company)
    with Transport(destination) as transport:
        found = list(destination.doctor(transport.call, {"email": "text", "segment": "text"}))
        looked = [(entry.name, entry.is_fine) for entry in found]
        assert looked == [("segment", False)]
        assert destination.whose(transport.call) == "company 7 (acme)"
        assert destination.count(transport.call) == 1
        known = Record(ANN, person, {}, {})
        held = destination.read(transport.call, [known], ["email", SEGMENT])
        assert held == {ANN: {"email": ANN, SEGMENT: "a"}}
        assert destination.erase(transport.call, ANN, None)
    assert company.persons == {}


def test_a_remove_of_somebody_without_an_id_finds_the_only_one_there(company):
    push(company, add(ANN), add(BOB))
    company.make(email=BOB)
    fields = {SEGMENT: None}
    leaving = [Record(key, None, fields, {}) for key in (ANN, BOB, "nobody@example.com")]
    got = send_with(plugin(company), "remove", *leaving)
    assert states(got) == {ANN: "delivered", BOB: "refused", "nobody@example.com": "delivered"}
    assert company.persons["1"]["custom_fields"] == {SEGMENT: None}
    assert company.persons["2"]["custom_fields"] == {SEGMENT: "a"}

"""Intercom: contacts are taken over by external id or address, and made only when new."""

import pytest

from scripts.delivery.destination import Record, Transient
from scripts.delivery.destinations.intercom import Intercom
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.intercom import TOKEN, Workspace
from .vendors.server import Reply


@pytest.fixture
def workspace():
    with Workspace() as vendor:
        yield vendor


def plugin(vendor, token=TOKEN, **options):
    return Intercom(options, {"INTERCOM_TOKEN": token, "INTERCOM_BASE_URL": vendor.url})


def add(key, address, remote_id=None, **values):
    whole = {"email": address, **values}
    return Record(key, remote_id, whole, whole)


def push(vendor, *records, **options):
    """Take over who is there, then send, as the engine does."""
    destination = plugin(vendor, **options)
    with Transport(destination) as transport:
        ready, settled = destination.adopt(transport.call, "add", records)
        return {o.key: o for o in [*settled, *destination.send(transport.call, "add", ready)]}


def test_who_is_there_is_taken_over_and_gets_our_external_id(workspace):
    theirs = workspace.make(email="Ann@example.com", name="Ann typed")
    known = workspace.make(external_id="P2", email="old@example.com")
    got = push(
        workspace,
        add("P1", "ann@example.com", segment="a"),
        add("P2", "bob@example.com", segment="b"),
        add("P3", "cid@example.com", segment="c"),
    )
    assert set(states(got).values()) == {"delivered"}
    assert (got["P1"].remote_id, got["P2"].remote_id) == (theirs, known)
    held = workspace.contacts
    assert len(held) == 3
    assert (held[theirs]["external_id"], held[theirs]["name"]) == ("P1", "Ann typed")
    assert held[known]["email"] == "bob@example.com"
    assert [contact["custom_attributes"]["segment"] for contact in held.values()] == list("abc")


def test_two_with_one_address_wait_for_a_person_and_strangers_for_somebody_to_make_them(workspace):
    for role in ("user", "lead"):
        workspace.make(email="ann@example.com", role=role)
    got = push(
        workspace, add("P1", "ann@example.com"), add("P2", "b@example.com"), mode="update_only"
    )
    assert states(got) == {"P1": "refused", "P2": "absent"}
    assert workspace.writes == {}


def test_an_update_goes_by_id_and_a_contact_that_has_gone_is_made_anew(workspace):
    got = push(workspace, add("P1", "ann@example.com", segment="a", score=1))
    contact = got["P1"].remote_id
    change = Record("P1", contact, {"score": None}, {"email": "ann@example.com", "segment": "a"})
    send_with(plugin(workspace), "update", change)
    assert workspace.contacts[contact]["custom_attributes"] == {"segment": "a", "score": None}
    del workspace.contacts[contact]
    again = send_with(plugin(workspace), "update", change)["P1"]
    assert workspace.contacts[again.remote_id]["email"] == "ann@example.com"


def test_a_remove_empties_ours_keeps_the_address_and_creates_nobody(workspace):
    got = push(workspace, add("P1", "ann@example.com", segment="a"))
    fields = {"email": None, "segment": None}
    leaving = [Record("P1", got["P1"].remote_id, fields, {}), Record("P9", None, fields, {})]
    assert set(states(send_with(plugin(workspace), "remove", *leaving)).values()) == {"delivered"}
    [held] = workspace.contacts.values()
    assert (held["email"], held["custom_attributes"]) == ("ann@example.com", {"segment": None})


def test_what_is_refused_and_what_ends_the_run(workspace):
    got = push(workspace, add("P1", "nobody"), add("P2", "bob@example.com"))
    assert states(got) == {"P1": "refused", "P2": "delivered"}
    with pytest.raises(ConfigError, match="'unknown' does not exist"):
        push(workspace, add("P3", "cid@example.com", unknown=1))
    with pytest.raises(AuthError):
        send_with(plugin(workspace, "wrong"), "add", add("P4", "d@example.com"))
    workspace.fail_next(Reply(429, {"errors": []}, {"X-RateLimit-Reset": "0"}))
    with pytest.raises(Transient) as limited:
        send_with(plugin(workspace), "add", add("P5", "e@example.com"))
    assert limited.value.wait == 0


def test_doctor_read_and_erase(workspace):
    key = workspace.make(email="ann@example.com", custom_attributes={"segment": "a"})
    destination = plugin(workspace)
    with Transport(destination) as transport:
        found = list(destination.doctor(transport.call, {"email": "text", "grade": "text"}))
        assert [(entry.name, entry.is_fine) for entry in found] == [("grade", False)]
        assert destination.whose(transport.call) == "workspace ws42"
        known = Record("P1", key, {}, {})
        held = destination.read(transport.call, [known], ["segment", "email"])
        assert held == {"P1": {"segment": "a", "email": "ann@example.com"}}
        assert destination.erase(transport.call, "ann@example.com", None)
    assert workspace.contacts == {}


def test_a_contact_that_the_search_does_not_find_yet_stays_open(workspace):
    push(workspace, add("P1", "ann@example.com"))
    got = send_with(plugin(workspace), "add", add("P1", "ann@example.com"))
    assert (states(got), len(workspace.contacts)) == ({"P1": "open"}, 1)

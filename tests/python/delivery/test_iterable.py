"""Iterable: users are written by address, nobody is created by a remove, counts have to fit."""

import pytest

from scripts.delivery.destination import Record, Transient
from scripts.delivery.destinations.iterable import Iterable
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.iterable import KEY, IterableProject
from .vendors.server import Reply

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def project():
    with IterableProject() as vendor:
        yield vendor


def plugin(vendor, key=KEY, **options):
    environ = {"ITERABLE_API_KEY": key, "ITERABLE_BASE_URL": vendor.url}
    return Iterable({"requests_per_second": 1000, **options}, environ)


def add(address, remote_id=None, **values):
    whole = {"email": address, **values}
    return Record(address, remote_id, whole, {k: v for k, v in whole.items() if v is not None})


def test_an_add_writes_everything_and_an_update_what_changed(project):
    project.users[ANN] = {"theirs": 1}
    got = send_with(plugin(project), "add", add(ANN, segment="a", tags=["x", "y"]), add(BOB))
    assert (got[ANN].state, got[ANN].remote_id) == ("delivered", ANN)
    change = Record(ANN, ANN, {"segment": None}, {"email": ANN, "tags": ["x", "y"]})
    send_with(plugin(project), "update", change)
    assert project.users == {ANN: {"theirs": 1, "segment": None, "tags": ["x", "y"]}, BOB: {}}


def test_a_remove_empties_our_fields_and_creates_nobody(project):
    send_with(plugin(project), "add", add(ANN, segment="a"))
    leaving = [Record(key, key, {"email": None, "segment": None}, {}) for key in (ANN, BOB)]
    got = send_with(plugin(project), "remove", *leaving)
    assert states(got) == {ANN: "delivered", BOB: "delivered"}
    assert project.users == {ANN: {"segment": None}}


def test_failures_are_told_apart_and_counts_have_to_fit(project):
    project.refused.add(BOB)
    project.forgotten.add("gone@example.com")
    got = send_with(plugin(project), "add", *map(add, (ANN, BOB, "gone@example.com")))
    assert states(got) == {ANN: "delivered", BOB: "refused", "gone@example.com": "refused"}
    assert got["gone@example.com"].reason == "forgottenEmails"
    project.lost.add(ANN)
    got = send_with(plugin(project), "add", add(ANN), add("cid@example.com"))
    assert set(states(got).values()) == {"open"}


def test_a_field_that_is_dropped_ends_the_run(project):
    project.filtered.add("segment")
    with pytest.raises(ConfigError, match=r"drops \['segment'\]"):
        send_with(plugin(project), "add", add(ANN, segment="a"))


def test_update_only_and_set_if_empty_ask_first(project):
    project.users[ANN] = {"segment": "typed"}
    destination = plugin(project, mode="update_only")
    with Transport(destination) as transport:
        ready, settled = destination.adopt(transport.call, "add", [add(ANN), add(BOB)])
        held = destination.read(transport.call, [add(ANN)], ["segment", "email"])
    assert ([o.key for o in ready], [(o.key, o.state) for o in settled]) == (
        [ANN], [(BOB, "absent")]
    )  # fmt: skip
    assert held == {ANN: {"segment": "typed", "email": ANN}}


def test_a_forgotten_user_is_erased(project):
    send_with(plugin(project), "add", add(ANN))
    destination = plugin(project)
    with Transport(destination) as transport:
        assert destination.erase(transport.call, ANN, None)
    assert (project.users, project.forgotten) == ({}, {ANN})


def test_the_key_and_the_fields_are_looked_at(project):
    for key, fine in ((KEY, True), ("wrong", False)):
        destination = plugin(project, key)
        with Transport(destination) as transport:
            found = list(destination.doctor(transport.call, {"email": "text", "new": "text"}))
        assert found[0].is_fine is fine
    with pytest.raises(AuthError):
        send_with(plugin(project, "wrong"), "add", add(ANN))


def test_a_limit_and_an_empty_answer_pass(project):
    for reply in (Reply(429, {"code": "RateLimitExceeded", "msg": "slow down"}), Reply(200, {})):
        project.fail_next(reply)
        with pytest.raises(Transient):
            send_with(plugin(project), "add", add(ANN))
    assert project.users == {}

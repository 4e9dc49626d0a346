"""Whoever was sent without an answer is found again by what was sent, whatever the key is."""

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destination import Record
from scripts.delivery.errors import ConfigError
from scripts.delivery.plug_ins import plug_in
from scripts.delivery.show import show_plan
from scripts.delivery.transport import Transport

from .test_engine import fill, make_sync, person, push
from .test_promises import known_as, suppress_profile
from .vendors import customerio, iterable, klaviyo, linkedin, mailchimp, marketo, pipedrive, tiktok
from .vendors.server import Reply

ANN = "ann@example.com"
HASH = hashlib.sha256(ANN.encode()).hexdigest().encode()


@contextmanager
def answers_lost(vendor, part):
    """Within it, requests to a path that holds this are done, and their answer gets lost."""
    whole = vendor.answer

    def lost(request):
        reply = whole(request)
        return Reply(503, "x") if part in request.path else reply

    vendor.answer = lost
    yield
    vendor.answer = whole


def iterable_case():
    return (
        iterable.IterableProject(),
        {"requests_per_second": 1000},
        {"ITERABLE_API_KEY": iterable.KEY},
        "segment",
        ANN.encode(),
        lambda vendor: (vendor.users.get(ANN) or {}).get("segment"),
    )


def pipedrive_case():
    return (
        pipedrive.Company(),
        {"requests_per_2_seconds": 10000},
        {"PIPEDRIVE_TOKEN": pipedrive.TOKEN},
        pipedrive.SEGMENT,
        b'"emails"',
        lambda vendor: [o for o in map(str, vendor.persons.values()) if ANN in o and "'a'" in o],
    )


def marketo_case():
    return (
        marketo.Instance(),
        {"requests_per_20_seconds": 9999},
        {"MARKETO_CLIENT_ID": marketo.CLIENT_ID, "MARKETO_CLIENT_SECRET": marketo.SECRET},
        "audienceSegment",
        b'"createOnly"',
        lambda vendor: [o for o in vendor.leads.values() if o.get("audienceSegment")],
    )


def klaviyo_case():
    return (
        klaviyo.Klaviyo(),
        {"poll_seconds": 0.0},
        {"KLAVIYO_API_KEY": "pk_test"},
        "segment",
        b"/import-errors",
        lambda vendor: [
            o
            for key, o in vendor.profiles.items()
            if "'segment': 'a'" in str(o) and not {key, o["email"]} & set(vendor.deleted)
        ],
    )


def linkedin_case():
    vendor = linkedin.LinkedInAds()
    vendor.add_segment("1")
    return (
        vendor,
        {"audiences": {"a": "1"}},
        {"LINKEDIN_ACCESS_TOKEN": linkedin.TOKEN},
        "audience",
        HASH,
        lambda vendor: len(vendor.segments["1"]["people"]),
    )


def tiktok_case():
    vendor = tiktok.TikTokAds()
    vendor.add_audience("1")
    return (
        vendor,
        {"audiences": {"a": "1"}, "account": "123"},
        {"TIKTOK_ACCESS_TOKEN": tiktok.TOKEN},
        "audience",
        HASH,
        lambda vendor: len(vendor.held("1")),
    )


@pytest.mark.parametrize("what", ["remove", "forget"])
@pytest.mark.parametrize(
    "name", ["iterable", "pipedrive", "marketo", "klaviyo", "linkedin", "tiktok"]
)
def test_whoever_was_sent_without_an_answer_leaves_by_the_address_sent(tmp_path, name, what):
    vendor, options, secrets, field, mark, held = globals()[f"{name}_case"]()
    with vendor:
        target = plug_in(name)(options, {**secrets, f"{name.upper()}_BASE_URL": vendor.url})
        target.quota = (100_000, 1.0)
        sync = make_sync(SimpleNamespace(url=vendor.url), tmp_path, max_remove_share=1)
        fields = {"email": Field("email"), "segments": Field(field, "always")}
        sync = replace(sync, destination=target, key=("profile_id",), fields=fields, max_tries=1)
        fill(sync.warehouse, [person("ann", segments="a")])
        known_as(sync, ann=ANN)
        whole, seen = vendor.answer, []

        def lost(request):
            reply = whole(request)
            if mark in request.raw + request.path.encode():
                seen.append(request)
            return Reply(503, "x") if seen else reply

        vendor.answer = lost
        assert push(sync).open == 1 and held(vendor)
        vendor.answer = whole
        if what == "forget":
            assert delivery.forget(sync, ANN).outcome == "erased"
        else:
            suppress_profile(sync, "ann")
            fill(sync.warehouse, [])
            result = push(sync)
            assert (result.delivered, result.exit_code) == (1, 0)
        assert not held(vendor)


@pytest.mark.parametrize("name", ["iterable", "pipedrive", "mailchimp", "marketo"])
def test_who_cannot_be_looked_up_is_refused_and_not_called_gone(name):
    vendor, options, secrets = {
        "iterable": (iterable.IterableProject, {}, {"ITERABLE_API_KEY": iterable.KEY}),
        "pipedrive": (pipedrive.Company, {}, {"PIPEDRIVE_TOKEN": pipedrive.TOKEN}),
        "mailchimp": (
            mailchimp.Mailchimp,
            {"audience": mailchimp.AUDIENCE},
            {"MAILCHIMP_API_KEY": "secret-us6"},
        ),
        "marketo": (
            marketo.Instance,
            {},
            {"MARKETO_CLIENT_ID": marketo.CLIENT_ID, "MARKETO_CLIENT_SECRET": marketo.SECRET},
        ),
    }[name]
    with vendor() as server:
        target = plug_in(name)(options, {**secrets, f"{name.upper()}_BASE_URL": server.url})
        with Transport(target) as transport:
            record = Record("ann", None, {"segment": None}, {})
            [outcome] = target.send(transport.call, "remove", [record])
        assert outcome.state == "refused" and "the person" in outcome.reason


def test_a_person_taken_over_by_address_is_emptied_under_the_id_there(tmp_path):
    with customerio.CustomerIOWorkspace() as vendor:
        vendor.people["theirs"] = {"email": ANN}
        secrets = {
            "CUSTOMERIO_SITE_ID": customerio.SITE_ID,
            "CUSTOMERIO_API_KEY": customerio.API_KEY,
            "CUSTOMERIO_BASE_URL": vendor.url,
            "CUSTOMERIO_APP_KEY": "app-key",
            "CUSTOMERIO_APP_URL": vendor.url,
        }
        target = plug_in("customerio")({}, secrets)
        sync = make_sync(SimpleNamespace(url=vendor.url), tmp_path, max_remove_share=1)
        fields = {"email": Field("email"), "segments": Field("segment", "always")}
        sync = replace(sync, destination=target, key=("profile_id",), fields=fields, max_tries=1)
        fill(sync.warehouse, [person("ann", segments="a")])
        with answers_lost(vendor, "batch"):
            assert push(sync).open == 1 and vendor.people["theirs"]["segment"] == "a"
        suppress_profile(sync, "ann")
        fill(sync.warehouse, [])
        assert push(sync).exit_code == 0 and not vendor.people["theirs"].get("segment")


def audience_sync(vendor, folder, audiences, **settings):
    """A sync to segments of LinkedIn, whose names mean these ids."""
    environ = {"LINKEDIN_ACCESS_TOKEN": linkedin.TOKEN, "LINKEDIN_BASE_URL": vendor.url}
    target = plug_in("linkedin")({"audiences": audiences}, environ)
    target.quota = (100_000, 1.0)
    sync = make_sync(SimpleNamespace(url=vendor.url), folder, max_remove_share=1)
    fields = {"email": Field("email"), "segments": Field("audience", "always")}
    sync = replace(sync, key=("profile_id",), fields=fields, max_tries=1)
    return replace(sync, destination=target, **settings)


@pytest.mark.parametrize("ledger", ["duckdb", "postgres"])
def test_another_id_under_the_name_of_an_audience_moves_its_people(tmp_path, request, ledger):
    kept = {"ledger": request.getfixturevalue("postgres_ledger")} if ledger == "postgres" else {}
    with linkedin.LinkedInAds() as vendor:
        for number in "123":
            vendor.add_segment(number)
        held = lambda: {number: len(o["people"]) for number, o in vendor.segments.items()}  # noqa: E731
        first = audience_sync(vendor, tmp_path, {"vip": "1", "new": "3"}, **kept)
        fill(
            first.warehouse,
            [person("ann", segments="vip"), person("bob", segments="vip"),
             person("cy", segments="new")],
        )  # fmt: skip
        push(first)
        assert held() == {"1": 2, "2": 0, "3": 1} and delivery.plan(first).nothing
        second = audience_sync(vendor, tmp_path, {"vip": "2", "new": "3"}, **kept)
        planned = delivery.plan(second).diff
        assert (planned.counts["update"], planned.total, planned.repeated) == (2, 2, 0)
        # What went to the new one without an answer is taken back when the name means the old one.
        with answers_lost(vendor, "/2/users"):
            assert push(second).open == 2 and held() == {"1": 0, "2": 2, "3": 1}
        assert push(first).exit_code == 0 and held() == {"1": 2, "2": 0, "3": 1}
        assert push(second).exit_code == 0 and held() == {"1": 0, "2": 2, "3": 1}
        assert delivery.plan(second).nothing
        fill(second.warehouse, [person("cy", segments="new")])
        push(second)
        assert held() == {"1": 0, "2": 0, "3": 1}


def test_who_was_added_without_an_answer_leaves_the_audience_that_was_meant_then(tmp_path):
    with linkedin.LinkedInAds() as vendor:
        for number in "12":
            vendor.add_segment(number)
        first = audience_sync(vendor, tmp_path, {"vip": "1"})
        second = audience_sync(vendor, tmp_path, {"vip": "2"})
        for stays in (True, False):
            fill(first.warehouse, [person("ann", segments="vip")])
            with answers_lost(vendor, "/1/users"):
                assert push(first).open == 1 and len(vendor.segments["1"]["people"]) == 1
            if not stays:
                suppress_profile(second, "ann")
                fill(second.warehouse, [])
            assert push(second).exit_code == 0
            found = [len(segment["people"]) for segment in vendor.segments.values()]
            assert found == [0, 1 if stays else 0]
            fill(second.warehouse, [])
            push(second)


def test_a_klaviyo_list_ends_for_whoever_joined_it_without_an_answer(tmp_path):
    with klaviyo.Klaviyo() as vendor:
        number = vendor.add_list("a")
        environ = {"KLAVIYO_API_KEY": "pk_test", "KLAVIYO_BASE_URL": vendor.url}
        target = plug_in("klaviyo")({"poll_seconds": 0.0}, environ)
        target.quota = (100_000, 1.0)
        sync = make_sync(SimpleNamespace(url=vendor.url), tmp_path, max_remove_share=1)
        fields = {"email": Field("email"), "segments": Field("list", "always")}
        sync = replace(sync, destination=target, key=("profile_id",), fields=fields, max_tries=1)
        fill(sync.warehouse, [person("ann", segments="a")])
        with answers_lost(vendor, "relationships"):
            assert push(sync).open == 1 and len(vendor.lists[number]["members"]) == 1
        suppress_profile(sync, "ann")
        fill(sync.warehouse, [])
        assert push(sync).exit_code == 0 and not vendor.lists[number]["members"]
        assert delivery.plan(sync).nothing


def test_a_plan_says_whose_audience_is_not_known(tmp_path, capsys):
    with linkedin.LinkedInAds() as vendor:
        vendor.add_segment("1")
        sync = audience_sync(vendor, tmp_path, {"vip": "1"})
        rows = {"ann": "vip", "bob": "", "cy": "new", "dan": "7"}
        fill(sync.warehouse, [person(name, segments=o) for name, o in rows.items()])
        plan = delivery.plan(sync)
        assert plan.diff.nowhere == {"": 1, "new": 1}
        show_plan(plan)
        assert "none (1), 'new' (1)" in " ".join(capsys.readouterr().out.split())
        with pytest.raises(ConfigError, match="names and ids"):
            audience_sync(vendor, tmp_path, {"1": "2", "2": "3"})

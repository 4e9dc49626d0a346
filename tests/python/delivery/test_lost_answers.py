"""Whoever was sent without an answer is found again by what was sent, whatever the key is."""

import hashlib
from dataclasses import replace
from types import SimpleNamespace

import pytest

from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destination import Record
from scripts.delivery.plug_ins import plug_in
from scripts.delivery.transport import Transport

from .test_engine import fill, make_sync, person, push
from .test_promises import known_as, suppress_profile
from .vendors import customerio, iterable, linkedin, mailchimp, marketo, pipedrive, tiktok
from .vendors.server import Reply

ANN = "ann@example.com"
HASH = hashlib.sha256(ANN.encode()).hexdigest().encode()


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
@pytest.mark.parametrize("name", ["iterable", "pipedrive", "marketo", "linkedin", "tiktok"])
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
            if mark in request.raw:
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
        assert outcome.state == "refused" and "look the person up" in outcome.reason


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
        whole = vendor.answer

        def lost(request):
            reply = whole(request)
            return Reply(503, "x") if "batch" in request.path else reply

        vendor.answer = lost
        assert push(sync).open == 1 and vendor.people["theirs"]["segment"] == "a"
        vendor.answer = whole
        suppress_profile(sync, "ann")
        fill(sync.warehouse, [])
        assert push(sync).exit_code == 0 and not vendor.people["theirs"].get("segment")

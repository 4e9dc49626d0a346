"""A round through the engine, with faults: who may be reached is there, and nobody else."""

import hashlib
from dataclasses import replace

import pytest

from dev import demo_crm
from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.plug_ins import plug_in

from .test_engine import TOKEN, fill, make_sync, people, push
from .test_safety import suppress
from .vendors import google_sheets, linkedin, marketo, tiktok
from .vendors.server import Reply

AUDIENCE = {"grade": Field("audience"), "email": Field("email", "always")}
CONTACT = {"email": Field("email"), "segments": Field("segment", "always")}


def instance():
    vendor = marketo.Instance()
    return vendor, lambda: {o["email"] for o in vendor.leads.values() if o.get("audienceSegment")}


def sheet():
    vendor = google_sheets.Spreadsheet()
    vendor.rows[0] = ["key", "notes", "email", "segment"]
    return vendor, lambda: {row[2] for row in vendor.rows[1:]}


def segments():
    vendor = linkedin.LinkedInAds()
    vendor.add_segment("1")
    return vendor, lambda: vendor.segments["1"]["people"]


def audiences():
    vendor = tiktok.TikTokAds()
    vendor.add_audience("1")
    return vendor, lambda: {value for _, value in vendor.held("1")}


SHEET = {"spreadsheet": google_sheets.SPREADSHEET, "tab": "People", "requests_per_minute": 9999}
PLACES = {
    "marketo": (instance, ("email",), CONTACT | {"segments": Field("audienceSegment", "always")},
                {"requests_per_20_seconds": 9999},
                {"MARKETO_CLIENT_ID": marketo.CLIENT_ID, "MARKETO_CLIENT_SECRET": marketo.SECRET}),
    "google_sheets": (sheet, ("profile_id",), CONTACT, SHEET,
                      {"GOOGLE_SHEETS_ACCESS_TOKEN": google_sheets.TOKEN}),
    "linkedin": (segments, ("profile_id",), AUDIENCE, {"audiences": {"vip": "1"}},
                 {"LINKEDIN_ACCESS_TOKEN": linkedin.TOKEN}),
    "tiktok": (audiences, ("profile_id",), AUDIENCE, {"audiences": {"vip": "1"}, "account": "123"},
               {"TIKTOK_ACCESS_TOKEN": tiktok.TOKEN}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_only_who_may_be_reached_is_there(name, tmp_path):
    make, key, fields, options, secrets = PLACES[name]
    vendor, reached = make()
    with demo_crm.start(token=TOKEN) as crm:
        sync = make_sync(crm, tmp_path, max_remove_share=1, max_change_share=1)
    with vendor:
        environ = {f"{name.upper()}_BASE_URL": vendor.url, **secrets}
        destination = plug_in(name)(options, environ)
        destination.batch_size = 2
        sync = replace(sync, destination=destination, key=key, fields=fields)
        rows = people(7, segments="a", grade="vip")
        push_through(sync, vendor, rows)
        rows[1] |= {"email": "moved@example.com"}
        del rows[2]  # leaves by itself
        suppress(sync, "person0003")
        push_through(sync, vendor, rows)
        assert delivery.forget(sync, rows[3]["email"]).outcome == "erased"
        push_through(sync, vendor, rows)
        assert [row["profile_id"][-1] for row in rows] == list("013456")
        expected = {rows[place]["email"] for place in (0, 1, 4, 5)}
        hashed = {hashlib.sha256(address.encode()).hexdigest() for address in expected}
        assert reached() in (expected, hashed)
        assert delivery.plan(sync).nothing


def push_through(sync, vendor, rows):
    """Push one state, with lost connections, lost answers and an overload on the way."""
    fill(sync.warehouse, rows)
    push_state(sync)
    vendor.fail_next(Reply(503, "<html>"), "before", "after")
    push_state(sync, full=True)
    assert not vendor.faults


def push_state(sync, **more):
    """Push until everything is there."""
    for _ in range(3):
        if (result := push(sync, **more)).exit_code == 0:
            return
    raise AssertionError(result)

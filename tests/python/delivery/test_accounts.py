"""Each plug-in says whose credentials it holds, so that two accounts are never taken for one."""

import pytest

from scripts.delivery.plug_ins import own, plug_in

from .sending import calls
from .vendors import (
    customerio,
    google_sheets,
    intercom,
    klaviyo,
    linkedin,
    mailchimp,
    marketo,
    meta,
    pipedrive,
    salesforce,
    tiktok,
)


def whose(name, options, environ):
    """What a plug-in says."""
    destination = plug_in(name)(options, environ)
    with calls() as call_of:
        return destination.whose(call_of(destination))


HOOK = "https://hooks.slack.com/services/T0/B0/secret-of-the-hook"
INTAKE = {"intake": "00000000-0000-0000-0000-000000000001"}
BRAZE = {"BRAZE_BASE_URL": "https://rest.braze.eu"}
WITHOUT_A_REQUEST = [
    ("braze", {}, BRAZE | {"BRAZE_API_KEY": "a"}, "rest.braze.eu key"),
    ("slack", {}, {"SLACK_WEBHOOK_URL": HOOK}, "hooks.slack.com T0/B0"),
    ("webhook", {"url": "https://x.example/in?token=hush"}, {}, "https://x.example/in key"),
    ("iterable", {}, {"ITERABLE_API_KEY": "a"}, "api.iterable.com key"),
    ("segment", {}, {"SEGMENT_WRITE_KEY": "a"}, "api.segment.io key"),
    ("rudderstack", {}, {"RUDDERSTACK_WRITE_KEY": "a", "RUDDERSTACK_BASE_URL": "https://r.example"},
     "r.example key"),
    ("storage", {"address": "sftp://a:hush@h/x"}, {}, "folder sftp://h/x"),
    ("google", {"account": "123-456-7890"}, {}, "customer 1234567890"),
    ("bottlecrm", INTAKE, {"BOTTLECRM_BASE_URL": "https://c.example"}, "https://c.example, lead"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "environ", "words"), WITHOUT_A_REQUEST)
def test_what_is_known_without_asking(name, options, environ, words):
    found = whose(name, options, environ)
    assert found.startswith(words)
    for secret in ("secret-of-the-hook", "hush"):
        assert secret not in found


def test_another_key_where_nothing_else_tells_accounts_apart():
    found = {whose("braze", {}, BRAZE | {"BRAZE_API_KEY": key}) for key in "ab"}
    assert len(found) == 2


def test_a_folder_is_known_by_its_real_path(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    found = {whose("files", {"folder": str(tmp_path / name)}, {}) for name in ("real", "link")}
    assert found == {f"folder {tmp_path / 'real'}"}


ASKED = [
    (klaviyo.Klaviyo, "klaviyo", {}, {"KLAVIYO_API_KEY": "pk_test"}, "account AbC123"),
    (mailchimp.Mailchimp, "mailchimp", {"audience": "a"}, {"MAILCHIMP_API_KEY": "secret-us6"},
     "account 1a2b3c in 127, audience a"),
    (customerio.CustomerIOWorkspace, "customerio", {},
     {"CUSTOMERIO_SITE_ID": customerio.SITE_ID, "CUSTOMERIO_API_KEY": customerio.API_KEY},
     "workspace 3 in us"),
    (salesforce.Salesforce, "salesforce", {},
     {"SALESFORCE_CLIENT_ID": salesforce.CLIENT_ID,
      "SALESFORCE_CLIENT_SECRET": salesforce.CLIENT_SECRET},
     f"organisation {salesforce.ORGANISATION}"),
    (intercom.Workspace, "intercom", {}, {"INTERCOM_TOKEN": intercom.TOKEN}, "workspace ws42"),
    (pipedrive.Company, "pipedrive", {}, {"PIPEDRIVE_TOKEN": pipedrive.TOKEN}, "company 7 (acme)"),
    (meta.Meta, "meta", {"account": "act_123"}, {}, "ad account 123"),
    (meta.Meta, "meta", {}, {}, "user 77"),
    (marketo.Instance, "marketo", {},
     {"MARKETO_CLIENT_ID": marketo.CLIENT_ID, "MARKETO_CLIENT_SECRET": marketo.SECRET},
     "instance 127.0.0.1"),
    (google_sheets.Spreadsheet, "google_sheets",
     {"spreadsheet": google_sheets.SPREADSHEET, "tab": "People"},
     {"GOOGLE_SHEETS_ACCESS_TOKEN": google_sheets.TOKEN},
     f"spreadsheet {google_sheets.SPREADSHEET}, tab People"),
    (linkedin.LinkedInAds, "linkedin", {"account": 77},
     {"LINKEDIN_ACCESS_TOKEN": linkedin.TOKEN}, "ad account 77"),
    (tiktok.TikTokAds, "tiktok", {"account": 123}, {"TIKTOK_ACCESS_TOKEN": tiktok.TOKEN},
     "ad account 123"),
]  # fmt: skip


@pytest.mark.parametrize(("fake", "name", "options", "environ", "words"), ASKED)
def test_what_the_vendor_says(fake, name, options, environ, words):
    with fake() as vendor:
        environ = {"META_ACCESS_TOKEN": getattr(vendor, "token", ""), **environ}
        environ[f"{name.upper()}_BASE_URL"] = vendor.url
        assert whose(name, options, environ) == words


def test_every_destination_is_tried_here():
    tried = {entry[0] for entry in WITHOUT_A_REQUEST} | {entry[1] for entry in ASKED}
    assert tried | {"files", "hubspot", "kafka"} == set(own())

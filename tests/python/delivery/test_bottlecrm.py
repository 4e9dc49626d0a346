"""The BottleCRM plug-in against the product itself; a proxy before it spoils answers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from scripts.delivery.destination import Outcome, Record, Stop, Transient
from scripts.delivery.destinations import bottlecrm
from scripts.delivery.destinations.bottlecrm import BottleCRM
from scripts.delivery.destinations.bottlecrm_rows import domain_of
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .bottle import ROOT, BottleServer, find_python
from .vendors.server import Reply, Request, Vendor

SEGMENTS, SCORE = "custom_fields.audience_segments", "custom_fields.audience_score"
SEEN, ACTIVE = "custom_fields.audience_seen_on", "custom_fields.audience_active"
FIELDS = {"email": "text", SEGMENTS: "text", SCORE: "number", SEEN: "instant", ACTIVE: "boolean"}


class Between(Vendor):
    """Passes requests on to the real CRM, unless a fault is due."""

    def __init__(self, crm: BottleServer) -> None:
        super().__init__()
        self.client = httpx.Client(base_url=crm.url, timeout=60)

    def answer(self, request: Request) -> Reply:
        headers = {name: request.headers[name] for name in ("authorization", "content-type")
                   if name in request.headers}  # fmt: skip
        answer = self.client.request(
            request.method, request.path, params=request.query, headers=headers, content=request.raw
        )
        kept = ("date", "retry-after", "content-type")
        passed = {name: answer.headers[name] for name in kept if name in answer.headers}
        return Reply(answer.status_code, answer.text, passed)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BottleServer]:
    with BottleServer(tmp_path_factory.mktemp("bottle")) as server:
        for field, kind in ((SEGMENTS, "text"), (SCORE, "number"), (SEEN, "date")):
            server.add_custom_field(field.partition(".")[2], kind)
        server.add_custom_field(ACTIVE.partition(".")[2], "checkbox")
        server.add_custom_field("email_opt_out", "checkbox")
        yield server


@pytest.fixture
def proxy(crm: BottleServer) -> Iterator[Between]:
    with Between(crm) as between:
        yield between


@pytest.fixture
def transport(crm: BottleServer) -> Iterator[Transport]:
    with Transport(BottleCRM(crm.options, crm.environ)) as client:
        yield client


@pytest.fixture
def spoiled(crm: BottleServer, proxy: Between) -> Iterator[Transport]:
    environ = {**crm.environ, "BOTTLECRM_BASE_URL": proxy.url}
    with Transport(BottleCRM(crm.options, environ)) as client:
        client.destination.prepare(client.call, set())
        client.destination.find(client.call, "nobody", None)
        yield client


def person(key: str, remote_id: str | None = None, **values: object) -> Record:
    held = {"email": f"{key}@example.com", **values}
    return Record(key, remote_id, held, {k: v for k, v in held.items() if v is not None})


def send(transport: Transport, operation: str, *records: Record) -> list[Outcome]:
    return transport.destination.send(transport.call, operation, records)


def add(transport: Transport, key: str, **values: object) -> str:
    (outcome,) = send(transport, "add", person(key, **values))
    assert (outcome.state, outcome.reason) == ("delivered", None)
    return outcome.remote_id


def test_add_and_the_same_again(crm: BottleServer, transport: Transport) -> None:
    values = {
        "first_name": "Ann",
        SEGMENTS: "trial; pricing",
        SCORE: 1.25,
        SEEN: "2026-06-30T10:00:00.000Z",
        ACTIVE: True,
        "close_date": "2026-07-01T00:00:00.000Z",
        "opportunity_amount": 12.345,
        "probability": 30.0,
        "source_detail": None,
    }
    lead = add(transport, "add1", **values)
    held = crm.lead("add1")
    assert (held["id"], held["email"], held["first_name"]) == (lead, "add1@example.com", "Ann")
    assert held["custom_fields"] == {
        "audience_segments": "trial; pricing",
        "audience_score": 1.25,
        "audience_seen_on": "2026-06-30",
        "audience_active": True,
    }
    assert (held["close_date"], held["opportunity_amount"]) == ("2026-07-01", "12.35")
    assert held["probability"] == 30
    # Again: with the id, without it, and in a run that has to look for the lead.
    send(transport, "add", person("add1", lead, **values))
    assert add(transport, "add1", **values) == lead
    with Transport(BottleCRM(crm.options, crm.environ)) as later:
        assert add(later, "add1", **values) == lead
    after = crm.lead("add1")
    assert {**after, "updated_at": 0} == {**held, "updated_at": 0}


def test_lead_of_a_rep_is_taken_over_quietly(crm: BottleServer, transport: Transport) -> None:
    typed = crm.add_lead(email="Rep1@Example.com", first_name="Rep", job_title="CTO")
    crm.edit_as_rep(typed, status="closed")
    assert add(transport, "rep1", first_name="Ann", **{SEGMENTS: "trial"}) == typed
    held = next(lead for lead in crm.leads() if lead["id"] == typed)
    assert (held["status"], held["job_title"], held["first_name"]) == ("closed", "CTO", "Ann")
    assert held["last_enquiry_at"] is None
    assert held["custom_fields"] == {"audience_segments": "trial"}


def test_two_people_with_one_phone_stay_two(crm: BottleServer, transport: Transport) -> None:
    leads = {add(transport, key, phone="+1 202 555 0143") for key in ("phone1", "phone2")}
    assert len(leads) == 2
    assert {crm.lead(key)["phone_e164"] for key in ("phone1", "phone2")} == {"+12025550143"}


def test_converted_lead_is_not_made_twice(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "conv1", first_name="Ann")
    crm.edit_as_rep(lead, status="converted")
    with Transport(BottleCRM(crm.options, crm.environ)) as later:  # lists do not show it
        assert add(later, "conv1", **{SEGMENTS: "trial"}) == lead
        (outcome,) = send(later, "update", Record("conv1", lead, {SEGMENTS: "won"}, {}))
    assert outcome == Outcome("conv1", "delivered", lead)


def test_update(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "upd1", job_title="CTO", **{SEGMENTS: "trial", SCORE: 1})
    crm.edit_as_rep(lead, description="Called twice.", job_title="CEO")
    changed = {SEGMENTS: None, SCORE: 2.5, "source_detail": None}
    whole = {"email": "upd1@example.com", "job_title": "CTO", SCORE: 2.5}
    (outcome,) = send(transport, "update", Record("upd1", lead, changed, whole))
    assert outcome == Outcome("upd1", "delivered", lead)
    held = crm.lead("upd1")
    assert held["custom_fields"] == {"audience_score": 2.5}
    assert (held["description"], held["job_title"]) == ("Called twice.", "CEO")
    # Without the id it is looked up, and everything is sent.
    (outcome,) = send(transport, "update", Record("upd1", None, {SEGMENTS: "a"}, whole))
    assert outcome.remote_id == lead
    assert crm.lead("upd1")["job_title"] == "CTO"


def test_deleted_lead_comes_back_with_an_update(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "del1", **{SEGMENTS: "trial"})
    crm.delete_lead(lead)
    whole = {"email": "del1@example.com", SEGMENTS: "trial", SCORE: 2}
    (outcome,) = send(transport, "update", Record("del1", lead, {SCORE: 2}, whole))
    assert outcome.state == "delivered"
    assert outcome.remote_id not in (None, lead)
    assert crm.lead("del1")["custom_fields"] == {"audience_segments": "trial", "audience_score": 2}


def test_remove_empties_what_is_ours(crm: BottleServer, transport: Transport) -> None:
    values = {"first_name": "Ann", "job_title": "CTO", SEGMENTS: "trial", ACTIVE: True}
    lead = add(transport, "rem1", **values)
    crm.edit_as_rep(lead, status="in process", custom_fields={"email_opt_out": True})
    gone = dict.fromkeys(["email", *values])
    for remote_id in (lead, None, None):
        record = Record("rem1", remote_id, gone, {})
        assert send(transport, "remove", record)[0].state == "delivered"
    held = crm.lead("rem1")
    assert held["custom_fields"] == {"email_opt_out": True}
    assert (held["job_title"], held["status"]) == (None, "in process")
    assert (held["first_name"], held["email"]) == ("Ann", "rem1@example.com")


def test_remove_creates_nobody(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "rem2", **{SEGMENTS: "trial"})
    crm.delete_lead(lead)
    before = len(crm.leads())
    for key, remote_id in (("rem2", lead), ("rem2", None), ("stranger@example.com", None)):
        (outcome,) = send(transport, "remove", Record(key, remote_id, {SEGMENTS: None}, {}))
        assert outcome == Outcome(key, "delivered")
    assert len(crm.leads()) == before


def test_one_record_is_refused(crm: BottleServer, transport: Transport) -> None:
    bad = [
        Record("bad1", None, {"email": "no address"}, {}),
        person("bad2", **{SCORE: "many"}),
        person("bad3", country="Atlantis"),
        Record("bad4", None, {SEGMENTS: "trial"}, {}),
    ]
    good = person("good1", **{SEGMENTS: "trial"})
    outcomes = {outcome.key: outcome for outcome in send(transport, "add", *bad, good)}
    assert outcomes.pop("good1").state == "delivered"
    assert {outcome.state for outcome in outcomes.values()} == {"refused"}
    assert {outcome.key: outcome.reason for outcome in outcomes.values()} == {
        "bad1": "email: Enter a valid email address.",
        "bad2": "custom_fields: audience_score: must be a number",
        "bad3": "country: … is not a valid choice.",
        "bad4": "The post has no lead fields in it.",
    }
    # What the webhook had made before a value was refused is known, so a remove finds it.
    assert outcomes["bad2"].remote_id == crm.lead("bad2")["id"]
    (outcome,) = send(transport, "update", Record("good1", None, {"email": "bad2@example.com"}, {}))
    assert outcome.state == "refused"
    assert "already uses that email" in outcome.reason


def test_fields_that_cannot_be_written(crm: BottleServer, transport: Transport) -> None:
    for name in ("status", "is_active", "tags", "custom_fields.unheard_of"):
        with pytest.raises(ConfigError, match=re.escape(name)):
            send(transport, "add", person("nobody", **{name: "x"}))
    assert crm.lead("nobody") is None
    plugin = BottleCRM({"opt_out_field": "no_mail"}, crm.environ)
    assert plugin.forbidden == {"custom_fields.no_mail"}
    assert plugin.pulled == {"status", "custom_fields.no_mail"}
    assert "first_name" in BottleCRM({"pull_profile": True}, {}).pulled


@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("passed", [0, 1])
def test_connection_lost_and_sent_again(
    crm: BottleServer, proxy: Between, spoiled: Transport, fault: str, passed: int
) -> None:
    """`passed` is how many requests of the record get an answer before: the post, then the rest."""
    record = person(f"lost-{fault}-{passed}", **{SEGMENTS: "trial"})
    real = proxy.answer

    def spoil_the_next(request: Request) -> Reply:
        proxy.answer = real
        proxy.fail_next(fault)
        return real(request)

    if passed:
        proxy.answer = spoil_the_next
    else:
        proxy.fail_next(fault)
    with pytest.raises(Transient, match="no answer"):
        send(spoiled, "add", record)
    (outcome,) = send(spoiled, "add", record)
    held = crm.lead(record.key)
    assert outcome == Outcome(record.key, "delivered", held["id"])
    assert held["custom_fields"] == {"audience_segments": "trial"}


def test_trouble_that_passes(proxy: Between, spoiled: Transport) -> None:
    record = person("trouble", **{SEGMENTS: "trial"})
    for reply, wait in (
        (Reply(503, {}), None),
        (Reply(502, "<html>"), None),
        (Reply(200, "<html>"), None),
        (Reply(429, {}, {"Retry-After": "17"}), 17.0),
        (Reply(429, {}), None),
    ):
        proxy.fail_next(reply)
        with pytest.raises(Transient) as caught:
            send(spoiled, "add", record)
        assert caught.value.wait == wait
    proxy.fail_next(Reply(500, "<html>"))
    assert send(spoiled, "add", record) == [Outcome("trouble", "open", None, "HTTP 500")]
    proxy.fail_next(Reply(429, {}, {"Retry-After": "7200"}))
    with pytest.raises(Stop, match="daily limit"):
        send(spoiled, "add", record)


def test_own_limit_is_honored(tmp_path: Path) -> None:
    with BottleServer(tmp_path, posts_per_minute=2) as crm:
        crm.add_custom_field("audience_segments")
        plugin = BottleCRM({"intake": crm.intake, "posts_per_minute": 1000}, crm.environ)
        with Transport(plugin) as transport:
            people = [person(f"limit{n}", **{SEGMENTS: "trial"}) for n in range(3)]
            with pytest.raises(Transient) as caught:
                send(transport, "add", *people)
            assert 0 < caught.value.wait <= 60
            assert {lead["external_id"] for lead in crm.leads()} == {"limit0", "limit1"}
            # Sent again, who is there already costs no post; nor do updates.
            outcomes = send(transport, "add", *people[:2])
            assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert BottleCRM({}, {}).quota == (240, 60.0)


def test_secrets(crm: BottleServer) -> None:
    with pytest.raises(ConfigError, match="BOTTLECRM_INTAKE_KEY"):
        BottleCRM(crm.options, {**crm.environ, "BOTTLECRM_INTAKE_KEY": ""}).check()
    with pytest.raises(ConfigError, match="intake"):
        BottleCRM({}, crm.environ).check()
    BottleCRM(crm.options, crm.environ).check()
    for variable, value, problem in (
        ("BOTTLECRM_TOKEN", "bcrm_pat_wrong", "administrator"),
        ("BOTTLECRM_TOKEN", crm.rep_token, "administrator"),
        ("BOTTLECRM_INTAKE_KEY", "wrong", "another key"),
    ):
        plugin = BottleCRM(crm.options, {**crm.environ, variable: value})
        with Transport(plugin) as transport, pytest.raises(ConfigError, match=problem):
            send(transport, "add", person("nobody"))
    wrong = BottleCRM(crm.options, {**crm.environ, "BOTTLECRM_TOKEN": "bcrm_pat_wrong"})
    with Transport(wrong) as transport, pytest.raises(AuthError):
        list(wrong.pull(transport.call, None))


def test_key_that_was_replaced_during_a_run(crm: BottleServer, transport: Transport) -> None:
    transport.destination.prepare(transport.call, set())
    transport.destination.secret["BOTTLECRM_INTAKE_KEY"] = "replaced"
    with pytest.raises(AuthError, match="Wrong key"):
        send(transport, "add", person("nobody"))
    transport.destination.path = "/api/public/leads/00000000-0000-0000-0000-000000000000/"
    with pytest.raises(ConfigError, match="no active lead webhook"):
        send(transport, "add", person("nobody"))
    assert crm.lead("nobody") is None


def test_read_and_erase(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "read1", job_title="CTO", **{SEGMENTS: "trial"})
    records = [Record("read1", lead, {}, {}), person("stranger")]
    records.append(Record("read1@example.com", None, {}, {}))
    plugin = BottleCRM(crm.options, crm.environ)
    names = ["job_title", SEGMENTS, SCORE]
    expected = {"job_title": "CTO", SEGMENTS: "trial", SCORE: None}
    assert plugin.read(transport.call, records, names) == {
        "read1": expected,
        "read1@example.com": expected,
    }
    for remote_id in (lead, None):
        assert plugin.erase(transport.call, "read1@example.com", remote_id)
        assert crm.lead("read1") is None


def test_doctor(crm: BottleServer, transport: Transport) -> None:
    plugin = transport.destination
    fields = {**FIELDS, "custom_fields.new_one": "number", "status": "text", SCORE: "boolean"}
    found = {finding.name: finding for finding in plugin.doctor(transport.call, fields)}
    assert found["token"].is_fine
    assert found["lead webhook"].is_fine
    wrong = {
        name: identifier.detail for name, identifier in found.items() if not identifier.is_fine
    }
    assert wrong == {
        "field status": "Leads have no such field that can be written.",
        "Lead custom field audience_score": "It is number, not checkbox.",
        "Lead custom field new_one": "It does not exist; create it as number.",
        "Contact custom field email_opt_out": "It does not exist; create it as checkbox.",
    }
    fields = {**FIELDS, "custom_fields.new_one": "number"}
    assert all(finding.is_fine for finding in plugin.doctor(transport.call, fields, create=True))
    assert all(entry.is_fine for entry in BottleCRM(crm.options, crm.environ).doctor(
        transport.call, fields))  # fmt: skip
    (bad,) = (
        finding
        for finding in plugin.doctor(transport.call, {"custom_fields.Bad-key": "text"}, create=True)
        if not finding.is_fine
    )
    assert "lowercase slug" in bad.detail
    rep = BottleCRM(crm.options, {**crm.environ, "BOTTLECRM_TOKEN": crm.rep_token})
    with Transport(rep) as limited:
        assert not next(
            finding for finding in rep.doctor(limited.call, {}) if finding.name == "lead webhook"
        ).is_fine
    nobody = BottleCRM(crm.options, {**crm.environ, "BOTTLECRM_TOKEN": "bcrm_pat_wrong"})
    with Transport(nobody) as refused:
        (finding,) = nobody.doctor(refused.call, {})
    assert (finding.name, finding.is_fine) == ("token", False)


def pulled(transport: Transport, since: datetime | None = None) -> dict[str, list[dict]]:
    tables = list(transport.destination.pull(transport.call, since))
    now = datetime.now(UTC).replace(tzinfo=None)
    assert all(abs(now - mark) < timedelta(seconds=30) for _, _, mark in tables)
    return {table: rows for table, rows, _ in tables}


def test_pull_what_a_rep_decides(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "pull1", first_name="Ann", **{SEGMENTS: "trial"})

    def row() -> dict:
        return next(contact for contact in pulled(transport)["contacts"] if contact["id"] == lead)

    before = row()
    assert before["property_hs_lead_status"] == "NEW"
    assert before["property_hs_email_optout"] is False
    assert (before["property_email"], before["property_firstname"]) == ("pull1@example.com", None)
    crm.edit_as_rep(lead, status="closed", custom_fields={"email_opt_out": True})
    after = row()
    assert after["property_hs_lead_status"] == "UNQUALIFIED"
    assert after["property_hs_email_optout"] is True
    assert after["property_hubspot_owner_id"] == crm.rep_id
    assert after["property_lastmodifieddate"] > before["property_lastmodifieddate"]
    # Nothing that we write later takes the rep's word back.
    send(transport, "update", Record("pull1", lead, {SEGMENTS: "won"}, {}))
    assert row()["property_hs_email_optout"] is True
    with Transport(
        BottleCRM({"lead_statuses": {"closed": "LOST"}, "pull_profile": True}, crm.environ)
    ) as other:
        (mine,) = (contact for contact in pulled(other)["contacts"] if contact["id"] == lead)
    assert (mine["property_hs_lead_status"], mine["property_firstname"]) == ("LOST", "Ann")


def test_pull_a_conversion_and_a_won_deal(crm: BottleServer, transport: Transport) -> None:
    lead = add(transport, "pull2", first_name="Ann", company_name="Acme")
    crm.edit_as_rep(lead, status="converted", opportunity_amount=500, website="www.acme.example")
    tables = pulled(transport)
    assert lead not in {contact["id"] for contact in tables["contacts"]}
    (contact,) = (
        contact
        for contact in tables["contacts"]
        if contact["property_email"] == "pull2@example.com"
    )
    assert contact["property_hs_lead_status"] == "OPEN_DEAL"
    (company,) = (company for company in tables["companies"] if company["property_name"] == "Acme")
    assert contact["property_associatedcompanyid"] == company["id"]
    assert company["property_domain"] == "acme.example"
    (link,) = (link for link in tables["deal_contacts"] if link["contact_id"] == contact["id"])
    (deal,) = (deal for deal in tables["deals"] if deal["deal_id"] == link["deal_id"])
    assert (deal["deal_pipeline_stage_id"], deal["property_amount"]) == ("QUALIFICATION", "500.00")
    assert [owner["email"] for owner in tables["owners"]] == ["rep@crm.example"]
    won = {"stage": "CLOSED_WON", "closed_on": "2026-06-30", "probability": 100}
    crm.call("PATCH", f"/api/opportunities/{deal['deal_id']}/", token=crm.rep_token, json=won)
    (deal,) = (deal for deal in pulled(transport)["deals"] if deal["deal_id"] == link["deal_id"])
    assert (deal["deal_pipeline_stage_id"], deal["property_closedate"]) == (
        "closedwon",
        "2026-06-30",
    )


def test_pull_only_what_changed(crm: BottleServer, transport: Transport) -> None:
    add(transport, "pull3")
    now = datetime.now(UTC).replace(tzinfo=None)
    recent = pulled(transport, now + timedelta(minutes=9))["contacts"]
    assert "pull3@example.com" in {contact["property_email"] for contact in recent}
    assert pulled(transport, now + timedelta(minutes=11))["contacts"] == []


def test_pulled_columns_are_those_of_the_source(transport: Transport) -> None:
    path = ROOT / "models/staging/hubspot/_hubspot__sources.yml"
    (source,) = yaml.safe_load(path.read_text())["sources"]
    declared = {table["name"]: table["columns"] for table in source["tables"]}
    found = {table: set(rows[0]) for table, rows in pulled(transport).items()}
    assert len(found) >= 5
    for table, columns in found.items():
        assert columns <= {column["name"] for column in declared[table]}, table
        assert columns >= {
            column["name"]
            for column in declared[table]
            if column.get("config", {}).get("meta", {}).get("required")
        }, table


def test_long_lists_are_read_to_the_end(
    crm: BottleServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bottlecrm, "PAGE", 3)
    monkeypatch.setattr(bottlecrm, "SHARED", 1)
    found = [lead["id"] for lead in transport.destination.leads(transport.call)]
    assert len(found) == len(set(found)) > 6
    assert set(found) == {lead["id"] for lead in crm.leads()}


def test_module_that_is_switched_off(crm: BottleServer, proxy: Between, spoiled: Transport) -> None:
    off = Reply(404, {"detail": "Deals are switched off.", "code": "module_off"})
    assert list(bottlecrm.rows_of(lambda *_, **__: httpx.Response(404, json=off.body), "/")) == []
    proxy.fail_next(off)
    with pytest.raises(ConfigError, match="switched off"):
        send(spoiled, "update", Record("x", "some-id", {SEGMENTS: "trial"}, {}))


def test_domains() -> None:
    assert domain_of("https://www.acme.example/about") == "acme.example"
    assert domain_of("Acme.example") == "acme.example"
    assert domain_of("acme") is None
    assert domain_of("http://[::1") is None
    assert domain_of(None) is None


def test_skips_when_it_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOTTLECRM_PYTHON", str(tmp_path / "python"))
    with pytest.raises(pytest.skip.Exception, match=r"Python 3\.12"):
        find_python()

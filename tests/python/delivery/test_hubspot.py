"""HubSpot: contacts, companies and lists are sent, changes are pulled, answers are understood."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hubspot
import jsonschema
import pytest
import yaml

from dev import demo_crm
from scripts.delivery.destination import Record, Refused, Stop, Transient
from scripts.delivery.destinations import hubspot as plugin_file
from scripts.delivery.destinations.hubspot import ENGAGEMENTS, READ, TABLES, HubSpot
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import states

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "models/staging/hubspot/_hubspot__sources.yml"
OPENAPI = yaml.safe_load((Path(__file__).parent / "vendors/hubspot_openapi.yml").read_text())
LONG_AGO = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def running():
    with demo_crm.start(requests_per_10s=100_000, searches_per_second=100_000) as crm:
        crm.transports = {}
        yield crm
        for transport in crm.transports.values():
            transport.close()


@pytest.fixture
def crm(running, monkeypatch):
    """The demo CRM without any records, and without the pause between searches."""
    monkeypatch.setattr(plugin_file, "SEARCH_SECONDS", 0.0)
    store = running.store
    for table in store.rows("select name from sqlite_master where type = 'table'"):
        store.run(f"delete from {table['name']}")
    store.commit()
    store.types = {kind: dict(known) for kind, known in demo_crm.store.BUILT_IN.items()}
    running.faults.clear()
    running.bodies.clear()
    running.counts.clear()
    running.lacking.clear()
    for transport in running.transports.values():
        transport.destination.list_ids.clear()
        transport.destination.progress, transport.destination.left_out = {}, {}
    yield running
    for sent in running.bodies:
        if sent["status"] < 400:  # what a test sends to be refused is meant to be wrong
            described(sent["path"], sent["body"])


def described(path, body):
    """Hold a request against the slice of HubSpot's OpenAPI descriptions, where it has the path."""
    dated = re.fullmatch(r"/crm/(?:v\d/)?(\w+)(?:/\d{4}-\d{2})?/(.+)", path)
    for pattern, schema in OPENAPI["paths"].items():
        if dated and re.fullmatch(pattern, f"{dated[1]}/{dated[2]}"):
            jsonschema.validate(body, schema)


def plugin(crm, token=None, **options):
    options = {"requests_per_10_seconds": 100_000, **options}
    environ = {"HUBSPOT_TOKEN": token or crm.token, "HUBSPOT_BASE_URL": crm.url}
    return HubSpot(options, environ)


def connect(crm, **options):
    """Return the plug-in with these options and its call; connections are made once."""
    key = json.dumps(options)
    if key not in crm.transports:
        crm.transports[key] = Transport(plugin(crm, **options))
    return crm.transports[key].destination, crm.transports[key].call


def record(key, remote_id=None, whole=None, **values):
    kept = {name: value for name, value in values.items() if value is not None}
    return Record(key, remote_id, values, kept if whole is None else whole)


def send(crm, operation, *records, **options):
    destination, call = connect(crm, **options)
    outcomes = destination.send(call, operation, records)
    assert len(outcomes) == len(records)
    return {outcome.key: outcome for outcome in outcomes}


def doctor(crm, fields, *, create=False, **options):
    destination, call = connect(crm, **options)
    found = list(destination.doctor(call, fields, create=create))
    return {identifier.name: identifier for identifier in found}


def pull(crm, since=None, **options):
    """Return rows by table, and the watermarks of the tables."""
    rows, marks = {}, {}
    destination, call = connect(crm, **options)
    for table, found, mark in destination.pull(call, since):
        rows.setdefault(table, []).extend(found)
        marks[table] = max(mark, marks.get(table, mark))
    return rows, marks


def contact(crm, address, **properties):
    row, _ = crm.store.upsert(address, properties)
    crm.store.commit()
    return str(row["contact_id"])


# Contacts


def test_an_add_carries_everything_and_converts_it(crm):
    got = send(
        crm,
        "add",
        record(
            "ann@example.com",
            audience_segments="a;b",
            audience_segment_count=2,
            audience_fit_score=7.0,
            audience_engagement_score=7.25,
            audience_last_engaged_at="2026-06-30T00:00:00.000Z",
            ad_consent_at=None,
        ),
    )
    assert crm.contacts() == {
        "ann@example.com": {
            "audience_segments": "a;b",
            "audience_segment_count": "2",
            "audience_fit_score": "7",
            "audience_engagement_score": "7.25",
            "audience_last_engaged_at": "2026-06-30T00:00:00.000Z",
        }
    }
    result = got["ann@example.com"]
    assert (result.state, result.remote_id) == ("delivered", "1")
    assert crm.bodies[-1]["path"] == "/crm/objects/2026-09/contacts/batch/upsert"


def test_an_update_changes_and_empties_by_record_id(crm):
    identifier = contact(crm, "ann@example.com", audience_segments="a", audience_reason="why")
    send(crm, "update", record("ann@example.com", identifier,
                               audience_segments=None, audience_reason="because"))  # fmt: skip
    assert crm.contacts()["ann@example.com"] == {"audience_reason": "because"}
    [item] = crm.bodies[-1]["body"]["inputs"]
    assert item["id"] == identifier and item["properties"]["audience_segments"] == ""


def test_an_update_without_an_id_or_without_a_contact_is_a_whole_upsert(crm):
    identifier = contact(crm, "gone@example.com", audience_segments="a")
    crm.store.delete("gone@example.com")
    whole = {"audience_segments": "b", "audience_reason": "why", "audience_grade": None}
    got = send(
        crm,
        "update",
        record("gone@example.com", identifier, whole, audience_segments="b"),
        record("new@example.com", None, whole, audience_segments="b"),
    )
    expected = {"audience_segments": "b", "audience_reason": "why"}
    assert crm.contacts() == {"gone@example.com": expected, "new@example.com": expected}
    assert set(states(got).values()) == {"delivered"}
    assert got["gone@example.com"].remote_id != identifier


def test_a_remove_empties_never_creates_and_counts_the_vanished_as_delivered(crm):
    known = contact(crm, "ann@example.com", audience_segments="a", firstname="Ann")
    gone = contact(crm, "gone@example.com", audience_segments="a")
    contact(crm, "bob@example.com", audience_segments="a", lastname="B")
    crm.store.delete("gone@example.com")
    got = send(
        crm,
        "remove",
        record("ann@example.com", known, audience_segments=None),
        record("gone@example.com", gone, audience_segments=None),
        record("bob@example.com", None, audience_segments=None),
        record("nobody@example.com", None, audience_segments=None),
    )
    assert set(states(got).values()) == {"delivered"}
    assert crm.contacts() == {
        "ann@example.com": {"firstname": "Ann"},
        "bob@example.com": {"lastname": "B"},
    }


def test_merged_contacts_are_followed(crm):
    winner = contact(crm, "work@example.com", firstname="Ann", audience_segments="a")
    loser = contact(crm, "ann@example.com", audience_segments="a")
    find = crm.store.find
    crm.store.merge(find(winner), find(loser))
    crm.store.commit()
    got = send(crm, "update", record("ann@example.com", loser, audience_segments="b"))
    assert crm.contacts()["work@example.com"]["audience_segments"] == "b"
    assert got["ann@example.com"].remote_id in (None, winner)
    send(crm, "remove", record("ann@example.com", None, audience_segments=None))
    held = crm.contacts()["work@example.com"]
    assert list(crm.contacts()) == ["work@example.com"] and "audience_segments" not in held


def test_one_bad_record_is_refused_alone(crm):
    got = send(
        crm,
        "add",
        record("bad", audience_segments="a"),
        record("ann@example.com", audience_fit_score="many"),
        record("bob@example.com", audience_fit_score=1),
    )
    assert states(got) == {
        "bad": "refused", "ann@example.com": "refused", "bob@example.com": "delivered",
    }  # fmt: skip
    assert "was not a valid number" in got["ann@example.com"].reason
    assert "ann@example.com" not in got["ann@example.com"].reason
    assert list(crm.contacts()) == ["bob@example.com"]


def test_a_batch_refused_as_a_whole(crm, monkeypatch):
    original = demo_crm.server.api.write_batch

    def without_trace_ids(store, body, *, upsert):
        for item in body["inputs"]:
            item.pop("objectWriteTraceId")
        return original(store, body, upsert=upsert)

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_trace_ids)
    with pytest.raises(Refused, match=r"VALIDATION_ERROR.*b\*\*\*@"):
        send(crm, "add", record("ann@example.com", firstname="A"), record("bad@x", firstname="B"))
    assert crm.contacts() == {}
    with pytest.raises(Refused, match="maximum number"):
        send(crm, "add", *[record(f"p{n}@example.com", firstname="P") for n in range(101)])


def test_a_property_that_is_not_there_is_a_setting_to_correct(crm):
    with pytest.raises(ConfigError, match="no property audience_no_such for contacts"):
        send(crm, "add", record("ann@example.com", audience_no_such="a"))


@pytest.mark.parametrize(
    "name", ["hs_email_optout", "hs_email_optout_123", "hs_legal_basis", "hs_marketable_status"]
)
def test_consent_is_never_written(crm, name):
    with pytest.raises(ConfigError, match="belong to the person"):
        send(crm, "add", record("ann@example.com", **{name: "true"}))
    assert crm.counts["requests"] == 0
    assert not doctor(crm, {name: "boolean"}, create=True)[name].is_fine
    assert name not in crm.store.types["contacts"] or name in demo_crm.store.PROPERTIES


def test_a_lost_connection_is_sent_again_without_harm(crm):
    crm.fail_next(drop="after")
    batch = [record("ann@example.com", audience_segments="a")]
    with pytest.raises(Transient):
        send(crm, "add", *batch)
    once = crm.contacts()
    assert states(send(crm, "add", *batch)) == {"ann@example.com": "delivered"}
    assert crm.contacts() == once


@pytest.mark.parametrize(
    ("fault", "signal", "wait"),
    [
        ({"status": 429}, Transient, 10.0),
        ({"status": 429, "headers": {"Retry-After": "3"}}, Transient, 3.0),
        ({"status": 429, "policy": "DAILY"}, Stop, None),
        ({"status": 423}, Transient, 2.0),
        ({"status": 477, "headers": {"Retry-After": "7"}}, Transient, 7.0),
        ({"status": 503}, Transient, None),
        ({"status": 521}, Transient, None),
        ({"status": 200, "raw": "<html>maintenance</html>"}, Transient, None),
        ({"status": 403}, AuthError, None),
        ({"status": 404}, ConfigError, None),
        ({"status": 404, "raw": "<html>proxy</html>"}, Transient, None),
    ],
)
def test_what_answers_mean(crm, fault, signal, wait):
    crm.fail_next(**fault)
    with pytest.raises(signal) as caught:
        send(crm, "add", record("ann@example.com", audience_segments="a"))
    if signal is Transient:
        assert caught.value.wait == wait
    assert "ann@example.com" not in str(caught.value) and crm.token not in str(caught.value)


def test_a_wrong_token_and_wrong_settings(crm):
    with pytest.raises(AuthError, match=r"crm\.objects\.contacts\.read"):
        send(crm, "add", record("ann@example.com", firstname="A"), token="other")
    with pytest.raises(ConfigError, match="HUBSPOT_TOKEN"):
        HubSpot({}, {}).check()
    with pytest.raises(ConfigError, match="does not know"):
        plugin(crm, region="eu1")
    with pytest.raises(ConfigError, match="contacts, companies or lists"):
        plugin(crm, object="deals")
    with pytest.raises(ConfigError, match="HUBSPOT_BASE_URL"):
        HubSpot({}, {"HUBSPOT_BASE_URL": "nowhere"})


def test_accounts_and_paths(crm):
    assert plugin(crm).account == "loopback"
    assert HubSpot({}, {}).account == "api.hubapi.com"
    assert HubSpot({"account": "sandbox"}, {}).account == "sandbox"
    assert HubSpot({}, {}).quota == (100, 10.0)
    send(crm, "add", record("ann@example.com", firstname="A"), version="v3")
    assert crm.bodies[-1]["path"] == "/crm/v3/objects/contacts/batch/upsert"
    assert pull(crm, version="v3")[0]["contacts"][0]["property_firstname"] == "A"
    assert doctor(crm, {"firstname": "text"}, version="v3")["firstname"].is_fine


def test_read_returns_current_values(crm):
    contact(crm, "ann@example.com", firstname="Ann")
    destination, call = connect(crm)
    asked = [record("ann@example.com"), record("nobody@example.com")]
    got = destination.read(call, asked, ["firstname", "lastname"])
    assert got == {"ann@example.com": {"firstname": "Ann", "lastname": None}}


def test_erase_deletes_for_good(crm):
    contact(crm, "ann@example.com", firstname="Ann")
    identifier = contact(crm, "bob@example.com", firstname="Bob")
    crm.store.delete("ann@example.com")  # in the recycle bin
    destination, call = connect(crm)
    assert destination.erase(call, "ann@example.com", "1")
    assert destination.erase(call, "list|bob", f"7|{identifier}")
    with pytest.raises(Refused, match="merged"):  # an id that is not known erases nobody
        destination.erase(call, "list|bob", f"7|{identifier}")
    moved = contact(crm, "married@example.com")
    assert destination.erase(call, "maiden@example.com", moved)  # by the id that we know
    assert crm.contacts() == {} and pull(crm)[0].get("contacts", []) == []
    got = send(crm, "add", record("ann@example.com", firstname="Ann"))
    assert states(got) == {"ann@example.com": "refused"}
    destination, call = connect(crm, object="companies")
    assert not destination.erase(call, "1", "1")


# Companies


def test_companies_by_id_and_by_domain_are_changed_and_never_created(crm):
    create = crm.store.create
    crm.store.add_property("companies", {"name": "audience_grade", "type": "string"})
    first, two = (
        create("companies", {"domain": "One.example"}),
        create("companies", {"name": "Two"}),
    )
    for _ in range(2):
        create("companies", {"domain": "twice.example"})
    crm.store.commit()
    by_id = str(two["object_id"])
    batch = [
        record("one.example", audience_grade="A"),
        record(by_id, audience_grade="B"),
        record("twice.example", audience_grade="C"),
        record("none.example", audience_grade="D"),
        record("999", audience_grade="E"),
    ]
    got = send(crm, "add", *batch, object="companies")
    assert states(got) == {
        "one.example": "delivered", by_id: "delivered", "twice.example": "refused",
        "none.example": "absent", "999": "absent",
    }  # fmt: skip
    assert got["twice.example"].reason == "HubSpot has 2 companies with this domain"
    held = {row["object_id"]: json.loads(row["properties"]) for row in companies(crm)}
    assert len(held) == 4
    assert held[first["object_id"]]["audience_grade"] == "A" and held[int(by_id)] == {
        "name": "Two", "audience_grade": "B",
    }  # fmt: skip
    destination, call = connect(crm, object="companies")
    read = destination.read(call, batch, ["audience_grade", "name"])
    assert read["one.example"] == {"audience_grade": "A", "name": None} and len(read) == 2
    gone = [
        record("one.example", str(first["object_id"]), audience_grade=None),
        record("none.example", None, audience_grade=None),
        record("999", "999", audience_grade=None),
    ]
    assert set(states(send(crm, "remove", *gone, object="companies")).values()) == {"delivered"}
    assert json.loads(companies(crm)[0]["properties"]) == {"domain": "One.example"}


def companies(crm):
    return crm.store.rows("select * from objects where object_type = 'companies' order by 1")


def test_a_search_for_many_domains_stays_short(crm):
    batch = [record(f"{'long' * 10}{n}.example", audience_grade="A") for n in range(100)]
    got = send(crm, "add", *batch, object="companies")
    assert set(states(got).values()) == {"absent"}
    assert crm.counts["requests"] > 1


# Static lists


def in_list(key, remote_id=None, **values):
    owner, _, person = key.partition("|")
    return record(key, remote_id, list=owner, email=person, **values)


def members(crm, name):
    rows = crm.store.rows(
        "select email from memberships join lists using (list_id)"
        " join contacts on contact_id = record_id where name = ? order by email",
        [name],
    )
    return [row["email"] for row in rows]


def test_lists_are_created_filled_and_emptied(crm):
    ann, bob = contact(crm, "ann@example.com"), contact(crm, "bob@example.com")
    batch = [
        in_list("Ready/now|ann@example.com"),
        record(f"Ready/now|{bob}", list="Ready/now"),
        in_list("Ready/now|nobody@example.com"),
    ]
    refused = send(crm, "add", *batch, object="lists")
    assert set(states(refused).values()) == {"refused"}
    assert "create_lists" in refused[batch[0].key].reason
    got = send(crm, "add", *batch, object="lists", create_lists=True)
    assert [entry.state for entry in got.values()].count("delivered") == 2
    assert got[batch[2].key].reason == "HubSpot has no such contact"
    assert got[batch[0].key].remote_id == f"1|{ann}"
    assert members(crm, "Ready/now") == ["ann@example.com", "bob@example.com"]
    assert crm.store.rows("select processing_type from lists")[0][0] == "MANUAL"
    send(crm, "add", *batch, object="lists", create_lists=True)  # again: nothing changes
    assert members(crm, "Ready/now") == ["ann@example.com", "bob@example.com"]
    gone = [
        Record("ready/now|ann@example.com", f"1|{ann}", {"list": None, "email": None}, {}),
        Record(f"Ready/now|{bob}", None, {"list": None}, {}),
        Record("Ready/now|nobody@example.com", None, {"list": None}, {}),
        Record("No such|ann@example.com", None, {"list": None}, {}),
        Record("Gone|ann@example.com", f"99|{ann}", {"list": None}, {}),
    ]
    assert set(states(send(crm, "remove", *gone, object="lists")).values()) == {"delivered"}
    assert members(crm, "Ready/now") == []
    assert len(crm.store.rows("select 1 from lists")) == 1


def test_a_membership_that_moved_leaves_the_old_list(crm):
    contact(crm, "ann@example.com")
    first = send(crm, "add", in_list("one|ann@example.com"), object="lists", create_lists=True)
    [old] = [entry.remote_id for entry in first.values()]
    moved = Record("k|ann@example.com", old, {"list": "two"},
                   {"list": "two", "email": "ann@example.com"})  # fmt: skip
    got = send(crm, "update", moved, object="lists", create_lists=True)
    assert states(got) == {"k|ann@example.com": "delivered"}
    assert members(crm, "one") == [] and members(crm, "two") == ["ann@example.com"]


def test_lists_that_cannot_be_filled(crm):
    ann = contact(crm, "ann@example.com")
    now = demo_crm.store.utc_now()
    crm.store.run("insert into lists values (5, 'Active', '0-1', 'DYNAMIC', ?, ?)", [now, now])
    crm.store.commit()
    got = send(
        crm, "add",
        in_list("Active|ann@example.com"), in_list("77|ann@example.com"), in_list("77|999"),
        object="lists",
    )  # fmt: skip
    assert "static list" in got["Active|ann@example.com"].reason
    assert got["77|ann@example.com"].reason == "HubSpot has no such list"
    crm.store.run("insert into lists values (77, 'S', '0-1', 'SNAPSHOT', ?, ?)", [now, now])
    got = send(crm, "add", in_list("77|ann@example.com"), in_list("77|999"), object="lists")
    assert got["77|999"].reason == "HubSpot has no such contact"
    assert got["77|ann@example.com"].remote_id == f"77|{ann}"
    assert plugin(crm, object="lists").needs == {"list"}
    assert not plugin(crm, object="lists").can_read and HubSpot.can_pull


# Looking after


def test_doctor_checks_and_creates_properties(crm):
    contact(crm, "ann@example.com", audience_segments="a")
    fields = {
        "audience_segments": "text",
        "audience_last_engaged_at": "text",
        "audience_is_new": "boolean",
        "audience_since": "date",
        "createdate": "instant",
    }
    found = doctor(crm, fields)
    assert found["token"].is_fine and found["audience_segments"].is_fine
    assert found["audience_last_engaged_at"].detail == "type datetime does not take a text"
    assert not found["audience_is_new"].is_fine and "--create" in found["audience_is_new"].detail
    assert not found["createdate"].is_fine
    assert found["sample of contacts"].detail == "2 of 5 fields are filled"
    for _ in range(2):
        found = doctor(crm, fields, create=True)
        assert found["audience_is_new"].is_fine and found["audience_since"].is_fine
    assert [row["name"] for row in crm.store.rows("select name from property_groups")] == [
        "audience_engine"
    ]
    send(crm, "add", record("ann@example.com", audience_is_new=True, audience_since="2026-06-30"))
    assert crm.contacts()["ann@example.com"]["audience_is_new"] == "true"
    assert doctor(crm, {}, object="lists")["lists can be read"].is_fine
    assert doctor(crm, {"name": "text"}, object="companies")["name"].is_fine
    with pytest.raises(AuthError):
        doctor(crm, fields, token="other")


# Pulling


def declared():
    """Return the columns that our sources declare, by table."""
    [source] = yaml.safe_load(SOURCES.read_text())["sources"]
    return {
        table["name"]: {column["name"] for column in table["columns"]} for table in source["tables"]
    }


def test_what_is_read_is_what_staging_reads(crm):
    columns = declared()
    wanted = {
        kind: {name.removeprefix("property_") for name in found if name.startswith("property_")}
        for kind, found in columns.items()
    }
    for kind in ("contacts", "companies"):
        assert plugin(crm, object=kind).pulled == wanted[kind] == set(READ[kind])
    for kind, names in ENGAGEMENTS.items():
        assert set(names) == wanted[f"engagement_{kind}"]
    assert plugin(crm, object="lists").pulled == frozenset()
    # Merges come with the records, in hs_merged_object_ids.
    assert set(TABLES) == set(columns) - {"merged_deals", "contact_merge_audit"}


def engagement(crm, kind, *contacts, **properties):
    """Log something for contacts; returns its id."""
    made = str(crm.store.create(kind, properties)["object_id"])
    for contact_id in contacts:
        crm.store.associate(kind, made, "contacts", contact_id)
    return made


def fill(crm):
    """Put one of everything into the CRM."""
    store = crm.store
    owner = store.add_owner("rep@example.com", "Rita", "Rep")
    left = store.add_owner("left@example.com", "Lea", "Left")
    store.run("update owners set is_archived = 1 where owner_id = ?", [left])
    ann = contact(crm, "ann@example.com", firstname="Ann", hubspot_owner_id=owner)
    contact(crm, "gone@example.com", hs_email_optout="true")
    store.delete("gone@example.com")
    company = store.create("companies", {"domain": "one.example", "hs_is_target_account": "true"})
    deal = store.create(
        "deals",
        {"dealname": "D", "dealstage": "closedwon", "closedate": LONG_AGO, "amount": "5",
         "hubspot_owner_id": owner},
    )  # fmt: skip
    store.archive(store.create("deals", {"dealname": "lost"}))
    store.associate("deals", str(deal["object_id"]), "contacts", ann)
    store.associate("deals", str(deal["object_id"]), "companies", str(company["object_id"]))
    for kind, names in ENGAGEMENTS.items():
        engagement(crm, kind, ann, **{names[-1]: "x"}, hs_timestamp=LONG_AGO)
    store.commit()
    return ann, str(deal["object_id"])


def test_rows_have_the_shape_of_the_raw_tables(crm):
    ann, deal = fill(crm)
    rows, marks = pull(crm)
    columns = declared()
    # Another connector has its own words for what is gone, and for meetings.
    others = {"_fivetran_deleted", "is_deleted", "archived", "title", "body", "meeting_outcome"}
    others |= {"start_time", "property_lastmodifieddate"}
    for table, found in rows.items():
        assert set(found[0]) <= columns[table], table
        assert columns[table] - set(found[0]) <= others, table
    live, gone = rows["contacts"]
    assert (live["id"], live["property_email"], live["property_firstname"]) == (
        ann, "ann@example.com", "Ann",
    )  # fmt: skip
    assert live["_fivetran_deleted"] is False and live["property_lastname"] is None
    assert gone["_fivetran_deleted"] is True and gone["property_hs_email_optout"] == "true"
    assert rows["companies"][0]["property_hs_is_target_account"] == "true"
    won, lost = rows["deals"]
    assert won["deal_pipeline_stage_id"] == "closedwon" and won["property_closedate"] == LONG_AGO
    assert (won["is_deleted"], lost["is_deleted"]) == (False, True)
    assert [(link["deal_id"], link["contact_id"]) for link in rows["deal_contacts"]] == [
        (deal, ann)
    ]
    assert [owner["email"] for owner in rows["owners"]] == ["rep@example.com", "left@example.com"]
    assert len(set(marks.values())) == 1 and set(marks) == set(rows) <= set(declared())


def test_only_changes_come_the_next_time(crm):
    fill(crm)
    for table in ("contacts", "objects", "owners", "archived"):
        column = "archived_at" if table == "archived" else "updated_at"
        crm.store.run(f"update {table} set {column} = ?", [LONG_AGO])
    row = crm.store.find("ann@example.com", by_email=True)
    since = datetime(2026, 6, 1)
    rows, marks = pull(crm, since)
    assert not any(rows.values()) and set(marks.values()) == {since}
    # What changed shortly before may not have been found then: it comes, once more or at last.
    crm.store.run("update contacts set updated_at = '2026-05-31T23:51:00.000Z'")
    assert len(pull(crm, since)[0]["contacts"]) == 1
    crm.store.update(row, {"firstname": "Anna"})
    [call] = crm.store.rows("select * from objects where object_type = 'calls'")
    crm.store.update(call, {"hs_call_body": "Rang twice"})
    rows, marks = pull(crm, since)
    assert {table: len(found) for table, found in rows.items() if found} == {
        "contacts": 1, "engagement_calls": 1, "engagement_contacts": 1,
    }  # fmt: skip
    assert rows["contacts"][0]["property_firstname"] == "Anna"
    assert min(marks.values()) > since


def test_the_later_state_is_the_later_row_within_one_second(crm):
    company = crm.store.create("companies", {"name": "First"})
    states = [pull(crm)[0]["companies"][0]]
    for name in ("Second", "Third"):
        crm.store.update(company, {"name": name})
        states.append(pull(crm)[0]["companies"][0])
    crm.store.archive(crm.store.find(str(company["object_id"]), kind="companies"))
    states.append(pull(crm)[0]["companies"][0])
    stamps = [row["_fivetran_synced"] for row in states]
    assert stamps == sorted(set(stamps))
    assert [row["property_name"] for row in states] == ["First", "Second", "Third", "Third"]
    assert [row["is_deleted"] for row in states] == [False, False, False, True]


def test_many_contacts_with_the_same_time_stamp_are_pulled_completely(crm):
    total = 10_450
    people = [(f"p{n}@example.com", "{}", LONG_AGO, LONG_AGO) for n in range(total)]
    crm.store.connection.executemany(
        "insert into contacts (email, properties, created_at, updated_at) values (?, ?, ?, ?)",
        people,
    )
    rows, marks = pull(crm)
    assert len({entry["id"] for entry in rows["contacts"]}) == total == len(rows["contacts"])
    assert marks["contacts"] == datetime(2026, 1, 1)
    again, _ = pull(crm, marks["contacts"])  # the instant itself belongs to the next pull too
    assert len(again["contacts"]) == total


@pytest.mark.parametrize("hours", [-30, 30])
def test_other_clocks_lose_nothing(crm, monkeypatch, hours):
    """HubSpot's clock may be far from ours; what changes after a pull is in the next one."""

    class Skewed(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr(plugin_file, "datetime", Skewed)
    contact(crm, "ann@example.com", firstname="Ann")
    _, marks = pull(crm)
    contact(crm, "ann@example.com", firstname="Anna")
    rows, _ = pull(crm, min(marks.values()))
    assert rows["contacts"][-1]["property_firstname"] == "Anna"


def test_the_watermark_is_never_ahead_of_the_clock_there(crm):
    contact(crm, "ann@example.com")
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat().replace("+00:00", "Z")
    crm.store.run("update contacts set updated_at = ?", [ahead])
    _, marks = pull(crm)
    assert max(marks.values()) <= datetime.now(UTC).replace(tzinfo=None)


def test_without_a_clock_there_the_watermark_stays(crm, monkeypatch):
    contact(crm, "ann@example.com")
    original = demo_crm.server.Handler.send_header

    def without_date(self, name, value):
        if name != "Date":
            original(self, name, value)

    monkeypatch.setattr(demo_crm.server.Handler, "send_header", without_date)
    since = datetime(2026, 6, 1)
    rows, marks = pull(crm, since)
    assert len(rows["contacts"]) == 1 and set(marks.values()) == {since}


def test_pages_of_associations_are_followed(crm, monkeypatch):
    monkeypatch.setattr(demo_crm.account, "ASSOCIATIONS_PAGE", 2)
    deal = str(crm.store.create("deals", {"dealname": "D"})["object_id"])
    for n in range(5):
        crm.store.associate("deals", deal, "contacts", contact(crm, f"p{n}@example.com"))
    assert len(pull(crm)[0]["deal_contacts"]) == 5


def test_engagements_come_with_their_contacts(crm, monkeypatch):
    monkeypatch.setattr(demo_crm.account, "ASSOCIATIONS_PAGE", 2)
    people = [contact(crm, f"p{number}@example.com") for number in range(5)]
    note = engagement(crm, "notes", *people[:2], hs_note_body="Called back", hs_timestamp=LONG_AGO)
    meeting = engagement(crm, "meetings", *people, hs_meeting_outcome="COMPLETED")
    engagement(crm, "tasks", hs_task_status="COMPLETED")
    torn = engagement(crm, "notes", people[0], hs_note_body="Typo")
    crm.store.archive(crm.store.find(torn, kind="notes"))
    rows, _ = pull(crm)
    live, gone = rows["engagement_notes"]
    assert (live["engagement_id"], live["_fivetran_deleted"]) == (note, False)
    assert (live["property_hs_note_body"], live["property_hs_timestamp"]) == (
        "Called back", LONG_AGO,
    )  # fmt: skip
    assert live["property_hs_createdate"] and live["property_hubspot_owner_id"] is None
    assert (gone["engagement_id"], gone["_fivetran_deleted"]) == (torn, True)
    assert rows["engagement_meetings"][0]["property_hs_meeting_outcome"] == "COMPLETED"
    assert rows["engagement_tasks"][0]["property_hs_task_status"] == "COMPLETED"
    links = {(link["engagement_id"], link["contact_id"]) for link in rows["engagement_contacts"]}
    expected = {(note, person) for person in people[:2]} | {(meeting, person) for person in people}
    assert links == expected and len(rows["engagement_contacts"]) == len(expected)


def test_stages_say_what_is_won_and_closed(crm):
    stages = {row["stage_id"]: row for row in pull(crm)[0]["deal_pipeline_stages"]}
    flags = {name: (row["closed_won"], row["is_closed"]) for name, row in stages.items()}
    assert flags["closedwon"] == (True, True) and flags["closedlost"] == (False, True)
    assert flags["contractsent"] == (False, False)
    assert {row["pipeline_id"] for row in stages.values()} == {"default"}


def add_properties(crm, kind, *names, **definition):
    for name in names:
        crm.store.add_property(kind, {"name": name, "type": "string", **definition})


def test_properties_of_your_own_come_and_those_we_write_do_not(crm):
    names = [f"a_rather_long_name_of_a_property_{number}" for number in range(200)]
    add_properties(crm, "contacts", "renewal_risk", "hand_made", *names)  # too many for a search
    add_properties(crm, "contacts", "made_by_doctor", groupName="audience_engine")
    add_properties(crm, "contacts", "hs_analytics_source", "hs_other", hubspotDefined=True)
    add_properties(crm, "deals", "need")
    theirs = {"renewal_risk": "high", names[-1]: "x", "hs_analytics_source": "PAID_SOCIAL"}
    ours = {"hand_made": "x", "made_by_doctor": "x"}
    contact(crm, "ann@example.com", **theirs, **ours, hs_other="x")
    contact(crm, "gone@example.com", renewal_risk="low")
    crm.store.delete("gone@example.com")
    crm.store.create("deals", {"need": "speed"})
    destination, _ = connect(crm, pull_properties=["hs_analytics_source", "hs_not_there"])
    destination.written = frozenset({"hand_made"})
    rows, _ = pull(crm, pull_properties=["hs_analytics_source", "hs_not_there"])
    live, gone = rows["contacts"]
    further = {f"property_{name}": value for name, value in theirs.items()}
    assert {name: live[name] for name in set(live) - declared()["contacts"]} == further
    assert gone["property_renewal_risk"] == "low" and gone["_fivetran_deleted"] is True
    assert rows["deals"][0]["property_need"] == "speed"
    assert rows["engagement_notes"] == []
    assert "hs_analytics_source" in destination.pulled  # so that no sync may write it
    with pytest.raises(ConfigError, match="pull_properties"):
        plugin(crm, pull_properties=["Number of Employees"])


def test_without_a_scope_the_rest_is_pulled(crm, monkeypatch):
    fill(crm)
    destination, call = connect(crm)
    crm.lacking.add("sales-email-read")
    rows, marks = pull(crm)
    assert destination.left_out == {
        "engagement_emails": "the token lacks the scope sales-email-read"
    }
    assert not rows.get("engagement_emails") and "engagement_emails" not in marks
    assert rows["engagement_notes"] and set(marks) == set(TABLES) - {"engagement_emails"}
    assert len(set(marks.values())) == 1
    original = demo_crm.server.scopes_of
    monkeypatch.setattr(
        demo_crm.server,
        "scopes_of",
        lambda area, rest: ["s"] if area in ("properties", "pipelines") else original(area, rest),
    )
    crm.lacking.add("s")
    destination.left_out = {}
    assert pull(crm)[0]["deals"]
    assert set(destination.left_out) == {
        "engagement_emails", "deal_pipeline_stages", "properties of your own of contacts",
        "properties of your own of companies", "properties of your own of deals",
    }  # fmt: skip
    # What was needed before is needed, and another refusal is no missing scope.
    crm.lacking.add("crm.objects.companies.read")
    with pytest.raises(AuthError, match=r"\.companies\.read"):
        list(destination.pull(call, None))
    crm.lacking.clear()
    destination.progress = {}
    steps = destination.pull(call, None)
    for table, _, _ in steps:
        if table == "engagement_calls":
            break
    crm.fail_next(status=403)
    with pytest.raises(AuthError):
        list(steps)


def test_a_pull_goes_on_among_the_engagements(crm):
    fill(crm)
    destination, call = connect(crm)
    steps = destination.pull(call, None)
    for table, _, _ in steps:
        if table == "engagement_notes":
            break
    steps.close()
    rows, marks = pull(crm)
    assert rows["contacts"][0]["_fivetran_deleted"] is True  # the recycle bin is read again
    assert len(rows["contacts"]) == 1 and rows["engagement_notes"] == []
    assert len(rows["engagement_calls"]) == 1 and len(set(marks.values())) == 1


def test_searches_keep_to_their_own_limit(crm, monkeypatch):
    clock = [100.0]
    waits = []
    monkeypatch.setattr(plugin_file, "SEARCH_SECONDS", 0.22)
    monkeypatch.setattr(plugin_file.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(plugin_file.time, "sleep", waits.append)
    destination = plugin(crm)
    for _ in range(3):
        destination.pace()
    assert waits == [pytest.approx(0.22)] * 2


def test_a_pull_that_breaks_off_has_not_moved_the_watermark(crm):
    contact(crm, "ann@example.com")
    since, marks = datetime(2026, 6, 1), []
    destination, call = connect(crm)
    steps = destination.pull(call, since)
    marks.append(next(steps)[2])
    crm.fail_next(status=503)
    with pytest.raises(Transient):
        for _, _, mark in steps:
            marks.append(mark)
    assert set(marks) == {since}


# The fake itself


def test_the_official_client_agrees_with_the_demo_crm(crm):
    client = hubspot.Client.create(access_token=crm.token)
    batches, searches = client.crm.contacts.batch_api, client.crm.contacts.search_api
    lists, memberships = client.crm.lists.lists_api, client.crm.lists.memberships_api
    properties, owners = client.crm.properties.core_api, client.crm.owners.owners_api
    associations = client.crm.associations.v4.batch_api
    note_searches, notes = client.crm.objects.notes.search_api, client.crm.objects.notes.basic_api
    pipelines = client.crm.pipelines.pipelines_api
    apis = (batches, searches, lists, memberships, properties, owners, associations, pipelines)
    for batch in (*apis, notes, note_searches):
        batch.api_client.configuration.host = crm.url
    ann = {"id": "ann@example.com", "idProperty": "email", "properties": {"firstname": "Ann"}}
    made = batches.upsert({"inputs": [ann]})
    assert made.status == "COMPLETE" and made.results[0].new is True
    identifier = made.results[0].id
    changed = batches.update({"inputs": [{"id": identifier, "properties": {"lastname": "A"}}]})
    assert changed.results[0].properties["lastname"] == "A"
    named_ann = {"propertyName": "firstname", "operator": "EQ", "value": "ann"}
    found = searches.do_search(
        {
            "filterGroups": [{"filters": [named_ann]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["firstname"],
            "limit": 200,
        }
    )
    assert found.total == 1 and found.results[0].id == identifier
    created = lists.create({"name": "L", "objectTypeId": "0-1", "processingType": "MANUAL"})
    assert lists.get_by_name("L", "0-1").list.list_id == created.list.list_id
    added = memberships.add(created.list.list_id, [identifier, "999"])
    assert added.records_ids_added == [identifier] and added.record_ids_missing == ["999"]
    assert {"email", "audience_segments"} <= {
        entry.name for entry in properties.get_all("contacts").results
    }
    crm.store.add_owner("rep@example.com", "Rita", "Rep")
    assert owners.get_page().results[0].first_name == "Rita"
    deal = str(crm.store.create("deals", {"dealname": "D"})["object_id"])
    crm.store.associate("deals", deal, "contacts", identifier)
    read = associations.get_page("deals", "contacts", {"inputs": [{"id": deal}]})
    assert str(read.results[0].to[0].to_object_id) == identifier
    note = engagement(crm, "notes", identifier, hs_note_body="Hello")
    found = note_searches.do_search(
        {
            "filterGroups": [],
            "sorts": ["hs_object_id"],
            "properties": ["hs_note_body"],
            "limit": 1,
        }
    )
    assert (found.results[0].id, found.results[0].properties["hs_note_body"]) == (note, "Hello")
    crm.store.archive(crm.store.find(note, kind="notes"))
    assert notes.get_page(archived=True).results[0].id == note
    [pipeline] = pipelines.get_all("deals").results
    assert pipeline.stages[-1].metadata == {"isClosed": "true", "probability": "0.0"}
    crm.store.delete("ann@example.com")
    asked = {"inputs": [{"id": identifier}], "properties": ["firstname"]}
    [gone] = batches.read(asked, archived=True).results
    assert gone.properties["firstname"] == "Ann" and not batches.read(asked).results


def test_the_slice_of_the_description_is_met_and_can_be_missed(crm):
    contact(crm, "ann@example.com")
    destination, call = connect(crm)
    assert destination.erase(call, "ann@example.com", None)
    assert crm.bodies[-1]["path"] == "/crm/objects/2026-09/contacts/gdpr-delete"
    with pytest.raises(jsonschema.ValidationError):
        described("/crm/objects/2026-09/contacts/gdpr-delete", {"id": "1"})
    with pytest.raises(jsonschema.ValidationError):
        described("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": 1}], "properties": []})

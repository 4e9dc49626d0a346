"""The demo CRM keeps to HubSpot's documented contract for the endpoints that push and pull use."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dev import demo_crm

ROOT = Path(__file__).resolve().parents[2]
CONTACTS = "/crm/objects/2026-03/contacts"
COMPANIES = "/crm/objects/2026-03/companies"
LISTS = "/crm/lists/2026-03"


@pytest.fixture
def crm(tmp_path):
    with demo_crm.start(state=tmp_path / "crm.sqlite") as running:
        yield running


@pytest.fixture
def http(crm):
    headers = {"Authorization": f"Bearer {crm.token}"}
    with httpx.Client(base_url=crm.url, headers=headers, timeout=10) as client:
        yield client


def contact(address, trace=None, **properties):
    item = {"id": address, "idProperty": "email", "properties": properties}
    return item | ({"objectWriteTraceId": trace} if trace else {})


def upsert(http, *inputs):
    return http.post(f"{CONTACTS}/batch/upsert", json={"inputs": list(inputs)})


def test_upsert_creates_then_updates(http):
    first = upsert(http, contact("Ann@Example.com", "t1", audience_segments="a;b"))
    second = upsert(http, contact("ann@example.com", "t1", firstname="Ann"))
    assert (first.status_code, second.status_code) == (200, 200)
    [created], [updated] = first.json()["results"], second.json()["results"]
    assert created["new"] is True and updated["new"] is False
    assert created["id"] == updated["id"] and updated["objectWriteTraceId"] == "t1"
    assert updated["properties"]["email"] == "ann@example.com"
    assert updated["properties"]["firstname"] == "Ann"
    assert updated["properties"]["audience_segments"] == "a;b"
    assert {"createdAt", "updatedAt", "archived"} <= set(updated)
    assert first.json()["status"] == "COMPLETE" and "errors" not in first.json()


def test_empty_string_clears_and_update_needs_a_known_id(http, crm):
    [result] = upsert(http, contact("a@example.com", audience_segments="x")).json()["results"]
    reply = http.post(
        f"{CONTACTS}/batch/update",
        json={
            "inputs": [
                {"id": result["id"], "properties": {"audience_segments": ""}},
                {"id": "999", "properties": {"audience_segments": "y"}},
            ]
        },
    )
    assert reply.status_code == 207
    [error] = reply.json()["errors"]
    assert error["category"] == "OBJECT_NOT_FOUND" and error["context"] == {"ids": ["999"]}
    assert crm.contacts() == {"a@example.com": {}}


def test_one_bad_record_is_named_by_its_trace_id(http, crm):
    reply = upsert(http, contact("bad", "t1"), contact("b@example.com", "t2", firstname="B"))
    assert reply.status_code == 207
    body = reply.json()
    assert body["numErrors"] == 1 and len(body["results"]) == 1
    [error] = body["errors"]
    assert (error["status"], error["category"]) == ("error", "VALIDATION_ERROR")
    assert error["context"]["objectWriteTraceId"] == ["t1"]
    assert list(crm.contacts()) == ["b@example.com"]


def test_one_bad_record_refuses_the_batch_without_trace_ids(http, crm):
    reply = upsert(http, contact("bad"), contact("b@example.com"))
    assert reply.status_code == 400 and reply.json()["category"] == "VALIDATION_ERROR"
    assert crm.contacts() == {}


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([contact(f"p{n}@example.com") for n in range(101)], "maximum number of inputs"),
        ([contact("a@example.com"), contact("A@example.com")], "Duplicate IDs found"),
        ([contact("a@example.com", audience_segment_count=3)], "must be strings"),
        ([contact("a@example.com", no_such="x")], "PROPERTY_DOESNT_EXIST"),
        ([contact("a@example.com", audience_segment_count="many")], "INVALID_NUMBER"),
        ([contact("a@example.com", audience_last_engaged_at="soon")], "INVALID_DATETIME"),
        ([], "at least one"),
    ],
)
def test_requests_that_are_refused_as_a_whole(http, crm, inputs, words):
    reply = upsert(http, *inputs)
    assert reply.status_code == 400
    assert words in reply.json()["message"]
    assert crm.contacts() == {}


def test_wrong_token(crm):
    reply = httpx.get(crm.url + CONTACTS, headers={"Authorization": "Bearer other"})
    assert reply.status_code == 401
    assert reply.json()["category"] == "INVALID_AUTHENTICATION"


def test_quota_gives_the_documented_429(tmp_path):
    with demo_crm.start(state=tmp_path / "crm.sqlite", requests_per_10s=2) as crm:
        headers = {"Authorization": f"Bearer {crm.token}"}
        replies = [httpx.get(crm.url + CONTACTS, headers=headers) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[0].headers["X-HubSpot-RateLimit-Remaining"] == "1"
    assert replies[2].headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    body = replies[2].json()
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")


def test_read_by_address_and_paging(http):
    upsert(http, *[contact(f"p{n}@example.com", firstname=f"P{n}") for n in range(5)])
    result = http.get(f"{CONTACTS}/p3@example.com?idProperty=email&properties=firstname").json()
    assert result["properties"]["firstname"] == "P3"
    assert http.get(f"{CONTACTS}/{result['id']}").json()["id"] == result["id"]
    assert http.get(f"{CONTACTS}/nobody@example.com?idProperty=email").status_code == 404
    seen, after = [], None
    while True:
        page = http.get(CONTACTS, params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [item["properties"]["email"] for item in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert seen == [f"p{n}@example.com" for n in range(5)]


def test_page_shows_contacts_and_escapes_them(http, crm):
    upsert(
        http,
        contact("eve@example.com", firstname="<script>alert(1)</script>", audience_segments="a_b"),
        contact("ann@example.com", audience_primary_segment="sales_ready",
                audience_segments="sales_ready", audience_engagement_score="80"),
    )  # fmt: skip
    page = httpx.get(crm.url).text
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert page.index("ann@example.com") < page.index("eve@example.com")  # most engaged first
    assert "http://" not in page and "https://" not in page  # nothing is fetched
    narrowed = httpx.get(crm.url, params={"segment": "a_b"}).text
    assert "eve@example.com" in narrowed and "ann@example.com" not in narrowed
    assert "No contacts to show" in httpx.get(crm.url, params={"search": "nobody"}).text


def test_program_prints_its_address_keeps_state_and_stops_on_sigterm(tmp_path):
    state = tmp_path / "deep" / "crm.sqlite"
    command = [sys.executable, "-m", "dev.demo_crm", "--state", str(state)]
    for expected in (0, 1):  # the second start finds what the first one kept
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            url = process.stdout.readline().strip()
            headers = {"Authorization": "Bearer demo-token"}
            with httpx.Client(base_url=url, headers=headers) as http:
                assert len(http.get(CONTACTS).json()["results"]) == expected
                upsert(http, contact("a@example.com"))
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == ""


def test_a_port_that_is_taken(tmp_path, crm):
    port = crm.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "dev.demo_crm", "--port", port]
    command += ["--state", str(tmp_path / "other.sqlite")]
    taken = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert taken.returncode == 2 and "cannot start" in taken.stderr


def test_faults_over_http(crm, http):
    http.post("/_demo/faults", json={"status": 503, "count": 2})
    codes = [upsert(http, contact("a@example.com")).status_code for _ in range(3)]
    assert codes == [503, 503, 200]
    crm.fail_next(drop="after")
    with pytest.raises(httpx.HTTPError):
        upsert(http, contact("b@example.com"))
    assert "b@example.com" in crm.contacts()


def test_faults_need_the_token_and_bad_ones_break_nothing(crm, http):
    for path in ("/_demo/faults", "/_demo/stats"):
        method = "POST" if path.endswith("faults") else "GET"
        assert httpx.request(method, crm.url + path, json={"status": 503}).status_code == 401
    wrong = [
        [], "x", {"count": "many"}, {"count": -1}, {"status": "x"}, {"speed": 1}, {"raw": {}},
        {"status": 503, "headers": {"a": "b\nc"}}, {"drop": "never"},
    ]  # fmt: skip
    for bad in wrong:
        assert http.post("/_demo/faults", json=bad).status_code == 400
    assert upsert(http, contact("a@example.com")).status_code == 200


@pytest.mark.parametrize("page", ["²", "9" * 400, "-1", "x", "0", "1e9"])
def test_bad_values_never_break_the_page(crm, http, page):
    for score in ("nan", "inf", "many", ""):
        upsert(http, contact(f"a{score}@example.com", lastname="<script>"))
        row = crm.store.find(f"a{score}@example.com", by_email=True)
        crm.store.update(row, {"audience_engagement_score": score})
    reply = httpx.get(crm.url, params={"page": page, "segment": "<script>", "search": '"><script>'})
    assert reply.status_code == 200 and "<script>" not in reply.text


def created(http, kind, **properties):
    reply = http.post(f"/crm/objects/2026-03/{kind}", json={"properties": properties})
    assert reply.status_code == 201
    return reply.json()["id"]


def ids(http, kind="contacts", *filters, **more):
    body = {"filterGroups": [{"filters": list(filters)}], **more}
    reply = http.post(f"/crm/v3/objects/{kind}/search", json=body)
    assert reply.status_code == 200, reply.text
    return [result["id"] for result in reply.json()["results"]]


def where(name, operator, value=None, **more):
    held = {} if value is None else {"value": value}
    return {"propertyName": name, "operator": operator, **held, **more}


def test_search_filters_sorts_and_pages(http, crm):
    crm.searches_per_second = 1000
    made = [
        created(http, "companies", domain=f"{name}.example", numberofemployees=size)
        for name, size in (("one", "9"), ("two", "10"), ("three", "100"))
    ]
    first, two, three = made
    assert ids(http, "companies", where("domain", "EQ", "ONE.example")) == [first]
    assert ids(http, "companies", where("domain", "IN", values=["one.example", "x"])) == [first]
    assert ids(http, "companies", where("domain", "NOT_IN", values=["one.example"])) == made[1:]
    assert ids(http, "companies", where("numberofemployees", "GT", "9")) == [two, three]
    assert ids(http, "companies", where("name", "HAS_PROPERTY")) == []
    assert ids(http, "companies", where("hs_object_id", "GT", first), limit=1) == [two]
    now = [where("hs_lastmodifieddate", "GTE", "1767225600000")]
    assert ids(http, "companies", *now) == made
    assert ids(http, "companies", where("hs_lastmodifieddate", "LT", "1767225600000")) == []
    largest = [{"propertyName": "numberofemployees", "direction": "DESCENDING"}]
    assert ids(http, "companies", sorts=largest, limit=2) == [three, two]
    assert ids(http, "companies", sorts=largest, limit=2, after="2") == [first]
    body = http.post(f"{COMPANIES}/search", json={"limit": 2}).json()
    assert body["total"] == 3 and body["paging"] == {"next": {"after": "2"}}


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9801"},
        {"filterGroups": [{"filters": []}] * 6},
        {"sorts": ["createdate", "hs_object_id"]},
        {"filterGroups": [{"filters": [{"propertyName": "no_such", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ"}]}]},
        {"properties": ["x" * 3000]},
    ],
)
def test_searches_that_are_refused(http, body):
    assert http.post(f"{CONTACTS}/search", json=body).status_code == 400


def test_searches_have_a_limit_of_their_own(http):
    replies = [http.post(f"{CONTACTS}/search", json={}) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert replies[-1].json()["policyName"] == "SECONDLY"
    assert http.get(CONTACTS).status_code == 200


def test_companies_are_updated_and_never_upserted_by_domain(http):
    result = created(http, "companies", domain="one.example")
    values = {"name": "One", "renewal_date": "2026-06-30"}
    body = {"inputs": [{"id": result, "properties": values}]}
    assert http.post(f"{COMPANIES}/batch/update", json=body).json()["results"][0]["id"] == result
    read = {"inputs": [{"id": result}, {"id": "99"}], "properties": ["name"]}
    reply = http.post(f"{COMPANIES}/batch/read", json=read)
    assert reply.status_code == 207 and reply.json()["results"][0]["properties"]["name"] == "One"
    for item in (
        {"id": "one.example", "idProperty": "domain", "properties": {}},
        {"id": result, "properties": {"renewal_date": "2026-06-30T12:00:00Z"}},
        {"id": result, "properties": {"hs_is_target_account": "yes"}},
        {"id": result, "properties": {"hs_object_id": "7"}},
    ):
        action = "upsert" if "idProperty" in item else "update"
        assert http.post(f"{COMPANIES}/batch/{action}", json={"inputs": [item]}).is_client_error


def test_archived_records_leave_searches_and_stay_in_the_recycle_bin(http, crm):
    ann = created(http, "contacts", email="ann@example.com", firstname="Ann")
    assert http.post(CONTACTS, json={"properties": {"email": "Ann@example.com"}}).status_code == 409
    assert http.delete(f"{CONTACTS}/{ann}").status_code == 204
    assert ids(http) == [] and crm.contacts() == {}
    query = {"archived": "true", "properties": "firstname"}
    [gone] = http.get(CONTACTS, params=query).json()["results"]
    assert gone["archived"] is True and gone["archivedAt"] >= gone["updatedAt"]
    assert gone["properties"]["firstname"] == "Ann" and gone["id"] == ann
    again = created(http, "contacts", email="ann@example.com")
    assert again != ann and ids(http) == [again]


def test_gdpr_delete_leaves_nothing_and_blocks_the_address(http, crm):
    ann = created(http, "contacts", email="ann@example.com")
    gone = created(http, "contacts", email="gone@example.com")
    http.delete(f"{CONTACTS}/{gone}")
    path = "/crm/v3/objects/contacts/gdpr-delete"
    assert http.post(path, json={"objectId": ann}).status_code == 204
    assert http.post(path, json={"objectId": ann}).status_code == 404
    for address in ("gone@example.com", "never@example.com"):
        body = {"idProperty": "email", "objectId": address}
        assert http.post(path, json=body).status_code == 204
    assert crm.contacts() == {}
    assert http.get(CONTACTS, params={"archived": "true"}).json()["results"] == []
    for address in ("ann@example.com", "gone@example.com", "never@example.com"):
        assert upsert(http, contact(address)).status_code == 400


def test_static_lists(http, crm):
    ann = created(http, "contacts", email="ann@example.com")
    body = {"name": "Ready now", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = http.post(LISTS, json=body).json()["list"]["listId"]
    assert http.post(LISTS, json=body).status_code == 400
    by_name = http.get("/crm/v3/lists/object-type-id/0-1/name/Ready%20now").json()
    assert by_name["list"]["listId"] == list_id
    assert http.get(f"{LISTS}/object-type-id/0-1/name/other").status_code == 404
    assert http.get(f"{LISTS}/{list_id}").json()["list"]["processingType"] == "MANUAL"
    assert http.post(f"{LISTS}/search", json={"query": "ready"}).json()["total"] == 1
    path = f"{LISTS}/{list_id}/memberships"
    first = http.put(f"{path}/add", json=[ann, "99"]).json()
    assert first["recordsIdsAdded"] == [ann] and first["recordIdsMissing"] == ["99"]
    assert http.put(f"{path}/add", json=[ann]).json()["recordsIdsAdded"] == []
    assert [result["recordId"] for result in http.get(path).json()["results"]] == [ann]
    assert "Ready now · 1" in httpx.get(crm.url).text
    assert http.put(f"{path}/remove", json=[ann]).json()["recordIdsRemoved"] == [ann]
    assert http.get(path).json()["results"] == []
    assert http.put(f"{LISTS}/99/memberships/add", json=[ann]).status_code == 404
    active = http.post(LISTS, json=body | {"name": "A", "processingType": "DYNAMIC"}).json()
    path = f"{LISTS}/{active['list']['listId']}/memberships/add"
    assert http.put(path, json=[ann]).status_code == 400


def test_properties_can_be_listed_and_created(http, crm):
    path = "/crm/properties/2026-03/contacts"
    known = {result["name"]: result for result in http.get(path).json()["results"]}
    assert known["audience_last_engaged_at"]["type"] == "datetime"
    assert known["createdate"]["modificationMetadata"]["readOnlyValue"] is True
    new = {"name": "audience_new", "label": "New", "type": "number", "fieldType": "number",
           "groupName": "audience_engine"}  # fmt: skip
    assert http.post(path, json=new).status_code == 400  # the group is missing
    group = {"name": "audience_engine", "label": "Audience engine"}
    assert [http.post(f"{path}/groups", json=group).status_code for _ in range(2)] == [201, 409]
    assert http.post(path, json=new | {"fieldType": "date"}).status_code == 400
    assert http.post(path, json=new | {"type": "bool", "fieldType": "booleancheckbox"}).is_error
    assert [http.post(path, json=new).status_code for _ in range(2)] == [201, 409]
    assert upsert(http, contact("ann@example.com", audience_new="3")).status_code == 200
    assert upsert(http, contact("ann@example.com", audience_new="x")).status_code == 400


def test_owners_associations_and_account(http, crm):
    owners = [crm.store.add_owner(f"rep{n}@example.com", "Rita", str(n)) for n in range(3)]
    page = http.get("/crm/owners/2026-03", params={"limit": 2}).json()
    assert [result["id"] for result in page["results"]] == owners[:2]
    page = http.get("/crm/v3/owners/", params={"after": page["paging"]["next"]["after"]}).json()
    assert [result["lastName"] for result in page["results"]] == ["2"] and "paging" not in page
    assert http.get("/crm/v3/owners", params={"archived": "true"}).json()["results"] == []
    ann = created(http, "contacts", email="ann@example.com")
    deal, alone = created(http, "deals", dealname="D"), created(http, "deals", dealname="E")
    crm.store.associate("deals", deal, "contacts", ann)
    inputs = {"inputs": [{"id": deal}, {"id": alone}]}
    reply = http.post("/crm/v4/associations/deals/contacts/batch/read", json=inputs)
    assert reply.status_code == 207
    [found] = reply.json()["results"]
    assert found["from"]["id"] == deal and str(found["to"][0]["toObjectId"]) == ann
    too_many = {"inputs": [{"id": "1"}] * 1001}
    path = "/crm/associations/2026-03/deals/contacts/batch/read"
    assert http.post(path, json=too_many).status_code == 400
    for version in ("v3", "2026-03"):
        assert http.get(f"/account-info/{version}/details").json()["accountType"] == "STANDARD"


def test_merged_contacts_answer_under_both_ids_and_addresses(http, crm):
    winner = created(http, "contacts", email="work@example.com", firstname="Ann")
    loser = created(http, "contacts", email="ann@example.com", lastname="A", firstname="An")
    crm.store.merge(crm.store.find(winner), crm.store.find(loser))
    for path in (f"{CONTACTS}/{loser}", f"{CONTACTS}/ann@example.com?idProperty=email"):
        held = http.get(path).json()
        assert held["id"] == winner and held["properties"]["hs_merged_object_ids"] == loser
    assert crm.contacts() == {
        "work@example.com": {
            "firstname": "Ann",
            "lastname": "A",
            "hs_additional_emails": "ann@example.com",
            "hs_merged_object_ids": loser,
        }
    }


def test_requests_without_sense_are_refused(http):
    for path in (f"{CONTACTS}/search", LISTS, "/crm/properties/v3/contacts", CONTACTS):
        assert http.post(path).status_code in (400, 404)
    assert http.post("/crm/objects/2026-03/tickets/search", json={}).status_code == 404


def test_a_state_file_from_before_still_opens(tmp_path):
    path = tmp_path / "crm.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "create table contacts (contact_id integer primary key autoincrement, email text not"
            " null unique, properties text not null, created_at text not null, updated_at text not"
            " null, writes integer not null default 0)"
        )
        row = ("ann@example.com", "{}", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")
        old.execute(
            "insert into contacts (email, properties, created_at, updated_at) values (?, ?, ?, ?)",
            row,
        )
    old.close()
    with demo_crm.start(state=path) as crm:
        assert crm.contacts() == {"ann@example.com": {}} and crm.writes() == {"ann@example.com": 0}

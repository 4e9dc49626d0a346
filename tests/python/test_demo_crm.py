"""The demo CRM keeps to HubSpot's documented contract for the endpoints that the push uses."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scripts import demo_crm

ROOT = Path(__file__).resolve().parents[2]
CONTACTS = "/crm/objects/2026-03/contacts"


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
    [one] = upsert(http, contact("a@example.com", audience_segments="x")).json()["results"]
    reply = http.post(
        f"{CONTACTS}/batch/update",
        json={
            "inputs": [
                {"id": one["id"], "properties": {"audience_segments": ""}},
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
    one = http.get(f"{CONTACTS}/p3@example.com?idProperty=email&properties=firstname").json()
    assert one["properties"]["firstname"] == "P3"
    assert http.get(f"{CONTACTS}/{one['id']}").json()["id"] == one["id"]
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
    command = [sys.executable, "-m", "scripts.demo_crm", "--state", str(state)]
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
    command = [sys.executable, "-m", "scripts.demo_crm", "--port", port]
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

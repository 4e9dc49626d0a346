"""The Salesforce plug-in against a fake org: both APIs, the token, and every refusal."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count

import pytest
import requests
import simple_salesforce
import yaml
from requests.adapters import HTTPAdapter

from scripts.dbt_runner import PROJECT
from scripts.delivery.destination import Outcome, Record, Refused, Stop, Transient
from scripts.delivery.destinations import salesforce_rows as shape
from scripts.delivery.destinations.salesforce import Salesforce, problem_of_text
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .vendors import salesforce as fake
from .vendors.server import Reply

KEY = fake.Salesforce.external_id
FIELDS = {
    "LastName": "text",
    "Email": "text",
    "Score__c": "number",
    "Is_Active__c": "boolean",
    "Last_Order_At__c": "instant",
}
VALUES = {
    "LastName": "Moss",
    "Email": "ann@example.com",
    "Score__c": 1.5,
    "Is_Active__c": True,
    "Last_Order_At__c": "2026-06-30T00:00:00.000Z",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[fake.Salesforce, Transport]]:
    with fake.Salesforce() as vendor, Transport(plugin(vendor)) as transport:
        yield vendor, transport


@pytest.fixture
def org(shared: tuple[fake.Salesforce, Transport]) -> fake.Salesforce:
    shared[0].reset()
    return shared[0]


def plugin(org: fake.Salesforce, **options: object) -> Salesforce:
    quick = {"external_id": KEY, "poll_seconds": 0, "requests_per_second": 10_000, **options}
    secrets = {
        "SALESFORCE_BASE_URL": org.url,
        "SALESFORCE_CLIENT_ID": fake.CLIENT_ID,
        "SALESFORCE_CLIENT_SECRET": fake.CLIENT_SECRET,
    }
    return Salesforce(quick, secrets)


@pytest.fixture
def transport(org: fake.Salesforce, shared: tuple[fake.Salesforce, Transport]) -> Transport:
    shared[1].destination = plugin(org)
    return shared[1]


def record(key: str, remote_id: str | None = None, **values: object) -> Record:
    whole = {**VALUES, "Email": f"{key}@example.com", **values}
    return Record(key, remote_id, whole, {k: v for k, v in whole.items() if v is not None})


def update(key: str, remote_id: str | None, **values: object) -> Record:
    return Record(key, remote_id, values, {**VALUES, "Email": f"{key}@example.com"})


def removal(key: str, remote_id: str | None) -> Record:
    return Record(key, remote_id, dict.fromkeys(VALUES), {})


def send(transport: Transport, operation: str, *records: Record) -> dict[str, Outcome]:
    outcomes = transport.destination.send(transport.call, operation, records)
    assert sorted(outcome.key for outcome in outcomes) == sorted(entry.key for entry in records)
    return {outcome.key: outcome for outcome in outcomes}


def add(transport: Transport, *keys: str) -> dict[str, str]:
    done = send(transport, "add", *map(record, keys))
    assert {outcome.state for outcome in done.values()} == {"delivered"}
    return {key: str(outcome.remote_id) for key, outcome in done.items()}


def keys_of(total: int) -> list[str]:
    return [f"p{number:04d}" for number in range(total)]


def paths(org: fake.Salesforce) -> list[str]:
    return [f"{request.method} {fake.ROOT.sub('', request.path)}" for request in org.requests]


# Small runs: sObject Collections


def test_an_add_creates_and_again_updates(org, transport):
    ids = add(transport, "a", "b")
    assert org.person("a") == {"Id": ids["a"], KEY: "a", **VALUES, "Email": "a@example.com"}
    assert add(transport, "a", "b") == ids
    assert len(org.records) == 2


def test_an_update_writes_only_what_changed(org, transport):
    ids = add(transport, "a", "b")
    org.records[ids["a"]]["FirstName"] = "theirs"
    org.records[ids["a"]]["Email"] = "changed@example.com"
    done = send(transport, "update", update("a", ids["a"], Score__c=2), update("b", ids["b"]))
    assert {outcome.state for outcome in done.values()} == {"delivered"}
    assert org.person("a")["Score__c"] == 2
    assert org.person("a")["FirstName"] == "theirs"
    assert org.person("a")["Email"] == "changed@example.com"


def test_none_empties_a_field_and_unchecks_a_box(org, transport):
    ids = add(transport, "a")
    send(transport, "update", update("a", ids["a"], Email=None, Is_Active__c=None))
    assert org.person("a")["Email"] is None
    assert org.person("a")["Is_Active__c"] is False


def test_a_required_field_cannot_be_emptied_by_an_update(org, transport):
    ids = add(transport, "a")
    done = send(transport, "update", update("a", ids["a"], LastName=None))
    assert done["a"] == Outcome("a", "refused", reason="REQUIRED_FIELD_MISSING (LastName)")


def test_an_update_without_id_or_of_a_deleted_record_writes_everything(org, transport):
    ids = add(transport, "a")
    org.delete(ids["a"])
    done = send(transport, "update", update("a", ids["a"], Score__c=2), update("b", None))
    assert done["a"].remote_id not in (None, ids["a"])
    assert org.person("a")["LastName"] == "Moss"
    assert org.person("a")["Score__c"] == 2
    assert org.person("b")["Email"] == "b@example.com"


def test_a_remove_empties_our_fields_and_keeps_the_record(org, transport):
    ids = add(transport, "a")
    org.records[ids["a"]]["FirstName"] = "theirs"
    assert send(transport, "remove", removal("a", ids["a"]))["a"].state == "delivered"
    assert org.person("a") == {
        "Id": ids["a"],
        KEY: "a",
        **dict.fromkeys(VALUES),
        "LastName": "Moss",  # Salesforce requires it
        "Is_Active__c": False,
        "FirstName": "theirs",
    }


def test_a_remove_never_creates(org, transport):
    ids = add(transport, "a", "b")
    org.delete(ids["a"])
    merged = org.person("b")
    org.bin[ids["b"]] = dict(org.records.pop(ids["b"]))
    org.records["003other0000000001"] = {**merged, "Id": "003other0000000001"}  # after a merge
    done = send(
        transport,
        "remove",
        removal("a", ids["a"]),
        removal("b", ids["b"]),
        removal("never", None),
        removal("o'neil\\", None),
    )
    assert {outcome.state for outcome in done.values()} == {"delivered"}
    assert list(org.records) == ["003other0000000001"]
    assert org.person("b")["Email"] is None
    assert done["b"].remote_id == "003other0000000001"
    assert not any("never" in request.path + str(request.query) for request in org.requests)


def test_an_unknown_id_is_found_by_key_with_quotes(org, transport):
    add(transport, "o'neil\\")
    assert send(transport, "remove", removal("o'neil\\", None))["o'neil\\"].remote_id
    assert org.person("o'neil\\")["Email"] is None


def test_one_bad_record_does_not_stop_the_others(org, transport):
    org.locked, org.duplicates = {"locked"}, {"twin"}
    done = send(
        transport,
        "add",
        record("good"),
        record("bad", Email="+43 660 1234567"),
        record("long", FirstName="Wolfgang" * 20),
        record("nameless", LastName=None),
        record("locked"),
        record("twin"),
    )
    assert {key: (outcome.state, outcome.reason) for key, outcome in done.items()} == {
        "good": ("delivered", None),
        "bad": ("refused", "INVALID_EMAIL_ADDRESS (Email)"),
        "long": ("refused", "STRING_TOO_LONG (FirstName)"),
        "nameless": ("refused", "REQUIRED_FIELD_MISSING (LastName)"),
        "locked": ("open", "UNABLE_TO_LOCK_ROW"),
        "twin": ("refused", "DUPLICATES_DETECTED"),
    }
    assert len(org.records) == 1


def test_a_lock_inside_a_trigger_is_open(org, transport):
    text = "trigger caused: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    result = {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": text, "fields": []}
    transport.destination.renew(transport.call, "")
    org.fail_next(Reply(200, [{"success": False, "errors": [result]}]))
    assert send(transport, "add", record("a"))["a"].state == "open"


def test_results_that_do_not_fit_are_open(org, transport):
    transport.destination.renew(transport.call, "")
    org.fail_next(Reply(200, []), Reply(200, [{"success": False}, {"success": False}]))
    for _ in range(2):
        done = send(transport, "add", record("a"), record("b"))
        assert {outcome.state for outcome in done.values()} == {"open"}


def test_a_request_refused_as_a_whole(org, transport):
    transport.destination.renew(transport.call, "")
    org.fail_next(fake.error(400, "JSON_PARSER_ERROR", "ann@example.com at [line:1]"))
    with pytest.raises(Refused, match=r"^HTTP 400 JSON_PARSER_ERROR$"):
        send(transport, "add", record("a"))


@pytest.mark.parametrize("name", ["Missing__c", "Formula__c"])
def test_a_field_that_cannot_be_written_ends_the_run(org, transport, name):
    with pytest.raises(ConfigError, match=name):
        send(transport, "add", record("a", **{name: "x"}), record("b", **{name: "x"}))


def test_a_field_that_only_one_record_cannot_have_is_that_records_refusal(org, transport):
    done = send(transport, "add", record("a"), record("b", Formula__c="x"))
    assert done["a"].state == "delivered"
    assert done["b"].reason == "INVALID_FIELD_FOR_INSERT_UPDATE (Formula__c)"


def test_an_object_or_external_id_that_does_not_exist(org):
    for options in ({"object": "Nobody__c"}, {"external_id": "Nothing__c"}):
        with Transport(plugin(org, **options)) as transport, pytest.raises(ConfigError):
            send(transport, "add", Record("a", None, {"LastName": "x"}, {}))


@pytest.mark.parametrize("name", ["HasOptedOutOfEmail", "hasoptedoutofemail", "DoNotCall"])
def test_opt_outs_are_never_written(org, transport, name):
    with pytest.raises(ConfigError, match=name):
        send(transport, "add", record("a", **{name: True}))
    assert not org.requests
    assert {"HasOptedOutOfEmail", "DoNotCall"} <= Salesforce.forbidden


def test_the_key_field_is_never_a_value(org, transport):
    ids = add(transport, "a")
    send(transport, "update", update("a", ids["a"], **{KEY.lower(): "other"}))
    send(transport, "remove", Record("a", ids["a"], {KEY: None, "Email": None}, {}))
    assert org.person("a")["Email"] is None


# Large runs: Bulk API 2.0


def test_the_size_of_a_run_chooses_the_api(org):
    destination = plugin(org)
    assert [destination.batch_of("add", total) for total in (1, 2000, 2001)] == [200, 200, 10_000]
    assert plugin(org, bulk_above=5, bulk_size=300).batch_of("add", 6) == 300


def test_a_collection_has_a_limit(org, transport):
    add(transport, *keys_of(200))
    assert not org.jobs
    body = {"records": [{"attributes": {"type": "Contact"}}] * 201}
    with pytest.raises(Refused, match="EXCEEDED_ID_LIMIT"):
        transport.destination.ask(
            transport.call, "PATCH", f"/composite/sobjects/Contact/{KEY}", json=body
        )


def test_a_job_adds_updates_and_removes(org, transport):
    keys = keys_of(201)
    ids = add(transport, *keys)
    assert org.person("p0007") == {
        "Id": ids["p0007"],
        KEY: "p0007",
        **VALUES,
        "Email": "p0007@example.com",
    }
    org.records[ids["p0007"]]["FirstName"] = "theirs"
    changes = [update(key, ids[key], Score__c=index) for index, key in enumerate(keys)]
    changes[0] = update("p0000", ids["p0000"], Email=None, LastName='a "b",\nc')
    assert {outcome.state for outcome in send(transport, "update", *changes).values()} == {
        "delivered"
    }
    assert org.person("p0000")["Email"] is None
    assert org.person("p0000")["LastName"] == 'a "b",\nc'
    assert org.person("p0000")["Score__c"] == 1.5  # not in the change, so not in the cell
    assert org.person("p0200")["Score__c"] == 200
    send(transport, "remove", *(removal(key, ids[key]) for key in keys))
    assert org.person("p0007")["Email"] is None
    assert org.person("p0007")["Is_Active__c"] is False
    assert org.person("p0007")["FirstName"] == "theirs"
    jobs = [(job["operation"], job.get("externalIdFieldName")) for job in org.jobs.values()]
    assert jobs == [("upsert", KEY), ("update", None), ("update", None)]
    assert len(org.records) == 201


def test_a_job_tells_about_every_record(org, transport):
    org.locked, org.unprocessed = {"p0001"}, 3
    records = [record(key) for key in keys_of(205)]
    records[2] = record("p0002", Email="nonsense")
    done = send(transport, "add", *records)
    assert done["p0000"].state == "delivered"
    assert done["p0001"] == Outcome("p0001", "open", reason="UNABLE_TO_LOCK_ROW")
    assert done["p0002"] == Outcome("p0002", "refused", reason="INVALID_EMAIL_ADDRESS (Email)")
    assert done["p0204"] == Outcome("p0204", "open", reason="NOT_REPORTED")
    assert [outcome.state for outcome in done.values()].count("open") == 4


def test_a_job_creates_anew_who_was_deleted_but_a_remove_does_not(org, transport):
    keys = keys_of(201)
    ids = add(transport, *keys)
    org.delete(ids["p0003"])
    send(transport, "remove", *(removal(key, ids[key]) for key in keys))
    assert org.person("p0003") is None
    send(transport, "update", *(update(key, ids[key], Score__c=9) for key in keys))
    assert org.person("p0003")["LastName"] == "Moss"
    assert org.person("p0003")["Score__c"] == 9


def test_a_job_with_an_unknown_column_ends_the_run(org, transport):
    with pytest.raises(ConfigError, match="Missing__c"):
        send(transport, "add", *(record(key, Missing__c="x") for key in keys_of(201)))


def test_a_job_that_cannot_be_read_is_halved(org, transport, monkeypatch):
    original = org.process

    def broken(job: dict) -> None:
        job["data"] = job["data"].replace("\n", "\r\n")
        original(job)

    monkeypatch.setattr(org, "process", broken)
    with pytest.raises(Refused, match="ClientInputError"):
        send(transport, "add", *map(record, keys_of(201)))


def test_a_job_that_takes_too_long_is_aborted(org):
    org.polls = 10**6
    with Transport(plugin(org, bulk_minutes=0)) as transport:
        done = send(transport, "add", *map(record, keys_of(201)))
    assert {outcome.state for outcome in done.values()} == {"open"}
    assert [job["state"] for job in org.jobs.values()] == ["Aborted"]


def test_a_failed_look_at_a_job_does_not_start_another(org, transport, monkeypatch):
    transport.destination.renew(transport.call, "")
    original, seen = org.answer, count()

    def flaky(request):
        is_look = request.method == "GET" and "/ingest/" in request.path
        return Reply(503, "<html>") if is_look and next(seen) == 0 else original(request)

    monkeypatch.setattr(org, "answer", flaky)
    add(transport, *keys_of(201))
    assert len(org.jobs) == 1


@pytest.mark.parametrize("number", range(7))
def test_a_job_cut_off_anywhere_is_sent_again_without_harm(org, transport, number, monkeypatch):
    transport.destination.renew(transport.call, "")
    records = [record(key) for key in keys_of(201)]
    original, seen = org.answer, count()

    def cut(request):
        if next(seen) == number:
            original(request)
            return Reply(502, "<html>")
        return original(request)

    monkeypatch.setattr(org, "answer", cut)
    try:
        send(transport, "add", *records)
    except Transient:
        send(transport, "add", *records)
    assert len(org.records) == 201
    assert org.person("p0100")["Email"] == "p0100@example.com"


def test_errors_of_a_job_as_salesforce_writes_them():
    found = "DUPLICATE_VALUE:duplicate value found: Key__c duplicates value on record: 006:--"
    assert problem_of_text(found).reason == "DUPLICATE_VALUE"
    assert problem_of_text("STRING_TOO_LONG:Phone: +43 660:Phone, Fax --").fields == "Phone, Fax"
    assert problem_of_text("UNABLE_TO_LOCK_ROW").reason == "UNABLE_TO_LOCK_ROW"


# Token and limits


def test_the_token_is_fetched_once_and_lazily(org, transport):
    assert not org.requests
    add(transport, "a")
    add(transport, "b")
    assert paths(org).count("POST /services/oauth2/token") == 1
    assert not any(
        fake.CLIENT_SECRET in request.path + str(request.query) for request in org.requests
    )


def test_many_threads_renew_an_expired_token_once(org, transport):
    add(transport, "a")
    org.expire()
    start = threading.Barrier(4)

    def work(key: str) -> None:
        start.wait()
        add(transport, key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, "bcde"))
    assert org.issued == 2
    assert len(org.records) == 5


def test_a_second_401_is_an_auth_error(org, transport):
    add(transport, "a")
    expired = fake.error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    token = Reply(200, {"access_token": "x"})
    org.fail_next(expired, token, expired)
    with pytest.raises(AuthError, match="INVALID_SESSION_ID"):
        send(transport, "add", record("b"))
    assert len(org.records) == 1


def test_a_wrong_secret_is_an_auth_error_without_the_secret(org, transport):
    transport.destination.secret["SALESFORCE_CLIENT_SECRET"] = "very-wrong"
    with pytest.raises(AuthError, match="invalid_client") as caught:
        send(transport, "add", record("a"))
    assert "very-wrong" not in str(caught.value)


def test_missing_rights_are_an_auth_error(org, transport):
    add(transport, "a")
    org.fail_next(fake.error(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled"))
    with pytest.raises(AuthError, match="API_DISABLED_FOR_ORG"):
        send(transport, "add", record("a"))


def test_the_daily_limit_stops_the_run(org, transport):
    add(transport, "a")
    org.is_exhausted = True
    with pytest.raises(Stop):
        send(transport, "add", record("a"))


def test_too_many_long_requests_are_waited_for(org, transport):
    add(transport, "a")
    text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    org.fail_next(fake.error(403, "REQUEST_LIMIT_EXCEEDED", text))
    with pytest.raises(Transient) as caught:
        send(transport, "add", record("a"))
    assert caught.value.wait == 20


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, [], {"Retry-After": "7"}), 7),
        (Reply(429, []), None),
        (fake.error(503, "SERVER_UNAVAILABLE", "busy"), None),
        (Reply(500, "<html>oops</html>"), None),
        (Reply(200, "<html>maintenance</html>"), None),
        ("before", None),
    ],
)
def test_what_passes_is_transient(org, transport, reply, wait):
    add(transport, "a")
    org.fail_next(reply)
    with pytest.raises(Transient) as caught:
        send(transport, "add", record("b"))
    assert caught.value.wait == wait


@pytest.mark.parametrize("reply", [Reply(200, "<html>"), Reply(503, "<html>"), "before"])
def test_a_token_endpoint_that_is_away_is_transient(org, transport, reply):
    org.fail_next(reply)
    with pytest.raises(Transient):
        send(transport, "add", record("a"))


@pytest.mark.parametrize("operation", ["add", "update", "remove"])
def test_an_answer_lost_after_the_fact_does_no_harm(org, transport, operation):
    ids = add(transport, "a", "b")
    made = {
        "add": [record("c"), record("d")],
        "update": [update("a", ids["a"], Score__c=4), update("b", ids["b"], Email=None)],
        "remove": [removal("a", ids["a"]), removal("b", ids["b"])],
    }[operation]
    transport.destination.fields(transport.call)
    org.fail_next("after")
    with pytest.raises(Transient):
        send(transport, operation, *made)
    once = {key: dict(held) for key, held in org.records.items()}
    done = send(transport, operation, *made)
    assert {outcome.state for outcome in done.values()} == {"delivered"}
    assert org.records == once


# Reading, erasing, looking after


def test_read_returns_what_is_held(org, transport):
    ids = add(transport, "a", "b")
    org.records[ids["b"]]["Email"] = None
    names = ["email", "Last_Order_At__c", "Is_Active__c"]
    keys = [record("a"), record("b"), record("nobody")]
    assert transport.destination.read(transport.call, keys, names) == {
        "a": {
            "email": "a@example.com",
            "Last_Order_At__c": "2026-06-30T00:00:00.000Z",
            "Is_Active__c": True,
        },
        "b": {"email": None, "Last_Order_At__c": "2026-06-30T00:00:00.000Z", "Is_Active__c": True},
    }
    assert not any("ann@" in str(request.query) for request in org.requests)
    with pytest.raises(ConfigError, match="Missing__c"):
        transport.destination.read(transport.call, keys, ["Missing__c"])


def test_erase_deletes_by_id_or_by_key(org, transport):
    ids = add(transport, "a", "b", "c")
    erase = transport.destination.erase
    assert erase(transport.call, "ann@example.com", ids["a"])
    assert erase(transport.call, "b", None)
    assert erase(transport.call, "a", ids["a"])  # has gone already
    assert not erase(transport.call, "nobody", None)
    assert list(org.records) == [ids["c"]]


def test_doctor_is_content(org, transport):
    findings = list(transport.destination.doctor(transport.call, FIELDS))
    assert [finding for finding in findings if not finding.is_fine] == []
    assert {"access", "Contact", KEY, *FIELDS} == {finding.name for finding in findings}


def test_doctor_finds_what_is_wrong(org, transport):
    org.fields[1]["externalId"] = False
    mapped = {"Email": "number", "Formula__c": "text", "Missing__c": "date"}
    findings = list(transport.destination.doctor(transport.call, mapped, create=True))
    bad = {finding.name: finding.detail for finding in findings if not finding.is_fine}
    assert set(bad) == {KEY, "Email", "Formula__c", "Missing__c", "LastName"}
    assert all(bad.values())


def test_doctor_without_access(org, transport):
    transport.destination.secret["SALESFORCE_CLIENT_ID"] = "wrong"
    (finding,) = transport.destination.doctor(transport.call, FIELDS)
    assert not finding.is_fine
    assert "SALESFORCE_CLIENT_ID" in finding.detail


def test_check_names_what_is_missing(org):
    plugin(org).check()
    with pytest.raises(ConfigError, match=r"SALESFORCE_BASE_URL.*My Domain"):
        Salesforce({"external_id": KEY}, {}).check()
    for options in ({"external_id": ""}, {"object": "Contact/x"}):
        with pytest.raises(ConfigError, match=next(iter(options))):
            plugin(org, **options).check()


# The fake, driven by a client that is not ours


class Plain(HTTPAdapter):
    """Speaks HTTP where simple-salesforce insists on HTTPS."""

    def send(self, request, **arguments):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **arguments)


def test_the_fake_serves_simple_salesforce(org):
    session = requests.Session()
    session.mount("https://", Plain())
    login = requests.post(
        f"{org.url}/services/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": fake.CLIENT_ID,
              "client_secret": fake.CLIENT_SECRET},
        timeout=5,
    ).json()  # fmt: skip
    client = simple_salesforce.Salesforce(
        instance_url=login["instance_url"], session_id=login["access_token"], session=session
    )
    assert client.Contact.upsert(f"{KEY}/one", {"LastName": "Moss"}) == 201
    assert client.Contact.get_by_custom_id(KEY, "one")["LastName"] == "Moss"
    rows = [{"attributes": {"type": "Contact"}, KEY: key, "LastName": "x"} for key in ("one", "2")]
    path = f"composite/sobjects/Contact/{KEY}"
    saved = client.restful(path, method="PATCH", json={"allOrNone": False, "records": rows})
    assert [result["created"] for result in saved] == [False, True]
    people = [{KEY: "one", "LastName": "y", "Email": ""}, {KEY: "3", "LastName": "#N/A"}]
    (job,) = client.bulk2.Contact.upsert(records=people, external_id_field=KEY, wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    results = client.bulk2.Contact.get_all_ingest_records(job["job_id"])
    assert [row["sf__Created"] for row in results["successfulRecords"]] == ["false"]
    assert results["failedRecords"][0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert results["unprocessedRecords"] == []
    assert org.person("one")["LastName"] == "y"
    with pytest.raises(simple_salesforce.exceptions.SalesforceMalformedRequest):
        client.Contact.upsert(f"{KEY}/one", {"Email": "nonsense"})
    org.expire()
    with pytest.raises(simple_salesforce.exceptions.SalesforceExpiredSession):
        client.Contact.describe()


# -- Pulling ----------------------------------------------------------------------------------

SOURCES = PROJECT / "models/staging/salesforce/_salesforce__sources.yml"


def declared() -> dict[str, set[str]]:
    """The columns that our source declares, by table."""
    [source] = yaml.safe_load(SOURCES.read_text())["sources"]
    return {
        table["name"]: {column["name"] for column in table["columns"]} for table in source["tables"]
    }


def fill(org: fake.Salesforce) -> None:
    """Put a deal with its contact into the org, and a contact that was merged into that one."""
    for name, fields in shape.TABLES.values():
        org.crm[name] = [
            {"Id": f"{name[:3]}{number}", "IsDeleted": False, **dict.fromkeys(fields),
             "SystemModstamp": f"2026-06-0{number}T00:00:00.000+0000"}
            for number in (1, 2, 3)
        ]  # fmt: skip
    first, second, _ = org.crm["Contact"]
    first |= {"Email": "ann@example.com", "AccountId": "Acc1", "Renewal_Risk__c": "high"}
    second |= {"IsDeleted": True, "MasterRecordId": "Con1"}
    for record in org.crm["Contact"][1:]:
        record["Renewal_Risk__c"] = None
    org.crm["Opportunity"][0] |= {"IsWon": True, "IsClosed": True, "CloseDate": "2026-06-10"}


def pulled(
    transport: Transport, since: datetime | None = None
) -> tuple[dict[str, list[dict]], dict[str, datetime]]:
    rows: dict[str, list[dict]] = {}
    marks = {}
    for table, found, mark in transport.destination.pull(transport.call, since):
        rows.setdefault(table, []).extend(found)
        marks[table] = mark
    return rows, marks


def test_rows_have_the_shape_of_the_raw_tables(org, transport):
    fill(org)
    transport.destination = plugin(org, pull_fields=["Renewal_Risk__c"])
    rows, marks = pulled(transport)
    properties = {"renewal_risk_c"}
    for table, columns in declared().items():
        assert set(rows[table][0]) - properties == columns - {"_fivetran_deleted"}, table
    first, second, _ = rows["contacts"]
    assert (first["id"], first["email"], first["renewal_risk_c"]) == (
        "Con1", "ann@example.com", "high",
    )  # fmt: skip
    assert (second["is_deleted"], second["master_record_id"]) == (True, "Con1")
    assert rows["opportunities"][0]["is_won"] is True
    assert rows["opportunities"][0]["close_date"] == "2026-06-10"
    assert set(marks.values()) == {datetime(2026, 6, 3)}


def test_a_pull_reads_what_changed_page_by_page(org, transport, monkeypatch):
    fill(org)
    monkeypatch.setattr("scripts.delivery.destinations.salesforce.PAGE", 2)
    del org.crm["Lead"]  # the user may not read leads
    rows, _ = pulled(transport)
    assert [row["id"] for row in rows["tasks"]] == ["Tas1", "Tas2", "Tas3"]
    assert rows["leads"] == []
    org.requests.clear()
    rows, marks = pulled(transport, datetime(2026, 6, 3, 0, 5))
    assert [row["id"] for row in rows["tasks"]] == ["Tas3"], "ten minutes again"
    assert set(marks.values()) == {datetime(2026, 6, 3, 0, 5)}


def test_a_pull_goes_on_after_the_last_complete_page(org, transport, monkeypatch):
    fill(org)
    monkeypatch.setattr("scripts.delivery.destinations.salesforce.PAGE", 2)
    pages = transport.destination.pull(transport.call, None)
    assert [row["id"] for row in next(pages)[1]] == ["Con1", "Con2"]
    pages.close()
    rows, _ = pulled(transport)
    assert [row["id"] for row in rows["contacts"]] == ["Con3"] and len(rows["tasks"]) == 3


def test_what_is_pulled_is_not_pushed_but_for_who_somebody_is(org):
    assert {"AccountId", "OwnerId", "Grade__c"} <= plugin(org, pull_fields=["Grade__c"]).pulled
    assert not plugin(org).pulled & {"Email", "LastName"}

"""Each check of `python -m scripts.validate` passes on good data and fails on its own fault."""

import copy
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from scripts.validate import Bounds, Limit, Report, ValidationSetupError, project_settings, validate
from scripts.validate.cli import main
from scripts.validate.database import connect
from scripts.validate.history import Run, baseline, read_history, remember

AS_OF = datetime.fromisoformat("2026-06-30T00:00:00")
AS_OF_TEXT = "2026-06-30T00:00:00Z"
ROWS = 40  # one row is 2.5 %: above every warning bound of rows, below every critical one
FEW, MANY = 1, 30

PAGES, WEBHOOKS = "segment.pages", "email.webhooks"
CONTACTS, MEMBERSHIPS = "activation.crm_contacts", "marts.segment_memberships"

Rows = list[dict]
Raw = dict[str, Rows]


# Good data -------------------------------------------------------------------------------------


def instant(number: int) -> str:
    return (AS_OF - timedelta(minutes=1 + number)).isoformat(sep=" ")


def sendgrid(number: int) -> dict:
    return {
        "email": f"person{number}@example.com",
        "timestamp": 1_782_000_000 + number,
        "event": "open",
        "sg_event_id": f"sg-{number}",
    }


GOOD: dict[str, Callable[[int], dict]] = {
    PAGES: lambda n: {
        "id": f"page-{n}",
        "anonymous_id": f"cookie-{n % 7}",
        "user_id": None,
        "received_at": instant(n),
        "timestamp": instant(n),
        "path": "/pricing",
    },
    "segment.tracks": lambda n: {
        "id": f"track-{n}",
        "anonymous_id": f"cookie-{n % 7}",
        "event": "form_started",
        "received_at": instant(n),
        "timestamp": instant(n),
        "properties": '{"form_id": "demo"}' if n % 2 else None,
    },
    "segment.identifies": lambda n: {
        "id": f"identify-{n}",
        "user_id": f"user-{n}",
        "received_at": instant(n),
        "timestamp": instant(n),
        "email": f"person{n}@example.com",
    },
    WEBHOOKS: lambda n: {
        "provider": "sendgrid",
        "received_at": instant(n),
        "payload": json.dumps(sendgrid(n)),
    },
    "hubspot.contacts": lambda n: {
        "id": n,
        "property_email": f"person{n}@example.com",
        "property_createdate": instant(n),
        "_fivetran_synced": instant(n),
    },
    "hubspot.companies": lambda n: {
        "id": n,
        "property_domain": f"company{n}.example",
        "_fivetran_synced": instant(n),
    },
    "hubspot.deals": lambda n: {
        "deal_id": n,
        "deal_pipeline_stage_id": "closedwon",
        "_fivetran_synced": instant(n),
    },
    "hubspot.deal_contacts": lambda n: {"deal_id": n, "contact_id": n % 5},
    "hubspot.owners": lambda n: {"owner_id": n, "email": f"owner{n}@example.com"},
    "shop.order_lines": lambda n: {
        "InvoiceNo": f"53{n // 3}",
        "StockCode": f"8{n}A",
        "Description": "Lamp",
        "Quantity": 2,
        "InvoiceDate": instant(n),
        "UnitPrice": 2.55,
        "CustomerID": 17850.0 if n % 4 else None,
        "Country": "Malta",
    },
    "snowplow.events": lambda n: {
        "event_id": f"event-{n}",
        "collector_tstamp": instant(n),
        "event": "page_view",
        "domain_userid": f"cookie-{n % 7}",
        "user_id": None,
    },
    "events.events": lambda n: {
        "event_id": f"event-{n}",
        "event_name": "page_viewed",
        "occurred_at": instant(n),
        "loaded_at": instant(n),
        "user_id": f"user-{n % 7}",
    },
}


def good_rows(table: str, count: int = ROWS) -> Rows:
    return [GOOD[table](number) for number in range(count)]


def write_table(raw_path: Path, table: str, rows: Rows, *, ending: str = "parquet") -> Path:
    source, name = table.split(".")
    path = raw_path / source / name / f"part-0.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path
    frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else list(GOOD[table](0)))
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"copy frame to '{path}'")
    return path


def write_warehouse(path: Path, *, people: int = 60, as_of: datetime = AS_OF) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create schema marts;
            create schema activation;
            create schema segments;
            create view segments.customers as select 'p0' as profile_id;
            create view segments.sales_ready as select 'p0' as profile_id;
            create view segments.lapsed_leads as select 'p0' as profile_id;
            create table marts.segment_memberships as
            select segment, 'p' || number as profile_id, timestamp '{as_of}' as as_of
            from range({people}) as people (number), (values ('customers'), ('sales_ready')) as
                names (segment)
            where number % 2 = 0 or segment = 'customers';
            create table activation.crm_contacts as
            select
                'p' || number as profile_id,
                'person' || number || '@example.com' as email,
                cast(null as varchar) as crm_contact_id,
                'Ada' as first_name,
                'Lovelace' as last_name,
                'customer' as lifecycle_stage,
                'customers' as primary_segment,
                if(number % 2 = 0, 'customers;sales_ready', 'customers') as segments,
                2 as segment_count,
                number as engagement_score,
                timestamp '{as_of}' as last_engaged_at,
                0 as pricing_page_views_30d,
                timestamp '{as_of}' as as_of
            from range({people}) as people (number);
            create table marts.profile_suppressions (
                profile_id varchar, channel varchar, reason varchar, suppressed_at timestamp
            );
            insert into marts.profile_suppressions values
                ('somebody else', 'email', 'unsubscribed', timestamp '{as_of}');
            create table marts.profile_identifiers as
            select 'email' as identifier_type, 'person' || number || '@example.com' as
                identifier_value, 'p' || number as profile_id
            from range({people}) as people (number);
            """
        )
    return path


def change(warehouse: Path, sql: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(sql)


def findings(report: Report) -> set[tuple[str, str, str]]:
    return {
        (suite.name, check.name, check.severity)
        for suite in report.suites
        for check in suite.checks
        if check.status != "ok"
    }


@pytest.fixture(scope="module")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_warehouse(tmp_path_factory.mktemp("good") / "warehouse.duckdb")


@pytest.fixture(scope="module")
def good_report(tmp_path_factory: pytest.TempPathFactory, good_warehouse: Path) -> Report:
    """All good data, judged once."""
    raw_path = tmp_path_factory.mktemp("raw")
    for table in GOOD:
        write_table(raw_path, table, good_rows(table))
    return validate(raw_path=raw_path, warehouse=good_warehouse, as_of=AS_OF, write=False)


@pytest.fixture
def folder(tmp_path: Path, good_warehouse: Path) -> Path:
    """A folder that is laid out like data/, with a warehouse to spoil."""
    shutil.copy(good_warehouse, tmp_path / "warehouse.duckdb")
    return tmp_path


def check_inputs(raw_path: Path, **options: object) -> Report:
    return validate(
        raw_path=raw_path,
        warehouse=raw_path / "warehouse.duckdb",
        as_of=options.pop("as_of", AS_OF),
        scope="inputs",
        **options,
    )


def check_outputs(folder: Path, **options: object) -> Report:
    return validate(
        warehouse=folder / "warehouse.duckdb",
        as_of=options.pop("as_of", AS_OF),
        scope="outputs",
        **options,
    )


# What comes in ---------------------------------------------------------------------------------


def test_good_files_pass(good_report: Report) -> None:
    assert findings(good_report) == set()
    suites = [suite for suite in good_report.suites if suite.side == "inputs"]
    assert [suite.name for suite in suites] == list(GOOD)
    assert {(suite.rows, suite.sampled_rows) for suite in suites} == {(ROWS, None)}
    assert good_report.success and good_report.exit_code == 0


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_good_files_pass_in_other_formats(tmp_path: Path, ending: str) -> None:
    tables = [PAGES, WEBHOOKS, "shop.order_lines", "events.events"]
    for table in tables:
        write_table(tmp_path, table, good_rows(table), ending=ending)
    report = check_inputs(tmp_path)
    assert findings(report) == set()
    assert [(suite.name, suite.rows) for suite in report.suites] == [(t, ROWS) for t in tables]


def set_in(column: str, value: object, rows: int) -> Callable[[Rows], None]:
    def plant(table: Rows) -> None:
        for row in table[:rows]:
            row[column] = value

    return plant


def each(rows: int, edit: Callable[[dict], object]) -> Callable[[Rows], None]:
    def plant(table: Rows) -> None:
        for row in table[:rows]:
            edit(row)

    return plant


def drop(column: str) -> Callable[[Rows], None]:
    return each(ROWS, lambda row: row.pop(column))


def repeat(rows: int) -> Callable[[Rows], None]:
    def plant(table: Rows) -> None:
        table += copy.deepcopy(table[:rows])

    return plant


def in_payload(rows: int, **fields: object) -> Callable[[Rows], None]:
    """Change or, with None, take out fields of the JSON payload."""

    def edit(row: dict) -> None:
        payload = json.loads(row["payload"]) | fields
        row["payload"] = json.dumps({k: v for k, v in payload.items() if v is not None})

    return each(rows, edit)


def older(column: str, hours: int) -> Callable[[Rows], None]:
    def edit(row: dict) -> None:
        row[column] = str(datetime.fromisoformat(row[column]) - timedelta(hours=hours))

    return each(ROWS, edit)


def nobody(rows: int) -> Callable[[Rows], None]:
    return each(rows, lambda row: row.update(anonymous_id=None, user_id=" "))


INPUT_FAULTS = {
    "no rows": (PAGES, list.clear, "row_count critical"),
    "no path column": (PAGES, drop("path"), "columns critical"),
    "no id column": (PAGES, drop("id"), "columns critical"),
    "no time column": (PAGES, drop("timestamp"), "columns critical"),
    "no load column": (PAGES, drop("received_at"), "columns critical"),
    "no cookie column": (PAGES, drop("anonymous_id"), "columns critical"),
    "a time in words": (PAGES, set_in("timestamp", "yesterday", FEW), "unreadable_times warning"),
    "times in words": (PAGES, set_in("timestamp", "yesterday", MANY), "unreadable_times critical"),
    "a load time missing": (PAGES, set_in("received_at", None, FEW), "unreadable_times warning"),
    "an id missing": (PAGES, set_in("id", None, FEW), "missing_ids warning"),
    "ids blank": (PAGES, each(8, lambda row: row.update(id=" ")), "missing_ids critical"),
    "nobody named once": (PAGES, nobody(FEW), "missing_identifiers warning"),
    "nobody named": (PAGES, nobody(MANY), "missing_identifiers critical"),
    "some repeats": (PAGES, repeat(4), "duplicates warning"),
    "everything twice and again": (
        PAGES,
        lambda rows: rows.extend(copy.deepcopy(rows) * 2),
        "duplicates critical",
    ),
    "two days old": (PAGES, older("received_at", 48), "freshness warning"),
    "ten days old": (PAGES, older("received_at", 240), "freshness critical"),
    "loaded in the future": (PAGES, older("received_at", -48), "freshness critical"),
    "properties cut off": (
        "segment.tracks",
        set_in("properties", '{"form_id"', FEW),
        "properties_is_json warning",
    ),
    "no events named": ("segment.tracks", drop("event"), "columns critical"),
    "an identify call without user": (
        "segment.identifies",
        each(FEW, lambda row: row.update(user_id=None, email="")),
        "missing_identifiers warning",
    ),
    "a payload of plain text": (
        WEBHOOKS,
        set_in("payload", "oops", FEW),
        "payload_is_json warning",
    ),
    "payloads of plain text": (
        WEBHOOKS,
        each(8, lambda row: row.update(payload=row["payload"][:-1])),
        "payload_is_json critical",
    ),
    "a payload with many events": (
        WEBHOOKS,
        each(FEW, lambda row: row.update(payload=f"[{row['payload']}]")),
        "payload_is_json warning",
    ),
    "a payload missing": (WEBHOOKS, set_in("payload", None, FEW), "payload_is_json warning"),
    "no payload column": (WEBHOOKS, drop("payload"), "columns critical"),
    "an unknown provider": (
        WEBHOOKS,
        set_in("provider", "carrier pigeon", FEW),
        "known_providers warning",
    ),
    "providers missing": (WEBHOOKS, set_in("provider", None, MANY), "known_providers critical"),
    "a webhook to nobody": (WEBHOOKS, in_payload(FEW, email=None), "missing_identifiers warning"),
    "a webhook without id": (WEBHOOKS, in_payload(FEW, sg_event_id=None), "missing_ids warning"),
    "a webhook at no time": (
        WEBHOOKS,
        in_payload(FEW, timestamp="noon"),
        "unreadable_times warning",
    ),
    "a webhook beyond the calendar": (
        WEBHOOKS,
        in_payload(FEW, timestamp=1e30),
        "unreadable_times warning",
    ),
    "webhooks delivered again": (WEBHOOKS, repeat(4), "duplicates warning"),
    "contacts not synced": ("hubspot.contacts", older("_fivetran_synced", 48), "freshness warning"),
    "a contact without creation date": (
        "hubspot.contacts",
        set_in("property_createdate", None, FEW),
        "unreadable_times warning",
    ),
    "companies without ids": ("hubspot.companies", drop("id"), "columns critical"),
    "deals without stages": ("hubspot.deals", drop("deal_pipeline_stage_id"), "columns critical"),
    "no deals": ("hubspot.deals", list.clear, "row_count critical"),
    "a deal of nobody": (
        "hubspot.deal_contacts",
        set_in("contact_id", None, FEW),
        "missing_ids warning",
    ),
    "owners twice": ("hubspot.owners", repeat(ROWS - 1), "duplicates warning"),
    "order lines twice": ("shop.order_lines", repeat(4), "duplicates warning"),
    "mostly guests": (
        "shop.order_lines",
        set_in("CustomerID", None, 20),
        "missing_identifiers warning",
    ),
    "no prices": ("shop.order_lines", drop("UnitPrice"), "columns critical"),
    "an order in words": (
        "shop.order_lines",
        set_in("InvoiceDate", "Tuesday", FEW),
        "unreadable_times warning",
    ),
    "tracker stopped": ("snowplow.events", older("collector_tstamp", 240), "freshness critical"),
    "an anonymous tracker": (
        "snowplow.events",
        set_in("domain_userid", None, MANY),
        "missing_identifiers critical",
    ),
    "no identifier column": ("events.events", drop("user_id"), "missing_identifiers critical"),
    "no event names": ("events.events", drop("event_name"), "columns critical"),
}


@pytest.mark.parametrize("fault", INPUT_FAULTS)
def test_planted_fault_in_raw_files_fails_exactly_its_check(tmp_path: Path, fault: str) -> None:
    table, plant, finding = INPUT_FAULTS[fault]
    check, severity = finding.split()
    rows = good_rows(table)
    plant(rows)
    if table.startswith("segment."):
        write_table(tmp_path, PAGES, good_rows(PAGES))
    if table.startswith("hubspot."):
        write_table(tmp_path, "hubspot.contacts", good_rows("hubspot.contacts"))
    write_table(tmp_path, table, rows)

    report = check_inputs(tmp_path, write=False)

    assert findings(report) == {(table, check, severity)}
    assert report.success == (severity == "warning")
    assert len(report.warnings) == (severity == "warning")
    assert report.exit_code == (0 if severity == "warning" else 4)


def test_every_input_check_has_a_planted_fault(good_report: Report) -> None:
    suites = [suite for suite in good_report.suites if suite.side == "inputs"]
    checks = {check.name for suite in suites for check in suite.checks}
    planted = {finding.split()[0] for *_, finding in INPUT_FAULTS.values()}
    assert checks == planted


def test_missing_and_damaged_files_fail_without_hiding_the_other_tables(tmp_path: Path) -> None:
    write_table(tmp_path, "segment.tracks", good_rows("segment.tracks"))
    path = write_table(tmp_path, WEBHOOKS, good_rows(WEBHOOKS))
    path.write_bytes(b"PAR1 this is no Parquet file PAR1")
    report = check_inputs(tmp_path, write=False)
    assert findings(report) == {
        (PAGES, "files", "critical"),
        (WEBHOOKS, "files", "critical"),
    }
    assert [(suite.name, suite.rows) for suite in report.suites] == [
        (PAGES, 0),
        ("segment.tracks", ROWS),
        (WEBHOOKS, 0),
    ]
    assert str(tmp_path / "segment" / "pages") in report.critical_failures[0]


def test_a_table_may_be_one_file_and_a_folder_in_many_formats(tmp_path: Path) -> None:
    rows = good_rows(PAGES)
    write_table(tmp_path, PAGES, rows[:10])
    write_table(tmp_path, PAGES, rows[10:20], ending="csv")
    write_table(tmp_path, PAGES, rows[20:30], ending="jsonl")
    single = write_table(tmp_path / "other", PAGES, rows[30:])
    single.rename(tmp_path / "segment" / "pages.parquet")
    (tmp_path / "segment" / "pages" / "_SUCCESS").touch()
    (suite,) = check_inputs(tmp_path, sources=["segment"]).suites
    assert (suite.status, suite.rows) == ("ok", ROWS)


def test_postmark_and_mailgun_webhooks_are_understood(tmp_path: Path) -> None:
    payloads = [
        {
            "RecordType": "Delivery",
            "MessageID": "m-1",
            "Recipient": "ada@example.com",
            "DeliveredAt": "2026-06-29T10:00:00.2735393-04:00",
        },
        {
            "RecordType": "Bounce",
            "ID": 901,
            "Email": "ada@example.com",
            "BouncedAt": "2026-06-29T10:00:00Z",
        },
        {
            "event-data": {
                "event": "opened",
                "recipient": "ada@example.com",
                "timestamp": 1_782_000_000.5,
            }
        },
        {"event": "clicked", "recipient": "ada@example.com", "timestamp": "1782000000"},
    ]
    providers = ["postmark", "Postmark ", "mailgun", "mailgun"]
    rows = [
        {"provider": provider, "received_at": instant(1), "payload": json.dumps(payload)}
        for provider, payload in zip(providers, payloads, strict=True)
    ]
    write_table(tmp_path, WEBHOOKS, rows)
    assert findings(check_inputs(tmp_path)) == set()


def test_times_keep_their_offset(tmp_path: Path) -> None:
    rows = good_rows(PAGES)
    for row in rows:
        row["received_at"] = "2026-06-29T23:00:00-02:00"  # one hour after as_of
    write_table(tmp_path, PAGES, rows)
    (suite,) = check_inputs(tmp_path).suites
    found = {check.name: check.observed for check in suite.checks}
    assert found["freshness"] == "nothing loaded up to as_of"


def test_replaying_the_past_ignores_what_was_loaded_later(tmp_path: Path) -> None:
    write_table(tmp_path, PAGES, good_rows(PAGES))
    report = check_inputs(tmp_path, as_of=AS_OF - timedelta(minutes=20))
    assert findings(report) == set()


def test_large_tables_are_sampled_the_same_way_every_time(tmp_path: Path) -> None:
    rows = good_rows(PAGES, 5000)
    for row in rows[::4]:
        row["timestamp"] = "yesterday"
    write_table(tmp_path, PAGES, rows[:2500])
    bounds = Bounds(sample_rows=500, unreadable_times=Limit(0.1, 0.9), freshness=Limit(1, 1000))
    write_table(tmp_path / "second", PAGES, rows[2500:])
    (tmp_path / "second" / "segment" / "pages" / "part-0.parquet").rename(
        tmp_path / "segment" / "pages" / "part-1.parquet"
    )
    first, second = (check_inputs(tmp_path, bounds=bounds) for _ in range(2))

    assert first == second
    (suite,) = first.suites
    assert suite.rows == 5000  # totals count every row
    assert 350 < suite.sampled_rows < 650
    assert findings(first) == {(PAGES, "unreadable_times", "warning")}
    (observed,) = [c.observed for c in suite.checks if c.name == "unreadable_times"]
    assert f"of {suite.sampled_rows:,} rows" in observed
    assert "timestamp = yesterday" in observed


def test_duplicates_are_counted_over_all_rows_of_a_sampled_table(tmp_path: Path) -> None:
    rows = good_rows(PAGES, 1000)
    repeat(100)(rows)
    write_table(tmp_path, PAGES, rows)
    bounds = Bounds(sample_rows=50, freshness=Limit(100, 1000))
    report = check_inputs(tmp_path, bounds=bounds)
    assert findings(report) == {(PAGES, "duplicates", "warning")}
    assert "found 9.1%" in report.warnings[0]


def test_the_shop_may_name_its_columns_otherwise(tmp_path: Path) -> None:
    names = {"InvoiceNo": "order no", "InvoiceDate": "Ordered", "CustomerID": "buyer"}
    rows = [
        {names.get(name, name): value for name, value in row.items()}
        for row in good_rows("shop.order_lines")
    ]
    write_table(tmp_path, "shop.order_lines", rows)
    assert findings(check_inputs(tmp_path)) == {("shop.order_lines", "columns", "critical")}
    shop_columns = {"order_id": "order no", "ordered_at": "ordered", "customer_id": "buyer"}
    assert findings(check_inputs(tmp_path, shop_columns=shop_columns)) == set()


# What goes out ---------------------------------------------------------------------------------

OUTPUT_FAULTS = {
    "contacts emptied": (f"delete from {CONTACTS}", CONTACTS, "row_count critical"),
    "a contact column dropped": (
        f"alter table {CONTACTS} drop column segments",
        CONTACTS,
        "columns critical",
    ),
    "the address column dropped": (
        f"alter table {CONTACTS} drop column email",
        CONTACTS,
        "columns critical",
    ),
    "a profile twice": (
        f"update {CONTACTS} set profile_id = 'p1', segments = 'customers' where profile_id = 'p3'",
        CONTACTS,
        "unique_profile_id critical",
    ),
    "an address twice": (
        f"update {CONTACTS} set email = 'person1@example.com' where profile_id = 'p2'",
        CONTACTS,
        "unique_email critical",
    ),
    "an address empty": (
        f"update {CONTACTS} set email = null where profile_id = 'p2'",
        CONTACTS,
        "filled critical",
    ),
    "no address at all": (
        f"update {CONTACTS} set email = 'unknown' where profile_id = 'p2'",
        CONTACTS,
        "email_syntax critical",
    ),
    "a doubtful address": (
        f"update {CONTACTS} set email = 'ada,bob@example.com' where profile_id = 'p2'",
        CONTACTS,
        "email_syntax warning",
    ),
    "an address with capitals": (
        f"update {CONTACTS} set email = 'Ada@example.com' where profile_id = 'p2'",
        CONTACTS,
        "email_lower_case critical",
    ),
    "a suppressed profile": (
        "insert into marts.profile_suppressions values ('p2', 'email', 'complained', now())",
        CONTACTS,
        "nobody_suppressed critical",
    ),
    "a suppressed profile without reason": (
        "insert into marts.profile_suppressions values ('p2', 'email', null, now())",
        CONTACTS,
        "nobody_suppressed critical",
    ),
    "a suppressed address": (
        "insert into marts.profile_identifiers values "
        "('email', 'Person2@Example.com ', 'somebody else')",
        CONTACTS,
        "nobody_suppressed critical",
    ),
    "an unknown lifecycle stage": (
        f"update {CONTACTS} set lifecycle_stage = 'friend' where profile_id = 'p2'",
        CONTACTS,
        "lifecycle_stages critical",
    ),
    "a segment not sent": (
        f"update {CONTACTS} set segments = 'customers' where profile_id = 'p2'",
        CONTACTS,
        "segments_match critical",
    ),
    "segments in another order": (
        f"update {CONTACTS} set segments = 'sales_ready;customers' where profile_id = 'p2'",
        CONTACTS,
        "segments_match critical",
    ),
    "a primary segment of others": (
        f"update {CONTACTS} set primary_segment = 'sales' where profile_id = 'p2'",
        CONTACTS,
        "primary_segment critical",
    ),
    "a score too low": (
        f"update {CONTACTS} set engagement_score = -1 where profile_id = 'p2'",
        CONTACTS,
        "lowest_score warning",
    ),
    "a score too high": (
        f"update {CONTACTS} set engagement_score = 1000000 where profile_id = 'p2'",
        CONTACTS,
        "highest_score warning",
    ),
    "a contact of yesterday": (
        f"update {CONTACTS} set as_of = as_of - interval 1 day where profile_id = 'p2'",
        CONTACTS,
        "one_as_of critical",
    ),
    "a contact of no time": (
        f"update {CONTACTS} set as_of = null where profile_id = 'p2'",
        CONTACTS,
        "one_as_of critical",
    ),
    "half the contacts gone": (
        f"delete from {CONTACTS} where right(profile_id, 1) in ('1', '2', '3', '4', '5', '6')",
        CONTACTS,
        "sizes warning",
    ),
    "a membership twice": (
        f"insert into {MEMBERSHIPS} select * from {MEMBERSHIPS} where profile_id = 'p1'",
        MEMBERSHIPS,
        "unique_key critical",
    ),
    "a membership of nobody": (
        f"insert into {MEMBERSHIPS} select 'customers', null, as_of from {MEMBERSHIPS} limit 1",
        MEMBERSHIPS,
        "filled critical",
    ),
    "an unknown segment": (
        f"insert into {MEMBERSHIPS} values ('best_friends', 'p999', timestamp '{AS_OF}')",
        MEMBERSHIPS,
        "known_segments critical",
    ),
    "a membership of yesterday": (
        f"update {MEMBERSHIPS} set as_of = as_of - interval 1 day where profile_id = 'p1'",
        MEMBERSHIPS,
        "one_as_of critical",
    ),
    "a membership column dropped": (
        f"alter table {MEMBERSHIPS} drop column as_of",
        MEMBERSHIPS,
        "columns critical",
    ),
    "a segment shrunk": (
        f"delete from {MEMBERSHIPS} where segment = 'sales_ready' and right(profile_id, 1) <> '0';"
        f"update {CONTACTS} set segments = 'customers' where right(profile_id, 1) <> '0'",
        MEMBERSHIPS,
        "sizes warning",
    ),
    "a segment grown": (
        f"insert into {MEMBERSHIPS} select 'sales_ready', 'x' || range, timestamp '{AS_OF}' "
        "from range(100)",
        MEMBERSHIPS,
        "sizes warning",
    ),
    "a segment emptied": (
        f"delete from {MEMBERSHIPS} where segment = 'sales_ready';"
        f"update {CONTACTS} set segments = 'customers'",
        MEMBERSHIPS,
        "sizes critical",
    ),
    "all memberships emptied": (
        f"delete from {MEMBERSHIPS}; update {CONTACTS} set segments = '', primary_segment = null",
        MEMBERSHIPS,
        "row_count critical",
    ),
}
YESTERDAY = Run(
    as_of="2026-06-29T00:00:00Z",
    contacts=60,
    segments={"customers": 60, "sales_ready": 30, "lapsed_leads": 19, "retired_rule": 500},
)


@pytest.mark.parametrize("fault", OUTPUT_FAULTS)
def test_planted_fault_in_marts_fails_exactly_its_check(folder: Path, fault: str) -> None:
    sql, table, finding = OUTPUT_FAULTS[fault]
    check, severity = finding.split()
    remember(folder / "validation_history.json", [], YESTERDAY)
    change(folder / "warehouse.duckdb", sql)

    report = check_outputs(folder, write=False)

    assert findings(report) == {(table, check, severity)}
    assert report.success == (severity == "warning")


def test_every_output_check_has_a_planted_fault(good_report: Report) -> None:
    suites = [suite for suite in good_report.suites if suite.side == "outputs"]
    checks = {(suite.name, check.name) for suite in suites for check in suite.checks}
    assert checks == {(table, found.split()[0]) for _, table, found in OUTPUT_FAULTS.values()}


def test_results_name_profiles_and_never_addresses(folder: Path) -> None:
    change(
        folder / "warehouse.duckdb",
        f"update {CONTACTS} set email = 'Person7' where profile_id in ('p7', 'p8');"
        "insert into marts.profile_suppressions values ('p9', 'email', 'unsubscribed', now())",
    )
    text = json.dumps(check_outputs(folder).as_dict())
    assert "p7; p8" in text and "p9 (unsubscribed)" in text
    assert "person" not in text.lower()


def test_outputs_must_carry_the_instant_asked_for(folder: Path) -> None:
    report = check_outputs(folder, as_of="2026-07-01T02:00:00+02:00")
    assert report.as_of == "2026-07-01T00:00:00Z"
    assert findings(report) == {
        (CONTACTS, "one_as_of", "critical"),
        (MEMBERSHIPS, "one_as_of", "critical"),
    }
    assert check_outputs(folder, as_of=None).as_of == AS_OF_TEXT


# Sizes from run to run -------------------------------------------------------------------------


def shrink_to(folder: Path, members: int, as_of: datetime) -> None:
    """Leave so many members in sales_ready, as of a later instant."""
    change(
        folder / "warehouse.duckdb",
        f"""
        delete from {MEMBERSHIPS} where segment = 'sales_ready'
        and cast(substr(profile_id, 2) as integer) >= {2 * members};
        update {CONTACTS} set segments = 'customers'
        where cast(substr(profile_id, 2) as integer) >= {2 * members};
        update {MEMBERSHIPS} set as_of = timestamp '{as_of}';
        update {CONTACTS} set as_of = timestamp '{as_of}';
        """,
    )


def test_sizes_are_compared_with_the_last_successful_run(folder: Path) -> None:
    day, history = timedelta(days=1), folder / "validation_history.json"
    assert check_outputs(folder).baseline_as_of is None

    shrink_to(folder, 20, AS_OF + day)  # 30 → 20: within bounds
    report = check_outputs(folder, as_of=AS_OF + day)
    assert (findings(report), report.baseline_as_of) == (set(), AS_OF_TEXT)

    shrink_to(folder, 8, AS_OF + 2 * day)  # 20 → 8: a warning, which is a success
    report = check_outputs(folder, as_of=AS_OF + 2 * day)
    assert findings(report) == {(MEMBERSHIPS, "sizes", "warning")}
    assert "sales_ready 20 → 8" in report.warnings[0]

    shrink_to(folder, 0, AS_OF + 3 * day)  # 8 were too few to be compared
    assert findings(check_outputs(folder, as_of=AS_OF + 3 * day)) == set()
    assert [run.segments.get("sales_ready", 0) for run in read_history(history)] == [30, 20, 8, 0]


def test_a_failed_run_never_becomes_the_yardstick(folder: Path) -> None:
    day, history = timedelta(days=1), folder / "validation_history.json"
    check_outputs(folder)
    shrink_to(folder, 0, AS_OF + day)
    for _ in range(2):
        report = check_outputs(folder, as_of=AS_OF + day)
        assert findings(report) == {(MEMBERSHIPS, "sizes", "critical")}
    assert [run.as_of for run in read_history(history)] == [AS_OF_TEXT]

    assert check_outputs(folder, as_of=AS_OF + day, accept_sizes=True).success
    assert [run.segments.get("sales_ready", 0) for run in read_history(history)] == [30, 0]
    assert findings(check_outputs(folder, as_of=AS_OF + 2 * day)) == {
        (CONTACTS, "one_as_of", "critical"),
        (MEMBERSHIPS, "one_as_of", "critical"),
    }


def test_a_repeated_run_does_not_move_the_yardstick(folder: Path) -> None:
    check_outputs(folder)
    for members in (22, 14):  # each step is small, together they are not
        shrink_to(folder, members, AS_OF)
        report = check_outputs(folder)
    assert report.baseline_as_of == AS_OF_TEXT
    assert findings(report) == {(MEMBERSHIPS, "sizes", "warning")}
    assert read_history(folder / "validation_history.json")[0].segments["sales_ready"] == 30


def test_baseline_is_the_newest_earlier_run() -> None:
    runs = [
        Run(as_of=text, contacts=number, segments={})
        for number, text in enumerate(
            ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "2026-06-02T00:00:00.500000Z"]
        )
    ]
    assert baseline(runs, "2026-06-02T00:00:00Z") == runs[0]
    assert baseline(runs, "2026-06-02T00:00:00.500000Z") == runs[1]
    assert baseline(runs, "2026-06-01T00:00:00Z") == runs[0]  # only itself to compare with
    assert baseline(runs, "2026-05-31T00:00:00Z") is None


# Files, exit codes and the command line --------------------------------------------------------


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command on a small folder, as a user would from the project's root."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AUDIENCE_WAREHOUSE", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    write_table(folder / "raw", PAGES, good_rows(PAGES))

    def run(*arguments: str) -> int:
        paths = ["--raw-path", "raw", "--warehouse", "warehouse.duckdb", "--as-of", AS_OF_TEXT]
        return main([*arguments, *paths])

    return run


def test_quiet_when_all_is_well(command: Callable[..., int], folder: Path, capsys) -> None:
    assert command() == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for suite in (PAGES, CONTACTS, MEMBERSHIPS):
        (line,) = [line for line in printed.out.splitlines() if suite in line]
        assert line.startswith("ok ")
    assert "All 29 checks passed: the push may run." in printed.out
    assert "unique_email" not in printed.out
    assert command("--verbose") == 0
    assert "unique_email" in capsys.readouterr().out

    found = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert found["success"] is True
    assert found["as_of"] == AS_OF_TEXT
    assert found["critical_failures"] == found["warnings"] == []
    assert [suite["name"] for suite in found["suites"]] == [PAGES, CONTACTS, MEMBERSHIPS]
    assert set(found["suites"][0]["checks"][0]) == {
        "name",
        "meaning",
        "severity",
        "status",
        "observed",
    }
    assert not list(folder.glob("*.draft"))


def test_critical_failure_stops_the_push(command: Callable[..., int], folder: Path, capsys) -> None:
    change(folder / "warehouse.duckdb", OUTPUT_FAULTS["an address twice"][0])
    assert command("outputs") == 4
    printed = capsys.readouterr().out
    assert "1 critical check failed: the push will not run." in printed
    assert "FAIL  unique_email" in printed
    found = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert found["success"] is False
    assert found["critical_failures"] == [
        f"{CONTACTS} unique_email: expected one row per e-mail address; "
        "found 2 of 60 rows (3.3%), such as p1; p2"
    ]


def test_looking_at_one_side_keeps_the_results_of_the_other(
    command: Callable[..., int], folder: Path
) -> None:
    change(folder / "warehouse.duckdb", OUTPUT_FAULTS["an address twice"][0])
    assert command("all") == 4
    assert command("inputs") == 0
    found = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert found["success"] is False
    assert [suite["name"] for suite in found["suites"]] == [PAGES, CONTACTS, MEMBERSHIPS]


def test_bounds_are_options(command: Callable[..., int], folder: Path) -> None:
    change(folder / "warehouse.duckdb", OUTPUT_FAULTS["a score too high"][0])
    assert command("outputs") == 0
    assert json.loads((folder / "validation.json").read_text())["warnings"]
    assert command("outputs", "--engagement-max", "2000000") == 0
    assert not json.loads((folder / "validation.json").read_text())["warnings"]
    write_table(folder / "raw", PAGES, good_rows(PAGES)[20:])
    assert command("inputs", "--freshness", "0.1", "0.2") == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["outputs", "--warehouse", "nowhere.duckdb"], "run `dbt build` first"),
        (["outputs", "--warehouse", "raw/segment/pages/part-0.parquet"], "cannot be opened"),
        (["inputs", "--raw-path", "nowhere"], "no known source in nowhere"),
        (["inputs", "--raw-path", "raw", "--sources", "email"], "no folder for email in raw"),
        (["inputs", "--raw-path", "raw", "--sources", "fax"], "choose among segment, email"),
        (["inputs", "--raw-path", "raw", "--as-of", "noon"], "write it like 2026-06-30T00:00:00Z"),
    ],
)
def test_what_cannot_be_judged_says_what_to_do(
    command: Callable[..., int], folder: Path, capsys, arguments: list[str], says: str
) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err
    assert not (folder / "validation.json").exists()


def test_missing_marts_are_named(folder: Path) -> None:
    change(
        folder / "warehouse.duckdb",
        "drop table marts.profile_suppressions;"
        "alter table marts.profile_identifiers drop column identifier_value",
    )
    with pytest.raises(ValidationSetupError) as failure:
        check_outputs(folder)
    assert "marts.profile_suppressions" in str(failure.value)
    assert "marts.profile_identifiers.identifier_value" in str(failure.value)


def test_a_warehouse_in_use_is_explained(folder: Path) -> None:
    in_use = duckdb.connect(str(folder / "warehouse.duckdb"))
    with in_use, pytest.raises(ValidationSetupError, match="wait until that has ended"):
        check_outputs(folder)


def test_a_damaged_history_is_explained(folder: Path) -> None:
    (folder / "validation_history.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValidationSetupError, match="starts a new baseline"):
        check_outputs(folder)


def test_bounds_that_fail_before_they_warn_are_explained() -> None:
    with pytest.raises(ValidationSetupError, match="give the smaller number first"):
        Bounds(duplicates=Limit(0.5, 0.1))


def test_unknown_scope_is_explained() -> None:
    with pytest.raises(ValidationSetupError, match="inputs, outputs, all"):
        validate(scope="everything")


def test_project_settings_move_the_bounds(tmp_path: Path) -> None:
    project = tmp_path / "dbt_project.yml"
    assert project_settings(project) == (Bounds(), {})
    project.write_text(
        "vars: {freshness_warn_hours: 2, freshness_error_hours: 4, shop_columns: {order_id: no}}",
        encoding="utf-8",
    )
    bounds, shop_columns = project_settings(project)
    assert bounds == replace(Bounds(), freshness=Limit(2, 4))
    assert set(shop_columns) == {"order_id"}
    project.write_text("vars: [1", encoding="utf-8")
    with pytest.raises(ValidationSetupError, match="cannot be read"):
        project_settings(project)


def test_the_page_about_validation_names_every_check_and_bound(good_report: Report) -> None:
    page = (Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    for name in {check.name for suite in good_report.suites for check in suite.checks} | {"files"}:
        assert f"`{name}`" in page
    for bound in fields(Bounds):
        default = bound.default if isinstance(bound.default, Limit) else (bound.default,)
        cells = " | ".join(f"{value:g}" for value in default)
        assert f"| `--{bound.name.replace('_', '-')}` | {cells} |" in page


def test_nothing_is_sent_to_anybody(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    attempts = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: attempts.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: attempts.append(address))
    assert command() == 0
    assert attempts == []
    printed = capfd.readouterr()
    assert "Calculating Metrics" not in printed.out + printed.err


def test_databases_think_in_utc_and_print_no_progress() -> None:
    settings = "select current_setting('TimeZone'), current_setting('enable_progress_bar')"
    assert connect().execute(settings).fetchone() == ("UTC", False)


def test_help_does_not_wait_for_great_expectations() -> None:
    program = (
        "import sys, scripts.validate.cli as cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'great_expectations', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
    assert "--unreadable-times WARN FAIL" in done.stdout

"""Each check of `audiences validate` passes on good data and fails on its own fault."""

import copy
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from scripts import audiences
from scripts.dbt_runner import DbtFailed, invoke_dbt
from scripts.validate import Bounds, Limit, Report, ValidationSetupError, validate
from scripts.validate.history import Run, baseline, read_history, remember
from scripts.validate.raw_tables import freshness_limit, raw_tables
from scripts.validate.setup_errors import NoSources, UnknownModel
from scripts.warehouse import WarehouseLocked, WarehouseNotBuilt, open_warehouse, read_manifest

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


def write_table(raw_path: Path, table: str, rows: Rows, *, ending: str = "csv") -> Path:
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


def write_marts(path: Path, *, people: int = 60, as_of: datetime = AS_OF) -> Path:
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


@dataclass(frozen=True)
class Landed:
    """Good files of every source, and a warehouse over them as dbt lays it."""

    raw: Path
    warehouse: Path
    target: Path
    variables: dict[str, Any]
    manifest: Any

    def lay_views(self) -> None:
        """Lay the raw views anew, as every run of dbt does first."""
        invoke_dbt(
            "run-operation",
            "create_raw_views",
            warehouse=self.warehouse,
            target_path=self.target,
            variables=self.variables,
            manifest=self.manifest,
        )

    @contextmanager
    def holding(self, table: str, rows: Rows, *, lay_views: bool) -> Iterator[None]:
        """Have other rows in a table for a while."""
        path = self.raw.joinpath(*table.split(".")) / "part-0.csv"
        good = path.read_bytes()
        write_table(self.raw, table, rows)
        try:
            if lay_views:
                self.lay_views()
            yield
        finally:
            path.write_bytes(good)
            if lay_views:
                self.lay_views()

    def check(self, **options: Any) -> Report:
        """Judge what comes in."""
        return validate(
            warehouse=self.warehouse,
            target_path=self.target,
            as_of=options.pop("as_of", AS_OF),
            scope="inputs",
            write=False,
            **options,
        )


def land(folder: Path, tables: list[str], *, select: str | None = None, **variables: Any) -> Landed:
    """Write good files and let dbt parse the project, lay the raw views and build what is named."""
    for table in tables:
        write_table(folder / "raw", table, good_rows(table))
    names = sorted({table.split(".")[0] for table in tables})
    variables = {"raw_path": str(folder / "raw"), "event_sources": names, **variables}
    where = {"warehouse": folder / "warehouse.duckdb", "target_path": folder / "target"}
    manifest = invoke_dbt("parse", variables=variables, **where)
    found = Landed(folder / "raw", *where.values(), variables, manifest)
    found.lay_views()
    if select:
        kinds = ("--exclude-resource-type", "test", "unit_test")
        invoke_dbt("build", "--select", select, *kinds, variables=variables, manifest=manifest,
                   **where)  # fmt: skip
    return found


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Every source."""
    folder = tmp_path_factory.mktemp("landed")
    return land(folder, list(GOOD), select="+stg_email__events")


@pytest.fixture(scope="module")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory, landed: Landed) -> Path:
    """Good raw tables and good marts in one file."""
    path = tmp_path_factory.mktemp("good") / "warehouse.duckdb"
    shutil.copy(landed.warehouse, path)
    return write_marts(path)


@pytest.fixture(scope="module")
def good_report(good_warehouse: Path, landed: Landed) -> Report:
    """All good data, judged once."""
    return validate(warehouse=good_warehouse, target_path=landed.target, as_of=AS_OF, write=False)


@pytest.fixture
def folder(tmp_path: Path, good_warehouse: Path) -> Path:
    """A folder that is laid out like data/, with a warehouse to spoil."""
    shutil.copy(good_warehouse, tmp_path / "warehouse.duckdb")
    return tmp_path


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
    assert [suite.name for suite in suites] == [
        "email.webhooks",
        "events.events",
        "hubspot.contacts",
        "hubspot.companies",
        "hubspot.deals",
        "hubspot.deal_contacts",
        "hubspot.owners",
        "segment.pages",
        "segment.tracks",
        "segment.identifies",
        "shop.order_lines",
        "snowplow.events",
    ]
    assert {suite.name for suite in suites} == set(GOOD)
    assert {(suite.rows, suite.sampled_rows) for suite in suites} == {(ROWS, None)}
    assert good_report.success and good_report.exit_code == 0


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
    "a payload missing": (WEBHOOKS, set_in("payload", None, FEW), "payload_is_json warning"),
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
}


@pytest.mark.parametrize("fault", INPUT_FAULTS)
def test_planted_fault_in_raw_files_fails_exactly_its_check(landed: Landed, fault: str) -> None:
    table, plant, finding = INPUT_FAULTS[fault]
    check, severity = finding.split()
    rows = good_rows(table)
    plant(rows)
    has_other_columns = bool(rows) and set(rows[0]) != set(GOOD[table](0))
    with landed.holding(table, rows, lay_views=has_other_columns):
        report = landed.check(sources=[table.split(".")[0]])

    assert findings(report) == {(table, check, severity)}
    assert report.success == (severity == "warning")
    assert len(report.warnings) == (severity == "warning")
    assert report.exit_code == (0 if severity == "warning" else 4)


def test_every_input_check_has_a_planted_fault(good_report: Report) -> None:
    suites = [suite for suite in good_report.suites if suite.side == "inputs"]
    checks = {check.name for suite in suites for check in suite.checks}
    planted = {finding.split()[0] for *_, finding in INPUT_FAULTS.values()}
    assert checks == planted


@pytest.mark.parametrize(
    ("table", "column"), [(PAGES, "id"), (WEBHOOKS, "payload"), ("shop.order_lines", "UnitPrice")]
)
def test_a_required_column_that_is_missing_stops_the_build(
    landed: Landed, table: str, column: str
) -> None:
    """dbt refuses to lay the view; a table that a loader made is judged all the same."""
    rows = good_rows(table)
    drop(column)(rows)
    path = landed.raw.joinpath(*table.split(".")) / "part-0.csv"
    good = path.read_bytes()
    write_table(landed.raw, table, rows)
    try:
        with pytest.raises(DbtFailed) as failure:
            landed.lay_views()
        assert f"has no column {column}" in failure.value.output + str(failure.value)
    finally:
        path.write_bytes(good)


def test_a_loaded_table_without_a_required_column_is_found(landed: Landed, tmp_path: Path) -> None:
    spoiled = tmp_path / "warehouse.duckdb"
    shutil.copy(landed.warehouse, spoiled)
    change(
        spoiled,
        "create table pages as select * exclude (id, timestamp) from raw_segment.pages;"
        "drop view raw_segment.pages;"
        "create table raw_segment.pages as from pages",
    )
    report = validate(
        warehouse=spoiled, target_path=landed.target, as_of=AS_OF, scope="inputs",
        sources=["segment"], write=False,
    )  # fmt: skip
    assert findings(report) == {(PAGES, "columns", "critical")}
    assert report.critical_failures[0].endswith("found no id, timestamp")


def test_missing_and_damaged_files_fail_without_hiding_the_other_tables(
    tmp_path: Path, landed: Landed
) -> None:
    spoiled, raw = tmp_path / "warehouse.duckdb", tmp_path / "raw"
    shutil.copy(landed.warehouse, spoiled)
    pages = write_table(raw, PAGES, good_rows(PAGES), ending="parquet")
    tracks = write_table(raw, "segment.tracks", good_rows("segment.tracks"), ending="parquet")
    change(
        spoiled,
        f"create or replace view raw_segment.pages as from read_parquet('{pages}');"
        f"create or replace view raw_segment.tracks as from read_parquet('{tracks}')",
    )
    pages.unlink()
    tracks.write_bytes(b"PAR1 this is no Parquet file PAR1")
    report = validate(
        warehouse=spoiled, target_path=landed.target, as_of=AS_OF, scope="inputs",
        sources=["segment"], write=False,
    )  # fmt: skip
    assert findings(report) == {
        (PAGES, "files", "critical"),
        ("segment.tracks", "files", "critical"),
    }
    assert [(suite.name, suite.rows) for suite in report.suites] == [
        (PAGES, 0),
        ("segment.tracks", 0),
        ("segment.identifies", ROWS),
    ]
    assert str(pages) in report.critical_failures[0]


def test_a_raw_table_that_was_never_laid_is_named(tmp_path: Path, landed: Landed) -> None:
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    report = validate(
        warehouse=tmp_path / "empty.duckdb", target_path=landed.target, scope="inputs",
        sources=["email"], write=False,
    )  # fmt: skip
    assert findings(report) == {(WEBHOOKS, "files", "critical")}
    assert "webhooks" in report.critical_failures[0]


def test_an_optional_table_without_files_is_left_out(landed: Landed) -> None:
    suites = {suite.name for suite in landed.check(sources=["segment"]).suites}
    assert suites == {PAGES, "segment.tracks", "segment.identifies"}  # no aliases


def test_files_in_many_formats_are_one_table(tmp_path: Path) -> None:
    small = land(tmp_path, ["events.events"])
    rows = good_rows("events.events")
    write_table(small.raw, "events.events", rows[:10])
    write_table(small.raw, "events.events", rows[10:20], ending="parquet")
    write_table(small.raw, "events.events", rows[20:30], ending="jsonl")
    (small.raw / "events" / "events" / "_SUCCESS").touch()
    small.lay_views()
    (suite,) = small.check().suites
    assert (suite.status, suite.rows) == ("ok", 30)


def test_postmark_and_mailgun_webhooks_are_understood(landed: Landed) -> None:
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
        # Many events in one body.
        [
            {
                "event": "sent",
                "email": "ada@example.com",
                "time": 1_782_000_000,
                "MessageID": number,
            }
            for number in (5, 6)
        ],
    ]
    providers = ["postmark", "Postmark ", "mailgun", "mailgun", "mailjet"]
    rows = [
        {"provider": provider, "received_at": instant(1), "payload": json.dumps(payload)}
        for provider, payload in zip(providers, payloads, strict=True)
    ]
    with landed.holding(WEBHOOKS, rows, lay_views=False):
        assert findings(landed.check(sources=["email"])) == set()


def test_times_keep_their_offset(landed: Landed) -> None:
    rows = good_rows(PAGES)
    for row in rows:
        row["received_at"] = "2026-06-29T23:00:00-02:00"  # one hour after as_of
    with landed.holding(PAGES, rows, lay_views=False):
        suite = landed.check(sources=["segment"]).suites[0]
    found = {check.name: check.observed for check in suite.checks}
    assert found["freshness"] == "nothing loaded up to as_of"


def test_replaying_the_past_ignores_what_was_loaded_later(landed: Landed) -> None:
    report = landed.check(as_of=AS_OF - timedelta(minutes=20), sources=["segment"])
    assert findings(report) == set()


def test_events_without_a_load_time_are_as_old_as_what_they_tell(landed: Landed) -> None:
    rows = good_rows("events.events")
    for row in rows:
        row["loaded_at"] = None
        row["occurred_at"] = str(datetime.fromisoformat(row["occurred_at"]) - timedelta(hours=48))
    with landed.holding("events.events", rows, lay_views=False):
        report = landed.check(sources=["events"])
    assert findings(report) == {("events.events", "freshness", "warning")}


def test_large_tables_are_sampled_the_same_way_every_time(landed: Landed) -> None:
    rows = good_rows(PAGES, 5000)
    for row in rows[::4]:
        row["timestamp"] = "yesterday"
    bounds = Bounds(sample_rows=500, unreadable_times=Limit(0.1, 0.9), freshness=Limit(1, 1000))
    with landed.holding(PAGES, rows, lay_views=False):
        first = landed.check(bounds=bounds, sources=["segment"])
    with landed.holding(PAGES, rows[::-1], lay_views=False):
        second = landed.check(bounds=bounds, sources=["segment"])

    def measured(report: Report) -> dict[str, tuple]:
        return {
            check.name: (check.status, check.observed.split(",")[0])
            for check in report.suites[0].checks
        }

    assert measured(first) == measured(second)
    suite = first.suites[0]
    assert suite.rows == 5000  # totals count every row
    assert 350 < suite.sampled_rows < 650
    assert findings(first) == {(PAGES, "unreadable_times", "warning")}
    (observed,) = [c.observed for c in suite.checks if c.name == "unreadable_times"]
    assert f"of {suite.sampled_rows:,} rows" in observed
    assert "timestamp = yesterday" in observed


def test_duplicates_are_counted_over_all_rows_of_a_sampled_table(landed: Landed) -> None:
    rows = good_rows(PAGES, 1000)
    repeat(100)(rows)
    bounds = Bounds(sample_rows=50, freshness=Limit(100, 1000))
    with landed.holding(PAGES, rows, lay_views=False):
        report = landed.check(bounds=bounds, sources=["segment"])
    assert findings(report) == {(PAGES, "duplicates", "warning")}
    assert "found 9.1%" in report.warnings[0]


def test_vars_of_the_build_are_respected(tmp_path: Path) -> None:
    """Column names of the shop and freshness, given where a build is given them."""
    names = {
        "InvoiceNo": "order no", "StockCode": "StockCode", "Description": "Description",
        "Quantity": "Quantity", "InvoiceDate": "Ordered", "UnitPrice": "UnitPrice",
        "CustomerID": "buyer", "Country": "Country",
    }  # fmt: skip
    shop_columns = dict(
        zip(
            ("order_id", "product_id", "product_name", "quantity", "ordered_at", "unit_price",
             "customer_id", "country"),
            names.values(), strict=True,
        )
    )  # fmt: skip
    rows = [
        {names[name]: value for name, value in row.items()} for row in good_rows("shop.order_lines")
    ]
    write_table(tmp_path / "raw", "shop.order_lines", rows)
    variables = {
        "raw_path": str(tmp_path / "raw"),
        "event_sources": ["shop"],
        "shop_columns": shop_columns,
        "freshness_warn_hours": 2,
        "freshness_error_hours": 4,
    }
    where = {"warehouse": tmp_path / "warehouse.duckdb", "target_path": tmp_path / "target"}
    manifest = invoke_dbt("parse", variables=variables, **where)
    shop = Landed(tmp_path / "raw", *where.values(), variables, manifest)
    shop.lay_views()
    assert findings(shop.check()) == set()
    late = AS_OF + timedelta(hours=3)
    assert findings(shop.check(as_of=late)) == {("shop.order_lines", "freshness", "warning")}
    assert findings(shop.check(as_of=late, bounds={"freshness": Limit(36, 168)})) == set()
    rows[0]["Ordered"] = "Tuesday"
    write_table(tmp_path / "raw", "shop.order_lines", rows)
    (warning,) = shop.check().warnings
    assert "unreadable_times" in warning and "Ordered = Tuesday" in warning


def test_freshness_is_read_in_hours() -> None:
    assert freshness_limit(
        {
            "warn_after": {"count": 90, "period": "minute"},
            "error_after": {"count": 2, "period": "day"},
        }
    ) == Limit(1.5, 48)
    assert freshness_limit({"warn_after": {"count": None, "period": None}}) is None
    assert freshness_limit({}) is None


def test_sources_that_cannot_be_judged_are_named(landed: Landed) -> None:
    manifest = read_manifest(landed.target)
    with pytest.raises(ValidationSetupError, match="no source fax; it read email, events"):
        raw_tables(manifest, ["fax"])
    with pytest.raises(NoSources, match="event_sources"):
        raw_tables({**manifest, "sources": {}})
    with pytest.raises(UnknownModel, match=r"email\.webhooks says judged_as: stg_email__events"):
        raw_tables({**manifest, "nodes": {}}, ["email"])


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
def command(folder: Path, landed: Landed, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command on a small folder, as a user would from the project's root."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AUDIENCE_WAREHOUSE", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("DBT_TARGET_PATH", str(landed.target))

    def run(*arguments: str) -> int:
        what = ["--sources", "email", "--warehouse", "warehouse.duckdb", "--as-of", AS_OF_TEXT]
        return audiences.main(["validate", *arguments, *what])

    return run


def test_quiet_when_all_is_well(command: Callable[..., int], folder: Path, capsys) -> None:
    assert command() == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for suite in (WEBHOOKS, CONTACTS, MEMBERSHIPS):
        (line,) = [line for line in printed.out.splitlines() if suite in line]
        assert line.startswith("ok ")
    assert re.search(r"All \d+ checks passed: the push may run\.", printed.out)
    assert "unique_email" not in printed.out
    assert command("--verbose") == 0
    assert "unique_email" in capsys.readouterr().out

    found = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert found["success"] is True
    assert found["as_of"] == AS_OF_TEXT
    assert found["critical_failures"] == found["warnings"] == []
    assert [suite["name"] for suite in found["suites"]] == [WEBHOOKS, CONTACTS, MEMBERSHIPS]
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
    assert [suite["name"] for suite in found["suites"]] == [WEBHOOKS, CONTACTS, MEMBERSHIPS]


def test_bounds_are_options(command: Callable[..., int], folder: Path) -> None:
    change(folder / "warehouse.duckdb", OUTPUT_FAULTS["a score too high"][0])
    assert command("outputs") == 0
    assert json.loads((folder / "validation.json").read_text())["warnings"]
    assert command("outputs", "--engagement-max", "2000000") == 0
    assert not json.loads((folder / "validation.json").read_text())["warnings"]
    assert command("inputs", "--freshness", "0.001", "0.01") == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["outputs", "--warehouse", "nowhere.duckdb"], "Run `audiences build` first"),
        (["outputs", "--warehouse", "letter.duckdb"], "cannot be read"),
        (["inputs", "--target-path", "nowhere"], "no readable manifest at nowhere/manifest.json"),
        (["inputs", "--sources", "fax"], "The last build read no source fax; it read email"),
        (["inputs", "--as-of", "noon"], "write it like 2026-06-30T00:00:00Z"),
    ],
)
def test_what_cannot_be_judged_says_what_to_do(
    command: Callable[..., int], folder: Path, capsys, arguments: list[str], says: str
) -> None:
    (folder / "letter.duckdb").write_text("a letter, and no database")
    where = [] if "--warehouse" in arguments else ["--warehouse", "warehouse.duckdb"]
    assert audiences.main(["validate", *arguments, *where]) == 2
    assert says in capsys.readouterr().err
    assert not (folder / "validation.json").exists()


def test_missing_marts_are_named(folder: Path) -> None:
    change(
        folder / "warehouse.duckdb",
        "drop table marts.profile_suppressions;"
        "alter table marts.profile_identifiers drop column identifier_value",
    )
    with pytest.raises(WarehouseNotBuilt) as failure:
        check_outputs(folder)
    assert "marts.profile_suppressions" in str(failure.value)
    assert "marts.profile_identifiers.identifier_value" in str(failure.value)


def test_a_warehouse_in_use_is_explained(folder: Path) -> None:
    in_use = duckdb.connect(str(folder / "warehouse.duckdb"))
    with in_use, pytest.raises(WarehouseLocked, match="Try again when it is done"):
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


def test_warehouses_think_in_utc_and_print_no_progress(folder: Path) -> None:
    settings = "select current_setting('TimeZone'), current_setting('enable_progress_bar')"
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        assert connection.execute(settings).fetchone() == ("UTC", False)


def test_help_does_not_wait_for_great_expectations() -> None:
    program = (
        "import sys, scripts.audiences as program\n"
        "program.main(['validate', '--help'])\n"
        "print(sorted({'great_expectations', 'pandas', 'dbt'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
    assert "--unreadable-times" in done.stdout and "WARN FAIL" in done.stdout

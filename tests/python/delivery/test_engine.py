"""The push delivers exactly what the warehouse wants, whatever happens on the way."""

import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dev import demo_crm
from scripts import audiences, delivery
from scripts.delivery.config import Field, default_syncs
from scripts.delivery.diff import encoded
from scripts.delivery.errors import mask, redact
from scripts.delivery.ledger import Ledger
from scripts.delivery.locks import only_writer
from scripts.delivery.plug_ins import own, plug_in
from scripts.delivery.transport import Transport
from scripts.warehouse import UnreadableWarehouse

from . import figures

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "secret-token-4711"
FEBRUARY, MARCH = datetime.fromisoformat("2026-02-01"), datetime.fromisoformat("2026-03-01")

FIELDS = default_syncs()["hubspot_contacts"]["fields"]
COLUMNS = {
    "profile_id": "varchar",
    "email": "varchar",
    "crm_contact_id": "varchar",
    "first_name": "varchar",
    "last_name": "varchar",
    "lifecycle_stage": "varchar",
    "primary_segment": "varchar",
    "segments": "varchar",
    "segment_count": "integer",
    "engagement_score": "integer",
    "grade": "varchar",
    "fit_score": "integer",
    "product_interest": "varchar",
    "reason": "varchar",
    "recent_activity": "varchar",
    "last_engaged_at": "timestamp",
    "pricing_page_views_30d": "integer",
    "as_of": "timestamp",
}


def person(name, **values):
    """One row of activation.crm_contacts."""
    segments = [part for part in values.get("segments", "").split(";") if part]
    row = dict.fromkeys(COLUMNS) | {
        "profile_id": name,
        "email": f"{name}@example.com",
        "first_name": name.title(),
        "lifecycle_stage": "prospect",
        "primary_segment": segments[0] if segments else None,
        "segments": "",
        "segment_count": len(segments),
        "engagement_score": 10,
        "pricing_page_views_30d": 0,
        "as_of": MARCH,
    }
    return row | values


def people(count, **values):
    return [person(f"person{number:04}", **values) for number in range(count)]


def fill(path, rows):
    """Write the warehouse."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema if not exists activation")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"create or replace table activation.crm_contacts ({columns})")
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create table if not exists marts.profile_suppressions (profile_id varchar)"
        )
        if rows:
            lists = [[row[name] for row in rows] for name in COLUMNS]
            parts = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
            connection.execute(f"insert into activation.crm_contacts select {parts}", lists)


def wanted(rows):
    """What the CRM must hold for these rows: our properties that have a value."""
    found = {}
    for row in rows:
        values = {f"audience_{column}": row[column] for column in FIELDS}
        at = values["audience_last_engaged_at"]
        values["audience_last_engaged_at"] = at and f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
        found[row["email"].lower()] = {k: str(v) for k, v in values.items() if v not in (None, "")}
    return found


def held(crm):
    """What the CRM holds, without contacts that hold nothing."""
    return {address: values for address, values in crm.contacts().items() if values}


def sent(crm):
    """Every (action, inputs) that the CRM applied, in order."""
    return [(body["path"].rsplit("/", 1)[1], body["body"]["inputs"]) for body in crm.bodies]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HUBSPOT_TOKEN", "HUBSPOT_BASE_URL", "AUDIENCE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


def default_sync():
    """What goes to HubSpot without a sync.yml, but every change of a number goes out."""
    given = default_syncs()["hubspot_contacts"]
    fields = {column: to | {"changes_by": 0} for column, to in given["fields"].items()}
    return given | {"fields": fields}


def make_sync(crm, folder, ledger=None, **changes):
    """The sync that a sync.yml with one HubSpot account makes."""
    config = {
        "warehouse": str(folder / "warehouse.duckdb"),
        "ledger": ledger or str(folder / "ledger.duckdb"),
        "backoff_seconds": 0.005,
        "require_validation": False,
        "max_new_share": 1,  # test_existing.py is about what is there already
        "syncs": {"contacts": default_sync() | {"options": {"requests_per_10_seconds": 100_000}}},
    }
    path = folder / "made.yml"
    path.write_text(yaml.safe_dump(config))
    environ = {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": TOKEN}
    [sync] = delivery.load_syncs(path, environ=environ)
    return replace(sync, **changes)


@pytest.fixture(params=["duckdb", "postgres"])
def ledger(request, tmp_path):
    """The address of an empty ledger, in both kinds of place."""
    if request.param == "duckdb":
        yield str(tmp_path / "ledger.duckdb")
    else:
        yield request.getfixturevalue("postgres_ledger")


@pytest.fixture
def sync(crm, tmp_path, ledger):
    return make_sync(crm, tmp_path, ledger)


@pytest.fixture
def command(crm, tmp_path, ledger, monkeypatch, capsys):
    """Run the command line; returns the exit code, what it printed, and what it complained."""
    config = {
        "warehouse": "warehouse.duckdb",
        "ledger": ledger,
        "backoff_seconds": 0.005,
        "require_validation": False,
        "max_new_share": 1,
        "syncs": {"contacts": default_sync() | {"options": {"requests_per_10_seconds": 100_000}}},
    }
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("HUBSPOT_BASE_URL", crm.url)

    def run(*arguments, token=TOKEN):
        monkeypatch.setenv("HUBSPOT_TOKEN", token)
        capsys.readouterr()
        code = audiences.main(list(arguments))
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return run


def push(sync, **options):
    """A push that a person has allowed to be the first."""
    return delivery.push(sync, first_run=True, **options)


def processes():
    """What starts processes, forked from a server that has the imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scripts.delivery.destinations.hubspot", "pandas"])
    return context


def push_from(config, environ):
    """What a process of its own does."""
    [sync] = delivery.load_syncs(config, environ=environ)
    push(sync)


@pytest.fixture
def start_push(sync, crm, tmp_path):
    """Start a push in a process of its own."""
    environ = {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": TOKEN}

    def start():
        process = processes().Process(target=push_from, args=(tmp_path / "made.yml", environ))
        process.start()
        return process

    return start


# ---------------------------------------------------------------------- what is sent


def test_first_push_second_push_and_plan(crm, sync):
    rows = people(250, segments="hot_returners;sales_ready", last_engaged_at=FEBRUARY)
    fill(sync.warehouse, rows)
    plan = delivery.plan(sync)
    assert plan.diff.counts == {"remove": 0, "update": 0, "add": 250}
    assert not crm.contacts() and not Path(sync.ledger).exists()
    assert (plan.existing.new, plan.existing.held) == (250, 0)
    asked = crm.counts["requests"]

    result = push(sync)
    assert (result.delivered, result.requests, result.exit_code) == (250, 3, 0)
    assert held(crm) == wanted(rows)

    again = push(sync)
    assert (again.run_id, again.requests, again.exit_code) == (None, 0, 0)
    assert delivery.plan(sync).nothing
    assert crm.counts["requests"] == asked + 3


def test_only_our_properties_leave_and_all_values_are_text(crm, sync):
    fill(sync.warehouse, [person("ann", segments="a;b", pricing_page_views_30d=3)])
    push(sync)
    [(action, [result])] = sent(crm)
    assert action == "upsert" and (result["id"], result["idProperty"]) == (
        "ann@example.com",
        "email",
    )
    assert result["properties"] == {
        "audience_primary_segment": "a",
        "audience_segments": "a;b",
        "audience_segment_count": "2",
        "audience_engagement_score": "10",
        "audience_lifecycle_stage": "prospect",
        "audience_pricing_page_views_30d": "3",
    }  # no name, and no null


def test_update_sends_only_changed_fields_by_record_id(crm, sync):
    rows = people(3, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    rows[1] = person("person0001", segments="a", engagement_score=99)
    fill(sync.warehouse, rows)
    plan = delivery.plan(sync)
    assert plan.diff.fields["audience_engagement_score"] == {"add": 0, "update": 1, "remove": 0}
    assert plan.samples[0].values == {"audience_engagement_score": 99}
    push(sync)
    action, [result] = sent(crm)[-1]
    assert action == "update" and result["properties"] == {"audience_engagement_score": "99"}
    assert result["id"].isdigit()
    assert held(crm) == wanted(rows)


def test_null_clears_only_what_was_delivered(crm, sync):
    fill(sync.warehouse, [person("ann", segments="a", last_engaged_at=FEBRUARY)])
    push(sync)
    fill(sync.warehouse, [person("ann")])
    push(sync)
    _, [result] = sent(crm)[-1]
    assert result["properties"] == {
        "audience_primary_segment": "",
        "audience_segments": "",
        "audience_segment_count": "0",
        "audience_last_engaged_at": "",
    }
    assert push(sync).requests == 0  # and they are cleared once


def test_remove_clears_own_fields_and_keeps_the_contact(crm, sync):
    rows = people(10, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    row = crm.store.find("person0003@example.com", by_email=True)
    crm.store.update(row, {"firstname": "A rep wrote this"})
    crm.store.upsert("other@example.com", {"audience_segments": "not ours"})
    fill(sync.warehouse, rows[:3] + rows[4:])
    result = push(sync)
    assert result.diff.counts == {"add": 0, "update": 0, "remove": 1}
    assert crm.contacts()["person0003@example.com"] == {"firstname": "A rep wrote this"}
    assert crm.contacts()["other@example.com"] == {"audience_segments": "not ours"}
    assert push(sync).requests == 0


def test_remove_never_creates_a_contact_that_a_person_deleted(crm, sync):
    rows = people(10, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    crm.store.delete("person0003@example.com")
    fill(sync.warehouse, rows[:3] + rows[4:])
    assert push(sync).exit_code == 0
    assert "person0003@example.com" not in crm.contacts()
    assert delivery.plan(sync).nothing


def test_contact_that_vanished_is_created_anew_with_all_fields(crm, sync):
    rows = people(3, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    crm.store.delete("person0001@example.com")
    rows[1] |= {"engagement_score": 77}
    fill(sync.warehouse, rows)
    assert push(sync).exit_code == 0
    assert held(crm) == wanted(rows)


def test_contact_under_another_record_id_is_cleared_all_the_same(crm, sync):
    """Merging two contacts gives the remaining one another id; its fields are still ours."""
    rows = people(10, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    crm.store.delete("person0003@example.com")
    crm.store.upsert("person0003@example.com", {"audience_segments": "a", "firstname": "Merged"})
    fill(sync.warehouse, rows[:3] + rows[4:])
    assert push(sync).exit_code == 0
    assert crm.contacts()["person0003@example.com"] == {"firstname": "Merged"}


def test_unknown_record_id_means_all_fields(crm, sync, monkeypatch):
    """Partial upserts by e-mail address are not supported, so what is upserted is whole."""
    original = demo_crm.server.api.write_batch

    def without_ids(store, body, *, upsert):
        status, reply = original(store, body, upsert=upsert)
        return status, reply | {"results": [{} for _ in reply["results"]]}

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_ids)
    fill(sync.warehouse, [person("ann", segments="a", last_engaged_at=FEBRUARY)])
    assert push(sync).delivered == 1
    rows = [person("ann", segments="a", engagement_score=50)]
    fill(sync.warehouse, rows)
    assert push(sync).delivered == 1
    action, [result] = sent(crm)[-1]
    assert action == "upsert" and len(result["properties"]) == 7
    assert result["properties"]["audience_last_engaged_at"] == ""
    assert held(crm) == wanted(rows)


def test_same_address_twice_is_one_record(crm, sync):
    rows = [person("ann", engagement_score=1), person("ann2", email=" ANN@example.com ")]
    fill(sync.warehouse, [*rows, person("none", email=None), person("blank", email=" ")])
    result = push(sync)
    assert (result.diff.merged, result.diff.without_key, result.delivered) == (1, 2, 1)
    assert list(crm.contacts()) == ["ann@example.com"]
    assert push(sync).requests == 0  # the same one is kept every time


def test_mapping_can_add_names_and_other_types(crm, tmp_path):
    sync = make_sync(crm, tmp_path, fields={"first_name": Field("firstname")})
    fill(sync.warehouse, [person("ann")])
    push(sync)
    assert crm.contacts() == {"ann@example.com": {"firstname": "Ann"}}
    # A field that joins the mapping later is an update of everybody.
    wider = {"first_name": Field("firstname"), "segment_count": Field("audience_segment_count")}
    result = push(make_sync(crm, tmp_path, fields=wider))
    assert result.diff.fields["audience_segment_count"]["update"] == 1


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("true", True),
        ("timestamp '2026-03-01 10:11:12.345678'", "2026-03-01T10:11:12.345Z"),
        ("timestamptz '2026-03-01 12:00:00+02'", "2026-03-01T10:00:00.000Z"),
        ("date '2026-03-01'", "2026-03-01"),
        ("7::integer", 7),
        ("7.50::decimal(9, 2)", 7.5),
        ("7.50::decimal(38, 9)", 7.5),
        ("1234567890123456789::decimal(19, 0)", 1234567890123456789),
        ("1234567890123456789::decimal(38, 9)", 1234567890123456789),
        ("date 'infinity'", None),
        ("timestamp '-infinity'", None),
        ("timestamptz 'infinity'", None),
        ("[1.5, 'nan'::double, '-infinity'::double]", ["1.5"]),
        ("[date '2026-03-01', date 'infinity']", ["2026-03-01"]),
        ("[timestamp 'infinity']", None),
        ("''", None),
        ("'a \"quoted\" {word}, ünïcode'", 'a "quoted" {word}, ünïcode'),
    ],
)
def test_values_are_written_as_json_holds_them(expression, value):
    with duckdb.connect() as connection:
        connection.execute(f"create table one as select {expression} as value")
        kind = connection.execute("describe one").fetchone()[1]
        found = connection.execute(
            f"select json_object('value', {encoded('value', kind)}) from one as source"
        ).fetchone()
    assert json.loads(found[0]) == {"value": value}


# ---------------------------------------------------------------------- guards


def test_guard_stops_before_the_first_request(crm, sync, tmp_path):
    fill(sync.warehouse, people(20))
    push(sync)
    before = crm.counts["requests"]
    fill(sync.warehouse, people(15))
    with pytest.raises(delivery.GuardError, match=r"5 of 20 .*--max-remove-share 0\.26") as stop:
        push(sync)
    assert stop.value.exit_code == 4
    assert "5 of 20" in delivery.plan(sync).guard
    fill(sync.warehouse, [])
    with pytest.raises(delivery.GuardError, match="is empty"):
        push(sync)
    assert crm.counts["requests"] == before
    fill(sync.warehouse, people(15))
    allowed = push(replace(sync, max_remove_share=0.26))
    assert allowed.delivered == 5


def test_validation_gate(crm, sync, command):
    fill(sync.warehouse, people(2))
    gate = sync.warehouse.with_name("validation.json")
    gate.write_text(json.dumps({"success": False, "critical_failures": ["unique email"]}))
    done = command("push", "--first-run")
    assert done.code == 4 and "unique email" in done.err
    assert crm.counts["requests"] == 0
    gate.write_text("{not json")
    with pytest.raises(delivery.GuardError):
        push(sync)
    assert push(sync, skip_validation=True).delivered == 2
    gate.write_text(json.dumps({"success": True, "critical_failures": []}))
    assert push(sync).exit_code == 0


def test_second_pusher_is_refused_and_told_who_is_first(crm, sync, command):
    fill(sync.warehouse, people(2))
    with only_writer(sync.ledger, sync.ledger_name):
        done = command("push", "--first-run")
        assert command("status").code == command("plan").code == 0  # these only look
    assert done.code == 5 and f"rocess {os.getpid()}" in done.err and "is using" in done.err
    assert not crm.contacts()
    assert command("push", "--first-run").code == 0


def test_dbt_can_write_while_a_push_is_on_its_way(crm, sync):
    fill(sync.warehouse, people(5))
    crm.latency_ms = 200
    pushing = threading.Thread(target=push, args=(sync,))
    pushing.start()
    while not crm.counts["requests"]:
        time.sleep(0.005)
    fill(sync.warehouse, people(6))
    assert pushing.is_alive()
    pushing.join()
    assert len(crm.contacts()) == 5


# ---------------------------------------------------------------------- refusals


def test_207_partial_dead_record_and_status(crm, sync, command):
    rows = [*people(149), person("bad", email="not-an-address.example")]
    fill(sync.warehouse, rows)
    done = command("push", "--first-run")
    assert done.code == 3
    assert "not-an-address.example" in done.out and "VALIDATION_ERROR" in done.out
    assert held(crm) == wanted(rows[:-1])

    found = delivery.status(sync)
    assert (found.delivered, found.open, found.dead_count) == (149, 0, 1)
    assert (
        found.waiting[0]["record"] == "not-an-address.example"
        and "invalid" in found.waiting[0]["reason"]
    )
    assert "VALIDATION_ERROR" in command("status").out

    before = crm.counts["requests"]
    assert push(sync).requests == 0  # not tried again as it is
    assert delivery.plan(sync).diff.dead == 1
    assert len(delivery.dead(sync, "retry", [])) == 1  # unless a person asks
    assert push(sync).refused == 1
    rows[-1] |= {"engagement_score": 11}  # or its values change
    fill(sync.warehouse, rows)
    assert push(sync).refused == 1
    assert crm.counts["requests"] == before + 2
    fill(sync.warehouse, rows[:-1])  # it leaves: nothing to clear, nothing to remember
    assert push(sync).requests == 0
    assert delivery.status(sync).dead_count == 0


def test_batch_refused_as_a_whole_is_halved(crm, sync, monkeypatch):
    rows = [*people(40), person("bad", email="bad")]
    fill(sync.warehouse, rows)
    original = demo_crm.server.api.write_batch

    def without_trace_ids(store, body, *, upsert):
        for item in body["inputs"]:
            item.pop("objectWriteTraceId")
        return original(store, body, upsert=upsert)

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_trace_ids)
    result = push(sync)
    assert (result.delivered, result.refused) == (40, 1)
    assert held(crm) == wanted(rows[:-1])


def test_property_that_the_crm_lacks_is_a_setting_to_correct(crm, tmp_path):
    sync = make_sync(crm, tmp_path, fields={"segments": Field("audience_no_such")})
    fill(sync.warehouse, people(3, segments="a"))
    with pytest.raises(delivery.ConfigError, match="no property audience_no_such"):
        push(sync)
    assert delivery.status(sync).dead_count == 0


def test_wrong_token(crm, sync, command):
    fill(sync.warehouse, people(3))
    done = command("push", "--first-run", token="another-token")
    assert done.code == 6 and "another-token" not in done.out + done.err
    assert push(sync).delivered == 3


# ---------------------------------------------------------------------- faults on the way


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "0.05"}},
        {"status": 429, "headers": {"X-HubSpot-RateLimit-Interval-Milliseconds": "50"}},
        {"status": 423, "headers": {"Retry-After": "0"}},
        {"status": 500},
        {"status": 503, "raw": "<html>down</html>"},
        {"status": 200, "raw": "<html>a proxy's page</html>"},
        {"drop": "before"},
        {"drop": "after"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_passing_faults_are_tried_again(crm, sync, fault):
    rows = people(450)
    fill(sync.warehouse, rows)
    # One fewer than a request's tries, all of which one batch may meet.
    crm.fail_next(5, **fault)
    result = push(sync)
    assert (result.delivered, result.exit_code, result.retries) == (450, 0, 5)
    assert held(crm) == wanted(rows)


def waits(crm, sync, monkeypatch, **fault):
    """Push against one fault; returns every pause that all workers had to keep."""
    paused = []
    monkeypatch.setattr(
        "scripts.delivery.transport.Transport.pause", lambda _, seconds: paused.append(seconds)
    )
    fill(sync.warehouse, people(3))
    crm.fail_next(**fault)
    return paused, push(sync)


def test_429_keeps_the_time_that_is_asked_for(crm, sync, monkeypatch):
    headers = {"Retry-After": "7"}
    assert waits(crm, sync, monkeypatch, status=429, headers=headers)[0] == [7.0]


def test_429_without_retry_after_keeps_the_window(crm, sync, monkeypatch):
    assert waits(crm, sync, monkeypatch, status=429)[0] == [10.0]


def test_daily_limit_stops_and_keeps_the_rest_open(crm, sync, monkeypatch):
    paused, result = waits(crm, sync, monkeypatch, status=429, policy="DAILY")
    assert (paused, result.open, result.exit_code) == ([], 3, 3)
    assert "daily limit" in result.stopped
    assert push(sync).exit_code == 0


def test_we_keep_to_95_percent_of_the_quota(sync):
    sync.destination.quota = (200, 60.0)
    transport = Transport(sync.destination, timeout_seconds=1)
    try:
        granted = [transport.quota.allows() for _ in range(300)]
    finally:
        transport.close()
    assert granted == [True] * 190 + [False] * 110


def test_quota_of_the_crm_is_waited_for():
    """Another program uses the same quota: the CRM says 429 and everything arrives all the same."""
    with demo_crm.start(token=TOKEN, requests_per_10s=5, window_seconds=0.2) as crm:
        with tempfile.TemporaryDirectory() as name:
            sync = make_sync(crm, Path(name), max_tries=20)
            sync.destination.batch_size = 10
            fill(sync.warehouse, people(200))
            result = push(sync)
        assert (result.delivered, result.exit_code) == (200, 0)
        assert result.requests == 20 + crm.counts["limited"]


def test_service_that_stays_down_leaves_the_records_open(crm, sync):
    rows = people(250)
    fill(sync.warehouse, rows)
    crm.fail_next(1000, status=502)
    result = push(sync)
    assert (result.delivered, result.open, result.exit_code) == (0, 250, 3)
    assert "did not recover in 6 tries" in result.stopped
    crm.faults.clear()
    again = push(sync)
    assert (again.delivered, again.exit_code) == (250, 0)
    assert held(crm) == wanted(rows)


def test_lost_answer_then_the_person_leaves(crm, tmp_path):
    """A contact may exist although nobody confirmed it: it is cleared, and never created."""
    sync = make_sync(crm, tmp_path, max_tries=1, max_remove_share=1)
    rows = people(4, segments="a")
    fill(sync.warehouse, rows)
    crm.fail_next(drop="after")
    assert push(sync).open == 4
    crm.store.delete("person0003@example.com")
    fill(sync.warehouse, rows[:2])
    result = push(sync)
    assert result.diff.again == 4 and result.exit_code == 0
    assert held(crm) == wanted(rows[:2])
    assert "person0003@example.com" not in crm.contacts()
    assert delivery.plan(sync).nothing


def test_lost_answer_then_a_refusal_then_the_person_leaves(crm, tmp_path):
    """The refusal does not settle what the lost answer left in doubt."""
    fields = {
        "segments": Field("audience_segment_count", "always")
    }  # a number, so that a text is refused
    sync = make_sync(crm, tmp_path, fields=fields, max_tries=1, max_remove_share=1)
    fill(sync.warehouse, [person("ann", segments="5")])
    crm.fail_next(drop="after")
    assert push(sync).open == 1
    fill(sync.warehouse, [person("ann", segments="many")])
    assert push(sync).refused == 1
    assert crm.contacts() == {"ann@example.com": {"audience_segment_count": "5"}}
    fill(sync.warehouse, [])
    assert push(sync).exit_code == 0
    assert crm.contacts() == {"ann@example.com": {}}
    assert delivery.status(sync).dead_count == 0


KILLS = int(os.environ.get("KILLS", "4"))  # `make test-faults` kills twenty times


@pytest.mark.faults
def test_kill_9_at_random_points_loses_and_doubles_nothing(crm, sync, start_push):
    dice = random.Random(20260301)
    rows = people(300 * KILLS + 600, segments="a")
    fill(sync.warehouse, rows)
    crm.latency_ms = 15
    kills = 0
    for _ in range(KILLS):
        goal = crm.counts["batches"] + dice.randint(1, 4)
        pushing = start_push()
        while crm.counts["batches"] < goal and pushing.is_alive():
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        pushing.kill()
        pushing.join()
        kills += pushing.exitcode == -signal.SIGKILL
    assert kills == KILLS
    assert delivery.status(sync).runs[0]["outcome"] is None  # shown as interrupted
    crm.latency_ms = 0
    assert push(sync).exit_code == 0
    assert held(crm) == wanted(rows)
    assert delivery.plan(sync).nothing
    writes = crm.writes().values()
    assert sum(writes) <= len(rows) + kills * sync.workers * 100  # only what was on the wire
    figures.count(records=len(rows), faults=kills)


PERSON = st.fixed_dictionaries(
    {
        "segments": st.sampled_from(["", "a", "a;b"]),
        "engagement_score": st.integers(0, 2),
        "last_engaged_at": st.sampled_from([None, FEBRUARY]),
    }
)
TARGET = st.dictionaries(st.sampled_from(["ann", "bob", "cy", "dee", "bad@@address"]), PERSON)
FAULT = st.sampled_from([{}, {"drop": "after"}, {"drop": "before"}, {"status": 500}])


@hypothesis_settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(steps=st.lists(st.tuples(TARGET, FAULT), min_size=1, max_size=3))
def test_any_sequence_of_targets_ends_at_the_last_one(steps):
    """Also when any push on the way loses its answers; a refused record is never half there."""
    with tempfile.TemporaryDirectory() as name, demo_crm.start(token=TOKEN) as crm:
        sync = make_sync(crm, Path(name), max_tries=1, max_remove_share=1)
        for target, fault in steps:
            rows = [person(key, **values) for key, values in target.items()]
            fill(sync.warehouse, rows)
            if fault:
                crm.fail_next(**fault)
            push(sync)
            crm.faults.clear()
        push(sync)
        good = [row for row in rows if "@@" not in row["email"]]
        assert held(crm) == wanted(good)
        assert delivery.plan(sync).nothing
        assert delivery.status(sync).dead_count == len(rows) - len(good)


# ---------------------------------------------------------------------- messages


def test_missing_warehouse_table_and_column(crm, sync, command):
    done = command("plan")
    assert done.code == 2 and "There is no warehouse at warehouse.duckdb" in done.err
    duckdb.connect(str(sync.warehouse)).close()
    done = command("push", "--first-run")
    assert done.code == 2 and "no table activation.crm_contacts" in done.err
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("create schema activation")
        connection.execute("create table activation.crm_contacts (email varchar)")
    with pytest.raises(delivery.ConfigError, match="has no column"):
        delivery.plan(sync)
    sync.warehouse.write_text("this is no database, and long enough to be read as one" * 99)
    with pytest.raises(UnreadableWarehouse, match="cannot be read"):
        delivery.plan(sync)


def test_missing_token(tmp_path, sync, command):
    fill(sync.warehouse, people(1))
    done = command("push", "--first-run", token="")
    assert done.code == 2 and "HUBSPOT_TOKEN (a service key" in done.err
    assert command("plan", token="").code == 0  # a plan needs no token


A_SYNC = {"destination": "hubspot", "source": "a.b", "key": "email", "fields": {"x": "y"}}


def with_option(destination, **options):
    """A sync.yml that gives a destination these options."""
    return {"syncs": {"a": A_SYNC | {"destination": destination, "options": options}}}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"token": "x"}, "Secrets belong in the environment"),
        ({"syncs": []}, "must be a mapping"),
        ({"syncs": {"a": "hubspot"}}, "must be a mapping"),
        ({"syncs": {"a": {"destination": "hubspot"}}}, r"lacks \['source', 'key', 'fields'\]"),
        ({"syncs": {"a": A_SYNC | {"speed": 1}}}, "does not know"),
        ({"syncs": {"a": A_SYNC | {"destination": "abacus"}}}, "choose one of"),
        ({"syncs": {"a": A_SYNC | {"options": {"speed": 1}}}}, "does not know the options"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": "a b"}}}}, r"fields\.x\.to cannot be 'a b'"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x; drop": "a"}}}}, "fields.x; drop cannot"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": "a", "z": "a"}}}}, "only once"),
        (
            {"syncs": {"a": A_SYNC | {"fields": {"x": {"policy": "always"}}}}},
            r"fields\.x\.to is missing",
        ),
        (
            {"syncs": {"a": A_SYNC | {"fields": {"x": {"to": "a", "policy": "b"}}}}},
            "'b': .*'always'",
        ),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": "hs_email_optout"}}}}, "Only that person"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": "HS_email_optout"}}}}, "Only that person"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": "hs_lead_status"}}}}, "must not be pushed"),
        ({"syncs": {"a": A_SYNC | {"source": "a; drop table b"}}}, r"a\.source cannot be"),
        ({"max_remove_share": 2}, "^max_remove_share cannot be 2: .* to 1"),
        ({"workers": "many"}, "^workers cannot be 'many': .*integer"),
        ({"workers": 1.5}, "workers cannot be 1.5"),
        ({"syncs": {"a": A_SYNC | {"workers": "many"}}}, r"syncs\.a\.workers cannot be 'many'"),
        ({"syncs": {"a": A_SYNC | {"contains_people": "perhaps"}}}, r"syncs\.a\.contains_people"),
        ({"syncs": {"a": A_SYNC | {"ledger": "postgresql://a:b@c/d"}}}, "belongs in the env"),
        ({"workers": 0}, "^workers cannot be 0: .* to 1"),
        ({"workers": None}, "workers cannot be None"),
        ({"max_remove_share": None}, "max_remove_share cannot be None"),
        ({"require_validation": None}, "require_validation cannot be None"),
        ({"syncs": {"a": A_SYNC | {"require_validation": None}}}, "require_validation cannot"),
        ({"timeout_seconds": 0}, "greater than 0"),
        ({"max_age_hours": float("nan")}, "^max_age_hours cannot be nan"),
        ({"syncs": {"a": A_SYNC | {"key": ["email", 3]}}}, r"syncs\.a\.key\.1 cannot be 3"),
        ({"syncs": {"a": A_SYNC | {"fields": {"x": None}}}}, r"fields\.x\.to cannot be None"),
        ({"syncs": {"a": A_SYNC | {"options": ["mode"]}}}, "must be a mapping"),
        (with_option("google", consent_granted="perhaps"), "consent_granted.*boolean"),
        (with_option("hubspot", mode=None), "mode of hubspot cannot be None"),
        (with_option("hubspot", requests_per_10_seconds=0), "at least 1 request"),
        (with_option("files", folder="x", batch_size=0), "at least 1 record"),
        (with_option("files", columns={"z": "text"}), r"columns of files lacks \['y'\]"),
        (with_option("files", columns={"y": ["text"]}), "maps fields to one of"),
        ({"ledger": "host=h password=hunter2 dbname=d"}, "belongs in the env"),
        ({"ledger": "mysql://h/d"}, "neither a DuckDB file"),
        ({"max_remove_share": True}, "^max_remove_share cannot be True: .* not a number"),
        ({"workers": True}, "^workers cannot be True"),
        ({"max_age_hours": True}, "^max_age_hours cannot be True"),
        (with_option("files", folder="x", batch_size=True), "batch_size of files cannot be True"),
        (with_option("kafka", timeout_seconds=True), "timeout_seconds of kafka cannot be True"),
        (with_option("kafka", timeout_seconds=float("nan")), "seconds of kafka cannot be nan"),
        (with_option("klaviyo", poll_seconds=-1), "poll_seconds of klaviyo cannot be -1"),
        (with_option("salesforce", bulk_size=0), "at least 1 record"),
        (with_option("kafka", timeout_seconds=0), "from 0.1 to 86,400"),
        ({"syncs": {"a": A_SYNC | {"where": {"x": 1.5}}}}, "x.0 cannot be 1.5: .*quotation marks"),
        ({"syncs": {"a": A_SYNC | {"where": {"x": [datetime(2026, 1, 1)]}}}}, "quotation marks"),
        ({"syncs": {"a": A_SYNC | {"where": {"x": None}}}}, "cannot be None: .*quotation marks"),
        ({"syncs": {7: A_SYNC, "a": A_SYNC}}, "write 7 in sync.yml between quotation marks"),
        ({7: 8, "a": 9}, r"does not know \['7', 'a'\]"),
    ],
)
def test_wrong_settings_say_what_to_do(tmp_path, config, words):
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    with pytest.raises(delivery.ConfigError, match=words):
        delivery.load_syncs()


SECRET = "sekret1"
ADDRESS = f"postgresql://u:{SECRET}@h/db"


@pytest.mark.parametrize(
    "text",
    [
        f"ledger: [{ADDRESS}]",
        f"ledger: {{{ADDRESS}: 1}}",
        f"ledger: {{url: x, password: {SECRET}}}",
        f"ledger: ['host=h', 'password={SECRET}']",
        f"ledger: ' {ADDRESS}'",
        f'ledger: "{ADDRESS}',
        f"ledger: {ADDRESS}: {SECRET}",
        f"ledger: 2026-99-99 # {SECRET}",
        f"warehouse: {ADDRESS}",
        f"warehouse: [{ADDRESS}]",
        f"workers: {{password: {SECRET}}}",
        f"syncs: {{a: {{destination: {{token: {SECRET}}}, source: a.b, key: x,"
        f" fields: {{x: y}}}}}}",
        f"workers: {ADDRESS}",
        f"syncs: {{a: {{destination: files, source: a.b, key: x, fields: {{x: y}},"
        f" options: {{folder: {{to: {SECRET}}}}}}}}}",
        f"syncs: {{a: {{destination: storage, source: a.b, key: x, fields: {{x: y}},"
        f" options: {{address: 'sftp://u:{SECRET}@h/in'}}}}}}",
        f"syncs: {{a: {{destination: files, source: a.b, key: x, fields: {{x: y}},"
        f" ledger: {{{ADDRESS}: {SECRET}}}}}}}",
    ],
)
def test_a_password_in_sync_yml_is_refused_and_never_shown(tmp_path, text):
    (tmp_path / "sync.yml").write_text(text)
    with pytest.raises(delivery.ConfigError) as problem:
        delivery.load_syncs()
    assert SECRET not in "".join(traceback.format_exception(problem.value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("workers: 2\nworkers: 3", "'workers' is given 2 times"),
        ("syncs:\n  a: {}\n  a: {}", "line 2, column 3: 'a' is given 2 times"),
        ("max_remove_share: yes", "cannot be 'yes'"),
    ],
)
def test_nothing_is_given_twice_and_a_word_is_no_number(tmp_path, text, words):
    (tmp_path / "sync.yml").write_text(text)
    with pytest.raises(delivery.ConfigError, match=words):
        delivery.load_syncs()


def test_words_and_digits_are_read_as_they_stand(tmp_path):
    (tmp_path / "sync.yml").write_text(
        """
        require_validation: no
        workers: 1_0
        syncs:
          a: &same
            destination: files
            options: {folder: x, guard_formulas: off}
            source: a.b
            key: x
            where: {country: [no, NO], zip: 01234, at: 12:30, is_new: true, count: 3}
            fields: {x: {to: y, policy: always}}
          b: {<<: *same, workers: 2}
        """
    )
    a, b = delivery.load_syncs()
    assert a.where == b.where == {
        "country": ("no", "NO"), "zip": ("01234",), "at": ("12:30",), "is_new": ("true",),
        "count": ("3",),
    }  # fmt: skip
    assert not a.require_validation and not a.destination.option["guard_formulas"]
    assert (a.workers, b.workers) == (10, 2)


def test_days_and_quoted_digits_are_read(tmp_path):
    always = {"x": {"to": "y", "policy": "always"}}
    held = A_SYNC | {"fields": always, "where": {"day": [date(2026, 1, 31), "2026-02-01"]}}
    (tmp_path / "sync.yml").write_text(yaml.safe_dump({"syncs": {"007": held}}))
    [sync] = delivery.load_syncs(names=["007"])
    assert (sync.name, sync.where) == ("007", {"day": ("2026-01-31", "2026-02-01")})


def test_an_address_that_is_not_known_never_becomes_a_file(tmp_path):
    """Of the environment, of the command line, and of whoever makes a sync by hand."""
    address = "host=h password=hunter2 dbname=d"
    sound = A_SYNC | {"fields": {"x": {"to": "y", "policy": "always"}}}
    (tmp_path / "sync.yml").write_text(yaml.safe_dump({"syncs": {"a": sound}}))
    for settings in ({"environ": {"AUDIENCE_LEDGER": address}}, {"ledger": address}):
        with pytest.raises(delivery.ConfigError) as problem:
            delivery.load_syncs(**settings)
        assert "hunter2" not in str(problem.value)
    with pytest.raises(delivery.ConfigError), only_writer(address, "a"):
        pass
    assert not [path for path in tmp_path.rglob("*") if "hunter2" in path.name]
    [sync] = delivery.load_syncs(environ={"AUDIENCE_LEDGER": "postgresql://a:b@c/d"})
    assert sync.ledger == "postgresql://a:b@c/d"


def test_a_word_for_no_is_no():
    for word in ("false", "no", False):
        made = plug_in("files")({"guard_formulas": word}, {})
        assert made.option["guard_formulas"] is False


def test_every_sync_of_the_example_is_sound_and_its_contacts_are_the_default():
    example = {
        entry.name: entry for entry in delivery.load_syncs(ROOT / "sync.example.yml", environ={})
    }
    assert {entry.destination.name for entry in example.values()} == set(own())
    [default] = delivery.load_syncs(environ={})
    shown = example[default.name]
    for name in ("source", "key", "fields", "ledger", "warehouse", "max_remove_share", "workers"):
        assert getattr(shown, name) == getattr(default, name), name


def test_accounts_do_not_share_a_ledger(crm, sync, tmp_path):
    """The demo's records must never be taken for those of the real account."""
    fill(sync.warehouse, people(3))
    push(sync)
    environ = {"HUBSPOT_TOKEN": TOKEN}
    [real] = delivery.load_syncs(
        tmp_path / "made.yml", environ=environ, warehouse=sync.warehouse, ledger=sync.ledger
    )
    assert sync.ledger_name == "contacts:hubspot:loopback"
    assert real.ledger_name == "contacts:hubspot:api.hubapi.com"
    assert delivery.plan(real).diff.counts["add"] == 3


def test_command_line(sync, command):
    fill(sync.warehouse, people(4, segments="a"))
    shown = command("plan").out
    assert "p***@example.com" in shown and "audience_segments" in shown
    assert json.loads(command("plan", "--json").out)["diff"]["counts"]["add"] == 4
    assert json.loads(command("push", "--json", "--first-run").out)["delivered"] == 4
    assert "Nothing to push" in command("plan").out
    assert "Nothing to push" in command("push", "--first-run").out
    assert json.loads(command("status", "--json").out)["delivered"] == 4
    refused = json.loads(command("push", "--json", "--warehouse", "nowhere").out)
    assert refused["exit_code"] == 2 and "no warehouse" in refused["error"]
    call = [sys.executable, "-m", "scripts.audiences", "push", "--help"]
    helped = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert helped.returncode == 0 and "--skip-validation" in helped.stdout


def test_status_before_the_first_push(command):
    done = command("status")
    assert done.code == 0 and "Nothing has been pushed yet" in done.out


def test_no_secret_and_no_address_in_output_or_ledger_texts(crm, sync, command, tmp_path):
    rows = [*people(30), person("bad", email="bad@@example.com")]
    fill(sync.warehouse, rows)
    crm.fail_next(2, status=500, raw=f"oops person0001@example.com {TOKEN}")
    crm.fail_next(1, status=429, policy="DAILY")
    runs = [
        command(*call)
        for call in (
            ["plan"],
            ["push", "--first-run"],
            ["push"],
            ["status"],
            ["dead", "list", "contacts"],
        )
    ]
    runs += [command(*call, "--json") for call in (["plan"], ["push"], ["status"])]
    texts = [done.out + done.err for done in runs]
    delivery.status(sync)
    with Ledger(sync.ledger, sync.ledger_name) as opened:
        for table, column in (("sync_run", "note"), ("outbox", "reason"), ("ack", "reason")):
            texts += [
                str(row) for row in opened.run(f"select {column} from {{t}}.{table}").fetchall()
            ]
    for text in texts:
        assert TOKEN not in text
        assert not re.search(r"(person\d|bad)[^\s*]*@", text), text
    assert any("b***" in text for text in texts)
    if Path(sync.ledger).exists():
        assert Path(sync.ledger).stat().st_mode & 0o077 == 0


def test_words_of_a_vendor_stand_in_its_plug_in():
    """The engine knows no vendor and no column of one; config only lists the plug-ins."""
    vendors = "|".join(set(own()) - {"files", "webhook", "storage", "segment", "iterable"})
    words = re.compile(rf"\b(?:{vendors})\b|property_|fivetran", re.IGNORECASE)
    for path in (ROOT / "scripts/delivery").glob("*.py"):
        text = path.read_text()
        if path.name == "config.py":
            text = text[text.index("POLICIES =") :].replace('"hubspot_contacts", "hubspot"', "")
        assert words.findall(text) == [], path.name


def test_mask_and_redact():
    assert [mask(entry) for entry in ("ann@example.com", "a@b", "none", "")] == [
        "a***@example.com", "a***@b", "n***", "***",
    ]  # fmt: skip
    text = redact("Bearer abc for Ann.Lee+x@example.com, or not-mail", "abc", "not-mail")
    assert text == "Bearer *** for A***@example.com, or ***"

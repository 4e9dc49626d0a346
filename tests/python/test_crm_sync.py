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
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scripts import crm_sync, demo_crm
from scripts.crm_sync import cli
from scripts.crm_sync.errors import mask, redact
from scripts.crm_sync.ledger import only_pusher
from scripts.crm_sync.transport import Transport

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "secret-token-4711"
FEBRUARY, MARCH = datetime.fromisoformat("2026-02-01"), datetime.fromisoformat("2026-03-01")

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
        if rows:
            lists = [[row[name] for row in rows] for name in COLUMNS]
            parts = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
            connection.execute(f"insert into activation.crm_contacts select {parts}", lists)


def wanted(rows):
    """What the CRM must hold for these rows: our properties that have a value."""
    found = {}
    for row in rows:
        values = {name: row[column] for column, name in crm_sync.load_settings().fields.items()}
        at = values["audience_last_engaged_at"]
        values["audience_last_engaged_at"] = at and f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
        found[row["email"].lower()] = {k: str(v) for k, v in values.items() if v not in (None, "")}
    return found


def held(crm):
    """What the CRM holds, without contacts that hold nothing."""
    return {address: values for address, values in crm.contacts().items() if values}


def sent(crm):
    """Every (action, inputs) that the CRM applied, in order."""
    return [(one["path"].rsplit("/", 1)[1], one["body"]["inputs"]) for one in crm.bodies]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HUBSPOT_TOKEN", "HUBSPOT_BASE_URL", "AUDIENCE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


def make_settings(crm, folder, **changes):
    environ = {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": TOKEN}
    options = {
        "warehouse": folder / "warehouse.duckdb",
        "ledger": folder / "ledger.duckdb",
        "backoff_seconds": 0.005,
        "destination_options": {"requests_per_10_seconds": 100_000},
    }
    return crm_sync.load_settings(environ=environ, **(options | changes))


@pytest.fixture
def settings(crm, tmp_path):
    return make_settings(crm, tmp_path)


@pytest.fixture
def command(crm, tmp_path, monkeypatch, capsys):
    """Run the command line; returns the exit code, what it printed, and what it complained."""
    config = {
        "warehouse": "warehouse.duckdb",
        "ledger": "ledger.duckdb",
        "backoff_seconds": 0.005,
        "destination_options": {"requests_per_10_seconds": 100_000},
    }
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("HUBSPOT_BASE_URL", crm.url)

    def run(*arguments, token=TOKEN):
        monkeypatch.setenv("HUBSPOT_TOKEN", token)
        capsys.readouterr()
        code = cli.main(list(arguments))
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return run


@pytest.fixture
def start_push(settings):
    """Start a push in a process of its own, forked from a server that has the imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scripts.crm_sync", "pandas"])

    def start():
        process = context.Process(target=crm_sync.push, args=(settings,))
        process.start()
        return process

    return start


# ---------------------------------------------------------------------- what is sent


def test_first_push_second_push_and_plan(crm, settings):
    rows = people(250, segments="hot_returners;sales_ready", last_engaged_at=FEBRUARY)
    fill(settings.warehouse, rows)
    plan = crm_sync.plan(settings)
    assert plan.diff.counts == {"add": 250, "update": 0, "remove": 0}
    assert crm.counts["requests"] == 0 and not settings.ledger.exists()

    result = crm_sync.push(settings)
    assert (result.delivered, result.requests, result.exit_code) == (250, 3, 0)
    assert held(crm) == wanted(rows)

    again = crm_sync.push(settings)
    assert (again.run_id, again.requests, again.exit_code) == (None, 0, 0)
    assert crm_sync.plan(settings).nothing
    assert crm.counts["requests"] == 3


def test_only_our_properties_leave_and_all_values_are_text(crm, settings):
    fill(settings.warehouse, [person("ann", segments="a;b", pricing_page_views_30d=3)])
    crm_sync.push(settings)
    [(action, [one])] = sent(crm)
    assert action == "upsert" and (one["id"], one["idProperty"]) == ("ann@example.com", "email")
    assert one["properties"] == {
        "audience_primary_segment": "a",
        "audience_segments": "a;b",
        "audience_segment_count": "2",
        "audience_engagement_score": "10",
        "audience_lifecycle_stage": "prospect",
        "audience_pricing_page_views_30d": "3",
    }  # no name, and no null


def test_update_sends_only_changed_fields_by_record_id(crm, settings):
    rows = people(3, segments="a")
    fill(settings.warehouse, rows)
    crm_sync.push(settings)
    rows[1] = person("person0001", segments="a", engagement_score=99)
    fill(settings.warehouse, rows)
    plan = crm_sync.plan(settings)
    assert plan.diff.fields["audience_engagement_score"] == {"add": 0, "update": 1, "remove": 0}
    assert plan.samples[0].values == {"audience_engagement_score": ("10", "99")}
    crm_sync.push(settings)
    action, [one] = sent(crm)[-1]
    assert action == "update" and one["properties"] == {"audience_engagement_score": "99"}
    assert one["id"].isdigit()
    assert held(crm) == wanted(rows)


def test_null_clears_only_what_was_delivered(crm, settings):
    fill(settings.warehouse, [person("ann", segments="a", last_engaged_at=FEBRUARY)])
    crm_sync.push(settings)
    fill(settings.warehouse, [person("ann")])
    crm_sync.push(settings)
    _, [one] = sent(crm)[-1]
    assert one["properties"] == {
        "audience_primary_segment": "",
        "audience_segments": "",
        "audience_segment_count": "0",
        "audience_last_engaged_at": "",
    }
    assert crm_sync.push(settings).requests == 0  # and they are cleared once


def test_remove_clears_own_fields_and_keeps_the_contact(crm, settings):
    rows = people(10, segments="a")
    fill(settings.warehouse, rows)
    crm_sync.push(settings)
    row = crm.store.find("person0003@example.com", by_email=True)
    crm.store.update(row, {"firstname": "A rep wrote this"})
    crm.store.upsert("other@example.com", {"audience_segments": "not ours"})
    fill(settings.warehouse, rows[:3] + rows[4:])
    result = crm_sync.push(settings)
    assert result.diff.counts == {"add": 0, "update": 0, "remove": 1}
    assert crm.contacts()["person0003@example.com"] == {"firstname": "A rep wrote this"}
    assert crm.contacts()["other@example.com"] == {"audience_segments": "not ours"}
    assert crm_sync.push(settings).requests == 0


def test_remove_never_creates_a_contact_that_a_person_deleted(crm, settings):
    rows = people(10, segments="a")
    fill(settings.warehouse, rows)
    crm_sync.push(settings)
    crm.store.delete("person0003@example.com")
    fill(settings.warehouse, rows[:3] + rows[4:])
    assert crm_sync.push(settings).exit_code == 0
    assert "person0003@example.com" not in crm.contacts()
    assert crm_sync.plan(settings).nothing


def test_contact_that_vanished_is_created_anew_with_all_fields(crm, settings):
    rows = people(3, segments="a")
    fill(settings.warehouse, rows)
    crm_sync.push(settings)
    crm.store.delete("person0001@example.com")
    rows[1] |= {"engagement_score": 77}
    fill(settings.warehouse, rows)
    assert crm_sync.push(settings).exit_code == 0
    assert held(crm) == wanted(rows)


def test_contact_under_another_record_id_is_cleared_all_the_same(crm, settings):
    """Merging two contacts gives the remaining one another id; its fields are still ours."""
    rows = people(10, segments="a")
    fill(settings.warehouse, rows)
    crm_sync.push(settings)
    crm.store.delete("person0003@example.com")
    crm.store.upsert("person0003@example.com", {"audience_segments": "a", "firstname": "Merged"})
    fill(settings.warehouse, rows[:3] + rows[4:])
    assert crm_sync.push(settings).exit_code == 0
    assert crm.contacts()["person0003@example.com"] == {"firstname": "Merged"}


def test_unknown_record_id_means_all_fields(crm, settings, monkeypatch):
    """Partial upserts by e-mail address are not supported, so what is upserted is whole."""
    original = demo_crm.server.api.write_batch

    def without_ids(store, body, *, upsert):
        status, reply = original(store, body, upsert=upsert)
        return status, reply | {"results": [{} for _ in reply["results"]]}

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_ids)
    fill(settings.warehouse, [person("ann", segments="a", last_engaged_at=FEBRUARY)])
    assert crm_sync.push(settings).delivered == 1
    rows = [person("ann", segments="a", engagement_score=50)]
    fill(settings.warehouse, rows)
    assert crm_sync.push(settings).delivered == 1
    action, [one] = sent(crm)[-1]
    assert action == "upsert" and len(one["properties"]) == 7
    assert one["properties"]["audience_last_engaged_at"] == ""
    assert held(crm) == wanted(rows)


def test_same_address_twice_is_one_record(crm, settings):
    rows = [person("ann", engagement_score=1), person("ann2", email=" ANN@example.com ")]
    fill(settings.warehouse, [*rows, person("none", email=None), person("blank", email=" ")])
    result = crm_sync.push(settings)
    assert (result.diff.merged, result.diff.without_key, result.delivered) == (1, 2, 1)
    assert list(crm.contacts()) == ["ann@example.com"]
    assert crm_sync.push(settings).requests == 0  # the same one is kept every time


def test_mapping_can_add_names_and_other_types(crm, tmp_path):
    settings = make_settings(crm, tmp_path, fields={"first_name": "firstname"})
    fill(settings.warehouse, [person("ann")])
    crm_sync.push(settings)
    assert crm.contacts() == {"ann@example.com": {"firstname": "Ann"}}
    # A field that joins the mapping later is an update of everybody.
    wider = {"first_name": "firstname", "segment_count": "audience_segment_count"}
    result = crm_sync.push(make_settings(crm, tmp_path, fields=wider))
    assert result.diff.fields["audience_segment_count"]["update"] == 1


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("true", "true"),
        ("timestamp '2026-03-01 10:11:12.345678'", "2026-03-01T10:11:12.345Z"),
        ("timestamptz '2026-03-01 12:00:00+02'", "2026-03-01T10:00:00.000Z"),
        ("date '2026-03-01'", "2026-03-01"),
        ("7::integer", "7"),
        ("''", None),
    ],
)
def test_values_are_written_as_hubspot_documents(settings, expression, text):
    with duckdb.connect() as connection:
        connection.execute(f"create table one as select {expression} as value")
        kind = connection.execute("describe one").fetchone()[1]
        encoded = settings.destination.encode('"value"', kind)
        assert connection.execute(f"select {encoded} from one").fetchone()[0] == text


# ---------------------------------------------------------------------- guards


def test_guard_stops_before_the_first_request(crm, settings, tmp_path):
    fill(settings.warehouse, people(20))
    crm_sync.push(settings)
    before = crm.counts["requests"]
    fill(settings.warehouse, people(15))
    with pytest.raises(crm_sync.GuardError, match=r"5 of 20 .*--max-remove-share 0\.26") as stop:
        crm_sync.push(settings)
    assert stop.value.exit_code == 4
    assert "5 of 20" in crm_sync.plan(settings).guard
    fill(settings.warehouse, [])
    with pytest.raises(crm_sync.GuardError, match="is empty"):
        crm_sync.push(settings)
    assert crm.counts["requests"] == before
    fill(settings.warehouse, people(15))
    allowed = crm_sync.push(make_settings(crm, tmp_path, max_remove_share=0.26))
    assert allowed.delivered == 5


def test_validation_gate(crm, settings, command):
    fill(settings.warehouse, people(2))
    gate = settings.warehouse.with_name("validation.json")
    gate.write_text(json.dumps({"success": False, "critical_failures": ["unique email"]}))
    done = command("push")
    assert done.code == 4 and "unique email" in done.err
    assert crm.counts["requests"] == 0
    gate.write_text("{not json")
    with pytest.raises(crm_sync.GuardError):
        crm_sync.push(settings)
    assert crm_sync.push(settings, skip_validation=True).delivered == 2
    gate.write_text(json.dumps({"success": True, "critical_failures": []}))
    assert crm_sync.push(settings).exit_code == 0


def test_second_pusher_is_refused_and_told_who_is_first(crm, settings, command):
    fill(settings.warehouse, people(2))
    with only_pusher(settings.ledger):
        done = command("push")
    assert done.code == 5 and f"Process {os.getpid()} is using" in done.err
    assert crm.counts["requests"] == 0
    assert command("push").code == 0


def test_dbt_can_write_while_a_push_is_on_its_way(crm, settings):
    fill(settings.warehouse, people(5))
    crm.latency_ms = 200
    pushing = threading.Thread(target=crm_sync.push, args=(settings,))
    pushing.start()
    while not crm.counts["requests"]:
        time.sleep(0.005)
    fill(settings.warehouse, people(6))
    assert pushing.is_alive()
    pushing.join()
    assert len(crm.contacts()) == 5


# ---------------------------------------------------------------------- refusals


def test_207_partial_dead_record_and_status(crm, settings, command):
    rows = [*people(149), person("bad", email="not-an-address.example")]
    fill(settings.warehouse, rows)
    done = command("push")
    assert done.code == 3
    assert "n***" in done.out and "VALIDATION_ERROR" in done.out
    assert held(crm) == wanted(rows[:-1])

    found = crm_sync.status(settings)
    assert (found.delivered, found.open, found.dead_count) == (149, 0, 1)
    assert found.dead[0]["address"] == "n***" and "invalid" in found.dead[0]["reason"]
    assert "VALIDATION_ERROR" in command("status").out

    before = crm.counts["requests"]
    assert crm_sync.push(settings).requests == 0  # not tried again as it is
    assert crm_sync.plan(settings).diff.dead == 1
    assert crm_sync.push(settings, retry_dead=True).refused == 1  # unless a person asks
    rows[-1] |= {"engagement_score": 11}  # or its values change
    fill(settings.warehouse, rows)
    assert crm_sync.push(settings).refused == 1
    assert crm.counts["requests"] == before + 2
    fill(settings.warehouse, rows[:-1])  # it leaves: nothing to clear, nothing to remember
    assert crm_sync.push(settings).requests == 0
    assert crm_sync.status(settings).dead_count == 0


def test_batch_refused_as_a_whole_is_halved(crm, settings, monkeypatch):
    rows = [*people(40), person("bad", email="bad")]
    fill(settings.warehouse, rows)
    original = demo_crm.server.api.write_batch

    def without_trace_ids(store, body, *, upsert):
        for item in body["inputs"]:
            item.pop("objectWriteTraceId")
        return original(store, body, upsert=upsert)

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_trace_ids)
    result = crm_sync.push(settings)
    assert (result.delivered, result.refused) == (40, 1)
    assert held(crm) == wanted(rows[:-1])


def test_property_that_the_crm_lacks_is_a_setting_to_correct(crm, tmp_path):
    settings = make_settings(crm, tmp_path, fields={"segments": "audience_no_such"})
    fill(settings.warehouse, people(3, segments="a"))
    with pytest.raises(crm_sync.ConfigError, match="no contact property audience_no_such"):
        crm_sync.push(settings)
    assert crm_sync.status(settings).dead_count == 0


def test_wrong_token(crm, settings, command):
    fill(settings.warehouse, people(3))
    done = command("push", token="another-token")
    assert done.code == 6 and "another-token" not in done.out + done.err
    assert crm_sync.push(settings).delivered == 3


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
def test_passing_faults_are_tried_again(crm, settings, fault):
    rows = people(450)
    fill(settings.warehouse, rows)
    crm.fail_next(6, **fault)
    result = crm_sync.push(settings)
    assert (result.delivered, result.exit_code, result.retries) == (450, 0, 6)
    assert held(crm) == wanted(rows)


def waits(crm, settings, monkeypatch, **fault):
    """Push against one fault; returns every pause that all workers had to keep."""
    paused = []
    monkeypatch.setattr(
        "scripts.crm_sync.transport.Transport.pause", lambda _, seconds: paused.append(seconds)
    )
    fill(settings.warehouse, people(3))
    crm.fail_next(**fault)
    return paused, crm_sync.push(settings)


def test_429_keeps_the_time_that_is_asked_for(crm, settings, monkeypatch):
    headers = {"Retry-After": "7"}
    assert waits(crm, settings, monkeypatch, status=429, headers=headers)[0] == [7.0]


def test_429_without_retry_after_keeps_the_window(crm, settings, monkeypatch):
    assert waits(crm, settings, monkeypatch, status=429)[0] == [10.0]


def test_daily_limit_stops_and_keeps_the_rest_open(crm, settings, monkeypatch):
    paused, result = waits(crm, settings, monkeypatch, status=429, policy="DAILY")
    assert (paused, result.open, result.exit_code) == ([], 3, 3)
    assert "daily limit" in result.stopped
    assert crm_sync.push(settings).exit_code == 0


def test_we_keep_to_95_percent_of_the_quota(settings):
    settings.destination.quota = (200, 60.0)
    transport = Transport(settings.destination, timeout_seconds=1)
    try:
        granted = [transport.limiter.try_acquire("requests", blocking=False) for _ in range(300)]
    finally:
        transport.close()
    assert granted == [True] * 190 + [False] * 110


def test_quota_of_the_crm_is_waited_for():
    """Another program uses the same quota: the CRM says 429 and everything arrives all the same."""
    with demo_crm.start(token=TOKEN, requests_per_10s=5, window_seconds=0.2) as crm:
        with tempfile.TemporaryDirectory() as name:
            settings = make_settings(crm, Path(name), max_tries=20)
            settings.destination.batch_size = 10
            fill(settings.warehouse, people(200))
            result = crm_sync.push(settings)
        assert (result.delivered, result.exit_code) == (200, 0)
        assert result.requests == 20 + crm.counts["limited"]


def test_service_that_stays_down_leaves_the_records_open(crm, settings):
    rows = people(250)
    fill(settings.warehouse, rows)
    crm.fail_next(1000, status=502)
    result = crm_sync.push(settings)
    assert (result.delivered, result.open, result.exit_code) == (0, 250, 3)
    assert "did not recover in 6 tries" in result.stopped
    crm.faults.clear()
    again = crm_sync.push(settings)
    assert (again.delivered, again.exit_code) == (250, 0)
    assert held(crm) == wanted(rows)


def test_lost_answer_then_the_person_leaves(crm, tmp_path):
    """A contact may exist although nobody confirmed it: it is cleared, and never created."""
    settings = make_settings(crm, tmp_path, max_tries=1, max_remove_share=1)
    rows = people(4, segments="a")
    fill(settings.warehouse, rows)
    crm.fail_next(drop="after")
    assert crm_sync.push(settings).open == 4
    crm.store.delete("person0003@example.com")
    fill(settings.warehouse, rows[:2])
    result = crm_sync.push(settings)
    assert result.diff.again == 4 and result.exit_code == 0
    assert held(crm) == wanted(rows[:2])
    assert "person0003@example.com" not in crm.contacts()
    assert crm_sync.plan(settings).nothing


def test_lost_answer_then_a_refusal_then_the_person_leaves(crm, tmp_path):
    """The refusal does not settle what the lost answer left in doubt."""
    fields = {"segments": "audience_segment_count"}  # a number, so that a text is refused
    settings = make_settings(crm, tmp_path, fields=fields, max_tries=1, max_remove_share=1)
    fill(settings.warehouse, [person("ann", segments="5")])
    crm.fail_next(drop="after")
    assert crm_sync.push(settings).open == 1
    fill(settings.warehouse, [person("ann", segments="many")])
    assert crm_sync.push(settings).refused == 1
    assert crm.contacts() == {"ann@example.com": {"audience_segment_count": "5"}}
    fill(settings.warehouse, [])
    assert crm_sync.push(settings).exit_code == 0
    assert crm.contacts() == {"ann@example.com": {}}
    assert crm_sync.status(settings).dead_count == 0


def test_kill_9_at_random_points_loses_and_doubles_nothing(crm, settings, start_push):
    dice = random.Random(20260301)
    rows = people(1800, segments="a")
    fill(settings.warehouse, rows)
    crm.latency_ms = 15
    kills = 0
    for _ in range(5):
        goal = crm.counts["batches"] + dice.randint(1, 5)
        pushing = start_push()
        while crm.counts["batches"] < goal and pushing.is_alive():
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        pushing.kill()
        pushing.join()
        kills += pushing.exitcode == -signal.SIGKILL
    assert kills == 5
    assert crm_sync.status(settings).runs[0]["outcome"] is None  # shown as interrupted
    crm.latency_ms = 0
    assert crm_sync.push(settings).exit_code == 0
    assert held(crm) == wanted(rows)
    assert crm_sync.plan(settings).nothing
    writes = crm.writes().values()
    assert max(writes) <= kills + 1
    assert sum(writes) <= len(rows) + kills * settings.workers * 100  # only what was on the wire


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
        settings = make_settings(crm, Path(name), max_tries=1, max_remove_share=1)
        for target, fault in steps:
            rows = [person(key, **values) for key, values in target.items()]
            fill(settings.warehouse, rows)
            if fault:
                crm.fail_next(**fault)
            crm_sync.push(settings)
            crm.faults.clear()
        crm_sync.push(settings)
        good = [row for row in rows if "@@" not in row["email"]]
        assert held(crm) == wanted(good)
        assert crm_sync.plan(settings).nothing
        assert crm_sync.status(settings).dead_count == len(rows) - len(good)


# ---------------------------------------------------------------------- messages


def test_missing_warehouse_table_and_column(crm, settings, command):
    done = command("plan")
    assert done.code == 2 and "There is no warehouse at warehouse.duckdb" in done.err
    duckdb.connect(str(settings.warehouse)).close()
    done = command("push")
    assert done.code == 2 and "no table activation.crm_contacts" in done.err
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema activation")
        connection.execute("create table activation.crm_contacts (email varchar)")
    with pytest.raises(crm_sync.ConfigError, match="has no column"):
        crm_sync.plan(settings)
    settings.warehouse.write_text("this is no database, and long enough to be read as one" * 99)
    with pytest.raises(crm_sync.ConfigError, match="cannot be read"):
        crm_sync.plan(settings)


def test_missing_token(tmp_path, settings, command):
    fill(settings.warehouse, people(1))
    done = command("push", token="")
    assert done.code == 2 and "Set HUBSPOT_TOKEN" in done.err
    assert command("plan", token="").code == 0  # a plan needs no token


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "x"}, "Secrets belong in the environment"),
        ({"destination": "abacus"}, "choose one of"),
        ({"destination_options": {"speed": 1}}, "HubSpot does not know"),
        ({"fields": {"segments": "a b"}}, "these are wrong"),
        ({"fields": {"segments": "email"}}, "none of"),
        ({"max_remove_share": 2}, "between 0 and 1"),
        ({"workers": "many"}, "cannot be"),
        ({"source": "a; drop table b"}, "schema.table"),
    ],
)
def test_wrong_settings_say_what_to_do(tmp_path, changes, words):
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(changes))
    with pytest.raises(crm_sync.ConfigError, match=words):
        crm_sync.load_settings()


def test_example_settings_are_the_defaults(monkeypatch):
    example = crm_sync.load_settings(ROOT / "sync.example.yml", environ={})
    default = crm_sync.load_settings(environ={})
    for name in vars(default):
        if name != "destination":
            assert getattr(example, name) == getattr(default, name), name
    assert vars(example.destination) == vars(default.destination)


def test_accounts_do_not_share_a_ledger(crm, settings, tmp_path):
    """The demo's records must never be taken for those of the real account."""
    fill(settings.warehouse, people(3))
    crm_sync.push(settings)
    environ = {"HUBSPOT_TOKEN": TOKEN}
    real = crm_sync.load_settings(
        environ=environ, warehouse=settings.warehouse, ledger=settings.ledger
    )
    assert (settings.sync, real.sync) == ("hubspot:loopback", "hubspot:api.hubapi.com")
    assert crm_sync.plan(real).diff.counts["add"] == 3


def test_command_line(settings, command):
    fill(settings.warehouse, people(4, segments="a"))
    shown = command("plan").out
    assert "p***@example.com" in shown and "audience_segments" in shown
    assert json.loads(command("plan", "--json").out)["diff"]["counts"]["add"] == 4
    assert json.loads(command("push", "--json").out)["delivered"] == 4
    assert "Nothing to push" in command("plan").out
    assert "Nothing to push" in command("push").out
    assert json.loads(command("status", "--json").out)["delivered"] == 4
    refused = json.loads(command("push", "--json", "--warehouse", "nowhere").out)
    assert refused["exit_code"] == 2 and "no warehouse" in refused["error"]
    call = [sys.executable, "-m", "scripts.crm_sync", "push", "--help"]
    helped = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert helped.returncode == 0 and "--skip-validation" in helped.stdout


def test_status_before_the_first_push(command):
    done = command("status")
    assert done.code == 0 and "Nothing has been pushed yet" in done.out


def test_no_secret_and_no_address_in_output_or_ledger_texts(crm, settings, command, tmp_path):
    rows = [*people(30), person("bad", email="bad@@example.com")]
    fill(settings.warehouse, rows)
    crm.fail_next(2, status=500, raw=f"oops person0001@example.com {TOKEN}")
    crm.fail_next(1, status=429, policy="DAILY")
    runs = [command(*call) for call in (["plan"], ["push"], ["push"], ["status"], ["status"])]
    runs += [command(*call, "--json") for call in (["plan"], ["push"], ["status"])]
    texts = [done.out + done.err for done in runs]
    crm_sync.status(settings)
    with duckdb.connect(str(settings.ledger)) as connection:
        for schema, table, column in connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where column_name in ('note', 'reason', 'outcome') and table_schema <> 'main'"
        ).fetchall():
            found = connection.execute(f'select "{column}" from "{schema}"."{table}"').fetchall()
            texts += [str(value) for (value,) in found]
    for text in texts:
        assert TOKEN not in text
        assert not re.search(r"(person\d|bad)[^\s*]*@", text), text
    assert any("b***" in text for text in texts)
    assert settings.ledger.stat().st_mode & 0o077 == 0


def test_mask_and_redact():
    assert [mask(one) for one in ("ann@example.com", "a@b", "none", "")] == [
        "a***@example.com", "a***@b", "n***", "***",
    ]  # fmt: skip
    text = redact("Bearer abc for Ann.Lee+x@example.com, or not-mail", "abc", "not-mail")
    assert text == "Bearer *** for A***@example.com, or ***"

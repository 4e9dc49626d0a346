"""Thousands of records against every fault: the remote ends at the target, whatever happens."""

import os
import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from dev import demo_crm
from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destinations.slack import Slack
from scripts.delivery.diff import masked
from scripts.delivery.ledger import Ledger

from . import figures
from .proxy import FAULTS, Proxy
from .test_engine import TOKEN, fill, held, make_sync, people, person, push, wanted
from .test_safety import suppress
from .vendors.slack import PATH, SlackChannel

# `make test-faults` runs the full size; a tenth finds the same faults in a tenth of the time.
COUNT = int(os.environ.get("FAULT_RECORDS", "1000"))
SEED = 20260630
MOST_WRITES = 3
SHARE = dict.fromkeys(FAULTS, 0.2 if COUNT > 5000 else 0.5) | {"hang": 500 / COUNT}


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def rows():
    return people(COUNT, segments="a;b")


def push_until_done(sync, *, most=12):
    """Push again and again, as a scheduler does; returns the last result and how many it took."""
    for number in range(1, most + 1):
        result = push(sync)
        if not result.open:
            return result, number
    raise AssertionError(f"still open after {most} pushes: {result}")


def compare(crm, target, *, faults, records=COUNT):
    """Count what the remote lacks, holds too often and should not hold."""
    found, written = held(crm), crm.writes()
    figures.count(
        records=records,
        faults=faults,
        lost=sum(found.get(key) != values for key, values in target.items()),
        doubled=sum(count > MOST_WRITES for count in written.values()),
        wrongly_contacted=len(set(found) - set(target)),
    )


def check(crm, sync, rows, *, faults, refused=()):
    """Remote is target, ledger is remote, the refused are visible, nobody was written too often."""
    good = [row for row in rows if row["email"].lower() not in refused]
    target = wanted(good)
    compare(crm, target, faults=faults)
    assert held(crm) == target
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        delivered = {
            key for (key,) in ledger.run("select record_key from {t}.delivered").fetchall()
        }
        dead = ledger.rows("select record_key, reason from {t}.outbox where state = 'dead'")
        pending = ledger.value("select count(*) from {t}.outbox where state = 'pending'")
        inflight = ledger.value("select count(*) from {t}.attempt")
    assert delivered == set(target)
    assert {record["record_key"] for record in dead} == set(refused)
    assert all(record["reason"] for record in dead)
    # A refused attempt ends too: nothing is left to wonder about.
    assert (pending, inflight) == (0, 0)
    assert delivery.plan(sync).nothing


@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_that_spoils_requests(crm, tmp_path, rows, fault):
    with Proxy(
        int(crm.url.rsplit(":", 1)[1]), fault, share=SHARE[fault], most=2,
        seed=SEED,
    ) as proxy:  # fmt: skip
        sync = make_sync(crm, tmp_path, timeout_seconds=0.5 if fault == "hang" else 10.0)
        sync.destination.base_url = proxy.url
        fill(sync.warehouse, rows)
        push_until_done(sync)
        assert proxy.spoiled[fault] >= 3, f"seed {SEED}"
    check(crm, sync, rows, faults=proxy.spoiled[fault])


BURSTS = {
    "429 with Retry-After": [{"status": 429, "headers": {"Retry-After": "0.05"}}] * 25,
    "429 without": [{"status": 429, "headers": {"X-HubSpot-RateLimit-Interval-Milliseconds": "40"}}]
    * 10,
    "500": [{"status": 500}] * 40,
    "503 as HTML": [{"status": 503, "raw": "<html>down</html>"}] * 40,
}


@pytest.mark.parametrize("burst", BURSTS)
def test_bursts(crm, tmp_path, rows, burst):
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows)
    with crm.guard:
        crm.faults.extend({} for _ in range(COUNT // 500))
        crm.faults.extend(BURSTS[burst])
    push_until_done(sync)
    assert crm.counts["requests"] >= COUNT // 100 + len(BURSTS[burst])
    check(crm, sync, rows, faults=len(BURSTS[burst]))


def test_a_token_that_expires_in_the_middle(crm, tmp_path, rows):
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows)
    answer = crm.admit

    def expires():
        if crm.counts["requests"] == COUNT // 250:
            crm.token = "renewed"
        return answer()

    crm.admit = expires
    with pytest.raises(delivery.AuthError):
        push(sync)
    found = delivery.status(sync)
    assert 0 < found.delivered < COUNT and found.open == COUNT - found.delivered
    assert found.runs[0]["note"]
    renewed = make_sync(crm, tmp_path)
    renewed.destination.secret["HUBSPOT_TOKEN"] = "renewed"
    assert push(renewed).exit_code == 0
    check(crm, renewed, rows, faults=1)


def test_refusals_one_by_one_and_the_poison_of_a_whole_batch(crm, tmp_path, rows, monkeypatch):
    """207 names a refused record; a batch that is refused whole is halved until it is found."""
    dice = random.Random(SEED)
    bad = {dice.randrange(COUNT): "malformed@@example.com" for _ in range(1)}
    bad |= {dice.randrange(COUNT): f"no-address-{number}" for number in range(20)}
    for position, address in bad.items():
        rows[position] = person(f"bad{position}", email=address)
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows)
    original = demo_crm.server.api.write_batch
    poisoned = "no-address-7"

    def without_trace_ids(store, body, *, upsert):
        # Without trace ids HubSpot refuses the batch and names nobody.
        if any(item["id"] == poisoned for item in body["inputs"]):
            for item in body["inputs"]:
                item.pop("objectWriteTraceId", None)
        return original(store, body, upsert=upsert)

    monkeypatch.setattr(demo_crm.server.api, "write_batch", without_trace_ids)
    result, _ = push_until_done(sync)
    assert result.refused == len(bad)
    check(crm, sync, rows, faults=len(bad), refused={row.lower() for row in bad.values()})


def test_addresses_that_differ_by_case_are_one_contact(crm, tmp_path, rows):
    twins = [person(f"twin{number}", email=rows[number]["email"].upper()) for number in range(50)]
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows + twins)
    result, _ = push_until_done(sync)
    assert result.diff.merged == 50
    assert len(held(crm)) == COUNT
    assert max(crm.writes().values()) == 1


def test_everything_at_once_over_days(crm, tmp_path):
    """People come, change, leave, come back and say no, while the network loses answers."""
    dice = random.Random(SEED)
    sync = make_sync(crm, tmp_path, max_remove_share=1.0, max_change_share=1.0, max_tries=2)
    crowd = people(COUNT // 5, segments="a")
    with Proxy(
        int(crm.url.rsplit(":", 1)[1]), "reset_after", share=0.25, most=2, seed=SEED
    ) as proxy:
        sync.destination.base_url = proxy.url
        for day in range(6):
            today = [replace_values(row, day, dice) for row in crowd if dice.random() < 0.9]
            fill(sync.warehouse, today)
            suppress(sync, f"person{day:04}", f"person{day + 50:04}")
            push(sync)
        push_until_done(sync)
    refused = {f"person{day + more:04}" for day in range(6) for more in (0, 50)}
    target = wanted([row for row in today if row["profile_id"] not in refused])
    found = held(crm)
    figures.count(
        records=len(crowd) * 6,
        faults=proxy.spoiled["reset_after"],
        lost=sum(found.get(key) != values for key, values in target.items()),
        wrongly_contacted=len(set(found) - set(target)),
    )
    assert found == target
    assert delivery.plan(sync).nothing


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hang"])
def test_faults_never_make_an_alert_heard_twice(crm, tmp_path, fault):
    """What cannot be taken back is said once, or held for a person; nobody suppressed is named."""
    rows = people(200, segments="a", grade="A")
    fields = {"first_name": Field("name"), "segments": Field("segment"), "grade": Field("reason")}
    sync = make_sync(crm, tmp_path, fields=fields, timeout_seconds=5.0)
    fill(sync.warehouse, rows)
    suppress(sync, "person0007", "person0123")
    with (
        SlackChannel() as vendor,
        Proxy(int(vendor.url.rsplit(":", 1)[1]), fault, share=0.3, most=2, seed=SEED) as proxy,
    ):
        slack = Slack({}, {"SLACK_WEBHOOK_URL": proxy.url + PATH})
        slack.quota, slack.batch_size = (100_000, 1.0), 5
        sync = replace(sync, destination=slack)
        for _ in range(3):
            push(sync)
        with Ledger(sync.ledger, sync.ledger_name) as ledger:
            waiting = ledger.rows("select record_key from {t}.outbox where state = 'held'")
        heard = Counter(re.findall(r"Person\d{4}", str(vendor.messages)))
    held_back = {row["record_key"].partition("@")[0].title() for row in waiting}
    meant = {row["first_name"] for row in rows} - {"Person0007", "Person0123"}
    assert proxy.spoiled[fault] >= 3
    figures.count(
        records=200,
        faults=proxy.spoiled[fault],
        lost=len(meant - set(heard) - held_back),
        doubled=sum(count > 1 for count in heard.values()),
        wrongly_contacted=len(set(heard) - meant),
    )


def replace_values(row, day, dice):
    return row | {"engagement_score": dice.randrange(3), "segments": "a" if day % 2 else "a;b"}


def test_nothing_that_is_kept_or_said_names_a_person(crm, tmp_path, rows, capsys):
    rows[5] = person("bad", email="bad@@example.com")
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, rows)
    crm.fail_next(3, status=500, raw=f"oops {rows[7]['email']} {TOKEN}")
    push_until_done(sync)
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        kept = [
            str(value)
            for table, column in (("sync_run", "note"), ("outbox", "reason"), ("ack", "reason"))
            for (value,) in ledger.run(f"select {column} from {{t}}.{table}").fetchall()
        ]
        payloads = ledger.value("select count(*) from {t}.outbox where payload is not null")
    printed = capsys.readouterr()
    for text in [*kept, printed.out, printed.err]:
        assert TOKEN not in text and not re.search(r"[^*\s@]@+\w", text), text
    assert payloads == 0  # they left with the answers
    assert masked("list|ann@example.com") == "list|a***@example.com"
    assert replace(sync, name="x").label.startswith("x ")

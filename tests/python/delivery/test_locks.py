"""One writer per sync: a lease in PostgreSQL outlives its connection, and its token fences."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dev import demo_crm
from scripts import delivery
from scripts.delivery import locks
from scripts.delivery.ledger import Ledger
from scripts.delivery.locks import Lease, only_writer

from .test_engine import TOKEN, fill, held, make_sync, people, push, wanted


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def sync(crm, tmp_path, postgres_ledger, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_sync(crm, tmp_path, postgres_ledger)


def cut_connections(address):
    """End every other connection to the database, as a restart or a firewall does."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )


def test_a_lease_survives_the_loss_of_its_connections(sync):
    with Lease(sync.ledger, "a", seconds=1.0):
        for _ in range(4):
            cut_connections(sync.ledger)
            time.sleep(0.4)
            with pytest.raises(delivery.LockedError, match=f"process {os.getpid()}"):
                Lease(sync.ledger, "a").__enter__()
    with Lease(sync.ledger, "a"):  # given back, so that nobody waits
        pass


def test_who_lost_the_lease_writes_and_sends_nothing_more(crm, sync, monkeypatch):
    """A holder that slept through the end of its lease meets a token that has grown."""
    fill(sync.warehouse, people(500))
    sync = replace(sync, workers=1)
    monkeypatch.setattr(locks, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(Lease, "_renew", lambda self: None)  # it sleeps
    crm.latency_ms = 150
    failed = []

    def first():
        try:
            push(sync)
        except delivery.LockedError as problem:
            failed.append(problem)

    pushing = threading.Thread(target=first)
    pushing.start()
    while not crm.counts["batches"]:
        time.sleep(0.01)
    time.sleep(0.4)
    with only_writer(sync.ledger, sync.ledger_name):
        sent = crm.counts["batches"]
        pushing.join()
        assert crm.counts["batches"] <= sent + 1  # the one that was on the wire
    assert "took over" in str(failed[0]) and failed[0].exit_code == 5
    crm.latency_ms = 0
    assert push(sync).exit_code == 0
    assert held(crm) == wanted(people(500))


def test_two_syncs_push_beside_each_other(crm, sync):
    fill(sync.warehouse, people(3))
    with only_writer(sync.ledger, "other:sync:x"):
        assert push(sync).delivered == 3


def test_syncs_with_files_of_their_own_do_not_wait_for_each_other(crm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, people(3))
    with only_writer(str(tmp_path / "other.duckdb"), "other"):
        assert push(sync).delivered == 3


def test_status_and_plan_work_beside_a_push(crm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sync = make_sync(crm, tmp_path)
    fill(sync.warehouse, people(3))
    push(sync)
    with (
        only_writer(sync.ledger, sync.ledger_name) as address,
        Ledger(address, sync.ledger_name),
    ):
        assert delivery.status(sync).delivered == 3
        assert delivery.plan(sync).nothing


def test_each_ledger_spills_into_a_folder_of_its_own(tmp_path):
    with Ledger(None, "a") as first, Ledger(None, "b") as second:
        folders = {Path(ledger.spill.name) for ledger in (first, second)}
        assert len(folders) == 2
        assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)
    assert not any(folder.exists() for folder in folders)

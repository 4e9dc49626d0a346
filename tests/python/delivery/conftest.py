"""Ledgers in a real PostgreSQL database, and what must never be kept."""

import itertools
import os
import re

import pytest

from scripts.delivery.ledger import Ledger

_number = itertools.count()
# An address that is not masked: a letter, and not a star, right before the sign.
ADDRESS = re.compile(r"[^*\s@\"'/]@+[\w-]+\.\w")


@pytest.fixture(autouse=True)
def nothing_that_is_kept_names_a_person(tmp_path, caplog):
    """After every test: no log and no dead letter of it holds an address."""
    yield
    texts = [record.getMessage() for record in caplog.records]
    for path in tmp_path.rglob("ledger.duckdb"):
        with Ledger(str(path), "any") as ledger:
            for table, column in (("sync_run", "note"), ("outbox", "reason"), ("ack", "reason")):
                rows = ledger.run(f"select distinct {column} from {{t}}.{table}").fetchall()
                texts += [str(value) for (value,) in rows]
    named = [text for text in texts if ADDRESS.search(text)]
    assert not named, named[:5]


@pytest.fixture(autouse=True)
def windows_of_its_own(monkeypatch, tmp_path_factory):
    """No test waits for the requests of another one, or of a push on this machine."""
    monkeypatch.setattr("scripts.delivery.limits.folder", lambda: tmp_path_factory.getbasetemp())


@pytest.fixture
def postgres_ledger(postgres):
    """The address of an empty database."""
    import psycopg

    name = f"ledger_{os.getpid()}_{next(_number)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return postgres.replace("/postgres?", f"/{name}?")

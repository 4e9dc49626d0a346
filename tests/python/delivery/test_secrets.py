"""Whatever breaks, no command says or keeps an address, a name, a secret or a traceback."""

import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from dev import demo_crm
from scripts import audiences, delivery
from scripts.delivery.config import default_syncs
from scripts.delivery.ledger import Ledger

from .test_engine import TOKEN, fill, people, person
from .test_locks import cut_connections

NAME = "Hildegard"
CODES = set(range(8))
COMMANDS = [
    ["plan"], ["push", "--first-run"], ["push"], ["status"], ["pull", "--raw-path", "raw"],
    ["doctor"], ["dead", "list", "contacts"], ["dead", "retry", "contacts"], ["verify"],
    ["resend", "contacts", "person0001@example.com"], ["prune"],
    ["forget", "person0002@example.com"], ["status", "--json"], ["plan", "--json"],
]  # fmt: skip
PERSON = re.compile(r"[^*\s@\"'/]@+[\w-]+\.\w|Hildegard", re.I)


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def run(crm, tmp_path, monkeypatch, capfd):
    """Run the commands one after the other; returns the exit codes, having read what they said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUBSPOT_BASE_URL", crm.url)
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)
    sync = default_syncs()["hubspot_contacts"] | {"max_remove_share": 1}
    sync["fields"] = sync["fields"] | {"first_name": "audience_first_name"}
    config = {
        "ledger": "ledger.duckdb",
        "warehouse": "warehouse.duckdb",
        "backoff_seconds": 0.001,
        "max_tries": 2,
        "require_validation": False,
        "syncs": {"contacts": sync},
    }
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    fill(tmp_path / "warehouse.duckdb", [*people(3), person("x", first_name=NAME)])

    def go(commands=COMMANDS):
        capfd.readouterr()
        codes = []
        for command in commands:
            codes.append(audiences.main(list(command)))
            printed = "".join(capfd.readouterr())
            assert not PERSON.search(printed) and TOKEN not in printed, (command, printed)
            assert "Traceback" not in printed, (command, printed)
        assert set(codes) <= CODES
        return codes

    assert audiences.main(["doctor", "--create"]) == 0
    return go


def test_all_is_well(run):
    assert 7 not in run()


def test_a_value_that_does_not_fit(run, tmp_path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("alter table activation.crm_contacts rename to held")
        connection.execute(
            "create view activation.crm_contacts as select * replace"
            " (cast(first_name || ' ' || email as integer) as segment_count) from activation.held"
        )
    assert run([["plan"], ["push", "--first-run"]]) == [7, 7]
    run()


def test_a_corrupt_ledger(run, tmp_path):
    run([["push", "--first-run"]])
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(path.read_bytes()[:4096] + os.urandom(8192))
    assert run([["push"], ["plan"], ["status"]]) == [7, 7, 7]
    run()
    path.unlink()


def test_a_disk_that_is_full(run, monkeypatch):
    def full(self, *_, **__):
        raise duckdb.IOException(
            f'Could not write all bytes to file "/home/{NAME}/x": No space left on device'
        )

    monkeypatch.setattr(Ledger, "acknowledge", full)
    assert run([["push", "--first-run"]]) == [7]
    monkeypatch.undo()


def test_a_database_that_goes_away_in_the_middle(run, crm, postgres_ledger, monkeypatch):
    monkeypatch.setenv("AUDIENCE_LEDGER", postgres_ledger)
    original = Ledger.acknowledge

    def cut(self, *arguments):
        cut_connections(postgres_ledger)
        monkeypatch.setattr(Ledger, "acknowledge", original)
        return original(self, *arguments)

    monkeypatch.setattr(Ledger, "acknowledge", cut)
    [code] = run([["push", "--first-run"]])
    assert code in (0, 3, 7)
    assert run([["push"]]) in ([0], [3])
    assert "person0001@example.com" in crm.contacts()


def test_a_service_that_repeats_what_it_was_sent(run, crm):
    crm.fail_next(4, status=500, raw=f"person0001@example.com {NAME} {TOKEN}")
    run()


def test_a_password_comes_from_the_environment_alone(run, tmp_path):
    address = "postgresql://me:hush-hush@db.example/x"
    assert run([["status", "--ledger", address]]) == [2]
    config = yaml.safe_load((tmp_path / "sync.yml").read_text())
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config | {"ledger": address}))
    assert run([["status"]]) == [2]


def test_every_file_is_private_from_its_first_byte(run, tmp_path, monkeypatch):
    made = []
    replaced = Ledger.start_run

    def look(self, counts):
        made.extend(path for path in tmp_path.rglob("*") if path.is_file())
        made.extend(path.stat().st_mode & 0o077 for path in made[:] if "ledger" in path.name)
        return replaced(self, counts)

    monkeypatch.setattr(Ledger, "start_run", look)
    run()
    assert 0 in made and not any(mode for mode in made if isinstance(mode, int))
    ours = [path for path in tmp_path.rglob("*") if path.is_file()]
    ours = [path for path in ours if path.name not in ("sync.yml", "warehouse.duckdb")]
    assert {path.suffix for path in ours} >= {".duckdb", ".parquet", ".txt", ".secret"}
    assert [path for path in ours if path.stat().st_mode & 0o077] == []
    assert not [path for path in Path("/tmp").glob("audiences-*") if path.stat().st_mode & 0o077]
    shutil.rmtree(tmp_path / "raw")
    assert delivery.SyncError.exit_code == 2

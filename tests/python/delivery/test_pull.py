"""Pages go to disk as they come: a pull goes on where it broke off, in little memory."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from dev import demo_crm
from scripts import delivery
from scripts.delivery import engine
from scripts.delivery.destination import Destination
from scripts.delivery.destinations.hubspot import HubSpot
from scripts.delivery.forgetting import erase_rows
from scripts.delivery.ledger import Ledger
from scripts.delivery.raw_files import Pages
from scripts.delivery.show import show_pulled

from .test_engine import TOKEN, default_sync, make_sync

AT = datetime.fromisoformat("2026-06-30")


def read(folder: Path, table: str) -> list[tuple]:
    """The rows of a table in all pulled files."""
    files = str(folder / table / "*.parquet")
    if not list((folder / table).glob("*.parquet")):
        return []
    return duckdb.sql(f"select * from read_parquet('{files}') order by all").fetchall()


def pages(folder: Path, destination: Destination | None = None, since: str = "None") -> Pages:
    return Pages(folder / ".pull", {"source": "s", "since": since}, destination or hubspot())


def hubspot() -> HubSpot:
    return HubSpot({}, {})


def contact(number: int, **values: object) -> dict[str, object]:
    return {"id": str(number), "property_email": f"p{number}@example.com", **values}


def test_a_deal_that_changes_hands_and_back_is_news_each_time(tmp_path):
    deal = {"deal_id": "1", "owner_id": "ann", "_fivetran_synced": "2026-06-01"}
    handed = deal | {"owner_id": "bob"}
    with Ledger(None, "s") as ledger:
        for rows, news in (([deal], 1), ([handed, handed], 1), ([deal], 1), ([deal], 0),
                           ([handed, deal], 2)):  # fmt: skip
            held = pages(tmp_path)
            held.add("deals", rows)
            folder = tmp_path / "deals"
            count = held.write(ledger, "s", "deals", folder, at=AT, full=False)
            assert count == news
            held.clear()


def test_pages_that_no_progress_covers_are_thrown_away(tmp_path):
    destination = hubspot()
    first = pages(tmp_path, destination)
    destination.progress = {"contacts": 2}
    first.add("contacts", [contact(1), contact(2)])
    first.keep()
    first.add("contacts", [contact(3)])  # and then the power went
    destination = hubspot()
    again = pages(tmp_path, destination)
    assert destination.progress == {"contacts": 2}
    again.add("contacts", [contact(4, more="x")])
    with Ledger(None, "s") as ledger:
        assert again.write(ledger, "s", "contacts", tmp_path / "contacts", at=AT, full=False) == 3
    assert [row[0] for row in read(tmp_path, "contacts")] == ["1", "2", "4"]
    other = pages(tmp_path, destination=hubspot(), since="2026-01-01")  # of another start
    assert (other.destination.progress, other.path("contacts").stat().st_size) == ({}, 0)


def test_a_pull_goes_on_after_the_last_complete_page(tmp_path, monkeypatch):
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000, searches_per_second=100_000) as crm:
        for number in range(450):
            crm.store.upsert(f"p{number}@example.com", {})
        crm.store.commit()
        monkeypatch.setattr("scripts.delivery.destinations.hubspot.SEARCH_SECONDS", 0)
        sync = make_sync(crm, tmp_path)
        page, searched = HubSpot.search, []

        def breaks(self, call, kind, filters, names, last=0):
            for found in page(self, call, kind, filters, names, last):
                if kind == "contacts":
                    searched.append((last, len(found)))
                    if len(searched) == 2:
                        raise delivery.destination.Transient("the line is gone")
                yield found

        monkeypatch.setattr(HubSpot, "search", breaks)
        with pytest.raises(delivery.SyncError):
            engine.pull(sync, raw_path=tmp_path)
        assert read(tmp_path / "hubspot", "contacts") == []
        assert len(list((tmp_path / "hubspot" / ".pull").iterdir())) >= 2
        sync = make_sync(crm, tmp_path)  # a new process
        assert engine.pull(sync, raw_path=tmp_path).rows["contacts"] == 450
        assert searched == [(0, 200), (0, 200), (200, 200), (200, 50)], "the second page again"
        assert not (tmp_path / "hubspot" / ".pull").exists()
        assert set(engine.pull(sync, raw_path=tmp_path).rows.values()) == {0}


def test_what_was_left_out_is_told_once_and_empty_tables_make_no_files(tmp_path, capsys):
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000, searches_per_second=100_000) as crm:
        crm.lacking.add("sales-email-read")
        contact_id = str(crm.store.upsert("ann@example.com", {})[0]["contact_id"])
        note = str(crm.store.create("notes", {"hs_note_body": "Hello"})["object_id"])
        crm.store.associate("notes", note, "contacts", contact_id)
        sync = make_sync(crm, tmp_path)
        pulled = engine.pull(sync, raw_path=tmp_path)
        assert pulled.left_out == {
            "engagement_emails": "the token lacks the scope sales-email-read"
        }
        show_pulled(pulled)
        told = " ".join(capsys.readouterr().out.split())
        assert told.count("Left out: engagement_emails, since the token lacks the scope") == 1
        files = {path.parent.name for path in tmp_path.rglob("pulled-*.parquet")}
        assert files == {
            "contacts", "engagement_notes", "engagement_contacts", "deal_pipeline_stages",
        }  # fmt: skip
        crm.lacking.clear()
        again = engine.pull(make_sync(crm, tmp_path), raw_path=tmp_path)
        assert not any(again.rows.values()) and again.left_out == {}


def test_a_pull_reads_nothing_that_a_sync_of_the_file_writes(tmp_path):
    ours = {"contacts": default_sync(), "others": default_sync()}
    ours["others"] = {**ours["others"], "fields": {"segments": {"to": "tags", "policy": "always"}}}
    path = tmp_path / "sync.yml"
    path.write_text(yaml.safe_dump({"syncs": ours}))
    [sync] = delivery.load_syncs(path, names=["contacts"], environ={})
    assert {"tags", "audience_segments"} <= sync.destination.written


def test_who_is_forgotten_is_in_no_page_of_a_pull_that_broke_off(tmp_path):
    held = pages(tmp_path / "hubspot")
    held.add("contacts", [contact(1)])
    with Ledger(None, "s") as ledger:
        erase_rows(ledger, tmp_path, "*", ["p1@example.com"])
    assert not list(tmp_path.rglob("*.jsonl"))


MEASURE = """
import json, resource, sys, time
from datetime import datetime
from pathlib import Path
from scripts.delivery.destinations.hubspot import HubSpot, READ
from scripts.delivery.forgetting import erase_rows
from scripts.delivery.ledger import Ledger
from scripts.delivery.raw_files import Pages

folder, count = Path(sys.argv[1]), int(sys.argv[2])
names = [f"property_{name}" for name in READ["contacts"]]
ledger = Ledger(str(folder / "ledger.duckdb"), "s")  # DuckDB imports pandas: 1.5 s, once
began = time.process_time()
destination = HubSpot({}, {})
pages = Pages(folder / ".pull", {"source": "s", "since": "None"}, destination)
for start in range(0, count, 200):
    destination.progress = {"contacts": start}
    pages.add("contacts", [
        {"id": str(n), "_fivetran_synced": "2026-06-30T00:00:00.000Z"}
        | {name: f"{name} of {n}" for name in names}
        for n in range(start, start + 200)
    ])
    pages.keep()
paged = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with ledger:
    at = datetime.fromisoformat("2026-06-30")
    rows = pages.write(ledger, "s", "contacts", folder / "contacts", at=at, full=False)
seconds = time.process_time() - began
print(json.dumps({"rows": rows, "per_second": rows / seconds, "paged_mb": paged}))
"""


def measured(folder: Path, count: int) -> dict[str, float]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder), str(count)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    return json.loads(done.stdout)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    """20,000 rows of 22 columns a second are written; counted in the processor's seconds."""
    few, many = measured(tmp_path / "few", 2_000), measured(tmp_path / "many", 40_000)
    assert (few["rows"], many["rows"]) == (2_000, 40_000)
    assert many["paged_mb"] - few["paged_mb"] < 15
    assert many["per_second"] > 10_000

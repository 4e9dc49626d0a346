"""People whom a destination holds before the first push are taken over, never made twice."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev import demo_crm
from scripts import delivery
from scripts.delivery import engine, show
from scripts.delivery.destination import Record, Refused
from scripts.delivery.destinations.braze import Braze
from scripts.delivery.destinations.hubspot import HubSpot
from scripts.delivery.errors import ConfigError, GuardError
from scripts.delivery.transport import Transport

from .test_engine import TOKEN, fill, people, person
from .vendors import braze
from .vendors import salesforce as org

EXAMPLE = Path(__file__).resolve().parents[3] / "sync.example.yml"
SECRETS = {
    "SALESFORCE_CLIENT_ID": org.CLIENT_ID,
    "SALESFORCE_CLIENT_SECRET": org.CLIENT_SECRET,
    "HUBSPOT_TOKEN": TOKEN,
}


def example(
    folder: Path,
    name: str,
    environ: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
    **options: Any,
) -> engine.Sync:
    """A sync of sync.example.yml, on a warehouse of the test's; `fields` come on top."""
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    chosen = config["syncs"][name]
    chosen["fields"] |= fields or {}
    chosen["options"] = chosen.get("options", {}) | options
    config |= {
        "syncs": {name: chosen},
        "require_validation": False,
        "warehouse": str(folder / "warehouse.duckdb"),
        "ledger": str(folder / "ledger.duckdb"),
        "backoff_seconds": 0.005,
        "max_age_hours": None,
    }
    path = folder / "sync.yml"
    path.write_text(yaml.safe_dump(config))
    [sync] = delivery.load_syncs(path, environ=SECRETS | environ)
    return sync


@contextmanager
def salesforce_with(*contacts: dict[str, Any]) -> Iterator[org.Salesforce]:
    """An org with the fields of the example that holds these contacts, made by people."""
    with org.Salesforce() as vendor:
        vendor.fields += [
            org.field("Audience_Segment__c"),
            org.field("Audience_Score__c", "double"),
        ]
        for number, contact in enumerate(contacts):
            record_id = f"0035e{number:013d}"
            empty = {entry["name"]: None for entry in vendor.fields}
            vendor.records[record_id] = empty | {"Id": record_id, "Is_Active__c": False} | contact
        yield vendor


FOUR = [{"LastName": name.title(), "Email": f"{name}@Example.com"} for name in ("a", "b", "c", "d")]


def test_the_example_for_salesforce_leaves_four_contacts_four(tmp_path):
    fill(tmp_path / "warehouse.duckdb", [person(n, segments="customers") for n in "abcd"])
    with salesforce_with(*FOUR) as vendor:
        sync = example(tmp_path, "salesforce_contacts", {"SALESFORCE_BASE_URL": vendor.url})
        found = engine.plan(sync).existing
        assert (found.looked_at, found.matched, found.new, found.ambiguous) == (4, 4, 0, 0)
        assert not vendor.writes
        assert engine.push(sync, first_run=True).exit_code == 0
        assert len(vendor.records) == 4
        held = {row["Email"]: row for row in vendor.records.values()}
        assert held["a@Example.com"]["Audience_Segment__c"] == "customers"
        assert {row[vendor.external_id] for row in held.values()} == {"a", "b", "c", "d"}
        # What people typed stays: set_if_empty reads the contact that is taken over.
        assert held["a@Example.com"]["LastName"] == "A"
        assert engine.plan(sync).nothing


def test_two_contacts_with_one_address_are_left_to_a_person(tmp_path):
    fill(tmp_path / "warehouse.duckdb", [person("a"), person("b")])
    with salesforce_with(FOUR[0], FOUR[0], FOUR[1]) as vendor:
        sync = example(tmp_path, "salesforce_contacts", {"SALESFORCE_BASE_URL": vendor.url})
        assert engine.plan(sync).existing.ambiguous == 1
        result = engine.push(sync, first_run=True)
        assert (result.delivered, result.refused, len(vendor.records)) == (1, 1, 3)
        assert "2 records there could be meant" in result.refusals[0][1]


def test_strangers_in_an_account_that_holds_people_stop_the_push(tmp_path):
    fill(tmp_path / "warehouse.duckdb", people(6))
    with salesforce_with(*FOUR) as vendor:
        sync = example(tmp_path, "salesforce_contacts", {"SALESFORCE_BASE_URL": vendor.url})
        assert "6 of 6" in engine.plan(sync).guard
        with pytest.raises(GuardError, match="max-new-share") as stopped:
            engine.push(sync, first_run=True)
        assert (stopped.value.exit_code, vendor.writes) == (4, {})
        sync = example(
            tmp_path,
            "salesforce_contacts",
            {"SALESFORCE_BASE_URL": vendor.url},
            mode="update_only",
        )
        result = engine.push(sync, first_run=True)
        assert (result.absent, result.delivered, result.exit_code) == (6, 0, 0)
        assert len(vendor.records) == 4
        # They are asked for again, and written once somebody has made them.
        vendor.records["0035e9999999999999"] = vendor.records["0035e0000000000000"] | {
            "Id": "0035e9999999999999", "Email": "person0000@example.com"
        }  # fmt: skip
        assert engine.push(sync).delivered == 1


def test_an_account_with_nobody_in_it_takes_everybody(tmp_path):
    fill(tmp_path / "warehouse.duckdb", people(6, last_name="Moss"))
    with salesforce_with() as vendor:
        sync = example(tmp_path, "salesforce_contacts", {"SALESFORCE_BASE_URL": vendor.url})
        assert engine.push(sync, first_run=True).delivered == len(vendor.records) == 6
        fill(tmp_path / "warehouse.duckdb", people(20, last_name="Moss"))
        assert engine.push(sync).delivered == 14


def test_hubspot_is_found_by_record_id_also_under_another_address(tmp_path):
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as crm:
        ann, _ = crm.store.upsert("ann.old@example.com", {})
        crm.store.upsert("eve@example.com", {})
        theirs = str(ann["object_id"])
        rows = [person("ann", crm_contact_id=theirs), person("bob")]
        rows.append(person("eve", crm_contact_id=theirs))  # the id is another portal's
        fill(tmp_path / "warehouse.duckdb", rows)
        sync = example(
            tmp_path,
            "hubspot_contacts",
            {"HUBSPOT_BASE_URL": crm.url},
            {"crm_contact_id": "hs_object_id"},
        )
        found = engine.plan(sync).existing
        assert (found.matched, found.new, found.ambiguous, found.held) == (1, 1, 1, 2)
        result = engine.push(sync, first_run=True)
        assert (result.delivered, result.refused) == (2, 1)
        held = crm.contacts()
        assert sorted(held) == ["ann.old@example.com", "bob@example.com", "eve@example.com"]
        assert held["ann.old@example.com"]["audience_engagement_score"] == "10"
        assert held["eve@example.com"] == {}


def adding(key: str, **values: Any) -> Record:
    return Record(key, None, values, values)


def test_braze_takes_over_a_profile_with_the_address_and_no_external_id():
    with braze.BrazeWorkspace() as vendor:
        vendor.anonymous.append({"email": "ann@example.com", "first_name": "Ann"})
        vendor.users["theirs"] = {"email": "bob@example.com"}
        plug_in = Braze({}, {"BRAZE_API_KEY": braze.KEY, "BRAZE_BASE_URL": vendor.url})
        batch = [
            adding("u1", email="ann@example.com", score=1),
            adding("u2", email="bob@example.com", score=2),
            adding("u3", email="new@example.com", score=3),
        ]
        with Transport(plug_in) as transport:
            ready, settled = plug_in.adopt(transport.call, "add", batch)
            plug_in.send(transport.call, "add", ready)
        assert not settled
        assert vendor.anonymous == []
        assert vendor.users["u1"] == {"email": "ann@example.com", "first_name": "Ann", "score": 1}
        assert vendor.users["theirs"] == {"email": "bob@example.com", "score": 2}
        assert sorted(vendor.users) == ["theirs", "u1", "u3"]


def test_a_mode_that_there_is_not_is_an_error():
    with pytest.raises(ConfigError, match=re.escape("('upsert', 'update_only')")):
        HubSpot({"mode": "create_only"}, {})


def test_a_record_that_cannot_be_asked_for_stops_no_other(tmp_path):
    fill(tmp_path / "warehouse.duckdb", people(30))
    with salesforce_with(FOUR[0]) as vendor:
        sync = example(tmp_path, "salesforce_contacts", {"SALESFORCE_BASE_URL": vendor.url})
        whole = sync.destination.match

        def match(call, records):
            for record, signal in (("0007", Refused("not this one")), ("0011", KeyError("id"))):
                if any(record in str(held) for held in records):
                    raise signal
            return whole(call, records)

        sync.destination.match = match
        plan = engine.plan(sync)
        assert plan.not_asked is None
        assert (plan.existing.looked_at, plan.existing.unasked, plan.existing.new) == (30, 2, 28)
        assert "2 cannot be asked for" in show.existing_shown(plan.existing)

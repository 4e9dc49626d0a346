"""Building in batches gives what one full build gives, late and re-delivered events included."""

import json
import random
from datetime import datetime, timedelta

import duckdb

from .test_pipeline import content

START = datetime(2026, 6, 1)
AS_OF = "2026-06-30T00:00:00Z"
SEED = 20260630

COLUMNS = {
    "event_id": "varchar",
    "event_name": "varchar",
    "occurred_at": "timestamp",
    "loaded_at": "timestamp",
    "anonymous_id": "varchar",
    "user_id": "varchar",
    "email": "varchar",
    "page_url": "varchar",
    "page_path": "varchar",
    "object_id": "varchar",
    "value": "double",
}


def make_events(rng, count):
    """Events of 40 people over three weeks; some arrive late, some twice, some are broken."""
    events = []
    for number in range(count):
        person = rng.randrange(40)
        occurred_at = START + timedelta(minutes=rng.randrange(28 * 24 * 60))
        name, path = rng.choice(
            [
                ("page_viewed", "/pricing"),
                ("page_viewed", "/blog/one"),
                ("product_added", "/shop/thing"),
                ("order_completed", "/cart"),
                ("identified", None),
            ]
        )
        event = {
            "event_id": f"e{number}" if rng.random() > 0.02 else None,
            "event_name": name,
            "occurred_at": occurred_at if rng.random() > 0.02 else None,
            # Up to two days late: within the overlap that is read again.
            "loaded_at": occurred_at + timedelta(minutes=rng.choice([1, 5, 60, 2880])),
            "anonymous_id": f"device-{person % 30}",
            "user_id": f"user-{person}" if rng.random() < 0.3 else None,
            "email": f"person{person}@example.com" if name == "identified" else None,
            "page_url": path and f"https://shop.example{path}",
            "page_path": path,
            "object_id": f"o{number}",
            "value": float(rng.randrange(100)),
        }
        events.append(event)
        if rng.random() < 0.05:
            events.append(event | {"loaded_at": event["loaded_at"] + timedelta(hours=5)})
    return events


def write(folder, name, events):
    target = folder / "events" / "events"
    target.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        declared = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
        connection.execute(f"create table events ({declared})")
        if events:
            connection.executemany(
                f"insert into events values ({', '.join('?' * len(COLUMNS))})",
                [[event[column] for column in COLUMNS] for event in events],
            )
        connection.execute(f"copy events to '{target / name}.parquet'")


def build(project):
    project.dbt("build", "--exclude-resource-type", "test", "unit_test")
    return content(project, without=("history", "identity_history", "merges"))


def test_batches_equal_one_full_build(make_project):
    rng = random.Random(SEED)
    events = sorted(make_events(rng, 1500), key=lambda event: event["loaded_at"])
    whole = make_project(event_sources=["events"], as_of=AS_OF)
    write(whole.raw, "all", events)
    expected = build(whole)

    batched = make_project(event_sources=["events"], as_of=AS_OF)
    thirds = [events[:500], events[500:1000], events[1000:]]
    for number, batch in enumerate(thirds):
        write(batched.raw, f"batch-{number}", batch)
        found = build(batched)
    assert [name for name in expected if found[name] != expected[name]] == []

    # The middle file once more, under another name: more duplicates, and nothing else.
    write(batched.raw, "again", thirds[1])
    again = build(batched)
    assert {name for name in again if again[name] != expected[name]} <= {"quarantine"}
    delivered, *parts = batched.rows(
        """
        select delivered_count, kept_count, duplicate_count, quarantined_count
        from marts.event_intake
        """
    )[0]
    assert delivered == sum(parts) == len(events) + len(thirds[1])


def test_an_old_file_without_load_times_is_never_missed(make_project):
    rng = random.Random(SEED + 1)
    events = [event | {"loaded_at": None} for event in make_events(rng, 300)]
    events.sort(key=lambda event: event["occurred_at"] or START)
    project = make_project(event_sources=["events"], as_of=AS_OF)
    # The newest file arrives first, the oldest last.
    write(project.raw, "new", events[150:])
    project.dbt("run", "--select", "+int_events")
    write(project.raw, "old", events[:150])
    project.dbt("run", "--select", "+int_events")
    usable = {event["event_id"] for event in events if event["event_id"] and event["occurred_at"]}
    kept = project.rows("select event_id from intermediate.int_events")
    assert {event_id for (event_id,) in kept} == usable


def test_a_copy_that_was_loaded_earlier_wins_even_when_it_arrives_later(make_project):
    base = make_events(random.Random(SEED + 2), 1)[0] | {
        "event_id": "twice",
        "occurred_at": datetime(2026, 6, 10),
        "page_path": "/pricing",
    }
    second = base | {"loaded_at": datetime(2026, 6, 11), "value": 2.0}
    first = base | {"loaded_at": datetime(2026, 6, 10, 12), "value": 1.0}
    project = make_project(event_sources=["events"], as_of=AS_OF)
    write(project.raw, "a", [second])
    project.dbt("run", "--select", "+int_events")
    write(project.raw, "b", [first])
    project.dbt("run", "--select", "+int_events")
    assert project.rows("select event_id, value from intermediate.int_events") == [("twice", 1.0)]


def crm_row(contact_id, email, **more):
    return {
        "id": contact_id,
        "_fivetran_synced": "2026-06-20T00:00:00Z",
        "property_email": email,
        "property_createdate": "2026-05-01T00:00:00Z",
        "property_lastmodifieddate": "2026-06-01T00:00:00Z",
        **more,
    }


def test_a_crm_that_changes_its_mind_is_followed(make_project):
    """A deal reopened and a contact deleted count no more, but an opt-out holds for good."""
    project = make_project(event_sources=["hubspot"], as_of=AS_OF)
    tables = {
        "contacts": [
            crm_row("1", "buyer@example.com"),
            crm_row("2", "gone@example.com", property_hs_email_optout="true"),
        ],
        "deals": [
            {
                "deal_id": "10",
                "_fivetran_synced": "2026-06-20T00:00:00Z",
                "deal_pipeline_stage_id": "closedwon",
                "property_createdate": "2026-05-02T00:00:00Z",
                "property_closedate": "2026-05-20T00:00:00Z",
            }
        ],
        "deal_contacts": [{"deal_id": "10", "contact_id": "1"}],
    }

    def land():
        for name, rows in tables.items():
            folder = project.raw / "hubspot" / name
            folder.mkdir(parents=True, exist_ok=True)
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / "rows.ndjson").write_text(text)

    land()
    project.dbt("build", "--exclude-resource-type", "test", "unit_test")
    tables["deals"][0]["deal_pipeline_stage_id"] = "appointmentscheduled"
    tables["contacts"][1]["_fivetran_deleted"] = "true"
    land()
    project.dbt("build", "--exclude-resource-type", "unit_test")
    assert project.rows("select kept_count, withdrawn_count from marts.event_intake") == [(2, 0)]
    assert project.rows("select reason from marts.profile_suppressions") == [("crm_opted_out",)]
    assert project.rows("select email, lifecycle_stage from activation.crm_contacts") == [
        ("buyer@example.com", "opportunity")
    ]

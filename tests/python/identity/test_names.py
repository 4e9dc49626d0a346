"""Who names a person is decided by data: another warehouse gives the same ids."""

import csv

EVENTS = [
    # A cookie, then an address, then a user id; all of one person.
    ("e1", "2026-06-01T10:00:00Z", "cookie-1", "", ""),
    ("e2", "2026-06-02T10:00:00Z", "cookie-1", "", "ann@example.com"),
    ("e3", "2026-06-03T10:00:00Z", "", "ann", "ann@example.com"),
    # Somebody else, in a later file.
    ("e4", "2026-06-20T10:00:00Z", "cookie-2", "bob", ""),
]
IDS = """
select identifier_type, identifier_value, profile_id, is_anchor
from marts.profile_identifiers order by all
"""


def write(raw, name, events):
    folder = raw / "events" / "events"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["event_id", "occurred_at", "anonymous_id", "user_id", "email", "event_name"])
        rows.writerows([*event, "page_viewed"] for event in events)


def build(project, as_of):
    without = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    project.dbt("build", "--select", "+profile_identifiers", *without, as_of=as_of)
    return project.rows(IDS)


def test_a_warehouse_built_later_or_in_one_step_gives_the_same_ids(make_project, tmp_path):
    raw = tmp_path / "raw"
    at_once = make_project(raw, event_sources="events")
    in_steps = make_project(raw, event_sources="events")
    # Without load times the event's own time counts, not the day of the build.
    write(raw, "late", EVENTS[2:])
    build(in_steps, "2026-06-25T00:00:00Z")
    write(raw, "early", EVENTS[:2])
    ids = build(in_steps, "2026-06-30T00:00:00Z")
    assert [row[1] for row in ids if row[3]] == ["cookie-1", "cookie-2"]
    assert build(at_once, "2026-07-15T00:00:00Z") == ids

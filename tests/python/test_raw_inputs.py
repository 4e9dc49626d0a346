"""The contract of the raw folder: formats, growing folders, missing files and columns."""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from scripts.dbt_runner import DbtFailed

AS_OF = "2026-06-30T00:00:00Z"


@pytest.fixture
def project(make_project):
    project = make_project(event_sources=["events"], as_of=AS_OF)
    (project.raw / "events" / "events").mkdir(parents=True)
    return project


def event(number, **more):
    return {
        "event_id": f"e{number}",
        "event_name": "page_viewed",
        "occurred_at": "2026-06-01T12:00:00+02:00",
        "anonymous_id": "device",
        **more,
    }


def test_a_folder_may_mix_formats_and_grow(project):
    folder = project.raw / "events" / "events"
    (folder / "one.csv").write_text(
        "event_id,event_name,occurred_at,anonymous_id\n"
        "e1,page_viewed,2026-06-01T12:00:00+02:00,device\n"
    )
    (folder / "two.ndjson").write_text(
        json.dumps(event(2, properties={"nested": [1, "two"]}, something_else=1)) + "\n"
    )
    project.dbt("run", "--select", "+int_events")
    # A file with a column that the others lack, and typed instants.
    duckdb.sql(
        f"""
        copy (
            select
                'e3' as event_id, 'page_viewed' as event_name,
                timestamp '2026-06-01 10:00:00' as occurred_at, 'device' as anonymous_id,
                'https://a.example/x' as page_url
        ) to '{folder}/three.parquet'
        """
    )
    project.dbt("run", "--select", "+int_events")
    assert project.rows(
        """
        select event_id, cast(occurred_at as varchar), page_url, properties
        from intermediate.int_events order by event_id
        """
    ) == [
        ("e1", "2026-06-01 10:00:00", None, None),
        ("e2", "2026-06-01 10:00:00", None, '{"nested":[1,"two"]}'),
        ("e3", "2026-06-01 10:00:00", "https://a.example/x", None),
    ]


def test_one_file_instead_of_a_folder(project):
    duckdb.sql(
        f"""
        copy (
            select 'e1' as event_id, 'page_viewed' as event_name,
            timestamptz '2026-06-01 12:00:00+02' as occurred_at, 'device' as anonymous_id
        ) to '{project.raw}/events/events.parquet'
        """
    )
    project.dbt("run", "--select", "+int_events")
    assert str(project.value("select occurred_at from intermediate.int_events")) == (
        "2026-06-01 10:00:00"
    )


def test_missing_files_name_the_path(project):
    with pytest.raises(DbtFailed) as failure:
        project.dbt("run")
    assert "source 'events' is listed in var event_sources but has no files" in str(failure.value)
    assert f"{project.raw}/events/events.parquet" in str(failure.value)


def test_a_missing_column_is_named(project):
    (project.raw / "events" / "events" / "one.csv").write_text("event_id,when\ne1,2026-06-01\n")
    with pytest.raises(DbtFailed, match=r"has no column event_name.*It has: event_id, when"):
        project.dbt("run")


def test_an_unknown_source_is_named(project):
    with pytest.raises(
        DbtFailed, match="event_sources lists 'sgement', which is no source"
    ) as failure:
        project.dbt("parse", event_sources=["sgement"])
    choices = "email, events, ga4, hubspot, salesforce, segment, shop, shopify, snowplow"
    assert f"Choose from {choices}" in str(failure.value)


def test_an_empty_list_of_sources_says_what_to_write(project):
    with pytest.raises(DbtFailed, match="event_sources must list at least one source"):
        project.dbt("parse", event_sources=[])


def test_broken_values_are_set_aside_and_nothing_is_lost(project):
    folder = project.raw / "events" / "events"
    rows = [
        event(1),
        event(2, occurred_at="the day before"),
        event(3, anonymous_id="undefined"),
        event(None, event_id=""),
        event(5, event_name=" "),
        event(6, occurred_at="2026-07-05T00:00:00Z"),
        event(7, value="a lot", is_machine="perhaps"),
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    project.dbt(
        "build",
        "--select",
        "+event_intake",
        "+events_quarantined",
        "--exclude-resource-type",
        "test",
        "unit_test",
    )
    assert project.rows(
        "select event_id, quarantine_reason from marts.events_quarantined order by all"
    ) == [
        ("e2", "unreadable_time"),
        ("e3", "no_identifier"),
        ("e5", "missing_event_name"),
        ("e6", "dated_in_future"),
        (None, "missing_event_id"),
    ]
    assert project.rows(
        "select delivered_count, kept_count, duplicate_count, quarantined_count "
        "from marts.event_intake"
    ) == [(7, 2, 0, 5)]
    assert project.rows(
        "select value, is_machine from intermediate.int_events where event_id = 'e7'"
    ) == [(None, False)]


def test_a_session_in_another_time_zone_is_refused(project, tmp_path):
    (tmp_path / "profiles.yml").write_text(
        f"""
audience_engine:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: {tmp_path}/w.duckdb
      settings: {{TimeZone: Europe/Berlin}}
"""
    )
    (project.raw / "events" / "events" / "one.csv").write_text(
        "event_id,event_name,occurred_at\ne1,page_viewed,2026-06-01\n"
    )
    project.profiles_dir = tmp_path
    with pytest.raises(DbtFailed, match="TimeZone: UTC"):
        project.dbt("run")


@pytest.mark.parametrize(("hours", "status"), [(1, "pass"), (72, "warn"), (200, "error")])
def test_source_freshness_follows_the_vars(project, hours, status):
    """dbt compares with the wall clock here, so the test does too."""
    loaded_at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    (project.raw / "events" / "events" / "rows.jsonl").write_text(
        json.dumps(event(1, loaded_at=loaded_at)) + "\n"
    )
    try:
        nodes = project.dbt("source", "freshness")
    except DbtFailed as failure:
        nodes = failure.nodes
    assert [node.status for node in nodes if node.kind == "source"] == [status]


def test_values_that_break_other_parsers_do_not_stop_the_build(make_project):
    """Times out of every range, and JSON that is none: set aside or empty, never an error."""
    project = make_project(event_sources=["email", "snowplow"], as_of=AS_OF)
    webhooks = project.raw / "email" / "webhooks"
    webhooks.mkdir(parents=True)
    times = ["1e300", "NaN", "-9e18", "1461095250000000000", '"soon"']
    payloads = [
        f'{{"sg_event_id": "e{number}", "email": "a@b.example", "event": "open", '
        f'"timestamp": {at}}}'
        for number, at in enumerate(times)
    ] + ["oops"]
    (webhooks / "rows.ndjson").write_text(
        "".join(
            json.dumps(
                {"provider": "sendgrid", "received_at": "2026-06-01T00:00:00Z", "payload": payload}
            )
            + "\n"
            for payload in payloads
        )
    )
    tracked = project.raw / "snowplow" / "events"
    tracked.mkdir(parents=True)
    (tracked / "rows.csv").write_text(
        "event_id,event,collector_tstamp,domain_userid,"
        "contexts_com_snowplowanalytics_snowplow_ecommerce_user_1_0_0\n"
        "e1,page_view,2026-06-01 00:00:00,device,oops\n"
    )
    project.dbt(
        "build",
        "--select", "+event_intake", "+events_quarantined",
        "--exclude-resource-type", "test", "unit_test",
    )  # fmt: skip
    assert project.rows(
        "select source, kept_count, quarantined_count from marts.event_intake order by source"
    ) == [("email", 0, 6), ("snowplow", 1, 0)]
    assert project.value(
        "select properties from marts.events_quarantined "
        "where quarantine_reason = 'unreadable_payload' and properties = 'oops'"
    )

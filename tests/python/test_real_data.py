"""The pipeline on real inputs with known answers: see the README of the folder REAL_DATA_DIR."""

import json
import shutil
from collections import Counter
from datetime import datetime

import duckdb
import pytest

pytestmark = pytest.mark.real_data


def quarantined(project, columns="quarantine_reason"):
    return Counter(
        {
            row[:-1] if len(row) > 2 else row[0]: row[-1]
            for row in project.rows(
                f"select {columns}, count(*) from marts.events_quarantined group by all"
            )
        }
    )


# -- Online Retail: order lines of a real shop ------------------------------------------------


@pytest.fixture(scope="module")
def retail(make_project, real_data):
    project = make_project(event_sources=["shop"], as_of="2011-12-10")
    (project.raw / "shop").mkdir(parents=True)
    shutil.copy(
        real_data / "online_retail_2010_2011" / "onlineretail.parquet",
        project.raw / "shop" / "order_lines.parquet",
    )
    project.dbt("build", "--exclude-resource-type", "unit_test")
    return project


def test_retail_orders_customers_and_revenue(retail):
    orders, customers, revenue = retail.rows(
        """
        select count(*), count(distinct user_id), sum(value)
        from intermediate.int_events where event_name = 'order_completed'
        """
    )[0]
    assert (orders, customers) == (18_536, 4_339)
    # The published revenue: equal lines of the one file are lines of their own.
    assert revenue == pytest.approx(8_911_407.904, abs=0.005)
    # No cancellation here has the number of an order, so that every order stands.
    assert (
        retail.value(
            """
            select count(*) from intermediate.int_events_resolved
            where behavior = 'order_completed'
            """
        )
        == 18_536
    )
    worth = "select sum(order_value_365d), count(distinct order_currency) from marts.profile_traits"
    of_a_year = retail.value(
        """
        select sum(value) from intermediate.int_events
        where event_name = 'order_completed' and occurred_at > timestamp '2010-12-10'
        """
    )
    assert retail.rows(worth) == [(pytest.approx(of_a_year, abs=0.01), 1)]


def test_retail_rows_add_up(retail):
    lines = "select count(*) from staging.stg_shop__order_lines"
    assert retail.value(lines) == 541_909
    orders = "select count(distinct order_id) from staging.stg_shop__order_lines"
    assert retail.value(orders) == 25_900
    assert (
        retail.value("select count(distinct customer_id) from staging.stg_shop__order_lines")
        == 4_372
    )
    assert retail.value(f"{lines} where is_cancellation") == 9_288
    # 5,268 rows repeat another one in every column. All stand in one file, so each is a line.
    assert (
        retail.value("select count(*) - count(distinct line_id) from staging.stg_shop__order_lines")
        == 0
    )
    assert (
        retail.value("select count(*) from staging.stg_shop__order_lines where line_id like '%:%'")
        == 5_268
    )
    delivered, kept, duplicates, aside = retail.rows(
        """
        select delivered_count, kept_count, duplicate_count, quarantined_count
        from marts.event_intake
        """
    )[0]
    assert delivered == kept + aside
    assert duplicates == 0
    assert (
        retail.value(
            """
            select count(*) from marts.events_quarantined
            where quarantine_reason = 'no_identifier' and object_type = 'product'
            """
        )
        == 135_080
    )
    assert set(quarantined(retail)) == {"no_identifier"}


def test_retail_customers_are_a_segment(retail):
    sizes = dict(
        retail.rows(
            """
            select segment, count(*) from marts.segment_memberships
            where segment in ('customers', 'former_customers') group by segment
            """
        )
    )
    # Of 4,339 who ordered 74 did so more than 365 days ago and not since.
    assert sizes == {"customers": 4_265, "former_customers": 74}
    # 33 customers only ever gave something back.
    assert retail.value("select count(*) from marts.profiles") == 4_372


# -- Snowplow: real tracker events, hand-labelled edge cases ----------------------------------


def snowplow(make_project, source, excluded):
    project = make_project(
        event_sources=["snowplow"], snowplow_excluded_app_ids=excluded, as_of="2023-01-01"
    )
    (project.raw / "snowplow" / "events").mkdir(parents=True)
    shutil.copy(source, project.raw / "snowplow" / "events" / "events.csv")
    project.dbt("build", "--exclude-resource-type", "unit_test")
    return project


@pytest.fixture(scope="module")
def web(make_project, real_data):
    return snowplow(
        make_project,
        real_data / "snowplow_web_0.15.2" / "source" / "snowplow_web_events.csv",
        ["consent_accel"],
    )


@pytest.fixture(scope="module")
def ecommerce(make_project, real_data):
    return snowplow(
        make_project,
        real_data / "snowplow_ecommerce_0.6.1" / "source" / "snowplow_ecommerce_events.csv",
        ["skip-me"],
    )


def test_snowplow_events_are_deduplicated_and_set_aside(web):
    assert web.rows(
        "select delivered_count, kept_count, duplicate_count from marts.event_intake"
    ) == [(160, 92, 3)]
    assert quarantined(web) == {"excluded_app": 65}
    kept = web.value(
        """
        select loaded_at from intermediate.int_events
        where event_id like '9e983d4a%'
        """
    )
    assert kept == datetime(2021, 3, 3, 21, 27, 32, 696000)


def test_snowplow_users_are_stitched(web, real_data):
    expected = real_data / "snowplow_web_0.15.2/expected/default/snowplow_web_sessions_expected.csv"
    sessions = duckdb.sql(
        f"""
        select distinct domain_sessionid, domain_userid, stitched_user_id
        from read_csv('{expected}', all_varchar = true)
        """
    ).fetchall()
    assert len(sessions) == 18
    profiles = {
        device: (user_id, is_shared)
        for device, user_id, is_shared in web.rows(
            """
            select identifiers.identifier_value, profiles.user_id, profiles.is_shared_device
            from marts.profile_identifiers as identifiers
            inner join marts.profiles as profiles using (profile_id)
            where identifiers.identifier_type = 'anonymous_id'
            """
        )
    }
    users = dict(
        web.rows(
            """
            select
                anonymous_id, list(distinct user_id)
            from intermediate.int_events
            where user_id is not null and anonymous_id is not null
            group by anonymous_id
            """
        )
    )
    latest = dict(
        web.rows(
            """
            select anonymous_id, arg_max(user_id, occurred_at)
            from intermediate.int_events
            where user_id is not null and anonymous_id is not null
            group by anonymous_id
            """
        )
    )
    # Snowplow gives a device to the user seen last. So do we, unless it showed two users.
    assert [row for row in sessions if latest.get(row[1]) != row[2]] == []
    differs = {row[1] for row in sessions if row[1] and profiles[row[1]][0] != row[2]}
    assert differs == {device for device in profiles if len(users.get(device, [])) > 1}
    assert [profiles[device] for device in differs] == [(None, True)]


def test_snowplow_sessions(ecommerce, real_data):
    expected = (
        real_data
        / "snowplow_ecommerce_0.6.1/expected/default/snowplow_ecommerce_sessions_expected.csv"
    )
    theirs = {
        row[0]: row[1:]
        for row in duckdb.sql(
            f"""
            select
                domain_sessionid, start_tstamp at time zone 'UTC', end_tstamp at time zone 'UTC',
                number_product_views, number_add_to_carts
            from read_csv('{expected}')
            """
        ).fetchall()
    }
    ours = {
        row[0]: row[1:]
        for row in ecommerce.rows(
            """
            select
                json_extract_string(properties, '$.session_id'), min(loaded_at), max(loaded_at),
                count(*) filter (where event_name in ('product_view', 'list_view')),
                count(*) filter (where event_name = 'add_to_cart')
            from intermediate.int_events group by 1
            """
        )
    }
    assert len(ours) == len(theirs) == 63
    different = {session for session in theirs if theirs[session] != ours.get(session)}
    # The mobile session: Snowplow counts its one event of each kind per product shown.
    assert different <= {"c04bddd7-81ad-4f02-a468-f53a47079637"}


def test_snowplow_transactions(ecommerce):
    count, revenue = ecommerce.rows(
        """
        select count(*), sum(value) from intermediate.int_events_resolved
        where behavior = 'order_completed'
        """
    )[0]
    assert count == 14
    assert revenue == pytest.approx(1_466_094.89, abs=0.001)
    assert ecommerce.rows(
        "select delivered_count, kept_count, quarantined_count from marts.event_intake"
    ) == [(833, 832, 1)]


# -- E-mail webhooks: real payloads and what django-anymail makes of them ---------------------

OUR_NAMES = {
    "queued": {"email_queued"},
    "delivered": {"email_delivered"},
    "deferred": {"email_deferred"},
    "bounced": {"email_hard_bounced", "email_soft_bounced"},
    "opened": {"email_opened"},
    "clicked": {"email_clicked"},
    "complained": {"email_complained"},
    "unsubscribed": {"email_unsubscribed"},
    "subscribed": {"email_resubscribed"},
}
# What was never sent, or came back, means why: by the reason that django-anymail names.
OUR_REJECTIONS = {
    "bounced": {"email_hard_bounced"},
    "invalid": {"email_hard_bounced"},
    "unsubscribed": {"email_unsubscribed"},
    "spam": {"email_complained"},
    "timed_out": {"email_soft_bounced"},
    "other": {"email_rejected"},
}


@pytest.fixture(scope="module")
def webhooks(make_project, real_data):
    payloads = [
        json.loads(line)
        for line in (real_data / "email_webhooks" / "esp_events.jsonl").read_text().splitlines()
    ]
    # Eleven of the 43 payloads name nobody, or mean nothing that can be used.
    project = make_project(event_sources=["email"], as_of="2024-01-02", quarantine_error_share=0.5)
    folder = project.raw / "email" / "webhooks"
    folder.mkdir(parents=True)
    with (folder / "2024-01-01.ndjson").open("w") as file:
        for payload in payloads:
            row = {
                "provider": payload["esp"].lower(),
                "received_at": "2024-01-01T00:00:00Z",
                "payload": json.dumps(payload["raw"]),
            }
            file.write(json.dumps(row) + "\n")
    project.dbt("build", "--exclude-resource-type", "unit_test")
    return project, payloads


def test_webhooks_mean_what_anymail_says(webhooks):
    project, payloads = webhooks
    staged = {}
    for properties, *row in project.rows(
        """
        select properties, event_name, occurred_at, email, link_url
        from staging.stg_email__events
        """
    ):
        staged.setdefault(json.dumps(json.loads(properties), sort_keys=True), row)
    differences = {}
    for payload in payloads:
        name, occurred_at, email, clicked = staged[json.dumps(payload["raw"], sort_keys=True)]
        theirs = payload["timestamp"] and datetime.fromisoformat(payload["timestamp"])
        ours = OUR_NAMES.get(payload["event_type"], {None})
        if payload["event_type"] == "rejected":
            ours = OUR_REJECTIONS[payload["reject_reason"]]
        if (
            name not in ours
            or email != payload["recipient"]
            or clicked != payload["click_url"]
            or (occurred_at is None) != (theirs is None)
            or (theirs and abs(occurred_at.timestamp() - utc_seconds(theirs)) > 0.000_002)
        ):
            differences[(payload["esp"], payload["test"])] = (name, occurred_at, email, clicked)
    # One payload answers twice to its own name: the sender's metadata overwrote Mailgun's fields,
    # so `event` is a list. We do not guess which one is meant: it is set aside.
    # And invalid@invalid is no address: nobody can be meant by it.
    assert differences.keys() == {
        ("Mailgun", "test_metadata_key_conflicts"), ("SendGrid", "test_dropped_invalid_event")
    }  # fmt: skip
    assert differences[("Mailgun", "test_metadata_key_conflicts")][0] is None
    assert differences[("SendGrid", "test_dropped_invalid_event")][2] is None


def utc_seconds(instant):
    """Seconds as if the naive database value of the same instant had been read locally."""
    from datetime import UTC

    return instant.astimezone(UTC).replace(tzinfo=None).timestamp()


def test_webhooks_that_cannot_be_used_are_set_aside(webhooks):
    project, _ = webhooks
    assert project.rows(
        """
        select delivered_count, kept_count, duplicate_count, quarantined_count
        from marts.event_intake
        """
    ) == [(43, 31, 1, 11)]
    assert quarantined(project) == {
        "unknown_event_type": 2,  # the empty payload, and the one with a list for an event
        "unreadable_time": 4,
        "no_identifier": 5,  # among them invalid@invalid, which is no address
    }
    engaged = project.value(
        "select count(*) from intermediate.int_events_resolved where is_engagement"
    )
    assert engaged == project.value(
        """
        select count(*) from intermediate.int_events
        where
            event_name in ('email_opened', 'email_clicked')
            and not is_machine
            and coalesce(user_agent, '') not in (
                select user_agent from intermediate.int_user_agents_classified
            )
        """
    )


# -- NASA: a web server's log, visits counted by webalizer ------------------------------------


@pytest.fixture(scope="module")
def nasa(make_project, real_data):
    # The log is older than events usually are: without the var its 9,999 hits are set aside.
    project = make_project(
        event_sources=["events"], as_of="1995-07-02", earliest_event="1995-01-01"
    )
    (project.raw / "events").mkdir(parents=True)
    duckdb.sql(
        f"""
        copy (
            select
                'hit-' || row_number() over () as event_id,
                'page_viewed' as event_name,
                make_timestamp(time * 1000000) as occurred_at,
                host as anonymous_id,
                'http://www.nasa.gov' || url as page_url,
                url as page_path
            from read_csv(
                '{real_data}/nasa_http_1995_07/nasa_19950701.tsv',
                delim = '\t', header = true, ignore_errors = true
            )
        ) to '{project.raw}/events/events.parquet'
        """
    )
    project.dbt("build", "--exclude-resource-type", "unit_test")
    return project


@pytest.mark.parametrize(
    ("minutes", "visits"), [(30, 1004), (15, 1087), (10, 1170), (5, 1389), (7.5, None)]
)
def test_nasa_visits_equal_webalizers(nasa, minutes, visits):
    nasa.dbt(
        "run", "--select", "int_web_events_sequenced", "int_visits", visit_timeout_minutes=minutes
    )
    count = nasa.value("select count(*) from intermediate.int_visits")
    if visits is None:
        # No figure of webalizer's, but fractions of a minute must lie between their neighbours.
        assert 1170 < count < 1389
    else:
        assert count == visits
    assert nasa.value("select count(*) from marts.profiles") == 936

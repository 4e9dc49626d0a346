"""E-mail from webhook to contact: machines, failures by what they mean, addresses and persons."""

import json
from datetime import UTC, datetime, timedelta

import pytest

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
DROPPED = {
    "Bounced Address": "hard_bounced",
    "Unsubscribed Address": "unsubscribed",
    "Spam Reporting Address": "complained",
    "Invalid": "hard_bounced",
}


def known(user_id, *addresses):
    """Events that tie addresses to a user, the last address seen last."""
    return [
        {
            "event_id": f"{user_id}-{nth}",
            "event_name": "identified",
            "user_id": user_id,
            "email": address,
            "occurred_at": (AS_OF - (100 - nth) * DAY).isoformat(),
            "loaded_at": (AS_OF - (100 - nth) * DAY).isoformat(),
        }
        for nth, address in enumerate(addresses)
    ]


def report(event, address, age, message="m", **details):
    """One webhook of SendGrid, as old as `age` at as_of."""
    at = AS_OF - age
    payload = {
        "event": event,
        "email": address,
        "timestamp": at.timestamp(),
        "sg_event_id": f"{event} {address} {age} {message} {details.get('url')}",
        "sg_message_id": message,
    }
    return {
        "provider": "sendgrid",
        "received_at": AS_OF.isoformat(),
        "payload": json.dumps(payload | details),
    }


def gateway_clicks(address):
    """Five mails of which every link was clicked one second after delivery."""
    for nth in range(5):
        age = (5 + nth) * DAY
        yield report("delivered", address, age, f"g{nth}")
        for url in ("https://we.example/a", "https://we.example/b"):
            yield report("click", address, age - SECOND, f"g{nth}", url=url)


def full_five_times(address):
    for nth in range(5):
        yield report(
            "bounce", address, (9 - nth) * DAY, f"f{nth}", type="bounce", reason="552 5.2.2 full"
        )


GONE = {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such mailbox"}
POLICY = {"type": "bounce", "status": "5.7.1", "reason": "550 5.7.1 blocked by policy"}


@pytest.fixture(scope="module")
def mailed(make_project):
    project = make_project(event_sources=["events", "email"], as_of=AS_OF.isoformat())
    people = [
        *known("read", "read@example.com"),
        *known("two", "two.old@example.com", "two.new@example.com"),
        *known("none_left", "none.old@example.com", "none.new@example.com"),
        *known("policy", "policy@example.com"),
        *known("full", "full@example.com", "also.full@example.com"),
        *known("back", "back@example.com"),
        *known("left_again", "again@example.com"),
        *known("complained", "complained@example.com", "complained.too@example.com"),
        *(row for nth in range(4) for row in known(f"dropped{nth}", f"dropped{nth}@example.com")),
    ]
    reports = [
        *gateway_clicks("read@example.com"),
        # Clicked on the link to leave, long after: not read either.
        report("delivered", "policy@example.com", 6 * DAY, "u"),
        report("click", "policy@example.com", 5 * DAY, "u", url="https://we.example/unsubscribe"),
        report("bounce", "two.new@example.com", 4 * DAY, **GONE),
        report("bounce", "none.new@example.com", 4 * DAY, **GONE),
        report("bounce", "none.old@example.com", 3 * DAY, **GONE),
        report("bounce", "policy@example.com", 4 * DAY, **POLICY),
        *full_five_times("also.full@example.com"),
        report("group_unsubscribe", "back@example.com", 4 * DAY),
        report("group_resubscribe", "back@example.com", 3 * DAY),
        report("group_resubscribe", "again@example.com", 4 * DAY),
        report("unsubscribe", "again@example.com", 3 * DAY),
        report("spamreport", "complained@example.com", 4 * DAY),
        report("group_resubscribe", "complained@example.com", 3 * DAY),
        *(
            report("dropped", f"dropped{nth}@example.com", 4 * DAY, reason=reason)
            for nth, reason in enumerate(DROPPED)
        ),
    ]
    for table, rows in (("events/events", people), ("email/webhooks", reports)):
        folder = project.raw / table
        folder.mkdir(parents=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "rows.ndjson").write_text(lines, encoding="utf-8")
    project.dbt(
        "build", "--exclude-resource-type", "unit_test", "test",
        "--select", "+crm_contacts", "+profile_identifiers", "+profile_suppressions",
    )  # fmt: skip
    return project


def by_user(project, query):
    return dict(project.rows(f"select user_id, {query}"))


def test_clicks_of_a_gateway_open_nothing(mailed):
    streaks = by_user(
        mailed,
        "consecutive_emails_opened from marts.profile_traits inner join marts.profiles"
        " using (profile_id)",
    )
    assert streaks["read"] == 0
    assert mailed.value("select count(*) from intermediate.int_email_messages where is_opened") == 0
    assert (
        mailed.value(
            "select count(*) from intermediate.int_events_resolved where is_engagement"
            " and family = 'email'"
        )
        == 0
    )


def test_who_is_suppressed_and_why(mailed):
    assert by_user(
        mailed,
        "reason from marts.profile_suppressions inner join marts.profiles using (profile_id)",
    ) == {
        "none_left": "hard_bounced",
        "left_again": "unsubscribed",
        "complained": "complained",
        **{f"dropped{nth}": meaning for nth, meaning in enumerate(DROPPED.values())},
    }


def test_the_address_that_mail_reaches_leaves(mailed):
    assert by_user(
        mailed,
        "contacts.email from activation.crm_contacts as contacts inner join marts.profiles"
        " using (profile_id)",
    ) == {
        "read": "read@example.com",
        "two": "two.old@example.com",
        "policy": "policy@example.com",
        "full": "full@example.com",
        "back": "back@example.com",
    }


def test_closed_addresses_are_told(mailed):
    closed = dict(
        mailed.rows(
            "select identifier_value, closed_because from marts.profile_identifiers"
            " where closed_because is not null"
        )
    )
    assert closed["also.full@example.com"] == "soft_bounced"
    assert closed["two.new@example.com"] == "hard_bounced"
    assert "policy@example.com" not in closed and "full@example.com" not in closed

"""Planted trouble: tangled identities, late, repeated and future events, and broken rows."""

import json

from dev.demo_data.book import JUNK_IDS, Book, days, hours, minutes
from dev.demo_data.stories import FIVE_DAYS_OF_PRICING
from dev.demo_data.tables import SECOND

PAGES, TRACKS, IDENTIFIES = "segment.pages", "segment.tracks", "segment.identifies"
MAIL = "email.webhooks"


def plant_identities(book: Book) -> None:
    """One person with many identifiers, and one identifier with many people."""
    for person in book.cast(
        "three_addresses",
        why="Three addresses of one user; each opened one of the last three letters.",
    ):
        second, third = f"{person.user_id}@example.com", f"{person.user_id}@mail.test"
        addresses = (person.email, second, third)
        for number, email in enumerate(addresses):
            person.identify(days(60 - 6 * number), email=email)
        for ago in (20, 14, 9):
            person.view("/pricing", days(ago))
        content = {"content_id": "case-studies/ostrea"}
        person.view("/case-studies/ostrea", days(12))
        person.track("content_downloaded", days(12) - minutes(2), content)
        for ago, email in zip((4, 11, 18), addresses, strict=True):
            person.letter(days(ago), opened=True, to=email)
        person.letter(days(25), to=second)
    for person in book.cast(
        "mixed_case_address",
        why="Typed their address with capitals; letters go to the same one in lower case.",
    ):
        person.identify(days(35), email=person.email.title())
        for ago in (20, 14, 9):
            person.view("/pricing", days(ago))
        person.track("content_downloaded", days(9) - minutes(2), {"content_id": "case-studies/x"})
        for ago in (4, 11, 18):
            person.letter(days(ago), opened=True)
    for person in book.cast(
        "job_change",
        why="New employer and address, same login: the pricing views of both jobs add up.",
    ):
        person.identify(days(150))
        person.contact("lead", days(149))
        for ago in FIVE_DAYS_OF_PRICING[:2]:
            person.view("/pricing", days(ago))
        person.company = f"Granite Works {person.number}"
        email = f"{person.first_name}.{person.number}@{person.domain}".lower()
        person.identify(days(4.6), email=email)
        for ago in FIVE_DAYS_OF_PRICING[2:]:
            person.view("/pricing", days(ago))
    _plant_shared_devices(book)
    _plant_role_mailboxes(book)
    _plant_junk_identifiers(book)


def _plant_shared_devices(book: Book) -> None:
    for size in (2, 3):
        users = [
            *book.cast(
                f"shared_device_of_{size}",
                1,
                why="Five pricing views while logged in on a device that others use too.",
            ),
            *book.cast(
                f"shared_device_of_{size}_reader",
                1,
                why="Uses the same device; has looked at pricing once.",
            ),
        ]
        if size == 3:
            users += book.cast(
                "shared_device_of_3_buyer",
                1,
                why="Ordered on the same device; the others did not.",
            )
        device = book.anonymous_id(users[0].number)
        for number, person in enumerate(users):
            person.anonymous_id = device
            person.identify(days(20 - 3 * number))
        for ago in FIVE_DAYS_OF_PRICING:
            users[0].view("/pricing", days(ago))
        users[1].view("/pricing", days(8))
        if size == 3:
            order = {"order_id": f"o_{users[2].number}", "revenue": 39.0, "currency": "EUR"}
            users[2].view("/checkout", days(9) + minutes(1))
            users[2].track("order_completed", days(9), order, path="/checkout")


def _plant_role_mailboxes(book: Book) -> None:
    for role in ("info", "sales"):
        users = [
            *book.cast(
                f"role_mailbox_{role}",
                1,
                why="Gave a mailbox that colleagues use too; five pricing views of their own.",
            ),
            *book.cast(f"role_mailbox_{role}_colleague", 2, why="Gave the same mailbox."),
        ]
        email = f"{role}@{users[0].domain}"
        for number, person in enumerate(users):
            person.company = users[0].company
            person.identify(days(20 - 3 * number), email=email)
        for ago in FIVE_DAYS_OF_PRICING:
            users[0].view("/pricing", days(ago))
        users[1].view("/pricing", days(10))
        users[2].view("/pricing", days(10))


def _plant_junk_identifiers(book: Book) -> None:
    for junk in JUNK_IDS[:2]:
        for person in book.cast(
            f"junk_user_id_{junk}",
            3,
            key="anonymous_id",
            why="Two pricing views each; the useless user id must not add the three up.",
        ):
            for ago in (5 + person.number % 3 * 0.2, 3):
                person.view("/pricing", days(ago), user_id=junk)
    for junk in JUNK_IDS:
        for person in book.cast(
            f"junk_anonymous_id_{junk[:9].rstrip('-')}",
            2,
            why="Three pricing views each; the useless anonymous id must not add the two up.",
        ):
            person.identify(days(20))
            for ago in (5, 3.8, 2.6):
                person.view("/pricing", days(ago), anonymous_id=junk)


def plant_deliveries(book: Book) -> None:
    """Events that arrive late, twice, or from a clock that runs ahead."""
    as_of = book.clock.as_of
    for person in book.cast(
        "late_events",
        why="Five pricing views in seven days, two of which arrived three days late.",
    ):
        person.identify(days(12))
        for ago in FIVE_DAYS_OF_PRICING:
            late = person.at(days(ago)) + days(3)
            person.view("/pricing", days(ago), received=late if ago > 5 else None)
    for person in book.cast(
        "delivered_twice", why="Four pricing views; two of them were delivered more than once."
    ):
        person.identify(days(12))
        views = [person.view("/pricing", days(ago)) for ago in FIVE_DAYS_OF_PRICING[1:]]
        book.again(PAGES, views[0])
        book.again(PAGES, views[1], later=days(1))
        book.again(PAGES, views[1], later=days(1))
    for person in book.cast(
        "identified_twice", why="The identify call and an order's track came a second time."
    ):
        book.again(IDENTIFIES, person.identify(days(12)), later=hours(5))
        person.view("/features", days(9))
        form = person.track("form_started", days(9) - minutes(1), {"form_id": "demo-request"})
        book.again(TRACKS, form)
    for person in book.cast(
        "letters_reported_twice",
        key="email",
        why="Opened two letters before the last ten; their reports came again: not three.",
    ):
        for nth in range(12):
            reports = person.letter(days(4 + 5 * nth), opened=nth >= 10)
            if nth == 10:
                book.again(MAIL, reports["delivered"])
            if nth == 11:
                book.again(MAIL, reports["open"], later=days(2))
    for person in book.cast(
        "clock_runs_ahead", why="Four pricing views, and one dated three hours from now."
    ):
        person.identify(days(12))
        for ago in FIVE_DAYS_OF_PRICING[1:]:
            person.view("/pricing", days(ago))
        person.view("/pricing", -hours(4), received=as_of - minutes(1))


def plant_faults(book: Book) -> None:
    """Rows that must be quarantined; each has one fault only."""
    as_of = book.clock.as_of
    for reason, change in (
        ("missing_event_id", {"id": None}),
        ("unreadable_time", {"timestamp": None}),
        ("no_identifier", {"anonymous_id": None, "user_id": None}),
    ):
        for person in book.cast(
            f"pricing_row_with_{reason}", why=f"Four good pricing views, one with {reason}."
        ):
            person.identify(days(12))
            views = [person.view("/pricing", days(ago)) for ago in FIVE_DAYS_OF_PRICING[1:]]
            book.fault(PAGES, reason, views[1] | {"id": book.key()} | change)
    for person in book.cast(
        "pricing_row_dated_in_future", why="Four good pricing views, one dated in three days."
    ):
        person.identify(days(12))
        views = [person.view("/pricing", days(ago)) for ago in FIVE_DAYS_OF_PRICING[1:]]
        book.fault(
            PAGES,
            "dated_in_future",
            views[1] | {"id": book.key(), "received_at": as_of, "timestamp": as_of + days(3)},
        )

    # The others have nobody behind them.
    at = as_of - days(2)
    row = {"received_at": at + SECOND, "timestamp": at}
    click = {"event": "form_started", "properties": "{}", "anonymous_id": book.anonymous_id(0)}
    claims = {"first_name": "Nemo", "user_id": "u_000000"}
    for table, columns in ((TRACKS, click), (IDENTIFIES, claims)):
        good = row | columns
        book.fault(table, "missing_event_id", good)
        book.fault(table, "unreadable_time", good | {"id": book.key(), "timestamp": None})
        nobody = {"anonymous_id": None, "user_id": None, "id": book.key()}
        book.fault(table, "no_identifier", good | nobody)
        ahead = {"id": book.key(), "timestamp": at + days(4)}
        book.fault(table, "dated_in_future", good | ahead)

    for text in ("not json at all", '{"email": "ida@', "<html>502 Bad Gateway</html>"):
        book.fault(MAIL, "unreadable_payload", _webhook(at, text))
    for change, reason in (
        ({"event": "teleported"}, "unknown_event_type"),
        ({"event": "printed_out"}, "unknown_event_type"),
        ({"sg_event_id": None}, "missing_event_id"),
        ({"timestamp": "last Tuesday"}, "unreadable_time"),
        ({"timestamp": None}, "unreadable_time"),
        ({"email": None}, "no_identifier"),
        ({"timestamp": (at + days(9)) // SECOND}, "dated_in_future"),
    ):
        payload = {
            "email": "nemo@example.com",
            "timestamp": at // SECOND,
            "event": "delivered",
            "sg_event_id": book.key(),
            "sg_message_id": f"{book.key()[:20]}.filter0001-0",
        }
        payload = {name: value for name, value in (payload | change).items() if value is not None}
        book.fault(MAIL, reason, _webhook(at, json.dumps(payload)))


def _webhook(at: int, payload: str) -> dict[str, str | int]:
    return {"provider": "sendgrid", "received_at": at + SECOND, "payload": payload}

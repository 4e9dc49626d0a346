"""E-mail in plain Python: streaks over delivered messages, and whom mail may and can reach."""

from dataclasses import dataclass
from datetime import datetime

from .events import DAY, Event, Person, World, catalogue

CLICKS = ("email_clicked", "email_cta_clicked")
PROOFS = ("email_delivered", "email_opened", *CLICKS, "email_preferences_clicked")
RETURNS = ("email_hard_bounced", "email_soft_bounced", "email_rejected")


@dataclass(frozen=True, order=True)
class Message:
    """One delivered message that counts, and when humans clicked in it."""

    delivered_at: datetime
    message_id: str
    is_opened: bool
    clicked_at: tuple[datetime, ...]


def counted_messages(world: World, events: list[Event]) -> list[Message]:
    """The messages that count, newest first; `events` hold those of machines too."""
    messages: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if catalogue()[event.behavior].family == "email" and event.object_id is not None:
            messages.setdefault((event.source, event.object_id), []).append(event)
    counted = []
    for (_, message_id), reports in messages.items():
        delivered = [report.at for report in reports if report.behavior in PROOFS]
        if not delivered or came_back(reports):
            continue
        opened = any(
            report.behavior in ("email_opened", *CLICKS)
            and (not report.is_machine or world.settings.count_machine_opens)
            for report in reports
        )
        clicks = tuple(
            report.at for report in reports if report.behavior in CLICKS and not report.is_machine
        )
        if opened or min(delivered) <= world.as_of - world.settings.email_grace:
            counted.append(Message(min(delivered), message_id, opened, clicks))
    return sorted(counted, reverse=True)


def email_traits(world: World, events: list[Event]) -> dict:
    """What delivered messages say about a person; `events` hold those of machines too."""
    counted = newest_first = counted_messages(world, events)
    if counted and world.as_of - counted[0].delivered_at >= world.settings.streak_valid:
        newest_first = []
    opens = [message.is_opened for message in newest_first]
    clicked = [bool(message.clicked_at) for message in newest_first]
    return {
        "counted_emails": len(opens),
        "consecutive_emails_opened": streak(opens, True),
        "consecutive_emails_ignored": streak(opens, False),
        "consecutive_emails_not_clicked": streak(clicked, False),
        "emails_opened_of_last_10": sum(opens[:10]),
        "emails_opened_of_previous_10": sum(opens[10:20]),
        "email_open_rate": round(sum(opens[:20]) / len(opens[:20]), 4) if opens else 0,
        "last_email_clicked_at": max(
            (at for message in counted for at in message.clicked_at), default=None
        ),
        "last_double_click_at": last_double_click(events),
    }


def last_double_click(events: list[Event]) -> datetime | None:
    """When a person last clicked in a message within 24 hours after another one."""
    clicks = [
        event
        for event in events
        if event.behavior in CLICKS and not event.is_machine and event.object_id is not None
    ]
    return max(
        (
            max(click.at, other.at)
            for click in clicks
            for other in clicks
            if (click.source, click.object_id) != (other.source, other.object_id)
            and abs(click.at - other.at) <= DAY
        ),
        default=None,
    )


def came_back(reports: list[Event]) -> bool:
    """Whether a message was sent back after its last delivery, and nobody did anything with it."""
    proofs = [report for report in reports if report.behavior in PROOFS]
    if any(report.behavior != "email_delivered" for report in proofs):
        return False
    returned = [report.at for report in reports if report.behavior in RETURNS]
    return bool(returned) and max(returned) >= max(report.at for report in proofs)


def streak(opens: list[bool], wanted: bool) -> int:
    """How many of the newest messages in a row are as wanted."""
    length = 0
    for opened in opens:
        if opened is not wanted:
            break
        length += 1
    return length


def is_reachable(world: World, person: Person, events: list[Event]) -> bool:
    """Whether the person may be written to, and one of the addresses takes mail."""
    return not has_refused(person, events) and any(
        is_open(world, [event for event in events if event.email == address])
        for address, _ in person.addresses
    )


def has_refused(person: Person, events: list[Event]) -> bool:
    """Whether the person said no, and did not take it back where that counts."""
    if person.contact and person.contact.is_opted_out:
        return True
    back = [event.at for event in events if event.behavior == "email_resubscribed"]
    return any(
        event.behavior == "email_complained"
        or (event.behavior == "email_hard_bounced" and event.email is None)
        or (event.behavior == "email_unsubscribed" and not any(at > event.at for at in back))
        for event in events
    )


def is_open(world: World, reports: list[Event]) -> bool:
    """Whether an address takes mail, by all that was reported about it."""
    if any(report.behavior == "email_hard_bounced" for report in reports):
        return False
    messages: dict[tuple[str, str], list[Event]] = {}
    for report in reports:
        if report.behavior in (*PROOFS, "email_soft_bounced"):
            key = (report.source, report.object_id or report.event_id)
            messages.setdefault(key, []).append(report)
    returned: list[datetime] = []
    arrived: list[datetime] = []
    for some in messages.values():
        came_back = [report.at for report in some if report.behavior == "email_soft_bounced"]
        came = [report.at for report in some if report.behavior in PROOFS]
        if came and (not came_back or max(came) > max(came_back)):
            arrived.append(max(came))
        else:
            returned.append(max(came_back))
    in_a_row = [at for at in returned if not arrived or at > max(arrived)]
    return len(in_a_row) < world.settings.soft_bounces

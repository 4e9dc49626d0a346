"""E-mail streaks over delivered messages, in plain Python."""

from .events import Event, World, catalogue

CLICKS = ("email_clicked", "email_cta_clicked")
PROOFS = ("email_delivered", "email_opened", *CLICKS)


def email_traits(world: World, events: list[Event]) -> dict:
    """What delivered messages say about a person; `events` hold those of machines too."""
    messages: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if catalogue()[event.behavior].family == "email" and event.object_id is not None:
            messages.setdefault((event.source, event.object_id), []).append(event)
    counted = []
    for (_, message_id), reports in messages.items():
        delivered = [report.at for report in reports if report.behavior in PROOFS]
        if not delivered:
            continue
        opened = any(
            report.behavior in ("email_opened", *CLICKS)
            and (not report.is_machine or world.settings.count_machine_opens)
            for report in reports
        )
        if opened or min(delivered) <= world.as_of - world.settings.email_grace:
            counted.append((min(delivered), message_id, opened))
    opens = [opened for _, _, opened in sorted(counted, reverse=True)]
    return {
        "counted_emails": len(opens),
        "consecutive_emails_opened": streak(opens, True),
        "consecutive_emails_ignored": streak(opens, False),
        "emails_opened_of_last_10": sum(opens[:10]),
        "emails_opened_of_previous_10": sum(opens[10:20]),
    }


def streak(opens: list[bool], wanted: bool) -> int:
    """How many of the newest messages in a row are as wanted."""
    length = 0
    for opened in opens:
        if opened is not wanted:
            break
        length += 1
    return length

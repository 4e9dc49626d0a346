"""Stages of the lifecycle, asked of one instant at a time, in plain Python."""

from datetime import datetime
from functools import cache

from .events import (
    LOST,
    WON,
    Event,
    Person,
    World,
    by_humans,
    closed_by,
    happened,
    is_engagement,
)

ASKS = ("demo_requested", "trial_started")
ANSWERS = (
    "deal_won", "deal_lost", "order_completed", "subscription_renewed", "subscription_cancelled",
)  # fmt: skip
# Stands for an instant that nobody knows.
BEGINNING = datetime(2000, 1, 1)


@cache
def lifecycle_of(
    world: World, person: Person
) -> tuple[tuple[str, datetime | None, datetime | None], ...]:
    """The stages that a person was in: each with since when and until when, in order."""
    events = by_humans(world, happened(world, person))
    settings = world.settings
    turns = [event.at for event in events] + list(person.sightings)
    turns += [
        event.at + days
        for event in events
        for days in (settings.opportunity, settings.customer, settings.engaged)
    ]
    turns += [at for at in (customer_since(world, person),) if at]
    for created, closed in deals_of(world, person):
        turns += [created, *([closed] if closed else [])]
    stages: list[tuple[str, datetime]] = []
    for at in sorted({at for at in turns if at <= world.as_of}):
        stage = stage_at(world, person, events, at)
        if not stages or stages[-1][0] != stage:
            stages.append((stage, at))
    ends = [at for _, at in stages[1:]] + [None]
    return tuple(
        (stage, None if at == BEGINNING else at, end)
        for (stage, at), end in zip(stages, ends, strict=True)
    )


def stage_at(world: World, person: Person, events: list[Event], at: datetime) -> str:
    """The stage of a person at an instant."""
    settings, before = world.settings, [event for event in events if event.at <= at]
    if is_customer_at(world, person, before, at):
        return "customer"
    if any(is_open_at(world, before, name, at) for name in ASKS) or any(
        created <= at and (closed is None or at < closed)
        for created, closed in deals_of(world, person)
    ):
        return "opportunity"
    if customer_starts(world, person, before, at):
        return "former_customer"
    if not person.is_identified or at < min(person.sightings):
        return "anonymous"
    engaged = any(is_engagement(event) and at - event.at < settings.engaged for event in before)
    return "engaged" if engaged else "lead"


def customer_since(world: World, person: Person) -> datetime | None:
    """Since when the CRM calls somebody a customer: always, where it does not say."""
    contact = person.contact
    if not contact or contact.stage not in world.settings.customer_stages:
        return None
    since = contact.customer_since
    return since if since and since <= world.as_of else BEGINNING


def customer_starts(
    world: World, person: Person, before: list[Event], at: datetime
) -> list[tuple[datetime, bool]]:
    """Instants at which somebody became a customer, and whether that lapses by itself."""
    kinds = {"order_completed": True, "deal_won": False, "subscription_renewed": False}
    starts = [(event.at, kinds[event.behavior]) for event in before if event.behavior in kinds]
    since = customer_since(world, person)
    return starts + ([(since, False)] if since and since <= at else [])


def is_customer_at(world: World, person: Person, before: list[Event], at: datetime) -> bool:
    """Whether one of those still holds: not cancelled since, nor a year old."""
    cancelled = [event.at for event in before if event.behavior == "subscription_cancelled"]
    return any(
        not any(end > start for end in cancelled)
        and not (lapses and at - start >= world.settings.customer)
        for start, lapses in customer_starts(world, person, before, at)
    )


def is_open_at(world: World, before: list[Event], name: str, at: datetime) -> bool:
    """Whether a request is neither answered since nor forgotten."""
    answers = [event.at for event in before if event.behavior in ANSWERS]
    return any(
        at - event.at < world.settings.opportunity
        and not any(answer > event.at for answer in answers)
        for event in before
        if event.behavior == name
    )


def deals_of(world: World, person: Person) -> list[tuple[datetime, datetime | None]]:
    """When each deal of a person was created, and closed if it was."""
    contact_id = person.contact and person.contact.contact_id
    found = []
    for deal in world.deals:
        if contact_id not in deal.contact_ids or deal.is_deleted or deal.created_at > world.as_of:
            continue
        closed = closed_by(deal) if deal.stage in (*WON, *LOST) else None
        found.append((deal.created_at, closed if closed and closed <= world.as_of else None))
    return found

"""What an event is, what it means, and which events count, in plain Python."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

# Stages in which deals are won or lost: those of the default pipeline, and two of our own.
WON, LOST = ("closedwon", "signed"), ("closedlost", "dropped")
SEEDS = Path(__file__).resolve().parents[3] / "seeds"
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
AT_ONCE = timedelta(seconds=2)
# What a click in an e-mail may mean.
CLICKS = ("email_clicked", "email_cta_clicked", "email_preferences_clicked")


@dataclass(frozen=True)
class Event:
    """One thing that was done; instants are UTC without a zone."""

    source: str
    event_id: str | None
    behavior: str
    at: datetime | None
    loaded: datetime | None = None
    device: str = ""
    email: str | None = None
    object_id: str | None = None
    value: float | None = None
    currency: str | None = None
    is_web: bool = False
    is_machine: bool = False
    path: str | None = None
    link: str | None = None
    category: str | None = None
    cart_id: str | None = None
    product_id: str | None = None
    order_id: str | None = None
    product_name: str | None = None
    cart_link: str | None = None
    quantity: float | None = None
    is_discounted: bool = False


@dataclass(frozen=True)
class Behavior:
    """One line of the catalogue of behaviors."""

    name: str
    broader: str
    family: str
    stage: str
    weight: float


@dataclass(frozen=True)
class Settings:
    """The thresholds of a world, with the project's defaults."""

    count_machine_opens: bool = False
    visit_timeout: timedelta = 30 * MINUTE
    reload: timedelta = MINUTE / 2
    least_return: timedelta = 4 * HOUR
    email_grace: timedelta = 72 * HOUR
    streak_valid: timedelta = 90 * DAY
    soft_bounces: int = 5
    machine_click: timedelta = timedelta(seconds=10)
    half_life: timedelta = 14 * DAY
    future_tolerance: timedelta = 24 * HOUR
    fit_grade_points: tuple[float, ...] = (75, 50, 25)
    engagement_grade_points: tuple[float, ...] = (50, 20, 5)
    firmographics_valid: timedelta = 180 * DAY
    disqualified_lead_statuses: tuple[str, ...] = ("UNQUALIFIED",)
    customer_stages: tuple[str, ...] = ("customer", "evangelist")
    tag_valid: timedelta = 90 * DAY
    opportunity: timedelta = 90 * DAY
    customer: timedelta = 365 * DAY
    engaged: timedelta = 30 * DAY
    shop_currency: str = "GBP"


@dataclass(frozen=True)
class Contact:
    """What the CRM says about a person."""

    contact_id: str
    stage: str | None = None
    company_id: str | None = None
    lead_status: str | None = None
    buying_roles: str | None = None
    customer_since: datetime | None = None
    verified_at: datetime | None = None
    job_title: str | None = None
    is_opted_out: bool = False


# Compared by identity, so that what was worked out about it can be remembered.
@dataclass(frozen=True, eq=False)
class Person:
    """One person: what they did, their addresses with when each was last seen, and the CRM's word.

    `sightings` are all instants up to as_of at which any of their identifiers was seen;
    `job_title` is what the person said, which counts where the CRM says nothing.
    """

    key: str
    events: tuple[Event, ...] = ()
    addresses: tuple[tuple[str, datetime], ...] = ()
    sightings: tuple[datetime, ...] = ()
    is_identified: bool = True
    contact: Contact | None = None
    job_title: str | None = None


@dataclass(frozen=True)
class Company:
    """A company that the CRM knows and has not deleted."""

    company_id: str
    domain: str | None = None
    industry: str | None = None
    country: str | None = None
    employees: float | None = None
    is_target: bool = False
    renewal_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Deal:
    """A deal with its contacts; what its stage means is in WON and LOST."""

    deal_id: str
    contact_ids: tuple[str, ...]
    stage: str
    created_at: datetime
    closed_at: datetime | None
    loaded_at: datetime
    is_deleted: bool = False


def closed_by(deal: Deal) -> datetime:
    """When a deal in a closed stage was closed: nobody can have loaded it before."""
    return min(deal.closed_at or deal.loaded_at, deal.loaded_at)


@dataclass(frozen=True, eq=False)
class World:
    """Everybody and everything as of one instant."""

    as_of: datetime
    people: tuple[Person, ...] = ()
    companies: tuple[Company, ...] = ()
    deals: tuple[Deal, ...] = ()
    settings: Settings = field(default_factory=Settings)


@cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    """The lines of one of the project's seeds."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@cache
def catalogue() -> dict[str, Behavior]:
    """Every behavior by its name."""
    return {
        line["behavior"]: Behavior(
            line["behavior"],
            line["broader_behavior"],
            line["family"],
            line["stage"],
            float(line["weight"]),
        )
        for line in seed("behaviors")
    }


@cache
def meaning(source: str, name: str, path: str = "", object_id: str = "", link: str = "") -> str:
    """The behavior that an event means: that of the rule which says most."""
    best, winner = None, "other"
    for rule in seed("behavior_rules"):
        if rule["source"] not in ("*", source) or rule["event_name"] not in ("*", name):
            continue
        patterns = (rule["page_path_pattern"], rule["object_pattern"], rule["link_pattern"])
        if not fits(path, patterns[0]) and not fits(path, patterns[0] + "/*"):
            continue
        if not fits(object_id, patterns[1]) or not fits(link, patterns[2]):
            continue
        rank = [int(rule["precedence"]), rule["source"] != "*", rule["event_name"] != "*"]
        for pattern in patterns:
            rank += [len(pattern.replace("*", "")), -len(pattern)]
        if best is None or rank > best:
            best, winner = rank, rule["behavior"]
    return winner


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern in which only * is special."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def page_of(address: str) -> str:
    """The path of a page, of the spellings that the histories use."""
    path = re.sub(r"^https?://[^/]*", "", address.lower()).split("?")[0].split("#")[0]
    path = re.sub(r"/(index[.]html)?$", "", path)
    return re.sub(r"^/en(-us)?(?=/|$)", "", path) or "/"


def kept(events: Iterable[Event], settings: Settings) -> list[Event]:
    """The events that can be used, each once: of several copies the one loaded first."""
    first: dict[tuple[str, str], Event] = {}
    for event in events:
        if event.event_id is None or event.at is None:
            continue
        if event.loaded is not None and event.at > event.loaded + settings.future_tolerance:
            continue
        known = first.get((event.source, event.event_id))
        if known is None or event.loaded < known.loaded:
            first[(event.source, event.event_id)] = event
    return list(first.values())


def happened(world: World, person: Person) -> list[Event]:
    """What a person did up to as_of, oldest first."""
    usable = [event for event in kept(person.events, world.settings) if event.at <= world.as_of]
    machines = clicked_by_machines(world.settings, usable)
    usable = [
        replace(event, is_machine=True) if is_of_machines(event, machines) else event
        for event in usable
    ]
    usable = [after_refunds(event, usable) for event in usable]
    ordered = sorted(usable, key=lambda event: (event.at, event.source, event.event_id))
    return list(without_reloads(world, ordered))


def without_reloads(world: World, events: list[Event]) -> Iterator[Event]:
    """The events, where a second view of a page is only a reload, and a second arrival none."""
    latest: dict[tuple, datetime] = {}
    for event in events:
        family = catalogue()[event.behavior].family
        if (family == "web" and event.is_web) or family == "campaign":
            key = (family, event.device, event.path, event.is_machine)
            before = latest.get(key)
            latest[key] = event.at
            if before is not None and event.at - before <= world.settings.reload:
                if family == "web":
                    yield replace(event, behavior="page_reloaded")
                continue
        yield event


def after_refunds(event: Event, events: list[Event]) -> Event:
    """An order less what was given back of it up to now; taken back as a whole it is none."""
    if event.behavior != "order_completed" or event.object_id is None:
        return event
    same = [other for other in events if other.object_id == event.object_id]
    refunds = [other for other in same if other.behavior in ("order_cancelled", "order_refunded")]
    if not refunds:
        return event
    amounts = [other.value for other in same if other.behavior == "order_completed"]
    amount = max((value for value in amounts if value is not None), default=None)
    refunded = round(sum(abs(other.value or 0) for other in refunds), 4)
    is_cancelled = any(other.behavior == "order_cancelled" for other in refunds)
    if any(other.value is None for other in refunds):
        is_whole = True
    elif amount is None:
        is_whole = is_cancelled
    else:
        is_whole = refunded >= amount - 0.005 and (refunded > 0 or is_cancelled)
    return replace(
        event,
        behavior="order_taken_back" if is_whole else event.behavior,
        value=None if event.value is None else event.value - refunded,
        is_discounted=event.is_discounted and not is_whole,
    )


def clicked_by_machines(settings: Settings, events: list[Event]) -> list[Event]:
    """The clicks of one person that no human does: with the delivery, or on two links at once."""
    found = []
    for click in events:
        if click.behavior not in CLICKS:
            continue
        message = [
            event
            for event in events
            if click.object_id is not None
            and (event.source, event.object_id) == (click.source, click.object_id)
        ]
        delivered = [event.at for event in message if event.behavior == "email_delivered"]
        links = {
            event.link
            for event in message
            if event.behavior in CLICKS and event.link and abs(event.at - click.at) <= AT_ONCE
        }
        if (
            "utm_content=hidden" in (click.link or "")
            or len(links) > 1
            or (delivered and abs(click.at - min(delivered)) <= settings.machine_click)
        ):
            found.append(click)
    return found


def is_of_machines(event: Event, clicks: list[Event]) -> bool:
    """Whether an event is one of these clicks of machines, or an open beside one."""
    return event in clicks or (
        event.behavior == "email_opened"
        and event.object_id is not None
        and any(
            (click.source, click.object_id) == (event.source, event.object_id)
            and abs(click.at - event.at) <= AT_ONCE
            for click in clicks
        )
    )


def by_humans(world: World, events: list[Event]) -> list[Event]:
    """Those of the events that no machine did, or an e-mail's if machines count there."""
    return [
        event
        for event in events
        if not event.is_machine
        or (world.settings.count_machine_opens and catalogue()[event.behavior].family == "email")
    ]


def is_engagement(event: Event) -> bool:
    """Whether an event earns points."""
    return catalogue()[event.behavior].weight > 0


def counts_for(event: Event, name: str) -> bool:
    """Whether an event counts for a behavior, a stage, research or engagement."""
    behavior = catalogue()[event.behavior]
    if name == "engagement":
        return is_engagement(event)
    if name == "research":
        return behavior.stage in ("consideration", "decision")
    if name.endswith("_stage"):
        return behavior.stage == name.removesuffix("_stage")
    return name in (behavior.name, behavior.broader)

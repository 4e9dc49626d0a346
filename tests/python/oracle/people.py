"""Every trait of a person and of an account, in plain Python."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from .accounts import (
    account_id_of,
    fit_of,
    is_competitor,
    is_stale,
    known_companies,
    open_deals,
)
from .carts import shop_traits
from .emails import email_traits, is_reachable
from .events import (
    DAY,
    HOUR,
    Event,
    Person,
    World,
    by_humans,
    catalogue,
    counts_for,
    happened,
    is_engagement,
    page_of,
    seed,
)
from .lifecycle import deals_of, is_open_at, lifecycle_of
from .visits import visit_traits, visits_of

# What is counted, and in which windows.
COUNTED: dict[str, tuple[int | str, ...]] = {
    "engagement": (90,),
    "research": (14, "previous_14"),
    "decision_stage": (14, 30),
    "page_viewed": (180,),
    "pricing_page_viewed": (7, 30),
    "comparison_page_viewed": (30,),
    "sale_page_viewed": (30,),
    "careers_page_viewed": (180,),
    "review_site_clicked": (30,),
    "content_downloaded": (90,),
    "case_study_downloaded": (30, 90),
    "integration_guide_downloaded": (30,),
    "email_cta_clicked": (14,),
    "email_complained": ("ever",),
    "product_viewed": (180,),
    "product_used": (14, "previous_14", 30, "previous_30"),
}

# Of two instants that are nearer none is the later.
TICK = DAY / 86_400_000_000
# Steps in order, each a behavior, how often, and how many days after the step before; and a window.
Steps = Sequence[tuple[str, int, int]]
SEQUENCES: dict[str, tuple[Steps, int]] = {
    "did_content_downloaded_then_page_viewed_30d": (
        [("content_downloaded", 1, 0), ("page_viewed", 1, 0)],
        30,
    ),
    "did_2_pricing_page_viewed_then_case_study_downloaded_dec90b45": (
        [("pricing_page_viewed", 2, 0), ("case_study_downloaded", 1, 0), ("visit_started", 1, 3)],
        30,
    ),
}


@cache
def base_traits(world: World, person: Person) -> dict:
    """All traits of a person but the one that needs everybody else."""
    everything = happened(world, person)
    events = by_humans(world, everything)
    now, settings, contact = world.as_of, world.settings, person.contact

    def times(*behaviors: str) -> list[datetime]:
        return [event.at for event in events if event.behavior in behaviors]

    orders = [event for event in events if event.behavior == "order_completed"]
    first_order, last_order = first(times("order_completed")), last(times("order_completed"))
    first_won = first(times("deal_won"))
    stages = lifecycle_of(world, person)
    stage, since, _ = stages[-1]
    is_customer = stage == "customer"
    joined, left = last(times("loyalty_joined")), last(times("loyalty_left"))
    fit = fit_of(world, person)
    score = round(
        sum(
            catalogue()[event.behavior].weight * 2 ** -((now - event.at) / settings.half_life)
            for event in events
            if is_engagement(event)
        ),
        4,
    )
    activity = last(times("order_completed", "deal_won", "subscription_renewed", "product_used"))
    roles = ((contact and contact.buying_roles) or "").split(";")
    return {
        "account_id": account_id_of(world, person),
        "lifecycle_stage": stage,
        "grade": grade(sum(fit.values()), settings.fit_grade_points, "ABCD")
        + grade(score, settings.engagement_grade_points, "1234"),
        **counts(now, events),
        "blog_page_viewed_visits_30d": things(world, events, "blog_page_viewed", 30, "visits"),
        "order_count": len({event.object_id or event.event_id for event in orders}),
        "discounted_order_count": len(
            {event.object_id or event.event_id for event in orders if event.is_discounted}
        ),
        **money(world, orders),
        "longest_video_seconds_30d": max(
            (
                max(event.value or 0, 0)
                for event in events
                if counts_for(event, "video_watched") and event.at > now - 30 * DAY
            ),
            default=0,
        ),
        "longest_product_demo_seconds_180d": max(
            (
                max(event.value or 0, 0)
                for event in events
                if event.behavior == "product_demo_watched" and event.at > now - 180 * DAY
            ),
            default=0,
        ),
        **visit_traits(world, events),
        "top_category_view_count_14d": favorite(now, events),
        **email_traits(world, everything),
        "engagement_score": score,
        "fit_score": sum(fit.values()),
        "is_identified": person.is_identified,
        "is_customer": is_customer,
        "has_converted": stage in ("opportunity", "customer"),
        "is_former_customer": not is_customer and any(name == "customer" for name, *_ in stages),
        "has_open_demo_request": is_open_at(world, events, "demo_requested", now),
        "is_on_trial": not is_customer and is_open_at(world, events, "trial_started", now),
        "has_open_deal": any(closed is None for _, closed in deals_of(world, person)),
        "is_email_reachable": is_reachable(world, person, everything),
        **sequences(world, events),
        **shop_traits(now, events),
        "has_abandoned_form": any(
            abandoned(
                now,
                form_times(events, "form_started", form),
                form_times(events, "form_submitted", form),
            )
            for form in {event.object_id for event in events}
        ),
        "is_loyalty_member": joined is not None and (left is None or left < joined),
        "has_complete_fit": len(fit) == 4,
        "is_firmographics_stale": is_stale(world, person),
        "is_decision_maker": "DECISION_MAKER" in roles,
        "is_competitor": is_competitor(person),
        "is_disqualified_in_crm": bool(
            contact and contact.lead_status in settings.disqualified_lead_statuses
        ),
        "as_of": now,
        "first_seen_at": min(person.sightings),
        "last_engaged_at": last([event.at for event in events if is_engagement(event)]),
        "last_order_at": last_order,
        "lifecycle_since_at": since,
        "last_deal_lost_at": last(times("deal_lost")),
        "last_researched_at": last([event.at for event in events if counts_for(event, "research")]),
        "became_customer_at": first(
            [at for at in (first_order, first_won, contact and contact.customer_since) if at]
        ),
        "last_customer_activity_at": activity if is_customer else None,
    }


@cache
def uses_of_customers(world: World) -> list[int]:
    """How often each customer used the product in 30 days."""
    traits = [base_traits(world, person) for person in world.people]
    return [row["product_used_count_30d"] for row in traits if row["is_customer"]]


def traits_of(world: World, person: Person) -> dict:
    """Every column of profile_traits but the profile id."""
    traits = base_traits(world, person)
    uses = traits["product_used_count_30d"]
    others = uses_of_customers(world)
    surpassed_by = sum(other > uses for other in others)
    is_top = traits["is_customer"] and uses > 0 and surpassed_by * 10 < len(others)
    return traits | {"is_top_decile_user": is_top}


def account_traits_of(world: World) -> dict[str, dict]:
    """Every column of account_traits, by account."""
    people: dict[str, list[Person]] = {}
    for person in world.people:
        account_id = account_id_of(world, person)
        if account_id:
            people.setdefault(account_id, []).append(person)
    companies = {f"company:{company.company_id}": company for company in known_companies(world)}
    found = {}
    for account_id in people.keys() | companies.keys():
        members = people.get(account_id, [])
        traits = [base_traits(world, person) for person in members]
        company = companies.get(account_id)

        def total(name: str, traits: list[dict] = traits) -> float:
            return sum(row[name] for row in traits)

        found[account_id] = {
            "account_people_count": len(members),
            "account_researching_people_count_14d": sum(
                row["research_count_14d"] > 0 for row in traits
            ),
            "account_research_count_14d": total("research_count_14d"),
            "account_research_count_previous_14d": total("research_count_previous_14d"),
            "account_decision_stage_count_14d": total("decision_stage_count_14d"),
            "account_engagement_score": round(total("engagement_score"), 4),
            "account_fit_score": max((row["fit_score"] for row in traits), default=0),
            "account_open_deal_count": open_deals(
                world, {person.contact.contact_id for person in members if person.contact}
            ),
            "account_is_customer": any(row["is_customer"] for row in traits),
            "is_target_account": bool(company and company.is_target),
            "account_as_of": world.as_of,
            "account_renewal_at": company and company.renewal_at,
        }
    return found


def sequences(world: World, events: list[Event]) -> dict[str, bool]:
    """Which sequences of steps a person took in their windows."""
    visits = [visit.began for visit in visits_of(world, events)]

    def instants(name: str, days: int) -> list[datetime]:
        found = (
            visits
            if name == "visit_started"
            else [event.at for event in events if counts_for(event, name)]
        )
        return sorted(at for at in found if at > world.as_of - days * DAY)

    return {
        column: in_order([(instants(name, days), *rest) for name, *rest in steps])
        for column, (steps, days) in SEQUENCES.items()
    }


def in_order(steps: Sequence[tuple], before: datetime | None = None) -> bool:
    """Whether steps can be taken one after the other, tried in every way.

    A step is the sorted instants at which it can be taken, how often it must be, and the days that
    lie between the last of the step before and its first.
    """
    if not steps:
        return True
    (instants, times, days), *rest = steps
    usable = [at for at in instants if before is None or at - before >= max(days * DAY, TICK)]
    return any(in_order(rest, at) for at in usable[times - 1 :])


def counts(now: datetime, events: list[Event]) -> dict[str, int]:
    """How often everything counted happened in its windows."""
    return {
        f"{name}_count_{window}{'' if window == 'ever' else 'd'}": count(now, events, name, window)
        for name, windows in COUNTED.items()
        for window in windows
    }


def count(now: datetime, events: list[Event], name: str, window: int | str) -> int:
    """How often one thing happened in a window: days, ever, or previous_<days>."""
    return len(those(now, events, name, window))


def those(now: datetime, events: list[Event], name: str, window: int | str) -> list[Event]:
    """The events that count for a name in a window."""
    least, most = timedelta(0), timedelta.max
    if isinstance(window, int):
        most = window * DAY
    elif window != "ever":
        least = int(window.removeprefix("previous_")) * DAY
        most = 2 * least
    return [event for event in events if counts_for(event, name) and least <= now - event.at < most]


def things(
    world: World, everything: list[Event], name: str, window: int | str, counting: str
) -> int:
    """In how many visits, on how many days or with how many objects one thing was done."""
    done = those(world.as_of, everything, name, window)
    if counting == "days":
        return len({event.at.date() for event in done})
    if counting == "objects":
        return len({key for event in done if (key := object_of(event)) is not None})
    return sum(
        any(event in visit.events for event in done) for visit in visits_of(world, everything)
    )


def object_of(event: Event) -> object:
    """What an event was done with; none where it does not say."""
    family = catalogue()[event.behavior].family
    if family == "web":
        return event.path
    if family == "email":
        return event.object_id and (event.source, event.object_id)
    if family == "shop" and not event.behavior.startswith("order"):
        return event.product_id or event.object_id
    return event.object_id


def count_named(world: World, person: Person, column: str) -> int | None:
    """What a count must be that only a project's own segment asks for, by the column's name.

    None when the name is not that of a count of a behavior, a stage, research or engagement.
    """
    named = re.fullmatch(r"(\w+?)_(count|visits|days|objects)_(ever|(previous_)?(\d+)d)", column)
    stages = {f"{behavior.stage}_stage" for behavior in catalogue().values()}
    if not named or named[1] not in {*catalogue(), *stages, "research", "engagement"}:
        return None
    text = named[3] if named[3] == "ever" else f"{named[4] or ''}{named[5]}"
    window = int(text) if text.isdigit() else text
    events = by_humans(world, happened(world, person))
    if named[2] == "count":
        return count(world.as_of, events, named[1], window)
    return things(world, events, named[1], window, named[2])


def abandoned(now: datetime, begun: list[datetime], ended: list[datetime]) -> bool:
    """Whether the last beginning has no later end and is neither too young nor too old."""
    if not begun:
        return False
    age = now - max(begun)
    return HOUR < age < 7 * DAY and not any(at > max(begun) for at in ended)


def form_times(events: list[Event], behavior: str, form: str | None) -> list[datetime]:
    """When one form was begun or sent; events that name none are about one and the same."""
    return [
        event.at
        for event in events
        if event.behavior == behavior and (event.object_id or "") == (form or "")
    ]


def favorite(now: datetime, events: list[Event]) -> int:
    """Views of the category that was viewed most in 14 days."""
    views: dict[str, int] = {}
    for event in events:
        if event.behavior == "product_viewed" and event.category and event.at > now - 14 * DAY:
            views[event.category] = views.get(event.category, 0) + 1
    return max(views.values(), default=0)


def money(world: World, orders: list[Event]) -> dict:
    """What orders are worth, in the currency of the latest one; of copies the largest amount."""
    copies: dict[str, list[Event]] = {}
    for event in orders:
        copies.setdefault(event.object_id or event.event_id, []).append(event)

    def currency(event: Event) -> str:
        return (event.currency or world.settings.shop_currency).upper()

    def rank(event: Event) -> float:
        return float("-inf") if event.value is None else event.value

    each = {
        key: sorted(
            some, key=lambda event: (-rank(event), world.as_of - event.at, currency(event))
        )[0]
        for key, some in copies.items()
    }
    if not each:
        return {
            "order_currency": None,
            "order_value_365d": 0,
            "average_order_value": 0,
            "last_order_value": 0,
        }
    latest = min(
        each,
        key=lambda key: (world.as_of - each[key].at, -rank(each[key]), currency(each[key]), key),
    )
    alike = [event for event in each.values() if currency(event) == currency(each[latest])]
    values = [event.value for event in alike if event.value is not None]
    year = [event for event in alike if world.as_of - event.at < 365 * DAY]
    return {
        "order_currency": currency(each[latest]),
        "order_value_365d": float(sum(event.value or 0 for event in year)),
        "average_order_value": float(sum(values) / len(values)) if values else 0,
        "last_order_value": each[latest].value or 0,
    }


def grade(number: float, bounds: Sequence[float], grades: str) -> str:
    """The grade of the first bound that a number reaches."""
    for bound, letter in zip(bounds, grades, strict=False):
        if number >= bound:
            return letter
    return grades[-1]


def first(times: list[datetime]) -> datetime | None:
    """The earliest instant, if there is any."""
    return min(times, default=None)


def last(times: list[datetime]) -> datetime | None:
    """The latest instant, if there is any."""
    return max(times, default=None)


def below(path: str, prefix: str) -> str:
    """What stands below a page in a path."""
    return path.removeprefix(prefix + "/") if path.startswith(prefix + "/") else ""


def tags_of(world: World, person: Person) -> dict[tuple[str, str], tuple]:
    """Tags by kind and value: how many events in the valid days, rank, first and last instant."""
    touched: dict[tuple[str, str], list[datetime]] = {}
    for event in by_humans(world, happened(world, person)):
        if not is_engagement(event):
            continue
        if event.behavior == "product_viewed":
            for kind, value in (("product", event.object_id), ("category", event.category)):
                if value:
                    touched.setdefault((kind, value), []).append(event.at)
        for rule in seed("tag_rules"):
            rest = ""
            if rule["reads"] == "page_path" and catalogue()[event.behavior].family == "web":
                rest = below(event.path or "", rule["prefix"])
            elif rule["reads"] == "link" and "email_clicked" in (
                event.behavior,
                catalogue()[event.behavior].broader,
            ):
                rest = below(page_of(event.link or ""), rule["prefix"])
            value = rest.split("/")[0]
            if value:
                touched.setdefault((rule["kind"], value), []).append(event.at)
    found = {}
    for (kind, value), times in touched.items():
        count = sum(at > world.as_of - world.settings.tag_valid for at in times)
        if count:
            found[(kind, value)] = (count, min(times), max(times))
    return {
        key: (
            identifier[0],
            1
            + sum(
                (-other[0], -other[2].timestamp(), name)
                < (-identifier[0], -identifier[2].timestamp(), key[1])
                for (kind, name), other in found.items()
                if kind == key[0]
            ),
            *identifier[1:],
        )
        for key, identifier in found.items()
    }

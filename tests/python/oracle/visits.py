"""Visits, returns, bounces and the time spent on pages, in plain Python."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .events import DAY, Event, World, catalogue, counts_for


@dataclass
class Visit:
    """A run of web events on one device, oldest first."""

    events: list[Event] = field(default_factory=list)

    @property
    def began(self) -> datetime:
        """When the first event happened."""
        return self.events[0].at

    @property
    def ended(self) -> datetime:
        """When the last event happened."""
        return self.events[-1].at


def visits_of(world: World, events: list[Event]) -> list[Visit]:
    """The visits that a person's events make, device by device."""
    visits: list[Visit] = []
    for device in {event.device for event in events if event.is_web}:
        current: Visit | None = None
        for event in events:
            if not event.is_web or event.device != device:
                continue
            if current is None or event.at - current.ended >= world.settings.visit_timeout:
                current = Visit()
                visits.append(current)
            current.events.append(event)
    return visits


def visit_traits(world: World, events: list[Event]) -> dict:
    """What visits say about a person."""
    visits = visits_of(world, events)
    week = [visit for visit in visits if visit.began > world.as_of - 7 * DAY]
    returns = [
        (visit.began, since)
        for visit in visits
        if (since := away_since(visits, visit)) is not None
        and visit.began - since >= world.settings.least_return
    ]
    returned = max(returns, default=(None, None))
    return {
        "visit_count_7d": len(week),
        **{
            f"demo_page_viewed_{ending}_count_7d": sum(
                left(world, visit, "demo_page_viewed", "demo_requested") == ending
                for visit in visits
            )
            for ending in ("bounce", "hesitation")
        },
        "product_page_seconds_7d": sum(seconds_on(world, visit) for visit in visits),
        "last_visit_started_at": max((visit.began for visit in visits), default=None),
        "last_visit_ended_at": max((visit.ended for visit in visits), default=None),
        "last_returned_at": returned[0],
        "last_away_since_at": returned[1],
        "week_returned_at": min((visit.began for visit in week), default=None),
        "week_away_since_at": max(
            (visit.ended for visit in visits if visit not in week), default=None
        ),
    }


def away_since(visits: list[Visit], visit: Visit) -> datetime | None:
    """When everything that had begun before a visit was over; none for the first one."""
    earlier = [other.ended for other in visits if other.began < visit.began]
    return max(earlier, default=None)


def left(world: World, visit: Visit, page: str, goal: str) -> str | None:
    """How a visit that is over left a page of the last 7 days without reaching its goal."""
    views = [event.at for event in visit.events if counts_for(event, page)]
    if not views or any(counts_for(event, goal) for event in visit.events):
        return None
    if (
        world.as_of - visit.ended < world.settings.visit_timeout
        or views[-1] <= world.as_of - 7 * DAY
    ):
        return None
    pages = [event.at for event in visit.events if catalogue()[event.behavior].family == "web"]
    return "hesitation" if max(pages) > views[-1] else "bounce"


def seconds_on(world: World, visit: Visit) -> float:
    """Seconds spent in a visit on product pages that were opened in the last 7 days."""
    pages = [event for event in visit.events if catalogue()[event.behavior].family == "web"]
    spent = timedelta()
    for number, page in enumerate(pages):
        until = pages[number + 1].at if number + 1 < len(pages) else visit.ended
        if page.behavior == "product_page_viewed" and page.at > world.as_of - 7 * DAY:
            spent += until - page.at
    return spent.total_seconds()

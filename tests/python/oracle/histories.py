"""People's histories that aim at the edges: drawn by hypothesis, written as raw files, and told
to the oracle."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .events import (
    LOST,
    WON,
    Company,
    Contact,
    Deal,
    Event,
    Person,
    World,
    closed_by,
    kept,
    meaning,
    page_of,
)
from .events import Settings as Limits

MICROSECOND = 1
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
ZONES = (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"))

# Ages at which something begins or ends to hold.
EDGES = tuple(
    [0, 30 * MINUTE, HOUR, DAY, 72 * HOUR] + [days * DAY for days in (7, 14, 28, 30, 60, 90, 180)]
)
HAIR = st.sampled_from((-MICROSECOND, 0, 0, MICROSECOND))
PATHS = (
    "/",
    "/pricing",
    "/product/overview",
    "/features",
    "/compare/us-vs-them",
    "/security/iso",
    "/roi-calculator",
    "/case-studies/acme",
    "/docs/start/here",
    "/blog/tides?utm_source=letter&utm_medium=cpc",
    "/careers/engineer",
    "/shop/sale/today",
    "/demo",
)
CONTENT = ("whitepapers/a", "case-studies/b", "guides/integration-c", "security/d", None)
LINKS = (
    "https://we.example/blog/x",
    "https://we.example/product/alarms?a=1&utm_content=cta-top",
    "https://we.example/product/alarms/more",
    "https://we.example/unsubscribe?of=1",
    None,
)
REVIEWS = ("https://reviews.example/us", "https://www.g2.com/products/us", "https://other.example")


@dataclass(frozen=True)
class Step:
    """One raw event; `age` in microseconds before as_of, negative for the future."""

    name: str
    age: int
    path: str | None = None
    object_id: str | None = None
    link: str | None = None
    value: float | None = None
    currency: str | None = None
    machine: bool = False
    properties: tuple[tuple[str, object], ...] = ()
    device: int = 0
    delay: int = 2 * SECOND
    copy_age: int | None = None
    zone: int = 0


@dataclass(frozen=True)
class Record:
    """What the CRM may hold about one person; ages in microseconds."""

    stage: str | None = None
    lead_status: str | None = None
    roles: str | None = None
    title: str | None = None
    opted_out: bool = False
    customer_age: int | None = None
    verified_age: int | None = None
    deals: tuple[tuple[str, int, int | None], ...] = ()


@dataclass(frozen=True)
class Firm:
    """The company that a few people share; ages in microseconds."""

    industry: str | None = None
    country: str | None = None
    employees: int | None = None
    is_target: bool = False
    renewal_age: int | None = None
    is_in_crm: bool = True


@dataclass(frozen=True)
class Draft:
    """One drawn person: steps, CRM record, and where the addresses are."""

    steps: tuple[Step, ...] = ()
    record: Record | None = None
    firm: Firm = field(default_factory=Firm)
    domains: tuple[str, ...] = ("free",)
    is_tied: bool = True
    known_age: int = 0


ages = st.one_of(
    st.builds(lambda edge, hair: edge + hair, st.sampled_from(EDGES), HAIR),
    st.integers(0, 200 * 86_400).map(lambda seconds: seconds * SECOND),
    st.integers(0, 30 * 86_400).map(lambda seconds: seconds * SECOND),
)
recent = st.integers(0, 7 * 86_400).map(lambda seconds: seconds * SECOND)
devices = st.sampled_from((0, 0, 0, 1))


def page(path: str, age: int, device: int = 0) -> Step:
    """A page view."""
    return Step("page_viewed", age, path=path, device=device)


@st.composite
def browsing(draw: Callable) -> list[Step]:
    """Pages of all kinds, at any time, on two devices."""
    path = draw(st.sampled_from((None, "/pricing", "/careers/engineer", "/shop/sale/today")))
    return [
        page(path or draw(st.sampled_from(PATHS)), draw(ages), draw(devices))
        for _ in range(draw(st.integers(1, 6)))
    ]


@st.composite
def crossing(draw: Callable) -> list[Step]:
    """A visit on one device that begins and ends within a longer one, and a visit after both."""
    latest = draw(st.sampled_from((HOUR, 3 * DAY)))
    gap = draw(st.sampled_from((DAY, 14 * DAY, 180 * DAY))) + draw(HAIR)
    longer = [page("/", latest + gap + nth * 20 * MINUTE) for nth in range(4)]
    within = page("/blog/tides", latest + gap + 30 * MINUTE, device=1)
    return [*longer, within, page("/", latest, draw(devices))]


@st.composite
def deciding(draw: Callable) -> list[Step]:
    """Pricing, a case study and what follows three days later."""
    took = draw(st.sampled_from((10 * DAY, 10 * DAY, 30 * DAY, 90 * DAY))) + draw(HAIR)
    # Pricing before the download, so that what follows is the latest visit, or at any time.
    before = draw(st.booleans())
    steps = [
        page("/pricing", took + (1 + nth) * HOUR if before else draw(recent))
        for nth in range(draw(st.integers(1, 6)))
    ]
    if draw(st.booleans()):
        content = draw(st.sampled_from(("case-studies/b", "case-studies/b", *CONTENT)))
        steps.append(Step("content_downloaded", took, path="/x", object_id=content))
        steps.append(page("/blog/tides", took - 3 * DAY + draw(HAIR)))
    if draw(st.booleans()):
        steps += [Step("email_opened", age * DAY, object_id=f"last{age}") for age in range(4, 7)]
    return steps


@st.composite
def nearly_ready(draw: Callable) -> list[Step]:
    """What makes somebody ready for sales, or all but one of it."""
    views = [page("/pricing", draw(recent)) for _ in range(draw(st.integers(2, 4)))]
    took = draw(st.sampled_from((5 * DAY, 30 * DAY))) + draw(HAIR)
    study = Step("content_downloaded", took, path="/x", object_id="case-studies/b")
    opens = draw(st.integers(2, 4))
    return [
        *views,
        study,
        *(Step("email_opened", (4 + nth) * DAY, object_id=f"n{nth}") for nth in range(opens)),
    ]


@st.composite
def downloads(draw: Callable) -> list[Step]:
    """Content, and a page before, at the very instant, or after it."""
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        age = draw(ages)
        content = draw(st.sampled_from(CONTENT))
        steps.append(Step("content_downloaded", age, path="/x", object_id=content))
        steps.append(page(draw(st.sampled_from(("/", "/blog/tides"))), age + draw(HAIR)))
    return steps


@st.composite
def articles(draw: Callable) -> list[Step]:
    """The blog in a few visits, two of which may be one, around the edge of 30 days."""
    steps = []
    for _ in range(draw(st.integers(2, 4))):
        age = draw(st.sampled_from((DAY, 10 * DAY, 20 * DAY, 30 * DAY))) + draw(HAIR)
        device = draw(devices)
        steps.append(page("/blog/tides", age, device))
        steps.append(page(draw(st.sampled_from(("/blog", "/"))), age - MINUTE, device))
    return steps


@st.composite
def links(draw: Callable) -> list[Step]:
    """Clicks that lead elsewhere."""
    return [Step("link_clicked", draw(ages), path="/", object_id=draw(st.sampled_from(REVIEWS)))]


@st.composite
def letters(draw: Callable) -> list[Step]:
    """Messages, newest at the edge of the grace; opened, clicked, by machines, or not at all."""
    steps = []
    newest = draw(st.sampled_from((72 * HOUR, HOUR, 5 * DAY))) + draw(HAIR)
    habit = draw(st.sampled_from(("any", "opens", "ignores", "stopped", "silent")))
    count = draw(st.integers(19, 21)) if habit == "silent" else draw(st.integers(1, 8))
    for number in range(count):
        # Two messages may be delivered at one instant: the id decides.
        gap = draw(st.sampled_from((0, 2 * DAY, 4 * DAY)))
        age = newest + number * gap
        fate = draw(st.sampled_from(("open", "click", "machine", "nothing", "open_only")))
        if habit == "opens":
            fate = draw(st.sampled_from(("open", "click")))
        if habit == "ignores" or (habit == "stopped" and number < 5):
            fate = draw(st.sampled_from(("machine", "nothing")))
        if habit == "silent":
            age = newest + number * DAY
            fate = "nothing" if number < 10 or number in (10, 11, 12)[: draw(HAIR) + 2] else "open"
        message = f"m{number:02d}"
        if fate != "open_only":
            steps.append(Step("email_delivered", age, object_id=message))
        later = min(age, HOUR)
        if fate in ("open", "open_only"):
            steps.append(Step("email_opened", age - later, object_id=message))
        if fate == "click":
            link = draw(st.sampled_from(LINKS))
            steps.append(Step("email_clicked", age - later, object_id=message, link=link))
        if fate == "machine":
            steps.append(Step("email_opened", age - later, object_id=message, machine=True))
    return steps


@st.composite
def clicks(draw: Callable) -> list[Step]:
    """One to three clicks at the edges of a day and of two weeks."""
    return [
        Step(
            "email_clicked",
            draw(st.sampled_from((0, HOUR, DAY, 14 * DAY))) + draw(HAIR),
            object_id=draw(st.sampled_from(("c1", "c2", None))),
            link=draw(st.sampled_from(LINKS)),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@st.composite
def refusals(draw: Callable) -> list[Step]:
    """What closes e-mail, by a person or a machine."""
    name = draw(st.sampled_from(("email_hard_bounced", "email_complained", "email_unsubscribed")))
    age = draw(ages)
    steps = [Step(name, age, object_id="r", machine=draw(st.sampled_from((False, True))))]
    if draw(st.booleans()):
        later = draw(st.sampled_from((-MICROSECOND, 0, MICROSECOND, HOUR)))
        steps.append(Step("email_resubscribed", age - later))
    return steps


@st.composite
def gateways(draw: Callable) -> list[Step]:
    """A message that is delivered, and clicked at an edge of what a human can do."""
    age = draw(st.sampled_from((HOUR, 5 * DAY))) + draw(HAIR)
    second = 1_000_000
    clicked = age - draw(st.sampled_from((second, 10 * second, 11 * second, HOUR // 2)))
    steps = [Step("email_delivered", age, object_id="g")] * draw(st.integers(0, 1))
    for at in (clicked, clicked - 2 * second, clicked - draw(HAIR) - 4 * second):
        link = draw(st.sampled_from(("https://we.example/?utm_content=hidden", *LINKS)))
        steps.append(Step("email_clicked", at - draw(HAIR), object_id="g", link=link))
    steps.append(Step("email_opened", clicked - 2 * second - draw(HAIR), object_id="g"))
    return steps


@st.composite
def returned_mail(draw: Callable) -> list[Step]:
    """Messages that came back, some delivered before, between, or at the same instant."""
    steps = []
    # Every second step of a person names an address: these twins are reports of one message.
    for nth in range(draw(st.sampled_from((4, 5, 5, 6)))):
        report = Step("email_soft_bounced", (40 - nth) * DAY, object_id=f"s{nth}")
        steps += [report, report]
    if draw(st.booleans()):
        age = draw(st.sampled_from((41, 38, 36, 35, 1))) * DAY + draw(HAIR)
        delivery = Step("email_delivered", age, object_id=draw(st.sampled_from(("s2", "s9"))))
        steps += [delivery, delivery]
    return steps


@st.composite
def carts(draw: Callable) -> list[Step]:
    """Adds, checkouts and orders around an hour and a week ago, some at one instant."""
    steps = []
    base = draw(st.sampled_from((HOUR, 2 * DAY, 7 * DAY))) + draw(HAIR)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(("product_added", "checkout_started", "order_completed")))
        age = base + draw(st.sampled_from((0, 0, HOUR, -MICROSECOND, MICROSECOND)))
        discount = draw(
            st.sampled_from(
                ((), (("discount", 0),), (("discount", 5),), (("coupon", "X"),), (("coupon", ""),))
            )
        )
        steps.append(
            Step(
                name,
                age,
                path="/cart",
                object_id=draw(st.sampled_from(("o1", "o2", None))),
                value=9.5,
                properties=discount,
            )
        )
    return steps


@st.composite
def baskets(draw: Callable) -> list[Step]:
    """Two things in two carts or in one without a number: put in, taken out, ordered, emptied."""
    base = draw(st.sampled_from((2 * HOUR, 2 * DAY, 5 * DAY)))
    steps = []
    for nth in range(draw(st.integers(2, 6))):
        name = draw(
            st.sampled_from(
                (
                    "product_added", "product_added", "product_removed", "cart_emptied",
                    "product_viewed", "checkout_started", "order_completed", "product_purchased",
                )
            )
        )  # fmt: skip
        order = draw(st.sampled_from(("o7", "o8")))
        thing = draw(st.sampled_from(("lamp", "chair", None)))
        told = {
            "cart_id": draw(st.sampled_from(("k1", "k2", None))),
            "product_id": thing if name.startswith("product") else None,
            "name": draw(st.sampled_from(("Lamp", None))) if thing == "lamp" else None,
            "cart_url": draw(st.sampled_from(("https://shop.example/cart", None))),
            "quantity": draw(st.sampled_from((2, None))),
            "order_id": order if name == "product_purchased" else None,
        }
        steps.append(
            Step(
                name,
                base - draw(st.sampled_from((0, 0, MICROSECOND, nth * MINUTE))),
                path="/cart",
                object_id=order if name == "order_completed" else None,
                value=draw(st.sampled_from((2.5, 10, None))),
                properties=tuple((key, value) for key, value in told.items() if value is not None),
            )
        )
    return steps


@st.composite
def listed_orders(draw: Callable) -> list[Step]:
    """A thing in a cart, and an order that lists it, another thing, or does not say which."""
    added = draw(st.sampled_from((2 * HOUR, 2 * DAY)))
    thing, bought = (draw(st.sampled_from(("lamp", "chair"))) for _ in range(2))
    line = draw(st.sampled_from(((), (("product_id", bought),), (("product_id", bought),))))
    ordered = added - HOUR
    return [
        Step("product_viewed", added, path="/shop/x", properties=(("product_id", thing),)),
        Step("product_added", added, path="/cart", value=5, properties=(("product_id", thing),)),
        Step("order_completed", ordered, path="/cart", object_id="o9", value=10),
        Step("product_purchased", ordered, path="/cart", properties=(("order_id", "o9"), *line)),
    ]


@st.composite
def orders(draw: Callable) -> list[Step]:
    """Orders of two numbers and none, some told twice, and what is given back of them."""
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(
            st.sampled_from(
                ("order_completed", "order_completed", "order_cancelled", "order_refunded")
            )
        )
        steps.append(
            Step(
                name,
                draw(st.one_of(ages, st.sampled_from((HOUR, 365 * DAY)))) + draw(HAIR),
                object_id=draw(st.sampled_from(("o1", "o2", "o2", None))),
                value=draw(st.sampled_from((None, 9.5, 9.5, 20, 20.25, -9.5, -10.75))),
                currency=draw(st.sampled_from(("EUR", "eur", "USD", None))),
            )
        )
    return steps


@st.composite
def forms(draw: Callable) -> list[Step]:
    """Starts and submissions of the same form, another one, or one without a name."""
    base = draw(st.sampled_from((HOUR, 2 * DAY, 7 * DAY))) + draw(HAIR)
    return [
        Step(
            draw(st.sampled_from(("form_started", "form_submitted"))),
            base + draw(st.sampled_from((0, 0, -MICROSECOND, MICROSECOND, HOUR))),
            path="/form",
            object_id=draw(st.sampled_from(("f1", "f2", None))),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@st.composite
def returns(draw: Callable) -> list[Step]:
    """Two visits with a gap at an edge; the latest begins at an edge of how long that holds."""
    begin = draw(st.sampled_from((HOUR, DAY, 7 * DAY, 12 * HOUR))) + draw(HAIR)
    gap = draw(st.sampled_from((30 * MINUTE, DAY, 14 * DAY, 180 * DAY))) + draw(HAIR)
    other = draw(st.sampled_from((0, 0, 1)))
    steps = [page("/", begin), page("/blog/tides", begin + gap, other)]
    if draw(st.booleans()):
        # A visit on another device that lasts into the latest one, or up to its very start.
        steps += [page("/", begin + age + draw(HAIR), 1) for age in (20 * MINUTE, 0)]
    return steps


@st.composite
def bounces(draw: Callable) -> list[Step]:
    """The demo page with or without its goal, in a visit that ended one time-out ago or so."""
    end = draw(st.sampled_from((30 * MINUTE, 2 * DAY, 7 * DAY))) + draw(HAIR)
    steps = [page("/demo", end + draw(st.sampled_from((0, MINUTE))))]
    steps.append(page("/", end))
    if draw(st.booleans()):
        wait = draw(st.sampled_from((0, MINUTE, 30 * MINUTE, 31 * MINUTE)))
        steps.append(Step("demo_requested", end + wait, path="/demo", device=draw(devices)))
    return steps


@st.composite
def reading(draw: Callable) -> list[Step]:
    """Product pages that are read for three minutes or a hair less, with ties and tracks."""
    begin = draw(st.sampled_from((DAY, 7 * DAY, 7 * DAY + 3 * MINUTE))) + draw(HAIR)
    until = begin - 180 * SECOND + draw(HAIR)
    steps = [page("/product/overview", begin), page(draw(st.sampled_from(PATHS)), until)]
    if draw(st.booleans()):
        steps.append(Step("form_started", begin - MINUTE, path="/product/overview", object_id="f"))
    if draw(st.booleans()):
        steps.append(page("/features", begin))
    if draw(st.booleans()):
        # The last page counts up to the last event of the visit.
        steps[1] = Step("form_started", until, path="/product/overview", object_id="g")
    return steps


@st.composite
def videos(draw: Callable) -> list[Step]:
    """Watches of just enough seconds, just too few, and of unknown length."""
    return [
        Step(
            "video_watched",
            draw(st.sampled_from((DAY, 30 * DAY, 100 * DAY))) + draw(HAIR),
            path="/video",
            object_id=draw(st.sampled_from(("product-demo-1", "talk"))),
            value=draw(st.sampled_from((None, 29.0, 30.0, 59.0, 60.0, 61.5))),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@st.composite
def shopping(draw: Callable) -> list[Step]:
    """Views of products, with and without a category, around two weeks ago."""
    return [
        Step(
            "product_viewed",
            draw(st.sampled_from((DAY, 14 * DAY, 2 * DAY))) + draw(HAIR),
            path="/shop/x",
            object_id=draw(st.sampled_from(("p1", "p2", None))),
            properties=draw(st.sampled_from(((("category", "a"),), (("category", "b"),), ()))),
        )
        for _ in range(draw(st.integers(2, 6)))
    ]


@st.composite
def loyalty(draw: Callable) -> list[Step]:
    """Joining and leaving, at times at one instant."""
    base = draw(ages)
    return [
        Step(
            draw(st.sampled_from(("loyalty_joined", "loyalty_left"))),
            base + draw(HAIR),
            path="/club",
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@st.composite
def using(draw: Callable) -> list[Step]:
    """Use of the product in both windows, around 40 % less, and up to ten times."""
    before = draw(st.sampled_from((0, 1, 5, 10)))
    exact = st.sampled_from((before * 6 // 10, before * 6 // 10, before * 6 // 10 + 1, before, 10))
    now = draw(st.one_of(exact, exact, st.integers(8, 30)))
    edges = (0, DAY, 14 * DAY - MICROSECOND)
    earlier = (14 * DAY, 20 * DAY, 28 * DAY - MICROSECOND)
    ages_now = [draw(st.sampled_from(edges)) for _ in range(now)]
    ages_before = [draw(st.sampled_from(earlier)) for _ in range(before)]
    over = [28 * DAY] * draw(st.integers(0, 1))
    steps = [
        Step("feature_used", age, path="/app", object_id="x")
        for age in ages_now + ages_before + over
    ]
    if draw(st.booleans()):
        steps.append(Step("subscription_renewed", draw(ages), path="/app"))
    if draw(st.booleans()):
        steps.append(Step("order_completed", draw(ages), path="/cart", object_id="o9"))
    return steps


@st.composite
def converting(draw: Callable) -> list[Step]:
    """A demo, a trial or an order."""
    name = draw(st.sampled_from(("demo_requested", "trial_started", "order_completed")))
    return [Step(name, draw(ages), path="/demo", object_id="z")]


@st.composite
def staying(draw: Callable) -> list[Step]:
    """What begins and ends being a customer or an opportunity, at their edges."""
    names = (
        "order_completed", "subscription_renewed", "subscription_cancelled", "demo_requested",
        "trial_started",
    )  # fmt: skip
    edges = st.sampled_from((HOUR, 30 * DAY, 90 * DAY, 90 * DAY, 365 * DAY, 365 * DAY))
    return [
        Step(draw(st.sampled_from(names)), draw(edges) + draw(HAIR), path="/x", object_id=f"y{nth}")
        for nth in range(draw(st.integers(1, 4)))
    ]


@st.composite
def silence(draw: Callable) -> list[Step]:
    """Nothing since an edge of falling silent."""
    edge = draw(st.sampled_from((30, 60, 90, 180))) * DAY + draw(HAIR)
    name = draw(st.sampled_from(("page_viewed", "page_viewed", "order_completed", "feature_used")))
    return [Step(name, edge, path=draw(st.sampled_from(("/", "/pricing"))), object_id="s")]


THEMES = (
    browsing, browsing, deciding, nearly_ready, downloads, articles, links, letters, letters,
    clicks, gateways, refusals, returned_mail, carts, baskets, baskets, listed_orders, orders,
    orders, forms, returns, returns, bounces, reading, videos, shopping, loyalty, using, converting,
    staying, staying,
)  # fmt: skip
INDUSTRIES = ("Shipping", "Ports", "Energy", "Tourism", None)
COUNTRIES = ("Denmark", "Germany", "Spain", None)
TITLES = ("Managing Director", "Harbour Master", "Buyer", "Gardener", None)
optional_ages = st.one_of(st.none(), ages)


@st.composite
def records(draw: Callable) -> Record:
    """What the CRM may say, deals included."""
    deals = []
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        stage = draw(st.sampled_from((*WON, *LOST, "contractsent")))
        closed = draw(st.one_of(ages, st.sampled_from((-20 * DAY, -HOUR, -MICROSECOND))))
        deals.append((stage, draw(st.sampled_from((100 * DAY, HOUR, 0, -MICROSECOND))), closed))
    return Record(
        stage=draw(st.sampled_from(("lead", "lead", "customer", "evangelist", None))),
        lead_status=draw(st.sampled_from((None, "OPEN", "UNQUALIFIED"))),
        roles=draw(
            st.sampled_from((None, "CHAMPION", "DECISION_MAKER", "CHAMPION;DECISION_MAKER"))
        ),
        title=draw(st.sampled_from(TITLES)),
        opted_out=draw(st.sampled_from((False, False, False, True))),
        customer_age=draw(st.one_of(st.none(), st.just(30 * DAY), ages)),
        verified_age=draw(
            st.one_of(st.none(), st.builds(lambda hair: 180 * DAY + hair, HAIR), ages)
        ),
        deals=tuple(deals),
    )


firms = st.builds(
    Firm,
    industry=st.sampled_from(INDUSTRIES),
    country=st.sampled_from(COUNTRIES),
    employees=st.sampled_from((50, 499, 500, 10, 49, 9, None)),
    is_target=st.booleans(),
    renewal_age=st.one_of(
        st.none(), st.builds(lambda edge, hair: edge + hair, st.sampled_from((0, -60 * DAY)), HAIR)
    ),
    is_in_crm=st.sampled_from((True, True, False)),
)


@st.composite
def delivered(draw: Callable, step: Step) -> Step:
    """A step with how it reached us: late, twice, with another offset, or from the future."""
    how = draw(st.sampled_from(("soon",) * 12 + ("late", "twice", "future", "far_future", "zone")))
    if how == "late":
        return replace(step, delay=max(step.age, 0))
    if how == "twice":
        return replace(step, copy_age=draw(ages))
    if how == "future":
        # Dated exactly as far ahead of its load as is tolerated.
        return replace(step, delay=-DAY)
    if how == "far_future":
        return replace(step, delay=-DAY - MICROSECOND)
    if how == "zone":
        return replace(step, zone=draw(st.sampled_from((1, 2))))
    return step


@st.composite
def drafts(draw: Callable) -> Draft:
    """One person."""
    count = draw(st.sampled_from((0, 1, 1, 1, 2, 2, 3, 4)))
    themes = [draw(st.sampled_from(THEMES)) for _ in range(count)]
    if draw(st.sampled_from((False,) * 4 + (True,))):
        # Anything else would break the silence, or fill the gap.
        themes = [draw(st.sampled_from((silence, returns, deciding, crossing, using)))]
    steps = [step for theme in themes for step in draw(theme())]
    # Rarely after as_of: such events never count.
    if draw(st.sampled_from((False,) * 9 + (True,))):
        steps.append(page("/pricing", -draw(st.sampled_from((MICROSECOND, HOUR, 23 * HOUR)))))
    has_record = not steps or draw(st.booleans())
    return Draft(
        steps=tuple(draw(delivered(step)) for step in steps),
        record=draw(records()) if has_record else None,
        firm=draw(firms),
        domains=tuple(
            draw(st.sampled_from(("free", "firm", "firm_sub", "own", "rival", "not_rival")))
            for _ in range(draw(st.sampled_from((1, 1, 2))))
        ),
        is_tied=draw(st.booleans()),
        known_age=draw(
            st.builds(lambda edge, hair: edge + hair, st.sampled_from((HOUR, 90 * DAY)), HAIR)
        ),
    )


def draw_drafts(count: int, number: int) -> list[Draft]:
    """So many people, the same for the same seed.

    Hypothesis likes to vary what it drew before, so many short draws differ more than a long one.
    """
    parts = range(0, count, SHORT)
    return [entry for part in parts for entry in draw_some(min(SHORT, count - part), number + part)]


def draw_some(count: int, number: int) -> list[Draft]:
    """One draw of so many people."""
    drawn: list[Draft] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(drafts())
    def collect(draft: Draft) -> None:
        drawn.append(draft)

    collect()
    return drawn


def fell_silent(messages: int, opened: int) -> Draft:
    """Somebody who opened so many of the oldest messages, and none of the newest."""
    ages = [(5 + number) * DAY for number in range(messages)]
    return Draft(
        steps=(
            *(Step("email_delivered", age, object_id=f"m{age}") for age in ages),
            *(Step("email_opened", age - HOUR, object_id=f"m{age}") for age in ages[-opened:]),
        )
    )


def clicked_once() -> Draft:
    """Somebody who clicked in the oldest of eleven messages, and opened no other."""
    ages = [(5 + number) * DAY for number in range(11)]
    return Draft(
        steps=(
            *(Step("email_delivered", age, object_id=f"m{age}") for age in ages),
            Step("email_clicked", ages[-1] - HOUR, object_id=f"m{ages[-1]}", link=LINKS[0]),
        )
    )


def keen_at_a_target() -> Draft:
    """Somebody at a target account who looked at prices all day long."""
    views = tuple(page("/pricing", DAY + number * HOUR) for number in range(6))
    return Draft(steps=views, firm=Firm(is_target=True), domains=("firm",))


# Both sides of an edge that a draw reaches by luck alone. The third begins a company.
RARE = (
    fell_silent(20, 8), fell_silent(20, 7), keen_at_a_target(), fell_silent(19, 8), clicked_once(),
)  # fmt: skip


# --- From drafts to raw files and to the oracle's world ----------------------------------------

TOGETHER = 3
SHORT = 100


@dataclass
class Made:
    """Raw rows by table, and the same people as the oracle knows them."""

    events: list[dict] = field(default_factory=list)
    contacts: list[dict] = field(default_factory=list)
    companies: list[dict] = field(default_factory=list)
    deals: list[dict] = field(default_factory=list)
    deal_contacts: list[dict] = field(default_factory=list)
    world: World | None = None


def make(drafts_: list[Draft], as_of: datetime) -> Made:
    """Turn drafts into raw rows and a world; every few people share a company."""
    made = Made()
    people, companies, deals = [], [], []
    for number, draft in enumerate(drafts_):
        group = number // TOGETHER
        firm = drafts_[group * TOGETHER].firm
        if number % TOGETHER == 0 and firm.is_in_crm:
            companies.append(add_company(made, group, firm, as_of))
        person = add_person(made, number, group, draft, firm, deals, as_of)
        # Of whom nothing usable is known up to as_of is nobody.
        if person.sightings:
            people.append(person)
    made.world = World(as_of, tuple(people), tuple(companies), tuple(deals))
    return made


def instant(as_of: datetime, age: int) -> datetime:
    """The instant of an age in microseconds."""
    return as_of - timedelta(microseconds=age)


def text(at: datetime | None, zone: int = 0) -> str | None:
    """An instant as ISO text in one of the zones."""
    return at and at.replace(tzinfo=UTC).astimezone(ZONES[zone]).isoformat()


def add_company(made: Made, group: int, firm: Firm, as_of: datetime) -> Company:
    """One company of the CRM."""
    renewal = None if firm.renewal_age is None else instant(as_of, firm.renewal_age)
    company = Company(
        company_id=str(50_000 + group),
        domain=f"firm{group}.example",
        industry=firm.industry,
        country=firm.country,
        employees=firm.employees,
        is_target=firm.is_target,
        renewal_at=renewal,
        created_at=instant(as_of, 300 * DAY),
    )
    made.companies.append(
        {
            "id": company.company_id,
            "_fivetran_synced": text(as_of),
            "property_name": f"Firm {group}",
            "property_domain": company.domain,
            "property_industry": company.industry,
            "property_country": company.country,
            "property_numberofemployees": company.employees,
            "property_hs_is_target_account": company.is_target,
            "property_renewal_date": text(renewal),
            "property_createdate": text(company.created_at),
        }
    )
    return company


def add_person(
    made: Made,
    number: int,
    group: int,
    draft: Draft,
    firm: Firm,
    deals: list[Deal],
    as_of: datetime,
) -> Person:
    """One person: the raw rows go to `made`, deals to `deals`."""
    at_domain = {
        "free": "gmail.com",
        "firm": f"firm{group}.example",
        "firm_sub": f"eu.firm{group}.example",
        "own": f"own{number}.example",
        "rival": "mail.buoyware.example",
        "not_rival": f"n{number}buoyware.example",
    }
    addresses = [f"p{number}.{nth}@{at_domain[entry]}" for nth, entry in enumerate(draft.domains)]
    events: list[Event] = []
    seen: dict[str, list[Event]] = {address: [] for address in addresses}
    steps = list(draft.steps)
    if steps:
        # What ties the addresses to the user id, whatever becomes of the rest.
        steps += [Step("identified", draft.known_age) for _ in addresses]
    for nth, step in enumerate(steps):
        email = addresses[nth % len(addresses)] if nth % 2 == 0 else None
        if step.name == "identified":
            email = addresses[nth - len(draft.steps)]
        for copy in range(1 if step.copy_age is None else 2):
            event = add_event(made, number, nth, copy, step, email, as_of)
            events += [event, *arrivals(step, event)]
            if email:
                seen[email].append(event)
    contact, stated = None, []
    if draft.record is not None:
        company_id = str(50_000 + group) if draft.is_tied and firm.is_in_crm else None
        contact = add_contact(made, number, draft.record, addresses[0], company_id, as_of)
        stated.append(instant(as_of, 200 * DAY))
        crm = crm_events(made, number, draft.record, deals, as_of)
        events += crm
    limits = Limits()
    sightings = [event.at for event in kept(events, limits) if event.at <= as_of] + stated
    kept_of = {
        address: [event.at for event in kept(some, limits) if event.at <= as_of]
        for address, some in seen.items()
    }
    if stated:
        kept_of[addresses[0]] += stated
    return Person(
        key=f"u{number}",
        events=tuple(events),
        addresses=tuple((key, max(times)) for key, times in kept_of.items() if times),
        sightings=tuple(sightings),
        contact=contact,
    )


def add_event(
    made: Made, number: int, nth: int, copy: int, step: Step, email: str | None, as_of: datetime
) -> Event:
    """One delivery of one event; the second copy says something else and comes later."""
    age = step.copy_age if copy else step.age
    at = instant(as_of, age)
    loaded = instant(as_of, step.age) + timedelta(microseconds=step.delay)
    if step.delay >= 0:
        loaded = max(min(loaded, as_of), instant(as_of, max(step.age, 0)))
    if copy:
        # Later than the first one, and late enough not to be dated in the future itself.
        loaded = max(loaded + timedelta(hours=1), at)
    device = f"d{number}.{step.device}" if step.path or nth % 3 else None
    event = Event(
        source="events",
        event_id=f"{number}-{nth}",
        behavior=meaning(
            "events",
            step.name,
            page_of(step.path) if step.path else "",
            step.object_id or "",
            step.link or "",
        ),
        at=at,
        loaded=loaded,
        device=device or "",
        email=email,
        object_id=step.object_id,
        value=step.value,
        currency=step.currency,
        is_web=step.path is not None,
        is_machine=step.machine,
        path=step.path and page_of(step.path),
        link=step.link,
        category=dict(step.properties).get("category"),
        cart_id=dict(step.properties).get("cart_id"),
        product_id=dict(step.properties).get("product_id"),
        order_id=dict(step.properties).get("order_id"),
        product_name=dict(step.properties).get("name"),
        cart_link=dict(step.properties).get("cart_url"),
        quantity=dict(step.properties).get("quantity"),
        is_discounted=step.name == "order_completed"
        and (
            bool(dict(step.properties).get("coupon"))
            or float(dict(step.properties).get("discount", 0)) > 0
        ),
    )
    made.events.append(
        {
            "event_id": event.event_id,
            "event_name": step.name,
            "occurred_at": text(at, step.zone),
            "loaded_at": text(loaded, step.zone),
            "anonymous_id": device,
            "user_id": f"u{number}",
            "email": email,
            **spelled(step.path, nth),
            # Where somebody came from is no link that was clicked, whatever it looks like.
            "referrer": LINKS[1],
            "link_url": step.link,
            "object_id": step.object_id,
            "value": step.value,
            "currency": step.currency,
            "is_machine": step.machine,
            "properties": json.dumps(dict(step.properties)),
        }
    )
    return event


def spelled(path: str | None, nth: int) -> dict[str, str | None]:
    """A page as trackers spell it, now in this way and now in that."""
    if path is None:
        return {"page_url": None, "page_path": None}
    place, _, query = path.partition("?")
    at_end = f"?{query}" if query else ""
    odd = place.upper().rstrip("/")
    return (
        {"page_url": f"https://we.example{path}", "page_path": path},
        {"page_url": f"HTTPS://We.Example:443{odd}/{at_end}#top", "page_path": None},
        {"page_url": f"https://we.example/en-US{odd}/index.html{at_end}", "page_path": ""},
        {"page_url": f"https://we.example{path}", "page_path": f"/en{place}"},
    )[nth % 4]


def arrivals(step: Step, event: Event) -> list[Event]:
    """The click on an ad that a view of a page with a paid campaign in its address is as well."""
    if step.name != "page_viewed" or "utm_medium=cpc" not in (step.path or ""):
        return []
    return [
        replace(
            event,
            event_id=f"{event.event_id}#campaign",
            behavior="ad_clicked",
            object_id="&utm_source=letter&utm_medium=cpc&",
            is_web=False,
        )
    ]


def add_contact(
    made: Made, number: int, record: Record, email: str, company_id: str | None, as_of: datetime
) -> Contact:
    """One contact of the CRM, created 200 days ago and not changed since."""
    created = instant(as_of, 200 * DAY)

    def at(age: int | None) -> datetime | None:
        return None if age is None else instant(as_of, age)

    contact = Contact(
        contact_id=str(100_000 + number),
        stage=record.stage,
        company_id=company_id,
        lead_status=record.lead_status,
        buying_roles=record.roles,
        customer_since=at(record.customer_age),
        verified_at=at(record.verified_age) or created,
        job_title=record.title,
        is_opted_out=record.opted_out,
    )
    made.contacts.append(
        {
            "id": contact.contact_id,
            "_fivetran_synced": text(as_of),
            "property_email": email,
            "property_lifecyclestage": record.stage,
            "property_hs_lead_status": record.lead_status,
            "property_hs_buying_role": record.roles,
            "property_jobtitle": record.title,
            "property_hs_email_optout": record.opted_out,
            "property_hs_v2_date_entered_customer": text(contact.customer_since),
            "property_firmographics_verified_at": text(at(record.verified_age)),
            "property_associatedcompanyid": company_id,
            "property_createdate": text(created),
            "property_lastmodifieddate": text(created),
        }
    )
    return contact


def crm_events(
    made: Made, number: int, record: Record, deals: list[Deal], as_of: datetime
) -> list[Event]:
    """What the CRM's tables say happened: the contact's creation, and the steps of its deals."""
    contact_id = str(100_000 + number)
    happened = [("contact_created", contact_id, instant(as_of, 200 * DAY))]
    for nth, (stage, created_age, closed_age) in enumerate(record.deals):
        deal = Deal(
            deal_id=str(1_000_000 + number * 10 + nth),
            contact_ids=(contact_id,),
            stage=stage,
            created_at=instant(as_of, created_age),
            closed_at=None if closed_age is None else instant(as_of, closed_age),
            loaded_at=as_of,
        )
        deals.append(deal)
        made.deals.append(
            {
                "deal_id": deal.deal_id,
                "_fivetran_synced": text(deal.loaded_at),
                "deal_pipeline_stage_id": stage,
                "property_createdate": text(deal.created_at),
                "property_closedate": text(deal.closed_at),
            }
        )
        made.deal_contacts.append({"deal_id": deal.deal_id, "contact_id": contact_id})
        happened.append(("deal_created", deal.deal_id, deal.created_at))
        if stage in (*WON, *LOST):
            step = "deal_won" if stage in WON else "deal_lost"
            happened.append((step, deal.deal_id, closed_by(deal)))
    return [
        Event("hubspot", f"{name}:{event}:{contact_id}", name, at, as_of, object_id=event)
        for name, event, at in happened
    ]


OWN_STAGES = [
    {"stage_id": "signed", "closed_won": True, "is_closed": True},
    {"stage_id": "dropped", "closed_won": False, "is_closed": True},
]


def write(made: Made, raw: Path) -> None:
    """Write the raw rows as newline JSON, in the folders that the sources read."""
    for table, rows in (
        ("events/events", made.events),
        ("hubspot/contacts", made.contacts),
        ("hubspot/companies", made.companies),
        ("hubspot/deals", made.deals),
        ("hubspot/deal_contacts", made.deal_contacts),
        ("hubspot/deal_pipeline_stages", OWN_STAGES),
    ):
        folder = raw / table
        folder.mkdir(parents=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "rows.ndjson").write_text(lines, encoding="utf-8")

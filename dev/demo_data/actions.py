"""What the crowd does on the pages: downloads, forms, carts, orders and product use."""

import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.background import NEVER
from dev.demo_data.tables import DAY, HOUR, MINUTE, SECOND, Clock

PAGE_GROUP_OF = np.array(world.PAGE_GROUP_OF)
FIRST_PAGE_OF = {name: world.PAGE_GROUP_OF.index(code) for name, code in world.GROUP.items()}
PRICES = np.array([price for *_, price in world.PRODUCTS])
APP_PAGE = FIRST_PAGE_OF["app"]
NEWSLETTER_PAGE = FIRST_PAGE_OF["newsletter"]
CART_PAGE, CHECKOUT_PAGE, THANKS_PAGE = range(len(world.PAGES) - 3, len(world.PAGES))
USES_PER_DAY = 0.3


def add_actions(
    random: np.random.Generator, people: dict, pages: pd.DataFrame, clock: Clock
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (pages with the ones that actions lead to, tracks); both within the clock."""
    persona = people["persona"][pages["row"].to_numpy()]
    group = PAGE_GROUP_OF[pages["page"].to_numpy()]
    business = np.isin(persona, (world.SUBSCRIBER, world.LEAD, world.CUSTOMER))

    def on(name: str, share: float, who: np.ndarray | bool = True) -> pd.DataFrame:
        chosen = (group == world.GROUP[name]) & (random.random(len(group)) < share)
        return pages[chosen & who]

    def item(frame: pd.DataFrame, name: str) -> np.ndarray:
        return frame["page"].to_numpy() - FIRST_PAGE_OF[name]

    studies = on("case_study", 0.3, business)
    papers = on("whitepaper", 0.35, business)
    docs = on("docs", 0.4, business)
    first_guide = FIRST_PAGE_OF["docs"] + _size("docs") - len(world.GUIDES)
    guides = docs[docs["page"] >= first_guide]
    demos = on("demo", 0.45, persona == world.LEAD)
    asks = demos[random.random(len(demos)) < 0.5]
    signups = on("signup", 0.4, persona == world.LEAD)
    trials = signups[random.random(len(signups)) < 0.5]
    securities = on("security", 0.15, business)
    comparisons = on("compare", 0.12)
    videos = on("webinar", 0.6)
    viewed = on("shop_product", 0.95)

    papers_at, guides_at = len(world.CASE_STUDIES), len(world.CASE_STUDIES) + len(world.WHITEPAPERS)
    tracks = [
        _track(studies, "content_downloaded", 25, item=item(studies, "case_study")),
        _track(papers, "content_downloaded", 25, item=papers_at + item(papers, "whitepaper")),
        _track(guides, "content_downloaded", 25, item=guides_at + guides["page"] - first_guide),
        _track(securities, "content_downloaded", 25, item=len(world.CONTENTS) - 1),
        _track(comparisons, "link_clicked", 40, item=comparisons["person"] % len(world.REVIEWS)),
        _track(demos, "form_started", 8, item=1),
        _track(asks, "form_submitted", 70, item=1),
        _track(asks, "demo_requested", 71),
        _track(signups, "form_started", 8, item=2),
        _track(trials, "form_submitted", 60, item=2),
        _track(trials, "trial_started", 61),
        _track(
            videos,
            "video_watched",
            240,
            item=item(videos, "webinar"),
            number=random.integers(15, 1800, len(videos)),
        ),
        _track(
            viewed,
            "product_viewed",
            1,
            item=item(viewed, "shop_product"),
            number=PRICES[item(viewed, "shop_product")],
        ),
        _newsletter_forms(people),
        *_loyalty(random, people, clock),
    ]
    cart_pages, cart_tracks = _carts(random, pages, persona, group, clock)
    use_pages, use_tracks = _product_use(random, people, clock)
    all_pages = pd.concat([pages.drop(columns="row"), *cart_pages, use_pages], ignore_index=True)
    all_tracks = pd.concat([*tracks, *cart_tracks, *use_tracks], ignore_index=True)
    return (
        all_pages[all_pages["occurred"] <= clock.as_of],
        all_tracks[all_tracks["occurred"] <= clock.as_of],
    )


def _size(group: str) -> int:
    return len(world.PAGE_GROUPS[world.GROUP[group]].pages)


def _track(
    source: pd.DataFrame,
    event: str,
    seconds_later: int,
    *,
    item: np.ndarray | int = -1,
    number: np.ndarray | int = 0,
) -> pd.DataFrame:
    """One track per row of `source` (pages or tracks), `seconds_later` than that row."""
    return pd.DataFrame(
        {
            "person": source["person"].to_numpy(),
            "occurred": source["occurred"].to_numpy() + seconds_later * SECOND,
            "page": source["page"].to_numpy(),
            "agent": source["agent"].to_numpy(),
            "device": source["device"].to_numpy(),
            "has_user": source["has_user"].to_numpy(),
            "event": np.int8(world.TRACK[event]),
            "item": np.asarray(item, dtype=np.int16),
            "number": np.asarray(number, dtype=np.int32),
            # Carts and orders are named by person and day of the first thing put in.
            "basket": (source["occurred"].to_numpy() // DAY).astype(np.int32),
        }
    )


def _page(source: pd.DataFrame, page: int, seconds_later: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": source["person"].to_numpy(),
            "occurred": source["occurred"].to_numpy() + seconds_later * SECOND,
            "page": np.int16(page),
            "referrer": np.int8(0),
            "agent": source["agent"].to_numpy(),
            "device": source["device"].to_numpy(),
            "has_user": source["has_user"].to_numpy(),
        }
    )


def _loyalty(random: np.random.Generator, people: dict, clock: Clock) -> list[pd.DataFrame]:
    """A third of the known shoppers join the loyalty programme; a few of them leave again."""
    known = (people["persona"] == world.SHOPPER) & (people["identified_at"] < NEVER)
    joins = known & (random.random(len(known)) < 0.34)
    joined = pd.DataFrame(
        {
            "person": people["person"][joins],
            "occurred": people["identified_at"][joins] + HOUR,
            "page": np.int16(FIRST_PAGE_OF["shop"]),
            "agent": np.int8(0),
            "device": False,
            "has_user": True,
        }
    )
    leaves = joined[random.random(len(joined)) < 0.1]
    return [
        _track(joined, "loyalty_joined", 0),
        _track(leaves, "loyalty_left", 20 * DAY // SECOND),
    ]


def _newsletter_forms(people: dict) -> pd.DataFrame:
    joins = (people["persona"] == world.SUBSCRIBER) & (people["identified_at"] < NEVER)
    source = pd.DataFrame(
        {
            "person": people["person"][joins],
            "occurred": people["identified_at"][joins],
            "page": np.int16(NEWSLETTER_PAGE),
            "agent": np.int8(0),
            "device": False,
            "has_user": True,
        }
    )
    return _track(source, "form_submitted", 0, item=0)


def _carts(
    random: np.random.Generator,
    pages: pd.DataFrame,
    persona: np.ndarray,
    group: np.ndarray,
    clock: Clock,
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Carts of one day each: most are ordered, some the day after, the rest abandoned."""
    eager = np.where(persona == world.SHOPPER, 0.16, 0.02)
    adds = pages[(group == world.GROUP["shop_product"]) & (random.random(len(group)) < eager)]
    product = adds["page"].to_numpy() - FIRST_PAGE_OF["shop_product"]
    added = _track(adds, "product_added", 35, item=product, number=PRICES[product])
    added["number"] = added["number"].astype(np.int32)
    # One cart per person and day; what is ordered is everything put in that day.
    carts = added.sort_values(["person", "occurred"], kind="stable").assign(
        number=lambda frame: frame.groupby(["person", "basket"])["number"].transform("sum")
    )
    carts = carts.drop_duplicates(["person", "basket"], keep="last")
    checkouts = carts[random.random(len(carts)) < 0.68]
    ordering = (random.random(len(checkouts)) < 0.78) & checkouts["has_user"]
    orders = checkouts[ordering].copy()
    orders["occurred"] += np.where(random.random(len(orders)) < 0.1, 20 * HOUR, 4 * MINUTE)
    orders = orders[orders["occurred"] <= clock.as_of]
    cancelled = orders[random.random(len(orders)) < 0.04]
    made = [added] + [
        _track(source, event, seconds, number=source["number"]).assign(
            basket=source["basket"].to_numpy()
        )
        for source, event, seconds in (
            (checkouts, "checkout_started", 60),
            (orders, "order_completed", 0),
            (cancelled, "order_cancelled", 30 * 3600),
        )
    ]
    followed = [
        _page(carts, CART_PAGE, 20),
        _page(checkouts, CHECKOUT_PAGE, 59),
        _page(orders, THANKS_PAGE, 2),
    ]
    return followed, made


def _product_use(
    random: np.random.Generator, people: dict, clock: Clock
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Customers use the product; a fifth of them less and less; some renew."""
    who = np.flatnonzero((people["persona"] == world.CUSTOMER) & (people["identified_at"] < NEVER))
    since = people["identified_at"][who] + 5 * MINUTE
    until = np.maximum(people["quiet"][who], since + HOUR)
    counts = random.poisson((until - since) / DAY * USES_PER_DAY)
    row = np.repeat(np.arange(len(who)), counts)
    share = random.random(len(row))
    declines = random.random(len(who)) < 0.2
    keep = ~declines[row] | (random.random(len(row)) > share)
    row, share = row[keep], share[keep]

    def at(share: np.ndarray, row: np.ndarray) -> pd.DataFrame:
        occurred = since[row] + (share * (until[row] - since[row])).astype(np.int64)
        return pd.DataFrame(
            {
                "person": people["person"][who[row]],
                "occurred": occurred // 1000 * 1000,
                "page": np.int16(APP_PAGE),
                "agent": np.int8(0),
                "device": False,
                "has_user": True,
            }
        )

    used = at(share, row)
    renewing = np.flatnonzero(random.random(len(who)) < 0.25)
    renewed = at(random.random(len(renewing)), renewing)
    tracks = [
        _track(used, "feature_used", 20, item=random.integers(0, len(world.FEATURES), len(used))),
        _track(renewed, "subscription_renewed", 0, number=49_900),
    ]
    return _page(used, APP_PAGE, 0), tracks

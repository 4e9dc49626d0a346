"""Planted people around the core segments: members, and those who miss by a hair.

Every loop is one story. Times are days ago and keep clear of the edges, except in the stories
that are about an edge: those are cast with `exact`. Visits lie more than a day apart and more
than a day ago, so that nobody is a hot returner by accident.
"""

from dev.demo_data.book import Book, Person, days, hours, minutes

FIVE_DAYS_OF_PRICING = (6.5, 5.2, 4.0, 2.8, 1.6)


def plant_pricing(book: Book) -> None:
    """Five pricing views in seven days, and every way to have just fewer."""
    for person in book.cast("pricing_at_threshold", 3, why="Five pricing views in seven days."):
        person.identify(days(12))
        _pricing(person, *FIVE_DAYS_OF_PRICING)
    for person in book.cast("pricing_above_threshold", 3, why="Ten pricing views in seven days."):
        person.identify(days(12))
        for ago in FIVE_DAYS_OF_PRICING:
            person.visit(days(ago), "/pricing", "/features", "/pricing/enterprise")
    for person in book.cast(
        "pricing_below_threshold", 3, why="Four pricing views in seven days: one too few."
    ):
        person.identify(days(12))
        _pricing(person, *FIVE_DAYS_OF_PRICING[1:])
    for person in book.cast(
        "pricing_spread_out", why="Five pricing views, but only four of them in seven days."
    ):
        person.identify(days(12))
        _pricing(person, 8.0, *FIVE_DAYS_OF_PRICING[1:])
    for person in book.cast(
        "pricing_exactly_a_window_ago",
        1,
        exact=True,
        why="Five pricing views, the first exactly seven days ago, which is outside.",
    ):
        person.identify(days(12))
        _pricing(person, 7, 5, 4, 3, 2)
    for person in book.cast(
        "pricing_at_the_very_instant",
        1,
        exact=True,
        why="Five pricing views, the last exactly at the instant we look from, which counts.",
    ):
        person.identify(days(12))
        _pricing(person, 6, 5, 4, 3, 0)
    for person in book.cast(
        "pricing_anonymous",
        key="anonymous_id",
        why="Six pricing views by somebody who never said who they are.",
    ):
        _pricing(person, *FIVE_DAYS_OF_PRICING, 1.5)
    for person in book.cast(
        "pricing_before_and_after_login",
        why="Three pricing views before the first login and two after it make five.",
    ):
        for ago in FIVE_DAYS_OF_PRICING[:3]:
            person.view("/pricing", days(ago), user_id=None)
        person.identify(days(3.4))
        _pricing(person, *FIVE_DAYS_OF_PRICING[3:])
    for event, form in (("demo_requested", "demo-request"), ("trial_started", "trial-signup")):
        for person in book.cast(
            f"pricing_but_{event}", why=f"Six pricing views, but {event} 40 days ago: converted."
        ):
            person.identify(days(41))
            person.visit(days(40), "/demo" if event == "demo_requested" else "/signup")
            person.track("form_submitted", days(40) - minutes(3), {"form_id": form})
            person.track(event, days(40) - minutes(4))
            _pricing(person, *FIVE_DAYS_OF_PRICING, 1.3)


def _pricing(person: Person, *ago_days: float) -> None:
    for ago in ago_days:
        person.view("/pricing", days(ago))


def plant_sales_ready(book: Book) -> None:
    """Three pricing views, a case study and three letters opened in a row, or not quite."""
    for person in book.cast(
        "sales_ready", 3, why="Three pricing views, a case study, three opens."
    ):
        _ready(person)
    for person in book.cast("sales_ready_by_clicks", why="Clicks count as opens of the letters."):
        _ready(person, how={"clicked": True})
    for person in book.cast(
        "sales_ready_fresh_letter",
        why="The newest letter is unopened but only a day old, so it does not break the streak.",
    ):
        _ready(person)
        person.letter(days(1))
    for person in book.cast(
        "sales_ready_and_pricing",
        why="Ready for sales, and five of the pricing views in seven days.",
    ):
        _ready(person, pricing=FIVE_DAYS_OF_PRICING)
    near_misses = (
        ("streak_of_two", "Only the last two letters opened.", {"ignored": 18}),
        ("newest_unopened", "The newest letter, four days old, is unopened.", {"ignored": 4}),
        ("two_pricing_views", "Two pricing views instead of three.", {"pricing": (20, 9)}),
        ("old_pricing_view", "The third pricing view is 31 days old.", {"pricing": (31, 20, 9)}),
        ("old_case_study", "The case study was taken 31 days ago.", {"study": 31}),
        ("no_case_study", "Read the case study but did not download it.", {"study": None}),
    )
    for name, why, changed in near_misses:
        for person in book.cast(f"almost_ready_{name}", why=why):
            _ready(person, **changed)
    for person in book.cast(
        "almost_ready_demo_requested", why="All of it, but a demo was asked for: converted."
    ):
        _ready(person)
        person.track("demo_requested", days(9) - minutes(5), path="/demo")
    for machine in ("apple", "google"):
        for person in book.cast(
            f"machine_opener_{machine}", why="Only machines opened the letters: no streak at all."
        ):
            _ready(person, how={"machine": machine})
    for person in book.cast(
        "streak_opener", 3, why="Opened the last six letters, and did nothing else of note."
    ):
        person.identify(days(60))
        for ago in (4, 11, 18, 25, 32, 39, 46):
            person.letter(days(ago), opened=ago < 46)


def _ready(
    person: Person,
    *,
    pricing: tuple[float, ...] = (20, 14, 9),
    study: float | None = 12,
    ignored: float = 25,
    how: dict[str, bool | str] | None = None,
) -> None:
    """Meet all three conditions; letters are four to 32 days old, the `ignored` one unopened."""
    person.identify(days(35))
    _pricing(person, *pricing)
    person.view("/case-studies/bluequay", days(study or 12))
    if study:
        content = {"content_id": "case-studies/bluequay"}
        person.track("content_downloaded", days(study) - minutes(4), content)
    for ago in (4, 11, 18, 25, 32):
        person.letter(days(ago), **({} if ago == ignored else how or {"opened": True}))


def plant_silent_openers(book: Book) -> None:
    """Twenty letters, four days apart, to people of whom only the address is known.

    The last open is less than 60 days old, so that none of them is a lapsed lead as well.
    """
    stories = (
        ("silent_at_threshold", "Opened eight of ten, then none of the last ten.", range(10, 18)),
        ("silent_all_ten", "Opened ten of ten, then none of the last ten.", range(10, 20)),
        ("silent_by_machine", "Since then only a machine opens.", range(10, 20)),
        ("silent_fresh_letter", "A letter 36 hours old does not count yet.", range(13, 21)),
        ("not_keen_enough", "Opened seven of ten before going silent.", range(10, 17)),
        ("not_silent", "Opened one of the last ten.", range(9, 20)),
        ("nineteen_letters", "Opened nine of nine before going silent.", range(10, 19)),
        ("silent_after_three", "Opened three of three, then none of ten.", range(10, 13)),
        ("silent_after_two", "Opened two of two before: no habit yet.", range(10, 12)),
    )
    for name, why, opened in stories:
        for person in book.cast(name, key="email", why=why):
            offset = 1.5 if name == "silent_fresh_letter" else 4
            count = {
                "nineteen_letters": 19,
                "silent_fresh_letter": 21,
                "silent_after_three": 13,
                "silent_after_two": 12,
            }.get(name, 20)
            for nth in range(count):
                machine = "apple" if name == "silent_by_machine" and nth < 10 else ""
                person.letter(days(offset + 4 * nth), opened=nth in opened, machine=machine)
    for person in book.cast(
        "silent_and_lapsed",
        why="Opened ten weekly letters, then none of ten: the last sign of life is 74 days old.",
    ):
        person.identify(days(150))
        for nth in range(20):
            person.letter(days(4 + 7 * nth), opened=nth >= 10)


def plant_lapsed(book: Book) -> None:
    """The last sign of life 60 to 90 days ago; later mail, machines and CRM rows are none."""
    for ago in (61, 75, 89):
        for person in book.cast(f"lapsed_{ago}_days", why=f"Last engaged {ago} days ago."):
            _last_seen(person, ago)
    for ago in (59, 91):
        for person in book.cast(f"not_lapsed_{ago}_days", why=f"Last engaged {ago} days ago."):
            _last_seen(person, ago)
    for person in book.cast("lapsed_ignores_letters", why="Gets letters since, opens none."):
        _last_seen(person, 70)
        for ago in (4, 11, 18, 25):
            person.letter(days(ago))
    for person in book.cast(
        "lapsed_machine_opens", why="Since then only a machine opens the mail."
    ):
        _last_seen(person, 70)
        for ago in (4, 11, 18, 25):
            person.letter(days(ago), machine="apple")
    for person in book.cast(
        "lapsed_in_crm", why="The CRM record is new, the person is not active."
    ):
        _last_seen(person, 70)
        person.contact("lead", days(5))
    for person in book.cast(
        "lapsed_heard_late",
        why="The last visit, 70 days ago, reached us only two days ago.",
    ):
        person.identify(days(80))
        received = book.clock.as_of - days(2)
        for path in ("/product/overview", "/security"):
            person.view(path, days(70), received=received)
    for person in book.cast(
        "not_lapsed_opens_mail", why="Last visit 70 days ago, but opened a letter 10 days ago."
    ):
        _last_seen(person, 70)
        person.letter(days(10), opened=True)
    for person in book.cast(
        "not_lapsed_anonymous",
        key="anonymous_id",
        why="Last engaged 70 days ago, but nobody knows who it was.",
    ):
        person.visit(days(70), "/blog/small-boats", "/pricing")
    for person in book.cast("not_lapsed_customer", why="Quiet for 70 days, but a customer."):
        person.identify(days(85))
        _order(person, 70)


def _last_seen(person: Person, ago: float) -> None:
    person.identify(days(ago + 20))
    person.visit(days(ago) + minutes(10), "/product/overview", "/security", "/docs/limits")


def plant_shop(book: Book) -> None:
    """Carts: left, ordered, left again, too fresh and too old."""
    for person in book.cast("cart_left", 3, business=False, why="Left a cart two days ago."):
        person.identify(days(15))
        _cart(person, days(2))
    for person in book.cast(
        "cart_left_at_checkout",
        business=False,
        why="Left at the checkout three days ago.",
    ):
        person.identify(days(15))
        _cart(person, days(3))
        person.track("checkout_started", days(3) - minutes(4), _cart_id(person), path="/checkout")
    for person in book.cast(
        "cart_just_old_enough",
        exact=True,
        business=False,
        why="Left a cart 90 minutes ago: older than an hour.",
    ):
        person.identify(days(15))
        _cart(person, minutes(90))
    for person in book.cast(
        "cart_anonymous",
        key="anonymous_id",
        why="Left a cart two days ago without ever logging in.",
    ):
        _cart(person, days(2))
    for person in book.cast("cart_recovered", 3, business=False, why="Ordered the day after."):
        person.identify(days(15))
        _cart(person, days(5))
        _order(person, 3.8)
    for person in book.cast(
        "cart_left_after_order",
        business=False,
        why="Ordered five days ago, then put something in again and left.",
    ):
        person.identify(days(15))
        _cart(person, days(5) + minutes(5))
        _order(person, 5)
        _cart(person, days(2))
    for person in book.cast(
        "cart_too_fresh", exact=True, business=False, why="The cart is 30 minutes old."
    ):
        person.identify(days(15))
        _cart(person, minutes(30))
    for person in book.cast("cart_too_old", business=False, why="The cart is eight days old."):
        person.identify(days(15))
        _cart(person, days(8))
    for person in book.cast(
        "window_shopper", business=False, why="Looked at products, put nothing in a cart."
    ):
        person.identify(days(15))
        person.visit(days(2), "/shop", "/shop/sensors/wave-buoy")
        product = {"product_id": "p_003", "category": "sensors", "price": 899.0}
        person.track("product_viewed", days(2) - minutes(2), product)


def _cart_id(person: Person) -> dict[str, str]:
    return {"cart_id": f"c_{person.number}"}


def _cart(person: Person, ago: int) -> None:
    """Put one thing in the cart, exactly `ago`; the page was opened before that."""
    path = "/shop/sensors/tide-gauge-mini"
    person.visit(ago + minutes(3), "/shop", path)
    product = {"product_id": "p_001", "price": 129.0} | _cart_id(person)
    person.track("product_added", ago, product, path=path)


def _order(person: Person, ago_days: float) -> None:
    person.visit(days(ago_days) + minutes(2), "/checkout")
    order = {"order_id": f"o_{person.number}", "revenue": 129.0, "currency": "EUR"}
    person.track("order_completed", days(ago_days), order, path="/checkout")


def plant_visits(book: Book) -> None:
    """Back within a day, or away for half a year."""
    hot = (
        ("hot_returner", "Back within 17 hours, three hours ago.", (hours(20), hours(3)), True),
        ("hot_after_half_an_hour", "Back after 31 minutes: a new visit, no return.", None, True),
        ("same_visit", "A pause of 29 minutes does not start a new visit.", None, False),
        ("back_too_late", "Back after 30 hours.", (hours(33), hours(3)), False),
        ("back_but_yesterday", "Back soon, but 30 hours ago.", (hours(36), hours(30)), False),
    )
    for name, why, visits, belongs in hot:
        for person in book.cast(name, exact=True, why=why):
            person.identify(days(10))
            if visits:
                for ago in visits:
                    person.visit(ago, "/product/overview", "/blog/reading-a-wave")
            else:
                pause = minutes(31 if belongs else 29)
                person.view("/product/overview", hours(4) + pause)
                person.view("/blog/reading-a-wave", hours(4))
    for person in book.cast("hot_anonymous", key="anonymous_id", why="Back within hours, unknown."):
        person.visit(hours(15), "/", "/product/overview")
        person.visit(hours(6), "/features")
    for person in book.cast("first_visit_today", why="One visit, three hours ago, the first."):
        person.identify(hours(3))
        person.visit(hours(3) - minutes(1), "/product/overview")

    for person in book.cast("absent", 3, why="Last visit 190 days ago."):
        person.identify(days(195))
        person.visit(days(190), "/product/overview", "/features")
    for person in book.cast(
        "absent_exactly", 1, exact=True, why="Last visit exactly 180 days ago."
    ):
        person.identify(days(190))
        person.view("/product/overview", days(180))
    for person in book.cast("not_absent", why="Last visit 179 days ago."):
        person.identify(days(195))
        person.visit(days(179), "/product/overview", "/features")
    for person in book.cast("absent_anonymous", key="anonymous_id", why="Away 185 days, unknown."):
        person.visit(days(185), "/blog/small-boats")
    for person in book.cast(
        "absent_reads_mail", why="Opens letters, but last visited 190 days ago."
    ):
        person.identify(days(190))
        for ago in (4, 11, 18):
            person.letter(days(ago), opened=True)
    for person in book.cast(
        "absent_and_lapsed",
        why="Last visit 190 days ago, last letter opened 75 days ago.",
    ):
        person.identify(days(190))
        person.letter(days(75), opened=True)

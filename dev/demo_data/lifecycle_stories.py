"""Planted people who became something and are it no more, or are it still by a day."""

from dev.demo_data.book import Book, Person, days, hours, minutes
from dev.demo_data.life_stories import customer, use


def plant_lifecycle(book: Book) -> None:
    """Both sides of the end of every stage, and what comes after it."""
    _plant_requests(book)
    _plant_trials(book)
    _plant_former_customers(book)
    _plant_lost_deals(book)
    _plant_returns(book)
    _plant_habits(book)
    _plant_carts(book)


def _plant_requests(book: Book) -> None:
    for name, ago, why in (
        ("demo_asked_lately", 3, "Asked for a demo three days ago."),
        ("demo_asked_89_days_ago", 89, "Asked for a demo 89 days ago: still waiting."),
        ("demo_asked_91_days_ago", 91, "Asked for a demo 91 days ago: nobody's opportunity now."),
        ("demo_asked_700_days_ago", 700, "Asked for a demo 700 days ago, and compares prices."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(ago + 1))
            ask(person, ago)
            if ago == 700:
                pricing(person)
    for person in book.cast(
        "demo_asked_exactly_90_days_ago", 1, exact=True, why="90 days to the microsecond are over."
    ):
        person.identify(days(91))
        ask(person, 90)
    for person in book.cast("demo_answered", why="Asked for a demo; the deal was lost since."):
        person.identify(days(60))
        ask(person, 50)
        person.contact("opportunity", days(50))
        person.deal("closedlost", days(49), days(20))
    for person in book.cast(
        "demo_asked_after_a_loss", why="A deal was lost, and then they asked for a demo again."
    ):
        person.identify(days(100))
        person.contact("opportunity", days(90))
        person.deal("closedlost", days(80), days(45))
        ask(person, 12)


def _plant_trials(book: Book) -> None:
    for name, ago, why in (
        ("trial_running", 20, "Began a trial 20 days ago."),
        ("trial_long_over", 100, "Began a trial 100 days ago, and nothing came of it."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(ago + 1))
            begin_trial(person, ago)
    for person in book.cast("trial_bought", why="Began a trial and ordered ten days later."):
        person.identify(days(31))
        begin_trial(person, 30)
        order(person, 20)
    for person in book.cast(
        "trial_of_a_customer", why="A customer who tries out something else is on no trial."
    ):
        person.identify(days(61))
        order(person, 60)
        begin_trial(person, 30)


def _plant_former_customers(book: Book) -> None:
    for name, ago, why in (
        ("ordered_364_days_ago", 364, "Ordered 364 days ago: a customer for one more day."),
        ("ordered_366_days_ago", 366, "Ordered 366 days ago: was a customer."),
        ("ordered_900_days_ago", 900, "Ordered 900 days ago, and compares prices: a prospect."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(ago + 1))
            order(person, ago)
            if ago == 900:
                pricing(person)
    for person in book.cast("cancelled", why="Cancelled the subscription 20 days ago."):
        subscribe(person)
        cancel(person, 20)
    for person in book.cast("cancelled_and_renewed", why="Cancelled, and came back a week later."):
        subscribe(person)
        cancel(person, 40)
        renew(person, 33)
    for person in book.cast(
        "cancelled_and_asks_again", why="Cancelled long ago, and asked for a demo last week."
    ):
        subscribe(person)
        cancel(person, 100)
        ask(person, 7)
    for person in book.cast(
        "order_taken_back", business=False, why="Their only order was cancelled: never a customer."
    ):
        person.identify(days(31))
        number = order(person, 30)
        person.track("order_cancelled", days(29), {"order_id": number}, path="/cart")


def _plant_lost_deals(book: Book) -> None:
    for name, why, agos in (
        ("lost_and_back", "A deal was lost 45 days ago, pricing this week.", (5, 3)),
        ("lost_and_back_once", "A deal was lost 45 days ago, one look 13 days ago.", (13,)),
        ("lost_and_back_too_long_ago", "Looked again, but 15 days ago.", (15,)),
        ("lost_after_looking", "Looked at prices, and then the deal was lost.", (50, 46)),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(100))
            person.contact("opportunity", days(90))
            person.deal("closedlost", days(80), days(45))
            for ago in agos:
                person.view("/pricing", days(ago))
    for person in book.cast(
        "lost_and_dealing_again", why="A deal was lost, and another one is open."
    ):
        person.identify(days(100))
        person.contact("opportunity", days(90))
        person.deal("closedlost", days(80), days(45))
        person.deal("contractsent", days(10), days(-30))
        person.view("/pricing", days(5))


def _plant_returns(book: Book) -> None:
    page = minutes(1.5)
    for name, agos, why in (
        ("back_after_four_hours", (hours(9) + page, hours(5)), "Back after four hours exactly."),
        (
            "paused_under_four_hours",
            (hours(9), hours(5)),
            "Back after a minute and a half less than four hours.",
        ),
        (
            "returned_then_paused",
            (hours(20), hours(4), hours(3)),
            "Back after 16 hours, and once more after a pause of an hour.",
        ),
        (
            "reactivated_and_again",
            (days(200), days(5), days(4), days(1.5)),
            "Back after half a year, and again on two days of that week.",
        ),
        (
            "warm_and_again",
            (days(30), days(6.5), days(1.5)),
            "Back after three weeks, and again in the same week.",
        ),
    ):
        for person in book.cast(name, exact=True, why=why):
            for ago in agos:
                person.visit(ago, "/blog/small-boats", "/about")
    for name, agos, why in (
        ("reads_the_blog", (20, 12, 4), "Read the blog in three visits."),
        ("reads_the_blog_once", (4.02, 4.01, 4), "Three articles of the blog in one visit."),
        (
            "read_the_blog_before",
            (31, 12, 4),
            "Read the blog in three visits, the first 31 days ago.",
        ),
    ):
        for person in book.cast(name, why=why):
            for ago in agos:
                person.visit(days(ago), "/blog/small-boats")
    for person in book.cast("goes_on_from_demo_page", why="Saw the demo page, and read on."):
        person.identify(days(12))
        person.visit(days(4), "/demo", "/about")


def _plant_habits(book: Book) -> None:
    for name, newest, why in (
        ("opened_long_ago", 91, "Opened three letters in a row, the newest 91 days ago."),
        ("opened_just_in_time", 89, "Opened three letters in a row, the newest 89 days ago."),
    ):
        for person in book.cast(name, key="email", why=why):
            for nth in range(3):
                person.letter(days(newest + 7 * nth), opened=True)
    for name, others, why in (
        ("mostly_careers", 1, "Three careers pages of five: looks for a job."),
        ("curious_about_careers", 3, "Three careers pages of seven: looks at much."),
    ):
        for person in book.cast(name, key="anonymous_id", why=why):
            for nth in range(3):
                person.view("/careers", days(20 + 2 * nth))
            for nth in range(2, 3 + others):
                person.view("/about", days(10 + 2 * nth))
    for name, before, why in (
        ("uses_less_in_a_month", 10, "Six uses in 30 days, ten in the 30 before: 40 % less."),
        ("uses_hardly_less_in_a_month", 9, "Six uses in 30 days, nine in the 30 before."),
    ):
        for person in book.cast(name, why=why):
            customer(person)
            for ago in (3, 7, 11, 16, 20, 24):
                use(person, ago)
            for nth in range(before):
                use(person, 31 + nth * 2.5)
    for person in book.cast("trial_uses_less", why="On trial, and uses the product ever less."):
        person.identify(days(41))
        begin_trial(person, 40)
        for ago in (5, 15, 17, 19, 21):
            use(person, ago)
    for name, uses, why in (
        ("busy_champion", 8, "The contract ends in 59 days; the champion is busy."),
        ("silent_colleague", 0, "A colleague of the champion who does nothing: no risk."),
    ):
        for nth, person in enumerate(book.cast(name, why=why)):
            person.works_at(f"Renewing Quay {nth}")
            customer(person, {"property_renewal_date": book.clock.as_of + days(59)})
            for ago in range(uses):
                use(person, 2 + ago)


def _plant_carts(book: Book) -> None:
    gauge, buoy = {"product_id": "p_001", "price": 129.0}, {"product_id": "p_003", "price": 899.0}
    stories = (
        ("cart_taken_out", "Put one thing in, and took it out.", (("product_removed", gauge),)),
        ("cart_other_taken_out", "Took another thing out.", (("product_removed", buoy),)),
        ("cart_emptied", "Put one thing in, and emptied the cart.", (("cart_emptied", {}),)),
        (
            "cart_other_ordered",
            "Ordered another cart; this one is still there.",
            (("order_completed", {"cart_id": "another", "revenue": 899.0}),),
        ),
        (
            "cart_other_product_ordered",
            "Ordered another product; this one is still in the cart.",
            (("order_completed", {"products": [buoy], "revenue": 899.0}),),
        ),
        (
            "cart_product_ordered",
            "Ordered the very product from another page.",
            (("order_completed", {"products": [gauge], "revenue": 129.0}),),
        ),
    )
    for name, why, acts in stories:
        for person in book.cast(name, business=False, why=why):
            person.identify(days(15))
            cart = {"cart_id": f"c_{person.number}"}
            person.track("product_viewed", days(3) + minutes(2), gauge, path="/shop")
            person.track("product_added", days(3), gauge | cart, path="/shop")
            for event, told in acts:
                own = cart if event in ("product_removed", "cart_emptied") else {}
                number = {"order_id": f"o_{person.number}"} if event == "order_completed" else {}
                person.track(event, days(2), told | own | number, path="/cart")


def ask(person: Person, ago: float) -> None:
    """Ask for a demo, so many days ago."""
    person.view("/demo", days(ago) + minutes(5))
    person.track("demo_requested", days(ago), path="/demo")


def begin_trial(person: Person, ago: float) -> None:
    """Begin a trial, so many days ago."""
    person.view("/signup", days(ago) + minutes(5))
    person.track("trial_started", days(ago), path="/signup")


def order(person: Person, ago: float) -> str:
    """Order something, so many days ago; returns the order's number."""
    number = f"o_{person.number}"
    properties = {"order_id": number, "revenue": 60.0, "currency": "EUR"}
    person.track("order_completed", days(ago), properties, path="/cart")
    return number


def subscribe(person: Person) -> None:
    """Become a customer by a renewal 200 days ago."""
    person.identify(days(210))
    renew(person, 200)


def renew(person: Person, ago: float) -> None:
    """Renew the subscription, so many days ago."""
    person.track("subscription_renewed", days(ago), {"revenue": 499.0}, path="/app")


def cancel(person: Person, ago: float) -> None:
    """Cancel the subscription, so many days ago."""
    person.track("subscription_cancelled", days(ago), path="/app")


def pricing(person: Person) -> None:
    """Compare prices five times in a week."""
    for ago in (6.5, 5.2, 4.0, 2.8, 1.6):
        person.view("/pricing", days(ago))

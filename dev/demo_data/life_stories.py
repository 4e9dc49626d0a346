"""Planted people whose story is a life with us: evaluators, customers, those not to be mailed."""

from dev.demo_data.book import Book, Person, Row, days, hours, minutes


def plant_evaluators(book: Book) -> None:
    """People who look around with purpose."""
    for person in book.cast("evaluator", 4, why="Compares, checks security, reads guides."):
        person.identify(days(30))
        person.visit(days(22), "/compare/tidemark-vs-spreadsheets", "/security/compliance")
        person.visit(days(16), "/docs/guides/integration-warehouse", "/roi-calculator")
        guide = {"content_id": "guides/integration-warehouse"}
        person.track("content_downloaded", days(16) - minutes(5), guide)
        person.visit(days(8), "/case-studies/northpier", "/pricing", "/security")
        person.contact("marketingqualifiedlead", days(15))
    for person in book.cast("form_left", why="Began the demo form six days ago, never sent it."):
        person.identify(days(20))
        person.view("/demo", days(6))
        person.track("form_started", days(6) - minutes(1), {"form_id": "demo-request"})
    for person in book.cast("video_watcher", why="Watched two videos nearly to the end."):
        person.identify(days(20))
        for ago, video in ((9, "first-steps"), (5, "product-demo")):
            person.view(f"/webinars/{video}", days(ago))
            watched = {"video_id": video, "seconds": 1500}
            person.track("video_watched", days(ago) - minutes(26), watched)
    for person in book.cast(
        "job_seeker", key="anonymous_id", why="Only ever looked at the careers pages."
    ):
        for ago in (12, 9, 5):
            person.visit(days(ago), "/careers", "/careers/field-engineer")


def plant_customers(book: Book) -> None:
    """Every way to be a customer, and the ways that only look like it."""
    for person in book.cast("shop_buyer", 4, business=False, why="Ordered 30 days ago."):
        person.identify(days(40))
        person.visit(days(30) + minutes(6), "/shop", "/shop/cables/sealed-plug")
        product = {"product_id": "p_012", "price": 12.0, "cart_id": f"c_{person.number}"}
        person.track("product_added", days(30) + minutes(3), product)
        person.track("checkout_started", days(30) + minutes(1), {"cart_id": f"c_{person.number}"})
        order = {"order_id": f"o_{person.number}", "revenue": 12.0, "currency": "EUR"}
        person.track("order_completed", days(30), order)
    for person in book.cast("deal_won", 3, why="Their deal was won."):
        person.identify(days(100))
        person.visit(days(40), "/docs/getting-started", "/docs/alarms")
        person.contact("opportunity", days(90))
        person.deal("closedwon", days(80), days(45))
    for person in book.cast("crm_customer", key="email", why="The CRM calls them a customer."):
        person.contact("customer", days(120))
    for name, why, stage, deleted in (
        ("deal_lost", "Their deal was lost.", "closedlost", False),
        ("deal_open", "Their deal is still open.", "contractsent", False),
        ("deal_deleted", "Their won deal was deleted in the CRM.", "closedwon", True),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(100))
            person.visit(days(40), "/docs/getting-started", "/security")
            person.contact("opportunity", days(90))
            closed = days(-30) if name == "deal_open" else days(45)
            person.deal(stage, days(80), closed, is_deleted=deleted)
    for person in book.cast("declining_use", 3, why="A customer who uses the product ever less."):
        customer(person)
        for ago in (58, 55, 52, 49, 46, 43, 40, 37, 34, 31, 26, 22, 18, 12):
            use(person, ago)
    for person in book.cast("steady_use", why="A customer who uses the product every third day."):
        customer(person)
        for ago in range(3, 60, 3):
            use(person, ago)
    for person in book.cast("renewal_coming", 3, why="Renewed for half a year 165 days ago."):
        customer(person, {"property_renewal_date": book.clock.as_of + days(17)})
        person.view("/app", days(165))
        term = {"subscription_id": f"s_{person.number}", "term_months": 6, "revenue": 499.0}
        person.track("subscription_renewed", days(165) - minutes(2), term, path="/app")
        for ago in (50, 35, 20, 6):
            use(person, ago)


def customer(person: Person, firm: Row | None = None) -> None:
    """Become a customer half a year ago, at a company with these columns."""
    person.identify(days(170))
    person.contact("customer", days(169), firm=firm)
    person.deal("closedwon", days(169), days(168))


def use(person: Person, ago: float) -> None:
    """Use the product once, so many days ago."""
    person.view("/app", days(ago))
    person.track("feature_used", days(ago) - minutes(4), {"feature": "alarms"}, path="/app")


def plant_suppressed(book: Book) -> None:
    """People who must not be mailed, for each reason, and one who only looks like it."""
    for name, reason, how in (
        ("hard_bounce", "hard_bounced", {"failed": "bounce"}),
        ("complaint", "complained", {"opened": True, "ends": "spamreport"}),
        ("unsubscribe", "unsubscribed", {"opened": True, "ends": "unsubscribe"}),
        ("group_unsubscribe", "unsubscribed", {"ends": "group_unsubscribe"}),
    ):
        for person in book.cast(name, 3, suppressed=reason, why=f"Their mail {reason}."):
            person.identify(days(30))
            person.visit(days(20), "/blog/small-boats", "/product/overview")
            person.letter(days(14), **how)
    for person in book.cast(
        "crm_opt_out", 3, suppressed="crm_opted_out", why="Opted out of mail in the CRM."
    ):
        person.identify(days(30))
        person.visit(days(20), "/blog/small-boats", "/product/overview")
        person.contact("lead", days(29), optout=True)
    for person in book.cast(
        "customer_who_bounced",
        suppressed="hard_bounced",
        why="Stays a customer, though no mail reaches them.",
    ):
        person.identify(days(50))
        person.contact("customer", days(49))
        person.visit(days(20), "/docs/alarms")
        person.letter(days(14), failed="bounce")
    for person in book.cast(
        "silent_who_left",
        suppressed="unsubscribed",
        key="email",
        why="Opened ten letters, ignored ten, and unsubscribed from the newest.",
    ):
        for nth in range(20):
            ends = "unsubscribe" if nth == 0 else ""
            person.letter(days(4 + 5 * nth), opened=nth >= 10, ends=ends)
    for person in book.cast("soft_bounce", why="Two soft bounces do not make anyone unreachable."):
        person.identify(days(30))
        person.visit(days(20), "/blog/small-boats")
        person.letter(days(14), failed="blocked")
        person.letter(days(7), failed="blocked")
        person.letter(days(4) + hours(1))

"""Planted people around the segments of research, returns, e-mail, shop and lifecycle."""

from dev.demo_data.book import Book, Person, days, hours, minutes
from dev.demo_data.tables import SECOND

CTA_LINK = 3


def plant_research(book: Book) -> None:
    """What people read, take and watch, and just not enough of it."""
    for name, visits, why in (
        ("three_visits", (6, 4, 2), "Three visits in seven days."),
        ("two_visits", (8, 4, 2), "Three visits, but only two in seven days."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(12))
            for ago in visits:
                person.visit(days(ago), "/blog/small-boats", "/about")
    for name, views, study, last, why in (
        ("evaluating", (21, 20), 15, 9, "Pricing twice, a case study, and back six days after it."),
        ("evaluating_exactly", (21, 20), 15, 12, "Back exactly three days after the case study."),
        ("evaluating_too_soon", (21, 20), 15, 12.1, "Back sooner than three days after it."),
        ("evaluating_backwards", (19, 18), 20, 9, "The case study came before the pricing."),
        ("evaluating_once", (20,), 15, 9, "Pricing once before the case study."),
        ("evaluated_long_ago", (33, 32), 31, 9, "All of it, but for the return over 30 days ago."),
    ):
        for person in book.cast(name, 1, exact=True, why=why):
            person.identify(days(35))
            for ago in views:
                person.view("/pricing", days(ago))
            _take(person, study, "case-studies/bluequay")
            person.view("/about", days(last))
    for name, pages, why in (
        ("decides", ((10, "/roi-calculator"), (5, "/security")), "ROI tool and security."),
        ("decides_once", ((5, "/roi-calculator"),), "The ROI tool alone: one is too few."),
        ("decided_before", ((16, "/security"), (15, "/pricing")), "Two, but 15 days ago."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(25))
            for ago, path in pages:
                person.view(path, days(ago))
    for name, ago, path, why in (
        ("reads_reviews", 10, "", "Went on to a review of us."),
        ("compares", 10, "/compare/tidemark-vs-piergrid", "Viewed a comparison."),
        ("compared_before", 31, "/compare/tidemark-vs-piergrid", "Compared 31 days ago."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(40))
            if path:
                person.view(path, days(ago))
            else:
                review = {"url": "https://reviews.example/tidemark"}
                person.view("/", days(ago))
                person.track("link_clicked", days(ago) - minutes(2), review)
    for name, ago, content, why in (
        ("plans", 12, "guides/integration-crm", "Took an integration guide."),
        ("planned_before", 32, "guides/integration-crm", "Took the guide 32 days ago."),
        ("takes_paper", 89, "whitepapers/safer-harbours", "Took a paper 89 days ago."),
        ("took_paper_before", 91, "whitepapers/safer-harbours", "Took a paper 91 days ago."),
        ("takes_study", 88, "case-studies/ostrea", "Took a case study 88 days ago."),
        ("took_study_before", 92, "case-studies/ostrea", "Took a case study 92 days ago."),
        ("secures", 12, "security/penetration-test", "Took a document about security."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(100))
            _take(person, ago, content)
    for name, video, seconds, why in (
        ("knows_product", "product-demo", 60, "Watched the demo for a minute."),
        ("knows_little", "product-demo", 59, "Watched the demo for 59 seconds."),
        ("watches", "first-steps", 30, "Watched a video for 30 seconds."),
        ("hardly_watches", "first-steps", 29, "Watched a video for 29 seconds."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(30))
            watched = {"video_id": video, "seconds": seconds}
            person.view("/webinars/first-steps", days(20))
            person.track("video_watched", days(20) - minutes(3), watched)
    for name, seconds, why in (
        ("reads_closely", 180, "Three minutes on a product page."),
        ("reads_less_closely", 179, "A second less than three minutes on a product page."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(12))
            person.view("/product/overview", days(3))
            person.view("/about", days(3) - seconds * SECOND)
    for name, pages, why in (
        ("leaves_demo_page", ("/about", "/demo"), "Looked at the demo page, and left."),
        ("asks_for_demo", ("/demo", "/about"), "Looked at the demo page, and asked for one later."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(12))
            person.visit(days(4), *pages)
            if name == "asks_for_demo":
                person.view("/demo", days(2))
                person.track("demo_requested", days(2) - minutes(2), path="/demo")
    for name, paths, why in (
        ("early_reader", ("/blog/small-boats",), "Took a paper, then read on in the blog."),
        ("early_decider", ("/pricing",), "Took a paper, then looked at pricing."),
        ("early_leaver", (), "Took a paper and read nothing after it."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(30))
            _take(person, 20, "whitepapers/measuring-tides")
            for path in paths:
                person.view(path, days(17))


def _take(person: Person, ago: float, content: str) -> None:
    person.track("content_downloaded", days(ago), {"content_id": content})


def plant_returns_and_mail(book: Book) -> None:
    """Back after weeks or months; clicks; letters that nobody opens."""
    for name, gap, ago, why in (
        ("warm", 20, 3, "Back after 20 days."),
        ("warm_exactly", 14, 3, "Back after exactly 14 days."),
        ("not_yet_warm", 13.9, 3, "Back after a little less than 14 days."),
        ("warm_no_more", 20, 7, "Back after 20 days, exactly seven days ago."),
        ("reactivated", 182, 3, "Back after half a year."),
        ("reactivated_exactly", 180, 3, "Back after exactly 180 days."),
    ):
        for person in book.cast(name, 1, exact=True, why=why):
            person.view("/blog/small-boats", days(ago + gap))
            person.view("/about", days(ago))
    for name, letters, why in (
        ("clicks_twice", (20, 10), "Clicked in two letters today."),
        ("clicks_overnight", (33.9, 10), "Clicked in two letters a little less than a day apart."),
        ("clicks_apart", (34.1, 10), "Clicked in two letters more than a day apart."),
        ("clicked_twice_before", (180, 172), "Clicked in two letters within a day, a week ago."),
    ):
        for person in book.cast(name, exact=True, why=why):
            person.identify(days(60))
            for ago in letters:
                person.letter(hours(ago), clicked=True)
    for name, ago, link, why in (
        ("clicks_cta", 10, CTA_LINK, "Clicked the call to action."),
        ("clicks_other", 10, 0, "Clicked another link."),
        ("clicked_cta_before", 15, CTA_LINK, "Clicked the call to action 15 days ago."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(60))
            person.letter(days(ago), clicked=True, link=link)
    for name, count, why in (
        ("ignores_five", 5, "Opened one letter, then ignored five."),
        ("ignores_four", 4, "Opened one letter, then ignored four."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(60))
            for nth in range(count + 1):
                person.letter(days(4 + 5 * nth), opened=nth == count)
    for name, letters, clicked, why in (
        ("stops_clicking", 10, 60, "Clicked in a letter, and opened ten since."),
        ("clicks_rarely", 9, 60, "Clicked in a letter, and opened nine since."),
        ("clicked_long_ago", 2, 91, "Clicked 91 days ago, and opened two letters since."),
        ("clicked_not_long_ago", 2, 88, "Clicked 88 days ago, and opened two letters since."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(100))
            person.letter(days(clicked), clicked=True)
            for nth in range(letters):
                person.letter(days(4 + 5 * nth), opened=True)
    for name, letters, opened, why in (
        ("opens_little", 10, (9,), "Opened one of ten letters."),
        ("opens_some", 10, (4, 9), "Opened two of ten letters."),
        ("opens_little_of_few", 9, (8,), "Opened one of nine letters."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(60))
            for nth in range(letters):
                person.letter(days(4 + 4 * nth), opened=nth in opened)
    for person in book.cast("never_opens", why="Ignored five letters and never opened any."):
        person.identify(days(60))
        for nth in range(5):
            person.letter(days(4 + 5 * nth))


def plant_shoppers(book: Book) -> None:
    """Products viewed, orders reduced, forms left behind, the loyalty programme."""
    for name, views, why in (
        ("views_three", ("sensors", "sensors", "sensors"), "Three views in one category."),
        ("views_three_kinds", ("sensors", "cables", "books"), "Three views, three categories."),
        ("views_two", ("sensors", "sensors"), "Two views."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(20))
            for nth, category in enumerate(views):
                product = {"product_id": f"p_{nth:03d}", "category": category, "price": 9.0}
                person.track("product_viewed", days(9) - minutes(nth), product, path="/shop")
    for name, orders, why in (
        ("half_reduced", (0, 5), "One of two orders reduced."),
        ("third_reduced", (0, 0, 5), "One of three orders reduced."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(60))
            for nth, discount in enumerate(orders):
                order = {"order_id": f"o_{person.number}_{nth}", "revenue": 39.0}
                order |= {"currency": "EUR", "discount": discount}
                person.track("order_completed", days(50 - nth), order, path="/checkout")
    for name, count, why in (
        ("looks_at_sales", 3, "Three looks at sale pages."),
        ("looks_at_sales_twice", 2, "Two looks at sale pages."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(40))
            for nth in range(count):
                person.view("/shop/sale", days(12 + 3 * nth))
    for name, leaves, why in (
        ("loyal", False, "Joined the loyalty programme."),
        ("loyal_no_more", True, "Joined the loyalty programme and left it again."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(60))
            person.track("loyalty_joined", days(50), path="/shop")
            if leaves:
                person.track("loyalty_left", days(40), path="/shop")
    for name, sent, why in (
        ("form_sent", "demo-request", "Began a form three days ago and sent it."),
        ("form_of_two", "newsletter", "Began two forms three days ago and sent one of them."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(20))
            for form in ("newsletter", "demo-request"):
                if sent != "demo-request" or form == sent:
                    person.track("form_started", days(3), {"form_id": form}, path="/about")
            person.track("form_submitted", days(3) - minutes(2), {"form_id": sent}, path="/about")


def plant_lives(book: Book) -> None:
    """New, quiet and gone, and those to whom nothing can be sold."""
    for name, ago, why in (
        ("new_customer", 29, "The first order 29 days ago."),
        ("not_so_new_customer", 31, "The first order 31 days ago."),
        ("churned", 91, "The only order 91 days ago."),
        ("not_yet_churned", 89, "The only order 89 days ago."),
    ):
        for person in book.cast(name, business=False, why=why):
            person.identify(days(ago + 1))
            order = {"order_id": f"o_{person.number}", "revenue": 39.0, "currency": "EUR"}
            person.track("order_completed", days(ago), order, path="/checkout")
    for name, ago, why in (
        ("inactive", 91, "Known, and did nothing for 91 days."),
        ("not_inactive", 89, "Known, and did nothing for 89 days."),
        ("quiet_31_days", 31, "Did nothing for 31 days: nurture."),
        ("quiet_29_days", 29, "Did nothing for 29 days: too early to nurture."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(ago + 10))
            person.view("/blog/small-boats", days(ago))
    for person in book.cast("rival", why="Has an address at a competitor."):
        person.email = person.address_at("buoyware.example")
        person.identify(days(20))
    for person in book.cast("rival_by_name", why="The domain only sounds like a competitor's."):
        person.email = person.address_at("friends-of-buoyware.example")
        person.identify(days(20))
    for person in book.cast("unqualified", why="Sales says that there is nothing to sell."):
        person.identify(days(20))
        person.contact("lead", days(19), property_hs_lead_status="UNQUALIFIED")
    for person in book.cast("curious_applicant", why="Careers pages, and one about the product."):
        person.identify(days(20))
        person.visit(days(9), "/careers", "/features")

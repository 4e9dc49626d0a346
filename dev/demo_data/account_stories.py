"""Planted companies and the people in them: intent, fit, renewals and use."""

from dev.demo_data.book import Book, days, minutes
from dev.demo_data.life_stories import customer, use

GOOD_FIT = {
    "property_industry": "Ports",
    "property_country": "Norway",
    "property_numberofemployees": 120,
}


def plant_accounts(book: Book) -> None:
    """People whose segment depends on what their colleagues do, or on their company."""
    _two_of_a_company(
        book,
        "begins_research",
        colleague="/security",
        why="Two colleagues began to research ten days ago, and nobody sells to them.",
    )
    _two_of_a_company(
        book,
        "has_researched",
        colleague="/security",
        before=True,
        why="The same, but their research began three weeks ago.",
    )
    _two_of_a_company(
        book,
        "in_talks",
        colleague="/security",
        deal=True,
        why="The same, but a deal with them is open.",
    )
    _two_of_a_company(
        book,
        "only_researcher",
        colleague="/blog/small-boats",
        why="One of two colleagues researches, twice.",
    )
    for name, target, pages, why in (
        ("wanted", True, 10, "Engaged, at a target account."),
        ("wanted_but_cool", True, 1, "At a target account, with hardly any points."),
        ("engaged_elsewhere", False, 10, "Engaged, at a company that is no target."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(20))
            for nth in range(pages):
                person.visit(days(9) - nth * minutes(4), "/docs/alarms", "/docs/limits")
            firm = {"property_hs_is_target_account": target, "property_industry": "Tourism"}
            person.contact("lead", days(19), firm=firm)
    for name, firm, page, why in (
        ("fits_and_looks", {}, "/pricing", "Fits in every respect and looked at pricing."),
        ("fits_only", {}, "/about", "Fits in every respect, looks at nothing of note."),
        (
            "looks_only",
            {"property_industry": "Tourism"},
            "/pricing",
            "Looked at pricing, but works in an industry that does not fit.",
        ),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(20))
            person.view(page, days(9))
            person.contact(
                "lead", days(19), firm=GOOD_FIT | firm, property_jobtitle="Harbour Master"
            )
    for name, roles, why in (
        ("decision_maker", "BUDGET_HOLDER;DECISION_MAKER", "Decides, says the CRM."),
        ("champion", "CHAMPION", "Speaks for us, but does not decide."),
    ):
        for person in book.cast(name, why=why):
            person.identify(days(20))
            person.contact("lead", days(19), property_hs_buying_role=roles)


def _two_of_a_company(
    book: Book,
    story: str,
    *,
    colleague: str,
    why: str,
    before: bool = False,
    deal: bool = False,
) -> None:
    """Cast two colleagues; the first looks at two pages of note, the second at one."""
    first, second = (
        *book.cast(story, 1, why=why),
        *book.cast(f"{story}_colleague", 1, why=f"{why} The colleague."),
    )
    second.works_at(first.company)
    for person in (first, second):
        person.identify(days(30))
        person.contact("lead", days(29), firm={"property_industry": "Tourism"})
    first.view("/docs/alarms", days(10))
    first.view("/docs/limits", days(9))
    second.view(colleague, days(8))
    if before:
        first.view("/docs/alarms", days(20))
    if deal:
        first.deal("contractsent", days(12), days(-30))


def plant_customers_in_use(book: Book) -> None:
    """Customers by how much they use the product, and by when their contract ends."""
    for person in book.cast("power_user", 5, why="Uses the product more than all others."):
        customer(person)
        for nth in range(40 + person.number % 5):
            use(person, 1.5 + nth * 0.6)
    for person in book.cast(
        "nine_uses", why="Nine uses in 30 days: one too few to be a power user."
    ):
        customer(person)
        for nth in range(9):
            use(person, 2 + nth * 3)
    for name, now, why in (
        ("uses_less", 3, "Three uses in 14 days, five in the 14 before: 40 % less."),
        ("uses_a_bit_less", 4, "Four uses in 14 days, five in the 14 before: 20 % less."),
    ):
        for person in book.cast(name, why=why):
            customer(person)
            for nth in range(now):
                use(person, 2 + nth * 3)
            for nth in range(5):
                use(person, 15 + nth * 2.4)
    for name, due, uses, why in (
        ("renewal_soon", 59, 1, "The contract ends in 59 days, and they do little."),
        ("renewal_later", 61, 1, "The contract ends in 61 days."),
        ("renewal_soon_engaged", 59, 8, "The contract ends in 59 days, and they are busy."),
    ):
        for person in book.cast(name, why=why):
            customer(person, {"property_renewal_date": book.clock.as_of + days(due)})
            for nth in range(uses):
                use(person, 2 + nth)
    for person in book.cast("curious_customer", why="A customer who compares us with others."):
        customer(person)
        use(person, 40)
        person.view("/compare/tidemark-vs-piergrid", days(9))

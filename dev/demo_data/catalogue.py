"""The made-up world of the demo: its people's names, companies, web pages, shop and mail."""

from dataclasses import dataclass

SITE = "https://www.tidemark.example"
SITE_DOMAIN = "tidemark.example"
REFERRERS = (
    None,
    "https://search.example/",
    "https://news.example/weekly",
    "https://social.example/feed",
    "https://partners.example/tidemark",
)
REFERRER_SHARES = (0.46, 0.32, 0.07, 0.1, 0.05)

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari",
)
AGENT_SHARES = (0.42, 0.18, 0.06, 0.2, 0.14)

# People read mail with the first four; the last two fetch pictures before anybody looks.
MAIL_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.12",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17726)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari",
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
)
HUMAN_MAIL_AGENTS = 4
APPLE_MACHINE, GOOGLE_MACHINE = 4, 5

# What kinds of people the background is made of; the order is the code used in the arrays.
PERSONAS = ("passer_by", "reader", "subscriber", "lead", "shopper", "customer")
PASSER_BY, READER, SUBSCRIBER, LEAD, SHOPPER, CUSTOMER = range(6)
PERSONA_SHARES = (0.56, 0.15, 0.10, 0.10, 0.05, 0.04)


@dataclass(frozen=True)
class PageGroup:
    """Pages with one purpose, and how often each kind of person (see PERSONAS) opens them."""

    name: str
    pages: tuple[tuple[str, str], ...]
    weights: tuple[float, ...]


def _slugs(prefix: str, titles: str) -> tuple[tuple[str, str], ...]:
    names = [title.strip() for title in titles.split(",")]
    return tuple((f"{prefix}/{name.lower().replace(' ', '-')}", name) for name in names)


PRODUCTS = tuple(
    (f"p_{number:03d}", category, name, price)
    for number, (category, name, price) in enumerate(
        [
            ("sensors", "Tide Gauge Mini", 12900),
            ("sensors", "Tide Gauge Pro", 34900),
            ("sensors", "Wave Buoy", 89900),
            ("sensors", "Salt Probe", 7900),
            ("sensors", "Wind Vane", 15900),
            ("gateways", "Shore Gateway", 24900),
            ("gateways", "Deck Gateway", 27900),
            ("gateways", "Pocket Gateway", 9900),
            ("gateways", "Antenna Kit", 4900),
            ("cables", "Deep Cable 10 m", 2900),
            ("cables", "Deep Cable 50 m", 9900),
            ("cables", "Sealed Plug", 1200),
            ("books", "Reading the Sea", 2400),
            ("books", "Harbour Maths", 3100),
            ("books", "The Pier Manual", 1900),
            ("spares", "Float Ring", 900),
            ("spares", "Battery Pack", 3900),
            ("spares", "Solar Lid", 5900),
        ],
        start=1,
    )
)
CASE_STUDIES = ("acme-ferries", "bluequay", "kelp-and-sons", "northpier", "ostrea", "saltworks")
WHITEPAPERS = ("measuring-tides", "cost-of-downtime", "safer-harbours")
GUIDES = ("integration-crm", "integration-warehouse", "integration-alarms")
SECURITY_DOCUMENTS = ("penetration-test",)
VIDEOS = ("first-steps", "product-demo", "a-day-in-the-harbour")
REVIEWS = ("https://reviews.example/tidemark", "https://reviews.example/harbour-software")
FEATURES = ("dashboard", "alarms", "exports", "forecasts", "api", "sharing")

PAGE_GROUPS = (
    PageGroup("home", (("/", "Tidemark"),), (26, 12, 12, 14, 10, 8)),
    PageGroup(
        "product",
        (*_slugs("/product", "Overview, Alarms, Forecasts, Sharing"), ("/features", "Features")),
        (14, 6, 8, 16, 3, 4),
    ),
    PageGroup(
        "pricing",
        (("/pricing", "Pricing"), ("/pricing/enterprise", "Enterprise pricing")),
        (3, 0.6, 1.5, 6, 0.6, 0.8),
    ),
    PageGroup(
        "case_study",
        tuple((f"/case-studies/{slug}", f"Case study: {slug}") for slug in CASE_STUDIES),
        (2, 2, 4, 9, 0.3, 1),
    ),
    PageGroup(
        "whitepaper",
        tuple((f"/resources/whitepapers/{slug}", f"Paper: {slug}") for slug in WHITEPAPERS),
        (1, 3, 6, 6, 0.2, 1),
    ),
    PageGroup(
        "compare",
        _slugs("/compare", "Tidemark vs spreadsheets, Tidemark vs buoyware, Tidemark vs piergrid"),
        (2, 1, 2, 6, 0.4, 0.3),
    ),
    PageGroup("demo", (("/demo", "Ask for a demo"),), (0.6, 0.1, 0.6, 2.4, 0.1, 0.2)),
    PageGroup("signup", (("/signup", "Start a trial"),), (0.5, 0.1, 0.5, 1.6, 0.1, 0.2)),
    PageGroup(
        "security",
        (("/security", "Security"), ("/security/compliance", "Compliance")),
        (0.6, 0.2, 0.6, 4, 0.1, 1.5),
    ),
    PageGroup("roi", (("/roi-calculator", "Return calculator"),), (0.5, 0.2, 0.8, 3, 0.1, 0.4)),
    PageGroup(
        "docs",
        _slugs("/docs", "Getting started, Alarms, Exports, Forecasts, Sharing, API, Limits")
        + tuple((f"/docs/guides/{slug}", f"Guide: {slug}") for slug in GUIDES),
        (3, 4, 3, 10, 1, 30),
    ),
    PageGroup(
        "careers",
        (("/careers", "Careers"), *_slugs("/careers", "Field engineer, Data analyst")),
        (6, 2, 0.5, 0.2, 0.5, 0.2),
    ),
    PageGroup(
        "blog",
        _slugs(
            "/blog",
            "Why tides surprise us, Reading a wave, Five harbour habits, A quiet winter, "
            "Salt and steel, What a buoy sees, Forecast or guess, Alarms people trust, "
            "Small boats, The long pier, Notes from the quay, Maps of mud",
        ),
        (30, 62, 46, 12, 10, 6),
    ),
    PageGroup("newsletter", (("/newsletter", "Letter from the quay"),), (1, 3, 6, 1, 1, 0.5)),
    PageGroup(
        "webinar",
        tuple((f"/webinars/{slug}", f"Webinar: {slug}") for slug in VIDEOS),
        (0.6, 2, 5, 5, 0.5, 4),
    ),
    PageGroup("shop", (("/shop", "Shop"), ("/shop/sale", "Sale")), (3, 0.5, 1, 1, 18, 2)),
    PageGroup(
        "shop_product",
        tuple(
            (f"/shop/{category}/{name.lower().replace(' ', '-')}", name)
            for _, category, name, _ in PRODUCTS
        ),
        (4, 0.5, 1.2, 1, 50, 3),
    ),
    PageGroup("about", (("/about", "About us"), ("/contact", "Contact")), (3, 1, 1, 2, 1, 0.6)),
    PageGroup("app", (("/app", "Tidemark app"),), (0, 0, 0, 0, 0, 36)),
)

# Pages that only follow from an action, never from browsing.
ACTION_PAGES = (("/cart", "Your cart"), ("/checkout", "Checkout"), ("/shop/thank-you", "Thanks"))

PAGES = tuple(page for group in PAGE_GROUPS for page in group.pages) + ACTION_PAGES
PAGE_GROUP_OF = tuple(number for number, group in enumerate(PAGE_GROUPS) for _ in group.pages) + (
    -1,
) * len(ACTION_PAGES)
GROUP = {group.name: number for number, group in enumerate(PAGE_GROUPS)}
TITLES = dict(PAGES)

TRACKS = (
    "content_downloaded",
    "demo_requested",
    "trial_started",
    "form_started",
    "form_submitted",
    "video_watched",
    "product_viewed",
    "product_added",
    "checkout_started",
    "order_completed",
    "order_cancelled",
    "feature_used",
    "subscription_renewed",
    "link_clicked",
    "loyalty_joined",
    "loyalty_left",
)
TRACK = {name: number for number, name in enumerate(TRACKS)}
CONTENTS = (
    tuple(f"case-studies/{slug}" for slug in CASE_STUDIES)
    + tuple(f"whitepapers/{slug}" for slug in WHITEPAPERS)
    + tuple(f"guides/{slug}" for slug in GUIDES)
    + tuple(f"security/{slug}" for slug in SECURITY_DOCUMENTS)
)
FORMS = ("newsletter", "demo-request", "trial-signup")

MAIL_EVENTS = (
    "processed",
    "deferred",
    "delivered",
    "open",
    "click",
    "bounce",
    "dropped",
    "spamreport",
    "unsubscribe",
)
MAIL = {name: number for number, name in enumerate(MAIL_EVENTS)}
MAIL_LINKS = (
    "/blog/reading-a-wave",
    "/product/overview",
    "/resources/whitepapers/safer-harbours",
    "/product/alarms?utm_content=cta",
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Ada Alma Anouk Arlo Asa Bea Bram Cleo Dara Dov Edda Elio Enzo Esme Fenn Gia Hana Hugo Ida "
    "Ilse Ines Ivo Jana Jonas Juno Kai Kira Lars Lea Leto Lina Luca Mads Maia Marek Mila Milo "
    "Nadia Nico Nils Noor Odil Oona Otis Petra Quin Rafa Remy Rosa Runa Sana Silas Suri Tala "
    "Theo Tove Uma Vera Wim Yara Yves Zola"
)
LAST_NAMES = _words(
    "Abram Achter Aldan Anker Arden Bellis Berrin Birk Bosk Brandel Calder Carrow Corvin Daal "
    "Dorin Eklo Elwin Ember Falk Farrow Fenwick Gallen Garrick Hadley Halden Harker Holm Ibarren "
    "Jansk Jorrin Kallio Kestrel Lind Lorne Lunde Marlow Merrin Molle Nyberg Oaken Orrin Pellam "
    "Quill Ravn Rennick Rook Sandell Sorrel Stane Tarn Thorne Ulven Vale Varro Wendel Wick "
    "Yarrow Zeller"
)
COMPANY_STARTS = _words(
    "Alder Amber Arrow Birch Bright Cedar Clear Cliff Copper Delta Ever Fern Flint Glass Gold "
    "Green Grey Iron Juniper Lark Maple Moss North Oak"
)
COMPANY_ENDS = _words(
    "berg bridge brook dale field forge gate haven hill lane line mark mill path point port "
    "ridge stone view works"
)
# Companies of the people with a planted story: no word in common with those above.
STORY_COMPANY_STARTS = ("Harbour", "Lantern", "Meadow", "Orchard", "Paper", "Quarry", "Velvet")
STORY_COMPANY_ENDS = ("Foods", "Freight", "Optics", "Press", "Robotics", "Sails", "Tools")
PERSONAL_DOMAINS = ("example.com", "post.example", "mail.test", "letters.example")
INDUSTRIES = ("Shipping", "Fisheries", "Ports", "Insurance", "Energy", "Research", "Tourism")
COUNTRIES = ("Denmark", "Germany", "Ireland", "Netherlands", "Norway", "Portugal", "Spain")
JOB_TITLES = (
    "Operations Lead",
    "Harbour Master",
    "Data Analyst",
    "Head of Engineering",
    "Buyer",
    "Managing Director",
    "Field Engineer",
)
LIFECYCLE_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
)
OPEN_DEAL_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
)
# Whether people agreed to be shown ads: most did, some refused, the rest never said.
AD_CONSENTS = (True,) * 12 + (False,) * 3 + (None,) * 5
LEAD_STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED")
BUYING_ROLES = (None, "CHAMPION", "DECISION_MAKER", "BUDGET_HOLDER;DECISION_MAKER")
OWNERS = (
    (71, "Runa", "Vale"),
    (72, "Otis", "Marlow"),
    (73, "Ines", "Calder"),
    (74, "Kai", "Lunde"),
    (75, "Vera", "Tarn"),
)

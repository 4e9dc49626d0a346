"""People whose identifiers are tangled as in real life, and whose every identifier is.

Unlike the stories of the demo data this is for measuring: what people have is drawn at random, what
welds strangers together is added on top at the rates below, and the truth is kept beside it.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.tables import DAY, HOUR, MINUTE, Clock

TYPES = ("user_id", "crm_contact_id", "email", "phone", "anonymous_id")

# How many of each people have, from none (devices: from one) upwards.
USER_IDS = (0.38, 0.60, 0.02)
CONTACTS = (0.68, 0.28, 0.04)
EMAILS = (0.15, 0.50, 0.22, 0.09, 0.03, 0.01)
PHONES = (0.45, 0.47, 0.08)
DEVICES = (0.45, 0.35, 0.15, 0.05)
COOKIE_LIFE = 75 * DAY
MORE_EVENTS = 12  # mean, beyond the first

# What an event shows besides the cookie.
PAGE, SIGNED_IN, FORM, MAIL_CLICK, ORDER = range(5)
NAMES = ("page_viewed", "signed_in", "form_submitted", "email_link_clicked", "order_completed")
SHARES = (0.58, 0.20, 0.09, 0.08, 0.05)
SHOWS_PHONE = (0, 0, 0.4, 0, 0.7)

# What welds strangers.
IN_COUPLES = 0.24  # of people share a household with one other
ON_PARTNERS_DEVICE = 0.15  # of their events
COUPLES_ON_ONE_PHONE = 0.25
AT_KIOSKS = 0.012  # of events; one kiosk for 500 people
AT_ROLE_MAILBOX = 0.03  # of forms and orders; one company for 100 people
CONTACT_AT_ROLE_MAILBOX = 0.03
CONTACT_AT_SWITCHBOARD = 0.05
VOID_USER_ID = 0.015  # of events that would show one or none
VOID_COOKIE = 0.007
PHONE_OF_STRANGER = 0.003  # of phone numbers shown: a typo that hits somebody
PHONE_TYPO = 0.015  # one that hits nobody
EMAIL_OF_STRANGER = 0.004  # of addresses typed into forms
TEST_ADDRESS = 0.012
RECYCLED_PHONES = 0.015  # pass to somebody new half-way through
TRACKED_AS_ONE = 0.25  # of events in the broken tracker's day
ROLES = ("info", "office", "sales", "accounts", "bookings", "dispatch")
VOIDS = ("undefined", "null", "0", "anonymous", "{{ user.id }}")
VOID_COOKIES = ("null", "00000000-0000-0000-0000-000000000000")
TEST_ADDRESSES = (
    "test@test.com",
    "asdf@asdf.com",
    "test12@example.com",
    "a@a.com",
    "no@thanks.test",
)
ONE_FOR_ALL = "cm-0000000001.fixed"

# Source -> the raw table and what it holds.
RAW = {
    "events": (
        "events.events",
        """
        select
            'n' || number as event_id, event_name, observed_at as occurred_at,
            observed_at + interval 1 minute as loaded_at,
            cast(anonymous_id as varchar) as anonymous_id, cast(user_id as varchar) as user_id,
            cast(email as varchar) as email, cast(phone as varchar) as phone
        from observations order by number
        """,
    ),
    "hubspot": (
        "hubspot.contacts",
        """
        select
            crm_contact_id as id, observed_at + interval 1 hour as _fivetran_synced,
            cast(email as varchar) as property_email, cast(phone as varchar) as property_phone,
            observed_at as property_createdate, observed_at as property_lastmodifieddate
        from observations order by number
        """,
    ),
}


@dataclass(frozen=True)
class Noise:
    """What was observed, and whose the identifiers are.

    `observations` has one row per event or CRM contact: the five identifiers (text or None),
    observed_at (naive UTC), source, event_name, and `person`, who really was behind it. `owners`
    has one row per (identifier_type, identifier_value, person): an identifier of several people
    has several rows, one of nobody (kiosks, role mailboxes, void and test values) has none.
    """

    observations: pd.DataFrame
    owners: pd.DataFrame


@dataclass(frozen=True)
class Pool:
    """Numbered identifiers of one type: `first[person]` is the first of `count[person]` numbers."""

    first: np.ndarray
    count: np.ndarray

    @property
    def owner(self) -> np.ndarray:
        """The person of each number."""
        return np.repeat(np.arange(len(self.count)), self.count)


def make_noise(*, people: int, seed: int, clock: Clock) -> Noise:
    """Draw `people` people and what they did; the same arguments give the same rows."""
    random = np.random.default_rng([seed, 5])
    pools = {
        "user_id": draw_pool(random, people, USER_IDS),
        "crm_contact_id": draw_pool(random, people, CONTACTS),
        "email": draw_pool(random, people, EMAILS),
        "phone": draw_pool(random, people, PHONES),
        "device": draw_pool(random, people, DEVICES, fewest=1),
    }
    events, owners = make_events(random, people, pools, clock)
    contacts = make_contacts(random, pools, events.attrs["texts"], clock)
    observations = pd.concat([events, contacts], ignore_index=True)
    observations.attrs = {}
    order = np.lexsort((np.arange(len(observations)), observations["observed_at"].to_numpy()))
    return Noise(
        observations=observations.iloc[order].reset_index(drop=True),
        owners=pd.concat(
            [owners, owned("crm_contact_id", contacts["crm_contact_id"], contacts["person"])]
        )
        .drop_duplicates()
        .reset_index(drop=True),
    )


def draw_pool(
    random: np.random.Generator, people: int, shares: tuple[float, ...], *, fewest: int = 0
) -> Pool:
    """Draw how many identifiers each person has and number them."""
    count = fewest + random.choice(len(shares), size=people, p=shares)
    return Pool(first=np.cumsum(count) - count, count=count)


def pick(random: np.random.Generator, pool: Pool, person: np.ndarray) -> np.ndarray:
    """One number of each person's, the first ones more often; -1 for people who have none."""
    favored = np.minimum(random.random(len(person)), random.random(len(person)))
    place = (favored * pool.count[person]).astype(np.int64)
    return np.where(pool.count[person] > 0, pool.first[person] + place, -1)


def make_texts(random: np.random.Generator, people: int, pools: dict[str, Pool]) -> dict:
    """The text of every numbered identifier; index -1 is None."""
    first = np.array(world.FIRST_NAMES, dtype=object)[
        random.integers(0, len(world.FIRST_NAMES), people)
    ]
    last = np.array(world.LAST_NAMES, dtype=object)[
        random.integers(0, len(world.LAST_NAMES), people)
    ]
    owner = pools["email"].owner
    number = pd.Series(np.arange(len(owner))).astype(str).to_numpy(dtype=object)
    domain = np.array(world.PERSONAL_DOMAINS, dtype=object)[
        random.integers(0, len(world.PERSONAL_DOMAINS), len(owner))
    ]
    emails = pd.Series(first[owner]).str.lower() + "." + pd.Series(last[owner]).str.lower()
    return {
        "user_id": numbered("user-", pools["user_id"].count.sum()),
        "crm_contact_id": numbered("", pools["crm_contact_id"].count.sum(), start=700_000),
        "email": with_none((emails + number + "@" + domain).to_numpy(dtype=object)),
        # 999 is no country's calling code. The factor scatters the numbers without a collision.
        "phone": with_none(phone_text(np.arange(pools["phone"].count.sum()) * 7_919)),
    }


def phone_text(number: np.ndarray) -> np.ndarray:
    """Numbers below 900 million as phone numbers of nobody's country."""
    return ("+999" + pd.Series(number % 900_000_000 + 100_000_000).astype(str)).to_numpy(object)


def numbered(prefix: str, count: int, *, start: int = 1) -> np.ndarray:
    """`prefix` and a number each, and None at the end."""
    return with_none(
        (prefix + pd.Series(np.arange(start, start + count)).astype(str)).to_numpy(object)
    )


def with_none(texts: np.ndarray) -> np.ndarray:
    """The texts, and None at index -1."""
    return np.append(texts.astype(object), None)


def make_events(
    random: np.random.Generator, people: int, pools: dict[str, Pool], clock: Clock
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events with noise on top, and whose the user ids, addresses, phones and cookies are."""
    count = 1 + random.poisson(random.exponential(MORE_EVENTS, people))
    person = np.repeat(np.arange(people), count)
    size = len(person)
    span = clock.as_of - clock.start
    since = (random.random(size) * (span - HOUR)).astype(np.int64) // MINUTE * MINUTE
    kind = random.choice(len(SHARES), size=size, p=SHARES)
    user, email = (pick(random, pools[name], person) for name in ("user_id", "email"))
    kind[(kind == SIGNED_IN) & (user < 0)] = PAGE
    kind[(kind >= FORM) & (email < 0)] = PAGE
    asks = kind >= FORM
    partner = couples(random, people)

    cookie, cookies = draw_cookies(random, pools["device"], partner[person], person, since, span)
    phone, phone_owners = draw_phones(random, pools["phone"], partner, person, since > span // 2)
    phone[random.random(size) >= np.array(SHOWS_PHONE)[kind]] = -1

    texts = make_texts(random, people, pools)
    shown = pd.DataFrame(
        {
            "user_id": texts["user_id"][np.where(np.isin(kind, (SIGNED_IN, ORDER)), user, -1)],
            "email": texts["email"][np.where(asks, email, -1)],
            "phone": texts["phone"][phone],
            "anonymous_id": numbered("cookie-", cookies)[cookie],
            "crm_contact_id": None,
            "observed_at": pd.to_datetime(clock.start + since, unit="us"),
            "source": "events",
            "event_name": np.array(NAMES, dtype=object)[kind],
            "person": person,
        }
    )
    mine = {name: shown[name].copy() for name in ("user_id", "anonymous_id")}
    add_device_noise(random, shown, since // DAY == span // DAY // 2)
    add_form_noise(random, shown, texts, people=people, forms=kind == FORM, asks=asks)
    typed = add_phone_typos(random, shown, texts["phone"])
    owners = pd.concat(
        [
            owned("user_id", mine["user_id"], shown["person"]),
            owned("anonymous_id", mine["anonymous_id"], shown["person"]),
            owned("email", texts["email"][:-1], pools["email"].owner),
            owned("phone", texts["phone"][phone_owners[0]], phone_owners[1]),
            typed,
        ]
    )
    shown.attrs = {"texts": texts}
    return shown, owners


def couples(random: np.random.Generator, people: int) -> np.ndarray:
    """Whom each person shares a household with; -1 for nobody."""
    paired = random.permutation(people)[: round(people * IN_COUPLES) // 2 * 2]
    partner = np.full(people, -1)
    partner[paired[::2]], partner[paired[1::2]] = paired[1::2], paired[::2]
    return partner


def draw_cookies(
    random: np.random.Generator,
    devices: Pool,
    partner: np.ndarray,
    person: np.ndarray,
    since: np.ndarray,
    span: int,
) -> tuple[np.ndarray, int]:
    """The cookie of each event, and how many there are: devices lose theirs from time to time."""
    device = pick(random, devices, person)
    borrowed = (partner >= 0) & (random.random(len(person)) < ON_PARTNERS_DEVICE)
    device = np.where(borrowed, devices.first[partner], device)
    count = 1 + random.poisson(span / COOKIE_LIFE, size=devices.count.sum())
    first = np.cumsum(count) - count
    return first[device] + since * count[device] // span, int(count.sum())


def draw_phones(
    random: np.random.Generator,
    phones: Pool,
    partner: np.ndarray,
    person: np.ndarray,
    is_late: np.ndarray,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The phone each event would show, and who has which number at any time.

    Some couples use one phone, and some numbers pass to a stranger half-way through.
    """
    phone = pick(random, phones, person)
    owner = phones.owner
    people = np.arange(len(partner))
    joins = (
        (people > partner) & (partner >= 0) & (phones.count[partner] > 0)
        & (random.random(len(people)) < COUPLES_ON_ONE_PHONE)
    )  # fmt: skip
    phone = np.where(joins[person], phones.first[partner[person]], phone)
    recycled = np.flatnonzero(random.random(len(owner)) < RECYCLED_PHONES)
    without = random.permutation(np.flatnonzero(phones.count == 0))[: len(recycled)]
    recycled = recycled[: len(without)]
    given = np.full(len(partner), -1)
    given[without] = recycled
    phone = np.where(np.isin(phone, recycled) & is_late, -1, phone)
    phone = np.where((given[person] >= 0) & is_late, given[person], phone)
    numbers = [np.arange(len(owner)), phones.first[partner[joins]], recycled]
    return phone, (np.concatenate(numbers), np.concatenate([owner, people[joins], without]))


def add_device_noise(
    random: np.random.Generator, shown: pd.DataFrame, is_that_day: np.ndarray
) -> None:
    """Kiosks, trackers that send no id, and one that sends the same cookie for everybody."""
    size = len(shown)
    kiosks = numbered("kiosk-", max(1, shown["person"].nunique() // 500))[:-1]
    at_kiosk = random.random(size) < AT_KIOSKS
    shown.loc[at_kiosk, "anonymous_id"] = random.choice(kiosks, size=int(at_kiosk.sum()))
    as_one = is_that_day & (random.random(size) < TRACKED_AS_ONE)
    shown.loc[as_one, "anonymous_id"] = ONE_FOR_ALL
    for column, share, values in (
        ("user_id", VOID_USER_ID, VOIDS),
        ("anonymous_id", VOID_COOKIE, VOID_COOKIES),
    ):
        lost = random.random(size) < share
        shown.loc[lost, column] = random.choice(np.array(values, object), size=int(lost.sum()))


def add_form_noise(
    random: np.random.Generator,
    shown: pd.DataFrame,
    texts: dict,
    *,
    people: int,
    forms: np.ndarray,
    asks: np.ndarray,
) -> None:
    """Role mailboxes, test addresses, and typos that are a stranger's address."""
    size = len(shown)
    at_role = asks & (random.random(size) < AT_ROLE_MAILBOX)
    shown.loc[at_role, "email"] = role_mailboxes(random, shown.loc[at_role, "person"], people)
    as_test = forms & (random.random(size) < TEST_ADDRESS)
    tests = np.array(TEST_ADDRESSES, object)
    shown.loc[as_test, "email"] = random.choice(tests, size=int(as_test.sum()))
    mistyped = forms & (random.random(size) < EMAIL_OF_STRANGER)
    shown.loc[mistyped, "email"] = random.choice(texts["email"][:-1], size=int(mistyped.sum()))


def role_mailboxes(random: np.random.Generator, person: pd.Series, people: int) -> np.ndarray:
    """A mailbox of each person's company that colleagues read as well."""
    company = person.to_numpy() % max(1, people // 100)
    role = random.choice(np.array(ROLES, object), size=len(company))
    return (pd.Series(role) + "@company" + pd.Series(company).astype(str) + ".example").to_numpy()


def add_phone_typos(
    random: np.random.Generator, shown: pd.DataFrame, phones: np.ndarray
) -> pd.DataFrame:
    """Mistype some phone numbers; returns whose the numbers are that nobody had before."""
    rows = np.flatnonzero(shown["phone"].notna())
    chance = random.random(len(rows))
    hits = rows[chance < PHONE_OF_STRANGER]
    shown.loc[hits, "phone"] = random.choice(phones[:-1], size=len(hits))
    misses = rows[(chance >= PHONE_OF_STRANGER) & (chance < PHONE_OF_STRANGER + PHONE_TYPO)]
    digits = shown.loc[misses, "phone"].str[4:].astype(np.int64).to_numpy()
    power = 10 ** random.integers(0, 8, size=len(misses))
    digit = digits // power % 10
    other = (digit + random.integers(1, 10, size=len(misses))) % 10
    shown.loc[misses, "phone"] = (
        "+999" + pd.Series(digits + (other - digit) * power).astype(str)
    ).to_numpy(object)
    typed = shown.loc[misses]
    return owned(
        "phone", *(typed.loc[~typed["phone"].isin(phones), name] for name in ("phone", "person"))
    )


def make_contacts(
    random: np.random.Generator, pools: dict[str, Pool], texts: dict, clock: Clock
) -> pd.DataFrame:
    """CRM contacts: most know an address or a number; some only what a company shares."""
    person = pools["crm_contact_id"].owner
    size = len(person)
    email = texts["email"][pick(random, pools["email"], person)]
    phone = texts["phone"][
        np.where(random.random(size) < 0.8, pick(random, pools["phone"], person), -1)
    ]
    at_role = random.random(size) < CONTACT_AT_ROLE_MAILBOX
    people = len(pools["email"].count)
    email[at_role] = role_mailboxes(random, pd.Series(person[at_role]), people)
    switched = random.random(size) < CONTACT_AT_SWITCHBOARD
    # Switchboards have numbers of eight digits, so they are nobody's.
    company = person[switched] % max(1, people // 100)
    phone[switched] = ("+999" + pd.Series(10_000_000 + company).astype(str)).to_numpy(object)
    since = (random.random(size) * (clock.as_of - clock.start - HOUR)).astype(np.int64)
    return pd.DataFrame(
        {
            "user_id": None,
            "email": email,
            "phone": phone,
            "anonymous_id": None,
            "crm_contact_id": texts["crm_contact_id"][:-1],
            "observed_at": pd.to_datetime(clock.start + since // MINUTE * MINUTE, unit="us"),
            "source": "hubspot",
            "event_name": "contact_created",
            "person": person,
        }
    )


def owned(
    kind: str, values: pd.Series | np.ndarray, person: pd.Series | np.ndarray
) -> pd.DataFrame:
    """Rows that say whose identifiers of one type are; empty values are left out."""
    frame = pd.DataFrame(
        {
            "identifier_type": kind,
            "identifier_value": np.asarray(values),
            "person": np.asarray(person),
        }
    )
    return frame.dropna().drop_duplicates()


def edge_births(observations: pd.DataFrame) -> np.ndarray:
    """The first row of each pair of identifiers that were seen together, in order."""
    births = []
    for number, kind in enumerate(TYPES):
        for other in TYPES[number + 1 :]:
            both = observations[[kind, other]].dropna()
            births.append(both.index[~both.duplicated()].to_numpy())
    return np.sort(np.concatenate(births))


def write_raw(observations: pd.DataFrame, raw: Path, *, name: str = "noise") -> None:
    """Write observations as `name`.parquet into the folders of sources events and hubspot.

    The frame's index numbers the events, so parts of one frame may be written one after the other.
    """
    for source, (table, select) in RAW.items():
        rows = observations[observations["source"] == source]
        folder = raw.joinpath(*table.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        if len(rows):
            with duckdb.connect() as connection:
                connection.register("observations", rows.assign(number=rows.index))
                target = str(folder / f"{name}.parquet").replace("'", "''")
                connection.execute(f"copy ({select}) to '{target}' (format parquet)")

"""The book of planted people: what each one did, row by row, and what must follow from it."""

import csv
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.tables import DAY, HOUR, MINUTE, SECOND, TABLES, Clock

Row = dict[str, Any]
FIRST_CONTACT, FIRST_COMPANY, FIRST_DEAL = 101, 10_101, 20_101


def days(number: float) -> int:
    """Return so many days of 24 hours in microseconds."""
    return round(number * DAY)


def hours(number: float) -> int:
    """Return so many hours in microseconds."""
    return round(number * HOUR)


def minutes(number: float) -> int:
    """Return so many minutes in microseconds."""
    return round(number * MINUTE)


def read_answers() -> dict[str, tuple[str, ...]]:
    """Which segments the people of each story must turn out to be in, and no others."""
    with Path(__file__).with_name("answers.csv").open(encoding="utf-8") as file:
        return {
            line["story"]: tuple(filter(None, line["segments"].split(";")))
            for line in csv.DictReader(file)
        }


class Book:
    """Collects raw rows and expectations; every `ago` counts back from the clock's `as_of`."""

    def __init__(self, *, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.random = np.random.default_rng([seed, 1])
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.people: list[Person] = []
        self.faults: Counter[tuple[str, str]] = Counter()
        self.duplicates: Counter[str] = Counter({"segment": 0, "email": 0})
        self.owned: dict[tuple[str, str], list[str]] = {}
        self._company_ids: dict[str, int] = {}
        self._keys = 0
        self._answers = read_answers()

    def key(self) -> str:
        """Return the next event id."""
        self._keys += 1
        return hashlib.md5(f"{self.seed}:story:{self._keys}".encode()).hexdigest()

    def anonymous_id(self, person: int, device: int = 0) -> str:
        """Return the browser's id of one device of one person."""
        text = f"{self.seed}:anon:{person}:{device}"
        return str(uuid.UUID(hashlib.md5(text.encode()).hexdigest()))

    def cast(
        self,
        story: str,
        copies: int = 2,
        *,
        why: str,
        suppressed: str = "",
        key: str = "user_id",
        exact: bool = False,
        business: bool = True,
    ) -> Iterator["Person"]:
        """Yield new people for one story; `exact` takes their times to the microsecond."""
        for copy in range(1, copies + 1):
            person = Person(
                book=self,
                name=f"{story}_{copy}",
                story=story,
                number=len(self.people) + 1,
                why=why,
                segments=self._answers[story],
                suppressed=suppressed,
                key_type=key,
                jitter=0 if exact else int(self.random.integers(0, 50 * 60)) * SECOND,
                business=business,
            )
            self.people.append(person)
            yield person

    def add(self, table: str, row: Row) -> Row:
        """Add one raw row; times are microseconds, missing columns are null."""
        self.rows[table].append(row)
        return row

    def again(self, table: str, row: Row, *, later: int = 0) -> None:
        """Deliver a row a second time, `later` than the first time."""
        received = min(row["received_at"] + later, self.clock.as_of)
        self.add(table, row | {"received_at": received})
        self.duplicates[table.split(".")[0]] += 1

    def fault(self, table: str, reason: str, row: Row) -> Row:
        """Add a row that must be quarantined for `reason`."""
        self.faults[(table, reason)] += 1
        return self.add(table, row)

    def owns(self, person: str, kind: str, value: str) -> None:
        """Note that an identifier belongs to a person; twice noted means shared."""
        owners = self.owned.setdefault((kind, value), [])
        if person not in owners:
            owners.append(person)

    def company_id(self, name: str, domain: str, created: int, **columns: Any) -> int:
        """Return the CRM id of a company, adding its row (with these columns) the first time."""
        if domain not in self._company_ids:
            self._company_ids[domain] = FIRST_COMPANY + len(self._company_ids)
            self.add(
                "hubspot.companies",
                {
                    "id": self._company_ids[domain],
                    "is_deleted": False,
                    "_fivetran_synced": min(created + HOUR, self.clock.as_of),
                    "property_name": name,
                    "property_domain": domain,
                    "property_industry": world.INDUSTRIES[0],
                    "property_country": world.COUNTRIES[0],
                    "property_numberofemployees": 120,
                    "property_createdate": created,
                    "property_hs_is_target_account": False,
                }
                | columns,
            )
        return self._company_ids[domain]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the rows as one frame per raw table, with all of its columns."""
        made = {}
        for table, columns in TABLES.items():
            frame = pd.DataFrame(self.rows[table], columns=list(columns), dtype=object)
            for column, kind in columns.items():
                if kind == "timestamp":
                    numbers = pd.array(frame[column], dtype="Int64")
                    missing = pd.isna(numbers)
                    instants = numbers.fillna(0).to_numpy(np.int64).view("datetime64[us]")
                    instants[missing] = np.datetime64("NaT")
                    frame[column] = instants
            made[table] = frame
        return made


class Person:
    """One planted person; methods append what they did to the book and return the row."""

    def __init__(
        self,
        *,
        book: Book,
        name: str,
        story: str,
        number: int,
        why: str,
        segments: tuple[str, ...],
        suppressed: str,
        key_type: str,
        jitter: int,
        business: bool,
    ) -> None:
        self.book, self.name, self.story, self.number = book, name, story, number
        self.why, self.segments, self.suppressed = why, segments, suppressed
        self.key_type, self.jitter = key_type, jitter
        self.first_name = world.FIRST_NAMES[number % len(world.FIRST_NAMES)]
        self.last_name = world.LAST_NAMES[(number * 7) % len(world.LAST_NAMES)]
        start = world.STORY_COMPANY_STARTS[number % len(world.STORY_COMPANY_STARTS)]
        end = world.STORY_COMPANY_ENDS[number // 7 % len(world.STORY_COMPANY_ENDS)]
        self.company = f"{start} {end} {number}" if business else None
        self.email = self.address_at(self.domain)
        self.user_id = f"u_{number:06d}"
        self.anonymous_id = book.anonymous_id(number)
        self.agent = world.AGENTS[number % len(world.AGENTS)]
        self.contact_id: int | None = None
        self._letters = 0
        if key_type == "anonymous_id":
            self.user_id = None

    @property
    def domain(self) -> str:
        """The mail domain of the person's company, or one that many people use."""
        if self.company is None:
            return world.PERSONAL_DOMAINS[0]
        return self.company.lower().replace(" ", "-") + ".example"

    def address_at(self, domain: str) -> str:
        """Return the person's address at a domain."""
        return f"{self.first_name}.{self.last_name}.{self.number}@{domain}".lower()

    def works_at(self, company: str) -> None:
        """Work for another company than the one of their own, and have an address there."""
        self.company = company
        self.email = self.address_at(self.domain)

    @property
    def key_value(self) -> str:
        """The identifier that tests look this person up by."""
        return getattr(self, self.key_type)

    @property
    def lifecycle(self) -> str:
        """The stage that the marts must give this person; prospect for any of the first three."""
        stages = (
            ("customers", "customer"),
            ("demo_requesters", "opportunity"),
            ("trial_users", "opportunity"),
            ("open_opportunities", "opportunity"),
            ("former_customers", "former_customer"),
        )
        return next((stage for name, stage in stages if name in self.segments), "prospect")

    def at(self, ago: int) -> int:
        """Return the instant `ago` before the clock's end, as this person's stories shift it."""
        return self.book.clock.as_of - ago - self.jitter

    def _web(self, table: str, ago: int, received: int | None, **columns: Any) -> Row:
        at = self.at(ago)
        user_id = columns.pop("user_id", self.user_id)
        anonymous_id = columns.pop("anonymous_id", self.anonymous_id)
        for kind, value in (("user_id", user_id), ("anonymous_id", anonymous_id)):
            if value is not None and value not in JUNK_IDS:
                self.book.owns(self.name, kind, value)
        arrives = min(at + 2 * SECOND, self.book.clock.as_of)
        row = {
            "id": self.book.key(),
            "anonymous_id": anonymous_id,
            "user_id": user_id,
            "received_at": arrives if received is None else received,
            "timestamp": at,
        }
        return self.book.add(table, row | columns)

    def view(self, path: str, ago: int, *, received: int | None = None, **columns: Any) -> Row:
        """Look at a page; `received` is the instant it reached us when that was late."""
        page = {
            "url": world.SITE + path,
            "path": path,
            "title": world.TITLES.get(path, "Tidemark"),
            "context_user_agent": self.agent,
        }
        return self._web("segment.pages", ago, received, **(page | columns))

    def visit(self, ago: int, *paths: str, **columns: Any) -> None:
        """Look at several pages, a minute and a half apart."""
        for number, path in enumerate(paths):
            self.view(path, ago - number * 90 * SECOND, **columns)

    def track(
        self,
        event: str,
        ago: int,
        properties: Row | None = None,
        *,
        path: str = "/",
        **columns: Any,
    ) -> Row:
        """Do something on a page, with the event's properties."""
        action = {
            "event": event,
            "context_page_url": world.SITE + path,
            "context_page_path": path,
            "context_user_agent": self.agent,
            "properties": json.dumps(properties or {}),
        }
        return self._web("segment.tracks", ago, None, **(action | columns))

    def identify(self, ago: int, **columns: Any) -> Row:
        """Open the home page and say who they are; `email=` another address than their own."""
        self.view("/", ago + SECOND, **{k: v for k, v in columns.items() if k.endswith("_id")})
        email = columns.get("email", self.email)
        if email:
            self.book.owns(self.name, "email", email.lower())
        claims = {
            "email": email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company": self.company,
            "title": world.JOB_TITLES[self.number % len(world.JOB_TITLES)],
            "ad_consent": world.AD_CONSENTS[self.number % len(world.AD_CONSENTS)],
        }
        return self._web("segment.identifies", ago, None, **(claims | columns))

    def letter(
        self,
        ago: int,
        *,
        opened: bool = False,
        clicked: bool = False,
        machine: str = "",
        failed: str = "",
        ends: str = "",
        to: str = "",
        link: int = 0,
    ) -> dict[str, Row]:
        """Receive one letter and do with it what the flags say; returns the rows by event.

        `machine`: 'apple' or 'google' fetched its pictures; `failed`: 'bounce' or 'blocked'
        instead of delivered; `ends`: 'spamreport', 'unsubscribe' or 'group_unsubscribe'; `link`
        is the number of the link clicked, of catalogue.MAIL_LINKS.
        """
        self._letters += 1
        name = hashlib.md5(f"{self.book.seed}:{self.name}:{self._letters}".encode()).hexdigest()
        email = to or self.email
        self.book.owns(self.name, "email", email.lower())
        sent = self.at(ago)
        agent = world.MAIL_AGENTS[self.number % world.HUMAN_MAIL_AGENTS]
        device = {"useragent": agent, "ip": "203.0.113.7"}

        def report(event: str, after: int, **details: Any) -> Row:
            at = (sent + after) // SECOND
            payload = {
                "email": email,
                "timestamp": at,
                "event": event,
                "sg_event_id": self.book.key(),
                "sg_message_id": f"{name[:20]}.filter0001-0",
                "category": ["letter"],
            }
            return self.book.add(
                "email.webhooks",
                {
                    "provider": "sendgrid",
                    "received_at": min((at + 3) * SECOND, self.book.clock.as_of),
                    "payload": json.dumps(payload | details),
                },
            )

        if failed:
            status = "5.1.1" if failed == "bounce" else "4.7.1"
            reason = "no such mailbox" if failed == "bounce" else "try again later"
            return {"bounce": report("bounce", 0, type=failed, status=status, reason=reason)}
        rows = {"delivered": report("delivered", 0)}
        if machine:
            which = world.APPLE_MACHINE if machine == "apple" else world.GOOGLE_MACHINE
            fetcher = {"useragent": world.MAIL_AGENTS[which], "ip": "198.51.100.9"}
            rows["machine"] = report("open", 5 * MINUTE, **fetcher, sg_machine_open=True)
        if opened:
            rows["open"] = report("open", 2 * HOUR, **device, sg_machine_open=False)
        if clicked:
            url = world.SITE + world.MAIL_LINKS[link]
            rows["click"] = report("click", 2 * HOUR + MINUTE, **device, url=url)
        if ends:
            rows["ends"] = report(ends, 3 * HOUR)
        return rows

    def contact(
        self,
        stage: str,
        ago: int,
        *,
        optout: bool = False,
        firm: Row | None = None,
        **columns: Any,
    ) -> int:
        """Enter the CRM at a lifecycle stage; returns the contact's id.

        `firm` are columns of the company's row, when this is the first contact of it.
        """
        created = self.at(ago)
        self.contact_id = FIRST_CONTACT + len(self.book.rows["hubspot.contacts"])
        self.book.owns(self.name, "crm_contact_id", str(self.contact_id))
        self.book.owns(self.name, "email", self.email.lower())
        company = self.company and self.book.company_id(
            self.company, self.domain, created, **(firm or {})
        )
        row = {
            "id": self.contact_id,
            "_fivetran_deleted": False,
            "_fivetran_synced": min(created + HOUR, self.book.clock.as_of),
            "property_email": self.email,
            "property_firstname": self.first_name,
            "property_lastname": self.last_name,
            "property_company": self.company,
            "property_jobtitle": world.JOB_TITLES[self.number % len(world.JOB_TITLES)],
            "property_lifecyclestage": stage,
            "property_hs_lead_status": "OPEN",
            "property_hs_email_optout": optout,
            "property_createdate": created,
            "property_lastmodifieddate": created,
            "property_associatedcompanyid": company,
            "property_hubspot_owner_id": world.OWNERS[self.number % len(world.OWNERS)][0],
            "property_ad_consent": world.AD_CONSENTS[self.number % len(world.AD_CONSENTS)],
        }
        self.book.add("hubspot.contacts", row | columns)
        return self.contact_id

    def deal(self, stage: str, created: int, closed: int, **columns: Any) -> Row:
        """Stand on a deal; `created` and `closed` are ago, a negative one lies ahead."""
        number = FIRST_DEAL + len(self.book.rows["hubspot.deals"])
        synced = min(max(self.at(created), self.at(closed)) + HOUR, self.book.clock.as_of)
        row = {
            "deal_id": number,
            "is_deleted": False,
            "_fivetran_synced": synced,
            "deal_pipeline_stage_id": stage,
            "owner_id": world.OWNERS[self.number % len(world.OWNERS)][0],
            "property_dealname": f"{self.company or self.last_name} harbour kit",
            "property_amount": 18_500.0,
            "property_closedate": self.at(closed),
            "property_createdate": self.at(created),
        }
        link = {"deal_id": number, "contact_id": self.contact_id, "_fivetran_synced": synced}
        self.book.add("hubspot.deal_contacts", link)
        return self.book.add("hubspot.deals", row | columns)


# Values that broken trackers send in place of an id; they belong to nobody.
JUNK_IDS = ("undefined", "null", "00000000-0000-0000-0000-000000000000")

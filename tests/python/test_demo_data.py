"""The demo data: what is planted is there, can be told apart, and is the same every time.

The expectations in `_planted/people.csv` come from how each story was built. Here a second,
deliberately plain evaluator reads the Parquet files and must reach the same answers.
"""

import csv
import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dev.demo_data import files
from dev.demo_data.files import ForeignFilesError
from dev.make_demo_data import (
    NotAnInstantError,
    SpanTooShortError,
    main,
    make_demo_data,
    parse_as_of,
)

from .oracle.events import (
    Company,
    Contact,
    Deal,
    Event,
    Person,
    World,
    closed_by,
    meaning,
)
from .oracle.lifecycle import lifecycle_of
from .oracle.segments import judged, segments_of

ROOT = Path(__file__).resolve().parents[2]
AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
NOW = AS_OF.replace(tzinfo=None)
DAY = timedelta(days=1)
# Mailboxes that many people read: nobody's address, and nobody's company.
ROLES = ("info@", "sales@")
JUNK = {"undefined", "null", "00000000-0000-0000-0000-000000000000"}
SEGMENTS = judged()
# Columns and types as the project's inputs are documented, written out once more on purpose.
CONTRACT = {
    "segment.pages": "id anonymous_id user_id received_at:timestamp timestamp:timestamp url path "
    "title referrer context_user_agent",
    "segment.tracks": "id anonymous_id user_id event received_at:timestamp timestamp:timestamp "
    "context_page_url context_page_path context_user_agent properties",
    "segment.identifies": "id anonymous_id user_id received_at:timestamp timestamp:timestamp email "
    "phone first_name last_name company title ad_consent:boolean",
    "email.webhooks": "provider received_at:timestamp payload",
    "hubspot.contacts": "id:bigint _fivetran_deleted:boolean _fivetran_synced:timestamp "
    "property_email property_firstname property_lastname property_phone property_company "
    "property_jobtitle property_lifecyclestage property_hs_lead_status "
    "property_hs_email_optout:boolean property_createdate:timestamp "
    "property_lastmodifieddate:timestamp property_associatedcompanyid:bigint "
    "property_hubspot_owner_id:bigint property_hs_additional_emails property_hs_buying_role "
    "property_hs_v2_date_entered_customer:timestamp property_firmographics_verified_at:timestamp "
    "property_ad_consent:boolean",
    "hubspot.companies": "id:bigint is_deleted:boolean _fivetran_synced:timestamp property_name "
    "property_domain property_industry property_country property_numberofemployees:bigint "
    "property_createdate:timestamp property_hs_is_target_account:boolean "
    "property_renewal_date:timestamp",
    "hubspot.deals": "deal_id:bigint is_deleted:boolean _fivetran_synced:timestamp "
    "deal_pipeline_stage_id owner_id:bigint property_dealname property_amount:double "
    "property_closedate:timestamp property_createdate:timestamp",
    "hubspot.deal_contacts": "deal_id:bigint contact_id:bigint _fivetran_synced:timestamp",
    "hubspot.owners": "owner_id:bigint email first_name last_name _fivetran_synced:timestamp",
}
EVENT_TABLES = ("segment.pages", "segment.tracks", "segment.identifies", "email.webhooks")
SHAPES = {
    table: [
        (name, (kind or "varchar").upper())
        for name, _, kind in (column.partition(":") for column in columns.split())
    ]
    for table, columns in CONTRACT.items()
}
STORIES_ASKED_FOR = {
    "pricing_at_threshold",
    "pricing_above_threshold",
    "pricing_below_threshold",
    "sales_ready",
    "evaluator",
    "shop_buyer",
    "deal_won",
    "crm_customer",
    "lapsed_75_days",
    "not_lapsed_59_days",
    "not_lapsed_91_days",
    "silent_at_threshold",
    "streak_opener",
    "machine_opener_apple",
    "machine_opener_google",
    "hard_bounce",
    "complaint",
    "unsubscribe",
    "crm_opt_out",
    "shared_device_of_2",
    "shared_device_of_3",
    "three_addresses",
    "cart_left",
    "cart_recovered",
    "cart_left_after_order",
    "hot_returner",
    "back_too_late",
    "absent",
    "declining_use",
    "renewal_coming",
    "job_change",
    "role_mailbox_info",
    "role_mailbox_sales",
    "junk_user_id_undefined",
    "junk_anonymous_id_00000000",
    "late_events",
    "delivered_twice",
    "letters_reported_twice",
    "clock_runs_ahead",
    "pricing_row_dated_in_future",
    "pricing_row_with_missing_event_id",
}


class Data:
    """One generated folder, read back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sql(self, query: str) -> list[tuple]:
        with duckdb.connect() as connection:
            for table in CONTRACT:
                parts = self.folder.joinpath(*table.split("."), "*.parquet")
                name = table.replace(".", "_")
                connection.execute(f"create view {name} as select * from '{parts}'")
            return connection.execute(query).fetchall()

    def planted(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "_planted" / f"{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def manifest(self) -> dict:
        return json.loads((self.folder / "_planted" / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The demo at its default size."""
    out = tmp_path_factory.mktemp("demo")
    make_demo_data(out=out, people=3000, as_of=AS_OF)
    return Data(out)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The demo with hardly any crowd."""
    out = tmp_path_factory.mktemp("small")
    make_demo_data(out=out, people=50, as_of=AS_OF)
    return Data(out)


# --- The plain evaluator ---------------------------------------------------------------------


class Evaluator:
    """Reads all rows into the plain world that the oracle judges, without SQL rules."""

    def __init__(self, data: Data, now: datetime) -> None:
        self.now = now
        self.quarantine: dict[tuple[str, str, str], int] = defaultdict(int)
        self.duplicates: dict[str, int] = defaultdict(int)
        self.events = self._web(data) + self._mail(data)
        # Arrival decides which of two deliveries is kept; the moment decides everything else.
        self.events.sort(key=lambda event: event["loaded"])
        seen: set[tuple[str, str]] = set()
        kept = []
        for event in self.events:
            key = (event["source"], event["id"])
            if key in seen:
                self.duplicates[event["source"]] += 1
            else:
                seen.add(key)
                kept.append(event)
        self.events = sorted(kept, key=lambda event: event["at"])
        self._identify()
        self._world(data)

    def _refuse(self, table: str, reason: str) -> None:
        self.quarantine[(*table.split("."), reason)] += 1

    def _keep(self, table: str, event: dict) -> bool:
        """Return whether the row is an event; else count why it is not."""
        who = [event.get(name) for name in ("user", "anonymous", "email")]
        if event["id"] is None:
            reason = "missing_event_id"
        elif event["at"] is None:
            reason = "unreadable_time"
        elif not any(who):
            reason = "no_identifier"
        elif event["at"] > event["loaded"] + DAY:
            reason = "dated_in_future"
        else:
            return True
        self._refuse(table, reason)
        return False

    def _web(self, data: Data) -> list[dict]:
        selects = {
            "segment.pages": "path, null, null, null",
            "segment.tracks": "event, properties, null, context_page_path",
            "segment.identifies": "null, null, email, null",
        }
        events = []
        for table, columns in selects.items():
            rows = data.sql(
                f"select id, user_id, anonymous_id, received_at, timestamp, {columns} "
                f"from {table.replace('.', '_')}"
            )
            for key, user, anonymous, loaded, at, what, properties, email, path in rows:
                held = json.loads(properties or "{}")
                names = ("order_id", "product_id", "content_id", "video_id", "form_id", "feature")
                thing = next((held[name] for name in (*names, "url") if name in held), None)
                is_page = table == "segment.pages"
                event = {
                    "source": "segment",
                    "id": key,
                    "user": None if user in JUNK else user,
                    "anonymous": None if anonymous in JUNK else anonymous,
                    "email": email and email.lower(),
                    "loaded": loaded,
                    "at": at,
                    "behavior": "identified",
                    "web": table != "segment.identifies",
                    "path": what if is_page else path,
                    "object": thing,
                    "value": held.get("revenue", held.get("price", held.get("seconds"))),
                    "category": held.get("category"),
                    "cart_id": held.get("cart_id"),
                    "product_id": held.get("product_id"),
                    "product_name": held.get("name"),
                    "discounted": what == "order_completed" and held.get("discount", 0) > 0,
                }
                if is_page:
                    event["behavior"] = meaning("segment", "page_viewed", what)
                elif what:
                    event["behavior"] = meaning("segment", what, path or "", thing or "")
                if self._keep(table, event):
                    events.append(event)
                    events += [self._line(event, line) for line in held.get("products", ())]
        return events

    @staticmethod
    def _line(order: dict, line: dict) -> dict:
        """What one line of an order says."""
        return {
            **order,
            "id": f"{order['id']} {line['product_id']}",
            "behavior": "product_purchased",
            "web": False,
            "object": line["product_id"],
            "product_id": line["product_id"],
            "order_id": order["object"],
        }

    def _mail(self, data: Data) -> list[dict]:
        events = []
        for provider, loaded, text in data.sql("select * from email_webhooks"):
            assert provider == "sendgrid"
            try:
                payload = json.loads(text)
            except ValueError:
                self._refuse("email.webhooks", "unreadable_payload")
                continue
            kind = payload["event"]
            known = "deferred delivered open click bounce spamreport unsubscribe group_unsubscribe"
            if kind not in known.split():
                self._refuse("email.webhooks", "unknown_event_type")
                continue
            seconds = payload.get("timestamp")
            at = None
            if isinstance(seconds, int):
                at = datetime(1970, 1, 1) + timedelta(seconds=seconds)
            hard = payload.get("type") == "bounce"
            words = {
                "deferred": "deferred",
                "delivered": "delivered",
                "open": "opened",
                "click": "clicked",
                "bounce": "hard_bounced" if hard else "soft_bounced",
                "spamreport": "complained",
            }
            name = f"email_{words.get(kind, 'unsubscribed')}"
            event = {
                "source": "email",
                "id": payload.get("sg_event_id"),
                "email": payload.get("email"),
                "loaded": loaded,
                "at": at,
                "behavior": meaning("email", name, link=payload.get("url") or ""),
                "object": payload.get("sg_message_id"),
                "link": payload.get("url"),
                "machine": payload.get("sg_machine_open", False),
                "web": False,
            }
            if self._keep("email.webhooks", event):
                events.append(event)
        return events

    def _identify(self) -> None:
        """Direct links only: the user most recently seen with an anonymous id or an e-mail."""
        owner: dict[tuple[str, str], str] = {}
        for event in self.events:
            if event.get("user"):
                for kind in ("anonymous", "email"):
                    if event.get(kind):
                        owner[(kind, event[kind])] = event["user"]
        self.owner = owner
        self.of: dict[str, list[dict]] = defaultdict(list)
        for event in self.events:
            if event["at"] <= self.now:
                self.of[self.profile(event)].append(event)

    def profile(self, who: dict) -> str:
        for kind in ("user", "email", "anonymous"):
            if who.get(kind):
                return self.owner.get((kind, who[kind]), who[kind])
        raise AssertionError(who)

    def _crm(self, data: Data) -> tuple[dict[str, Contact], list[Company], list[Deal]]:
        """Contacts by profile, companies and deals; what they say happened becomes events."""
        contacts, of_contact = {}, {}
        for row in data.sql(
            "select id, property_email, property_lifecyclestage, property_associatedcompanyid, "
            "property_hs_lead_status, property_hs_buying_role, "
            "property_hs_v2_date_entered_customer, property_firmographics_verified_at, "
            "property_lastmodifieddate, property_jobtitle, property_hs_email_optout, "
            "property_createdate, _fivetran_synced "
            "from hubspot_contacts where not _fivetran_deleted"
        ):
            key, email, stage, company, status, roles, since, verified, modified, *rest = row
            title, optout, created, loaded = rest
            profile = self.profile({"email": email.lower()})
            contact = Contact(
                str(key), stage, company and str(company), status, roles, since,
                verified or created, title, optout,
            )  # fmt: skip
            contacts[profile] = of_contact[key] = contact
            self._tell(profile, email, "contact_created", str(key), created, loaded)
            self.seen[profile].append((email.lower(), modified))
            self.profile_of_contact[key] = profile
        companies = [
            Company(str(key), domain, industry, country, size, target, renewal, created)
            for key, domain, industry, country, size, target, renewal, created in data.sql(
                "select id, property_domain, property_industry, property_country, "
                "property_numberofemployees, property_hs_is_target_account, "
                "property_renewal_date, property_createdate "
                "from hubspot_companies where not is_deleted"
            )
        ]
        deals = []
        for key, contact, stage, created, closed, loaded in data.sql(
            "select deal_id, contact_id, deal_pipeline_stage_id, property_createdate, "
            "property_closedate, hubspot_deals._fivetran_synced "
            "from hubspot_deals join hubspot_deal_contacts using (deal_id) where not is_deleted"
        ):
            profile = self.profile_of_contact.get(contact)
            if profile is None:
                continue
            deal = Deal(str(key), (str(contact),), stage, created, closed, loaded)
            deals.append(deal)
            steps = [("deal_created", created)]
            if stage in ("closedwon", "closedlost"):
                steps.append(("deal_won" if stage == "closedwon" else "deal_lost", closed_by(deal)))
            for name, at in steps:
                self._tell(profile, None, name, str(key), at, loaded)
        return contacts, companies, deals

    def _tell(
        self, profile: str, email: str | None, name: str, thing: str, at: datetime, loaded: datetime
    ) -> None:
        """Add what the CRM's tables say happened to one person."""
        if at <= self.now:
            self.of[profile].append(
                {"source": "hubspot", "id": f"{name}:{thing}", "behavior": name, "object": thing,
                 "at": at, "loaded": loaded, "web": False, "email": email}
            )  # fmt: skip

    def _world(self, data: Data) -> None:
        """The same people as the oracle knows them."""
        self.seen: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
        self.profile_of_contact: dict[int, str] = {}
        contacts, companies, deals = self._crm(data)
        titles = {
            self.profile({"user": user, "anonymous": anonymous}): title
            for user, anonymous, title in data.sql(
                "select user_id, anonymous_id, title from segment_identifies "
                "where title is not null and coalesce(user_id, anonymous_id) is not null "
                "order by timestamp"
            )
        }
        people = []
        for profile in self.everyone():
            seen = list(self.seen[profile])
            seen += [(event["email"].lower(), event["at"]) for event in self.of[profile]
                     if event.get("email")]  # fmt: skip
            addresses: dict[str, datetime] = {}
            for email, at in seen:
                if email.startswith(ROLES):
                    continue
                addresses[email] = max(at, addresses.get(email, at))
            people.append(
                Person(
                    key=profile,
                    events=tuple(as_event(event) for event in self.of[profile]),
                    addresses=tuple(addresses.items()),
                    sightings=tuple(
                        [event["at"] for event in self.of[profile]] + [at for _, at in seen]
                    ),
                    is_identified=self.is_identified(profile),
                    contact=contacts.get(profile),
                    job_title=titles.get(profile),
                )
            )
        self.person_of = {person.key: person for person in people}
        self.world = World(self.now, tuple(people), tuple(companies), tuple(deals))

    def everyone(self) -> set[str]:
        return set(self.of)

    def is_identified(self, profile: str) -> bool:
        return profile.startswith("u_") or "@" in profile

    def suppressed(self, profile: str) -> str:
        for event in self.of[profile]:
            reason = event["behavior"].removeprefix("email_")
            if reason in ("hard_bounced", "complained", "unsubscribed"):
                return reason
        contact = self.person_of[profile].contact
        return "crm_opted_out" if contact and contact.is_opted_out else ""

    def segments(self, profile: str) -> set[str]:
        return segments_of(self.world, self.person_of[profile])

    def stage(self, profile: str) -> str:
        """The stage of the lifecycle; prospect for any of the first three."""
        stage, *_ = lifecycle_of(self.world, self.person_of[profile])[-1]
        return "prospect" if stage in ("anonymous", "lead", "engaged") else stage


def as_event(event: dict) -> Event:
    """One row's event as the oracle knows it."""
    return Event(
        source=event["source"],
        event_id=event["id"],
        behavior=event["behavior"],
        at=event["at"],
        loaded=event["loaded"],
        device=event.get("anonymous") or event.get("user") or "",
        object_id=event.get("object"),
        value=event.get("value"),
        is_web=event["web"],
        is_machine=event.get("machine", False),
        path=event.get("path"),
        link=event.get("link"),
        category=event.get("category"),
        cart_id=event.get("cart_id"),
        product_id=event.get("product_id"),
        order_id=event.get("order_id"),
        product_name=event.get("product_name"),
        is_discounted=event.get("discounted", False),
    )


def assert_as_planted(data: Data, now: datetime) -> Evaluator:
    """Every planted person, row fault and duplicate is found, and nothing more."""
    evaluator = Evaluator(data, now)
    wrong = []
    for person in data.planted("people"):
        kind = {"user_id": "user", "anonymous_id": "anonymous"}.get(person["key_type"], "email")
        profile = evaluator.profile({kind: person["key_value"]})
        found = (
            ";".join(sorted(evaluator.segments(profile))),
            evaluator.suppressed(profile),
            evaluator.stage(profile),
        )
        expected = (
            person["expected_segments"],
            person["expected_suppressed"],
            person["expected_lifecycle"],
        )
        if found != expected:
            wrong.append((person["person"], expected, found))
    assert not wrong
    assert dict(evaluator.quarantine) == {
        (row["source"], row["table"], row["reason"]): int(row["expected_rows"])
        for row in data.planted("quarantine")
    }
    assert dict(evaluator.duplicates) == {
        row["source"]: int(row["expected_rows"]) for row in data.planted("duplicates")
    }
    return evaluator


# --- What is planted -------------------------------------------------------------------------


def test_default_demo_is_as_planted_and_segments_have_sensible_sizes(demo: Data) -> None:
    evaluator = assert_as_planted(demo, NOW)
    people = evaluator.everyone()
    identified = sum(1 for profile in people if evaluator.is_identified(profile))
    sizes: dict[str, int] = defaultdict(int)
    for profile in people:
        for segment in evaluator.segments(profile):
            sizes[segment] += 1
    assert set(sizes) == SEGMENTS
    assert all(size <= 0.6 * identified for size in sizes.values()), (dict(sizes), identified)
    assert 60_000 <= demo.manifest()["events"] <= 120_000


@pytest.mark.parametrize(
    ("people", "seed", "days", "as_of"),
    [
        (1, 0, 200, "2026-06-30T00:00:00Z"),
        (20, 1, 240, "2024-02-29T23:59:59.999999Z"),
        (60, 20_260_630, 400, "2025-10-26T02:30:00+02:00"),
        (7, 123, 203, "2026-01-01T12:34:56"),
    ],
)
def test_stories_hold_for_other_sizes_seeds_and_instants(
    tmp_path: Path, people: int, seed: int, days: int, as_of: str
) -> None:
    instant = parse_as_of(as_of)
    make_demo_data(out=tmp_path, people=people, seed=seed, days=days, as_of=instant)
    data = Data(tmp_path)
    assert_as_planted(data, instant.replace(tzinfo=None))
    assert {person["story"] for person in data.planted("people")} >= STORIES_ASKED_FOR


def test_every_planted_story_is_there_even_in_a_small_crowd(demo: Data, small: Data) -> None:
    stories = {person["story"] for person in small.planted("people")}
    assert stories >= STORIES_ASKED_FOR
    assert stories == {person["story"] for person in demo.planted("people")}
    assert_as_planted(small, NOW)


def test_every_segment_has_planted_members_and_people_just_outside(demo: Data) -> None:
    people = demo.planted("people")
    members: dict[str, int] = defaultdict(int)
    for person in people:
        for segment in filter(None, person["expected_segments"].split(";")):
            members[segment] += 1
        assert person["expected_lifecycle"] in {
            "prospect", "opportunity", "customer", "former_customer"
        }  # fmt: skip
        assert person["why"].endswith(".")
    assert set(members) == SEGMENTS
    assert min(members.values()) >= 2
    assert sum(1 for person in people if not person["expected_segments"]) >= 40
    assert {person["expected_suppressed"] for person in people} == {
        "",
        "hard_bounced",
        "complained",
        "unsubscribed",
        "crm_opted_out",
    }


def test_planted_keys_are_unique_and_exist_in_the_data(demo: Data) -> None:
    people = demo.planted("people")
    keys = {(person["key_type"], person["key_value"]) for person in people}
    assert len(keys) == len(people)
    seen = {
        "user_id": "select user_id from segment_pages",
        "anonymous_id": "select anonymous_id from segment_pages",
        "email": "select json_extract_string(payload, 'email') from email_webhooks "
        "where json_valid(payload) union select property_email from hubspot_contacts",
    }
    for kind, query in seen.items():
        values = {value for (value,) in demo.sql(query)}
        assert {value for of_kind, value in keys if of_kind == kind} <= values


def test_identities_say_who_shares_what(demo: Data) -> None:
    rows = demo.planted("identities")
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        owners[(row["identifier_type"], row["identifier_value"])].add(row["person"])
        if row["identifier_type"] == "email":
            kinds[row["person"]].add(row["identifier_value"])
    for row in rows:
        shared = len(owners[(row["identifier_type"], row["identifier_value"])]) > 1
        assert row["is_shared"] == str(shared).lower()
        assert row["identifier_value"] not in JUNK
    assert sorted(len(people) for people in owners.values() if len(people) > 1) == [2, 3, 3, 3]
    assert len(kinds["three_addresses_1"]) == 3
    assert len(kinds["job_change_1"]) == 2
    assert {row["person"] for row in rows} == {
        person["person"] for person in demo.planted("people")
    }


def test_quarantine_covers_every_reason(demo: Data) -> None:
    reasons = {(row["source"], row["reason"]) for row in demo.planted("quarantine")}
    common = {"missing_event_id", "unreadable_time", "no_identifier", "dated_in_future"}
    assert reasons == {
        *(("segment", reason) for reason in common),
        *(("email", reason) for reason in common | {"unreadable_payload", "unknown_event_type"}),
    }


# --- Shapes, times, people -------------------------------------------------------------------


@pytest.mark.parametrize("table", CONTRACT)
def test_tables_have_the_documented_columns_types_and_order(demo: Data, table: str) -> None:
    name = table.replace(".", "_")
    assert [row[:2] for row in demo.sql(f"describe {name}")] == SHAPES[table]
    assert demo.manifest()["rows"][table] == demo.sql(f"select count(*) from {name}")[0][0] > 0
    arrival = "received_at" if table in EVENT_TABLES else "_fivetran_synced"
    arrived = [at for (at,) in demo.sql(f"select {arrival} from {name}")]
    assert arrived == sorted(arrived)
    assert arrived[-1] <= NOW


def test_no_event_lies_outside_the_span_but_those_planted_there(demo: Data) -> None:
    start = NOW - 240 * DAY
    long_ago = {
        person["key_value"]
        for person in demo.planted("people")
        if re.search("_(364|366|700|900)_days_ago$", person["story"])
    }
    for table in ("segment_pages", "segment_tracks", "segment_identifies"):
        early = f"select user_id from {table} where timestamp < timestamp '{start}'"
        assert {user for (user,) in demo.sql(early)} <= long_ago | {None}
    ahead = demo.sql(f"select user_id from segment_pages where timestamp > timestamp '{NOW}'")
    allowed = {
        person["key_value"]
        for person in demo.planted("people")
        if person["story"] in ("clock_runs_ahead", "pricing_row_dated_in_future")
    }
    assert len(ahead) == 4
    assert {user for (user,) in ahead} == allowed
    seconds = [
        json.loads(text)["timestamp"]
        for (text,) in demo.sql("select payload from email_webhooks where json_valid(payload)")
        if isinstance(json.loads(text).get("timestamp"), int)
    ]
    assert min(seconds) >= (AS_OF - 240 * DAY).timestamp()
    assert sum(second > AS_OF.timestamp() for second in seconds) == 1
    in_crm = "select min(property_createdate), max(property_createdate) from hubspot_"
    for table in ("contacts", "companies", "deals"):
        [(first, last)] = demo.sql(in_crm + table)
        assert start <= first <= last <= NOW


def test_ordinary_rows_arrive_after_they_happened(demo: Data) -> None:
    for table in ("segment_pages", "segment_tracks", "segment_identifies"):
        [(early, late, rows)] = demo.sql(
            "select count(*) filter (received_at < timestamp), "
            "count(*) filter (received_at > timestamp + interval 1 hour), count(*) "
            f"from {table} where timestamp <= timestamp '{NOW}'"
        )
        assert early == 0
        assert 0 < late < 0.02 * rows


def test_nobody_is_real(demo: Data) -> None:
    emails = demo.sql(
        "select email from segment_identifies where email is not null "
        "union select property_email from hubspot_contacts "
        "union select email from hubspot_owners "
        "union select json_extract_string(payload, 'email') from email_webhooks "
        "where json_valid(payload) and json_extract_string(payload, 'email') is not null"
    )
    domains = {email.rpartition("@")[2].lower() for (email,) in emails}
    domains |= {domain for (domain,) in demo.sql("select property_domain from hubspot_companies")}
    assert all(name == "example.com" or name.endswith((".example", ".test")) for name in domains)
    phones = demo.sql(
        "select phone, count(distinct user_id) from segment_identifies "
        "where phone is not null group by phone"
    )
    assert len(phones) > 100
    assert all(
        phone[:2] == "+1" and phone[5:10] == "55501" and len(phone) == 12 and owners == 1
        for phone, owners in phones
    )


def test_properties_are_json_and_crm_keys_match(demo: Data) -> None:
    assert demo.sql("select count(*) from segment_tracks where not json_valid(properties)") == [
        (0,)
    ]
    for orphan in (
        "hubspot_deal_contacts anti join hubspot_deals using (deal_id)",
        "hubspot_deal_contacts as link anti join hubspot_contacts as c on link.contact_id = c.id",
        "hubspot_deals anti join hubspot_owners using (owner_id)",
        "(from hubspot_contacts where property_associatedcompanyid is not null) as c "
        "anti join hubspot_companies as o on c.property_associatedcompanyid = o.id",
    ):
        assert demo.sql(f"select count(*) from {orphan}") == [(0,)]
    for table, key in (("contacts", "id"), ("companies", "id"), ("deals", "deal_id")):
        query = f"select count(*) - count(distinct {key}) from hubspot_{table}"
        assert demo.sql(query) == [(0,)]
    [(contacts, addresses)] = demo.sql(
        "select count(*), count(distinct lower(property_email)) from hubspot_contacts"
    )
    assert contacts == addresses


# --- The same every time, and only its own files -----------------------------------------------


def tables_of(data: Data) -> dict[str, list[tuple]]:
    return {
        table: sorted(map(repr, data.sql(f"select * from {table.replace('.', '_')}")))
        for table in CONTRACT
    }


def planted_of(data: Data) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (data.folder / "_planted").iterdir()}


def test_same_arguments_make_the_same_data(small: Data, tmp_path: Path) -> None:
    for folder, seed in (("again", 7), ("other", 8)):
        make_demo_data(out=tmp_path / folder, people=50, seed=seed, as_of=AS_OF)
    again, other = Data(tmp_path / "again"), Data(tmp_path / "other")
    expected = tables_of(small)
    assert tables_of(again) == expected
    assert planted_of(again) == planted_of(small)
    differs = [table for table, rows in tables_of(other).items() if rows != expected[table]]
    assert set(differs) >= set(EVENT_TABLES)


def test_parts_are_in_order_of_arrival_and_hold_the_same_rows(
    small: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PART_ROWS", 150)
    make_demo_data(out=tmp_path, people=50, as_of=AS_OF)
    parted = Data(tmp_path)
    assert len(list((tmp_path / "segment" / "pages").iterdir())) > 3
    assert tables_of(parted) == tables_of(small)
    arrived = [at for (at,) in parted.sql("select received_at from segment_pages")]
    assert arrived == sorted(arrived)

    monkeypatch.undo()
    make_demo_data(out=tmp_path, people=50, as_of=AS_OF)
    assert [path.name for path in (tmp_path / "segment" / "pages").iterdir()] == [
        "part-0001.parquet"
    ]
    assert tables_of(parted) == tables_of(small)


def test_refuses_files_of_others_and_leaves_everything(tmp_path: Path) -> None:
    make_demo_data(out=tmp_path, people=1, as_of=AS_OF)
    before = tables_of(Data(tmp_path))
    for name in ("segment/pages/mine.parquet", "segment/tracks.parquet", "_planted/notes.txt"):
        foreign = tmp_path / name
        foreign.write_text("mine")
        with pytest.raises(ForeignFilesError, match=rf"{foreign.name}.*--out"):
            make_demo_data(out=tmp_path, people=1, seed=8, as_of=AS_OF)
        assert foreign.read_text() == "mine"
        foreign.unlink()
        assert tables_of(Data(tmp_path)) == before
    make_demo_data(out=tmp_path, people=1, seed=8, as_of=AS_OF)


def test_refuses_a_folder_that_it_has_no_manifest_for(tmp_path: Path) -> None:
    make_demo_data(out=tmp_path, people=1, as_of=AS_OF)
    (tmp_path / "_planted" / "manifest.json").unlink()
    with pytest.raises(ForeignFilesError, match="not written by the demo data"):
        make_demo_data(out=tmp_path, people=1, as_of=AS_OF)
    (tmp_path / "_planted" / "manifest.json").write_text("{}")
    with pytest.raises(ForeignFilesError, match="not a manifest"):
        make_demo_data(out=tmp_path, people=1, as_of=AS_OF)


def test_never_removes_what_lies_elsewhere(tmp_path: Path) -> None:
    out, precious = tmp_path / "raw", tmp_path / "precious.parquet"
    make_demo_data(out=out, people=1, as_of=AS_OF)
    other = out / "segment" / "groups" / "part-0001.parquet"
    other.parent.mkdir()
    for path in (precious, other):
        path.write_text("keep me")
    manifest = out / "_planted" / "manifest.json"
    listed = json.loads(manifest.read_text())
    listed["files"] += ["../precious.parquet", str(precious), "segment/groups/part-0001.parquet"]
    manifest.write_text(json.dumps(listed))
    make_demo_data(out=out, people=1, as_of=AS_OF)
    assert precious.read_text() == other.read_text() == "keep me"


def test_a_failed_run_leaves_the_earlier_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo_data(out=tmp_path, people=1, as_of=AS_OF)
    before = tables_of(Data(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files, "_write_planted", fail)
    with pytest.raises(OSError, match="no space"):
        make_demo_data(out=tmp_path, people=9, seed=8, as_of=AS_OF)
    assert tables_of(Data(tmp_path)) == before
    assert not (tmp_path / ".demo-data-unfinished").exists()
    monkeypatch.undo()
    make_demo_data(out=tmp_path, people=1, as_of=AS_OF)
    assert tables_of(Data(tmp_path)) == before


# --- The command line ------------------------------------------------------------------------


def test_help_names_every_option() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "dev.make_demo_data", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout
    for option in ("--people", "--events", "--days", "--seed", "--as-of", "--out"):
        assert option in shown


def test_main_prints_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--people", "5", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "nobody in it is real" in shown
    assert "segment.pages" in shown
    assert "pricing_researchers" in shown
    assert str(tmp_path) in shown


def test_events_chooses_the_number_of_people(tmp_path: Path) -> None:
    make_demo_data(out=tmp_path, events=150_000, as_of=AS_OF)
    manifest = Data(tmp_path).manifest()
    assert manifest["events"] == pytest.approx(150_000, rel=0.05)
    assert manifest["arguments"]["people"] > 3_000
    assert manifest["arguments"]["as_of"] == "2026-06-30T00:00:00Z"


def test_mistakes_are_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SpanTooShortError, match="at least 200"):
        make_demo_data(out=tmp_path, people=1, days=199, as_of=AS_OF)
    with pytest.raises(NotAnInstantError, match="2026-06-30T00:00:00Z"):
        parse_as_of("yesterday")
    out = ["--out", str(tmp_path / "raw")]
    assert main(["--days", "30", *out]) == 2
    assert main(["--as-of", "soon", *out]) == 2
    (tmp_path / "file").write_text("")
    assert main(["--people", "1", "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("error: ") == 3
    for wrong in (["--people", "0"], ["--people", "5", "--events", "9"], ["--seed", "-1"]):
        with pytest.raises(SystemExit):
            main([*wrong, *out])
    assert not (tmp_path / "raw").exists()

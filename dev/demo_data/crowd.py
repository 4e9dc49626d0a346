"""Puts the blocks of background people together and turns their codes into raw rows."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.actions import add_actions
from dev.demo_data.background import (
    FIRST_PERSON,
    NEVER,
    blocks,
    choose_identification,
    make_identifies,
    make_pages,
    make_people,
    make_visits,
)
from dev.demo_data.crm import company_names, make_crm
from dev.demo_data.newsletter import make_mails
from dev.demo_data.tables import DAY, HOUR, SECOND, Clock

LATE_SHARE, AGAIN_SHARE = 0.004, 0.0015
# Area codes times the hundred numbers 555-0100 to 555-0199, which no phone company gives out.
AREA_CODES = np.array([code for code in range(201, 990) if code % 100 != 11])


@dataclass(frozen=True)
class Crowd:
    """Everybody in the background: `people` are the identified; `events` carry codes, not text."""

    size: int
    people: pd.DataFrame
    events: dict[str, pd.DataFrame]
    crm: dict[str, pd.DataFrame]
    duplicates: dict[str, int]


def make_crowd(*, people: int, seed: int, clock: Clock) -> Crowd:
    """Make `people` people and all they did; the same arguments give the same tables."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for random, number, first, count in blocks(people=people, seed=seed):
        crowd = make_people(random, first=first, count=count, clock=clock)
        visits = make_visits(random, crowd, clock)
        choose_identification(random, crowd, visits)
        pages = make_pages(random, crowd, visits, clock)
        pages, tracks = add_actions(random, crowd, pages, clock)
        made = {
            "segment.pages": pages,
            "segment.tracks": tracks,
            "segment.identifies": make_identifies(random, crowd, visits),
            "email.webhooks": make_mails(random, crowd, clock),
        }
        for table, frame in made.items():
            parts.setdefault(table, []).append(_as_loaded(random, frame, number, clock))
        known = pd.DataFrame(crowd)
        parts.setdefault("people", []).append(known[known["identified_at"] < NEVER])
    whole = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
    known = _with_names(whole.pop("people"))
    # Drawn apart, so that everything else stays as it was without it.
    chosen = np.random.default_rng([seed, 4]).integers(0, len(world.AD_CONSENTS), len(known))
    consents = np.array(world.AD_CONSENTS, dtype=object)[chosen]
    known["ad_consent"] = pd.array(consents, dtype="boolean")
    duplicates = {"segment": 0, "email": 0}
    for table, frame in whole.items():
        duplicates[table.split(".")[0]] += int(frame["again"].sum())
    return Crowd(
        size=people,
        people=known,
        events={table: frame.drop(columns="again") for table, frame in whole.items()},
        crm=make_crm(np.random.default_rng([seed, 3]), known, clock),
        duplicates=duplicates,
    )


def events_per_person(*, seed: int, clock: Clock, sample: int = 8_000) -> float:
    """Measure on a sample how many events one background person makes."""
    crowd = make_crowd(people=sample, seed=seed + 1, clock=clock)
    return sum(len(frame) for frame in crowd.events.values()) / sample


def _as_loaded(
    random: np.random.Generator, frame: pd.DataFrame, block: int, clock: Clock
) -> pd.DataFrame:
    """Add when each row arrived and its serial; a few arrive days late, a few arrive twice."""
    count = len(frame)
    delay = random.integers(200, 6000, count) * 1000
    late = random.random(count) < LATE_SHARE
    delay = delay + np.where(late, random.integers(HOUR, 3 * DAY, count), 0)
    occurred = frame["occurred"].to_numpy()
    # What would arrive after the instant we look from is taken to have arrived in time.
    received = np.minimum(
        np.where(occurred + delay > clock.as_of, occurred + SECOND, occurred + delay), clock.as_of
    )
    frame = frame.assign(
        received=received, serial=(np.int64(block) << 32) + np.arange(count), again=False
    )
    twice = frame[random.random(count) < AGAIN_SHARE]
    wait = np.where(random.random(len(twice)) < 0.5, 0, random.integers(HOUR, 2 * DAY, len(twice)))
    twice = twice.assign(received=np.minimum(twice["received"] + wait, clock.as_of), again=True)
    return pd.concat([frame, twice], ignore_index=True)


def _with_names(people: pd.DataFrame) -> pd.DataFrame:
    """Add the text of names, e-mail, phone and company; every e-mail and phone is unique."""
    people = people.reset_index(drop=True)
    for column, names in (
        ("first_name", world.FIRST_NAMES),
        ("last_name", world.LAST_NAMES),
        ("job_title", world.JOB_TITLES),
    ):
        people[column] = np.array(names, dtype=object)[people[column].to_numpy()]
    numbers, place = np.unique(people["company"].to_numpy(), return_inverse=True)
    # Number -1 is "no company"; its row is a placeholder that is never shown.
    named = company_names(np.maximum(numbers, 0))
    is_business = people["company"].to_numpy() >= 0
    company = np.array([name for name, _ in named] or [""], dtype=object)
    domain = np.array([domain for _, domain in named] or [""], dtype=object)
    personal = np.array(world.PERSONAL_DOMAINS, dtype=object)[people["personal_domain"].to_numpy()]
    people["company_name"] = np.where(is_business, company[place], None)
    people["email"] = (
        people["first_name"].str.lower()
        + "."
        + people["last_name"].str.lower()
        + people["person"].astype(str)
        + "@"
        + np.where(is_business, domain[place], personal)
    )
    nth = people["has_phone"].cumsum().to_numpy() - 1
    area = AREA_CODES[np.minimum(nth // 100, len(AREA_CODES) - 1)]
    phone = "+1" + pd.Series(area * 10_000_000 + 555_0100 + nth % 100).astype(str)
    has_phone = people["has_phone"] & (nth < 100 * len(AREA_CODES))
    people["phone"] = np.where(has_phone, phone, None)
    return people


def load_names(connection: duckdb.DuckDBPyConnection, crowd: Crowd, *, seed: int) -> None:
    """Create the lookup tables that the selects of `raw_rows` join."""
    # Hashing once per device instead of once per event halves the time of a page view.
    connection.execute(
        f"""
        create table devices as
        select
            person,
            is_second,
            cast(cast(md5('{seed}:anon:' || person || ':' || is_second::int) as uuid) as varchar)
                as anonymous_id
        from range({FIRST_PERSON}, {FIRST_PERSON + crowd.size}) as everybody (person)
        cross join (values (false), (true)) as device (is_second)
        """
    )
    lookups = {
        "people": crowd.people[
            [
                "person",
                "first_name",
                "last_name",
                "email",
                "phone",
                "company_name",
                "job_title",
                "ad_consent",
            ]
        ],
        "page_names": pd.DataFrame(world.PAGES, columns=["path", "title"]),
        "agents": pd.DataFrame({"name": world.AGENTS}),
        "mail_agents": pd.DataFrame({"name": world.MAIL_AGENTS}),
        "referrers": pd.DataFrame({"name": world.REFERRERS}),
        "track_names": pd.DataFrame({"name": world.TRACKS}),
        "mail_events": pd.DataFrame({"name": world.MAIL_EVENTS}),
        "contents": pd.DataFrame({"name": world.CONTENTS}),
        "forms": pd.DataFrame({"name": world.FORMS}),
        "videos": pd.DataFrame({"name": world.VIDEOS}),
        "features": pd.DataFrame({"name": world.FEATURES}),
        "reviews": pd.DataFrame({"url": world.REVIEWS}),
        "products": pd.DataFrame(world.PRODUCTS, columns=["id", "category", "name", "price"]),
        "links": pd.DataFrame({"path": world.MAIL_LINKS}),
    }
    for name, frame in lookups.items():
        connection.register("lookup", frame.assign(code=np.arange(len(frame))))
        connection.execute(f"create table {name} as select * from lookup")
        connection.unregister("lookup")


def raw_rows(table: str, *, seed: int) -> str:
    """Return the select that turns the registered compact table `block` into rows of `table`."""
    common = f"""
        md5('{seed}:{table}:' || serial) as id,
        devices.anonymous_id,
        make_timestamp(received) as received_at,
        make_timestamp(occurred) as timestamp,
    """
    with_devices = """
            join devices on devices.person = block.person and devices.is_second = block.device
    """.strip()
    return {
        "segment.pages": f"""
            select
                {common}
                case when has_user then format('u_{{:06d}}', block.person) end as user_id,
                '{world.SITE}' || page_names.path
                || case referrer when 2 then '?utm_source=news' when 3 then '?utm_source=social'
                    else '' end as url,
                page_names.path,
                page_names.title,
                referrers.name as referrer,
                agents.name as context_user_agent
            from block
            {with_devices}
            join page_names on page_names.code = block.page
            join referrers on referrers.code = block.referrer
            join agents on agents.code = block.agent
        """,
        "segment.tracks": f"""
            select
                {common}
                case when has_user then format('u_{{:06d}}', block.person) end as user_id,
                track_names.name as event,
                '{world.SITE}' || page_names.path as context_page_url,
                page_names.path as context_page_path,
                agents.name as context_user_agent,
                {_PROPERTIES} as properties
            from block
            {with_devices}
            join page_names on page_names.code = block.page
            join agents on agents.code = block.agent
            join track_names on track_names.code = block.event
            left join contents on contents.code = block.item
            left join forms on forms.code = block.item
            left join videos on videos.code = block.item
            left join features on features.code = block.item
            left join reviews on reviews.code = block.item
            left join products on products.code = block.item
        """,
        "segment.identifies": f"""
            select
                {common}
                format('u_{{:06d}}', block.person) as user_id,
                people.email,
                people.phone,
                people.first_name,
                people.last_name,
                people.company_name as company,
                case when people.company_name is not null then people.job_title end as title,
                people.ad_consent
            from block
            {with_devices}
            join people on people.person = block.person
        """,
        "email.webhooks": f"""
            select
                'sendgrid' as provider,
                make_timestamp(received) as received_at,
                '{{"email":"' || people.email
                || '","timestamp":' || occurred // 1000000
                || ',"event":"' || mail_events.name
                || '","sg_event_id":"' || md5('{seed}:{table}:' || serial)
                || '","sg_message_id":"'
                || substr(md5('{seed}:letter:' || block.person || ':' || week), 1, 20)
                || '.filter0001-0","category":["letter"]'
                || {_MAIL_DETAILS}
                || '}}' as payload
            from block
            join people on people.person = block.person
            join mail_events on mail_events.code = block.event
            left join mail_agents on mail_agents.code = block.agent
            left join links on links.code = block.code
        """,
    }[table]


_PROPERTIES = """
    case track_names.name
        when 'content_downloaded' then '{"content_id":"' || contents.name || '"}'
        when 'form_started' then '{"form_id":"' || forms.name || '"}'
        when 'form_submitted' then '{"form_id":"' || forms.name || '"}'
        when 'video_watched'
            then '{"video_id":"' || videos.name || '","seconds":' || block.number || '}'
        when 'product_viewed'
            then '{"product_id":"' || products.id || '","category":"' || products.category
                || '","price":' || format('{:.2f}', block.number / 100) || '}'
        when 'product_added'
            then '{"product_id":"' || products.id || '","price":'
                || format('{:.2f}', block.number / 100)
                || ',"cart_id":"c_' || block.person || '_' || basket || '"}'
        when 'checkout_started'
            then '{"cart_id":"c_' || block.person || '_' || basket || '"}'
        when 'order_completed'
            then '{"order_id":"o_' || block.person || '_' || basket || '","revenue":'
                || format('{:.2f}', block.number / 100) || ',"currency":"EUR"'
                || case when basket % 4 = 0 then ',"discount":5.00' else '' end || '}'
        when 'order_cancelled'
            then '{"order_id":"o_' || block.person || '_' || basket || '"}'
        when 'link_clicked' then '{"url":"' || reviews.url || '"}'
        when 'feature_used' then '{"feature":"' || features.name || '"}'
        when 'subscription_renewed'
            then '{"subscription_id":"s_' || block.person || '","term_months":6,"revenue":'
                || format('{:.2f}', block.number / 100) || ',"currency":"EUR"}'
        else '{}'
    end
"""
_MAIL_DETAILS = f"""
    case mail_events.name
        when 'open'
            then ',"useragent":"' || mail_agents.name || '","ip":"203.0.113.'
                || block.person % 250 || '","sg_machine_open":'
                || case block.code when 1 then 'true' else 'false' end
        when 'click'
            then ',"useragent":"' || mail_agents.name || '","ip":"203.0.113.'
                || block.person % 250 || '","url":"{world.SITE}' || links.path || '"'
        when 'bounce'
            then case block.code
                when 1 then ',"type":"bounce","status":"5.1.1","reason":"550 no such mailbox"'
                else ',"type":"blocked","status":"4.7.1","reason":"451 try again later"'
            end
        else ''
    end
"""

"""HubSpot for the crowd: contacts, companies, deals and owners, in the columns connectors land."""

import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.tables import DAY, HOUR, MINUTE, Clock

FIRST_CONTACT, FIRST_COMPANY, FIRST_DEAL = 100_000, 500_000, 800_000
IN_CRM = np.array([0, 0, 0.35, 0.85, 0.3, 0.97])  # share of the identified, per persona
# Share of each lifecycle stage (see catalogue.LIFECYCLE_STAGES) per persona.
STAGES = {
    world.SUBSCRIBER: (0.75, 0.2, 0.05, 0, 0, 0),
    world.LEAD: (0.05, 0.35, 0.3, 0.15, 0.15, 0),
    world.SHOPPER: (0.7, 0.3, 0, 0, 0, 0),
    world.CUSTOMER: (0, 0, 0, 0, 0.05, 0.95),
}
OPPORTUNITY, CUSTOMER_STAGE = 4, 5


def company_names(numbers: np.ndarray) -> list[tuple[str, str]]:
    """Return (name, domain) per company number; unlike numbers give unlike domains."""
    size = len(world.COMPANY_STARTS) * len(world.COMPANY_ENDS)
    named = []
    for number in numbers.tolist():
        turn, rest = divmod(number, size)
        end, start = divmod(rest, len(world.COMPANY_STARTS))
        name = world.COMPANY_STARTS[start] + world.COMPANY_ENDS[end]
        mark = f" {turn + 1}" if turn else ""
        named.append((name + mark, (name + mark).lower().replace(" ", "-") + ".example"))
    return named


def make_crm(
    random: np.random.Generator, people: pd.DataFrame, clock: Clock
) -> dict[str, pd.DataFrame]:
    """Build the HubSpot tables from the identified people (with names, e-mail and company)."""
    persona = people["persona"].to_numpy()
    known = people[random.random(len(people)) < IN_CRM[persona]].reset_index(drop=True)
    contacts = _contacts(random, known, clock)
    deals, links = _deals(random, known, contacts, clock)
    # A deal whose only contact is gone would have nobody to belong to.
    contacts["_fivetran_deleted"] &= ~contacts["id"].isin(links["contact_id"])
    return {
        "hubspot.contacts": contacts.drop(columns="stage"),
        "hubspot.companies": _companies(random, known, clock),
        "hubspot.deals": deals,
        "hubspot.deal_contacts": links,
    }


def _contacts(random: np.random.Generator, known: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    count = len(known)
    persona = known["persona"].to_numpy()
    stage = np.zeros(count, dtype=np.int64)
    for code, shares in STAGES.items():
        chosen = np.flatnonzero(persona == code)
        stage[chosen] = random.choice(len(shares), size=len(chosen), p=shares)
    created = np.minimum(known["identified_at"].to_numpy() + 10 * MINUTE, clock.as_of)
    modified = created + (random.random(count) * (clock.as_of - created)).astype(np.int64)
    company = known["company"].to_numpy()
    owner = np.array([number for number, *_ in world.OWNERS])
    has_owner = stage >= 2
    alias = random.random(count) < 0.03
    user = known["first_name"].str.lower() + "." + known["person"].astype(str)
    contacts = pd.DataFrame(
        {
            "id": FIRST_CONTACT + np.arange(count),
            "stage": stage,
            "_fivetran_deleted": random.random(count) < 0.01,
            "_fivetran_synced": _instants(np.minimum(modified + HOUR, clock.as_of)),
            "property_email": known["email"],
            "property_firstname": known["first_name"],
            "property_lastname": known["last_name"],
            "property_phone": known["phone"],
            "property_company": known["company_name"],
            "property_jobtitle": known["job_title"].where(company >= 0),
            "property_lifecyclestage": np.array(world.LIFECYCLE_STAGES)[stage],
            "property_hs_lead_status": np.where(
                random.random(count) < 0.02, "UNQUALIFIED", np.where(stage >= 2, "OPEN", "NEW")
            ),
            "property_hs_email_optout": random.random(count) < 0.015,
            "property_createdate": _instants(created),
            "property_lastmodifieddate": _instants(modified),
            "property_associatedcompanyid": _nullable(FIRST_COMPANY + company, company >= 0),
            "property_hubspot_owner_id": _nullable(random.choice(owner, size=count), has_owner),
            "property_hs_additional_emails": (user + "@letters.example").where(alias),
            "property_hs_buying_role": np.array(world.BUYING_ROLES, dtype=object)[
                np.where(stage >= 2, random.integers(0, len(world.BUYING_ROLES), count), 0)
            ],
            "property_hs_v2_date_entered_customer": _some_instants(
                np.minimum(created + 20 * DAY, clock.as_of), stage == CUSTOMER_STAGE
            ),
            "property_firmographics_verified_at": _some_instants(
                created + (random.random(count) * (clock.as_of - created)).astype(np.int64),
                random.random(count) < 0.5,
            ),
            "property_ad_consent": known["ad_consent"],
        }
    )
    return contacts


def _companies(random: np.random.Generator, known: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    firsts = known[known["company"] >= 0].groupby("company")["identified_at"].min()
    count = len(firsts)
    names = company_names(firsts.index.to_numpy())
    size = np.minimum(5 + np.exp(random.normal(4, 1.4, count)), 20_000).astype(np.int64)
    return pd.DataFrame(
        {
            "id": FIRST_COMPANY + firsts.index.to_numpy(),
            "is_deleted": random.random(count) < 0.005,
            "_fivetran_synced": _instants(np.minimum(firsts.to_numpy() + DAY, clock.as_of)),
            "property_name": [name for name, _ in names],
            "property_domain": [domain for _, domain in names],
            "property_industry": np.array(world.INDUSTRIES, dtype=object)[
                random.integers(0, len(world.INDUSTRIES), count)
            ],
            "property_country": np.array(world.COUNTRIES, dtype=object)[
                random.integers(0, len(world.COUNTRIES), count)
            ],
            "property_numberofemployees": size,
            "property_createdate": _instants(firsts.to_numpy()),
            "property_hs_is_target_account": random.random(count) < 0.12,
            "property_renewal_date": _some_instants(
                clock.as_of + random.integers(-30, 330, count) * DAY, random.random(count) < 0.3
            ),
        }
    )


def _deals(
    random: np.random.Generator, known: pd.DataFrame, contacts: pd.DataFrame, clock: Clock
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Won deals for most customers, open ones for opportunities, lost ones for some leads."""
    stage = contacts["stage"].to_numpy()
    chance = random.random(len(stage))
    won = (stage == CUSTOMER_STAGE) & (chance < 0.85)
    is_open = (stage == OPPORTUNITY) & (chance < 0.8)
    lost = (stage >= 1) & (stage < OPPORTUNITY) & (chance < 0.08)
    who = np.flatnonzero(won | is_open | lost)
    count = len(who)
    created = known["identified_at"].to_numpy()[who] + 12 * MINUTE
    created = np.minimum(created, clock.as_of)
    closed = created + (random.random(count) * (clock.as_of - created)).astype(np.int64)
    # An open deal carries the date somebody hopes for, which lies ahead.
    hoped = clock.as_of + random.integers(5, 90, count) * DAY
    open_stage = np.array(world.OPEN_DEAL_STAGES, dtype=object)[
        random.integers(0, len(world.OPEN_DEAL_STAGES), count)
    ]
    deal_stage = np.where(won[who], "closedwon", np.where(lost[who], "closedlost", open_stage))
    owner = np.array([number for number, *_ in world.OWNERS])
    synced = np.where(is_open[who], created, closed) + HOUR
    deals = pd.DataFrame(
        {
            "deal_id": FIRST_DEAL + np.arange(count),
            "is_deleted": random.random(count) < 0.01,
            "_fivetran_synced": _instants(np.minimum(synced, clock.as_of)),
            "deal_pipeline_stage_id": deal_stage,
            "owner_id": random.choice(owner, size=count),
            "property_dealname": known["last_name"].to_numpy()[who] + " harbour kit",
            "property_amount": np.round(np.exp(random.normal(9, 0.8, count)), 2),
            "property_closedate": _instants(np.where(is_open[who], hoped, closed)),
            "property_createdate": _instants(created),
        }
    )
    links = pd.DataFrame(
        {
            "deal_id": deals["deal_id"],
            "contact_id": contacts["id"].to_numpy()[who],
            "_fivetran_synced": deals["_fivetran_synced"],
        }
    )
    return deals, links


def owners(clock: Clock) -> pd.DataFrame:
    """Return the sales team; connectors read so small a table whole each time."""
    return pd.DataFrame(
        {
            "owner_id": [number for number, *_ in world.OWNERS],
            "email": [f"{first.lower()}@{world.SITE_DOMAIN}" for _, first, _ in world.OWNERS],
            "first_name": [first for _, first, _ in world.OWNERS],
            "last_name": [last for *_, last in world.OWNERS],
            "_fivetran_synced": _instants(np.full(len(world.OWNERS), clock.as_of - HOUR)),
        }
    )


def _instants(microseconds: np.ndarray) -> np.ndarray:
    return (microseconds.astype(np.int64) // 1000 * 1000).view("datetime64[us]")


def _some_instants(microseconds: np.ndarray, present: np.ndarray) -> np.ndarray:
    instants = _instants(microseconds)
    instants[~present] = np.datetime64("NaT")
    return instants


def _nullable(numbers: np.ndarray, present: np.ndarray) -> pd.Series:
    return pd.Series(numbers, dtype="Int64").where(pd.Series(present))

"""The raw tables that the demo data fills, and the one clock it is made against."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Raw table -> column -> DuckDB type. Instants are UTC without a zone.
TABLES: dict[str, dict[str, str]] = {
    "segment.pages": {
        "id": "varchar",
        "anonymous_id": "varchar",
        "user_id": "varchar",
        "received_at": "timestamp",
        "timestamp": "timestamp",
        "url": "varchar",
        "path": "varchar",
        "title": "varchar",
        "referrer": "varchar",
        "context_user_agent": "varchar",
    },
    "segment.tracks": {
        "id": "varchar",
        "anonymous_id": "varchar",
        "user_id": "varchar",
        "event": "varchar",
        "received_at": "timestamp",
        "timestamp": "timestamp",
        "context_page_url": "varchar",
        "context_page_path": "varchar",
        "context_user_agent": "varchar",
        "properties": "varchar",
    },
    "segment.identifies": {
        "id": "varchar",
        "anonymous_id": "varchar",
        "user_id": "varchar",
        "received_at": "timestamp",
        "timestamp": "timestamp",
        "email": "varchar",
        "phone": "varchar",
        "first_name": "varchar",
        "last_name": "varchar",
        "company": "varchar",
        "title": "varchar",
        "ad_consent": "boolean",
    },
    "email.webhooks": {
        "provider": "varchar",
        "received_at": "timestamp",
        "payload": "varchar",
    },
    "hubspot.contacts": {
        "id": "bigint",
        "_fivetran_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "property_email": "varchar",
        "property_firstname": "varchar",
        "property_lastname": "varchar",
        "property_phone": "varchar",
        "property_company": "varchar",
        "property_jobtitle": "varchar",
        "property_lifecyclestage": "varchar",
        "property_hs_lead_status": "varchar",
        "property_hs_email_optout": "boolean",
        "property_createdate": "timestamp",
        "property_lastmodifieddate": "timestamp",
        "property_associatedcompanyid": "bigint",
        "property_hubspot_owner_id": "bigint",
        "property_hs_additional_emails": "varchar",
        "property_hs_buying_role": "varchar",
        "property_hs_v2_date_entered_customer": "timestamp",
        "property_firmographics_verified_at": "timestamp",
        "property_ad_consent": "boolean",
    },
    "hubspot.companies": {
        "id": "bigint",
        "is_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "property_name": "varchar",
        "property_domain": "varchar",
        "property_industry": "varchar",
        "property_country": "varchar",
        "property_numberofemployees": "bigint",
        "property_createdate": "timestamp",
        "property_hs_is_target_account": "boolean",
        "property_renewal_date": "timestamp",
    },
    "hubspot.deals": {
        "deal_id": "bigint",
        "is_deleted": "boolean",
        "_fivetran_synced": "timestamp",
        "deal_pipeline_stage_id": "varchar",
        "owner_id": "bigint",
        "property_dealname": "varchar",
        "property_amount": "double",
        "property_closedate": "timestamp",
        "property_createdate": "timestamp",
    },
    "hubspot.deal_contacts": {
        "deal_id": "bigint",
        "contact_id": "bigint",
        "_fivetran_synced": "timestamp",
    },
    "hubspot.owners": {
        "owner_id": "bigint",
        "email": "varchar",
        "first_name": "varchar",
        "last_name": "varchar",
        "_fivetran_synced": "timestamp",
    },
}
# Event tables are ordered by when they arrived, CRM tables by when they were last synced.
EVENT_TABLES = ("segment.pages", "segment.tracks", "segment.identifies", "email.webhooks")


def order_columns(table: str) -> str:
    """Return the columns that order a table's rows, arrival first, as SQL."""
    if table == "email.webhooks":
        return "received_at, payload"
    if table in EVENT_TABLES:
        return "received_at, id"
    columns = list(TABLES[table])
    return ", ".join(["_fivetran_synced", *[name for name in columns if name.endswith("id")]])


def typed_columns(table: str) -> str:
    """Return the select list that gives every column of a table its documented type."""
    return ", ".join(
        f'cast("{name}" as {kind}) as "{name}"' for name, kind in TABLES[table].items()
    )


@dataclass(frozen=True)
class Clock:
    """The instant the data is made for and the first instant it may hold, in UTC microseconds."""

    as_of: int
    start: int

    @classmethod
    def at(cls, as_of: datetime, *, days: int) -> "Clock":
        """Build the clock of a span of `days` that ends at an aware `as_of`."""
        microseconds = (as_of - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return cls(as_of=microseconds, start=microseconds - days * DAY)

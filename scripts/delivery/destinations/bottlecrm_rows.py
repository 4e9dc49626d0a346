"""Shape what BottleCRM answers as rows of the raw HubSpot tables, which staging reads.

A column that the CRM has nothing for is null. Field names of leads, contacts, accounts and deals
are those of its serializers (`leads/serializer.py` and so on, django-crm 1.35.0).
"""

from collections.abc import Mapping
from typing import Any

import httpx

# The CRM's statuses of a lead in HubSpot's words, which the models know.
STATUSES = {
    "assigned": "NEW",
    "in process": "IN_PROGRESS",
    "converted": "OPEN_DEAL",
    "recycled": "OPEN",
    "closed": "UNQUALIFIED",
}
# Stages differ from pipeline to pipeline, their kinds do not.
ENDS = {"won": "closedwon", "lost": "closedlost"}
NOT_KEPT = (
    "property_hs_buying_role",
    "property_hs_v2_date_entered_customer",
    "property_firmographics_verified_at",
    "property_ad_consent",
    "property_ad_consent_at",
    "property_hs_merged_object_ids",
    "property_hs_additional_emails",
)

Row = dict[str, Any]
Answer = Mapping[str, Any]


def contact_row(
    person: Answer, *, statuses: Mapping[str, str], opt_out: str, with_profile: bool
) -> Row:
    """Return a lead or a contact as a row of contacts; only a lead has an external id.

    A contact counts as a converted lead: that is what becomes of one, and it leaves the list.
    """
    is_lead = "external_id" in person
    status = person["status"] if is_lead else "converted"
    profile = {
        "property_firstname": person["first_name"],
        "property_lastname": person["last_name"],
        "property_phone": person["phone_e164"] or person["phone"],
        "property_company": person["company_name" if is_lead else "organization"],
        "property_jobtitle": person["job_title" if is_lead else "title"],
    }
    return {
        "id": person["id"],
        "_fivetran_deleted": False,
        "property_email": person["email"],
        **(profile if with_profile else dict.fromkeys(profile)),
        "property_lifecyclestage": "lead" if is_lead else None,
        "property_hs_lead_status": statuses.get(status, status),
        "property_hs_email_optout": bool(person["custom_fields"].get(opt_out)),
        "property_createdate": person["created_at"],
        "property_lastmodifieddate": person["updated_at"],
        "property_associatedcompanyid": None if is_lead else account_of(person),
        "property_hubspot_owner_id": owner_of(person),
        **dict.fromkeys(NOT_KEPT),
    }


def company_row(account: Answer) -> Row:
    """Return an account as a row of companies."""
    return {
        "id": account["id"],
        "is_deleted": False,
        "property_name": account["name"],
        "property_domain": domain_of(account["website"]),
        "property_industry": account["industry"],
        "property_country": account["country_display"],
        "property_numberofemployees": account["number_of_employees"],
        "property_createdate": account["created_at"],
        "property_hs_is_target_account": None,
        "property_renewal_date": None,
    }


def deal_row(deal: Answer) -> Row:
    """Return an opportunity as a row of deals."""
    return {
        "deal_id": deal["id"],
        "is_deleted": False,
        "deal_pipeline_stage_id": ENDS.get(deal["stage_kind"], deal["stage"]),
        "owner_id": owner_of(deal),
        "property_dealname": deal["name"],
        "property_amount": deal["amount"],
        "property_closedate": deal["closed_on"],
        "property_createdate": deal["created_at"],
    }


def deal_contact_rows(deal: Answer) -> list[Row]:
    """Return who has a part in a deal as rows of deal_contacts."""
    return [{"deal_id": deal["id"], "contact_id": contact["id"]} for contact in deal["contacts"]]


def owner_rows(records: list[Answer]) -> list[Row]:
    """Return the members to whom records are assigned as rows of owners."""
    members = {user["id"]: user["user_details"] for row in records for user in row["assigned_to"]}
    rows = []
    for owner, member in members.items():
        first, _, last = (member["name"] or "").partition(" ")
        names = {"first_name": first or None, "last_name": last or None}
        rows.append({"owner_id": owner, "email": member["email"], **names})
    return rows


def owner_of(record: Answer) -> str | None:
    """Return the member to whom a record is assigned first of all."""
    return record["assigned_to"][0]["id"] if record["assigned_to"] else None


def account_of(contact: Answer) -> str | None:
    """Return the main account of a contact, or the first of those that list it."""
    linked = contact["linked_accounts"]
    return contact["account"] or (linked[0]["id"] if linked else None)


def domain_of(website: str | None) -> str | None:
    """Return the domain of an address such as `https://www.acme.example/` or `acme.example`."""
    address = website or ""
    try:
        host = httpx.URL(address if "://" in address else f"https://{address}").host
    except httpx.InvalidURL:
        return None
    return host.removeprefix("www.") if "." in host else None

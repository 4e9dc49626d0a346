"""The rows that staging reads of Salesforce: tables, objects, and columns with their fields."""

import re
from collections.abc import Mapping
from typing import Any

# Columns are named as connectors land them: is_deleted for IsDeleted.
PERSON = (
    "MasterRecordId", "Email", "Phone", "MobilePhone", "OwnerId", "FirstName", "LastName", "Title",
    "HasOptedOutOfEmail", "CreatedDate", "LastModifiedDate",
)  # fmt: skip
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "contacts": ("Contact", (*PERSON, "AccountId")),
    "leads": ("Lead", (*PERSON, "Company", "Status", "ConvertedContactId")),
    "accounts": ("Account", (
        "Name", "Website", "Industry", "BillingCountry", "NumberOfEmployees", "Type", "CreatedDate",
    )),
    "opportunities": ("Opportunity", (
        "OwnerId", "Name", "StageName", "Amount", "IsWon", "IsClosed", "CreatedDate", "CloseDate",
    )),
    "opportunity_contact_roles": ("OpportunityContactRole", ("OpportunityId", "ContactId")),
    "tasks": ("Task", (
        "WhoId", "OwnerId", "TaskSubtype", "Type", "Subject", "Description", "IsClosed",
        "ActivityDate", "CompletedDateTime", "CreatedDate",
    )),
    "events": ("Event", (
        "WhoId", "OwnerId", "Type", "Subject", "Description", "StartDateTime", "EndDateTime",
        "ActivityDateTime", "CreatedDate",
    )),
    "users": ("User", ("Email", "FirstName", "LastName")),
}  # fmt: skip
# Objects whose custom fields can be traits (var crm_properties).
WITH_PROPERTIES = ("Contact", "Lead", "Account", "Opportunity")
# Who somebody is comes from both sides; the rest is Salesforce's word, which we must not overwrite.
OURS_TOO = {"Email", "Phone", "MobilePhone", "FirstName", "LastName", "Title", "Company"}


def column_of(field: str) -> str:
    """Return the column of a field: `CloseDate` is `close_date`, `Renewal_Risk__c` is `..._c`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field)
    return re.sub(r"_+", "_", words).lower()


def row_of(fields: tuple[str, ...], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw row of one record; fields that the user may not see are empty."""
    held = {name.lower(): value for name, value in found.items()}
    return {column_of(field): held.get(field.lower()) for field in fields}

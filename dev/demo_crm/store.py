"""Keep the demo CRM's records in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# What a new HubSpot account has (the part this demo needs), what the staging models read besides,
# and the properties that the push writes; name → type.
PROPERTIES = {
    "email": "string",
    "firstname": "string",
    "lastname": "string",
    "phone": "string",
    "company": "string",
    "jobtitle": "string",
    "lifecyclestage": "string",
    "hs_lead_status": "string",
    "hs_email_optout": "bool",
    "associatedcompanyid": "number",
    "hubspot_owner_id": "string",
    "hs_buying_role": "string",
    "hs_v2_date_entered_customer": "datetime",
    "hs_merged_object_ids": "string",
    "hs_additional_emails": "string",
    "firmographics_verified_at": "datetime",
    "ad_consent": "bool",
    "ad_consent_at": "datetime",
    "audience_primary_segment": "string",
    "audience_segments": "string",
    "audience_segment_count": "number",
    "audience_engagement_score": "number",
    "audience_lifecycle_stage": "string",
    "audience_last_engaged_at": "datetime",
    "audience_pricing_page_views_30d": "number",
    "audience_grade": "string",
    "audience_fit_score": "number",
    "audience_product_interest": "string",
    "audience_reason": "string",
    "audience_recent_activity": "string",
}
COMPANY_PROPERTIES = {
    "name": "string",
    "domain": "string",
    "industry": "string",
    "country": "string",
    "numberofemployees": "number",
    "hs_is_target_account": "bool",
    "renewal_date": "date",
}
DEAL_PROPERTIES = {
    "dealname": "string",
    "dealstage": "string",
    "pipeline": "string",
    "amount": "number",
    "closedate": "datetime",
    "hubspot_owner_id": "string",
}
ENGAGEMENT_PROPERTIES = {"hs_timestamp": "datetime", "hubspot_owner_id": "string"}
ENGAGEMENTS = {
    kind: ENGAGEMENT_PROPERTIES | own
    for kind, own in {
        "notes": {"hs_note_body": "string"},
        "calls": {"hs_call_title": "string", "hs_call_body": "string"},
        "meetings": {
            "hs_meeting_title": "string",
            "hs_meeting_body": "string",
            "hs_meeting_outcome": "enumeration",
            "hs_meeting_start_time": "datetime",
        },
        "tasks": {
            "hs_task_subject": "string",
            "hs_task_body": "string",
            "hs_task_status": "enumeration",
            "hs_task_completion_date": "datetime",
        },
        "emails": {
            "hs_email_subject": "string",
            "hs_email_text": "string",
            "hs_email_direction": "enumeration",
        },
    }.items()
}
BUILT_IN = {
    "contacts": PROPERTIES,
    "companies": COMPANY_PROPERTIES,
    "deals": DEAL_PROPERTIES,
    **ENGAGEMENTS,
}
KINDS = tuple(BUILT_IN)
# The CRM sets these itself.
READ_ONLY = {
    "createdate": "datetime",
    "lastmodifieddate": "datetime",
    "hs_lastmodifieddate": "datetime",
    "hs_object_id": "number",
}

SCHEMA = """
create table if not exists contacts (
    contact_id integer primary key autoincrement,
    email text not null unique,
    properties text not null,
    created_at text not null,
    updated_at text not null,
    writes integer not null default 0
);
create table if not exists objects (
    object_id integer primary key autoincrement,
    object_type text not null,
    properties text not null,
    created_at text not null,
    updated_at text not null,
    writes integer not null default 0
);
create table if not exists archived (
    object_type text not null,
    object_id integer not null,
    email text,
    properties text not null,
    created_at text not null,
    updated_at text not null,
    archived_at text not null,
    primary key (object_type, object_id)
);
create table if not exists associations (
    from_type text not null,
    from_id integer not null,
    to_type text not null,
    to_id integer not null,
    primary key (from_type, from_id, to_type, to_id)
);
create table if not exists owners (
    owner_id integer primary key autoincrement,
    email text not null,
    first_name text not null,
    last_name text not null,
    created_at text not null,
    updated_at text not null,
    is_archived integer not null default 0
);
create table if not exists lists (
    list_id integer primary key autoincrement,
    name text not null unique,
    object_type_id text not null,
    processing_type text not null,
    created_at text not null,
    updated_at text not null
);
create table if not exists memberships (
    list_id integer not null,
    record_id integer not null,
    joined_at text not null,
    primary key (list_id, record_id)
);
create table if not exists property_groups (
    object_type text not null,
    name text not null,
    label text not null,
    primary key (object_type, name)
);
create table if not exists properties (
    object_type text not null,
    name text not null,
    definition text not null,
    primary key (object_type, name)
);
create table if not exists aliases (value text primary key, contact_id integer not null);
create table if not exists blocked (email text primary key);
"""


def utc_now() -> str:
    """Return the current instant as the API writes it, `2026-03-01T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table_of(kind: str) -> str:
    """Return SQL for all records of one kind, with the same columns for every kind."""
    if kind == "contacts":
        return (
            "(select contact_id, contact_id as object_id, 'contacts' as object_type, email,"
            " properties, created_at, updated_at, writes, null as archived_at from contacts)"
        )
    return (
        "(select null as contact_id, object_id, object_type, null as email, properties,"
        f" created_at, updated_at, writes, null as archived_at from objects"
        f" where object_type = '{kind}')"
    )


def as_object(row: sqlite3.Row, properties: Iterable[str] | None = None) -> dict[str, Any]:
    """Return one record in the shape of the CRM object API."""
    held = json.loads(row["properties"])
    wanted = held if properties is None else {name: held.get(name) for name in properties}
    identifier, is_contact = str(row["object_id"]), row["object_type"] == "contacts"
    own = {"email": row["email"]} if is_contact else {}
    own |= {"hs_object_id": identifier}
    own["hs_createdate" if row["object_type"] in ENGAGEMENTS else "createdate"] = row["created_at"]
    own["lastmodifieddate" if is_contact else "hs_lastmodifieddate"] = row["updated_at"]
    body = {
        "id": identifier,
        "properties": {**wanted, **own},
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "archived": row["archived_at"] is not None,
    }
    return body | ({"archivedAt": row["archived_at"]} if row["archived_at"] else {})


class Store:
    """Records by id, contacts also by e-mail address; every method is safe from any thread."""

    def __init__(self, path: Path | str) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute("pragma synchronous = normal")
        self.connection.executescript(SCHEMA)
        self.connection.commit()
        self.types = {kind: dict(known) for kind, known in BUILT_IN.items()}
        for row in self.rows("select object_type, name, definition from properties"):
            self.types[row["object_type"]][row["name"]] = json.loads(row["definition"])["type"]

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of one query."""
        with self.lock:
            return self.connection.execute(sql, tuple(parameters)).fetchall()

    def run(self, sql: str, parameters: Iterable[Any] = ()) -> int:
        """Change something; returns the id of a row that was inserted."""
        with self.lock:
            return self.connection.execute(sql, tuple(parameters)).lastrowid or 0

    def find(
        self, value: str, *, by_email: bool = False, kind: str = "contacts"
    ) -> sqlite3.Row | None:
        """Return one record by its id, a contact also by an e-mail address, or nothing.

        A contact that was merged into another one is found under both ids and all addresses.
        """
        value = value.strip().lower()
        column = "email" if by_email else "object_id"
        found = self.rows(f"select * from {table_of(kind)} where {column} = ?", [value])
        if not found and kind == "contacts":
            known = "select contact_id from aliases where value = ?"
            found = self.rows(
                f"select * from {table_of(kind)} where object_id = ({known})", [value]
            )
        return found[0] if found else None

    def find_archived(
        self, value: str, *, by_email: bool = False, kind: str = "contacts"
    ) -> sqlite3.Row | None:
        """Return one record of the recycle bin, or nothing."""
        column = "email" if by_email else "object_id"
        sql = f"select * from archived where object_type = ? and {column} = ?"
        found = self.rows(sql, [kind, value.strip().lower()])
        return found[0] if found else None

    def upsert(self, email: str, properties: dict[str, str]) -> tuple[sqlite3.Row, bool]:
        """Set properties on the contact with this address; returns it and whether it is new."""
        with self.lock:
            row = self.find(email, by_email=True)
            if row is not None:
                return self.update(row, properties), False
            return self.create("contacts", {**properties, "email": email}), True

    def create(self, kind: str, properties: dict[str, str]) -> sqlite3.Row:
        """Add one record."""
        now = utc_now()
        held = {name: value for name, value in properties.items() if value != ""}
        with self.lock:
            if kind == "contacts":
                held.pop("email", None)
                number = self.run(
                    "insert into contacts (email, properties, created_at, updated_at, writes)"
                    " values (?, ?, ?, ?, 1)",
                    [properties["email"].strip().lower(), json.dumps(held), now, now],
                )
            else:
                number = self.run(
                    "insert into objects (object_type, properties, created_at, updated_at, writes)"
                    " values (?, ?, ?, ?, 1)",
                    [kind, json.dumps(held), now, now],
                )
            created = self.find(str(number), kind=kind)
            assert created is not None
            return created

    def update(self, row: sqlite3.Row, properties: dict[str, str]) -> sqlite3.Row:
        """Set properties on one record; an empty string clears a property."""
        is_contact = row["object_type"] == "contacts"
        table, key = ("contacts", "contact_id") if is_contact else ("objects", "object_id")
        with self.lock:
            held = json.loads(row["properties"]) | properties
            held = {name: value for name, value in held.items() if value != ""}
            self.run(
                f"update {table} set properties = ?, updated_at = ?, writes = writes + 1"
                f" where {key} = ?",
                [json.dumps(held), utc_now(), row["object_id"]],
            )
            updated = self.find(str(row["object_id"]), kind=row["object_type"])
            assert updated is not None
            return updated

    def delete(self, email: str) -> None:
        """Archive a contact, as a person does in the CRM's own screens."""
        row = self.find(email, by_email=True)
        if row is not None:
            self.archive(row)
        self.commit()

    def archive(self, row: sqlite3.Row) -> None:
        """Move a record to the recycle bin."""
        with self.lock:
            self.run(
                "insert or replace into archived values (?, ?, ?, ?, ?, ?, ?)",
                [row["object_type"], row["object_id"], row["email"], row["properties"],
                 row["created_at"], row["updated_at"], utc_now()],
            )  # fmt: skip
            self.forget(row["object_type"], row["object_id"])

    def forget(self, kind: str, identifier: int) -> None:
        """Take a record out with its associations and memberships."""
        with self.lock:
            table, key = (
                ("contacts", "contact_id") if kind == "contacts" else ("objects", "object_id")
            )
            self.run(f"delete from {table} where {key} = ?", [identifier])
            for end in ("from", "to"):
                sql = f"delete from associations where {end}_type = ? and {end}_id = ?"
                self.run(sql, [kind, identifier])
            if kind == "contacts":
                self.run("delete from memberships where record_id = ?", [identifier])
                self.run("delete from aliases where contact_id = ?", [identifier])

    def purge(self, value: str, *, by_email: bool) -> None:
        """Delete a contact for good, the recycle bin included; its address is blocked."""
        column, value = "email" if by_email else "object_id", value.strip().lower()
        with self.lock:
            found = self.find(value, by_email=by_email)
            known = self.rows(
                f"select object_id, email from archived where object_type = 'contacts'"
                f" and {column} = ?",
                [value],
            )
            for row in [*known, *([found] if found else [])]:
                self.forget("contacts", row["object_id"])
                self.run(
                    "delete from archived where object_type = 'contacts' and object_id = ?",
                    [row["object_id"]],
                )
                self.run("insert or ignore into blocked values (?)", [row["email"]])
            if by_email:
                self.run("insert or ignore into blocked values (?)", [value])

    def merge(self, winner: sqlite3.Row, loser: sqlite3.Row) -> sqlite3.Row:
        """Merge one contact into another, which keeps the other's address and id as further ones.

        The winner's values stay; what it lacks comes from the other one.
        """
        with self.lock:
            kept, gone = json.loads(winner["properties"]), json.loads(loser["properties"])
            emails = [kept.get("hs_additional_emails"), gone.get("hs_additional_emails")]
            ids = [kept.get("hs_merged_object_ids"), gone.get("hs_merged_object_ids")]
            further = {
                "hs_additional_emails": ";".join(filter(None, [*emails, loser["email"]])),
                "hs_merged_object_ids": ";".join(filter(None, [*ids, str(loser["object_id"])])),
            }
            self.run(
                "update aliases set contact_id = ? where contact_id = ?",
                [winner["object_id"], loser["object_id"]],
            )
            for value in (loser["email"], str(loser["object_id"])):
                self.run("insert into aliases values (?, ?)", [value, winner["object_id"]])
            self.forget("contacts", loser["object_id"])
            return self.update(winner, {**gone, **kept, **further})

    def associate(self, kind: str, identifier: str, to_kind: str, to_identifier: str) -> None:
        """Associate two records with each other."""
        with self.lock:
            for ends in (
                (kind, identifier, to_kind, to_identifier),
                (to_kind, to_identifier, kind, identifier),
            ):
                self.run("insert or ignore into associations values (?, ?, ?, ?)", ends)

    def add_owner(self, email: str, first_name: str, last_name: str) -> str:
        """Add a person in sales; returns the owner's id."""
        now = utc_now()
        number = self.run(
            "insert into owners (email, first_name, last_name, created_at, updated_at)"
            " values (?, ?, ?, ?, ?)",
            [email, first_name, last_name, now, now],
        )
        return str(number)

    def add_property(self, kind: str, definition: dict[str, Any]) -> None:
        """Add a property of one kind of record."""
        with self.lock:
            self.run(
                "insert into properties values (?, ?, ?)",
                [kind, definition["name"], json.dumps(definition)],
            )
            self.types[kind][definition["name"]] = definition["type"]

    def commit(self) -> None:
        """Make everything written so far durable."""
        with self.lock:
            self.connection.commit()

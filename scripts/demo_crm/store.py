"""Keep the demo CRM's contacts in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# What a new HubSpot account has (the part a contact needs) plus the properties our sync writes.
PROPERTIES = {
    "email": "string",
    "firstname": "string",
    "lastname": "string",
    "phone": "string",
    "company": "string",
    "jobtitle": "string",
    "lifecyclestage": "string",
    "audience_primary_segment": "string",
    "audience_segments": "string",
    "audience_segment_count": "number",
    "audience_engagement_score": "number",
    "audience_lifecycle_stage": "string",
    "audience_last_engaged_at": "datetime",
    "audience_pricing_page_views_30d": "number",
}

SCHEMA = """
create table if not exists contacts (
    contact_id integer primary key autoincrement,
    email text not null unique,
    properties text not null,
    created_at text not null,
    updated_at text not null,
    writes integer not null default 0
)
"""


def utc_now() -> str:
    """Return the current instant as the API writes it, `2026-03-01T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_object(row: sqlite3.Row, properties: Iterable[str] | None = None) -> dict[str, Any]:
    """Return one contact in the shape of the CRM object API."""
    held = json.loads(row["properties"])
    wanted = held if properties is None else {name: held.get(name) for name in properties}
    return {
        "id": str(row["contact_id"]),
        "properties": {
            **wanted,
            "email": row["email"],
            "createdate": row["created_at"],
            "lastmodifieddate": row["updated_at"],
            "hs_object_id": str(row["contact_id"]),
        },
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "archived": False,
    }


class Store:
    """Contacts by id and by e-mail address; every method is safe to call from any thread."""

    def __init__(self, path: Path | str) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute("pragma synchronous = normal")
        self.connection.execute(SCHEMA)
        self.connection.commit()

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of one query."""
        with self.lock:
            return self.connection.execute(sql, tuple(parameters)).fetchall()

    def find(self, value: str, *, by_email: bool) -> sqlite3.Row | None:
        """Return one contact by its id or by its e-mail address, or nothing."""
        column = "email" if by_email else "contact_id"
        found = self.rows(f"select * from contacts where {column} = ?", [value.strip().lower()])
        return found[0] if found else None

    def upsert(self, email: str, properties: dict[str, str]) -> tuple[sqlite3.Row, bool]:
        """Set properties on the contact with this address; returns it and whether it is new."""
        with self.lock:
            row = self.find(email, by_email=True)
            if row is not None:
                return self.update(row, properties), False
            now = utc_now()
            held = {name: value for name, value in properties.items() if value != ""}
            self.connection.execute(
                "insert into contacts (email, properties, created_at, updated_at, writes)"
                " values (?, ?, ?, ?, 1)",
                [email.strip().lower(), json.dumps(held), now, now],
            )
            created = self.find(email, by_email=True)
            assert created is not None
            return created, True

    def update(self, row: sqlite3.Row, properties: dict[str, str]) -> sqlite3.Row:
        """Set properties on one contact; an empty string clears a property."""
        with self.lock:
            held = json.loads(row["properties"]) | properties
            held = {name: value for name, value in held.items() if value != ""}
            self.connection.execute(
                "update contacts set properties = ?, updated_at = ?, writes = writes + 1"
                " where contact_id = ?",
                [json.dumps(held), utc_now(), row["contact_id"]],
            )
            updated = self.find(str(row["contact_id"]), by_email=False)
            assert updated is not None
            return updated

    def delete(self, email: str) -> None:
        """Remove a contact, as a person does in the CRM's own screens."""
        with self.lock:
            self.connection.execute("delete from contacts where email = ?", [email.lower()])
            self.connection.commit()

    def commit(self) -> None:
        """Make everything written so far durable."""
        with self.lock:
            self.connection.commit()

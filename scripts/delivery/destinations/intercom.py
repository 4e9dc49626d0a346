"""Write attributes of contacts to one Intercom workspace.

Contract, from Intercom's public documentation (developers.intercom.com, REST API 2.14):

- "Search contacts", POST `/contacts/search`: `query` of `field`, `operator` and `value`, joined by
  OR or AND; `data` are the contacts, `total_count` how many match; at most 150 a page. A group
  takes 15 conditions.
- "Create contact", POST `/contacts`: `role`, `email`, `external_id`, `custom_attributes`; 409 when
  a contact with this external id or, of the same role, this address is there.
- "Update contact", PUT `/contacts/{id}`: what is left out stays, null empties; 404 when it is gone.
- "Delete contact", DELETE `/contacts/{id}`.
- "Errors": `errors` with `code` and `message`. "Rate limiting": 429 with X-RateLimit-Reset, epoch
  seconds; 10,000 calls a minute and app.
- "List all data attributes", GET `/data_attributes?model=contact`: custom ones have to be there
  before they can be written. "Identify an admin", GET `/me`, names the workspace.

Names of Intercom's own (`name`, `phone`, …) are written as they are, any other is a custom
attribute. A contact is known by its id, else by external id (the record key), else by address; one
that is taken over without an external id gets ours.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import Call, Destination, Finding, Outcome, Record, Refused, Value, url
from ..errors import ConfigError, redact
from ..transport import json_of, judge

AT_ONCE = 15
CONTACT_FIELDS = frozenset({"email", "phone", "name", "external_id"})
OWN = CONTACT_FIELDS | {"avatar", "signed_up_at", "owner_id"}


class Conflict(Exception):
    """A contact that is to be created is there."""


class Intercom(Destination):
    """Contacts of one workspace, by external id or by e-mail address."""

    name = "intercom"
    stays = CONTACT_FIELDS
    address = "https://api.intercom.io"
    secrets: ClassVar = {"INTERCOM_TOKEN": "an access token that may read and write contacts"}
    options: ClassVar = {"mode": "upsert", "role": "user", "version": "2.14", "account": ""}
    forbidden = frozenset({"unsubscribed_from_emails", "role", "last_seen_at"})
    quota = (150, 1.0)
    batch_size = AT_ONCE
    can_read = True
    can_match = True

    @property
    def headers(self) -> dict[str, str]:
        """The token and the version go with every request."""
        token, version = self.secret["INTERCOM_TOKEN"], self.option["version"]
        return {"Authorization": f"Bearer {token}", "Intercom-Version": version}

    def whose(self, call: Call) -> str:
        """Return the workspace."""
        return f"workspace {self.checked(call('GET', '/me'))['app']['id_code']}"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one contact after the other; see Destination.send."""
        outcomes = []
        for record in records:
            try:
                contact = self.write(call, operation, record)
                outcomes.append(Outcome(record.key, "delivered", contact))
            except Refused as problem:
                reason = redact(str(problem), record.key)
                outcomes.append(Outcome(record.key, "refused", None, reason))
            except Conflict:  # the search finds a new contact after a moment
                reason = "it is there already, and not found yet"
                outcomes.append(Outcome(record.key, "open", None, reason))
        return outcomes

    def write(self, call: Call, operation: str, record: Record) -> str | None:
        """Change a contact, or create one; returns its id."""
        is_remove = operation == "remove"
        contact = record.remote_id
        if contact is None and is_remove:
            ids = self.match(call, [record]).get(record.key, [])
            if len(ids) > 1:
                raise Refused(f"{len(ids)} contacts have this address; empty ours by hand")
            contact = ids[0] if ids else None
        kept = CONTACT_FIELDS if is_remove else frozenset()
        if contact:
            own = (
                {"external_id": record.key} if operation == "add" and "@" not in record.key else {}
            )
            body = {**own, **body_of(record.values, kept)}
            if not body:
                return contact
            response = call("PUT", url("/contacts/{}", contact), json=body)
            if response.status_code != 404:
                return self.checked(response)["id"]
        if is_remove:  # nobody there: nothing to empty
            return None
        body = {"role": self.option["role"], **body_of(record.whole | record.values, kept)}
        body |= {"email": record.key} if "@" in record.key else {"external_id": record.key}
        response = call("POST", "/contacts", json=body)
        if response.status_code == 409:
            raise Conflict
        return self.checked(response)["id"]

    def search(self, call: Call, field: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the contacts whose field has one of the values."""
        for start in range(0, len(values), AT_ONCE):
            some = values[start : start + AT_ONCE]
            conditions = [{"field": field, "operator": "=", "value": value} for value in some]
            query = {"operator": "OR", "value": conditions}
            body = {"query": query, "pagination": {"per_page": 150}}
            yield from self.checked(call("POST", "/contacts/search", json=body))["data"]

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of contacts by external id, else by address."""
        found: dict[str, list[str]] = {}
        keys = [record.key for record in records if "@" not in record.key]
        for contact in self.search(call, "external_id", keys):
            found[contact["external_id"]] = [contact["id"]]
        addresses: dict[str, list[str]] = {}
        for record in records:
            address = str(record.whole.get("email") or record.key).lower()
            if record.key not in found and "@" in address:
                addresses.setdefault(address, []).append(record.key)
        for contact in self.search(call, "email", list(addresses)):
            for key in addresses.get(str(contact["email"]).lower(), []):
                found.setdefault(key, []).append(contact["id"])
        return found

    def count(self, call: Call) -> int:
        """Return how many contacts the workspace holds."""
        answer = self.checked(call("GET", "/contacts", params={"per_page": 1}))
        return int(answer["total_count"])

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the contacts hold, by key."""
        found = {}
        for record in records:
            if not record.remote_id:
                continue
            response = call("GET", url("/contacts/{}", record.remote_id))
            if response.status_code != 404:
                held = self.checked(response)
                held = {**(held.get("custom_attributes") or {}), **held}
                found[record.key] = {name: held.get(name) for name in names}
        return found

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete the contact."""
        for contact in self.ids_of(call, key, remote_id):
            response = call("DELETE", url("/contacts/{}", contact))
            if response.status_code != 404:
                self.checked(response)
        return True

    def doctor(
        self, call: Call, fields: dict[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the custom attributes; whose the token is was asked before."""
        known = self.checked(call("GET", "/data_attributes", params={"model": "contact"}))["data"]
        names = {attribute["name"] for attribute in known if not attribute.get("archived")}
        for name in sorted(set(fields) - OWN):
            detail = "" if name in names else "Create it under Settings, Data, People."
            yield Finding(name, not detail, detail)

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raise the signal that fits any other."""
        reason = reason_of(json_of(response))
        if response.status_code in (400, 422) and "does not exist" in reason:
            raise ConfigError(f"Intercom: {redact(reason)} Create it there, or unmap it.")
        return judge(
            response,
            who="Intercom",
            rights="Check INTERCOM_TOKEN and its rights to read and write contacts.",
            reason=reason_of,
            pause=until_reset(response),
        )


def body_of(values: dict[str, Value], kept: frozenset[str]) -> dict[str, Any]:
    """Return the body of a write: own names as they are, the others as custom attributes."""
    own = {name: value for name, value in values.items() if name in OWN and name not in kept}
    custom = {name: value for name, value in values.items() if name not in OWN}
    return {**own, **({"custom_attributes": custom} if custom else {})}


def reason_of(body: Any) -> str:
    """Return the readable part of an error."""
    errors = body.get("errors") or [] if isinstance(body, dict) else []
    return "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors)


def until_reset(response: httpx.Response) -> float:
    """Return the seconds until the window of the rate limit ends."""
    try:
        return max(0.0, float(response.headers["X-RateLimit-Reset"]) - time.time())
    except (KeyError, ValueError):
        return 10.0

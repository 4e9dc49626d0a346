"""Write custom fields of persons to one Pipedrive company.

Contract, from Pipedrive's public documentation (developers.pipedrive.com/docs/api/v1 and
pipedrive.readme.io, API v2 of persons):

- "Search persons", GET `/api/v2/persons/search`: `term`, `fields=email`, `exact_match=true` (not
  case sensitive); `data.items` with `item.id` and `item.emails`.
- "Add a new person", POST `/api/v2/persons`: `name` is required; `emails` of `value`, `primary`,
  `label`; `custom_fields` by the key of each field, a hash of 40 signs. "Update a person", PATCH
  `/api/v2/persons/{id}`: what is left out stays, null empties a custom field; 404 when it is gone.
  "Delete a person", DELETE: kept for 30 days, then erased.
- Answers are `success` and `data`. "Get all person fields", GET `/v1/personFields`. "Get current
  user data", GET `/v1/users/me`, names the company.
- "Rate limiting": header `x-api-token`; 20 requests in two seconds on the smallest plan, and a
  budget of tokens a day, of which a search takes most; 429 with `x-ratelimit-reset` in seconds.

Pipedrive has no unique key of ours, so a person is found by address, and by id once delivered.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import (
    NAMELESS,
    Call,
    Destination,
    Finding,
    Outcome,
    Record,
    Refused,
    Value,
    url,
)
from ..errors import redact
from ..transport import judge

PERSONS = "/api/v2/persons"
OWN = frozenset({"name", "email", "phone"})
PAGE = 500


class Pipedrive(Destination):
    """Persons of one company, by e-mail address; the remote id is the person's."""

    name = "pipedrive"
    stays = OWN
    address = "https://api.pipedrive.com"
    secrets: ClassVar = {"PIPEDRIVE_TOKEN": "the API token of a user who sees all persons"}
    options: ClassVar = {"mode": "upsert", "requests_per_2_seconds": 20, "account": ""}
    needs = frozenset({"email"})
    forbidden = frozenset({"marketing_status", "owner_id", "visible_to"})
    can_read = True
    can_match = True
    look_at_most = 500  # one search each
    batch_size = 10

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the rate from the options; see Destination."""
        super().__init__(options, environ)
        self.quota = (max(1, self.option["requests_per_2_seconds"]), 2.0)

    @property
    def headers(self) -> dict[str, str]:
        """The token goes with every request."""
        return {"x-api-token": self.secret["PIPEDRIVE_TOKEN"]}

    def whose(self, call: Call) -> str:
        """Return the company."""
        held = self.checked(call("GET", "/v1/users/me"))
        return f"company {held['company_id']} ({held['company_domain']})"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one person after the other; see Destination.send."""
        outcomes = []
        for record in records:
            try:
                person = self.write(call, operation, record)
                outcomes.append(Outcome(record.key, "delivered", person))
            except Refused as problem:
                reason = redact(str(problem), record.key, address_of(record))
                outcomes.append(Outcome(record.key, "refused", None, reason))
        return outcomes

    def write(self, call: Call, operation: str, record: Record) -> str | None:
        """Change a person, or create one; returns the id."""
        is_remove = operation == "remove"
        person = record.remote_id
        if person is None and is_remove:  # sent perhaps, without an answer
            if "@" not in address_of(record):
                raise Refused(NAMELESS)
            person = only(self.match(call, [record]).get(record.key, []))
        if person:
            body = body_of(record.values, kept=OWN if is_remove else frozenset())
            if not body:
                return person
            response = call("PATCH", PERSONS + url("/{}", person), json=body)
            if response.status_code != 404:
                return str(self.checked(response)["id"])
        if is_remove:  # nobody there: nothing to empty
            return None
        held = record.whole | record.values
        body = {"name": held.get("name") or address_of(record), **body_of(held)}
        return str(self.checked(call("POST", PERSONS, json=body))["id"])

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of the persons with each address."""
        found = {}
        for record in records:
            address = address_of(record)
            query = {"term": address, "fields": "email", "exact_match": "true", "limit": PAGE}
            items = self.checked(call("GET", f"{PERSONS}/search", params=query))["items"]
            ids = [
                str(entry["item"]["id"])
                for entry in items
                if address in [held.lower() for held in entry["item"]["emails"]]
            ]
            if ids:
                found[record.key] = ids
        return found

    def count(self, call: Call) -> int:
        """Return 1 when there is anybody: Pipedrive does not say how many."""
        return len(self.checked(call("GET", PERSONS, params={"limit": 1})))

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the persons hold, by key."""
        found = {}
        for record in records:
            if record.remote_id:
                response = call("GET", PERSONS + url("/{}", record.remote_id))
                if response.status_code != 404:
                    person = self.checked(response)
                    held = {**(person.get("custom_fields") or {}), "name": person["name"]}
                    for own, several in (("email", "emails"), ("phone", "phones")):
                        held[own] = next(
                            (part["value"] for part in person.get(several) or []), None
                        )
                    found[record.key] = {name: held.get(name) for name in names}
        return found

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete the person; Pipedrive erases it after 30 days."""
        if not remote_id and "@" not in key:
            raise Refused(NAMELESS)
        for person in self.ids_of(call, key, remote_id):
            response = call("DELETE", PERSONS + url("/{}", person))
            if response.status_code != 404:
                self.checked(response)
        return True

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Delete whoever has the address that was sent."""
        return self.erase(call, address_of(record), None)

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the custom fields; whose the token is was asked before."""
        query = {"limit": PAGE}
        known = {
            field["key"] for field in self.checked(call("GET", "/v1/personFields", params=query))
        }
        for name in sorted(set(fields) - OWN):
            detail = "" if name in known else "Map the key of a person field, a hash of 40 signs."
            yield Finding(name, not detail, detail)

    def checked(self, response: httpx.Response) -> Any:
        """Return `data` of a good answer; raise the signal that fits any other."""
        try:
            pause = float(response.headers["x-ratelimit-reset"])
        except (KeyError, ValueError):
            pause = 2.0
        body = judge(
            response,
            who="Pipedrive",
            rights="Check PIPEDRIVE_TOKEN.",
            reason=lambda body: redact(str(body["error"])),
            pause=pause,
        )
        if not body.get("success"):
            raise Refused(redact(str(body.get("error") or "no success")))
        return body["data"]


def only(ids: Sequence[str]) -> str | None:
    """Return the only id, None without any; raises Refused when nobody can tell which it is."""
    if len(ids) > 1:
        raise Refused(f"{len(ids)} persons have this address; empty our fields by hand")
    return ids[0] if ids else None


def address_of(record: Record) -> str:
    """Return the address of a person: the mapped one, else the key."""
    held = record.whole.get("email") or record.values.get("email")
    return str(held or record.key).strip().lower()


def body_of(values: Mapping[str, Value], kept: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the body of a write: addresses and numbers as lists, the rest as custom fields."""
    body: dict[str, Any] = {}
    for name, several in (("email", "emails"), ("phone", "phones")):
        if values.get(name) and name not in kept:
            body[several] = [{"value": values[name], "primary": True, "label": "work"}]
    if values.get("name") and "name" not in kept:
        body["name"] = values["name"]
    custom = {name: value for name, value in values.items() if name not in OWN}
    return {**body, **({"custom_fields": custom} if custom else {})}

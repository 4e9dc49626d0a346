"""Send contacts to HubSpot.

Contract, from HubSpot's public documentation (developers.hubspot.com):

- "2026-03 API reference", /docs/api-reference/2026-03/overview: the path is
  `/crm/objects/{version}/contacts`; a numbered version such as `v3` keeps the older path.
- "Upsert contacts", /docs/api-reference/2026-03/crm/objects/contacts/batch/upsert-contacts, and
  "Update contacts" beside it: inputs of `id`, `idProperty`, `properties`, `objectWriteTraceId`;
  property values are strings; an empty string clears a property.
- "Contacts", /docs/api-reference/latest/crm/objects/contacts/guide: 100 records a batch; batch
  updates need record ids; and partial upserts are not supported with `email` as `idProperty`.
  Therefore an upsert here always carries every value we own, and what carries only the changed
  values, or clears them, is an update by record id (which also never creates a contact).
- "Error handling", /docs/api-reference/error-handling: 207 with `context.objectWriteTraceId` when
  every input has a trace id; 423 means wait two seconds; 477 carries Retry-After in seconds;
  502, 503, 504, 521 to 524 mean pause and try again.
- "API usage guidelines and limits", /docs/developer-tooling/platform/usage-guidelines: 100
  requests per 10 seconds and private app (Free, Starter), 190 (Professional, Enterprise), 250
  with the limit increase; 429 names the policy. It promises no Retry-After header: without one
  the pause is the window, `X-HubSpot-RateLimit-Interval-Milliseconds`, 10 seconds when missing;
  policy DAILY only ends at midnight, so the run stops.
- "Properties", /docs/api-reference/latest/crm/properties/guide: a datetime is
  `YYYY-MM-DDThh:mm:ss.sTZD` in UTC; a checkbox is `true` or `false`; several values are
  joined by semicolons.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from .destination import Call, Outcome, Record, Refused, Stop, Transient
from .errors import AuthError, ConfigError, redact
from .transport import retry_after

OPTIONS = {"version": "2026-03", "requests_per_10_seconds": 100, "account": ""}
PAUSE = {408, 500, 502, 503, 504, 520, 521, 522, 523, 524}
LOCK_SECONDS = 2.0
WINDOW_SECONDS = 10.0
GONE = "gone"  # in here only: an outcome of an update whose contact does not exist any more


class HubSpot:
    """Contacts of one HubSpot account, keyed by e-mail address."""

    name = "hubspot"
    batch_size = 100

    def __init__(
        self, *, token: str, base_url: str, version: str, requests_per_10_seconds: int, account: str
    ) -> None:
        host = urlsplit(base_url).hostname or ""
        if not host:
            raise ConfigError("HUBSPOT_BASE_URL must be an address such as https://api.hubapi.com.")
        self.token, self.base_url = token, base_url.rstrip("/")
        # The ledger must never take one account's records for another's.
        self.account = account or ("loopback" if host in ("127.0.0.1", "localhost") else host)
        self.quota = (requests_per_10_seconds, WINDOW_SECONDS)
        dated = f"/crm/objects/{version}/contacts"
        self.path = dated if "-" in version else f"/crm/{version}/objects/contacts"
        self.headers = {"Authorization": f"Bearer {token}"}

    @classmethod
    def from_options(cls, options: Mapping[str, Any], environ: Mapping[str, str]) -> "HubSpot":
        """Set up from `destination_options` and the environment; raises ConfigError."""
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            raise ConfigError(f"HubSpot does not know {unknown}; it knows {sorted(OPTIONS)}.")
        chosen = {**OPTIONS, **options}
        try:
            return cls(
                token=environ.get("HUBSPOT_TOKEN", "").strip(),
                base_url=environ.get("HUBSPOT_BASE_URL") or "https://api.hubapi.com",
                version=str(chosen["version"]),
                requests_per_10_seconds=int(chosen["requests_per_10_seconds"]),
                account=str(chosen["account"]),
            )
        except (TypeError, ValueError):
            raise ConfigError("requests_per_10_seconds must be a whole number.") from None

    def check(self) -> None:
        """Raise ConfigError when there is no token."""
        if not self.token:
            raise ConfigError(
                "Set HUBSPOT_TOKEN to the access token of a HubSpot app with the scopes "
                "crm.objects.contacts.read and crm.objects.contacts.write."
            )

    def encode(self, column: str, kind: str) -> str:
        """Return SQL that writes a column as HubSpot reads it; an empty text is nothing."""
        if kind.startswith("TIMESTAMP WITH"):
            column, kind = f"({column} at time zone 'UTC')", "TIMESTAMP"
        if kind.startswith("TIMESTAMP"):
            return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ')"
        if kind == "DATE":
            return f"strftime({column}, '%Y-%m-%d')"
        return f"nullif(cast({column} as varchar), '')"  # a boolean casts to true or false

    def send(self, call: Call, verb: str, records: list[Record]) -> list[Outcome]:
        """Send one batch; see `Destination.send`."""
        if verb == "upsert":
            return self.upsert(call, records)
        if verb == "clear":
            return self.clear(call, records)
        outcomes = {one.key: one for one in self.update(call, records)}
        vanished = [record for record in records if outcomes[record.key].state == GONE]
        if vanished:  # deleted or merged away in the CRM: create them anew
            outcomes |= {one.key: one for one in self.upsert(call, vanished)}
        return list(outcomes.values())

    def upsert(self, call: Call, records: list[Record]) -> list[Outcome]:
        """Create or update contacts by e-mail address."""
        inputs = [
            {"id": record.key, "idProperty": "email", "properties": record.whole}
            for record in records
        ]
        return self.write(call, "upsert", inputs, [[record] for record in records])

    def update(self, call: Call, records: list[Record]) -> list[Outcome]:
        """Change contacts by record id; an id may not appear twice in a request."""
        by_id: dict[str, list[Record]] = {}
        for record in records:
            by_id.setdefault(str(record.remote_id), []).append(record)
        inputs = [
            {"id": remote, "properties": {k: v for one in same for k, v in one.values.items()}}
            for remote, same in by_id.items()
        ]
        return self.write(call, "update", inputs, list(by_id.values()))

    def clear(self, call: Call, records: list[Record]) -> list[Outcome]:
        """Empty our fields; contacts whose id is unknown or has gone are looked up once."""
        known = [record for record in records if record.remote_id]
        outcomes = {one.key: one for one in (self.update(call, known) if known else [])}
        lost = [
            record
            for record in records
            if not record.remote_id or outcomes[record.key].state == GONE
        ]
        found = self.look_up(call, [record.key for record in lost]) if lost else {}
        again = [
            replace(record, remote_id=found[record.key])
            for record in lost
            if found.get(record.key, record.remote_id) != record.remote_id
        ]
        outcomes |= {record.key: Outcome(record.key, GONE) for record in lost}
        outcomes |= {one.key: one for one in (self.update(call, again) if again else [])}
        # Who is not in the CRM has no fields to empty: that is as good as delivered.
        return [
            Outcome(one.key, "delivered") if one.state == GONE else one for one in outcomes.values()
        ]

    def look_up(self, call: Call, addresses: list[str]) -> dict[str, str]:
        """Return the record id of each address that HubSpot knows, as main or other address."""
        body = {
            "idProperty": "email",
            "properties": ["email", "hs_additional_emails"],
            "inputs": [{"id": address} for address in addresses],
        }
        reply = self.checked(call("POST", f"{self.path}/batch/read", json=body))
        found: dict[str, str] = {}
        for one in reply.get("results", []):
            held = one.get("properties", {})
            others = (held.get("hs_additional_emails") or "").split(";")
            found |= {str(name).lower(): one["id"] for name in [held.get("email"), *others] if name}
        return found

    def write(
        self, call: Call, action: str, inputs: list[dict], owners: list[list[Record]]
    ) -> list[Outcome]:
        """Send one write and return what it says about every record; inputs[i] is owners[i]'s."""
        for index, item in enumerate(inputs):
            item["objectWriteTraceId"] = f"trace-{index}"
        reply = self.checked(call("POST", f"{self.path}/batch/{action}", json={"inputs": inputs}))
        index_of = {f"trace-{index}": index for index in range(len(inputs))}
        index_of |= {item["id"].lower(): index for index, item in enumerate(inputs)}
        results, errors = reply.get("results", []), reply.get("errors", [])
        self.check_properties(errors)
        done: dict[int, tuple[str, str | None, str | None]] = {}
        unclear = []
        for problem in errors:
            vanished = action == "update" and problem.get("category") == "OBJECT_NOT_FOUND"
            state = GONE if vanished else "refused"
            hits = {index_of[name] for name in named(problem) if name in index_of}
            unclear += [] if hits else [problem]
            done |= {index: (state, None, reason_of(problem)) for index in hits}
        for result in results:
            address = str(result.get("properties", {}).get("email", "")).lower()
            # Results come in any order, and an updated contact may answer under another id.
            remote = str(result.get("id") or "") or None
            names = (result.get("objectWriteTraceId"), remote, address)
            index = next((index_of[name] for name in names if name in index_of), None)
            if index is not None:
                done[index] = ("delivered", remote, None)
        if unclear and len(done) < len(inputs):
            raise Refused(reason_of(unclear[0]))
        if not errors and len(results) == len(inputs):
            missing = ("delivered", None, None)
        else:  # a contact that was merged away is left out of the answer to an update
            missing = (GONE if action == "update" else "open", None, "not in the answer")
        return [
            Outcome(record.key, state, remote, redact(reason or "", record.key) or None)
            for index, same in enumerate(owners)
            for state, remote, reason in [done.get(index, missing)]
            for record in same
        ]

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raises the signal that fits any other."""
        status, body = response.status_code, body_of(response)
        if status in (200, 201, 207) and body is not None:
            return body
        body = body or {}
        reason = redact(f"HTTP {status} {reason_of(body)}".strip(), self.token)
        if status in (401, 403):
            raise AuthError(
                f"HubSpot does not accept the token ({reason}). Check HUBSPOT_TOKEN and that its "
                "app has the scopes crm.objects.contacts.read and crm.objects.contacts.write."
            )
        if status == 429:
            if body.get("policyName") == "DAILY":
                raise Stop("HubSpot's daily limit is used up; it starts anew at midnight.")
            raise Transient(reason, retry_after(response, otherwise=window_of(response)))
        if status in (423, 477):
            raise Transient(reason, retry_after(response, otherwise=LOCK_SECONDS))
        if status in PAUSE or body_of(response) is None:
            raise Transient(reason, retry_after(response))
        if status == 404:
            raise ConfigError(f"{self.base_url}{self.path} does not exist; check the version.")
        self.check_properties([body])
        raise Refused(reason)

    def check_properties(self, errors: Iterable[dict]) -> None:
        """Raise ConfigError when HubSpot lacks a property: that refuses every record alike."""
        text = json.dumps([error for error in errors if "PROPERTY_DOESNT_EXIST" in str(error)])
        names = set(re.findall(r'Property [\\"]*(\w+)[\\"]* does not exist', text))
        if "PROPERTY_DOESNT_EXIST" in text:
            raise ConfigError(
                f"HubSpot has no contact property {', '.join(sorted(names)) or '(unnamed)'}. "
                "Create it (docs/pushing.md lists names and types) or take it out of fields."
            )


def body_of(response: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON object of an answer, or nothing when it is something else."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def window_of(response: httpx.Response) -> float:
    """Return the length in seconds of the rate limit's window."""
    try:
        return float(response.headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000
    except (KeyError, ValueError):
        return WINDOW_SECONDS


def named(problem: dict[str, Any]) -> list[str]:
    """Return every trace id, record id and address that an error of a batch names."""
    values = [problem.get("objectWriteTraceId"), problem.get("id")]
    for held in (problem.get("context") or {}).values():
        values += held if isinstance(held, list) else [held]
    return [str(value).lower() for value in values if value]


def reason_of(problem: dict[str, Any]) -> str:
    """Return the category and the readable part of an error."""
    message = str(problem.get("message", ""))
    head, _, detail = message.partition(": [")
    try:
        parts = [str(one.get("message", one)) for one in json.loads(f"[{detail}")]
        message = f"{head}: {', '.join(parts)}"
    except (ValueError, AttributeError):
        pass
    return f"{problem.get('category', '')}: {message}".strip(": ")

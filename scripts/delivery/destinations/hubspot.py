"""Send contacts, company fields and list memberships to HubSpot, and pull what changed there.

Contract, from HubSpot's public documentation (developers.hubspot.com):

- "API reference", /docs/api-reference/latest/overview: dated versions, each with a date on which
  it ends; the path is `/crm/objects/{version}/contacts`, also of gdpr-delete. A numbered version
  such as `v3` keeps the older paths.
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
  joined by semicolons; which field types fit which type; property groups.
- "Lists (Segments) API", /docs/api-reference/latest/crm/lists/guide, with "Fetch List by Name" and
  "Add records to a list" beside it: only MANUAL and SNAPSHOT lists take members by hand; members
  that are there already are ignored, and `recordIdsMissing` names records that do not exist.
- "Permanently delete a contact (GDPR-compliant)", /docs/api-reference/latest/crm/objects/contacts/
  gdpr/gdpr-delete-contact: by `email` too, 204; an address that is not found is blocked from then
  on.
- "Search the CRM", /docs/api-reference/2026-03/crm/search-the-crm: 200 results a page, 10,000 a
  query, five requests a second and account, 3,000 characters a body; new records take a moment to
  be found. Paging by `hs_object_id` starts a new query for every page, so neither the 10,000 nor
  many records with the same time stamp are an obstacle.
- "Retrieve associations", /docs/api-reference/2026-03/crm/associations/associate-records/batch/
  get-associations, and the changelog "Batch read limit for HubSpot associations API": 1,000 inputs.
- "Retrieve companies", /docs/api-reference/latest/crm/objects/companies/get-companies:
  `archived=true` lists the recycle bin, which search leaves out; properties that an account does
  not have are ignored when reading.
- "Retrieve all owners", /docs/api-reference/2026-03/crm/owners/get-owners.
- "Notes", /docs/api-reference/latest/crm/activities/notes/guide, with calls, meetings, tasks and
  emails beside it: engagements are objects like any other, under ids of their own; they need
  `crm.objects.contacts.read`, e-mails `sales-email-read`.
- "Read all properties", /docs/api-reference/2026-03/crm/properties/get-properties: those without
  `hubspotDefined` are the account's own. There may be more than the 3,000 characters of a search
  take, so their values come by batch read, of the recycle bin with `archived=true`.
- "Retrieve all pipelines", /docs/api-reference/latest/crm/pipelines/get-pipelines: `metadata` of a
  stage has `isClosed` and `probability` as texts.
- Without a scope an answer is 403, category MISSING_SCOPES; `context.requiredGranularScopes` of
  its errors names what would do.

Search does not say which app changed a record last, so the echo of our own pushes is read too: it
changes `lastmodifieddate` and nothing else that staging reads, and the engine leaves it out.
"""

import email.utils
import json
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from ..destination import (
    Call,
    Destination,
    Finding,
    Outcome,
    Record,
    Refused,
    Stop,
    Transient,
    Value,
    key_parts,
    url,
)
from ..errors import AuthError, ConfigError, redact, shown
from ..transport import json_of, judge, retry_after
from .crm_rows import ROW_KEYS, VOLATILE_COLUMNS

LOCK_SECONDS = 2.0
WINDOW_SECONDS = 10.0
SEARCH_SECONDS = 0.22  # a little more than a fifth
PAGE, SEARCH_PAGE, OWNER_PAGE = 100, 200, 100
SEARCH_CHARACTERS = 2000  # of values to search for, so that a body stays below 3,000
GONE = "gone"  # in here only: an outcome of an update whose record does not exist any more
SCOPES = {
    "contacts": "crm.objects.contacts.read and .write",
    "companies": "crm.objects.companies.read and .write",
    "lists": "crm.lists.read and .write and crm.objects.contacts.read",
}
RIGHTS = (
    "Check HUBSPOT_TOKEN and that the key has the scopes {scopes}; doctor --create needs "
    "crm.schemas.contacts (or companies) .read and .write, pull needs crm.objects.contacts.read, "
    ".companies.read, .deals.read and .owners.read, and sales-email-read for e-mails."
)

ENGAGED = ("hs_timestamp", "hs_createdate", "hubspot_owner_id")  # of every engagement
ENGAGEMENTS = {
    "notes": (*ENGAGED, "hs_note_body"),
    "calls": (*ENGAGED, "hs_call_title", "hs_call_body"),
    "meetings": (
        *ENGAGED, "hs_meeting_title", "hs_meeting_body", "hs_meeting_outcome",
        "hs_meeting_start_time",
    ),
    "tasks": (
        *ENGAGED, "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_completion_date",
    ),
    "emails": (*ENGAGED, "hs_email_subject", "hs_email_text", "hs_email_direction"),
}  # fmt: skip
# Objects whose further properties can be traits (var crm_properties).
WITH_PROPERTIES = ("contacts", "companies", "deals")
# What the staging models read, without `property_`.
READ = {
    "contacts": (
        "email", "firstname", "lastname", "phone", "company", "jobtitle", "lifecyclestage",
        "hs_lead_status", "hs_email_optout", "createdate", "lastmodifieddate",
        "associatedcompanyid", "hubspot_owner_id", "hs_buying_role",
        "hs_v2_date_entered_customer", "firmographics_verified_at", "ad_consent", "ad_consent_at",
        "hs_merged_object_ids", "hs_additional_emails",
    ),
    "companies": (
        "name", "domain", "website", "industry", "country", "numberofemployees", "createdate",
        "hs_is_target_account", "renewal_date", "hs_merged_object_ids",
    ),
    "deals": (
        "dealname", "dealstage", "amount", "closedate", "createdate", "hubspot_owner_id",
        "hs_is_closed_won", "hs_is_closed", "hs_merged_object_ids",
    ),
    **ENGAGEMENTS,
}  # fmt: skip
MODIFIED = dict.fromkeys(READ, "hs_lastmodifieddate") | {"contacts": "lastmodifieddate"}
TABLE = {kind: f"engagement_{kind}" if kind in ENGAGEMENTS else kind for kind in READ}
# Table of a kind's contacts, and its column of the record.
CONTACTS_OF = {"deals": ("deal_contacts", "deal_id")} | dict.fromkeys(
    ENGAGEMENTS, ("engagement_contacts", "engagement_id")
)
STAGE_AND_ENGAGEMENT_KEYS = {
    "deal_pipeline_stages": ("stage_id",),
    "engagement_contacts": ("engagement_id", "contact_id"),
} | {TABLE[kind]: ("engagement_id",) for kind in ENGAGEMENTS}
TABLES = (
    *TABLE.values(), *dict(CONTACTS_OF.values()), "deal_pipeline_stages", "owners",
)  # fmt: skip
OVERLAP = timedelta(minutes=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)

# Type and field type of a new property, and the types that take values of this kind.
NEW_TYPES = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "boolean": ("bool", "booleancheckbox"),
    "instant": ("datetime", "date"),
    "date": ("date", "date"),
}
FITTING = {
    "text": {"string", "enumeration", "phone_number"},
    "number": {"number", "string"},
    "boolean": {"bool", "enumeration", "string"},
    "instant": {"datetime", "string"},
    "date": {"date", "datetime", "string"},
}
GROUP = {"name": "audience_engine", "label": "Audience engine", "displayOrder": -1}


# Only we write these properties, so the warehouse decides.
DEFAULT_SYNC = {
    "destination": "hubspot",
    "source": "activation.crm_contacts",
    "key": "email",
    "fields": {
        column: {"to": f"audience_{column}", "policy": "always"}
        | ({"changes_by": 5} if column.endswith("_score") else {})
        for column in (
            "primary_segment",
            "segments",
            "segment_count",
            "engagement_score",
            "lifecycle_stage",
            "grade",
            "fit_score",
            "product_interest",
            "reason",
            "recent_activity",
            "last_engaged_at",
            "pricing_page_views_30d",
        )
    },
}


class HubSpot(Destination):
    """Contacts (by e-mail), companies (by record id or domain) or static lists of one account.

    The key of a list membership is `list|email` or `list|contact id`; its remote id is
    `list id|contact id`.
    """

    name = "hubspot"
    address = "https://api.hubapi.com"
    secrets: ClassVar = {"HUBSPOT_TOKEN": "a service key of HubSpot"}
    options: ClassVar = {
        "object": "contacts",
        "version": "2026-09",
        "requests_per_10_seconds": 100,
        "account": "",
        "create_lists": False,
        "mode": "upsert",
        "pull_properties": [],
    }
    forbidden = frozenset(
        {
            "hs_email_optout",
            "hs_emailconfirmationstatus",
            "hs_legal_basis",
            "hs_data_privacy_ads_consent",
            "hs_marketable_status",
        }
    )
    # One for each subscription type ends in its number.
    forbidden_beginnings = ("hs_email_optout_", "hs_legal_basis_", "hs_marketable_")
    can_pull = True
    takes_over = True  # an upsert by address reaches the contact that has it
    record_id = "hs_object_id"
    row_keys = ROW_KEYS | STAGE_AND_ENGAGEMENT_KEYS
    volatile_columns = VOLATILE_COLUMNS
    default_sync = DEFAULT_SYNC

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        if not httpx.URL(self.base_url).host:
            raise ConfigError("HUBSPOT_BASE_URL must be an address such as https://api.hubapi.com.")
        self.kind = self.option["object"]
        if self.kind not in ("contacts", "companies", "lists"):
            raise ConfigError("The option object of hubspot is contacts, companies or lists.")
        for name in self.option["pull_properties"]:
            if not re.fullmatch(r"[a-z0-9_]+", str(name)):
                raise ConfigError(
                    "The option pull_properties of hubspot takes internal names of properties, "
                    f"such as hs_analytics_source, not {shown(name)}."
                )
        self.can_read = self.can_match = self.kind != "lists"
        if self.kind == "companies":
            self.option["mode"] = "update_only"
        self.needs = frozenset({"list"} if self.kind == "lists" else ())
        self.memberships = self.needs
        self.quota = (self.option["requests_per_10_seconds"], WINDOW_SECONDS)
        self.list_ids: dict[str, str] = {}
        self.lock, self.search_lock, self.next_search = threading.Lock(), threading.Lock(), 0.0

    @property
    def account(self) -> str:
        """Tell accounts apart; a local stand-in has another port every time."""
        host = super().account
        return "loopback" if host in ("127.0.0.1", "localhost") else host

    def whose(self, call: Call) -> str:
        """Return the portal."""
        path = f"/account-info/{self.option['version']}/details"
        return f"portal {self.checked(call('GET', path))['portalId']}"

    @property
    def headers(self) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.secret['HUBSPOT_TOKEN']}"}

    @property
    def pulled(self) -> frozenset[str]:
        """What staging reads of this object, and what is read with it because the options say so.

        Of the account's own properties `pull` leaves those alone that a sync writes.
        """
        asked = self.option["pull_properties"] if self.kind in WITH_PROPERTIES else ()
        return frozenset({*READ.get(self.kind, ()), *asked})

    def path(self, area: str, rest: str = "", *, old: str = "") -> str:
        """Return the path of an area such as `objects`; `old` replaces a numbered version."""
        version = self.option["version"]
        start = f"/crm/{area}/{version}" if "-" in version else f"/crm/{old or version}/{area}"
        return f"{start}/{rest}".rstrip("/")

    # Sending

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch; see `Destination.send`."""
        names = {name for record in records for name in (*record.values, *record.whole)}
        denied = sorted(name for name in names if self.is_forbidden(name))
        if denied:
            raise ConfigError(f"{denied} belong to the person and to HubSpot: take them out.")
        send = {
            "contacts": self.send_contacts,
            "companies": self.send_companies,
            "lists": self.send_memberships,
        }[self.kind]
        return send(call, operation, records)

    def is_forbidden(self, name: str) -> bool:
        """Return whether a property says if a person wants to be contacted."""
        return super().is_forbidden(name) or name.lower().startswith(self.forbidden_beginnings)

    def send_contacts(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Create, change or empty contacts."""
        if operation == "remove":
            return self.clear(call, records)
        known = [record for record in records if record.remote_id]
        outcomes = {outcome.key: outcome for outcome in self.update(call, known)}
        # Never sent, or deleted in the CRM since: create them (anew), whole.
        rest = [
            record
            for record in records
            if record not in known or outcomes[record.key].state == GONE
        ]
        outcomes |= {outcome.key: outcome for outcome in self.upsert(call, rest)}
        return list(outcomes.values())

    def upsert(self, call: Call, records: Sequence[Record]) -> list[Outcome]:
        """Create or update contacts by e-mail address, with everything we own."""
        inputs = [
            {
                "id": record.key,
                "idProperty": "email",
                "properties": encoded(record.whole | record.values),
            }
            for record in records
        ]
        return self.write(call, "upsert", inputs, [[record] for record in records])

    def update(self, call: Call, records: Sequence[Record]) -> list[Outcome]:
        """Change records by record id; an id may not appear twice in a request."""
        by_id: dict[str, list[Record]] = {}
        for record in records:
            by_id.setdefault(str(record.remote_id), []).append(record)
        inputs = [
            {"id": remote, "properties": encoded({k: v for o in same for k, v in o.values.items()})}
            for remote, same in by_id.items()
        ]
        return self.write(call, "update", inputs, list(by_id.values()))

    def clear(self, call: Call, records: Sequence[Record]) -> list[Outcome]:
        """Empty our fields; contacts whose id is unknown or has gone are looked up once."""
        known = [record for record in records if record.remote_id]
        outcomes = {outcome.key: outcome for outcome in self.update(call, known)}
        lost = [
            record
            for record in records
            if not record.remote_id or outcomes[record.key].state == GONE
        ]
        found = self.look_up(call, [record.key for record in lost])
        again = [
            replace(record, remote_id=found[record.key]["id"])
            for record in lost
            if record.key in found and found[record.key]["id"] != record.remote_id
        ]
        outcomes |= {record.key: Outcome(record.key, GONE) for record in lost}
        outcomes |= {outcome.key: outcome for outcome in self.update(call, again)}
        # Who is not in the CRM has no fields to empty: that is as good as delivered.
        return [
            Outcome(outcome.key, "delivered") if outcome.state == GONE else outcome
            for outcome in outcomes.values()
        ]

    def send_companies(
        self, call: Call, operation: str, records: Sequence[Record]
    ) -> list[Outcome]:
        """Change or empty fields of companies, which are never created here."""
        is_remove = operation == "remove"
        held = {
            record.key: [record.remote_id] for record in records if is_remove and record.remote_id
        }
        ids = held | self.find_companies(
            call, [record.key for record in records if record.key not in held]
        )
        single = [
            replace(record, remote_id=ids[record.key][0])
            for record in records
            if len(ids.get(record.key, [])) == 1
        ]
        outcomes = {
            outcome.key: outcome for outcome in self.update(call, single) if outcome.state != GONE
        }
        for key in [record.key for record in records if record.key not in outcomes]:
            if len(ids.get(key, [])) > 1:
                reason = f"HubSpot has {len(ids[key])} companies with this domain"
                outcomes[key] = Outcome(key, "refused", None, reason)
            else:
                outcomes[key] = Outcome(key, "delivered" if is_remove else "absent")
        return list(outcomes.values())

    def adopt(
        self, call: Call, operation: str, records: Sequence[Record]
    ) -> tuple[list[Record], list[Outcome]]:
        """Take contacts over; companies and lists are looked up when they are sent."""
        if self.kind != "contacts":
            return list(records), []
        return super().adopt(call, operation, records)

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of contacts by record id or address, of companies by id or domain."""
        if self.kind == "companies":
            return self.find_companies(call, [record.key for record in records])
        own = {
            o.key: str(o.values[self.record_id]) for o in records if o.values.get(self.record_id)
        }
        there = self.existing(call, list(own.values()))
        held = self.look_up(call, [record.key for record in records])
        found = {}
        for key in [record.key for record in records]:
            by_id, by_address = there.get(own.get(key, "")), held.get(key.lower(), {}).get("id")
            # Two contacts: the record id may be another portal's.
            if ids := list(dict.fromkeys(filter(None, [by_id, by_address]))):
                found[key] = ids
        return found

    def existing(self, call: Call, ids: Sequence[str]) -> dict[str, str]:
        """Return the id that each record id has today, also after a merge, of those that exist."""
        found = {}
        if ids:
            body = {
                "properties": ["hs_merged_object_ids"],
                "inputs": [{"id": known} for known in sorted(set(ids))],
            }
            reply = self.post(call, self.path("objects", "contacts/batch/read"), body)
            for result in reply.get("results", []):
                merged = result.get("properties", {}).get("hs_merged_object_ids") or ""
                names = [result["id"], *merged.split(";")]
                found |= {name: str(result["id"]) for name in names if name}
        return found

    def count(self, call: Call) -> int:
        """Return how many contacts, or companies, the account holds."""
        self.pace()
        body = {"limit": 1, "properties": ["hs_object_id"]}
        return int(self.post(call, self.path("objects", f"{self.kind}/search"), body)["total"])

    def find_companies(self, call: Call, keys: Sequence[str]) -> dict[str, list[str]]:
        """Return the record ids behind each key: a record id itself, or a domain."""
        found = {key: [key] for key in keys if key.isdigit()}
        domains = {key.strip().lower(): key for key in keys if not key.isdigit()}
        for part in parts_of(sorted(domains), SEARCH_CHARACTERS):
            one_of = {"propertyName": "domain", "operator": "IN", "values": part}
            for page in self.search(call, "companies", [one_of], ["domain"]):
                for company in page:
                    key = domains.get(str(company["properties"].get("domain")).lower())
                    if key is not None:
                        found.setdefault(key, []).append(company["id"])
        return found

    def look_up(
        self, call: Call, addresses: Sequence[str], names: Sequence[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """Return the contact of each address that HubSpot knows, as main or other address."""
        if not addresses:
            return {}
        body = {
            "idProperty": "email",
            "properties": ["email", "hs_additional_emails", *names],
            "inputs": [{"id": address} for address in sorted(set(addresses))],
        }
        reply = self.post(call, self.path("objects", "contacts/batch/read"), body)
        found: dict[str, dict[str, Any]] = {}
        for result in reply.get("results", []):
            held = result.get("properties", {})
            others = (held.get("hs_additional_emails") or "").split(";")
            found |= {str(name).lower(): result for name in [held.get("email"), *others] if name}
        return found

    def write(
        self, call: Call, action: str, inputs: list[dict], owners: list[list[Record]]
    ) -> list[Outcome]:
        """Send one write and return what it says about every record; inputs[i] is owners[i]'s."""
        if not inputs:
            return []
        for index, item in enumerate(inputs):
            item["objectWriteTraceId"] = f"trace-{index}"
        path = self.path("objects", f"{self.kind}/batch/{action}")
        reply = self.post(call, path, {"inputs": inputs})
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

    # Static lists

    def send_memberships(
        self, call: Call, operation: str, records: Sequence[Record]
    ) -> list[Outcome]:
        """Put contacts into static lists, or take out those that we put there."""
        is_add = operation != "remove"
        pairs = {} if is_add else {o.key: pair_of(o) for o in records if o.remote_id}
        rest = [record for record in records if record.key not in pairs]
        people = {record.key: person_of(record) for record in rest}
        known = self.look_up(call, [person for person in people.values() if not person.isdigit()])
        outcomes: dict[str, Outcome] = {}
        for record in rest:
            person = people[record.key]
            contact = person if person.isdigit() else known.get(person, {}).get("id")
            list_id, problem = self.list_id(call, list_of(record), create=is_add)
            if contact is None and problem is None:
                problem = "HubSpot has no such contact"
            if problem is None:
                pairs[record.key] = (list_id, str(contact))
            else:  # where there is no list or no contact, there is nothing to take out
                state = "refused" if is_add else "delivered"
                outcomes[record.key] = Outcome(record.key, state, None, problem if is_add else None)
        # A membership that moved leaves the list, or the contact, where it was.
        left = {o.key: pair_of(o) for o in records if is_add and o.remote_id and o.key in pairs}
        self.change_members(call, "remove", [left[k] for k in left if left[k] != pairs[k]])
        missing = self.change_members(call, "add" if is_add else "remove", list(pairs.values()))
        for key, pair in pairs.items():
            if is_add and pair in missing:
                outcomes[key] = Outcome(key, "refused", None, missing[pair])
            else:
                outcomes[key] = Outcome(key, "delivered", "|".join(pair))
        return list(outcomes.values())

    def change_members(
        self, call: Call, action: str, pairs: list[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        """Add to or remove from each list; returns why some pairs were not there to be changed."""
        missing: dict[tuple[str, str], str] = {}
        for target in sorted({list_id for list_id, _ in pairs}):
            ids = sorted({contact for pair, contact in pairs if pair == target}, key=int)
            path = self.path("lists", url("{}/memberships/{}", target, action))
            response = call("PUT", path, json=ids)
            if response.status_code == 404 and json_of(response) is not None:
                missing |= {(target, record_id): "HubSpot has no such list" for record_id in ids}
                continue
            for missing_id in self.checked(response).get("recordIdsMissing") or []:
                missing[target, str(missing_id)] = "HubSpot has no such contact"
        return missing

    def list_id(self, call: Call, name: str, *, create: bool) -> tuple[str, str | None]:
        """Return the id of a static list and why there is none; digits are an id already."""
        if name.isdigit():
            return name, None
        with self.lock:  # two workers must not create the same list
            if name not in self.list_ids:
                path = self.path("lists", url("object-type-id/0-1/name/{}", name))
                response = call("GET", path)
                if response.status_code == 404 and json_of(response) is not None:
                    if not create:
                        return "", "there is no list of this name"
                    if not self.option["create_lists"]:
                        return "", "there is no list of this name; see the option create_lists"
                    made = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
                    reply = self.post(call, self.path("lists"), made)
                else:
                    reply = self.checked(response)
                held = reply.get("list") or reply
                if held.get("processingType") == "DYNAMIC":
                    return "", "this list fills itself by its filters: only a static list will do"
                self.list_ids[name] = str(held["listId"])
            return self.list_ids[name], None

    # Reading, erasing, looking after

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what HubSpot holds in these properties, by key."""
        if self.kind == "contacts":
            found = self.look_up(call, [record.key for record in records], names)
            pairs = [(record.key, found[record.key]) for record in records if record.key in found]
        else:
            ids = self.find_companies(call, [record.key for record in records])
            single = {key: value[0] for key, value in ids.items() if len(value) == 1}
            inputs = [{"id": entry} for entry in sorted(set(single.values()))]
            body = {"properties": list(names), "inputs": inputs}
            path = self.path("objects", "companies/batch/read")
            reply = self.post(call, path, body) if inputs else {}
            by_id = {result["id"]: result for result in reply.get("results", [])}
            pairs = [(key, by_id[record]) for key, record in single.items() if record in by_id]
        return {
            key: {name: pair["properties"].get(name) or None for name in names}
            for key, pair in pairs
        }

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete a contact for good: the one that we wrote, and whoever has the address by now.

        HubSpot keeps an unknown address from being used again. An id that it does not know (merged
        into another, deleted) says nothing about the person, so that alone is refused.
        """
        person = key_parts(key)[0].strip()
        contact = (remote_id or ("" if "@" in person else person)).rpartition("|")[2]
        bodies = [{"objectId": contact}] if contact.isdigit() else []
        bodies += [{"idProperty": "email", "objectId": person}] if "@" in person else []
        if self.kind == "companies" or not bodies:
            return False
        erased = False
        for body in bodies:
            response = call("POST", self.path("objects", "contacts/gdpr-delete"), json=body)
            if response.status_code != 404 or json_of(response) is None:
                self.checked(response, silent=204)
                erased = True
        if not erased:
            raise Refused(
                "HubSpot knows no contact of this id or address, it may be merged into another one "
                "or deleted: look for the person there"
            )
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the token, the rights and the properties."""
        version = self.option["version"]
        self.checked(call("GET", f"/account-info/{version}/details"))
        yield Finding("token", True)
        if self.kind == "lists":
            self.post(call, self.path("lists", "search"), {"count": 1})
            yield Finding("lists can be read", True)
            return
        path = self.path("properties", self.kind)
        known = {result["name"]: result for result in self.checked(call("GET", path))["results"]}
        lacking = {name: kind for name, kind in fields.items() if name not in known}
        if create and lacking:
            yield from self.create_properties(call, lacking)
        for name, kind in fields.items():
            if self.is_forbidden(name):
                yield Finding(name, False, "only the person and HubSpot decide this: take it out")
            elif name in lacking and not create:
                type_, field_type = NEW_TYPES[kind]
                detail = f"create the property ({type_}, {field_type}) or run doctor --create"
                yield Finding(name, False, detail)
            elif name in known:
                type_ = known[name].get("type")
                is_fixed = (known[name].get("modificationMetadata") or {}).get("readOnlyValue")
                if is_fixed:
                    yield Finding(name, False, "HubSpot sets this property itself")
                else:
                    fits = type_ in FITTING[kind]
                    detail = f"type {type_}" + ("" if fits else f" does not take a {kind}")
                    yield Finding(name, fits, detail)
        query = {"limit": 1, "properties": ",".join(fields)}
        results = self.checked(call("GET", self.path("objects", self.kind), params=query))[
            "results"
        ]
        filled = sum(bool(result["properties"].get(name)) for result in results for name in fields)
        detail = f"{filled} of {len(fields)} fields are filled" if results else "there is none yet"
        yield Finding(f"sample of {self.kind}", True, detail)

    def create_properties(self, call: Call, fields: Mapping[str, str]) -> Iterator[Finding]:
        """Create properties in a group of our own."""
        path = self.path("properties", self.kind)
        response = call("POST", f"{path}/groups", json=GROUP)
        if response.status_code != 409:  # it exists
            self.checked(response)
        for name, kind in fields.items():
            if self.is_forbidden(name):
                continue
            type_, field_type = NEW_TYPES[kind]
            body = {
                "name": name,
                "label": name.replace("_", " ").capitalize(),
                "type": type_,
                "fieldType": field_type,
                "groupName": GROUP["name"],
            }
            if type_ == "bool":
                body["options"] = [
                    {"label": label, "value": value, "displayOrder": place, "hidden": False}
                    for place, (label, value) in enumerate([("Yes", "true"), ("No", "false")])
                ]
            try:
                self.post(call, path, body)
                yield Finding(name, True, f"created ({type_})")
            except Refused as problem:
                yield Finding(name, False, f"could not be created: {problem}")

    # Pulling

    def pull(
        self, call: Call, since: datetime | None
    ) -> Iterator[tuple[str, list[dict[str, Any]], datetime]]:
        """Yield raw rows of every table; see `Destination.pull`.

        Pages are in the order of record ids, so the watermark only moves in the last rounds, for
        all tables alike, and never beyond the instant, by HubSpot's clock, at which this began.
        Engagements, stages and further properties are left out where the token lacks the scope.
        """
        floor = since or EPOCH
        call = clock = Clock(call)
        self.checked(call("GET", f"/account-info/{self.option['version']}/details"))
        held = self.progress or {"began": (clock.at or EPOCH).isoformat(), "newest": str(floor)}
        for kind in READ:
            more = self.further(call, kind)
            with self.optional(TABLE[kind]) if kind in ENGAGEMENTS else nullcontext():
                for page in self.changed(call, kind, READ[kind], since, int(held.get(kind, 0))):
                    newest = [naive(row["properties"].get(MODIFIED[kind])) for row in page]
                    if kind in CONTACTS_OF:
                        links = self.contacts_of(call, kind, page, clock.at)
                        yield CONTACTS_OF[kind][0], links, floor
                    self.complete(call, kind, page, more)
                    held["newest"] = str(max(datetime.fromisoformat(held["newest"]), *newest))
                    held[kind] = max(int(row["id"]) for row in page)
                    self.progress = dict(held)
                    yield TABLE[kind], [row_of(kind, row, clock.at, more) for row in page], floor
                path, asked = self.path("objects", kind), [*READ[kind], MODIFIED[kind]]
                for page in self.listed(call, path, PAGE, asked, archived=True):
                    gone = [row for row in page if since_then(row.get("archivedAt"), since)]
                    self.complete(call, kind, gone, more, archived=True)
                    yield TABLE[kind], [row_of(kind, row, clock.at, more) for row in gone], floor
        with self.optional("deal_pipeline_stages"):
            pipelines = self.checked(call("GET", self.path("pipelines", "deals")))["results"]
            stages = [
                stage_row(pipeline, stage, clock.at)
                for pipeline in pipelines
                for stage in pipeline["stages"]
                if since_then(stage.get("updatedAt"), since)
            ]
            yield "deal_pipeline_stages", stages, floor
        for archived in (False, True):  # who left still owns old deals
            for page in self.listed(call, self.path("owners"), OWNER_PAGE, archived=archived):
                new = [row for row in page if since_then(row.get("updatedAt"), since)]
                yield "owners", [owner_row(row, clock.at) for row in new], floor
        newest, began = (datetime.fromisoformat(held[name]) for name in ("newest", "began"))
        mark = max(floor, min(newest, began))
        yield from ((table, [], mark) for table in TABLES if table not in self.left_out)
        self.progress = {}

    @contextmanager
    def optional(self, what: str) -> Iterator[None]:
        """Leave out what the token may not read, for want of a scope, and remember why."""
        try:
            yield
        except MissingScopes as problem:
            self.left_out[what] = f"the token lacks {problem.scopes}"

    def further(self, call: Call, kind: str) -> list[str]:
        """Return the properties that are read beside those of staging: the account's own.

        And those that the options name. What we write is no fact about people: it would come back.
        """
        if kind not in WITH_PROPERTIES:
            return []
        asked = set(self.option["pull_properties"])
        names = set(asked)
        with self.optional(f"properties of your own of {kind}"):
            known = self.checked(call("GET", self.path("properties", kind)))["results"]
            names = {
                each["name"]
                for each in known
                if each["name"] in asked
                or not (each.get("hubspotDefined") or each.get("groupName") == GROUP["name"])
            }
        return sorted(names - self.written - set(READ[kind]))

    def complete(
        self,
        call: Call,
        kind: str,
        page: list[dict[str, Any]],
        names: Sequence[str],
        *,
        archived: bool = False,
    ) -> None:
        """Add further properties to records."""
        query = {"archived": "true"} if archived else {}
        for start in range(0, len(page) if names else 0, PAGE):
            part = {row["id"]: row["properties"] for row in page[start : start + PAGE]}
            body = {"inputs": [{"id": record} for record in part], "properties": list(names)}
            path = self.path("objects", f"{kind}/batch/read")
            reply = self.checked(call("POST", path, params=query, json=body))
            for result in reply["results"]:
                held = result["properties"]
                part.get(result["id"], {}).update({name: held.get(name) for name in names})

    def changed(
        self, call: Call, kind: str, names: Sequence[str], since: datetime | None, last: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of records that changed since an instant, or all, beyond a record id."""
        filters = []
        if since is not None:
            at = (since - OVERLAP).replace(tzinfo=UTC)
            value = str(int(at.timestamp() * 1000))
            filters = [{"propertyName": MODIFIED[kind], "operator": "GTE", "value": value}]
        return self.search(call, kind, filters, [*names, MODIFIED[kind]], last)

    def search(
        self, call: Call, kind: str, filters: list[dict], names: Sequence[str], last: int = 0
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of records in the order of their ids; every page is a query of its own."""
        path = self.path("objects", f"{kind}/search")
        while True:
            beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
            body = {
                "filterGroups": [{"filters": [*filters, beyond]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": sorted(set(names)),
                "limit": SEARCH_PAGE,
            }
            self.pace()
            reply = self.post(call, path, body)
            page = [result for result in reply["results"] if int(result["id"]) > last]
            if page:
                yield page
                last = max(int(row["id"]) for row in page)
            if not page or "paging" not in reply:
                return

    def pace(self) -> None:
        """Wait for this search's turn: searches have a limit of their own."""
        with self.search_lock:
            wait = self.next_search - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.next_search = time.monotonic() + SEARCH_SECONDS

    def listed(
        self, call: Call, path: str, limit: int, names: Sequence[str] = (), *, archived: bool
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of a list endpoint."""
        query: dict[str, Any] = {"limit": limit, "archived": str(archived).lower()}
        query |= {"properties": ",".join(names)} if names else {}
        while True:
            reply = self.checked(call("GET", path, params=query))
            if reply["results"]:
                yield reply["results"]
            query["after"] = ((reply.get("paging") or {}).get("next") or {}).get("after")
            if not query["after"]:
                return

    def contacts_of(
        self, call: Call, kind: str, records: list[dict[str, Any]], at: datetime | None
    ) -> list[dict[str, Any]]:
        """Return one row for each contact of these deals or engagements."""
        path = self.path("associations", f"{kind}/contacts/batch/read", old="v4")
        inputs: list[dict[str, str]] = [{"id": record["id"]} for record in records]
        rows = []
        while inputs:
            results = self.post(call, path, {"inputs": inputs}).get("results", [])
            rows += [
                {
                    CONTACTS_OF[kind][1]: str(result["from"]["id"]),
                    "contact_id": str(to["toObjectId"]),
                    "_fivetran_synced": read_at(at),
                }
                for result in results
                for to in result.get("to", [])
            ]
            inputs = [
                {"id": str(result["from"]["id"]), "after": result["paging"]["next"]["after"]}
                for result in results
                if (result.get("paging") or {}).get("next")
            ]
        return rows

    # Answers

    def post(self, call: Call, path: str, body: Any) -> dict[str, Any]:
        """Post JSON and return the body of a good answer."""
        return self.checked(call("POST", path, json=body))

    def checked(self, response: httpx.Response, *, silent: int = 0) -> dict[str, Any]:
        """Return the body of a good answer; raises the signal that fits any other."""
        status, body = response.status_code, json_of(response)
        known = body if isinstance(body, dict) else {}
        reason = redact(f"HTTP {status} {reason_of(known)}".strip(), *self.secret.values())
        if status == 429:
            if known.get("policyName") == "DAILY":
                raise Stop("HubSpot's daily limit is used up; it starts anew at midnight.")
            raise Transient(reason, retry_after(response, otherwise=window_of(response)))
        if status in (423, 477):
            raise Transient(reason, retry_after(response, otherwise=LOCK_SECONDS))
        if status == 404 and known:
            path = response.request.url.path
            raise ConfigError(f"{self.base_url}{path} does not exist; check the version.")
        if status >= 400:
            self.check_properties([known])
        try:
            reply = judge(
                response,
                who="HubSpot",
                silent=silent,
                request_header="x-hubspot-correlation-id",
                rights=RIGHTS.format(scopes=SCOPES[self.kind]),
                reason=lambda body: redact(reason_of(body), *self.secret.values()),
            )
        except AuthError as problem:
            if known.get("category") != "MISSING_SCOPES":
                raise
            raise MissingScopes(str(problem), scopes_of(known)) from None
        return reply if isinstance(reply, dict) else {}

    def check_properties(self, errors: Iterable[dict]) -> None:
        """Raise ConfigError when HubSpot lacks a property: that refuses every record alike."""
        text = json.dumps([error for error in errors if "PROPERTY_DOESNT_EXIST" in str(error)])
        names = set(re.findall(r'Property [\\"]*(\w+)[\\"]* does not exist', text))
        if "PROPERTY_DOESNT_EXIST" in text:
            noun = "companies" if self.kind == "companies" else "contacts"
            raise ConfigError(
                f"HubSpot has no property {', '.join(sorted(names)) or '(unnamed)'} for {noun}. "
                "Create it (doctor --create does) or take it out of fields."
            )


class MissingScopes(AuthError):
    """The token lacks what a request needs; `scopes` names it."""

    def __init__(self, message: str, scopes: str) -> None:
        super().__init__(message)
        self.scopes = scopes


class Clock:
    """A call that keeps HubSpot's clock: the Date header of the latest answer, None without it."""

    def __init__(self, call: Call) -> None:
        self.call, self.at = call, None

    def __call__(self, *arguments: Any, **more: Any) -> httpx.Response:
        """Make a request."""
        response = self.call(*arguments, **more)
        try:
            at = email.utils.parsedate_to_datetime(response.headers["Date"])
            self.at: datetime | None = at.astimezone(UTC).replace(tzinfo=None)
        except (KeyError, ValueError):  # then the watermark stays, and the next pull reads again
            self.at = None
        return response


def encoded(values: Mapping[str, Value]) -> dict[str, str]:
    """Return values as HubSpot reads them; an empty text empties a property."""
    return {name: text_of(value) for name, value in values.items() if name != HubSpot.record_id}


def text_of(value: Value) -> str:
    """Return one value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def parts_of(values: Sequence[str], limit: int) -> Iterator[list[str]]:
    """Yield values in parts that are no longer than a number of characters, as JSON."""
    part: list[str] = []
    for value in values:
        if part and len(json.dumps([*part, value])) > limit:
            yield part
            part = []
        part = [*part, value]
    if part:
        yield part


def list_of(record: Record) -> str:
    """Return the name or id of the list that a membership belongs to."""
    given = record.values.get("list") or record.whole.get("list")
    return str(given or key_parts(record.key)[1]).strip()


def person_of(record: Record) -> str:
    """Return the address or contact id of a membership."""
    given = record.values.get("email") or record.whole.get("email")
    return str(given or key_parts(record.key)[0]).strip().lower()


def pair_of(record: Record) -> tuple[str, str]:
    """Return list id and contact id of a membership that was delivered."""
    list_id, _, contact = str(record.remote_id).partition("|")
    return list_id, contact


def naive(value: str | None) -> datetime:
    """Return an instant as the warehouse keeps it, naive UTC; nothing is long ago."""
    if not value:
        return EPOCH
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)


def since_then(value: str | None, since: datetime | None) -> bool:
    """Return whether something happened since an instant, or cannot be told."""
    return since is None or not value or naive(value) >= since - OVERLAP


def read_at(at: datetime | None, *later: str | None) -> str:
    """Return when a row was read, as text.

    A Date header has whole seconds; with the instant of the change, the later one of two states of
    a record is the later row too.
    """
    at = at or datetime.now(UTC).replace(tzinfo=None)
    return max([at, *map(naive, later)]).isoformat(timespec="milliseconds") + "Z"


def row_of(
    kind: str, found: dict[str, Any], at: datetime | None, more: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the raw row of one record.

    Of further properties, which can be hundreds, it has those that are filled: one that is in no
    row of a file is null there.
    """
    held = {name: found["properties"].get(name) or None for name in READ[kind]}
    held |= {name: value for name in more if (value := found["properties"].get(name))}
    is_gone = bool(found.get("archived"))
    changed = found["properties"].get(MODIFIED[kind])
    row = {"_fivetran_synced": read_at(at, changed, found.get("archivedAt"))}
    if kind == "deals":
        row |= {
            "deal_id": found["id"],
            "is_deleted": is_gone,
            "deal_pipeline_stage_id": held.pop("dealstage"),
            "owner_id": held.pop("hubspot_owner_id"),
        }
    elif kind == "companies":
        row |= {"id": found["id"], "is_deleted": is_gone}
    elif kind in ENGAGEMENTS:
        row |= {"engagement_id": found["id"], "_fivetran_deleted": is_gone}
    else:
        row |= {"id": found["id"], "_fivetran_deleted": is_gone}
    return row | {f"property_{name}": value for name, value in held.items()}


def stage_row(
    pipeline: dict[str, Any], stage: dict[str, Any], at: datetime | None
) -> dict[str, Any]:
    """Return the raw row of one stage of a pipeline."""
    facts = stage.get("metadata") or {}
    is_closed = str(facts.get("isClosed")).lower() == "true"
    return {
        "stage_id": str(stage["id"]),
        "pipeline_id": str(pipeline["id"]),
        "closed_won": is_closed and float(facts.get("probability") or 0) == 1,
        "is_closed": is_closed,
        "_fivetran_synced": read_at(at, stage.get("updatedAt")),
    }


def owner_row(owner: dict[str, Any], at: datetime | None) -> dict[str, Any]:
    """Return the raw row of one owner."""
    return {
        "owner_id": str(owner["id"]),
        "_fivetran_synced": read_at(at, owner.get("updatedAt")),
        "email": owner.get("email") or None,
        "first_name": owner.get("firstName") or None,
        "last_name": owner.get("lastName") or None,
    }


def scopes_of(problem: dict[str, Any]) -> str:
    """Return the scopes, any of which would do, that a refusal asks for."""
    contexts = [error.get("context") or {} for error in problem.get("errors") or []]
    names = [
        name
        for context in contexts
        for key in ("requiredGranularScopes", "requiredScopes")
        for name in context.get(key) or []
    ]
    return f"the scope {' or '.join(names)}" if names else "a scope"


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
        parts = [str(load.get("message", load)) for load in json.loads(f"[{detail}")]
        message = f"{head}: {', '.join(parts)}"
    except (ValueError, AttributeError):
        pass
    return f"{problem.get('category', '')}: {message}".strip(": ")

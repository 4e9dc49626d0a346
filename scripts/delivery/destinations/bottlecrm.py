"""Send people to BottleCRM as leads, and read back what its people decide about them.

Contract. BottleCRM is open source (package `django-crm`, version 1.35.0); its documentation is the
folder `docs` of its repository, also on bottlecrm.io/docs, and where that is silent its source is
the contract:

- `docs/api/tokens-and-api-keys.md`: `Authorization: Bearer bcrm_pat_…` acts as the member who made
  the token, within its scopes. Here: leads, contacts, accounts, opportunities and custom-fields,
  read and, for leads and custom-fields, write. A token that is not accepted answers 403.
- `docs/api/leads.md`: `PATCH /api/leads/{id}/` changes only the fields in the body and answers 400
  with `errors` by field; an address belongs to one lead only. The list leaves converted leads out,
  has open and closed ones beside each other, takes `limit` and `offset`, cannot be asked for what
  changed, and shows everything to an administrator only. An id that is not there answers 404.
- `leads/views/intake_public_views.py` and `leads/intake.py`: a POST to a lead webhook, at
  `/api/public/leads/{webhook id}/` with the webhook's own key, creates a lead; `external_id` makes
  that idempotent: the same id again is a `duplicate` that changes nothing. It can match an existing
  lead too (`merged`), which fills blanks, reopens a closed lead and mails its owner. Therefore
  leads that are there already are looked up before, and every value is written by PATCH. 120 posts
  a minute and 5000 a day for each webhook; 429 carries Retry-After. Nothing else used here is
  limited. A new lead counts as an enquiry without an answer, and the webhook's assignee gets a mail
  about it: take a webhook of its own, with the preset Generic and without an assignee.
- `common/custom_fields.py`: custom fields keep what a PATCH leaves out, null empties one, and an
  unknown one is dropped without a word. Therefore the definitions are read before the first write.

Custom fields are written as `custom_fields.<key>`. A lead has no field for an opt-out from e-mail:
`opt_out_field` names the checkbox, on leads and on contacts, in which people of the CRM keep it.
"""

import email.utils
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from ..destination import Call, Destination, Finding, Outcome, Record, Stop, Value, url
from ..errors import AuthError, ConfigError, redact
from ..transport import json_of, judge, retry_after
from . import bottlecrm_rows as shape
from .crm_rows import ROW_KEYS, VOLATILE_COLUMNS

TEXTS = "title salutation first_name last_name email phone job_title website linkedin_url source"
TEXTS += " source_detail source_ref industry rating currency address_line city state postcode"
TEXTS += " country description company_name"
FIELDS = dict.fromkeys(TEXTS.split(), "text")
FIELDS |= dict.fromkeys(("close_date", "last_contacted", "next_follow_up"), "date")
FIELDS |= {"opportunity_amount": "money", "probability": "whole"}
NEVER_NULL = {"source_detail", "source_ref"}
# What a new lead is posted with. No phone: the webhook would merge people who share one.
POSTED = "salutation first_name last_name email company_name job_title website title city state"
POSTED += " country postcode industry"
# What a remove leaves to the people who work on the lead: without it nobody knows who that is.
KEPT = {"salutation", "first_name", "last_name", "email", "phone", "company_name"}
CUSTOM = "custom_fields."
# What `pull_profile` reads beside the status.
PROFILE = frozenset({"first_name", "last_name", "phone", "company_name", "job_title"})
# What a column's kind may go into; the first one is what doctor creates.
CUSTOM_KINDS = {
    "text": ("text", "textarea", "dropdown"),
    "number": ("number", "text"),
    "boolean": ("checkbox", "text"),
    "instant": ("text", "date"),
    "date": ("date", "text"),
}
PAGE, SHARED = 1000, 50  # pages overlap: a lead that is deleted meanwhile moves the others up
OVERLAP = timedelta(minutes=10)
LONGEST_PAUSE = 120.0  # a longer one is that of the daily limit
RIGHTS = "BOTTLECRM_TOKEN has to be the token of an administrator, with access to leads."


class BottleCRM(Destination):
    """Leads of one organisation, known by the external id that its lead webhook stores."""

    name = "bottlecrm"
    can_pull = True
    row_keys = ROW_KEYS
    volatile_columns = VOLATILE_COLUMNS
    raw_folder = "hubspot"  # its rows have the shape that staging reads
    secrets: ClassVar[Mapping[str, str]] = {
        "BOTTLECRM_TOKEN": "a personal access token of an administrator",
        "BOTTLECRM_INTAKE_KEY": "the key of the lead webhook",
    }
    options: ClassVar[Mapping[str, Any]] = {
        "account": "",
        "mode": "upsert",
        "intake": "",  # id of the lead webhook: the last part of its address
        "posts_per_minute": 120,  # as LEAD_INTAKE_THROTTLE_MINUTE of the server
        "opt_out_field": "email_opt_out",
        "pull_profile": False,  # read names, phone, company and title too; then nothing pushes them
        "lead_statuses": {},  # other words for the CRM's statuses
    }
    needs = frozenset({"email"})
    can_read = True
    can_match = True
    batch_size = 10  # small: what a pause interrupts is sent again

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        # A new person takes two requests, of which one is a post.
        self.quota = (2 * self.option["posts_per_minute"], 60.0)
        self.opt_out = self.option["opt_out_field"]
        self.forbidden = frozenset({CUSTOM + self.opt_out})
        self.statuses = {**shape.STATUSES, **self.option["lead_statuses"]}
        self.path = url("/api/public/leads/{}/", self.option["intake"] or "-")
        self.lock = threading.Lock()
        self.kinds: dict[str, str] | None = None  # custom fields of leads
        self.known: dict[tuple[str, str], list[str]] | None = None  # by external id and address

    @property
    def headers(self) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.secret['BOTTLECRM_TOKEN']}"}

    @property
    def pulled(self) -> frozenset[str]:
        """Status and opt-out; with `pull_profile` names, phone, company and title."""
        held = {"status", CUSTOM + self.opt_out}
        return frozenset(held) | (PROFILE if self.option["pull_profile"] else frozenset())

    def check(self) -> None:
        """Raise ConfigError when a secret, the address or the webhook's id is missing."""
        super().check()
        if not self.base_url or not self.option["intake"]:
            raise ConfigError(
                "Set BOTTLECRM_BASE_URL to the address of the CRM's API, and the option intake to "
                "the id of its lead webhook."
            )

    def whose(self, call: Call) -> str:
        """Return the server and the lead webhook, which one organisation has."""
        return f"{self.base_url}, lead webhook {self.option['intake']}"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch, a record at a time; see `Destination.send`."""
        names = {name for record in records for name in (*record.values, *record.whole)}
        self.prepare(call, names)
        send_one = self.remove if operation == "remove" else self.upsert
        return [send_one(call, record) for record in records]

    def upsert(self, call: Call, record: Record) -> Outcome:
        """Change the lead that is there, or create one."""
        everything = {**record.whole, **record.values}
        tried = record.remote_id
        if tried and (done := self.write(call, record.key, tried, record.values)):
            return done
        lead = self.find(call, record.key, everything.get("email"))
        if lead and lead != tried and (done := self.write(call, record.key, lead, everything)):
            return done
        made = self.create(call, record.key, everything)
        if isinstance(made, Outcome):
            return made
        done = self.write(call, record.key, made, everything)
        return done or Outcome(record.key, "open", None, "the new lead has gone")

    def remove(self, call: Call, record: Record) -> Outcome:
        """Empty our fields, but not the name and the address; who is not in the CRM has none."""
        values = {name: None for name in record.values if name not in KEPT}
        tried = record.remote_id
        if not values:
            return Outcome(record.key, "delivered")
        if tried and (done := self.write(call, record.key, tried, values)):
            return done
        lead = self.find(call, record.key, record.whole.get("email"))
        if lead and lead != tried and (done := self.write(call, record.key, lead, values)):
            return done
        return Outcome(record.key, "delivered")

    def write(self, call: Call, key: str, lead: str, values: Mapping[str, Value]) -> Outcome | None:
        """Change fields of a lead; None when it does not exist any more."""
        response = call("PATCH", url("/api/leads/{}/", lead), json=self.encode(values))
        if is_missing(response):
            return None
        return failed(response, key, lead) or Outcome(key, "delivered", lead)

    def create(self, call: Call, key: str, values: Mapping[str, Value]) -> str | Outcome:
        """Let the webhook create a lead; returns its id, or what went wrong."""
        body = {name: values[name] for name in POSTED.split() if values.get(name) is not None}
        key_header = {"Authorization": f"Bearer {self.secret['BOTTLECRM_INTAKE_KEY']}"}
        response = call("POST", self.path, json={**body, "external_id": key}, headers=key_header)
        if is_missing(response):
            raise ConfigError(f"BottleCRM has no active lead webhook {self.option['intake']!r}.")
        if response.status_code == 429 and (retry_after(response) or 0.0) > LONGEST_PAUSE:
            raise Stop("BottleCRM's daily limit of the lead webhook is used up.")
        rights = "Check BOTTLECRM_INTAKE_KEY, and that the module Leads is on."
        if problem := failed(response, key, None, rights=rights):
            return problem
        lead = response.json()["lead"]
        with self.lock:
            if self.known is not None:
                self.known["id", key] = [lead]
        return lead

    def find(self, call: Call, key: str, address: Value) -> str | None:
        """Return the lead with our external id, or with the address."""
        return next(iter(self.find_all(call, key, address)), None)

    def find_all(self, call: Call, key: str, address: Value) -> list[str]:
        """Return the leads with our external id, else those with the address; read once a run."""
        with self.lock:
            if self.known is None:
                ours, known = f"intake:{self.option['intake']}", {}
                for lead in self.leads(call):
                    if lead["email"]:
                        known.setdefault(("email", lead["email"].lower()), []).append(lead["id"])
                    if lead["external_source"] == ours:
                        known["id", lead["external_id"]] = [lead["id"]]
                self.known = known
        address = str(address or (key if "@" in key else "")).lower()
        return self.known.get(("id", key)) or self.known.get(("email", address)) or []

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the leads that have our external id, or else the address."""
        found = {o.key: self.find_all(call, o.key, o.whole.get("email")) for o in records}
        return {key: ids for key, ids in found.items() if ids}

    def count(self, call: Call) -> int:
        """Return how many leads there are."""
        return sum(1 for _ in self.leads(call))

    def custom(self, call: Call, target: str) -> tuple[dict[str, str], httpx.Response]:
        """Return the kind of each custom field that is in use, and the answer it came in."""
        asked = {"target_model": target, "active_only": "true", "include_counts": "false"}
        response = call("GET", "/api/custom-fields/", params=asked)
        body = judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of)
        return {
            definition["key"]: definition["field_type"] for definition in body["definitions"]
        }, response

    def prepare(self, call: Call, names: set[str]) -> None:
        """Raise ConfigError for a field that the CRM would drop without a word.

        Once a run it also looks at the webhook, which only an administrator can see: to anybody
        else the leads of others are not there, and a remove would take that for good news.
        """
        with self.lock:
            if self.kinds is None:
                webhook = self.look_at_webhook(call)
                if not webhook.is_fine:
                    raise ConfigError(f"BottleCRM, {webhook.name}: {webhook.detail}")
                self.kinds = self.custom(call, "Lead")[0]
        unknown = sorted(name for name in names if not self.kind_of(name))
        if unknown:
            raise ConfigError(
                f"BottleCRM has no field {', '.join(unknown)} that can be written to a lead. Create"
                " custom fields in its settings, or with doctor --create."
            )

    def kind_of(self, name: str) -> str | None:
        """Return the kind of a field; None when there is no such field."""
        if name.startswith(CUSTOM):
            return (self.kinds or {}).get(name.removeprefix(CUSTOM))
        return FIELDS.get(name)

    def encode(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return the body of a PATCH."""
        body: dict[str, Any] = {}
        for name, value in values.items():
            value = converted(value, self.kind_of(name))
            if name.startswith(CUSTOM):
                body.setdefault("custom_fields", {})[name.removeprefix(CUSTOM)] = value
            else:
                body[name] = "" if value is None and name in NEVER_NULL else value
        return body

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the leads hold; see `Destination.read`."""
        found = {}
        for record in records:
            address = record.whole.get("email")
            lead = record.remote_id or self.find(call, record.key, address)
            response = call("GET", url("/api/leads/{}/", lead)) if lead else None
            if response is None or is_missing(response):
                continue
            held = judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of)["lead_obj"]
            held |= {CUSTOM + key: value for key, value in held["custom_fields"].items()}
            found[record.key] = {name: held.get(name) for name in names}
        return found

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete the lead. A contact that was made of it stays: people in the CRM own that."""
        lead = remote_id or self.find(call, key, None)
        response = call("DELETE", url("/api/leads/{}/", lead)) if lead else None
        if response is not None and not is_missing(response):
            judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of, silent=204)
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the token, the webhook, the mapped fields and the opt-out."""
        try:
            held = {target: self.custom(call, target)[0] for target in ("Lead", "Contact")}
        except AuthError as problem:
            yield Finding("token", False, str(problem))
            return
        yield Finding("token", True)
        yield self.look_at_webhook(call)
        self.kinds = held["Lead"]
        for name, kind in fields.items():
            if name.startswith(CUSTOM):
                key = name.removeprefix(CUSTOM)
                yield self.look_at(call, held, "Lead", key, CUSTOM_KINDS[kind], create)
            else:
                detail = "" if name in FIELDS else "Leads have no such field that can be written."
                yield Finding(f"field {name}", name in FIELDS, detail)
        for target in held:
            yield self.look_at(call, held, target, self.opt_out, ("checkbox",), create)

    def look_at_webhook(self, call: Call) -> Finding:
        """Return whether the webhook exists, is on, reads our posts and has our key."""
        response = call("GET", url("/api/leads/intakes/{}/", self.option["intake"]))
        if response.status_code == 403:
            return Finding("lead webhook", False, RIGHTS)
        if is_missing(response):
            return Finding("lead webhook", False, "There is none with the id of the option intake.")
        found = judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of)
        checks = {
            "It is switched off.": not found["is_active"],
            "Its preset has to be Generic.": found["preset"] != "generic",
            "BOTTLECRM_INTAKE_KEY is another key.": not self.secret[
                "BOTTLECRM_INTAKE_KEY"
            ].endswith(found["key_hint"]),
        }
        wrong = [detail for detail, is_wrong in checks.items() if is_wrong]
        return Finding("lead webhook", not wrong, " ".join(wrong))

    def look_at(
        self,
        call: Call,
        held: Mapping[str, dict[str, str]],
        target: str,
        key: str,
        kinds: Sequence[str],
        create: bool,
    ) -> Finding:
        """Return whether a custom field exists in a fitting kind; creates it when asked to."""
        name, definitions = f"{target} custom field {key}", held[target]
        if key not in definitions and create:
            body = {"target_model": target, "key": key, "field_type": kinds[0]}
            body["label"] = key.replace("_", " ").capitalize()
            response = call("POST", "/api/custom-fields/", json=body)
            if response.status_code in (400, 403):
                return Finding(name, False, f"It cannot be created: {reason_of(json_of(response))}")
            judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of)
            definitions[key] = kinds[0]
        if key not in definitions:
            return Finding(name, False, f"It does not exist; create it as {kinds[0]}.")
        detail = "" if definitions[key] in kinds else f"It is {definitions[key]}, not {kinds[0]}."
        return Finding(name, not detail, detail)

    def leads(self, call: Call) -> Iterator[dict[str, Any]]:
        """Yield every lead that is not converted."""
        return rows_of(call, "/api/leads/", "open_leads.open_leads", "close_leads.close_leads")

    def pull(
        self, call: Call, since: datetime | None
    ) -> Iterator[tuple[str, list[dict[str, Any]], datetime]]:
        """Yield changed leads and contacts, and all companies, deals and owners.

        The rows are those of the raw HubSpot tables. The CRM's lists can be read only as a whole,
        say when leads and contacts changed, but not when accounts and deals did, and do not show
        what was deleted. A lead that was converted is a contact from then on.
        """
        watermark = clock(self.custom(call, "Lead")[1])
        synced = f"{watermark.isoformat(timespec='milliseconds')}Z"
        people = [*self.leads(call), *rows_of(call, "/api/contacts/", "results")]
        deals = list(rows_of(call, "/api/opportunities/", "opportunities"))
        halves = "active_accounts.open_accounts", "closed_accounts.close_accounts"
        after = since - OVERLAP if since else None
        tables = {
            "owners": shape.owner_rows(people + deals),
            "companies": [
                shape.company_row(account) for account in rows_of(call, "/api/accounts/", *halves)
            ],
            "contacts": [
                shape.contact_row(
                    person,
                    statuses=self.statuses,
                    opt_out=self.opt_out,
                    with_profile=self.option["pull_profile"],
                )
                for person in people
                if after is None or instant(person["updated_at"]) >= after
            ],
            "deals": [shape.deal_row(deal) for deal in deals],
            "deal_contacts": [row for deal in deals for row in shape.deal_contact_rows(deal)],
        }
        for table, rows in tables.items():
            yield table, [{**row, "_fivetran_synced": synced} for row in rows], watermark


def rows_of(call: Call, path: str, *places: str) -> Iterator[dict[str, Any]]:
    """Yield every row of a list once; `places` say where the answer has its rows.

    The list of a module that is switched off is empty.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        response = call("GET", path, params={"limit": PAGE, "offset": offset})
        if response.status_code == 404 and (json_of(response) or {}).get("code") == "module_off":
            return
        body = judge(response, who="BottleCRM", rights=RIGHTS, reason=reason_of)
        lists = []
        for place in places:
            found: Any = body
            for part in place.split("."):
                found = found[part]
            lists.append(found)
        fresh = [row for rows in lists for row in rows if row["id"] not in seen]
        seen |= {row["id"] for row in fresh}
        yield from fresh
        if all(len(rows) < PAGE for rows in lists):
            return
        offset += PAGE - SHARED


def failed(
    response: httpx.Response, key: str, lead: str | None, *, rights: str = RIGHTS
) -> Outcome | None:
    """Return what to say of one record's request; None when it went well, raises for all others."""
    body = json_of(response)
    if response.status_code == 400 and isinstance(body, dict):
        return Outcome(key, "refused", lead, redact(reason_of(body), key))
    if response.status_code == 500:  # two writes of one lead at once, for example
        return Outcome(key, "open", lead, "HTTP 500")
    judge(response, who="BottleCRM", rights=rights, reason=reason_of)
    return None


def is_missing(response: httpx.Response) -> bool:
    """Return whether there is no such record; raises ConfigError when its module is off."""
    body = json_of(response)
    if response.status_code != 404 or not isinstance(body, dict):
        return False
    if body.get("code") == "module_off":
        raise ConfigError("In BottleCRM the module Leads is switched off.")
    return True


def reason_of(body: Any) -> str:
    """Return the readable part of an error, without the values that it quotes."""
    if isinstance(body, dict):
        found = body.get("errors") or body.get("detail") or body
        if found is not body:
            return reason_of(found)
        return "; ".join(f"{name}: {reason_of(value)}" for name, value in body.items())
    if isinstance(body, list):
        return " ".join(reason_of(entry) for entry in body)
    return re.sub(r'"[^"]*"', "…", str(body))


def converted(value: Value, kind: str | None) -> Value:
    """Return a value as the CRM reads it: dates without time, money with two decimal places."""
    if kind == "date" and value is not None:
        return str(value)[:10]
    if kind in ("money", "whole") and isinstance(value, int | float):
        return round(value, 2 if kind == "money" else None)
    if kind in ("text", "textarea", "dropdown") and isinstance(value, bool):
        return str(value).lower()
    return value


def instant(text: str) -> datetime:
    """Return an instant of the CRM as naive UTC."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def clock(response: httpx.Response) -> datetime:
    """Return the time of the other side's clock, which also stamps its records."""
    try:
        now = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        now = datetime.now(UTC)
    return now.astimezone(UTC).replace(tzinfo=None)

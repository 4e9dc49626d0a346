"""Write attributes of people to one workspace of Customer.io.

Contract, from Customer.io's public documentation (docs.customer.io):

- "Send multiple requests", /integrations/api/track/tag/track_v2/batch: POST `/api/v2/batch`; less
  than 500 KB in all and at most 32 KB each; 207 lists what was invalid in `errors`, by
  `batch_index` from zero with `reason`, `field` and `message`, and the rest is accepted; 400
  refuses the whole request; 401 means wrong credentials.
- "Make a single request", /integrations/api/track/tag/track_v2/entity: `type: person`, one of the
  identifiers `id`, `email`; `action: identify` adds or updates; the attribute `_update: true`
  updates only people who exist, for others the request does nothing; `action: suppress` and
  `action: delete`; null or an empty text removes an attribute (stated there for objects and
  relationships; for people an empty text is used here, which empties in either reading).
- "Timestamp conditions", /journeys/segmentation-and-timestamp-rules: a timestamp is UNIX seconds.
- "Suppress a customer profile", /integrations/api/track/tag/track-customers/suppress: deletes the
  profile and keeps its identifiers from ever being added again; later requests are ignored.
- "Find your account region", /integrations/api/track/tag/trackregion/getRegion: GET
  `/api/v1/accounts/region` gives the `url` to use and `environment_id`, the workspace;
  track-eu.customer.io is for the EU.
- "Customer.io APIs", /integrations/api/customerio-apis: fair use is 100 requests a second; user
  name and password of Basic authentication are the site id and the API key.

- "Get customers by email", /integrations/api/app, of the App API: GET `/v1/customers?email=` lists
  `results` with `id`, `email`, `cio_id`; "Search for customers" (POST `/v1/customers`, `filter`,
  `limit`) answers with `identifiers`. It has a key and a host of its own and 10 requests a second.

The Track API cannot read, so neither can `set_if_empty` be honored nor the attributes be compared.
Whoever gives a key of the App API has people looked up by address before they are added.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx

from ..destination import Call, Destination, Finding, NoAnswer, Outcome, Record, Value
from ..errors import AuthError, ConfigError, redact
from ..transport import judge

LARGEST_OPERATION = 32_000
LARGEST_REQUEST = 490_000  # a little less than 500 KB, for the frame around the operations
IDENTIFIERS = ("id", "email")
APP, APP_SECONDS = "https://api.customer.io", 0.11  # between two requests
# Also others' messages depend on these: a remove leaves them alone.
CONTACT_FIELDS = frozenset({"id", "email", "phone"})
ANYBODY = {"filter": {"attribute": {"field": "email", "operator": "exists"}}}
LENGTHS_OF_TIMES = {len("2026-06-30"), len("2026-06-30T00:00:00.000Z")}


class CustomerIO(Destination):
    """People of one Customer.io workspace, by id or by e-mail address."""

    name = "customerio"
    look_at_most = 500
    stays = CONTACT_FIELDS
    takes_arrays = True
    address = "https://track.customer.io"
    secrets: ClassVar = {
        "CUSTOMERIO_SITE_ID": "the site id of a Track API key",
        "CUSTOMERIO_API_KEY": "the Track API key",
    }
    options: ClassVar = {
        "identify_by": "id",
        "mode": "upsert",
        "people_per_request": 200,
        "requests_per_second": 100,
        "account": "",
    }
    forbidden = frozenset({"unsubscribed", "cio_subscription_preferences"})

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the identifier and the limits from the options; see Destination."""
        super().__init__(options, environ)
        self.identifier: str = self.option["identify_by"]
        self.batch_size = self.option["people_per_request"]
        self.quota = (self.option["requests_per_second"], 1.0)
        self.app_key = environ.get("CUSTOMERIO_APP_KEY", "").strip()
        host = APP.replace("api", "api-eu") if "track-eu" in self.base_url else APP
        self.app_url = (environ.get("CUSTOMERIO_APP_URL") or host).rstrip("/")
        self.lock, self.next_look = threading.Lock(), 0.0

    @property
    def can_match(self) -> bool:
        """Only the App API can be asked who is there."""
        return bool(self.app_key)

    @property
    def takes_over(self) -> bool:
        """Whether whoever has the address is reached by it; an id of ours would be a second one."""
        return self.identifier == "email"

    @property
    def unasked(self) -> str:
        """What it takes to be asked."""
        return "set CUSTOMERIO_APP_KEY to a key of the App API, which alone can look people up."

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return by what people with these addresses are known."""
        found = {}
        for record in records:
            address = str(record.whole.get("email") or (record.key if self.takes_over else ""))
            if address:
                people = self.ask(call, "GET", params={"email": address})["results"]
                found[record.key] = [
                    str(person[self.identifier]) for person in people if person.get(self.identifier)
                ]
        return {key: ids for key, ids in found.items() if ids}

    def count(self, call: Call) -> int:
        """Return 1 when anybody is there: how many is not said."""
        return len(self.ask(call, "POST", json=ANYBODY, params={"limit": 1})["identifiers"])

    def ask(self, call: Call, method: str, **arguments: Any) -> Any:
        """Make one request to the App API, at its own pace."""
        with self.lock:
            time.sleep(max(0.0, self.next_look - time.monotonic()))
            self.next_look = time.monotonic() + APP_SECONDS
        headers = {"Authorization": f"Bearer {self.app_key}"}
        return self.checked(
            call(method, f"{self.app_url}/v1/customers", headers=headers, **arguments)
        )

    @property
    def headers(self) -> dict[str, str]:
        """Basic authentication goes with every request."""
        pair = f"{self.secret['CUSTOMERIO_SITE_ID']}:{self.secret['CUSTOMERIO_API_KEY']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def check(self) -> None:
        """Raise ConfigError when a secret is missing or the identifier is unknown."""
        super().check()
        if self.identifier not in IDENTIFIERS:
            raise ConfigError(f"identify_by of customerio must be one of {list(IDENTIFIERS)}.")

    def whose(self, call: Call) -> str:
        """Return the workspace."""
        held = self.checked(call("GET", "/api/v1/accounts/region"))
        return f"workspace {held['environment_id']} in {held['region']}"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch, in several requests when it is too large; see Destination.send."""
        outcomes: list[Outcome] = []
        if operation == "remove":
            records, outcomes = self.located(call, records)
        parts: list[list[tuple[Record, str]]] = [[]]
        size = 0
        for record in records:
            text = self.operation_of(record, operation)
            if text is None:
                outcomes.append(Outcome(record.key, "delivered"))
            elif (length := len(text.encode())) > LARGEST_OPERATION:
                outcomes.append(Outcome(record.key, "refused", reason="larger than 32 KB"))
            else:
                if size + length > LARGEST_REQUEST:
                    parts, size = [*parts, []], 0
                parts[-1].append((record, text))
                size += length + 1
        for part in filter(None, parts):
            outcomes += self.post(call, part)
        return outcomes

    def located(self, call: Call, records: Sequence[Record]) -> tuple[list[Record], list[Outcome]]:
        """Return records to remove with the id of whoever was taken over by address, and the rest.

        Whoever was sent without an answer may be known there by an id that was not ours.
        """
        lost = [o for o in records if self.can_match and not o.remote_id and not self.takes_over]
        found = self.match(call, lost) if lost else {}
        many = [key for key, ids in found.items() if len(ids) > 1]
        reason = "several people there have this address; take ours off by hand"
        return (
            [
                replace(o, remote_id=found[o.key][0], whole={}) if o.key in found else o
                for o in records
                if o.key not in many
            ],
            [Outcome(key, "refused", None, reason) for key in many],
        )

    def post(self, call: Call, part: Sequence[tuple[Record, str]]) -> list[Outcome]:
        """Make one request and return what became of each person."""
        at, unplaced = {}, ""
        for error in self.batch(call, [text for _, text in part]).get("errors") or []:
            if error.get("batch_index") in range(len(part)):
                at[error["batch_index"]] = reason_of(error)
            else:
                unplaced = f"an error that names no person: {reason_of(error)}"
        outcomes = []
        for index, (record, _) in enumerate(part):
            held = {**record.whole, **record.values}
            secrets = (record.key, *(str(held[name]) for name in CONTACT_FIELDS & set(held)))
            if index in at:
                outcome = Outcome(record.key, "refused", reason=redact(at[index], *secrets))
            elif unplaced:
                outcome = Outcome(record.key, "open", reason=redact(unplaced, *secrets))
            else:
                outcome = Outcome(record.key, "delivered", self.id_of(record))
            outcomes.append(outcome)
        return outcomes

    def operation_of(self, record: Record, operation: str) -> str | None:
        """Return the JSON of one operation, None when nothing is left to be sent."""
        moved = operation == "update" and record.remote_id not in (None, self.id_of(record))
        values = record.whole if moved else record.values  # another person has none of ours yet
        kept = CONTACT_FIELDS if operation == "remove" else {self.identifier}
        attributes = {name: encoded(value) for name, value in values.items() if name not in kept}
        banned = sorted(name for name in attributes if name.split(".")[0] in self.forbidden)
        if banned:  # `cio_subscription_preferences.topics.topic_1` sets a single topic
            raise ConfigError(f"Only the person may decide {banned}; take them out of fields.")
        if not attributes and operation != "add":
            return None
        flag = {} if operation == "add" and self.creates else {"_update": True}
        return json.dumps(
            {
                **self.person(self.id_of(record)),
                "action": "identify",
                "attributes": {**attributes, **flag},
            },
            ensure_ascii=False,
        )

    def id_of(self, record: Record) -> str:
        """Return the identifier: the mapped one, the one delivered before, or the key."""
        return str(record.whole.get(self.identifier) or record.remote_id or record.key)

    def person(self, identifier: str) -> dict[str, Any]:
        """Return what names one person in an operation."""
        return {"type": "person", "identifiers": {self.identifier: identifier}}

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Suppress the person, then delete what is left; both are harmless when done again.

        Suppressing comes first: while the profile exists it covers all of its identifiers.
        """
        for action in ("suppress", "delete"):
            reply = self.batch(
                call, [json.dumps({**self.person(remote_id or key), "action": action})]
            )
            if reply.get("errors"):
                raise ConfigError(
                    f"Customer.io did not {action} the person: "
                    f"{redact(reason_of(reply['errors'][0]), key, remote_id or '')}"
                )
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about the credentials and the region."""
        try:
            region = self.checked(call("GET", "/api/v1/accounts/region"))
        except AuthError as problem:
            yield Finding("Track API key", False, str(problem))
            return
        yield Finding("Track API key", True)
        url = str(region.get("url") or self.base_url).rstrip("/")
        is_here = url == self.base_url
        yield Finding("region", is_here, "" if is_here else f"set CUSTOMERIO_BASE_URL to {url}")

    def batch(self, call: Call, operations: Sequence[str]) -> dict[str, Any]:
        """Make one batch request of operations that are JSON already."""
        content = f'{{"batch":[{",".join(operations)}]}}'.encode()
        kind = {"Content-Type": "application/json"}
        return self.checked(call("POST", "/api/v2/batch", content=content, headers=kind))

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raise the signal that fits any other."""
        body = judge(
            response,
            who="Customer.io",
            rights="Check CUSTOMERIO_SITE_ID and CUSTOMERIO_API_KEY (of the Track API), "
            "CUSTOMERIO_APP_KEY, and CUSTOMERIO_BASE_URL for an account in the EU.",
            reason=lambda body: "; ".join(map(reason_of, body["errors"])),
            pause=1.0,
            silent=200,
        )
        if not isinstance(body, dict):  # `{}` is what a good answer says
            raise NoAnswer(f"HTTP {response.status_code} without the JSON of an answer")
        return body


def encoded(value: Value) -> Value:
    """Return a value as Customer.io reads it: UNIX seconds, and an empty text for nothing."""
    if value is None:
        return ""
    if isinstance(value, str) and len(value) in LENGTHS_OF_TIMES:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp())
    return value


def reason_of(error: Mapping[str, Any]) -> str:
    """Return the readable part of one error."""
    parts = (error.get("reason"), error.get("field"), error.get("message"))
    return ": ".join(str(part) for part in parts if part)

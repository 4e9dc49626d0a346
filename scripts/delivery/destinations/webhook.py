"""Post batches to any receiver as signed webhooks.

Contract, from "Standard Webhooks", version 1.0.0 (github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md):

- Headers: `webhook-id`, the same for every try and fit to drop repetitions; `webhook-timestamp`,
  UNIX seconds of this try; `webhook-signature`, one or more `v1,<base64>` separated by spaces.
- `v1` is the HMAC-SHA256 of `{id}.{timestamp}.{body}` over the bytes of the body as sent. A secret
  has 24 to 64 random bytes, is written as `whsec_` and base64, and is rotated by signing with the
  new and the old one for a while: WEBHOOK_SECRET may hold several, separated by spaces.
- 2xx is a success; redirects are not followed; 410 means that nothing is wanted here any more; 429,
  502 and 504 ask to slow down, Retry-After counts.

The body is ours: `{"id", "sync", "operation", "records": [{"key", "values"}]}`, without `sync` when
that option is not set. An `add` has everything that is not null, an `update` what changed, a
`remove` null for each field to be emptied. `erase` names one key to be forgotten, `ping` (from the
doctor) has no records. A receiver may answer a 2xx with `{"refused": [{"key", "reason"}]}`.

The id is that of one delivery: the same for each try of a run, another for the next delivery of the
same content, so that a receiver may drop ids that it has seen and still ends where we are.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from ..destination import (
    Call,
    Destination,
    Finding,
    Outcome,
    Record,
    Refused,
    Transient,
    fingerprint,
)
from ..errors import AuthError, ConfigError, SyncError, redact
from ..transport import PAUSE, json_of, retry_after

SHORTEST_SECRET = 24
NOT_HERE = {404, 405, 410}


class Webhook(Destination):
    """One address that takes signed JSON."""

    name = "webhook"
    takes_arrays = True
    tells_removes = True
    probe = "a signed ping without records to the receiver"
    secrets: ClassVar = {"WEBHOOK_SECRET": "whsec_ and the base64 of at least 24 random bytes"}
    options: ClassVar = {
        "url": "",
        "sync": "",
        "records_per_request": 50,
        "requests_per_second": 5,
        "account": "",
    }

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the address and the limits from the options; see Destination."""
        super().__init__(options, environ)
        # As it is: for some receivers a trailing slash makes another address.
        self.url = (self.option["url"] or environ.get("WEBHOOK_BASE_URL") or "").strip()
        self.base_url = self.url.rstrip("/")
        self.batch_size = self.option["records_per_request"]
        self.quota = (self.option["requests_per_second"], 1.0)
        self.ids: dict[str, str] = {}  # of what has no good answer yet, by a hash of its content

    def check(self) -> None:
        """Raise ConfigError when the address is missing or the secret is weak."""
        super().check()
        if not self.url.startswith(("https://", "http://")):
            raise ConfigError("Set the option url of webhook, or WEBHOOK_BASE_URL, to an address.")
        if any(len(key) < SHORTEST_SECRET for key in keys_of(self.secret["WEBHOOK_SECRET"])):
            raise ConfigError(f"WEBHOOK_SECRET must have at least {SHORTEST_SECRET} bytes.")

    def whose(self, call: Call) -> str:
        """Return the address; of what follows a question mark, which can be secret, a print."""
        url = httpx.URL(self.url)
        shown = f"{url.scheme}://{url.netloc.decode()}{url.path}"
        return " ".join(filter(None, [shown, fingerprint(url.query.decode())]))

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Post one batch; see Destination.send."""
        refused = self.post(
            call, operation, [{"key": record.key, "values": record.values} for record in records]
        )
        # Whom does a key mean that was not sent? Then silence is no consent for the others.
        is_clear = set(refused) <= {record.key for record in records}
        outcomes = []
        for record in records:
            if record.key in refused:
                reason = redact(refused[record.key], record.key)
                outcomes.append(Outcome(record.key, "refused", reason=reason))
            elif is_clear:
                outcomes.append(Outcome(record.key, "delivered"))
            else:
                reason = "the answer refuses a key that was not sent"
                outcomes.append(Outcome(record.key, "open", reason=reason))
        return outcomes

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Tell the receiver to forget a person."""
        refused = self.post(call, "erase", [{"key": key, "values": {}}])
        if refused:
            raise Refused(redact(next(iter(refused.values())), key))
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield whether the receiver accepts a signed ping."""
        if not self.may_probe:
            yield Finding("receiver", True, f"not tried; --probe posts {self.probe}")
            return
        try:
            self.post(call, "ping", [])
        except (Refused, SyncError) as problem:
            yield Finding("receiver", False, str(problem))
        else:
            yield Finding("receiver", True, "accepts a signed ping")

    def post(
        self, call: Call, operation: str, records: Sequence[Mapping[str, Any]]
    ) -> dict[str, str]:
        """Make one signed request and return the reasons of what was refused, by key."""
        content: dict[str, Any] = {"operation": operation, "records": list(records)}
        if self.option["sync"]:
            content["sync"] = self.option["sync"]
        name = hash_of(content)
        message_id = self.ids.setdefault(name, f"msg_{uuid4().hex}")
        body, at = as_json({"id": message_id, **content}), datetime.now(UTC)
        keys = keys_of(self.secret["WEBHOOK_SECRET"])
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(
                StandardWebhook(key).sign(message_id, at, body) for key in keys
            ),
        }
        refused = refused_of(judged(call("POST", self.url, content=body, headers=headers)))
        del self.ids[name]
        return refused


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a request was signed with the secret in the last five minutes.

    For receivers: `body` is the bytes as they came in, `secret` may hold several separated by
    spaces while one replaces another.
    """
    return any(is_signed(key, headers, body) for key in keys_of(secret))


def is_signed(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a request was signed with one key."""
    try:
        StandardWebhook(key).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # also what cannot be read
        return False
    return True


def keys_of(secret: str) -> list[bytes]:
    """Return the keys of one or more secrets; without `whsec_` a secret is taken as it is."""
    try:
        return [
            base64.b64decode(name.removeprefix("whsec_"), validate=True)
            if name.startswith("whsec_")
            else name.encode()
            for name in secret.split()
        ]
    except binascii.Error:
        raise ConfigError("The part of WEBHOOK_SECRET after whsec_ must be base64.") from None


def hash_of(content: Mapping[str, Any]) -> str:
    """Return the same text for the same content, in whatever order the records come."""
    ordered = {**content, "records": sorted(content["records"], key=lambda record: record["key"])}
    return hashlib.sha256(as_json(ordered).encode()).hexdigest()


def as_json(value: Any) -> str:
    """Return compact JSON with sorted names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def judged(response: httpx.Response) -> Any:
    """Return the JSON of a good answer, if it has one; raise the signal that fits any other."""
    status, what = response.status_code, f"HTTP {response.status_code}"
    if 200 <= status < 300:
        if response.text.lstrip().startswith("<"):
            raise Transient(f"{what} with a page of HTML")
        return json_of(response)
    if status in (401, 403):
        raise AuthError(
            f"The receiver does not accept the signature ({what}). Check WEBHOOK_SECRET."
        )
    if 300 <= status < 400 or status in NOT_HERE:
        raise ConfigError(f"The receiver is not at this address any more ({what}). Check its url.")
    if status in PAUSE or status >= 500:
        raise Transient(what, retry_after(response))
    raise Refused(what)


def refused_of(body: Any) -> dict[str, str]:
    """Return the reasons in an answer, by key."""
    listed = body.get("refused") if isinstance(body, dict) else None
    return {
        str(record["key"]): str(record.get("reason") or "no reason given")
        for record in (listed if isinstance(listed, list) else [])
        if isinstance(record, dict) and "key" in record
    }

"""Keep people in Meta custom audiences.

Contract, from Meta's public documentation (developers.facebook.com):

- "Custom Audience Users", /docs/marketing-api/reference/custom-audience/users: POST to
  `/{version}/{audience id}/users` with the form fields `payload` and `session`; at most 10,000
  people a request; the answer has `num_received`, `num_invalid_entries` and
  `invalid_entry_samples`; 1713230 under code 100 is an audience that Meta has blocked. Changes show
  after up to 24 hours, and nothing can be read back.
- "Customer File Custom Audiences", /docs/marketing-api/audiences/guides/custom-audiences: `payload`
  is `schema` and `data`; `session` is `session_id`, which has to be new for the ad account,
  `batch_seq`, `last_batch_flag` and `estimated_num_total`; DELETE on the same path removes people;
  `EXTERN_ID` is our own identifier and not hashed; an audience is created with `subtype` CUSTOM and
  `customer_file_source`; `operation_status` 471 is a flagged audience.
- "Ad Account" and "Custom Audience", /docs/marketing-api/reference: both have `account_id`.
- "Handling errors", /docs/graph-api/guides/error-handling: 1 and 2 pass by themselves; 4, 17 and
  341 are throttling; 102 and 190 are the token; 10 and 200 to 299 are missing rights.
- "Rate limits", /docs/graph-api/overview/rate-limiting, and /docs/marketing-api/overview/
  rate-limiting: 613 and 80000 to 80014 are throttling; `X-Business-Use-Case-Usage` says in minutes
  when it ends; the smallest tier has 5,000 calls an hour for custom audiences.

Adding somebody twice, or removing somebody who is not there, changes nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from secrets import randbits
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx

from ..destination import Call, Refused, Stop, Transient, Value, url
from ..errors import AuthError, ConfigError, redact
from ..transport import PAUSE, json_of, judge, retry_after
from . import hashing
from .audiences import AudienceDestination, Person, Row

ROWS = 10_000  # of one request
# Field → Meta's key and its normal form; an identifier of ours has none and is not hashed.
FIELDS = {
    "external_id": ("EXTERN_ID", None),
    "email": ("EMAIL", hashing.email),
    "phone": ("PHONE", hashing.phone),
    "first_name": ("FN", hashing.name),
    "last_name": ("LN", hashing.name),
    "country": ("COUNTRY", hashing.country),
}
KEYS = [key for key, _ in FIELDS.values()]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
THROTTLED = {4, 17, 32, 341, 613, *range(80000, 80015)}
PASSING = {1, 2, 2650}
BLOCKED = {33: "does not exist, or the token may not see it", 1713230: "was blocked by Meta"}
FLAGGED = 471
RIGHTS = (
    "Check META_ACCESS_TOKEN, its permission ads_management, its role in the ad account, and that "
    "the terms of custom audiences are accepted there."
)
PAUSE_SECONDS = 60.0


class Meta(AudienceDestination):
    """People in the custom audiences of one ad account."""

    name = "meta"
    address = "https://graph.facebook.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "META_ACCESS_TOKEN": "an access token with the permission ads_management"
    }
    options: ClassVar[Mapping[str, Any]] = {
        "account": "",
        "audiences": {},
        "version": "v27.0",
        "batch_size": ROWS,
        "requests_per_hour": 5000,
    }
    forbidden = frozenset({"customer_consent", "data_processing_options"})
    made_of: ClassVar[Mapping[str, Sequence[str]]] = {
        key: (field,) for field, (key, _) in FIELDS.items()
    }
    strong = frozenset({"EXTERN_ID", "EMAIL", "PHONE"})

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.quota = (self.option["requests_per_hour"], 3600.0)
        self.path = f"/{self.option['version']}"

    @property
    def headers(self) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.secret['META_ACCESS_TOKEN']}"}

    def whose(self, call: Call) -> str:
        """Return the ad account: the option, or that of the audiences, where they are named."""
        account = str(self.option["account"]).removeprefix("act_")
        named = sorted(str(audience or "") for audience in self.option["audiences"].values())
        path = f"act_{account}" if account else next(filter(None, named), "me")
        asked, what = ("id", "user") if path == "me" else ("account_id", "ad account")
        held = self.checked(call("GET", f"{self.path}/{path}", params={"fields": asked}))
        return f"{what} {held[asked]}"

    def identify(self, values: Mapping[str, Value]) -> Row:
        """Return a person by Meta's keys."""
        row = {
            key: hashing.hashed(values.get(field), normalize)
            if normalize
            else hashing.text_of(values.get(field))
            for field, (key, normalize) in FIELDS.items()
        }
        return {key: value for key, value in row.items() if value}

    def upload(
        self, call: Call, audience: str, people: Sequence[Person], *, remove: bool
    ) -> dict[str, str]:
        """Send people as the batches of one session."""
        method = "DELETE" if remove else "POST"
        schema = [key for key in KEYS if any(key in row for _, row in people)]
        session = randbits(62) + 1
        refused: dict[str, str] = {}
        for first in range(0, len(people), ROWS):
            part = people[first : first + ROWS]
            data = [[row.get(key, "") for key in schema] for _, row in part]
            batch = {
                "session_id": session,
                "batch_seq": first // ROWS + 1,
                "last_batch_flag": first + ROWS >= len(people),
                "estimated_num_total": len(people),
            }
            body = form(payload={"schema": schema, "data": data}, session=batch)
            path = self.path + url("/{}/users", audience)
            reply = self.checked(call(method, path, content=body, headers=FORM))
            refused |= invalid(reply, part)
        return refused

    def look_up(self, call: Call, audience: str) -> str:
        """Return what is wrong with an audience."""
        wanted = {"fields": "id,subtype,operation_status"}
        held = self.checked(call("GET", self.path + url("/{}", audience), params=wanted))
        status = held.get("operation_status") or {}
        if held.get("subtype") != "CUSTOM":
            return "It is not a customer file audience (subtype CUSTOM)."
        return str(status.get("description") or FLAGGED) if status.get("code") == FLAGGED else ""

    def find(self, call: Call, name: str, *, create: bool) -> str:
        """Return the id of an audience of the ad account."""
        account = str(self.option["account"]).removeprefix("act_")
        if not account:
            raise ConfigError("Set the option account of meta to the id of the ad account.")
        path, after = self.path + url("/act_{}/customaudiences", account), ""
        while True:
            parameters = {"fields": "id,name", "limit": "200"} | ({"after": after} if after else {})
            page = self.checked(call("GET", path, params=parameters))
            found = [
                str(entry["id"]) for entry in page.get("data", []) if entry.get("name") == name
            ]
            paging = page.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after") if paging.get("next") else ""
            if found or not after:
                break
        if not found and create:
            new = {"name": name, "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
            reply = self.checked(call("POST", path, content=urlencode(new), headers=FORM))
            found = [str(reply.get("id", ""))]
        return found[0] if found else ""

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raises the signal that fits any other."""
        body = json_of(response)
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            good = judge(
                response,
                who="Meta",
                request_header="x-fb-trace-id",
                rights=RIGHTS,
                pause=PAUSE_SECONDS,
            )
            return good if isinstance(good, dict) else {}
        code, part = number(error.get("code")), number(error.get("error_subcode"))
        text = f"HTTP {response.status_code}, code {code}/{part}: {error.get('message', '')}"
        what = redact(text, self.secret["META_ACCESS_TOKEN"])
        if code in THROTTLED or response.status_code == 429:
            raise Transient(what, retry_after(response, otherwise=regained(response)))
        if code in PASSING or error.get("is_transient") or response.status_code in PAUSE:
            raise Transient(what, retry_after(response))
        if code in (10, 102, 190) or 200 <= code <= 299 or response.status_code in (401, 403):
            raise AuthError(f"Meta does not accept the credentials ({what}). {RIGHTS}")
        if code == 100 and part in BLOCKED:
            raise ConfigError(f"The audience {BLOCKED[part]} ({what}).")
        if code == 100:
            raise Refused(what)
        raise Stop(f"Meta refuses to go on ({what}).")


def form(**fields: Any) -> str:
    """Return a form whose fields are JSON."""
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in fields.items()}
    return urlencode(texts)


def invalid(reply: Mapping[str, Any], part: Sequence[Person]) -> dict[str, str]:
    """Return which rows of a request Meta calls invalid; raises Refused when it does not say."""
    count = number(reply.get("num_invalid_entries"))
    received = number(reply.get("num_received"))
    if received + count < len(part):
        raise Transient(f"Meta received {received} of {len(part)} rows")
    if not count:
        return {}
    samples = set(re.findall(r"[0-9a-f]{64}", json.dumps(reply.get("invalid_entry_samples"))))
    named = [key for key, row in part if {row.get("EMAIL"), row.get("PHONE")} & samples]
    if len(part) == 1:
        named = [part[0][0]]
    if len(named) < count:
        raise Refused(f"{count} invalid entries")
    return dict.fromkeys(named, "invalid entry")


def regained(response: httpx.Response) -> float:
    """Return the seconds until throttling ends, as the usage header says."""
    try:
        usage = json.loads(response.headers["X-Business-Use-Case-Usage"])
        minutes = [
            float(row.get("estimated_time_to_regain_access") or 0)
            for many in usage.values()
            for row in many
        ]
        return max(minutes) * 60 or PAUSE_SECONDS
    except (KeyError, ValueError, AttributeError, TypeError):
        return PAUSE_SECONDS


def number(value: Any) -> int:
    """Return a count or code as a number, 0 when there is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0

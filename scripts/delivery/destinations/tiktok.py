"""Keep people in TikTok's custom audiences, through the streaming endpoint of its Marketing API.

Contract, from TikTok's public documentation (business-api.tiktok.com/portal/docs, v1.3) and its own
SDK (github.com/tiktok/tiktok-business-api-sdk, python_sdk/docs/AudienceApi.md), read in November
2026 as far as they were stored:

- "Create a Customer File Audience": POST `/segment/audience/` makes an audience and returns
  `audience_id`; POST `/segment/mapping/` puts people in it or takes them out.
- `/segment/mapping/`: `advertiser_ids`, `action` (add, delete), `id_schema` (EMAIL_SHA256,
  PHONE_SHA256) and `batch_data`, one list per person with `id` and `audience_ids` for each part of
  the schema. Read through Segment's connector, as is that both actions may be repeated.
- GET `/dmp/custom_audience/list/`: `audience_id`, `name`, `is_creator` (false: of another account).
  GET `/advertiser/info/`. Paging: `page_info.total_page`.
- Every answer is 200 with `code`, `message`, `request_id`, `data`; 0 is success. 40100 is too many
  requests, 40001 a missing right, 40101 to 40105 the token, 40002 wrong values, 20001 a partial
  success, 50000 and above TikTok's own. Header `Access-Token`.
- Read through others: 10,000 people a request (1,000 is ours) and ten requests a second.

Addresses are hashed trimmed and in lower case, phone numbers in E.164. The answer names no single
person: a request is taken whole. TikTok works on it for up to two days.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import Call, NoAnswer, Refused, Transient, Value
from ..errors import AuthError, ConfigError, redact
from ..transport import json_of, judge
from . import hashing
from .audiences import AudienceDestination, Person, Row, Unsaid

MEMBERS = 10_000  # of one request
EMAIL, PHONE = "EMAIL_SHA256", "PHONE_SHA256"
PATH = "/open_api/v1.3"
THROTTLED = {40100, 40016, 51021}
NOT_ALLOWED = {40001, 40101, 40102, 40103, 40104, 40105}
PARTIAL = 20001
THEIR_OWN = 50_000
PAUSE_SECONDS = 60.0
RIGHTS = (
    "Check TIKTOK_ACCESS_TOKEN, that its app may manage audiences, and that it may use the ad "
    "account of the option account."
)


class Partial(NoAnswer):
    """A part was taken, and nobody says which."""


class TikTok(AudienceDestination):
    """People in the custom audiences of one ad account."""

    name = "tiktok"
    address = "https://business-api.tiktok.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "TIKTOK_ACCESS_TOKEN": "an access token of an app that may manage audiences"
    }
    options: ClassVar[Mapping[str, Any]] = {
        "account": "",
        "audiences": {},
        "batch_size": 1000,
        "requests_per_second": 10,
    }
    made_of: ClassVar[Mapping[str, Sequence[str]]] = {EMAIL: ("email",), PHONE: ("phone",)}
    strong = frozenset(made_of)

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.quota = (self.option["requests_per_second"], 1.0)

    def check(self) -> None:
        """Raise ConfigError when the token or the ad account is missing."""
        super().check()
        if not self.option["account"]:
            raise ConfigError("Set the option account of tiktok to the id of the ad account.")
        if self.batch_size > MEMBERS:
            raise ConfigError(f"TikTok takes at most {MEMBERS:,} people: lower batch_size.")

    @property
    def headers(self) -> dict[str, str]:
        """The token."""
        return {"Access-Token": self.secret["TIKTOK_ACCESS_TOKEN"]}

    def whose(self, call: Call) -> str:
        """Return the ad account, if the token may use it."""
        account = self.option["account"]
        query = {"advertiser_ids": json.dumps([account]), "fields": '["advertiser_id"]'}
        held = self.ask(call, "GET", "/advertiser/info/", params=query).get("list") or []
        if [str(entry.get("advertiser_id")) for entry in held] != [account]:
            raise AuthError(f"TikTok does not show the ad account {account}. {RIGHTS}")
        return f"ad account {account}"

    def identify(self, values: Mapping[str, Value]) -> Row:
        """Return the hashes of address and phone number."""
        row = {
            EMAIL: hashing.hashed(values.get("email"), hashing.email),
            PHONE: hashing.hashed(values.get("phone"), hashing.google_phone),
        }
        return {key: value for key, value in row.items() if value}

    def upload(
        self, call: Call, audience: str, people: Sequence[Person], *, remove: bool
    ) -> dict[str, str]:
        """Put people in or take them out, those with the same identifiers together."""
        unsaid: dict[str, str] = {}
        for schema in sorted({tuple(sorted(self.strong & set(row))) for _, row in people}):
            alike = [person for person in people if self.strong & set(person[1]) == set(schema)]
            body = {
                "advertiser_ids": [self.option["account"]],
                "action": "delete" if remove else "add",
                "id_schema": list(schema),
            }
            for first in range(0, len(alike), MEMBERS):
                unsaid |= self.stream(call, audience, body, alike[first : first + MEMBERS])
        return unsaid

    def stream(
        self, call: Call, audience: str, body: Mapping[str, Any], part: Sequence[Person]
    ) -> dict[str, str]:
        """Make one request, and its halves after a partial success: one does not stop the others.

        Returns why nobody knows of whom it is left with, by key.
        """
        data = [
            [{"id": row[k], "audience_ids": [audience]} for k in body["id_schema"]]
            for _, row in part
        ]
        try:
            self.ask(call, "POST", "/segment/mapping/", json={**body, "batch_data": data})
        except Partial as problem:
            if len(part) == 1:
                return {part[0][0]: Unsaid(str(problem))}
            middle = len(part) // 2
            halves = part[:middle], part[middle:]
            return {
                key: why
                for half in halves
                for key, why in self.stream(call, audience, body, half).items()
            }
        return {}

    def audiences(self, call: Call) -> Iterator[dict[str, Any]]:
        """Yield the custom audiences of the ad account."""
        page, pages = 1, 1
        while page <= pages:
            query = {"advertiser_id": self.option["account"], "page": page, "page_size": 100}
            data = self.ask(call, "GET", "/dmp/custom_audience/list/", params=query)
            yield from data.get("list") or []
            page, pages = page + 1, int((data.get("page_info") or {}).get("total_page") or 1)

    def look_up(self, call: Call, audience: str) -> str:
        """Return what is wrong with an audience."""
        for held in self.audiences(call):
            if str(held.get("audience_id")) == audience:
                is_ours = held.get("is_creator") is not False
                return "" if is_ours else "It belongs to another ad account, which shares it."
        return "It does not exist in this ad account."

    def find(self, call: Call, name: str, *, create: bool) -> str:
        """Return the id of the audience of this name."""
        for held in self.audiences(call):
            if held.get("name") == name:
                return str(held["audience_id"])
        if not create:
            return ""
        body = {
            "advertiser_id": self.option["account"],
            "custom_audience_name": name,
            "id_type": EMAIL,
            "action": "create",
        }
        return str(self.ask(call, "POST", "/segment/audience/", json=body)["audience_id"])

    def busy(self, response: httpx.Response) -> Transient | None:
        """Return the signal in an answer of 200 that asks to come again."""
        body = json_of(response)
        code = body.get("code") if isinstance(body, dict) else None
        problem = self.problem(code, body) if isinstance(code, int) and code else None
        return problem if isinstance(problem, Transient) else None

    def ask(self, call: Call, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Make one request and return the data of a good answer; raises the fitting signal."""
        response = call(method, f"{PATH}{path}", **arguments)
        body = json_of(response)
        code = body.get("code") if isinstance(body, dict) else None
        if not isinstance(code, int):
            judge(response, who="TikTok", rights=RIGHTS, pause=PAUSE_SECONDS)
            raise NoAnswer("an answer without a code")
        if code:
            raise self.problem(code, body)
        if response.status_code != httpx.codes.OK:
            raise NoAnswer(f"HTTP {response.status_code} with code 0")
        return body.get("data") or {}

    def problem(self, code: int, body: Mapping[str, Any]) -> Exception:
        """Return the signal that fits an answer."""
        text = f"code {code}: {body.get('message')} [request {body.get('request_id')}]"
        what = redact(text, self.secret["TIKTOK_ACCESS_TOKEN"])
        if code in NOT_ALLOWED:
            return AuthError(f"TikTok does not accept the credentials ({what}). {RIGHTS}")
        if code in THROTTLED:
            return Transient(what, PAUSE_SECONDS)
        if code >= THEIR_OWN:
            return Transient(what)
        # After a partial success nobody knows who is in.
        return Partial(what) if code == PARTIAL else Refused(what)

"""Keep people in Google Ads Customer Match audiences, through the Data Manager API.

Contract, from Google's public documentation (developers.google.com/data-manager/api):

- "audienceMembers.ingest" and "audienceMembers.remove", /reference/rest/v1/audienceMembers: POST
  with `destinations`, `audienceMembers`, `encoding`, `validateOnly`, and for ingest `consent` and
  `termsOfService`; the answer is a `requestId`. A destination is `operatingAccount`, `loginAccount`
  (a manager account, when it is another one) and `productDestinationId`, the id of the audience.
- "UserData", /reference/rpc/google.ads.datamanager.v1: identifiers `emailAddress`, `phoneNumber`
  and `address`, which needs `givenName`, `familyName`, `regionCode` and `postalCode`.
- "Limits and quotas", /devguides/limits: 10,000 members a request; 300 requests a minute and
  100,000 a day; 429 RESOURCE_EXHAUSTED names the quota in `metadata.quota_limit` of its ErrorInfo.
- "Understand API errors", /devguides/concepts/understand-errors, and "Send audience members",
  /devguides/audiences/send-audience-members: one bad record fails the whole request, nothing of it
  is processed, and BadRequest has `fieldViolations` such as `audience_members[0].user_data` with a
  `reason`. Therefore the rest is sent again without the records that are named.
- "Diagnostics", /reference/rest/v1/requestStatus/retrieve: accepted requests are processed later;
  GET `requestStatus:retrieve?requestId=` gives SUCCESS, PROCESSING, FAILED or PARTIAL_SUCCESS.
- "userLists", /reference/rest/v1/accountTypes.accounts.userLists: get, list and create; "Configure
  destinations and headers", /devguides/concepts/destinations: these take the header
  `login-account`.
- developers.google.com/identity/protocols/oauth2/web-server, "Refreshing an access token": POST to
  oauth2.googleapis.com/token; the scope is https://www.googleapis.com/auth/datamanager.

Adding somebody twice, or removing somebody who is not there, changes nothing. `delivered` means
that Google accepted the request. Its id is kept in `remote_id`; `doctor` asks what became of those
that the option `requests` lists.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import Call, Finding, NoAnswer, Refused, Stop, Transient, Value, url
from ..errors import AuthError, ConfigError
from ..transport import json_of, judge, retry_after
from . import hashing
from .audiences import REQUEST, AudienceDestination, Person, Row

MEMBERS = 10_000
WINDOW_SECONDS = 60.0
MEMBER = re.compile(r"audience_?members\[(\d+)\]", re.I)
RIGHTS = (
    "Check GOOGLE_ACCESS_TOKEN or the refresh token, its scope auth/datamanager, and that its user "
    "may edit the account; behind a manager account set the option login_account."
)
REFRESH = ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "GOOGLE_REFRESH_TOKEN")


class Google(AudienceDestination):
    """People in the Customer Match audiences of one Google Ads account."""

    name = "google"
    address = "https://datamanager.googleapis.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "GOOGLE_ACCESS_TOKEN": "an access token, or",
        "GOOGLE_CLIENT_ID": "the id of the OAuth client,",
        "GOOGLE_CLIENT_SECRET": "its secret and",
        "GOOGLE_REFRESH_TOKEN": "a refresh token",
    }
    options: ClassVar[Mapping[str, Any]] = {
        "account": "",
        "login_account": "",
        "audiences": {},
        "consent_granted": False,
        "terms_accepted": False,
        "batch_size": MEMBERS,
        "requests_per_minute": 300,
        "requests": [],
    }
    forbidden = frozenset({"consent", "ad_user_data", "ad_personalization"})
    made_of: ClassVar[Mapping[str, Sequence[str]]] = {
        "emailAddress": ("email",),
        "phoneNumber": ("phone",),
        "address": ("first_name", "last_name", "country", "postal_code"),
    }
    strong = frozenset(made_of)

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.quota = (self.option["requests_per_minute"], WINDOW_SECONDS)
        self.customer = self.option["account"] = digits_of(self.option["account"])
        self.manager = digits_of(self.option["login_account"])
        address = environ.get("GOOGLE_TOKEN_URL") or "https://oauth2.googleapis.com/token"
        self.token_address = address
        self.token = self.secret["GOOGLE_ACCESS_TOKEN"]
        self.token_ends = float("inf") if self.token else 0.0
        self.lock = threading.Lock()

    def check(self) -> None:
        """Raise ConfigError when there is no way to a token, or an option is missing."""
        if not self.has_secrets:
            raise ConfigError(f"Set GOOGLE_ACCESS_TOKEN, or {', '.join(REFRESH)}, for google.")
        if not self.customer:
            raise ConfigError("Set the option account of google to the id of the Ads account.")
        if self.batch_size > MEMBERS:
            raise ConfigError(f"Google takes at most {MEMBERS:,} members: lower batch_size.")

    @property
    def has_secrets(self) -> bool:
        """Whether there is a token or a way to one."""
        return bool(self.secret["GOOGLE_ACCESS_TOKEN"]) or self.can_renew

    @property
    def can_renew(self) -> bool:
        """Tell whether a token can be fetched."""
        return all(self.secret[name] for name in REFRESH)

    @property
    def headers(self) -> dict[str, str]:
        """The token, a new one when it is about to end."""
        with self.lock:
            if self.can_renew and time.monotonic() > self.token_ends:
                self.renew()
            return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> None:
        """Fetch a token; the caller holds the lock, so that only one is fetched."""
        client_id, client_secret, refresh_token = (self.secret[name] for name in REFRESH)
        grant = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }
        try:
            response = httpx.post(self.token_address, data=grant, timeout=30.0)
        except httpx.HTTPError as problem:
            raise Transient(f"no token ({type(problem).__name__})") from None
        try:
            body = judge(
                response, who="Google", rights=RIGHTS, reason=lambda body: str(body["error"])
            )
        except Refused as problem:  # invalid_grant: it was revoked, or has expired
            raise AuthError(f"Google gives no token ({problem}). {RIGHTS}") from None
        if not isinstance(body, dict) or not body.get("access_token"):
            raise Transient("no token in the answer")
        self.token = str(body["access_token"])
        self.token_ends = time.monotonic() + float(body.get("expires_in", 3600)) - 60

    def ask(self, call: Call, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to one request; a token that is not accepted is renewed once."""
        response = call(method, path, **arguments)
        if response.status_code == 401 and self.can_renew:
            with self.lock:
                if response.request.headers["Authorization"] == f"Bearer {self.token}":
                    self.renew()
            response = call(method, path, **arguments)
        if response.status_code == 429:
            details = details_of(response, "ErrorInfo")
            limits = [(entry.get("metadata") or {}).get("quota_limit", "") for entry in details]
            if any("PerDay" in limit for limit in limits):
                raise Stop("Google's daily quota is used up; the rest goes with the next run.")
            raise Transient("HTTP 429", retry_after(response, otherwise=WINDOW_SECONDS))
        if response.status_code == 404:
            raise ConfigError(f"Google does not find {path}.")
        if response.status_code == 400 and (violations := violations_of(response)):
            raise blame(violations)
        # Where nothing was found, or only looked at, `{}` is what a good answer says.
        body = judge(response, who="Google", rights=RIGHTS, reason=reason_of, silent=200)
        return body or {}

    def whose(self, call: Call) -> str:
        """Return the account: every request names it, and Google refuses a token of another."""
        return f"customer {self.customer}"

    def identify(self, values: Mapping[str, Value]) -> Row:
        """Return a person by Google's identifiers; an address is kept as its parts in a text."""
        hashed = hashing.hashed
        region = hashing.country(hashing.text_of(values.get("country"))).upper()
        address = [
            hashed(values.get("first_name"), hashing.given_name),
            hashed(values.get("last_name"), hashing.family_name),
            region,
            " ".join(hashing.text_of(values.get("postal_code")).split()),
        ]
        row = {
            "emailAddress": hashed(values.get("email"), hashing.google_email),
            "phoneNumber": hashed(values.get("phone"), hashing.google_phone),
            "address": "|".join(address) if all(address) else "",
        }
        return {key: value for key, value in row.items() if value}

    def upload(
        self, call: Call, audience: str, people: Sequence[Person], *, remove: bool
    ) -> dict[str, str]:
        """Send people until Google accepts them, each time without those it named before."""
        refused: dict[str, str] = {}
        left = list(people)
        while left:
            try:
                request = self.move(call, audience, [row for _, row in left], remove=remove)
            except Invalid as problem:
                named = {i: why for i, why in problem.members.items() if i < len(left)}
                if not named:
                    raise
                refused |= {left[i][0]: why for i, why in named.items()}
                left = [record for i, record in enumerate(left) if i not in named]
                continue
            for _, row in left:
                row[REQUEST] = request
            break
        return refused

    def move(
        self,
        call: Call,
        audience: str,
        rows: Sequence[Row],
        *,
        remove: bool = False,
        try_only: bool = False,
    ) -> str:
        """Make one request and return its id; raises Invalid when Google names members."""
        place: dict[str, Any] = {
            "operatingAccount": account_of(self.customer),
            "productDestinationId": audience,
        }
        if self.manager:
            place["loginAccount"] = account_of(self.manager)
        body: dict[str, Any] = {
            "destinations": [place],
            "audienceMembers": [member(row) for row in rows],
            "encoding": "HEX",
            "validateOnly": try_only,
        }
        if not remove and self.option["consent_granted"]:
            body["consent"] = dict.fromkeys(("adUserData", "adPersonalization"), "CONSENT_GRANTED")
        if not remove and self.option["terms_accepted"]:
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
        path = f"/v1/audienceMembers:{'remove' if remove else 'ingest'}"
        request = str(self.ask(call, "POST", path, json=body).get("requestId") or "")
        if not request and not try_only:
            raise NoAnswer("an answer without the id of the request")
        return request

    @property
    def lists(self) -> str:
        """The path of the account's audiences."""
        return f"/v1/{resource_of(self.customer)}/userLists"

    @property
    def access(self) -> dict[str, str]:
        """Headers of requests about audiences."""
        return {"login-account": resource_of(self.manager)} if self.manager else {}

    def look_up(self, call: Call, audience: str) -> str:
        """Return what is wrong with an audience; tries a request that Google only checks."""
        held = self.ask(call, "GET", self.lists + url("/{}", audience), headers=self.access)
        keys = (held.get("ingestedUserListInfo") or {}).get("uploadKeyTypes") or []
        if held.get("readOnly") or held.get("membershipStatus") == "CLOSED":
            return "It is read-only or closed: nobody can be added."
        if "CONTACT_ID" not in keys:
            return f"It does not take contact data, only {', '.join(keys) or 'what Google adds'}."
        nobody = {"emailAddress": hashing.hashed("nobody@example.com", hashing.google_email)}
        self.move(call, audience, [nobody], try_only=True)
        return ""

    def find(self, call: Call, name: str, *, create: bool) -> str:
        """Return the id of an audience of the account."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        wanted = {"filter": f'display_name = "{quoted}"'}
        page = self.ask(call, "GET", self.lists, params=wanted, headers=self.access)
        found = page.get("userLists") or []
        if not found and create:
            source = {"dataSourceType": "DATA_SOURCE_TYPE_FIRST_PARTY"}
            new = {
                "displayName": name,
                "description": "People of this audience in the warehouse",
                "membershipStatus": "OPEN",
                "ingestedUserListInfo": {"uploadKeyTypes": ["CONTACT_ID"], "contactIdInfo": source},
            }
            found = [self.ask(call, "POST", self.lists, json=new, headers=self.access)]
        return str(found[0].get("id", "")) if found else ""

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about fields and audiences, and what became of the named requests."""
        yield from super().doctor(call, fields, create=create)
        for request in self.option["requests"]:
            try:
                wanted = {"requestId": str(request)}
                reply = self.ask(call, "GET", "/v1/requestStatus:retrieve", params=wanted)
            except (AuthError, ConfigError, Refused, Stop) as problem:
                yield Finding(f"request {request}", False, str(problem))
                continue
            for entry in reply.get("requestStatusPerDestination", []):
                state = str(entry.get("requestStatus"))
                counts = (entry.get("errorInfo") or {}).get("errorCounts") or []
                why = ", ".join(f"{e.get('recordCount')} {e.get('reason')}" for e in counts)
                fine = state in ("SUCCESS", "PROCESSING")
                yield Finding(f"request {request}", fine, f"{state} {why}".strip())


class Invalid(Refused):
    """A request was refused because of some of its members; `members` is index → reason."""

    def __init__(self, members: dict[int, str]) -> None:
        super().__init__(f"{len(members)} invalid members")
        self.members = members


def member(row: Row) -> dict[str, Any]:
    """Return a person as the API wants it."""
    identifiers: list[dict[str, Any]] = [
        {key: row[key]} for key in ("emailAddress", "phoneNumber") if key in row
    ]
    if "address" in row:
        parts = ("givenName", "familyName", "regionCode", "postalCode")
        identifiers.append({"address": dict(zip(parts, row["address"].split("|", 3), strict=True))})
    return {"userData": {"userIdentifiers": identifiers}}


def details_of(response: httpx.Response, kind: str) -> list[dict[str, Any]]:
    """Return the details of this kind in an error, such as ErrorInfo."""
    body = json_of(response)
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in details or [] if str(detail.get("@type", "")).endswith(f".{kind}")]


def violations_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Return what an error says about fields of the request."""
    return [
        violation
        for detail in details_of(response, "BadRequest")
        for violation in detail.get("fieldViolations") or []
    ]


def blame(violations: Sequence[Mapping[str, Any]]) -> Exception:
    """Return the signal for violations: of some members, of an unnamed one, or of the settings."""
    members: dict[int, str] = {}
    for entry in violations:
        if found := MEMBER.search(str(entry.get("field"))):
            members.setdefault(int(found[1]), str(entry.get("reason") or "invalid"))
    if members:
        return Invalid(members)
    details = "; ".join(
        f"{violation.get('field')}: {violation.get('reason')}" for violation in violations
    )
    if "member" in details.lower():
        return Refused(details)
    return ConfigError(f"Google refuses the request ({details}).")


def reason_of(body: Any) -> str:
    """Return the readable part of an error."""
    return f"{body['error'].get('status', '')}: {body['error'].get('message', '')}"


def resource_of(account: str) -> str:
    """Return the resource name of a Google Ads account."""
    return f"accountTypes/GOOGLE_ADS/accounts/{account}"


def account_of(account: str) -> dict[str, str]:
    """Return a Google Ads account as a destination names it."""
    return {"accountType": "GOOGLE_ADS", "accountId": account}


def digits_of(account: Any) -> str:
    """Return 1234567890 for 123-456-7890, as Google Ads shows an account."""
    return re.sub(r"\D", "", str(account))

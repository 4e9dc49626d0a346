"""Keep people in LinkedIn's matched audiences, as users of DMP segments.

Contract, from LinkedIn's public documentation (learn.microsoft.com/en-us/linkedin/marketing, as far
as it was stored in November 2026, versions 202311 to 202603):

- "DMP Segment Users", matched-audiences/create-and-manage-segment-users: POST
  `/rest/dmpSegments/{id}/users` with `X-RestLi-Method: BATCH_CREATE`; `elements` of `action` (ADD,
  REMOVE) and `userIds` (`idType` SHA256_EMAIL). Adding twice, or removing who is gone, answers 201
  too. Since 202502 each element has its own `status`, in the order that was sent, and 400 concerns
  that one alone. 500 requests a minute and user (429); daily limits are per app. A new segment
  takes users after five seconds.
- "DMP Segments", matched-audiences/create-and-manage-segments: GET `/rest/dmpSegments/{id}`; the
  finder `q=account&account=urn:li:sponsoredAccount:…`; POST creates, the id is in the header
  `x-restli-id`; `type` USER; `destinations` have a `status`: EXPIRED, FAILED and ERROR cannot be
  used. Permission `rw_dmp_segments`, and a role in the ad account that is not VIEWER.
- "Versioning": header `Linkedin-Version`, YYYYMM, lives a year at least; 426 when it has ended.
- Addresses are hashed in lower case, without whitespace.
- Read through others: at most 5,000 elements a request, and the shape of an element's error.

Nothing of a person but the hash of the address is sent. LinkedIn works on it for up to two days.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import Call, NoAnswer, Stop, Transient, Value, url
from ..errors import ConfigError, redact
from ..transport import PAUSE, json_of, judge
from . import hashing
from .audiences import AudienceDestination, Person, Row, Unsaid

MEMBERS = 5_000  # of one request
EMAIL = "SHA256_EMAIL"
ACCOUNT = "urn:li:sponsoredAccount:"
ENDED = {"EXPIRED", "FAILED", "ERROR"}
PAUSE_SECONDS = 60.0
RIGHTS = (
    "Check LINKEDIN_ACCESS_TOKEN, its permission rw_dmp_segments, and that its member has a role "
    "other than viewer in the ad account."
)


class LinkedIn(AudienceDestination):
    """People in the DMP segments of one ad account."""

    name = "linkedin"
    address = "https://api.linkedin.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "LINKEDIN_ACCESS_TOKEN": "an access token with the permission rw_dmp_segments"
    }
    options: ClassVar[Mapping[str, Any]] = {
        "account": "",
        "audiences": {},
        "version": "202607",
        "source_platform": "",
        "batch_size": MEMBERS,
        "requests_per_minute": 500,
    }
    made_of: ClassVar[Mapping[str, Sequence[str]]] = {EMAIL: ("email",)}
    strong = frozenset({EMAIL})

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.quota = (self.option["requests_per_minute"], 60.0)
        self.ad_account = self.option["account"].removeprefix(ACCOUNT)

    def check(self) -> None:
        """Raise ConfigError when the token is missing or batches are too large."""
        super().check()
        if self.batch_size > MEMBERS:
            raise ConfigError(f"LinkedIn takes at most {MEMBERS:,} people: lower batch_size.")

    @property
    def headers(self) -> dict[str, str]:
        """The token and the versions."""
        return {
            "Authorization": f"Bearer {self.secret['LINKEDIN_ACCESS_TOKEN']}",
            "Linkedin-Version": self.option["version"],
            "X-Restli-Protocol-Version": "2.0.0",
        }

    def whose(self, call: Call) -> str:
        """Return the ad account: that of the segments, else the option, if the token may see it."""
        segments = {str(segment) for segment in self.option["audiences"].values() if segment}
        if segments:
            held, *others = sorted(
                {self.segment(call, o)["account"].removeprefix(ACCOUNT) for o in segments}
            )
            if others:
                raise ConfigError(
                    f"The segments are of the ad accounts {', '.join([held, *others])}: give each "
                    "ad account a sync of its own."
                )
            if self.ad_account not in ("", held):
                raise ConfigError(
                    f"The segments are of ad account {held}, and the option account of linkedin "
                    f"says {self.ad_account}."
                )
            return f"ad account {held}"
        self.segments(call)
        return f"ad account {self.ad_account}"

    def identify(self, values: Mapping[str, Value]) -> Row:
        """Return the hash of the address."""
        found = hashing.hashed(values.get("email"), hashing.email)
        return {EMAIL: found} if found else {}

    def upload(
        self, call: Call, audience: str, people: Sequence[Person], *, remove: bool
    ) -> dict[str, str]:
        """Add people to a segment or take them out; every element answers for itself."""
        refused: dict[str, str] = {}
        action = "REMOVE" if remove else "ADD"
        for first in range(0, len(people), MEMBERS):
            part = people[first : first + MEMBERS]
            elements = [
                {"action": action, "userIds": [{"idType": EMAIL, "idValue": row[EMAIL]}]}
                for _, row in part
            ]
            path = url("/rest/dmpSegments/{}/users", audience)
            headers = {"X-RestLi-Method": "BATCH_CREATE"}
            response = call("POST", path, json={"elements": elements}, headers=headers)
            answers = self.checked(response).get("elements") or []
            if len(answers) != len(part):
                raise NoAnswer(f"LinkedIn answers for {len(answers)} of {len(part)} people")
            if all(answer.get("status") == 429 for answer in answers):
                raise Transient("too many elements", PAUSE_SECONDS)
            for (key, _), answer in zip(part, answers, strict=True):
                if reason := reason_of(answer):
                    refused[key] = reason
        return refused

    def segment(self, call: Call, audience: str) -> dict[str, Any]:
        """Return a segment."""
        return self.checked(call("GET", url("/rest/dmpSegments/{}", audience)))

    def segments(self, call: Call) -> list[dict[str, Any]]:
        """Return all segments of the ad account; without paging LinkedIn returns every one."""
        if not self.ad_account:
            raise ConfigError("Set the option account of linkedin to the id of the ad account.")
        query = {"q": "account", "account": f"{ACCOUNT}{self.ad_account}"}
        return self.checked(call("GET", "/rest/dmpSegments", params=query)).get("elements") or []

    def look_up(self, call: Call, audience: str) -> str:
        """Return what is wrong with a segment."""
        held = self.segment(call, audience)
        if held.get("type") != "USER":
            return "It is not a segment of users (type USER)."
        ended = {str(part.get("status")) for part in held.get("destinations") or []} & ENDED
        return f"LinkedIn calls it {', '.join(sorted(ended))}: make a new one." if ended else ""

    def find(self, call: Call, name: str, *, create: bool) -> str:
        """Return the id of the segment of this name."""
        found = [str(o["id"]) for o in self.segments(call) if o.get("name") == name]
        if found or not create:
            return found[0] if found else ""
        if not self.option["source_platform"]:
            raise ConfigError("Set the option source_platform to the name that LinkedIn gave you.")
        response = call(
            "POST",
            "/rest/dmpSegments",
            json={
                "name": name,
                "account": f"{ACCOUNT}{self.ad_account}",
                "type": "USER",
                "sourcePlatform": self.option["source_platform"],
                "destinations": [{"destination": "LINKEDIN"}],
            },
        )
        made = response.headers.get("x-restli-id", "")
        if response.status_code != 201 or not made:
            self.checked(response)
            raise NoAnswer("LinkedIn does not name the new segment")
        return made

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raises the signal that fits any other."""
        body = json_of(response)
        text = redact(str(body.get("message") or "") if isinstance(body, dict) else "")
        if response.status_code == 404:
            raise ConfigError(f"LinkedIn does not find it, or the token may not see it ({text}).")
        if response.status_code == 426:
            raise ConfigError(
                f"Version {self.option['version']} of LinkedIn's API has ended ({text}): set the "
                "option version to a later one."
            )
        if response.status_code == 429 and " DAY " in text:
            raise Stop(f"LinkedIn's limit of the day is used up ({text}).")
        good = judge(
            response,
            who="LinkedIn",
            rights=RIGHTS,
            reason=lambda body: body["message"],
            pause=PAUSE_SECONDS,
            request_header="x-li-uuid",
        )
        return good if isinstance(good, dict) else {}


def reason_of(answer: Mapping[str, Any]) -> str:
    """Return why an element was refused, empty when it was taken; Unsaid when it was neither."""
    status = answer.get("status")
    if status in (200, 201):
        return ""
    error = answer.get("error")
    text = redact(str(error.get("message") or "") if isinstance(error, dict) else "")
    if not isinstance(status, int) or status in PAUSE or status >= 500:
        return Unsaid(f"its element has status {status} {text}".strip())
    return f"HTTP {status} {text}".strip()

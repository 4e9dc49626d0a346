"""A fake of Google's Data Manager API and its token endpoint, after developers.google.com.

"audienceMembers.ingest" and "audienceMembers.remove", /data-manager/api/reference/rest/v1/
audienceMembers (bodies, requestId), "Send audience members", /data-manager/api/devguides/audiences/
send-audience-members (the shape of errors and of the fields they name), "Understand API errors"
(one bad record fails the whole request), "Limits and quotas" (10,000 members, 10 identifiers, names
of quotas), "userLists" and "requestStatus.retrieve" (paths, states); "Refreshing an access token",
/identity/protocols/oauth2/web-server (the token endpoint).
"""

import re
from urllib.parse import parse_qs

from .server import Reply, Request, Vendor

ADDRESS = {"givenName", "familyName", "regionCode", "postalCode"}
BODY = {"destinations", "audienceMembers", "encoding", "validateOnly"}
INGEST = {*BODY, "consent", "termsOfService"}
PARENT = "accountTypes/GOOGLE_ADS/accounts/1234567890"
HEX = re.compile(r"[0-9a-f]*")


def problem(status, code, *violations, **metadata):
    """Return an error in Google's model; violations are (field, reason)."""
    domain = "datamanager.googleapis.com"
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": code,
            "domain": domain,
            "metadata": metadata,
        }
    ]
    if violations:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": field, "description": reason.lower(), "reason": reason}
                    for field, reason in violations
                ],
            }
        )
    error = {"code": status, "message": "There was a problem with the request.", "status": code}
    return Reply(status, {"error": {**error, "details": details}})


class Google(Vendor):
    """Audiences hold identifiers; `tokens` are those that are valid now."""

    def __init__(self):
        super().__init__()
        self.tokens = {"token"}
        self.fetched = 0
        self.refresh_token = "refresh"
        self.lists = {}
        self.states = {}  # request id → its status
        self.bodies = []
        self.names_violations = 100  # of one answer

    def add_list(self, number, name="vip", *, keys=("CONTACT_ID",), **more):
        self.lists[number] = {
            "name": f"{PARENT}/userLists/{number}",
            "id": number,
            "displayName": name,
            "membershipStatus": "OPEN",
            "ingestedUserListInfo": {"uploadKeyTypes": list(keys)},
            "members": set(),
            **more,
        }

    def members(self, number):
        return self.lists[number]["members"]

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return self.answer_token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return problem(401, "UNAUTHENTICATED")
        if request.path in ("/v1/audienceMembers:ingest", "/v1/audienceMembers:remove"):
            return self.answer_members(request.body, remove=request.path.endswith("remove"))
        if request.path == "/v1/requestStatus:retrieve":
            state = self.states.get(request.query["requestId"])
            if state is None:
                return problem(400, "INVALID_ARGUMENT", ("request_id", "INVALID_REQUEST_ID"))
            return Reply(200, {"requestStatusPerDestination": [state]})
        if request.path.startswith(f"/v1/{PARENT}/userLists"):
            return self.answer_lists(request)
        return problem(404, "NOT_FOUND")

    def answer_token(self, request):
        form = {name: values[0] for name, values in parse_qs(request.raw.decode()).items()}
        if form.get("grant_type") != "refresh_token" or not form.get("client_secret"):
            return Reply(400, {"error": "invalid_request"})
        if form.get("refresh_token") != self.refresh_token:
            return Reply(400, {"error": "invalid_grant"})
        self.fetched += 1
        self.tokens.add(f"token-{self.fetched}")
        return Reply(200, {"access_token": f"token-{self.fetched}", "expires_in": 3599})

    def answer_lists(self, request):
        number = request.path.removeprefix(f"/v1/{PARENT}/userLists").strip("/")
        if request.method == "POST":
            new = request.body
            if not new.get("displayName") or not new.get("ingestedUserListInfo"):
                return problem(400, "INVALID_ARGUMENT", ("user_list", "REQUIRED_FIELD_MISSING"))
            number = str(700 + len(self.lists))
            self.add_list(number, new["displayName"])
        elif not number:
            wanted = request.query.get("filter", "")
            shown = [self.shown(n) for n in self.lists]
            named = [
                entry for entry in shown if wanted == f'display_name = "{entry["displayName"]}"'
            ]
            return Reply(200, {"userLists": named} if named else {})
        if number not in self.lists:
            return problem(404, "NOT_FOUND")
        return Reply(200, self.shown(number))

    def shown(self, number):
        return {key: value for key, value in self.lists[number].items() if key != "members"}

    def answer_members(self, body, *, remove):
        violations = self.violations_of(body, remove=remove)[: self.names_violations]
        if violations:
            return problem(400, "INVALID_ARGUMENT", *violations)
        self.bodies.append(body)
        if body["validateOnly"]:
            return Reply(200, {})
        held = self.members(body["destinations"][0]["productDestinationId"])
        for member in body["audienceMembers"]:
            found = {identity_of(user) for user in member["userData"]["userIdentifiers"]}
            self.writes.update(map(str, found))
            held.difference_update(found) if remove else held.update(found)
        request_id = f"r{len(self.states) + 1}"
        self.states[request_id] = {"requestStatus": "PROCESSING"}
        return Reply(200, {"requestId": request_id})

    def violations_of(self, body, *, remove):
        unknown = set(body) - (BODY if remove else INGEST)
        if unknown:
            return [("", f"Unknown name {sorted(unknown)}")]
        place = body["destinations"][0]
        if place.get("operatingAccount") != {
            "accountType": "GOOGLE_ADS",
            "accountId": "1234567890",
        }:
            return [("destinations[0].operating_account", "INVALID_DESTINATION")]
        if place.get("productDestinationId") not in self.lists:
            return [("destinations[0].product_destination_id", "INVALID_USER_LIST_ID")]
        terms = body.get("termsOfService", {}).get("customerMatchTermsOfServiceStatus")
        if not remove and terms != "ACCEPTED":
            return [("terms_of_service", "TERMS_AND_CONDITIONS_NOT_SIGNED")]
        if body.get("encoding") != "HEX":
            return [("encoding", "REQUIRED_FIELD_MISSING")]
        members = body["audienceMembers"]
        if len(members) > 10_000:
            return [("audience_members", "TOO_MANY_AUDIENCE_MEMBERS")]
        found = []
        for index, member in enumerate(members):
            users = member["userData"]["userIdentifiers"]
            where = f"audience_members.audience_members[{index}]"
            if not 1 <= len(users) <= 10:
                found.append((where, "TOO_MANY_USER_IDENTIFIERS"))
            found += [
                (f"{where}.user_data.user_identifiers", reason)
                for user in users
                if (reason := fault_of(user))
            ]
        return found


def identity_of(user):
    """Return an identifier as something a set can hold."""
    ((kind, value),) = user.items()
    return (kind, tuple(sorted(value.items())) if isinstance(value, dict) else value)


def fault_of(user):
    """Return the reason why an identifier is refused, None when it is fine."""
    ((kind, value),) = user.items()
    hashes = [value]
    if kind == "address":
        if set(value) != ADDRESS or not all(value.values()):
            return "REQUIRED_FIELD_MISSING"
        if not re.fullmatch(r"[A-Z]{2}", value["regionCode"]):
            return "INVALID_REGION_CODE"
        if not re.fullmatch(r"[A-Za-z0-9 -]+", value["postalCode"]):
            return "INVALID_POSTAL_CODE"
        hashes = [value["givenName"], value["familyName"]]
    for hashed in hashes:
        if not HEX.fullmatch(hashed):
            return "INVALID_HEX_ENCODING"
        if len(hashed) != 64:
            return "INVALID_SHA256_FORMAT"
    return None

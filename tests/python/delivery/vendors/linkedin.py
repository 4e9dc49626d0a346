"""A fake of LinkedIn's DMP segments, after learn.microsoft.com/en-us/linkedin/marketing.

"DMP Segment Users" (BATCH_CREATE, a status per element, 201 also for what is done already), "DMP
Segments" (get, finder by account, create with the id in a header), "Versioning" (426).
`not_hashes` are hashes that are called invalid all the same, `busy` those that fail for now.
"""

import re

from .server import Reply, Request, Vendor

TOKEN = "linkedin-token-0123456789"
VERSIONS = {"202603", "202607"}
LIMIT = 5000
URN = "urn:li:sponsoredAccount:"


def problem(status, message):
    """Return an error as Rest.li words it."""
    return Reply(status, {"status": status, "serviceErrorCode": status, "message": message})


class LinkedInAds(Vendor):
    """`segments` by id; each holds the hashes of its `people`."""

    def __init__(self):
        super().__init__()
        self.segments = {}
        self.not_hashes, self.busy = set(), set()

    def add_segment(self, number, name="vip", *, account="77", kind="USER", status="READY"):
        self.segments[number] = {
            "id": int(number),
            "name": name,
            "account": f"{URN}{account}",
            "type": kind,
            "destinations": [{"destination": "LINKEDIN", "status": status}],
            "people": set(),
        }

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "Invalid access token")
        if request.headers.get("linkedin-version") not in VERSIONS:
            return problem(426, "Requested version is not active")
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            return problem(400, "Syntax exception in path variables")
        if request.path == "/rest/dmpSegments":
            return self.answer_account(request)
        found = re.fullmatch(r"/rest/dmpSegments/(\d+)(/users)?", request.path)
        segment = self.segments.get(found[1]) if found else None
        if segment is None:
            return problem(404, "Not Found")
        if found[2]:
            return self.answer_users(request, segment)
        return Reply(200, shown(segment))

    def answer_account(self, request):
        if request.method == "GET":
            held = [o for o in self.segments.values() if o["account"] == request.query["account"]]
            if request.query["q"] != "account":
                return problem(400, "no such finder")
            return Reply(200, {"elements": [shown(segment) for segment in held]})
        body = request.body
        if not body.get("sourcePlatform") or body["destinations"] != [{"destination": "LINKEDIN"}]:
            return problem(400, "sourcePlatform is required")
        number = str(900 + len(self.segments))
        self.add_segment(number, body["name"], account=body["account"].removeprefix(URN))
        return Reply(201, None, {"x-restli-id": number})

    def answer_users(self, request, segment):
        if request.headers.get("x-restli-method") != "BATCH_CREATE":
            return problem(400, "userIds is required")
        elements = request.body["elements"]
        if len(elements) > LIMIT:
            return problem(400, "too many elements")
        return Reply(200, {"elements": [self.apply(segment, element) for element in elements]})

    def apply(self, segment, element):
        [known] = element["userIds"]
        value = known["idValue"]
        if known["idType"] != "SHA256_EMAIL" or not re.fullmatch(r"[0-9a-f]{64}", value):
            return {"status": 400, "error": {"status": 400, "message": "not a hash"}}
        if value in self.not_hashes | self.busy:
            status = 400 if value in self.not_hashes else 503
            return {"status": status, "error": {"status": status, "message": "not this one"}}
        change = segment["people"].add if element["action"] == "ADD" else segment["people"].discard
        change(value)
        self.writes[value] += 1
        return {"status": 201}


def shown(segment):
    """Return a segment as it is read."""
    return {name: value for name, value in segment.items() if name != "people"}

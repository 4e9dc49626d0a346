"""A fake of Meta's custom audiences, after developers.facebook.com.

"Custom Audience Users", /docs/marketing-api/reference/custom-audience/users (form fields `payload`
and `session`, 10,000 people a request, counts and samples of invalid entries in the answer, 1713230
for a blocked audience), "Customer File Custom Audiences", /docs/marketing-api/audiences/guides/
custom-audiences (schema, data, sessions, DELETE), "Handling errors", /docs/graph-api/guides/
error-handling (errors and their codes). Someone is removed by any identifier that finds them alone.
"""

import json
import re
from urllib.parse import parse_qs

from .server import Reply, Request, Vendor

HASHED = {"EMAIL", "PHONE", "FN", "LN", "COUNTRY"}
KEYS = HASHED | {"EXTERN_ID"}
ALONE = {"EMAIL", "PHONE", "EXTERN_ID"}
LIMIT = 10_000


def problem(code, message="Invalid parameter", *, status=400, subcode=0, **more):
    """Return an error as the Graph API words it."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode:
        error["error_subcode"] = subcode
    return Reply(status, {"error": {**error, **more}})


class Meta(Vendor):
    """Audiences hold rows; `sessions` are the batches that came in, by session id."""

    def __init__(self, token="token"):
        super().__init__()
        self.token = token
        self.audiences = {}
        self.sessions = {}
        self.not_hashes = set()  # hashes that are called invalid all the same
        self.hides_samples = False

    def add_audience(self, number, name="vip", *, subtype="CUSTOM", status=200):
        self.audiences[number] = {
            "id": number,
            "name": name,
            "subtype": subtype,
            "operation_status": {"code": status, "description": f"status {status}"},
            "account_id": "123",
            "rows": set(),
        }

    def people(self, number):
        return [dict(row) for row in sorted(self.audiences[number]["rows"])]

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(190, "Invalid OAuth access token.", status=401)
        if re.fullmatch(r"/v\d+\.\d/me", request.path):
            return Reply(200, {"id": "77"})
        if found := re.fullmatch(r"/v\d+\.\d/act_(\d+)", request.path):
            return Reply(200, {"id": f"act_{found[1]}", "account_id": found[1]})
        if found := re.fullmatch(r"/v\d+\.\d/act_(\d+)/customaudiences", request.path):
            return self.answer_account(request, found[1])
        if found := re.fullmatch(r"/v\d+\.\d/(\d+)(/users)?", request.path):
            audience = self.audiences.get(found[1])
            if audience is None:
                return problem(100, "Unsupported request: it does not exist.", subcode=33)
            if found[2]:
                return self.answer_users(request, audience)
            wanted = request.query.get("fields", "id").split(",")
            return Reply(200, {name: audience[name] for name in {"id", *wanted}})
        return problem(2500, "Unknown path components")

    def answer_account(self, request, account):
        if request.method == "POST":
            form = {name: values[0] for name, values in parse_qs(request.raw.decode()).items()}
            if form.get("subtype") != "CUSTOM" or "customer_file_source" not in form:
                return problem(100)
            number = str(900 + len(self.audiences))
            self.add_audience(number, form["name"])
            return Reply(200, {"id": number})
        every = [
            {"id": audience["id"], "name": audience["name"]} for audience in self.audiences.values()
        ]
        first = int(request.query.get("after") or 0)  # one a page, so that paging shows
        paging = {"cursors": {"after": str(first + 1)}}
        if first + 1 < len(every):
            paging["next"] = "https://graph.facebook.com/next"
        return Reply(200, {"data": every[first : first + 1], "paging": paging})

    def answer_users(self, request, audience):
        form = parse_qs(request.raw.decode())
        try:
            payload, session = json.loads(form["payload"][0]), json.loads(form["session"][0])
        except (KeyError, ValueError):
            return problem(100, "(#100) Data is missing or does not match schema")
        schema, data = payload.get("schema"), payload.get("data")
        if audience["operation_status"]["code"] == 471:
            return problem(100, subcode=1713230)
        if not data or not set(schema) <= KEYS or any(len(row) != len(schema) for row in data):
            return problem(100, "(#100) Data is missing or does not match schema")
        if len(data) > LIMIT:
            return problem(105, "The number of parameters exceeded the maximum")
        batches = self.sessions.setdefault(session["session_id"], [])
        if session["batch_seq"] != len(batches) + 1 or (batches and batches[-1]["last_batch_flag"]):
            return problem(100, "Invalid session")
        batches.append(session)
        bad = [row for row in data if not self.is_hashed(schema, row)]
        for row in data:
            if row not in bad:
                self.apply(request.method, audience["rows"], schema, row)
        samples = {} if self.hides_samples else {str(i): json.dumps(r) for i, r in enumerate(bad)}
        return Reply(
            200,
            {
                "audience_id": audience["id"],
                "session_id": str(session["session_id"]),
                "num_received": len(data),
                "num_invalid_entries": len(bad),
                "invalid_entry_samples": samples,
            },
        )

    def is_hashed(self, schema, row):
        hashes = [value for key, value in zip(schema, row, strict=True) if key in HASHED and value]
        good = all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes)
        return good and not set(hashes) & self.not_hashes

    def apply(self, method, rows, schema, values):
        row = {key: value for key, value in zip(schema, values, strict=True) if value}
        self.writes[next(iter(row.values()))] += 1
        if method == "POST":
            rows.add(tuple(sorted(row.items())))
            return
        alone = {pair for pair in row.items() if pair[0] in ALONE}
        for held in list(rows):
            if alone & set(held) or (not alone and dict(held) == row):
                rows.remove(held)

"""A fake of Mailchimp's Marketing API 3.0, as its documentation describes it.

From mailchimp.com/developer/marketing: "Add or update list member", "Update list member", "Get
member info", "Add or remove member tags", "Delete list member" (delete-permanent), "Add merge
field", "List merge fields", "Ping", "Get list info", "Fundamentals" (basic authentication, 10
connections) and "Errors" (type, title, status, detail, errors of fields).
What it leaves open, and is decided here: unknown merge tags are dropped without an error, an answer
holds every merge field of the audience, and a number field takes an empty text.
"""

import base64
import hashlib
import io
import json
import re
import tarfile
from typing import Any

from .server import Reply, Request, Vendor

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
AUDIENCE = "a1b2c3d4e5"
STATUSES = {"subscribed", "unsubscribed", "cleaned", "pending", "transactional"}


def problem(status: int, title: str, detail: str = "", **more: Any) -> Reply:
    kind = "https://mailchimp.com/developer/marketing/docs/errors/"
    return Reply(status, {"type": kind, "title": title, "status": status, "detail": detail, **more})


def md5(address: str) -> str:
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


class Mailchimp(Vendor):
    """State: `members` by MD5 in one audience, its `merge_fields`, `forgotten` MD5s."""

    def __init__(self, key: str = "secret-us6") -> None:
        super().__init__()
        self.key = key
        self.merge_fields = {"FNAME": "text", "LNAME": "text", "SCORE": "number", "SEEN": "date"}
        self.members: dict[str, dict[str, Any]] = {}
        self.forgotten: set[str] = set()
        self.batches: dict[str, list[dict[str, Any]]] = {}  # what is said of each, poll by poll
        self.results: dict[str, bytes] = {}

    def member(self, address: str) -> dict[str, Any]:
        return self.members[md5(address)]

    def add_member(self, address: str, status: str = "subscribed", **merges: Any) -> dict[str, Any]:
        held = {"email_address": address, "status": status, "tags": set()}
        held["merge_fields"] = dict.fromkeys(self.merge_fields, "") | merges
        self.members[md5(address)] = held
        return held

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/results/"):  # another host, as it were: a signed address
            if "authorization" in request.headers:
                return Reply(400, "Only one auth mechanism allowed")
            return Reply(200, self.results[request.path], {"Content-Type": "application/gzip"})
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(given).decode().partition(":")[2] != self.key:
            return problem(401, "API Key Invalid", "Your API key may be invalid.")
        if request.raw and not isinstance(request.body, dict):
            return problem(400, "JSON Parse Error", "We encountered an unspecified parsing error.")
        routes = {
            r"GET /3.0/ping": lambda r: Reply(200, {"health_status": "Everything's Chimpy!"}),
            r"GET /3.0/lists/LIST": lambda r: Reply(
                200, {"name": "Everybody", "stats": {"member_count": len(self.members)}}
            ),
            r"GET /3.0/": lambda _: Reply(body={"account_id": "1a2b3c"}),
            r"POST /3.0/batches": self.start_batch,
            r"GET /3.0/batches/(\w+)": lambda _, key: Reply(200, self.batches[key].pop(0)),
            r"DELETE /3.0/batches/(\w+)": lambda _, key: Reply(204),
            r"GET /3.0/lists/LIST/merge-fields": self.list_merge_fields,
            r"POST /3.0/lists/LIST/merge-fields": self.add_merge_field,
            r"GET /3.0/lists/LIST/members/([0-9a-f]{32})": self.get_member,
            r"PUT /3.0/lists/LIST/members/([0-9a-f]{32})": self.put_member,
            r"PATCH /3.0/lists/LIST/members/([0-9a-f]{32})": self.patch_member,
            r"POST /3.0/lists/LIST/members/([0-9a-f]{32})/tags": self.tag,
            r"POST /3.0/lists/LIST/members/([0-9a-f]{32})/actions/delete-permanent": self.forget,
        }
        for pattern, handle in routes.items():
            pattern = pattern.replace("LIST", AUDIENCE)
            if found := re.fullmatch(pattern, f"{request.method} {request.path}"):
                return handle(request, *found.groups())
        return problem(404, "Resource Not Found", "The requested resource could not be found.")

    def start_batch(self, request: Request) -> Reply:
        """Apply the operations; they are seen as finished with the second look."""
        results = []
        for operation in request.body["operations"]:
            inner = Request(
                operation["method"],
                f"/3.0{operation['path']}",
                operation.get("params", {}),
                request.headers,
                operation.get("body", "").encode(),
            )
            reply = self.answer(inner)
            results.append(
                {
                    "status_code": reply.status,
                    "operation_id": operation["operation_id"],
                    "response": "" if reply.body is None else json.dumps(reply.body, default=list),
                }
            )
        key = f"b{len(self.batches)}"
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for part, some in enumerate((results[::2], results[1::2])):
                content = json.dumps(some).encode()
                entry = tarfile.TarInfo(f"{key}/{part}.json")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        self.results[f"/results/{key}"] = file.getvalue()
        done = {"id": key, "status": "finished", "response_body_url": f"{self.url}/results/{key}"}
        self.batches[key] = [{"id": key, "status": "started"}, done]
        return Reply(200, {"id": key, "status": "pending"})

    def list_merge_fields(self, request: Request) -> Reply:
        held = [{"tag": tag, "type": kind} for tag, kind in self.merge_fields.items()]
        return Reply(200, {"merge_fields": held[: int(request.query.get("count", 10))]})

    def add_merge_field(self, request: Request) -> Reply:
        if len(request.body["tag"]) > 10 or request.body["tag"] in self.merge_fields:
            return problem(400, "Invalid Resource", "The tag is too long or taken.")
        self.merge_fields[request.body["tag"]] = request.body["type"]
        return Reply(200, request.body)

    def get_member(self, request: Request, key: str) -> Reply:
        return self.shown(key) if key in self.members else self.missing()

    def shown(self, key: str) -> Reply:
        held = self.members[key]
        tags = [{"id": index, "name": name} for index, name in enumerate(sorted(held["tags"]))]
        return Reply(200, {**held, "id": key, "tags": tags})

    def missing(self) -> Reply:
        return problem(404, "Resource Not Found", "The requested resource could not be found.")

    def put_member(self, request: Request, key: str) -> Reply:
        body = request.body
        address = body.get("email_address", "")
        if key in self.forgotten:
            detail = f"{address} was permanently deleted and cannot be re-imported."
            return problem(400, "Forgotten Email Not Subscribed", detail)
        if key not in self.members:
            wrong = None
            if md5(address) != key or not EMAIL.fullmatch(address):
                wrong = {"field": "email_address", "message": f"{address} is not valid"}
            elif body.get("status_if_new") not in STATUSES:
                wrong = {"field": "status_if_new", "message": "Data did not match the schema"}
            if wrong:
                return problem(400, "Invalid Resource", "See the errors.", errors=[wrong])
            new = self.add_member(address, body["status_if_new"])
            reply = self.set_merges(key, body)
            if reply.status != 200:
                del self.members[md5(new["email_address"])]
            return reply
        return self.patch_member(request, key)

    def patch_member(self, request: Request, key: str) -> Reply:
        if key not in self.members:
            return self.missing()
        held, status = self.members[key], request.body.get("status")
        if status == "subscribed" and held["status"] in ("unsubscribed", "cleaned"):
            detail = f"{held['email_address']} is in a compliance state and cannot be subscribed."
            return problem(400, "Member In Compliance State", detail)
        held["status"] = status or held["status"]
        return self.set_merges(key, request.body)

    def set_merges(self, key: str, body: dict[str, Any]) -> Reply:
        merges = body.get("merge_fields")
        if merges == {}:
            return problem(400, "Invalid Resource", "merge_fields must not be empty.")
        held = self.members[key]
        for tag, value in (merges or {}).items():
            kind = self.merge_fields.get(tag)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is None or (kind == "number" and not number and value != ""):
                wrong = {"field": tag, "message": "Please enter a number"}
                return problem(400, "Invalid Resource", "See the errors.", errors=[wrong])
            if kind:
                held["merge_fields"][tag] = value
        self.writes[key] += 1
        return self.shown(key)

    def tag(self, request: Request, key: str) -> Reply:
        if key not in self.members:
            return self.missing()
        for entry in request.body["tags"]:
            held = self.members[key]["tags"]
            (held.add if entry["status"] == "active" else held.discard)(entry["name"])
        return Reply(204)

    def forget(self, request: Request, key: str) -> Reply:
        if key not in self.members:
            return self.missing()
        del self.members[key]
        self.forgotten.add(key)
        return Reply(204)

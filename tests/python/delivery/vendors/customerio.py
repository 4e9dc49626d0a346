"""A fake of one Customer.io workspace, as its Track API sees it.

Follows docs.customer.io: "Send multiple requests" and "Make a single request"
(/integrations/api/track/tag/track_v2/batch and /entity), "Suppress a customer profile" and "Find
your account region". Which texts the errors carry is not documented.
"""

import base64
import json
from typing import Any

from .server import Reply, Request, Vendor

SITE_ID, API_KEY = "site-1", "api-key-0123456789"


class CustomerIOWorkspace(Vendor):
    """`people` are attributes by identifier; `suppressed` identifiers are ignored."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, dict[str, Any]] = {}
        self.suppressed: set[str] = set()
        self.region_url = self.url

    def answer(self, request: Request) -> Reply:
        if request.path == "/v1/customers":
            return self.look_up(request)
        pair = base64.b64encode(f"{SITE_ID}:{API_KEY}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return Reply(401, {"meta": {"error": "Unauthorized request"}})
        if (request.method, request.path) == ("GET", "/api/v1/accounts/region"):
            return Reply(200, {"url": self.region_url, "region": "us", "environment_id": 3})
        if (request.method, request.path) != ("POST", "/api/v2/batch"):
            return Reply(404, {"meta": {"error": "not found"}})
        batch = (request.body or {}).get("batch")
        if not isinstance(batch, list) or not batch:
            return invalid("required", "batch", "must be a list")
        if len(request.raw) >= 500_000:
            return invalid("invalid", "batch", "must be smaller than 500kb")
        errors = []
        for index, entry in enumerate(batch):
            problem = self.apply(entry)
            if problem:
                errors.append({"batch_index": index, **problem})
        return Reply(207, {"errors": errors}) if errors else Reply(200, {})

    def look_up(self, request: Request) -> Reply:
        """The App API: whom an address belongs to, and whether anybody is there."""
        if request.headers.get("authorization") != "Bearer app-key":
            return Reply(401, {"meta": {"error": "Unauthorized request"}})
        people = [
            {"id": name, "email": held.get("email"), "cio_id": f"c{name}"}
            for name, held in self.people.items()
        ]
        if request.method == "POST":
            return Reply(200, {"identifiers": people[:1], "ids": [], "next": ""})
        meant = [found for found in people if found["email"] == request.query["email"]]
        return Reply(200, {"results": meant})

    def apply(self, call: dict[str, Any]) -> dict[str, str] | None:
        if len(json.dumps(call, ensure_ascii=False).encode()) > 32_768:
            return error("invalid", "batch", "must be 32kb or smaller")
        identifiers = call.get("identifiers", {})
        if call.get("type") != "person" or len(identifiers) != 1:
            return error("invalid", "identifiers", "exactly one identifier is required")
        (kind, value), action = next(iter(identifiers.items())), call.get("action")
        if kind == "email" and "@" not in value:
            return error("invalid", "email", f"{value} is not an email address")
        if action not in ("identify", "suppress", "delete"):
            return error("invalid", "action", "unknown action")
        if value in self.suppressed:
            return None
        if action == "suppress":
            self.suppressed |= {value, str(self.people.pop(value, {}).get("email", value))}
        elif action == "delete":
            self.people.pop(value, None)
        else:
            return self.identify(value, dict(call.get("attributes", {})))
        return None

    def identify(self, value: str, attributes: dict[str, Any]) -> dict[str, str] | None:
        long = [name for name in attributes if len(name.encode()) > 150]
        if long:
            return error("invalid", long[0], "attribute name cannot be longer than 150 bytes")
        only_existing = attributes.pop("_update", False)
        if value not in self.people and only_existing:
            return None
        self.writes[value] += 1
        held = self.people.setdefault(value, {})
        for name, new in attributes.items():
            if new in (None, ""):
                held.pop(name, None)
            else:
                held[name] = new
        return None


def error(reason: str, field: str, message: str) -> dict[str, str]:
    return {"reason": reason, "field": field, "message": message}


def invalid(reason: str, field: str, message: str) -> Reply:
    return Reply(400, {"errors": [error(reason, field, message)]})

"""A fake of one Intercom workspace, after the pages that the plug-in names (REST API 2.14)."""

from typing import Any
from urllib.parse import unquote

from .server import Reply, Request, Vendor

TOKEN = "intercom-token-0123456789"


def problem(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"type": "error.list", "errors": [{"code": code, "message": message}]})


class Workspace(Vendor):
    """`contacts` are by id; `attributes` the names of custom attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, Any]] = {}
        self.attributes = {"segment", "score"}
        self.made = 0

    def make(self, **values: Any) -> str:
        """Add a contact, as people or other tools do."""
        self.made += 1
        key = f"c/{self.made}"
        empty = {"external_id": None, "email": None, "role": "user", "custom_attributes": {}}
        self.contacts[key] = {**empty, **values, "id": key}
        return key

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "unauthorized", "Access Token Invalid")
        if request.headers.get("intercom-version") != "2.14":
            return problem(400, "intercom_version_invalid", "The requested version is not known")
        key = unquote(request.path.removeprefix("/contacts/"))
        match request.method, request.path:
            case "GET", "/me":
                return Reply(200, {"type": "admin", "app": {"id_code": "ws42"}})
            case "GET", "/data_attributes":
                return Reply(200, {"data": [{"name": name} for name in sorted(self.attributes)]})
            case "POST", "/contacts/search":
                return self.search(request.body["query"])
            case "GET", "/contacts":
                return Reply(200, {"data": [], "total_count": len(self.contacts)})
            case "POST", "/contacts":
                return self.create(request.body)
        if key not in self.contacts:
            return problem(404, "not_found", "User Not Found")
        if request.method == "PUT":
            return self.update(key, request.body)
        if request.method == "DELETE":
            del self.contacts[key]
            return Reply(200, {"id": key, "deleted": True})
        return Reply(200, self.contacts[key])

    def search(self, query: dict[str, Any]) -> Reply:
        if query["operator"] != "OR" or len(query["value"]) > 15:
            return problem(400, "parameter_invalid", "too many conditions")
        found = [
            held
            for held in self.contacts.values()
            if any(
                str(held[part["field"]]).lower() == part["value"].lower() for part in query["value"]
            )
        ]
        return Reply(200, {"data": found, "total_count": len(found)})

    def create(self, body: dict[str, Any]) -> Reply:
        for held in self.contacts.values():
            for name in ("external_id", "email"):
                if body.get(name) and held[name] == body[name] and held["role"] == body["role"]:
                    return problem(409, "conflict", "A contact matching those details exists")
        key = self.make()
        reply = self.update(key, body)
        if reply.status != 200:
            del self.contacts[key]
        return reply

    def update(self, key: str, body: dict[str, Any]) -> Reply:
        custom = body.get("custom_attributes", {})
        if unknown := sorted(set(custom) - self.attributes):
            message = f"Custom attribute '{unknown[0]}' does not exist"
            return problem(400, "parameter_invalid", message)
        if body.get("email") and "@" not in body["email"]:
            return problem(400, "parameter_invalid", f"email {body['email']} is not valid")
        held = self.contacts[key]
        held["custom_attributes"] = {**held["custom_attributes"], **custom}
        held |= {name: value for name, value in body.items() if name != "custom_attributes"}
        self.writes[key] += 1
        return Reply(200, held)

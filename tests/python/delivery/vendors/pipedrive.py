"""A fake of one Pipedrive company, after the pages that the plug-in names."""

from typing import Any

from .server import Reply, Request, Vendor

TOKEN = "pipedrive-token-0123456789"
SEGMENT = "a" * 40  # the key of the custom field


def good(data: Any) -> Reply:
    return Reply(200, {"success": True, "data": data})


def bad(status: int, text: str) -> Reply:
    return Reply(status, {"success": False, "error": text})


class Company(Vendor):
    """`persons` are by id."""

    def __init__(self) -> None:
        super().__init__()
        self.persons: dict[str, dict[str, Any]] = {}
        self.made = 0

    def make(self, **values: Any) -> str:
        """Add a person, as people or other tools do; `email` is the first address."""
        self.made += 1
        emails = [{"value": values.pop("email"), "primary": True}] if "email" in values else []
        key = str(self.made)
        empty = {"id": self.made, "name": "Somebody", "phones": [], "custom_fields": {}}
        self.persons[key] = {**empty, "emails": emails, **values}
        return key

    def answer(self, request: Request) -> Reply:
        if request.headers.get("x-api-token") != TOKEN:
            return bad(401, "unauthorized access")
        key = request.path.removeprefix("/api/v2/persons").strip("/")
        match request.method, request.path:
            case "GET", "/v1/users/me":
                return good({"company_id": 7, "company_domain": "acme"})
            case "GET", "/v1/personFields":
                return good([{"key": "name"}, {"key": SEGMENT}])
            case "GET", "/api/v2/persons/search":
                return self.search(request.query)
            case "GET", "/api/v2/persons":
                return good(list(self.persons.values())[: int(request.query["limit"])])
            case "POST", "/api/v2/persons":
                if not request.body.get("name"):
                    return bad(400, "name is required")
                return self.update(self.make(), request.body)
        if key not in self.persons:
            return bad(404, "Person not found")
        if request.method == "PATCH":
            return self.update(key, request.body)
        if request.method == "DELETE":
            return good({"id": self.persons.pop(key)["id"]})
        return good(self.persons[key])

    def search(self, query: dict[str, str]) -> Reply:
        if query.get("fields") != "email" or query.get("exact_match") != "true":
            return bad(400, "this fake searches addresses only")
        items = [
            {"item": {"id": person["id"], "emails": [e["value"] for e in person["emails"]]}}
            for person in self.persons.values()
            if query["term"].lower() in [e["value"].lower() for e in person["emails"]]
        ]
        return good({"items": items})

    def update(self, key: str, body: dict[str, Any]) -> Reply:
        custom = body.get("custom_fields", {})
        if set(custom) - {SEGMENT}:
            return bad(400, f"unknown custom field of {body.get('emails')}")
        person = self.persons[key]
        fields = {**person["custom_fields"], **custom}
        person |= {**body, "custom_fields": fields}
        self.writes[key] += 1
        return good(person)

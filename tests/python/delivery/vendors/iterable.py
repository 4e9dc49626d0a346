"""A fake of one Iterable project, after the schemas of Iterable's own client (Iterable/api-client).

`refused` are addresses that an update fails for, `lost` those that no count covers, `filtered`
fields that the project drops.
"""

import re
from typing import Any

from .server import Reply, Request, Vendor

KEY = "iterable-key-0123456789"


class IterableProject(Vendor):
    """`users` are the data fields by address."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.forgotten: set[str] = set()
        self.refused: set[str] = set()
        self.lost: set[str] = set()
        self.filtered: set[str] = set()

    def answer(self, request: Request) -> Reply:
        if request.headers.get("api-key") != KEY:
            return Reply(401, {"msg": "Invalid API key", "code": "BadApiKey", "params": None})
        match request.method, request.path:
            case "POST", "/api/users/bulkUpdate":
                return self.update(request.body["users"])
            case "GET", "/api/users/getByEmail":
                held = self.users.get(request.query["email"].lower())
                user = {"email": request.query["email"].lower(), "dataFields": held}
                return Reply(200, {} if held is None else {"user": user})
            case "GET", "/api/users/getFields":
                return Reply(200, {"fields": {"email": "string", "segment": "string"}})
            case "POST", "/api/users/forget":
                self.users.pop(request.body["email"], None)
                self.forgotten.add(request.body["email"])
                return Reply(200, {"msg": "", "code": "Success", "params": None})
        return Reply(404, {"msg": "Not found", "code": "NotFound", "params": None})

    def update(self, users: list[dict[str, Any]]) -> Reply:
        failed: dict[str, list[str]] = {"invalidEmails": [], "forgottenEmails": []}
        success = 0
        for user in users:
            address = user["email"].lower()
            if address in self.refused or not re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", address):
                failed["invalidEmails"].append(user["email"])
            elif address in self.forgotten:
                failed["forgottenEmails"].append(user["email"])
            elif address not in self.lost:
                success += 1
                held = self.users.setdefault(address, {})
                for name, value in user.get("dataFields", {}).items():
                    if name not in self.filtered:
                        held[name] = value
                self.writes[address] += 1
        body = {
            "successCount": success,
            "failCount": sum(map(len, failed.values())),
            "failedUpdates": failed,
            "filteredOutFields": sorted(self.filtered),
        }
        return Reply(200, body)

"""A fake of Segment's and RudderStack's HTTP API, as the pages in the plug-in describe it.

Segment says success to a write key that it does not know, and keeps nothing of it.
"""

import base64
from typing import Any

from .server import Reply, Request, Vendor

KEY = "write-key-0123456789"


class Tracker(Vendor):
    """`events` are those that were kept: with another `messageId` than the ones before."""

    def __init__(self, *, is_rudder: bool = False) -> None:
        super().__init__()
        self.is_rudder = is_rudder
        self.events: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Reply:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if request.path != "/v1/batch":
            return Reply(404, "404 page not found")
        body, is_known = request.body, base64.b64decode(given).decode() == f"{KEY}:"
        if self.is_rudder and not is_known:
            return Reply(401, {"msg": "Failed to read writeKey from header"})
        if body is None or len(request.raw) > 500_000:
            return Reply(400, {"success": False, "message": "malformed JSON"})
        for event in body["batch"] if is_known else []:
            seen = {held["messageId"] for held in self.events}
            if event.get("userId") and event.get("event") and event["messageId"] not in seen:
                self.events.append(event)
        return Reply(200, "OK" if self.is_rudder else {"success": True})

    def told(self) -> list[tuple[str, str, str]]:
        """What was told, in order: event, audience, person."""
        return [(e["event"], e["properties"]["audience"], e["userId"]) for e in self.events]

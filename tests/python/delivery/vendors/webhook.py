"""A receiver of signed webhooks that follows "Standard Webhooks" 1.0.0.

It checks signatures with code of its own, written from the specification, so that an error in the
sender cannot hide behind the same error here.
"""

import base64
import hashlib
import hmac
import time
from typing import Any

from .server import Reply, Request, Vendor

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver(Vendor):
    """`records` are values by key; `ids` are the messages seen; `refuses` gives reasons by key."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = SECRET
        self.records: dict[str, dict[str, Any]] = {}
        self.ids: list[str] = []
        self.refuses: dict[str, str] = {}

    def answer(self, request: Request) -> Reply:
        if request.path != "/hooks/people/":
            return Reply(404, "nothing here")
        if not self.is_signed(request):
            return Reply(401, {"error": "signature"})
        message_id = request.headers["webhook-id"]
        if request.body["id"] != message_id:
            return Reply(400)
        if message_id in self.ids:
            return Reply(200, "seen before", {"Content-Type": "text/plain"})
        self.ids.append(message_id)
        listed = request.body["records"]
        refused = [
            {"key": one["key"], "reason": self.refuses[one["key"]]}
            for one in listed
            if one["key"] in self.refuses
        ]
        for one in listed:
            if one["key"] not in self.refuses:
                self.apply(request.body["operation"], one)
        return Reply(200, {"refused": refused}) if refused else Reply(204)

    def apply(self, operation: str, one: dict[str, Any]) -> None:
        self.writes[one["key"]] += 1
        if operation == "erase":
            self.records.pop(one["key"], None)
            return
        if operation != "add" and one["key"] not in self.records:
            return
        held = self.records.setdefault(one["key"], {})
        held.update(one["values"])
        for name in [name for name, value in held.items() if value is None]:
            del held[name]

    def is_signed(self, request: Request) -> bool:
        stamp = request.headers["webhook-timestamp"]
        if abs(time.time() - int(stamp)) > 300:
            return False
        key = base64.b64decode(self.secret.split("_", 1)[1])
        content = b".".join([request.headers["webhook-id"].encode(), stamp.encode(), request.raw])
        digest = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return f"v1,{digest}" in request.headers["webhook-signature"].split(" ")

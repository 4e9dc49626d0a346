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
            {"key": record["key"], "reason": self.refuses[record["key"]]}
            for record in listed
            if record["key"] in self.refuses
        ]
        for entry in listed:
            if entry["key"] not in self.refuses:
                self.apply(request.body["operation"], entry)
        return Reply(200, {"refused": refused}) if refused else Reply(204)

    def apply(self, operation: str, record: dict[str, Any]) -> None:
        self.writes[record["key"]] += 1
        if operation == "erase":
            self.records.pop(record["key"], None)
            return
        if operation != "add" and record["key"] not in self.records:
            return
        held = self.records.setdefault(record["key"], {})
        held.update(record["values"])
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

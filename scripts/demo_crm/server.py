"""Serve the demo CRM on the loopback interface, with a quota and with faults on request."""

import json
import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import api
from .page import render
from .store import Store

DEFAULT_TOKEN = "demo-token"
# Dated versions, and the numbered path that they replaced.
CONTACTS = re.compile(r"/crm/(?:objects/\d{4}-\d{2}|v3/objects)/contacts(?:/(.+))?")


class DemoCrm(ThreadingHTTPServer):
    """One running demo CRM: `url`, `token`, `store`, counters, and faults to inject."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        *,
        state: Path | str,
        port: int = 0,
        token: str = DEFAULT_TOKEN,
        requests_per_10s: int = 190,
        window_seconds: float = 10.0,
        latency_ms: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.store, self.token = Store(state), token
        self.quota, self.window, self.latency_ms = requests_per_10s, window_seconds, latency_ms
        self.seen: deque[float] = deque()
        self.faults: deque[dict[str, Any]] = deque()
        self.counts: Counter[str] = Counter()
        self.bodies: deque[dict[str, Any]] = deque(maxlen=2000)
        self.guard = threading.Lock()

    def fail_next(self, count: int = 1, **fault: Any) -> None:
        """Spoil the next requests: `status=500`, or `drop="before"`/`"after"` applying them.

        With `status`, `headers`, `policy` and `raw` (a body that is not JSON) can be given too.
        """
        with self.guard:
            self.faults.extend(fault for _ in range(count))

    def next_fault(self) -> dict[str, Any]:
        """Return the fault for this request; empty when it is to be served normally."""
        with self.guard:
            return self.faults.popleft() if self.faults else {}

    def admit(self) -> tuple[bool, dict[str, str]]:
        """Count one request against the sliding window; returns (allowed, quota headers)."""
        now = time.monotonic()
        with self.guard:
            while self.seen and self.seen[0] <= now - self.window:
                self.seen.popleft()
            allowed = len(self.seen) < self.quota
            if allowed:
                self.seen.append(now)
            return allowed, {
                "X-HubSpot-RateLimit-Max": str(self.quota),
                "X-HubSpot-RateLimit-Remaining": str(self.quota - len(self.seen)),
                "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.window * 1000)),
            }

    def contacts(self) -> dict[str, dict[str, str]]:
        """Return every contact's properties that are set, by e-mail address."""
        rows = self.store.rows("select email, properties from contacts")
        return {row["email"]: json.loads(row["properties"]) for row in rows}

    def writes(self) -> dict[str, int]:
        """Return how often each contact was written."""
        rows = self.store.rows("select email, writes from contacts")
        return {row["email"]: row["writes"] for row in rows}


class Handler(BaseHTTPRequestHandler):
    """Route one request."""

    protocol_version = "HTTP/1.1"
    server_version = "DemoCRM"
    wbufsize = 64 * 1024  # head and body leave in one packet
    server: DemoCrm

    def log_message(self, *_: Any) -> None:
        """Say nothing: request lines can carry e-mail addresses."""

    def do_GET(self) -> None:
        """Serve the page, a contact, the list, or the counters."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/":
            return self.send(200, render(self.server.store, query), kind="text/html")
        if parts.path == "/_demo/stats":
            return self.send(200, dict(self.server.counts))
        match = CONTACTS.fullmatch(parts.path)
        if match is None:
            return self.send(404, api.error("resource not found", "OBJECT_NOT_FOUND"))
        if match[1]:
            one = unquote(match[1])
            return self.serve(lambda _: api.get_contact(self.server.store, one, query))
        return self.serve(lambda _: api.list_contacts(self.server.store, query))

    def do_POST(self) -> None:
        """Serve the batch endpoints, or take a fault."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, store = urlsplit(self.path).path, self.server.store
        match = CONTACTS.fullmatch(path)
        action = match[1] if match else None
        try:
            body = json.loads(raw)
        except ValueError:
            return self.send(400, api.error("Invalid input JSON"))
        if path == "/_demo/faults":
            self.server.fail_next(**body)
            return self.send(200, {"faults": len(self.server.faults)})
        if action == "batch/upsert":
            return self.serve(lambda sent: api.write_batch(store, sent, upsert=True), body)
        if action == "batch/update":
            return self.serve(lambda sent: api.write_batch(store, sent, upsert=False), body)
        if action == "batch/read":
            return self.serve(lambda sent: api.read_batch(store, sent), body)
        return self.send(404, api.error("resource not found", "OBJECT_NOT_FOUND"))

    def serve(self, answer: Any, body: Any = None) -> None:
        """Answer an API call after its token, the quota and the injected faults were looked at."""
        crm = self.server
        crm.counts["requests"] += 1
        if self.headers.get("Authorization") != f"Bearer {crm.token}":
            message = "Authentication credentials not found. This API supports OAuth 2.0."
            return self.send(401, api.error(message, "INVALID_AUTHENTICATION"))
        allowed, headers = crm.admit()
        if not allowed:
            return self.limited({"headers": headers})
        fault = crm.next_fault()
        if fault.get("status") == 429:
            return self.limited({"headers": headers | fault.get("headers", {})} | fault)
        if "status" in fault:
            reply = fault.get("raw") or api.error("internal error", "INTERNAL_ERROR")
            return self.send(fault["status"], reply, headers=fault.get("headers"))
        if fault.get("drop") == "before":
            return self.hang_up()
        time.sleep(crm.latency_ms / 1000)
        status, reply = answer(body)
        if self.command == "POST":
            crm.counts["batches"] += 1
            crm.bodies.append({"path": self.path, "status": status, "body": body})
        if fault.get("drop") == "after":
            return self.hang_up()
        return self.send(status, reply, headers=headers)

    def limited(self, fault: dict[str, Any]) -> None:
        """Answer 429 with the documented body."""
        policy = fault.get("policy", "TEN_SECONDLY_ROLLING")
        self.server.counts["limited"] += 1
        body = {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "requestId": str(uuid.uuid4()),
        }
        self.send(429, body, headers=fault["headers"])

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True

    def send(
        self, status: int, body: Any, *, kind: str = "application/json", headers: Any = None
    ) -> None:
        """Send JSON or, for text, the text as it is."""
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if kind == "text/html":
            self.send_header(
                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
            )
        for name, value in (headers or {}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def start(*, state: Path | str = ":memory:", **options: Any) -> Iterator[DemoCrm]:
    """Run a demo CRM in a thread; yields it with `url` and `token`, and stops it at the end."""
    crm = DemoCrm(state=state, **options)
    thread = threading.Thread(target=crm.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield crm
    finally:
        crm.shutdown()
        crm.server_close()
        thread.join()
        crm.store.close()

"""Serve the demo CRM on the loopback interface, with a quota and with faults on request."""

import json
import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import account, api
from .page import render
from .store import ENGAGEMENTS, KINDS, Store

DEFAULT_TOKEN = "demo-token"
# Dated versions, and the numbered paths that they replaced.
AREAS = "objects|lists|properties|owners|associations|pipelines"
PATH = re.compile(
    rf"/crm/(?:v[34]/(?P<old>{AREAS})|(?P<new>{AREAS})/\d{{4}}-\d{{2}})(?:/(?P<rest>.*?))?/?"
)
DETAILS = re.compile(r"/account-info/(?:v3|\d{4}-\d{2})/details")
KIND = f"({'|'.join(KINDS)})"


FAULTS = {"status", "headers", "policy", "raw", "drop"}
MOST_FAULTS = 100_000


def fits(fault: dict[str, Any]) -> bool:
    """Whether the parts of a fault are of the kind that a reply can be made of."""
    headers, status = fault.get("headers", {}), fault.get("status", 200)
    return (
        isinstance(status, int)
        and 200 <= status <= 599
        and isinstance(headers, dict)
        and all("\n" not in f"{name}{value}" for name, value in headers.items())
        and all(isinstance(fault.get(name, ""), str) for name in ("raw", "policy"))
        and fault.get("drop", "before") in ("before", "after")
    )


def scopes_of(area: str, rest: str) -> list[str]:
    """Return the scopes, one of which it takes to read something; none where none is modelled."""
    kind, _, action = rest.partition("/")
    if area == "owners":
        return ["crm.objects.owners.read"]
    if area == "objects" and action.startswith(("batch/upsert", "batch/update", "batch/archive")):
        return []
    if kind == "emails":
        return ["sales-email-read"]
    if kind in ENGAGEMENTS:
        return ["crm.objects.contacts.read"]
    if kind not in KINDS:
        return []
    schemas = [f"crm.schemas.{kind}.read"] if area in ("properties", "pipelines") else []
    return [f"crm.objects.{kind}.read", *schemas]


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
        searches_per_second: int = 5,
        portal: int = 1,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.store, self.token, self.portal = Store(state), token, portal
        self.quota, self.window, self.latency_ms = requests_per_10s, window_seconds, latency_ms
        self.seen: deque[float] = deque()
        self.searches_per_second, self.searches = searches_per_second, deque[float]()
        self.lacking: set[str] = set()  # scopes that the token does not have
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

    def admit_search(self) -> bool:
        """Count one search against its own limit."""
        now = time.monotonic()
        with self.guard:
            while self.searches and self.searches[0] <= now - 1.0:
                self.searches.popleft()
            if len(self.searches) >= self.searches_per_second:
                return False
            self.searches.append(now)
            return True

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
        """Serve the page, the counters, or what the API reads."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/":
            return self.send(200, render(self.server.store, query), kind="text/html")
        if parts.path == "/_demo/stats":
            return self.send(200, dict(self.server.counts)) if self.is_let_in() else None
        return self.route(parts.path, query)

    def do_POST(self) -> None:
        """Serve what the API writes or searches, or take a fault."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            return self.send(400, api.error("Invalid input JSON"))
        if parts.path == "/_demo/faults":
            return self.take_faults(body)
        return self.route(parts.path, parse_qs(parts.query), body)

    do_PUT = do_DELETE = do_POST

    def route(self, path: str, query: dict[str, list[str]], body: Any = None) -> None:
        """Find the endpoint of a request and serve it."""
        if DETAILS.fullmatch(path):
            return self.serve_details()
        match = PATH.fullmatch(path)
        area = rest = ""
        if match is not None:
            area, rest = match["new"] or match["old"], match["rest"] or ""
        for verb, pattern, answer in ENDPOINTS.get(area, ()):
            found = re.fullmatch(pattern, rest)
            if verb == self.command and found:
                given = [unquote(part) for part in found.groups()]
                bound = partial(answer, self.server.store, query, body, *given)
                is_search = area == "objects" and rest.endswith("/search")
                scopes = scopes_of(area, rest)
                if scopes and self.server.lacking.issuperset(scopes):
                    bound = partial(api.missing_scopes, scopes)
                return self.serve(bound, body, is_search=is_search)
        return self.send(404, api.error("resource not found", "OBJECT_NOT_FOUND"))

    def take_faults(self, body: Any) -> None:
        """Spoil the next requests, for whoever has the token and asks in the right form."""
        if not self.is_let_in():
            return
        try:
            count, fault = int(body.pop("count", 1)), dict(body)
        except (AttributeError, TypeError, ValueError):
            return self.send(400, api.error("Give a JSON object with count and a fault"))
        if not 0 < count <= MOST_FAULTS or not set(fault) <= FAULTS or not fits(fault):
            return self.send(400, api.error(f"A fault is made of {sorted(FAULTS)}"))
        self.server.fail_next(count, **fault)
        self.send(200, {"faults": len(self.server.faults)})

    def is_let_in(self) -> bool:
        """Answer 401 unless the request carries the token."""
        if self.headers.get("Authorization") == f"Bearer {self.server.token}":
            return True
        message = "Authentication credentials not found. This API supports OAuth 2.0."
        self.send(401, api.error(message, "INVALID_AUTHENTICATION"))
        return False

    def serve_details(self) -> None:
        """Say whose account it is; faults are for what reads or writes records."""
        if self.is_let_in():
            self.send(*account.details(self.server.portal))

    def serve(self, answer: Any, body: Any = None, *, is_search: bool = False) -> None:
        """Answer an API call after its token, the quota and the injected faults were looked at."""
        crm = self.server
        crm.counts["requests"] += 1
        if not self.is_let_in():
            return None
        allowed, headers = crm.admit()
        if not allowed:
            return self.limited({"headers": headers})
        if is_search and not crm.admit_search():
            return self.limited({"headers": headers, "policy": "SECONDLY"})
        fault = crm.next_fault()
        if fault.get("status") == 429:
            return self.limited({"headers": headers | fault.get("headers", {})} | fault)
        if "status" in fault:
            reply = fault.get("raw") or api.error("internal error", "INTERNAL_ERROR")
            return self.send(fault["status"], reply, headers=fault.get("headers"))
        if fault.get("drop") == "before":
            return self.hang_up()
        time.sleep(crm.latency_ms / 1000)
        try:
            status, reply = answer()
        except (AttributeError, KeyError, TypeError, ValueError):
            status, reply = 400, api.error("Invalid input JSON")
        if self.command == "POST":
            crm.counts["batches"] += 1
        if self.command != "GET":
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
        if status == 204:
            content = b""
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


def write(store: Store, body: Any, kind: str, action: str) -> api.Reply:
    """Serve `batch/upsert` or `batch/update`."""
    if kind == "contacts":
        return api.write_batch(store, body, upsert=action == "upsert")
    return api.write_batch(store, body, upsert=action == "upsert", kind=kind)


# Method, path within the area, and what answers (store, query, body, *parts of the path).
ENDPOINTS: dict[str, list[tuple[str, str, Any]]] = {
    "objects": [
        ("POST", "contacts/gdpr-delete", lambda store, _, body: api.gdpr_delete(store, body)),
        (
            "POST",
            f"{KIND}/batch/(upsert|update)",
            lambda store, _, body, kind, action: write(store, body, kind, action),
        ),
        (
            "POST",
            f"{KIND}/batch/read",
            lambda store, query, body, kind: api.read_batch(
                store, body, kind=kind, archived=api.is_archived(query)
            ),
        ),
        (
            "POST",
            f"{KIND}/batch/archive",
            lambda store, _, body, kind: api.archive(
                store, [entry["id"] for entry in body["inputs"]], kind=kind
            ),
        ),
        ("POST", f"{KIND}/search", lambda store, _, body, kind: api.search(store, body, kind=kind)),
        ("POST", KIND, lambda store, _, body, kind: api.create(store, body, kind=kind)),
        ("GET", KIND, lambda store, query, _, kind: api.list_page(store, query, kind=kind)),
        (
            "GET",
            f"{KIND}/([^/]+)",
            lambda store, query, _, kind, record_id: api.get_one(
                store, record_id, query, kind=kind
            ),
        ),
        (
            "DELETE",
            f"{KIND}/([^/]+)",
            lambda store, _, __, kind, record_id: api.archive(store, [record_id], kind=kind),
        ),
    ],
    "lists": [
        (
            "GET",
            f"object-type-id/{account.CONTACT_TYPE}/name/([^/]+)",
            lambda store, _, __, name: account.get_list(store, "name", name),
        ),
        ("POST", "search", lambda store, _, body: account.search_lists(store, body)),
        ("POST", "", lambda store, _, body: account.create_list(store, body)),
        (
            "GET",
            r"(\d+)",
            lambda store, _, __, list_id: account.get_list(store, "list_id", list_id),
        ),
        (
            "GET",
            r"(\d+)/memberships",
            lambda store, query, _, list_id: account.members(store, list_id, query),
        ),
        (
            "PUT",
            r"(\d+)/memberships/(add|remove)",
            lambda store, _, body, list_id, verb: account.change_members(
                store, list_id, body, add=verb == "add"
            ),
        ),
    ],
    "properties": [
        ("GET", KIND, lambda store, _, __, kind: account.list_properties(store, kind)),
        ("POST", KIND, lambda store, _, body, kind: account.create_property(store, kind, body)),
        (
            "POST",
            f"{KIND}/groups",
            lambda store, _, body, kind: account.create_group(store, kind, body),
        ),
    ],
    "pipelines": [("GET", "deals", lambda *_: account.list_pipelines())],
    "owners": [("GET", "", lambda store, query, _: account.list_owners(store, query))],
    "associations": [
        (
            "POST",
            r"(\w+)/(\w+)/batch/read",
            lambda store, _, body, kind, to_kind: account.read_associations(
                store, kind, to_kind, body
            ),
        )
    ],
}


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

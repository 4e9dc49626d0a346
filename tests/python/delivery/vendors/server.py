"""The part that all fakes share: an HTTP server in a thread, counters, and faults on request."""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    """What came in; `body` is parsed JSON, or None when it is not JSON.

    `pairs` is the query with names that come more than once.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    pairs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw)
        except ValueError:
            return None


@dataclass
class Reply:
    """What goes out: JSON, or text as it is."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Vendor:
    """A fake vendor: subclasses keep state and write `answer`. Use as a context manager.

    `faults` holds replies (or the words "before" and "after": the connection is lost before or
    after the request is applied) for the next requests, oldest first. `requests` are all that
    came in. `writes` counts how often each record was written.
    """

    def __init__(self) -> None:
        self.faults: deque[Reply | str] = deque()
        self.requests: deque[Request] = deque(maxlen=5000)
        self.writes: Counter[str] = Counter()
        self.latency_seconds = 0.0
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """Apply one request to the state and return the reply; called one at a time."""
        raise NotImplementedError

    def fail_next(self, *faults: Reply | str) -> None:
        """Spoil the next requests."""
        with self.lock:
            self.faults.extend(faults)

    def __enter__(self) -> "Vendor":
        serve: Callable[[], None] = lambda: self.server.serve_forever(0.02)  # noqa: E731
        self.thread = threading.Thread(target=serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024

        def log_message(self, *_: Any) -> None:
            pass

        def serve(self) -> None:
            parts = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                raw=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                pairs=parse_qsl(parts.query),
            )
            if vendor.latency_seconds:
                time.sleep(vendor.latency_seconds)
            with vendor.lock:
                vendor.requests.append(request)
                fault = vendor.faults.popleft() if vendor.faults else None
                if fault == "before":
                    self.close_connection = True
                    return
                reply = fault if isinstance(fault, Reply) else vendor.answer(request)
            if fault == "after":
                self.close_connection = True
                return
            text = isinstance(reply.body, str)
            content = b"" if reply.body is None else (
                reply.body if isinstance(reply.body, bytes)
                else reply.body.encode() if text else json.dumps(reply.body).encode()
            )  # fmt: skip
            self.send_response(reply.status)
            if "Content-Type" not in reply.headers:
                self.send_header("Content-Type", "text/html" if text else "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    return Handler

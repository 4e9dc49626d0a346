"""Make HTTP calls within the quota, wait as long as the other side asks for, judge the answers."""

import email.utils
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from tenacity import RetryCallState, wait_exponential_jitter

from .destination import Destination, NoAnswer, Refused, Stop, Transient
from .errors import AuthError, SyncError, redact
from .limits import Quota

LONGEST_BACKOFF = 60.0
FIRST_ERROR = 400
# httpx writes whole addresses, secrets in them included, to its log.
logging.getLogger("httpx").setLevel(logging.WARNING)
REQUEST_IDS = ("x-request-id", "request-id")
PAUSE = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}

# What went wrong before anything was sent, and what to look at.
NO_CONNECTION = {
    socket.gaierror: "the name of the host is not known (DNS); check the address",
    ConnectionRefusedError: "the host refuses it; check the port, and that the service is up",
    ssl.SSLCertVerificationError: "the certificate of the host is not valid here",
}


class Transport:
    """One HTTP client and one gate for all workers; close it at the end.

    `requests` counts what went on the wire, `retries` what had to be sent again.
    """

    def __init__(self, destination: Destination, *, timeout_seconds: float = 30.0) -> None:
        self.destination, self.quota = destination, Quota(destination)
        self.seconds = timeout_seconds
        self.client = httpx.Client(
            base_url=destination.base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=10.0),
        )
        self.requests = self.retries = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.open_at = 0.0

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.stopping.set()
        self.client.close()
        self.quota.close()

    def pause(self, seconds: float) -> None:
        """Let nobody through the gate for this long."""
        with self.lock:
            self.open_at = max(self.open_at, time.monotonic() + seconds)

    def count_retry(self) -> None:
        """Count a request that has to be sent again."""
        with self.lock:
            self.retries += 1

    def sleep(self, seconds: float) -> None:
        """Wait, but not when the run is stopping."""
        if self.stopping.wait(seconds):
            raise Stop("stopped")

    def call(self, method: str, address: str, **arguments: Any) -> httpx.Response:
        """Make one request as soon as the gate and the quota let it; raises Transient or Stop.

        `arguments` are those of httpx: json, content, params, headers.
        """
        while (wait := self.open_at - time.monotonic()) > 0:
            self.sleep(wait)
        while not self.quota.allows():
            self.sleep(0.02)
        if self.stopping.is_set():
            raise Stop("stopped")
        with self.lock:
            self.requests += 1
        headers = {**self.destination.headers, **arguments.pop("headers", {})}
        try:
            answer = self.answer(method, address, headers=headers, **arguments)
        # Nothing was sent.
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise Transient(f"no connection{why_none(problem)}") from None
        except httpx.HTTPError as problem:  # its text can hold addresses: only name it
            raise NoAnswer(f"no answer ({type(problem).__name__})") from None
        is_clear = answer.status_code < 500 and answer.status_code != 408
        if is_clear or method == "GET" or self.destination.is_idempotent:
            return answer
        # A gateway that gave up does not know what became of the request behind it.
        raise NoAnswer(f"HTTP {answer.status_code}, which does not say whether it arrived")

    def answer(self, method: str, address: str, **arguments: Any) -> httpx.Response:
        """Make one request; raises NoAnswer when its answer drips in for too long.

        The timeout of httpx is that of one read; this one is that of all of them together.
        """
        until = time.monotonic() + self.seconds
        with self.client.stream(method, address, **arguments) as response:
            parts = []
            for part in response.iter_raw():
                parts.append(part)
                if time.monotonic() > until:
                    raise NoAnswer(f"no whole answer in {self.seconds:g} seconds")
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            content=b"".join(parts),
            request=response.request,
        )


def why_none(problem: BaseException | None) -> str:
    """Return why there is no connection, as far as the machine says so; empty when it does not."""
    while problem is not None:
        for kind, what in NO_CONNECTION.items():
            if isinstance(problem, kind):
                return f": {what}"
        if "CERTIFICATE_VERIFY_FAILED" in str(problem):
            return f": {NO_CONNECTION[ssl.SSLCertVerificationError]}"
        problem = problem.__cause__ or problem.__context__
    return ""


def patient(sync: Any, transport: Transport) -> Callable[..., httpx.Response]:
    """Return a `call` that tries again what failed, as often and as long as the sync says.

    How long the vendor wants to be left alone says the plug-in, which judges the answer.
    """

    def call(method: str, address: str, **arguments: Any) -> httpx.Response:
        for tries in range(1, sync.max_tries):
            try:
                response = transport.call(method, address, **arguments)
                if response.status_code >= FIRST_ERROR:
                    sync.destination.checked(response)
                elif problem := sync.destination.busy(response):
                    raise problem
                return response
            except Transient as problem:
                wait = max(problem.wait or 0.0, backoff(tries, sync.backoff_seconds))
            except (Refused, SyncError):  # the plug-in's own to judge
                return response
            transport.count_retry()
            transport.sleep(min(wait, sync.longest_wait_seconds))
        return transport.call(method, address, **arguments)

    return call


def backoff(tries: int, base_seconds: float) -> float:
    """Return an exponential pause with jitter after this many tries."""
    waits = wait_exponential_jitter(initial=base_seconds, max=LONGEST_BACKOFF, jitter=base_seconds)
    state = RetryCallState(None, None, (), {})
    state.attempt_number = tries
    return waits(state)


def retry_after(response: httpx.Response, *, otherwise: float | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for.

    A number, or a date in any of the three forms of HTTP; what is neither counts as not said.
    """
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return otherwise
    at = at if at.tzinfo else at.replace(tzinfo=UTC)  # asctime() names no zone: it is GMT
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer, None when it is something else (a proxy's HTML page)."""
    try:
        return response.json()
    except ValueError:
        return None


def request_id(response: httpx.Response, header: str = "") -> str:
    """Return the vendor's name of a request, for its support; empty when it gave none.

    `header` is where this vendor puts it, beside the usual places.
    """
    names = (*REQUEST_IDS, header)
    found = next((response.headers[name] for name in names if name in response.headers), "")
    return f" [request {found}]" if re.fullmatch(r"[\w.:-]{6,64}", found) else ""


def judge(
    response: httpx.Response,
    *,
    who: str,
    rights: str,
    reason: Callable[[Any], str] = lambda body: "",
    pause: float | None = None,
    request_header: str = "",
    silent: int = 0,
) -> Any:
    """Return the JSON body of a good answer; raise otherwise.

    An answer that says nothing (no content, `{}`) proves nothing: it is good, and comes back as it
    is, only with the status `silent`, for which the vendor's contract promises no more. Else it is
    NoAnswer.

    `rights` says in an AuthError what to check. `reason(body)` picks the readable part of an error
    body. `pause` is how long everybody waits after a 429 that does not say. `request_header` is
    where the vendor names a request. Raises AuthError for 401 and 403, Transient for what passes,
    Refused for what does not.
    """
    status, body = response.status_code, json_of(response)
    if 200 <= status < 300:
        says_nothing = body is None and not response.content
        if body not in (None, {}) or (status == silent and (body == {} or says_nothing)):
            return body
        raise NoAnswer(f"HTTP {status} with an answer that says nothing")
    try:
        text = reason(body) if body is not None else ""
    except (AttributeError, KeyError, IndexError, TypeError):
        text = ""
    what = redact(f"HTTP {status} {text}".strip()) + request_id(response, request_header)
    if status in (401, 403):
        raise AuthError(f"{who} does not accept the credentials ({what}). {rights}")
    if status in PAUSE or body is None:
        raise Transient(what, retry_after(response, otherwise=pause if status == 429 else None))
    raise Refused(what)

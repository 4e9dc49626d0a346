"""Make HTTP calls within the quota, and wait as long as the other side asks for."""

import email.utils
import random
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from pyrate_limiter import Limiter, Rate

from .destination import Destination, Stop, Transient

# A little under the quota: other clocks and other windows than ours.
SHARE_OF_QUOTA = 0.95
LONGEST_BACKOFF = 60.0


class Transport:
    """One HTTP client and one gate for all workers; close it at the end.

    `requests` counts what went on the wire, `retries` what had to be sent again.
    """

    def __init__(self, destination: Destination, *, timeout_seconds: float) -> None:
        limit, seconds = destination.quota
        rate = Rate(max(1, int(limit * SHARE_OF_QUOTA)), int(seconds * 1000))
        self.limiter = Limiter(rate)
        self.client = httpx.Client(
            base_url=destination.base_url,
            headers=destination.headers,
            timeout=httpx.Timeout(timeout_seconds, connect=10.0),
        )
        self.requests = self.retries = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.open_at = 0.0

    def close(self) -> None:
        """Close the connections."""
        self.stopping.set()
        self.client.close()
        self.limiter.close()

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

    def call(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """Make one request as soon as the gate and the quota let it; raises Transient or Stop."""
        while (wait := self.open_at - time.monotonic()) > 0:
            self.sleep(wait)
        while not self.limiter.try_acquire("requests", blocking=False):
            self.sleep(0.02)
        if self.stopping.is_set():
            raise Stop("stopped")
        with self.lock:
            self.requests += 1
        try:
            return self.client.request(method, path, json=json)
        except httpx.HTTPError as problem:  # its text can hold addresses: only name it
            raise Transient(f"no answer ({type(problem).__name__})") from None


def backoff(tries: int, base_seconds: float) -> float:
    """Return an exponential pause with jitter after this many tries."""
    return min(LONGEST_BACKOFF, base_seconds * 2 ** (tries - 1)) * random.uniform(0.5, 1.5)


def retry_after(response: httpx.Response, *, otherwise: float | None = None) -> float | None:
    """Return the seconds that a Retry-After header (a number or a date) asks for."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return otherwise
    return max(0.0, (at - datetime.now(UTC)).total_seconds())

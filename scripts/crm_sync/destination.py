"""What a destination plug-in provides, and the signals it gives to the delivery loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx

# Verbs: `upsert` creates or updates by key, `update` changes one known remote record, `clear`
# empties our own fields and must never create a record.
VERBS = ("clear", "update", "upsert")


@dataclass(frozen=True)
class Record:
    """One record to send: its key, the remote id when known, and values by property.

    `values` are what to send now; `whole` is everything we own, for a record to be created anew.
    """

    key: str
    remote_id: str | None
    values: dict[str, str]
    whole: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of one record; the reason is safe to store and print.

    `state` is `delivered`, `refused` (for good), or `open` when the destination did not say.
    """

    key: str
    state: str
    remote_id: str | None = None
    reason: str | None = None


class Transient(Exception):
    """Try the same request again; `wait` is the pause in seconds that everyone has to keep."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Refused(Exception):
    """The request was refused as a whole, because of one of its records."""


class Stop(Exception):
    """Nothing more can be sent in this run; what is open stays open for the next one."""


Call = Callable[..., httpx.Response]


class Destination(Protocol):
    """A destination: about one small file, registered in `DESTINATIONS`."""

    name: str
    account: str
    batch_size: int
    quota: tuple[int, float]
    headers: dict[str, str]
    base_url: str

    def check(self) -> None:
        """Raise ConfigError when something needed for sending is not set."""

    def encode(self, column: str, kind: str) -> str:
        """Return the SQL expression of a column as the text to send; null means nothing to send.

        `column` is a quoted column name, `kind` its DuckDB type.
        """

    def send(self, call: Call, verb: str, records: list[Record]) -> list[Outcome]:
        """Send one batch through `call(method, path, json=...)`; one outcome per record.

        Raises Transient, Refused or Stop, or a SyncError that ends the run.
        """

"""Let one process at a time write a sync's records in a ledger.

A ledger in a DuckDB file is held whole, as DuckDB does itself: a sync that must not wait for
others gets a `ledger:` of its own. In PostgreSQL each sync is held by a lease: a row with a token
that grows with every holder and an end that a thread keeps moving. The lease outlives a lost
connection; whoever dies loses it when it ends. The token is fencing: every write of a sync's rows
checks it inside its own transaction, so a holder that slept through the end of its lease writes
nothing, and a batch that cannot be written down is not sent.
"""

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import filelock

from .errors import ConfigError, LockedError

LEASE_SECONDS = 60.0
FENCED = ("sync_run", "delivered", "outbox", "attempt", "ack", "loose", "account", "source_state")
LOST = "the lease of this sync was lost"
LEASE = """
create schema if not exists reverse_etl;
create table if not exists reverse_etl.lease (
    sync varchar primary key, token bigint not null, holder varchar, ends_at timestamptz not null
);
"""
TAKE = """
insert into reverse_etl.lease as held values (%(sync)s, 1, %(holder)s, now() + %(length)s)
on conflict (sync) do update
set token = held.token + 1, holder = excluded.holder, ends_at = excluded.ends_at
where held.ends_at < now()
returning token
"""
FENCE = f"""
create or replace function reverse_etl.fence() returns trigger language plpgsql as $fence$
begin
    if coalesce(current_setting('audiences.token', true), '') <> '' then
        perform 1 from reverse_etl.lease
        where sync = current_setting('audiences.sync')
            and token = current_setting('audiences.token')::bigint
        for share;
        if not found then
            raise exception '{LOST}';
        end if;
    end if;
    return null;
end $fence$;
"""


NO_FILE = re.compile(r"\w[\w+.-]+://|(^|\s)(host|hostaddr|port|dbname|user|password|service)\s*=")


def is_postgres(address: str) -> bool:
    """Whether a ledger's address is that of a PostgreSQL database; raises ConfigError.

    What looks like the address of a database, and is none that is known here, never becomes the
    name of a file: it can hold a password.
    """
    if address.startswith(("postgresql://", "postgres://")):
        return True
    if NO_FILE.search(address):
        raise ConfigError(
            "The ledger is neither a DuckDB file nor an address that begins with postgresql://: "
            "write postgresql://user:password@host:5432/database into AUDIENCE_LEDGER."
        )
    return False


@contextmanager
def only_writer(address: str, sync: str) -> Iterator[str]:
    """Hold a sync in a ledger; yields the address to open it by, under this very lease.

    Raises LockedError that names who holds it.
    """
    if not is_postgres(address):
        with _file_lock(Path(address)):
            yield address
        return
    with Lease(address, sync) as lease:
        options = quote(f"-c audiences.token={lease.token} -c audiences.sync={_escaped(sync)}")
        yield f"{address}{'&' if '?' in address else '?'}options={options}"


def fence_sql() -> list[str]:
    """Return what makes PostgreSQL check the token with every write of a sync's rows."""
    return [
        FENCE,
        *(
            f"create or replace trigger fence after insert or update or delete on"
            f" reverse_etl.{table} for each statement execute function reverse_etl.fence()"
            for table in FENCED
        ),
    ]


def me() -> str:
    """Name this process for people."""
    return f"audiences process {os.getpid()} on {socket.gethostname()}"


def has_died(holder: str) -> bool:
    """Whether a holder was a process of this machine that is there no more.

    Of other machines nobody knows: their leases are waited for.
    """
    found = re.fullmatch(r"audiences process (\d+) on (.+)", holder)
    if not found or found[2] != socket.gethostname():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _refuse(holder: str, address: str) -> LockedError:
    return LockedError(f"{holder} is using {address}. Wait until it has ended, then try again.")


@contextmanager
def _file_lock(ledger: Path) -> Iterator[None]:
    ledger.parent.mkdir(parents=True, exist_ok=True)
    holder = ledger.with_name(ledger.name + ".holder")
    lock = filelock.FileLock(ledger.with_name(ledger.name + ".lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        name = "another process"
        with suppress(OSError):
            name = holder.read_text(encoding="utf-8") or name
        raise _refuse(name, str(ledger)) from None
    try:
        holder.write_text(me(), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


class Lease:
    """A sync's lease in PostgreSQL, renewed until it is given back."""

    def __init__(self, address: str, sync: str, *, seconds: float | None = None) -> None:
        self.address, self.sync = address, sync
        self.seconds = seconds or LEASE_SECONDS
        self.ended = threading.Event()
        self.token = 0

    def __enter__(self) -> "Lease":
        with self._connect() as connection:
            connection.execute("select pg_advisory_xact_lock(hashtext('reverse_etl.lease'))")
            connection.execute(LEASE)
            taken = connection.execute(TAKE, self._values()).fetchone()
            if taken is None:
                (holder,) = connection.execute(
                    "select holder from reverse_etl.lease where sync = %s", [self.sync]
                ).fetchone()
                if not has_died(holder):
                    raise _refuse(holder, f"{self.sync} in the ledger")
                connection.execute(
                    "update reverse_etl.lease set ends_at = '-infinity' where sync = %s",
                    [self.sync],
                )
                taken = connection.execute(TAKE, self._values()).fetchone()
            self.token = taken[0]
        self.thread = threading.Thread(target=self._renew, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        with suppress(ConfigError):  # who cannot say so loses it when it ends
            self._update("ends_at = '-infinity'")

    def _renew(self) -> None:
        while not self.ended.wait(self.seconds / 4):
            with suppress(ConfigError):  # the next time, over a new connection
                self._update("ends_at = now() + %(length)s")

    def _update(self, change: str) -> None:
        with self._connect() as connection:
            connection.execute(
                f"update reverse_etl.lease set {change} where sync = %(sync)s and"
                " token = %(token)s",
                self._values(),
            )

    def _values(self) -> dict[str, object]:
        from datetime import timedelta

        length = timedelta(seconds=self.seconds)
        return {"sync": self.sync, "token": self.token, "holder": me(), "length": length}

    @contextmanager
    def _connect(self) -> Iterator:
        import psycopg

        try:
            with psycopg.connect(
                self.address, connect_timeout=10, application_name=me()[:63]
            ) as connection:
                yield connection
        except psycopg.Error:  # its text names the address, which can hold a password
            raise ConfigError(
                "The ledger's PostgreSQL database cannot be reached; check AUDIENCE_LEDGER."
            ) from None

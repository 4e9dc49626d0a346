"""Plan, push, pull and look after the ledger: what the command line and other programs call."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from scripts.errors import PersonNeeded

from .account import check_account, known_account, pulled_from
from .config import Sync, readable_destinations
from .destination import Finding, Refused, Stop, Transient
from .diff import (
    Diff,
    Sample,
    attached_warehouse,
    columns_of,
    count_changes,
    find_difference,
    first_changes,
    kind_of,
    masked,
    operations_of,
    samples,
)
from .drift import Drift, find_drift, mark_again
from .errors import ConfigError, GuardError, LockedError, SyncError
from .existing import Existing, check_new, could_be_too_new, find_existing
from .forgetting import Forgotten, forget_in
from .freshness import check_source, check_validation, remember_source
from .guards import check_guard
from .ledger import Ledger, forgotten_beside, now
from .locks import is_postgres, only_writer
from .people import private_files
from .raw_files import Pages, set_aside
from .sending import Delivery, Progress, PushResult
from .transport import Transport, patient
from .wishes import fulfil, wish

SAMPLE = 20  # records that doctor reads back
COPIES = 20  # of a ledger that is written to, until one can be read


@dataclass
class Plan:
    """What a push would do, without sending anything; `guard` says why a push would stop.

    `existing` says which records to add are there already, None when the destination was not asked;
    `not_asked` says why.
    """

    sync: str
    destination: str
    diff: Diff
    samples: list[Sample]
    guard: str | None
    is_first: bool
    account: str | None = None
    existing: Existing | None = None
    not_asked: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to push."""
        return self.diff.total == 0


@dataclass
class Status:
    """What the ledger knows: delivered, open, dead and held records, and the last runs.

    `owed_count` are people who must not be contacted and whose remove was refused.
    """

    sync: str
    destination: str
    account: str | None = None
    delivered: int = 0
    open: int = 0
    dead_count: int = 0
    held_count: int = 0
    owed_count: int = 0
    suppressed: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def open_ledger(sync: Sync, *, create: bool = True) -> Iterator[Ledger]:
    """Yield the ledger, the sync held for this process; one in memory when none is to be made."""
    exists = create or is_postgres(sync.ledger) or Path(sync.ledger).exists()
    holding = only_writer(sync.ledger, sync.ledger_name) if exists else nullcontext()
    forgotten = list_of_forgotten(sync, create=create)
    with (
        private_files(),
        holding as address,
        Ledger(address, sync.ledger_name, forgotten=forgotten) as ledger,
    ):
        ledger.fold()
        if not sync.destination.is_idempotent:
            ledger.hold_unknown()
        fulfil(ledger)
        yield ledger
        fulfil(ledger)


@contextmanager
def look_into_ledger(sync: Sync) -> Iterator[Ledger]:
    """Yield the ledger for looking, beside a push too: nothing done to it is kept.

    PostgreSQL shows it as it is. A DuckDB file that is held is read from a copy of this moment.
    """
    forgotten = list_of_forgotten(sync)
    with private_files(), ExitStack() as stack:
        address = sync.ledger
        if not is_postgres(address):
            try:
                held = stack.enter_context(open_ledger(sync, create=False))
            except LockedError:
                address = str(stack.enter_context(copy_of(Path(address))))
            else:
                yield held
                return
        yield stack.enter_context(Ledger(address, sync.ledger_name, forgotten=forgotten))


@contextmanager
def copy_of(ledger: Path) -> Iterator[Path]:
    """Yield a copy of a ledger that another process writes to; raises LockedError.

    A copy that was taken while DuckDB moved its log into the file cannot be opened: then again.
    """
    with tempfile.TemporaryDirectory(prefix="audiences-") as folder:
        copy = Path(folder) / ledger.name
        for _ in range(COPIES):
            for suffix in ("", ".wal"):
                source = ledger.with_name(ledger.name + suffix)
                target = copy.with_name(copy.name + suffix)
                target.unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    shutil.copyfile(source, target)
            try:
                duckdb.connect(str(copy)).close()
            except duckdb.Error:
                time.sleep(0.1)
                continue
            yield copy
            return
    raise LockedError(f"{ledger} is being written to. Try again in a moment.")


def list_of_forgotten(sync: Sync, *, create: bool = False) -> Path | None:
    """Return the list that holds without a ledger too, None where there is neither."""
    path = sync.forgotten or forgotten_beside(sync.ledger)
    exists = create or path.exists() or is_postgres(sync.ledger) or Path(sync.ledger).exists()
    return path if exists else None


def plan(sync: Sync, *, sample: int = 3, account: str | None = None) -> Plan:
    """Return what a push would send now; `sample` changes of each operation are shown.

    Changes nothing, there and here: it asks whose the token is, where there is one. `account` is
    that of `push`. Raises ConfigError or LockedError.
    """
    with look_into_ledger(sync) as ledger:
        known = known_account(ledger)
        stop = not_asked = existing = None
        try:
            if sync.destination.has_secrets:  # without them it plans all the same
                sync.destination.check()
                check_account(ledger, sync, account, only_look=True)
        except (GuardError, Stop) as problem:
            stop = str(problem)
        diff, difference = compare(ledger, sync)
        if diff.counts["add"] and not sync.destination.can_match:
            not_asked = sync.destination.unasked or None
        elif diff.counts["add"] and not stop:
            try:
                existing = look(sync, ledger, difference, diff)
            except (SyncError, Transient, Refused, Stop) as problem:
                not_asked = str(problem)
        try:
            check_source(ledger, sync, diff, allow_older=False)
            check_guard(sync, ledger, diff)
            check_validation(sync, diff)
            if existing:
                check_new(sync, diff, existing)
        except GuardError as problem:
            stop = stop or str(problem)
        shown = samples(ledger, sync, difference, sample)
        return Plan(
            sync.name,
            sync.label,
            diff,
            shown,
            stop,
            is_first(ledger),
            account or known,
            existing,
            not_asked,
        )


def push(
    sync: Sync,
    *,
    first_run: bool = False,
    only: int | None = None,
    skip_validation: bool = False,
    allow_older: bool = False,
    account: str | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> PushResult:
    """Send what changed; safe to run again at any moment, also after a crash.

    `first_run` says that nothing being known of this destination is as it should be. `only` sends
    no more than so many records. `account` says that another account than before is meant: what
    went to it earlier, if anything, is what it is compared with. `full` sends every record whole,
    as one does when others have written over them. `progress(done, total)` is called
    as answers come in. Raises a SyncError for what a person has to decide: ConfigError, GuardError,
    LockedError or AuthError.
    """
    started = time.monotonic()
    sync.destination.check()
    with open_ledger(sync) as ledger:
        if account:
            check_account(ledger, sync, account)
        diff, difference = compare(ledger, sync)
        if not skip_validation:
            check_validation(sync, diff)
        check_source(ledger, sync, diff, allow_older=allow_older)
        check_guard(sync, ledger, diff)
        if diff.total or full:
            try:
                check_account(ledger, sync, account)
            except Stop as problem:
                return PushResult(
                    sync.name, sync.label, diff, open=diff.total, stopped=str(problem)
                )
        if could_be_too_new(sync, diff):
            check_new(sync, diff, look(sync, ledger, difference, diff))
        if diff.total and is_first(ledger) and not first_run:
            raise GuardError(
                f"{sync.label} was never pushed to: {diff.total:,} records would go out. Look at "
                f"`plan {sync.name}`, try a few with `push {sync.name} --first-run --limit 10`, "
                "then push with --first-run. If it was pushed to before, its ledger is missing."
            )
        if full:  # after the guards: they have looked at what really changed
            mark_again(ledger, sync, None)
            diff, difference = compare(ledger, sync)
        if only is not None:
            difference = first_changes(difference, only)
            diff.counts = operations_of(ledger, difference)
        remember_source(ledger, diff)
        result = PushResult(sync.name, sync.label, diff)
        target = sync.destination
        ledger.fill_outbox(difference, target.membership_fields, target.places)
        if diff.total:
            Delivery(sync, ledger, difference, result, progress).run()
    result.seconds = time.monotonic() - started
    return result


def compare(ledger: Ledger, sync: Sync) -> tuple[Diff, duckdb.DuckDBPyRelation]:
    """Return what a push would do, as numbers and record by record."""
    difference, source = find_difference(ledger, sync)
    return count_changes(ledger, sync, difference, source), difference


def look(sync: Sync, ledger: Ledger, difference: duckdb.DuckDBPyRelation, diff: Diff) -> Existing:
    """Ask the destination which records to add are there already; raises a SyncError."""
    sync.destination.check()
    with Transport(sync.destination, timeout_seconds=sync.timeout_seconds) as transport:
        try:
            return find_existing(patient(sync, transport), ledger, sync, difference, diff)
        except (Transient, Refused, Stop) as problem:
            raise SyncError(
                f"{sync.destination.name} could not be asked what it holds ({problem}). Nothing "
                "was sent."
            ) from None


def is_first(ledger: Ledger) -> bool:
    """Whether nothing was ever sent by this sync."""
    return not ledger.value("select count(*) from {t}.sync_run where sync = {sync}")


def status(sync: Sync, *, runs: int = 5, waiting: int = 20) -> Status:
    """Return the state of the ledger; an empty one when nothing was pushed yet."""
    found = Status(sync.name, sync.label)
    with look_into_ledger(sync) as ledger:
        found.account = known_account(ledger)
        count = "select count(*) from {t}.outbox where sync = {sync} and state = "
        found.delivered = ledger.value("select count(*) from {t}.delivered where sync = {sync}")
        found.open = ledger.value(
            "select count(*) from (select record_key from {unknown} union"
            " select record_key from {t}.outbox where sync = {sync} and state = 'pending')"
        )
        found.dead_count, found.held_count, found.owed_count = (
            ledger.value(f"{count}'{state}'") for state in ("dead", "held", "owed")
        )
        found.suppressed = ledger.value("select count(*) from {t}.suppression")
        found.waiting = dead_list(ledger, waiting)
        found.runs = ledger.rows(
            "select * exclude (sync) from {t}.sync_run where sync = {sync}"
            " order by run_id desc limit ?",
            [runs],
        )
    return found


def dead_list(ledger: Ledger, count: int) -> list[dict[str, Any]]:
    """Return refused and held records, newest first, keys masked; `id` names one to `dead`."""
    rows = ledger.rows(
        """
        select
            substr(md5(record_key), 1, 8) as id, record_key, operation, state, reason, updated_at
        from {t}.outbox
        where sync = {sync} and state in ('dead', 'held', 'owed')
        order by updated_at desc, record_key
        limit ?
        """,
        [count],
    )
    for row in rows:
        row["record"] = masked(row.pop("record_key"))
    return rows


def dead(sync: Sync, action: str, ids: list[str], *, count: int = 1000) -> list[dict[str, Any]]:
    """List, retry or drop refused and held records; returns those that were meant.

    `ids` are those of the list; none means all. What is retried goes out with the next push; what
    is dropped waits, unlisted, until its payload changes. Beside a push too: a DuckDB ledger that
    is held takes the wish up when the push ends.
    """
    with look_into_ledger(sync) as ledger:
        rows = [
            record
            for record in dead_list(ledger, 10_000_000 if ids else count)
            if not ids or record["id"] in ids
        ]
        missing = sorted(set(ids) - {row["id"] for row in rows})
        if missing:
            raise ConfigError(f"{sync.name} has no dead or held record {missing}; see `dead list`.")
        if action == "list" or not rows:
            return rows
        rows = [row for row in rows if row["state"] != "owed"]  # these go out again by themselves
        meant = [record["id"] for record in rows]
        if ledger.address == sync.ledger:
            ledger.settle_dead(action, meant)
        else:  # a copy
            wish(sync.ledger, {"sync": sync.ledger_name, "action": action, "ids": meant})
        return rows


def doctor(sync: Sync, *, create: bool = False, probe: bool = False) -> Iterator[Finding]:
    """Yield what is fine and what is not: settings, token, rights, remote fields, a sample.

    Changes nothing, unless fields may be made (`create`). Where only a post shows that the
    destination takes it, that is made only with `probe`, and announced before. Raises ConfigError
    or AuthError when nothing can be looked at.
    """
    destination = sync.destination
    destination.check()
    destination.may_probe = probe
    yield Finding("settings and secrets", True, sync.label)
    if probe and destination.probe:
        yield Finding("probe", True, f"posts {destination.probe}")
    kinds: dict[str, str] = {}
    try:
        with Ledger(None, sync.ledger_name) as ledger, attached_warehouse(ledger, sync):
            kinds = columns_of(ledger, sync.source)
        lacking = sorted({*sync.key, *sync.fields} - set(kinds))
        detail = f"{sync.source} has no column {lacking}" if lacking else sync.source
        yield Finding("source", not lacking, detail)
    except PersonNeeded as problem:
        yield Finding("source", False, str(problem))
    fields = {field.to: kind_of(kinds.get(column, "")) for column, field in sync.fields.items()}
    with Transport(destination, timeout_seconds=sync.timeout_seconds) as transport:
        try:
            yield account_finding(sync, destination.whose(transport.call))
            yield from destination.doctor(transport.call, fields, create=create)
            if destination.can_read and kinds:
                yield drift_finding(sync)
        except (Transient, Refused, Stop) as problem:
            yield Finding("connection", False, str(problem))


def drift_finding(sync: Sync) -> Finding:
    """Say whether a sample of what was delivered is still there as it was delivered."""
    try:
        found = verify(sync, sample=SAMPLE)
    except PersonNeeded as problem:
        return Finding("drift", False, str(problem))
    what = ", ".join(f"{name} ({count})" for name, count in sorted(found.fields.items()))
    detail = f"{found.changed} of {found.looked_at} read back differ: {what}" if what else ""
    if found.gone:
        detail += f"{'; ' if detail else ''}{found.gone} of {found.looked_at} are gone"
    detail = detail or f"{found.looked_at} records read back are as delivered"
    advice = "" if found.is_none else f". `audiences verify {sync.name}` reads all of them"
    return Finding("drift", found.is_none, detail + advice)


def account_finding(sync: Sync, found: str) -> Finding:
    """Say whose the token is, and whether that is who was pushed to before."""
    with look_into_ledger(sync) as ledger:
        known = known_account(ledger)
    detail = found if known in (None, found) else f"{found}; what was delivered went to {known}"
    return Finding("account", known in (None, found), detail)


def forget(sync: Sync, given: str, *, raw_path: Path | None = None) -> Forgotten:
    """Erase a person, by address, profile id, record key or remote id, wherever we put them.

    That is the destination (also what was sent without an answer, and what the sync sent under an
    earlier name), the ledger with all that waits in it, an export in Parquet, and, with `raw_path`,
    what was pulled. Keyed hashes of every name stay, so that no later push sends the person again,
    however a source names them. Where the destination has no way to erase, our fields or
    memberships are taken back. When it does not answer, the ledger keeps what is needed to try
    again, and `problem` says so.
    """
    sync.destination.check()
    with open_ledger(sync) as ledger:
        return forget_in(ledger, sync, given, raw_path)


def verify(sync: Sync, *, sample: int | None = None) -> Drift:
    """Read delivered records back, `sample` of them or all, and return what changed there."""
    sync.destination.check()
    with look_into_ledger(sync) as ledger:
        check_account(ledger, sync, only_look=True)
        return find_drift(ledger, sync, sample=sample)


def resend(sync: Sync, records: list[str]) -> int:
    """Have records go out whole with the next push; returns how many, raises ConfigError."""
    with open_ledger(sync, create=False) as ledger:
        count = mark_again(ledger, sync, records)
    if not count:
        raise ConfigError(f"{sync.name} has delivered no such record; see `verify`, `status`.")
    return count


def prune(sync: Sync, *, days: int) -> dict[str, int]:
    """Delete answers, runs and dropped records older than so many days; returns rows per table.

    Nothing that a later push needs: what was delivered, refused or is open stays.
    """
    before = now() - timedelta(days=days)
    conditions = {
        "ack": "acked_at < ? and (batch_id, record_key) not in"
        " (select (batch_id, record_key) from {t}.attempt where sync = {sync})",
        "sync_run": "started_at < ? and run_id <"
        " (select max(run_id) from {t}.sync_run where sync = {sync})",
        "outbox": "updated_at < ? and state = 'dropped'",
    }
    with open_ledger(sync, create=False) as ledger:
        ledger.keep_departed(conditions["outbox"], [before])
        found = {}
        for table, condition in conditions.items():
            where = f"sync = {{sync}} and {condition}"
            found[table] = ledger.value(
                f"select count(*) from {{t}}.{table} where {where}", [before]
            )
            ledger.run(f"delete from {{t}}.{table} where {where}", [before])
        return found


@dataclass
class Pulled:
    """Rows per table that a pull wrote, how far it got, and what it left out with the reason."""

    destination: str
    rows: dict[str, int] = field(default_factory=dict)
    watermarks: dict[str, datetime] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def pullable(syncs: list[Sync]) -> list[Sync]:
    """Those of the syncs whose destination can be read, one per account; raises ConfigError."""
    by_account = {
        (sync.destination.name, sync.destination.account): sync for sync in reversed(syncs)
    }
    able = [sync for sync in reversed(by_account.values()) if sync.destination.can_pull]
    if not able:
        asked = ", ".join(dict.fromkeys(sync.destination.name for sync in syncs))
        raise ConfigError(
            f"Nothing can be pulled from {asked}; {' and '.join(readable_destinations())} can be "
            "read. Add a sync to one of them in sync.yml."
        )
    return able


def pull(
    sync: Sync,
    *,
    raw_path: Path,
    full: bool = False,
    account: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Pulled:
    """Read what changed at the destination since the last pull into the raw files of dbt.

    What was read from another account is set aside, where dbt does not read it; `account` is that
    of `push`.
    `full` reads everything again. The watermark of a table moves only when its rows are in a file;
    a pull that was interrupted goes on after the last complete page.
    """
    destination = sync.destination
    destination.check()
    destination.left_out = {}
    result = Pulled(sync.label)
    with (
        private_files(),
        only_writer(sync.ledger, sync.ledger_name) as address,
        Ledger(address, sync.ledger_name, forgotten=list_of_forgotten(sync, create=True)) as ledger,
        Transport(destination, timeout_seconds=sync.timeout_seconds) as transport,
    ):
        check_account(ledger, sync, account)
        name = pulled_from(ledger, sync)
        since = ledger.value("select min(pulled_until) from {t}.watermark where source = ?", [name])
        folder = raw_path / (destination.raw_folder or destination.name)
        set_aside(ledger, folder, name)
        start = None if full else since
        pages = Pages(folder / ".pull", {"source": name, "since": str(start)}, destination)
        read: Counter[str] = Counter()
        for table, found, watermark in with_patience(sync, transport, start):
            result.watermarks[table] = max(watermark, result.watermarks.get(table, watermark))
            pages.add(table, found)
            pages.keep()
            read[table] += len(found)
            if tell and found:
                tell(f"{table}: {read[table]:,} rows")
        result.left_out = dict(destination.left_out)
        for table in pages.names:
            result.rows[table] = pages.write(
                ledger, name, table, folder / table, at=now(), full=full
            )
        if result.watermarks:
            ledger.run("delete from {t}.watermark where source = ?", [name])
            for table, watermark in result.watermarks.items():
                ledger.run(
                    "insert into {t}.watermark values (?, ?, ?, ?)",
                    [name, table, watermark, now()],
                )
        pages.clear()
    return result


def with_patience(
    sync: Sync, transport: Transport, since: datetime | None
) -> Iterator[tuple[str, list[dict[str, Any]], datetime]]:
    """Yield what the destination's pull yields; a failed request inside is tried again."""
    try:
        yield from sync.destination.pull(patient(sync, transport), since)
    except (Transient, Refused, Stop) as problem:
        raise SyncError(
            f"{sync.destination.name} could not be read to the end ({problem}). The next "
            "pull goes on from there."
        ) from None


def as_json(value: Any) -> Any:
    """Return a result of this module as plain data for JSON."""
    if isinstance(value, list):
        return [as_json(entry) for entry in value]
    return asdict(value) if is_dataclass(value) else value

"""Plan, push and report: the functions that the command line and other programs call."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from .config import Settings
from .delivery import Delivery, Progress, PushResult
from .diff import Diff, Sample, compare, samples
from .errors import GuardError, mask
from .ledger import Ledger, only_pusher


@dataclass
class Plan:
    """What a push would do, without sending anything; `guard` says why a push would stop."""

    destination: str
    diff: Diff
    samples: list[Sample]
    guard: str | None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to push."""
        return self.diff.total == 0


@dataclass
class Status:
    """What the ledger knows: delivered, open and dead records, and the last runs."""

    destination: str
    delivered: int = 0
    open: int = 0
    dead: list[dict[str, Any]] = field(default_factory=list)
    dead_count: int = 0
    runs: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def open_ledger(settings: Settings, *, create: bool = True) -> Iterator[Ledger]:
    """Yield the ledger, held for this process; an empty one in memory when it is not to be made."""
    exists = create or settings.ledger.exists()
    with (
        only_pusher(settings.ledger) if exists else nullcontext(),
        Ledger(settings.ledger if exists else None, settings.sync, settings.properties) as ledger,
    ):
        ledger.fold()
        yield ledger


def plan(settings: Settings, *, sample: int = 3) -> Plan:
    """Return what a push would send now; `sample` changes of each operation are shown.

    Sends nothing. Raises ConfigError or LockedError.
    """
    with open_ledger(settings, create=False) as ledger:
        diff = compare(ledger, settings)
        stop = None
        try:
            check_guard(settings, diff)
            check_validation(settings)
        except GuardError as problem:
            stop = str(problem)
        return Plan(settings.sync, diff, samples(ledger, sample), stop)


def push(
    settings: Settings,
    *,
    skip_validation: bool = False,
    retry_dead: bool = False,
    progress: Progress | None = None,
) -> PushResult:
    """Send what changed; safe to run again at any moment, also after a crash.

    `retry_dead` sends refused records once more although their payload did not change.
    `progress(done, total)` is called as answers come in. Raises a SyncError for what a person has
    to decide: ConfigError, GuardError, LockedError or AuthError.
    """
    started = time.monotonic()
    settings.destination.check()
    if not skip_validation:
        check_validation(settings)
    with open_ledger(settings) as ledger:
        if retry_dead:
            ledger.run("delete from {s}.dead")
        diff = compare(ledger, settings)
        check_guard(settings, diff)
        result = PushResult(settings.sync, diff)
        if diff.total:
            Delivery(settings, ledger, result, progress).run()
    result.seconds = time.monotonic() - started
    return result


def status(settings: Settings, *, runs: int = 5, dead: int = 20) -> Status:
    """Return the state of the ledger; an empty one when nothing was pushed yet."""
    found = Status(settings.sync)
    with open_ledger(settings, create=False) as ledger:
        found.delivered = ledger.one("select count(*) from {s}.delivered")
        found.open = ledger.one("select count(*) from unknown")
        found.dead_count = ledger.one("select count(*) from {s}.dead")
        found.dead = ledger.rows(
            "select record_key, operation, reason, refused_at from {s}.dead"
            " order by refused_at desc, record_key limit ?",
            [dead],
        )
        for one in found.dead:
            one["address"] = mask(one.pop("record_key"))
        found.runs = ledger.rows("select * from {s}.runs order by run_id desc limit ?", [runs])
    return found


def check_validation(settings: Settings) -> None:
    """Raise GuardError when the validation of what leaves has failed."""
    path = settings.warehouse.with_name("validation.json")
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        failed = found.get("critical_failures") or []
        ok = found["success"] is True
    except (ValueError, KeyError, AttributeError, OSError):
        ok, failed = False, ["the file cannot be read"]
    if not ok:
        names = ", ".join(str(one) for one in failed[:5]) or "no reason given"
        raise GuardError(
            f"The validation of the outputs failed ({path}: {names}). Repair the data and run "
            "`python -m scripts.validate` again, or push all the same with --skip-validation."
        )


def check_guard(settings: Settings, diff: Diff) -> None:
    """Raise GuardError when the source looks broken rather than changed."""
    removes, limit = diff.counts["remove"], settings.max_remove_share
    if not removes or removes <= limit * diff.known:
        return
    what = (
        f"{settings.source} is empty"
        if not diff.source_rows
        else f"{settings.source} has lost many people"
    )
    raise GuardError(
        f"{what}: {removes:,} of {diff.known:,} delivered records ({removes / diff.known:.0%}) "
        f"would be cleared, more than the {limit:.0%} allowed. Nothing was sent. Look at the last "
        "build; if the people have really left, push with --max-remove-share "
        f"{min(1.0, removes / diff.known + 0.005):.2f}."
    )

"""Tell whether a source is the newest there is, and the one that was checked.

Two things say which build a table is of: its `as_of`, and a fingerprint of its rows. The validation
writes both down, and so does each push.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from .config import Sync
from .diff import Diff
from .errors import GuardError
from .ledger import Ledger, now


def check_source(ledger: Ledger, sync: Sync, diff: Diff, *, allow_older: bool) -> None:
    """Raise GuardError when the source is older than what was pushed, or than `max_age_hours`."""
    at, last, longest = naive(diff.as_of), last_pushed(ledger), sync.max_age_hours
    if allow_older:
        return
    if at is None:
        needed = longest is not None or last is not None
        if needed and diff.source_rows:  # an empty one is for another guard
            raise GuardError(
                f"{sync.source} does not say as of when it is, so nobody knows how old it is "
                "(max_age_hours, the last push). Nothing was sent. Give it the column "
                "as_of, or push it all the same with --allow-older."
            )
        return
    if last is not None and at < last:
        raise GuardError(
            f"{sync.source} is as of {at:%Y-%m-%d %H:%M} UTC, and what was pushed last was as of "
            f"{last:%Y-%m-%d %H:%M}. Nothing was sent. An older warehouse would undo what is "
            "newer: build again, or push it all the same with --allow-older."
        )
    if longest is not None and now() - at > timedelta(hours=longest):
        raise GuardError(
            f"{sync.source} is as of {at:%Y-%m-%d %H:%M} UTC, more than {longest:g} hours ago "
            "(max_age_hours). Nothing was sent. Build again, or push it all the same with "
            "--allow-older."
        )


def last_pushed(ledger: Ledger) -> datetime | None:
    """Return as of when the source was that was pushed last."""
    return ledger.value("select as_of from {t}.source_state where sync = {sync}")


def remember_source(ledger: Ledger, diff: Diff) -> None:
    """Write down which build is pushed from here on; an empty one says nothing of its instant."""
    at = naive(diff.as_of) if diff.source_rows else last_pushed(ledger)
    with ledger.transaction():
        ledger.run("delete from {t}.source_state where sync = {sync}")
        ledger.run(
            "insert into {t}.source_state values ({sync}, ?, ?, ?)",
            [at, diff.build, now()],
        )


def naive(instant: datetime | None) -> datetime | None:
    """Return an instant in UTC without its zone."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant and instant.tzinfo else instant


def check_validation(sync: Sync, diff: Diff) -> None:
    """Raise GuardError unless the validation passed on these very rows."""
    path = sync.warehouse.with_name("validation.json")
    if not path.exists():
        if sync.require_validation:
            raise stop(f"There is no {path}, so nobody has checked what leaves")
        return
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        failed = found.get("critical_failures") or []
        ok, builds = found["success"] is True, dict(found.get("builds") or {})
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise stop(f"{path} cannot be read") from None
    if not ok:
        names = ", ".join(str(name) for name in failed[:5]) or "no reason given"
        raise stop(f"The validation of the outputs failed ({path}: {names})")
    for table, build in ({sync.source: diff.build} | diff.bars).items():
        if builds.get(table, build) != build:
            raise stop(f"{table} has changed since it was checked ({path})")
    if sync.source not in builds and sync.require_validation and not is_same_instant(found, diff):
        raise stop(f"{path} says nothing about this build of {sync.source}")


def is_same_instant(found: dict[str, Any], diff: Diff) -> bool:
    """Whether a source that the validation does not look at is of the instant that it checked."""
    try:
        checked = datetime.fromisoformat(found["as_of"])
    except (KeyError, TypeError, ValueError):
        return False
    return naive(checked) == naive(diff.as_of)


def stop(what: str) -> GuardError:
    """Return the error with what to do."""
    return GuardError(
        f"{what}. Nothing was sent. Repair the data and run `audiences validate` again, or push "
        "all the same with --skip-validation."
    )

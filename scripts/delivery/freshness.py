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
    at = naive(diff.as_of)
    last = ledger.value("select as_of from {t}.source_state where sync = {sync}")
    if at is None or allow_older:
        return
    if last is not None and at < last:
        raise GuardError(
            f"{sync.source} is as of {at:%Y-%m-%d %H:%M} UTC, and what was pushed last was as of "
            f"{last:%Y-%m-%d %H:%M}. Nothing was sent. An older warehouse would undo what is "
            "newer: build again, or push it all the same with --allow-older."
        )
    longest = sync.max_age_hours
    if longest is not None and now() - at > timedelta(hours=longest):
        raise GuardError(
            f"{sync.source} is as of {at:%Y-%m-%d %H:%M} UTC, more than {longest:g} hours ago "
            "(max_age_hours). Nothing was sent. Build again, or push it all the same with "
            "--allow-older."
        )


def remember_source(ledger: Ledger, diff: Diff) -> None:
    """Write down which build is pushed from here on."""
    with ledger.transaction():
        ledger.run("delete from {t}.source_state where sync = {sync}")
        ledger.run(
            "insert into {t}.source_state values ({sync}, ?, ?, ?)",
            [naive(diff.as_of), diff.build, now()],
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
        ok, built = found["success"] is True, (found.get("builds") or {}).get(sync.source)
    except (ValueError, KeyError, AttributeError, OSError):
        raise stop(f"{path} cannot be read") from None
    if not ok:
        names = ", ".join(str(name) for name in failed[:5]) or "no reason given"
        raise stop(f"The validation of the outputs failed ({path}: {names})")
    if built is not None and built != diff.build:
        raise stop(f"{sync.source} has changed since it was checked ({path})")
    if built is None and sync.require_validation and not is_same_instant(found, diff):
        raise stop(f"{path} says nothing about this build of {sync.source}")


def is_same_instant(found: dict[str, Any], diff: Diff) -> bool:
    """Whether a source that the validation does not look at is of the instant that it checked."""
    try:
        checked = datetime.fromisoformat(found["as_of"])
    except (KeyError, TypeError, ValueError):
        return False
    return diff.as_of is None or naive(checked) == naive(diff.as_of)


def stop(what: str) -> GuardError:
    """Return the error with what to do."""
    return GuardError(
        f"{what}. Nothing was sent. Repair the data and run `audiences validate` again, or push "
        "all the same with --skip-validation."
    )

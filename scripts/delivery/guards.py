"""Stop a push whose source looks broken rather than changed, before its first request."""

from collections.abc import Iterator
from datetime import timedelta

from .config import Sync
from .diff import Diff
from .errors import GuardError
from .ledger import Ledger, now

FEWEST = 50  # of fewer records than this all may change, or lose a value, at once
LOOKS_BACK = timedelta(days=7)


def check_guard(sync: Sync, ledger: Ledger, diff: Diff) -> None:
    """Raise GuardError when the source looks broken.

    Who must not be reached any more is removed whatever the number; not so who is barred only
    because a column names somebody else (who looks after them) whom nothing may reach.
    """
    for problem in problems(sync, ledger, diff):
        raise GuardError(f"{problem} Nothing was sent. Look at the last build.")


def problems(sync: Sync, ledger: Ledger, diff: Diff) -> Iterator[str]:
    """Yield what looks broken, each in a sentence that says how to go on all the same."""
    known, removes = diff.known, diff.counts["remove"] - diff.suppressed_removes
    if diff.source_rows and diff.consents == 0:
        yield (
            f"Of all {diff.source_rows:,} rows of {sync.source} none says whether the person "
            "consented: nobody would be reached, and whoever was would be removed. Repair the "
            "column, or let one row say no if nobody agreed."
        )
    if removes > sync.max_remove_share * known:
        what = "has lost many records" if diff.source_rows else "is empty"
        if diff.mentioning:
            what = (
                f"mentions, beside the person, somebody whom nothing may reach in "
                f"{diff.mentioning:,} records"
            )
        yield (
            f"{sync.source} {what}: {share_of(removes, known)} would be removed, more than the "
            f"{sync.max_remove_share:.0%} allowed; if they have really left, push with "
            f"{at_least('--max-remove-share', removes / known)}."
        )
    high = seven_day_high(sync, ledger, known)
    lost = high - (known - removes + diff.counts["add"])
    if removes > 0 and lost > sync.max_remove_share * high:
        yield (
            f"{sync.source} shrinks: with this push {share_of(lost, high)} of seven days ago would "
            f"be gone, more than the {sync.max_remove_share:.0%} allowed; if they have really "
            f"left, push with {at_least('--max-remove-share', lost / high)}."
        )
    for name, count in diff.blanked.items():
        if known >= FEWEST and count > sync.max_blank_share * known:
            yield (
                f"{sync.source} has lost values: {name} would be emptied in "
                f"{share_of(count, known)}, more than the {sync.max_blank_share:.0%} allowed; if "
                f"that is right, push with {at_least('--max-blank-share', count / known)}."
            )
    updates = diff.counts["update"] - diff.repeated
    if known >= FEWEST and updates > sync.max_change_share * known:
        yield (
            f"{sync.source} has changed nearly everywhere: {share_of(updates, known)} would be "
            f"updated, more than the {sync.max_change_share:.0%} allowed; if that is right, push "
            f"with {at_least('--max-change-share', updates / known)}."
        )


def share_of(count: int, known: int) -> str:
    """Return a number of records with its share, as a person reads it."""
    return f"{count:,} of {known:,} delivered records ({count / known:.0%})"


def at_least(option: str, share: float) -> str:
    """Return the option that allows a share."""
    return f"{option} {min(1.0, share + 0.005):.2f}"


def seven_day_high(sync: Sync, ledger: Ledger, known: int) -> int:
    """Return the most records that were delivered at once in seven days.

    Counted back over the runs that left nothing open (what they left is in the next one's plan), as
    far as one whose removes a person must have allowed.
    """
    high = size = known
    for adds, removes in ledger.run(
        "select adds, removes from {t}.sync_run"
        " where sync = {sync} and started_at >= ? and open = 0 order by run_id desc",
        [now() - LOOKS_BACK],
    ).fetchall():
        size += (removes or 0) - (adds or 0)
        if (removes or 0) > sync.max_remove_share * size:
            break
        high = max(high, size)
    return high

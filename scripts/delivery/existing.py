"""Ask a destination which of the people to add it holds already, before anything is sent."""

from dataclasses import dataclass

import duckdb

from .config import Sync
from .destination import Call, Destination, Record, Refused
from .diff import Diff
from .errors import GuardError
from .ledger import Ledger
from .sending import ODD, record_of

LOOKED_AT = 10_000  # of more, an even sample
AT_ONCE = 100


@dataclass
class Existing:
    """What is there of the records to add: none, one, or several that could be meant.

    `looked_at` of all records to add were asked for; `unasked` are those of them that cannot be
    asked for, and would be refused; `held` is how many records the account holds, or at least
    holds.
    """

    looked_at: int = 0
    new: int = 0
    matched: int = 0
    ambiguous: int = 0
    unasked: int = 0
    held: int = 0


def find_existing(
    call: Call,
    ledger: Ledger,
    sync: Sync,
    difference: duckdb.DuckDBPyRelation,
    diff: Diff,
) -> Existing:
    """Count what is there of the records to add; reads only."""
    destination, adds = sync.destination, diff.counts["add"]
    rows = ledger.run(
        "select record_key, remote_id, changed, payload from difference"
        " where operation = 'add' and position % ? = 0 order by position",
        [-(-adds // min(LOOKED_AT, destination.look_at_most))],
        difference=difference,
    ).fetchall()
    found = Existing(looked_at=len(rows), held=destination.count(call))
    for start in range(0, len(rows), AT_ONCE):
        records = [record_of("add", *row) for row in rows[start : start + AT_ONCE]]
        ids, unasked = matched(call, destination, records)
        numbers = [len(ids.get(o.key, [])) for o in records if o.key not in unasked]
        found.unasked += len(unasked)
        found.new += numbers.count(0)
        found.matched += numbers.count(1)
        found.ambiguous += sum(number > 1 for number in numbers)
    return found


def matched(
    call: Call, destination: Destination, records: list[Record]
) -> tuple[dict[str, list[str]], set[str]]:
    """Return the ids of the records that are there, and the keys of those that nobody can ask for.

    One that is refused never stops the others: they are asked for in halves.
    """
    try:
        return destination.match(call, records), set()
    except (Refused, *ODD):
        if len(records) == 1:
            return {}, {records[0].key}
        middle = len(records) // 2
        ids, unasked = matched(call, destination, records[:middle])
        more, others = matched(call, destination, records[middle:])
        return ids | more, unasked | others


def could_be_too_new(sync: Sync, diff: Diff) -> bool:
    """Whether more could be created than the share of all records that may be, and needs a look."""
    adds, destination = diff.counts["add"], sync.destination
    is_large = adds > sync.max_new_share * (diff.known + adds)
    return is_large and destination.can_match and destination.creates


def check_new(sync: Sync, diff: Diff, found: Existing) -> None:
    """Raise GuardError when too many people would be created beside those who are there.

    In an account that holds nobody but whom we delivered, everybody may be new.
    """
    if not found.looked_at or not sync.destination.creates or found.held <= diff.known:
        return
    adds = diff.counts["add"]
    new = round(adds * found.new / found.looked_at)
    share = new / (diff.known + adds)
    if share <= sync.max_new_share:
        return
    raise GuardError(
        f"{sync.label} holds {found.held:,} records, and {new:,} of {adds:,} to add match none of "
        f"them ({share:.0%} of all, more than the {sync.max_new_share:.0%} allowed): they would "
        "stand beside the same people a second time. Nothing was sent. Map what the records are "
        f"known by there ({sync.destination.by_id}, the address), or set `mode: update_only`; if "
        f"they are really new, push with --max-new-share {min(1.0, share + 0.005):.2f}."
    )

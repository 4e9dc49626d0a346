"""How much is too much: every bound that a check uses, with its default."""

from dataclasses import dataclass, field, fields
from typing import NamedTuple

from scripts.validate.setup_errors import UnorderedBound


class Limit(NamedTuple):
    """Two heights of one bound: above `warn` it is reported, above `fail` it stops the push."""

    warn: float
    fail: float


@dataclass(frozen=True)
class Bounds:
    """Defaults of all bounds; shares are between 0 and 1, ages in hours, changes are ratios.

    Row-level faults of raw data are not lost, they end in `events_quarantined`; a small share is
    normal life, a large one means that a source has broken. Hence two heights for each.
    """

    unreadable_times: Limit = field(
        default=Limit(0.01, 0.10),
        metadata={"help": "share of raw rows whose times are missing or cannot be read"},
    )
    missing_ids: Limit = field(
        default=Limit(0.01, 0.10),
        metadata={"help": "share of raw rows without their id"},
    )
    missing_identifiers: Limit = field(
        default=Limit(0.02, 0.20),
        metadata={"help": "share of raw rows that name no visitor or person at all"},
    )
    missing_customers: Limit = field(
        default=Limit(0.40, 0.80),
        metadata={"help": "the same for shop order lines, where guests are common"},
    )
    duplicates: Limit = field(
        default=Limit(0.05, 0.50),
        metadata={"help": "share of raw rows that repeat an earlier id"},
    )
    bad_json: Limit = field(
        default=Limit(0.01, 0.10),
        metadata={"help": "share of raw rows whose JSON cannot be read"},
    )
    unknown_values: Limit = field(
        default=Limit(0.00, 0.10),
        metadata={"help": "share of raw rows with a value that staging does not know"},
    )
    freshness: Limit = field(
        default=Limit(36, 168),
        metadata={
            "help": "hours between the newest load and as_of, for all sources; "
            "without it each source's own freshness limits hold"
        },
    )
    engagement_min: int = field(
        default=0,
        metadata={"help": "lowest believable engagement_score"},
    )
    engagement_max: int = field(
        default=10_000,
        metadata={"help": "highest believable engagement_score"},
    )
    max_shrink: float = field(
        default=0.5,
        metadata={"help": "share of its members that a segment may lose in one run"},
    )
    max_growth: float = field(
        default=1.0,
        metadata={"help": "share of its members that a segment may gain in one run"},
    )
    min_size: int = field(
        default=20,
        metadata={"help": "segments that had fewer members are not compared"},
    )
    sample_rows: int = field(
        default=100_000,
        metadata={
            "help": "raw tables with more rows are judged row by row on a sample of this size"
        },
    )

    def __post_init__(self) -> None:
        for bound in fields(self):
            limit = getattr(self, bound.name)
            if isinstance(limit, Limit) and limit.warn > limit.fail:
                raise UnorderedBound(bound.name, *limit)

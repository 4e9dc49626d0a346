"""Suites over what leaves the warehouse: may these rows reach the CRM?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from scripts.validate.bounds import Bounds
from scripts.validate.checks import Check, Judge
from scripts.validate.history import Run, baseline
from scripts.validate.marts import (
    CONTACTS,
    MEMBERSHIPS,
    REQUIRED,
    Marts,
    filled_columns,
    read_marts,
)
from scripts.validate.report import CheckResult, SuiteResult, instant_text
from scripts.warehouse import Place

if TYPE_CHECKING:  # takes a second to import, and --help must not wait
    import pandas as pd

LIFECYCLE_STAGES = (
    "anonymous", "lead", "engaged", "former_customer", "opportunity", "customer",
)  # fmt: skip
# What has no chance of being an address, and what a provider is likely to refuse.
ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@.\s]+$"
CLEAN_ADDRESS = r"""^[^\s@,;:<>()\[\]"]+@([^\s@,;:<>()\[\]".]+\.)+[^\s@,;:<>()\[\]".]{2,}$"""


def validate_outputs(
    judge: Judge,
    connection: duckdb.DuckDBPyConnection,
    *,
    warehouse: Place,
    as_of: datetime | None,
    bounds: Bounds,
    history: list[Run],
) -> tuple[list[SuiteResult], Run, Run | None]:
    """Judge the two tables; also this run's sizes and the run they were compared with.

    Without `as_of` the newest one found in the tables is what all rows must carry.
    """
    marts = read_marts(connection, warehouse)
    expected = instant_text(as_of) if as_of else marts.as_of
    run = _run(marts, expected)
    previous = baseline(history, expected)
    changes = _size_changes(previous, run, marts.known_segments, bounds)
    checks = {
        CONTACTS: _contact_checks(expected, bounds),
        MEMBERSHIPS: _membership_checks(expected, marts.known_segments),
    }
    suites = []
    for table, frame in marts.frames.items():
        results = _judge_table(judge, table, frame, marts.present[table], checks[table])
        if len(frame):
            results.append(_judge_sizes(judge, changes[table], bounds, previous))
        suites.append(
            SuiteResult(
                name=table,
                side="outputs",
                as_of=expected,
                rows=len(frame),
                sampled_rows=None,
                checks=tuple(results),
            )
        )
    return suites, run, previous


# What is asked ---------------------------------------------------------------------------------


def _judge_table(
    judge: Judge,
    table: str,
    frame: pd.DataFrame,
    present: Sequence[str],
    checks: Iterable[Check],
) -> list[CheckResult]:
    import pandas as pd

    shape = [
        Check(
            name="columns",
            meaning=f"the columns {', '.join(REQUIRED[table])}",
            expectation="ExpectTableColumnsToMatchSet",
            arguments={"column_set": list(REQUIRED[table]), "exact_match": False},
        )
    ]
    rows = [
        Check(
            name="row_count",
            meaning="at least one row",
            expectation="ExpectTableRowCountToBeBetween",
            arguments={"min_value": 1},
        )
    ]
    if len(frame):
        # What needs a column that is not there would only repeat the finding.
        rows += [check for check in checks if set(check.needs).issubset(present)]
    return judge.judge(pd.DataFrame(columns=list(present)), shape) + judge.judge(frame, rows)


def _contact_checks(as_of: str, bounds: Bounds) -> list[Check]:
    """Every finding names profile ids, never addresses: results end up in logs."""
    return [
        Check(
            name="filled",
            meaning="no empty " + ", ".join(filled_columns(CONTACTS)),
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "empty_column"},
            needs=filled_columns(CONTACTS),
        ),
        Check(
            name="unique_profile_id",
            meaning="one row per profile",
            expectation="ExpectColumnValuesToBeUnique",
            arguments={"column": "profile_id"},
            needs=("profile_id",),
        ),
        Check(
            name="unique_email",
            meaning="one row per e-mail address",
            expectation="ExpectColumnValuesToBeUnique",
            arguments={"column": "email"},
            label="profile_id",
            needs=("profile_id", "email"),
        ),
        Check(
            name="email_syntax",
            meaning="addresses that can be delivered to",
            expectation="ExpectColumnValuesToMatchRegex",
            arguments={"column": "email"},
            bounds={"warning": {"regex": CLEAN_ADDRESS}, "critical": {"regex": ADDRESS}},
            label="profile_id",
            needs=("profile_id", "email"),
        ),
        Check(
            name="email_lower_case",
            meaning="addresses in lower case, as the CRM matches them",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "profile_with_capitals"},
            needs=("profile_id", "email"),
        ),
        Check(
            name="nobody_suppressed",
            meaning="nobody who bounced, complained, unsubscribed or opted out",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "suppressed_because"},
            needs=("profile_id", "email"),
        ),
        Check(
            name="lifecycle_stages",
            meaning=f"a lifecycle_stage among {', '.join(LIFECYCLE_STAGES)}",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": "lifecycle_stage", "value_set": list(LIFECYCLE_STAGES)},
            needs=("lifecycle_stage",),
        ),
        Check(
            name="segments_match",
            meaning="segments as segment_memberships has them",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "differing_segments"},
            needs=("profile_id", "segments"),
        ),
        Check(
            name="primary_segment",
            meaning="a primary segment that is one of the row's segments",
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "stray_primary_segment"},
            needs=("primary_segment", "segments"),
        ),
        Check(
            name="lowest_score",
            meaning=f"no engagement_score below {bounds.engagement_min:,}",
            expectation="ExpectColumnMinToBeBetween",
            arguments={"column": "engagement_score", "min_value": bounds.engagement_min},
            bounds={"warning": {}},
            unit="number",
            needs=("engagement_score",),
        ),
        Check(
            name="highest_score",
            meaning=f"no engagement_score above {bounds.engagement_max:,}",
            expectation="ExpectColumnMaxToBeBetween",
            arguments={"column": "engagement_score", "max_value": bounds.engagement_max},
            bounds={"warning": {}},
            unit="number",
            needs=("engagement_score",),
        ),
        _as_of_check(as_of),
    ]


def _membership_checks(as_of: str, known_segments: Sequence[str]) -> list[Check]:
    return [
        Check(
            name="filled",
            meaning="no empty " + ", ".join(filled_columns(MEMBERSHIPS)),
            expectation="ExpectColumnValuesToBeNull",
            arguments={"column": "empty_column"},
            needs=filled_columns(MEMBERSHIPS),
        ),
        Check(
            name="unique_key",
            meaning="one row per segment and profile",
            expectation="ExpectCompoundColumnsToBeUnique",
            arguments={
                "column_list": ["segment", "profile_id"],
                "ignore_row_if": "any_value_is_missing",
            },
            label="profile_id",
            needs=("segment", "profile_id"),
        ),
        Check(
            name="known_segments",
            meaning="segments that have a view in schema segments",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": "segment", "value_set": list(known_segments)},
            needs=("segment",),
        ),
        _as_of_check(as_of),
    ]


def _as_of_check(as_of: str) -> Check:
    return Check(
        name="one_as_of",
        meaning=f"as_of {as_of} in every row",
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": "as_of", "value_set": [as_of]},
        needs=("as_of",),
    )


# Sizes -----------------------------------------------------------------------------------------


def _run(marts: Marts, as_of: str) -> Run:
    members = marts.frames[MEMBERSHIPS]["segment"].value_counts()
    return Run(
        as_of=as_of,
        contacts=len(marts.frames[CONTACTS]),
        segments={str(name): int(count) for name, count in sorted(members.items())},
    )


def _size_changes(
    previous: Run | None, run: Run, known_segments: Sequence[str], bounds: Bounds
) -> dict[str, pd.DataFrame]:
    """Per table, one row for each size that was large enough to compare: ratio and text."""
    import pandas as pd

    before = previous or Run(as_of=run.as_of, contacts=0, segments={})
    # A rule that was taken out of the project has not shrunk.
    segments = {name: n for name, n in before.segments.items() if name in known_segments}
    sizes = {
        CONTACTS: [("contacts", before.contacts, run.contacts)],
        MEMBERSHIPS: [(name, n, run.segments.get(name, 0)) for name, n in segments.items()],
    }
    return {
        table: pd.DataFrame(
            [
                (now / then - 1, f"{name} {then:,} → {now:,}")
                for name, then, now in compared
                if then >= bounds.min_size
            ],
            columns=["change", "text"],
        )
        for table, compared in sizes.items()
    }


def _judge_sizes(
    judge: Judge, changes: pd.DataFrame, bounds: Bounds, previous: Run | None
) -> CheckResult:
    last = f"those of {previous.as_of}" if previous else "the last run"
    check = Check(
        name="sizes",
        meaning=f"sizes within -{bounds.max_shrink:.0%} and +{bounds.max_growth:.0%} of {last}",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": "change"},
        bounds={
            "warning": {"min_value": -bounds.max_shrink, "max_value": bounds.max_growth},
            "critical": {"min_value": -1, "strict_min": True},
        },
        unit="names",
        label="text",
    )
    if len(changes):
        return judge.judge(changes, [check])[0]
    return CheckResult(
        name=check.name,
        meaning=check.meaning,
        severity="critical",
        status="ok",
        observed="nothing large enough to compare" if previous else "first run, nothing to compare",
    )

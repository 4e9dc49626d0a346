"""Checks as data, and the one place that hands them to Great Expectations."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from scripts.validate.bounds import Limit
from scripts.validate.report import CheckResult, Severity

if TYPE_CHECKING:  # pandas and Great Expectations take seconds to import: --help must not wait
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult

EXAMPLES_SHOWN = 3
HOURS_PER_DAY = 24


@dataclass(frozen=True, eq=False)
class Check:
    """One question about a data frame, with a bound per severity, the tighter one first.

    `expectation` names a class of `great_expectations.expectations`, `arguments` are what all
    severities share and `bounds` what differs. `label` names the column whose values identify an
    offending row when its own value must not be shown or says little.
    """

    name: str
    meaning: str
    expectation: str
    arguments: Mapping[str, Any]
    bounds: Mapping[Severity, Mapping[str, Any]] = field(default_factory=lambda: {"critical": {}})
    unit: Literal["rows", "names", "number", "share", "hours"] = "rows"
    label: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def column(self) -> str | None:
        """The (first) column whose values break the expectation, where there is one."""
        columns = self.arguments.get("column_list", ())
        return self.arguments.get("column", next(iter(columns), None))


def mostly(limit: Limit) -> dict[Severity, dict[str, float]]:
    """Bounds of a row-level check that tolerates a share of offending rows."""
    return {"warning": {"mostly": 1 - limit.warn}, "critical": {"mostly": 1 - limit.fail}}


def at_most(limit: Limit) -> dict[Severity, dict[str, float]]:
    """Bounds of a measure that may not exceed two heights."""
    return {"warning": {"max_value": limit.warn}, "critical": {"max_value": limit.fail}}


def percent(share: float) -> str:
    """A share as text: 0.0123 → 1.2%; what is not nothing never reads 0.0%."""
    return f"{share:.1%}" if share == 0 or share >= 0.0005 else "< 0.1%"


class Judge:
    """An in-memory Great Expectations context that judges data frames."""

    def __init__(self) -> None:
        with _silence():
            import great_expectations as gx
            from great_expectations.data_context.types.base import (
                DataContextConfig,
                InMemoryStoreBackendDefaults,
                ProgressBarsConfig,
            )

            context = gx.get_context(
                mode="ephemeral",
                project_config=DataContextConfig(
                    store_backend_defaults=InMemoryStoreBackendDefaults(),
                    analytics_enabled=False,
                    progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
                ),
            )
            asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("frame")
            # One definition serves all frames: every new one costs more than a small suite.
            self._frame = asset.add_batch_definition_whole_dataframe("frame")

    def judge(self, frame: pd.DataFrame, checks: Sequence[Check]) -> list[CheckResult]:
        """Run all checks on one frame; one result per check, in their order."""
        if not checks:
            return []
        with _silence():
            strict = self._validate(frame, {check: next(iter(check.bounds)) for check in checks})
            # What holds the tighter bound holds the wider one too.
            worse = {check: "critical" for check in checks if not strict[check.name].success}
            critical = self._validate(frame, {c: s for c, s in worse.items() if len(c.bounds) > 1})
        return [_result(check, strict, critical, frame) for check in checks]

    def _validate(
        self, frame: pd.DataFrame, bounds: Mapping[Check, Severity]
    ) -> dict[str, ExpectationValidationResult]:
        import great_expectations as gx
        import great_expectations.expectations as gxe

        if not bounds:
            return {}
        batch = self._frame.get_batch(batch_parameters={"dataframe": frame})
        suite = gx.ExpectationSuite(
            name="suite",
            expectations=[
                getattr(gxe, check.expectation)(
                    **check.arguments,
                    **check.bounds[severity],
                    severity=severity,
                    description=check.meaning,
                    meta={"check": check.name},
                )
                for check, severity in bounds.items()
            ],
        )
        found = batch.validate(suite, result_format="BASIC")
        return {outcome.expectation_config.meta["check"]: outcome for outcome in found.results}


def _result(
    check: Check,
    strict: Mapping[str, ExpectationValidationResult],
    critical: Mapping[str, ExpectationValidationResult],
    frame: pd.DataFrame,
) -> CheckResult:
    outcome, severity = strict[check.name], next(iter(check.bounds))
    passed = outcome.success
    if passed:
        severity = next(reversed(check.bounds))
    elif check.name in critical and not critical[check.name].success:
        outcome, severity = critical[check.name], "critical"
    return CheckResult(
        name=check.name,
        meaning=check.meaning,
        severity=severity,
        status="ok" if passed else "fail" if severity == "critical" else "warn",
        observed=_observed(check, outcome, frame),
    )


def _observed(check: Check, outcome: ExpectationValidationResult, frame: pd.DataFrame) -> str:
    found = outcome.result
    if not found:
        return f"could not be judged: {_reason(outcome.exception_info)}"
    if "unexpected_count" in found:
        return _offending_rows(check, found, frame)
    if check.expectation == "ExpectTableColumnsToMatchSet":
        missing = found.get("details", {}).get("mismatched", {}).get("missing")
        return f"no {', '.join(missing)}" if missing else "all there"
    value = found["observed_value"]
    if check.unit == "share":
        return percent(value) if value else "none"
    if check.unit == "hours":
        return _age(value)
    return f"{value:,.0f} rows" if check.unit == "rows" else f"{value:,.0f}"


def _offending_rows(check: Check, found: Mapping[str, Any], frame: pd.DataFrame) -> str:
    count, rows = found["unexpected_count"], len(frame)
    if not count:
        return "none"
    text = f"{count:,} of {rows:,} {check.unit} ({percent(count / rows)})"
    if check.expectation == "ExpectColumnValuesToNotBeNull":
        return text
    # Great Expectations can name rows itself, yet needs seconds when many of them offend.
    values = [
        next(iter(value.values() if isinstance(value, Mapping) else value))
        if isinstance(value, Mapping | tuple)
        else value
        for value in found["partial_unexpected_list"]
    ]
    if check.label:
        values = list(frame.loc[frame[check.column].isin(values), check.label])
    named = list(dict.fromkeys(str(value) for value in values))
    if check.unit == "names":
        return "; ".join(named)
    shown = named[:EXAMPLES_SHOWN]
    return f"{text}, such as {'; '.join(shown)}"


def _age(hours: float) -> str:
    if math.isinf(hours):
        return "nothing loaded up to as_of"
    if hours < 2 * HOURS_PER_DAY:
        return f"{hours:.1f} hours old"
    return f"{hours / HOURS_PER_DAY:.1f} days old"


def _reason(exception_info: Mapping[str, Any]) -> str:
    if "exception_message" in exception_info:
        return str(exception_info["exception_message"])
    return "; ".join(
        dict.fromkeys(str(info["exception_message"]) for info in exception_info.values())
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Great Expectations from talking: no statistics, no warnings, no log lines."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)

"""The validation itself, for the command line and for other scripts."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from scripts.validate.bounds import Bounds
from scripts.validate.checks import Judge
from scripts.validate.history import read_history, remember
from scripts.validate.inputs import validate_inputs
from scripts.validate.outputs import validate_outputs
from scripts.validate.report import Report, SuiteResult, instant_text
from scripts.validate.setup_errors import MissingWarehouse, UnknownScope, UnreadableInstant

SCOPES = ("inputs", "outputs", "all")
DEFAULT_RAW_PATH = Path("data/raw")
DEFAULT_WAREHOUSE = Path("data/warehouse.duckdb")
RESULT_NAME = "validation.json"
HISTORY_NAME = "validation_history.json"


def validate(
    *,
    raw_path: Path | str = DEFAULT_RAW_PATH,
    warehouse: Path | str | None = None,
    as_of: datetime | str | None = None,
    scope: str = "all",
    sources: Sequence[str] | None = None,
    bounds: Bounds | None = None,
    shop_columns: Mapping[str, str] | None = None,
    accept_sizes: bool = False,
    write: bool = True,
) -> Report:
    """Judge the raw files, the marts that leave, or both; prints nothing.

    `warehouse` defaults to AUDIENCE_WAREHOUSE, then data/warehouse.duckdb; it is opened read-only.
    `as_of` is an instant in UTC. Without it, inputs are judged as of now, and outputs only have to
    agree on one instant. `sources` defaults to the folders found under `raw_path`.

    With `write`, validation.json and validation_history.json are written beside the warehouse.
    A run without critical failures becomes the yardstick for sizes at later instants; with
    `accept_sizes` this run's sizes are taken as right, whatever the last ones were.

    Raises ValidationSetupError when there is nothing to judge; the message says what to do.
    """
    if scope not in SCOPES:
        raise UnknownScope(scope, SCOPES)
    bounds = bounds or Bounds()
    instant = _as_utc(as_of)
    warehouse = Path(warehouse or os.environ.get("AUDIENCE_WAREHOUSE") or DEFAULT_WAREHOUSE)
    history_path = warehouse.with_name(HISTORY_NAME)
    if scope != "inputs" and not warehouse.is_file():
        raise MissingWarehouse(warehouse)
    history = [] if scope == "inputs" else read_history(history_path)

    judge = _judge()
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    report_as_of = instant_text(instant or now)
    suites: list[SuiteResult] = []
    run = previous = None
    if scope != "outputs":
        suites += validate_inputs(
            judge,
            raw_path=Path(raw_path),
            as_of=instant or now,
            bounds=bounds,
            sources=sources,
            shop_columns=shop_columns,
        )
    if scope != "inputs":
        found, run, previous = validate_outputs(
            judge,
            warehouse=warehouse,
            as_of=instant,
            bounds=bounds,
            history=[] if accept_sizes else history,
        )
        suites += found
        report_as_of = run.as_of

    report = Report(
        as_of=report_as_of,
        scope=scope,
        suites=tuple(suites),
        baseline_as_of=previous.as_of if previous else None,
    )
    if write:
        report.write(warehouse.with_name(RESULT_NAME))
        if run and report.success:
            remember(history_path, history, run, replace=accept_sizes)
    return report


@cache
def _judge() -> Judge:
    """One context per process; a new one costs as much as several suites."""
    return Judge()


def _as_utc(as_of: datetime | str | None) -> datetime | None:
    if isinstance(as_of, str):
        try:
            as_of = datetime.fromisoformat(as_of)
        except ValueError as error:
            raise UnreadableInstant(as_of) from error
    if as_of is None or as_of.tzinfo is None:
        return as_of
    return as_of.astimezone(UTC).replace(tzinfo=None)

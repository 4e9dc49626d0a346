"""The validation itself, for the command line and for other programs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from scripts import warehouse as warehouses
from scripts.validate.bounds import Bounds
from scripts.validate.checks import Judge
from scripts.validate.history import read_history, remember
from scripts.validate.inputs import validate_inputs
from scripts.validate.outputs import validate_outputs
from scripts.validate.report import Report, SuiteResult, instant_text
from scripts.validate.setup_errors import UnknownScope, UnreadableInstant
from scripts.warehouse import Place

SCOPES = ("inputs", "outputs", "all")
RESULT_NAME = "validation.json"
# They say who must not be reached: without them a push is of other people.
BARS = ("marts.profile_suppressions", "marts.profile_identifiers")
HISTORY_NAME = "validation_history.json"


def validate(
    *,
    warehouse: Place | str | None = None,
    target_path: Path | str | None = None,
    as_of: datetime | str | None = None,
    scope: str = "all",
    sources: Sequence[str] | None = None,
    bounds: Bounds | Mapping[str, Any] | None = None,
    accept_sizes: bool = False,
    write: bool = True,
) -> Report:
    """Judge the raw tables, the marts that leave, or both; prints nothing.

    `warehouse` defaults to AUDIENCE_WAREHOUSE, then data/warehouse.duckdb; it is opened read-only.
    `target_path` is dbt's target folder: its manifest says which sources the last build read, and
    what their YAML demands. `as_of` is an instant in UTC. Without it, inputs are judged as of now,
    and outputs only have to agree on one instant. `bounds` are all bounds, or those by name that
    differ; where they say nothing of freshness, each source's own limits hold.

    With `write`, validation.json and validation_history.json are written beside the warehouse.
    A run without critical failures becomes the yardstick for sizes at later instants; with
    `accept_sizes` this run's sizes are taken as right, whatever the last ones were.

    Raises ValidationSetupError or WarehouseError when there is nothing to judge; the message says
    what to do.
    """
    if scope not in SCOPES:
        raise UnknownScope(scope, SCOPES)
    instant = _as_utc(as_of)
    same_freshness = isinstance(bounds, Bounds) or "freshness" in (bounds or {})
    bounds = bounds if isinstance(bounds, Bounds) else Bounds(**(bounds or {}))
    path = warehouses.warehouse_path(warehouse)
    history_path = path.with_name(HISTORY_NAME)
    history = [] if scope == "inputs" else read_history(history_path)

    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    report_as_of = instant_text(instant or now)
    suites: list[SuiteResult] = []
    run = previous = None
    builds: dict[str, str] = {}
    with warehouses.open_warehouse(path) as connection:
        if scope != "outputs":
            suites += validate_inputs(
                _judge(),
                connection,
                manifest=warehouses.read_manifest(warehouses.target_path(target_path)),
                as_of=instant or now,
                bounds=bounds,
                same_freshness=same_freshness,
                sources=sources,
            )
        if scope != "inputs":
            found, run, previous = validate_outputs(
                _judge(),
                connection,
                warehouse=path,
                as_of=instant,
                bounds=bounds,
                history=[] if accept_sizes else history,
            )
            suites += found
            report_as_of = run.as_of
            builds = {
                table: warehouses.fingerprint(connection, table)
                for table in [*warehouses.tables_of(connection, "activation"), *BARS]
                if not warehouses.missing_tables(connection, [table])
            }

    report = Report(
        as_of=report_as_of,
        scope=scope,
        suites=tuple(suites),
        baseline_as_of=previous.as_of if previous else None,
        builds=builds,
    )
    if write:
        report.write(path.with_name(RESULT_NAME))
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

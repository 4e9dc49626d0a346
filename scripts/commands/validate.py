"""`audiences validate`."""

from dataclasses import fields
from enum import StrEnum
from typing import Annotated, Any

import typer

from scripts.options import Export, Target, TargetPath, Warehouse
from scripts.validate.bounds import Bounds, Limit


class Side(StrEnum):
    """What is checked."""

    INPUTS = "inputs"
    OUTPUTS = "outputs"
    ALL = "all"


def bound(name: str) -> Any:
    """The option of a bound, described as the bound describes itself."""
    (found,) = (field for field in fields(Bounds) if field.name == name)
    default = found.default
    numbers = default if isinstance(default, Limit) else (default,)
    return typer.Option(
        metavar="WARN FAIL" if isinstance(default, Limit) else "N",
        help=f"{found.metadata['help']} (default: {' '.join(f'{n:g}' for n in numbers)})",
        rich_help_panel="Bounds (of two numbers the first warns, the second is critical)",
        show_default=False,
    )


TwoHeights = tuple[float, float] | None


def validate(
    context: typer.Context,
    side: Annotated[
        Side, typer.Argument(metavar="inputs|outputs|all", help="What to check.")
    ] = Side.ALL,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE,...",
            help="Sources to check (default: those that the last build read).",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            help="ISO 8601, UTC unless it says otherwise: ages count up to it, and what goes out "
            "must carry it (default: now for what comes in, the newest for what goes out).",
            show_default=False,
        ),
    ] = None,
    accept_sizes: Annotated[
        bool,
        typer.Option(
            "--accept-sizes",
            help="Take this run's sizes as right and compare later runs with them.",
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every check, not only what was found.")
    ] = False,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    target_path: TargetPath = None,
    unreadable_times: Annotated[TwoHeights, bound("unreadable_times")] = None,
    missing_ids: Annotated[TwoHeights, bound("missing_ids")] = None,
    missing_identifiers: Annotated[TwoHeights, bound("missing_identifiers")] = None,
    missing_customers: Annotated[TwoHeights, bound("missing_customers")] = None,
    duplicates: Annotated[TwoHeights, bound("duplicates")] = None,
    bad_json: Annotated[TwoHeights, bound("bad_json")] = None,
    unknown_values: Annotated[TwoHeights, bound("unknown_values")] = None,
    freshness: Annotated[TwoHeights, bound("freshness")] = None,
    engagement_min: Annotated[int | None, bound("engagement_min")] = None,
    engagement_max: Annotated[int | None, bound("engagement_max")] = None,
    max_shrink: Annotated[float | None, bound("max_shrink")] = None,
    max_growth: Annotated[float | None, bound("max_growth")] = None,
    min_size: Annotated[int | None, bound("min_size")] = None,
    sample_rows: Annotated[int | None, bound("sample_rows")] = None,
) -> int:
    """Check what comes in (raw tables) and what is about to leave (marts).

    The exit code is 4 when a critical check failed; the push then stops. docs/validation.md
    explains every check and bound.
    """
    from scripts.targets import warehouse_of
    from scripts.validate import run
    from scripts.validate.show import show

    path = warehouse_of(warehouse, target, export)
    report = run.validate(
        warehouse=path,
        target_path=target_path,
        as_of=as_of,
        scope=side.value,
        sources=[name for text in sources or () for name in text.split(",") if name] or None,
        bounds=given_bounds(context.params),
        accept_sizes=accept_sizes,
    )
    show(report, path.with_name(run.RESULT_NAME), verbose=verbose)
    return report.exit_code


def given_bounds(options: dict[str, Any]) -> dict[str, Any]:
    """The bounds among the options that were given, by name."""
    given = {field.name: options[field.name] for field in fields(Bounds)}
    return {
        name: Limit(*value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value is not None
    }

"""`audiences build`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.options import TargetPath, Warehouse


def build(
    context: typer.Context,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            help="The clock, ISO 8601, UTC (default: now).",
            show_default=False,
        ),
    ] = None,
    sources: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE,...",
            help="The sources to read (default: var event_sources).",
            show_default=False,
        ),
    ] = None,
    raw_path: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the raw files are (default: var raw_path).",
            show_default=False,
        ),
    ] = None,
    given_vars: Annotated[
        str | None,
        typer.Option(
            "--vars",
            metavar="YAML",
            help="More dbt vars, such as '{event_overlap_days: 7}'.",
            show_default=False,
        ),
    ] = None,
    warehouse: Warehouse = None,
    target_path: TargetPath = None,
) -> int:
    """Build everything from the raw data, then check what came in and what leaves.

    Whatever else is given goes to `dbt build`: --full-refresh, --select sales_ready+. Unit tests
    prove the SQL and not the data, so they are left out; `make test` runs them.
    """
    from rich.console import Console

    from scripts import build
    from scripts import warehouse as warehouses

    variables = read_vars(given_vars)
    if as_of:
        variables["as_of"] = as_of
    if sources:
        variables["event_sources"] = [name.strip() for name in sources.split(",") if name.strip()]
    if raw_path:
        variables["raw_path"] = raw_path
    return build.build(
        Path.cwd(),
        warehouse=warehouses.warehouse_path(warehouse),
        target_path=warehouses.target_path(target_path),
        variables=variables,
        dbt_arguments=context.args,
        console=Console(highlight=False),
    )


# What this command does not know is for dbt.
build.context_settings = {"allow_extra_args": True, "ignore_unknown_options": True}


def read_vars(text: str | None) -> dict[str, Any]:
    """The dbt vars that a command line gives as YAML."""
    import yaml

    try:
        found = yaml.safe_load(text or "{}")
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"--vars {text!r} is not a mapping; write '{{name: value}}'.")
    # YAML takes an instant without quotes for a value of its own kind; dbt gets the text.
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in found.items()
    }

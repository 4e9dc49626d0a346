"""The options that several commands of `audiences` share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

Warehouse = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The DuckDB file (default: AUDIENCE_WAREHOUSE or data/warehouse.duckdb).",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Read the warehouse of this target of profiles.yml (default: the profile's own).",
        show_default=False,
    ),
]
Export = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Read this Parquet export of a Spark or Databricks warehouse (default: "
        "AUDIENCE_EXPORT for such a target).",
        show_default=False,
    ),
]
TargetPath = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="dbt's target folder (default: DBT_TARGET_PATH or target).",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The settings file (default: sync.yml, where there is one).",
        show_default=False,
    ),
]
Ledger = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="A DuckDB file or postgresql:// address (default: AUDIENCE_LEDGER or "
        "data/ledger.duckdb).",
        show_default=False,
    ),
]
Syncs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SYNC",
        help="Names of syncs in sync.yml, or of destinations (default: all).",
        show_default=False,
    ),
]
Account = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Go on with this account, where another was pushed to before; it is named as the "
        "push that stopped named it.",
        show_default=False,
    ),
]
MaxNewShare = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Stop when more than this share of the records would be created in an account that "
        "holds people already (default: 0.5).",
        show_default=False,
    ),
]
MaxBlankShare = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Stop when a field would be emptied in more than this share of the delivered records, "
        "of 50 or more (default: 0.2).",
        show_default=False,
    ),
]
MaxChangeShare = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Stop when more than this share of the delivered records, of 50 or more, would be "
        "updated (default: 0.9).",
        show_default=False,
    ),
]
MaxRemoveShare = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Stop when more than this share of the delivered records would be removed "
        "(default: 0.2).",
        show_default=False,
    ),
]

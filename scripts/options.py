"""The options that several commands of `audiences` share, so that they read the same everywhere."""

import functools
import inspect
from collections.abc import Callable
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


PLACES = {
    "config": Config,
    "warehouse": Warehouse,
    "target": Target,
    "export": Export,
    "ledger": Ledger,
}
LEDGER_ONLY = {name: PLACES[name] for name in ("config", "warehouse", "ledger")}
GUARDS = {
    "account": Account,
    "max_remove_share": MaxRemoveShare,
    "max_new_share": MaxNewShare,
    "max_blank_share": MaxBlankShare,
    "max_change_share": MaxChangeShare,
}


def with_syncs(
    *, guards: bool = False, reads_warehouse: bool = True
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options by which syncs are chosen; it takes them as `chosen`.

    A command with an argument `sync` of its own says with it which are meant. `guards` adds what
    `plan` and `push` may override, of which the command takes `account`.
    """

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = dict(inspect.signature(command).parameters)
        del own["chosen"], own["as_json"]
        shared = {} if "sync" in own else {"syncs": Syncs}
        last = (GUARDS if guards else {}) | (PLACES if reads_warehouse else LEDGER_ONLY)
        own = {name: option for name, option in own.items() if name not in last}
        parameters = [
            *(optional(name, kind) for name, kind in shared.items()),
            *(option.replace(kind=option.KEYWORD_ONLY) for option in own.values()),
            *(optional(name, kind) for name, kind in last.items()),
            optional("as_json", AsJson, default=False),
        ]

        @functools.wraps(command)
        def run(**given: object) -> int:
            from scripts.delivery import load_syncs
            from scripts.targets import chosen_warehouse

            names = given.pop("syncs", None) or given.get("sync") or []
            chosen_here = {name: given.pop(name) for name in last if name != "account"}
            place = [chosen_here.pop(name, None) for name in ("warehouse", "target", "export")]
            chosen = load_syncs(
                chosen_here.pop("config"),
                names=[names] if isinstance(names, str) else names,
                warehouse=chosen_warehouse(*place) if reads_warehouse else place[0],
                **chosen_here,
            )
            return command(chosen, **given)

        run.__signature__ = inspect.Signature(parameters, return_annotation=int)
        run.__annotations__ = {option.name: option.annotation for option in parameters}
        return run

    return decorate


def optional(name: str, kind: object, default: object = None) -> inspect.Parameter:
    """Return a parameter that need not be given."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)

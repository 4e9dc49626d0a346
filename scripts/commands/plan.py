"""`audiences plan`."""

from typing import Annotated, Any

import typer

from scripts.options import Account, with_syncs


@with_syncs(guards=True)
def plan(
    chosen: list[Any],
    sample: Annotated[int, typer.Option(min=0, help="Changes to show per operation.")] = 3,
    account: Account = None,
    *,
    as_json: bool,
) -> int:
    """Show what a push would send; sends nothing.

    The exit code is 4 when a guard would stop the push. docs/pushing.md has the rules.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_plan

    def run(sync: engine.Sync) -> tuple[engine.Plan, int]:
        found = engine.plan(sync, sample=sample, account=account)
        return found, 4 if found.guard else 0

    return for_each(chosen, run, show_plan, as_json=as_json)

"""`audiences doctor`."""

from typing import Annotated, Any

import typer

from scripts.options import with_syncs


@with_syncs()
def doctor(
    chosen: list[Any],
    create: Annotated[
        bool, typer.Option("--create", help="Create remote fields that are missing.")
    ] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Also post the request, without a person in it, that shows whether a webhook, "
            "Slack or Braze takes what is sent; it is named before.",
        ),
    ] = False,
    *,
    as_json: bool,
) -> int:
    """Check settings, tokens, rights and remote fields.

    Posts nothing without `--create` or `--probe`. The exit code is 2 when something is not as a
    push needs it.
    """
    from scripts.delivery import engine
    from scripts.delivery.show import for_each, show_finding

    def run(sync: engine.Sync) -> tuple[list[Any], int]:
        found = []
        for finding in engine.doctor(sync, create=create, probe=probe):
            found.append(finding)
            if not as_json:  # as it comes, so that a probe is announced before it is posted
                show_finding(finding)
        return found, 0 if all(finding.is_fine for finding in found) else 2

    return for_each(chosen, run, lambda _: None, as_json=as_json)

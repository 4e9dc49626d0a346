"""`audiences explain-identity`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from scripts.options import AsJson, Export, Target, Warehouse


def explain_identity(
    identifiers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IDENTIFIER [IDENTIFIER]",
            help="One: the person behind it. Two: how they hang together.",
            show_default=False,
        ),
    ] = None,
    why_not: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="What keeps two people apart.", show_default=False),
    ] = None,
    warehouse: Warehouse = None,
    target: Target = None,
    export: Export = None,
    as_json: AsJson = False,
) -> int:
    """Say who an identifier is, what ties two of them, and what keeps two people apart.

    An identifier is a value (ann@example.com), a value with its type (email:ann@example.com; also
    user_id, crm_contact_id, phone, anonymous_id), or a profile id, current or retired. The exit
    code is 2 when the identifier is unknown or may be several. How identities come about is in
    docs/identity.md.
    """
    from scripts.explain_identity.answers import explain
    from scripts.explain_identity.show import show
    from scripts.explain_identity.warehouse import TABLES
    from scripts.targets import warehouse_of
    from scripts.warehouse import open_warehouse

    asked = [*(identifiers or []), *(why_not or ())]
    if len(asked) not in (1, 2) or (why_not and identifiers):
        raise typer.BadParameter("give one identifier, or two, or --why-not and two")
    with open_warehouse(warehouse_of(warehouse, target, export), TABLES) as connection:
        answer = explain(connection, *asked)
    if as_json:
        print(json.dumps(asdict(answer), default=text_of, indent=2))
    else:
        show(answer)
    return 0


def text_of(value: Any) -> str:
    """A value that JSON does not know: instants in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    raise TypeError(f"{type(value).__name__} in an answer")

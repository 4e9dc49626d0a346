"""Command line of the explanations: one identifier or two in, a readable answer out."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.warehouse import WarehouseError, open_warehouse

from .answers import explain
from .errors import ExplainError
from .show import show
from .warehouse import TABLES

DEFAULT_WAREHOUSE = Path("data/warehouse.duckdb")
EXIT_UNANSWERED = 2
EPILOG = """
an identifier is:
  a value         ann@example.com
  with its type   email:ann@example.com (user_id, crm_contact_id, email, phone, anonymous_id)
  a profile id    the current one or one that was retired

exit codes:
  0  there is an answer, also when it is that nobody is known by a void value
  2  the identifier is unknown or may be several, or the warehouse is missing, locked or not built

How identities come about is in docs/identity.md.
"""


def main(argv: list[str] | None = None) -> int:
    """Answer one question; 0 answered, 2 not answered."""
    parser = build_parser()
    options = parser.parse_args(argv)
    asked = options.why_not or options.identifiers
    if len(asked) not in (1, 2) or (options.why_not and options.identifiers):
        parser.error("give one identifier, or two, or --why-not and two")
    try:
        with open_warehouse(options.warehouse, TABLES) as connection:
            answer = explain(connection, *asked)
    except (ExplainError, WarehouseError) as problem:
        if options.json:
            print(json.dumps({"error": str(problem), "exit_code": EXIT_UNANSWERED}))
        else:
            print(problem, file=sys.stderr)
        return EXIT_UNANSWERED
    if options.json:
        print(json.dumps(asdict(answer), default=text_of, indent=2))
    else:
        show(answer)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.explain_identity",
        usage="%(prog)s IDENTIFIER [IDENTIFIER] | --why-not A B  [--json] [--warehouse FILE]",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "identifiers",
        nargs="*",
        metavar="IDENTIFIER",
        help="one: the person behind it; two: how they hang together",
    )
    parser.add_argument(
        "--why-not", nargs=2, metavar=("A", "B"), help="what keeps two people apart"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=Path(os.environ.get("AUDIENCE_WAREHOUSE") or DEFAULT_WAREHOUSE),
        metavar="FILE",
        help="DuckDB file, opened read-only (default: AUDIENCE_WAREHOUSE or %(default)s)",
    )
    return parser


def text_of(value: Any) -> str:
    """A value that JSON does not know: instants in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    raise TypeError(f"{type(value).__name__} in an answer")

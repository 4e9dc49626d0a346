"""The kind of error that is meant for the person at the keyboard, and how it is printed."""

import json
import traceback
from pathlib import Path

from rich.console import Console
from rich.markup import escape


class PersonNeeded(Exception):
    """Nothing goes on before somebody decides something; the message says what.

    `exit_code` is what the program returns.
    """

    exit_code = 2


class Unexpected(PersonNeeded):
    """A mistake of the program; it names the place, since its own text may hold personal data."""

    exit_code = 1

    def __init__(self, problem: Exception) -> None:
        frames = traceback.extract_tb(problem.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        super().__init__(
            f"Something unexpected failed ({type(problem).__name__}{place}). What was sent is in "
            "the ledger; it is safe to run this again. If it stays, report the place."
        )


def report(problem: PersonNeeded, *, as_json: bool, about: str | None = None) -> None:
    """Print what a person has to decide, and about which part when there are several."""
    if as_json:
        found = {"error": str(problem), "exit_code": problem.exit_code}
        print(json.dumps(found | ({"sync": about} if about else {})))
    else:
        text = f"{about}: {problem}" if about else str(problem)
        out = Console(stderr=True, highlight=False)
        out.print(f"[bold red]Stopped.[/] {escape(text)}", soft_wrap=True)

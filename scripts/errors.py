"""The kinds of errors that are meant for the person at the keyboard, and how they are printed."""

import json
import os
import re
import traceback
from pathlib import Path

from rich.console import Console
from rich.markup import escape

PROJECT = Path(__file__).resolve().parents[1]
SECRET = re.compile(r"TOKEN|SECRET|PASS|KEY|LEDGER|DSN|WEBHOOK|CREDENTIAL")
ADDRESS = re.compile(r"[^\s\"'<>,;:()\[\]]+@[^\s\"'<>,;:()\[\]]+")
# A value of the data stands in a message between quotation marks, or after the word value.
VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|://[^\s]*")


class PersonNeeded(Exception):
    """Nothing goes on before somebody decides something; the message says what.

    `exit_code` is what the program returns.
    """

    exit_code = 2


class Unexpected(PersonNeeded):
    """An error that nobody foresaw, told without what it holds of people and secrets."""

    exit_code = 7

    def __init__(self, problem: Exception) -> None:
        super().__init__(
            f"{type(problem).__name__} {place_of(problem)}: {without_values(str(problem))} "
            "Nothing that was written down is lost: run the command again when it is repaired. "
            "If it comes again, report it with these lines."
        )


def place_of(problem: Exception) -> str:
    """Return where in the project an error came up: `at scripts/delivery/engine.py, line 7`."""
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(PROJECT) and ".venv" not in path.parts:
            return f"at {path.relative_to(PROJECT)}, line {frame.lineno}"
    return "outside of the project"


def without_values(text: str) -> str:
    """Return the first line of a message without values, addresses and secrets."""
    line = (text.strip().splitlines() or [""])[0]
    for name, value in os.environ.items():
        if SECRET.search(name.upper()) and len(value) > 3:
            line = line.replace(value, "***")
    line = ADDRESS.sub("***", VALUE.sub("'***'", line))[:300].rstrip(".")
    return f"{line}."


def report(problem: PersonNeeded, *, as_json: bool, about: str | None = None) -> None:
    """Print what a person has to decide, and about which part when there are several."""
    if as_json:
        found = {"error": str(problem), "exit_code": problem.exit_code}
        print(json.dumps(found | ({"sync": about} if about else {})))
    else:
        text = f"{about}: {problem}" if about else str(problem)
        out = Console(stderr=True, highlight=False)
        out.print(f"[bold red]Stopped.[/] {escape(text)}", soft_wrap=True)

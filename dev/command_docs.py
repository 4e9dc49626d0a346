"""Write docs/commands.md from the help of the program `audiences`, so that the two agree."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import typer

from scripts.audiences import COMMANDS, EXIT_CODES, program
from scripts.dbt_runner import PROJECT

PAGE = PROJECT / "docs" / "commands.md"
INTRODUCTION = """\
# Commands

<!-- Written by `make command-docs` from the program's own help. -->

Everything an operator does is a command of one program. The set-up installs it as
`.venv/bin/audiences`; after `source .venv/bin/activate` it is `audiences`. Run it in the project's
folder. Most commands have a Make target of their name, which takes further options as `ARGS="…"`.

| exit code | meaning |
|---|---|
"""
ADDING = """\
## Adding a command

A command is one function in a file of its name, `scripts/commands/<name>.py`, and its name in
`COMMANDS` of `scripts/audiences.py`. Its parameters are the options, its docstring is the help, the
number it returns is the exit code. Options that several commands share are in `scripts/options.py`.
What only a person can decide is raised as a `PersonNeeded` whose message says what to do. Then run
`make command-docs`.
"""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(program())
    lines = [INTRODUCTION + "\n".join(exit_codes())]
    for group, names in COMMANDS.items():
        lines.append(f"## {group}")
        lines += [
            section(name.replace("_", "-"), root.commands[name.replace("_", "-")]) for name in names
        ]
    return "\n\n".join([*lines, ADDING])


def exit_codes() -> Iterator[str]:
    """The rows of the table of exit codes."""
    text = " ".join(EXIT_CODES.split()).removeprefix("Exit codes: ").removesuffix(".")
    for part in text.split("; "):
        number, meaning = part.split(" ", 1)
        yield f"| {number} | {meaning} |"


def section(name: str, command: Any) -> str:
    """One command: how it is called, what it does, and its options."""
    context = typer.Context(command, info_name=name)
    usage = " ".join([f"audiences {name}", *command.collect_usage_pieces(context)])
    rows = [row(parameter) for parameter in command.params if parameter.name != "help"]
    table = "\n".join(["| argument or option | meaning |", "|---|---|", *rows])
    return f"### {name}\n\n```\n{usage}\n```\n\n{command.help}\n\n{table}"


def row(parameter: Any) -> str:
    """One argument or option as a row of the table."""
    help_text = str(parameter.help or "").replace("|", "\\|")
    if parameter.param_type_name == "argument":
        name = str(parameter.metavar or parameter.name.upper()).replace("|", "\\|")
        return f"| `{name}` | {help_text} |"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    value = "" if parameter.is_flag else f" `{parameter.metavar or 'N'}`"
    if parameter.show_default and parameter.default is not None and not parameter.is_flag:
        help_text += f" (default: {parameter.default})"
    return f"| {names}{value} | {help_text} |"


def main(argv: list[str] | None = None) -> int:
    """Write the page; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.command_docs", description=__doc__)
    parser.parse_args(argv)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The program `audiences`: everything an operator does, one command for each job."""

import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable

import typer

from scripts.errors import PersonNeeded, Unexpected, report

# A new command is one function in a file of its name in scripts/commands, and its name here, in
# the group and at the place where --help lists it. `make command-docs` documents it.
COMMANDS = {
    "Build": ("build", "validate", "segments", "roll_up"),
    "Deliver": (
        "plan",
        "push",
        "pull",
        "status",
        "dead",
        "verify",
        "resend",
        "doctor",
        "forget",
        "prune",
    ),
    "Who is who": ("explain_identity", "propose_links"),
}
INTERRUPTED = 130
ABOUT = """
Audience segments that form and stay current by themselves: build them, check
what comes in and what leaves, and keep CRMs, e-mail tools and ad platforms in
step.

`audiences COMMAND --help` has the options of a command. Run it in the
project's folder, where dbt_project.yml is.
"""
EXIT_CODES = """
Exit codes: 0 everything is as it should be; 1 the build failed; 2 a setting,
file, table or remote field is missing or wrong, or a question has no answer;
3 partial, some records were refused or are still open; 4 a critical check
failed, or a guard stopped the push before its first request; 5 another process
holds the ledger or the warehouse; 6 the credentials are not accepted; 7
something that nobody foresaw, such as a full disk or a broken ledger: the
message says what and where, without people and secrets.
"""
NOT_ON_WINDOWS = (
    "audiences does not run on Windows: files that hold people could not be kept from other users "
    "there. Run it in the Windows Subsystem for Linux, in a container or on another machine."
)


def program() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        name="audiences",
        help=unwrapped(ABOUT + "\n" + EXIT_CODES),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for group, names in COMMANDS.items():
        for name in names:
            function = getattr(importlib.import_module(f"scripts.commands.{name}"), name)
            app.command(
                name.replace("_", "-"),
                help=unwrapped(function.__doc__ or ""),
                rich_help_panel=group,
                context_settings=getattr(function, "context_settings", None),
            )(with_exit_code(function))
    return app


def unwrapped(text: str) -> str:
    """A text whose paragraphs are one line each, for the terminal to wrap."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def with_exit_code(function: Callable[..., int]) -> Callable[..., None]:
    """A command whose returned number is the program's exit code."""

    @functools.wraps(function)
    def run(*arguments: object, **options: object) -> None:
        raise typer.Exit(function(*arguments, **options))

    return run


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if sys.platform == "win32":
        print(NOT_ON_WINDOWS, file=sys.stderr)
        return 2
    os.umask(0o077)  # whatever is written here can hold people: warehouse, ledger, logs, exports
    try:
        program()(args=arguments, prog_name="audiences")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
        if code == INTERRUPTED:
            print("Interrupted. The next run does what is left.", file=sys.stderr)
        return code
    except PersonNeeded as problem:
        report(problem, as_json="--json" in arguments)
        return problem.exit_code
    except Exception as problem:  # whatever it says can hold people and secrets
        failed = Unexpected(problem)
        report(failed, as_json="--json" in arguments)
        return failed.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

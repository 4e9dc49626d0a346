"""Command line of the validation: options in, a readable result out."""

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.validate.bounds import Bounds, Limit, project_settings
from scripts.validate.report import EXIT_SETUP, CheckResult, Report, SuiteResult
from scripts.validate.run import (
    DEFAULT_RAW_PATH,
    DEFAULT_WAREHOUSE,
    RESULT_NAME,
    SCOPES,
    validate,
)
from scripts.validate.setup_errors import ValidationSetupError

PROJECT_FILE = Path("dbt_project.yml")
VERDICTS = {
    "ok": "[green]ok[/]",
    "warn": "[yellow]warn[/]",
    "fail": "[bold red]FAIL[/]",
}
CHECK_WIDTH = 19  # missing_identifiers; keeps the tables of all suites in line
MAX_WIDTH = 120
HEADINGS = {"inputs": "What comes in", "outputs": "What goes out"}


def main(argv: list[str] | None = None) -> int:
    """Run the validation and print it; 0 fine, 4 critical failure, 2 nothing could be judged."""
    options = _parser().parse_args(argv)
    console = Console(highlight=False)
    console.width = min(console.width, MAX_WIDTH)
    try:
        bounds, shop_columns = project_settings(PROJECT_FILE)
        report = validate(
            raw_path=options.raw_path,
            warehouse=options.warehouse,
            as_of=options.as_of,
            scope=options.scope,
            sources=[name for text in options.sources for name in text.split(",") if name] or None,
            bounds=_with_options(bounds, options),
            shop_columns=shop_columns,
            accept_sizes=options.accept_sizes,
        )
    except ValidationSetupError as error:
        print(f"Cannot validate: {error}.", file=sys.stderr)
        return EXIT_SETUP
    _print(console, report, verbose=options.verbose)
    results = options.warehouse.with_name(RESULT_NAME)
    console.print(f"[dim]All results: {escape(str(results))}[/]", soft_wrap=True)
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.validate",
        usage="%(prog)s [inputs|outputs|all] [options]",
        description="Check what enters (raw files) and what leaves (marts) before the push runs.",
        epilog=(
            "Exit codes: 0 nothing critical, 4 a critical check failed and the push must not run, "
            "2 nothing could be judged. Checks and bounds are explained in docs/validation.md."
        ),
    )
    parser.add_argument(
        "scope", nargs="?", choices=SCOPES, default="all", help="what to check (default: all)"
    )
    parser.add_argument(
        "--raw-path",
        type=Path,
        default=DEFAULT_RAW_PATH,
        metavar="DIR",
        help="folder of the raw files (default: %(default)s)",
    )
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=Path(os.environ.get("AUDIENCE_WAREHOUSE") or DEFAULT_WAREHOUSE),
        metavar="FILE",
        help="DuckDB file, opened read-only (default: AUDIENCE_WAREHOUSE or %(default)s)",
    )
    parser.add_argument(
        "--sources",
        nargs="+",
        default=[],
        metavar="NAME",
        help="raw sources to check (default: those that have a folder)",
    )
    parser.add_argument(
        "--as-of",
        metavar="INSTANT",
        help="ISO 8601, UTC unless it says otherwise: ages count up to it, and what goes out must "
        "carry it (default: now for what comes in, the newest as_of for what goes out)",
    )
    parser.add_argument(
        "--accept-sizes",
        action="store_true",
        help="take this run's sizes as right and compare later runs with them",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show every check, not only what was found"
    )
    bounds = parser.add_argument_group(
        "bounds", "two numbers: above the first it is a warning, above the second it is critical"
    )
    for bound in fields(Bounds):
        default = bound.default
        two = isinstance(default, Limit)
        text = " ".join(f"{value:g}" for value in default) if two else f"{default:g}"
        bounds.add_argument(
            "--" + bound.name.replace("_", "-"),
            type=float if two else type(default),
            nargs=2 if two else None,
            metavar=("WARN", "FAIL") if two else "N",
            help=f"{bound.metadata['help']} (default: {text})".replace("%", "%%"),
        )
    return parser


def _with_options(bounds: Bounds, options: argparse.Namespace) -> Bounds:
    given = {bound.name: getattr(options, bound.name) for bound in fields(Bounds)}
    return replace(
        bounds,
        **{
            name: Limit(*value) if isinstance(value, list) else value
            for name, value in given.items()
            if value is not None
        },
    )


# What it prints --------------------------------------------------------------------------------


def _print(console: Console, report: Report, *, verbose: bool) -> None:
    for side, heading in HEADINGS.items():
        suites = [suite for suite in report.suites if suite.side == side]
        if not suites:
            continue
        console.print(f"\n[bold]{heading}[/] [dim]as of {suites[0].as_of}[/]")
        console.print(_overview(suites))
        for suite in suites:
            shown = [check for check in suite.checks if verbose or check.status != "ok"]
            if shown:
                console.print()
                console.print(_details(suite, shown))
    console.print("\n" + _verdict(report))


def _overview(suites: Iterable[SuiteResult]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(min_width=4)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for suite in suites:
        note = _count(len(suite.checks), "check")
        if suite.sampled_rows is not None:
            note += f", rows sampled: {suite.sampled_rows:,}"
        table.add_row(
            VERDICTS[suite.status], escape(suite.name), f"{suite.rows:,} rows", f"[dim]{note}[/]"
        )
    return table


def _details(suite: SuiteResult, checks: Iterable[CheckResult]) -> Table:
    table = Table(
        title=f"[bold]{escape(suite.name)}[/]",
        title_justify="left",
        title_style="",
        header_style="dim",
        box=None,
        padding=(0, 2, 0, 0),
        expand=True,
    )
    table.add_column("", width=4)
    table.add_column("check", width=CHECK_WIDTH, overflow="fold")
    table.add_column("expected", ratio=1, overflow="fold")
    table.add_column("found", ratio=1, overflow="fold")
    for check in checks:
        table.add_row(
            VERDICTS[check.status], check.name, escape(check.meaning), escape(check.observed)
        )
    return table


def _verdict(report: Report) -> str:
    checks = sum(len(suite.checks) for suite in report.suites)
    warned = _count(len(report.warnings), "warning")
    failed = len(report.critical_failures)
    if failed:
        return (
            f"[bold red]{_count(failed, 'critical check')} failed: the push will not run.[/] "
            f"Mend what is listed above, run `dbt build`, then validate again.{_release(report)}"
        )
    if report.warnings:
        return f"[yellow]{warned}[/] among {checks} checks, nothing critical: the push may run."
    return f"[green]All {checks} checks passed[/]: the push may run."


def _release(report: Report) -> str:
    sizes_failed = any(
        check.name == "sizes" and check.status == "fail"
        for suite in report.suites
        for check in suite.checks
    )
    return " If a new size is right, release it with --accept-sizes." if sizes_failed else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

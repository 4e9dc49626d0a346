"""Print what a validation found, suite by suite."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.validate.report import CheckResult, Report, SuiteResult

VERDICTS = {
    "ok": "[green]ok[/]",
    "warn": "[yellow]warn[/]",
    "fail": "[bold red]FAIL[/]",
}
CHECK_WIDTH = 19  # missing_identifiers; keeps the tables of all suites in line
MAX_WIDTH = 120
HEADINGS = {"inputs": "What comes in", "outputs": "What goes out"}


def show(report: Report, results: Path, *, verbose: bool) -> None:
    """Print what was found, and where all results are."""
    console = Console(highlight=False)
    console.width = min(console.width, MAX_WIDTH)
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
    console.print(f"[dim]All results: {escape(str(results))}[/]", soft_wrap=True)


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
            f"Mend what is listed above and run `audiences build` again.{_release(report)}"
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

"""Show and push what changed in the warehouse to a CRM."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from . import engine
from .config import Settings, load_settings
from .errors import SyncError

EXIT_CODES = """
exit codes:
  0  everything is as it should be
  2  a setting, a file, a table or a remote property is missing or wrong
  3  partial: some records were refused, or are still open and go out with the next push
  4  stopped by a guard before the first request (validation failed, too many removes)
  5  another process holds the ledger or the warehouse
  6  the destination does not accept the token

The token comes from the environment: HUBSPOT_TOKEN, and HUBSPOT_BASE_URL for another address.
Settings come from sync.yml when there is one; see sync.example.yml and docs/pushing.md.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.crm_sync",
        description=__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, help="settings file (default: sync.yml if any)")
    common.add_argument("--warehouse", type=Path, help="DuckDB file (data/warehouse.duckdb)")
    common.add_argument("--ledger", type=Path, help="file of delivered records")
    common.add_argument("--json", action="store_true", help="print JSON instead of text")
    removes = argparse.ArgumentParser(add_help=False)
    removes.add_argument(
        "--max-remove-share",
        type=float,
        metavar="SHARE",
        help="stop when more than this share of delivered records would be cleared (0.2)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="plan|push|status")
    show = commands.add_parser("plan", parents=[common, removes], help="show what a push would do")
    show.add_argument("--sample", type=int, default=3, help="changes to show per operation (3)")
    send = commands.add_parser("push", parents=[common, removes], help="send what changed")
    send.add_argument("--skip-validation", action="store_true", help="ignore validation.json")
    send.add_argument("--retry-dead", action="store_true", help="send refused records once more")
    commands.add_parser("status", parents=[common], help="show delivered, open and dead records")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = build_parser().parse_args(argv)
    try:
        settings = load_settings(
            options.config,
            warehouse=options.warehouse,
            ledger=options.ledger,
            max_remove_share=getattr(options, "max_remove_share", None),
        )
        return COMMANDS[options.command](settings, options)
    except SyncError as problem:
        if options.json:
            print(json.dumps({"error": str(problem), "exit_code": problem.exit_code}))
        else:
            console(stderr=True).print(f"[bold red]Stopped.[/] {escape(str(problem))}")
        return problem.exit_code
    except KeyboardInterrupt:
        console(stderr=True).print("Interrupted. What is open goes out with the next push.")
        return 130


def console(*, stderr: bool = False) -> Console:
    """Return a console that is as wide as the terminal, or wide enough for a log."""
    out = Console(stderr=stderr, highlight=False)
    return out if out.is_terminal else Console(stderr=stderr, highlight=False, width=110)


def print_json(value: Any) -> None:
    """Print a dataclass as JSON."""
    print(json.dumps(asdict(value), default=str, indent=2))


def run_plan(settings: Settings, options: argparse.Namespace) -> int:
    """Show what a push would do; exit code 4 when a guard would stop it."""
    plan = engine.plan(settings, sample=options.sample)
    if options.json:
        print_json(plan)
        return 4 if plan.guard else 0
    out, diff = console(), plan.diff
    as_of = f", as of {diff.as_of:%Y-%m-%d %H:%M} UTC" if diff.as_of else ""
    out.print(f"[bold]Plan for {plan.destination}[/]: {diff.source_rows:,} people{as_of}\n")
    if plan.nothing:
        out.print("[green]Nothing to push.[/] Everything is as delivered.")
    else:
        out.print(counts_table(plan))
        out.print(fields_table(plan))
        if plan.samples:
            out.print(samples_table(plan))
    for note in notes(diff):
        out.print(note)
    if plan.guard:
        out.print(f"[bold red]A push would stop.[/] {escape(plan.guard)}")
    return 4 if plan.guard else 0


def number(name: str) -> Column:
    """Return a right-aligned column."""
    return Column(name, justify="right")


def counts_table(plan: engine.Plan) -> Table:
    """Return the records per operation."""
    meaning = {
        "add": "not delivered before",
        "update": "only the changed fields are sent",
        "remove": "our fields are emptied, the contact stays",
    }
    table = Table("Operation", number("Records"), "", box=None, pad_edge=False)
    for operation, count in plan.diff.counts.items():
        table.add_row(operation, f"{count:,}", f"[dim]{meaning[operation]}[/]")
    table.add_row("[bold]total[/]", f"[bold]{plan.diff.total:,}[/]", end_section=True)
    return table


def fields_table(plan: engine.Plan) -> Table:
    """Return the records per property and operation."""
    numbers = [number(operation) for operation in plan.diff.counts]
    table = Table("\nField", *numbers, box=None, pad_edge=False)
    for name, by_operation in plan.diff.fields.items():
        cells = [f"{count:,}" if count else "[dim]–[/]" for count in by_operation.values()]
        table.add_row(name, *cells)
    return table


def samples_table(plan: engine.Plan) -> Table:
    """Return a few changes, addresses masked."""
    table = Table("\nFor example", "", "", box=None, pad_edge=False)
    for one in plan.samples:
        table.add_row(one.operation, escape(one.address), values_shown(one), end_section=True)
    return table


def values_shown(one: engine.Sample) -> str:
    """Return what a change does: new values, old and new values, or how many are emptied."""
    if one.operation == "remove":
        return f"{len(one.values)} fields are emptied"
    if one.operation == "add":
        return ", ".join(f"[dim]{name}[/] {shown(new)}" for name, (_, new) in one.values.items())
    pairs = one.values.items()
    return "\n".join(f"[dim]{name}[/] {shown(old)} → {shown(new)}" for name, (old, new) in pairs)


def shown(value: str | None) -> str:
    """Return a value as it is shown in the plan."""
    return escape(value) if value else "[dim]empty[/]"


def notes(diff: engine.Diff) -> Iterator[str]:
    """Yield what is unusual about the records."""
    if diff.again:
        yield f"{diff.again:,} were sent before without an answer and are sent again."
    if diff.dead:
        yield f"{diff.dead:,} were refused before and wait until their values change (see status)."
    if diff.merged:
        yield f"{diff.merged:,} share an address with another row and were merged."
    if diff.without_key:
        yield f"{diff.without_key:,} have no address and are skipped."


def run_push(settings: Settings, options: argparse.Namespace) -> int:
    """Push and say what became of it."""
    with progress_display(quiet=options.json) as progress:
        result = engine.push(
            settings,
            skip_validation=options.skip_validation,
            retry_dead=options.retry_dead,
            progress=progress,
        )
    if options.json:
        print_json(result)
        return result.exit_code
    out, counts = console(), result.diff.counts
    if result.run_id is None:
        out.print("[green]Nothing to push.[/] Everything is as delivered; no request was made.")
    else:
        planned = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        out.print(
            f"[bold]Delivered {result.delivered:,} of {result.diff.total:,} records[/] to "
            f"{result.destination} in {result.seconds:.1f} s\n"
            f"[dim]planned: {planned}; {result.requests:,} requests, {result.retries:,} retries[/]"
        )
    for note in notes(result.diff):
        out.print(note)
    if result.refused:
        out.print(f"[bold red]{result.refused:,} refused[/]; sent again when their values change:")
        for address, reason in result.refusals[:10]:
            out.print(f"  {escape(address)}  {escape(reason)}")
        if result.refused > 10:
            out.print("  and more; `python -m scripts.crm_sync status` lists them.")
    if result.stopped:
        out.print(f"[bold red]Stopped early.[/] {escape(result.stopped)}")
    if result.open:
        out.print(f"{result.open:,} records are open; run the push again to send them.")
    return result.exit_code


@contextmanager
def progress_display(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a progress callback: a bar on a terminal, a line now and then elsewhere."""
    out = Console(stderr=True, highlight=False)
    if quiet or not out.is_terminal:
        yield None if quiet else log_lines()
        return
    columns = (TextColumn("Pushing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("push", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def log_lines(every_seconds: float = 10.0) -> Callable[[int, int], None]:
    """Return a callback that prints one line every few seconds."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every_seconds:
            last = time.monotonic()
            print(f"{done:,} of {total:,} records sent", file=sys.stderr, flush=True)

    return report


def run_status(settings: Settings, options: argparse.Namespace) -> int:
    """Show what the ledger knows."""
    found = engine.status(settings)
    if options.json:
        print_json(found)
        return 0
    out = console()
    out.print(
        f"[bold]{found.destination}[/]: {found.delivered:,} delivered, {found.open:,} open, "
        f"{found.dead_count:,} dead\n"
    )
    if found.runs:
        names = ("adds", "updates", "removes", "delivered", "refused", "open", "requests")
        columns = [number(name.capitalize()) for name in names]
        table = Table("Run", "Started (UTC)", "Outcome", *columns, box=None, pad_edge=False)
        for run in found.runs:
            cells = [f"{run[name]:,}" if run[name] is not None else "–" for name in names]
            started = f"{run['started_at']:%Y-%m-%d %H:%M:%S}"
            table.add_row(str(run["run_id"]), started, run["outcome"] or "interrupted", *cells)
        out.print(table)
        for run in found.runs:
            if run["note"]:
                out.print(f"[dim]run {run['run_id']}: {escape(run['note'])}[/]")
    else:
        out.print("Nothing has been pushed yet.")
    if found.dead:
        table = Table("\nDead", "", "Reason", box=None, pad_edge=False)
        for one in found.dead:
            table.add_row(escape(one["address"]), one["operation"], escape(one["reason"] or ""))
        out.print(table)
        if found.dead_count > len(found.dead):
            out.print(f"and {found.dead_count - len(found.dead):,} more")
    return 0


COMMANDS = {"plan": run_plan, "push": run_push, "status": run_status}

"""Keep CRMs, e-mail tools and ad platforms in step with the warehouse."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as ProgressTask
from rich.table import Column, Table
from rich.text import Text

from . import engine
from .config import Sync, load_syncs
from .errors import ConfigError, SyncError, mask

EXIT_CODES = """
exit codes:
  0  everything is as it should be
  2  a setting, a file, a table or a remote field is missing or wrong
  3  partial: some records were refused, or are still open and go out with the next push
  4  stopped by a guard before the first request (first run, validation, too many removes)
  5  another process holds the ledger or the warehouse
  6  the destination does not accept the credentials

Syncs come from sync.yml (see sync.example.yml), secrets from the environment; docs/destinations.md
says which. Without a sync.yml, contacts go to HubSpot.
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
    common.add_argument("--ledger", help="DuckDB file or postgresql:// (data/ledger.duckdb)")
    common.add_argument("--json", action="store_true", help="print JSON instead of text")
    chosen = argparse.ArgumentParser(add_help=False, parents=[common])
    chosen.add_argument(
        "syncs",
        nargs="*",
        metavar="SYNC",
        help="names of syncs in sync.yml, or of destinations (default: all)",
    )
    removes = argparse.ArgumentParser(add_help=False)
    removes.add_argument(
        "--max-remove-share",
        type=float,
        metavar="SHARE",
        help="stop when more than this share of delivered records would be removed (0.2)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    show = commands.add_parser("plan", parents=[chosen, removes], help="show what a push would do")
    show.add_argument("--sample", type=int, default=3, help="changes to show per operation (3)")
    send = commands.add_parser("push", parents=[chosen, removes], help="send what changed")
    send.add_argument("--first-run", action="store_true", help="nothing was pushed there before")
    send.add_argument("--limit", type=positive, metavar="N", help="send N records, as a trial")
    send.add_argument("--skip-validation", action="store_true", help="ignore validation.json")
    back = commands.add_parser("pull", parents=[chosen], help="read what people changed there")
    back.add_argument("--raw-path", type=Path, default=Path("data/raw"), help="(data/raw)")
    back.add_argument("--full", action="store_true", help="everything, not only what changed")
    commands.add_parser("status", parents=[chosen], help="show delivered, open and dead records")
    dead = commands.add_parser("dead", help="look after refused and held records")
    actions = dead.add_subparsers(dest="action", required=True, metavar="list|retry|drop")
    for action, meaning in (
        ("list", "show them"),
        ("retry", "send them with the next push"),
        ("drop", "leave them until their values change"),
    ):
        one = actions.add_parser(action, parents=[common], help=meaning)
        one.add_argument("sync", metavar="SYNC")
        one.add_argument("ids", nargs="*", metavar="ID", help="of the list (default: all)")
    look = commands.add_parser("doctor", parents=[chosen], help="check token, rights and fields")
    look.add_argument("--create", action="store_true", help="create remote fields that are missing")
    erase = commands.add_parser("forget", parents=[common], help="erase a person everywhere")
    erase.add_argument("key", help="e-mail address or record key")
    erase.add_argument("--sync", dest="syncs", action="append", default=[], help="only here")
    prune = commands.add_parser("prune", parents=[chosen], help="delete old answers and runs")
    prune.add_argument("--days", type=positive, default=90, help="older than this (90)")
    return parser


def positive(text: str) -> int:
    """Return a whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above zero")
    return number


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = build_parser().parse_args(argv)
    try:
        syncs = load_syncs(
            options.config,
            names=[options.sync] if options.command == "dead" else options.syncs,
            warehouse=options.warehouse,
            ledger=options.ledger,
            max_remove_share=getattr(options, "max_remove_share", None),
        )
        return COMMANDS[options.command](syncs, options)
    except SyncError as problem:
        return stopped(problem, options)
    except KeyboardInterrupt:
        console(stderr=True).print("Interrupted. What is open goes out with the next push.")
        return 130


def stopped(problem: SyncError, options: argparse.Namespace, sync: str | None = None) -> int:
    """Say what a person has to decide; returns the exit code."""
    if options.json:
        said = {"error": str(problem), "exit_code": problem.exit_code}
        print(json.dumps(said | ({"sync": sync} if sync else {})))
    else:
        whose = f"{sync}: " if sync else ""
        console(stderr=True).print(f"[bold red]Stopped.[/] {escape(whose + str(problem))}")
    return problem.exit_code


def each(
    syncs: list[Sync], options: argparse.Namespace, run: Callable[[Sync], tuple[Any, int]],
    show: Callable[[Any], None],
) -> int:  # fmt: skip
    """Run a command for every sync; one that is stopped does not stop the others.

    `run` returns a result and an exit code. Returns the code of the gravest.
    """
    codes = [0]
    for sync in syncs:
        try:
            result, code = run(sync)
        except SyncError as problem:
            codes.append(stopped(problem, options, sync.name if len(syncs) > 1 else None))
            continue
        codes.append(code)
        if options.json:
            print(json.dumps(engine.as_json(result), default=str))
        else:
            show(result)
    # Partial is the mildest: whoever reads the code should hear of what needs a person.
    return max(codes, key=lambda code: (code != 0, code != 3, code))


def console(*, stderr: bool = False) -> Console:
    """Return a console that is as wide as the terminal, or wide enough for a log."""
    out = Console(stderr=stderr, highlight=False)
    return out if out.is_terminal else Console(stderr=stderr, highlight=False, width=110)


def number(name: str) -> Column:
    """Return a right-aligned column."""
    return Column(name, justify="right")


def run_plan(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Show what a push would do; exit code 4 when a guard would stop it."""

    def run(sync: Sync) -> tuple[engine.Plan, int]:
        plan = engine.plan(sync, sample=options.sample)
        return plan, 4 if plan.guard else 0

    return each(syncs, options, run, show_plan)


def show_plan(plan: engine.Plan) -> None:
    """Print a plan."""
    out, diff = console(), plan.diff
    as_of = f", as of {diff.as_of:%Y-%m-%d %H:%M} UTC" if diff.as_of else ""
    out.print(f"[bold]Plan for {plan.destination}[/]: {diff.source_rows:,} rows{as_of}\n")
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
    elif plan.is_first and not plan.nothing:
        out.print("Nothing was pushed here before: the push wants --first-run.")


def counts_table(plan: engine.Plan) -> Table:
    """Return the records per operation."""
    meaning = {
        "remove": "our fields are emptied or the membership ends; nothing is deleted",
        "update": "only the changed fields are sent",
        "add": "not delivered before",
    }
    table = Table("Operation", number("Records"), "", box=None, pad_edge=False)
    for operation, count in plan.diff.counts.items():
        table.add_row(operation, f"{count:,}", f"[dim]{meaning[operation]}[/]")
    table.add_row("[bold]total[/]", f"[bold]{plan.diff.total:,}[/]", end_section=True)
    return table


def fields_table(plan: engine.Plan) -> Table:
    """Return the records per field and operation."""
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
    """Return what a change does: its new values, or how many fields are emptied."""
    if one.operation == "remove":
        return f"{len(one.values)} fields are emptied" if one.values else ""
    return ", ".join(
        f"[dim]{name}[/] {shown(name, value)}"
        for name, value in one.values.items()
        if value is not None or one.operation == "update"
    )


def shown(name: str, value: Any) -> str:
    """Return a value as it is shown in the plan; addresses and names of people are masked."""
    if value is None:
        return "[dim]empty[/]"
    text = str(value)
    personal = "@" in text or any(part in name.lower() for part in ("mail", "phone", "name"))
    return escape(mask(text) if personal else text)


def notes(diff: engine.Diff) -> Iterator[str]:
    """Yield what is unusual about the records."""
    if diff.again:
        yield f"{diff.again:,} were sent before without an answer and are sent again."
    if diff.dead:
        yield f"{diff.dead:,} were refused before and wait until their values change (see status)."
    if diff.held:
        yield f"{diff.held:,} may have arrived and are held for a person (see `dead list`)."
    if diff.suppressed:
        yield f"{diff.suppressed:,} must not be contacted and are left out or removed."
    if diff.merged:
        yield f"{diff.merged:,} share a key with another row and were merged."
    if diff.without_key:
        yield f"{diff.without_key:,} have no key and are skipped."


def run_push(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Push and say what became of it."""

    def run(sync: Sync) -> tuple[engine.PushResult, int]:
        with progress_display(sync.name) as progress:
            result = engine.push(
                sync,
                first_run=options.first_run,
                only=options.limit,
                skip_validation=options.skip_validation,
                progress=progress,
            )
        return result, result.exit_code

    return each(syncs, options, run, show_push)


def show_push(result: engine.PushResult) -> None:
    """Print what a push did."""
    out, counts = console(), result.diff.counts
    if result.run_id is None:
        out.print(
            f"[green]Nothing to push[/] to {escape(result.destination)}. Everything is as "
            "delivered; no request was made."
        )
    else:
        planned = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        out.print(
            f"[bold]Delivered {result.delivered:,} of {result.diff.total:,} records[/] to "
            f"{escape(result.destination)} in {result.seconds:.1f} s\n"
            f"[dim]planned: {planned}; {result.requests:,} requests, {result.retries:,} retries[/]"
        )
    for note in notes(result.diff):
        out.print(note)
    if result.refused:
        out.print(f"[bold red]{result.refused:,} refused[/]; sent again when their values change:")
        for address, reason in result.refusals[:10]:
            out.print(f"  {escape(address)}  {escape(reason)}")
        if result.refused > 10:
            out.print(f"  and more: `python -m scripts.crm_sync dead list {result.sync}`")
    if result.stopped:
        out.print(f"[bold red]Stopped early.[/] {escape(result.stopped)}")
    if result.open:
        out.print(f"{result.open:,} records are open; run the push again to send them.")


class RateColumn(ProgressColumn):
    """Records per second."""

    def render(self, task: ProgressTask) -> Text:
        """Return the rate so far."""
        return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")


@contextmanager
def progress_display(name: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a progress callback: a bar on a terminal, a JSON line now and then elsewhere."""
    out = Console(stderr=True, highlight=False)
    if not out.is_terminal:
        yield progress_lines(name)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, RateColumn(), TimeRemainingColumn(), console=out, transient=True
    ) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def progress_lines(name: str, every_seconds: float = 10.0) -> Callable[[int, int], None]:
    """Return a callback that prints one JSON line every few seconds."""
    began = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        at = time.monotonic()
        if at - last < every_seconds:
            return
        last, rate = at, done / (at - began)
        line = {"sync": name, "done": done, "total": total, "per_second": round(rate, 1)}
        if rate:
            line["seconds_left"] = round((total - done) / rate)
        print(json.dumps(line), file=sys.stderr, flush=True)

    return report


def run_pull(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Pull from every destination that can be read, each once."""
    once = {(sync.destination.name, sync.destination.account): sync for sync in reversed(syncs)}
    able = [sync for sync in reversed(once.values()) if sync.destination.can_pull]
    if not able:
        raise ConfigError("None of these destinations can be pulled from: hubspot, bottlecrm can.")

    def run(sync: Sync) -> tuple[engine.Pulled, int]:
        said = None if options.json else lambda line: print(line, file=sys.stderr, flush=True)
        return engine.pull(sync, raw_path=options.raw_path, full=options.full, said=said), 0

    def show(pulled: engine.Pulled) -> None:
        rows = ", ".join(f"{count:,} {table}" for table, count in pulled.rows.items() if count)
        console().print(
            f"[bold]Pulled from {escape(pulled.destination)}[/]: {rows or 'nothing new'}. "
            "The next `dbt build` reads it."
        )

    return each(able, options, run, show)


def run_status(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Show what the ledger knows."""
    return each(syncs, options, lambda sync: (engine.status(sync), 0), show_status)


def show_status(found: engine.Status) -> None:
    """Print the state of one sync."""
    out = console()
    out.print(
        f"[bold]{escape(found.destination)}[/]: {found.delivered:,} delivered, "
        f"{found.open:,} open, {found.dead_count:,} dead, {found.held_count:,} held\n"
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
    if found.waiting:
        out.print(waiting_table(found.waiting))
        more = found.dead_count + found.held_count - len(found.waiting)
        if more:
            out.print(f"and {more:,} more: `python -m scripts.crm_sync dead list {found.sync}`")
    if found.suppressed:
        out.print(f"[dim]{found.suppressed:,} people were forgotten and are never sent again[/]")


def waiting_table(waiting: Iterable[dict[str, Any]]) -> Table:
    """Return refused and held records."""
    table = Table("\nId", "State", "Record", "", "Reason", box=None, pad_edge=False)
    for one in waiting:
        cells = (one["id"], one["state"], one["record"], one["operation"], one["reason"] or "")
        table.add_row(*(escape(cell) for cell in cells))
    return table


def run_dead(syncs: list[Sync], options: argparse.Namespace) -> int:
    """List, retry or drop refused and held records."""

    def run(sync: Sync) -> tuple[list[dict[str, Any]], int]:
        return engine.dead(sync, options.action, options.ids), 0

    def show(rows: list[dict[str, Any]]) -> None:
        said = {
            "list": "No record is dead or held." if not rows else "",
            "retry": f"{len(rows):,} go out with the next push.",
            "drop": f"{len(rows):,} are left alone until their values change.",
        }[options.action]
        console().print(said or waiting_table(rows))

    return each(syncs, options, run, show)


def run_doctor(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Look at everything a push needs; exit code 2 when something is wrong."""

    def run(sync: Sync) -> tuple[list[Any], int]:
        found = list(engine.doctor(sync, create=options.create))
        return found, 0 if all(one.is_fine for one in found) else 2

    def show(found: list[Any]) -> None:
        out = console()
        for one in found:
            sign = "[green]✓[/]" if one.is_fine else "[red]✗[/]"
            out.print(f"{sign} {escape(one.name)}: {escape(one.detail or 'fine')}")

    return each(syncs, options, run, show)


def run_forget(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Erase a person; exit code 3 when a destination has to be asked again."""

    def run(sync: Sync) -> tuple[engine.Forgotten, int]:
        found = engine.forget(sync, options.key)
        return found, 3 if found.problem else 0

    def show(found: engine.Forgotten) -> None:
        what = {
            "erased": "erased there and in the ledger",
            "emptied": "no way to erase there: what we wrote was taken back; erased in the ledger",
            "nothing": "nothing was there",
            "kept": f"not erased: {found.problem}",
        }[found.outcome]
        console().print(f"{escape(found.sync)}: {escape(what)}")

    return each(syncs, options, run, show)


def run_prune(syncs: list[Sync], options: argparse.Namespace) -> int:
    """Delete what is old and needed no more."""

    def run(sync: Sync) -> tuple[dict[str, int], int]:
        return engine.prune(sync, days=options.days), 0

    def show(found: dict[str, int]) -> None:
        rows = ", ".join(f"{count:,} of {table}" for table, count in found.items())
        console().print(f"Deleted {rows}.")

    return each(syncs, options, run, show)


COMMANDS = {
    "plan": run_plan,
    "push": run_push,
    "pull": run_pull,
    "status": run_status,
    "dead": run_dead,
    "doctor": run_doctor,
    "forget": run_forget,
    "prune": run_prune,
}

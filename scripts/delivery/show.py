"""Print what the delivery found out, and run a job for every sync."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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

from scripts.errors import PersonNeeded, Unexpected, report

from . import engine
from .config import Sync
from .existing import Existing

NAMES_SHOWN = 10


def for_each(
    syncs: list[Sync],
    run: Callable[[Sync], tuple[Any, int]],
    show: Callable[[Any], None],
    *,
    as_json: bool,
) -> int:
    """Run a job for every sync; one that is stopped does not stop the others.

    `run` returns a result and an exit code. Returns the code of the gravest.
    """
    codes = [0]
    for sync in syncs:
        try:
            result, code = run(sync)
        except Exception as raised:  # whatever it is, the next sync has its turn
            problem = raised if isinstance(raised, PersonNeeded) else Unexpected(raised)
            report(problem, as_json=as_json, about=sync.name if len(syncs) > 1 else None)
            codes.append(problem.exit_code)
            continue
        codes.append(code)
        if as_json:
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
    if plan.existing:
        out.print(existing_shown(plan.existing))
    elif plan.not_asked:
        out.print(f"What is there already is not known: {escape(plan.not_asked)}")
    if plan.guard:
        out.print(f"[bold red]A push would stop.[/] {escape(plan.guard)}")
    elif plan.is_first and not plan.nothing:
        out.print("Nothing was pushed here before: the push wants --first-run.")


def existing_shown(found: Existing) -> str:
    """Return what is there already of the records to add."""
    unasked = f" {found.unasked:,} cannot be asked for, and are refused." if found.unasked else ""
    return (
        f"Of {found.looked_at:,} records to add that were looked up there, {found.matched:,} exist "
        f"and are taken over, {found.new:,} are new, {found.ambiguous:,} ambiguous."
        f"{unasked}"
    )


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
    for sample in plan.samples:
        table.add_row(
            sample.operation, escape(sample.address), values_shown(sample), end_section=True
        )
    return table


def values_shown(sample: engine.Sample) -> str:
    """Return what a change does: its new values, or how many fields are emptied."""
    if sample.operation == "remove":
        return f"{len(sample.values)} fields are emptied" if sample.values else ""
    return ", ".join(
        f"[dim]{name}[/] {'[dim]empty[/]' if value is None else escape(str(value))}"
        for name, value in sample.values.items()
        if value is not None or sample.operation == "update"
    )


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
    if diff.unnamed:
        yield (
            f"{diff.unnamed:,} name nobody who can be looked up (no profile_id, no address) and are"
            " left out."
        )
    if diff.nowhere:
        names = [
            f"{name!r} ({o:,})" if name else f"none ({o:,})" for name, o in diff.nowhere.items()
        ]
        more = ", …" if len(names) > NAMES_SHOWN else ""
        yield escape(
            f"{sum(diff.nowhere.values()):,} name no place that the options know, and are refused "
            f"when they are sent: {', '.join(names[:NAMES_SHOWN])}{more}."
        )
    if diff.without_key:
        yield f"{diff.without_key:,} have no key and are skipped."


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
            out.print(f"  and more: `audiences dead list {result.sync}`")
    if result.absent:
        out.print(
            f"{result.absent:,} are not there, and may not be created; asked again each time."
        )
    if result.noted:
        out.print(f"{result.noted:,} only noted here: the destination cannot be told of them.")
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


def show_status(found: engine.Status) -> None:
    """Print the state of one sync."""
    out = console()
    out.print(
        f"[bold]{escape(found.destination)}[/]: {found.delivered:,} delivered, "
        f"{found.open:,} open, {found.dead_count:,} dead, {found.held_count:,} held\n"
    )
    if found.owed_count:
        out.print(
            f"[bold red]{found.owed_count:,} must not be contacted and are still there[/]: the "
            "destination refused to remove them; each push tries again."
        )
    if found.account:
        out.print(f"[dim]delivered to {escape(found.account)}[/]")
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
            out.print(f"and {more:,} more: `audiences dead list {found.sync}`")
    if found.suppressed:
        out.print(f"[dim]{found.suppressed:,} people were forgotten and are never sent again[/]")


def waiting_table(waiting: Iterable[dict[str, Any]]) -> Table:
    """Return refused and held records."""
    table = Table("\nId", "State", "Record", "", "Reason", box=None, pad_edge=False)
    for record in waiting:
        names = ("id", "state", "record", "operation")
        cells = (*(record[name] for name in names), record["reason"] or "")
        table.add_row(*(escape(cell) for cell in cells))
    return table


def show_pulled(pulled: engine.Pulled) -> None:
    """Print what a pull wrote."""
    rows = ", ".join(f"{count:,} {table}" for table, count in pulled.rows.items() if count)
    console().print(
        f"[bold]Pulled from {escape(pulled.destination)}[/]: {rows or 'nothing new'}. "
        "The next `audiences build` reads it."
    )
    reasons: dict[str, list[str]] = {}
    for what, why in pulled.left_out.items():
        reasons.setdefault(why, []).append(what)
    for why, names in reasons.items():
        console().print(
            f"[yellow]Left out[/]: {escape(', '.join(names))}, since {escape(why)}. Once that has "
            "changed, `audiences pull --full` reads what was missed."
        )


def show_dead(action: str, rows: list[dict[str, Any]]) -> None:
    """Print refused and held records, or what becomes of them."""
    text = {
        "list": "No record is dead or held." if not rows else "",
        "retry": f"{len(rows):,} go out with the next push.",
        "drop": f"{len(rows):,} are left alone until their values change.",
    }[action]
    console().print(text or waiting_table(rows))


def show_finding(finding: Any) -> None:
    """Print one thing that `doctor` looked at."""
    sign = "[green]✓[/]" if finding.is_fine else "[red]✗[/]"
    console().print(f"{sign} {escape(finding.name)}: {escape(finding.detail or 'fine')}")


def show_drift(found: engine.Drift) -> None:
    """Print what is not there as it was delivered."""
    out = console()
    if found.is_none:
        out.print(
            f"[green]{found.looked_at:,} records of {escape(found.sync)} are as delivered.[/]"
        )
        return
    out.print(
        f"[bold red]{found.changed:,} of {found.looked_at:,} records of {escape(found.sync)} differ"
        f" from what was delivered, {found.gone:,} are gone.[/]"
    )
    for key, what in found.records:
        out.print(f"  {escape(key)}  {escape(what)}")
    out.print(
        f"`audiences resend {escape(found.sync)} RECORD` sends some again with the next push, "
        f"`audiences push {escape(found.sync)} --full` all."
    )


def show_resent(count: int) -> None:
    """Print how many records go out again."""
    console().print(f"{count:,} go out whole with the next push.")


def show_forgotten(found: engine.Forgotten) -> None:
    """Print what `forget` did at one destination."""
    what = {
        "erased": "erased there and in the ledger",
        "emptied": "no way to erase there: what we wrote was taken back; erased in the ledger",
        "noted": "erased in the ledger",
        "nothing": "nothing was there"
        if found.is_known
        else "nothing is known of this name. If the person has another one, give that as well",
        "kept": f"not erased: {found.problem}",
    }[found.outcome]
    out = console()
    out.print(f"{escape(found.sync)}: {escape(what)}")
    if found.rows:
        out.print(f"{found.rows:,} rows left exports and pulled files.")
    if found.note:
        out.print(found.note)
    if found.problem and found.outcome != "kept":
        out.print(escape(found.problem))
    if found.elsewhere:
        out.print(
            "The ledger still knows the person from "
            f"{escape(', '.join(found.elsewhere))}: ask there with that sync, or its account's "
            "token."
        )


def show_pruned(found: dict[str, int]) -> None:
    """Print how many rows were deleted."""
    rows = ", ".join(f"{count:,} of {table}" for table, count in found.items())
    console().print(f"Deleted {rows}.")

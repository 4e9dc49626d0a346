"""The whole job on made data: build, validate, push to a local demo CRM, and say what happened."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dev import demo_crm, make_demo_data
from dev.demo_data.files import ForeignFilesError, read_manifest, version
from scripts import build, delivery
from scripts.dbt_runner import PROJECT
from scripts.errors import PersonNeeded
from scripts.snapshot import Snapshot, look

# The demo plays at one fixed instant, so that its numbers are the same everywhere.
AS_OF = "2026-06-30T00:00:00Z"


@dataclass(frozen=True)
class Folder:
    """Where the demo keeps its files, and how many made people it holds besides the planted."""

    path: Path
    people: int = 3000

    @property
    def raw(self) -> Path:
        """The raw files, in the shape that connectors land them."""
        return self.path / "raw"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds."""
        return self.path / "warehouse.duckdb"

    @property
    def ledger(self) -> Path:
        """What was delivered to the CRM."""
        return self.path / "ledger.duckdb"

    @property
    def crm(self) -> Path:
        """The demo CRM's memory."""
        return self.path / "crm.sqlite"

    @property
    def target(self) -> Path:
        """What dbt leaves behind, apart from that of the user's own builds."""
        return self.path / "target"


@contextmanager
def step(console: Console, doing: str) -> Iterator[dict[str, str]]:
    """Show what is being done, then one line with what came of it and how long it took."""
    began = time.perf_counter()
    outcome: dict[str, str] = {}
    with console.status(f"{doing} …"):
        yield outcome
    seconds = f"[dim]{time.perf_counter() - began:.1f} s[/dim]"
    console.print(f"[green]✓[/green] {doing}: {outcome['result']}  {seconds}")


def run(folder: Folder, console: Console) -> int:
    """Run every step; returns the exit code of the first one that stopped the demo, else 0."""
    with step(console, "Demo data") as outcome:
        made_before = read_manifest(folder.raw)
        is_current = made_before.get("version") == version()
        if is_current:
            outcome["result"] = f"already in {folder.raw}"
        else:
            rows = make_demo_data.make_demo_data(
                out=folder.raw,
                people=folder.people,
                as_of=make_demo_data.parse_as_of(AS_OF),
            )
            outcome["result"] = f"{sum(rows.values()):,} rows made in {folder.raw}; nobody is real"
            if made_before:
                outcome["result"] += "; those of an older version are gone"
    as_of = read_manifest(folder.raw)["arguments"]["as_of"]
    before = build.look_if_built(folder.warehouse)
    is_built = build.run(
        console,
        project=PROJECT,
        warehouse=folder.warehouse,
        target_path=folder.target,
        variables={"raw_path": str(folder.raw.resolve()), "as_of": as_of},
        # Tables that grow would keep the events of older data.
        dbt_arguments=() if is_current else ("--full-refresh",),
    )
    if not is_built:
        return 1
    report = build.show_validation(
        console, warehouse=folder.warehouse, target_path=folder.target, as_of=as_of
    )
    if not report.success:
        console.print(
            "Nothing was pushed. To see more: "
            f"audiences validate --warehouse {folder.warehouse} --target-path {folder.target}",
            soft_wrap=True,
        )
        return report.exit_code

    with demo_crm.start(state=folder.crm) as crm:
        # Not what a sync.yml says: the demo only ever pushes to its own CRM.
        sync = delivery.make_sync(
            "hubspot_contacts",
            delivery.default_syncs()["hubspot_contacts"],
            {"warehouse": folder.warehouse, "ledger": str(folder.ledger)},
            {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": crm.token},
        )
        with step(console, "Plan the push") as outcome:
            outcome["result"] = changes(delivery.plan(sync).diff.counts) or "nothing to push"
        with step(console, "Push to the demo CRM") as outcome:
            result = delivery.push(sync, first_run=True, allow_older=True)
            outcome["result"] = (
                f"{result.delivered:,} contacts written in {result.requests} requests"
            )
            if result.refused:
                outcome["result"] += f", {result.refused} refused"

    after = look(folder.warehouse)
    build.show_counts(console, before, after, f"audiences segments --warehouse {folder.warehouse}")
    console.print(closing(before, after, result.delivered))
    return result.exit_code


def changes(counts: dict[str, int]) -> str:
    """The non-zero counts of a plan in words."""
    return ", ".join(f"{count:,} to {verb}" for verb, count in counts.items() if count)


def closing(before: Snapshot, after: Snapshot, pushed: int) -> str:
    """The sentences under the tables."""
    if not before.as_of:
        news = "This was the first run: everything is new."
    elif before.memberships == after.memberships and before.kept == after.kept:
        news = "Since the last run nothing changed."
    else:
        news = f"Since the last run {after.kept - before.kept:,} new events came in."
    return (
        f"{pushed:,} contacts pushed. {news}\n"
        "\nLook next at\n"
        "  models/marts/segments/research/sales_ready.sql   a segment, whole\n"
        "  make crm                                         the contacts in the demo CRM\n"
        "  make docs                                        every model and column\n"
        "  docs/adding-a-segment.md                         a segment of your own"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("data/demo"),
        help="where raw files, warehouse, ledger and demo CRM live (default: %(default)s)",
    )
    parser.add_argument(
        "--people",
        type=int,
        default=Folder.people,
        help="size of the made crowd, when it is made anew (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    folder, console = Folder(arguments.folder, arguments.people), Console(highlight=False)
    try:
        return run(folder, console)
    except (ForeignFilesError, PersonNeeded) as problem:
        console.print(f"[red]✗[/red] {escape(str(problem))}")
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""The whole job on made data: build, validate, push to a local demo CRM, and say what happened."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from dev import demo_crm, make_demo_data
from dev.demo_data.files import PLANTED, ForeignFilesError, version
from scripts import delivery
from scripts.dbt_runner import DbtFailed, run_dbt

Membership = tuple[str, str]

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
        return self.path / "demo_crm.sqlite"


@dataclass(frozen=True)
class Snapshot:
    """What the warehouse holds at one moment; empty before the first build."""

    as_of: str = ""
    intake: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    memberships: frozenset[Membership] = frozenset()
    sizes: dict[str, int] = field(default_factory=dict)
    core: frozenset[str] = frozenset()
    profiles: int = 0
    identified: int = 0
    suppressed: int = 0
    contacts: int = 0

    @property
    def kept(self) -> int:
        """How many events count."""
        return sum(kept for _, kept, _, _ in self.intake.values())


def look(warehouse: Path) -> Snapshot:
    """Read a Snapshot from the warehouse; empty when there is none, or one of an older version."""
    if not warehouse.exists():
        return Snapshot()
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def rows(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        if not rows(
            "select 1 from information_schema.columns "
            "where table_name = 'segment_catalog' and column_name = 'is_core'"
        ):
            return Snapshot()
        return Snapshot(
            as_of=str(rows("select max(as_of) from marts.profile_traits")[0][0]),
            intake={
                source: tuple(counts)
                for source, *counts in rows(
                    """
                    select
                        source, delivered_count, kept_count, duplicate_count, quarantined_count
                    from marts.event_intake order by source
                    """
                )
            },
            memberships=frozenset(
                rows("select segment, profile_id from marts.segment_memberships")
            ),
            sizes=dict(
                rows(
                    """
                    select segment, count(profile_id)
                    from marts.segment_catalog left join marts.segment_memberships using (segment)
                    group by segment, priority, is_core order by not is_core, priority
                    """
                )
            ),
            core=frozenset(
                segment
                for (segment,) in rows("select segment from marts.segment_catalog where is_core")
            ),
            profiles=rows("select count(*) from marts.profiles")[0][0],
            identified=rows("select count(*) from marts.profiles where is_identified")[0][0],
            suppressed=rows("select count(*) from marts.profile_suppressions")[0][0],
            contacts=rows("select count(*) from activation.crm_contacts")[0][0],
        )


@contextmanager
def step(console: Console, doing: str) -> Iterator[dict[str, str]]:
    """Show what is being done, then one line with what came of it and how long it took."""
    began = time.perf_counter()
    said: dict[str, str] = {}
    with console.status(f"{doing} …"):
        yield said
    seconds = f"[dim]{time.perf_counter() - began:.1f} s[/dim]"
    console.print(f"[green]✓[/green] {doing}: {said['result']}  {seconds}")


def manifest_of(raw: Path) -> dict[str, Any]:
    """What the made data says of itself; empty when there is none."""
    manifest = raw / PLANTED / "manifest.json"
    return json.loads(manifest.read_text()) if manifest.exists() else {}


def run(folder: Folder, console: Console) -> int:
    """Run every step; returns the exit code of the first one that stopped the demo, else 0."""
    with step(console, "Demo data") as said:
        made_before = manifest_of(folder.raw)
        is_current = made_before.get("version") == version()
        if is_current:
            said["result"] = f"already in {folder.raw}"
        else:
            rows = make_demo_data.make_demo_data(
                out=folder.raw,
                people=folder.people,
                as_of=make_demo_data.parse_as_of(AS_OF),
            )
            said["result"] = f"{sum(rows.values()):,} rows made in {folder.raw}; nobody is real"
            if made_before:
                said["result"] += "; those of an older version are gone"
    as_of = manifest_of(folder.raw)["arguments"]["as_of"]
    before = look(folder.warehouse)

    with step(console, "dbt build") as said:
        nodes = run_dbt(
            "build",
            # Unit tests prove the SQL, not the data: `make test` runs them.
            "--exclude-resource-type",
            "unit_test",
            # Tables that grow would keep the events of older data.
            *([] if is_current else ["--full-refresh"]),
            warehouse=folder.warehouse,
            variables={"raw_path": str(folder.raw), "as_of": as_of},
        )
        models = sum(node.kind == "model" for node in nodes)
        tests = sum("test" in node.kind for node in nodes)
        warned = [node.name for node in nodes if node.status == "warn"]
        said["result"] = f"{models} models built, {tests} tests passed" + (
            f", {len(warned)} of them with a warning: {', '.join(warned)}" if warned else ""
        )
    after = look(folder.warehouse)

    with step(console, "Validate what came in and what leaves") as said:
        from scripts.validate import validate

        report = validate(raw_path=folder.raw, warehouse=folder.warehouse, as_of=as_of)
        said["result"] = (
            f"{len(report.suites)} suites, {len(report.warnings)} warnings"
            if report.success
            else f"[red]{len(report.critical_failures)} critical[/red]"
        )
    if not report.success:
        for failure in report.critical_failures:
            console.print(f"  [red]✗[/red] {failure}")
        console.print("Nothing was pushed. `python -m scripts.validate --verbose` shows more.")
        return report.exit_code

    with demo_crm.start(state=folder.crm) as crm:
        # Not what a sync.yml says: the demo only ever pushes to its own CRM.
        sync = delivery.make_sync(
            "hubspot_contacts",
            delivery.DEFAULT_SYNCS["hubspot_contacts"],
            {"warehouse": folder.warehouse, "ledger": str(folder.ledger)},
            {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": crm.token},
        )
        with step(console, "Plan the push") as said:
            said["result"] = changes(delivery.plan(sync).diff.counts) or "nothing to push"
        with step(console, "Push to the demo CRM") as said:
            result = delivery.push(sync, first_run=True)
            said["result"] = f"{result.delivered:,} contacts written in {result.requests} requests"
            if result.refused:
                said["result"] += f", {result.refused} refused (`make status` says why)"

    console.print()
    console.print(intake_table(before, after))
    console.print(segment_table(before, after))
    console.print(closing(before, after, result.delivered), highlight=False, soft_wrap=True)
    return result.exit_code


def changes(counts: dict[str, int]) -> str:
    """The non-zero counts of a plan in words."""
    return ", ".join(f"{count:,} to {verb}" for verb, count in counts.items() if count)


def intake_table(before: Snapshot, after: Snapshot) -> Table:
    """Per source: what was delivered and what became of it."""
    table = Table(title="Events in", title_justify="left", box=None, pad_edge=False)
    table.add_column("source", style="bold")
    for name in ("delivered", "kept", "duplicates", "quarantined", "new since last run"):
        table.add_column(name, justify="right")
    for source, (delivered, kept, duplicates, quarantined) in after.intake.items():
        new = kept - before.intake.get(source, (0, 0, 0, 0))[1]
        table.add_row(
            source, *(f"{count:,}" for count in (delivered, kept, duplicates, quarantined, new))
        )
    return table


def segment_table(before: Snapshot, after: Snapshot) -> Table:
    """Per segment, core ones first: its size, and who came and went since the last run."""
    entered = [segment for segment, _ in after.memberships - before.memberships]
    exited = [segment for segment, _ in before.memberships - after.memberships]
    table = Table(title="\nSegments", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("segment", style="bold")
    for name in ("people", "entered", "exited"):
        table.add_column(name, justify="right")
    for segment, size in after.sizes.items():
        came, went = entered.count(segment), exited.count(segment)
        table.add_row(
            segment,
            f"{size:,}",
            f"[green]+{came:,}[/green]" if came else "·",
            f"[red]−{went:,}[/red]" if went else "·",
            # A line of its own between the core segments and the others.
            end_section=segment in after.core and len(after.core) == table.row_count + 1,
        )
    return table


def closing(before: Snapshot, after: Snapshot, pushed: int) -> str:
    """The sentences under the tables."""
    if not before.as_of:
        news = "This was the first run: everything is new."
    elif before.memberships == after.memberships and before.kept == after.kept:
        news = "Since the last run nothing changed."
    else:
        news = f"Since the last run {after.kept - before.kept:,} new events came in."
    return (
        f"\n[bold]{after.profiles:,} profiles[/bold], {after.identified:,} of them known by more "
        f"than a cookie; {after.suppressed:,} must not be mailed; {after.contacts:,} contacts for "
        f"the CRM; {pushed:,} pushed. {news}\n"
        "\nLook next at\n"
        "  models/marts/segments/research/sales_ready.sql   a segment, whole\n"
        "  make crm                                         the contacts as the CRM shows them\n"
        "  make docs                                        every model and column in a browser\n"
        "  docs/adding-a-segment.md                         your own segment in five minutes"
    )


def main(argv: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("data"),
        help="where raw files, warehouse, ledger and demo CRM live (default: data)",
    )
    parser.add_argument(
        "--people",
        type=int,
        default=Folder.people,
        help="size of the made crowd, when it is made anew (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    folder, console = Folder(arguments.folder, arguments.people), Console()
    try:
        return run(folder, console)
    except (DbtFailed, ForeignFilesError, delivery.SyncError) as problem:
        console.print(f"[red]✗[/red] {problem}", markup=True, highlight=False)
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""What the warehouse holds at one moment, and how it is shown on a screen of 80 columns."""

from dataclasses import dataclass, field

import duckdb
from rich import box
from rich.table import Table

from scripts.warehouse import Place, open_warehouse

Membership = tuple[str, str]
TABLES = (
    "marts.event_intake",
    "marts.profile_suppressions",
    "marts.profile_traits",
    "marts.profiles",
    "marts.segment_catalog",
    "marts.segment_memberships",
    "activation.crm_contacts",
)


@dataclass(frozen=True)
class Intake:
    """What became of the events that one source delivered."""

    delivered: int = 0
    kept: int = 0
    duplicates: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Snapshot:
    """What the warehouse holds at one moment; empty before the first build.

    `sizes` has the people per segment, core segments first, then by priority.
    """

    as_of: str = ""
    intake: dict[str, Intake] = field(default_factory=dict)
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
        return sum(source.kept for source in self.intake.values())

    def listed(self, *, only_core: bool) -> list[str]:
        """The segments in order, core ones first; all of them where none is marked core."""
        return [name for name in self.sizes if name in self.core or not (only_core and self.core)]


def look(warehouse: Place) -> Snapshot:
    """Read a Snapshot; raises a WarehouseError when the warehouse is missing or not built."""
    with open_warehouse(warehouse, TABLES) as connection:
        return read_snapshot(connection)


def read_snapshot(connection: duckdb.DuckDBPyConnection) -> Snapshot:
    """Read a Snapshot from an open warehouse."""

    def rows(query: str) -> list[tuple]:
        return connection.execute(query).fetchall()

    def count(query: str) -> int:
        return rows(f"select count(*) from {query}")[0][0]

    return Snapshot(
        as_of=str(rows("select max(as_of) from marts.profile_traits")[0][0]),
        intake={
            source: Intake(*counts)
            for source, *counts in rows(
                """
                select source, delivered_count, kept_count, duplicate_count, quarantined_count
                from marts.event_intake order by source
                """
            )
        },
        memberships=frozenset(rows("select segment, profile_id from marts.segment_memberships")),
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
        profiles=count("marts.profiles"),
        identified=count("marts.profiles where is_identified"),
        suppressed=count("marts.profile_suppressions"),
        contacts=count("activation.crm_contacts"),
    )


def intake_table(before: Snapshot, after: Snapshot) -> Table:
    """Per source: what was delivered and what became of it."""
    table = Table(title="Events in", title_justify="left", box=None, pad_edge=False)
    table.add_column("source", style="bold")
    for name in ("delivered", "kept", "duplicates", "quarantined", "new"):
        table.add_column(name, justify="right")
    for source, counts in after.intake.items():
        new = counts.kept - before.intake.get(source, Intake()).kept
        numbers = (counts.delivered, counts.kept, counts.duplicates, counts.quarantined, new)
        table.add_row(source, *(f"{number:,}" for number in numbers))
    return table


def segment_table(before: Snapshot, after: Snapshot, *, only_core: bool) -> Table:
    """Per segment, core ones first: its size, and who came and went since the last run."""
    entered = [segment for segment, _ in after.memberships - before.memberships]
    exited = [segment for segment, _ in before.memberships - after.memberships]
    table = Table(title="Segments", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("segment", style="bold")
    for name in ("people", "entered", "exited"):
        table.add_column(name, justify="right")
    for segment in after.listed(only_core=only_core):
        came, went = entered.count(segment), exited.count(segment)
        table.add_row(
            segment,
            f"{after.sizes[segment]:,}",
            f"[green]+{came:,}[/green]" if came else "·",
            f"[red]−{went:,}[/red]" if went else "·",
            # A line of its own between the core segments and the others.
            end_section=segment in after.core and len(after.core) == table.row_count + 1,
        )
    return table

"""Run dbt over the user's data and tell on one screen what came of it."""

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from scripts import warehouse as warehouses
from scripts.dbt_runner import DbtFailed, Node, ensure_profiles, run_dbt
from scripts.errors import PersonNeeded
from scripts.roll_up import ROLL_UP, write_roll_up
from scripts.snapshot import Snapshot, intake_table, look, segment_table
from scripts.validate import Report, validate

FAILED = ("error", "fail", "runtime error")
# dbt warns of each test that only warns; these are in the results by name.
TOLD_BY_RESULTS = (
    "LogTestResult", "LogModelResult", "LogNodeResult", "RunResultWarning",
    "RunResultWarningMessage", "DeprecationsSummary",
)  # fmt: skip
ROWS_SHOWN = 3
LISTED_AT_MOST = 10
SECONDS_BETWEEN_LINES = 10.0
# With one of these dbt builds a part of the project.
PARTIAL = ("--select", "-s", "--models", "-m", "--exclude", "--selector", "--resource-type")
UNIT_TESTS_OFF = ("--exclude-resource-type", "unit_test")


Tell = Callable[[int, int, str], None]


class NotAProject(PersonNeeded):
    """The current folder is not the project's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no dbt_project.yml in {folder}. Run `audiences build` in the project's "
            "folder."
        )


class OldDemo(PersonNeeded):
    """An earlier version put the demo's made people where the user's own files belong."""

    def __init__(self, planted: Path) -> None:
        raw, data = planted.parent, planted.parent.parent
        super().__init__(
            f"{raw} holds the made people of an older demo, and they would count as yours. The "
            "demo lives in data/demo now. If nothing in there is yours, remove it with what was "
            "built from it:\n"
            f"  rm -r {raw} {data}/warehouse.duckdb {data}/validation*.json "
            f"{data}/demo_crm.sqlite\n"
            f"If files of yours stand beside it, remove those that {planted / 'manifest.json'} "
            "lists, then the warehouse, which still knows these people."
        )


class DemoWarehouse(PersonNeeded):
    """The demo's warehouse remembers made people, who would count beside the user's own."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"{warehouse} is the demo's: it remembers people who do not exist, and they would "
            "count beside yours. Leave --warehouse out and AUDIENCE_WAREHOUSE unset to build your "
            "own."
        )


@dataclass
class Events:
    """What dbt tells while it runs: how far it is, and what it warns of.

    What macros print is left out: the rows of a failing test are shown below its name.
    """

    tell: Tell
    warnings: list[str] = field(default_factory=list)

    def __call__(self, event: Any) -> None:
        """Take one event."""
        name, level = event.info.name, str(event.info.level)
        if name == "LogStartLine":
            self.tell(event.data.index, event.data.total, event.data.description)
        elif level == "warn" and name not in TOLD_BY_RESULTS and event.info.msg:
            self.warnings.append(plain(event.info.msg))


def plain(message: str) -> str:
    """A message of dbt on one line, without colors and without the word WARNING before it."""
    text = re.sub(r"\x1b\[\d*m", "", message)
    return " ".join(re.sub(r"^\s*\[WARNING\]:?", "", text).split())


def prepare(project: Path) -> list[str]:
    """Bring the project's own files up to date before dbt reads them; one line per change."""
    changes = []
    if not (project / "profiles.yml").exists():
        ensure_profiles(project)
        changes.append("profiles.yml was made from profiles.example.yml")
    changes += [f"{change} in {ROLL_UP}" for change in write_roll_up(project)]
    return changes


def build(
    project: Path,
    *,
    warehouse: Path,
    target_path: Path,
    variables: Mapping[str, Any],
    dbt_arguments: Sequence[str],
    console: Console,
) -> int:
    """Build, validate and print; returns the exit code.

    `variables` are dbt vars, `dbt_arguments` what dbt is told beside them. 0: all is well, maybe
    with warnings; 1: dbt failed; 4: a critical check failed.
    """
    if not (project / "dbt_project.yml").is_file():
        raise NotAProject(project)
    demo = project / "data" / "demo"
    raw_path = Path(variables.get("raw_path", warehouses.DEFAULT_RAW_PATH))
    if warehouse.resolve().is_relative_to(demo.resolve()) and not (
        (project / raw_path).resolve().is_relative_to(demo.resolve())
    ):
        raise DemoWarehouse(warehouse)
    if "raw_path" not in variables:
        refuse_old_demo(warehouses.DEFAULT_RAW_PATH)
    # Whatever dbt reads must be current before it starts.
    for change in prepare(project):
        console.print(f"[green]✓[/] {escape(change)}")
    before = look_if_built(warehouse)
    is_built = run(
        console,
        project=project,
        warehouse=warehouse,
        target_path=target_path,
        variables=variables,
        dbt_arguments=dbt_arguments,
    )
    if not is_built:
        return DbtFailed.exit_code
    if warehouses.read_manifest(target_path)["metadata"]["adapter_type"] != "duckdb":
        console.print("Counts and validation are read from DuckDB files only.")
        return 0
    is_partial = any(argument.split("=")[0] in PARTIAL for argument in dbt_arguments)
    if is_partial:
        console.print("Only a part was built; `audiences validate` checks what is there.")
        return 0
    report = show_validation(
        console, warehouse=warehouse, target_path=target_path, as_of=variables.get("as_of")
    )
    after = look(warehouse)
    show_counts(console, before, after)
    show_next(console, report)
    return report.exit_code


def run(
    console: Console,
    *,
    project: Path,
    warehouse: Path,
    target_path: Path,
    variables: Mapping[str, Any],
    dbt_arguments: Sequence[str] = (),
) -> bool:
    """Run `dbt build` without unit tests and print what came of it; returns whether it went well.

    A user who names kinds of nodes (--resource-type and the like) chooses for themselves.
    """
    began = time.perf_counter()
    with progress(console) as tell:
        events = Events(tell)
        try:
            nodes = run_dbt(
                "build",
                *(() if names_resource_types(dbt_arguments) else UNIT_TESTS_OFF),
                *dbt_arguments,
                warehouse=warehouse,
                variables=variables,
                target_path=target_path,
                project_dir=project,
                on_event=events,
            )
            failure = None
        except DbtFailed as problem:
            nodes, failure = problem.nodes, problem
    seconds = time.perf_counter() - began
    if failure is None:
        show_built(console, nodes, events, warehouse, seconds)
    else:
        show_failure(console, failure, events, warehouse, seconds)
    return failure is None


def refuse_old_demo(raw_path: Path) -> None:
    """Raise OldDemo when the user's raw files hold the made people of an earlier version."""
    planted = raw_path / "_planted"
    if planted.is_dir():
        raise OldDemo(planted)


def names_resource_types(dbt_arguments: Sequence[str]) -> bool:
    """Whether the user chose what kinds of nodes to build."""
    names = {argument.split("=")[0] for argument in dbt_arguments}
    return bool(names & {"--exclude-resource-type", "--resource-type"})


def look_if_built(warehouse: Path) -> Snapshot:
    """What the warehouse holds; nothing where there is none, or one of an older version."""
    try:
        return look(warehouse)
    except (warehouses.MissingWarehouse, warehouses.WarehouseNotBuilt, duckdb.Error):
        return Snapshot()


# Progress ----------------------------------------------------------------------------------------


@contextmanager
def progress(console: Console) -> Iterator[Tell]:
    """Give a function that says how far dbt is: in place on a terminal, else a line now and then.

    It takes the number of the node that begins, how many there are, and what the node is.
    """
    if not console.is_terminal:
        yield progress_lines()
        return
    with console.status("dbt reads the project …") as status:
        yield lambda index, total, node: status.update(
            f"dbt: {index:,} of {total:,}  [dim]{escape(node[:50])}[/]"
        )


def progress_lines() -> Tell:
    """A function that prints how far dbt is, every few seconds."""
    last = time.monotonic()

    def tell(index: int, total: int, node: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"dbt: {index:,} of {total:,}, {node[:50]}", file=sys.stderr, flush=True)

    return tell


# What is printed ---------------------------------------------------------------------------------


def show_built(
    console: Console, nodes: Sequence[Node], events: Events, warehouse: Path, seconds: float
) -> None:
    """Print what dbt did, and its warnings by name."""
    models = sum(node.kind == "model" for node in nodes)
    warned = [node for node in nodes if node.status == "warn"]
    passed = sum(node.kind in ("test", "unit_test") for node in nodes) - len(warned)
    console.print(
        f"[green]✓[/] dbt build: {count(models, 'model')} built, {count(passed, 'test')} passed  "
        f"[dim]{seconds:.1f} s[/]"
    )
    show_warnings(console, warned, events, warehouse)


def show_warnings(
    console: Console, warned: Sequence[Node], events: Events, warehouse: Path
) -> None:
    """Print what dbt warns of, by name, with a few of the rows that tests found."""
    lines = list(events.warnings)
    for node in warned:
        lines.append(f"{node.name}: {node.message.split(',')[0]}")
        lines += [f"  {row}" for row in offending_rows(warehouse, node)]
    if lines:
        console.print(f"[yellow]![/] {count(len(events.warnings) + len(warned), 'warning')}")
        show_list(console, lines)


def show_failure(
    console: Console, failure: DbtFailed, events: Events, warehouse: Path, seconds: float
) -> None:
    """Print what failed, with the rows that tests found, and where to look."""
    failed = [node for node in failure.nodes if node.status in FAILED]
    skipped = sum(node.status == "skipped" for node in failure.nodes)
    kinds = [f"{len(failed)} failed"] if failed else ["could not start"]
    kinds += [f"{skipped} skipped because of it"] if skipped else []
    console.print(f"[red]✗[/] dbt build: {', '.join(kinds)}  [dim]{seconds:.1f} s[/]\n")
    for node in failed[:LISTED_AT_MOST]:
        console.print(f"[bold red]{escape(node.kind)} {escape(node.name)}[/]  [dim]{node.path}[/]")
        rows = offending_rows(warehouse, node) if node.kind == "test" else []
        show_list(console, [line.strip() for line in node.message.strip().splitlines()] + rows)
    if len(failed) > LISTED_AT_MOST:
        console.print(f"and {len(failed) - LISTED_AT_MOST} more")
    if not failed:
        console.print(escape(str(failure)), soft_wrap=True)
    warned = [node for node in failure.nodes if node.status == "warn"]
    show_warnings(console, warned, events, warehouse)
    console.print(
        "\nLook next at\n"
        "  docs/operating.md               what the messages mean, and what to do\n"
        "  audiences build --select NAME+  what failed and what hangs on it, again"
    )


def offending_rows(warehouse: Path, test: Node) -> list[str]:
    """A few of the rows that a test found, as text; none where they cannot be read."""
    try:
        with warehouses.open_warehouse(warehouse) as connection:
            found = connection.execute(f"from ({test.sql}) limit {ROWS_SHOWN}")
            names = [column[0] for column in found.description]
            return [
                ", ".join(f"{name}: {value}" for name, value in zip(names, row, strict=True))
                for row in found.fetchall()
            ]
    except (duckdb.Error, warehouses.WarehouseError):
        return []


def show_list(console: Console, lines: Sequence[str]) -> None:
    """Print lines under what they belong to, not too many of them."""
    more = len(lines) - LISTED_AT_MOST
    shown = [*lines[:LISTED_AT_MOST], *([f"and {more} more"] if more > 0 else [])]
    for line in shown:
        console.print(Padding(escape(line), (0, 0, 0, 4)))


def count(number: int, noun: str) -> str:
    """A number with its noun: 1 model, 2 models."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def show_validation(
    console: Console, *, warehouse: Path, target_path: Path, as_of: str | None
) -> Report:
    """Validate what came in and what leaves, and print what was found."""
    began = time.perf_counter()
    report = validate(warehouse=warehouse, target_path=target_path, as_of=as_of)
    sign = "[green]✓[/]" if report.success else "[red]✗[/]"
    counts = f"{count(len(report.suites), 'table')}, {count(len(report.warnings), 'warning')}"
    if not report.success:
        counts += f", [red]{len(report.critical_failures)} critical[/]"
    console.print(
        f"{sign} Validate what came in and what leaves: {counts}  "
        f"[dim]{time.perf_counter() - began:.1f} s[/]"
    )
    show_list(console, [f"critical: {text}" for text in report.critical_failures])
    show_list(console, report.warnings)
    return report


def show_counts(
    console: Console, before: Snapshot, after: Snapshot, list_all: str = "audiences segments"
) -> None:
    """Print events, segments and people; `list_all` is the command that lists every segment."""
    console.print()
    console.print(intake_table(before, after))
    console.print()
    console.print(segment_table(before, after, only_core=True))
    others = len(after.sizes) - len(after.listed(only_core=True))
    if others:
        console.print(f"and {others} more: {list_all}")
    console.print(
        f"\n[bold]{after.profiles:,} profiles[/], {after.identified:,} of them known by more than "
        f"a cookie; {after.suppressed:,} must not be mailed; {after.contacts:,} contacts for the "
        "CRM."
    )


def show_next(console: Console, report: Report) -> None:
    """Print what to do next."""
    console.print("\nLook next at")
    if report.success:
        console.print("  audiences plan        what a push would send")
    else:
        console.print("  audiences validate    what was expected and what was found")
    console.print("  audiences segments    every segment with its size")

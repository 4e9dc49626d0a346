"""Time the build on many made events, next to a bare SQL script that computes the same traits."""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from dev import make_demo_data
from scripts.dbt_runner import PROJECT, run_dbt

AS_OF = "2026-06-30T00:00:00Z"
GROWING = ("segment/pages", "segment/tracks", "segment/identifies", "email/webhooks")
HELD_BACK = 0.01
BASELINE = Path(__file__).with_name("bench_baseline.sql")
SEEDS = {
    "behaviors": "behaviors.csv",
    "free_mail": "free_mail_domains.csv",
    "competitors": "competitor_domains.csv",
    "fit_rules": "fit_rules.csv",
}
SHOWN = 12


class ResultsDiffer(Exception):
    """The project and the bare script disagree; the message says how many rows and an example."""


def hold_back(raw: Path, later: Path) -> int:
    """Move the newest 1 % of each growing table from `raw` to `later`; returns the rows moved."""
    moved = 0
    with duckdb.connect() as connection:
        for table in GROWING:
            files = f"read_parquet('{raw / table}/*.parquet')"
            (cut,) = connection.execute(
                f"select quantile_disc(received_at, {1 - HELD_BACK}) from {files}"
            ).fetchone()
            for folder, condition in ((later, ">"), (raw, "<=")):
                target = folder / table
                target.mkdir(parents=True, exist_ok=True)
                connection.execute(
                    f"copy (select * from {files} where received_at {condition} ?) "
                    f"to '{target / 'split.tmp'}' (format parquet, compression zstd)",
                    [cut],
                )
            for file in (raw / table).glob("*.parquet"):
                file.unlink()
            for folder, name in ((raw, "first"), (later, "later")):
                (folder / table / "split.tmp").rename(folder / table / f"{name}.parquet")
            moved += connection.execute(
                f"select count(*) from read_parquet('{later / table}/later.parquet')"
            ).fetchone()[0]
    return moved


def measure(phase: str, folder: Path, threads: int) -> dict[str, Any]:
    """Run one phase in a process of its own; returns seconds, peak bytes and nodes."""
    return in_own_process("dev.bench", phase, folder, threads)


def in_own_process(
    module: str, phase: str, folder: Path, threads: int, *, patience: float | None = None
) -> dict[str, Any]:
    """Run one phase of a benchmark module so that its memory is its own; returns what it prints.

    Raises subprocess.TimeoutExpired after `patience` seconds.
    """
    command = [sys.executable, "-m", module, "--phase", phase]
    run = subprocess.run(
        [*command, "--folder", str(folder), "--threads", str(threads)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )
    if run.returncode:
        raise RuntimeError(f"phase {phase} failed:\n{run.stderr or run.stdout}")
    return json.loads(run.stdout.splitlines()[-1])


def run_phase(phase: str, folder: Path, threads: int) -> dict[str, Any]:
    """Do one phase in this process and measure it."""
    raw, warehouse = folder / "raw", folder / "warehouse.duckdb"
    variables = {"raw_path": str(raw), "as_of": AS_OF}
    target = folder / "target"
    nodes: list[Any] = []
    if phase != "baseline":
        # Importing dbt is part of its start-up, and measured with it.
        import dbt.cli.main  # noqa: F401
    began = time.perf_counter()
    if phase == "parse":
        run_dbt("parse", warehouse=warehouse, variables=variables, target_path=target)
    elif phase == "build":
        nodes = run_dbt(
            "build",
            "--threads",
            str(threads),
            "--exclude-resource-type",
            "unit_test",
            warehouse=warehouse,
            variables=variables,
            target_path=target,
        )
    else:
        run_baseline(raw, warehouse, folder / "baseline.duckdb", threads)
    return {
        "seconds": time.perf_counter() - began,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "nodes": [[node.kind, node.name, node.seconds] for node in nodes],
    }


def run_baseline(raw: Path, warehouse: Path, database: Path, threads: int) -> None:
    """Compute baseline_traits with the bare script, for the identities that `warehouse` holds."""
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set variable raw = '{raw}'")
        connection.execute(f"set variable as_of = timestamp '{AS_OF.rstrip('Z')}'")
        for name, seed in SEEDS.items():
            connection.execute(f"set variable {name} = '{PROJECT / 'seeds' / seed}'")
        connection.execute(f"attach '{warehouse}' as project (read_only)")
        connection.execute(
            "create temp table identity as "
            "select identifier_type as kind, identifier_value as value, profile_id, "
            "suppression_reason is not null as is_suppressed from project.marts.profile_identifiers"
        )
        connection.execute("detach project")
        connection.execute(BASELINE.read_text())


def compare(folder: Path) -> int:
    """Return the number of equal rows; raises ResultsDiffer when any row or column differs."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as project (read_only)")
        connection.execute(f"attach '{folder / 'baseline.duckdb'}' as bare (read_only)")
        columns = [
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns where "
                "table_catalog = 'project' and table_schema = 'marts' "
                "and table_name = 'profile_traits' order by ordinal_position"
            ).fetchall()
        ]
        differs = " or ".join(
            "abs(ours.engagement_score - theirs.engagement_score) > 0.0002"
            if name == "engagement_score"
            else f"ours.{name} is distinct from theirs.{name}"
            for name in columns
        )
        rows = connection.execute(
            f"""
            select ours, theirs
            from project.marts.profile_traits as ours
            full join bare.main.baseline_traits as theirs using (profile_id)
            where {differs}
            """
        ).fetchall()
        if rows:
            ours, theirs = rows[0]
            example = {
                name: ((ours or {}).get(name), (theirs or {}).get(name))
                for name in columns
                if (ours or {}).get(name) != (theirs or {}).get(name)
            }
            raise ResultsDiffer(
                f"{len(rows):,} rows of profile_traits differ from the bare script's, for example "
                f"(ours, theirs) {example}"
            )
        return connection.execute("select count(*) from project.marts.profile_traits").fetchone()[0]


def bench(size: int, folder: Path, threads: int, console: Console) -> dict[str, Any]:
    """Run everything at one size and return the measurements."""
    raw, later = folder / "raw", folder / "later"
    with console.status(f"{size:,} events: making them"):
        make_demo_data.make_demo_data(out=raw, events=size, as_of=make_demo_data.parse_as_of(AS_OF))
        held = hold_back(raw, later)
    found: dict[str, Any] = {"events": size, "held_back": held}
    for phase, doing in [("parse", "starting dbt"), ("build", "full build")]:
        with console.status(f"{size:,} events: {doing}"):
            found[phase] = measure(phase, folder, threads)
    for table in GROWING:
        shutil.move(later / table / "later.parquet", raw / table / "later.parquet")
    with console.status(f"{size:,} events: incremental build"):
        found["incremental"] = measure("build", folder, threads)
    with console.status(f"{size:,} events: bare script"):
        found["baseline"] = measure("baseline", folder, threads)
    with console.status(f"{size:,} events: comparing results"):
        found["equal_profiles"] = compare(folder)
    found["warehouse_bytes"] = (folder / "warehouse.duckdb").stat().st_size
    return found


def markdown(results: list[dict[str, Any]], threads: int) -> str:
    """The measurements as a section for docs/benchmarks.md."""
    lines = [
        f"## {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{machine()}; {threads} threads; Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}. Seconds; in brackets the ratio to the bare script.",
        "",
        "| events | dbt start-up | full build | with 1 % more | bare script | peak memory, build | "
        "peak memory, bare | warehouse | profiles, all equal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in results:
        bare = entry["baseline"]["seconds"]

        def timed(phase: str, result: dict = entry, bare: float = bare) -> str:
            return f"{result[phase]['seconds']:.1f} ({result[phase]['seconds'] / bare:.1f})"

        lines.append(
            f"| {entry['events']:,} | {entry['parse']['seconds']:.1f} | {timed('build')} "
            f"| {timed('incremental')} | {bare:.1f} | {gigabytes(entry['build']['peak_bytes'])} "
            f"| {gigabytes(entry['baseline']['peak_bytes'])} "
            f"| {gigabytes(entry['warehouse_bytes'])} | {entry['equal_profiles']:,} |"
        )
    for entry in results:
        for phase, title in [("build", "full build"), ("incremental", "with 1 % more")]:
            nodes = sorted(entry[phase]["nodes"], key=lambda node: -node[2])
            total = sum(node[2] for node in nodes)
            lines += ["", f"### {entry['events']:,} events, {title}", ""]
            lines += ["| node | seconds | share |", "|---|---|---|"]
            lines += [
                f"| {kind} `{name}` | {seconds:.1f} | {seconds / total:.0%} |"
                for kind, name, seconds in nodes[:SHOWN]
            ]
            rest = sum(node[2] for node in nodes[SHOWN:])
            lines.append(f"| {len(nodes[SHOWN:])} others | {rest:.1f} | {rest / total:.0%} |")
    return "\n".join(lines) + "\n"


def gigabytes(size: int) -> str:
    """A number of bytes in GiB."""
    return f"{size / 2**30:.1f} GiB"


def machine() -> str:
    """Cores, memory and processor of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{os.cpu_count()} cores ({model}), {gigabytes(memory)}"


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every benchmark has."""
    parser.add_argument(
        "--folder", type=Path, help="make the scratch files in this folder (some GB)"
    )
    parser.add_argument("--json", type=Path, help="write the measurements to this file as well")
    parser.add_argument("--phase", help=argparse.SUPPRESS)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; returns 0, or 1 when the results differ from the bare script's."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[1_000_000, 10_000_000],
        help="numbers of events (default: 1000000 10000000)",
    )
    parser.add_argument("--threads", type=int, default=2, help="of dbt and DuckDB (default: 2)")
    add_common_options(parser)
    options = parser.parse_args(argv)
    if options.phase:
        print(json.dumps(run_phase(options.phase, options.folder, options.threads)))
        return 0
    console = Console(stderr=True)
    results = []
    try:
        for size in options.sizes:
            with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as scratch:
                results.append(bench(size, Path(scratch), options.threads, console))
    except ResultsDiffer as problem:
        console.print(f"[red]✗[/red] {problem}", highlight=False)
        return 1
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))
    print(markdown(results, options.threads))
    return 0


if __name__ == "__main__":
    sys.exit(main())

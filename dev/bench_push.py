"""Time the push: against a CRM with a quota and latency, without changes, and a million records."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from dev.bench import add_common_options, gigabytes, in_own_process, machine
from scripts import delivery
from scripts.delivery.destination import Destination, Outcome, Record

TOKEN = "bench-token"
QUOTA = 190  # requests in ten seconds: HubSpot Professional
BATCH = 100
WITH_QUOTA, WITHOUT_QUOTA, UNCHANGED, MANY = 60_000, 20_000, 100_000, 1_000_000
NO_QUOTA = 1_000_000

# As many columns as activation.crm_contacts sends, and of the same types.
SOURCE = """
create schema if not exists activation;
create schema if not exists marts;
create or replace table marts.profile_suppressions as select '' as profile_id where false;
create or replace table activation.crm_contacts as
select
    'p' || number as profile_id,
    'person' || number || '@example.com' as email,
    'segment_' || number % 40 as primary_segment,
    'segment_' || number % 40 || ';segment_' || number % 7 as segments,
    2 as segment_count,
    cast((number + {shift}) % 100 as integer) as engagement_score,
    'lead' as lifecycle_stage,
    'B2' as grade,
    cast(number % 4 * 25 as integer) as fit_score,
    'acme' as product_interest,
    'pricing_page_viewed_count_30d ' || number % 9 as reason,
    '2026-06-29 pricing_page_viewed; 2026-06-28 email_opened' as recent_activity,
    timestamp '2026-06-30 00:00:00' as last_engaged_at,
    cast(number % 9 as integer) as pricing_page_views_30d,
    timestamp '2026-06-30 00:00:00' as as_of
from range({count}) as numbers (number)
"""


class Nowhere(Destination):
    """Takes everything at once: what is left is our own time and memory."""

    name = "nowhere"
    address = "http://127.0.0.1:9"

    def send(self, call: Any, operation: str, records: Any) -> list[Outcome]:
        """Say that all of it arrived."""
        return [Outcome(record.key, "delivered", remote_id(record)) for record in records]


def remote_id(record: Record) -> str:
    """Return an id as long as a CRM's."""
    return record.remote_id or f"{abs(hash(record.key)) % 10**12}"


def fill(warehouse: Path, count: int, *, shift: int = 0) -> None:
    """Write a warehouse with so many contacts; another `shift` changes one field of each."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(SOURCE.format(count=count, shift=shift))


@contextmanager
def crm(folder: Path, *, quota: int, latency_ms: int) -> Iterator[str]:
    """Serve the demo CRM in a process of its own; yields its address."""
    state = folder / f"crm-{quota}-{latency_ms}.sqlite"
    options = ["--token", TOKEN, "--requests-per-10s", str(quota), "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(
        [sys.executable, "-m", "dev.demo_crm", "--state", str(state), *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def sync_to(url: str, folder: Path, *, quota: int, workers: int) -> delivery.Sync:
    """The default sync, to a demo CRM."""
    given = delivery.default_syncs()["hubspot_contacts"]
    return delivery.make_sync(
        "contacts",
        {**given, "options": {"requests_per_10_seconds": quota}},
        {
            "warehouse": folder / "warehouse.duckdb",
            "ledger": str(folder / "ledger.duckdb"),
            "workers": workers,
            "require_validation": False,
        },
        {"HUBSPOT_BASE_URL": url, "HUBSPOT_TOKEN": TOKEN},
    )


def push_to_crm(folder: Path, *, count: int, quota: int, latency_ms: int) -> dict[str, Any]:
    """Push new contacts to the demo CRM."""
    folder.mkdir()
    fill(folder / "warehouse.duckdb", count)
    with crm(folder, quota=quota, latency_ms=latency_ms) as url:
        sync = sync_to(url, folder, quota=quota, workers=8)
        result = delivery.push(sync, first_run=True)
    assert result.delivered == count, result
    ceiling = quota * BATCH / 10
    return {
        "records": count,
        "latency_ms": latency_ms,
        "seconds": result.seconds,
        "per_second": count / result.seconds,
        "share_of_ceiling": None if quota == NO_QUOTA else count / result.seconds / ceiling,
        "refused_with_429": result.retries,
    }


def push_nowhere(folder: Path, count: int) -> dict[str, Any]:
    """Push new, unchanged and changed contacts to nowhere, in this process."""
    folder.mkdir()
    found: dict[str, Any] = {"records": count}
    sync = sync_to("http://127.0.0.1:9", folder, quota=QUOTA, workers=4)
    sync = replace(sync, destination=Nowhere({}, {}))
    for name, shift in (("new", 0), ("unchanged", 0), ("changed", 1)):
        fill(sync.warehouse, count, shift=shift)
        began = time.perf_counter()
        delivery.plan(sync, sample=0)
        found[f"{name}_plan_seconds"] = time.perf_counter() - began
        began = time.perf_counter()
        result = delivery.push(sync, first_run=True)
        found[f"{name}_push_seconds"] = time.perf_counter() - began
        assert result.delivered == (0 if name == "unchanged" else count), result
    found["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


PHASES = {
    "quota 0": lambda folder: push_to_crm(folder, count=WITH_QUOTA, quota=QUOTA, latency_ms=0),
    "quota 250": lambda folder: push_to_crm(folder, count=WITH_QUOTA, quota=QUOTA, latency_ms=250),
    "free 0": lambda folder: push_to_crm(folder, count=WITHOUT_QUOTA, quota=NO_QUOTA, latency_ms=0),
    "unchanged": lambda folder: push_nowhere(folder, UNCHANGED),
    "many": lambda folder: push_nowhere(folder, MANY),
}


def markdown(found: dict[str, dict[str, Any]]) -> str:
    """The measurements as the tables of docs/benchmarks.md."""
    lines = [
        f"### Push, {datetime.now(UTC):%Y-%m-%d}\n",
        f"{machine()}. The CRM is a process of its own on the same cores; 8 workers.\n",
        "| quota | latency | new contacts | seconds | a second | share of the ceiling | 429 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("quota 0", "quota 250", "free 0"):
        result = found[name]
        share = result["share_of_ceiling"]
        lines.append(
            f"| {'none' if share is None else f'{QUOTA} in 10 s'} | {result['latency_ms']} ms "
            f"| {result['records']:,} | {result['seconds']:.1f} | {result['per_second']:,.0f} "
            f"| {'–' if share is None else f'{share:.1%}'} | {result['refused_with_429']} |"
        )
    lines += [
        "\n| to nowhere | plan new | push new | plan unchanged | push unchanged | plan changed "
        "| push changed | peak memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("unchanged", "many"):
        result = found[name]
        seconds = " | ".join(
            f"{result[f'{kind}_{what}_seconds']:.1f}"
            for kind in ("new", "unchanged", "changed")
            for what in ("plan", "push")
        )
        lines.append(f"| {result['records']:,} | {seconds} | {gigabytes(result['peak_bytes'])} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench_push", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help=argparse.SUPPRESS)
    add_common_options(parser)
    options = parser.parse_args(argv)
    if options.phase:
        print(json.dumps(PHASES[options.phase](options.folder)))
        return 0
    console, found = Console(stderr=True), {}
    with tempfile.TemporaryDirectory(prefix="bench-push-", dir=options.folder) as name:
        for number, phase in enumerate(PHASES):
            with console.status(f"{phase} …"):
                own = Path(name) / str(number)
                found[phase] = in_own_process("dev.bench_push", phase, own, options.threads)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

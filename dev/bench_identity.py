"""Time the identity materializations, next to DuckDB's own count of nodes, SciPy and Splink."""

import argparse
import importlib.util
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from rich.console import Console
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dev.bench import add_common_options, gigabytes, in_own_process, machine
from dev.demo_data.noise import edge_births, make_noise, write_raw
from dev.demo_data.tables import Clock
from scripts.dbt_runner import PROJECT, run_dbt

SEED = 7
ADDED = 10_000
REMOVED = 1_000
MACROS = ("identity", "materializations", "sql")
SAMPLE = 2_000  # people from whom is measured how many edges one makes
AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
DAYS = 180
NO_SPLINK = "not installed"

PROJECT_FILE = """\
name: bench_identity
version: 1.0.0
config-version: 2
profile: audience_engine
model-paths: [models]
macro-paths: [identity, materializations, sql]
flags:
  send_anonymous_usage_stats: false
"""
PROFILE = """\
audience_engine:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{{{ env_var('AUDIENCE_WAREHOUSE') }}}}"
      threads: 1
      settings: {{threads: {threads}}}
"""
MODEL = """\
{{ config(materialized='connected_components') }}
select node_a, node_b from main.edges
"""


class PartitionsDiffer(Exception):
    """Two ways to the components disagree; the message says which and for how many nodes."""


@dataclass
class Graph:
    """Edges as two arrays of numbers, and the number of nodes; nodes are 1 to that number."""

    node_a: np.ndarray
    node_b: np.ndarray
    nodes: int

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return len(self.node_a)


def make_graph(size: int, *, seed: int = SEED) -> Graph:
    """About `size` edges as identifiers make them: 70 % of them in components of up to 8 nodes.

    A tenth lies in chains whose numbers zigzag between both ends (the worst case for passing on
    the least number), a twentieth in stars of up to 1,000 nodes, 15 % in one large component.
    Small components are scattered over the numbers; rows are shuffled and turned at random, and
    2 % of them repeat others.
    """
    random = np.random.default_rng(seed)
    parts = [
        small_components(random, round(0.68 * size)),
        *zigzag_chains(round(0.1 * size)),
        *stars(random, round(0.05 * size)),
        large_component(random, round(0.15 * size)),
    ]
    starts = np.cumsum([0, *(part.nodes for part in parts)])
    node_a = np.concatenate(
        [part.node_a + start for part, start in zip(parts, starts, strict=False)]
    )
    node_b = np.concatenate(
        [part.node_b + start for part, start in zip(parts, starts, strict=False)]
    )
    again = random.integers(0, len(node_a), size=round(0.02 * size))
    rows = random.permutation(np.concatenate([np.arange(len(node_a)), again]))
    turned = random.random(len(rows)) < 0.5
    return Graph(
        node_a=np.where(turned, node_b[rows], node_a[rows]),
        node_b=np.where(turned, node_a[rows], node_b[rows]),
        nodes=int(starts[-1]),
    )


def small_components(random: np.random.Generator, size: int) -> Graph:
    """Trees of 2 to 8 nodes with some edges more, scattered over the numbers from 1."""
    sizes = random.choice(np.arange(2, 9), p=[0.4, 0.22, 0.14, 0.1, 0.07, 0.04, 0.03], size=size)
    sizes = sizes[: max(1, int(np.searchsorted(np.cumsum(1.2 * (sizes - 1)), size)))]
    first = np.cumsum(sizes) - sizes
    place = np.arange(sizes.sum()) - np.repeat(first, sizes)
    first = np.repeat(first, sizes)
    child = np.flatnonzero(place > 0)
    parent = first[child] + (random.random(len(child)) * place[child]).astype(np.int64)
    more = random.choice(len(child), size=len(child) // 5)
    node_a = np.concatenate([child, child[more]])
    node_b = np.concatenate([parent, first[child[more]]])
    number = random.permutation(len(place)) + 1
    return Graph(number[node_a], number[node_b], len(place))


def zigzag_chains(size: int, *, chains: int = 10) -> list[Graph]:
    """Chains 1 - n - 2 - n-1 - 3 ..., together of `size` edges."""
    length = max(2, size // chains + 1)
    steps = np.arange(length)
    number = np.where(steps % 2 == 0, steps // 2 + 1, length - steps // 2)
    return [Graph(number[:-1], number[1:], length)] * chains


def stars(random: np.random.Generator, size: int) -> list[Graph]:
    """Stars of up to 1,000 nodes, together of `size` edges; the center has any of the numbers."""
    found = []
    while size > 0:
        leaves = min(size, 999)
        center = int(random.integers(1, leaves + 2))
        others = np.delete(np.arange(1, leaves + 2), center - 1)
        found.append(Graph(np.full(leaves, center), others, leaves + 1))
        size -= leaves
    return found


def large_component(random: np.random.Generator, size: int) -> Graph:
    """One component: a random tree, and half as many edges again between random nodes."""
    nodes = max(2, size * 2 // 3)
    child = np.arange(1, nodes)
    parent = (random.random(nodes - 1) * child).astype(np.int64)
    more = random.integers(0, nodes, size=(2, max(0, size - nodes + 1)))
    number = random.permutation(nodes) + 1
    return Graph(
        number[np.concatenate([child, more[0]])], number[np.concatenate([parent, more[1]])], nodes
    )


def new_edges(graph: Graph, *, count: int = ADDED, seed: int = SEED) -> Graph:
    """Edges of a day: half join a new node to a known one, a third two known, the rest two new."""
    random = np.random.default_rng(seed + 1)
    hung, joined = count // 2, count // 3
    apart = count - hung - joined
    fresh = graph.nodes + 1 + np.arange(hung + 2 * apart)
    known = random.integers(1, graph.nodes + 1, size=(2, hung + joined))
    return Graph(
        node_a=np.concatenate([fresh[:hung], known[0, hung:], fresh[hung : hung + apart]]),
        node_b=np.concatenate([known[1], fresh[hung + apart :]]),
        nodes=graph.nodes + len(fresh),
    )


def write_edges(connection: duckdb.DuckDBPyConnection, graph: Graph, *, into: str) -> None:
    """Add edges to a table (node_a bigint, node_b bigint), which is made if there is none."""
    connection.register("made", {"node_a": graph.node_a, "node_b": graph.node_b})
    connection.execute(f"create table if not exists {into} (node_a bigint, node_b bigint)")
    connection.execute(f"insert into {into} select node_a, node_b from made")
    connection.unregister("made")


def write_project(folder: Path, *, threads: int) -> Path:
    """Make a dbt project of one model with the macros of this one; returns its folder."""
    project = folder / "project"
    (project / "models").mkdir(parents=True)
    for name in MACROS:
        (project / name).symlink_to(PROJECT / "macros" / name)
    (project / "dbt_project.yml").write_text(PROJECT_FILE)
    (project / "profiles.yml").write_text(PROFILE.format(threads=threads))
    (project / "models" / "components.sql").write_text(MODEL)
    return project


def make_edges(folder: Path, *, size: int) -> dict[str, Any]:
    """Put a graph into a new warehouse, and a day's new edges beside it."""
    graph = make_graph(size)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        write_edges(connection, graph, into="edges")
        write_edges(connection, new_edges(graph), into="added")
    return {"edges": graph.edges, "nodes": graph.nodes}


def add_edges(folder: Path) -> None:
    """Let the new edges arrive."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("insert into edges select * from added")


def remove_edges(folder: Path, *, count: int = REMOVED) -> None:
    """Take edges away at random, with every row that repeats them."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            f"""
            delete from edges where (least(node_a, node_b), greatest(node_a, node_b)) in (
                select (node_a, node_b) from (
                    select distinct
                        least(node_a, node_b) as node_a, greatest(node_a, node_b) as node_b
                    from edges
                )
                order by hash(node_a, node_b, {SEED}), node_a, node_b limit {count}
            )
            """
        )


def run_components(folder: Path, threads: int) -> list[Any]:
    """Build the one model; returns dbt's nodes."""
    return run_dbt(
        "run",
        warehouse=folder / "warehouse.duckdb",
        project_dir=folder / "project",
        target_path=folder / "target",
    )


def run_count(folder: Path, threads: int) -> None:
    """Count the nodes: about the least that anything must do that reads all edges."""
    with opened(folder, threads) as connection:
        connection.execute(
            "select count(distinct node) from "
            "(select node_a as node from edges union all select node_b from edges)"
        ).fetchall()


def run_scipy(folder: Path, threads: int) -> None:
    """Read the edges and label their components in memory."""
    with opened(folder, threads) as connection:
        node, root = scipy_roots(connection, "edges")
    np.savez(folder / "scipy.npz", node=node, root=root)


def scipy_roots(connection: duckdb.DuckDBPyConnection, edges: str) -> tuple[np.ndarray, np.ndarray]:
    """Every node, in order, and the least node of its component."""
    columns = connection.execute(f"select node_a, node_b from {edges}").fetchnumpy()
    ends = np.concatenate([columns["node_a"], columns["node_b"]])
    nodes, places = np.unique(ends, return_inverse=True)
    place_a, place_b = np.split(places, 2)
    graph = coo_array((np.ones(len(place_a), bool), (place_a, place_b)), (len(nodes),) * 2)
    _, label = connected_components(graph, directed=False)
    # The first place of a label is its least node, because the nodes are in order.
    _, first = np.unique(label, return_index=True)
    return nodes, nodes[first[label]]


def run_splink(folder: Path, threads: int) -> None:
    """Cluster the edges with Splink, which loops over DuckDB as well."""
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    # In memory: Splink makes its tables beside those it reads.
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute("create table edge_list as select node_a, node_b from warehouse.edges")
        connection.execute(
            "create table node_list as select distinct unnest([node_a, node_b]) as node "
            "from edge_list"
        )
        found = cluster_pairwise_predictions_at_threshold(
            "node_list",
            "edge_list",
            DuckDBAPI(connection),
            node_id_column_name="node",
            edge_id_column_name_left="node_a",
            edge_id_column_name_right="node_b",
        )
        connection.execute(
            f"""
            copy (
                select node, min(node) over (partition by cluster_id) as root
                from {found.physical_name}
            ) to '{folder / "splink.parquet"}' (format parquet)
            """
        )


def opened(folder: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """The warehouse, to read."""
    connection = duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)
    connection.execute(f"set threads = {threads}")
    return connection


def make_typed(folder: Path, *, size: int) -> dict[str, Any]:
    """Write raw files that show about `size` edges; the last of them go to another folder."""
    clock = Clock.at(AS_OF, days=DAYS)
    sample = make_noise(people=SAMPLE, seed=SEED, clock=clock)
    people = max(1, round(size * SAMPLE / len(edge_births(sample.observations))))
    observations = make_noise(people=people, seed=SEED, clock=clock).observations
    births = edge_births(observations)
    held_back = min(ADDED, len(births) // 10)
    cut = births[-held_back]
    write_raw(observations[observations.index < cut], folder / "raw", name="first")
    write_raw(observations[observations.index >= cut], folder / "later", name="later")
    return {"edges": len(births), "people": people, "added": held_back}


def add_typed(folder: Path) -> None:
    """Let the files that were held back arrive."""
    for file in sorted((folder / "later").rglob("later.parquet")):
        file.rename(folder / "raw" / file.relative_to(folder / "later"))


def run_typed(folder: Path, threads: int) -> list[Any]:
    """Build this project's identity models."""
    return run_typed_dbt(folder, threads, "build", "--select", "+int_identity_clusters")


def run_typed_anew(folder: Path, threads: int) -> list[Any]:
    """Make the components anew, as a full refresh does; what was there is kept beside them."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for name in TYPED:
            connection.execute(
                f"create or replace table main.kept_{name} as from intermediate.{name}"
            )
    return run_typed_dbt(folder, threads, "run", "--full-refresh", "--select", *TYPED)


def run_typed_dbt(folder: Path, threads: int, *arguments: str) -> list[Any]:
    """Run dbt on this project over the folder's raw files; returns its nodes."""
    tests = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    return run_dbt(
        *arguments,
        *(tests if arguments[0] == "build" else []),
        "--threads",
        str(threads),
        warehouse=folder / "warehouse.duckdb",
        target_path=folder / "target",
        profiles_dir=folder,
        variables={
            "raw_path": str(folder / "raw"),
            "event_sources": ["events", "hubspot"],
            "as_of": AS_OF.isoformat(),
        },
    )


TYPED = ("int_identity_components", "int_identity_components_limited")
PHASES: dict[str, Callable[[Path, int], Any]] = {
    "components": run_components,
    "count": run_count,
    "scipy": run_scipy,
    "splink": run_splink,
    "typed": run_typed,
    "typed_anew": run_typed_anew,
}


def run_phase(phase: str, folder: Path, threads: int) -> dict[str, Any]:
    """Do one phase in this process and measure it."""
    began = time.perf_counter()
    nodes = PHASES[phase](folder, threads) or []
    return {
        "seconds": time.perf_counter() - began,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "nodes": {node.name: node.seconds for node in nodes},
    }


def measure(
    phase: str, folder: Path, threads: int, *, patience: float | None = None
) -> dict[str, Any]:
    """Run one phase in a process of its own.

    Returns its seconds, those of the whole process, peak bytes and dbt's seconds by node; or
    `skipped` with the reason when it took longer than `patience` seconds.
    """
    began = time.perf_counter()
    try:
        found = in_own_process("dev.bench_identity", phase, folder, threads, patience=patience)
    except subprocess.TimeoutExpired:
        return {"skipped": f"stopped after {patience:,.0f} s"}
    return found | {"process": time.perf_counter() - began}


def compare(folder: Path, *, table: str, edges: str, others: dict[str, Path]) -> int:
    """Return the number of nodes; raises PartitionsDiffer when any has another root elsewhere.

    `others` are files with node and root: NumPy's .npz or Parquet.
    """
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for name, file in others.items():
            if file.suffix == ".npz":
                connection.register("labels", dict(np.load(file)))
                theirs = "select node, root from labels"
            else:
                theirs = f"select node, root from read_parquet('{file}')"
            refuse_difference(connection, f"select node, root from {table}", theirs, name)
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def refuse_difference(
    connection: duckdb.DuckDBPyConnection, ours: str, theirs: str, name: str
) -> None:
    """Raise PartitionsDiffer when two queries do not give the same rows, node first."""
    rows = connection.execute(
        f"""
        select distinct node from (
            (from ({ours}) except from ({theirs})) union all
            (from ({theirs}) except from ({ours}))
        ) order by node
        """
    ).fetchall()
    if rows:
        raise PartitionsDiffer(
            f"{len(rows):,} nodes are in another component than with {name}, for example "
            f"{rows[0][0]}"
        )


def bench(
    size: int, folder: Path, threads: int, console: Console, *, patience: float
) -> dict[str, Any]:
    """Run everything at one number of edges and return the measurements."""
    label = f"{size:,} edges: "
    scipy, splink = folder / "scipy.npz", folder / "splink.parquet"
    with console.status(label + "making them"):
        found = make_edges(folder, size=size)
        write_project(folder, threads=threads)
    with console.status(label + "counting nodes"):
        found["count"] = measure("count", folder, threads)
    others = {}
    for change, step in (("full", None), ("added", add_edges), ("removed", remove_edges)):
        if step:
            step(folder)
        with console.status(label + change):
            found[change] = measure("components", folder, threads)
        with console.status(label + "SciPy"):
            timed = measure("scipy", folder, threads)
            others = {"SciPy": scipy}
        if change == "full":
            found["scipy"] = timed
            with console.status(label + "Splink"):
                found["splink"] = (
                    measure("splink", folder, threads, patience=patience)
                    if importlib.util.find_spec("splink")
                    else {"skipped": NO_SPLINK}
                )
            if "skipped" not in found["splink"]:
                others["Splink"] = splink
        with console.status(label + "comparing"):
            compare(folder, table="components", edges="edges", others=others)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        (found["components"],) = connection.execute(
            "select count(distinct root) from components"
        ).fetchone()
    return found


def bench_typed(size: int, folder: Path, threads: int, console: Console) -> dict[str, Any]:
    """Run both materializations in this project, at one number of typed edges."""
    label = f"{size:,} typed edges: "
    with console.status(label + "making them"):
        found = make_typed(folder, size=size)
    with console.status(label + "full build"):
        found["full"] = measure("typed", folder, threads)
    add_typed(folder)
    with console.status(label + "incremental build"):
        found["incremental"] = measure("typed", folder, threads)
    with console.status(label + "once more, anew"):
        found["anew"] = measure("typed_anew", folder, threads)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for name in TYPED:
            refuse_difference(
                connection, f"from kept_{name}", f"from intermediate.{name}", "a full refresh"
            )
        edges = "(select low_key as node_a, high_key as node_b from {}) as edges".format(
            "intermediate.int_identity_edges_screened"
        )
        node, root = scipy_roots(connection, edges)
        np.savez(folder / "scipy.npz", node=node, root=root)
        found["screened_edges"], found["contested_edges"], found["contested_nodes"] = (
            connection.execute(f"select count(*) from {name}").fetchone()[0]
            for name in (
                "intermediate.int_identity_edges_screened",
                "intermediate.int_identity_components_limited__edges",
                "intermediate.int_identity_components_limited",
            )
        )
    compare(
        folder,
        table="intermediate.int_identity_components",
        edges=edges,
        others={"SciPy": folder / "scipy.npz"},
    )
    return found


def markdown(results: list[dict[str, Any]], typed: dict[str, Any] | None, threads: int) -> str:
    """The measurements as a part of docs/benchmarks.md."""
    lines = [
        f"### Times, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{machine()}; {threads} threads; Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}. Seconds; for the materialization those of the node, in "
        "brackets those of the whole process.",
        "",
        "| edges | nodes | components | full build | 10,000 new edges | share of full "
        "| 1,000 removed | counting nodes | SciPy | Splink |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        share = node_seconds(result["added"], "components") / node_seconds(
            result["full"], "components"
        )
        lines.append(
            f"| {result['edges']:,} | {result['nodes']:,} | {result['components']:,} "
            f"| {timed(result['full'])} | {timed(result['added'])} | {share:.0%} "
            f"| {timed(result['removed'])} | {result['count']['seconds']:.2f} "
            f"| {result['scipy']['seconds']:.2f} | {plain_seconds(result['splink'])} |"
        )
    lines += [
        "",
        "Peak memory of the process:",
        "",
        "| edges | full build | 10,000 new edges | 1,000 removed | counting nodes | SciPy "
        "| Splink |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        phases = ("full", "added", "removed", "count", "scipy", "splink")
        peaks = " | ".join(
            gigabytes(result[phase]["peak_bytes"]) if "peak_bytes" in result[phase] else "–"
            for phase in phases
        )
        lines.append(f"| {result['edges']:,} | {peaks} |")
    if typed:
        lines += typed_lines(typed)
    return "\n".join(lines) + "\n"


def typed_lines(typed: dict[str, Any]) -> list[str]:
    """The measurements of typed edges."""
    contested = typed["contested_edges"] / typed["screened_edges"]
    lines = [
        "",
        f"### With limits: {typed['edges']:,} typed edges, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{typed['people']:,} made people in this project; {typed['screened_edges']:,} edges may "
        f"link, and {typed['contested_edges']:,} of them ({contested:.1%}) with "
        f"{typed['contested_nodes']:,} identifiers lie in components over a limit. "
        f"{typed['added']:,} edges arrive later.",
        "",
        "| node, seconds | full build | with the later edges | once more, anew |",
        "|---|---|---|---|",
    ]
    for name in TYPED:
        cells = (f"{node_seconds(typed[p], name):.2f}" for p in ("full", "incremental", "anew"))
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    processes = (f"{typed[p]['process']:.1f}" for p in ("full", "incremental", "anew"))
    peaks = (gigabytes(typed[p]["peak_bytes"]) for p in ("full", "incremental", "anew"))
    return [
        *lines,
        f"| the whole process, reading included | {' | '.join(processes)} |",
        f"| peak memory | {' | '.join(peaks)} |",
    ]


def node_seconds(measured: dict[str, Any], name: str) -> float:
    """dbt's execution time of one node."""
    return measured["nodes"][name]


def timed(measured: dict[str, Any]) -> str:
    """Seconds of the node, in brackets those of the process."""
    return f"{node_seconds(measured, 'components'):.2f} ({measured['process']:.1f})"


def plain_seconds(measured: dict[str, Any]) -> str:
    """Seconds, or why there are none."""
    return measured.get("skipped") or f"{measured['seconds']:.2f}"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; returns 0, or 1 when results that must be equal are not."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench_identity", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[100_000, 1_000_000, 10_000_000],
        help="numbers of edges (default: 100000 1000000 10000000)",
    )
    parser.add_argument(
        "--typed-edges",
        type=int,
        default=1_000_000,
        help="number of edges for the part with limits; 0 leaves it out (default: 1000000)",
    )
    parser.add_argument("--threads", type=int, default=2, help="of DuckDB (default: 2)")
    parser.add_argument(
        "--patience",
        type=float,
        default=600,
        help="seconds after which Splink is stopped (default: 600)",
    )
    add_common_options(parser)
    options = parser.parse_args(argv)
    if options.phase:
        print(json.dumps(run_phase(options.phase, options.folder, options.threads)))
        return 0
    console = Console(stderr=True)
    results, typed = [], None
    scratch = {"prefix": "bench-", "dir": options.folder}
    try:
        for size in options.sizes:
            with tempfile.TemporaryDirectory(**scratch) as folder:
                results.append(
                    bench(size, Path(folder), options.threads, console, patience=options.patience)
                )
        if options.typed_edges:
            with tempfile.TemporaryDirectory(**scratch) as folder:
                typed = bench_typed(options.typed_edges, Path(folder), options.threads, console)
    except PartitionsDiffer as problem:
        console.print(f"[red]✗[/red] {problem}", highlight=False)
        return 1
    if options.json:
        options.json.write_text(json.dumps({"components": results, "typed": typed}, indent=2))
    print(markdown(results, typed, options.threads))
    return 0


if __name__ == "__main__":
    sys.exit(main())

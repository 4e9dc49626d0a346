"""Time connected_components and limited_components, next to DuckDB's own count, SciPy and Splink."""

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

from scripts.bench import gigabytes, machine
from scripts.dbt_runner import PROJECT, run_dbt

SEED = 7
ADDED = 10_000
REMOVED = 1_000
MACROS = ("identity", "materializations")
SPLINK = "skipped: splink is not installed"

PROJECT_FILE = """\
name: bench_identity
version: 1.0.0
config-version: 2
profile: audience_engine
model-paths: [models]
macro-paths: [identity, materializations]
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
    node_a = np.concatenate([part.node_a + start for part, start in zip(parts, starts, strict=False)])
    node_b = np.concatenate([part.node_b + start for part, start in zip(parts, starts, strict=False)])
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
    """Stars of up to 1,000 nodes, the center anywhere among the numbers, together of `size` edges."""
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
    """Edges of a day: half hang a new node onto a known one, a third join known nodes, others are new."""
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
    """Add the edges of a graph to a table (node_a bigint, node_b bigint), which is made if needed."""
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

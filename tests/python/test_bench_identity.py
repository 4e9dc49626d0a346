"""The benchmark of identities at a tiny size: it runs, and it notices results that differ."""

import duckdb
import numpy as np
import pytest

from dev import bench_identity


@pytest.fixture
def in_this_process(monkeypatch):
    """Phases without a process each: what is tested is what they compute."""

    def measure(phase, folder, threads, *, patience=None):
        return bench_identity.run_phase(phase, folder, threads) | {"process": 0.0}

    monkeypatch.setattr(bench_identity, "measure", measure)


def test_all_ways_to_the_components_agree(tmp_path, capsys, in_this_process):
    arguments = ["--sizes", "3000", "--typed-edges", "3000", "--folder", str(tmp_path)]
    assert bench_identity.main(arguments) == 0
    page = capsys.readouterr().out
    assert "| edges | nodes | components | full build |" in page
    assert "| `int_identity_components_limited` |" in page
    assert list(tmp_path.iterdir()) == []


def test_a_phase_has_a_process_of_its_own(tmp_path):
    bench_identity.make_edges(tmp_path, size=1000)
    measured = bench_identity.measure("count", tmp_path, 1)
    assert 0 < measured["seconds"] < measured["process"]
    assert bench_identity.measure("count", tmp_path, 1, patience=0.01) == {
        "skipped": "stopped after 0 s"
    }


@pytest.fixture
def labelled(tmp_path):
    """A graph whose components SciPy found, as a table and as the file that must agree."""
    bench_identity.make_edges(tmp_path, size=2000)
    bench_identity.run_scipy(tmp_path, 1)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.register("labels", dict(np.load(tmp_path / "scipy.npz")))
        connection.execute("create table components as from labels")
    return tmp_path


def compare(folder):
    return bench_identity.compare(
        folder, table="components", edges="edges", others={"SciPy": folder / "scipy.npz"}
    )


@pytest.mark.parametrize(
    ("damage", "nodes"),
    [
        # One node in another component, one without any, one that nobody knows, two merged.
        ("update components set root = node where node = {last}", 1),
        ("delete from components where node = {last}", 1),
        ("insert into components values (999999, 999999)", 1),
        ("update components set root = 1 where root = {large}", None),
    ],
)
def test_a_difference_is_noticed(labelled, damage, nodes):
    with duckdb.connect(str(labelled / "warehouse.duckdb")) as connection:
        count, last, large = connection.execute(
            "select count(*), max(node) filter (node <> root), max(root) from components"
        ).fetchone()
    assert compare(labelled) == count
    with duckdb.connect(str(labelled / "warehouse.duckdb")) as connection:
        connection.execute(damage.format(last=last, large=large))
    with pytest.raises(
        bench_identity.PartitionsDiffer, match=r"in another component than"
    ) as found:
        compare(labelled)
    assert nodes is None or str(found.value).startswith(f"{nodes} nodes")


def test_a_difference_fails_the_benchmark(tmp_path, monkeypatch, in_this_process):
    monkeypatch.setattr(
        bench_identity,
        "MODEL",
        bench_identity.MODEL.rstrip() + " where node_a % 100 <> 7",
    )
    arguments = ["--sizes", "1000", "--typed-edges", "0", "--folder", str(tmp_path)]
    assert bench_identity.main(arguments) == 1


def test_the_same_seed_gives_the_same_graph():
    first, again = (bench_identity.make_graph(5000) for _ in range(2))
    assert (first.node_a == again.node_a).all()
    assert (first.node_b == again.node_b).all()
    other = bench_identity.make_graph(5000, seed=8)
    assert other.edges != first.edges or (other.node_a != first.node_a).any()
    assert min(first.node_a.min(), first.node_b.min()) == 1
    assert max(first.node_a.max(), first.node_b.max()) == first.nodes

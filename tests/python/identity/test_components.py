"""The connected_components materialization against scipy's components, on graphs of every shape."""

import random
from collections import defaultdict

import numpy
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scripts.dbt_runner import DbtFailed

from .graphs import SPAN, graphs, hard_shapes, jumbled, side_by_side
from .projects import TinyProject

SEED = 20260630
LENGTH = 3000
MODELS = {
    "edges_listed": "select node_a, node_b from main.edges",
    "components": """
        {{ config(materialized='connected_components') }}
        select node_a, node_b from {{ ref('edges_listed') }}
    """,
}
TABLES = {"edges", "edges_listed", "components", "components__edges"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return TinyProject(tmp_path_factory.mktemp("components"), models=MODELS)


def write(project, edges):
    project.write("edges", {"node_a": "bigint", "node_b": "bigint"}, edges)


def labels_of(project):
    rows = project.rows("select node, root from main.components")
    labels = dict(rows)
    assert len(labels) == len(rows), "a node has two roots"
    return labels


def expected_labels(edges):
    """Each node's smallest connected node, by scipy."""
    if not edges:
        return {}
    nodes, ends = numpy.unique(numpy.array(edges), return_inverse=True)
    low, high = ends.reshape(-1, 2).T
    matrix = coo_array((numpy.ones(len(low)), (low, high)), shape=(len(nodes), len(nodes)))
    _, numbers = connected_components(matrix, directed=False)
    pairs = list(zip(nodes.tolist(), numbers.tolist(), strict=True))
    least = {number: node for node, number in reversed(pairs)}
    return {node: least[number] for node, number in pairs}


def build(project, edges, *flags, span=SPAN):
    """Run the model; it agrees with scipy, and nothing else is left in the warehouse."""
    write(project, edges)
    project.dbt("run", *flags)
    expected = expected_labels(edges)
    found = labels_of(project)
    assert found == expected, smallest_difference(edges, expected, found, span)
    assert project.tables() == TABLES
    return expected


def smallest_difference(edges, expected, found, span):
    """The graph with the fewest edges among those of one build that came out wrong."""
    graph_of = defaultdict(list)
    for edge in edges:
        graph_of[edge[0] // span].append(edge)
    wrong = {node // span for node in {*expected, *found} if expected.get(node) != found.get(node)}
    number = min(wrong, key=lambda number: (len(graph_of[number]), number))
    roots = {node: root for node, root in found.items() if node // span == number}
    return f"edges {graph_of[number]} give {roots}"


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=7,
    # The graphs of an example go through dbt together: a failure names the smallest one.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    stages=st.lists(st.tuples(graphs(), graphs(), graphs()), min_size=30, max_size=60),
    seed=st.integers(0, 2**32),
)
def test_any_change_to_any_graph_gives_what_a_full_build_gives(project, stages, seed):
    rng = random.Random(seed)
    first, second, third = ([stage[part] for stage in stages] for part in range(3))
    # Of each graph a part stays, a part goes and a part comes.
    batches = [
        [*side_by_side(entry), *side_by_side(other)]
        for entry, other in [(first, second), (second, third), (third, first)]
    ]
    build(project, jumbled(batches[0], rng), "--full-refresh")
    for batch in batches[1:]:
        build(project, jumbled(batch, rng))


def test_shapes_that_are_hard_to_walk(project):
    rng = random.Random(SEED)
    shapes = hard_shapes(LENGTH, rng)
    span = LENGTH + 1
    whole = side_by_side(shapes, span)
    build(project, whole, "--full-refresh", span=span)
    # Broken in a few places each, then mended, then all joined into one.
    broken = [edge for edge in whole if rng.random() > 3 / LENGTH]
    build(project, broken, span=span)
    build(project, jumbled(whole, rng), span=span)
    ends = [(number * span + 1, (number + 1) * span + 1) for number in range(len(shapes) - 1)]
    build(project, [*whole, *ends], span=span)


def test_the_same_edges_again_change_nothing(project):
    edges = [(3, 9), (9, 4), (11, 12), (12, 12), (20, 20)]
    expected = {3: 3, 9: 3, 4: 3, 11: 11, 12: 11, 20: 20}
    assert build(project, edges, "--full-refresh") == expected
    before = project.rows("select * from components__edges order by all")
    assert before == [(3, 9), (4, 9), (11, 12), (12, 12), (20, 20)]
    build(project, edges)
    build(project, [(node_b, node_a) for node_a, node_b in reversed(edges)] * 2)
    assert project.rows("select * from components__edges order by all") == before


def test_no_edges_are_no_components(project):
    assert build(project, [], "--full-refresh") == {}
    assert build(project, []) == {}
    assert build(project, [(2, 1)]) == {1: 1, 2: 1}
    assert build(project, []) == {}
    assert build(project, [(2, 1), (1, 3)]) == {1: 1, 2: 1, 3: 1}


@pytest.mark.parametrize(
    "loose",
    [
        (None, 9),
        (9, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("flags", [["--full-refresh"], []])
def test_an_edge_without_an_end_stops_the_build(project, loose, flags):
    expected = build(project, [(1, 2), (2, 3)], "--full-refresh")
    write(project, [(1, 2), loose])
    with pytest.raises(DbtFailed, match="every edge needs both of its nodes") as failure:
        project.dbt("run", "--select", "components", *flags)
    assert "components" in str(failure.value)
    assert labels_of(project) == expected
    assert project.tables() == TABLES


def test_compiling_makes_nothing_and_lineage_is_kept(tmp_path):
    project = TinyProject(tmp_path, models=MODELS)
    write(project, [(1, 2)])
    project.dbt("compile")
    assert project.tables() == {"edges"}
    node = project.manifest.nodes["model.tiny.components"]
    assert node.depends_on.nodes == ["model.tiny.edges_listed"]


def test_a_result_that_has_not_converged_is_refused(tmp_path):
    """A hook that never leads anywhere stands for a graph that takes too many rounds."""
    aimless = """
        {% macro hook_to_least(edges) -%}
            select distinct node, node as root
            from (select node_a as node from {{ edges }} union select node_b from {{ edges }})
        {%- endmacro %}
    """
    project = TinyProject(tmp_path, models=MODELS, macros={"hook_to_least": aimless})
    write(project, [(1, 2), (2, 3)])
    with pytest.raises(DbtFailed, match="not converged; 2 edges are left"):
        project.dbt("run", "--select", "edges_listed", "components")
    assert project.tables() <= {"edges", "edges_listed"}

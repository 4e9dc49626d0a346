"""Graphs for the components test: what hypothesis draws, and shapes that are hard to walk."""

import itertools
import random
from collections.abc import Iterable

from hypothesis import strategies as st

Edge = tuple[int, int]
Graph = list[Edge]

SPAN = 16
"""Graphs of one build have the numbers 1 to 15, 17 to 31 and so on, so that they never meet."""


def graphs() -> st.SearchStrategy[Graph]:
    """A few edges in any orientation, repeated ones and edges from a node to itself included."""
    node = st.integers(1, SPAN - 1)
    return st.lists(st.tuples(node, node), max_size=8)


def side_by_side(many: Iterable[Graph], span: int = SPAN) -> Graph:
    """The graphs as one edge list."""
    return [
        (node_a + number * span, node_b + number * span)
        for number, graph in enumerate(many)
        for node_a, node_b in graph
    ]


def jumbled(edges: Iterable[Edge], rng: random.Random) -> Graph:
    """The same edges in another order, some the other way round, some twice."""
    turned = [edge if rng.random() < 0.5 else edge[::-1] for edge in edges]
    turned += [edge[::-1] for edge in turned if rng.random() < 0.3]
    rng.shuffle(turned)
    return turned


def chain(nodes: Iterable[int]) -> Graph:
    return list(itertools.pairwise(nodes))


def hard_shapes(length: int, rng: random.Random) -> list[Graph]:
    """Graphs of so many nodes: each makes some way of walking a graph slow or wrong."""
    numbers = range(1, length + 1)
    # 1, n, 2, n - 1: every second node is less than both of its neighbors.
    zigzag = [
        number // 2 + 1 if number % 2 == 0 else length - number // 2 for number in range(length)
    ]
    # Every second node is a least one; contracted onto those, half of them are, and so on.
    ruler = sorted(numbers, key=lambda number: (-(number & -number), number))
    place = {number: rank for rank, number in enumerate(ruler, start=1)}
    return [
        chain(numbers),
        chain(reversed(numbers)),
        chain(zigzag),
        chain(place[number] for number in numbers),
        chain(rng.sample(numbers, length)),
        # A ring, stars around the least and the greatest node, a tree, loops alone.
        [*chain(rng.sample(numbers, length)), (1, length)],
        [(1, number) for number in numbers],
        [(length, number) for number in numbers],
        [(number, rng.randrange(1, number)) for number in numbers[1:]],
        [(number, number) for number in numbers],
    ]

"""The best chain of edges between two identifiers."""

import heapq
from collections import defaultdict
from collections.abc import Iterable

from .warehouse import Edge


def best_chain(edges: Iterable[Edge], start: int, end: int) -> list[tuple[int, int, Edge]] | None:
    """The chain with the fewest steps that were kept apart, and of those the shortest.

    Identifiers are numbers of the registry. Returns the steps as (from, to, edge), none when start
    is end, and None when nothing ties the two. Of equal chains the one through earlier known
    identifiers is taken.
    """
    steps = neighbors(edges)
    reached: dict[int, tuple[int, Edge] | None] = {}
    waiting: list[tuple[int, int, int, tuple[int, Edge] | None]] = [(0, 0, start, None)]
    while waiting:
        apart, length, node, came_by = heapq.heappop(waiting)
        if node in reached:
            continue
        reached[node] = came_by
        if node == end:
            return walk_back(reached, end)
        for other, edge in steps[node]:
            if other not in reached:
                kept_apart = apart + (edge.reason is not None)
                heapq.heappush(waiting, (kept_apart, length + 1, other, (node, edge)))
    return None


def neighbors(edges: Iterable[Edge]) -> dict[int, list[tuple[int, Edge]]]:
    """Each identifier's edges, the other end first."""
    found: dict[int, list[tuple[int, Edge]]] = defaultdict(list)
    for edge in edges:
        found[edge.low].append((edge.high, edge))
        found[edge.high].append((edge.low, edge))
    return found


def walk_back(reached: dict[int, tuple[int, Edge] | None], end: int) -> list[tuple[int, int, Edge]]:
    """The steps that led to end, first step first."""
    chain = []
    node = end
    while (came_by := reached[node]) is not None:
        previous, edge = came_by
        chain.append((previous, node, edge))
        node = previous
    return chain[::-1]


def reachable(edges: Iterable[Edge], start: int) -> set[int]:
    """All that hangs together with start, start included."""
    steps = neighbors(edges)
    seen, waiting = {start}, [start]
    while waiting:
        for other, _ in steps[waiting.pop()]:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen

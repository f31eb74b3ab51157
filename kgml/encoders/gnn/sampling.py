"""A few neighbours of a few entities: what is computed does not grow with the graph.

Neighbour sampling of Hamilton et al. (NeurIPS 2017), on the CSR of `Edges`, in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kgml.encoders.gnn.edges import Edges
from kgml.encoders.rows import Integers


def sample(
    edges: Edges, seeds: Integers, fan_out: int | None, rng: np.random.Generator
) -> tuple[Integers, Edges]:
    """Edges into ``seeds``, at most ``fan_out`` each.

    Those of an entity with no more are all taken; of one with more, ``fan_out`` are drawn, with
    replacement, so that drawing costs the same for an entity with a million.

    Args:
        seeds: (s,) distinct entities.
        fan_out: None for all.

    Returns:
        The entities whose features are wanted (n,), the seeds first, and edges between their
        places in that list: ``targets`` is s, ``sources`` is n.
    """
    first, degree = edges.starts[seeds], edges.counts[seeds]
    counts = degree if fan_out is None else np.minimum(degree, fan_out)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    offset = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
    if fan_out is not None:
        drawn = np.repeat(degree > fan_out, counts)
        offset[drawn] = rng.integers(np.repeat(degree, counts)[drawn])
    chosen = np.repeat(first, counts) + offset
    source = edges.source[chosen]
    place = np.full(edges.sources, -1, dtype=np.int32)
    place[seeds] = np.arange(len(seeds))
    others = np.unique(source[place[source] < 0])
    place[others] = len(seeds) + np.arange(len(others))
    nodes = np.concatenate([seeds, others])
    block = Edges(
        starts, place[source], edges.relation[chosen], edges.relations, edges.degree[nodes]
    )
    return nodes, block


def rows_at_once(edges: Edges, most: int) -> Iterator[Integers]:
    """Ranges of targets that have some ``most`` edges together, or one target with more."""
    first = 0
    while first < edges.targets:
        wanted = edges.starts[first] + most
        last = max(first + 1, int(np.searchsorted(edges.starts, wanted, side="right")) - 1)
        last = min(last, first + most)
        yield np.arange(first, min(last, edges.targets))
        first = last

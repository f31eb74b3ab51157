"""How much an entity says and how alike two are: information content, common ancestors, Lin.

Everything follows the is-a hierarchy upwards, an entity being its own ancestor too. The content of
a rare, low entity is high and that of a root low; two entities are alike when something with much
content stands above both. Entities under different roots are not alike at all: 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgml.errors import InputError, UsageError, one_of
from kgml.kg.walk import ancestor_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from kgml.kg.graph import KnowledgeGraph

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.int64]
Key: TypeAlias = "SupportsIndex | str"
Pairs: TypeAlias = "NDArray[np.integer[Any]] | Iterable[tuple[Key, Key]]"

CHUNK = 20_000_000
"""Most (pair, ancestor) entries at once: 100 MB."""


def information_content(graph: KnowledgeGraph, kind: str = "seco") -> Floats:
    """``(e,)`` intrinsic information content, from the shape of the hierarchy alone.

    - ``seco`` (Seco, Veale and Hayes, ECAI 2004): ``1 - log(h + 1) / log(e)``, with ``h`` the
      number of descendants. The default: between 0 and 1 in every graph, and one count that anyone
      can repeat by hand.
    - ``sanchez`` (Sánchez, Batet and Isern, Knowledge-Based Systems 24, 2011):
      ``-log((l / s + 1) / (L + 1))``, with ``l`` leaves below, none of them itself, ``s``
      ancestors and itself, ``L`` leaves of the graph. Tells apart entities with equally much below
      them by what is above; in nats, ``log(L + 1)`` for a leaf.

    Both papers have one root, of content 0. With several, nothing is put above them: ``e`` and
    ``L`` count the whole graph, so that a root has more content the less lies below it.

    Raises:
        UsageError: no such kind.
    """
    if kind not in CONTENTS:
        raise UsageError(f"no information content {kind!r}; {one_of(CONTENTS, kind)}")
    return CONTENTS[kind](graph)


def corpus_information_content(
    graph: KnowledgeGraph, counts: ArrayLike, smoothing: float = 1.0
) -> Floats:
    """``(e,)`` ``-log p`` in nats (Resnik, IJCAI 1995): p is the share of mentions at or below it.

    A mention counts once for each ancestor, however many ways lead up. The smoothing is ours.

    Args:
        counts: ``(e,)`` how often each entity itself was mentioned.
        smoothing: added to every count, so that what was never seen has a finite content.

    Raises:
        InputError: not one count per entity, a negative one, or an entity without any at or below
            it and no smoothing.
    """
    own = np.asarray(counts, dtype=np.float64)
    if own.shape != (len(graph),):
        raise InputError(f"counts have shape {own.shape}; wanted ({len(graph)},), one per entity.")
    own = own + smoothing
    if not (np.isfinite(own) & (own >= 0)).all():
        raise InputError("a count is negative or not a number; wanted how often each was seen.")
    below = _sums_below(graph, own)
    unseen = int((below <= 0).sum())
    if unseen:
        raise InputError(f"{unseen:,} of {len(graph):,} entities were never seen; set smoothing=1.")
    content: Floats = np.maximum(-np.log(below / own.sum()), 0) if len(graph) else below
    return content


def common_ancestors(graph: KnowledgeGraph, a: Key, b: Key) -> list[int]:
    """Numbers of what stands above both or is one of them, ascending."""
    rows = ancestor_rows(graph, np.array([graph.number(a), graph.number(b)]))
    return sorted(set(rows[0].indices.tolist()) & set(rows[1].indices.tolist()))


def lowest_common_ancestors(graph: KnowledgeGraph, a: Key, b: Key) -> list[int]:
    """Those of the `common_ancestors` with no other one below them; all of a circle of is-a."""
    common = common_ancestors(graph, a, b)
    depth, among = graph.depths, set(common)
    # an edge within a circle does not go up a level
    above = {p for c in common for p in graph.parents(c) if p in among and depth[p] < depth[c]}
    return [number for number in common if number not in above]


def most_informative_ancestor(
    graph: KnowledgeGraph, a: Key, b: Key, content: ArrayLike | None = None
) -> int | None:
    """The `common_ancestors` entity of the highest content, as in `resnik`; None: no such.

    Of several with equal content one of the `lowest_common_ancestors`, the first by number.
    """
    values = _content(graph, content)
    lowest = lowest_common_ancestors(graph, a, b)
    # all of them too: content that was counted elsewhere need not grow downwards
    common = [*lowest, *common_ancestors(graph, a, b)]
    return max(common, key=lambda number: float(values[number]), default=None)


def similarity(
    graph: KnowledgeGraph, pairs: Pairs, measure: str = "lin", content: ArrayLike | None = None
) -> NDArray[np.float32]:
    """``(k,)`` float32: how alike the two entities of each pair are.

    - ``resnik`` (Resnik, IJCAI 1995): the highest content of a common ancestor.
    - ``lin`` (Lin, ICML 1998): that, doubled, over the sum of both contents: 0 to 1; itself 1.
    - ``jaccard`` (Maedche and Zacharias, PKDD 2002, who call it concept match): common ancestors
      over all ancestors, each entity being its own too: 0 to 1.

    Args:
        pairs: ``(k, 2)`` numbers, or pairs of keys.
        content: ``(e,)`` information content; None: the graph's own, `information_content`.

    Raises:
        UsageError: no such measure.
        InputError: a pair holds what is no entity; far too many pairs in a very deep hierarchy.
    """
    score = _measure(measure)
    numbers = _numbers(graph, pairs)
    values = _content(graph, content)
    entities, place = np.unique(numbers, return_inverse=True)
    place = place.reshape(-1, 2)
    rows = ancestor_rows(graph, entities)
    length = np.diff(rows.indptr).astype(np.float64)
    result = np.zeros(len(numbers), dtype=np.float32)
    for part in _parts(length[place].sum(axis=1)):
        left, right = place[part].T
        both = rows[left].multiply(rows[right]).tocsr()
        best = _best(both, values)
        sizes = np.diff(both.indptr), length[left], length[right]
        result[part] = score(best, values[entities[left]], values[entities[right]], *sizes)
    if measure == "lin":
        result[numbers[:, 0] == numbers[:, 1]] = 1
    return result


def similarity_matrix(
    graph: KnowledgeGraph, rows: Iterable[Key], columns: Iterable[Key], measure: str = "lin",
    content: ArrayLike | None = None,
) -> NDArray[np.float32]:  # fmt: skip
    """``(r, c)`` float32 `similarity` of every row with every column; few columns are fastest."""
    score = _measure(measure)
    values = _content(graph, content)
    left, right = (np.array([graph.number(k) for k in keys], dtype=np.int64)
                   for keys in (rows, columns))  # fmt: skip
    above, other = ancestor_rows(graph, left), ancestor_rows(graph, right)
    result = np.zeros((len(left), len(right)), dtype=np.float32)
    if not len(left):
        return result
    length, starts = np.diff(above.indptr), above.indptr[:-1]
    marked, worth = np.zeros(len(graph)), np.zeros(len(graph))
    for j, number in enumerate(right.tolist()):
        common = other.indices[other.indptr[j] : other.indptr[j + 1]]
        marked[common], worth[common] = 1, values[common]
        best = np.maximum.reduceat(worth[above.indices], starts)
        shared = np.add.reduceat(marked[above.indices], starts)
        result[:, j] = score(best, values[left], values[number], shared, length, len(common))
        if measure == "lin":
            result[left == number, j] = 1
        marked[common], worth[common] = 0, 0
    return result


def resnik(graph: KnowledgeGraph, a: Key, b: Key, content: ArrayLike | None = None) -> float:
    """Content of the most informative common ancestor; see `similarity`."""
    return float(similarity(graph, [(a, b)], "resnik", content)[0])


def lin(graph: KnowledgeGraph, a: Key, b: Key, content: ArrayLike | None = None) -> float:
    """That content, doubled, over the sum of both entities' contents; see `similarity`."""
    return float(similarity(graph, [(a, b)], "lin", content)[0])


def jaccard(graph: KnowledgeGraph, a: Key, b: Key) -> float:
    """Share of the ancestors of either that both have; see `similarity`."""
    return float(similarity(graph, [(a, b)], "jaccard", np.zeros(len(graph)))[0])


def _seco(graph: KnowledgeGraph) -> Floats:
    if len(graph) < 2:
        return np.zeros(len(graph))
    below = _sums_below(graph, np.ones(len(graph)))  # itself included: the 1 of the equation
    content: Floats = np.maximum(1 - np.log(below) / np.log(len(graph)), 0)
    return content


def _sanchez(graph: KnowledgeGraph) -> Floats:
    leaf = np.zeros(len(graph), dtype=bool)
    leaf[graph.leaves] = True
    leaves = np.where(leaf, 0, _sums_below(graph, leaf))
    content: Floats = -np.log((leaves / _ancestor_counts(graph) + 1) / (leaf.sum() + 1))
    return np.maximum(content, 0.0)


CONTENTS: dict[str, Callable[[KnowledgeGraph], Floats]] = {"seco": _seco, "sanchez": _sanchez}


def _resnik_of(best: Floats, *_: Any) -> Floats:
    return best


def _lin_of(best: Floats, left: Floats, right: Floats, *_: Any) -> Floats:
    total = left + right
    return np.divide(2 * best, total, out=np.zeros_like(best), where=total > 0)


def _jaccard_of(
    best: Floats, left: Any, right: Any, shared: Floats, of_left: Floats, of_right: Floats
) -> Floats:
    return shared / (of_left + of_right - shared)


MEASURES: dict[str, Callable[..., Floats]] = {
    "lin": _lin_of, "resnik": _resnik_of, "jaccard": _jaccard_of,
}  # fmt: skip
"""From the best content of a common ancestor, both contents, and how many ancestors are shared,
the left's and the right's, to the similarity."""


def _measure(name: str) -> Callable[..., Floats]:
    if name not in MEASURES:
        raise UsageError(f"no similarity {name!r}; {one_of(MEASURES, name)}")
    return MEASURES[name]


def _content(graph: KnowledgeGraph, content: ArrayLike | None) -> Floats:
    if content is None:
        return graph.information_content
    values = np.asarray(content, dtype=np.float64)
    if values.shape != (len(graph),):
        raise InputError(f"content has shape {values.shape}; wanted ({len(graph)},).")
    return values


def _numbers(graph: KnowledgeGraph, pairs: Pairs) -> Numbers:
    if not isinstance(pairs, np.ndarray):
        found = [(graph.number(a), graph.number(b)) for a, b in pairs]
        return np.array(found, dtype=np.int64).reshape(-1, 2)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise InputError(f"pairs have shape {pairs.shape} of {pairs.dtype}; wanted (k, 2) numbers.")
    for number in (pairs.min(), pairs.max()) if len(pairs) else ():
        graph.number(number)  # refuses what is outside
    return pairs.astype(np.int64)


def _parts(work: Floats) -> Iterator[slice]:
    """Slices of the pairs, each of about `CHUNK` entries, at least one pair."""
    done = np.cumsum(work)
    start = 0
    while start < len(work):
        before = done[start - 1] if start else 0
        end = max(int(np.searchsorted(done, before + CHUNK)), start + 1)
        yield slice(start, end)
        start = end


def _best(both: csr_matrix, values: Floats) -> Floats:
    """The highest content in each row, 0 in an empty one."""
    best = np.zeros(both.shape[0])
    filled = np.flatnonzero(np.diff(both.indptr))
    if len(filled):
        best[filled] = np.maximum.reduceat(values[both.indices], both.indptr[filled])
    return best


def _sums_below(graph: KnowledgeGraph, weights: NDArray[Any]) -> Floats:
    """Per entity the sum of ``weights`` over itself and its descendants."""
    from kgml.kg import hierarchy

    if hierarchy.too_deep(graph.depths):
        return hierarchy.sums_below(graph.is_a, weights)
    sums: Floats = graph.ancestors.T @ weights.astype(np.float64)
    return sums


def _ancestor_counts(graph: KnowledgeGraph) -> Floats:
    """Per entity how many stand above it, itself included."""
    from kgml.kg import hierarchy

    if hierarchy.too_deep(graph.depths):
        return hierarchy.sums_below(graph.is_a.T.tocsr(), np.ones(len(graph)))
    return np.diff(graph.ancestors.indptr).astype(np.float64)

"""Which branches of a hierarchy are worth leaving out: those that divide what the texts are about."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from kgml.kg.graph import KnowledgeGraph


def branches(graph: KnowledgeGraph, counts: sparse.csr_matrix, most: int) -> list[tuple[int, int]]:
    """The ``most`` branches that most texts touch: top entity and texts each, most texts first.

    From the roots down, a branch that more than half of the texts of its vocabulary touch is taken
    apart into those below it: a top that nearly all concepts lie below says nothing about where a
    gain comes from. Branches may share concepts.

    Args:
        counts: (n, e) linked concepts and all above them, of the training texts.
    """
    texts = counts.getnnz(axis=0)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    of = graph.vocabularies
    touched = np.unique(np.column_stack([row, of[counts.indices]]), axis=0)
    whole = np.bincount(touched[:, 1], minlength=int(of.max(initial=0)) + 1)
    wide, found, seen = [root for root in graph.roots if texts[root]], [], set()
    while wide:
        number = wide.pop()
        if number in seen:
            continue
        seen.add(number)
        below = [child for child in graph.children(number) if texts[child]]
        if below and 2 * texts[number] > whole[of[number]]:
            wide += below
        else:
            found.append((number, int(texts[number])))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:most]

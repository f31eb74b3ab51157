"""Which entities a search may find: branches and vocabularies of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kgml.errors import InputError, one_of
from kgml.kg.vocabulary import vocabulary_of
from kgml.linking.gold import branches

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph


def allowed(
    graph: KnowledgeGraph, roots: Sequence[str] = (), vocabularies: Sequence[str] = ()
) -> NDArray[np.bool_] | None:
    """True for each entity (e,) below one of ``roots`` and in one of ``vocabularies``; None: all.

    Args:
        roots: ids, IRIs or CURIEs; an entity is below itself.
        vocabularies: prefixes such as ``HP``, in any case, or beginnings of IRIs.

    Raises:
        InputError: no such entity, or no entity has such an IRI.
    """
    if not roots and not vocabularies:
        return None
    mask = np.ones(len(graph), dtype=bool)
    if roots:
        mask[:] = False
        mask[branches(graph, roots)] = True
    if vocabularies:
        starts = tuple(start for name in vocabularies for start in _starts(graph, name))
        mask &= np.fromiter((iri.startswith(starts) for iri in graph.iris), bool, len(graph))
    return mask


def _starts(graph: KnowledgeGraph, name: str) -> tuple[str, ...]:
    """What the IRIs of a vocabulary begin with."""
    spaces = [s for prefix, known in graph.prefixes.items() if prefix.lower() == name.lower()
              for s in known]  # fmt: skip
    starts = tuple(start for start in spaces or [name] if graph.count_iris(start))
    if not starts or not name:
        there = sorted({vocabulary_of(iri) for iri in graph.iris} - {""})
        raise InputError(
            f"no entity of this graph is in a vocabulary '{name}'; {one_of(there, name)} "
            "Or give a prefix, such as HP."
        )
    return starts

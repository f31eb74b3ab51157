"""Which entities of several ontologies are one: by IRI always, by mappings only if asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgml.kg.collected import Collected
from kgml.kg.vocabulary import vocabulary_of


@dataclass(frozen=True)
class Merging:
    """one_of (n,): per interned number the number that stands for it · kept (n,): whether it
    stands for itself · count: entities that others stand for · refused: pairs left apart."""

    one_of: NDArray[np.int64]
    kept: NDArray[np.bool_]
    count: int
    refused: int


def merged(collected: Collected, entity: NDArray[np.bool_], how: str) -> Merging:
    """Join what mappings call the same, never two entities of one vocabulary.

    A cross-reference often means "look here too": where it would make two entities of one
    vocabulary the same, it is left alone and counted. Stronger statements come first.

    Args:
        entity: which interned numbers are entities, (n,).
        how: iri (nothing is joined), matches (skos:exactMatch, owl:sameAs) or xrefs (these, and
            database cross-references).
    """
    one_of = np.arange(len(entity))
    if how == "iri":
        return Merging(one_of, np.ones(len(entity), dtype=bool), 0, 0)
    iris = collected.iris()
    groups: dict[int, dict[str, int]] = {}
    refused = 0
    pairs = _ordered(collected.matches, iris)
    if how == "xrefs":
        stronger = set(pairs)
        pairs += [pair for pair in _ordered(collected.xrefs, iris) if pair not in stronger]
    parent = one_of.tolist()
    for left, right in pairs:
        if not (entity[left] and entity[right]):
            continue
        a, b = _root(parent, left), _root(parent, right)
        if a == b:
            continue
        first = groups.pop(a, None) or {vocabulary_of(iris[a]): a}
        second = groups.pop(b, None) or {vocabulary_of(iris[b]): b}
        if first.keys() & second.keys():
            refused += 1
            groups[a], groups[b] = first, second
            continue
        low, high = (a, b) if iris[a] < iris[b] else (b, a)
        parent[high] = low
        groups[low] = {**first, **second}
    one_of = np.array(
        [_root(parent, n) if p != n else n for n, p in enumerate(parent)], dtype=np.int64
    )
    kept = one_of == np.arange(len(entity))
    return Merging(one_of, kept, int((~kept).sum()), refused)


def _ordered(pairs: list[tuple[int, int]], iris: list[str]) -> list[tuple[int, int]]:
    """Each pair once, whichever way round it was said, by IRI."""
    turned = {(a, b) if iris[a] < iris[b] else (b, a) for a, b in pairs}
    return sorted(turned, key=lambda pair: (iris[pair[0]], iris[pair[1]]))


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number

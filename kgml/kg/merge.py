"""Which entities of several ontologies are one: by IRI always, by mappings only if asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgml.kg.collected import Collected
from kgml.kg.vocabulary import namespace_of, vocabulary_of
from kgml.progress import warn

Pair = tuple[int, int]
SHOWN = 3
"""Pairs left apart that a warning names."""
CAUTIONS: dict[str, Callable[[str], str]] = {"exact match": namespace_of, "xref": vocabulary_of}
"""What may not become one by such a statement: two IRIs of which this is the same."""
_ADVICE = {
    "exact match": "would make two entities of one namespace one. Say owl:sameAs where they are",
    "xref": "would make two entities of one vocabulary one, and often means no more than 'see "
    "also'. Say skos:exactMatch or owl:sameAs where they are the same",
}


@dataclass(frozen=True)
class Merging:
    """one_of (n,): per interned number the number that stands for it · kept (n,): whether it
    stands for itself · count: entities that others stand for · refused: pairs left apart, by what
    calls them the same."""

    one_of: NDArray[np.int64]
    kept: NDArray[np.bool_]
    count: int
    refused: dict[str, list[Pair]]


def merged(collected: Collected, entity: NDArray[np.bool_], how: str) -> Merging:
    """Join what mappings call the same, the strongest statements first.

    owl:sameAs always joins. skos:exactMatch joins unless two entities of one namespace would become
    one, be it by way of others: within one scheme it is most often a mistake. A cross-reference
    often means "look here too": it never joins two entities of one vocabulary, which is wider.

    Args:
        entity: which interned numbers are entities, (n,).
        how: iri (nothing is joined), matches (skos:exactMatch, owl:sameAs) or xrefs (these, and
            database cross-references).
    """
    refused: dict[str, list[Pair]] = {caution: [] for caution in CAUTIONS}
    if how == "iri":
        return Merging(np.arange(len(entity)), np.ones(len(entity), dtype=bool), 0, refused)
    iris = collected.iris()
    groups = _Groups(iris)
    told: set[Pair] = set()
    for caution, pairs in (
        ("", collected.same),
        ("exact match", collected.matches),
        ("xref", collected.xrefs if how == "xrefs" else []),
    ):
        for pair in _ordered(pairs, iris):
            if pair in told or not (entity[pair[0]] and entity[pair[1]]):
                continue
            told.add(pair)
            if not groups.join(*pair, caution):
                refused[caution].append(pair)
    one_of = groups.one_of()
    kept = one_of == np.arange(len(entity))
    return Merging(one_of, kept, int((~kept).sum()), refused)


def warn_of_refused(merging: Merging, collected: Collected) -> None:
    """Name some of the pairs left apart, their number, and what to do about them."""
    iris, ids = collected.iris(), collected.ids
    for caution, pairs in merging.refused.items():
        if not pairs:
            continue
        shown = "; ".join(
            " and ".join(f"'{ids.get(n, iris[n])}'" for n in pair) for pair in pairs[:SHOWN]
        )
        more = f"; and {len(pairs) - SHOWN:,} more" if len(pairs) > SHOWN else ""
        many = f"{len(pairs):,} {caution}" + (
            " was" if len(pairs) == 1 else "es were" if caution.endswith("h") else "s were"
        )
        each = "it" if len(pairs) == 1 else "each"
        warn(f"{many} not merged: {shown}{more}; {each} {_ADVICE[caution]}.")


class _Groups:
    """What is one so far: a forest, and at each root what the members belong to."""

    def __init__(self, iris: list[str]) -> None:
        self._iris = iris
        self._parent = list(range(len(iris)))
        self._spaces: dict[int, dict[str, set[str]]] = {}

    def join(self, left: int, right: int, caution: str) -> bool:
        """Make two numbers one, named by the smaller IRI; False where ``caution`` forbids it."""
        a, b = self._root(left), self._root(right)
        if a == b:
            return True
        first, second = self._of(a), self._of(b)
        if caution and not first[caution].isdisjoint(second[caution]):
            return False
        low, high = (a, b) if self._iris[a] < self._iris[b] else (b, a)
        self._parent[high] = low
        for name, spaces in first.items():  # the smaller set into the larger one
            few, many = sorted((spaces, second[name]), key=len)
            many |= few
            first[name] = many
        del self._spaces[high]
        self._spaces[low] = first
        return True

    def one_of(self) -> NDArray[np.int64]:
        """The number that stands for each, (n,)."""
        pairs = enumerate(list(self._parent))
        return np.array([self._root(n) if p != n else n for n, p in pairs], dtype=np.int64)

    def _of(self, root: int) -> dict[str, set[str]]:
        found = self._spaces.get(root)
        if found is None:
            iri = self._iris[root]
            found = {caution: {space(iri)} for caution, space in CAUTIONS.items()}
            self._spaces[root] = found
        return found

    def _root(self, number: int) -> int:
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number


def _ordered(pairs: list[Pair], iris: list[str]) -> list[Pair]:
    """Each pair once, whichever way round it was said, by IRI."""
    turned = {(a, b) if iris[a] < iris[b] else (b, a) for a, b in pairs}
    return sorted(turned, key=lambda pair: (iris[pair[0]], iris[pair[1]]))

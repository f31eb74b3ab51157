"""CURIEs (https://www.w3.org/TR/curie/): ``HP:0001250`` for a long IRI, through ``curies``.

Which prefix means what comes from the graph itself (what OBO files wrote as ids, and IRIs of the
OBO Foundry's form, ``…/obo/HP_0001250``), then from `kgml.kg.vocabulary.PREFIXES`. A prefix that the
graph itself uses for two namespaces stands for neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from kgml.errors import InputError, one_of
from kgml.kg.vocabulary import OBO, PREFIXES

if TYPE_CHECKING:
    import curies

    from kgml.kg.graph import KnowledgeGraph

Prefixes: TypeAlias = dict[str, tuple[str, ...]]
"""Prefix to the namespaces it stands for: one, or several where it is ambiguous."""

_OBO_IRI = re.compile(r"(.*/obo/([A-Za-z][A-Za-z0-9]*)_).")


def prefixes(graph: KnowledgeGraph) -> Prefixes:
    """Every prefix known to the graph, by name; namespaces by how many names use them."""
    used: dict[str, Counter[str]] = {}
    names = [(graph.ids, graph.iris), (graph.relations, graph.relation_iris)]
    for ids, iris in names:
        for prefix, namespace in _own(ids, iris):
            used.setdefault(prefix, Counter())[namespace] += 1
    found = {
        prefix: tuple(sorted(spaces, key=lambda space: (-spaces[space], space)))
        for prefix, spaces in used.items()
    }
    standard = {prefix: (space,) for prefix, space in {**PREFIXES, "obo": OBO}.items()}
    return dict(sorted({**standard, **found}.items()))


def _own(ids: Iterable[str], iris: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Prefix and namespace of each name that shows both."""
    for name, iri in zip(ids, iris, strict=True):
        prefix, _, local = name.partition(":")
        if name != iri != local and local and iri.endswith(local):
            yield prefix, iri.removesuffix(local)
        elif match := _OBO_IRI.match(iri):
            yield match[2], match[1]


def converter(graph: KnowledgeGraph, more: Mapping[str, str] | None = None) -> curies.Converter:
    """A ``curies`` converter of the graph's unambiguous prefixes and ``more`` of the user's own.

    Where several prefixes have one namespace, that of ``more`` or else the longest is written and
    all are read.
    """
    import curies

    spaces: dict[str, list[str]] = {}
    known = {p: space[0] for p, space in graph.prefixes.items() if len(space) == 1}
    for prefix, space in {**known, **(more or {})}.items():
        spaces.setdefault(space, []).append(prefix)
    records = []
    for space, names in sorted(spaces.items()):
        first, *others = sorted(names, key=lambda n: (n not in (more or {}), -len(n), n))
        records.append(curies.Record(prefix=first, uri_prefix=space, prefix_synonyms=others))
    return curies.Converter(records)


def expand(graph: KnowledgeGraph, name: str) -> str:
    """The IRI that a CURIE stands for, in the graph or not.

    Raises:
        InputError: no CURIE, or its prefix is unknown or ambiguous.
    """
    prefix, colon, _ = name.partition(":")
    if not colon:
        raise InputError(f"'{name}' is no CURIE; wanted prefix:name, such as HP:0001250.")
    refuse_ambiguous(graph, name)
    found = graph.converter.expand(name)
    if found is None:
        raise InputError(f"'{name}': unknown prefix; {one_of(graph.prefixes, prefix)}")
    return found


def refuse_ambiguous(graph: KnowledgeGraph, name: str) -> None:
    """Raise `InputError` if the prefix of ``name`` stands for several namespaces."""
    prefix, colon, local = name.partition(":")
    spaces = graph.prefixes.get(prefix, ()) if colon else ()
    if len(spaces) > 1:
        meant = " or ".join(f"<{space}{local}>" for space in spaces[:5])
        raise InputError(f"'{name}' may mean {meant}: this graph uses '{prefix}:' for both. "
                         "Give the IRI.")  # fmt: skip


def known_iri(graph: KnowledgeGraph, name: str) -> str | None:
    """The IRI of a CURIE, None where the prefix is unknown or ambiguous; imports ``curies`` late."""
    if len(graph.prefixes.get(name.partition(":")[0], ())) != 1:
        return None
    return graph.converter.expand(name)

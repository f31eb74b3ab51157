"""CURIEs (https://www.w3.org/TR/curie/): ``HP:0001250`` for a long IRI, through ``curies``.

Which prefix means what comes from the graph itself (what OBO files wrote as ids, and IRIs of the
OBO Foundry's form, ``…/obo/HP_0001250``), from what its files declare (``@prefix``, ``xmlns``,
``idspace``), then from `kgml.kg.vocabulary.PREFIXES`. A prefix that a file declares otherwise than
the last or the OBO Foundry means what the file says where the graph has names in that namespace. A
prefix that the graph itself uses for two namespaces stands for neither.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
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
    """Every prefix known to the graph; namespaces by how many names use them.

    Which prefix is written for a namespace with several is told by their order: those that ids and
    IRIs show, those that files declare, the standard ones; longest first.
    """
    written, shown = _own(graph)
    found = {
        prefix: tuple(sorted(spaces, key=lambda space: (-spaces[space], space)))
        for prefix, spaces in shown.items()
    }
    standard = {prefix: (space,) for prefix, space in {**PREFIXES, "obo": OBO}.items()}
    declared: Prefixes = {}
    for prefix, space in graph.declared.items():
        known = found.get(prefix) or standard.get(prefix) or ()
        if known and (space in known or not _in_use(graph, space)):
            declared[prefix] = known
        else:
            declared[prefix] = (*known, space) if prefix in written else (space,)
    first = {name: declared.get(name, spaces) for name, spaces in found.items()}
    ordered = (sorted(part.items(), key=_longest) for part in (first, declared, standard))
    chosen: Prefixes = {}
    for name, spaces in (row for part in ordered for row in part):
        chosen.setdefault(name, spaces)
    return chosen


def _longest(row: tuple[str, object]) -> tuple[int, str]:
    return -len(row[0]), row[0]


def _own(graph: KnowledgeGraph) -> tuple[set[str], dict[str, Counter[str]]]:
    """Prefixes that ids are written with, and how often names show which namespace of a prefix."""
    written: set[str] = set()
    shown: dict[str, Counter[str]] = {}
    names = [(graph.ids, graph.iris), (graph.relations, graph.relation_iris)]
    for name, iri in (row for ids, iris in names for row in zip(ids, iris, strict=True)):
        prefix, _, local = name.partition(":")
        if name != iri != local and local and iri.endswith(local):
            written.add(prefix)
            shown.setdefault(prefix, Counter())[iri.removesuffix(local)] += 1
        elif match := _OBO_IRI.match(iri):
            shown.setdefault(match[2], Counter())[match[1]] += 1
    return written, shown


def _in_use(graph: KnowledgeGraph, space: str) -> bool:
    """Whether the IRI of an entity or a relation begins with ``space``."""
    for iris in (graph.iris, graph.relation_iris):  # both sorted
        place = bisect_left(iris, space)
        if place < len(iris) and iris[place].startswith(space):
            return True
    return False


def converter(graph: KnowledgeGraph, more: Mapping[str, str] | None = None) -> curies.Converter:
    """A ``curies`` converter of the graph's unambiguous prefixes and ``more`` of the user's own.

    Where several prefixes have one namespace, that of ``more`` or else the first of `prefixes` is
    written and all are read.
    """
    import curies

    spaces: dict[str, list[str]] = {}
    known = {p: space[0] for p, space in graph.prefixes.items() if len(space) == 1}
    own = dict(sorted((more or {}).items(), key=_longest))
    for prefix, space in {**own, **known, **own}.items():
        spaces.setdefault(space, []).append(prefix)
    records = [
        curies.Record(prefix=first, uri_prefix=space, prefix_synonyms=others)
        for space, (first, *others) in sorted(spaces.items())
    ]
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

"""A graph as RDF: which statements it consists of.

Types, labels, synonyms, definitions, comments and cross-references of entities; one triple per edge; declarations of relations;
other names of entities. `kgml.load_graph` reads them back to the same columns (an OBO id becomes
the IRI). The rdflib view, SPARQL and the RDF exports all say what stands here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kgml.kg import vocabulary as v
from kgml.kg.vocabulary import Note, Scope
from kgml.kg.words import obo_iri

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

TYPES = (v.OWL + "Class", v.OWL + "NamedIndividual", v.SKOS + "Concept")
"""By number of the kind (`kgml.kg.graph.KINDS`)."""
FORMS = {
    Scope.LABEL: v.RDFS + "label",
    Scope.EXACT: v.OBO_IN_OWL + "hasExactSynonym",
    Scope.ABBREVIATION: v.COMMONS + "abbreviation",
    Scope.NARROW: v.OBO_IN_OWL + "hasNarrowSynonym",
    Scope.BROAD: v.OBO_IN_OWL + "hasBroadSynonym",
    Scope.RELATED: v.OBO_IN_OWL + "hasRelatedSynonym",
}
NOTES = {Note.COMMENT: v.COMMENT, Note.XREF: v.XREF}
DEFINITION = v.SKOS + "definition"
PROPERTY = v.OWL + "ObjectProperty"

_TWICE = ("terms", v.DCTERMS)
"""OBO files may say it; dcterms is the usual name."""
_PREFIX = re.compile(r"[A-Za-z](?:[\w.-]*\w)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
NO_IRI = '[\\x00-\\x20<>"{}|^`\\\\]'
_BAD_IRI = re.compile(NO_IRI)


def prefixes(graph: KnowledgeGraph) -> dict[str, str]:
    """Prefix to namespace: the graph's unambiguous ones, in the order of `kgml.kg.curie.prefixes`."""
    known = {name: spaces[0] for name, spaces in graph.prefixes.items() if len(spaces) == 1}
    return {
        name: space for name, space in known.items()
        if (name, space) != _TWICE and _PREFIX.fullmatch(name) and not may_not_be_iri(space)
    }  # fmt: skip


def declarations(graph: KnowledgeGraph) -> list[tuple[str, str | None]]:
    """(IRI, label) of each relation that is no vocabulary itself.

    No label where the relation is an entity too: then it is that of the entity.
    """
    named = [
        row for row in zip(graph.relation_iris, graph.relation_labels, strict=True)
        if not row[0].startswith(v.RESERVED)
    ]  # fmt: skip
    entities = set(graph.iris) if named else set()
    return [(iri, None if iri in entities else label) for iri, label in named]


def other_names(graph: KnowledgeGraph) -> tuple[list[tuple[int, str]], list[tuple[str, int]]]:
    """What else entities are called: (entity, secondary id), and (IRI, entity in its place).

    ``HP:0000004`` and its IRI are one secondary id. A name that is no IRI is left out.
    """
    table = graph.columns.aliases
    names, entities = (table.column(name).to_pylist() for name in ("name", "entity"))
    rows = list(zip(names, entities, strict=True))
    known, ids, covered = set(rows), [], set()
    for name, entity in rows:
        if name.startswith("http"):
            continue
        pair = (obo_iri(name), entity)
        if pair in known:
            ids.append((entity, name))
            covered |= {(name, entity), pair}
    return sorted(ids), [row for row in rows if row not in covered and _SCHEME.match(row[0])]


def may_not_be_iri(text: str) -> bool:
    """Whether ``text`` holds a character that an IRI may not."""
    return _BAD_IRI.search(text) is not None

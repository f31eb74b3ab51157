"""Tables only: what the relation of a row in a list of edges means, however it is written."""

from __future__ import annotations

import re

from kgml.kg import vocabulary as v

RELATED = v.SKOS + "related"
TEXTS = frozenset(
    iri
    for iri in (*v.LABELS, *v.SYNONYMS, *v.DEFINITIONS, v.COMMENT, v.DEPRECATED, v.ALTERNATIVE_ID,
                v.XREF)
    if not iri.startswith(v.SKOSXL)  # whose labels are things that have a text
)  # fmt: skip
"""Relations whose tail is a text about the head and no entity."""
_PREFIXES = {**v.PREFIXES, "obo": v.OBO, "oio": v.OBO_IN_OWL}
_CURIES = {
    f"{prefix}:{iri.removeprefix(base)}".lower(): iri
    for prefix, base in _PREFIXES.items()
    for iri in TEXTS
    if iri.startswith(base)
}
_SYNONYMS = {
    iri.removeprefix(v.OBO_IN_OWL): iri for iri in v.SYNONYMS if iri.startswith(v.OBO_IN_OWL)
}
_WORDS = {
    **dict.fromkeys(("isa", "subclassof", "rdfs:subclassof", "parent"), v.SUB_CLASS_OF),
    v.SUB_CLASS_OF.lower(): v.SUB_CLASS_OF,
    "label": v.RDFS + "label", "name": v.RDFS + "label", "preflabel": v.SKOS + "prefLabel",
    "altlabel": v.SKOS + "altLabel", "definition": v.SKOS + "definition",
    "description": v.DCTERMS + "description", "comment": v.COMMENT,
    **{name.lower(): iri for name, iri in _SYNONYMS.items()},
    **{name.removeprefix("has").lower(): iri for name, iri in _SYNONYMS.items()
       if name != "hasSynonym"},
}  # fmt: skip
"""Words without prefix; blanks, hyphens, underscores and case do not count. A bare ``synonym`` is
not among them: what has one may mean another entity."""
_UNNAMED = frozenset(("directed", "undirected", "mutual"))
"""What Gephi has in its column ``Type``: how an edge is drawn, and no relation."""


def relation(word: str, column: str) -> str | None:
    """The IRI that a relation has by these tables, None if it is one of its own.

    Args:
        word: as the file has it.
        column: what the file calls the column.

    >>> relation("is a", "relation"), relation("Directed", "Type"), relation("part of", "edge")
    ('http://www.w3.org/2000/01/rdf-schema#subClassOf', 'http://www.w3.org/2004/02/skos/core#related', None)
    >>> relation("rdfs:label", "p"), relation("obo:IAO_0000115", "p")
    ('http://www.w3.org/2000/01/rdf-schema#label', 'http://purl.obolibrary.org/obo/IAO_0000115')
    """
    lower = word.strip().lower()
    if column.lower() == "type" and lower in _UNNAMED:
        return RELATED
    return _WORDS.get(re.sub(r"[\s_-]", "", lower)) or _CURIES.get(lower)

"""Tables only: which predicates mean label, synonym, definition, is-a, deprecated.

Sources: RDFS, SKOS and SKOS-XL, OBO-in-OWL (OBO 1.4 section 5), IAO, schema.org, DCTERMS, and the
annotation vocabularies of FIBO and OMG Commons.
"""

from __future__ import annotations

import re
from enum import IntEnum

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SKOSXL = "http://www.w3.org/2008/05/skos-xl#"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
OBO = "http://purl.obolibrary.org/obo/"
OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
SCHEMA = ("http://schema.org/", "https://schema.org/")
FIBO = "https://spec.edmcouncil.org/fibo/ontology/FND/Utilities/AnnotationVocabulary/"
COMMONS = "https://www.omg.org/spec/Commons/AnnotationVocabulary/"

PREFIXES = {
    "rdf": RDF, "rdfs": RDFS, "owl": OWL, "xsd": XSD, "skos": SKOS, "dc": DC, "terms": DCTERMS,
    "dcterms": DCTERMS, "oboInOwl": OBO_IN_OWL, "schema": SCHEMA[0],
}  # fmt: skip
"""Prefixes an OBO file may use without an ``idspace`` line."""


class Scope(IntEnum):
    """How a surface form stands to its entity."""

    LABEL = 0
    EXACT = 1
    ABBREVIATION = 2
    NARROW = 3
    BROAD = 4
    RELATED = 5


PRECEDENCE = {
    Scope.LABEL: 0, Scope.ABBREVIATION: 1, Scope.EXACT: 2, Scope.NARROW: 3, Scope.BROAD: 4,
    Scope.RELATED: 5,
}  # fmt: skip
"""Which scope stays when one text is given to one entity twice: that it is an abbreviation says
more than that it is exact."""


class Note(IntEnum):
    """What else is said of an entity, which names it nothing."""

    COMMENT = 0
    XREF = 1


SUB_CLASS_OF = RDFS + "subClassOf"
TYPE = RDF + "type"
BROADER = SKOS + "broader"
IS_A = (SUB_CLASS_OF, TYPE, BROADER)
"""Relations of the is-a hierarchy, child to parent."""
RELATION_LABELS = {SUB_CLASS_OF: "is a", TYPE: "type", BROADER: "broader",
                   OWL + "equivalentClass": "is the same as"}  # fmt: skip

LABELS = {
    SKOS + "prefLabel": 0,
    SKOSXL + "prefLabel": 0,
    RDFS + "label": 1,
    **{s + "name": 2 for s in SCHEMA},
    DCTERMS + "title": 3,
}
"""Predicate to rank; 0 is preferred."""

SYNONYMS = {
    SKOS + "altLabel": Scope.EXACT,
    SKOSXL + "altLabel": Scope.EXACT,
    SKOS + "hiddenLabel": Scope.RELATED,
    SKOSXL + "hiddenLabel": Scope.RELATED,
    OBO_IN_OWL + "hasExactSynonym": Scope.EXACT,
    OBO_IN_OWL + "hasNarrowSynonym": Scope.NARROW,
    OBO_IN_OWL + "hasBroadSynonym": Scope.BROAD,
    OBO_IN_OWL + "hasRelatedSynonym": Scope.RELATED,
    OBO_IN_OWL + "hasSynonym": Scope.RELATED,
    OBO + "IAO_0000118": Scope.EXACT,
    OBO + "IAO_0000589": Scope.EXACT,
    **{s + "alternateName": Scope.EXACT for s in SCHEMA},
    DCTERMS + "alternative": Scope.EXACT,
    FIBO + "commonDesignation": Scope.EXACT,
    FIBO + "preferredDesignation": Scope.EXACT,
    FIBO + "abbreviation": Scope.ABBREVIATION,
    FIBO + "synonym": Scope.EXACT,
    COMMONS + "synonym": Scope.EXACT,
    COMMONS + "abbreviation": Scope.ABBREVIATION,
    COMMONS + "acronym": Scope.ABBREVIATION,
    COMMONS + "symbol": Scope.ABBREVIATION,
    "https://www.omg.org/spec/Commons/Designators/hasTextualName": Scope.EXACT,
}

DEFINITIONS = {
    SKOS + "definition": 0,
    OBO + "IAO_0000115": 0,
    **{s + "description": 1 for s in SCHEMA},
    DCTERMS + "description": 2,
}
COMMENT = RDFS + "comment"
"""The definition of an entity that has none of `DEFINITIONS`."""
VALUE = RDF + "value"
"""The text of a definition or comment that is a resource (SKOS Primer, section 4.2)."""

DEPRECATED = OWL + "deprecated"
REPLACED_BY = OBO + "IAO_0100001"
REPLACED = (REPLACED_BY, DCTERMS + "isReplacedBy")
ALTERNATIVE_ID = OBO_IN_OWL + "hasAlternativeId"
XREF = OBO_IN_OWL + "hasDbXref"
SAME_AS = OWL + "sameAs"
EXACT_MATCH = SKOS + "exactMatch"
IMPORTS = OWL + "imports"
VERSION_IRI = OWL + "versionIRI"
EQUIVALENT_CLASS = OWL + "equivalentClass"
DISJOINT_WITH = OWL + "disjointWith"
LITERAL_FORM = SKOSXL + "literalForm"
ANNOTATED_SOURCE = OWL + "annotatedSource"
ANNOTATED_TARGET = OWL + "annotatedTarget"
SYNONYM_TYPE = OBO_IN_OWL + "hasSynonymType"
ABBREVIATION_TYPES = frozenset({"OMO_0003000", "OMO_0003012", "OMO:0003000", "OMO:0003012"})
"""Synonym types of the OBO Metadata Ontology: abbreviation, acronym."""

_IDSPACE = re.compile(r".*/obo/[A-Za-z]+_")
_VOCABULARY = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?://[^/#]+(?:#|/(?:[^/#]+[/#])?)|(?:/?[^:/#]+[:/#]){0,2})"
)


def vocabulary_of(iri: str) -> str:
    """What an IRI belongs to: up to the idspace for OBO, else host and first folder.

    Of an IRI without a host, such as those of ``urn:``, the first two parts.

    >>> vocabulary_of("http://purl.obolibrary.org/obo/HP_0001250")
    'http://purl.obolibrary.org/obo/HP_'
    >>> vocabulary_of("https://example.org/x/one#b"), vocabulary_of("urn:one:a")
    ('https://example.org/x/', 'urn:one:')
    """
    match = _IDSPACE.match(iri) or _VOCABULARY.match(iri)
    return match.group() if match else ""


def namespace_of(iri: str) -> str:
    """What names of one author's hand share: up to the idspace for OBO, else all but the end.

    >>> namespace_of("https://example.org/x/one#b"), namespace_of("urn:one:a")
    ('https://example.org/x/one#', 'urn:one:')
    """
    match = _IDSPACE.match(iri)
    if match:
        return match.group()
    short = iri.rstrip("#/:")
    place = max(short.rfind("#"), short.rfind("/"))
    return short[: (place if place >= 0 else short.rfind(":")) + 1]


CLASS_TYPES = frozenset({OWL + "Class", RDFS + "Class"})
INDIVIDUAL_TYPES = frozenset({OWL + "NamedIndividual"})
CONCEPT_TYPES = frozenset({SKOS + "Concept"})
ONTOLOGY_TYPES = frozenset({OWL + "Ontology", SKOS + "ConceptScheme"})
ANNOTATION_PROPERTY = OWL + "AnnotationProperty"
OTHER_TYPES = frozenset(
    {OWL + n for n in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty",
                       "FunctionalProperty", "InverseFunctionalProperty", "TransitiveProperty",
                       "SymmetricProperty", "AsymmetricProperty", "ReflexiveProperty",
                       "IrreflexiveProperty", "OntologyProperty")}
    | {RDF + "Property", RDFS + "Datatype", RDFS + "ContainerMembershipProperty"}
)  # fmt: skip
"""Declared as one of these and not as a class, a thing is no entity."""

RESERVED = (RDF, RDFS, OWL, XSD, SKOS, SKOSXL, OBO_IN_OWL, "http://www.w3.org/ns/shacl#",
            "http://rdfs.org/ns/void#", DC, DCTERMS)  # fmt: skip
"""Namespaces whose names are vocabulary, never entities."""
STRUCTURED = frozenset(p for p in (*DEFINITIONS, COMMENT) if p.startswith(RESERVED))
"""What may have a resource for its object and is still no edge."""

ONTOLOGY_VERSION = {OWL + "versionIRI": 0, OWL + "versionInfo": 1, DCTERMS + "hasVersion": 2,
                    **{s + "version": 3 for s in SCHEMA}}  # fmt: skip
ONTOLOGY_LICENCE = {DCTERMS + "license": 0, "http://creativecommons.org/ns#license": 1,
                    **{s + "license": 2 for s in SCHEMA}, DCTERMS + "rights": 3,
                    DC + "rights": 4}  # fmt: skip
ONTOLOGY_TITLE = {DCTERMS + "title": 0, DC + "title": 1, RDFS + "label": 2, SKOS + "prefLabel": 3,
                  **{s + "name": 4 for s in SCHEMA}}  # fmt: skip

MAPPINGS = frozenset(
    SKOS + n for n in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
)

CARDINALITIES = {
    OWL + "minCardinality": "min", OWL + "minQualifiedCardinality": "min",
    OWL + "cardinality": "exactly", OWL + "qualifiedCardinality": "exactly",
    OWL + "maxCardinality": "max", OWL + "maxQualifiedCardinality": "max",
}  # fmt: skip
"""Predicate to quantifier."""
QUANTIFIERS = {
    OWL + "someValuesFrom": "some", OWL + "hasValue": "value", OWL + "allValuesFrom": "only",
    OWL + "hasSelf": "self",
}  # fmt: skip

DROPPED = {
    DISJOINT_WITH: "disjointWith",
    OWL + "propertyDisjointWith": "propertyDisjointWith",
    OWL + "equivalentProperty": "equivalentProperty",
    OWL + "inverseOf": "inverseOf",
    OWL + "hasKey": "hasKey",
    OWL + "differentFrom": "differentFrom",
    OWL + "propertyChainAxiom": "propertyChainAxiom",
    RDFS + "subPropertyOf": "subPropertyOf",
    RDFS + "domain": "domain",
    RDFS + "range": "range",
    **{s + "domainIncludes": "domain" for s in SCHEMA},
    **{s + "rangeIncludes": "range" for s in SCHEMA},
    SKOS + "broaderTransitive": "broaderTransitive",
    SKOS + "narrowerTransitive": "narrowerTransitive",
}
"""Axioms between named things that need not become edges, and the kind they then count as."""

STRUCTURE = frozenset(
    {OWL + n for n in ("onProperty", "intersectionOf", "unionOf", "complementOf", "oneOf",
                       "onClass", "onDataRange", "onDatatype", "datatypeComplementOf",
                       "withRestrictions", "members", "distinctMembers", "annotatedProperty",
                       "annotatedSource", "annotatedTarget", "equivalentClass", "onProperties",
                       "disjointUnionOf", "sourceIndividual", "assertionProperty",
                       "targetIndividual", "targetValue", "imports")}
    | {RDF + "first", RDF + "rest", SUB_CLASS_OF, TYPE, BROADER, SKOS + "narrower",
       SKOSXL + "labelRelation"}
    | set(CARDINALITIES) | set(QUANTIFIERS)
)  # fmt: skip
"""Predicates read as part of an axiom, never as a relation of their own."""

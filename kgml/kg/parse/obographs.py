"""OBO Graphs JSON as N-Triples, by the mapping to OWL of https://github.com/geneontology/obographs.

Nodes and edges are taken one by one, so that no more than the text of the file is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.parse import emit, formats, nesting
from kgml.kg.parse.jsoncursor import Cursor
from kgml.kg.parse.namespaces import Declare, ignore
from kgml.kg.parse.owlmapping import Form, Mapping, Term

_TYPES = {"CLASS": "Class", "INDIVIDUAL": "NamedIndividual", "PROPERTY": "ObjectProperty"}
_PROPERTIES = {"OBJECT": "ObjectProperty", "ANNOTATION": "AnnotationProperty",
               "DATA": "DataProperty"}  # fmt: skip
_EDGES = {"is_a": "SubClassOf", "subPropertyOf": "SubObjectPropertyOf",
          "inverseOf": "InverseObjectProperties", v.SUB_CLASS_OF: "SubClassOf",
          v.RDFS + "subPropertyOf": "SubObjectPropertyOf",
          v.OWL + "inverseOf": "InverseObjectProperties"}  # fmt: skip
"""Edges that are an axiom of their own, and not ``sub SubClassOf pred some obj``."""
_IS_TYPE = ("type", v.TYPE)
_DEFINITION, _IN_SUBSET = v.OBO + "IAO_0000115", v.OBO_IN_OWL + "inSubset"
_WEB = re.compile(r"https?://\S+\Z")
AXIOMS = ("edges", "equivalentNodesSets", "logicalDefinitionAxioms", "domainRangeAxioms",
          "propertyChainAxioms")  # fmt: skip
"""The sections of a graph beside its nodes."""


def ntriples(path: Path, name: str, config: GraphConfig, _: Declare = ignore) -> Iterator[bytes]:
    """The statements of an OBO Graphs document as blocks of N-Triples.

    Args:
        path: a plain file, not empty.
        name: of the file, below what the user gave; what names without prefix are under.
        config: limits.
        _: who would be told the prefixes; this format declares none.

    Raises:
        OntologyError: malformed, truncated or nested too deep.
        UnicodeDecodeError: not UTF-8.
    """
    return emit.blocks(_triples(path, name, config))


def _triples(path: Path, name: str, config: GraphConfig) -> Iterator[ox.Triple]:
    nesting.check(path, formats.OBOGRAPHS, config.max_depth)
    cursor = Cursor(path)
    nodes = emit.Nodes(path)
    found = False
    for key in cursor.names():
        if key != "graphs":
            cursor.value()
            continue
        for _ in cursor.items():
            found = True
            yield from _Graph(cursor, path, emit.base_iri(name), nodes).triples()
    cursor.end()
    if not found:
        raise OntologyError(
            f'{path}: no graph in "graphs"; wanted one with "nodes" and "edges". '
            "Check that the file is whole."
        )


class _Graph:
    """One graph of a document; an entry that cannot be read is named by its line."""

    def __init__(self, cursor: Cursor, path: Path, base: str, nodes: emit.Nodes) -> None:
        self._cursor, self._path, self._base, self._nodes = cursor, path, base, nodes
        self._mapping = Mapping(nodes)
        self._individuals: set[str] = set()

    def triples(self) -> Iterator[ox.Triple]:
        """All of it; axioms before the nodes wait for them, as individuals are told there."""
        about: dict[str, Any] = {}
        waiting: list[tuple[str, Any, int]] = []
        ready = False
        for key in self._cursor.names():
            if key != "nodes" and key not in AXIOMS:
                about[key] = self._cursor.value()
                continue
            for _ in self._cursor.items():
                at, entry = self._cursor.at, self._cursor.value()
                if ready or key == "nodes":
                    yield from self._entry(key, entry, at)
                else:
                    waiting.append((key, entry, at))
            ready |= key == "nodes"
        yield from self._entry("graphs", about, self._cursor.at)
        for key, entry, at in waiting:
            yield from self._entry(key, entry, at)

    def _entry(self, section: str, entry: Any, at: int) -> Iterator[ox.Triple]:
        readers = {
            "nodes": self._node, "graphs": self._about, "edges": self._edge,
            "equivalentNodesSets": self._equivalents, "domainRangeAxioms": self._domain_range,
            "logicalDefinitionAxioms": self._logical_definition,
            "propertyChainAxioms": self._property_chain,
        }  # fmt: skip
        try:
            yield from readers[section](entry)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise OntologyError(
                f'{self._path}, line {self._cursor.line(at):,}: an entry of "{section}" that '
                f"cannot be read ({reason[:200]}). Correct it, or export the file again."
            ) from None

    # Nodes and what is said about them

    def _about(self, graph: dict[str, Any]) -> Iterator[ox.Triple]:
        meta = graph.get("meta") or {}
        iri = self._term(graph["id"]) if graph.get("id") else None
        version = meta.get("version")
        web = self._term(version) if version and _WEB.match(version) else None
        yield from self._mapping.begin(iri, web)
        subject = self._mapping.ontology
        if version and web is None:
            yield self._said(subject, v.OWL + "versionInfo", _text(version))
        if graph.get("lbl"):
            yield self._said(subject, v.RDFS + "label", _text(graph["lbl"]))
        yield from self._meta(subject, meta)

    def _node(self, node: dict[str, Any]) -> Iterator[ox.Triple]:
        subject, kind = self._term(node["id"]), node.get("type")
        label = node.get("lbl")
        if kind is None and label is not None:
            kind = "CLASS"
        if kind is not None:
            name = _TYPES[kind]
            if kind == "PROPERTY":
                name = _PROPERTIES[node.get("propertyType") or "OBJECT"]
            elif kind == "INDIVIDUAL":
                self._individuals.add(subject.value)
            yield from self._mapping.axiom(Form("Declaration", [Form(name, [subject])]))
        if label is not None:
            yield self._said(subject, v.RDFS + "label", _text(label))
        yield from self._meta(subject, node.get("meta") or {})

    def _meta(
        self, subject: ox.NamedNode | ox.BlankNode, meta: dict[str, Any]
    ) -> Iterator[ox.Triple]:
        definition = meta.get("definition")
        if definition:
            yield from self._noted(subject, _DEFINITION, definition)
        for comment in meta.get("comments") or ():
            yield self._said(subject, v.COMMENT, _text(comment))
        for subset in meta.get("subsets") or ():
            yield self._said(subject, _IN_SUBSET, self._term(subset))
        for xref in meta.get("xrefs") or ():
            yield self._said(subject, v.XREF, _text(xref["val"]))
        for synonym in meta.get("synonyms") or ():
            predicate = v.OBO_IN_OWL + (synonym.get("pred") or "hasRelatedSynonym")
            yield from self._noted(subject, predicate, synonym)
        for said in meta.get("basicPropertyValues") or ():
            value = said["val"]
            given = self._term(value) if _WEB.match(value) else _text(value)
            yield self._said(subject, self._predicate(said["pred"]), given)
        if meta.get("deprecated"):
            yield self._said(subject, v.DEPRECATED, _TRUE)

    def _noted(self, subject: Term, predicate: str, value: dict[str, Any]) -> Iterator[ox.Triple]:
        """A definition or a synonym, with where it comes from and of which type it is."""
        about: list[tuple[str, Term]] = [(v.XREF, _text(xref)) for xref in value.get("xrefs") or ()]
        if value.get("synonymType"):
            about.append((v.SYNONYM_TYPE, self._term(value["synonymType"])))
        notes = [Form("Annotation", [self._nodes.named(p), one]) for p, one in about]
        given = [self._nodes.named(predicate), subject, _text(value["val"])]
        yield from self._mapping.axiom(Form("AnnotationAssertion", [*notes, *given]))

    # Axioms

    def _edge(self, edge: dict[str, Any]) -> Iterator[ox.Triple]:
        sub, obj, predicate = self._term(edge["sub"]), self._term(edge["obj"]), edge["pred"]
        if predicate in _EDGES:
            form = Form(_EDGES[predicate], [sub, obj])
        elif predicate in _IS_TYPE:
            form = Form("ClassAssertion", [obj, sub])
        elif sub.value in self._individuals:
            form = Form("ObjectPropertyAssertion", [self._term(predicate), sub, obj])
        else:
            form = Form("SubClassOf", [sub, self._some(predicate, obj)])
        yield from self._mapping.axiom(form)

    def _equivalents(self, entry: dict[str, Any]) -> Iterator[ox.Triple]:
        names = [entry.get("representativeNodeId"), *entry["nodeIds"]]
        members = [self._term(name) for name in dict.fromkeys(names) if name]
        if len(members) > 1:
            yield from self._mapping.axiom(Form("EquivalentClasses", [*members]))

    def _logical_definition(self, entry: dict[str, Any]) -> Iterator[ox.Triple]:
        parts: list[Form | Term] = [self._term(genus) for genus in entry.get("genusIds") or ()]
        for restriction in entry.get("restrictions") or ():
            if restriction:  # older exports write null for what they could not express
                filler = self._term(restriction["fillerId"])
                parts.append(self._some(restriction["propertyId"], filler))
        defined = self._term(entry["definedClassId"])
        if not parts:
            raise ValueError("neither genus nor restriction")
        whole = parts[0] if len(parts) == 1 else Form("ObjectIntersectionOf", parts)
        yield from self._mapping.axiom(Form("EquivalentClasses", [defined, whole]))

    def _domain_range(self, entry: dict[str, Any]) -> Iterator[ox.Triple]:
        predicate = self._term(entry["predicateId"])
        for key, name in (("domainClassIds", "ObjectPropertyDomain"),
                          ("rangeClassIds", "ObjectPropertyRange")):  # fmt: skip
            for one in entry.get(key) or ():
                yield from self._mapping.axiom(Form(name, [predicate, self._term(one)]))
        for edge in entry.get("allValuesFromEdges") or ():
            given: list[Form | Term] = [self._term(edge["pred"]), self._term(edge["obj"])]
            only = Form("ObjectAllValuesFrom", given)
            yield from self._mapping.axiom(Form("SubClassOf", [self._term(edge["sub"]), only]))

    def _property_chain(self, entry: dict[str, Any]) -> Iterator[ox.Triple]:
        steps: list[Form | Term] = [self._term(step) for step in entry["chainPredicateIds"]]
        chain = Form("ObjectPropertyChain", steps)
        whole = Form("SubObjectPropertyOf", [chain, self._term(entry["predicateId"])])
        yield from self._mapping.axiom(whole)

    def _some(self, predicate: str, filler: Term) -> Form:
        return Form("ObjectSomeValuesFrom", [self._term(predicate), filler])

    # Terms

    def _term(self, identifier: Any) -> ox.NamedNode:
        if not isinstance(identifier, str) or not identifier.strip():
            raise ValueError(f"{identifier!r} where an identifier must be")
        return self._nodes.named(emit.expanded(identifier.strip(), self._base))

    def _predicate(self, identifier: str) -> str:
        """Names without prefix are those of OBO-in-OWL, as in ``hasExactSynonym``."""
        return identifier if ":" in identifier else v.OBO_IN_OWL + identifier

    def _said(self, subject: ox.NamedNode | ox.BlankNode, predicate: str, value: Term) -> ox.Triple:
        return ox.Triple(subject, self._term(predicate), value)


_TRUE = ox.Literal("true", datatype=ox.NamedNode(v.XSD + "boolean"))


def _text(value: Any) -> ox.Literal:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where a text must be")
    return ox.Literal(value)

"""OBO Graphs JSON: what each part becomes, and documents that are not what they should be."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import rdflib
from rdflib.compare import isomorphic

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import obographs

OBO = "http://purl.obolibrary.org/obo/"
GRAPH: dict[str, Any] = {
    "id": OBO + "ex.owl",
    "meta": {
        "version": OBO + "ex/2026/ex.owl",
        "basicPropertyValues": [{"pred": "http://purl.org/dc/terms/title", "val": "Hearts"}],
    },
    "nodes": [
        {"id": OBO + "EX_1", "type": "CLASS", "lbl": "disease", "meta": {
            "definition": {"val": 'A "disorder".', "xrefs": ["PMID:1"]},
            "comments": ["see the heart"], "subsets": [OBO + "ex#slim"],
            "xrefs": [{"val": "UMLS:C0012634"}],
            "synonyms": [
                {"pred": "hasExactSynonym", "val": "illness"},
                {"pred": "hasBroadSynonym", "val": "D", "xrefs": ["PMID:2"],
                 "synonymType": OBO + "OMO_0003012"},
            ]}},
        {"id": OBO + "EX_2", "type": "CLASS", "lbl": "heart disease"},
        {"id": OBO + "EX_9", "type": "CLASS", "lbl": "obsolete dropsy", "meta": {
            "deprecated": True,
            "basicPropertyValues": [{"pred": OBO + "IAO_0100001", "val": OBO + "EX_1"}]}},
        {"id": OBO + "RO_1", "type": "PROPERTY", "lbl": "located in"},
        {"id": OBO + "AP_1", "type": "PROPERTY", "propertyType": "ANNOTATION"},
        {"id": OBO + "EX_i", "type": "INDIVIDUAL", "lbl": "Anna's heart"},
        {"id": OBO + "EX_5"},
    ],
    "edges": [
        {"sub": OBO + "EX_2", "pred": "is_a", "obj": OBO + "EX_1"},
        {"sub": OBO + "EX_2", "pred": OBO + "RO_1", "obj": OBO + "EX_4"},
        {"sub": OBO + "RO_1", "pred": "subPropertyOf", "obj": OBO + "RO_2"},
        {"sub": OBO + "RO_1", "pred": "inverseOf", "obj": OBO + "RO_3"},
        {"sub": OBO + "EX_i", "pred": "type", "obj": OBO + "EX_4"},
        {"sub": OBO + "EX_i", "pred": OBO + "RO_1", "obj": OBO + "EX_j"},
    ],
    "equivalentNodesSets": [{"representativeNodeId": OBO + "EX_2",
                             "nodeIds": [OBO + "EX_2", "DOID:114"]}],
    "logicalDefinitionAxioms": [{"definedClassId": OBO + "EX_2", "genusIds": [OBO + "EX_1"],
                                 "restrictions": [{"propertyId": OBO + "RO_1",
                                                   "fillerId": OBO + "EX_4"}, None]}],
    "domainRangeAxioms": [{"predicateId": OBO + "RO_1", "domainClassIds": [OBO + "EX_1"],
                           "rangeClassIds": [OBO + "EX_4"], "allValuesFromEdges": [
                               {"sub": OBO + "EX_1", "pred": OBO + "RO_1", "obj": OBO + "EX_4"}]}],
    "propertyChainAxioms": [{"predicateId": OBO + "RO_1",
                             "chainPredicateIds": [OBO + "RO_1", OBO + "BFO_1"]}],
}  # fmt: skip

TURTLE = """
@prefix o: <http://purl.obolibrary.org/obo/> .
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
o:ex.owl a owl:Ontology ; owl:versionIRI <http://purl.obolibrary.org/obo/ex/2026/ex.owl> ;
  <http://purl.org/dc/terms/title> "Hearts" .
o:EX_1 a owl:Class ; rdfs:label "disease" ; o:IAO_0000115 'A "disorder".' ;
  rdfs:comment "see the heart" ; oio:inSubset <http://purl.obolibrary.org/obo/ex#slim> ;
  oio:hasDbXref "UMLS:C0012634" ; oio:hasExactSynonym "illness" ; oio:hasBroadSynonym "D" .
[] a owl:Axiom ; owl:annotatedSource o:EX_1 ; owl:annotatedProperty o:IAO_0000115 ;
  owl:annotatedTarget 'A "disorder".' ; oio:hasDbXref "PMID:1" .
[] a owl:Axiom ; owl:annotatedSource o:EX_1 ; owl:annotatedProperty oio:hasBroadSynonym ;
  owl:annotatedTarget "D" ; oio:hasDbXref "PMID:2" ; oio:hasSynonymType o:OMO_0003012 .
o:EX_2 a owl:Class ; rdfs:label "heart disease" ; rdfs:subClassOf o:EX_1 ,
  [ a owl:Restriction ; owl:onProperty o:RO_1 ; owl:someValuesFrom o:EX_4 ] ;
  owl:equivalentClass o:DOID_114 , [ a owl:Class ; owl:intersectionOf ( o:EX_1
    [ a owl:Restriction ; owl:onProperty o:RO_1 ; owl:someValuesFrom o:EX_4 ] ) ] .
o:EX_1 rdfs:subClassOf [ a owl:Restriction ; owl:onProperty o:RO_1 ; owl:allValuesFrom o:EX_4 ] .
o:EX_9 a owl:Class ; rdfs:label "obsolete dropsy" ; owl:deprecated true ; o:IAO_0100001 o:EX_1 .
o:RO_1 a owl:ObjectProperty ; rdfs:label "located in" ; rdfs:subPropertyOf o:RO_2 ;
  owl:inverseOf o:RO_3 ; rdfs:domain o:EX_1 ; rdfs:range o:EX_4 ;
  owl:propertyChainAxiom ( o:RO_1 o:BFO_1 ) .
o:AP_1 a owl:AnnotationProperty .
o:EX_i a owl:NamedIndividual , o:EX_4 ; rdfs:label "Anna's heart" ; o:RO_1 o:EX_j .
"""


def read(path: Path, config: GraphConfig = GraphConfig()) -> rdflib.Graph:  # noqa: B008
    text = b"".join(obographs.ntriples(path, path.name, config)).decode()
    return rdflib.Graph().parse(data=text, format="nt")


def refused(path: Path, *words: str, config: GraphConfig = GraphConfig()) -> None:  # noqa: B008
    with pytest.raises(OntologyError) as caught:
        read(path, config)
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_every_part_becomes_what_the_specification_maps_it_to(write) -> None:
    path = write("a.json", json.dumps({"graphs": [GRAPH]}, indent=1))
    assert isomorphic(read(path), rdflib.Graph().parse(data=TURTLE, format="turtle"))


def test_the_order_of_the_parts_does_not_count(write) -> None:
    backwards = dict(reversed(GRAPH.items()))
    path = write("a.json", json.dumps({"meta": {}, "graphs": [backwards], "@context": {}}))
    assert isomorphic(read(path), rdflib.Graph().parse(data=TURTLE, format="turtle"))


def test_several_graphs_and_empty_parts(write) -> None:
    one = {"id": OBO + "a.owl", "nodes": [{"id": OBO + "EX_1", "lbl": "a"}]}
    two = {
        "nodes": [{"id": "b c", "lbl": "b", "meta": None}],
        "edges": [],
        "meta": {"version": "3"},
    }
    found = read(write("a.json", json.dumps({"graphs": [one, two, {}]})))
    assert set(found.subjects(rdflib.RDF.type, rdflib.OWL.Class)) == {
        rdflib.URIRef(OBO + "EX_1"), rdflib.URIRef("urn:kgml:/a.json#b%20c"),
    }  # fmt: skip
    assert str(next(found.objects(None, rdflib.OWL.versionInfo))) == "3"


def test_a_byte_order_mark_changes_nothing(write) -> None:
    text = json.dumps({"graphs": [GRAPH]}).encode()
    assert len(read(write("a.json", b"\xef\xbb\xbf" + text))) == len(read(write("b.json", text)))


def test_large_documents_take_seconds(write) -> None:
    nodes = [{"id": f"{OBO}X_{i}", "lbl": f"node {i}", "type": "CLASS"} for i in range(20_000)]
    edges = [
        {"sub": n["id"], "pred": "is_a", "obj": nodes[i // 5]["id"]} for i, n in enumerate(nodes)
    ]
    path = write("a.json", json.dumps({"graphs": [{"nodes": nodes, "edges": edges}]}, indent=1))
    started = time.process_time()
    blocks = list(obographs.ntriples(path, path.name, GraphConfig()))
    assert sum(block.count(b"\n") for block in blocks) == 60_001
    assert time.process_time() - started < 5


# Bad input


def test_a_cut_anywhere_is_noticed(write) -> None:
    text = json.dumps({"graphs": [GRAPH]}, indent=1)
    for cut in range(1, len(text) - 1, 29):
        refused(write("a.json", text[:cut]), "not valid JSON", ", line ")
    refused(write("b.json", text[:-1]), "truncated")
    refused(write("c.json", text[: text.index("heart disease") + 5]), "truncated")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"nodes": [{"lbl": "x"}]}, ['an entry of "nodes"', "no 'id'", "line 1"]),
        ({"nodes": [{"id": 3}]}, ["3 where an identifier must be"]),
        ({"nodes": [{"id": "a", "lbl": 3}]}, ["3 where a text must be"]),
        ({"nodes": [{"id": "a", "type": "THING"}]}, ["no 'THING'"]),
        ({"nodes": ["a"]}, ['an entry of "nodes"']),
        ({"nodes": [], "edges": [{"sub": "a", "pred": "is_a"}]}, ['"edges"', "no 'obj'"]),
        ({"edges": [{"sub": "a", "pred": "is_a"}]}, ['"edges"', "no 'obj'"]),
        ({"nodes": {}}, ["wanted an array"]),
        ({"logicalDefinitionAxioms": [{"definedClassId": "a"}]}, ["neither genus nor restriction"]),
        ({"nodes": [{"id": "a", "meta": {"synonyms": [{"pred": "x"}]}}]}, ["no 'val'"]),
        ({"meta": 3}, ['an entry of "graphs"']),
    ],
)
def test_a_malformed_entry_is_named_with_its_line(write, entry, words) -> None:
    refused(write("a.json", json.dumps({"graphs": [entry]})), *words)


def test_the_line_of_an_entry_is_the_one_it_starts_in(write) -> None:
    text = '{"graphs": [{"nodes": [\n{"id": "a"},\n\n{"lbl":\n "b"}\n]}]}'
    refused(write("a.json", text), "line 4")


def test_a_document_without_graphs_or_with_more_behind_it_is_refused(write) -> None:
    refused(write("a.json", '{"graphs": []}'), 'no graph in "graphs"')
    refused(write("b.json", '{"graphs": [{}]} {}'), "something after the end")
    refused(write("c.json", "[]"), "wanted an object")


@pytest.mark.parametrize("levels", [1_001, 100_000])
def test_deep_nesting_is_refused_with_its_byte(write, levels: int) -> None:
    text = '{"graphs": [{"meta": ' + "[" * levels + "]" * levels + "}]}"
    refused(write("a.json", text), "byte ", "nested more than 1,000 deep")
    raised = GraphConfig(max_depth=100_000)
    refused(write("b.json", text), "nested", config=raised) if levels > 5_000 else None


def test_another_encoding_is_named(write) -> None:
    path = write("a.json", '{"graphs": [{"nodes": [{"id": "caf\xe9"}]}]}'.encode("latin-1"))
    with pytest.raises(UnicodeDecodeError):  # which the caller words, as for Turtle
        read(path)

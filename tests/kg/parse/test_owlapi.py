"""OWL functional syntax and OWL/XML: the mapping to RDF, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.compare import isomorphic

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import owlapi
from kgml.progress import KGMLWarning

TURTLE = """\
@prefix : <http://e/o#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://e/o> a owl:Ontology ; owl:versionIRI <http://e/o/1> ; owl:imports <http://e/other> ;
  rdfs:comment "hearts & <more>"@en .
:Disease a owl:Class ; rdfs:label "disease"@en , "quoted \\"and\\" \\\\ back" .
:Heart a owl:Class .
:Af a owl:Class ; rdfs:subClassOf :Disease ,
    [ a owl:Restriction ; owl:onProperty :affects ; owl:someValuesFrom :Heart ] ,
    [ a owl:Restriction ; owl:onProperty :affects ; owl:maxQualifiedCardinality
      "2"^^xsd:nonNegativeInteger ; owl:onClass :Heart ] ;
  owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Disease [ a owl:Class ; owl:unionOf
    ( :Heart [ a owl:Class ; owl:complementOf :Vein ] ) ] ) ] .
[] a owl:Axiom ; owl:annotatedSource :Af ; owl:annotatedProperty rdfs:subClassOf ;
  owl:annotatedTarget :Disease ; rdfs:comment "by hand" .
[] a owl:AllDisjointClasses ; owl:members ( :Heart :Vein :Disease ) .
:affects a owl:ObjectProperty , owl:TransitiveProperty ; rdfs:domain :Disease ;
  owl:propertyChainAxiom ( :affects :partOf ) .
:age a owl:DatatypeProperty ; rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ;
  owl:withRestrictions ( [ xsd:minInclusive 0 ] ) ] .
:Heart owl:hasKey ( :affects :age ) .
:anna a owl:NamedIndividual , :Heart ; :age 44 ; :affects :bea .
[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :anna ; owl:assertionProperty :age ;
  owl:targetValue 45 .
"""

FUNCTIONAL = """\
# the same, by hand
Prefix(:=<http://e/o#>)
Prefix(xsd:=<http://www.w3.org/2001/XMLSchema#>)
Ontology(<http://e/o> <http://e/o/1>
Import(<http://e/other>)
Annotation(rdfs:comment "hearts & <more>"@en)
Declaration(Class(:Disease)) Declaration(Class(:Heart)) Declaration(Class(:Af))
Declaration(ObjectProperty(:affects)) Declaration(DataProperty(:age))
Declaration(NamedIndividual(:anna))
AnnotationAssertion(rdfs:label :Disease "disease"@en)
AnnotationAssertion(rdfs:label <http://e/o#Disease> "quoted \\"and\\" \\\\ back") # ( not open
SubClassOf(Annotation(rdfs:comment "by hand") :Af :Disease)
SubClassOf(:Af ObjectSomeValuesFrom(:affects :Heart))
SubClassOf(:Af ObjectMaxCardinality(2 :affects :Heart))
EquivalentClasses(:Af ObjectIntersectionOf(:Disease
  ObjectUnionOf(:Heart ObjectComplementOf(:Vein))))
DisjointClasses(:Heart :Vein :Disease)
TransitiveObjectProperty(:affects)
ObjectPropertyDomain(:affects :Disease)
SubObjectPropertyOf(ObjectPropertyChain(:affects :partOf) :affects)
DataPropertyRange(:age DatatypeRestriction(xsd:integer xsd:minInclusive "0"^^xsd:integer))
HasKey(:Heart (:affects) (:age))
ClassAssertion(:Heart :anna)
DataPropertyAssertion(:age :anna "44"^^xsd:integer)
ObjectPropertyAssertion(ObjectInverseOf(:affects) :bea :anna)
NegativeDataPropertyAssertion(:age :anna "45"^^xsd:integer)
)
"""

XML = """\
<?xml version="1.0"?>
<!DOCTYPE Ontology [ <!ENTITY xsd "http://www.w3.org/2001/XMLSchema#" > ]>
<Ontology xmlns="http://www.w3.org/2002/07/owl#" xml:base="http://e/o"
    ontologyIRI="http://e/o" versionIRI="http://e/o/1">
  <Prefix name="" IRI="http://e/o#"/>
  <Prefix name="rdfs" IRI="http://www.w3.org/2000/01/rdf-schema#"/>
  <Import>http://e/other</Import>
  <Annotation><AnnotationProperty abbreviatedIRI="rdfs:comment"/>
    <Literal xml:lang="en">hearts &amp; <![CDATA[<more>]]></Literal></Annotation>
  <Declaration><Class IRI="#Disease"/></Declaration>
  <Declaration><Class abbreviatedIRI=":Heart"/></Declaration>
  <Declaration><Class IRI="http://e/o#Af"/></Declaration>
  <Declaration><ObjectProperty IRI="#affects"/></Declaration>
  <Declaration><DataProperty IRI="#age"/></Declaration>
  <Declaration><NamedIndividual IRI="#anna"/></Declaration>
  <AnnotationAssertion><AnnotationProperty abbreviatedIRI="rdfs:label"/><IRI>#Disease</IRI>
    <Literal xml:lang="en">disease</Literal></AnnotationAssertion>
  <AnnotationAssertion><AnnotationProperty abbreviatedIRI="rdfs:label"/>
    <AbbreviatedIRI>:Disease</AbbreviatedIRI>
    <Literal datatypeIRI="&xsd;string">quoted "and" \\ back</Literal></AnnotationAssertion>
  <SubClassOf><Annotation><AnnotationProperty abbreviatedIRI="rdfs:comment"/>
    <Literal>by hand</Literal></Annotation><Class IRI="#Af"/><Class IRI="#Disease"/></SubClassOf>
  <SubClassOf><Class IRI="#Af"/><ObjectSomeValuesFrom><ObjectProperty IRI="#affects"/>
    <Class IRI="#Heart"/></ObjectSomeValuesFrom></SubClassOf>
  <SubClassOf><Class IRI="#Af"/><ObjectMaxCardinality cardinality="2">
    <ObjectProperty IRI="#affects"/><Class IRI="#Heart"/></ObjectMaxCardinality></SubClassOf>
  <EquivalentClasses><Class IRI="#Af"/><ObjectIntersectionOf><Class IRI="#Disease"/>
    <ObjectUnionOf><Class IRI="#Heart"/><ObjectComplementOf><Class IRI="#Vein"/>
    </ObjectComplementOf></ObjectUnionOf></ObjectIntersectionOf></EquivalentClasses>
  <DisjointClasses><Class IRI="#Heart"/><Class IRI="#Vein"/><Class IRI="#Disease"/>
  </DisjointClasses>
  <TransitiveObjectProperty><ObjectProperty IRI="#affects"/></TransitiveObjectProperty>
  <ObjectPropertyDomain><ObjectProperty IRI="#affects"/><Class IRI="#Disease"/>
  </ObjectPropertyDomain>
  <SubObjectPropertyOf><ObjectPropertyChain><ObjectProperty IRI="#affects"/>
    <ObjectProperty IRI="#partOf"/></ObjectPropertyChain><ObjectProperty IRI="#affects"/>
  </SubObjectPropertyOf>
  <DataPropertyRange><DataProperty IRI="#age"/><DatatypeRestriction><Datatype IRI="&xsd;integer"/>
    <FacetRestriction facet="&xsd;minInclusive"><Literal datatypeIRI="&xsd;integer">0</Literal>
    </FacetRestriction></DatatypeRestriction></DataPropertyRange>
  <HasKey><Class IRI="#Heart"/><ObjectProperty IRI="#affects"/><DataProperty IRI="#age"/></HasKey>
  <ClassAssertion><Class IRI="#Heart"/><NamedIndividual IRI="#anna"/></ClassAssertion>
  <DataPropertyAssertion><DataProperty IRI="#age"/><NamedIndividual IRI="#anna"/>
    <Literal datatypeIRI="&xsd;integer">44</Literal></DataPropertyAssertion>
  <ObjectPropertyAssertion><ObjectInverseOf><ObjectProperty IRI="#affects"/></ObjectInverseOf>
    <NamedIndividual IRI="#bea"/><NamedIndividual IRI="#anna"/></ObjectPropertyAssertion>
  <NegativeDataPropertyAssertion><DataProperty IRI="#age"/><NamedIndividual IRI="#anna"/>
    <Literal datatypeIRI="&xsd;integer">45</Literal></NegativeDataPropertyAssertion>
</Ontology>
"""

EMPTY_XML = (
    '<Ontology xmlns="http://www.w3.org/2002/07/owl#" ontologyIRI="http://e/o">{}</Ontology>'
)


def read(path: Path, config: GraphConfig = GraphConfig()) -> rdflib.Graph:  # noqa: B008
    text = b"".join(owlapi.ntriples(path, path.name, config)).decode()
    return rdflib.Graph().parse(data=text, format="nt")


def axioms(write, *lines: str) -> rdflib.Graph:
    """What axioms in functional syntax become; ``:`` is ``http://e/``."""
    return read(write("a.ofn", "Prefix(:=<http://e/>)\nOntology(\n" + "\n".join(lines) + "\n)"))


def turtle(body: str) -> rdflib.Graph:
    start = "".join(TURTLE.splitlines(keepends=True)[1:4]) + "@prefix : <http://e/> .\n"
    return rdflib.Graph().parse(data=start + "[] a owl:Ontology .\n" + body, format="turtle")


def refused(path: Path, *words: str, config: GraphConfig = GraphConfig()) -> str:  # noqa: B008
    with pytest.raises(OntologyError) as caught:
        read(path, config)
    for word in (str(path), *words):
        assert word in str(caught.value)
    return str(caught.value)


def test_one_ontology_in_three_syntaxes_gives_the_same_triples(write) -> None:
    wanted = rdflib.Graph().parse(data=TURTLE, format="turtle")
    functional, xml = read(write("o.ofn", FUNCTIONAL)), read(write("o.owx", XML))
    assert len(wanted) == 76
    assert isomorphic(functional, wanted)
    assert isomorphic(xml, wanted)


def test_a_byte_order_mark_changes_nothing(write) -> None:
    for name, text in (("o.ofn", FUNCTIONAL), ("o.owx", XML)):
        marked = write(name, b"\xef\xbb\xbf" + text.encode())
        assert len(read(marked)) == 76


def test_the_same_file_gives_the_same_bytes(write) -> None:
    path = write("o.ofn", FUNCTIONAL)
    first = list(owlapi.ntriples(path, path.name, GraphConfig()))
    assert first == list(owlapi.ntriples(path, path.name, GraphConfig()))


def test_blocks_are_canonical_n_triples(write) -> None:
    for block in owlapi.ntriples(write("o.ofn", FUNCTIONAL), "o.ofn", GraphConfig()):
        parsed = ox.parse(block, format=ox.RdfFormat.N_TRIPLES)
        assert ox.serialize(parsed, format=ox.RdfFormat.N_TRIPLES) == block


R = "a owl:Restriction ; owl:onProperty :p ;"


@pytest.mark.parametrize(
    ("axiom", "body"),
    [
        ("EquivalentClasses(:A :B :C)", ":A owl:equivalentClass :B . :B owl:equivalentClass :C ."),
        ("DisjointClasses(:A :B)", ":A owl:disjointWith :B ."),
        ("DisjointUnion(:A :B :C)", ":A owl:disjointUnionOf ( :B :C ) ."),
        ("SameIndividual(:i :j)", ":i owl:sameAs :j ."),
        ("DifferentIndividuals(:i :j :k)",
         "[] a owl:AllDifferent ; owl:members ( :i :j :k ) ."),
        ("DisjointDataProperties(:d :e)", ":d owl:propertyDisjointWith :e ."),
        ("EquivalentObjectProperties(:p :q)", ":p owl:equivalentProperty :q ."),
        ("InverseObjectProperties(:p :q)", ":p owl:inverseOf :q ."),
        ("SubDataPropertyOf(:d :e)", ":d rdfs:subPropertyOf :e ."),
        ("AsymmetricObjectProperty(:p)", ":p a owl:AsymmetricProperty ."),
        ("FunctionalDataProperty(:d)", ":d a owl:FunctionalProperty ."),
        ("SubClassOf(:A ObjectHasSelf(:p))", f":A rdfs:subClassOf [ {R} owl:hasSelf true ] ."),
        ("SubClassOf(:A ObjectHasValue(:p :i))", f":A rdfs:subClassOf [ {R} owl:hasValue :i ] ."),
        ("SubClassOf(:A ObjectAllValuesFrom(ObjectInverseOf(:p) :B))",
         ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty [ owl:inverseOf :p ] ; "
         "owl:allValuesFrom :B ] ."),
        ("SubClassOf(:A ObjectMinCardinality(3 :p))",
         f':A rdfs:subClassOf [ {R} owl:minCardinality "3"^^xsd:nonNegativeInteger ] .'),
        ("SubClassOf(:A ObjectExactCardinality(1 :p owl:Thing))",
         f':A rdfs:subClassOf [ {R} owl:cardinality "1"^^xsd:nonNegativeInteger ] .'),
        ("SubClassOf(:A DataExactCardinality(1 :p xsd:string))",
         f':A rdfs:subClassOf [ {R} owl:qualifiedCardinality "1"^^xsd:nonNegativeInteger ; '
         "owl:onDataRange xsd:string ] ."),
        ("SubClassOf(:A DataSomeValuesFrom(:d :e :R))",
         ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperties ( :d :e ) ; "
         "owl:someValuesFrom :R ] ."),
        ('SubClassOf(:A DataHasValue(:p "x"@fr))',
         f':A rdfs:subClassOf [ {R} owl:hasValue "x"@fr ] .'),
        ("EquivalentClasses(:A ObjectOneOf(:i :j))",
         ":A owl:equivalentClass [ a owl:Class ; owl:oneOf ( :i :j ) ] ."),
        ('DatatypeDefinition(:T DataOneOf("a" "b"))',
         ':T owl:equivalentClass [ a rdfs:Datatype ; owl:oneOf ( "a" "b" ) ] .'),
        ("DataPropertyRange(:d DataIntersectionOf(xsd:int DataComplementOf(:T)))",
         ":d rdfs:range [ a rdfs:Datatype ; owl:intersectionOf ( xsd:int "
         "[ a rdfs:Datatype ; owl:datatypeComplementOf :T ] ) ] ."),
        ("NegativeObjectPropertyAssertion(:p :i :j)",
         "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :i ; "
         "owl:assertionProperty :p ; owl:targetIndividual :j ."),
        ("ClassAssertion(:A _:x) ObjectPropertyAssertion(:p _:x _:y)", "_:x a :A ; :p _:y ."),
        ("Declaration(Datatype(:T))", ":T a rdfs:Datatype ."),
        ("Declaration(Annotation(rdfs:comment \"c\") AnnotationProperty(:n))",
         ":n a owl:AnnotationProperty . [] a owl:Axiom ; owl:annotatedSource :n ; "
         "owl:annotatedProperty rdf:type ; owl:annotatedTarget owl:AnnotationProperty ; "
         'rdfs:comment "c" .'),
        ("AnnotationAssertion(:n :A _:x)", ":A :n [] ."),
        ('AnnotationAssertion(:n :A "a@en"^^rdf:PlainLiteral)', ':A :n "a"@en .'),
        ('Annotation(Annotation(:m "inner") :n "outer")',
         '[] :n "outer" . '),
        ("DifferentIndividuals(Annotation(:n \"why\") :i :j :k)",
         '[] a owl:AllDifferent ; owl:members ( :i :j :k ) ; :n "why" .'),
    ],
)  # fmt: skip
def test_an_axiom_becomes_what_the_mapping_says(write, axiom: str, body: str) -> None:
    found = axioms(write, axiom)
    wanted = turtle("@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n" + body)
    if axiom.startswith("Annotation("):  # the annotation is about the ontology itself
        (about,) = found.subjects(rdflib.RDF.type, rdflib.OWL.Ontology)
        (note,) = found.subjects(rdflib.RDF.type, rdflib.OWL.Annotation)
        e = rdflib.Namespace("http://e/")
        assert found.value(about, e.n) == rdflib.Literal("outer")
        assert found.value(note, rdflib.OWL.annotatedSource) == about
        assert found.value(note, e.m) == rdflib.Literal("inner")
        assert len(found) == 7
    else:
        assert isomorphic(found, wanted)


def test_rules_are_left_out_and_counted(write) -> None:
    rule = 'DLSafeRule(Body(ClassAtom(:A Variable("x"))) Head(ClassAtom(:B Variable("x"))))'
    with pytest.warns(KGMLWarning, match="2 rules left out"):
        assert len(axioms(write, rule, rule)) == 1


def test_iris_are_resolved_and_mended_as_in_rdf(write) -> None:
    found = axioms(write, "SubClassOf(<#A> <http://e/a b>)")
    assert (rdflib.URIRef("urn:kgml:/a.ofn#A"), rdflib.RDFS.subClassOf,
            rdflib.URIRef("http://e/a%20b")) in found  # fmt: skip
    xml = EMPTY_XML.format('<Declaration><Class IRI="#A"/></Declaration>')
    assert (rdflib.URIRef("http://e/o#A"), rdflib.RDF.type, rdflib.OWL.Class) in read(
        write("a.owx", xml)
    )


# Bad input


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.8, 0.97])
def test_a_truncated_file_is_refused(write, share: float) -> None:
    for name, text in (("o.ofn", FUNCTIONAL), ("o.owx", XML)):
        refused(write(name, text[: int(len(text) * share)]), "truncated")


def test_a_cut_anywhere_is_noticed(write) -> None:
    for name, text in (("o.ofn", FUNCTIONAL), ("o.owx", XML)):
        for cut in range(30, len(text.rstrip()), 13):
            refused(write(name, text[:cut]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ontology(\nSubClasOf(<http://e/A> <http://e/B>))", ["line 2", "'SubClasOf', which is no axiom"]),
        ("Ontology(\n\nSubClassOf(<http://e/A>))", ["line 3", "SubClassOf with 1 argument"]),
        ("Ontology(SubClassOf(<http://e/A> x:B))", ["line 1", "prefix 'x'", "Prefix(x:=<...>)"]),
        ("Ontology(\nSubClassOf <http://e/A>)", ["line 2", "wanted 'SubClassOf('"]),
        ("Ontology()\nOntology()", ["line 2", "wanted the end"]),
        ("Ontology()\n)", ["line 2", "nothing open to close"]),
        ("Prefix(x=<http://e/>)\nOntology()", ["line 1", "a prefix that ends in ':'"]),
        ("Prefix(x:)\nOntology()", ["this prefix declaration"]),
        ("Ontology(<http://e/> <http://e/1> <http://e/2>)", ["wanted an axiom"]),
        ('Ontology(\nAnnotationAssertion(rdfs:label <http://e/A> "x"@e_n))', ["line 2"]),
        ("Ontology(\nSubClassOf(<http://e/A> <http://[>))", ["line 2", "wanted an IRI"]),
        ("Ontology(\nAnnotationAssertion(rdfs:label <http://e/A> \"open\n))",
         ["line 2", "a text that never ends", "truncated"]),
        ("Ontology(\nSubClassOf(ObjectFoo(<http://e/A>) <http://e/A>))", ["'ObjectFoo'"]),
        ("Ontology(\nClassAssertion(<http://e/A> \"text\"))", ["line 2", "ClassAssertion with"]),
        ("Prefix(:=<http://e/>)\n", ["before 'Ontology(...)'", "truncated"]),
    ],
)  # fmt: skip
def test_malformed_functional_syntax_is_named_with_its_line(write, text, words) -> None:
    refused(write("a.ofn", text), *words)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("\n<SubClasOf><Class IRI='#A'/><Class IRI='#B'/></SubClasOf>", ["line 2", "no axiom"]),
        ("\n<SubClassOf><Class IRI='#A'/></SubClassOf>", ["line 2", "SubClassOf with 1 argument"]),
        ("\n<SubClassOf><Class IRI='#A'/><Class/></SubClassOf>", ["'Class', which is no class"]),
        ("<Declaration><Class abbreviatedIRI='x:A'/></Declaration>",
         ["line 1", "prefix 'x'", "<Prefix name"]),
        ("\n<Declaration>word<Class IRI='#A'/></Declaration>", ["line 2", "the text 'word'"]),
        ("<x:y xmlns:x='http://x/'/>", ["<y> of the namespace 'http://x/'"]),
        ("<SubClassOf>", ["line 1", "not well-formed XML"]),
        ("&nothing;", ["not well-formed XML"]),
        ("\n<Import> </Import>", ["line 2", "<Import> without text, wanted an IRI"]),
        ("<SubClassOf><Class IRI='http://[' /><Class IRI='#A'/></SubClassOf>", ["an IRI"]),
    ],
)  # fmt: skip
def test_malformed_owl_xml_is_named_with_its_line(write, inner, words) -> None:
    refused(write("a.owx", EMPTY_XML.format(inner)), *words)


def test_entities_that_nest_or_reach_out_never_reach_the_parser(write) -> None:
    bomb = XML.replace("<!ENTITY xsd", '<!ENTITY a "x"><!ENTITY b "&a;&a;"><!ENTITY xsd')
    refused(write("a.owx", bomb), "'b' contains other entities")
    outside = XML.replace("<!ENTITY xsd", '<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY xsd')
    refused(write("b.owx", outside), "outside the file")


@pytest.mark.parametrize("levels", [1_001, 3_000, 200_000])
def test_deep_nesting_is_refused_with_its_line(write, levels: int) -> None:
    nested = "ObjectComplementOf(" * levels + ":B" + ")" * levels
    ofn = write("a.ofn", f"Prefix(:=<http://e/>)\nOntology(\nSubClassOf(:A {nested}))")
    refused(ofn, "line 3", "nested more than 1,000 deep", "max_depth")
    tags = "<ObjectComplementOf>" * levels + "<Class IRI='#B'/>" + "</ObjectComplementOf>" * levels
    owx = write("a.owx", EMPTY_XML.format(f"\n<SubClassOf><Class IRI='#A'/>{tags}</SubClassOf>"))
    refused(owx, "line 2", "nested more than 1,000 deep")


def test_nesting_up_to_the_limit_exhausts_no_stack(write) -> None:
    nested = "ObjectComplementOf(" * 4_900 + ":B" + ")" * 4_900
    path = write("a.ofn", f"Prefix(:=<http://e/>)\nOntology(SubClassOf(:A {nested}))")
    found = b"".join(owlapi.ntriples(path, "a.ofn", GraphConfig(max_depth=5_000)))
    assert found.count(b"complementOf") == 4_900


def test_another_encoding_is_named(write) -> None:
    text = FUNCTIONAL.replace("by hand", "caf\xe9")
    with pytest.raises(UnicodeDecodeError):  # which the caller words, as for Turtle
        read(write("a.ofn", text.encode("latin-1")))
    xml = XML.replace("by hand", "\xe9").encode("latin-1")
    line = xml[: xml.index(b"\xe9")].count(b"\n") + 1
    refused(write("a.owx", xml), f"line {line}: byte {xml.index(0xE9):,} is not UTF-8")

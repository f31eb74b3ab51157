"""The prefixes that files declare: kept, saved, and used wherever a name is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml import load_graph
from kgml.kg.export import export
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.parse import namespaces
from kgml.kg.parse.namespaces import Namespaces
from kgml.kg.subset import subset
from kgml.progress import KGMLWarning

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
FIN = "http://example.org/fin#"
OBO = "http://purl.obolibrary.org/obo/"
BOND = f"""\
@prefix ex: <{FIN}> .
@prefix : <http://example.org/own#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
PREFIX fin: <http://example.org/unused/>
ex:Bond a owl:Class . ex:Issuer a owl:Class . ex:Bond ex:issuedBy ex:Issuer .
"""
RDF_XML = f"""\
<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY fin "{FIN}"> ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ex="&fin;"
    xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns="http://example.org/own#">
  <owl:Class rdf:about="{FIN}Bond" xmlns:in="http://example.org/inner#"><in:a>x</in:a></owl:Class>
</rdf:RDF>
"""
FUNCTIONAL = f"""\
Prefix(:=<http://example.org/own#>)
Prefix(ex:=<{FIN}>)
Ontology(<http://example.org/o> Declaration(Class(ex:Bond)))
"""
OWL_XML = f"""\
<Ontology xmlns="http://www.w3.org/2002/07/owl#" ontologyIRI="http://example.org/o">
  <Prefix name="" IRI="http://example.org/own#"/><Prefix name="ex" IRI="{FIN}"/>
  <Declaration><Class abbreviatedIRI="ex:Bond"/></Declaration>
</Ontology>
"""
JSON_LD = f"""\
{{"@context": {{"ex": "{FIN}", "name": "http://schema.org/name"}},
  "@id": "ex:Bond", "@type": "http://www.w3.org/2002/07/owl#Class"}}
"""
IDSPACE = f"""\
format-version: 1.4
ontology: fin
idspace: ex {FIN} "finance"

[Term]
id: ex:Bond
name: bond
"""
TRIG = BOND.replace("ex:Bond a", "{ ex:Bond a", 1) + "}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.ttl", BOND), ("a.trig", TRIG), ("a.owl", RDF_XML), ("a.ofn", FUNCTIONAL),
     ("a.owx", OWL_XML), ("a.jsonld", JSON_LD), ("a.obo", IDSPACE)],
)  # fmt: skip
def test_a_curie_with_the_prefix_of_its_file_names_the_entity(write, name: str, text: str) -> None:
    graph = load_graph(write(name, text))
    assert graph.declared["ex"] == FIN
    assert graph["ex:Bond"].iri == FIN + "Bond"
    assert (graph.curie(FIN + "Bond"), graph.expand("ex:Gilt")) == ("ex:Bond", FIN + "Gilt")
    assert not {"", "in", "name", "xml"} & set(graph.declared)


def test_n_triples_have_no_prefixes(write) -> None:
    owl = "http://www.w3.org/2002/07/owl#"
    line = f"<{FIN}Bond> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{owl}Class> .\n"
    graph = load_graph(write("a.nt", line))
    assert (graph.declared, graph.curie(0)) == ({}, FIN + "Bond")


def test_they_are_saved_and_serve_sparql_export_rdflib_and_subset(write, tmp_path: Path) -> None:
    load_graph(write("a.ttl", BOND)).save(tmp_path / "g")
    graph = KnowledgeGraph.load(tmp_path / "g")
    assert graph["ex:Bond"].number == 0
    assert graph.sparql("ASK { ex:Bond ex:issuedBy ex:Issuer }") is True
    text = export(graph, tmp_path / "out.ttl").read_text(encoding="utf-8")
    assert f"@prefix ex: <{FIN}> ." in text
    assert "ex:Bond ex:issuedBy ex:Issuer" in text
    assert ("ex", FIN) in [(p, str(space)) for p, space in graph.to_rdflib().namespaces()]
    assert subset(graph, ["ex:Bond"])["ex:Bond"].iri == FIN + "Bond"


def test_the_first_file_wins_and_the_conflict_is_counted(write) -> None:
    one = write("1.ttl", BOND)
    two = write("2.ttl", BOND.replace(FIN, "http://other.org/"))
    graph = load_graph([one, two])
    assert graph.declared["ex"] == FIN
    assert graph.report["prefix_conflicts"] == 1
    assert graph["ex:Bond"].iri == FIN + "Bond"
    assert load_graph(one).report["prefix_conflicts"] == 0


def test_a_file_may_call_a_standard_namespace_otherwise(write) -> None:
    graph = load_graph(write("a.ttl", BOND.replace("@prefix owl:", "@prefix o: <http://purl.org/dc/"
                                                   "terms/> .\n@prefix owl:")))  # fmt: skip
    assert graph.converter.compress("http://purl.org/dc/terms/title") == "o:title"
    assert graph.expand("dcterms:title") == "http://purl.org/dc/terms/title"


def test_a_known_prefix_is_taken_over_only_where_the_graph_uses_the_namespace(write) -> None:
    body = BOND.replace("@prefix owl:", "@prefix skos: <http://typo/> .\n"
                        "@prefix schema: <https://schema.org/> .\n@prefix owl:")  # fmt: skip
    graph = load_graph(write("a.ttl", body + "schema:Bond a owl:Class .\n"))
    assert graph.prefixes["skos"] == ("http://www.w3.org/2004/02/skos/core#",)
    assert graph.prefixes["schema"] == ("https://schema.org/",)


@pytest.mark.parametrize("space", [OBO + "HP#", OBO + "HP_"])
def test_obo_prefixes_hold_whatever_the_file_declares_beside_them(write, space: str) -> None:
    text = (f"@prefix HP: <{space}> .\n@prefix HPO: <{OBO}HP_> .\n@prefix owl: "
            f"<http://www.w3.org/2002/07/owl#> .\n<{OBO}HP_0001250> a owl:Class .\n")  # fmt: skip
    graph = load_graph(write("hp.ttl", text))
    assert graph["HP:0001250"].number == graph["HPO:0001250"].number == 0
    assert graph.curie(0) == "HP:0001250"


def test_a_declared_prefix_that_ids_use_otherwise_stands_for_neither(write) -> None:
    term = "format-version: 1.4\nontology: x\n\n[Term]\nid: X:1\nname: one\n"
    other = BOND.replace("ex:", "X:")
    graph = load_graph([write("x.obo", term), write("y.ttl", other)])
    assert graph.prefixes["X"] == (OBO + "X_", FIN)
    assert graph["X:1"].iri == OBO + "X_1"  # what a file wrote as an id stays its name


@pytest.mark.parametrize(
    ("prefix", "space"),
    [("a" * 101, "http://e/"), ("a", "http://e/" + "x" * 500), ("a", "no iri"), ("a", "foo"),
     ("_", "http://e/"), ("a b", "http://e/"), ("a", "http://e/>")],
)  # fmt: skip
def test_what_is_no_prefix_or_far_too_long_is_left_out(prefix: str, space: str) -> None:
    found = Namespaces()
    found.add({prefix: space})
    assert (found.spaces, found.left_out, found.conflicts) == ({}, 1, 0)


def test_what_is_left_out_is_warned_of_once_with_its_count(write) -> None:
    text = BOND.replace("@prefix owl:", f"@prefix {'a' * 101}: <http://e/> .\n@prefix owl:")
    with pytest.warns(KGMLWarning, match="1 declaration of a prefix was left out: too many, too l"):
        load_graph(write("a.ttl", text))


def test_there_is_a_most_of_prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "MAX_PREFIXES", 2)
    found = Namespaces()
    found.add({name: f"http://{name}.org/" for name in "abcd"})
    found.add({"a": "http://a.org/", "b": "http://other.org/"})
    assert (list(found.spaces), found.left_out, found.conflicts) == (["a", "b"], 2, 1)

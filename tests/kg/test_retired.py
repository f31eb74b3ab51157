"""Deprecated terms, what is in their place, and secondary identifiers."""

from __future__ import annotations

import pytest

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.errors import InputError, OntologyError
from kgml.kg.graph import KnowledgeGraph

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
OBO = "http://purl.obolibrary.org/obo/"
HEADER = """\
@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
EX = "https://example.org/"


def stanzas(*terms: str) -> str:
    return "ontology: x\n" + "".join(f"\n[Term]\n{term}\n" for term in terms)


def test_deprecated_terms_are_left_out_with_their_edges_and_words(turtle) -> None:
    graph = load_graph(
        turtle("""
:a a owl:Class ; rdfs:label "a" . :old a owl:Class ; rdfs:label "old a" ; owl:deprecated true ;
  rdfs:subClassOf :a . :b rdfs:subClassOf :old .
""")
    )
    assert graph.iris == [EX + "a", EX + "b"]
    assert len(graph.triples) == 0
    assert "old a" not in graph.forms.text
    assert graph.report["obsolete"] == 1
    assert graph.report["dropped"] == {"edge of an obsolete entity": 2}
    with pytest.raises(InputError, match=r"no entity .https://example\.org/old"):
        graph[EX + "old"]


@pytest.mark.parametrize("value", ["true", '"true"', '" TRUE "', '"1"^^xsd:boolean'])
def test_true_may_be_written_in_several_ways(value: str, turtle) -> None:
    graph = load_graph(
        turtle(HEADER + f":a a owl:Class . :b a owl:Class ; owl:deprecated {value} .")
    )
    assert graph.report["obsolete"] == 1


@pytest.mark.parametrize("value", ["false", '"no"', '"0"^^xsd:boolean', ":b"])
def test_anything_else_is_not_true(value: str, turtle) -> None:
    graph = load_graph(
        turtle(HEADER + f":a a owl:Class . :b a owl:Class ; owl:deprecated {value} .")
    )
    assert graph.report["obsolete"] == 0


def test_they_stay_when_asked(turtle) -> None:
    path = turtle(
        HEADER
        + """
:new a owl:Class . :old a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :new ;
  rdfs:subClassOf :new .
"""
    )
    graph = load_graph(path, GraphConfig(obsolete=True))
    assert (len(graph), len(graph.triples), graph.report["obsolete"]) == (2, 1, 0)
    assert graph[EX + "old"].iri == EX + "old"


@pytest.mark.parametrize("said", [
    "obo:IAO_0100001 obo:X_2", "dcterms:isReplacedBy obo:X_2", 'obo:IAO_0100001 "X:2"',
    'obo:IAO_0100001 " X:2 "^^xsd:string', f'obo:IAO_0100001 "{OBO}X_2"',
])  # fmt: skip
def test_a_replaced_term_names_the_one_in_its_place(said: str, turtle) -> None:
    graph = load_graph(
        turtle(
            HEADER + f"obo:X_2 a owl:Class . obo:X_1 a owl:Class ; owl:deprecated true ; {said} ."
        )
    )
    assert graph.iris == [OBO + "X_2"]
    assert graph[OBO + "X_1"].iri == graph["X:1"].iri == OBO + "X_2"


def test_an_edge_to_a_replaced_term_goes_to_the_one_in_its_place(turtle) -> None:
    graph = load_graph(
        turtle(
            HEADER
            + """
:new a owl:Class . :old a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :new .
:a rdfs:subClassOf :old . :old rdfs:subClassOf :b . :b a owl:Class .
"""
        )
    )
    assert graph.iris == [EX + "a", EX + "b", EX + "new"]
    assert graph.triples.tolist() == [[0, 0, 2]]
    # what the old one was below says nothing of the new one
    assert graph.report["dropped"] == {"edge of an obsolete entity": 1}


def test_chains_of_replacements_are_followed_to_their_end(turtle) -> None:
    old = "".join(
        f":o{i} a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :o{i + 1} ." for i in range(50)
    )
    graph = load_graph(turtle(HEADER + old + ":o50 a owl:Class ."))
    assert len(graph) == 1
    assert {graph[f"{EX}o{i}"].number for i in range(51)} == {0}


def test_circles_of_replacements_end_nowhere(turtle) -> None:
    graph = load_graph(
        turtle(
            HEADER
            + """
:x a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :y .
:y a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :x .
:z a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :z .
:a rdfs:subClassOf :x .
"""
        )
    )
    assert graph.iris == [EX + "a"]
    assert not {EX + "x", EX + "y", EX + "z"} & {*graph.columns.aliases.column("name").to_pylist()}
    assert graph.report["obsolete"] == 3


def test_a_replacement_that_is_nowhere_names_nothing(turtle) -> None:
    graph = load_graph(turtle(HEADER + ":a a owl:Class . :x a owl:Class ; owl:deprecated true ; obo:IAO_0100001 :gone , \"Y:9\" ."))  # fmt: skip
    assert (len(graph), EX + "x" in graph, "Y:9" in graph) == (1, False, False)


def test_a_term_in_use_is_itself_whatever_replaces_it(turtle) -> None:
    graph = load_graph(
        turtle(HEADER + ":a a owl:Class ; dcterms:isReplacedBy :b . :b a owl:Class .")
    )
    assert graph[EX + "a"].iri == EX + "a"


def test_obo_replacements_and_secondary_ids_are_names(write) -> None:
    path = write("x.obo", stanzas(
        "id: X:1\nname: flu\nalt_id: X:7\nalt_id: X:8",
        "id: X:2\nname: obsolete grippe\nis_obsolete: true\nreplaced_by: X:7",
        "id: X:3\nname: bird flu\nis_a: X:8",
    ))  # fmt: skip
    graph = load_graph(path)
    assert graph.ids == ["X:1", "X:3"]
    assert {graph[name].id for name in ("X:7", "X:8", OBO + "X_7", "X:2")} == {"X:1"}
    assert graph.triples.tolist() == [[1, 0, 0]]  # X:8 is X:1
    assert [axiom.text for axiom in graph.axioms("X:3", "X:8")] == ["is_a: 'flu', in [Term] 'bird flu'"]  # fmt: skip
    assert graph.report["dropped"] == {}


def test_secondary_ids_of_rdf_files_are_names(turtle) -> None:
    graph = load_graph(
        turtle(
            HEADER
            + """
obo:X_1 a owl:Class ; oio:hasAlternativeId "X:7" , "no id" . obo:X_3 rdfs:subClassOf obo:X_7 .
"""
        )
    )
    assert graph["X:7"].iri == graph[OBO + "X_7"].iri == OBO + "X_1"
    assert graph.iris == [OBO + "X_1", OBO + "X_3"]
    assert graph.triples.tolist() == [[1, 0, 0]]


def test_a_secondary_id_that_is_a_term_stays_one(write) -> None:
    graph = load_graph(write("x.obo", stanzas("id: X:1\nname: a\nalt_id: X:2", "id: X:2\nname: b")))
    assert (graph.ids, graph["X:2"].label) == (["X:1", "X:2"], "b")


def test_names_of_what_is_gone_are_saved(write, tmp_path) -> None:
    graph = load_graph(write("x.obo", stanzas("id: X:1\nname: a\nalt_id: X:7")))
    graph.save(tmp_path / "g")
    assert KnowledgeGraph.load(tmp_path / "g")["X:7"].id == "X:1"


def test_a_file_of_obsolete_terms_alone_is_no_graph(turtle) -> None:
    with pytest.raises(OntologyError, match=r"no class, .* that is not obsolete \(1 are\)"):
        load_graph(turtle(":a a owl:Class ; owl:deprecated true ."))

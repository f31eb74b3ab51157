from __future__ import annotations

from pathlib import Path

import pytest

from kgml import load_graph
from kgml.errors import InputError
from kgml.kg.build import build_graph
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.show import show
from kgml.kg.stats import graph_stats, homonyms
from kgml.kg.term import find_term

ZOO = """
:a a owl:Class ; rdfs:label "Bank" ; skos:altLabel "shore" .
:b a owl:Class ; rdfs:label "bank" ; skos:altLabel "credit institution" , "lender" .
:c a owl:Class ; rdfs:label "savings bank" ; skos:altLabel "BANK" ; rdfs:subClassOf :b , :d .
:d a owl:Class ; rdfs:label "thrift" ; skos:altLabel "Lender" ; rdfs:subClassOf :c .
:i a owl:NamedIndividual ; a :c ; :near :a .
:lonely a skos:Concept ; skos:prefLabel "alone" .
"""
pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")


def test_stats_count_what_was_counted_by_hand(turtle) -> None:
    graph = load_graph(turtle(ZOO))
    near, sub_class_of = (
        "https://example.org/near",
        "http://www.w3.org/2000/01/rdf-schema#subClassOf",
    )
    assert graph_stats(graph) == {
        "entities": 6,
        "kinds": {"class": 4, "individual": 1, "concept": 1},
        "unlabelled": 1,
        "definitions": 0, "comments": 0, "xrefs": 0,
        "vocabularies": {"https://example.org/": 6},
        "edges": 5,
        "relations": [
            {"id": sub_class_of, "label": "is a", "edges": 3},
            {"id": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "label": "type", "edges": 1},
            {"id": near, "label": "near", "edges": 1},
        ],
        "forms": {
            "label": 5, "exact": 5, "abbreviation": 0, "narrow": 0, "broad": 0, "related": 0,
        },
        "homonyms": {
            "count": 2,
            "worst": [
                {"text": "bank", "count": 3, "entities": graph.iris[:3]},
                {"text": "lender", "count": 2, "entities": [graph.iris[1], graph.iris[3]]},
            ],
        },
        "depth": 2,
        "roots": {"count": 3, "first": [graph.iris[0], graph.iris[1], graph.iris[5]]},
        "leaves": 3,
        "orphans": 1,
        "components": {"count": 2, "largest": 5},
        "cycles": {"count": 1, "entities": 2, "first": [graph.iris[2:4]]},
        "contradictions": {"count": 0, "first": []},
        "unresolved_imports": {"count": 0, "first": []},
    }  # fmt: skip


def test_an_empty_graph_has_stats_too() -> None:
    found = graph_stats(KnowledgeGraph.empty())
    assert (found["entities"], found["edges"], found["orphans"]) == (0, 0, 0)
    assert found["components"] == {"count": 0, "largest": 0}


def test_homonyms_are_as_many_as_the_report_says(turtle, tmp_path: Path) -> None:
    file = turtle(ZOO)
    assert homonyms(load_graph(file)) == {"bank": [0, 1, 2], "lender": [1, 3]}
    assert build_graph(file, tmp_path / "zoo.kg")["homonyms"] == 2


@pytest.mark.parametrize(
    ("text", "number"),
    [("EX:3", 2), ("http://purl.obolibrary.org/obo/EX_4", 3), ("obo:EX_4", 3), ("Heart", 3),
     ("AF", 2), ("af", 2), ("Cardiac Disease", 1)],
)  # fmt: skip
def test_a_term_is_found_by_id_label_and_synonym(hearts_obo: Path, text: str, number: int) -> None:
    assert find_term(load_graph(hearts_obo), text) == number


def test_a_label_comes_before_a_synonym_and_an_iri_end_after_both(turtle) -> None:
    graph = load_graph(turtle(ZOO))
    assert find_term(graph, "thrift") == 3
    assert find_term(graph, "credit institution") == 1
    assert find_term(graph, "I") == 4


def test_an_ambiguous_term_lists_the_candidates(turtle) -> None:
    graph = load_graph(turtle(ZOO))
    with pytest.raises(
        InputError, match=r"'bank' may be any of 2; give an id:\n  .*/a  Bank\n  .*/b  "
    ):
        find_term(graph, "bank")
    with pytest.raises(InputError, match=r"'lender' may be any of 2"):
        find_term(graph, "lender")
    with pytest.raises(InputError, match="no entity 'bnak' in this graph of 6"):
        find_term(graph, "bnak")


def test_show_gives_the_words_the_way_up_what_lies_below_and_the_relations(
    hearts_obo: Path,
) -> None:
    assert show(load_graph(hearts_obo), "EX:2") == {
        "id": "EX:2",
        "iri": "http://purl.obolibrary.org/obo/EX_2",
        "label": "heart disease",
        "kind": "class",
        "definition": None,
        "depth": 1,
        "synonyms": [{"text": "cardiac disease", "scope": "exact"}],
        "comments": [],
        "xrefs": [],
        "path": [{"id": "EX:1", "label": "disease"}],
        "parents": [{"id": "EX:1", "label": "disease"}],
        "children": [{"id": "EX:3", "label": "atrial fibrillation"}],
        "relations": [
            {"relation": "located in", "direction": "out", "id": "EX:4", "label": "heart"}
        ],
        "more": {"path": 0, "parents": 0, "children": 0, "relations": 0},
    }


def test_show_goes_as_deep_as_asked_and_says_what_it_leaves_out(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    below = show(graph, "EX:1", depth=2)["children"]
    assert below == [
        {"id": "EX:2", "label": "heart disease", "more": 0,
         "children": [{"id": "EX:3", "label": "atrial fibrillation"}]}
    ]  # fmt: skip
    nothing = show(graph, "EX:1", depth=0)
    assert (nothing["children"], nothing["more"]["children"]) == ([], 1)
    short = show(graph, "EX:3", limit=1)
    assert (short["path"], short["more"]["path"]) == ([{"id": "EX:2", "label": "heart disease"}], 1)
    directions = [row["direction"] for row in show(graph, "EX:4")["relations"]]
    assert directions == ["in", "in"]


def test_show_finds_the_way_out_of_a_circle(turtle) -> None:
    graph = load_graph(turtle(ZOO))  # d below c, c below d and b
    assert [row["label"] for row in show(graph, 3)["path"]] == ["bank", "savings bank"]
    assert show(graph, 0)["path"] == []

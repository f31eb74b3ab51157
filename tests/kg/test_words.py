"""Labels, synonyms and definitions: which vocabulary, which language, which of several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.arrow import strings
from kgml.kg.build import check
from kgml.kg.forms import sorted_rows
from kgml.kg.graph import KnowledgeGraph, Scope

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
MORE = """\
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .
@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix s: <http://schema.org/> .
@prefix av: <https://www.omg.org/spec/Commons/AnnotationVocabulary/> .
@prefix fibo: <https://spec.edmcouncil.org/fibo/ontology/FND/Utilities/AnnotationVocabulary/> .
"""


def words(graph: KnowledgeGraph, number: int = 0) -> dict[str, list[str]]:
    """Scope to texts."""
    found: dict[str, list[str]] = {}
    for text, scope in graph[number].synonyms:
        found.setdefault(scope.name, []).append(text)
    return found


def test_every_label_vocabulary_is_read_and_the_best_one_wins(turtle) -> None:
    labels = [
        'skos:prefLabel "pref"',
        'rdfs:label "label"',
        's:name "name"',
        'dcterms:title "title"',
    ]
    for first in range(4):
        graph = load_graph(turtle(MORE + ":a a owl:Class ; " + " ; ".join(labels[first:]) + " ."))
        assert graph.labels == [labels[first].split('"')[1]]
        assert sorted(words(graph).get("EXACT", [])) == sorted(x.split('"')[1] for x in labels[first + 1 :])  # fmt: skip


def test_synonyms_of_every_vocabulary_keep_their_scope(turtle) -> None:
    graph = load_graph(
        turtle(
            MORE
            + """
:a a owl:Class ; rdfs:label "a" ; skos:altLabel "01" ; oio:hasExactSynonym "02" ;
  obo:IAO_0000118 "03" ; s:alternateName "04" ; schema:alternateName "05" ;
  dcterms:alternative "06" ; fibo:synonym "07" ; av:synonym "08" ; fibo:preferredDesignation "09" ;
  fibo:commonDesignation "10" ; <https://www.omg.org/spec/Commons/Designators/hasTextualName> "11" ;
  oio:hasNarrowSynonym "12" ; oio:hasBroadSynonym "13" ; oio:hasRelatedSynonym "14" ;
  oio:hasSynonym "15" ; skos:hiddenLabel "16" ; av:acronym "17" ; av:abbreviation "18" ;
  fibo:abbreviation "19" ; av:symbol "20" .
"""
        )
    )
    assert words(graph) == {
        "EXACT": [f"{n:02}" for n in range(1, 12)], "NARROW": ["12"], "BROAD": ["13"],
        "RELATED": ["14", "15", "16"], "ABBREVIATION": ["17", "18", "19", "20"],
    }  # fmt: skip
    assert graph.report["synonyms"] == 20


def test_definitions_of_every_vocabulary_are_read_best_first(turtle) -> None:
    said = ['skos:definition "skos"', 's:description "schema"', 'dcterms:description "dc"']
    for first, expected in enumerate(("skos", "schema", "dc")):
        graph = load_graph(turtle(MORE + ":a a owl:Class ; " + " ; ".join(said[first:]) + " ."))
        assert graph.definitions == [expected]
    graph = load_graph(
        turtle(MORE + ':a a owl:Class ; obo:IAO_0000115 "iao" ; dcterms:description "dc" .')
    )
    assert graph.definitions == ["iao"]


def test_an_entity_without_definition_takes_its_comment_whatever_others_have(turtle) -> None:
    one = turtle(':a a owl:Class ; rdfs:comment "About a."@en , "Zu a."@de .')
    one = one.rename(one.with_name("one.ttl"))
    two = turtle(':b a owl:Class ; skos:definition "Means b." ; rdfs:comment "About b." .')
    assert load_graph(one).definitions == ["About a."]
    assert load_graph([one, two]).definitions == ["About a.", "Means b."]
    assert load_graph([two, one]).definitions == ["About a.", "Means b."]
    assert load_graph([one, two]).report["definitions"] == 2


def test_a_definition_in_another_language_still_comes_before_a_comment(turtle) -> None:
    graph = load_graph(
        turtle(':a a owl:Class ; skos:definition "Ein Muskel."@de ; rdfs:comment "Seen."@en .')
    )
    assert graph.definitions == ["Ein Muskel."]


def test_a_definition_that_is_a_resource_is_looked_through(turtle) -> None:
    """SKOS Primer, section 4.2: documentation as a related resource, blank or named."""
    graph = load_graph(
        turtle("""
:a a skos:Concept ; skos:definition [ rdf:value "structured"@en , "Strukturiert"@de ] .
:b a skos:Concept ; skos:definition :doc . :doc rdf:value "of a document" ; dcterms:creator :me .
:c a skos:Concept ; skos:definition :empty . :d a skos:Concept ; rdfs:comment [ rdf:value "said" ] .
:e a skos:Concept ; rdf:value "of its own" .
""")
    )
    assert graph.iris == [f"https://example.org/{name}" for name in "abcde"]
    assert graph.definitions == ["structured", "of a document", None, "said", None]
    # dcterms:creator, and :empty, which holds no text
    assert graph.report["dropped"] == {"annotation": 2}


def test_skos_xl_labels_may_have_iris_and_several_forms(turtle) -> None:
    graph = load_graph(
        turtle("""
:a a skos:Concept ; skosxl:prefLabel :l1 ; skosxl:altLabel :l2 , [ skosxl:literalForm "c"@en ] , :none ;
  skosxl:hiddenLabel [ skosxl:literalForm "d" ] .
:b a skos:Concept ; skosxl:prefLabel :l2 .
:l1 a skosxl:Label ; skosxl:literalForm "a"@en . :l2 a skosxl:Label ; skosxl:literalForm "b"@en , "b2"@en .
""")
    )
    assert graph.iris == ["https://example.org/a", "https://example.org/b"]
    assert graph.labels == ["a", "b"]
    assert words(graph) == {"EXACT": ["b", "b2", "c"], "RELATED": ["d"]}
    assert words(graph, 1) == {"EXACT": ["b2"]}


@pytest.mark.parametrize(("language", "label", "others"), [
    ("en", "heart", ["core", "heart (GB)"]), ("de", "Herz", ["core"]),
    ("de-at", "Herz (AT)", ["Herz", "core"]), ("fr", "core", []),
    ("EN", "heart", ["core", "heart (GB)"]), ("en-US", "heart", ["core", "heart (GB)"]),
    ("en_US", "heart", ["core", "heart (GB)"]), ("pt-BR", "core", []),
])  # fmt: skip
def test_the_language_asked_for_then_its_regions_then_none(
    language: str, label: str, others: list[str], turtle
) -> None:
    graph = load_graph(turtle(
        ':a a owl:Class ; rdfs:label "heart"@en , "heart (GB)"@en-GB , "Herz"@de , "core" , "Herz (AT)"@de-AT .'
    ), GraphConfig(language=language))  # fmt: skip
    assert graph.labels == [label]
    kept = [text for text, _ in graph[0].synonyms]
    if language == "de":
        others = ["Herz (AT)", *others]
    assert sorted(kept) == sorted(others)
    assert graph.report["dropped"]["text in another language"] == 4 - len(others)


def test_a_region_comes_before_no_language(turtle) -> None:
    graph = load_graph(
        turtle(':a a owl:Class ; rdfs:label "plain" , "colour"@en-GB , "color"@en-US .')
    )
    assert graph.labels == ["colour"]  # of two regions the first by tag
    assert words(graph) == {"EXACT": ["color", "plain"]}


@pytest.mark.parametrize(("said", "label"), [
    ('"exact"@zh-Hant-TW , "shorter"@zh-Hant', "exact"),
    ('"shorter"@zh-Hant , "shortest"@zh', "shorter"),
    ('"shortest"@zh , "sister"@zh-Hant-HK', "shortest"),
    ('"sister"@zh-Hant-HK , "cousin"@zh-Hans-CN', "sister"),
    ('"cousin"@zh-Hans-CN , "plain"', "cousin"),
    ('"plain" , "foreign"@en , "other"@z', "plain"),
])  # fmt: skip
def test_a_wanted_tag_is_cut_short_from_its_end_as_rfc_4647_says(
    said: str, label: str, turtle
) -> None:
    graph = load_graph(turtle(f":a a owl:Class ; rdfs:label {said} ."), GraphConfig(language="zh-hant-TW"))  # fmt: skip
    assert graph.labels == [label]


def test_a_region_nobody_wrote_in_still_finds_its_language(turtle) -> None:
    path = turtle(
        ':a a owl:Class ; rdfs:label "bond"@en , "Anleihe"@de , "Bond (GB)"@en-GB ; '
        'skos:altLabel "debt security"@en , "Schuldverschreibung"@de .'
    )
    for language in ("en-US", "en-CA"):
        graph = load_graph(path, GraphConfig(language=language))
        assert graph.labels == ["bond"]
        assert words(graph) == {"EXACT": ["Bond (GB)", "debt security"]}
    graph = load_graph(path, GraphConfig(language="de-AT"))
    assert (graph.labels, words(graph)) == (["Anleihe"], {"EXACT": ["Schuldverschreibung"]})


def test_only_foreign_words_are_better_than_none_and_stay_of_one_tongue(turtle) -> None:
    graph = load_graph(turtle(
        ':a a owl:Class ; rdfs:label "coeur"@fr , "Herz"@de ; skos:altLabel "Pumpe"@de , "pompe"@fr .'
    ))  # fmt: skip
    assert graph.labels == ["Herz"]
    assert words(graph) == {"EXACT": ["Pumpe"]}
    assert graph.report["dropped"] == {"text in another language": 2}


def test_the_direction_of_a_text_is_no_part_of_its_language(turtle) -> None:
    graph = load_graph(
        turtle(':a a owl:Class ; rdfs:label "قلب"@ar--rtl , "heart"@en--ltr .'), GraphConfig(language="ar")
    )  # fmt: skip
    assert graph.labels == ["قلب"]


def test_definitions_follow_the_language_too(turtle) -> None:
    body = ':a a owl:Class ; skos:definition "Ein Muskel."@de , "A muscle."@en .'
    assert load_graph(turtle(body)).definitions == ["A muscle."]
    assert load_graph(turtle(body), GraphConfig(language="de")).definitions == ["Ein Muskel."]


def test_of_equal_labels_the_smallest_text_wins_whatever_the_order(turtle) -> None:
    for said in ('"b" , "a" , "c"', '"c" , "a" , "b"'):
        assert load_graph(turtle(f":a a owl:Class ; rdfs:label {said} .")).labels == ["a"]
    long = "the same first eight bytes, then "
    graph = load_graph(turtle(f':a a owl:Class ; rdfs:label "{long}z" , "{long}ä" , "{long}b" .'))
    assert graph.labels == [long + "b"]
    assert words(graph) == {"EXACT": [long + "z", long + "ä"]}


def test_texts_lose_line_breaks_and_spaces_but_not_their_letters(turtle) -> None:
    graph = load_graph(turtle(
        ':a a owl:Class ; rdfs:label "  two\\n\\n lines\\tand\\u00A0more  " ; skos:altLabel "" , "   " , "é\\"\\\\" .'
    ))  # fmt: skip
    assert graph.labels == ["two lines and more"]
    assert words(graph) == {"EXACT": ['é"\\']}


def test_one_text_given_twice_keeps_the_scope_that_says_most(turtle) -> None:
    graph = load_graph(
        turtle(
            MORE
            + """
:a a owl:Class ; rdfs:label "x" ; skos:altLabel "x" , "y" ; oio:hasRelatedSynonym "y" ;
  oio:hasBroadSynonym "z" ; oio:hasRelatedSynonym "z" ; av:acronym "y" .
"""
        )
    )
    assert graph[0].synonyms == (("y", Scope.ABBREVIATION), ("z", Scope.BROAD))


@pytest.mark.parametrize(
    "kind", ["obo:OMO_0003000", '"OMO:0003012"', ":laypersonAcronym", '"ABBREVIATION"']
)
def test_a_synonym_an_axiom_calls_an_abbreviation_is_one(kind: str, turtle) -> None:
    graph = load_graph(
        turtle(
            MORE
            + f"""
:a a owl:Class ; rdfs:label "x" ; oio:hasExactSynonym "AF" , "other" .
[] a owl:Axiom ; owl:annotatedSource :a ; owl:annotatedProperty oio:hasExactSynonym ;
  owl:annotatedTarget "AF" ; oio:hasSynonymType {kind} .
[] a owl:Axiom ; owl:annotatedSource :a ; owl:annotatedProperty oio:hasExactSynonym ;
  owl:annotatedTarget "other" ; oio:hasSynonymType :layperson .
"""
        )
    )
    assert words(graph) == {"EXACT": ["other"], "ABBREVIATION": ["AF"]}


def test_homonyms_are_counted_once_a_text_whatever_its_case(turtle) -> None:
    graph = load_graph(
        turtle("""
:a a owl:Class ; rdfs:label "Cold" ; skos:altLabel "chill" . :b a owl:Class ; rdfs:label "cold" .
:c a owl:Class ; rdfs:label "COLD" ; skos:altLabel "Chill" . :d a owl:Class ; rdfs:label "d" ; skos:altLabel "D" .
""")
    )
    check(graph)
    assert graph.report["homonyms"] == 2  # cold and chill; d names one thing twice


def test_synonym_types_of_the_obo_metadata_ontology_are_known_in_obo_files(write) -> None:
    path = write("x.obo", 'ontology: x\n\n[Term]\nid: X:1\nname: x\n'
                 'synonym: "AF" EXACT OMO:0003000 []\nsynonym: "LVH" EXACT OMO:0003012 []\n')  # fmt: skip
    assert words(load_graph(path)) == {"ABBREVIATION": ["AF", "LVH"]}


@given(st.lists(st.text(max_size=12), max_size=8), st.integers(0, 3))
def test_texts_are_sorted_as_their_bytes_sort(texts: list[str], cut: int) -> None:
    whole = strings(["before"] * cut + texts)
    order, same = sorted_rows([], [np.zeros(len(texts), dtype=np.int32)], whole.slice(cut))
    found = [texts[i] for i in order]
    assert found == sorted(texts)
    assert same.tolist() == [i > 0 and found[i] == found[i - 1] for i in range(len(found))]

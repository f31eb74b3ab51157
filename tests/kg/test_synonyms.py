"""A graph with more synonyms is another graph; the first stays."""

from __future__ import annotations

import pytest

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.kg.synonyms import with_synonyms
from kgml.kg.vocabulary import Scope
from kgml.progress import KGMLWarning


@pytest.fixture(scope="module")
def graph(named_obo) -> KnowledgeGraph:
    return load_graph(named_obo)


def test_it_is_the_graph_of_a_file_with_that_synonym(graph, named_obo, tmp_path) -> None:
    path = tmp_path / "more.obo"
    text = named_obo.read_text(encoding="utf-8")
    path.write_text(
        text.replace("name: heart disease", 'name: heart disease\nsynonym: "odd one" EXACT []'),
        encoding="utf-8",
    )
    before = graph.fingerprint
    more = with_synonyms(graph, [(graph.number("X:10"), "odd one")])
    assert more.fingerprint == load_graph(path).fingerprint
    assert ("odd one", Scope.EXACT) in more["X:10"].synonyms
    assert graph.fingerprint == before
    assert more.sources == graph.sources


def test_a_name_that_is_there_is_counted_once_and_said(graph) -> None:
    number = graph.number("X:10")
    with pytest.warns(KGMLWarning, match=r"'heart disease' is a name of X:10 .* already"):
        same = with_synonyms(graph, [(number, "heart disease")])
    assert same.fingerprint == graph.fingerprint


def test_nothing_is_added_to_a_graph_without_entities() -> None:
    empty = KnowledgeGraph.empty()
    assert with_synonyms(empty, []).fingerprint == empty.fingerprint

"""Finding entities: spelling first, then words and meaning; filters; another release."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.config import METHODS
from kgml.encoders.index import EntityIndex
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.kg.vocabulary import Scope
from kgml.progress import KGMLWarning, set_notes
from kgml.search import engine as engine_module
from kgml.search.engine import GraphSearch
from kgml.search.names import names_of
from kgml.search.only import allowed

from .conftest import HEARTS

MI, FRACTURE, ARRHYTHMIA, DISEASE, PANIC = range(5)


@pytest.fixture(scope="module")
def engine(hearts, encoder) -> GraphSearch:
    return GraphSearch.build(hearts, encoder)


def test_a_name_as_spelled_comes_first_whatever_its_case_exact_before_related(engine) -> None:
    hits = engine.search(" Heart Attack ", 3)
    assert [hit.entity for hit in hits][:2] == [MI, PANIC]
    assert [(hit.score, hit.spelled, hit.scope) for hit in hits[:2]] == [
        (1.0, True, Scope.EXACT), (1.0, True, Scope.RELATED),
    ]  # fmt: skip
    assert hits[0].form == "heart attack"
    assert not hits[2].spelled


def test_meaning_finds_what_words_do_not(engine, encoder) -> None:
    (hit,) = engine.search("irregular pulse", 1)
    assert (hit.entity, hit.bm25, hit.words, hit.form) == (
        ARRHYTHMIA,
        None,
        (),
        "Cardiac arrhythmia",
    )
    cosine = encoder.encode(["irregular pulse"]) @ encoder.encode(["Cardiac arrhythmia"]).T
    assert hit.cosine is not None
    assert hit.cosine.rank == 1
    assert hit.cosine.score == pytest.approx(cosine.item(), abs=1e-5)


def test_words_of_the_definition_are_found_and_named(engine) -> None:
    hits = engine.search("muscles of the blood", 2, method="bm25")
    assert [hit.entity for hit in hits] == [MI]
    assert hits[0].words == ("muscles", "blood")
    assert hits[0].bm25 is not None
    assert hits[0].bm25.rank == 1
    assert hits[0].cosine is None


def test_first_in_both_lists_scores_one(engine) -> None:
    (hit,) = engine.search("bone fractures", 1)
    assert (hit.entity, hit.score) == (FRACTURE, pytest.approx(1))
    assert (hit.bm25.rank, hit.cosine.rank, hit.spelled) == (1, 1, False)


def test_a_method_alone_ranks_as_its_list_does(engine) -> None:
    hits = engine.search("broken bone", 5, method="dense")
    assert [hit.cosine.rank for hit in hits] == [1, 2, 3, 4, 5]
    scores = [hit.cosine.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_a_branch_and_a_vocabulary_filter_all_lists(engine, hearts) -> None:
    def found(**only: list[str]) -> set[int]:
        return {h.entity for h in engine.search("heart attack", 5, only=allowed(hearts, **only))}

    assert found(roots=["X:0000004"]) == {MI, ARRHYTHMIA, DISEASE}
    assert found(vocabularies=["y"]) == {PANIC}
    assert found(vocabularies=["http://purl.obolibrary.org/obo/Y_"]) == {PANIC}
    assert found(roots=["X:0000004", "X:0000001"], vocabularies=["X", "Y"]) == {0, 1, 2, 3}
    assert found(roots=["X:0000001"], vocabularies=["Y"]) == set()
    assert allowed(hearts) is None


def test_what_no_entity_is_in_is_refused(hearts) -> None:
    with pytest.raises(InputError, match=r"no entity of this graph is in a vocabulary 'Z'.*obo/X_"):
        allowed(hearts, vocabularies=["Z"])
    with pytest.raises(InputError, match="no entity 'X:9'"):
        allowed(hearts, roots=["X:9"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("  ", 3), "query is empty"), (("a", 0), "k = 0"), (("a", 1, "densse"), "mean 'dense'")],
)
def test_a_wrong_call_is_refused(engine, arguments, words) -> None:
    query, k, *method = arguments
    with pytest.raises(UsageError, match=words):
        engine.search(query, k, **({"method": method[0]} if method else {}))


def test_words_alone_need_no_encoder_and_say_so(hearts) -> None:
    words = GraphSearch.build(hearts)
    assert words.search("blood", 1, method="bm25")[0].entity == MI
    with pytest.raises(UsageError, match="words alone"):
        words.search("attack", 1)


def test_a_query_of_signs_finds_nothing_by_words(hearts) -> None:
    assert GraphSearch.build(hearts).search("?! --", 3, method="bm25") == []


def test_vectors_of_another_graph_are_refused(hearts, encoder) -> None:
    words = GraphSearch.build(hearts).bm25
    with pytest.raises(ArtifactError, match="made with another graph"):
        GraphSearch(hearts, words, EntityIndex.build(np.ones((5, 384))), encoder)


def test_an_empty_graph_finds_nothing(encoder) -> None:
    assert GraphSearch.build(KnowledgeGraph.empty(), encoder).search("heart", 3) == []


def test_a_graph_of_one_node_finds_it(make_graph, encoder) -> None:
    one = GraphSearch.build(make_graph("[Term]\nid: X:1\nname: Zebra\n"), encoder)
    assert [hit.entity for hit in one.search("heart", 3)] == [0]


def test_a_list_that_finds_nothing_leaves_the_first_half_a_score(engine) -> None:
    (hit,) = engine.search("irregular pulse", 1)
    assert (hit.entity, hit.bm25, hit.cosine.rank, hit.score) == (ARRHYTHMIA, None, 1, 0.5)
    assert engine.search("irregular pulse", 1, method="dense")[0].score == 1


@pytest.mark.parametrize("query", ["of the", "irregular pulse"])
def test_a_query_of_which_no_word_is_known_says_so(engine, query) -> None:
    said: list[str] = []
    set_notes(said.append)
    try:
        engine.search(query, 1)
        engine.search(query, 1, method="bm25")
        engine.search("heart", 1)
    finally:
        set_notes(None)
    start = f"no word of '{query}' is in the graph"
    assert said == [f"{start}: found by meaning alone", start]


@pytest.mark.parametrize("value", [0, np.nan])
def test_a_query_without_a_vector_finds_nothing_by_meaning_and_says_so(
    hearts, encoder, monkeypatch, value
) -> None:
    engine = GraphSearch.build(hearts, encoder)
    monkeypatch.setattr(encoder, "encode_query", lambda text: np.full(384, value, np.float32))
    for method, wanted in (("dense", []), ("hybrid", [MI])):
        with pytest.warns(KGMLWarning, match="no vector for 'muscle': nothing is found") as caught:
            found = engine.search("muscle", 3, method=method)
        assert ([hit.entity for hit in found], len(caught)) == (wanted, 1)


def test_signs_that_a_table_of_words_does_not_know_find_nothing(
    named_obo, tiny_encoder, cache
) -> None:
    encoder = TextEncoder(f"static:{tiny_encoder}", cache=cache)
    engine = GraphSearch.build(load_graph(named_obo), encoder)
    assert engine.search("heart", 3) != []
    with pytest.warns(KGMLWarning, match="has no vector for '☃☃'"):
        assert engine.search("☃☃", 3) == []


@pytest.mark.parametrize("method", METHODS)
def test_fewer_hits_are_the_first_of_more(named_obo, encoder, monkeypatch, method) -> None:
    monkeypatch.setattr(engine_module, "DEPTH", 4)
    engine = GraphSearch.build(load_graph(named_obo), encoder)
    for query in ("red heart disorder", "skin", "lung of a colour", "white illness of the liver"):
        most = engine.search(query, 46, method=method)
        for k in (1, 3, 4, 5, 7, 8, 9, 20, 40):
            fewer = engine.search(query, k, method=method)
            assert [(h.entity, h.score) for h in fewer] == [(h.entity, h.score) for h in most[:k]]


@pytest.mark.parametrize("only", [np.ones(3, dtype=bool), np.ones(5)])
def test_a_mask_that_does_not_fit_is_refused(engine, only) -> None:
    for method in METHODS:
        with pytest.raises(InputError, match="wanted True or False for each of 5 entities"):
            engine.search("heart", 1, method=method, only=only)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-sq8"])
def test_another_release_is_searched_as_if_built_anew_also_after_saving(
    hearts, make_graph, encoder, kind, tmp_path
) -> None:
    new = HEARTS.replace('synonym: "heart attack" EXACT []\n', "").replace(
        "[Term]\nid: X:0000001\nname: Bone fracture\n", "[Term]\nid: A:0000001\nname: Toothache\n"
    )
    graph = make_graph(new)
    engine = GraphSearch.build(hearts, encoder, kind)
    index = engine.vectors
    updated, anew = engine.update(graph), GraphSearch.build(graph, encoder, kind)
    assert updated.vectors is index
    assert len(updated.vectors) == len(graph)
    index.save(tmp_path / "i")
    loaded = GraphSearch(graph, anew.bm25, EntityIndex.load(tmp_path / "i"), encoder)
    for query in ("heart attack", "tooth", "fracture of a bone", "cardiac", "MI"):
        wanted = anew.search(query, 5)
        for found in (updated.search(query, 5), loaded.search(query, 5)):
            for one, other in zip(found, wanted, strict=True):
                assert (one.entity, one.form, one.bm25) == (other.entity, other.form, other.bm25)
                assert one.cosine.score == pytest.approx(other.cosine.score, abs=1e-6)
    again = loaded.update(hearts)
    assert [h.form for h in again.search("heart attack", 1)] == ["heart attack"]
    assert len(again.vectors.columns) == 9  # rows that were removed are taken again


def test_an_index_that_does_not_know_its_texts_is_not_brought_up_to_date(hearts, encoder) -> None:
    names = names_of(hearts)
    vectors = EntityIndex.build(
        encoder.encode(names.text), names.entity, graph_fingerprint=hearts.fingerprint,
        encoder_fingerprint=encoder.fingerprint,
    )  # fmt: skip
    engine = GraphSearch(hearts, GraphSearch.build(hearts).bm25, vectors, encoder)
    with pytest.raises(InputError, match=r"does not know the texts of its rows.*with texts="):
        engine.update(hearts)


def test_rows_that_are_not_the_graphs_names_are_refused(hearts, make_graph, encoder) -> None:
    index = GraphSearch.build(hearts, encoder).vectors
    other = make_graph("[Term]\nid: X:1\nname: Zebra\n")
    index.renumber(np.array([0, -1, -1, -1, -1]), other.fingerprint)
    with pytest.raises(ArtifactError, match=r"rows that are not names of the graph.*update"):
        GraphSearch(other, GraphSearch.build(other).bm25, index, encoder)

"""BM25: numbers worked out by hand, look-ups, the folder."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kgml.errors import ArtifactError
from kgml.search.bm25 import BM25, LENGTH, SATURATION
from kgml.search.fuse import fuse
from kgml.search.names import documents, names_of, spelling, terms

DOCUMENTS = [{"heart": 3, "attack": 3}, {"heart": 1}, {}, {"bone": 4, "heart": 1, "attack": 1}]


def test_a_score_is_the_one_worked_out_by_hand() -> None:
    scores = BM25.build(DOCUMENTS).scores(["attack", "attack", "unheard"])
    idf = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    mean = (6 + 1 + 0 + 6) / 4

    def weight(count: int, length: int) -> float:
        norm = SATURATION * (1 - LENGTH + LENGTH * length / mean)
        return idf * count * (SATURATION + 1) / (count + norm)

    np.testing.assert_allclose(scores, [weight(3, 6), 0, 0, weight(1, 6)], rtol=1e-6)


def test_words_are_looked_up_by_entity_and_entities_by_words() -> None:
    bm25 = BM25.build(DOCUMENTS)
    assert bm25.terms == ["attack", "bone", "heart"]
    assert bm25.having(["heart", "attack"]).tolist() == [0, 3]
    assert bm25.having(["heart", "unheard"]).tolist() == []
    assert bm25.having([]).tolist() == []
    assert bm25.weight("bone", 3) == pytest.approx(float(bm25.scores(["bone"])[3]))
    assert bm25.weight("bone", 0) == bm25.weight("unheard", 0) == 0


@pytest.mark.parametrize("size", [0, 1])
def test_no_words_score_nothing(size) -> None:
    assert BM25.build([{}] * size).scores(["heart"]).tolist() == [0] * size


def test_saved_and_loaded_it_scores_the_same(tmp_path) -> None:
    bm25 = BM25.build(DOCUMENTS)
    bm25.save(tmp_path / "w", "g")
    again, graph = BM25.load(tmp_path / "w")
    np.testing.assert_array_equal(again.scores(["heart", "bone"]), bm25.scores(["heart", "bone"]))
    assert (graph, again.size, again.terms) == ("g", 4, bm25.terms)


def test_a_damaged_folder_is_refused(tmp_path) -> None:
    BM25.build(DOCUMENTS).save(tmp_path / "w", "g")
    (tmp_path / "w" / "terms.json").write_text("[]")
    with pytest.raises(ArtifactError, match="changed since it was saved"):
        BM25.load(tmp_path / "w")


def test_ranks_are_fused_by_their_reciprocals() -> None:
    assert fuse([[7, 8], [8, 9]]) == pytest.approx({7: 1 / 2, 8: 1 / 3 + 1 / 2, 9: 1 / 3})
    assert fuse([[5]]) == {5: 1.0}
    assert fuse([]) == {}


def test_an_entity_is_searched_by_names_and_definition(hearts) -> None:
    names = names_of(hearts)
    assert [names.text[i] for i in names.of(0)] == ["Myocardial infarction", "heart attack", "MI"]
    counts = list(documents(hearts, names))
    stem = dict(terms("cardiac muscle heart infarction"))
    assert (counts[0][stem["heart"]], counts[0][stem["muscle"]]) == (3, 1)


def test_an_entity_without_a_label_has_the_end_of_its_iri(make_graph) -> None:
    graph = make_graph('[Term]\nid: X:1\nsynonym: "zebra" EXACT []\n\n[Term]\nid: X:2\n')
    names = names_of(graph)
    assert list(zip(names.text, names.entity.tolist(), strict=True)) == [
        (graph.labels[0], 0), ("zebra", 0), (graph.labels[1], 1),
    ]  # fmt: skip


def test_case_hyphens_and_typography_do_not_change_a_spelling() -> None:
    assert spelling("Non-small\u2010cell  \ufb01brosis") == spelling("non small CELL fibrosis")
    assert spelling("heart attack") != spelling("heart attacks")

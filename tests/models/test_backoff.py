"""Back-off on a tree whose sets, walks and quantiles are worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kgml.errors import ArtifactError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.backoff import EVERYTHING, Backoff, Covered, class_entities, measure_cover
from kgml.models.classifier import KGTextClassifier

TREE = """\
:animal a owl:Class ; rdfs:label "animal"@en .
:bird a owl:Class ; rdfs:label "bird"@en ; rdfs:subClassOf :animal .
:wader a owl:Class ; rdfs:label "wader"@en ; rdfs:subClassOf :bird .
:crane a owl:Class ; rdfs:label "crane"@en ; rdfs:subClassOf :bird .
:mammal a owl:Class ; rdfs:label "mammal"@en ; rdfs:subClassOf :animal .
:whale a owl:Class ; rdfs:label "whale"@en ; rdfs:subClassOf :mammal .
:stone a owl:Class ; rdfs:label "stone"@en .
"""
NAMES = ["crane", "stone", "wader", "whale"]


@pytest.fixture(scope="module")
def tree(graph) -> KnowledgeGraph:
    return graph(TREE)


@pytest.fixture(scope="module")
def back(tree: KnowledgeGraph) -> Backoff:
    return Backoff(tree, [tree.number(f"https://example.org/{name}") for name in NAMES])


def named(back: Backoff) -> dict[str, set[str]]:
    return {
        "any" if entity == EVERYTHING else back.graph.labels[entity]: {
            NAMES[k] for k in np.flatnonzero(held)
        }
        for entity, held in zip(back.entity_.tolist(), back.sets_, strict=True)
    }


def test_the_sets_are_the_classes_then_what_is_above_several_then_all(back: Backoff) -> None:
    assert named(back) == {
        "crane": {"crane"}, "stone": {"stone"}, "wader": {"wader"}, "whale": {"whale"},
        "bird": {"crane", "wader"}, "animal": {"crane", "wader", "whale"}, "any": set(NAMES),
    }  # fmt: skip


def test_a_set_is_called_by_the_lowest_entity_above_it(tree: KnowledgeGraph) -> None:
    numbers = [tree.number(f"https://example.org/{name}") for name in ("crane", "wader")]
    two = Backoff(tree, numbers)
    assert [tree.labels[i] for i in two.entity_[2:]] == ["bird"], "not animal, not any class"


def test_a_class_above_another_is_alone_and_above(tree: KnowledgeGraph) -> None:
    numbers = [tree.number(f"https://example.org/{name}") for name in ("bird", "crane", "stone")]
    made = Backoff(tree, numbers)
    assert made.sets_.tolist() == [
        [True, False, False], [False, True, False], [False, False, True],
        [True, True, False], [True, True, True],
    ]  # fmt: skip


def test_a_score_is_the_mass_before_the_walk_reaches_the_class(back: Backoff) -> None:
    #                   crane stone wader whale
    shares = np.array([[0.5, 0.1, 0.3, 0.1]] * 4)
    back.calibrate(shares, np.array([0, 2, 3, 1]))
    # crane: right at once; wader: bird, after .5; whale: animal, after .8; stone: any, after .9
    np.testing.assert_allclose(back.scores, [0, 0.5, 0.8, 0.9])


def test_the_quantile_counts_the_row_to_come(tree: KnowledgeGraph, back: Backoff) -> None:
    held = Backoff(tree, back.entities, np.arange(9) / 10)
    assert held.enough(0.9) == 0.8, "the 9th of 9, ceil(10 x .9)"
    assert held.enough(0.5) == 0.4
    assert held.enough(0.95) == float("inf"), "nine rows cannot say"


@pytest.mark.parametrize(
    ("enough", "entity", "classes"),
    [(0.4, "crane", [0]), (0.5, "bird", [0, 2]), (0.85, "animal", [0, 2, 3]), (0.9, None, [0, 1, 2, 3])],
)  # fmt: skip
def test_the_walk_stops_where_the_mass_is_enough(
    tree: KnowledgeGraph, back: Backoff, enough: float, entity: str | None, classes: list[int]
) -> None:
    held = Backoff(tree, back.entities, [enough] * 99)
    (found,) = held.cover(np.array([[0.5, 0.1, 0.3, 0.1]]), 0.9)
    told = found.to_json(tree, NAMES, 0.9)
    assert (told["entity"] or {}).get("label") == entity
    assert found.classes == classes
    assert told["classes"] == [NAMES[k] for k in classes]


def test_coverage_is_what_was_asked_whatever_the_model_is_worth(back: Backoff) -> None:
    """A model that guesses, and one that is sure of itself and wrong: rows are all that counts."""
    rng = np.random.default_rng(0)
    for sharpness in (0.3, 5.0):
        logits = rng.normal(size=(4000, 4)) * sharpness
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        y = np.array([rng.choice(4, p=0.5 * row + 0.125) for row in shares])
        back.calibrate(shares[:2000], y[:2000])
        names = list("abcd")
        for coverage in (0.8, 0.9, 0.95):
            covered = back.cover(shares[2000:], coverage)
            found = measure_cover(covered, [names[k] for k in y[2000:]], names, coverage)
            assert abs(found["covered"] - coverage) < 0.02


def test_more_coverage_never_takes_a_class_away(back: Backoff) -> None:
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(4), 200)
    back.calibrate(shares, rng.integers(4, size=200))
    for less, more in zip(back.cover(shares, 0.6), back.cover(shares, 0.9), strict=True):
        assert set(less.classes) <= set(more.classes)


def test_a_prediction_does_not_depend_on_the_other_rows(back: Backoff) -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.ones(4), 50)
    back.calibrate(shares, rng.integers(4, size=50))
    alone = [back.cover(shares[i : i + 1], 0.8)[0] for i in range(50)]
    assert [(one.entity, one.classes) for one in alone] == [
        (one.entity, one.classes) for one in back.cover(shares, 0.8)
    ]


@pytest.mark.parametrize("coverage", [0.0, 1.0, 1.5])
def test_a_coverage_is_a_share(back: Backoff, coverage: float) -> None:
    with pytest.raises(UsageError, match=r"wanted a share between 0 and 1, such as 0\.9"):
        back.enough(coverage)


def test_labels_are_entities_all_of_them_and_different(tree: KnowledgeGraph) -> None:
    iris = [f"https://example.org/{name}" for name in NAMES]
    assert class_entities(tree, iris) == [tree.number(iri) for iri in iris]
    assert class_entities(tree, [*iris, "other"]) is None
    assert class_entities(tree, [iris[0], iris[0]]) is None
    assert class_entities(None, iris) is None


def test_measures_are_counts() -> None:
    covered = [Covered(1, [0], 0.9), Covered(2, [0, 1], 0.9), Covered(EVERYTHING, [0, 1, 2], 1.0)]
    found = measure_cover(covered, ["b", "b", "c"], ["a", "b", "c"], 0.9)
    assert (found["covered"], found["classes"]) == (pytest.approx(2 / 3, abs=1e-6), 2)
    assert (found["backed_off"], found["everything"]) == (
        pytest.approx(2 / 3, abs=1e-6), pytest.approx(1 / 3, abs=1e-6),
    )  # fmt: skip


@pytest.fixture(scope="module")
def ided(kinds: KnowledgeGraph, words) -> KGTextClassifier:
    """The labels of ``words`` are the four kinds of metal and bird, by IRI."""
    return KGTextClassifier(kinds, folds=3).fit(words.texts, four(words))


def four(words) -> list[str]:
    kinds = {"metal": ("light_metal", "heavy_metal"), "bird": ("wader", "songbird")}
    return [
        f"https://example.org/{kinds[label][i // 2 % 2]}" for i, label in enumerate(words.labels)
    ]


def test_labels_that_are_iris_give_back_off_and_it_is_saved(
    ided: KGTextClassifier, words, tmp_path: Path
) -> None:
    assert ided.backoff_ is not None
    assert len(ided.backoff_.scores) == 40
    found = ided.explain(words.texts[:6], coverage=0.9)
    told = found[0].to_json(ided.graph)["backoff"]
    assert set(told) == {"coverage", "entity", "classes", "probability"}
    json.dumps(told)
    ided.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert again.explain(words.texts[:6], coverage=0.9) == found
    assert "backoff" not in again.explain(words.texts[:1])[0].to_json(again.graph)


def test_a_model_of_other_labels_refuses_a_coverage_with_the_reason(
    fitted: KGTextClassifier, words
) -> None:
    with pytest.raises(UsageError, match=r"no back-off, 2 of 2 labels are no entity.*'bird'.*ids"):
        fitted.explain(words.texts[:1], coverage=0.9)


def test_back_off_between_labels_that_are_no_entities_is_no_model(
    ided: KGTextClassifier, tmp_path: Path
) -> None:
    classes, target = ided.classes_, ided.target_.classes_
    try:
        ided.classes_ = ided.target_.classes_ = np.array(["a", "b", "c", "d"])
        ided.save(tmp_path / "m")
    finally:
        ided.classes_, ided.target_.classes_ = classes, target
    with pytest.raises(ArtifactError, match="no entities of its graph"):
        KGTextClassifier.load(tmp_path / "m")

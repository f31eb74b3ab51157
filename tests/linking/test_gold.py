"""Scores by hand: five entities, two texts, one of each kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.errors import InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.gold import Names, Written, branches, evaluate
from kgml.linking.linker import EntityLinker
from kgml.linking.scores import Span, compare
from kgml.progress import KGMLWarning

OBO = """format-version: 1.2
ontology: tiny

[Term]
id: T:1
name: Heart disease

[Term]
id: T:2
name: Heart failure
alt_id: T:20
is_a: T:1

[Term]
id: T:3
name: Fever

[Term]
id: T:4
name: Mitral insufficiency
synonym: "MI" EXACT abbreviation []

[Term]
id: T:5
name: Skin rash

[Term]
id: T:50
name: Old rash
is_obsolete: true
replaced_by: T:5
"""
TEXTS = [
    "Heart failure with fever and a severe skin rash. MI was found.",
    "Fever after mitral insufficiency (MI); fever again.",
]
GOLD: list[list[Written]] = [
    [
        (0, 13, "Heart failure", "T:20"),  # found under the id it was merged into
        (29, 47, "a severe skin rash", "T:50"),  # found at other offsets: boundary
        (49, 51, "MI", "T:9"),  # the graph has no T:9: another sense was linked
        (56, 61, "found", "T:1"),  # missed
    ],  # and "fever", which no gold mention has: spurious
    [(0, 5, "Fever", "T:3|T:1"), (12, 32, "mitral insufficiency", "T:4+T:9"),
     (34, 36, "MI", "4"), (39, 44, "fever", "T:3|T:1")],
]  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    path: Path = tmp_path_factory.mktemp("gold") / "tiny.obo"
    path.write_text(OBO, encoding="utf-8")
    return load_graph(path)


def test_the_scores_are_those_worked_out_by_hand(graph: KnowledgeGraph) -> None:
    with pytest.warns(KGMLWarning, match="1 of 8 gold mentions have an id that the graph does not"):
        result = evaluate(graph, EntityLinker.from_graph(graph), TEXTS, GOLD)
    # Predicted: heart failure, fever, skin rash, MI | fever, mitral insufficiency, MI, fever
    # Right: heart failure, skin rash | all four: 6 of 8; of 8 gold mentions 6 are found.
    assert result["mention"] == {"precision": 0.75, "recall": 0.75, "f1": 0.75}
    # Entities predicted: 2, 3, 5, 4 | 3, 4: 4 of 6 right. Gold: 2, 5, T:9, 1 | 3|1, 4|T:9, 4: 5 of 7.
    assert result["document"] == {"precision": 0.6667, "recall": 0.7143, "f1": 0.6897}
    assert result["errors"] == {"boundary": 1, "wrong_sense": 1, "missed": 1, "spurious": 1}
    # "MI" as T:9 and "found" are wrong.
    assert result["accuracy_at_1"] == 0.75
    counts = ("documents", "mentions", "unknown_ids", "unknown_mentions")
    assert [result[name] for name in counts] == [2, 8, 1, 1]


def test_two_alternatives_met_by_one_prediction_keep_precision_at_one() -> None:
    gold = [[Span(0, 2, frozenset({1, 2})), Span(3, 5, frozenset({1}))]]
    scores = compare(gold, [[Span(0, 2, frozenset({1}))]])
    assert scores["document"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert scores["mention"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667}


def test_nothing_predicted_and_nothing_wanted_score_zero_without_a_crash() -> None:
    nothing = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert compare([[]], [[]])["mention"] == nothing
    assert compare([[Span(0, 2, frozenset({1}))]], [[]])["document"] == nothing


def test_a_gold_mention_is_linked_within_its_own_bounds_and_in_its_document(
    graph: KnowledgeGraph,
) -> None:
    linker = EntityLinker.from_graph(graph)
    # "heart" alone is nothing, though the document's words go on to "heart failure".
    cut = evaluate(graph, linker, ["heart failure"], [[(0, 5, "heart", "T:2")]])
    assert cut["mention"]["f1"] == 1.0
    assert cut["accuracy_at_1"] == 0.0
    # "RS" is a rash only where the document says so.
    text = "Skin rash (RS) was seen. RS went away."
    defined = evaluate(graph, linker, [text], [[(25, 27, "RS", "T:5")]])
    assert defined["accuracy_at_1"] == 1.0


def test_an_id_is_mapped_by_the_graph_itself(graph: KnowledgeGraph) -> None:
    names = Names(graph)
    two, five = graph.number("T:2"), graph.number("T:5")
    assert names.entities("T:20") == {two}
    assert names.entities("T:50 + T:2|") == {five, two}
    assert names.entities(graph.iris[two]) == {two}
    assert names.entities("2|no") == {two, "no"}


def test_branches_are_the_roots_and_what_is_below(graph: KnowledgeGraph) -> None:
    wanted = [graph.number("T:1"), graph.number("T:2")]
    assert branches(graph, ["T:1"]) == wanted
    linker = EntityLinker.from_graph(graph, entities=wanted)
    assert [m.text for m in linker.link_one(TEXTS[0])] == ["Heart failure"]
    with pytest.raises(InputError, match="no entity 'T:99'"):
        branches(graph, ["T:99"])

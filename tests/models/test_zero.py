"""Models without a labelled text, where only the graph knows what the words mean."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kgml.config import Config
from kgml.data.classes import DescribedClass
from kgml.errors import CorpusError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import explain
from kgml.models.features import permutation, relabelled
from kgml.models.train import evaluate, predict
from kgml.models.without_labels import train_without_labels
from kgml.models.zero import describe, fit_described, fit_without_labels, surest

SPELLED = ["".join(p) for p in product(("bru", "dok", "glim", "sna"), ("va", "xo"), "klrtz")]
WORDS = np.random.default_rng(0).permutation(SPELLED).tolist()
"""The words of ``kinds``, in its order."""
IRI = "https://example.org/"
BY_ID = [DescribedClass("b", ids=(IRI + "bird",)), DescribedClass("m", ids=(IRI + "metal",))]
BY_NAME = [DescribedClass("b", ("birds",)), DescribedClass("m", ("metals",))]


def right(model: KGTextClassifier, words) -> float:
    """Share of the texts; classes are called by the first letter of the labels."""
    return float(np.mean(model.predict(words.texts) == [name[0] for name in words.labels]))


@pytest.fixture(scope="module")
def told(kinds: KnowledgeGraph) -> KGTextClassifier:
    """By entities, no text seen."""
    return fit_without_labels(KGTextClassifier(kinds), BY_ID)


def test_an_entity_is_described_by_what_is_below_it(told: KGTextClassifier, words) -> None:
    assert right(told, words) == 1


def test_a_name_is_enough_where_the_ancestors_names_are_near_it(kinds, words) -> None:
    assert right(fit_without_labels(KGTextClassifier(kinds), BY_NAME), words) > 0.9


def test_without_the_graph_nothing_tells_these_texts_apart(words) -> None:
    assert right(fit_without_labels(KGTextClassifier(None), BY_NAME), words) < 0.75


def test_permuted_entities_do_not_help(kinds, words, told: KGTextClassifier) -> None:
    maker = told.featurizer()
    documents = maker.documents(words.texts)
    shares = []
    for seed in range(5):
        moved = relabelled(documents, permutation(documents, seed), kinds)
        said = told.classes_[told.codes_documents(moved)]
        shares.append(np.mean(said == [name[0] for name in words.labels]))
    assert 0.3 < np.mean(shares) < 0.7


def test_a_label_that_is_an_id_is_that_entity_and_a_name_from_end_to_end_is_too(kinds) -> None:
    maker = KGTextClassifier(kinds).featurizer()
    classes = [DescribedClass(IRI + "bird"), DescribedClass("m", ("heavy metal",)),
               DescribedClass("x", ("light metal and more",))]  # fmt: skip
    found = describe(maker, classes)
    assert [[kinds.labels[i] for i in own] for own in found.entities] == [
        ["any bird"], ["heavy metal"], [],
    ]  # fmt: skip
    assert found.below.sum(axis=0).tolist()[2] == 0
    assert found.below[kinds.number(IRI + "wader")].tolist() == [True, False, False]
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-5)


def test_unlabelled_texts_are_learned_from_and_told_apart(kinds, words) -> None:
    model = fit_without_labels(KGTextClassifier(kinds), BY_ID, words.texts)
    assert model.learned_from_ == 24, "twelve of each class"
    assert model.assembly_.lexical_ is not None
    assert right(model, words) == 1


def test_with_too_few_texts_the_descriptions_decide_and_a_note_says_so(kinds, words) -> None:
    notes: list[str] = []
    from kgml import progress

    progress.set_notes(notes.append)
    try:
        model = fit_without_labels(KGTextClassifier(kinds), BY_ID, words.texts[:4])
    finally:
        progress.set_notes(None)
    assert model.learned_from_ == 0
    assert "nearest to fewer than 5 texts, such as 'b'" in notes[0]
    assert right(model, words) > 0.9


@pytest.fixture(scope="module")
def saying(words) -> list[str]:
    """120 texts that say what they are about, each word in three of them."""
    sentences = ("The {} called {} again.", "A {}, {}, was there.", "Of every {} we liked {} most.")
    return [
        s.format(name, text)
        for s in sentences
        for name, text in zip(words.labels, WORDS, strict=False)
    ]


def test_knowledge_enters_where_it_agrees_with_the_text_more_than_by_chance(
    kinds, saying: list[str]
) -> None:
    model = fit_without_labels(KGTextClassifier(kinds), BY_ID, saying)
    assert model.strength_ == 1
    assert model.agreement_.real > 0.9
    assert 0.3 < model.agreement_.placebo < 0.7
    assert "it is used" in model.agreement_.sentence


def test_permuted_entities_are_found_out_without_a_label(kinds, saying: list[str]) -> None:
    model = KGTextClassifier(kinds)
    maker = model.featurizer()
    documents = maker.documents(saying)
    moved = relabelled(documents, permutation(documents, 11), kinds)
    fit_described(model, describe(maker, BY_ID), moved)
    assert model.strength_ == 0
    assert "the model leaves it out" in model.agreement_.sentence
    np.testing.assert_array_equal(
        model.proba_documents(moved), model.proba_documents(documents.without_links())
    )


def test_the_surest_are_those_with_the_widest_margin() -> None:
    decisions = np.zeros((300, 2))
    decisions[:, 1] = np.linspace(-1, 1, 300)
    rows, y = surest(decisions)
    assert rows.tolist() == [*range(75), *range(225, 300)]
    assert y.tolist() == [0] * 75 + [1] * 75


def test_the_model_is_saved_loaded_and_explained_as_any_other(
    told: KGTextClassifier, words, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        told.save(tmp_path / name)
    again = KGTextClassifier.load(tmp_path / "one")
    np.testing.assert_array_equal(again.predict_proba(words.texts), told.predict_proba(words.texts))
    files = [f.relative_to(tmp_path / "one") for f in (tmp_path / "one").rglob("*") if f.is_file()]
    assert all(
        (tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files
    )
    (found,) = explain(again, words.texts[:1])
    assert found.mention_losses[0].lost > 0.1, "the ontology is all it has"
    with pytest.raises(UsageError, match="no back-off, 2 of 2 labels are no entity"):
        again.explain(words.texts[:1], coverage=0.9)


def test_a_model_of_ids_has_no_back_off_without_labelled_texts(kinds, words) -> None:
    classes = [DescribedClass(IRI + "bird"), DescribedClass(IRI + "metal")]
    model = fit_without_labels(KGTextClassifier(kinds), classes)
    with pytest.raises(UsageError, match="made without labelled texts"):
        model.explain(words.texts[:1], coverage=0.9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tune": True}, "tune 'True' cannot be had without labels; wanted False"),
        ({"fusion": "attention"}, "fusion 'attention' cannot be had without labels"),
        ({"node_encoder": "sage"}, "node_encoder 'sage' cannot be had"),
        ({"target": "multi"}, "target 'multi' cannot be had"),
        ({"head": "svm"}, "head 'svm' cannot be had"),
    ],
)
def test_options_that_need_labels_are_refused(kinds, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fit_without_labels(KGTextClassifier(kinds, **options), BY_ID)


def test_an_id_that_the_graph_lacks_is_named_with_its_class(kinds) -> None:
    with pytest.raises(InputError, match=r"class 'x': no entity 'X:1' in this graph"):
        describe(KGTextClassifier(kinds).featurizer(),
                 [*BY_ID, DescribedClass("x", ids=("X:1",))])  # fmt: skip


def test_two_classes_of_one_description_are_refused(kinds) -> None:
    with pytest.raises(CorpusError, match="'a' and 'b' are described by the same"):
        describe(KGTextClassifier(kinds).featurizer(),
                 [DescribedClass("a", ("birds",)), DescribedClass("b", ("birds",))])  # fmt: skip


def test_order_of_classes_and_other_texts_change_nothing(
    told: KGTextClassifier, kinds, words
) -> None:
    turned = fit_without_labels(KGTextClassifier(kinds), BY_ID[::-1])
    np.testing.assert_array_equal(
        turned.predict_proba(words.texts), told.predict_proba(words.texts)
    )
    np.testing.assert_allclose(
        told.predict_proba(words.texts[:1]), told.predict_proba(words.texts)[:1], rtol=1e-5
    )


def test_described_classes_without_documents_fit_too(kinds, words) -> None:
    model = KGTextClassifier(kinds)
    fit_described(model, describe(model.featurizer(), BY_ID))
    assert right(model, words) == 1


def test_the_command_reads_training_rows_only_and_leaves_their_labels_alone(
    kinds, words, tmp_path: Path
) -> None:
    kinds.save(tmp_path / "g.kg")
    table, classes = tmp_path / "t.csv", tmp_path / "c.csv"
    with table.open("w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label", "split"])
        out.writerows(
            [text, label[0] if i >= 30 else "never read", "test" if i >= 30 else "train"]
            for i, (text, label) in enumerate(zip(words.texts, words.labels, strict=True))
        )
    classes.write_text(f"label,id\nb,{IRI}bird\nm,{IRI}metal\n")
    result = train_without_labels(
        graph=tmp_path / "g.kg", classes=classes, data=table, output=tmp_path / "m", config=Config()
    )
    assert result["rows"] == {"texts": 30, "learned_from": 24}
    assert [one["entities"] for one in result["classes"]] == [[IRI + "bird"], [IRI + "metal"]]
    found = evaluate(tmp_path / "m", table)
    assert (found["rows"], found["part"], found["metrics"]["accuracy"]) == (10, "test", 1)
    assert predict(tmp_path / "m", words.texts[:1])[0]["label"] == words.labels[0][0]

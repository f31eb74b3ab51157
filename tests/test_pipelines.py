"""Ten lines from ontology and table to predictions with linked concepts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from kgml import BiomedicalPipeline, FinancePipeline, KGTextClassifier, load_graph
from kgml.errors import CorpusError, OntologyError, UsageError
from kgml.pipelines import Pipeline
from kgml.resources import examples, ontology

QUICK = {"folds": 2}
TEXT = "Gilts rallied after the Bank of England held Bank Rate."


@pytest.fixture(scope="module")
def finance() -> Pipeline:
    return FinancePipeline(fusion="attention", **QUICK).fit(per_class=6)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Twelve notes, columns of other names, no split."""
    rows = [
        ("New atrial fibrillation on the monitor.", "heart"), ("Her murmur was louder.", "heart"),
        ("Chest pain, troponin raised.", "heart"), ("Ejection fraction of 30%.", "heart"),
        ("Warfarin for the valve.", "heart"), ("He fainted; the rhythm was slow.", "heart"),
        ("Wheeze and a peak flow of 200.", "lung"), ("The cough brought up sputum.", "lung"),
        ("Asthma since childhood.", "lung"), ("Pneumonia in the left lower lobe.", "lung"),
        ("Oxygen at home for COPD.", "lung"), ("A nodule on the chest film.", "lung"),
    ]  # fmt: skip
    path = tmp_path / "notes.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("note", "ward"), *rows])
    return path


def test_without_arguments_the_shipped_ontology_and_examples_are_used(finance: Pipeline) -> None:
    assert finance.graph.fingerprint == load_graph(ontology("fin")).fingerprint
    (one,) = finance.predict([TEXT])
    assert one.label in one.probabilities
    labels = [finance.graph.labels[m.candidates[0].entity] for m in one.mentions]
    assert labels == ["gilt", "Bank of England", "Bank Rate"]
    assert all(TEXT[m.start : m.end] == m.text for m in one.mentions)


def test_options_reach_the_classifier(finance: Pipeline) -> None:
    assert finance.classifier.fusion == "attention"
    assert len(finance.corpus.train) == 48


def test_evaluate_scores_the_test_rows_of_the_table(finance: Pipeline) -> None:
    scores = finance.evaluate()
    texts, labels = finance.corpus.part(finance.corpus.test)
    predicted = finance.classifier.predict(texts)
    assert scores["accuracy"] == pytest.approx(np.mean(predicted == np.array(labels)), abs=1e-6)
    low, high = scores["interval"]["accuracy"]
    assert 2 / 8 < low < scores["accuracy"] < high


def test_a_saved_pipeline_is_read_as_a_classifier(finance: Pipeline, tmp_path: Path) -> None:
    finance.save(tmp_path / "m")
    again = KGTextClassifier.load(tmp_path / "m")
    assert again.explain([TEXT]) == finance.predict([TEXT])


def test_own_table_columns_and_graph_are_taken(notes: Path) -> None:
    graph = load_graph(ontology("bio"))
    pipeline = BiomedicalPipeline(graph, **QUICK)
    assert pipeline.graph is graph
    columns = {"text_column": "note", "label_column": "ward"}
    pipeline.fit(notes, test_size=1 / 3, **columns)
    assert sorted(pipeline.classifier.classes_) == ["heart", "lung"]
    assert (len(pipeline.corpus.train), len(pipeline.corpus.test)) == (8, 4)
    assert pipeline.predict(["Atrial fibrillation with a fast ventricular rate."])[0].mentions


def test_the_seed_of_the_split_is_that_of_the_model(notes: Path) -> None:
    columns = {"text_column": "note", "label_column": "ward"}
    graph = load_graph(ontology("bio"))
    drawn = [
        BiomedicalPipeline(graph, random_state=seed, **QUICK).fit(notes, **columns).corpus.test
        for seed in (1, 1, 2)
    ]
    assert drawn[0].tolist() == drawn[1].tolist() != drawn[2].tolist()


def test_every_domain_has_an_ontology_and_examples() -> None:
    for pipeline in (FinancePipeline, BiomedicalPipeline):
        assert ontology(pipeline.domain)
        assert examples(pipeline.domain)


def test_mistakes_end_in_one_message(notes: Path, tmp_path: Path) -> None:
    graph = load_graph(ontology("bio"))
    with pytest.raises(CorpusError, match=r"no column 'text'; choose from note, ward"):
        BiomedicalPipeline(graph).fit(notes)
    with pytest.raises(CorpusError, match="no such file"):
        BiomedicalPipeline(graph).fit(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="Did you mean 'gated'"):
        BiomedicalPipeline(graph, fusion="gatd").fit(notes, text_column="note", label_column="ward")
    with pytest.raises(OntologyError, match=r"none\.ttl"):
        BiomedicalPipeline(tmp_path / "none.ttl")

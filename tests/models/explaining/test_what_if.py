"""What flips in a what-if flips with an ontology that has the change in its file."""

from __future__ import annotations

import pytest

from kgml.config import LinkingConfig
from kgml.errors import CorpusError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.models.explaining.what_if import parse_synonym, what_if

METAL = (
    ':{0} a owl:Class ; rdfs:label "{0}"@en ; rdfs:subClassOf :{1} .\n'
    ':{1} a owl:Class ; rdfs:label "any {1}"@en .\n'
)
BODY = METAL.format("glimra", "metal") + METAL.format("snatto", "metal") + METAL.format(
    "pluvi", "bird"
) + METAL.format("kradl", "bird")  # fmt: skip
SYNONYM = ':glimra <http://www.w3.org/2004/02/skos/core#altLabel> "dokvax"@en .\n'
TEXTS = ["We saw dokvax there.", "We saw pluvi there.", "We saw snatto there.", "Nothing."]
IRI = "https://example.org/{}"


def fit(graph: KnowledgeGraph, **options: object) -> KGTextClassifier:
    texts = [f"We saw {word} there." for word in ("glimra", "snatto", "pluvi", "kradl")] * 3
    labels = ["metal", "metal", "bird", "bird"] * 3
    model = KGTextClassifier(graph, folds=2, knowledge="always", **options).fit(texts, labels)
    model.assembly_.head_.temperature = 1.0  # so few texts calibrate to certainty
    return model


@pytest.fixture(scope="module")
def model(graph) -> KGTextClassifier:
    return fit(graph(BODY))


def with_graph(model: KGTextClassifier, graph: KnowledgeGraph) -> KGTextClassifier:
    """What was learned with one graph, over another of the same entities."""
    other = KGTextClassifier(graph, **{k: v for k, v in model.get_params().items() if k != "graph"})
    for name in ("target_", "classes_", "strength_", "recipe_", "vectors_", "assembly_"):
        setattr(other, name, getattr(model, name))
    return other


def test_an_added_synonym_predicts_as_if_the_file_had_it(model, graph) -> None:
    found = what_if(model, TEXTS, synonyms=[(IRI.format("glimra"), "dokvax")])
    assert found.reached == [0]
    assert found.after[0].mentions[0].text == "dokvax"
    assert found.before[0].mentions == []
    changed = with_graph(model, graph(BODY + SYNONYM))
    shares = changed.predict_proba(TEXTS)
    assert [side.label for side in found.after] == changed.predict(TEXTS).tolist()
    assert [s.probability for s in found.after] == pytest.approx(shares.max(axis=1), abs=2e-6)
    assert [s.probability for s in found.before] == pytest.approx(
        model.predict_proba(TEXTS).max(axis=1), abs=2e-6
    )
    turned = [i for i, label in enumerate(model.predict(TEXTS)) if label != found.after[i].label]
    assert found.flips == turned


def test_a_synonym_of_the_other_kind_flips_what_the_first_does_not(model) -> None:
    metal = what_if(model, TEXTS[:1], synonyms=[(IRI.format("glimra"), "dokvax")])
    bird = what_if(model, TEXTS[:1], synonyms=[(IRI.format("kradl"), "dokvax")])
    assert (metal.after[0].label, bird.after[0].label) == ("metal", "bird")
    assert sorted([metal.flips, bird.flips]) == [[], [0]]


def test_a_dropped_concept_is_linked_no_more_and_carries_nothing(model) -> None:
    pluvi, bird = IRI.format("pluvi"), IRI.format("bird")
    found = what_if(model, TEXTS, drop=[pluvi])
    assert found.reached == [1]
    assert found.after[1].mentions == []
    above = what_if(model, TEXTS, drop=[bird])
    assert above.reached == [1]
    assert above.after[1].mentions == above.before[1].mentions != []
    assert above.after[1].probability < above.before[1].probability
    both = what_if(model, TEXTS, drop=[pluvi, bird], synonyms=[(pluvi, "dokvax")])
    assert both.after[0] == both.before[0], "a synonym of what is dropped links nothing"


def test_the_model_stays_as_it_was_and_alone_is_as_in_a_batch(model) -> None:
    before = model.predict_proba(TEXTS)
    change = {"synonyms": [(IRI.format("glimra"), "dokvax")], "drop": [IRI.format("bird")]}
    whole = what_if(model, TEXTS, **change)
    assert (model.predict_proba(TEXTS) == before).all()
    for row, text in enumerate(TEXTS):
        alone = what_if(model, [text], **change)
        assert (alone.before[0], alone.after[0]) == (whole.before[row], whole.after[row])


def test_options_of_the_linker_hold_for_the_change_too(graph) -> None:
    model = fit(graph(BODY), linking=LinkingConfig(variants=False))
    form = [(IRI.format("glimra"), "dokvax ware")]
    assert what_if(model, ["The wares, dokvax."], synonyms=form).reached == []
    assert what_if(model, ["The dokvax ware."], synonyms=form).reached == [0]


def test_without_knowledge_nothing_flips(graph) -> None:
    model = fit(graph(BODY), fusion="none")
    found = what_if(model, TEXTS, synonyms=[(IRI.format("kradl"), "dokvax")])
    assert (found.reached, found.flips) == ([0], [])
    assert found.before[0].probability == found.after[0].probability


def test_what_is_no_change_or_no_entity_is_refused(model) -> None:
    with pytest.raises(UsageError, match="no change to try"):
        what_if(model, TEXTS)
    with pytest.raises(InputError, match=r"no entity 'https://example.org/glimrra'"):
        what_if(model, TEXTS, drop=[IRI.format("glimrra")])
    with pytest.raises(UsageError, match="nothing but blanks"):
        what_if(model, TEXTS, synonyms=[(IRI.format("glimra"), "  ")])
    with pytest.raises(CorpusError, match="empty text in row 1"):
        what_if(model, [" "], drop=[0])


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("https://example.org/metal=ore", "https://example.org/metal", "ore"),
        (" https://example.org/metal = pig iron ", "https://example.org/metal", "pig iron"),
        ("https://example.org/metal=a=b", "https://example.org/metal", "a=b"),
    ],
)
def test_a_synonym_is_cut_behind_the_entity(model, text: str, key: str, words: str) -> None:
    assert parse_synonym(text, model.graph) == (key, words)


def test_an_iri_may_have_an_equals_sign(graph) -> None:
    odd = graph('<http://example.org/t?id=3> a owl:Class ; rdfs:label "x"@en .')
    assert parse_synonym("http://example.org/t?id=3=y", odd) == ("http://example.org/t?id=3", "y")


@pytest.mark.parametrize("text", ["", "metal", "=ore", "https://example.org/metal=", "x= "])
def test_a_synonym_without_its_parts_is_refused(model, text: str) -> None:
    with pytest.raises(UsageError, match="wanted ID=WORDS"):
        parse_synonym(text, model.graph)


def test_a_synonym_of_no_entity_is_refused(model) -> None:
    with pytest.raises(InputError, match="no entity 'nobody'"):
        parse_synonym("nobody=ore", model.graph)

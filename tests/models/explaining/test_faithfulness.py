"""Planted: one mention of each text decides, the others say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kgml.errors import CorpusError, InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.classifier import KGTextClassifier
from kgml.models.explaining.faithfulness import SHARES, faithfulness
from kgml.models.explaining.removal import Cut, one_document, probabilities

TREES = [f"plim{ending}" for ending in ("ra", "ko", "tis", "zu", "fel", "gor", "nak", "wex")]


def planted(words: list[str], seed: int) -> list[str]:
    """Each word among four trees, its place drawn."""
    source = np.random.default_rng(seed)
    texts = []
    for word in words:
        parts = [*source.choice(TREES, 4, replace=False).tolist(), word]
        texts.append(f"{', '.join(source.permutation(parts).tolist())}.")
    return texts


def named(texts: list[str], graph: KnowledgeGraph) -> list[str]:
    """The metal or bird of each text."""
    return [w for text in texts for w in text.replace(".", "").split() if w in graph.labels]


@pytest.fixture(scope="module")
def model(graph, kinds: KnowledgeGraph, words) -> KGTextClassifier:
    """Metals and birds, and trees that stand in texts of both."""
    lines = [f':{t} a owl:Class ; rdfs:label "{t}"@en ; rdfs:subClassOf :tree .' for t in TREES]
    for entity in kinds:
        above = "".join(f" ; rdfs:subClassOf <{kinds.iris[p]}>" for p in kinds.parents(entity))
        lines.append(f'<{entity.iri}> a owl:Class ; rdfs:label "{entity.label}"@en{above} .')
    made = graph("\n".join([':tree a owl:Class ; rdfs:label "any tree"@en .', *lines]))
    fitted = KGTextClassifier(made, folds=2, knowledge="always", lexical=False, head="logistic")
    fitted.fit(planted(named(words.texts, kinds)[:32], 0), words.labels[:32])
    fitted.assembly_.head_.temperature = 1.0  # so few texts calibrate to certainty
    return fitted


@pytest.fixture(scope="module")
def held(words, kinds) -> list[str]:
    return planted(named(words.texts, kinds)[20:], 1)


def test_the_ranking_is_clearly_better_than_chance_where_one_mention_decides(model, held) -> None:
    found = faithfulness(model, [*held, "no mention", TREES[0]])
    assert (found.texts, found.counted, found.mentions) == (len(held) + 2, len(held), 5)
    for measured in (found.comprehensiveness, found.sufficiency):
        assert measured.interval[0] > 0.05
        assert measured.interval[0] < measured.difference < measured.interval[1]
    assert found.comprehensiveness.ranking > 2 * found.comprehensiveness.random
    assert found.sufficiency.ranking < found.sufficiency.random
    assert found.all_mentions > 0.2


def test_the_measures_of_one_text_by_hand(model, held) -> None:
    """Of five mentions 10% and 20% are one, 50% are three."""
    sizes = [max(1, math.ceil(share * 5)) for share in SHARES]
    assert sizes == [1, 1, 3]
    one = one_document(model.featurizer().documents(held[:1]), 0)
    every = frozenset(range(5))

    def share(*places: int) -> float:
        return float(probabilities(model, one, [Cut(mentions=frozenset(places))])[0, label])

    label = int(probabilities(model, one, [Cut()]).argmax())
    ranked = sorted(every, key=share)
    tops = [ranked[:size] for size in sizes]
    found = faithfulness(model, held[:1])
    without = np.mean([share() - share(*top) for top in tops])
    assert found.comprehensiveness.ranking == pytest.approx(without, abs=1e-5)
    only = np.mean([share() - share(*(every - set(top))) for top in tops])
    assert found.sufficiency.ranking == pytest.approx(only, abs=1e-5)
    assert found.all_mentions == pytest.approx(share() - share(*every), abs=1e-5)


def test_the_same_seed_gives_the_same_numbers_in_any_order_of_rows(model, held) -> None:
    first = faithfulness(model, held, seed=3)
    assert faithfulness(model, held, seed=3) == first
    turned = faithfulness(model, held[::-1], seed=3)
    for name in ("comprehensiveness", "sufficiency"):
        one, other = getattr(first, name), getattr(turned, name)
        assert (one.ranking, one.random) == pytest.approx((other.ranking, other.random))
    assert faithfulness(model, held, seed=4).comprehensiveness != first.comprehensiveness


def test_what_cannot_be_measured_is_refused_in_words(model, kinds, words) -> None:
    with pytest.raises(InputError, match="none of 2 texts has 2 mentions"):
        faithfulness(model, ["no mention", f"one {TREES[0]}"])
    with pytest.raises(CorpusError, match="empty text in row 1"):
        faithfulness(model, [""])
    plain = KGTextClassifier(kinds, fusion="none", folds=2).fit(words.texts, words.labels)
    with pytest.raises(InputError, match=r"nothing to measure.*fusion none"):
        faithfulness(plain, words.texts)

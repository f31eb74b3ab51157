"""Texts in which only the ontology knows what the decisive words mean, and models fitted on them.

The words are invented and none occurs in two texts: neither TF-IDF nor the text encoder can tell
metals from birds, the graph can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import Documents, EntityVectors, Featurizer

HEAD = """\
@prefix : <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
FIVE = """\
:0 a owl:Class ; rdfs:label "disease"@en ; skos:definition "Something wrong."@en .
:1 a owl:Class ; rdfs:label "heart disease"@en ; rdfs:subClassOf :0 .
:2 a owl:Class ; rdfs:label "atrial fibrillation"@en ; rdfs:subClassOf :1 ; skos:altLabel "AF"@en .
:3 a owl:Class ; rdfs:label "cardiomyopathy"@en ; rdfs:subClassOf :1 .
:4 a owl:Class ; rdfs:label "asthma"@en ; rdfs:subClassOf :0 .
"""
SENTENCES = (
    "They had brought {} from the north.",
    "The notes of that year mention {} twice.",
    "Nobody could say how much {} there was.",
    "We paid for {} in the spring.",
    "Most of it turned out to be {}.",
)
SPELLED = ["".join(p) for p in product(("bru", "dok", "glim", "sna"), ("va", "xo"), "klrtz")]
WORDS = np.random.default_rng(0).permutation(SPELLED).tolist()
"""In no order, or the spelling would tell the classes apart."""
GROUPS = {"metal": ("light metal", "heavy metal"), "bird": ("wader", "songbird")}
Graph = Callable[[str], KnowledgeGraph]


@dataclass(frozen=True)
class Table:
    """Forty texts and their labels, the two classes in turn."""

    texts: list[str]
    labels: list[str]

    @property
    def codes(self) -> NDArray[np.int64]:
        return np.unique(self.labels, return_inverse=True)[1]


def dealt(*stacks: NDArray[np.float64]) -> list[dict[str, NDArray[np.float64]]]:
    """One dealing of the decisions of plain, knowledge and placebo."""
    return [dict(zip(("plain", "knowledge", "placebo"), stacks, strict=True))]


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A graph from Turtle statements; ``:`` is ``https://example.org/``."""

    def make(body: str) -> KnowledgeGraph:
        path = tmp_path_factory.mktemp("graph") / "g.ttl"
        path.write_text(HEAD + body, encoding="utf-8")
        return load_graph(path)

    return make


@pytest.fixture(scope="session")
def five(graph: Graph) -> KnowledgeGraph:
    """Disease (0) > heart disease (1) > atrial fibrillation (2), cardiomyopathy (3); asthma (4)."""
    return graph(FIVE)


@pytest.fixture(scope="session")
def encoder() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(scope="session")
def five_vectors(five: KnowledgeGraph, encoder: TextEncoder) -> EntityVectors:
    return EntityVectors(five, encoder, "text")


@pytest.fixture(scope="session")
def words() -> Table:
    labels = [name for _ in range(20) for name in GROUPS]
    return Table([SENTENCES[i // 2 % 5].format(word) for i, word in enumerate(WORDS[:40])], labels)


@pytest.fixture(scope="session")
def kinds(graph: Graph, words: Table) -> KnowledgeGraph:
    """Every word is below one of two kinds of metal or bird."""
    lines = []
    for name, below in GROUPS.items():
        lines.append(f':{name} a owl:Class ; rdfs:label "any {name}"@en .')
        for kind in below:
            code = kind.replace(" ", "_")
            lines.append(
                f':{code} a owl:Class ; rdfs:label "{kind}"@en ; rdfs:subClassOf :{name} .'
            )
    for i, (word, name) in enumerate(zip(WORDS, words.labels, strict=True)):
        code = GROUPS[name][i // 2 % 2].replace(" ", "_")
        lines.append(f':{word} a owl:Class ; rdfs:label "{word}"@en ; rdfs:subClassOf :{code} .')
    return graph("\n".join(lines))


@pytest.fixture(scope="session")
def documents(kinds: KnowledgeGraph, words: Table) -> Documents:
    made: Featurizer = KGTextClassifier(kinds).featurizer()
    return made.documents(words.texts)


@pytest.fixture(scope="session")
def fitted(kinds: KnowledgeGraph, words: Table) -> KGTextClassifier:
    """Concat; every tenth text is left out."""
    return KGTextClassifier(kinds, folds=3).fit(words.texts[:36], words.labels[:36])


@pytest.fixture(scope="session")
def saved(fitted: KGTextClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``fitted``; not to be changed."""
    path = tmp_path_factory.mktemp("saved") / "m"
    fitted.save(path)
    return path

"""Choices that were made on training rows: Ohsumed's test part is not looked at.

    python benchmarks/choices.py fusions --ontology doid --per-class 8      # macro-F1 of each fusion
    python benchmarks/choices.py placebo      # entities permuted: anywhere, or among those as deep
    python benchmarks/choices.py negation     # denied mentions: kept, left out, or counted apart
    python benchmarks/choices.py relations    # neighbours by typed relations as further columns

Each draw takes --per-class rows of each class from the training part and is scored on 1,200 other rows
of it: macro-F1, its mean over draws, and the mean difference to the first system with its standard
error. Fits are without the evidence, knowledge always on. ``relations`` wants an ontology that has
some (--ontology bio, which comes with kgml); ``--edges FILE`` (head, relation, tail) brings others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.metrics import f1_score

from kgml.data.corpus import draw_per_class, read_corpus
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.models.assembly import Assembly, Recipe, make_head
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.features import (
    Documents,
    EntityVectors,
    link_matrix,
    permutation,
    relabelled,
    spread,
    with_mentions,
)
from kgml.registry import names
from kgml.resources import ontology

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
ONTOLOGIES = {
    "doid": ["doid/doid_assembled.obo"],
    "all": ["hpo/hp.obo", "doid/doid_assembled.obo", "mesh/mesh_descriptors.obo"],
}
ASKED = 1_200
PERMUTATIONS = 4
WEIGHTS = (0.3, 0.6, 1.0)
Found = dict[str, list[float]]


@dataclass(frozen=True)
class Draw:
    """A draw of rows to learn from, and others of the training part to ask."""

    seed: int
    learn: np.ndarray
    asked: np.ndarray


@dataclass(frozen=True)
class Set:
    """The training part: documents, their classes, the graph and its vectors."""

    documents: Documents
    labels: list[str]
    y: np.ndarray
    graph: KnowledgeGraph
    vectors: EntityVectors

    def draws(self, count: int, seeds: int) -> Iterator[Draw]:
        """Rows by seed."""
        every = np.arange(len(self.y))
        for seed in range(seeds):
            rows = draw_per_class(self.labels, every, count, seed)
            rest = np.setdiff1d(every, rows)
            asked = np.random.default_rng(seed).choice(rest, min(ASKED, len(rest)), replace=False)
            yield Draw(seed, np.sort(rows), np.sort(asked))

    def fitted(self, documents: Documents, draw: Draw, fusion: str = "concat") -> Assembly:
        """A stack on the rows of ``draw``."""
        self.vectors.prepare(documents, fusion=fusion)
        stack = Assembly(Recipe(fusion, "logistic", seed=draw.seed), self.vectors, self.y.max() + 1)
        return stack.fit(documents.take(draw.learn), self.y[draw.learn])

    def score(self, decisions: np.ndarray, draw: Draw) -> float:
        """Macro-F1 of decisions on the rows asked."""
        return float(f1_score(self.y[draw.asked], decisions.argmax(axis=1), average="macro"))

    def asked(self, documents: Documents, draw: Draw, fusion: str = "concat") -> float:
        """`fitted`, and its score."""
        stack = self.fitted(documents, draw, fusion)
        return self.score(stack.decision(documents.take(draw.asked)), draw)

    def beside(self, stack: Assembly, documents: Documents, draw: Draw, counts: sparse.csr_matrix,
               weight: float) -> float:  # fmt: skip
        """The score with a further view of ``counts`` (n, e) beside the features of ``stack``."""
        view = ConceptView().fit(counts[draw.learn], self.graph.vocabularies)
        learn, asked = (
            sparse.csr_matrix(
                sparse.hstack(
                    [stack.features(documents.take(rows)), weight * view.transform(counts[rows])]
                )
            )
            for rows in (draw.learn, draw.asked)
        )
        head = make_head("logistic", draw.seed).fit(learn, self.y[draw.learn], self.y.max() + 1)
        return self.score(head.decision(asked), draw)


def fusions(of: Set, draw: Draw, _: argparse.Namespace) -> dict[str, float]:
    """Every fusion; the first is the text with TF-IDF."""
    order = ["none", *(name for name in names("fusion") if name != "none")]
    return {name: of.asked(of.documents, draw, name) for name in order}


def placebo(of: Set, draw: Draw, _: argparse.Namespace) -> dict[str, float]:
    """Permuted within vocabularies, and within tenths of the number of ancestors too."""
    vocabulary = of.graph.vocabularies
    learn, many = of.documents.take(draw.learn), np.diff(of.graph.ancestors.indptr)
    used = np.unique(learn.own.indices)
    cuts = np.unique(np.quantile(many[used], np.arange(0.1, 1, 0.1)))
    as_deep = vocabulary * (len(cuts) + 1) + np.searchsorted(cuts, many)
    found = {"as it is": of.asked(of.documents, draw)}
    for name, groups in (("anywhere", vocabulary), ("as deep", as_deep)):
        scores = []
        for k in range(PERMUTATIONS):
            moved = permutation(learn, 1000 + 10 * draw.seed + k, groups)
            scores.append(of.asked(relabelled(of.documents, moved, of.graph), draw))
        found[name] = float(np.mean(scores))
    return found


def negation(of: Set, draw: Draw, _: argparse.Namespace) -> dict[str, float]:
    """Denied mentions."""
    mentions = of.documents.mentions
    said = [[m for m in row if not m.negated] for row in mentions]
    denied = [[m for m in row if m.negated] for row in mentions]
    documents = with_mentions(of.documents, said, of.graph)
    counts = spread(link_matrix(denied, of.graph.vocabularies), of.graph)
    stack = of.fitted(documents, draw)
    return {
        "kept": of.asked(of.documents, draw),
        "left out": of.score(stack.decision(documents.take(draw.asked)), draw),
        **{f"apart, {w}": of.beside(stack, documents, draw, counts, w) for w in (0.5, 1.0)},
    }


def relations(of: Set, draw: Draw, _: argparse.Namespace) -> dict[str, float]:
    """Neighbours of the linked entities, in the direction of the relation, against it, and both."""
    triples = of.graph.triples[of.graph.triples[:, 1] != of.graph.is_a_relation]
    size = len(of.graph)
    ones = np.ones(len(triples), dtype=np.float32)
    there = sparse.csr_matrix((ones, (triples[:, 0], triples[:, 2])), shape=(size, size))
    there.data[:] = 1
    own, stack = of.documents.own, of.fitted(of.documents, draw)
    found = {"without": of.score(stack.decision(of.documents.take(draw.asked)), draw)}
    ways = {"there": there, "back": there.T.tocsr(), "both": (there + there.T).tocsr()}
    for name, matrix in ways.items():
        near = sparse.csr_matrix(own @ matrix)
        for kind, counts in ((name, near), (f"{name}, their ancestors", spread(near, of.graph))):
            counts.sort_indices()
            for weight in WEIGHTS:
                found[f"{kind}, {weight}"] = of.beside(stack, of.documents, draw, counts, weight)
    return found


CHOICES: dict[str, Callable[[Set, Draw, argparse.Namespace], dict[str, float]]] = {
    "fusions": fusions, "placebo": placebo, "negation": negation, "relations": relations,
}  # fmt: skip


def training_part(given: argparse.Namespace) -> Set:
    """Ohsumed's training rows, linked."""
    corpus = read_corpus(given.shared / "labels" / "ohsumed_single23" / "data.csv", seed=0)
    files = [given.shared / "ontologies" / file for file in ONTOLOGIES.get(given.ontology, ())]
    files = files or [ontology(given.ontology)]
    graph = load_graph([*files, *given.edges])
    model = KGTextClassifier(graph)
    texts, labels = corpus.part(corpus.train)
    documents = model.featurizer().documents(texts)
    y = np.unique(labels, return_inverse=True)[1]
    return Set(documents, labels, y, graph, model.entity_vectors())


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("choice", choices=CHOICES)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--ontology", default="doid", choices=[*ONTOLOGIES, "bio"])
    parser.add_argument("--edges", type=Path, nargs="*", default=[])
    parser.add_argument("--per-class", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    of, found = training_part(given), {}
    for draw in of.draws(given.per_class, given.seeds):
        for name, score in CHOICES[given.choice](of, draw, given).items():
            found.setdefault(name, []).append(score)
        print(f"draw {draw.seed} done", file=sys.stderr, flush=True)
    first = np.array(next(iter(found.values())))
    rows = []
    for name, scores in found.items():
        gain = np.array(scores) - first
        error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else None
        rows.append({"system": name, "macro_f1": float(np.mean(scores)),
                     "gain": float(gain.mean()), "error": error})  # fmt: skip
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()

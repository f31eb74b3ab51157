"""Entities to vectors: their sentence alone, and their sentence mixed with the neighbours'."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.encoders.links import distinct_links
from kgml.encoders.rows import Floats, unit_rows
from kgml.errors import InputError
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

SYNONYMS_SHOWN = 5
"""More would push the definition out of what the text encoder reads."""


def label_texts(graph: KnowledgeGraph) -> list[str]:
    """What an entity is searched by (the keys): its label, one per entity."""
    return list(graph.labels)


def entity_sentences(graph: KnowledgeGraph) -> list[str]:
    """What an entity means (the values): ``label (synonym; synonym): definition``, one each.

    The parts an entity lacks are left out; of its synonyms the first five are taken.
    """
    labels = label_texts(graph)
    synonyms: list[list[str]] = [[] for _ in labels]
    # Sorted by scope within an entity: exact synonyms come before broader and related ones.
    for form, number in zip(graph.forms.text, graph.forms.entity.tolist(), strict=True):
        if form != labels[number] and len(synonyms[number]) < SYNONYMS_SHOWN:
            synonyms[number].append(form)
    return [
        label + (f" ({'; '.join(others)})" if others else "") + (f": {meaning}" if meaning else "")
        for label, others, meaning in zip(labels, synonyms, graph.definitions, strict=True)
    ]


@dataclass(frozen=True)
class NodeState:
    """A fitted node encoder in words and numbers: `NodeEncoder.transform` needs no more.

    Attributes:
        options: what its ``__init__`` takes, as JSON has it; a checkpoint is none of them.
        learned: what `fit` found, as JSON has it.
        arrays: what `fit` found, as arrays.
    """

    options: dict[str, Any]
    learned: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


class NodeEncoder(ABC):
    """Gives every entity of a graph a vector, from its text features and its neighbours.

    `encode` is `fit` then `transform`. What `fit` learns does not depend on how many entities
    there are: `transform` also takes another graph, or the same one with entities that were absent
    from `fit`. Where ``inductive`` is false, those get zero rows.

    Args:
        seed: the same seed, graph and features give the same numbers (on one machine, with the
            same number of threads).
    """

    needs_all: ClassVar[bool] = True
    """Whether the vector of one entity needs the features of others."""
    uses_features: ClassVar[bool] = True
    """Whether the features count at all, or only the triples."""
    inductive: ClassVar[bool] = True
    """Whether an entity that was absent from `fit` gets a vector of its own."""
    defaults: ClassVar[Any] = None
    """How it is trained, a dataclass; None where nothing is. Others are passed as ``training``, and
    ``checkpoint`` is a folder to go on from."""
    has_objective: ClassVar[bool] = False
    """Whether it takes ``objective``, the name of what it is trained for."""

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Self:
        """Learn from ``graph`` and ``features`` (e, d_text); nothing to learn here by default."""
        check_features(graph, features)
        return self

    @abstractmethod
    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Vectors (e, d_node) float32 of the entities of ``graph``: rows of length 1 or 0."""

    def encode(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Fit, then transform: (e, d_text) to (e, d_node) float32, rows of length 1 or 0.

        Raises:
            InputError: not one row per entity, or a value is not finite.
        """
        return self.fit(graph, features).transform(graph, features)

    def state(self) -> NodeState:
        """What `from_state` makes the same encoder of; one that learns something adds that."""
        return NodeState({"seed": self.seed})

    @classmethod
    def from_state(cls, state: NodeState) -> Self:
        """The encoder that gave ``state``: `transform` gives the same bytes.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: ``state`` is of another class.
        """
        return cls(**state.options)


class TextNodeEncoder(NodeEncoder):
    """The text features themselves: the graph-free baseline."""

    needs_all = False

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """The features (e, d_text), rows of length 1."""
        return unit_vectors(check_features(graph, features))


class PropagationEncoder(NodeEncoder):
    """Parameter-free smoothing: the mean of X, SX, ..., S^k X, S = D^-1/2 (A + I) D^-1/2.

    A holds every pair of entities joined by a triple, undirected. S is the propagation of SGC (Wu
    et al., Simplifying Graph Convolutional Networks, ICML 2019); keeping each step beside the last
    is from SIGN (Frasca et al., 2020), averaged here rather than concatenated.
    """

    def __init__(self, *, seed: int = 0, steps: int = 2) -> None:
        super().__init__(seed=seed)
        self.steps = steps

    def state(self) -> NodeState:
        """The number of steps; nothing is learned."""
        return NodeState({"seed": self.seed, "steps": self.steps})

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Smoothed features (e, d_text), rows of length 1."""
        step = unit_rows(check_features(graph, features))
        smooth = normalized_adjacency(len(graph), graph.triples)
        total = step.copy()
        for _ in range(self.steps):
            step = np.asarray(smooth @ step, dtype=np.float32)
            total += step
        return unit_vectors(total)


def normalized_adjacency(size: int, triples: NDArray[Any]) -> sparse.csr_array:
    """D^-1/2 (A + I) D^-1/2 of the undirected graph: CSR (e, e) float32."""
    head, relation, tail = np.asarray(triples, dtype=np.int64).reshape(-1, 3).T
    pairs = distinct_links(head, relation, tail, size, directed=False)[:, [0, 2]]
    heads = np.concatenate([pairs[:, 0], pairs[:, 1], np.arange(size)])
    tails = np.concatenate([pairs[:, 1], pairs[:, 0], np.arange(size)])
    scale = 1.0 / np.sqrt(np.bincount(heads, minlength=size))
    values = (scale[heads] * scale[tails]).astype(np.float32)
    return sparse.csr_array((values, (heads, tails)), shape=(size, size))


def unit_vectors(vectors: NDArray[Any]) -> Floats:
    """Rows divided by their length; those that are zero stay so, and a warning counts them."""
    rows = unit_rows(vectors)
    zero = int((~rows.any(axis=1)).sum())
    if zero:
        warn(f"{zero:,} of {len(rows):,} entities have a zero vector: nothing is known of them")
    return rows


def check_features(graph: KnowledgeGraph, features: NDArray[Any]) -> NDArray[Any]:
    """``features`` as an array of one finite row per entity.

    Raises:
        InputError: another number of rows, or a value that is not finite.
    """
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != len(graph):
        raise InputError(
            f"node features of shape {features.shape}: wanted one row for each of the graph's "
            f"{len(graph):,} entities. Encode entity_sentences(graph)."
        )
    wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(wrong):
        raise InputError(
            f"node features of {len(wrong):,} entities hold NaN or infinity; the first is entity "
            f"{wrong[0]}. Encode the texts again."
        )
    return features

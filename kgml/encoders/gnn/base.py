"""What all graph neural encoders share: which links they see, training, the vectors."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgml.artifacts import to_json
from kgml.encoders.gnn.edges import Edges
from kgml.encoders.gnn.network import GraphNetwork, Layer
from kgml.encoders.gnn.objective import Objective, Task
from kgml.encoders.gnn.pieces import encode_all, whole
from kgml.encoders.gnn.training import Training, train
from kgml.encoders.links import distinct_links, pair_codes, split_links
from kgml.encoders.node import NodeEncoder, check_features, unit_vectors
from kgml.encoders.resume import is_saved
from kgml.encoders.rows import Floats, Integers
from kgml.progress import warn
from kgml.registry import resolve

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

MAX_RELATIONS = 8
"""The most frequent have parameters of their own; the rest, and relations that `transform` meets
for the first time, share one set."""


class GNNEncoder(NodeEncoder):
    """Two layers beside a skip (`GraphNetwork`) over the texts' features: (e, d_text) to (e, d).

    The input is text, so an entity that was absent from `fit` gets a vector of its own. A tenth of
    the linked pairs is held out; training stops when these are told from false links no better.

    Args:
        seed: of the split, the weights and all that is drawn.
        objective: what is trained for, by its name in the registry.
        training: None for the defaults.
        checkpoint: a folder where training is saved every half minute, and resumed from.

    Attributes:
        history_: one ``{epoch, loss, valid_auc}`` per epoch; ``valid_auc`` is None in epochs that
            were not checked.
        valid_auc_: area under the ROC curve of the kept weights on held-out links, against ten
            false links each; None where there were fewer than ten links.
    """

    relational: ClassVar[bool] = False
    """Whether relations, and their two directions, are told apart."""
    defaults: ClassVar[Training] = Training()
    has_objective: ClassVar[bool] = True

    def __init__(
        self,
        *,
        seed: int = 0,
        objective: str = "link-prediction",
        training: Training | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        super().__init__(seed=seed)
        self.objective = objective
        self.training = training
        self.checkpoint = checkpoint

    @abstractmethod
    def _layer(self, d: int, relations: int) -> Layer:
        """One layer, d to d, over edges of ``2 * relations`` kinds (the second half inverse)."""

    def fit(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Self:
        """Train on the links of ``graph`` with ``features`` (e, d_text) as input.

        Without a link there is nothing to learn: `transform` then gives a fixed orthogonal
        projection of the features, and a warning says so.

        Raises:
            InputError: features or options that cannot be used, or training diverges.
            UsageError: no objective of that name.
            ArtifactError: the checkpoint is of another run, damaged or not writable.
        """
        training = self.training or self.defaults
        training.check()
        objective = resolve("objective", self.objective)
        x = _tensor(check_features(graph, features))
        self.history_: list[dict[str, float | int | None]] = []
        self.valid_auc_: float | None = None
        self.relation_numbers_ = _frequent(graph) if self.relational else {}
        self.relations_ = len(self.relation_numbers_) + 1
        links = self._links(graph)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            d = training.dimension
            first, second = (self._layer(d, self.relations_) for _ in range(2))
            self.network_ = GraphNetwork(first, second, x.shape[1], d)
            self.objective_: Objective = objective(d, self.relations_)
            self._train(x, links, training)
        self.network_.eval()
        return self

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Vectors (e, d) float32 by the trained network, from all neighbours: rows of length 1.

        A row is zero, and a warning counts them, where neither text nor neighbours say anything.
        """
        x = _tensor(check_features(graph, features))
        links = self._links(graph)
        with torch.no_grad():
            if not self.history_:
                vectors = self.network_.text(x)
            elif len(links) > (self.training or self.defaults).full_batch:
                vectors = encode_all(self.network_, x, self._edges(graph, links))
            else:
                vectors = whole(x, self._edges(graph, links)).vectors(self.network_)
        return unit_vectors(vectors.numpy())

    def _train(self, x: Tensor, links: Integers, training: Training) -> None:
        if not len(links):
            if self.checkpoint is not None:
                task = Task(x, links, self.relations_, links)
                is_saved(self.checkpoint, self._fingerprint(task, links, training))
            warn("the graph has no links; its entities are encoded by their text alone")
            return
        known = np.unique(pair_codes(links, len(x)))
        kept, valid = split_links(links, np.random.default_rng(self.seed))
        task = Task(x, kept, self.relations_, known)
        state = train(
            self.network_, self.objective_, task, valid, training, seed=self.seed,
            checkpoint=self.checkpoint, fingerprint=self._fingerprint(task, valid, training),
        )  # fmt: skip
        self.history_ = state.history
        self.valid_auc_ = state.best if state.kept else None

    def _links(self, graph: KnowledgeGraph) -> Integers:
        """Distinct links (p, 3) without loops: head, relation as the network numbers it, tail."""
        other = len(self.relation_numbers_)
        numbers = [self.relation_numbers_.get(str(r), other) for r in graph.relations]
        triples = np.asarray(graph.triples, dtype=np.int64).reshape(-1, 3)
        relation = np.array(numbers, dtype=np.int64)[triples[:, 1]]
        return distinct_links(
            triples[:, 0], relation, triples[:, 2], len(graph), directed=self.relational
        )

    def _edges(self, graph: KnowledgeGraph, links: Integers) -> Edges:
        return Edges.of(links, len(graph), self.relations_)

    def _fingerprint(self, task: Task, valid: Integers, training: Training) -> str:
        """sha256 (hex) of all that decides how a run goes on."""
        said = {
            "model": type(self).__name__, "objective": type(self.objective_).__name__,
            "seed": self.seed, **asdict(training),
        }  # fmt: skip
        digest = hashlib.sha256(to_json(said).encode())
        for array in (task.x.numpy(), task.links, valid, np.array(task.x.shape)):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _frequent(graph: KnowledgeGraph) -> dict[str, int]:
    counts = np.bincount(graph.triples[:, 1], minlength=len(graph.relations))
    frequent = np.argsort(-counts, kind="stable")[:MAX_RELATIONS]
    return {str(graph.relations[r]): i for i, r in enumerate(frequent) if counts[r]}


def _tensor(features: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))

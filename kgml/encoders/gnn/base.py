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
from kgml.encoders.node import NodeEncoder, NodeState, check_features, unit_vectors
from kgml.encoders.resume import is_saved
from kgml.encoders.rows import Floats, Integers
from kgml.errors import InputError
from kgml.progress import warn
from kgml.registry import resolve

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

MAX_RELATIONS = 8
"""The most frequent have parameters of their own; the rest share one set."""


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
        relation_numbers_: relations of training by name, where they are told apart; links of others
            count as absent. relations_: how many the network has parameters for.
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
        self.relation_numbers_ = _by_frequency(graph) if self.relational else {}
        self.relations_ = min(len(self.relation_numbers_), MAX_RELATIONS) + 1
        links = self._links(graph)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_ = self._network(x.shape[1], training.dimension)
            self.objective_: Objective = objective(training.dimension, self.relations_)
            self._train(x, links, training)
        self.network_.eval()
        return self

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Vectors (e, d) float32 by the trained network, from all neighbours: rows of length 1.

        A row is zero, and a warning counts them, where neither text nor neighbours say anything.

        Raises:
            InputError: features that cannot be used, or of another width than those of `fit`.
        """
        x = _tensor(check_features(graph, features))
        wanted = self.network_.projection.in_features
        if x.shape[1] != wanted:
            raise InputError(
                f"node features of {x.shape[1]} numbers: training had {wanted}. Encode the texts "
                "with the text encoder of then."
            )
        with torch.no_grad():
            vectors = self._vectors(graph, x) if self.history_ else self.network_.text(x)
        return unit_vectors(vectors.numpy())

    def state(self) -> NodeState:
        """The network, and the relations it knows."""
        options = {
            "seed": self.seed, "objective": self.objective,
            "training": asdict(self.training or self.defaults),
        }  # fmt: skip
        learned = {
            "d_text": self.network_.projection.in_features,
            "relation_numbers": self.relation_numbers_, "relations": self.relations_,
            "history": self.history_, "valid_auc": self.valid_auc_,
        }  # fmt: skip
        tensors = self.network_.state_dict()
        return NodeState(options, learned, {name: t.numpy() for name, t in tensors.items()})

    @classmethod
    def from_state(cls, state: NodeState) -> Self:
        """The same network; what only training needs, such as the objective's weights, is gone."""
        given = state.options["training"]
        training = Training(**{**given, "fan_out": tuple(given["fan_out"])})
        made = cls(**{**state.options, "training": training})
        learned = state.learned
        made.history_, made.valid_auc_ = learned["history"], learned["valid_auc"]
        made.relation_numbers_, made.relations_ = learned["relation_numbers"], learned["relations"]
        with torch.random.fork_rng(devices=[]):
            made.network_ = made._network(learned["d_text"], training.dimension)
        made.network_.load_state_dict({n: torch.tensor(a) for n, a in state.arrays.items()})
        made.network_.eval()
        return made

    def _network(self, d_text: int, d: int) -> GraphNetwork:
        first, second = (self._layer(d, self.relations_) for _ in range(2))
        return GraphNetwork(first, second, d_text, d)

    def _vectors(self, graph: KnowledgeGraph, x: Tensor) -> Tensor:
        links = self._links(graph)
        edges = Edges.of(links, len(graph), self.relations_)
        if len(links) > (self.training or self.defaults).full_batch:
            return encode_all(self.network_, x, edges)
        return whole(x, edges).vectors(self.network_)

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
        """Distinct links (p, 3) without loops: head, relation as the network numbers it, tail.

        Links of a relation that was not in training are left out, and a warning counts them.
        """
        triples = np.asarray(graph.triples, dtype=np.int64).reshape(-1, 3)
        if not self.relational:
            head, relation, tail = triples.T
            return distinct_links(head, relation, tail, len(graph), directed=False)
        numbers = [self.relation_numbers_.get(str(r), -1) for r in graph.relations]
        relation = np.array(numbers, dtype=np.int64)[triples[:, 1]]
        known = relation >= 0
        if not known.all():
            strange = np.unique(triples[~known, 1])
            warn(
                f"{len(strange):,} of {len(graph.relations):,} relations were not in training, "
                f"such as '{graph.relations[strange[0]]}': their {int((~known).sum()):,} of "
                f"{len(known):,} links count as absent"
            )
        head, _, tail = triples[known].T
        return distinct_links(head, relation[known], tail, len(graph), directed=True)

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


def _by_frequency(graph: KnowledgeGraph) -> dict[str, int]:
    """Relations that have triples, the most frequent first; from `MAX_RELATIONS` on one number."""
    counts = np.bincount(graph.triples[:, 1], minlength=len(graph.relations))
    order = [r for r in np.argsort(-counts, kind="stable") if counts[r]]
    return {str(graph.relations[r]): min(i, MAX_RELATIONS) for i, r in enumerate(order)}


def _tensor(features: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))

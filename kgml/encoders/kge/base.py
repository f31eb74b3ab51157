"""What all embedding models share: tables, the loss over all entities, ranks, the vectors."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import dropout

from kgml.artifacts import to_json
from kgml.encoders.kge.queries import Queries
from kgml.encoders.kge.ranking import filtered_ranks, mean_reciprocal_rank
from kgml.encoders.kge.training import Training, train
from kgml.encoders.node import NodeEncoder, NodeState, check_features
from kgml.encoders.resume import is_saved
from kgml.encoders.rows import Floats, Integers, unit_rows
from kgml.errors import InputError
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

VALID_SHARE = 0.05
"""Of a graph's triples, held out to know when to stop."""
LEAST_VALID = 10
"""A graph that would hold out fewer than these runs all epochs instead."""


class KGEEncoder(NodeEncoder):
    """A vector for every entity it is trained on, and for no other: it is transductive.

    Texts have no part in it: ``features`` are checked and otherwise ignored. An entity without a
    triple, or one that was absent from `fit`, gets a zero row, and a warning counts them.

    One loss for all: the softmax cross-entropy of the true tail against every entity, and through
    reciprocal relations of the true head too (Lacroix et al., Canonical Tensor Decomposition for
    Knowledge Base Completion, ICML 2018). Triples that ask the same question share one row of
    scores, which is the same loss for a fraction of the products.

    Args:
        seed: of the start, the order and the dropout.
        training: None for the model's own defaults.
        checkpoint: a folder where training is saved every half minute, and resumed from.

    Attributes:
        entity_: (e, d) float32. relation_: (2r, d_relation) float32, the second half inverse.
        ids_, relation_names_: what their rows are called (of relations, the first half).
        history_: one ``{epoch, loss, valid_mrr}`` per epoch; ``valid_mrr`` is None in epochs that
            were not checked.
        valid_mrr_: filtered mean reciprocal rank of what is kept; None without validation.
    """

    uses_features: ClassVar[bool] = False
    inductive: ClassVar[bool] = False
    defaults: ClassVar[Training]

    def __init__(
        self, *, seed: int = 0, training: Training | None = None, checkpoint: Path | None = None
    ) -> None:
        super().__init__(seed=seed)
        self.training = training
        self.checkpoint = checkpoint

    @abstractmethod
    def _start(self, entities: int, relations: int, d: int) -> tuple[Tensor, Tensor]:
        """Random tables: (e, d) and (2r, d_relation)."""

    @abstractmethod
    def _compose(self, head: Tensor, relation: Tensor) -> Tensor:
        """Where the tail should be: (b, d) and (b, d_relation) to (b, d)."""

    @abstractmethod
    def _score(self, wanted: Tensor, entity: Tensor) -> Tensor:
        """How near every entity is: (b, d) and (e, d) to (b, e)."""

    def _norm(self, rows: Tensor) -> Tensor:
        """What is regularised, per row of a table: (b, w) to (b,)."""
        return rows.abs().pow(3).sum(dim=1)

    def fit(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Self:
        """Train on the triples of ``graph``, but for a few that say when to stop."""
        check_features(graph, features)
        self.name(graph.ids, [str(r) for r in graph.relations])
        triples = np.unique(np.asarray(graph.triples, dtype=np.int64).reshape(-1, 3), axis=0)
        if not len(triples):
            warn("no links in the graph: all vectors are zero")
        kept, held = hold_out(triples, np.random.default_rng(self.seed))
        return self.fit_triples(kept, held, entities=len(graph), relations=len(graph.relations))

    def name(self, entities: Sequence[str], relations: Sequence[str]) -> Self:
        """Say what the rows of both tables are called, where `fit` does not: `transform` asks."""
        self.ids_, self.relation_names_ = list(entities), list(relations)
        return self

    def fit_triples(
        self, triples: NDArray[Any], valid: NDArray[Any], *, entities: int, relations: int
    ) -> Self:
        """Train on ``triples`` (t, 3) until the ranks of ``valid`` (v, 3) get no better.

        Args:
            valid: none: all epochs are run.
            entities, relations: how many there are; numbers are below.

        Raises:
            InputError: a number is out of range, or training diverges.
        """
        training = self.training or self.defaults
        training.check()
        triples, valid = (
            _checked(triples, entities, relations),
            _checked(valid, entities, relations),
        )
        asked = Queries.of(triples, relations)
        known = Queries.of(np.concatenate([triples, valid]), relations)
        self.trained_ = np.zeros(entities, dtype=bool)
        self.trained_[triples[:, [0, 2]].reshape(-1)] = True
        self.history_: list[dict[str, float | int | None]] = []
        self.valid_mrr_: float | None = None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            tables = self._start(entities, relations, training.dimension)
            self._entity, self._relation = (table.requires_grad_() for table in tables)
            self._train(asked, valid, known, training)
        return self._tables(self._entity.detach(), self._relation.detach())

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Vectors (e, d) by the ids of entities; zero rows for those that training never saw."""
        check_features(graph, features)
        vectors = np.zeros((len(graph), self.entity_.shape[1]), dtype=np.float32)
        number = {name: i for i, name in enumerate(self.ids_) if self.trained_[i]}
        rows = np.array([number.get(name, -1) for name in graph.ids], dtype=np.int64)
        vectors[rows >= 0] = unit_rows(self.entity_[rows[rows >= 0]])
        missing = int((rows < 0).sum())
        if missing and len(self.history_):
            warn(
                f"{missing:,} of {len(graph):,} entities have no triple in training: their vectors "
                "are zero"
            )
        return vectors

    def state(self) -> NodeState:
        """Both tables and the names of their rows."""
        options = {"seed": self.seed, "training": asdict(self.training or self.defaults)}
        learned = {
            "entities": self.ids_, "relations": self.relation_names_,
            "history": self.history_, "valid_mrr": self.valid_mrr_,
        }  # fmt: skip
        arrays = {"entity": self.entity_, "relation": self.relation_, "trained": self.trained_}
        return NodeState(options, learned, arrays)

    @classmethod
    def from_state(cls, state: NodeState) -> Self:
        """The same tables: `ranks` goes on with them too."""
        made = cls(**{**state.options, "training": Training(**state.options["training"])})
        learned, arrays = state.learned, state.arrays
        made.history_, made.valid_mrr_ = learned["history"], learned["valid_mrr"]
        made.trained_ = arrays["trained"]
        made.name(learned["entities"], learned["relations"])
        made._tables(torch.tensor(arrays["entity"]), torch.tensor(arrays["relation"]))
        sizes = len(made.entity_), len(made.trained_), len(made.ids_)
        if len(set(sizes)) > 1 or len(made.relation_) != 2 * len(made.relation_names_):
            raise ValueError(f"its tables differ in length: {sizes}, {len(made.relation_)}")
        return made

    def _tables(self, entity: Tensor, relation: Tensor) -> Self:
        self._entity, self._relation = entity, relation
        self.entity_: Floats = entity.numpy()
        self.relation_: Floats = relation.numpy()
        return self

    def ranks(self, triples: NDArray[Any], known: NDArray[Any]) -> NDArray[np.float64]:
        """Filtered, realistic ranks (m, 2) of ``triples`` (m, 3), as tail and as head.

        Args:
            known: (k, 3) all true triples; those beside the one asked for do not count.
        """
        relations = len(self._relation) // 2
        return filtered_ranks(
            self._answer, triples, Queries.of(known, relations), len(self._entity)
        )

    def _answer(self, keys: Integers) -> Tensor:
        """Scores (b, e) of every entity as the tail of ``keys`` (b, 2)."""
        with torch.no_grad():
            head, relation = self._rows(keys)
            return self._score(self._compose(head, relation), self._entity)

    def _rows(self, keys: Integers) -> tuple[Tensor, Tensor]:
        head, relation = torch.from_numpy(keys.T.copy())
        # Not entity[head]: with several threads its gradient adds up in an order of its own.
        return self._entity.index_select(0, head), self._relation.index_select(0, relation)

    def _train(self, asked: Queries, valid: Integers, known: Queries, training: Training) -> None:
        def validate() -> float:
            return mean_reciprocal_rank(
                filtered_ranks(self._answer, valid, known, len(self._entity))
            )

        def loss(asked: Queries, rows: Integers) -> Tensor:
            return self._loss(asked, rows, training)

        fingerprint = self._fingerprint(asked, valid, training)
        if not len(asked):  # nothing to learn: no state is ever saved of that
            if self.checkpoint is not None:
                is_saved(self.checkpoint, fingerprint)
            return
        state = train(
            {"entity": self._entity, "relation": self._relation}, loss, asked,
            validate if len(valid) else None, training, seed=self.seed,
            checkpoint=self.checkpoint, fingerprint=fingerprint,
        )  # fmt: skip
        self.history_ = state.history
        self.valid_mrr_ = state.best if state.kept else None

    def _loss(self, asked: Queries, rows: Integers, training: Training) -> Tensor:
        """Cross-entropy of every answer to ``rows``, and N3 of each triple's three vectors."""
        place, answer = asked.answers_to(rows)
        count = torch.from_numpy(np.bincount(place, minlength=len(rows)).astype(np.float32))
        head, relation = self._rows(asked.keys[rows])
        wanted = self._compose(dropout(head, training.dropout), dropout(relation, training.dropout))
        scores = training.scale * self._score(wanted, self._entity)
        cell = torch.from_numpy(place * scores.shape[1] + answer)
        true = scores.reshape(-1).index_select(0, cell)
        value = (count * torch.logsumexp(scores, dim=1)).sum() - true.sum()
        if training.regularization:
            tail = self._entity.index_select(0, torch.from_numpy(answer))
            size = (count * (self._norm(head) + self._norm(relation))).sum()
            value = value + training.regularization * (size + self._norm(tail).sum())
        return value

    def _fingerprint(self, asked: Queries, valid: Integers, training: Training) -> str:
        """sha256 (hex) of all that decides how a run goes on."""
        said = {"model": type(self).__name__, "seed": self.seed, **asdict(training)}
        digest = hashlib.sha256(to_json(said).encode())
        for array in (asked.keys, asked.answers, valid, np.array(self._entity.shape)):
            digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
        return digest.hexdigest()


def hold_out(triples: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Split ``triples`` (t, 3) into those to learn from and a few to validate on.

    Only triples whose entities and relation also occur in the others are held out: the rest
    cannot be ranked.
    """
    most = int(VALID_SHARE * len(triples))
    if most < LEAST_VALID:
        return triples, triples[:0]
    entity = np.bincount(triples[:, [0, 2]].reshape(-1))
    relation = np.bincount(triples[:, 1])
    held = np.zeros(len(triples), dtype=bool)
    for row in rng.permutation(len(triples)):
        head, kind, tail = triples[row]
        if min(entity[head], entity[tail]) > 1 + (head == tail) and relation[kind] > 1:
            held[row] = True
            entity[head] -= 1
            entity[tail] -= 1
            relation[kind] -= 1
            most -= 1
        if not most:
            break
    return triples[~held], triples[held]


def _checked(triples: NDArray[Any], entities: int, relations: int) -> Integers:
    triples = np.asarray(triples, dtype=np.int64).reshape(-1, 3)
    most = np.array([entities, relations, entities])
    wrong = np.flatnonzero(((triples < 0) | (triples >= most)).any(axis=1))
    if len(wrong):
        raise InputError(
            f"triple {wrong[0]} is {triples[wrong[0]].tolist()}: wanted entities below "
            f"{entities:,} and relations below {relations:,}."
        )
    return triples

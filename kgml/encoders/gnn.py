"""GraphSAGE, GAT and R-GCN over text features, trained without labels by predicting links.

One network for the three: ``z = skip(x) + gain * conv(relu(conv(input(x))))``, divided by its
length. The skip keeps the meaning of the text in an entity without neighbours; it starts orthogonal
and the learned gain starts small, so that before training cosines are roughly those of the texts.
No parameter belongs to an entity.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize, relu

from kgml.encoders.links import area_under_curve, corrupt, pair_codes, split_links
from kgml.encoders.node import NodeEncoder, check_features, undirected_pairs
from kgml.encoders.text import Floats, Integers, unit_rows
from kgml.progress import track, warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

HIDDEN_SHARE = 0.3
"""Links predicted in an epoch, and taken out of the graph for it: else they answer themselves."""
VALID_NEGATIVES = 10
CHECK_EVERY = 5


class LinkNetwork(nn.Module):
    """Two convolutions beside a skip, and a score for a link: (e, d_text) to (e, d) unit rows."""

    def __init__(
        self, first: nn.Module, second: nn.Module, d_text: int, d: int, relations: int
    ) -> None:
        super().__init__()
        self.input = nn.Linear(d_text, d)
        self.first, self.second = first, second
        self.skip = nn.Linear(d_text, d, bias=False)
        nn.init.orthogonal_(self.skip.weight)
        # DistMult (Yang et al., ICLR 2015): one diagonal per relation. A single one is fixed at 1:
        # the dot product.
        self.relation = nn.Parameter(torch.ones(relations, d), requires_grad=relations > 1)
        self.gain = nn.Parameter(torch.tensor(0.1))
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.offset = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor, *edges: Tensor) -> Tensor:
        """``edges`` is what the convolutions take after the features."""
        hidden = relu(self.first(self.input(x), *edges))
        return normalize(self.skip(x) + self.gain * self.second(hidden, *edges), dim=1)

    def score(self, z: Tensor, links: Tensor) -> Tensor:
        """Logits (p,) of ``links`` (p, 3)."""
        head, relation, tail = links.unbind(1)
        # Not z[head]: with several threads its gradient adds up in an order of its own each time.
        product = z.index_select(0, head) * z.index_select(0, tail)
        product = product * self.relation.index_select(0, relation)
        return self.scale * product.sum(1) + self.offset


class GNNEncoder(NodeEncoder):
    """What the three share. Links are split 9:1; training stops when validation gets no better.

    Full batch, binary cross-entropy against uniform negatives that are no true links, Adam. The
    global random state is neither read nor changed.

    Args:
        seed: of the split, the negatives and the weights.
        dimension: d_node, also the width of the hidden layer.
        epochs: at most so many passes.
        learning_rate: of Adam.
        patience: checks (one in five epochs) without a better validation before it stops.

    Attributes:
        history_: one ``{epoch, loss, valid_auc}`` per epoch; ``valid_auc`` is None in epochs that
            were not checked.
        valid_auc_: area under the ROC curve of the kept weights on held-out links, against ten
            false links each; None where there were fewer than ten links.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        dimension: int = 128,
        epochs: int = 100,
        learning_rate: float = 0.01,
        patience: int = 3,
    ) -> None:
        super().__init__(seed=seed)
        self.dimension = dimension
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.patience = patience

    @abstractmethod
    def _convolution(self, relations: int) -> nn.Module:
        """One layer, d to d, over edges of ``2 * relations`` types (the second half inverse)."""

    def _learn_relations(self, graph: KnowledgeGraph) -> int:
        """How many relations the network tells apart."""
        return 1

    def _links(self, graph: KnowledgeGraph) -> Integers:
        """Distinct links (p, 3) without loops: head, relation as the network numbers it, tail."""
        pairs = undirected_pairs(graph.triples)
        return np.stack([pairs[:, 0], np.zeros(len(pairs), np.int64), pairs[:, 1]], axis=1)

    def _edges(self, links: Tensor) -> tuple[Tensor, ...]:
        """Both directions of ``links``: ``edge_index`` (2, 2p)."""
        head, _, tail = links.unbind(1)
        return (torch.stack([torch.cat([head, tail]), torch.cat([tail, head])]),)

    def fit(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Self:
        """Train on the links of ``graph`` with ``features`` (e, d_text) as input.

        Without a link there is nothing to learn: `transform` then gives a fixed orthogonal
        projection of the features, and a warning says so.
        """
        x = _tensor(check_features(graph, features))
        self.history_: list[dict[str, float | int | None]] = []
        self.valid_auc_: float | None = None
        self.relations_ = self._learn_relations(graph)
        links = self._links(graph)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_ = LinkNetwork(
                self._convolution(self.relations_),
                self._convolution(self.relations_),
                x.shape[1],
                self.dimension,
                self.relations_,
            )
            if len(links):
                self._train(x, links)
            else:
                warn("the graph has no links; its entities are encoded by their text alone")
        self.network_.eval()
        return self

    def transform(self, graph: KnowledgeGraph, features: NDArray[Any]) -> Floats:
        """Vectors (e, d) float32, rows of length 1, by the trained network."""
        x = _tensor(check_features(graph, features))
        with torch.no_grad():
            if self.history_:
                links = torch.from_numpy(self._links(graph))
                vectors = self.network_(x, *self._edges(links))
            else:
                vectors = self.network_.skip(x)
        return unit_rows(vectors.numpy())

    def _train(self, x: Tensor, links: Integers) -> None:
        rng = np.random.default_rng(self.seed)
        known = np.unique(pair_codes(links, len(x)))
        train, valid = split_links(links, rng)
        false = corrupt(np.repeat(valid, VALID_NEGATIVES, axis=0), len(x), known, rng)
        check = len(valid) > 0 and len(false) > 0
        optimizer = torch.optim.Adam(self.network_.parameters(), lr=self.learning_rate)
        best, kept, waited = -1.0, copy.deepcopy(self.network_.state_dict()), 0
        for epoch in track(range(1, self.epochs + 1), "Training on links", total=self.epochs):
            loss = self._epoch(x, train, known, optimizer, rng)
            row: dict[str, float | int | None] = {"epoch": epoch, "loss": loss, "valid_auc": None}
            self.history_.append(row)
            if not check or epoch % CHECK_EVERY:
                continue
            row["valid_auc"] = auc = self._validate(x, train, valid, false)
            waited += 1
            if auc > best:
                best, kept, waited = auc, copy.deepcopy(self.network_.state_dict()), 0
            if waited >= self.patience:
                break
        if best >= 0:
            self.network_.load_state_dict(kept)
            self.valid_auc_ = best

    def _epoch(
        self,
        x: Tensor,
        train: Integers,
        known: Integers,
        optimizer: torch.optim.Optimizer,
        rng: np.random.Generator,
    ) -> float:
        """One step: predict a random part of ``train`` from the graph of the rest."""
        hidden = rng.random(len(train)) < HIDDEN_SHARE
        asked = train[hidden] if hidden.any() else train
        false = corrupt(asked, len(x), known, rng)
        self.network_.train()
        optimizer.zero_grad()
        z = self.network_(x, *self._edges(torch.from_numpy(train[~hidden])))
        logits = self.network_.score(z, torch.from_numpy(np.concatenate([asked, false])))
        truth = torch.zeros(len(logits))
        truth[: len(asked)] = 1.0
        loss = binary_cross_entropy_with_logits(logits, truth)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(loss.detach())

    def _validate(self, x: Tensor, train: Integers, valid: Integers, false: Integers) -> float:
        self.network_.eval()
        with torch.no_grad():
            z = self.network_(x, *self._edges(torch.from_numpy(train)))
            true_scores = self.network_.score(z, torch.from_numpy(valid)).numpy()
            false_scores = self.network_.score(z, torch.from_numpy(false)).numpy()
        return area_under_curve(true_scores, false_scores)


class SAGEEncoder(GNNEncoder):
    """GraphSAGE with the mean of the neighbours (Hamilton et al., NeurIPS 2017)."""

    def _convolution(self, relations: int) -> nn.Module:
        from torch_geometric.nn import SAGEConv

        layer: nn.Module = SAGEConv(self.dimension, self.dimension)
        return layer


class GATEncoder(GNNEncoder):
    """Graph attention, the v2 of Brody et al. (ICLR 2022), four heads."""

    def _convolution(self, relations: int) -> nn.Module:
        from torch_geometric.nn import GATv2Conv

        layer: nn.Module = GATv2Conv(self.dimension, self.dimension // 4, heads=4)
        return layer


class RGCNEncoder(GNNEncoder):
    """R-GCN (Schlichtkrull et al., ESWC 2018): a weight per relation and direction, from bases.

    The eight most frequent relations have weights of their own; the rest, and relations that
    `transform` meets for the first time, share one. Links are scored by DistMult.
    """

    MAX_RELATIONS = 8
    BASES = 4

    def _convolution(self, relations: int) -> nn.Module:
        from torch_geometric.nn import RGCNConv

        layer: nn.Module = RGCNConv(
            self.dimension, self.dimension, 2 * relations, num_bases=self.BASES
        )
        return layer

    def _learn_relations(self, graph: KnowledgeGraph) -> int:
        counts = np.bincount(graph.triples[:, 1], minlength=len(graph.relations))
        frequent = np.argsort(-counts, kind="stable")[: self.MAX_RELATIONS]
        self.relation_numbers_ = {
            str(graph.relations[r]): i for i, r in enumerate(frequent) if counts[r]
        }
        return len(self.relation_numbers_) + 1

    def _links(self, graph: KnowledgeGraph) -> Integers:
        other = len(self.relation_numbers_)
        numbers = np.array(
            [self.relation_numbers_.get(str(r), other) for r in graph.relations], dtype=np.int64
        )
        links = np.array(graph.triples, dtype=np.int64).reshape(-1, 3)
        if len(links):
            links[:, 1] = numbers[links[:, 1]]
        return np.unique(links[links[:, 0] != links[:, 2]], axis=0)

    def _edges(self, links: Tensor) -> tuple[Tensor, ...]:
        """``edge_index`` (2, 2p) and ``edge_type`` (2p,)."""
        relation = links[:, 1]
        return (*super()._edges(links), torch.cat([relation, relation + self.relations_]))


def _tensor(features: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))

"""Products with sparse rows: worked out by hand, with their gradients, and beside torch-geometric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.nn import GCNConv, HGTConv, RGCNConv, SAGEConv

from kgml.encoders.gnn.compgcn import CompGCNLayer
from kgml.encoders.gnn.edges import Edges, mix
from kgml.encoders.gnn.gat import GATLayer
from kgml.encoders.gnn.gcn import GCNLayer
from kgml.encoders.gnn.hgt import HGTLayer
from kgml.encoders.gnn.network import Layer
from kgml.encoders.gnn.rgcn import RGCNLayer
from kgml.encoders.gnn.sage import SAGELayer

# 0 -a-> 2, 1 -b-> 2, 0 -b-> 1; entity 3 is alone.
LINKS = np.array([[0, 0, 2], [1, 1, 2], [0, 1, 1]])
D = 8
MAKE: dict[str, Callable[[], Layer]] = {
    "gcn": lambda: GCNLayer(D), "sage": lambda: SAGELayer(D), "gat": lambda: GATLayer(D),
    "rgcn": lambda: RGCNLayer(D, 2), "compgcn": lambda: CompGCNLayer(D, 2),
    "hgt": lambda: HGTLayer(D, 2),
}  # fmt: skip


def random_edges(size: int = 30, relations: int = 2) -> Edges:
    rng = np.random.default_rng(0)
    links = np.unique(rng.integers(0, [size, relations, size - 5], size=(90, 3)), axis=0)
    return Edges.of(links[links[:, 0] != links[:, 2]], size, relations)


def test_the_mean_of_neighbours_by_hand() -> None:
    x = torch.tensor([[1.0], [2.0], [4.0], [9.0]])
    found = Edges.of(LINKS, 4, 2).mean @ x
    # Neighbours in either direction: 0: 1, 2; 1: 0, 2; 2: 0, 1; 3: none.
    assert found.flatten().tolist() == [3.0, 2.5, 1.5, 0.0]


def test_relations_and_their_inverses_by_hand() -> None:
    x = torch.tensor([[1.0], [2.0], [4.0], [9.0]])
    edges = Edges.of(LINKS, 4, 2)
    each = torch.eye(4)[:, :, None]  # one output per relation: a, b, a inverse, b inverse
    within = mix(x, each, edges.by_relation, 4)[:, :, 0]
    assert within.tolist() == [[0, 0, 1, 0], [0, 1, 2, 0], [4, 0, 0, 0], [2, 4, 0, 0]]
    shares = mix(x, each, edges.shares, 4)[:, :, 0]
    assert shares.tolist() == [[0, 0, 0.5, 0], [0, 0.5, 1, 0], [2, 0, 0, 0], [1, 2, 0, 0]]
    torch.testing.assert_close(shares.sum(dim=0)[:, None], edges.mean @ x)


@pytest.mark.parametrize("kind", ["mean", "normalized"])
def test_the_gradient_of_a_product_is_that_of_the_dense_one(kind: str) -> None:
    edges = random_edges()
    product = getattr(edges, kind)
    dense = product.forward.to_dense()
    x, same = (torch.randn(30, D, generator=torch.manual_seed(0)) for _ in range(2))
    x, same = x.requires_grad_(), x.detach().clone().requires_grad_()
    weight = torch.randn(30, D)
    ((product @ x) * weight).sum().backward()
    ((dense @ same) * weight).sum().backward()
    torch.testing.assert_close(x.grad, same.grad)


@pytest.mark.parametrize("width", [1, D])
def test_the_gradient_of_a_mixture_is_that_of_the_dense_one(width: int) -> None:
    edges = random_edges()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = torch.randn(30, D, requires_grad=True)
        coefficients = torch.randn(4, 3, width, requires_grad=True)
        weight = torch.randn(3, 30, D)

    def dense() -> Tensor:
        out = torch.zeros(3, 30, D)
        for part in edges.by_relation:
            added = torch.zeros(30, D)
            added = added.index_add(0, part.rows, part.product.forward.to_dense() @ x)
            out = out + added * coefficients[part.relation][:, None]
        return out

    found, wanted = mix(x, coefficients, edges.by_relation, 30), dense()
    torch.testing.assert_close(found, wanted)
    for ours, theirs in zip(
        torch.autograd.grad((found * weight).sum(), [x, coefficients]),
        torch.autograd.grad((wanted * weight).sum(), [x, coefficients]),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def both(ours: Layer, theirs: Any, edges: Edges, *rest: Tensor) -> None:
    """Equal outputs and equal gradients of the features."""
    results = []
    for run in (lambda x: ours(x, edges), lambda x: theirs(x, edges.edge_index, *rest)):
        x = torch.randn(30, D, generator=torch.Generator().manual_seed(1)).requires_grad_()
        out = run(x)
        (gradient,) = torch.autograd.grad(out.square().sum(), [x])
        results += [(out.detach(), gradient)]
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_gcn_computes_what_torch_geometric_does() -> None:
    ours, theirs = GCNLayer(D), GCNConv(D, D)
    with torch.no_grad():
        theirs.lin.weight.copy_(ours.weight.weight)
    both(ours, theirs, random_edges())


def test_sage_computes_what_torch_geometric_does() -> None:
    ours, theirs = SAGELayer(D), SAGEConv(D, D)
    with torch.no_grad():
        theirs.lin_l.weight.copy_(ours.neighbours.weight)
        theirs.lin_l.bias.copy_(ours.own.bias)
        theirs.lin_r.weight.copy_(ours.own.weight)
    both(ours, theirs, random_edges(relations=1))


def test_rgcn_computes_what_torch_geometric_does() -> None:
    edges = random_edges()
    ours, theirs = RGCNLayer(D, 2), RGCNConv(D, D, 4, num_bases=4)
    with torch.no_grad():
        theirs.weight.copy_(ours.bases)
        theirs.comp.copy_(ours.coefficients)
        theirs.root.copy_(ours.own.weight.T)
        theirs.bias.copy_(ours.own.bias)
    both(ours, theirs, edges, torch.from_numpy(edges.relation.astype(np.int64)))


def test_hgt_computes_what_torch_geometric_does() -> None:
    edges = random_edges()
    types = [("e", str(r), "e") for r in range(4)]
    ours, theirs = HGTLayer(D, 2), HGTConv(D, D, (["e"], types), heads=4)
    with torch.no_grad():
        ours.prior.copy_(torch.rand(4, 4))
        joined = theirs.kqv_lin.lins["e"]
        joined.weight.copy_(torch.cat([m.weight for m in (ours.keys, ours.queries, ours.values)]))
        joined.bias.copy_(torch.cat([m.bias for m in (ours.keys, ours.queries, ours.values)]))
        theirs.out_lin.lins["e"].weight.copy_(ours.out.weight)
        theirs.out_lin.lins["e"].bias.copy_(ours.out.bias)
        for mine, other in ((ours.key, theirs.k_rel), (ours.value, theirs.v_rel)):
            other.weight.copy_(mine.transpose(0, 1).reshape(16, 2, 2))  # heads first
        for number, kind in enumerate(types):
            theirs.p_rel["__".join(kind)].copy_(ours.prior[number][None])

    def their_rows(x: Tensor, edge_index: Tensor) -> Tensor:
        kinds = torch.from_numpy(edges.relation)
        parts = {kind: edge_index[:, kinds == r] for r, kind in enumerate(types)}
        rows: Tensor = theirs({"e": x}, parts)["e"]
        return rows

    both(ours, their_rows, edges)


def test_compgcn_by_hand() -> None:
    layer = CompGCNLayer(2, 1)
    with torch.no_grad():
        for weight in (layer.inward.weight, layer.outward.weight, layer.own.weight):
            weight.copy_(torch.eye(2))
        layer.own.bias.zero_()
        layer.relation.copy_(torch.tensor([[[1.0, 10.0]], [[0.0, -1.0]]]))
        layer.loop.copy_(torch.tensor([3.0, 3.0]))
        out = layer(torch.tensor([[1.0, 1.0], [2.0, 2.0]]), Edges.of([[0, 0, 1]], 2))
    # 1 gets (1, 1) * (1, 10) and 3 * (2, 2); 0 gets (2, 2) * (0, -1) and 3 * (1, 1); thirds.
    torch.testing.assert_close(out, torch.tensor([[3.0, 1.0], [7.0, 16.0]]) / 3)


@pytest.mark.parametrize("name", MAKE)
def test_gradients_are_finite_and_reach_every_parameter(name: str) -> None:
    layer, edges = MAKE[name](), random_edges()
    layer(torch.randn(30, D), edges).square().sum().backward()
    for label, parameter in layer.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.isfinite().all(), label


@pytest.mark.parametrize("name", MAKE)
def test_no_edges_give_finite_rows(name: str) -> None:
    out = MAKE[name]()(torch.randn(3, D), Edges.of(np.zeros((0, 3)), 3, 2))
    assert out.shape == (3, D)
    assert out.isfinite().all()

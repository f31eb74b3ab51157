"""A fusion's parameters come from leave-one-out: the closed form, and what it learns to trust."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor

from kgml.fusion.base import OPEN, EntityBag, Fusion
from kgml.fusion.concat import ConcatFusion
from kgml.models.concepts import ConceptView
from kgml.models.learn import (
    Batch,
    concepts_of,
    fit_fusion,
    kernel,
    leave_one_out,
    make_batch,
    some_rows,
)
from kgml.registry import names, resolve

D = 8
LEAVES, ENTITIES = 20, 23
BLOCKS = np.arange(ENTITIES) % 2
"""Twenty leaves; entities 20 and 21 are above the even and the odd ones, 22 above all."""
learned = pytest.mark.parametrize("name", [n for n in names("fusion") if n != "none"])


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.normal(size=shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def bag_from(own: np.ndarray, counts: np.ndarray, vectors: np.ndarray) -> EntityBag:
    """Concepts (n, e) as a bag whose m is the largest number of them."""
    m = int((counts > 0).sum(axis=1).max())
    ids = np.argsort(counts == 0, axis=1, kind="stable")[:, :m]
    mask = np.take_along_axis(counts > 0, ids, axis=1)
    linked = np.take_along_axis(own, ids, axis=1) * mask
    values = vectors[ids]
    tensors = (ids * mask, values * mask[..., None], values * (linked > 0)[..., None],
               np.take_along_axis(counts, ids, axis=1) * mask, linked, mask)  # fmt: skip
    return EntityBag(*(torch.from_numpy(t) for t in tensors))


def batch(informative: bool, n: int = 60, seed: int = 0) -> Batch:
    """Texts that tell two classes apart now and then, each with a leaf: of its class, or of any."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    side = y if informative else rng.integers(0, 2, size=n)
    leaf = 2 * rng.integers(0, LEAVES // 2, size=n) + side
    own = np.zeros((n, ENTITIES), dtype=np.float32)
    own[np.arange(n), leaf] = 1
    counts = own.copy()
    counts[np.arange(n), LEAVES + side] = 1
    counts[:, -1] = 1
    view = ConceptView().fit(sparse.csr_matrix(counts), BLOCKS)
    vectors = unit(rng, ENTITIES, D)
    none = sparse.csr_matrix((n, 0), dtype=np.float32)
    text = rng.normal(size=(n, D))
    text[:, 0] += 2 * y - 1
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    bag = bag_from(own, counts, vectors)
    named = torch.from_numpy(text + vectors[LEAVES + side]).float()
    bag = replace(bag, named=torch.nn.functional.normalize(named))
    concepts = [concepts_of(bag, bag.counts, view, ENTITIES)]
    return make_batch(text.astype(np.float32), bag, none, concepts, y)


def make(name: str) -> Fusion:
    fusion: Fusion = resolve("fusion", name)(D, D)
    return fusion


def gate(fusion: Fusion, of: Batch) -> float:
    return float(fusion(of.text, of.bag).gate.mean().detach())


def test_the_closed_form_equals_fitting_anew_without_each_row() -> None:
    """Kernel ridge with the intercept's kernel 1, six rows, refitted six times."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 3))
    K, y, ridge = features @ features.T, np.eye(2)[[0, 0, 1, 1, 0, 1]], 0.7
    errors = []
    for i in range(6):
        others = np.arange(6) != i
        inner = K[np.ix_(others, others)] + 1 + ridge * np.eye(5)
        predicted = (K[i, others] + 1) @ np.linalg.solve(inner, y[others])
        errors.append(((y[i] - predicted) ** 2).sum())
    found = leave_one_out(torch.tensor(K), torch.tensor(y), torch.tensor(ridge))
    assert found.item() == pytest.approx(np.mean(errors), rel=1e-6)


@learned
def test_the_kernel_is_that_of_the_features_the_head_will_see(name: str) -> None:
    """Fused vector, lexical view and concept view side by side, multiplied out."""
    of = batch(informative=False)
    fusion = make(name)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter += 0.5
        fused = fusion(of.text, of.bag)
        found = kernel(fused, of._replace(fixed=3 * torch.eye(60)))
    counts = sparse.lil_matrix((60, ENTITIES), dtype=np.float32)
    for row in range(60):
        for place in np.flatnonzero(of.bag.mask[row]):
            counts[row, int(of.bag.ids[row, place])] = of.bag.counts[row, place].item()
    counts = counts.tocsr()
    order = [np.argsort(of.bag.ids[row][of.bag.mask[row]].numpy()) for row in range(60)]
    weights = [
        fused.concept_weights[row][of.bag.mask[row]].numpy()[order[row]] for row in range(60)
    ]
    view = ConceptView().fit(counts, BLOCKS)
    rows = view.transform(counts, np.concatenate(weights), fused.gate.numpy()).toarray()
    vector = fused.vector.numpy()
    known = vector @ vector.T + rows @ rows.T + 3 * np.eye(60)
    np.testing.assert_allclose(found.numpy(), known, atol=1e-5)


@learned
def test_informative_knowledge_leaves_the_gate_open_and_random_knowledge_closes_it(
    name: str,
) -> None:
    """Every fusion starts near sigmoid(2) = .88; the mean of three draws of 200 documents."""
    found = {}
    for informative in (True, False):
        each = []
        for seed in range(3):
            fusion, of = make(name), batch(informative, n=200, seed=seed)
            each.append((fit_fusion(fusion, of), gate(fusion, of)))
        found[informative] = np.mean(each, axis=0)
    (error, opened), (random_error, closed) = found[True], found[False]
    assert error < 0.2 * random_error
    assert opened > 0.8
    assert closed < 0.5


@learned
def test_learning_lowers_the_error_it_starts_with(name: str) -> None:
    of = batch(informative=False)
    fusion = make(name)
    fused = fusion(of.text, of.bag)
    before = leave_one_out(kernel(fused, of), of.y, torch.tensor(1.0)).item()
    assert fit_fusion(fusion, of) < before


@learned
def test_learning_twice_gives_the_same_bits(name: str) -> None:
    states = []
    for _ in range(2):
        fusion = make(name)
        fit_fusion(fusion, batch(informative=True))
        states.append(fusion.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@learned
def test_learning_leaves_strength_alone_and_parameters_finite(name: str) -> None:
    fusion = make(name)
    fit_fusion(fusion, batch(informative=False, seed=4))
    assert fusion.strength == 1
    assert all(torch.isfinite(p).all() for p in fusion.parameters())


@learned
def test_documents_without_any_concept_can_be_learned_from(name: str) -> None:
    """A fold in which nobody links: m = 0."""
    n = 10
    nothing = np.zeros((n, 5), dtype=np.float32)
    bag = EntityBag(
        torch.zeros(n, 0, dtype=torch.int64), torch.zeros(n, 0, D), torch.zeros(n, 0, D),
        torch.zeros(n, 0), torch.zeros(n, 0), torch.zeros(n, 0, dtype=torch.bool),
        torch.zeros(n, D),
    )  # fmt: skip
    view = ConceptView().fit(sparse.csr_matrix(nothing))
    text = unit(np.random.default_rng(0), n, D)
    none = sparse.csr_matrix((n, 0), dtype=np.float32)
    concepts = [concepts_of(bag, bag.counts, view, 5)]
    of = make_batch(text, bag, none, concepts, np.arange(n) % 2)
    assert np.isfinite(fit_fusion(make(name), of))


class Runaway(ConcatFusion):
    """The higher the level the better, until numbers overflow."""

    def penalty(self) -> Tensor:
        return -1000 * self.level

    def join(self, text: Tensor, pooled: Tensor, gate: Tensor) -> Tensor:
        return super().join(text, pooled, gate) * (30 * (self.level - OPEN)).exp()


def test_of_parameters_that_run_off_the_best_met_stay() -> None:
    fusion = Runaway(D, D)
    assert np.isfinite(fit_fusion(fusion, batch(informative=False)))
    assert all(torch.isfinite(p).all() for p in fusion.parameters())
    assert torch.isfinite(fusion.join(torch.ones(1, D), torch.ones(1, D), torch.ones(1))).all()


def test_its_gradient_is_that_of_inverting() -> None:
    rng = torch.Generator().manual_seed(0)
    features, y = torch.randn(12, 20, generator=rng).double(), torch.eye(3).double()[[0, 1, 2] * 4]
    weights, ridge = torch.ones(20).double(), torch.tensor(0.7).double()

    def error(weights: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        return leave_one_out(features * weights @ features.T, y, ridge)

    def inverted(weights: torch.Tensor, ridge: torch.Tensor) -> torch.Tensor:
        known = features * weights @ features.T + 1 + ridge * torch.eye(12)
        inverse = torch.linalg.inv(known)
        return ((inverse @ y) / inverse.diagonal()[:, None]).square().sum(dim=1).mean()

    for of in (weights, ridge):
        of.requires_grad_()
    found, wanted = (
        torch.autograd.grad(f(weights, ridge), (weights, ridge)) for f in (error, inverted)
    )
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_equal_documents_without_a_ridge_are_no_error() -> None:
    """A singular matrix: the loss is not finite, and so not taken."""
    loss = leave_one_out(torch.zeros(4, 4), torch.eye(4)[:, :2], torch.tensor(0.0))
    assert not torch.isfinite(loss)


def test_some_rows_keep_classes_in_proportion_and_repeat() -> None:
    y = np.repeat([0, 1, 2], [600, 300, 100])
    rows = some_rows(y, 100, seed=1)
    np.testing.assert_allclose(np.bincount(y[rows]), [60, 30, 10], atol=1)
    np.testing.assert_array_equal(rows, np.unique(rows))
    np.testing.assert_array_equal(rows, some_rows(y, 100, seed=1))
    np.testing.assert_array_equal(some_rows(y, 1000, seed=1), np.arange(1000))

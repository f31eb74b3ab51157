"""Fit a fusion's few parameters by leave-one-out.

A ridge head on the fused kernel ``K = VV' + LL' + CC'`` (fused vectors, lexical view, weighted
concept view) has its leave-one-out residuals in closed form, ``(A Y)_i / A_ii`` with
``A = (K + λI)^-1`` (PRESS: Allen 1974; for kernels Cawley and Talbot 2007). Their mean square is
minimised with L-BFGS over the fusion's parameters and λ. Every document is thus scored by a head
that has not seen its label, so knowledge that does not generalise is turned down.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from kgml.fusion.base import EntityBag, Fused, Fusion
from kgml.models.concepts import ConceptView
from kgml.models.folds import by_class

MOST_ROWS = 800
STEPS = 15


class Concepts(NamedTuple):
    """The concept view of one passage of n documents, at the places of their bag.

    counts (n, m) · idf (n, m), 0 where a concept is no feature · column (n, m) number of each
    concept that two documents or more share, else -1 · block (n, m) its vocabulary · scale: what
    the view counts.
    """

    counts: Tensor
    idf: Tensor
    column: Tensor
    block: Tensor
    scale: float


class Batch(NamedTuple):
    """What leave-one-out needs of n training documents.

    text (n, d_text) · fixed (n, n) kernel of the features that no fusion weighs · concepts: of the
    whole text, and of its lead · y (n, c) one-hot.
    """

    text: Tensor
    bag: EntityBag
    fixed: Tensor
    concepts: list[Concepts]
    y: Tensor


def make_batch(
    text: NDArray[np.float32],
    bag: EntityBag,
    fixed: sparse.csr_matrix,
    concepts: list[Concepts],
    y: NDArray[Any],
) -> Batch:
    """Gather the tensors of one fit.

    Args:
        fixed: (n, d) features that no fusion weighs.
        y: class numbers (n,), or a column per class (n, c).
    """
    kernel = torch.from_numpy((fixed @ fixed.T).toarray())
    hot = torch.from_numpy(y)
    if hot.ndim == 1:
        hot = nn.functional.one_hot(hot)
    return Batch(torch.from_numpy(text), bag, kernel, concepts, hot.float())


def concepts_of(
    bag: EntityBag, counts: Tensor, view: ConceptView, entities: int, scale: float = 1.0
) -> Concepts:
    """``view`` at the places of ``bag``, where ``counts`` (n, m) are those of its passage."""
    there = bag.mask & (counts > 0)
    place = torch.from_numpy(view.place(entities))[bag.ids].masked_fill(~there, -1)
    idf = torch.from_numpy(np.append(view.idf_, np.float32(0)))[place]
    found, code, times = np.unique(place.numpy(), return_inverse=True, return_counts=True)
    shared = (times > 1) & (found >= 0)
    column = torch.from_numpy(np.where(shared, shared.cumsum() - 1, -1)[code].reshape(place.shape))
    block = torch.from_numpy(np.append(view.block_, 0))[place]
    return Concepts(counts, idf, column, block, scale)


def fit_fusion(fusion: Fusion, batch: Batch) -> float:
    """Minimise the leave-one-out error in place; return its value. Deterministic.

    A line search may leap to where numbers overflow: the best parameters met are what stays.
    """
    ridge = nn.Parameter(torch.zeros(()))
    parameters = [p for p in fusion.parameters() if p.requires_grad]
    optimiser = torch.optim.LBFGS(
        [*parameters, ridge], max_iter=STEPS, line_search_fn="strong_wolfe"
    )

    best = float("inf")
    kept = [p.detach().clone() for p in parameters]

    def closure() -> Tensor:
        nonlocal best, kept
        optimiser.zero_grad()
        error = leave_one_out(kernel(fusion(batch.text, batch.bag), batch), batch.y, ridge.exp())
        loss = error + fusion.penalty() / len(batch.y)
        loss.backward()  # type: ignore[no-untyped-call]
        if loss < best:
            best, kept = float(loss.detach()), [p.detach().clone() for p in parameters]
        return loss

    fusion.meet(batch.text, batch.y)
    optimiser.step(closure)  # type: ignore[no-untyped-call]
    fusion.parted()
    with torch.no_grad():
        for parameter, value in zip(parameters, kept, strict=True):
            parameter.copy_(value)
    return best


def kernel(fused: Fused, batch: Batch) -> Tensor:
    """(n, n) similarity of documents in the features the head will see."""
    known = fused.vector @ fused.vector.T + batch.fixed
    for concepts in batch.concepts:
        known = known + concept_kernel(fused, concepts)
    return known


def concept_kernel(fused: Fused, concepts: Concepts) -> Tensor:
    """(n, n) products of the rows of `ConceptView.transform`, differentiable.

    A concept of one document only meets nothing but itself: it is left to the diagonal.
    """
    value = (1 + concepts.counts).log2() * fused.concept_weights * concepts.idf
    blocks = int(concepts.block.max()) + 1 if concepts.block.numel() else 1
    square = value.new_zeros(len(value), blocks).scatter_add(1, concepts.block, value.square())
    norm = square.gather(1, concepts.block).clamp_min(1e-12).sqrt()
    value = value / norm * (concepts.scale * fused.gate)[:, None]
    alone = concepts.column < 0
    width = int(concepts.column.max()) + 1 if concepts.column.numel() else 0
    rows = value.new_zeros(len(value), width + 1)
    # concepts without a column are put, with value 0, into a last one
    rows = rows.scatter(1, concepts.column.masked_fill(alone, width), value.masked_fill(alone, 0))
    return rows @ rows.T + (value * alone).square().sum(dim=1).diag()


def leave_one_out(kernel: Tensor, y: Tensor, ridge: Tensor) -> Tensor:
    """Mean squared leave-one-out residual of kernel ridge regression, summed over classes."""
    # the constant 1 is the intercept's kernel; centring y instead would let a label see itself
    matrix = kernel + 1 + ridge * torch.eye(len(kernel))
    error: Tensor = _LeaveOneOut.apply(matrix, y)  # type: ignore[no-untyped-call]
    return error


class _LeaveOneOut(torch.autograd.Function):
    """The error from the regularised kernel (n, n), symmetric, and its gradient in closed form: half
    the time of inverting by LU and of what autograd makes of that. NaN where it is not positive
    definite, as where a line search leapt too far."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, y: Tensor) -> Tensor:
        factor, failed = torch.linalg.cholesky_ex(matrix)
        inverse = torch.full_like(factor, torch.nan) if failed else torch.cholesky_inverse(factor)
        told = inverse @ y
        residual = told / inverse.diagonal()[:, None]
        ctx.save_for_backward(inverse, told, residual)
        return residual.square().sum(dim=1).mean()

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor, None]:
        inverse, told, residual = ctx.saved_tensors
        share = residual * (2 * above[0] / len(residual)) / inverse.diagonal()[:, None]
        through_told = told @ (inverse @ share).T
        through_own = (inverse * (share * residual).sum(dim=1)) @ inverse
        return through_own - (through_told + through_told.T) / 2, None


def some_rows(y: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """At most ``most`` row numbers, sorted, classes kept in proportion."""
    if len(y) <= most:
        return np.arange(len(y))
    picked = by_class(y, seed)[np.linspace(0, len(y) - 1, most).round().astype(np.int64)]
    return np.sort(np.unique(picked))

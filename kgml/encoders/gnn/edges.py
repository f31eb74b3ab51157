"""The edges into entities, row by row (CSR), and products with them that keep no message per edge.

A layer over ``edge_index`` writes a vector for every edge before it adds them up; a sparse matrix
times a dense one adds them up as it goes. The gradient is a product with the transposed matrix, made
once, when first wanted.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from kgml.encoders.rows import Floats, Integers


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges into ``targets`` entities; the targets are the first of the ``sources``.

    Attributes:
        starts: (targets + 1,) int64; the edges into row i are ``starts[i]:starts[i + 1]``.
        source: (m,) int32: the row an edge comes from, below ``sources``.
        relation: (m,) int16, below ``2 * relations``, the second half inverse; all 0 where
            relations are not told apart.
        relations: how many there are in one direction.
        degree: (sources,) float32: edges into each in the whole graph.
    """

    starts: Integers
    source: NDArray[np.int32]
    relation: NDArray[np.int16]
    relations: int
    degree: Floats

    @classmethod
    def of(cls, links: NDArray[Any], size: int, relations: int = 1) -> Edges:
        """Both directions of distinct ``links`` (p, 3), without loops, between ``size`` entities.

        >>> edges = Edges.of([[0, 0, 2], [1, 0, 2]], 3)
        >>> edges.starts.tolist(), edges.source.tolist(), edges.degree.tolist()
        ([0, 1, 2, 4], [2, 2, 0, 1], [1.0, 1.0, 2.0])
        """
        head, relation, tail = np.asarray(links, dtype=np.int64).reshape(-1, 3).T
        # Source and relation in one column number: conversion to CSR is a counting sort.
        kinds = 2 * relations
        columns = np.concatenate([head * kinds + relation, tail * kinds + relation + relations])
        rows = np.concatenate([tail, head])
        matrix = sparse.csr_array(
            (np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size * kinds)
        )
        starts = matrix.indptr.astype(np.int64)
        source, relation = np.divmod(matrix.indices, kinds)
        return cls(
            starts, source.astype(np.int32), relation.astype(np.int16), relations,
            np.diff(starts).astype(np.float32),
        )  # fmt: skip

    @property
    def targets(self) -> int:
        """How many rows the edges go into."""
        return len(self.starts) - 1

    @property
    def sources(self) -> int:
        """How many rows the edges come from."""
        return len(self.degree)

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def counts(self) -> Integers:
        """Edges into each target here, (targets,): of a sample, fewer than its degree."""
        return np.diff(self.starts)

    @cached_property
    def target(self) -> Integers:
        """The row each edge goes into, (m,)."""
        return np.repeat(np.arange(self.targets), self.counts)

    @cached_property
    def edge_index(self) -> Tensor:
        """Source and target of each edge, (2, m) int64: what torch-geometric takes."""
        return torch.from_numpy(np.stack([self.source.astype(np.int64), self.target]))

    @cached_property
    def mean(self) -> Product:
        """The mean over the edges into each target; zero where there are none."""
        values = 1 / np.maximum(self.counts, 1).astype(np.float32)
        return Product(self._matrix(np.repeat(values, self.counts)))

    @cached_property
    def normalized(self) -> Product:
        """D^-1/2 (A + I) D^-1/2 of the undirected graph, D its degrees and 1.

        Of a sample, an edge stands for as many as there are edges to one drawn, which makes it an
        unbiased estimate.
        """
        scale = 1 / np.sqrt(self.degree + 1)
        whole = self.degree[: self.targets]
        each = scale[: self.targets] * whole / np.maximum(self.counts, 1)
        values = np.repeat(each, self.counts) * scale[self.source]
        own = sparse.diags_array(
            scale[: self.targets] ** 2, shape=(self.targets, self.sources), dtype=np.float32
        )
        return Product(sparse.csr_array(self._matrix(values.astype(np.float32)) + own))

    @cached_property
    def by_relation(self) -> list[Part]:
        """The edges of each relation on their own, the mean over them within a target."""
        return list(self._parts(np.diff(self.starts), within=True))

    @cached_property
    def shares(self) -> list[Part]:
        """The same, divided by all edges into the target: added up they are `mean`."""
        return list(self._parts(np.diff(self.starts), within=False))

    @cached_property
    def grouped(self) -> list[tuple[int, Tensor, Tensor]]:
        """Relation, sources and targets of its edges, for each relation that has some."""
        found = []
        for relation, places in self._places():
            source, target = self.source[places].astype(np.int64), self.target[places]
            found.append((relation, torch.from_numpy(source), torch.from_numpy(target)))
        return found

    def _places(self) -> Iterator[tuple[int, Integers]]:
        order = np.argsort(self.relation, kind="stable")  # of int16: a radix sort
        ends = np.cumsum(np.bincount(self.relation, minlength=2 * self.relations))
        for relation, places in enumerate(np.split(order, ends[:-1])):
            if len(places):
                yield relation, places

    def _parts(self, counts: Integers, within: bool) -> list[Part]:
        parts = []
        for relation, places in self._places():
            # Only rows that have such an edge: a rare relation costs little.
            target = self.target[places]
            first = np.flatnonzero(np.diff(target, prepend=-1))
            rows = target[first]
            found = np.diff(first, append=len(target))
            values = 1 / (found if within else counts[rows]).astype(np.float32)
            matrix = sparse.csr_array(
                (np.repeat(values, found), self.source[places], np.append(first, len(target))),
                shape=(len(rows), self.sources),
            )
            parts.append(Part(relation, torch.from_numpy(rows), Product(matrix)))
        return parts

    def _matrix(self, values: Floats) -> sparse.csr_array:
        return sparse.csr_array(
            (values, self.source, self.starts), shape=(self.targets, self.sources)
        )


@dataclass(frozen=True, eq=False)
class Part:
    """The edges of one relation: into ``rows`` (k,), and the matrix (k, sources) of them."""

    relation: int
    rows: Tensor
    product: Product


class Product:
    """A sparse matrix (targets, sources) that a dense one is multiplied by, with its gradient."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._matrix = matrix

    @cached_property
    def forward(self) -> Tensor:
        """The matrix, CSR."""
        return _tensor(self._matrix)

    @cached_property
    def transposed(self) -> Tensor:
        """Its transpose, CSR too: what a gradient is multiplied by."""
        return _tensor(sparse.csr_array(self._matrix.T))

    def __matmul__(self, x: Tensor) -> Tensor:
        """(sources, d) to (targets, d)."""
        found: Tensor = _Multiply.apply(x, self)  # type: ignore[no-untyped-call]
        return found


def multiply(matrix: Tensor, x: Tensor) -> Tensor:
    """CSR times dense. torch's own kernel: `matrix @ x` needs MKL, and is no faster with it."""
    product: Tensor = torch.sparse.mm(matrix, x, "sum")
    return product


class _Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, product: Product) -> Tensor:
        ctx.product = product
        return multiply(product.forward, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return multiply(ctx.product.transposed, gradients[0].contiguous()), None


def mix(x: Tensor, coefficients: Tensor, parts: list[Part], targets: int) -> Tensor:
    """Sum over relations r of ``coefficients[r, k] * (A_r x)``, for each k.

    What an edge carries is linear in its source, so it is enough to add up the sources by relation.
    A_r x is made again for the gradient rather than kept: memory does not grow with the relations.

    Args:
        x: (sources, d). coefficients: (2 * relations, k, d), or (2 * relations, k, 1).

    Returns:
        (k, targets, d).
    """
    found: Tensor = _Mix.apply(x, coefficients, parts, targets)  # type: ignore[no-untyped-call]
    return found


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, coefficients: Tensor, parts: list[Part], targets: int
    ) -> Tensor:
        ctx.parts = parts
        ctx.save_for_backward(x, coefficients)
        out = x.new_zeros(coefficients.shape[1], targets, x.shape[1])
        for part in parts:
            added = multiply(part.product.forward, x)
            for k, coefficient in enumerate(coefficients[part.relation]):
                out[k].index_add_(0, part.rows, added * coefficient)  # rows differ: in any order
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, coefficients = ctx.saved_tensors
        into_x, into_coefficients = torch.zeros_like(x), torch.zeros_like(coefficients)
        one = coefficients.shape[2] == 1
        for part in ctx.parts:
            added = multiply(part.product.forward, x)
            wanted = torch.zeros_like(added)
            for k, coefficient in enumerate(coefficients[part.relation]):
                rows = gradients[0][k].index_select(0, part.rows)
                product = added * rows
                into_coefficients[part.relation, k] = product.sum() if one else product.sum(0)
                wanted.addcmul_(rows, coefficient.expand_as(rows))
            into_x += multiply(part.product.transposed, wanted)
        return into_x, into_coefficients, None, None


def _tensor(matrix: sparse.csr_array) -> Tensor:
    numbers = np.int32 if matrix.nnz < 2**31 else np.int64
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(numbers, copy=False)),
            torch.from_numpy(matrix.indices.astype(numbers, copy=False)),
            torch.from_numpy(matrix.data),
            size=matrix.shape,
            check_invariants=False,
        )

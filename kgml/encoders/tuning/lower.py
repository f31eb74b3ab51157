"""The lower blocks of a transformer that stay as they are, computed once for all steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kgml.encoders.rows import Integers
from kgml.encoders.tuning.batches import forward, in_batches
from kgml.errors import ArtifactError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MOST_BYTES = 2**29
"""Of numbers kept; of more texts than that the lower blocks are computed in every step."""
NEAR = 1e-4
"""How far a vector may be from that of the whole model, for `Lower` to stand in for its blocks."""


def blocks_of(model: nn.Module) -> nn.ModuleList:
    """The blocks of a transformer, lowest first: the list of modules with most weights in it.

    Raises:
        ArtifactError: there is none.
    """
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise ArtifactError(
            "the text encoder has no list of layers, so that some of them could be tuned. Choose a "
            "transformer, or tune all of it."
        )
    return max(lists, key=lambda blocks: sum(p.numel() for p in blocks.parameters()))


def above(model: SentenceTransformer, top: int) -> set[int]:
    """Ids of the parameters of the ``top`` highest blocks and of what follows the transformer.

    All of the model's where it has no more blocks than that.
    """
    blocks = blocks_of(model)
    if top >= len(blocks):
        return {id(p) for p in model.parameters()}
    parts: list[nn.Module] = [*blocks[len(blocks) - top :], *list(model)[1:]]
    return {id(p) for part in parts for p in part.parameters()}


class Lower:
    """What the blocks below the ``top`` highest make of n texts, and vectors from there on; made by
    `of`."""

    def __init__(self, model: SentenceTransformer, features: Mapping[str, Any], top: int) -> None:
        self.model, self.features = model, features
        blocks = len(blocks_of(model))
        self.count, self.share = blocks - top, top / blocks
        self.read = features["attention_mask"].bool()
        self.states: list[Tensor] = [torch.empty(0)] * len(self.read)
        self.tupled = self.more = False

    @classmethod
    def of(cls, model: SentenceTransformer, features: Mapping[str, Any], top: int) -> Lower | None:
        """None where that does not go: no lower blocks, too many texts (`MOST_BYTES`), blocks that
        hand on more than one tensor (T5), or vectors that are not those of the whole model."""
        blocks = blocks_of(model)
        width = next(iter(blocks.parameters())).shape[-1]
        numbers = int(features["attention_mask"].sum()) * width
        if not 0 < top < len(blocks) or 4 * numbers > MOST_BYTES:
            return None
        lower = cls(model, features, top)
        whole = lower._record(blocks)
        if lower.more:
            return None
        some = np.arange(min(8, len(whole)))
        with torch.no_grad():
            far = (lower.rows(some) - whole[: len(some)]).abs().max()
        return lower if far < NEAR else None

    def rows(self, wanted: Integers) -> Tensor:
        """(b, d) rows of length 1 of the texts ``wanted`` (b,), by the weights as they are."""
        chosen = torch.from_numpy(wanted)
        features = {
            name: value.index_select(0, chosen) if isinstance(value, Tensor) else value
            for name, value in self.features.items()
        }

        def compute(rows: Tensor) -> Tensor:
            read = self.read.index_select(0, chosen.index_select(0, rows))
            read = read[:, read.any(dim=0)]
            known = torch.cat([self.states[i] for i in wanted[rows.numpy()].tolist()])
            state = known.new_zeros(*read.shape, known.shape[1])
            state[read.to(state.device)] = known
            with self._standing_in(state):
                return forward(self.model, features, rows)

        return in_batches(features, compute, self.share)

    def _record(self, blocks: nn.ModuleList) -> Tensor:
        """Vectors (n, d) of all texts; fills ``states`` on the way."""

        def note(_: nn.Module, __: Any, output: Any) -> None:
            self.tupled = isinstance(output, tuple)
            self.more = self.tupled and len(output) > 1
            found.append(output[0] if self.tupled else output)

        def compute(rows: Tensor) -> Tensor:
            found.clear()
            vectors = forward(self.model, self.features, rows)
            read = self.read.index_select(0, rows)
            read = read[:, read.any(dim=0)]
            for row, state, there in zip(rows.tolist(), found[0], read, strict=True):
                self.states[row] = state[there.to(state.device)].clone()
            return vectors

        found: list[Tensor] = []
        hook = blocks[self.count - 1].register_forward_hook(note)
        try:
            with torch.no_grad():
                return in_batches(self.features, compute)
        finally:
            hook.remove()

    @contextmanager
    def _standing_in(self, state: Tensor) -> Iterator[None]:
        blocks = blocks_of(self.model)
        own = list(blocks[: self.count])
        try:
            for number, block in enumerate(own):
                blocks[number] = _Recalled(block, (state,) if self.tupled else state)
            yield
        finally:
            for number, block in enumerate(own):
                blocks[number] = block


class _Recalled(nn.Module):
    """A block that gives what is known already; all else asked of it is the block's own."""

    def __init__(self, block: nn.Module, state: Any) -> None:
        super().__init__()
        self.block, self.state = block, state

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("block"), name)

    def forward(self, *_: Any, **__: Any) -> Any:
        return self.state

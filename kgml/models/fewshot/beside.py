"""A tuned text encoder with the one it was made from beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kgml.encoders.checkpoint import Checkpoint
from kgml.encoders.rows import Floats, Integers
from kgml.encoders.text import TextEncoder

FROZEN = 0.25
"""What the encoder as it was counts in a cosine. Ohsumed, 8 per class, other training rows, macro-F1 with
HPO + DOID + MeSH in one draw: 0 .531, .25 .540, .5 .528, 1 .507. Without knowledge, banking77 and fomc
are as with 0.
"""


class Beside(TextEncoder):
    """Vectors (n, 2 d) of length 1: of ``frozen``, beside those of ``tuned``.

    A cosine of two of them is `FROZEN` of that by ``frozen`` and the rest of that by ``tuned``. Vectors
    of an encoder tuned on the same rows know their labels, so that a head fitted on them alone asks
    little of anything beside them, such as concepts; what the frozen encoder says it has to learn.
    """

    def __init__(self, frozen: TextEncoder, tuned: TextEncoder) -> None:
        super().__init__(
            tuned.model, cache=tuned.cache, batch_tokens=tuned.batch_tokens,
            precision=tuned.precision, long_texts=tuned.long_texts, device=tuned.device,
        )  # fmt: skip
        self.frozen, self.tuned = frozen, tuned

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """That of the tuned one."""
        return self.tuned.checkpoint

    @cached_property
    def fingerprint(self) -> str:
        """Of both."""
        both = f"{self.frozen.fingerprint} {self.tuned.fingerprint} {FROZEN}"
        return hashlib.sha256(both.encode()).hexdigest()

    @property
    def dimension(self) -> int:
        return self.frozen.dimension + self.tuned.dimension

    def encode(
        self, texts: Sequence[str], *, description: str = "Encoding texts", keep: bool = True
    ) -> Floats:
        return self._beside(*(
            one.encode(texts, description=description, keep=keep) for one in (self.frozen, self.tuned)
        ))  # fmt: skip

    def count_tokens(self, texts: Sequence[str]) -> Integers:
        return self.frozen.count_tokens(texts)

    def encode_query(self, text: str) -> Floats:
        return self._beside(*(one.encode_query(text) for one in (self.frozen, self.tuned)))

    def _beside(self, frozen: Floats, tuned: Floats) -> Floats:
        shares = np.sqrt(np.array([FROZEN, 1 - FROZEN], dtype=np.float32))
        beside: Floats = np.concatenate([shares[0] * frozen, shares[1] * tuned], axis=-1)
        return beside

"""Texts longer than a model reads, in pieces: their vectors are averaged by length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.errors import ArtifactError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def pieces(texts: Sequence[str], tokenizer: Any, room: int) -> tuple[list[str], Integers, Integers]:
    """``texts`` cut after every ``room`` tokens: the pieces, whose each is, and its tokens.

    Raises:
        ArtifactError: the model's tokenizer does not say where its tokens stand.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ArtifactError(
            "the text encoder's tokenizer does not say where its tokens stand, so long texts "
            'cannot be read in pieces. Set long_texts = "cut", or choose another model.'
        )
    found: list[str] = []
    owners: list[int] = []
    sizes: list[int] = []
    offsets = tokenizer(
        list(texts), add_special_tokens=False, return_offsets_mapping=True, truncation=False,
        verbose=False,
    )["offset_mapping"]  # fmt: skip
    for owner, (text, places) in enumerate(zip(texts, offsets, strict=True)):
        for start in range(0, len(places), room):
            part = places[start : start + room]
            found.append(text[part[0][0] : part[-1][1]])
            owners.append(owner)
            sizes.append(len(part))
    return found, np.array(owners, dtype=np.int64), np.array(sizes, dtype=np.int64)


def pooled(vectors: Floats, owners: Integers, sizes: Integers, size: int) -> Floats:
    """The mean of each text's pieces (p, d), weighted by their tokens: (size, d).

    >>> pooled(np.eye(2, dtype=np.float32), np.array([0, 0]), np.array([3, 1]), 1).tolist()
    [[0.75, 0.25]]
    """
    total = np.zeros((size, vectors.shape[1]))
    np.add.at(total, owners, vectors * sizes[:, None])
    weight = np.bincount(owners, weights=sizes, minlength=size)[:, None]
    return (total / np.maximum(weight, 1)).astype(np.float32)
